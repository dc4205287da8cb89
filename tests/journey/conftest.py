"""The UCI bank file as a loaded program, in a database of its own: others must not see 45,211 leads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from handoff.imports import import_handoffs
from nurture.imports import import_touches
from prospects.imports.leads import import_leads
from tests.bank import write_history
from tests.shared import SHARED


@dataclass(frozen=True)
class Bank:
    """The three history files, all of them imported."""

    leads: Path
    touches: Path
    handoffs: Path


@contextmanager
def connected_to(database: BaseDatabaseWrapper) -> Iterator[None]:
    """For a while, `connection` is one to another database of the same server."""
    own = connections["default"]
    connections["default"] = database
    try:
        yield
    finally:
        connections["default"] = own


@contextmanager
def copy_of_test_database(name: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a new database with the tables of the tests' own; dropped at the end."""
    own = connections["default"]
    template = own.settings_dict["NAME"]
    own.close()
    with own._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        # A template must have nobody connected; threads of earlier tests may have left somebody.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template]
        )
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    copy = own.copy()
    copy.settings_dict["NAME"] = name
    yield copy
    copy.close()
    with own._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def bank_loaded(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[tuple[BaseDatabaseWrapper, Bank]]:
    """A database with the whole file imported, once a session."""
    source = SHARED / "uci-bank-marketing" / "bank-full.csv"
    if not source.is_file():
        pytest.skip("the shared test data are not here (SHARED_DATA, else ../shared/data)")
    bank = Bank(*write_history(source, tmp_path_factory.mktemp("bank")))
    name = f"{connections['default'].settings_dict['NAME']}_bank"
    with django_db_blocker.unblock(), copy_of_test_database(name) as database:
        with connected_to(database):
            import_leads(bank.leads)
            import_touches(bank.touches)
            import_handoffs(bank.handoffs)
            with connections["default"].cursor() as cursor:
                cursor.execute("ANALYZE")
        with django_db_blocker.block():
            yield database, bank


@pytest.fixture
def bank(bank_loaded: tuple[BaseDatabaseWrapper, Bank], db: None) -> Iterator[Bank]:
    """The loaded bank for one test, whose changes are taken back."""
    database, bank = bank_loaded
    with connected_to(database), transaction.atomic():
        yield bank
        transaction.set_rollback(True)
