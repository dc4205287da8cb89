"""Hundreds of files as the world writes them, each with what it means: all are read, or refused in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import pytest

from prospects.reading.tables import Table, Unreadable, open_table
from tests.workbook_files import Cell, column_name, ods, xls, xlsx, xlsx_parts, xlsx_sheet, zipped

Rows = list[list[str]]

HEADINGS = ["Company", "Contact name", "E-mail", "Note"]
WESTERN = [
    ["Müller & Söhne GmbH", "José Núñez", "jose@mueller.example", 'said "maybe", then no'],
    ["Crème Brûlée, S.A.", "Zoë O’Brien", "zoe@creme.example", "two\nlines"],
    ["Nordström AB", "Åsa Öberg", "asa@nordstrom.example", "a;b|c\td"],
    ["Façade Ltd", "", "info@facade.example", "€ 12,50"],
]
WORLD = [
    *WESTERN,
    ["株式会社サンプル", "山田太郎", "taro@sample.example", "日本語のメモ"],
    ["ООО Ромашка", "Иван Петров", "ivan@romashka.example", "позвонить 🙂"],
]

WIDE = {
    "utf-8": b"", "utf-8-sig": b"", "utf-16": b"", "utf-32": b"",
    "utf-16-le": b"", "utf-16-be": b"", "utf-32-le": b"", "utf-32-be": b"",
    "utf-16-be with a mark": b"\xfe\xff", "utf-32-be with a mark": b"\x00\x00\xfe\xff",
}  # fmt: skip
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
QUOTING: dict[str, Literal[0, 1, 2]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "words": csv.QUOTE_NONNUMERIC,
}


def written(
    rows: Rows,
    delimiter: str = ",",
    line_end: str = "\n",
    quoting: Literal[0, 1, 2, 3] = csv.QUOTE_MINIMAL,
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows(rows)
    return text.getvalue()


def with_line_ends(rows: Rows, line_end: str) -> Rows:
    """Cells of two lines are written with the line ends of the file."""
    return [[cell.replace("\n", line_end) for cell in row] for row in rows]


@pytest.fixture
def table_of(tmp_path: Path) -> Callable[..., Table]:
    def make(content: bytes | str, name: str = "list.dat") -> Table:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_table(path)

    return make


TableOf = Callable[..., Table]


def read(table: Table) -> Rows:
    return [list(row.cells) for row in table.rows()]


# 10 encodings x 4 delimiters x 3 line ends x 3 ways of quoting, and Western Europe's: 432 files


@pytest.mark.parametrize("quoting", QUOTING)
@pytest.mark.parametrize("line_end", LINE_ENDS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", WIDE)
def test_encodings(
    table_of: TableOf, encoding: str, delimiter: str, line_end: str, quoting: str
) -> None:
    rows = with_line_ends(WORLD, LINE_ENDS[line_end])
    text = written([HEADINGS, *rows], delimiter, LINE_ENDS[line_end], QUOTING[quoting])
    table = table_of(WIDE[encoding] + text.encode(encoding.partition(" ")[0]))
    assert (list(table.headers), read(table)) == (HEADINGS, rows)
    assert (table.delimiter, table.remarks) == (delimiter, ())


@pytest.mark.parametrize("line_end", LINE_ENDS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", QUOTING)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_europe(
    table_of: TableOf, encoding: str, quoting: str, delimiter: str, line_end: str
) -> None:
    rows = with_line_ends(WESTERN, LINE_ENDS[line_end])
    if encoding == "latin-1":
        rows = [[cell.replace("€", "§").replace("’", "'") for cell in row] for row in rows]
    text = written([HEADINGS, *rows], delimiter, LINE_ENDS[line_end], QUOTING[quoting])
    table = table_of(text.encode(encoding))
    assert (table.encoding, read(table)) == ("cp1252", rows)


@pytest.mark.parametrize("delimiter", ["^", "~", "\x1f", "\x01", "!"])
def test_rare_delimiters(table_of: TableOf, delimiter: str) -> None:
    rows = [["a, b", "c", "d"], ["e", "f; g", "h"]]
    table = table_of(written([["one", "two", "three"], *rows], delimiter))
    assert (table.delimiter, read(table)) == (delimiter, rows)


# What people and programs do to files: each text, and what it means

PLAIN = [["name", "email"], ["Ann", "ann@x.example"], ["Bob", "bob@x.example"]]
DAMAGED: dict[str, str | bytes] = {
    "a line that says the delimiter": "sep=;\nname;email\nAnn;ann@x.example\nBob;bob@x.example\n",
    "the same, quoted": '"sep=;"\r\nname;email\r\nAnn;ann@x.example\r\nBob;bob@x.example\r\n',
    "blank lines": "\n\n\nname,email\n\nAnn,ann@x.example\n,\n  ,  \nBob,bob@x.example\n\n",
    "headings repeated": "name,email\nAnn,ann@x.example\nname,email\nBob,bob@x.example\n",
    "mixed line ends": "name,email\r\nAnn,ann@x.example\nBob,bob@x.example\r",
    "line ends doubled": "name,email\r\r\nAnn,ann@x.example\r\r\nBob,bob@x.example\r\r\n",
    "no last line end": "name,email\nAnn,ann@x.example\nBob,bob@x.example",
    "zero bytes": b"name,email\nAnn,ann@x.example\nBo\x00b,bob@x.ex\x00ample\n" + b"\n" * 200,
    "spaces behind the commas": '"name", "email"\n"Ann", "ann@x.example"\n"Bob", "bob@x.example"\n',
    "apostrophes for quotes": "'name','email'\n'Ann','ann@x.example'\n'Bob','bob@x.example'\n",
    "a mark in the quotes": '\ufeff"name","email"\n"Ann","ann@x.example"\n"Bob","bob@x.example"\n',
    "an end of file mark": b"name,email\nAnn,ann@x.example\nBob,bob@x.example\n",
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_that_does_not_matter(table_of: TableOf, damage: str) -> None:
    table = table_of(DAMAGED[damage])
    assert [list(table.headers), *read(table)] == PLAIN


def test_quotes_written_with_a_backslash(table_of: TableOf) -> None:
    text = 'name,note\n"Ann","said \\"yes, now\\" twice"\n"Bob","C:\\temp, \\"new\\""\n'
    assert read(table_of(text)) == [["Ann", 'said "yes, now" twice'], ["Bob", 'C:temp, "new"']]
    assert read(table_of('name,path\n"Ann","C:\\temp"\n')) == [["Ann", "C:\\temp"]]


def test_quotes_in_the_middle_of_a_cell_are_letters(table_of: TableOf) -> None:
    assert read(table_of('name,size\n12" pipe,5\' 3"\n')) == [['12" pipe', "5' 3\""]]


@pytest.mark.parametrize(
    "above",
    [
        "Leads of the fair\n",
        "Leads of the fair,,\n\n",
        "Report:,Leads\nAs of:,2026-06-30\n\n",
        "Leads of the fair\nprinted 2026-06-30\nconfidential\n\n\n",
        ",Company,\n",
    ],
)
@pytest.mark.parametrize("extra", [0, 4])
def test_lines_above_the_headings_are_passed_over(
    table_of: TableOf, above: str, extra: int
) -> None:
    headings = ["name", "email", "city", *(f"h{n}" for n in range(extra))]
    rows = [["Ann", "a@x.example", "Bonn", *["x"] * extra], ["Bob", "", "Kiel", *["y"] * extra]]
    table = table_of(above + written([headings, *rows]))
    if extra or not above.startswith("Report"):  # two cells of three may be headings
        assert [list(table.headers), *read(table)] == [headings, *rows]
        assert "above the headings" in table.remarks[0]


def test_a_name_with_a_comma_under_one_heading_is_one_cell(table_of: TableOf) -> None:
    table = table_of("Name\nSmith\nMiller\nDoe\n")
    assert read(table) == [["Smith"], ["Miller"], ["Doe"]]


def test_a_file_without_headings_keeps_its_first_row(table_of: TableOf) -> None:
    table = table_of("Ann,ann@x.example\nBob,bob@x.example\n")
    assert table.headers == ("Column 1", "Column 2")
    assert read(table) == PLAIN[1:]
    assert "no headings" in table.remarks[0]


def test_one_bad_byte_does_not_spoil_the_accents_of_a_file(table_of: TableOf) -> None:
    text = written([["name"], *[[f"Müller {n}"] for n in range(50)]]).encode() + b"Stra\xdfe\n"
    table = table_of(text)
    assert read(table)[0] == ["Müller 0"]
    assert read(table)[-1] == ["Stra�e"]
    assert "damaged" in table.remarks[0]


def test_the_first_accent_may_come_late(table_of: TableOf) -> None:
    lines = "name,note\n" + "Ann,plain words in a row that says little\n" * 9_000
    table = table_of(lines.encode() + "Jürgen,schön und müde\nJosé,mañana\n".encode("cp1252"))
    assert read(table)[-2:] == [["Jürgen", "schön und müde"], ["José", "mañana"]]


def test_rows_may_be_read_from_a_line_on(table_of: TableOf) -> None:
    table = table_of('a,b\n"x\ny",1\n\nz,2\nlast,3\n')
    assert [(row.line, row.cells[0]) for row in table.rows(after=2)] == [(5, "z"), (6, "last")]


REFUSED = {
    "an open quote": ('name,note\nAnn,"never closed\nBob,x\n', "Line 2: a quote is opened"),
    "a cell too long": (
        f"name,note\nAnn,{'x' * 300_000}\n",
        "Line 2: a cell has more than 200,000",
    ),
    "a row too long": ("name\n" + "x\n" + ",".join(["y" * 1000] * 499) + "\n", "Line 3: a row of"),
    "a line without end": ("name\n" + "\n".join(["x"] * 60) + "\n" + "," * 999_999, "Line 62"),
    "too many cells": ("name\nx\n" + "a," * 600 + "\n", "Line 3: more than 500 cells"),
    "too many columns": (",".join(["h"] * 501) + "\n1\n", "more than 500"),
    "nothing": ("", "empty"),
    "only a mark": ("\ufeff", "empty"),
    "only blank lines": ("\n \n,,\n", "empty"),
    "a page": ("<!DOCTYPE html><table><tr><td>a</td></tr></table>", "web page"),
    "XML": ('<?xml version="1.0"?><Workbook></Workbook>', "web page or XML"),
    "a PDF": ("%PDF-1.4 …", "PDF"),
    "a card": ("BEGIN:VCARD\nFN:Ann\n", "vCard"),
    "no text": (bytes(range(32)) * 20, "no text"),
    "gzip": (b"\x1f\x8b\x08\x00abc", ".gz"),
    "zip": (zipped({"list.csv": "a,b\n1,2\n"}), "unpack it"),
    "a broken archive": (b"PK\x03\x04 nothing more", "cannot be read"),
    "a broken old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nothing", "cannot be read"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(table_of: TableOf, what: str) -> None:
    content, words = REFUSED[what]
    with pytest.raises(Unreadable, match=words):
        read(table_of(content))


# Workbooks, each of three formats

CELLS: list[list[Cell]] = [
    ["name", "email", "size", "since"],
    ["Müller, Anna", "anna@x.example", 12.0, "x"],
    ["=1+1", "株式会社", 441_234_567_890.0, ""],
    ["two\nlines", "", 0.5, "last"],
]
MEANT = [
    ["name", "email", "size", "since"],
    ["Müller, Anna", "anna@x.example", "12", "x"],
    ["=1+1", "株式会社", "441234567890", ""],
    ["two\nlines", "", "0.5", "last"],
]
FORMATS: dict[str, Callable[..., bytes]] = {"xlsx": xlsx, "ods": ods, "xls": xls}


def padded(rows: Rows) -> Rows:
    """Blank cells at the end of a row do not count."""
    return [[*row, *[""] * (4 - len(row))] for row in rows]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", ["list.xlsx", "list.csv", "list"])
def test_workbooks_are_told_by_what_they_hold(table_of: TableOf, format_: str, name: str) -> None:
    table = table_of(FORMATS[format_](CELLS), name)
    assert padded([list(table.headers), *read(table)]) == MEANT
    assert table.encoding == ""


@pytest.mark.parametrize("format_", FORMATS)
def test_lines_above_the_headings_of_a_sheet(table_of: TableOf, format_: str) -> None:
    table = table_of(FORMATS[format_]([["Leads of the fair"], [], *CELLS]))
    assert padded([list(table.headers), *read(table)]) == MEANT
    assert [row.line for row in table.rows()] == [4, 5, 6]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_sheet_may_begin_anywhere(table_of: TableOf, format_: str) -> None:
    table = table_of(FORMATS[format_]([[]] * 6 + CELLS))
    assert [row.line for row in table.rows()] == [8, 9, 10]


@pytest.mark.parametrize("format_", ["xlsx", "ods"])
def test_dates_of_a_sheet_are_dates(table_of: TableOf, format_: str) -> None:
    rows = [["name", "when"], ["Ann", date(2026, 3, 4)]]
    (row,) = read(table_of(FORMATS[format_](rows)))
    assert row == ["Ann", "2026-03-04"]


def test_the_first_sheet_in_sight_that_says_something_is_read(table_of: TableOf) -> None:
    sheets = {"Lists": xlsx_sheet([["x"]]), "Empty": xlsx_sheet([]), "Leads": xlsx_sheet(CELLS),
              "More": xlsx_sheet([["y"]])}  # fmt: skip
    table = table_of(zipped(xlsx_parts(sheets, hidden=["Lists"])))
    assert table.headers == ("name", "email", "size", "since")
    assert table.remarks == ("The sheet “Leads” is read; left out: Empty, More.",)


def test_errors_of_formulas_say_nothing(table_of: TableOf) -> None:
    assert read(table_of(xlsx([["name", "note"], ["#N/A", "x"]]))) == [["", "x"]]


def test_the_digits_that_a_sheet_has_lost_are_not_made_up(table_of: TableOf) -> None:
    (row,) = read(table_of(xlsx([["phone"], [4.4e20]])))
    assert row == ["4.4e+20"]


FAR = f'<row r="1048576"><c r="{column_name(16383)}1048576"><v>1</v></c></row>'
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
) + "]>"  # fmt: skip


def hostile(rows: str, prolog: str = "") -> bytes:
    sheet = xlsx_sheet([["email"], ["a@x.example"]]).replace("</sheetData>", f"{rows}</sheetData>")
    return zipped(xlsx_parts({"Leads": sheet}, prolog=prolog))


def test_one_far_cell_does_not_take_the_memory(table_of: TableOf) -> None:
    with pytest.raises(Unreadable, match="too large"):
        table_of(hostile(FAR))


def test_entities_are_not_unfolded(table_of: TableOf) -> None:
    bomb = '<row r="3"><c r="A3" t="inlineStr"><is><t>&j;</t></is></c></row>'
    with pytest.raises(Unreadable, match="cannot be read"):
        table_of(hostile(bomb, prolog=ENTITIES))


def test_a_zip_bomb_is_not_unpacked(table_of: TableOf) -> None:
    parts = xlsx_parts({"Leads": xlsx_sheet(CELLS)})
    content = bytearray(zipped({**parts, "xl/media/image.bin": b"\0" * 1000}))
    # The directory at the end claims four gigabytes, as that of a bomb would.
    place = content.rindex((1000).to_bytes(4, "little"))
    content[place : place + 4] = (0xFFFFFF00).to_bytes(4, "little")
    with pytest.raises(Unreadable, match="4,096 MB when unpacked; at most 1,024 MB"):
        table_of(bytes(content))


def test_places_beyond_any_sheet_are_refused(table_of: TableOf) -> None:
    beyond = '<row r="99999999999"><c r="ZZZZZZ99999999999"><v>1</v></c></row>'
    with pytest.raises(Unreadable):
        table_of(hostile(beyond))


def test_elements_in_elements_do_no_harm(table_of: TableOf) -> None:
    table = table_of(hostile("<x>" * 200_000))
    assert table.headers == ("email",)


def test_rows_repeated_a_million_times_are_refused_or_blank(table_of: TableOf) -> None:
    blank = (
        '<table:table-row table:number-rows-repeated="1048573">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert read(table_of(ods([["email"], ["a@x.example"]], blank))) == [["a@x.example"]]
    full = blank.replace("/></", ' office:value-type="float" office:value="1"/></')
    with pytest.raises(Unreadable):
        read(table_of(ods([["email"], ["a@x.example"]], full)))
