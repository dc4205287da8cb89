"""One lead of the demo and what a specialist does with it, touch by touch, through the actions.

What will become of it is drawn from its prospect's own chance, so it does not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from leadflow.demo import talk
from leadflow.demo.market import Prospect
from nurture import actions as nurture
from nurture.actions import Promised, log_touch
from nurture.cadence import Rank
from nurture.models import Touch
from nurture.touching import Channel, Outcome
from prospects import actions as prospects
from prospects.actions import CompanyDetails, ContactDetails, Evidence, LeadDetails
from prospects.models import Contact, IndustryCode, Lead
from prospects.qualification import Answer, Attribute, Basis, BuyingRole, Horizon
from prospects.stages import Disqualification, Stage
from team.calendar import Calendar
from team.models import User

PICKS_UP = (0.085, 0.044, 0.026, 0.016, 0.008, 0.004)
"""How likely a call of the n-th attempt becomes a conversation; after that as the last."""
WRITES_BACK = 0.032
"""How likely an email is answered."""
QUALIFY, NO_NEED, NO_FIT, ELSEWHERE, STOP, LATER = (
    "qualify",
    "no_need",
    "no_fit",
    "went_elsewhere",
    "asked_to_stop",
    "later",
)
FATES = {QUALIFY: 72, NO_NEED: 7, NO_FIT: 4, ELSEWHERE: 4, STOP: 3, LATER: 10}

FIRST_ASKED = (Attribute.PAIN, Attribute.ENVIRONMENT)
THEN_ASKED = (Attribute.COMPETITION, Attribute.URGENCY)
LAST_ASKED = (Attribute.PROCESS, Attribute.BUDGET)


@dataclass
class Case:
    """A lead, the prospect behind it, and how far the talks have come."""

    prospect: Prospect
    lead: Lead
    specialist: User
    zone_calendar: Calendar
    heat: float = 1.0
    """How much readier to talk than a bought address."""
    talks: int = 0
    fate: str = ""
    letters: int = 0
    first_contact: Contact | None = None
    colleague: Contact | None = None
    handing_over: bool = False
    """Somebody has set out to hand it over."""
    unfit: bool = False
    """A look at the website will set it aside."""
    was_with_sales: bool = False
    held: bool = False
    """Kept for a scene of the last days."""
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        chance = self.prospect.chance
        self.fate = chance.choices(list(FATES), list(FATES.values()))[0]

    @property
    def patience(self) -> timedelta:
        """A next attempt is begun some days after it is due: there are others, and weekends."""
        if self.lead.next_touch_rank != Rank.NEXT_ATTEMPT:
            return timedelta()
        return timedelta(days=(self.prospect.number * 7 + self.lead.complete_attempts * 3) % 29)

    @property
    def is_warm(self) -> bool:
        return self.talks > 0

    @property
    def chance(self) -> Any:
        return self.prospect.chance

    def refresh(self) -> None:
        self.lead = Lead.objects.select_related("contact", "company").get(pk=self.lead.pk)

    def words(self, words: str, other: str = "") -> str:
        """A note about this prospect."""
        plot = self.prospect.plot
        return talk.mentions(
            words, unit=plot.unit, wish=plot.wish, said=plot.said, other=other or "a colleague"
        )

    def name_of_day(self, day: date) -> str:
        return f"{day:%B} {day.day}"

    # Single touches

    def log(
        self,
        channel: str,
        outcome: str,
        at: datetime,
        *,
        by: User | None = None,
        note: str = "",
        **more: Any,
    ) -> Touch:
        touch = log_touch(
            lead=self.lead,
            channel=channel,
            outcome=outcome,
            by=by or self.specialist,
            now=at,
            note=self.words(note) if note else "",
            **more,
        )
        self.lead = touch.lead
        return touch

    def call(self, at: datetime) -> datetime:
        """A call to somebody who has not talked to us yet. Returns when the specialist is free."""
        chance, number = self.chance, self.lead.complete_attempts
        likely = PICKS_UP[min(number, len(PICKS_UP) - 1)] * self.heat
        if not self.prospect.phone_works:
            return self._wrong_number(at)
        if chance.random() < likely:
            return self.first_talk(at, Channel.PHONE, Outcome.CONVERSATION)
        outcome = chance.choices(
            (Outcome.NO_ANSWER, Outcome.GATEKEEPER, Outcome.BUSY), (80, 16, 4)
        )[0]
        note = chance.choice(talk.GATEKEEPERS if outcome == Outcome.GATEKEEPER else talk.NO_ANSWERS)
        self.log(Channel.PHONE, outcome, at, note=note)
        if outcome == Outcome.GATEKEEPER and chance.random() < 0.4:
            return self.told_at_the_desk(at + timedelta(minutes=2))
        return at + timedelta(minutes=chance.randint(1, 3))

    def told_at_the_desk(self, at: datetime) -> datetime:
        """Whoever keeps the gate says why nobody should call again."""
        said = self.chance.choice((*talk.OUT_OF_BUSINESS, *talk.TOLD_BY_OTHERS))
        is_out = said in talk.OUT_OF_BUSINESS
        self.lead = nurture.disqualify(
            lead=self.lead,
            reason=Disqualification.OUT_OF_BUSINESS if is_out else Disqualification.NO_NEED,
            by=self.specialist,
            now=at,
            note=said,
        )
        return at + timedelta(minutes=3)

    def _wrong_number(self, at: datetime) -> datetime:
        """Found out, noted, and the switchboard's number looked up for the next time."""
        note = self.chance.choice(talk.WRONG_NUMBERS)
        self.log(Channel.PHONE, Outcome.WRONG_NUMBER, at, note=note)
        self.prospect.phone_works = True
        at += timedelta(minutes=6)
        contact = self.lead.contact
        if contact is not None:
            prospects.edit_contact(
                lead=self.lead,
                contact=contact,
                details=ContactDetails(phone=self.prospect.colleague.phone),
                by=self.specialist,
                now=at,
            )
            self.refresh()
            nurture.plan_next(lead=self.lead, now=at)
        return at + timedelta(minutes=2)

    def voicemail(self, at: datetime) -> datetime:
        full = self.chance.random() < 0.07
        note = "" if full else self.chance.choice(talk.VOICEMAILS)
        outcome = Outcome.MAILBOX_FULL if full else Outcome.LEFT
        self.log(Channel.VOICEMAIL, outcome, at, note=note)
        return at + timedelta(minutes=3)

    def email(self, at: datetime, note: str = "") -> datetime:
        self.log(Channel.EMAIL, Outcome.SENT, at, note=note or self.chance.choice(talk.EMAILS))
        return at + timedelta(minutes=self.chance.randint(3, 7))

    def find_address(self, at: datetime) -> None:
        """Ours bounced: the right one is looked up, so that the attempt can be completed."""
        contact = self.lead.contact
        if contact is None or contact.email_invalid_at is None:
            return
        name, _at, domain = self.prospect.person.email.partition("@")
        first = self.prospect.person.first_name.lower()
        found = f"{first}{name[1:]}@{domain}"
        prospects.edit_contact(
            lead=self.lead,
            contact=contact,
            details=ContactDetails(email=found if found.isascii() else f"info@{domain}"),
            by=self.specialist,
            now=at,
        )
        self.refresh()
        nurture.plan_next(lead=self.lead, now=at)

    def letter(self, at: datetime) -> datetime:
        self.letters += 1
        is_card = self.chance.random() < 0.8
        self.log(
            Channel.LETTER if is_card else Channel.DIRECT_MAIL,
            Outcome.POSTED,
            at,
            note=self.chance.choice(talk.LETTERS),
            cost=Decimal("1.40") if is_card else Decimal("6.20"),
        )
        return at + timedelta(minutes=8)

    # Talks

    def first_talk(
        self, at: datetime, channel: str, outcome: str, *, direction: str | None = None
    ) -> datetime:
        """They talk to us for the first time, and it shows what they are."""
        match self.fate:
            case "qualify":
                return self.next_talk(at, channel, outcome, direction=direction)
            case "later":
                return self.not_now(at, channel, outcome, direction)
            case _:
                return self._dead_end(at, channel, outcome, direction)

    def _dead_end(
        self, at: datetime, channel: str, outcome: str, direction: str | None
    ) -> datetime:
        said = {
            NO_NEED: talk.NO_NEED,
            NO_FIT: talk.NO_FIT,
            ELSEWHERE: talk.WENT_ELSEWHERE,
            STOP: talk.ASKED_TO_STOP,
        }[self.fate]
        why = self.words(self.chance.choice(said))
        touch = self.log(
            channel, outcome, at, note=why, minutes=self._minutes(3, 9), direction=direction
        )
        self.talks += 1
        if self.fate != STOP and self.chance.random() < 0.4:
            self._document(Attribute.ENVIRONMENT, touch, at)
        self.lead = nurture.disqualify(
            lead=self.lead,
            reason=Disqualification(self.fate),
            by=self.specialist,
            now=at + timedelta(minutes=4),
            note="" if self.fate == STOP else why,
        )
        return at + timedelta(minutes=10)

    def not_now(
        self,
        at: datetime,
        channel: str,
        outcome: str,
        direction: str | None = None,
        *,
        promises: bool | None = None,
    ) -> datetime:
        """Not this year: the lead goes long-term. `promises`: whether to ask on a day; else by chance."""
        self.talks += 1
        if promises is None:
            promises = self.chance.random() < 0.6
        due = self._promise_at(at, self.chance.randint(45, 110))
        promised = (
            Promised(due_at=due, channel=Channel.PHONE, words="ask again, as they wanted")
            if promises
            else None
        )
        touch = self.log(
            channel,
            outcome,
            at,
            note=self.chance.choice(talk.NOT_NOW),
            minutes=self._minutes(4, 12),
            promised=promised,
            direction=direction,
        )
        self._document(Attribute.ENVIRONMENT, touch, at)
        self.refresh()
        self.lead = prospects.edit_lead(
            lead=self.lead,
            details=LeadDetails(horizon=Horizon.LONG_TERM),
            version=self.lead.version,
            by=self.specialist,
            now=at + timedelta(minutes=5),
        )
        nurture.plan_next(lead=self.lead, now=at + timedelta(minutes=5))
        self.fate = QUALIFY if self.chance.random() < 0.5 else NO_NEED
        return at + timedelta(minutes=15)

    def next_talk(
        self,
        at: datetime,
        channel: str,
        outcome: str,
        *,
        direction: str | None = None,
        everything_but: frozenset[str] | None = None,
        promised: Promised | None = None,
        keep_quiet: bool = False,
    ) -> datetime:
        """A talk that brings the lead forward. Returns when the specialist is free.

        `everything_but`: ask for all that is open at once, but these. `promised`: what to promise in
        it instead of a next talk in some days; `keep_quiet`: promise nothing.
        """
        self.talks += 1
        with_colleague = self._needs_colleague(now=everything_but is not None)
        if with_colleague and self.colleague is None:
            self._add_colleague(at - timedelta(minutes=1))
        contact = self.colleague if with_colleague else self.lead.contact
        asks = self._asked_now(everything_but)
        if promised is None and not keep_quiet:
            promised = self._promise(at, ends=not self._open_after(asks))
        touch = self.log(
            channel,
            outcome,
            at,
            contact=contact,
            note=self._note(),
            minutes=None if channel == Channel.EMAIL else self._minutes(9, 34),
            promised=promised,
            direction=direction,
        )
        now = at + timedelta(minutes=int(touch.minutes or 2) + 2)
        self._learn_company(touch, now)
        self._confirm_roles(touch, now)
        for attribute in asks:
            self._document(attribute, touch, now)
            now += timedelta(minutes=1)
        self.refresh()
        if everything_but is not None or self.talks >= 3:
            self._learn_need(now)
        if not keep_quiet and self.chance.random() < 0.75:
            now += timedelta(minutes=self.chance.randint(4, 15))
            self.log(Channel.EMAIL, Outcome.SENT, now, note=self.chance.choice(talk.FOLLOW_UPS))
        return now + timedelta(minutes=6)

    def _asked_now(self, everything_but: frozenset[str] | None) -> list[str]:
        """What this talk documents: more each time; what has gone stale is asked anew."""
        answered = {*FIRST_ASKED, *THEN_ASKED, *LAST_ASKED}
        is_open = [a for a in self.lead.open_attributes if a in answered]
        if everything_but is not None:
            return [a for a in is_open if a not in everything_but]
        if self.talks == 1:
            wanted = {*FIRST_ASKED}
        elif self.talks == 2:
            wanted = {*FIRST_ASKED, *THEN_ASKED}
        else:
            wanted = answered
        return [a for a in is_open if a in wanted]

    def _open_after(self, asks: list[str]) -> set[str]:
        return set(self.lead.open_attributes) - set(asks) if self.talks >= 3 else {"more"}

    def _needs_colleague(self, *, now: bool) -> bool:
        """From the second talk on whoever decides must be in it, if our first person does not."""
        return not self.prospect.person.decides and (now or self.talks >= 2)

    def _note(self) -> str:
        chance, plot = self.chance, self.prospect.plot
        other = self.prospect.colleague.name
        if self.talks == 1:
            return f"{chance.choice(talk.OPENERS)} “{plot.said}”"
        opener = self.words(chance.choice(talk.LATER_OPENERS), other)
        button = plot.hot_buttons[min(self.talks, 3) - 2]
        return f"{opener} What counts for them: {button[0].lower()}{button[1:]}."

    def _minutes(self, least: int, most: int) -> Decimal:
        return Decimal(self.chance.randint(least, most))

    def _promise(self, at: datetime, *, ends: bool) -> Promised | None:
        chance = self.chance
        if ends or chance.random() < 0.06:
            return None
        meets = chance.random() < 0.92
        words = "video call with {other}" if meets and self.talks == 1 else "call with the figures"
        return Promised(
            due_at=self._promise_at(at, chance.randint(3, 9)),
            channel=Channel.MEETING if meets else Channel.PHONE,
            words=words.format(other=self.prospect.colleague.name),
        )

    def _promise_at(self, at: datetime, working_days: int) -> datetime:
        """A time that suits the prospect and us: morning in Europe, afternoon in the West."""
        calendar = self.zone_calendar
        day = calendar.add_working_days(at.astimezone(calendar.zone).date(), working_days)
        hour = (
            15 if str(calendar.zone).startswith("Europe") else self.chance.choice((10, 11, 13, 14))
        )
        return datetime.combine(day, time(hour, self.chance.choice((0, 30))), calendar.zone)

    def _add_colleague(self, at: datetime) -> None:
        person = self.prospect.colleague
        self.colleague = prospects.add_contact(
            lead=self.lead,
            details=ContactDetails(
                first_name=person.first_name,
                last_name=person.last_name,
                title=person.title,
                buying_role=_role(decides=person.decides),
                email=person.email,
                phone=person.phone,
            ),
            by=self.specialist,
            now=at,
        )

    def _confirm_roles(self, touch: Touch, now: datetime) -> None:
        """Who decides and who has a say, as they told us."""
        person = self.prospect.person
        primary = self.lead.contact
        if primary is not None and primary.buying_role == BuyingRole.UNKNOWN:
            prospects.edit_contact(
                lead=self.lead,
                contact=primary,
                details=ContactDetails(
                    buying_role=_role(decides=person.decides),
                    title=person.title,
                ),
                by=self.specialist,
                now=now,
                confirmed_at=touch.occurred_at,
            )
        if self.talks < 2:
            return
        if self.colleague is None:
            self._add_colleague(now)
        if Attribute.PEOPLE in Lead.objects.values_list("open_attributes", flat=True).get(
            pk=self.lead.pk
        ):
            both = [contact for contact in (primary, self.colleague) if contact is not None]
            prospects.confirm_roles(lead=self.lead, contacts=both, at=touch.occurred_at, now=now)

    def _learn_company(self, touch: Touch, now: datetime) -> None:
        """Industry and size, where the list did not say them."""
        missing = {Attribute.INDUSTRY, Attribute.FIRMOGRAPHICS} & set(self.lead.open_attributes)
        if not missing:
            return
        prospect = self.prospect
        prospects.edit_company(
            lead=self.lead,
            details=CompanyDetails(
                naics=IndustryCode(key=f"naics-{prospect.naics}"),
                revenue=Decimal(prospect.revenue),
                employees=prospect.employees,
                locations=prospect.locations,
                city=prospect.place.city,
                region=prospect.place.region,
                street=prospect.street,
                postal_code=prospect.postal_code,
                timezone=prospect.place.timezone,
            ),
            by=self.specialist,
            now=now,
            evidence=Evidence(Basis.TOUCH, touch.occurred_at, "they told us"),
        )
        self.refresh()

    def _learn_need(self, now: datetime) -> None:
        if self.lead.horizon == Horizon.NEAR_TERM and self.lead.potential_revenue:
            return
        calendar = self.zone_calendar
        self.lead = prospects.edit_lead(
            lead=self.lead,
            details=LeadDetails(
                horizon=Horizon.NEAR_TERM,
                potential_revenue=self.prospect.plot.potential,
                expected_close_on=calendar.working_day_on_or_after(
                    now.date() + timedelta(days=self.chance.randint(60, 130))
                ),
            ),
            version=self.lead.version,
            by=self.specialist,
            now=now,
        )

    def _document(self, attribute: str, touch: Touch, now: datetime) -> None:
        nurture.document(
            lead=self.lead,
            attribute=Attribute(attribute),
            answer=self._answer(attribute, now),
            by=self.specialist,
            now=now,
            touch=touch,
        )

    def _answer(self, attribute: str, now: datetime) -> Answer:
        plot, chance, calendar = self.prospect.plot, self.chance, self.zone_calendar
        person, colleague = self.prospect.person, self.prospect.colleague
        decides, advises = (
            (person.name, colleague.name) if person.decides else (colleague.name, person.name)
        )
        names = {"decides": decides, "advises": advises}
        match attribute:
            case Attribute.PAIN:
                return Answer(words=plot.pain)
            case Attribute.ENVIRONMENT:
                return Answer(words=plot.environment)
            case Attribute.COMPETITION:
                return Answer(words=plot.competition, nobody=not plot.competition)
            case Attribute.URGENCY:
                on = calendar.working_day_on_or_after(
                    now.date() + timedelta(days=chance.randint(95, 190))
                )
                return Answer(words=plot.event.format(month=talk.month_of(on)), on=on)
            case Attribute.PROCESS:
                on = calendar.working_day_on_or_after(
                    now.date() + timedelta(days=chance.randint(48, 100))
                )
                return Answer(words=plot.process.format(**names), on=on)
            case _:
                amount = Decimal(round(int(plot.potential), -4)) if plot.has_amount else None
                return Answer(words=plot.budget.format(**names), amount=amount)

    def decides_on(self, day: date, now: datetime) -> None:
        """They said in the last talk when they decide."""
        touch = self.lead.touches.filter(outcome=Outcome.HELD).latest("occurred_at")
        answer = Answer(words=self._answer(Attribute.PROCESS, now).words, on=day)
        nurture.document(
            lead=self.lead,
            attribute=Attribute.PROCESS,
            answer=answer,
            by=self.specialist,
            now=now,
            touch=touch,
        )
        self.refresh()

    # Screening by hand, giving up

    def set_aside(self, at: datetime) -> datetime:
        """What a look at the website shows of a raw lead that no rule could see."""
        chance = self.chance
        reason, said = chance.choices(
            (
                (Disqualification.NO_FIT, talk.DESK_NO_FIT),
                (Disqualification.NO_NEED, talk.DESK_NO_NEED),
                (Disqualification.OUT_OF_BUSINESS, talk.DESK_OUT_OF_BUSINESS),
            ),
            (50, 44, 6),
        )[0]
        self.lead = nurture.disqualify(
            lead=self.lead, reason=reason, by=self.specialist, now=at, note=chance.choice(said)
        )
        return at + timedelta(minutes=chance.randint(3, 6))

    def give_up(self, at: datetime) -> datetime:
        self.lead = nurture.give_up(lead=self.lead, by=self.specialist, now=at)
        return at + timedelta(minutes=2)

    def write_back(self, at: datetime) -> None:
        """An answer by mail, on their own time."""
        if self.is_warm or self.lead.stage != Stage.NURTURING:
            return
        if self.fate != QUALIFY:
            self.first_talk(at, Channel.EMAIL, Outcome.REPLIED)
            return
        self.talks += 1
        touch = self.log(
            Channel.EMAIL,
            Outcome.REPLIED,
            at,
            note=self.chance.choice(talk.ANSWERS_BY_MAIL),
            promised=Promised(
                due_at=self._promise_at(at, 2),
                channel=Channel.MEETING,
                words="they asked for a video call",
            ),
        )
        self._document(Attribute.PAIN, touch, at)
        self.refresh()


def _role(*, decides: bool) -> str:
    return BuyingRole.DECISION_MAKER if decides else BuyingRole.INFLUENCER
