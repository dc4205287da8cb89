"""Imports as jobs: read in batches, killed and gone on with, cancelled, filed as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.utils import timezone

from prospects.imports import actions as import_actions
from prospects.imports import intake
from prospects.imports import jobs as import_jobs
from prospects.imports import leads as imports
from prospects.imports.jobs import LEASE, MOST_TRIES, run_import, sweep, waiting_imports
from prospects.imports.reads import progress_of
from prospects.imports.staging import Staging, staged_imports
from prospects.imports.statements import execute, fetch
from prospects.models import Import, ImportState, Lead, RefusedRow, UploadPart
from prospects.tasks import work_on_imports
from team.models import Team, User

pytestmark = pytest.mark.django_db(transaction=True)

HEADINGS = "external_id,company,email,employees,specialist\n"


def file_of(rows: int) -> SimpleUploadedFile:
    """Every hundredth row is refused; a specialist nobody knows is named."""
    lines = (
        f"L{n},Firm {n},info@firm{n}.com,{'many' if n % 100 == 0 else n},Nadia Kern\n"
        for n in range(rows)
    )
    return SimpleUploadedFile("fair.csv", (HEADINGS + "".join(lines)).encode())


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    connection.rollback() if not connection.get_autocommit() else None
    for pk in staged_imports():
        Staging.of(pk).drop()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 100)


@pytest.fixture
def uploaded(dana: User, northeast: Team) -> Callable[..., Import]:
    """A file that is to be read, and imported without another word."""

    def make(rows: int = 1000, *, confirmed: bool = True) -> Import:
        now = timezone.now()
        record = import_actions.upload(file=file_of(rows), by=dana, now=now)
        return import_actions.check(record=record, by=dana, now=now, confirmed=confirmed)

    return make


Uploaded = Callable[..., Import]


def assert_done(record: Import, rows: int = 1000) -> None:
    record.refresh_from_db()
    refused = rows // 100
    assert (record.state, record.problem) == (ImportState.DONE, "")
    assert (record.read, record.created, record.refused) == (rows, rows - refused, refused)
    assert Lead.objects.count() == rows - refused
    assert RefusedRow.objects.filter(intake=record).count() == refused
    assert User.objects.filter(name="Nadia Kern").count() == 1
    assert not UploadPart.objects.exists()
    assert record.pk not in staged_imports()


def assert_nothing(record: Import) -> None:
    assert not Lead.objects.exists()
    assert not User.objects.filter(name="Nadia Kern").exists()
    assert not RefusedRow.objects.exists()
    assert not UploadPart.objects.exists()
    assert record.pk not in staged_imports()


def test_a_tick_finds_what_the_doorbell_lost(uploaded: Uploaded) -> None:
    record = uploaded()
    assert work_on_imports() == 1
    assert_done(record)
    assert work_on_imports() == 0


def test_nothing_is_visible_before_everything_is(
    uploaded: Uploaded, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    real = import_jobs._renew

    def watched(pk: int, claim: Any, **progress: int) -> None:
        real(pk, claim, **progress)
        seen.append((progress["rows_staged"], Lead.objects.count()))

    monkeypatch.setattr(import_jobs, "_renew", watched)
    run_import(uploaded().pk)
    assert len(seen) > 10
    assert {leads for _rows, leads in seen} == {0}
    assert seen[-1][0] == 1000


class Killed(BaseException):
    """A worker that dies without a word."""


def test_another_worker_goes_on_at_the_row_where_the_last_one_was(
    uploaded: Uploaded, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = uploaded()
    real, renewals = import_jobs._renew, 0

    def dies(pk: int, claim: Any, **progress: int) -> None:
        nonlocal renewals
        renewals += 1
        if renewals == 6:
            raise Killed
        real(pk, claim, **progress)

    monkeypatch.setattr(import_jobs, "_renew", dies)
    with pytest.raises(Killed):
        run_import(record.pk)
    monkeypatch.setattr(import_jobs, "_renew", real)
    record.refresh_from_db()
    assert record.rows_staged == 400
    assert waiting_imports(timezone.now()) == []  # its worker may still live
    assert waiting_imports(timezone.now() + 2 * LEASE) == [record.pk]
    assert "goes on where it was" in progress_of(record, timezone.now() + 2 * LEASE).words
    Import.objects.update(claimed_until=timezone.now() - LEASE)
    first_read: list[int] = []
    stage = imports.stage

    def noting(one: Any, position: Any) -> None:
        first_read.append(position.read)
        stage(one, position)

    monkeypatch.setattr(imports, "stage", noting)
    run_import(record.pk)
    assert first_read == [400]
    assert_done(record)


@pytest.mark.parametrize("state", [ImportState.CHECKING, ImportState.FILING])
def test_a_worker_that_is_killed_loses_nothing(uploaded: Uploaded, state: str) -> None:
    """A real process, really killed: while it reads, and in the middle of the last transaction."""
    rows = 12_000
    record = uploaded(rows)
    code = (
        "import django; django.setup()\n"
        "from prospects.imports import filing, jobs\n"
        f"jobs.run_import({record.pk})\n"
    )
    if state == ImportState.FILING:
        code = code.replace(
            "jobs.run",
            "filing._judge_again = lambda now: __import__('time').sleep(60)\njobs.run",
        )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment)
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            record.refresh_from_db()
            if state == ImportState.FILING and record.state == state and record.step >= 6:
                break
            if state == ImportState.CHECKING and record.rows_staged:
                break
            assert worker.poll() is None
            time.sleep(0.02)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert (record.state, record.claim is not None) == (state, True)
    assert not Lead.objects.exists()
    run_import(record.pk)  # too early: for all that anybody knows the worker lives
    assert not Lead.objects.exists()
    Import.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    run_import(record.pk)
    assert_done(record, rows)


def test_cancelled_while_it_is_read_nothing_remains(
    uploaded: Uploaded, dana: User, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = uploaded()
    real = import_jobs._renew

    def cancelled_meanwhile(pk: int, claim: Any, **progress: int) -> None:
        if progress["rows_staged"] == 300:
            threading.Thread(target=_cancel, args=(record, dana)).start()
            _wait_for(lambda: Import.objects.get(pk=pk).state == ImportState.CANCELLED)
        real(pk, claim, **progress)

    monkeypatch.setattr(import_jobs, "_renew", cancelled_meanwhile)
    run_import(record.pk)
    sweep(timezone.now())
    assert_nothing(record)


def test_cancelled_while_it_is_filed_nothing_remains(uploaded: Uploaded, dana: User) -> None:
    """The statement under way is stopped, however long it would have taken."""
    record = uploaded()
    real = imports.settle

    def slowly(tally: Any) -> dict[int, str]:
        found = real(tally)
        if Import.objects.get(pk=record.pk).state == ImportState.FILING:
            threading.Timer(0.5, _cancel, args=(record, dana)).start()
            fetch("SELECT pg_sleep(30)")
        return found

    imports.settle = slowly
    began = time.monotonic()
    try:
        run_import(record.pk)
    finally:
        imports.settle = real
    assert time.monotonic() - began < 20
    _wait_for(lambda: Import.objects.get(pk=record.pk).state == ImportState.CANCELLED)
    sweep(timezone.now())
    assert_nothing(record)


def _cancel(record: Import, by: User) -> None:
    import_actions.cancel(record=record, by=by)
    connections.close_all()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_has_ended_cannot_be_cancelled(uploaded: Uploaded, dana: User) -> None:
    record = uploaded()
    run_import(record.pk)
    with pytest.raises(import_actions.NotPossible):
        import_actions.cancel(record=record, by=dana)
    assert_done(record)


def test_two_workers_do_not_take_the_same_import(uploaded: Uploaded) -> None:
    record = uploaded()
    workers = [threading.Thread(target=_work, args=(record.pk,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_done(record)


def _work(pk: int) -> None:
    run_import(pk)
    connections.close_all()


def test_an_import_waits_while_another_is_filed(uploaded: Uploaded) -> None:
    record = uploaded()
    beside = connection.copy()
    with beside.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [intake.LOCK])
        run_import(record.pk)
        record.refresh_from_db()
        assert (record.state, record.claimed_until, record.tries) == (ImportState.FILING, None, 0)
        assert "Waits for its turn" in progress_of(record, timezone.now()).words
    beside.close()
    run_import(record.pk)
    assert_done(record)


def test_a_database_that_crashed_has_it_read_anew(uploaded: Uploaded, dana: User) -> None:
    """A crash empties unlogged tables."""
    record = uploaded(confirmed=False)
    run_import(record.pk)
    schema = Staging.of(record.pk).schema
    for table in ("position", "staged_lead", "staged_step", "staged_answer"):
        execute(f"TRUNCATE {schema}.{table}")
    import_actions.confirm(record=record, by=dana, now=timezone.now())
    run_import(record.pk)
    assert_done(record)


def test_one_that_fails_again_and_again_is_given_up(
    uploaded: Uploaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = uploaded()

    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(imports, "stage", broken)
    for _ in range(MOST_TRIES + 1):
        with pytest.raises(RuntimeError) if _ < MOST_TRIES else _nothing():
            run_import(record.pk)
    record.refresh_from_db()
    assert record.state == ImportState.REFUSED
    assert "never came to an end" in record.problem
    assert_nothing(record)


class _nothing:  # noqa: N801 - stands beside pytest.raises
    def __enter__(self) -> None: ...

    def __exit__(self, *args: object) -> None: ...


def test_files_that_nobody_said_a_word_about_go(uploaded: Uploaded) -> None:
    record = uploaded(confirmed=False)
    run_import(record.pk)
    sweep(timezone.now() + timedelta(hours=23))
    record.refresh_from_db()
    assert record.state == ImportState.CHECKED
    sweep(timezone.now() + timedelta(hours=25))
    assert_nothing(record)


def test_a_page_answers_while_an_import_is_filed(
    uploaded: Uploaded, dana: User, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last transaction holds no lock that a page waits for, and none that a writer does."""
    record = uploaded()
    asked: list[int] = []
    real = imports.keep_track

    def meanwhile(**options: Any) -> None:
        real(**options)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(timeout=8)
        assert not thread.is_alive()

    def ask() -> None:
        client.force_login(dana)
        asked.extend(
            client.get(url).status_code
            for url in ("/leads/", "/imports/", f"/imports/{record.pk}/", "/today/")
        )
        connections.close_all()

    monkeypatch.setattr(imports, "keep_track", meanwhile)
    run_import(record.pk)
    assert asked == [200] * 4
    assert_done(record)
