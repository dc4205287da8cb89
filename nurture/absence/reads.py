"""What is shown of absences: on Today, on their own page, and before one is chosen.

Frozen dataclasses; a fixed number of queries, however much is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.absence.actions import Chosen, Way, may_choose_for
from nurture.absence.spreading import KEPT, shifted_to, working_days
from nurture.cadence import Rank
from nurture.engine.states import PlannedState
from nurture.models import Absence, Enrolment, PlannedTouch, Promise, Step
from prospects.imports.statements import fetch
from prospects.models import Lead
from prospects.routing.loads import day_of
from prospects.stages import WORKED
from team.calendar import Calendar
from team.models import Role, User

MOST_SHOWN = 100
MOST_PROMISES = 20
LOOKS_AHEAD = timedelta(days=28)
"""How far a preview looks where nobody knows the last day."""


# On Today


@dataclass(frozen=True)
class Away:
    """Somebody who is away now, as whoever covers them or manages them is told."""

    absence: int
    person: int
    name: str
    until: date | None
    way: str
    cover: int | None
    cover_name: str
    due: int
    kept: int
    """Promises and fresh inquiries among them."""

    @property
    def until_words(self) -> str:
        return _("until %s") % date_format(self.until, "M j") if self.until else _("for now")

    @property
    def words(self) -> str:
        """“Dana is away until Dec 3: 14 due are covered by Sam.”"""
        said = _("%(name)s is away %(until)s: ") % {"name": self.name, "until": self.until_words}
        due = ngettext("%s due", "%s due", self.due) % self.due
        kept = ngettext("%s promise or inquiry", "%s promises and inquiries", self.kept) % self.kept
        if self.way == Way.COVERED:
            return said + _("%(due)s, covered by %(cover)s.") % {
                "due": due,
                "cover": self.cover_name,
            }
        rest = _("the rest waits") if self.way == Way.PAUSED else _("the steps moved")
        if self.cover:
            return said + _("%(kept)s kept by %(cover)s, %(rest)s.") % {
                "kept": kept,
                "cover": self.cover_name,
                "rest": rest,
            }
        if self.kept:
            return said + _("%(kept)s, and nobody keeps them.") % {"kept": kept}
        return said + rest + "."

    @property
    def is_neglected(self) -> bool:
        """A promise is due, and nobody keeps it."""
        return bool(self.kept) and self.cover is None


def away_now(user: User, now: datetime) -> list[Away]:
    """Whom somebody covers, and for a manager who is away in their teams: one query."""
    teams = user.team_ids if user.manages and user.role != Role.ADMIN else []
    rows = fetch(
        """
        SELECT absence.id, person.id, person.name, absence.away_until, absence.way,
               cover.id, COALESCE(cover.name, ''), due.count, due.kept
          FROM nurture_absence AS absence
          JOIN team_user AS person ON person.id = absence.person_id
          LEFT JOIN team_user AS cover ON cover.id = absence.cover_id
         CROSS JOIN LATERAL (
               SELECT count(*) AS count,
                      count(*) FILTER (WHERE next_touch_rank = ANY(%(kept)s)) AS kept
                 FROM prospects_lead
                WHERE specialist_id = person.id AND stage = ANY(%(worked)s)
                  AND next_touch_at <= %(now)s) AS due
         WHERE absence.ended_at IS NULL AND absence.began_at IS NOT NULL
           AND (absence.cover_id = %(user)s OR person.team_id = ANY(%(teams)s::bigint[])
                OR %(sees_all)s)
         ORDER BY person.name, person.id LIMIT %(most)s
        """,
        {
            "kept": list(KEPT),
            "worked": sorted(WORKED),
            "now": now,
            "user": user.pk,
            "teams": list(teams),
            "sees_all": user.role == Role.ADMIN,
            "most": MOST_SHOWN,
        },
    )
    return [Away(*row) for row in rows]


def covered_by(user: User) -> dict[int, Away]:
    """Whom somebody covers now, by id: one query. What is due with them is not counted here."""
    rows = fetch(
        """
        SELECT absence.id, person.id, person.name, absence.away_until, absence.way,
               absence.cover_id, '', 0, 0
          FROM nurture_absence AS absence
          JOIN team_user AS person ON person.id = absence.person_id
         WHERE absence.cover_id = %(user)s AND absence.ended_at IS NULL
           AND absence.began_at IS NOT NULL
        """,
        {"user": user.pk},
    )
    return {row[1]: Away(*row) for row in rows}


def covered_leads(user: User, away: dict[int, Away]) -> Q:
    """The leads that somebody does for colleagues: all of theirs, or what cannot wait for them.

    Never more than they may see: who moved to another team meanwhile covers nothing any more.
    """
    whole = [pk for pk, each in away.items() if each.way == Way.COVERED]
    kept = [pk for pk, each in away.items() if each.way != Way.COVERED]
    mine = Q(specialist__in=whole) | Q(specialist__in=kept, next_touch_rank__in=KEPT)
    return mine if user.role == Role.ADMIN else mine & Q(team__in=user.team_ids)


# Its own page


@dataclass(frozen=True)
class AbsenceRow:
    pk: int
    person_pk: int
    name: str
    days: str
    way: str
    cover: str
    mail: str
    is_under_way: bool
    may_change: bool
    shifted: int


@dataclass(frozen=True)
class Unchosen:
    """Somebody who is or will be away, and nobody said what becomes of what is due."""

    pk: int
    name: str
    days: str


@dataclass(frozen=True)
class AbsencePage:
    now: tuple[AbsenceRow, ...]
    coming: tuple[AbsenceRow, ...]
    past: tuple[AbsenceRow, ...]
    unchosen: tuple[Unchosen, ...]
    may_choose: bool


def absence_page(user: User, now: datetime) -> AbsencePage:
    """Who is away, will be, and was lately: four queries."""
    today = day_of(now, user.organisation).on
    absences = list(
        Absence.objects.visible_to(user)
        .select_related("person", "cover")
        .annotate(n_shifted=Count("shifted"))
        .order_by("-pk")[:MOST_SHOWN]
    )
    managed = set(
        User.objects.visible_to(user).values_list("pk", flat=True) if user.manages else ()
    ) | {user.pk}
    rows = [
        (absence, _row(absence, may_change=absence.person_id in managed)) for absence in absences
    ]
    have_one = {absence.person_id for absence in absences if absence.ended_at is None}
    without = (
        User.objects.active()
        .specialists()
        .filter(pk__in=managed - have_one, away_from__isnull=False)
        .filter(Q(away_until__isnull=True) | Q(away_until__gte=today))
        .order_by("name", "pk")
    )
    is_open = [(absence, row) for absence, row in rows if absence.ended_at is None]
    return AbsencePage(
        now=tuple(row for absence, row in is_open if absence.began_at),
        coming=tuple(row for absence, row in is_open if not absence.began_at),
        past=tuple(row for absence, row in rows if absence.ended_at)[:10],
        unchosen=tuple(
            Unchosen(person.pk, person.name, _days(person.away_from, person.away_until))
            for person in without[:MOST_SHOWN]
            if person.away_from is not None
        ),
        may_choose=bool(people_for(user)),
    )


def _row(absence: Absence, *, may_change: bool) -> AbsenceRow:
    return AbsenceRow(
        pk=absence.pk,
        person_pk=absence.person_id,
        name=absence.person.name,
        days=_days(absence.away_from, absence.away_until),
        way=str(absence.get_way_display()),
        cover=absence.cover.name if absence.cover else "",
        mail=_("goes out") if absence.mail_goes_on else _("waits"),
        is_under_way=absence.began_at is not None and absence.ended_at is None,
        may_change=may_change and absence.ended_at is None,
        shifted=absence.n_shifted,  # type: ignore[attr-defined]
    )


def _days(first: date, last: date | None) -> str:
    if last is None:
        return _("from %s on") % date_format(first, "M j")
    return _("%(first)s to %(last)s") % {
        "first": date_format(first, "M j"),
        "last": date_format(last, "M j"),
    }


# Before it is chosen


@dataclass(frozen=True)
class PromiseDue:
    lead_pk: int
    lead: str
    at: datetime
    words: str


@dataclass(frozen=True)
class AbsencePreview:
    """What would become of what is due with somebody until they are back."""

    steps: int
    """Steps of cadences that wait for them."""
    own_rhythm: int
    """Leads outside cadences that are due."""
    promises: tuple[PromiseDue, ...]
    mails: int
    """Leads whose next step is a mail in their name."""
    days: int
    """Working days away; 0: nobody knows."""
    sentences: tuple[str, ...]


def absence_preview(person: User, chosen: Chosen, user: User, now: datetime) -> AbsencePreview:
    """Counted for the leads of a specialist: four queries. Refuses nothing; the action does."""
    organisation = user.organisation
    last = chosen.away_until or chosen.away_from + LOOKS_AHEAD
    steps = PlannedTouch.objects.filter(
        state__in=(PlannedState.PENDING, PlannedState.AWAITING_HUMAN),
        lead__specialist=person,
        lead__stage__in=sorted(WORKED),
        enrolment__paused_at__isnull=True,
        due_on__lte=last,
    )
    counts = steps.aggregate(
        people=Count("pk", filter=Q(performer=Step.Performer.PERSON)),
        mails=Count("pk", filter=Q(performer=Step.Performer.MACHINE)),
    )
    ends_at = day_of(now, organisation).ends_at + (last - day_of(now, organisation).on)
    rhythm = (
        Lead.objects.worked()
        .filter(specialist=person, next_touch_at__lt=ends_at)
        .exclude(next_touch_rank__in=(*KEPT, Rank.CADENCE))
        .exclude(Exists(Enrolment.objects.active().filter(lead=OuterRef("pk"))))
        .count()
    )
    promises = tuple(
        PromiseDue(
            given.lead_id,
            str(given.lead),
            given.due_at,
            given.words,
        )
        for given in Promise.objects.open()
        .filter(lead__specialist=person, due_at__lt=ends_at)
        .select_related("lead__company", "lead__contact")
        .order_by("due_at")[:MOST_PROMISES]
    )
    ours = organisation.calendar
    days = working_days(chosen.away_from, last, ours) if chosen.away_until else 0
    return AbsencePreview(
        steps=counts["people"],
        own_rhythm=rhythm,
        promises=promises,
        mails=counts["mails"],
        days=days,
        sentences=tuple(
            _sentences(
                person,
                chosen,
                counts=counts,
                rhythm=rhythm,
                promises=len(promises),
                ours=ours,
            )
        ),
    )


def _sentences(
    person: User,
    chosen: Chosen,
    *,
    counts: dict[str, int],
    rhythm: int,
    promises: int,
    ours: Calendar,
) -> list[str]:
    name, cover = person.get_short_name(), str(chosen.cover or "")
    said = []
    due = ngettext("%s step", "%s steps", counts["people"]) % f"{counts['people']:,}"
    others = ngettext("%s other lead", "%s other leads", rhythm) % f"{rhythm:,}"
    values = {"due": due, "others": others, "cover": cover, "name": name}
    match chosen.way:
        case Way.COVERED:
            said.append(
                _("%(due)s and %(others)s stand in %(cover)s’s Today; the leads stay %(name)s’s.")
                % values
            )
        case Way.PAUSED:
            said.append(_("%(due)s and %(others)s wait until %(name)s is back.") % values)
        case Way.SHIFTED if chosen.away_until is not None:
            days = working_days(chosen.away_from, chosen.away_until, ours)
            first = shifted_to(
                chosen.away_from,
                first=chosen.away_from,
                last=chosen.away_until,
                days=days,
                there=ours,
            )
            moved = values | {"days": days, "from": _day(chosen.away_from), "to": _day(first)}
            said.append(
                _(
                    "%(due)s move by %(days)s working days: what is due on %(from)s is due on"
                    " %(to)s. %(others)s wait."
                )
                % moved
            )
    if promises and chosen.way != Way.COVERED:
        said.append(
            _("Promises are never moved: %s keeps them.") % cover
            if cover
            else _("Promises are never moved, and nobody keeps them: your manager’s Today says so.")
        )
    mails = ngettext("%s mail", "%s mails", counts["mails"]) % f"{counts['mails']:,}"
    said.append(
        _("%(mails)s in %(name)s’s name would go out meanwhile.") % {"mails": mails, "name": name}
        if chosen.mail_goes_on
        else _("%(mails)s in %(name)s’s name would wait.") % {"mails": mails, "name": name}
    )
    said.append(
        _("Once %(name)s is back, what is overdue comes at most %(most)s a day.")
        % {"name": name, "most": person.daily_touches}
    )
    return said


def _day(day: date) -> str:
    return date_format(day, "M j")


def people_for(user: User) -> list[User]:
    """For whom somebody may choose: specialists they manage, or themself; one query."""
    if user.manages:
        seen = User.objects.visible_to(user).active().specialists()
        return list(seen.order_by("name", "pk"))
    return [user] if user.is_specialist and may_choose_for(user, user) else []
