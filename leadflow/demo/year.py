"""The year of the demo, played through the actions in the order in which it happens.

A heap of events: lists arrive, specialists work their queues day by day, people answer, leads are
handed over, reps accept, return, win and lose. Nothing looks at a clock: the same `now` and seed make
the same year.
"""

from __future__ import annotations

import csv
import heapq
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from types import MappingProxyType
from zoneinfo import ZoneInfo

from django.db import connection

from handoff import actions as handoff
from handoff.dossier import Word
from handoff.models import Handoff, Result
from handoff.reads import proposals
from leadflow.demo import cast as casting
from leadflow.demo import talk
from leadflow.demo.case import ELSEWHERE, QUALIFY, WRITES_BACK, Case
from leadflow.demo.cast import SPECIALIST_SHARES, SourcePlan
from leadflow.demo.market import (
    IDENTIFIERS,
    SOUND,
    Market,
    Prospect,
    Row,
    Writer,
    bought_list,
    form_list,
    shares,
    stand_list,
)
from leadflow.demo.places import CANADA, EAST, EUROPE, GERMANY, NORTHEAST, SOUTH, WEST, Place
from nurture import actions as nurture
from nurture.actions import Promised
from nurture.cadence import Rank
from nurture.contactability import next_opening
from nurture.touching import Channel, Direction, Outcome
from prospects import actions as prospects
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.imports.leads import import_leads
from prospects.models import Lead
from prospects.qualification import Attribute
from prospects.stages import Stage
from team.calendar import Calendar
from team.models import User

MONTHS = 11
"""Whole months before the running one: a year with it."""
LIST_ROWS, PAPER_ROWS, AD_ROWS, FAIR_ROWS, PARTNER_ROWS = 98, 38, 28, 90, 12
INQUIRIES, REFERRALS = 9, 3
STAND_ROWS = 20
LEAST_BEFORE_LAST_TALK = 6
FLAWS: dict[str, dict[str, float]] = {
    casting.LIST.name: {
        "dead": 0.23,
        "consultant": 0.12,
        "student": 0.06,
        "competitor": 0.015,
        "small": 0.2,
        "disposable": 0.01,
    },
    casting.PAPERS.name: {
        "dead": 0.06,
        "consultant": 0.16,
        "student": 0.17,
        "competitor": 0.03,
        "disposable": 0.04,
    },
    casting.ADS.name: {"dead": 0.1, "consultant": 0.1, "student": 0.08, "small": 0.08},
    casting.FAIRS.name: {"dead": 0.07, "consultant": 0.13, "student": 0.08, "competitor": 0.05},
    casting.PARTNERS.name: {"dead": 0.04, "small": 0.1},
    casting.WEBSITE.name: {"consultant": 0.06, "student": 0.06},
    casting.REFERRALS.name: {},
}
SET_ASIDE = {
    casting.LIST.name: 0.86,
    casting.PAPERS.name: 0.84,
    casting.ADS.name: 0.86,
    casting.FAIRS.name: 0.7,
    casting.PARTNERS.name: 0.4,
    casting.WEBSITE.name: 0.3,
    casting.REFERRALS.name: 0.0,
}
"""How many of those that passed screening a specialist's look at the website sets aside."""
HEAT = {
    casting.LIST.name: 0.85,
    casting.PAPERS.name: 1.0,
    casting.ADS.name: 0.8,
    casting.FAIRS.name: 1.25,
    casting.PARTNERS.name: 1.5,
    casting.WEBSITE.name: 1.9,
    casting.REFERRALS.name: 2.4,
}
CALLS_US = {
    casting.WEBSITE.name: 0.55,
    casting.REFERRALS.name: 0.7,
    casting.PARTNERS.name: 0.45,
    casting.FAIRS.name: 0.3,
}
"""How many call before anybody called them."""
KNOWN_ALREADY = 0.05
"""Rows of a list that say again what an earlier one said."""
MOST_TALKS = 7
"""Who has not come forward by then has gone elsewhere."""
INTERRUPTS = (Channel.PHONE, Channel.VOICEMAIL, Channel.MEETING)
"""Channels on which their hours count, beside ours."""
MOST_ATTEMPTS = 7
"""After so many a lead that talked once, but no more, is let go."""
LONGEST_JOB = timedelta(minutes=90)
"""Nothing that takes time is begun so shortly before the visitor arrives."""
ENDS = time(17)
AUTO_LIVE = {"Carol Barrett": 5, "Erik Lund": 7}
"""How many live opportunities a rep gets by the run of things; their last ones come by hand."""


