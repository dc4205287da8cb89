"""What the pages of letters show: what waits to be printed, the batches, one pile, and what came back.

Frozen dataclasses; each read takes a fixed number of queries, however much there is to show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext as _

from nurture.letters.actions import MOST_LETTERS, due_letters
from nurture.letters.checking import must_go
from nurture.letters.windows import label_sheet_of, window_of
from nurture.models import Letter, PrintBatch
from nurture.models.cadences import BATCH_CHANNELS
from prospects.models import Lead
from team.models import Organisation, User
from team.paper import US_LETTER, paper_of

BATCHES_SHOWN = 25
LETTERS_SHOWN = 50
MOST_FOUND = 20
CODE = re.compile(r"^\s*(\d{1,18})\s*[-–/]\s*(\d{1,9})\s*$")


@dataclass(frozen=True)
class WaitingLetters:
    """Letters of one channel that wait to be printed."""

    channel: str
    label: str
    count: int
    oldest_due_at: datetime | None
    at_once: int
    """As many as go into one batch."""


@dataclass(frozen=True)
class BatchRow:
    pk: int
    label: str
    made_at: datetime
    by: str
    size: int
    posted_on: date | None
    is_cancelled: bool


@dataclass(frozen=True)
class LettersPage:
    waiting: tuple[WaitingLetters, ...]
    nothing_waits: bool
    has_address: bool
    """Ours, which stands on every letter, is known."""
    batches: tuple[BatchRow, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True)
class LetterRow:
    """One letter as its batch's page, or somebody with an envelope in hand, wants to see it."""

    batch_pk: int
    number: int
    code: str
    lead_pk: int
    lead: str
    recipient: str
    address: tuple[str, ...]
    words: str
    """Its template, with the version."""
    posted_on: date | None
    returned_at: datetime | None
    out_why: str
    is_waiting: bool
    """In a pile that is not posted yet."""
    may_return: bool
    may_be_posted: bool
    """It came out of a pile that was posted, and may have gone with it all the same."""


@dataclass(frozen=True)
class OutRow:
    """A letter that must come out of the pile before it is posted."""

    number: int
    code: str
    lead_pk: int
    lead: str
    why: str


@dataclass(frozen=True)
class BatchPage:
    batch: PrintBatch
    is_waiting: bool
    in_pile: int
    """Letters to be posted, or that were."""
    must_go: tuple[OutRow, ...]
    letters: tuple[LetterRow, ...]
    before: int | None
    after: int | None
    out: int
    returned: int
    not_noted: int
    """Posted, and not among the touches yet: some seconds' work."""
    cost: Decimal | None
    currency: str
    paper: str
    window: str
    labels: str


def letters_page(
    user: User, now: datetime, *, before: int | None, after: int | None
) -> LettersPage:
    """What waits, and the batches by keyset, the newest first: three queries. `now`: the engine's."""
    found = {
        row["channel"]: row
        for row in due_letters(user, now)
        .values("channel")
        .annotate(count=Count("pk"), oldest=Min("due_at"))
        .order_by()
    }
    waiting = [
        WaitingLetters(
            channel=str(channel),
            label=str(channel.label),
            count=found[channel]["count"],
            oldest_due_at=found[channel]["oldest"],
            at_once=min(found[channel]["count"], MOST_LETTERS),
        )
        for channel in BATCH_CHANNELS
        if channel in found
    ]
    rows, newer, older = _turned(PrintBatch.objects.visible_to(user), before, after)
    return LettersPage(
        waiting=tuple(waiting),
        nothing_waits=not waiting,
        has_address=bool(Organisation.current().postal_address.strip()),
        batches=tuple(
            BatchRow(
                pk=batch.pk,
                label=batch.get_channel_display(),
                made_at=batch.made_at,
                by=str(batch.by),
                size=batch.size,
                posted_on=batch.posted_on,
                is_cancelled=batch.cancelled_at is not None,
            )
            for batch in rows
        ),
        newer=newer,
        older=older,
    )


def _turned(
    seen: QuerySet[PrintBatch], before: int | None, after: int | None
) -> tuple[list[PrintBatch], int | None, int | None]:
    """A page of batches, and the keys of the pages beside it."""
    rows = seen.select_related("by")
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: BATCHES_SHOWN + 1])
        page = found[:BATCHES_SHOWN][::-1]
    else:
        older = rows.filter(pk__lt=before) if before is not None else rows
        found = list(older.order_by("-pk")[: BATCHES_SHOWN + 1])
        page = found[:BATCHES_SHOWN]
    if not page:
        return [], None, None
    more = len(found) > BATCHES_SHOWN
    has_newer = more if after is not None else before is not None
    has_older = more if after is None else True
    return page, page[0].pk if has_newer else None, page[-1].pk if has_older else None


