"""The world that the injector shakes: leads in a cadence, and people who work with them at random."""

from __future__ import annotations

import csv
import random
import tempfile
import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from handoff.actions import hand_off
from nurture.actions import disqualify, document, log_touch, take_back_touch
from nurture.cadences.enrolments import (
    answer_not_now,
    enrol,
    pause_enrolment,
    publish,
    resume_enrolment,
    stop_enrolment,
)
from nurture.duplicates.merging import merge_leads, undo_merge
from nurture.engine import running
from nurture.engine.clock import engine_now
from nurture.engine.opting_out import opt_out
from nurture.engine.settling import Fate, settle
from nurture.engine.states import PlannedState
from nurture.imports import import_touches
from nurture.models import Cadence, Enrolment, PlannedTouch, Step, Submission, Template, Touch
from nurture.touching import Channel, Direction, Outcome
from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails, NotAllowed
from prospects.duplicates.merge_actions import Wishes
from prospects.models import IndustryCode, Lead, Merge, Source, Standard
from prospects.qualification import Answer, Attribute, BuyingRole, Horizon
from prospects.stages import Disqualification, Stage
from team.models import Organisation, Role, Side, Team, Territory, User

START = datetime.fromisoformat("2026-06-17T15:00:00Z")
"""A Wednesday, eleven in the morning in New York, where all of them are."""
LAST_ANSWER = Attribute.URGENCY
STEPS = (
    ("email", 0),
    ("phone", 1),
    ("email", 1),
    ("email", 1),
    ("voicemail", 0),
    ("email", 2),
    ("email", 1),
)
BODY = "Hello {{ first_name }} of {{ company }},\n\nhow do you keep line 3 running?\n\n{{ specialist }}"


def build(leads: int) -> None:
    """An organisation, its people, a cadence, and so many leads in it, their first email due."""
    Organisation.objects.create(
        pk=1,
        name="Northwind Drives",
        timezone="America/New_York",
        country="US",
        currency="USD",
        mail_from="program@northwind.example",
        postal_address="1 Canal Street\nBoston, MA 02110",
        # The circuit breaker is not what is tried here.
        complaint_percent=99,
        complaints_of_hundred=99,
        bounce_percent=99,
        refusals_in_a_row=10_000,
    )
    team = Team.objects.create(name="East")

    def person(name: str, role: str, **fields: object) -> User:
        email = f"{name.partition(' ')[0].lower()}@northwind.example"
        return User.objects.create_user(email, "-", name=name, role=role, team=team, **fields)

    dana = person("Dana Whitfield", Role.SPECIALIST, capacity=30_000)
    jennifer = person("Jennifer Osei", Role.MANAGER, side=Side.MARKETING)
    victor = person("Victor Hahn", Role.MANAGER, side=Side.SALES)
    carol = person("Carol Barrett", Role.REP, capacity=30_000)
    Territory.objects.create(person=carol, country="US")
    Source.objects.create(name="Trade fair", kind="event")
    IndustryCode.objects.get_or_create(
        key="naics-322120", defaults={"system": "naics", "code": "322120", "title": "Paper Mills"}
    )
    standard = Standard.objects.create(version=1, created_at=START)
    for signer in (jennifer, victor):
        standard = actions.sign_standard(standard=standard, by=signer, now=START)
    cadence = Cadence.objects.create(name="First contact", created_at=START)
    publish(cadence=cadence, steps=list(_steps()), by=dana, now=START)
    people = People(random.Random(0), Path(), {})  # noqa: S311 - chance is the point
    for number in range(leads):
        lead = people.write_down(START - timedelta(days=60))
        if number % 20 == 0:
            nearly_qualified(lead, dana)
        enrol(lead=lead, cadence=cadence, by=dana, now=START - timedelta(hours=2))


def _steps() -> list[Step]:
    steps = []
    for position, (channel, days) in enumerate(STEPS, 1):
        by_machine = channel == "email"
        template = None
        if by_machine:
            template = Template.objects.create(
                name=f"Mail {position}",
                subject="Drives at {{ company }}",
                body=BODY,
                created_at=START,
            )
        steps.append(
            Step(
                position=position,
                channel=channel,
                after_days=days,
                performer="machine" if by_machine else "person",
                template=template,
            )
        )
    steps.append(
        Step(
            track=Step.Track.NOT_NOW,
            position=1,
            channel="email",
            after_days=1,
            at=time(10),
            performer="machine",
            template=steps[0].template,
        )
    )
    return steps


