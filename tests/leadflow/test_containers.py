"""The image and the compose file, as far as they can be tried where no container engine is."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from django.conf import settings
from django.db import connection

from tests.leadflow.test_settings import PRODUCTION

ROOT = settings.BASE_DIR
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["web", "worker", "beat"]
# What each prints once it works.
STARTED = {"web": "Listening at", "worker": "ready.", "beat": "beat: Starting"}


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_image_runs_without_root_and_tells_its_health() -> None:
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("FROM ")[2]
    assert "\nUSER 10001\n" in last_stage
    assert "\nHEALTHCHECK " in last_stage


def test_what_the_image_copies_is_let_in() -> None:
    """.dockerignore lets in by name: every app and folder that the settings need must be named."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    apps = {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}
    assert apps | {"templates", "static", "locale", "manage.py", "requirements.lock"} <= let_in
    assert all((ROOT / name).exists() for name in let_in)


def test_every_service_has_a_health_check_and_one_image() -> None:
    assert set(SERVICES) == {*OURS, "set-up", "db", "redis"}
    assert {SERVICES[name]["image"] for name in [*OURS, "set-up"]} == {"leadflow"}
    for name in ("worker", "beat", "db", "redis"):
        assert SERVICES[name]["healthcheck"]["test"], name
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_every_variable_is_explained() -> None:
    """What the compose file asks for is in .env.example, and so is what the settings read."""
    explained = (ROOT / ".env.example").read_text()
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    read = set(
        re.findall(r'environment\.\w+\(\s*"(\w+)"', (ROOT / "leadflow" / "settings.py").read_text())
    )
    inner = {"EMBEDDED", "DEBUG"}  # of development
    missing = {name for name in (asked | read) - inner if f"{name}=" not in explained}
    assert not missing


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", OURS)
def test_each_command_starts_and_stops(name: str, tmp_path: Path, free_port: int) -> None:
    """In production's settings, on the database and the Redis of the tests."""
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            _in_venv(SERVICES[name]["command"]),
            cwd=ROOT,
            env={**_clean_environment(), "BIND": f"127.0.0.1:{free_port}"},
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + 30
        while STARTED[name] not in log.read_text() and time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        assert STARTED[name] in log.read_text()
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert process.returncode == 0, log.read_text()


def _in_venv(command: list[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def _clean_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **PRODUCTION, "DATABASE_URL": _database_url(), "REDIS_URL": settings.REDIS_URL}


def _database_url() -> str:
    named = connection.settings_dict
    login = named["USER"] + (f":{quote(named['PASSWORD'])}" if named["PASSWORD"] else "")
    port = f":{named['PORT']}" if named["PORT"] else ""
    return f"postgres://{login}@{quote(named['HOST'], safe='')}{port}/{named['NAME']}"
