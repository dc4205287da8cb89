"""What is behind a figure: the rows that make it up, page by page.

A read like those of `reads`: frozen dataclasses, a fixed number of queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from handoff.models import Handoff, HandoffState
from nurture.models import Attempt, Touch
from nurture.touching import Channel, Direction
from prospects.models import Lead, Source, StageChange
from reports.definitions import DEFINITIONS, Definition
from reports.figures import NOBODY
from reports.periods import Period
from reports.reads import REASONS, teams_of
from reports.selections import SELECTIONS, Narrowing, Selection
from team.models import Team, User

ROWS_SHOWN = 50
COUNTED_AT_MOST = 2_000
"""A longer list is said to be longer; counting it would take as long as it is."""


@dataclass(frozen=True)
class FigureRow:
    """One row behind a figure. `detail` says what it is: the touch, the reason, the rep."""

    lead_id: int
    company: str
    contact: str
    stage: str
    at: datetime
    detail: str
    specialist: str
    amount: Decimal | None


@dataclass(frozen=True)
class FigureList:
    """A page of the rows behind a figure, newest first."""

    figure: str
    definition: Definition
    period: Period
    currency: str
    narrowed_to: str
    """In words: "Call · Out · Dana Whitfield"; empty where it is not narrowed."""
    count: int
    counted_all: bool
    """False: there are more than `count`."""
    amount: Decimal | None
    """What they add up to, where the figure is an amount."""
    rows: tuple[FigureRow, ...]
    newer: str | None
    """The cursor of the page before, or None on the first."""
    older: str | None


def figure_list(
    figure: str,
    period: Period,
    *,
    narrowing: Narrowing,
    user: User,
    cursor: str,
) -> FigureList:
    """The rows behind a figure, of the person's teams.

    LookupError for a figure there is not or that cannot be narrowed so; ValueError for a value or
    a cursor that cannot be.
    """
    selection = SELECTIONS[figure](period).narrowed(narrowing)
    rows = selection.of_teams(teams_of(user))
    count = rows.order_by()[: COUNTED_AT_MOST + 1].count()
    page, newer, older = _page(rows, selection, cursor)
    return FigureList(
        figure=figure,
        definition=DEFINITIONS[figure],
        period=period,
        currency=user.organisation.currency,
        narrowed_to=_narrowing_in_words(narrowing, user),
        count=min(count, COUNTED_AT_MOST),
        counted_all=count <= COUNTED_AT_MOST,
        amount=_amount(rows, DEFINITIONS[figure].adds_up),
        rows=tuple(_row(row, selection) for row in page),
        newer=newer,
        older=older,
    )


def _amount(rows: QuerySet[Any], field: str) -> Decimal | None:
    if not field:
        return None
    amount: Decimal = rows.aggregate(amount=Coalesce(Sum(field), Decimal(0)))["amount"]
    return amount


def _page(
    rows: QuerySet[Any], selection: Selection, cursor: str
) -> tuple[list[Any], str | None, str | None]:
    """The page that a cursor asks for: "<instant~id" what is older, ">instant~id" what is newer."""
    at = selection.at
    newest_first = (f"-{at}", "-pk")
    backwards = cursor.startswith(">")
    if cursor:
        instant, pk = _cursor(cursor[1:])
        side = "gt" if backwards else "lt"
        rows = rows.filter(
            Q(**{f"{at}__{side}e": instant}),
            Q(**{f"{at}__{side}": instant}) | Q(**{f"pk__{side}": pk}),
        )
    rows = rows.select_related(*_related(rows.model, selection.lead))
    rows = rows.order_by(at, "pk") if backwards else rows.order_by(*newest_first)
    found = list(rows[: ROWS_SHOWN + 1])
    there_is_more = len(found) > ROWS_SHOWN
    found = found[:ROWS_SHOWN]
    if backwards:
        found.reverse()
    newer = bool(found) and (there_is_more if backwards else bool(cursor))
    older = bool(found) and (backwards or there_is_more)
    return (
        found,
        f">{_cursor_of(found[0], at)}" if newer else None,
        f"<{_cursor_of(found[-1], at)}" if older else None,
    )


def _cursor_of(row: Model, at: str) -> str:
    return f"{getattr(row, at).isoformat()}~{row.pk}"


def _cursor(text: str) -> tuple[datetime, int]:
    instant, _tilde, pk = text.partition("~")
    at = parse_datetime(instant)
    if at is None or at.tzinfo is None:
        message = f"{text} is no place in a list."
        raise ValueError(message)
    return at, int(pk)


def _related(model: type[Model], lead: str) -> list[str]:
    of_lead = [f"{lead}{name}" for name in ("company", "contact", "specialist")]
    return of_lead + {Handoff: ["rep"], Touch: ["by"], StageChange: ["by"]}.get(model, [])


def _row(row: Any, selection: Selection) -> FigureRow:
    lead: Lead = row.lead if selection.lead else row
    amount = None if isinstance(row, Touch | Attempt) else lead.potential_revenue
    match row:
        case Handoff():
            detail = _("to %s") % row.rep.name
            if row.result_at:
                detail = f"{detail} · {HandoffState(row.result).label}"
            amount = row.revenue if selection.at == "result_at" else row.potential_revenue
        case StageChange():
            reason = str(REASONS.get(row.reason, row.reason.replace("_", " ")))
            detail = " · ".join(part for part in (reason, row.note) if part)
        case Touch():
            words = [row.get_channel_display(), row.get_outcome_display()]
            detail = ", ".join(words) + (f" · {row.by.name}" if row.by else "")
        case Attempt():
            detail = _("attempt %s") % row.number
            if row.conversation_at:
                detail = _("%s, conversation") % detail
        case _:
            detail = ""
    return FigureRow(
        lead_id=lead.pk,
        company=lead.headline,
        contact=lead.contact.name if lead.contact and lead.company else "",
        stage=lead.get_stage_display(),
        at=getattr(row, selection.at),
        detail=detail,
        specialist=lead.specialist.name if lead.specialist else "",
        amount=amount,
    )


def _narrowing_in_words(narrowing: Narrowing, user: User) -> str:
    return " · ".join(_value_in_words(name, value, user) for name, value in narrowing.items())


def _value_in_words(name: str, value: str, user: User) -> str:
    match name:
        case "source":
            return _name(Source.objects.all(), value)
        case "team":
            return _name(Team.objects.filter(pk__in=teams_of(user)), value)
        case "by" | "rep":
            return (
                _("not known who")
                if value == NOBODY
                else _name(User.objects.visible_to(user), value)
            )
        case "reason":
            return _("no reason given") if value == NOBODY else str(REASONS.get(value, value))
        case "attempt":
            return _("attempt %s") % value
        case "channel":
            return str(Channel(value).label)
        case "direction":
            return str(Direction(value).label)
    return _("complete") if value == "complete" else _("incomplete")


def _name(rows: QuerySet[Any], pk: str) -> str:
    """The name of a row among those the person may know; its number otherwise."""
    return str(rows.filter(pk=pk).values_list("name", flat=True).first() or f"#{pk}")
