"""How a lead goes through a cadence: begun, from step to step, stopped. Each in its caller's transaction.

An active enrolment always has exactly one open planned touch, unless the fate of its last is uncertain.
The verbs that people use are in `enrolments`; what a dispatcher does is in `dispatching`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.engine.crash_points import passing
from nurture.engine.states import ENDED, PlannedState
from nurture.engine.timing import LATEST, Intent, intent_after
from nurture.letters.arriving import BY_POST, arrives_on
from nurture.models import Cadence, CadenceVersion, Enrolment, PlannedTouch, Step, Touch
from nurture.touching import Direction, Outcome
from prospects.imports.statements import fetch
from prospects.models import Contact, Lead
from prospects.reads import calendar_there
from prospects.stages import Stage
from team.calendar import Calendar
from team.models import Organisation, User

WITHDRAWABLE = (PlannedState.PENDING, PlannedState.CLAIMED, PlannedState.AWAITING_HUMAN)
"""Open touches that stopping takes back; one that is being sent runs to its end."""
PARKED_DAYS = 5
"""Working days that an automatic reply parks a lead (domain.md, section 7)."""
ENDS = {
    Outcome.REPLIED: Enrolment.End.REPLY,
    Outcome.HELD: Enrolment.End.MEETING,
}


def published(cadence: Cadence) -> CadenceVersion | None:
    """The version that new enrolments start with."""
    return cadence.versions.filter(published_at__isnull=False).order_by("-number").first()


def begin(
    *,
    lead: Lead,
    contact: Contact,
    version: CadenceVersion,
    by: User | None,
    why: str,
    now: datetime,
) -> Enrolment:
    """Start a lead, which the caller has locked, on a version, and plan its first touch.

    Refuses (ValidationError) a version without steps. A lead in another cadence is refused by the
    database (IntegrityError).
    """
    step = version.steps.filter(track=Step.Track.MAIN).order_by("position").first()
    if step is None:
        raise ValidationError(_("This cadence has no steps yet."))
    enrolment = Enrolment.objects.create(
        lead=lead, contact=contact, version=version, by=by, why=why, enrolled_at=now
    )
    calendar = calendar_of(lead, contact)
    plan_step(enrolment, step, after=now.astimezone(calendar.zone).date(), now=now)
    return enrolment


def calendar_of(lead: Lead, contact: Contact) -> Calendar:
    """The working days and the clock of the prospect's place."""
    return calendar_there(contact, lead.company, Organisation.current().calendar)


def plan_step(
    enrolment: Enrolment, step: Step, *, after: date, now: datetime, occurrence: int = 1
) -> PlannedTouch:
    """Plan the touch of a step, so many working days after a day. It is never planned twice."""
    calendar = calendar_of(enrolment.lead, enrolment.contact)
    planned = touch_of(
        enrolment, step, after=after, calendar=calendar, now=now, occurrence=occurrence
    )
    planned.save()
    passing("in the planner")
    return planned


def touch_of(
    enrolment: Enrolment,
    step: Step,
    *,
    after: date,
    calendar: Calendar,
    now: datetime,
    occurrence: int = 1,
) -> PlannedTouch:
    """The planned touch of a step, not stored yet. `calendar`: of the prospect's place.

    `occurrence`: that of the touch before it, which grows where one is taken back.
    """
    return PlannedTouch(
        enrolment=enrolment,
        step=step,
        occurrence=occurrence,
        lead_id=enrolment.lead_id,
        contact_id=enrolment.contact_id,
        channel=step.channel,
        performer=step.performer,
        created_at=now,
        **due(intent_after(after, step.after_days, step.at, calendar)),
    )


def due(intent: Intent) -> dict[str, object]:
    """The columns of a planned touch that say when: what was meant, and the instants it means."""
    return {
        "due_on": intent.day,
        "due_time": intent.at,
        "zone": intent.zone.key,
        "due_at": intent.instant,
        "not_after": intent.instant + LATEST,
    }


