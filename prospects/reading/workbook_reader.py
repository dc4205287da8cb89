"""Unpacks the first sheet of a workbook (XLSX, XLSB, XLS, ODS) into CSV: a program of its own.

A workbook can only be held as a whole, and a hostile one asks for any amount of memory: here that
costs this process, whose memory and time are limited, and never the worker that started it.
Nothing but calamine is imported. Each row begins with its number in the sheet.
"""

import csv
import json
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine
from python_calamine import SheetTypeEnum, SheetVisibleEnum

EXACT = 10**15
"""From here on a floating-point number no longer holds every digit."""

ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "Err:502"})
"""What a spreadsheet shows where a formula failed: the cell says nothing."""


def unpack(path: str) -> dict[str, Any]:
    """Write the rows that say something to the standard output; returns what is told of the rest."""
    with open(path, "rb") as file:  # noqa: PTH123 - a path would be asked for its ending
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
    names = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    sheet = None
    for name in names or workbook.sheet_names[:1]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height:
            break
    if sheet is None:
        return {"sheet": "", "others": []}
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    writer = csv.writer(sys.stdout)
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        if cells.count("") == len(cells):
            continue
        texts = [AS_TEXT[type(cell)](cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            writer.writerow((line, *texts))
    sys.stdout.flush()
    return {"sheet": sheet.name, "others": [name for name in names if name != sheet.name]}


def text(cell: str) -> str:
    stripped = cell.strip()
    return "" if stripped in ERRORS else stripped


def number(cell: float) -> str:
    """Whole numbers without a fraction, as long as all their digits are known."""
    return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT else repr(cell)


AS_TEXT: dict[type, Callable[[Any], str]] = {
    str: text,
    float: number,
    int: str,
    bool: lambda cell: "true" if cell else "false",
    datetime: lambda cell: cell.isoformat(sep=" "),
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda cell: str(cell.total_seconds() / 60),
}
"""A typed cell as a person would have typed it."""


def limit(memory: int, seconds: int) -> None:
    with suppress(ValueError, OSError):  # not every system knows both
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(path: str, memory: str, seconds: str) -> int:
    limit(int(memory), int(seconds))
    try:
        told = unpack(path)
    except python_calamine.PasswordError:
        told = {"fault": "password"}
    except MemoryError:
        told = {"fault": "memory"}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this file that cannot be read
        told = {"fault": "broken", "why": str(error)[:200]}
    sys.stderr.write(json.dumps(told))
    return 1 if "fault" in told else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
