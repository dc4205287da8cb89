"""What was told of a file is remembered for the next of its layout."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prospects.imports import layouts
from prospects.imports.intake import ImportRefused
from prospects.imports.leads import import_leads
from prospects.models import Layout, Lead, Source
from prospects.reading.tables import open_table
from team.models import Organisation, User
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db
HEADERS = ["Firm name", "Created date"]


@pytest.fixture
def path(tmp_path: Path, organisation: Organisation) -> Path:
    path = tmp_path / "list.csv"
    path.write_text("Firm name,Created date\nAcme,3/4/2026\n")
    return path


def test_a_file_is_refused_with_the_question_and_how_to_answer(path: Path) -> None:
    with pytest.raises(ImportRefused) as refused:
        import_leads(path, now=NOW)
    assert str(refused.value) == (
        "In “Created date”, what is 3/4/2026? Answer with a mapping, "
        '{"Created date": {"dates": "dmy"}}: April 3, 2026; “mdy”: March 4, 2026.'
    )
    assert not Lead.objects.exists()


def test_it_is_answered_by_a_mapping(path: Path) -> None:
    told = json.loads('{"Created date": {"dates": "dmy"}, "Firm name": "company"}')
    import_leads(path, told=told, now=NOW)
    assert Lead.objects.get().received_at.astimezone(UTC) == datetime(2026, 4, 3, 4, tzinfo=UTC)


def test_what_was_told_is_remembered_by_the_headings(path: Path, dana: User) -> None:
    told = {"Firm name": "company", "Created date": {"dates": "mdy"}}
    layouts.remember(kind="leads", headers=HEADERS, told=told, by=dana, now=NOW)
    found = layouts.understood("leads", open_table(path))
    assert (found.columns.used["Firm name"], found.open_questions) == ("company", ())
    assert layouts.remembered("leads", ["created_date", "FIRM NAME"]) == {
        "FIRM NAME": {"field": "company"}, "created_date": {"dates": "mdy"},
    }  # fmt: skip
    assert layouts.remembered("leads", ["Firm name"]) == {}
    assert layouts.remembered("touches", HEADERS) == {}


def test_what_is_told_now_goes_before_what_was_told(path: Path, dana: User) -> None:
    told = {"Firm name": "company", "Created date": {"dates": "mdy"}}
    layouts.remember(kind="leads", headers=HEADERS, told=told, by=dana, now=NOW)
    later = NOW + timedelta(days=1)
    anew = {"Created date": {"dates": "dmy"}}
    layouts.remember(kind="leads", headers=HEADERS, told=anew, by=None, now=later)
    layout = Layout.objects.get()
    assert layout.told == {"Firm name": {"field": "company"}, "Created date": {"dates": "dmy"}}
    assert (layout.used_at, layout.by) == (later, None)
    columns = layouts.understood("leads", open_table(path), {"Firm name": None}).columns
    assert columns.used == {"Created date": "received_at"}


def test_nothing_told_is_nothing_to_remember() -> None:
    layouts.remember(kind="leads", headers=HEADERS, told={}, by=None, now=NOW)
    assert not Layout.objects.exists()


def test_our_own_sources_are_known(path: Path) -> None:
    Source.objects.create(name="Trade fair")
    path.write_text("Company,Source\nAcme,TRADE-FAIR\nBerg,Trade fiar\n")
    found = layouts.understood("leads", open_table(path))
    assert [question.examples for question in found.questions] == [("Trade fiar",)]
    import_leads(path, now=NOW)
    assert set(Source.objects.values_list("name", flat=True)) == {"Trade fair", "Trade fiar"}


def test_a_file_told_in_full_is_not_surveyed_again(path: Path) -> None:
    full = {"Firm name": "company", "Created date": {"field": "received_at", "dates": "dmy"}}
    path.write_text("Firm name,Created date\nAcme,4/25/2026\nAcme,3/4/2026\n")
    columns = layouts.columns_of(open_table(path), layouts.CATALOGUES["leads"], full)
    assert columns.in_full(HEADERS) == full
