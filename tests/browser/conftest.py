"""What the browser tests share: the moment, and a page with somebody logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

from team.models import User
from tests.fixtures import NOW


@pytest.fixture
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def page_of(page: Page, client: Client, live_server: Any) -> Callable[[User], Page]:
    """The page, logged in as somebody."""

    def log_in(user: User) -> Page:
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        return page

    return log_in