def nearly_qualified(lead: Lead, by: User) -> None:
    """All but one of ten known, eight touches: one more answer opens the gate."""
    now = START - timedelta(days=50)
    actions.edit_company(
        lead=lead,
        details=CompanyDetails(
            naics=IndustryCode.objects.get(key="naics-322120"),
            revenue=Decimal(84_000_000),
            employees=310,
            locations=2,
        ),
        by=by,
        now=now,
    )
    lead.refresh_from_db()
    actions.add_contact(
        lead=lead,
        details=ContactDetails(
            first_name="Ylva", last_name="Holm", buying_role=BuyingRole.INFLUENCER
        ),
        by=by,
        now=now,
        confirmed_at=now,
    )
    for days in range(7):
        at = now + timedelta(days=days)
        log_touch(lead=lead, channel=Channel.EMAIL, outcome=Outcome.SENT, by=by, now=at)
    talked_at = START - timedelta(days=8)
    talk = log_touch(
        lead=lead, channel=Channel.PHONE, outcome=Outcome.CONVERSATION, by=by, now=talked_at
    )
    answers = {
        Attribute.ENVIRONMENT: Answer(words="ABB drives"),
        Attribute.PAIN: Answer(words="Line 3 stops twice a week; each stop costs $18,000"),
        Attribute.PROCESS: Answer(words="The board signs", on=START.date() + timedelta(days=300)),
        Attribute.BUDGET: Answer(words="Capex", amount=Decimal(420000)),
        Attribute.COMPETITION: Answer(words="Voith"),
    }
    for attribute, answer in answers.items():
        document(lead=lead, attribute=attribute, answer=answer, by=by, now=talked_at, touch=talk)
    lead.refresh_from_db()
    actions.edit_lead(
        lead=lead,
        details=LeadDetails(
            horizon=Horizon.NEAR_TERM,
            potential_revenue=Decimal(420000),
            expected_close_on=START.date() + timedelta(days=300),
        ),
        version=lead.version,
        by=by,
        now=talked_at,
    )


Row = TypeVar("Row", bound=Model)


