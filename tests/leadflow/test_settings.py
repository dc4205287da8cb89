"""Settings are loud: each wrong variable stops the start with its name, what was found, what is expected."""

import os
import runpy
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SETTINGS_FILE = settings.BASE_DIR / "leadflow" / "settings.py"
SECRET = "k9vT2xQ8mZ4bR7wL1nC6yH3dF5gJ0pS-aE_uVtXoWiKqBzMrYcDh"
PRODUCTION = {
    "LEADFLOW_ENV": "production",
    "SECRET_KEY": SECRET,
    "SUPPRESSION_KEY": SECRET[::-1],
    "DATABASE_URL": "postgres://leadflow:hidden@db:5432/leadflow",
    "REDIS_URL": "redis://redis:6379/0",
    "ALLOWED_HOSTS": "leads.example.com",
}
OURS = {*PRODUCTION, "DEBUG", "LOG_LEVEL", "DATABASE_STATEMENT_TIMEOUT_MS", "EMBEDDED"}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Loads the settings afresh with these variables and no others of ours."""

    def load(**variables: str) -> dict[str, Any]:
        for name in OURS:
            monkeypatch.setenv(name, variables.get(name, ""))
        return runpy.run_path(str(SETTINGS_FILE))

    return load


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"LEADFLOW_ENV": "prod"},
            "LEADFLOW_ENV is 'prod'; expected one of development, production.",
        ),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set; expected a random secret"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is 5 characters long; expected a random secret"),
        ({"SUPPRESSION_KEY": ""}, "SUPPRESSION_KEY is not set; expected a random secret"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set; expected names such as"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set; expected an address such as postgres://"),
        ({"DATABASE_URL": "sqlite:///db"}, "DATABASE_URL is sqlite:…; expected an address such as"),
        ({"DATABASE_URL": "db"}, "DATABASE_URL is no address; expected an address such as"),
        ({"DATABASE_URL": "postgres://u:p@h:port/d"}, "DATABASE_URL is postgres:…; expected"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set; expected an address such as redis://"),
        ({"REDIS_URL": "amqp://h"}, "REDIS_URL is amqp:…; expected an address such as redis://"),
        ({"DEBUG": "yess"}, "DEBUG is 'yess'; expected true or false."),
        ({"DEBUG": "true"}, "DEBUG is true; expected false where LEADFLOW_ENV is production."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'; expected one of DEBUG, INFO"),
        (
            {"DATABASE_STATEMENT_TIMEOUT_MS": "15s"},
            "DATABASE_STATEMENT_TIMEOUT_MS is '15s'; expected a whole number, 0 or more.",
        ),
    ],
)
def test_what_is_wrong_is_said(load, wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        load(**{**PRODUCTION, **wrong})
    assert str(refusal.value).startswith(message)


def test_no_secret_is_quoted(load) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        load(**{**PRODUCTION, "DATABASE_URL": "mysql://leadflow:hidden@db/leadflow"})
    assert "hidden" not in str(refusal.value)


def test_development_needs_nothing_and_brings_its_services(load) -> None:
    loaded = load()
    assert [server.name for server in loaded["EMBEDDED_SERVICES"]] == ["Postgres", "Redis"]
    assert loaded["DATABASES"]["default"]["HOST"].endswith("var/run/postgres")


def test_named_services_are_used_as_they_are(load) -> None:
    loaded = load(DATABASE_URL=PRODUCTION["DATABASE_URL"], REDIS_URL=PRODUCTION["REDIS_URL"])
    assert loaded["EMBEDDED_SERVICES"] == []
    assert loaded["DATABASES"]["default"]["HOST"] == "db"
    assert loaded["CELERY_BROKER_URL"] == "redis://redis:6379/0"


def test_production_never_embeds(load) -> None:
    loaded = load(**PRODUCTION)
    assert loaded["EMBEDDED_SERVICES"] == []
    assert not loaded["DEBUG"]
    assert loaded["SESSION_COOKIE_SECURE"]
    assert loaded["CSRF_COOKIE_SECURE"]


def test_production_passes_the_deployment_check() -> None:
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    del clean["DJANGO_ALLOW_ASYNC_UNSAFE"]  # tests/conftest.py's
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env={**clean, **PRODUCTION, "DJANGO_SETTINGS_MODULE": "leadflow.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_message_cannot_come_back_before_its_task_ends() -> None:
    longest = settings.CELERY_TASK_TIME_LIMIT
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] >= 3 * longest
    assert longest > settings.CELERY_TASK_SOFT_TIME_LIMIT
