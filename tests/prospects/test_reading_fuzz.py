"""Whatever the bytes: a file is read or refused in words, and nothing of a refused one comes in."""

from __future__ import annotations

import csv
import io
import tempfile
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prospects.imports.intake import BadRow, ImportRefused
from prospects.imports.lead_rows import Ground, LeadReader, Someone
from prospects.imports.leads import import_leads
from prospects.models import Import, Lead, RefusedRow
from prospects.qualification import Terms
from prospects.reading import cells, dates, proposing
from prospects.reading.cells import BadCell
from prospects.reading.mapping import LEADS, BadMapping
from prospects.reading.tables import Table, Unreadable, open_table
from prospects.screening.judging import Lists, Market
from team.models import Organisation, Team
from tests.fixtures import NOW
from tests.workbook_files import Cell, ods, xls, xlsx

GENTLE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
KNOWN = {"source": proposing.Known({}, is_open=True), "country": proposing.COUNTRIES}

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)
HARD = st.sampled_from(
    ["", " ", "\x00", "=1+1", "1/2/2026", "1.500", "4.4E+11", "12,5", "a@b.com", "a@b@c", "[", "{",
     '[{"value": 1}]', "[[[[[", "+1 617 253 1000", "00001", "٣", "²", "１２/３/２０２６", "nan", "inf",
     "1e400", "99999-99-99", "2026-02-30", "won", "US", "\ud7ff", "\u2028", "x" * 300, "'=a", '"']
)  # fmt: skip
CELL = st.one_of(TEXT, HARD)


def understood(content: bytes) -> Table | None:
    """Read a file through, all that it says; None where it is refused, as it may be."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            table = open_table(Path(file.name), "fuzz")
            rows = list(table.rows())
            for row in rows:
                assert not any("\x00" in cell for cell in row.cells)
            with suppress(BadMapping):
                assert proposing.understand(table, LEADS, None, KNOWN).rows == len(rows)
        except Unreadable as refused:
            why = str(refused)
        else:
            return table
    assert why
    return None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(content: bytes) -> None:
    understood(content)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(list("ab\"',;\t|\r\n \\=@.1\x00é€")), max_size=200), st.data())
def test_any_text_of_what_tables_are_made_of(text: str, data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]))
    understood(text.encode(encoding))


SHEET: list[list[Cell]] = [["name", "email"], ["Müller", "a@x.example"], ["Bob", 12.5]]
WHOLE = {
    "csv": 'name,email\nMüller,a@x.example\n"Bob",b@x.example\n'.encode(),
    "wide": "name;email\nMüller;a@x.example\n".encode("utf-16"),
    "xlsx": xlsx(SHEET),
    "ods": ods(SHEET),
    "xls": xls(SHEET),
}


@pytest.mark.parametrize(
    ("kind", "examples"), [("csv", 150), ("wide", 100), ("xlsx", 30), ("ods", 30), ("xls", 30)]
)
def test_damaged_files(kind: str, examples: int) -> None:
    whole = WHOLE[kind]
    places = st.integers(0, len(whole) - 1)

    @settings(max_examples=examples, deadline=None)
    @given(
        st.lists(st.tuples(places, st.binary(max_size=4)), max_size=4),
        st.one_of(st.none(), places),
    )
    def damaged(changes: list[tuple[int, bytes]], end: int | None) -> None:
        content = bytearray(whole)
        for place, put in changes:
            content[place : place + len(put)] = put
        understood(bytes(content[:end]))

    damaged()


@settings(max_examples=400, deadline=None)
@given(CELL)
def test_any_cell_is_read_or_refused(cell: str) -> None:
    for read in (
        cells.text, cells.count, cells.amount, cells.day, cells.digits,
        lambda words: cells.instant(words, ZoneInfo("America/New_York")),
        lambda words: cells.line(words, 100),
    ):  # fmt: skip
        with suppress(BadCell):
            read(cell)
    assert all(cells.listed(cell)) or cell == "" or cells.listed(cell) == [""]
    for order, on in dates.readings(cell).items():
        assert dates.parse(cell, order).date() == on
    for sign in (".", ","):
        cells.plain_number(cell, sign)
    assert cells.decimal_sign(cell) in {"", ".", ",", "?"}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(list(LEADS)), CELL.map(str.strip).filter(bool)))
def test_any_row_is_read_or_refused(values: dict[str, str]) -> None:
    ground = Ground(
        now=NOW, zone=ZoneInfo("UTC"), country="US", lists=Lists(), market=Market(), terms=Terms(),
        codes={"sic-0111": "Wheat"}, team_id=1, specialist=lambda _words: Someone(1, 1),
    )  # fmt: skip
    values = {name: cell.replace("\x00", "") or "x" for name, cell in values.items()}
    try:
        row = LeadReader(ground).read(2, values)
    except BadRow:
        return
    for staged in row.staged():
        assert not (isinstance(staged, str) and "\x00" in staged)
    assert row.received_at is not None
    assert row.received_at.tzinfo is UTC or row.received_at == NOW


HEADS = st.sampled_from([*LEADS, "Firma", "x", "", "Phone 2", "Created Date"])


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=GENTLE)
@given(st.lists(HEADS, min_size=1, max_size=8), st.lists(st.lists(CELL, max_size=9), max_size=8))
def test_a_file_comes_in_as_a_whole_or_not_at_all(
    organisation: Organisation, northeast: Team, headers: list[str], rows: list[list[str]]
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([headers, *rows])
    before = Lead.objects.count(), Import.objects.count(), RefusedRow.objects.count()
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(text.getvalue().encode())
        file.flush()
        try:
            result = import_leads(Path(file.name), team=northeast, now=NOW)
        except ImportRefused:
            after = Lead.objects.count(), Import.objects.count(), RefusedRow.objects.count()
            assert after == before
            return
    counts = result.counts
    told = counts.created + counts.updated + counts.duplicates + counts.screened_out
    assert counts.read == told + counts.refused
    assert Lead.objects.count() == before[0] + counts.created + counts.screened_out
    assert RefusedRow.objects.count() == before[2] + counts.refused