@dataclass(order=True)
class Event:
    at: datetime
    turn: int
    what: Callable[[datetime], None] = field(compare=False)


class Year:
    """The world of the demo. `now` is the instant at which it ends and the visitor arrives."""

    def __init__(self, now: datetime, *, seed: int = 1, months: int = MONTHS) -> None:
        self.chance = Random(f"year/{seed}")  # noqa: S311 - a story, no secret
        self.market = Market(seed)
        self.zone = ZoneInfo(EAST)
        self.ours = Calendar(zone=self.zone, country="US")
        self.now = now.astimezone(self.zone)
        self.today = self.now.date()
        self.months = months
        self.opening = _months_before(self.today, months)
        self.events: list[Event] = []
        self.turns = count()
        self.cases: dict[int, Case] = {}
        self.raw: dict[int, list[Case]] = {}
        self.queues: dict[int, list[Case]] = {}
        self.known: list[tuple[Prospect, str]] = []
        self.handoffs_made = 0
        self.folder = Path()

    # The frame

    def play(self) -> None:
        self.cast = casting.hire(self.opening)
        self.raw = {person.pk: [] for person in self.cast.specialists}
        self.queues = {person.pk: [] for person in self.cast.specialists}
        self._plan_arrivals()
        self._plan_days()
        self._plan_last_days()
        with tempfile.TemporaryDirectory() as folder:
            self.folder = Path(folder)
            while self.events and self.events[0].at <= self.now:
                event = heapq.heappop(self.events)
                event.what(event.at)

    def at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self.events, Event(when, next(self.turns), what))

    def working_days_ago(self, days: int) -> date:
        """The day, so many working days before today; today itself need be none."""
        day = self.today
        while days:
            day -= timedelta(days=1)
            days -= self.ours.is_working_day(day)
        return day

    def at_our(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone)

    # What arrives

    def _plan_arrivals(self) -> None:
        fairs = {self.months - before for before in (1, 5, 7, 11)}
        for number in range(self.months + 1):
            month = _months_before(self.today, self.months - number)
            for plan in casting.SOURCES:
                is_fair = plan is casting.FAIRS and number in fairs
                casting.pay(self.cast, plan, month, event=is_fair)
            self._plan_list(casting.LIST, bought_list, month, 4, LIST_ROWS)
            if number % 2:
                self._plan_list(casting.ADS, form_list, month, 11, AD_ROWS)
            else:
                self._plan_list(casting.PAPERS, form_list, month, 18, PAPER_ROWS)
            if number in fairs:
                self._plan_list(casting.FAIRS, stand_list, month, 14, FAIR_ROWS)
            if number % 3 == 1:
                self._plan_list(casting.PARTNERS, form_list, month, 7, PARTNER_ROWS)
            for plan, often in ((casting.WEBSITE, INQUIRIES), (casting.REFERRALS, REFERRALS)):
                for _one in range(often):
                    day = self.ours.working_day_on_or_after(
                        month + timedelta(days=self.chance.randint(0, 27))
                    )
                    moment = self.at_our(
                        day, self.chance.randint(9, 16), self.chance.randint(0, 59)
                    )
                    self.at(moment, self._inquiry(plan))

    def _plan_list(
        self,
        plan: SourcePlan,
        writer: Writer,
        month: date,
        day: int,
        rows: int,
    ) -> None:
        on = self.ours.working_day_on_or_after(month.replace(day=day))
        arrives = self.at_our(on, 9, self.chance.randint(5, 50))
        self.at(arrives, lambda at: self._read_list(plan, writer, rows, at))

    def _read_list(self, plan: SourcePlan, writer: Writer, rows: int, at: datetime) -> None:
        self._import(plan, writer, rows, at)

    def _import(
        self,
        plan: SourcePlan,
        writer: Writer,
        rows: int,
        at: datetime,
        weights: Mapping[str, float] = MappingProxyType(dict(SPECIALIST_SHARES)),
    ) -> list[Case]:
        """A list as a file, read by the product's own import; returns those who passed screening."""
        prospects_in_file: dict[str, tuple[Prospect, str]] = {}
        lines: list[Row] = []
        for name, share in shares(rows, weights):
            for _row in range(share):
                if self.known and self.chance.random() < KNOWN_ALREADY:
                    known, owner = self.chance.choice(self.known)
                    lines.append(writer(known, owner) | {IDENTIFIERS[writer]: ""})
                    continue
                prospect = self._prospect(plan, name)
                owner = name if plan is not casting.PAPERS else ""
                prospects_in_file[prospect.external_id] = (prospect, name)
                lines.append(writer(prospect, owner))
        self.known += [known for known in prospects_in_file.values() if known[0].flaw == SOUND]
        self.chance.shuffle(lines)
        file_name = f"{plan.name.lower().replace(' ', '-')}-{at:%Y-%m}.csv"
        path = self.folder / file_name
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(lines[0]))
            table.writeheader()
            table.writerows(lines)
        result = import_leads(
            path,
            by=self.cast.jennifer,
            team=self.cast.region,
            source=plan.name,
            told={IDENTIFIERS[writer]: "external_id"},
            now=at,
        )
        if self.handoffs_made == 0:
            _analyze()
        taken_in: list[Case] = []
        arrived = Lead.objects.filter(intake=result.record).select_related(
            "contact", "company", "specialist"
        )
        for lead in arrived.order_by("pk"):
            prospect, name = prospects_in_file[lead.external_id or ""]
            if lead.stage == Stage.RAW:
                specialist = lead.specialist or self._specialist(name)
                taken_in.append(self._take_in(prospect, lead, specialist, plan, at))
        return taken_in

    def _prospect(self, plan: SourcePlan, specialist: str) -> Prospect:
        region: tuple[Place, ...]
        if specialist == "Sam Ortiz":
            region = self.chance.choice((SOUTH, SOUTH, WEST))
        elif specialist == "Dana Whitfield":
            is_carols = self.chance.random() < 0.7
            region = tuple(
                place for place in NORTHEAST if (place.region in casting.CAROLS_STATES) == is_carols
            )
        elif self.chance.random() < 0.6:
            region = self.chance.choice((CANADA, EUROPE))
        else:
            region = NORTHEAST
        return self.market.prospect(FLAWS[plan.name], region)

    def _specialist(self, name: str) -> User:
        return next(person for person in self.cast.specialists if person.name == name)

    def _take_in(
        self, prospect: Prospect, lead: Lead, specialist: User, plan: SourcePlan, at: datetime
    ) -> Case:
        place = prospect.place
        case = Case(
            prospect=prospect,
            lead=lead,
            specialist=specialist,
            zone_calendar=Calendar(zone=ZoneInfo(place.timezone), country=place.country),
            heat=HEAT[plan.name],
        )
        self.cases[lead.pk] = case
        is_flawed = prospect.flaw != SOUND
        case.unfit = is_flawed or prospect.chance.random() < SET_ASIDE[plan.name]
        if not case.unfit and prospect.chance.random() < CALLS_US.get(plan.name, 0):
            calls = self._in_our_hours(at + timedelta(minutes=prospect.chance.randint(20, 300)))
            self.at(self._in_both_hours(case, calls), lambda then: self._rings(case, then))
        else:
            self.raw[specialist.pk].append(case)
        return case

    def _rings(self, case: Case, at: datetime) -> None:
        """They call us before anybody called them."""
        if at > self.now - LONGEST_JOB:
            return
        if case.lead.specialist_id is None:
            case.lead = prospects.enter_program(lead=case.lead, by=case.specialist, now=at)
        case.first_talk(at, Channel.PHONE, Outcome.CONVERSATION, direction=Direction.IN)

    def _inquiry(self, plan: SourcePlan) -> Callable[[datetime], None]:
        def arrive(at: datetime) -> None:
            names = [name for name, _weight in SPECIALIST_SHARES]
            weights = [weight for _name, weight in SPECIALIST_SHARES]
            specialist = self._specialist(self.chance.choices(names, weights)[0])
            self.inquire(plan, specialist, at)

        return arrive

    def inquire(
        self, plan: SourcePlan, specialist: User | None, at: datetime, *, keep: bool = False
    ) -> Lead:
        """One lead by the form of the website, or told to a specialist on the phone.

        Without a `specialist` it comes from Germany and waits in the queue of Dana's team: of those
        there only Priya speaks German, and she may have no more.
        """
        owner = specialist or self.cast.dana
        if specialist is None:
            self._fill(self.cast.priya)
        kept_from = NORTHEAST if specialist else GERMANY
        prospect = self.market.prospect({}, kept_from) if keep else self._prospect(plan, owner.name)
        person = prospect.person
        is_form = plan is casting.WEBSITE
        lead = prospects.create_lead(
            source=self.cast.sources[plan.name],
            company=CompanyDetails(
                name=prospect.company,
                domain=prospect.domain,
                country=prospect.place.country,
                region=prospect.place.region,
                city=prospect.place.city,
                timezone=prospect.place.timezone,
            ),
            contact=ContactDetails(
                first_name=person.first_name,
                last_name=person.last_name,
                title=person.title,
                email=person.email,
                phone=person.phone,
            ),
            details=LeadDetails(
                note=prospect.message
                or talk.mentions("We want {wish}. Who can come and look?", wish=prospect.plot.wish)
            ),
            team=owner.team or self.cast.region,
            by=self.cast.jennifer if is_form or specialist is None else owner,
            now=at,
        )
        if specialist is None or lead.stage != Stage.RAW:
            return lead
        if not keep:
            self._take_in(prospect, lead, lead.specialist or owner, plan, at)
        return lead

    def _fill(self, person: User) -> None:
        """From now on they may have as many open leads as they have, and no more."""
        have = Lead.objects.worked().filter(specialist=person).count()
        User.objects.filter(pk=person.pk).update(lead_capacity=have)

    # The days

    def _plan_days(self) -> None:
        day = self.opening
        while day <= self.today:
            if self.ours.is_working_day(day):
                self.at(self.at_our(day, 6), self._judge_anew)
                for person in self.cast.specialists:
                    starts = self.at_our(day, 9, self.chance.randint(0, 12))
                    self.at(starts, self._work_day(person))
            day += timedelta(days=1)

    def _judge_anew(self, at: datetime) -> None:
        """What the tick does every minute: worked leads of whom a fact went stale."""
        for case in self.cases.values():
            changes_at = case.lead.reassess_at
            if changes_at is not None and changes_at <= at and case.lead.is_worked:
                lead = prospects.locked(case.lead)
                prospects.reassess(lead=lead, now=at)
                nurture.plan_next(lead=lead, now=at)
                case.lead = lead

    def _work_day(self, person: User) -> Callable[[datetime], None]:
        def begin(at: datetime) -> None:
            evening = at.replace(hour=ENDS.hour, minute=0)
            self.queues[person.pk] = self._due(person, evening)
            self._step(person, at, evening)

        return begin

    def _due(self, person: User, until: datetime) -> list[Case]:
        """The product's queue of the day, as the actions stored it on the leads."""
        due = [
            ((lead.next_touch_rank, lead.next_touch_at, lead.pk), case)
            for case in self.cases.values()
            if case.specialist == person
            and (lead := case.lead).is_worked
            and lead.stage != Stage.RAW  # those are taken from `raw`, one after the other
            and lead.next_touch_at is not None
            and lead.next_touch_at + case.patience <= until
        ]
        return [case for _place, case in sorted(due, key=lambda found: found[0])]

    def _step(self, person: User, at: datetime, evening: datetime) -> None:
        """Do the first thing that can be done now, and come back when it is done."""
        if at > self.now - LONGEST_JOB:
            return
        free_at = self._do_next(person, at)
        if free_at is None:
            free_at = self._next_possible(person, at)
        if free_at is not None and free_at < evening - timedelta(minutes=12):
            self.at(free_at, lambda then: self._step(person, then, evening))

    def _do_next(self, person: User, at: datetime) -> datetime | None:
        queue, raw = self.queues[person.pk], self.raw[person.pk]
        for position, case in enumerate(queue):
            if self._is_possible(case, at):
                del queue[position]
                return self._work(case, at)
        if raw and not self._is_away(person, at):
            case = raw[0]
            if case.unfit:
                raw.pop(0)
                return self._set_aside(case, at)
            if self._opening(case, at) == at:
                raw.pop(0)
                return self._first_touch(case, at)
            raw.append(raw.pop(0))
            return at + timedelta(minutes=1)
        return None

    def _is_away(self, person: User, at: datetime) -> bool:
        """Dana was at a trade fair the last two days: what is not promised has waited for her."""
        return person == self.cast.dana and at.date() >= self.working_days_ago(2)

    def _is_possible(self, case: Case, at: datetime) -> bool:
        lead = case.lead
        if case.held or lead.next_touch_at is None or lead.next_touch_at + case.patience > at:
            return False
        if not lead.is_worked or lead.stage == Stage.QUALIFIED:
            return False
        if self._is_away(case.specialist, at) and lead.next_touch_rank != Rank.PROMISE:
            return False
        if lead.next_touch_rank == Rank.GIVE_UP and case.specialist == self.cast.dana:
            return at.date() < self.working_days_ago(8)
        return lead.next_touch_channel not in INTERRUPTS or self._opening(case, at) == at

    def _next_possible(self, person: User, at: datetime) -> datetime | None:
        """When something of the day's queue can be done; None: nothing more today."""
        times = [
            max(
                case.lead.next_touch_at + case.patience,
                self._opening(case, at),
                at + timedelta(minutes=5),
            )
            for case in self.queues[person.pk]
            if case.lead.next_touch_at is not None
            and case.lead.is_worked
            and not case.held
            and case.lead.stage != Stage.QUALIFIED
            and (case.lead.next_touch_rank == Rank.PROMISE or not self._is_away(person, at))
            and (case.lead.next_touch_at + case.patience).date() <= at.date()
        ]
        return min(times, default=None)

    def _opening(self, case: Case, at: datetime) -> datetime:
        return next_opening(at, case.zone_calendar)

    def _set_aside(self, case: Case, at: datetime) -> datetime:
        flaw = case.prospect.flaw
        if flaw == SOUND:
            return case.set_aside(at)
        prospects.screen_out(
            lead=case.lead, reason=flaw, by=case.specialist, now=at, note="seen on the website"
        )
        return at + timedelta(minutes=2)

    def _first_touch(self, case: Case, at: datetime) -> datetime:
        if case.lead.specialist_id is None:
            case.lead = prospects.enter_program(lead=case.lead, by=case.specialist, now=at)
        return self._call(case, at)

    def _work(self, case: Case, at: datetime) -> datetime:
        lead = case.lead
        if lead.next_touch_rank == Rank.GIVE_UP:
            return case.give_up(at)
        if case.is_warm:
            free_at = self._follow_up(case, at)
        elif lead.next_touch_channel == Channel.PHONE:
            free_at = self._call(case, at)
        elif lead.next_touch_channel == Channel.VOICEMAIL:
            free_at = case.voicemail(at)
        elif lead.next_touch_channel == Channel.EMAIL:
            free_at = self._write(case, at)
        else:
            free_at = case.letter(at)
        self._see_whether_qualified(case, free_at)
        return free_at

    def _call(self, case: Case, at: datetime) -> datetime:
        free_at = case.call(at)
        self._see_whether_qualified(case, free_at)
        if self._wants_voicemail(case):
            free_at = case.voicemail(free_at)
        return free_at

    def _wants_voicemail(self, case: Case) -> bool:
        lead = case.lead
        return lead.is_worked and not case.is_warm and lead.next_touch_channel == Channel.VOICEMAIL

    def _write(self, case: Case, at: datetime) -> datetime:
        chance = case.chance
        free_at = case.email(at)
        roll = chance.random()
        if roll < WRITES_BACK * case.heat:
            answers = self._in_both_hours(case, at + timedelta(minutes=chance.randint(40, 1500)))
            self.at(answers, case.write_back)
        elif 0.9 < roll < 0.935:
            bounced = roll > 0.925
            note = "" if bounced else chance.choice(talk.AUTO_REPLIES)
            outcome = Outcome.BOUNCED if bounced else Outcome.AUTO_REPLY
            self.at(at + timedelta(minutes=1), lambda then: self._robot(case, outcome, note, then))
        elif case.lead.complete_attempts in (2, 4) and case.letters < 2 and roll > 0.55:
            free_at = case.letter(free_at)
        return free_at

    def _robot(self, case: Case, outcome: str, note: str, at: datetime) -> None:
        if case.lead.stage == Stage.NURTURING:
            case.log(Channel.EMAIL, outcome, at, note=note)
        if outcome == Outcome.BOUNCED:
            case.find_address(at + timedelta(minutes=5))

    def _follow_up(self, case: Case, at: datetime) -> datetime:
        """They talked to us before: a promised talk mostly takes place, another call at times."""
        lead, chance = case.lead, case.chance
        was_promised = lead.next_touch_rank == Rank.PROMISE
        if lead.complete_attempts >= MOST_ATTEMPTS and not was_promised:
            case.log(Channel.PHONE, Outcome.GATEKEEPER, at)
            return case.told_at_the_desk(at + timedelta(minutes=2))
        if lead.next_touch_channel == Channel.MEETING:
            if chance.random() < 0.84:
                return self._talk(case, at, Channel.MEETING, Outcome.HELD)
            case.log(Channel.MEETING, Outcome.NO_SHOW, at, note="Did not come; sorry by mail.")
            return at + timedelta(minutes=12)
        if lead.next_touch_channel == Channel.EMAIL:
            return case.email(at, chance.choice(talk.FOLLOW_UPS))
        if lead.next_touch_channel == Channel.VOICEMAIL:
            return case.voicemail(at)
        if lead.next_touch_channel != Channel.PHONE:
            return case.letter(at)
        if chance.random() < (0.62 if was_promised else 0.15):
            return self._talk(case, at, Channel.PHONE, Outcome.CONVERSATION)
        case.log(Channel.PHONE, Outcome.NO_ANSWER, at)
        return case.voicemail(at + timedelta(minutes=2))

    def _talk(self, case: Case, at: datetime, channel: str, outcome: str) -> datetime:
        if case.talks >= MOST_TALKS:
            case.fate = ELSEWHERE
        if case.fate != QUALIFY:
            return case.first_talk(at, channel, outcome)
        return case.next_talk(at, channel, outcome)

    # To sales

    def _see_whether_qualified(self, case: Case, at: datetime) -> None:
        if case.lead.stage != Stage.QUALIFIED or case.handing_over or case.held:
            return
        case.handing_over = True
        day = self.ours.add_working_days(at.date(), case.chance.randint(1, 3))
        when = self.at_our(day, case.chance.randint(9, 15), case.chance.randint(0, 59))
        self.at(when, lambda then: self._hand_off(case, then))

    def _hand_off(self, case: Case, at: datetime, waits: int = 0) -> None:
        case.refresh()
        if case.lead.stage != Stage.QUALIFIED or case.held:
            case.handing_over = False
            return
        rep = self._rep_for(case, at, anybody=waits >= 2)
        if rep is None:
            later = self.ours.add_working_days(at.date(), 2)
            self.at(
                self.at_our(later, 10, case.chance.randint(0, 59)),
                lambda then: self._hand_off(case, then, waits + 1),
            )
            return
        made = self.hand_to(case, rep, at)
        if made is not None:
            self._plan_rep(case, made, rep, at)

    def _rep_for(self, case: Case, at: datetime, *, anybody: bool) -> User | None:
        """Whom the product proposes, if they have room; outside a territory only after waiting."""
        for proposal in proposals(case.lead, now=at):
            room = AUTO_LIVE.get(proposal.name, proposal.capacity) - proposal.live
            if room > 0 and (proposal.in_territory or anybody):
                return next(rep for rep in self.cast.reps if rep.pk == proposal.rep)
        return None

    def hand_to(self, case: Case, rep: User, at: datetime) -> Handoff | None:
        """Hand the lead over; None if the gate closed in the meantime."""
        plot, person = case.prospect.plot, case.prospect.person
        decides = person if person.decides else case.prospect.colleague
        by = self.cast.jennifer if case.chance.random() < 0.25 else case.specialist
        case.handing_over = False
        case.refresh()
        if case.lead.stage != Stage.QUALIFIED or not prospects.judge(lead=case.lead, now=at).passes:
            return None
        made = handoff.hand_off(
            lead=case.lead,
            rep=rep,
            by=by,
            now=at,
            word=Word(
                headline=talk.headline(case.prospect.company, plot),
                said=talk.handed_over(plot, decides.name),
                hot_buttons=plot.hot_buttons,
            ),
        )
        self.handoffs_made += 1
        case.was_with_sales = True
        case.refresh()
        if made.accept_by is not None:
            self.at(made.accept_by + timedelta(minutes=1), self._see_overdue)
        return made

    def _plan_rep(self, case: Case, made: Handoff, rep: User, at: datetime) -> None:
        chance = case.chance
        is_late = chance.random() < 0.07
        hours = chance.randint(27, 44) if is_late else int(chance.triangular(1, 23, 4))
        when = self._in_our_hours(
            self.ours.add_working_hours(at, hours) + timedelta(minutes=chance.randint(0, 40))
        )
        is_wrong = chance.random() < 0.1
        if is_wrong:
            self.at(when, lambda then: self._return(case, made, rep, then))
        else:
            self.at(when, lambda then: self._accept(case, made, rep, then))

    def _see_overdue(self, at: datetime) -> None:
        handoff.mark_overdue(now=at)

    def _in_our_hours(self, at: datetime) -> datetime:
        return next_opening(at, self.ours)

    def _in_both_hours(self, case: Case, at: datetime) -> datetime:
        """The first instant at which it is a working hour both here and where they are."""
        while True:
            here = next_opening(at, self.ours)
            at = next_opening(here, case.zone_calendar)
            if at == here:
                return at

    def _return(self, case: Case, made: Handoff, rep: User, at: datetime) -> None:
        wrong = case.chance.choice(list(talk.RETURNS))
        handoff.return_to_program(
            handoff=made,
            wrong_attributes=[wrong],
            reason=case.chance.choice(talk.RETURNS[wrong]),
            by=rep,
            now=at,
        )
        case.refresh()

    def _accept(self, case: Case, made: Handoff, rep: User, at: datetime) -> None:
        handoff.accept(handoff=made, by=rep, now=at)
        case.refresh()
        chance = case.chance
        day = self.ours.add_working_days(at.date(), chance.randint(1, 2))
        call = self._in_both_hours(
            case, self.at_our(day, chance.randint(11, 15), chance.randint(0, 50))
        )
        self.at(call, lambda then: self._first_call(case, rep, then))
        ends = self.ours.add_working_days(at.date(), int(chance.triangular(14, 75, 36)))
        end = self.at_our(ends, chance.randint(9, 16), chance.randint(0, 59))
        self.at(end, lambda then: self._result(case, made, rep, then))

    def _first_call(self, case: Case, rep: User, at: datetime) -> None:
        said = case.chance.choice(talk.REP_CALLS).replace("Dana", case.specialist.get_short_name())
        in_person = case.chance.random() < 0.94
        case.log(
            Channel.MEETING if in_person else Channel.PHONE,
            Outcome.HELD if in_person else Outcome.CONVERSATION,
            at,
            by=rep,
            note=said,
            minutes=Decimal(case.chance.randint(12, 38)),
        )

    def _result(self, case: Case, made: Handoff, rep: User, at: datetime) -> None:
        chance = case.chance
        result = chance.choices((Result.WON, Result.LOST, Result.STALLED), (44, 42, 14))[0]
        potential = case.prospect.plot.potential
        revenue = Decimal(round(int(potential) * chance.uniform(0.62, 1.12), -3))
        back_on = self.ours.working_day_on_or_after(
            at.date() + timedelta(days=chance.randint(30, 75))
        )
        handoff.report_result(
            handoff=made,
            result=result,
            by=rep,
            now=at,
            revenue=revenue if result == Result.WON else None,
            lost_reason=chance.choice(talk.LOST) if result == Result.LOST else "",
            back_on=back_on if result == Result.STALLED else None,
            note=chance.choice(talk.STALLED) if result == Result.STALLED else "",
        )
        case.refresh()

    # The last days, so that each of the three finds work waiting

    def _plan_last_days(self) -> None:
        ago = self.working_days_ago
        self.at(self.at_our(ago(27), 11, 20), self._someone_for_later)
        self.at(self.at_our(ago(7), 10), self._six_come_forward)
        self.at(self.at_our(ago(7), 15, 10), self._someone_to_follow_up)
        self.at(self.at_our(ago(4), 11, 30), self._someone_decides_soon)
        self.at(self.at_our(ago(4), 14), self._two_promises_for_today)
        self.at(self.at_our(ago(1), 16, 20), self._cards_from_the_fair)
        for minutes, specialist in ((135, None), (20, self.cast.dana)):
            self.at(self.now - timedelta(minutes=minutes), self._fresh_inquiry(specialist))

    def _of_dana(self, number: int, *, least_touches: int = 0) -> list[Case]:
        """Leads that Dana develops, those in Carol's territory and with whom she talked first."""
        found = [
            case
            for case in self.cases.values()
            if case.specialist == self.cast.dana
            and case.lead.stage == Stage.NURTURING
            and case.lead.outbound_touches >= least_touches
            and case.lead.next_touch_rank not in (Rank.PROMISE, Rank.LONG_TERM)
            and not (case.held or case.handing_over or case.was_with_sales)
        ]
        found.sort(
            key=lambda case: (
                case.prospect.place.region not in casting.CAROLS_STATES,
                case.talks not in (1, 2, 3),
                case.lead.pk,
            )
        )
        for case in found[:number]:
            case.held, case.fate = True, QUALIFY
        return found[:number]

    def _cards_from_the_fair(self, at: datetime) -> None:
        """What Dana collected at the fair, brought in yesterday: nobody has called them yet."""
        only = {self.cast.dana.name: 1.0}
        for case in self._import(casting.FAIRS, stand_list, STAND_ROWS, at, only):
            nurture.plan_next(lead=prospects.locked(case.lead), now=at)

    def _someone_for_later(self, at: datetime) -> None:
        for case in self._of_dana(1):
            case.not_now(at, Channel.PHONE, Outcome.CONVERSATION, promises=False)
            case.held = True

    def _six_come_forward(self, at: datetime) -> None:
        """Two that Carol finds on her screen, one that Erik is silent about, two that are ready, and
        one that lacks an answer."""
        six = self._of_dana(6, least_touches=3)
        for position, case in enumerate(six):
            meets_again = self.at_our(
                self.working_days_ago(2), 10 + position // 2, 30 * (position % 2)
            )
            case.next_talk(
                at + timedelta(minutes=40 * position),
                Channel.MEETING,
                Outcome.HELD,
                promised=Promised(meets_again, Channel.MEETING, "video call with the figures"),
            )
            but = {Attribute.BUDGET} if position == len(six) - 1 else set()
            self.at(meets_again, self._last_talk(case, frozenset(but)))
        carol, erik = self.cast.carol, self.cast.reps[1]
        overdue = self.at_our(self.working_days_ago(2), 16, 30)
        given = [(carol, when) for when in self._handed_to_carol()]
        for case, (rep, when) in zip(six, [*given, (erik, overdue)], strict=False):
            self.at(when, self._hand_now(case, rep))

    def _last_talk(self, case: Case, everything_but: frozenset[str]) -> Callable[[datetime], None]:
        def talk_it_over(at: datetime) -> None:
            while case.lead.outbound_touches < LEAST_BEFORE_LAST_TALK:
                at = case.email(at)
            case.next_talk(at, Channel.MEETING, Outcome.HELD, everything_but=everything_but)

        return talk_it_over

    def _handed_to_carol(self) -> tuple[datetime, datetime]:
        """One whose time to accept is nearly over when the visitor arrives, and one later."""
        last = self.working_days_ago(1)
        if not self.ours.is_working_day(self.today):
            return self.at_our(last, 9, 20), self.at_our(last, 15, 40)
        clock = self.now.hour * 60 + self.now.minute
        if clock > 16 * 60 + 20:
            return self.at_our(self.today, 9, 20), self.at_our(self.today, 15, 40)
        nearly_over = min(max(clock + 85, 9 * 60 + 5), 16 * 60 + 50)
        first = self.at_our(last, nearly_over // 60, nearly_over % 60)
        if clock >= 10 * 60 + 10:
            return first, self.at_our(self.today, 9, 40)
        return first, max(first + timedelta(minutes=4), self.at_our(last, 16, 10))

    def _hand_now(self, case: Case, rep: User) -> Callable[[datetime], None]:
        def hand_over(at: datetime) -> None:
            case.refresh()
            if case.lead.stage == Stage.QUALIFIED:
                self.hand_to(case, rep, at)

        return hand_over

    def _someone_to_follow_up(self, at: datetime) -> None:
        for case in self._of_dana(1):
            case.next_talk(at, Channel.MEETING, Outcome.HELD, keep_quiet=True)

    def _someone_decides_soon(self, at: datetime) -> None:
        for case in self._of_dana(1):
            case.next_talk(at, Channel.MEETING, Outcome.HELD, keep_quiet=True)
            case.decides_on(self.today + timedelta(days=13), at + timedelta(minutes=45))

    def _two_promises_for_today(self, at: datetime) -> None:
        for position, case in enumerate(self._of_dana(2)):
            case.next_talk(
                at + timedelta(minutes=45 * position),
                Channel.MEETING,
                Outcome.HELD,
                promised=self._for_today(position),
            )

    def _for_today(self, position: int) -> Promised:
        if not self.ours.is_working_day(self.today):
            due = self.at_our(self.today, 9 + position)
            return Promised(due, Channel.EMAIL, "the payback sheet, before their first meeting")
        if position == 0:
            words = "call before the production meeting, with the payback"
            return Promised(self.at_our(self.today, 9, 30), Channel.PHONE, words)
        due = self.at_our(self.today, 15, 30)
        return Promised(due, Channel.PHONE, "call when the electrician is back")

    def _fresh_inquiry(self, specialist: User | None) -> Callable[[datetime], None]:
        def arrive(at: datetime) -> None:
            lead = self.inquire(casting.WEBSITE, specialist, at, keep=True)
            nurture.plan_next(lead=prospects.locked(lead), now=at)

        return arrive


def _analyze() -> None:
    """Tell the planner of the first leads: nobody else will before all is committed.

    Of our own tables only: those that the server's databases share would stay locked until then.
    """
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.django_table_names(only_existing=True))
        cursor.execute(f"ANALYZE {', '.join(map(connection.ops.quote_name, tables))}")


def _months_before(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 - months
    return date(whole // 12, whole % 12 + 1, 1)
