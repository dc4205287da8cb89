"""Files are read whatever their encoding, delimiter and line ends; cells never run as formulas."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospects.reading.tables import Table, Unreadable, as_csv, harmless, open_table
from tests.shared import SHARED, needs_shared_data

ROWS = [["name", "city"], ["Müller, Anna", "Łódź"], ["O’Neil", "San José"]]


def table_of(tmp_path: Path, content: bytes, name: str = "leads.csv") -> Table:
    path = tmp_path / name
    path.write_bytes(content)
    return open_table(path)


def read(table: Table) -> list[list[str]]:
    return [list(row.cells) for row in table.rows()]


def as_text(delimiter: str = ",", lineterminator: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=lineterminator).writerows(ROWS)
    return text.getvalue()


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"],
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    table = table_of(tmp_path, as_text().encode(encoding))
    assert table.headers == ("name", "city")
    assert read(table) == ROWS[1:]


def test_western_europe_without_a_mark(tmp_path: Path) -> None:
    table = table_of(tmp_path, "name,city\nMüller,Köln\nPérez,Nº 7\n".encode("cp1252"))
    assert read(table) == [["Müller", "Köln"], ["Pérez", "Nº 7"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("lineterminator", ["\n", "\r\n"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, lineterminator: str) -> None:
    table = table_of(tmp_path, as_text(delimiter, lineterminator).encode())
    assert read(table) == ROWS[1:]


def test_amounts_with_commas_do_not_hide_semicolons(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"name;revenue\nAcme;1,5\nHalden;2,5\n")
    assert table.delimiter == ";"


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    assert read(table_of(tmp_path, b"email\na@x.com\nb@x.com\n")) == [["a@x.com"], ["b@x.com"]]


def test_blank_and_repeated_headings_get_names(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"phone,,phone,Phone\n1,2,3,4\n")
    assert table.headers == ("phone", "Column 2", "phone (2)", "Phone")


def test_a_row_knows_the_line_on_which_it_begins(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'a,b\n"x\ny",1\n\n  ,\nlast,2\n')
    assert [(row.line, row.cells[0]) for row in table.rows()] == [(2, "x\ny"), (6, "last")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xd0\xcf\x11\xe0abc", b"a,b\n\x00\x01\x02x"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unreadable):
        table_of(tmp_path, content)


def test_a_broken_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        table_of(tmp_path, b"PK\x03\x04 nothing more", "leads.xlsx")


@needs_shared_data
@pytest.mark.parametrize(
    "name",
    [
        "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "location_coordinates",
        "newlines", "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8",
    ],
)  # fmt: skip
def test_hostile_files_mean_what_their_authors_say(name: str) -> None:
    table = open_table(SHARED / "csv-spectrum" / "csvs" / f"{name}.csv")
    meant = json.loads((SHARED / "csv-spectrum" / "json" / f"{name}.json").read_text("utf-8"))
    meant = meant if isinstance(meant, list) else [meant]
    found = [dict(zip(table.headers, row.cells, strict=True)) for row in table.rows()]
    for rows in (found, meant):
        for row in rows:
            row.pop("Contact Phone Number", None)  # its authors changed it in one place only
            row.update({key: value.replace("\r\n", "\n") for key, value in row.items()})
    assert found == meant


@needs_shared_data
def test_the_files_of_a_data_loader() -> None:
    folder = SHARED / "crm-exports" / "salesforce-dataloader"
    marked = sorted(folder.glob("csvtext*.csv"))
    assert len(marked) == 6
    for path in marked:
        assert read(open_table(path)) == [
            ["row1-1", "row1-2", "row1-3"],
            ["row2-1", "row2-2", "row2-3"],
        ], path.name
    accounts = open_table(folder / "accountData.csv")
    assert len(accounts.headers) == 38
    assert sum(1 for _row in accounts.rows()) == 423
    assert "Crédito" in " ".join(cell for row in accounts.rows() for cell in row.cells)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_no_cell_of_a_download_runs_as_a_formula(cells: list[str]) -> None:
    lines = "".join(as_csv(["h"] * len(cells), iter([cells])))
    rows = list(csv.reader(io.StringIO(lines, newline="")))
    for cell in rows[-1]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_harmless_cell_stays_as_it_is() -> None:
    assert harmless("Halden Paper") == "Halden Paper"
    assert harmless("=1+1") == "'=1+1"
