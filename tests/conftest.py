"""What every test may ask for: real services, and a real browser that tolerates no complaint."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import BrowserContext, ConsoleMessage, WebError, expect

pytest_plugins = ["tests.fixtures", "tests.cadences", "tests.letters"]

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, CHROMIUMS)), None)
CHROMIUM_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
INSTALL_CHROMIUM = "sudo apt-get install chromium-headless-shell libatomic1"
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)
IN_CI = os.environ.get("CI") == "true"

# Playwright's synchronous calls run an event loop, in which Django would refuse to ask the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_sessionstart() -> None:
    for server in settings.EMBEDDED_SERVICES:
        server.ensure()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need a browser, and leaves them out where there is none, but for CI."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not IN_CI:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = [
        report.nodeid
        for report in terminalreporter.stats.get("skipped", [])
        if "browser" in report.keywords
    ]
    if left_out:
        terminalreporter.section("browser tests that did not run")
        for nodeid in left_out:
            terminalreporter.write_line(nodeid)
        terminalreporter.write_line(f"They need a Chromium: {INSTALL_CHROMIUM}")


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    """Each test begins with no cache, no session and no message. REDIS_URL, where set, is emptied too."""
    cache.clear()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.fail(f"No Chromium on this machine. Install one: {INSTALL_CHROMIUM}")
    # Chromium's own sandbox does not work for root.
    flags = [*CHROMIUM_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], live_server: Any) -> dict[str, Any]:
    return {**browser_context_args, "base_url": live_server.url}


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext],
) -> Iterator[Callable[..., BrowserContext]]:
    """Playwright's contexts, watched: a test fails on a script's error, a console error (a breach of
    the Content-Security-Policy is one) and a static file that is missing."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not _is_expected_answer(message):
            complaints.append(f"{message.text} ({message.location['url']})")

    def on_error(error: WebError) -> None:
        complaints.append(str(error.error))

    def watched(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", on_console)
        context.on("weberror", on_error)
        return context

    yield watched
    assert not complaints


def _is_expected_answer(message: ConsoleMessage) -> bool:
    """Chromium reports each answer from 400 on; for a page (a refused form, a lead out of sight) it is
    the test that judges."""
    is_answer = message.text.startswith("Failed to load resource: the server responded with")
    path = urlsplit(message.location["url"]).path
    return is_answer and not path.startswith(f"/{settings.STATIC_URL.strip('/')}/")