class People:
    """Everybody who works with the leads, in one process: each turn somebody does something."""

    def __init__(self, chance: random.Random, arrivals: Path, done: dict[str, int]) -> None:
        self.chance = chance
        self.arrivals = arrivals
        self.done = done
        self.deeds: dict[Callable[[], None], int] = {
            self.log_what_waits: 30,
            self.log_a_call: 8,
            self.hear_a_reply: 2,
            self.hear_an_automatic_reply: 2,
            self.opt_out: 5,
            self.ask_to_stop: 1,
            self.take_back: 3,
            self.enrol: 25,
            self.take_in: 8,
            self.stop: 1,
            self.not_now: 2,
            self.pause: 3,
            self.resume: 4,
            self.pause_everything: 1,
            self.resume_everything: 12,
            self.merge: 3,
            self.part: 1,
            self.hand_off: 3,
            self.settle: 8,
            self.import_touches: 1,
        }

    def do_something(self) -> None:
        """One deed at random."""
        (deed,) = self.chance.choices(list(self.deeds), weights=list(self.deeds.values()))
        self.attempt(deed)

    def attempt(self, deed: Callable[[], None]) -> None:
        """Do it. What is refused in words is fine: somebody was faster."""
        try:
            deed()
        except (NotAllowed, actions.StaleVersion, Lead.DoesNotExist):
            name = f"{deed.__name__}: refused"
        else:
            name = deed.__name__
        self.done[name] = self.done.get(name, 0) + 1

    # Who and what

    @property
    def now(self) -> datetime:
        return engine_now()

    def person(self, name: str = "Dana") -> User:
        return User.objects.get(name__startswith=name)

    def any_of(self, found: QuerySet[Row]) -> Row:
        """One row at random. Refuses (NotAllowed) where there is none."""
        pks = list(found.order_by("pk").values_list("pk", flat=True))
        if not pks:
            raise NotAllowed
        row = found.filter(pk=self.chance.choice(pks)).first()
        if row is None:
            raise NotAllowed
        return row

    def log(self, lead: Lead, channel: Channel, outcome: Outcome, **fields: Any) -> Touch:
        """Twice now and then: a form that is sent again carries the same key."""
        key = uuid.UUID(int=self.chance.getrandbits(128))
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            touch = log_touch(
                lead=lead,
                channel=channel,
                outcome=outcome,
                by=self.person(),
                now=self.now,
                idempotency_key=key,
                **fields,
            )
        return touch

    def write_down(self, now: datetime) -> Lead:
        """A lead of its own company and person, whose names say whose mail it is."""
        word = "".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz", k=12))
        lead = actions.create_lead(
            source=Source.objects.get(),
            company=CompanyDetails(
                name=f"{word.title()} Mills", domain=f"{word}.example", country="US", city="Boston"
            ),
            contact=ContactDetails(
                first_name=f"Maria{word}",
                last_name=word.title(),
                buying_role=BuyingRole.DECISION_MAKER,
                email=f"m@{word}.example",
                phone=f"+1 617 555 {self.chance.randrange(1000, 9999)}",
            ),
            details=LeadDetails(),
            team=Team.objects.get(),
            by=self.person(),
            now=now,
        )
        Lead.objects.filter(pk=lead.pk).update(external_id=word)
        return lead

    # What they do

    def log_what_waits(self) -> None:
        planned = self.any_of(PlannedTouch.objects.filter(state=PlannedState.AWAITING_HUMAN))
        outcome = Outcome.LEFT if planned.channel == Channel.VOICEMAIL else Outcome.NO_ANSWER
        self.log(planned.lead, Channel(planned.channel), outcome)

    def log_a_call(self) -> None:
        self.log(self.any_of(Lead.objects.all()), Channel.PHONE, Outcome.NO_ANSWER)

    def hear_a_reply(self) -> None:
        lead = self.any_of(Lead.objects.filter(enrolments__ended_at=None))
        self.log(lead, Channel.EMAIL, Outcome.REPLIED, direction=Direction.IN)

    def hear_an_automatic_reply(self) -> None:
        lead = self.any_of(Lead.objects.filter(enrolments__ended_at=None))
        self.log(lead, Channel.EMAIL, Outcome.AUTO_REPLY, direction=Direction.IN)

    def opt_out(self) -> None:
        """Half of them while a mail to them is being made ready."""
        busy = PlannedTouch.objects.filter(state=PlannedState.CLAIMED)
        if busy.exists() and self.chance.random() < 0.7:
            planned = self.any_of(busy)
            self.log(
                planned.lead,
                Channel.EMAIL,
                Outcome.UNSUBSCRIBED,
                contact=planned.contact,
                direction=Direction.IN,
            )
        else:
            opt_out(submission=self.any_of(Submission.objects.all()), now=self.now)

    def ask_to_stop(self) -> None:
        lead = self.any_of(Lead.objects.filter(stage=Stage.NURTURING))
        disqualify(lead=lead, reason=Disqualification.ASKED_TO_STOP, by=self.person(), now=self.now)

    def take_back(self) -> None:
        touch = self.any_of(Touch.objects.standing().filter(by=self.person(), channel="phone"))
        take_back_touch(touch=touch, by=self.person(), now=self.now)

    def enrol(self) -> None:
        free = Lead.objects.filter(stage__in=(Stage.RAW, Stage.NURTURING)).exclude(
            enrolments__in=Enrolment.objects.active()
        )
        enrol(lead=self.any_of(free), cadence=Cadence.objects.get(), by=self.person(), now=self.now)

    def take_in(self) -> None:
        lead = self.write_down(self.now)
        enrol(lead=lead, cadence=Cadence.objects.get(), by=self.person(), now=self.now)

    def stop(self) -> None:
        enrolment = self.any_of(Enrolment.objects.active())
        stop_enrolment(enrolment=enrolment, by=self.person(), now=self.now, why="asked")

    def not_now(self) -> None:
        enrolment = self.any_of(Enrolment.objects.filter(end=Enrolment.End.REPLY))
        answer_not_now(enrolment=enrolment, by=self.person(), now=self.now)

    def pause(self) -> None:
        pause_enrolment(
            enrolment=self.any_of(Enrolment.objects.active()), by=self.person(), now=self.now
        )

    def resume(self) -> None:
        paused = Enrolment.objects.active().filter(paused_at__isnull=False)
        resume_enrolment(enrolment=self.any_of(paused), by=self.person())

    def pause_everything(self) -> None:
        running.pause(by=self.person("Jennifer"), why="a look", now=self.now)

    def resume_everything(self) -> None:
        running.resume(by=self.person("Jennifer"), why="looked", now=self.now)

    def merge(self) -> None:
        leads = Lead.objects.exclude(stage=Stage.RAW)
        first, second = self.any_of(leads), self.any_of(leads)
        if first != second:
            merge_leads(first=first, second=second, wishes=Wishes(), by=self.person(), now=self.now)

    def part(self) -> None:
        merge = self.any_of(Merge.objects.filter(undone_at=None))
        undo_merge(merge=merge, by=self.person(), now=self.now)

    def hand_off(self) -> None:
        """The last answer opens the gate, and the rep gets it."""
        lead = self.any_of(Lead.objects.filter(open_attributes=[LAST_ANSWER]))
        talk = lead.touches.filter(outcome=Outcome.CONVERSATION).latest("occurred_at")
        document(
            lead=lead,
            attribute=LAST_ANSWER,
            answer=Answer(words="The shutdown", on=self.now.date() + timedelta(days=300)),
            by=self.person(),
            now=self.now,
            touch=talk,
        )
        lead.refresh_from_db()
        hand_off(lead=lead, rep=self.person("Carol"), by=self.person(), now=self.now)

    def settle(self) -> None:
        """They ask the prospect, who knows whether it arrived."""
        planned = self.any_of(PlannedTouch.objects.filter(state=PlannedState.UNCERTAIN))
        submission = planned.submissions.latest("number")
        arrived = submission.message_id in self.arrivals.read_text().splitlines()
        fate = Fate.ARRIVED if arrived else self.chance.choice((Fate.AGAIN, Fate.LEAVE))
        settle(planned=planned, fate=fate, why="asked them", by=self.person(), now=self.now)

    def import_touches(self) -> None:
        leads = [self.any_of(Lead.objects.exclude(external_id=None)) for _ in range(5)]
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            rows = csv.writer(file)
            rows.writerow(["external_id", "lead", "channel", "outcome", "occurred_at"])
            for lead in leads:
                id_ = self.chance.getrandbits(40)
                at = (self.now - timedelta(hours=3)).isoformat()
                rows.writerow([id_, lead.external_id, "phone", "no_answer", at])
            file.flush()
            import_touches(Path(file.name), now=self.now)
