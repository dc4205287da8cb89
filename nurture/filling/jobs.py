"""Many leads put into a cadence by a person, as a job: batch by batch, each lead with its result.

The row is the truth, the broker only the doorbell: a job may stop at any batch and go on there, and of
two workers one leaves it to the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from nurture.cadences.enrolling import published
from nurture.filling.batches import BATCH, enrol_batch
from nurture.filling.rules import LOOK_AGAIN, has_turn, rooms_of
from nurture.models import Cadence, CadenceVersion, FilledLead, Filling
from prospects.actions import NotAllowed, refuse_reps
from prospects.models import Lead
from team.models import Role, User

MOST_LEADS = 200_000
"""Of one job: more than that nobody means."""
Result = FilledLead.Result


@transaction.atomic
def ask_filling(
    *,
    cadence: Cadence,
    leads: QuerySet[Lead],
    words: str,
    paced: bool,
    by: User,
    now: datetime,
) -> Filling:
    """Write down which leads are to be put into a cadence, the oldest first; a worker does it.

    Only leads that `by` may see. `words`: which they are. Refuses (NotAllowed) a rep, a cadence that
    is archived or has no version, no lead at all, and more than MOST_LEADS.
    """
    refuse_reps(by)
    if cadence.archived_at is not None or published(cadence) is None:
        raise NotAllowed(_("Nobody can be put into this cadence."))
    filling = Filling.objects.create(
        cadence=cadence, by=by, words=words[:250], paced=paced, asked_at=now
    )
    mine = leads.filter(pk__in=Lead.objects.visible_to(by).values("pk"))
    chosen, parameters = (
        mine.order_by("received_at", "pk").values("pk")[: MOST_LEADS + 1].query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO nurture_filledlead (filling_id, lead_id, result, why)"  # noqa: S608
            f" SELECT %s, chosen.id, '', '' FROM ({chosen}) AS chosen (id)",
            [filling.pk, *parameters],
        )
        filling.total = cursor.rowcount
    if not filling.total:
        raise NotAllowed(_("There is no such lead."))
    if filling.total > MOST_LEADS:
        raise NotAllowed(_("These are more than %s leads: choose fewer.") % f"{MOST_LEADS:,}")
    filling.save(update_fields=["total"])
    return filling


@transaction.atomic
def cancel_filling(*, filling: Filling, by: User, now: datetime) -> Filling:
    """Leave it at what is done; who is in stays in. Refuses (NotAllowed) whose it is not."""
    if by.role != Role.ADMIN and filling.by_id != by.pk:
        raise NotAllowed(_("Only who asked for it may stop it."))
    Filling.objects.under_way().filter(pk=filling.pk).update(cancelled_at=now)
    filling.refresh_from_db()
    return filling


def waiting_fillings(now: datetime) -> list[int]:
    """Those that a worker should go on with."""
    due = Filling.objects.under_way().filter(Q(looks_at__isnull=True) | Q(looks_at__lte=now))
    return list(due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def go_on(pk: int, *, now: datetime) -> bool:
    """Do the next batch; False where nothing is left to do now, or another is at it."""
    under_way = Filling.objects.under_way().select_for_update(of=("self",), skip_locked=True)
    filling = under_way.select_related("cadence", "by").filter(pk=pk).first()
    if filling is None:
        return False
    version = published(filling.cadence)
    if version is None or filling.cadence.archived_at is not None:
        _close(filling, cancelled_at=now)
        return False
    version.cadence = filling.cadence
    waiting = filling.leads.filter(result="")
    if not filling.paced:
        batch = dict(waiting.order_by("pk").values_list("lead", "pk")[:BATCH])
    elif has_turn():
        batch = _with_room(waiting, version, now)
    else:
        return False
    if not batch:
        if waiting.exists():
            Filling.objects.filter(pk=pk).update(looks_at=now + LOOK_AGAIN)
        else:
            _close(filling, finished_at=now)
        return False
    said = enrol_batch(
        batch,
        version=version,
        by=filling.by,
        why=_("put in with others"),
        now=now,
    )
    _note(filling, {batch[lead]: words for lead, words in said.items()})
    return True


def _with_room(
    waiting: QuerySet[FilledLead], version: CadenceVersion, now: datetime
) -> dict[int, int]:
    """The first of each specialist, as many as they have room for; and those whom nobody works."""
    people = User.objects.active().specialists()
    people = people.filter(pk__in=waiting.values("lead__specialist").distinct())
    rooms = rooms_of(list(people.order_by("pk")), version, now)
    nobodys = Q(lead__specialist__isnull=True) | ~Q(lead__specialist__in=rooms)
    rows = list(waiting.filter(nobodys).order_by("pk").values_list("lead", "pk")[:BATCH])
    for person, room in rooms.items():
        left = min(room, BATCH - len(rows))
        if left > 0:
            of_person = waiting.filter(lead__specialist=person).order_by("pk")
            rows += of_person.values_list("lead", "pk")[:left]
    return dict(rows)


def _note(filling: Filling, said: dict[int, str]) -> None:
    """Keep what became of each, by the id of its row: a statement for each reason."""
    by_words: dict[str, list[int]] = defaultdict(list)
    for row, words in said.items():
        by_words[words].append(row)
    counts: Counter[str] = Counter()
    for words, rows in by_words.items():
        result = Result.SKIPPED if words else Result.ENROLLED
        FilledLead.objects.filter(pk__in=rows).update(result=result, why=words[:200])
        counts[result] += len(rows)
    Filling.objects.filter(pk=filling.pk).update(
        enrolled=F("enrolled") + counts[Result.ENROLLED],
        skipped=F("skipped") + counts[Result.SKIPPED],
        looks_at=None,
    )


def _close(filling: Filling, **ended: datetime) -> None:
    Filling.objects.filter(pk=filling.pk).update(**ended)
