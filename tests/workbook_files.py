"""Writes the least that is a workbook, XLSX, ODS or XLS, byte by byte: so that tests can damage it."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

Cell = str | float | date | None
Rows = Sequence[Sequence[Cell]]
FIRST_SERIAL = date(1899, 12, 30)


def zipped(parts: dict[str, str | bytes], first: str = "") -> bytes:
    """An archive of these parts; `first` is stored as it is, before the others."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            stored = zipfile.ZIP_STORED if name == first else zipfile.ZIP_DEFLATED
            archive.writestr(name, part, stored)
    return body.getvalue()


# XLSX

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


def column_name(number: int) -> str:
    """A for 0, Z for 25, AA for 26."""
    name = ""
    number += 1
    while number:
        number, left = divmod(number - 1, 26)
        name = chr(65 + left) + name
    return name


def xlsx_cell(place: str, cell: Cell) -> str:
    match cell:
        case None | "":
            return ""
        case str():
            text = escape(cell)
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{(cell - FIRST_SERIAL).days}</v></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def xlsx_sheet(rows: Rows, first_row: int = 1) -> str:
    lines = (
        f'<row r="{number}">'
        + "".join(xlsx_cell(f"{column_name(i)}{number}", cell) for i, cell in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, start=first_row)
    )
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def xlsx_parts(
    sheets: dict[str, str], hidden: Sequence[str] = (), prolog: str = ""
) -> dict[str, str | bytes]:
    """The parts of an XLSX file, by sheet name the XML of its sheets."""
    listed, related, types, parts = "", "", "", {}
    for number, (name, xml) in enumerate(sheets.items(), start=1):
        state = ' state="hidden"' if name in hidden else ""
        listed += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"{state}/>'
        related += (
            f'<Relationship Id="rId{number}" Type="{OFFICE}/worksheet"'
            f' Target="worksheets/sheet{number}.xml"/>'
        )
        types += (
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = prolog + xml
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{TYPES}"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml"'
            ' ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{types}</Types>"
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1"'
            f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{RELATIONS}">{related}<Relationship Id="rId99"'
            f' Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": (
            f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
            '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
        ),
        **parts,
    }


def xlsx(rows: Rows, first_row: int = 1) -> bytes:
    return zipped(xlsx_parts({"Leads": xlsx_sheet(rows, first_row)}))


# ODS

ODS_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
    for short in ("office", "table", "text")
)


def ods_cell(cell: Cell) -> str:
    match cell:
        case None | "":
            return "<table:table-cell/>"
        case str():
            lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in cell.split("\n"))
            return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
        case date():
            return (
                f'<table:table-cell office:value-type="date" office:date-value="{cell}">'
                f"<text:p>{cell}</text:p></table:table-cell>"
            )
    return (
        f'<table:table-cell office:value-type="float" office:value="{cell!r}">'
        f"<text:p>{cell!r}</text:p></table:table-cell>"
    )


def ods(rows: Rows, extra: str = "") -> bytes:
    """`extra` is XML behind the last row."""
    lines = "".join(
        f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {ODS_NAMES}'
        ' office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Leads">'
        f"{lines}{extra}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest='
        '"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    return zipped(
        {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}, "mimetype"
    )


# XLS: records of BIFF8 in the one stream of a compound file

SECTOR = 512
FREE, END_OF_CHAIN, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
BOF, EOF, BOUNDSHEET, CODEPAGE, LABEL, NUMBER = 0x809, 0x0A, 0x85, 0x42, 0x204, 0x203


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _begin(kind: int) -> bytes:
    return _record(BOF, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 0x06))


def xls(rows: Rows) -> bytes:
    cells = b""
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            place = struct.pack("<HHH", number, column, 0)
            if isinstance(cell, str) and cell:
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                cells += _record(LABEL, place + text)
            elif isinstance(cell, int | float):
                cells += _record(NUMBER, place + struct.pack("<d", cell))
    codepage = _record(CODEPAGE, struct.pack("<H", 1200))
    name = struct.pack("<BB", 5, 0) + b"Leads"
    begin = _begin(5) + codepage
    offset = len(begin) + 4 + 6 + len(name) + 4
    sheet = _begin(0x10) + cells + _record(EOF, b"")
    globals_ = begin + _record(BOUNDSHEET, struct.pack("<IBB", offset, 0, 0) + name)
    return compound(globals_ + _record(EOF, b"") + sheet)


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file (OLE) with one stream, of at most some 60 KB."""
    body = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    count = len(body) // SECTOR
    fat = [FAT_SECTOR, END_OF_CHAIN, *range(3, count + 2), END_OF_CHAIN]
    assert len(fat) <= SECTOR // 4
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0" * 16, 0x3E, 3,
        0xFFFE, 9, 6, b"\0" * 6, 0, 1, 1, 0, 4096, END_OF_CHAIN, 0, END_OF_CHAIN, 0, 0,
    ) + struct.pack("<I", FREE) * 108  # fmt: skip
    table = struct.pack("<128I", *fat, *[FREE] * (SECTOR // 4 - len(fat)))
    directory = _entry("Root Entry", 5, child=1, start=END_OF_CHAIN, size=0) + _entry(
        name, 2, child=FREE, start=2, size=len(body)
    )
    return header + table + directory.ljust(SECTOR, b"\0") + body


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return text.ljust(64, b"\0") + struct.pack(
        "<HBBIII16sI8s8sIQ", len(text), kind, 1, FREE, FREE, child, b"\0" * 16, 0, b"\0" * 8,
        b"\0" * 8, start, size,
    )  # fmt: skip
