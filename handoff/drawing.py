"""The contact history of a dossier, drawn as a line of time. Pure: places and words, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from handoff.dossier import Entry
from nurture.touching import Channel

LINE_WIDTH = 400
LINE_MARGIN = 8
NARROWEST = 9
"""Units of the drawing: dots nearer than this would hide each other."""
LABEL_WIDTH = 100
"""Units of the drawing that a label may take; the next one keeps as far away."""


@dataclass(frozen=True)
class Dot:
    """A touch on the line: its place in units of the drawing, 0 to LINE_WIDTH."""

    x: int
    entry: Entry


@dataclass(frozen=True)
class Label:
    """What is written over a conversation; `anchor` is that of an SVG text."""

    x: int
    words: str
    anchor: str


@dataclass(frozen=True)
class Line:
    """The contact history, drawn: hollow dots where we went to them, filled where they talked to us."""

    dots: tuple[Dot, ...] = ()
    labels: tuple[Label, ...] = ()
    summary: str = ""

    @property
    def width(self) -> int:
        return LINE_WIDTH

    @property
    def first(self) -> datetime:
        return self.dots[0].entry.at

    @property
    def last(self) -> datetime:
        return self.dots[-1].entry.at


def line_of(history: Sequence[Entry]) -> Line:
    """The touches on a line of time, oldest first; those too near each other are moved apart."""
    entries = sorted(history, key=lambda entry: (entry.at, entry.touch))
    if not entries:
        return Line()
    dots = tuple(Dot(x, entry) for x, entry in zip(_places(entries), entries, strict=True))
    two_way = sum(entry.two_way for entry in entries)
    summary = _("%(touches)s touches from %(first)s to %(last)s, %(two_way)s of them two-way") % {
        "touches": len(entries),
        "first": date_format(localdate(entries[0].at), "M j, Y"),
        "last": date_format(localdate(entries[-1].at), "M j, Y"),
        "two_way": two_way,
    }
    return Line(dots, tuple(_labels(dots)), summary)


def _places(entries: Sequence[Entry]) -> list[int]:
    room = LINE_WIDTH - 2 * LINE_MARGIN
    start, span = entries[0].at, (entries[-1].at - entries[0].at).total_seconds()
    places = [
        LINE_MARGIN + (room * (entry.at - start).total_seconds() / span if span else 0)
        for entry in entries
    ]
    step = min(NARROWEST, room / max(1, len(entries) - 1))
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + step)
    last = LINE_WIDTH - LINE_MARGIN
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], last - step * (len(places) - 1 - index))
    return [round(place) for place in places]


def _labels(dots: Sequence[Dot]) -> Iterable[Label]:
    """The latest conversation first, then each that has room beside those written."""
    taken: list[int] = []
    for dot in reversed(dots):
        if not dot.entry.two_way or any(abs(dot.x - x) < LABEL_WIDTH for x in taken):
            continue
        taken.append(dot.x)
        anchor = "middle"
        if dot.x < LABEL_WIDTH / 2:
            anchor = "start"
        elif dot.x > LINE_WIDTH - LABEL_WIDTH / 2:
            anchor = "end"
        yield Label(dot.x, _in_a_word(dot.entry), anchor)


def _in_a_word(entry: Entry) -> str:
    match entry.channel:
        case Channel.PHONE if entry.minutes:
            return _("talked %s min") % f"{entry.minutes.normalize():f}"
        case Channel.PHONE:
            return _("talked")
        case Channel.MEETING:
            return _("met")
        case _:
            return _("wrote")