def advance(planned: PlannedTouch, *, done_on: date, now: datetime) -> PlannedTouch | None:
    """Plan what follows a touch that is closed, in the transaction that closes it.

    After the last step the lead goes on to the cadence that is named for it, or the enrolment is
    over. Nothing follows in an enrolment that was stopped meanwhile. Returns what was planned in the
    same cadence, if anything.
    """
    enrolment = Enrolment.objects.select_related("version__cadence").get(pk=planned.enrolment_id)
    if enrolment.ended_at is not None:
        return None
    enrolment.lead = planned.lead  # it is at hand mostly
    if enrolment.contact_id == planned.contact_id:
        enrolment.contact = planned.contact
    after = (
        Step.objects.filter(
            version=enrolment.version,
            track=enrolment.track,
            position__gt=planned.step.position,
        )
        .order_by("position")
        .first()
    )
    if after is not None:
        return plan_step(enrolment, after, after=done_on, now=now, occurrence=planned.occurrence)
    end(enrolment, Enrolment.End.COMPLETED, now=now)
    following = enrolment.version.cadence.then
    version = published(following) if following and following.archived_at is None else None
    if version is not None and enrolment.lead.stage == Stage.NURTURING:
        begin(
            lead=enrolment.lead,
            contact=enrolment.contact,
            version=version,
            by=None,
            why=_("after %s") % enrolment.version.cadence.name,
            now=now,
        )
    return None


def advance_all(
    closed: Sequence[tuple[PlannedTouch, Calendar]], *, now: datetime
) -> list[PlannedTouch]:
    """The same for many that were closed without being made, each with its prospect's calendar.

    Returns what was planned in the same cadences. A fixed number of statements, but for those whose
    cadence is over with it.
    """
    following: defaultdict[tuple[int, str], list[Step]] = defaultdict(list)
    versions = {planned.enrolment.version_id for planned, _calendar in closed}
    for step in Step.objects.filter(version__in=versions).order_by("position"):
        following[step.version_id, step.track].append(step)
    planned_next = []
    for planned, calendar in closed:
        enrolment = planned.enrolment
        if enrolment.ended_at is not None:
            continue
        steps = following[enrolment.version_id, enrolment.track]
        after = next((step for step in steps if step.position > planned.step.position), None)
        if after is None:
            advance(planned, done_on=planned.due_on, now=now)
        else:
            planned_next.append(
                touch_of(
                    enrolment,
                    after,
                    after=planned.due_on,
                    calendar=calendar,
                    now=now,
                    occurrence=planned.occurrence,
                )
            )
    PlannedTouch.objects.bulk_create(planned_next)
    if planned_next:
        passing("in the planner")
    return planned_next


def end(
    enrolment: Enrolment, why: str, *, now: datetime, by: User | None = None, words: str = ""
) -> None:
    """Close an enrolment and take back what it still had planned."""
    stop(Q(pk=enrolment.pk), why, now=now, by=by, words=words)
    enrolment.refresh_from_db(fields=["ended_at", "end"])


def stop(which: Q, why: str, *, now: datetime, by: User | None = None, words: str = "") -> int:
    """End the active enrolments that a condition selects, on every channel at once.

    Returns how many. A touch that is being sent at this moment runs to its end; nothing follows it.
    """
    ids = list(
        Enrolment.objects.active()
        .filter(which)
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list("pk", flat=True)
    )
    if not ids:
        return 0
    PlannedTouch.objects.filter(enrolment__in=ids, state__in=WITHDRAWABLE).update(
        state=PlannedState.CANCELLED,
        reason=(words or str(Enrolment.End(why).label))[:250],
        moved_by=by,
        ended_at=now,
        lease=None,
        lease_until=None,
    )
    return Enrolment.objects.filter(pk__in=ids).update(ended_at=now, end=why)


def stop_after(touch: Touch, *, now: datetime) -> None:
    """What they said stops our cadences: theirs, and those of everybody else at their company."""
    why = ENDS.get(Outcome(touch.outcome), Enrolment.End.CONVERSATION)
    stop(Q(lead=touch.lead_id), why, now=now)
    company = touch.lead.company_id
    if company is not None:
        stop(Q(lead__company=company), Enrolment.End.COLLEAGUE, now=now)


def open_planned(lead: Lead) -> PlannedTouch | None:
    """What is planned for a lead; None where it runs through no cadence.

    Every touch asks, and most leads run through none: the cadence is read only where there is one.
    """
    ids = fetch(
        """
        SELECT id FROM nurture_plannedtouch
         WHERE lead_id = %(lead)s AND state <> ALL(%(ended)s)
         ORDER BY id LIMIT 1
        """,
        {"lead": lead.pk, "ended": [*ENDED, PlannedState.UNCERTAIN]},
    )
    return PlannedTouch.objects.get(pk=ids[0][0]) if ids else None


def open_planned_of(leads: Collection[int]) -> dict[int, PlannedTouch]:
    """The same for many leads, by their ids, each with its cadence: one question."""
    found: dict[int, PlannedTouch] = {}
    for planned in (
        PlannedTouch.objects.open()
        .filter(lead__in=leads)
        .select_related("enrolment__version__cadence")
        .order_by("pk")
    ):
        found.setdefault(planned.lead_id, planned)
    return found


