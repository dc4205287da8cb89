"""Turns the UCI Bank Marketing file into the three history files of a program (domain.md, section 10).

`python -m tests.bank bank-full.csv OUT_DIR` writes leads.csv, touches.csv and handoffs.csv. Source of the
data: Moro, Rita, Cortez, Bank Marketing, UCI Machine Learning Repository, 2014 (CC BY 4.0).

What the file says of a person: how often they were called (`campaign`), on which day and month the last
call was, how long it took, whether they bought (`y`). It names nobody and gives no years; the rows are
in order from May 2008 to November 2010, so a month that comes before its predecessor begins a new year.
Each call is taken to be a week before the next, so that each is an attempt of its own.
"""

from __future__ import annotations

import csv
import sys
from calendar import monthrange
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIRST_YEAR = 2008
BETWEEN_CALLS = timedelta(weeks=1)
BEFORE_FIRST_CALL = timedelta(hours=1)

LEADS = (
    "external_id", "received_at", "entered_program_at", "source", "stage", "stage_at", "reason",
    "country", "note",
)  # fmt: skip
TOUCHES = ("external_id", "lead", "channel", "direction", "outcome", "occurred_at", "minutes")
HANDOFFS = (
    "external_id", "lead", "rep", "handed_off_at", "accepted_at", "result", "result_at",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One row of the file, dated."""

    external_id: str
    source: str
    calls: int
    last_call_at: datetime
    seconds: int
    bought: bool
    note: str

    @property
    def first_call_at(self) -> datetime:
        return self.last_call_at - (self.calls - 1) * BETWEEN_CALLS

    @property
    def received_at(self) -> datetime:
        return self.first_call_at - BEFORE_FIRST_CALL

    def lead(self) -> tuple[object, ...]:
        stage, reason = ("won", "") if self.bought else ("disqualified", "no_need")
        return (
            self.external_id,
            self.received_at,
            self.received_at,
            self.source,
            stage,
            self.last_call_at,
            reason,
            "PT",
            self.note,
        )

    def touches(self) -> Iterator[tuple[object, ...]]:
        for number in range(1, self.calls + 1):
            is_last = number == self.calls
            talked = is_last and (self.bought or self.seconds > 0)
            yield (
                f"{self.external_id}-{number}",
                self.external_id,
                "phone",
                "out",
                "conversation" if talked else "no_answer",
                self.last_call_at - (self.calls - number) * BETWEEN_CALLS,
                f"{self.seconds / 60:.2f}" if talked else "",
            )

    def handoff(self) -> tuple[object, ...]:
        """The branch desk took the order in the call that sold: all at one instant."""
        at = self.last_call_at
        return (f"{self.external_id}-sale", self.external_id, "Branch desk", at, at, "won", at)


def people(source: Path) -> Iterator[Person]:
    """Every row of the file in its order, with the years that follow from it."""
    year, before = FIRST_YEAR, 0
    with source.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=";"), start=1):
            month = MONTHS.index(row["month"]) + 1
            if month < before:
                year += 1
            before = month
            day = min(int(row["day"]), monthrange(year, month)[1])
            yield Person(
                external_id=f"bank-{number:05}",
                source=row["contact"],
                calls=int(row["campaign"]),
                last_call_at=datetime(year, month, day, 10),
                seconds=int(row["duration"]),
                bought=row["y"] == "yes",
                note=f"{row['job']}, {row['age']}, {row['marital']}, {row['education']} education",
            )


def write_history(source: Path, folder: Path) -> tuple[Path, Path, Path]:
    """Write the three files; returns their paths: leads, touches, handoffs."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "leads.csv", folder / "touches.csv", folder / "handoffs.csv")
    with ExitStack() as stack:
        files = [stack.enter_context(p.open("w", encoding="utf-8", newline="")) for p in paths]
        leads, touches, handoffs = (csv.writer(file) for file in files)
        for writer, headers in ((leads, LEADS), (touches, TOUCHES), (handoffs, HANDOFFS)):
            writer.writerow(headers)
        for person in people(source):
            leads.writerow(person.lead())
            touches.writerows(person.touches())
            if person.bought:
                handoffs.writerow(person.handoff())
    return paths


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.bank bank-full.csv OUT_DIR")
    write_history(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
