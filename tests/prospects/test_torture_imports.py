"""The same leads in every format come in as the same leads; what is refused leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from prospects.imports.intake import ImportRefused
from prospects.imports.leads import import_leads
from prospects.models import Contact, Import, IndustryCode, Lead, RefusedRow, Source
from team.models import Organisation, Team
from tests.fixtures import NOW
from tests.workbook_files import Rows, ods, xls, xlsx, zipped

pytestmark = pytest.mark.django_db

HEADINGS = ["Id", "Company", "Name", "E-mail", "Phone", "SIC", "Country", "Zip", "Created date",
            "Annual revenue", "Lead source", "Notes"]  # fmt: skip
ROWS = [
    ["A-1", "Müller Papier GmbH", "Anna Müller", "anna@mueller.example", "+49 30 901820", "111",
     "Deutschland", "1067", "25/4/2026", "1.500.000,50", "Messe", "=1+1"],
    ["A-2", "Crème Brûlée", "Zoé Œuvré", "zoe@creme.example", "6.172531000E+09", "0111",
     "USA", "2139", "3/4/2026", "1.500", "MESSE", "two lines"],
    ["A-3", "Lost Digits", "Bob Stone", "bob@lost.example", "4.4E+11", "", "US", "", "", "", "", ""],
]  # fmt: skip


def as_csv(delimiter: str = ";", encoding: str = "utf-8", line_end: str = "\n") -> bytes:
    """None of the cells holds a delimiter or a quote."""
    lines = [delimiter.join(row) for row in [HEADINGS, *ROWS]]
    return "".join(line + line_end for line in lines).encode(encoding)


def as_sheet(write: Callable[[Rows], bytes]) -> bytes:
    """With numbers as numbers, but what a sheet would spoil."""
    return write([["Leads of the fair"], [], HEADINGS, *ROWS])


FILES: dict[str, bytes] = {
    "UTF-8": as_csv(),
    "UTF-8 with a mark, CRLF": as_csv(encoding="utf-8-sig", line_end="\r\n"),
    "UTF-16, tabs": as_csv("\t", "utf-16"),
    "UTF-16 without a mark": as_csv("|", "utf-16-be"),
    "UTF-32": as_csv("|", "utf-32", "\r"),
    "Windows": as_csv(encoding="cp1252", line_end="\r\n"),
    "title lines": b"Leads of the fair\n\nprinted;today\n" + as_csv(),
    "headings again": as_csv() + as_csv().split(b"\n")[0] + b"\n",
    "XLSX": as_sheet(xlsx),
    "ODS": as_sheet(ods),
    "XLS": as_sheet(xls),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_leads_come_in(
    organisation: Organisation, northeast: Team, tmp_path: Path, name: str
) -> None:
    IndustryCode.objects.create(key="sic-0111", system="sic", code="0111", title="Wheat")
    path = tmp_path / "list.bin"
    path.write_bytes(FILES[name])
    result = import_leads(path, team=northeast, now=NOW)
    counts = result.counts
    assert (counts.read, counts.created, counts.refused) == (3, 2, 1)
    assert "“4.4E+11” has lost digits" in RefusedRow.objects.get().reasons[0]
    anna, zoe = Lead.objects.select_related("company", "contact").order_by("external_id")
    assert anna.company
    assert zoe.company
    assert anna.contact
    assert (anna.contact.name, anna.contact.phone_key) == ("Anna Müller", "+4930901820")
    assert (anna.company.country, anna.company.postal_code) == ("DE", "01067")
    assert (zoe.company.country, zoe.company.postal_code) == ("US", "02139")
    assert anna.company.sic_id == zoe.company.sic_id == "sic-0111"
    assert anna.company.revenue == Decimal("1500000.50")
    assert zoe.company.revenue == Decimal(1500)
    assert anna.received_at == datetime(2026, 4, 25, 4, tzinfo=UTC)
    assert zoe.received_at == datetime(2026, 4, 3, 4, tzinfo=UTC)
    assert Contact.objects.get(last_name="Œuvré").phone_key == "+16172531000"
    assert Source.objects.get().name == "Messe"
    assert anna.note == "=1+1"
    again = import_leads(path, team=northeast, now=NOW)
    assert (again.counts.duplicates, again.counts.refused) == (2, 1)


BROKEN: dict[str, bytes] = {
    "an open quote at the end": as_csv() + b'A-9;"Open;',
    "a row without end": as_csv() + b"A-9;" + b"x" * 500_000,
    "a workbook cut short": as_sheet(xlsx)[:-700],
    "an archive of something": zipped({"leads.csv": "Company\nAcme\n"}),
    "an order of dates that nothing tells": as_csv().replace(b"25/4/2026", b"5/4/2026"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_refused_leaves_nothing(
    organisation: Organisation, northeast: Team, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "list.bin"
    path.write_bytes(BROKEN[name])
    with pytest.raises(ImportRefused):
        import_leads(path, team=northeast, now=NOW)
    for model in (Lead, Contact, Import, RefusedRow, Source):
        assert not model.objects.exists()