def fulfil(planned: PlannedTouch, touch: Touch, *, now: datetime) -> bool:
    """Whether a touch that a person made is the one their cadence waited for: then the next is planned."""
    is_it = (
        planned.state == PlannedState.AWAITING_HUMAN
        and touch.direction == Direction.OUT
        and touch.channel == planned.channel
    )
    if is_it:
        # A colleague's reply may stop it at this moment, without holding this lead.
        _hold(planned.enrolment_id)
        planned.refresh_from_db(fields=["state"])
        is_it = planned.state == PlannedState.AWAITING_HUMAN
    if is_it:
        planned.lead = touch.lead
        close(planned, PlannedState.SENT, now=now, by=touch.by, touch=touch)
        calendar = calendar_of(touch.lead, planned.contact)
        done_on = touch.occurred_at.astimezone(calendar.zone).date()
        if touch.channel in BY_POST:  # a call that follows a letter comes after its arrival
            ours = Organisation.current().country
            done_on = arrives_on(done_on, from_country=ours, calendar=calendar)
        advance(planned, done_on=done_on, now=now)
    return is_it


def _hold(enrolment_id: int) -> Enrolment:
    """An enrolment, locked: nobody stops it until this transaction ends.

    Before its planned touch, and after its lead: everybody locks them in this order.
    """
    return Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment_id)


def plan_again(touch: Touch, *, now: datetime) -> None:
    """A touch that closed a step is taken back: the step is due again, what followed it is not.

    Where it was a “not now”, what that began ends with it. Where the cadence went on already (the
    next mail is out), it stays as it is: nothing is made twice, or out of order.
    """
    stop(
        Q(lead=touch.lead_id, track=Step.Track.NOT_NOW, enrolled_at=touch.recorded_at),
        Enrolment.End.STOPPED,
        now=now,
        by=touch.by,
    )
    planned = PlannedTouch.objects.select_related("step", "enrolment").filter(touch=touch).first()
    if planned is None or _hold(planned.enrolment_id).ended_at is not None:
        return
    after_it = PlannedTouch.objects.filter(enrolment=planned.enrolment_id, pk__gt=planned.pk)
    if after_it.exclude(state__in=(*WITHDRAWABLE, PlannedState.CANCELLED)).exists():
        return
    after_it.filter(state__in=WITHDRAWABLE).update(
        state=PlannedState.CANCELLED,
        reason=_("the touch before it was taken back"),
        moved_by=touch.by,
        ended_at=now,
        lease=None,
        lease_until=None,
    )
    PlannedTouch.objects.create(
        enrolment=planned.enrolment,
        step=planned.step,
        occurrence=planned.occurrence + 1,
        lead=planned.lead,
        contact=planned.contact,
        channel=planned.channel,
        performer=planned.performer,
        created_at=now,
        due_on=planned.due_on,
        due_time=planned.due_time,
        zone=planned.zone,
        due_at=planned.due_at,
        not_after=now + LATEST,
    )


def close(
    planned: PlannedTouch,
    state: PlannedState,
    *,
    now: datetime,
    reason: str = "",
    by: User | None = None,
    touch: Touch | None = None,
) -> None:
    """Move a touch, which the caller has locked, to a state in which it ends."""
    planned.state = state
    planned.reason = reason[:250]
    planned.moved_by = by
    planned.touch = touch
    planned.ended_at = now
    planned.lease = planned.lease_until = None
    planned.save(
        update_fields=["state", "reason", "moved_by", "touch", "ended_at", "lease", "lease_until"]
    )


def park(planned: PlannedTouch, touch: Touch, returns_on: date | None = None) -> None:
    """An automatic reply is no reply: what is planned waits until the day it names (`returns_on`).

    Where it names none, for five working days there.
    """
    calendar = calendar_of(touch.lead, planned.contact)
    day, days = touch.occurred_at.astimezone(calendar.zone).date(), PARKED_DAYS
    if returns_on is not None:
        day, days = returns_on, 0
    until = intent_after(day, days, planned.due_time, calendar)
    # A dispatcher may claim it at this moment: it loses the claim, and finds so before it sends.
    waits = (PlannedState.PENDING, PlannedState.AWAITING_HUMAN, PlannedState.CLAIMED)
    PlannedTouch.objects.filter(pk=planned.pk, state__in=waits, due_at__lt=until.instant).exclude(
        channel__in=BY_POST, state=PlannedState.CLAIMED
    ).update(
        state=PlannedState.PENDING,
        reason=_("an automatic reply came"),
        moved_by=touch.by,
        lease=None,
        lease_until=None,
        **due(until),
    )
