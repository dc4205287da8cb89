"""The story of a lead: touches, answers, promises and changes of stage in one timeline.

Read newest first, a page at a time by keyset, with one query and the answers the caller has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture import wording
from nurture.models import Touch
from nurture.touching import TALKED, Channel, Direction
from prospects.models import Lead, RecordedAnswer
from prospects.qualification import Attribute, Basis
from team.dates import clock, written
from team.templatetags.look import money

PAGE = 30
MAX_PK = 2**63 - 1


class Show(TextChoices):
    """What part of the story is read: the chips above it."""

    EVERYTHING = "everything", gettext_lazy("Everything")
    CONVERSATIONS = "conversations", gettext_lazy("Conversations")
    MAIL = "mail", gettext_lazy("Mail")
    FACTS = "facts", gettext_lazy("Facts")


MAIL = (Channel.EMAIL, Channel.LETTER, Channel.DIRECT_MAIL)


MOST_OF_A_YEAR = timedelta(days=300)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Where an entry stands: of one instant, what follows from a thing stands above the thing."""

    at: datetime
    weight: int
    pk: int

    def __str__(self) -> str:
        """As a page's address says it, to the microsecond."""
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}.{self.weight}.{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place that an address names; None for what is no place."""
        try:
            micros, weight, pk = (int(part) for part in text.split("."))
            return cls(EPOCH + timedelta(microseconds=micros), weight % 100, min(pk, MAX_PK))
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class Entry:
    """One thing that happened, in words."""

    place: Place
    way: str
    title: str
    detail: str = ""
    words: str = ""
    """What they said or wrote, in their words."""
    note: str = ""
    noted: str = ""
    """What was documented from it."""
    when: str = ""
    """Something else than its day: “now”."""
    way_label: str = ""
    """The way for those who do not see the dot."""

    @property
    def at(self) -> datetime:
        return self.place.at

    @property
    def on(self) -> str:
        """Its day in the reader's zone, with the year where month and day alone would mislead."""
        return self.when or day(self.at, since=timezone.now() - MOST_OF_A_YEAR)

    @property
    def moment(self) -> str:
        """Its day and time, in the reader's zone."""
        local = timezone.localtime(self.at)
        return f"{written(local, 'M j, Y')}, {clock(local)}"


@dataclass(frozen=True)
class Story:
    """A page of the timeline, newest first; `earlier` is where the next one begins."""

    entries: tuple[Entry, ...]
    shown: Show
    earlier: Place | None


class _Row(NamedTuple):
    weight: int
    pk: int
    at: datetime
    by: str | None
    person: str | None
    channel: str  # of a change of stage: the stage before
    direction: str  # the stage after
    outcome: str  # the reason
    words: str
    minutes: Decimal | None
    cost: Decimal | None
    due_at: datetime | None
    kept_at: datetime | None
    dropped_at: datetime | None

    @property
    def place(self) -> Place:
        return Place(self.at, self.weight, self.pk)


TOUCH, ANSWER, PROMISE, STAGE, ASSIGNMENT = 1, 2, 3, 4, 5
"""The weights: of one instant, a change of stage stands above the touch that led to it."""

_TOUCHES = """
    (SELECT 1 AS weight, touch.id AS pk, touch.occurred_at AS at, person.name,
            concat_ws(' ', nullif(contact.first_name, ''), nullif(contact.last_name, '')),
            touch.channel, touch.direction, touch.outcome, touch.note, touch.minutes, touch.cost,
            NULL::timestamptz, NULL::timestamptz, NULL::timestamptz
       FROM nurture_touch AS touch
       LEFT JOIN team_user AS person ON person.id = touch.by_id
       LEFT JOIN prospects_contact AS contact
              ON contact.id = touch.contact_id AND contact.id IS DISTINCT FROM %(primary)s
      WHERE touch.lead_id = %(lead)s AND touch.superseded_at IS NULL
        AND touch.occurred_at <= %(at)s
        AND (touch.occurred_at, 1, touch.id) < (%(at)s, %(weight)s, %(pk)s)
        AND (%(outcomes)s IS NULL OR touch.outcome = ANY(%(outcomes)s))
        AND (%(channels)s IS NULL OR touch.channel = ANY(%(channels)s))
      ORDER BY touch.occurred_at DESC, touch.id DESC LIMIT %(limit)s)"""
_STAGES = """
    (SELECT 4 AS weight, change.id AS pk, change.at AS at, person.name, NULL, change.from_stage,
            change.to_stage, change.reason, change.note, NULL::numeric, NULL::numeric,
            NULL::timestamptz, NULL::timestamptz, NULL::timestamptz
       FROM prospects_stagechange AS change
       LEFT JOIN team_user AS person ON person.id = change.by_id
      WHERE change.lead_id = %(lead)s AND change.superseded_at IS NULL
        AND change.at <= %(at)s AND (change.at, 4, change.id) < (%(at)s, %(weight)s, %(pk)s)
      ORDER BY change.at DESC, change.id DESC LIMIT %(limit)s)"""
_PROMISES = """
    (SELECT 3 AS weight, promise.id AS pk, promise.created_at AS at, person.name, NULL,
            promise.channel, '', '', promise.words, NULL::numeric, NULL::numeric,
            promise.due_at, promise.kept_at, promise.dropped_at
       FROM nurture_promise AS promise
       LEFT JOIN team_user AS person ON person.id = promise.by_id
       LEFT JOIN nurture_touch AS given ON given.id = promise.given_in_id
      WHERE promise.lead_id = %(lead)s AND promise.created_at <= %(at)s
        AND given.superseded_at IS NULL
        AND (promise.created_at, 3, promise.id) < (%(at)s, %(weight)s, %(pk)s)
      ORDER BY promise.created_at DESC, promise.id DESC LIMIT %(limit)s)"""
_ASSIGNMENTS = """
    (SELECT 5 AS weight, given.id AS pk, given.at AS at, person.name, holder.name, '', '', '',
            given.why, NULL::numeric, NULL::numeric, NULL::timestamptz, NULL::timestamptz,
            NULL::timestamptz
       FROM prospects_assignment AS given
       LEFT JOIN team_user AS person ON person.id = given.by_id
       LEFT JOIN team_user AS holder ON holder.id = given.to_person_id
      WHERE given.lead_id = %(lead)s
        AND given.at <= %(at)s AND (given.at, 5, given.id) < (%(at)s, %(weight)s, %(pk)s)
      ORDER BY given.at DESC, given.id DESC LIMIT %(limit)s)"""
_NEWEST = " ORDER BY at DESC, weight DESC, pk DESC LIMIT %(limit)s"

QUERIES = {
    Show.EVERYTHING: (
        f"{_TOUCHES} UNION ALL {_STAGES} UNION ALL {_PROMISES} UNION ALL {_ASSIGNMENTS}{_NEWEST}"
    ),
    Show.CONVERSATIONS: _TOUCHES,
    Show.MAIL: _TOUCHES,
    Show.FACTS: _STAGES,
}
OUTCOMES_SHOWN = {Show.CONVERSATIONS: [str(outcome) for outcome in TALKED]}
CHANNELS_SHOWN = {
    Show.MAIL: [str(channel) for channel in (Channel.EMAIL, Channel.LETTER, Channel.DIRECT_MAIL)]
}
FAR_AHEAD = Place(datetime(9000, 1, 1, tzinfo=UTC), 9, 0)


def story_of(
    lead: Lead,
    answers: Sequence[RecordedAnswer],
    *,
    currency: str,
    now: datetime,
    shown: Show = Show.EVERYTHING,
    before: Place | None = None,
) -> Story:
    """One page of the lead's timeline, before the place given; one query.

    `answers`: all of `reads.answers_of`, also those superseded. An answer that rests on a touch of
    the page is told with it, another one stands for itself.
    """
    rows = _rows(lead, shown, before)
    here = {row.pk for row in rows if row.weight == TOUCH}
    told_with: dict[int, dict[str, str]] = defaultdict(dict)
    entries = []
    for answer in answers:
        touch = answer.touch_id  # type: ignore[attr-defined]
        if touch in here:
            told_with[touch][answer.attribute] = str(Attribute(answer.attribute).label).lower()
        elif shown in (Show.EVERYTHING, Show.FACTS):
            entries.append(_answered(answer))
    entries += [_told(row, told_with.get(row.pk, {}).values(), lead, currency) for row in rows]
    # Beyond the last row that was read there may be more rows, so nothing from there yet.
    ends = rows[-1].place if len(rows) > PAGE else None
    entries = [
        entry
        for entry in entries
        if (before is None or entry.place < before) and (ends is None or entry.place >= ends)
    ]
    entries.sort(key=lambda entry: entry.place, reverse=True)
    page = entries[:PAGE]
    return Story(tuple(page), shown, page[-1].place if len(entries) > PAGE else None)


def _rows(lead: Lead, shown: Show, before: Place | None) -> list[_Row]:
    at, weight, pk = before or FAR_AHEAD
    with connection.cursor() as cursor:
        cursor.execute(
            QUERIES[shown],
            {
                "lead": lead.pk,
                "primary": lead.contact_id,
                "at": at,
                "weight": weight,
                "pk": pk,
                "limit": PAGE + 1,
                "outcomes": OUTCOMES_SHOWN.get(shown),
                "channels": CHANNELS_SHOWN.get(shown),
            },
        )
        return [_Row(*row) for row in cursor.fetchall()]


def _told(row: _Row, documented: Iterable[str], lead: Lead, currency: str) -> Entry:
    match row.weight:
        case 1:
            return _touched(row, documented, currency)
        case 3:
            return _promised(row)
        case 5:
            return _assigned(row)
        case _:
            return _stepped(row, lead)


def _touched(row: _Row, documented: Iterable[str], currency: str) -> Entry:
    person = _("with %s") % row.person if row.person else ""
    cost = money(row.cost, currency) if row.cost else ""
    from_them = row.direction == Direction.IN
    # Only what arrived in writing is certainly in their words.
    written = from_them and row.channel in (Channel.EMAIL, Channel.WEB)
    return Entry(
        row.place,
        way="in" if from_them or row.outcome in TALKED else "out",
        way_label=_("from them") if from_them else _("from us"),
        title=wording.touch_title(row.channel, row.direction, row.outcome, row.minutes),
        detail=_dotted(row.by, person, cost),
        words=row.words if written else "",
        note="" if written else row.words,
        noted=", ".join(documented),
    )


def _promised(row: _Row) -> Entry:
    assert row.due_at is not None
    if row.kept_at is not None:
        state = _("kept %s") % day(row.kept_at)
    else:
        state = _("dropped") if row.dropped_at is not None else ""
    due = timezone.localtime(row.due_at)
    channel = str(Channel(row.channel).label).lower()
    return Entry(
        row.place,
        way="stage",
        title=_("Promised for %s") % f"{day(due)}, {clock(due, 'P')}",
        detail=_dotted(channel, row.by, state),
        note=row.words,
    )


def _stepped(row: _Row, lead: Lead) -> Entry:
    from_stage, to_stage = row.channel, row.direction
    reason = wording.reason_in_words(row.outcome) if row.outcome else ""
    return Entry(
        row.place,
        way="stage",
        title=wording.stage_title(from_stage, to_stage),
        detail=_dotted(lead.source.name if not from_stage else "", reason, row.by),
        note=row.words,
    )


def _assigned(row: _Row) -> Entry:
    return Entry(
        row.place,
        way="stage",
        title=_("Given to %s") % row.person if row.person else _("Back in the team’s queue"),
        detail=_dotted(row.words, row.by if row.by != row.person else ""),
    )


def _answered(answer: RecordedAnswer) -> Entry:
    basis = answer.evidence or str(Basis(answer.basis).label).lower()
    return Entry(
        Place(answer.recorded_at, ANSWER, answer.pk),
        way="stage",
        title=_("Documented: %s") % Attribute(answer.attribute).label,
        detail=_dotted(basis, answer.by_name),  # type: ignore[attr-defined]
        note=said(answer),
    )


def said(answer: RecordedAnswer) -> str:
    """All of an answer in one line: words, amount, date."""
    return " · ".join(
        part
        for part in (
            _("nobody") if answer.nobody else answer.words,
            number_format(answer.amount, decimal_pos=0, force_grouping=True)
            if answer.amount is not None
            else "",
            day(answer.on) if answer.on else "",
        )
        if part
    )


def day(value: date, since: datetime | None = None) -> str:
    """A day as people write it, an instant's in the reader's zone; before `since` with its year."""
    form = "M j"
    if isinstance(value, datetime):
        form = "M j, Y" if since is not None and value < since else form
        value = timezone.localtime(value).date()
    return written(value, form)


def conversation_in_words(touch: Touch) -> str:
    """How a touch is told apart from others of the lead: “Jun 9, conversation: “we budget in …””."""
    title = wording.touch_title(touch.channel, touch.direction, touch.outcome, touch.minutes)
    start = Truncator(touch.note).words(8)
    return f"{day(touch.occurred_at)}: {title}" + (f" – {start}" if start else "")


def _dotted(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