def batch_page(batch: PrintBatch, now: datetime, *, after: int = 0) -> BatchPage:
    """A pile: its letters from number `after` on, and what must come out. A fixed number of queries."""
    counts = batch.letters.aggregate(
        inside=Count("pk", filter=Q(out_at__isnull=True)),
        out=Count("pk", filter=Q(out_at__isnull=False)),
        returned=Count("pk", filter=Q(returned_at__isnull=False)),
        noted=Count("pk", filter=Q(posted__isnull=False)),
        not_noted=Count("pk", filter=Q(out_at__isnull=True, posted__isnull=True)),
    )
    gone = _must_go(batch, now) if batch.is_waiting else ()
    letters = list(
        _with_lead(batch.letters.filter(number__gt=after)).order_by("number")[: LETTERS_SHOWN + 1]
    )
    page = letters[:LETTERS_SHOWN]
    went = counts["noted"] + counts["not_noted"]
    is_posted = batch.posted_on is not None
    organisation = Organisation.current()
    return BatchPage(
        batch=batch,
        is_waiting=batch.is_waiting,
        in_pile=went if is_posted else counts["inside"] - len(gone),
        must_go=gone,
        letters=tuple(_row(letter) for letter in page),
        before=max(0, after - LETTERS_SHOWN) if after else None,
        after=page[-1].number if len(letters) > LETTERS_SHOWN else None,
        out=counts["out"],
        returned=counts["returned"],
        not_noted=counts["not_noted"] if is_posted else 0,
        cost=batch.cost_each * went if is_posted and batch.cost_each is not None else None,
        currency=organisation.currency,
        paper=_("Letter") if paper_of(batch.country) == US_LETTER else "A4",
        window=window_of(batch.country).name,
        labels=label_sheet_of(batch.country).name,
    )


def _must_go(batch: PrintBatch, now: datetime) -> tuple[OutRow, ...]:
    found = must_go(batch, now)
    leads = Lead.objects.select_related("company", "contact").in_bulk(
        {each.lead_pk for each in found}
    )
    return tuple(
        OutRow(
            number=each.letter.number,
            code=each.letter.code,
            lead_pk=each.lead_pk,
            lead=str(leads[each.lead_pk]),
            why=each.why,
        )
        for each in found
    )


def pile(batch: PrintBatch, number: int | None = None) -> list[Letter]:
    """The letters to be printed, in their order, or one of them; what came out is not: one query."""
    letters = batch.letters.in_the_pile().order_by("number")
    if number is not None:
        letters = letters.filter(number=number)
    found = list(letters)
    for letter in found:
        letter.batch = batch
    return found


def found_letters(user: User, words: str) -> tuple[LetterRow, ...]:
    """The letters that an envelope which came back may be: by the code on it, or by who it was for.

    The newest first: one query.
    """
    seen = Letter.objects.filter(batch__in=PrintBatch.objects.visible_to(user))
    code = CODE.match(words)
    if code:
        mine = seen.filter(batch=int(code.group(1)), number=int(code.group(2)))
    elif words.strip():
        leads = Lead.objects.visible_to(user).matching(words).values("pk")[:MOST_FOUND]
        mine = seen.filter(planned__lead__in=leads).order_by("-pk")
    else:
        return ()
    return tuple(_row(letter) for letter in _with_lead(mine)[:MOST_FOUND])


def _with_lead(letters: QuerySet[Letter]) -> QuerySet[Letter]:
    return letters.select_related(
        "batch", "template", "planned__lead__company", "planned__lead__contact"
    )


def _row(letter: Letter) -> LetterRow:
    batch = letter.batch
    is_out = letter.out_at is not None
    return LetterRow(
        batch_pk=batch.pk,
        number=letter.number,
        code=letter.code,
        lead_pk=letter.planned.lead_id,
        lead=str(letter.planned.lead),
        recipient=letter.recipient,
        address=tuple(letter.address.split("\n")),
        words=_("%(name)s, version %(version)s")
        % {"name": letter.template.name, "version": letter.template.version},
        posted_on=batch.posted_on if letter.posted_id or not is_out else None,
        returned_at=letter.returned_at,
        out_why=letter.out_why,
        is_waiting=batch.is_waiting and not is_out,
        may_return=letter.posted_id is not None and letter.returned_at is None,
        may_be_posted=is_out and batch.posted_on is not None and letter.posted_id is None,
    )
