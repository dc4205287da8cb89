"""The people, teams and leads that tests speak of. Loaded as a plugin by tests/conftest.py.

Two teams under one region. Dana (specialist) and Carol (rep) work in the Northeast, Sam and Luis
in the South; Jennifer (marketing) and Victor (sales) manage the region; Ada administers; Charlie
is a specialist without a team, who must see nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from nurture.actions import Promised, document, log_touch
from nurture.touching import Channel, Outcome
from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.models import IndustryCode, Lead, Source, Standard
from prospects.qualification import Answer, Attribute, BuyingRole, Horizon
from team.models import Organisation, Role, Side, Team, Territory, User

NOW = datetime(2026, 6, 17, 15, 0, tzinfo=UTC)
"""A Wednesday, eleven in the morning in New York."""

PASSWORD = "correct horse battery staple"

__all__ = ["NOW", "PASSWORD", "Promised"]


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(
        pk=1, name="Northwind Drives", timezone="America/New_York", country="US", currency="USD"
    )


@pytest.fixture
def region(organisation: Organisation) -> Team:
    return Team.objects.create(name="East")


@pytest.fixture
def northeast(region: Team) -> Team:
    return Team.objects.create(name="Northeast", parent=region)


@pytest.fixture
def south(region: Team) -> Team:
    return Team.objects.create(name="South", parent=region)


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Make a user by first name: person("Dana", Role.SPECIALIST, team)."""

    def make(name: str, role: str, team: Team | None = None, **fields: object) -> User:
        email = f"{name.partition(' ')[0].lower()}@northwind.example"
        return User.objects.create_user(email, PASSWORD, name=name, role=role, team=team, **fields)

    return make


@pytest.fixture
def dana(person: Callable[..., User], northeast: Team) -> User:
    return person("Dana Whitfield", Role.SPECIALIST, northeast, capacity=200)


@pytest.fixture
def sam(person: Callable[..., User], south: Team) -> User:
    return person("Sam Ortiz", Role.SPECIALIST, south, capacity=200)


@pytest.fixture
def carol(person: Callable[..., User], northeast: Team) -> User:
    carol = person("Carol Barrett", Role.REP, northeast, capacity=8)
    Territory.objects.create(person=carol, country="US")
    return carol


@pytest.fixture
def luis(person: Callable[..., User], south: Team) -> User:
    return person("Luis Prado", Role.REP, south, capacity=8)


@pytest.fixture
def jennifer(person: Callable[..., User], region: Team) -> User:
    return person("Jennifer Osei", Role.MANAGER, region, side=Side.MARKETING)


@pytest.fixture
def victor(person: Callable[..., User], region: Team) -> User:
    return person("Victor Hahn", Role.MANAGER, region, side=Side.SALES)


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("Ada Novak", Role.ADMIN)


@pytest.fixture
def charlie(person: Callable[..., User]) -> User:
    return person("Charlie Nobody", Role.SPECIALIST)


@pytest.fixture
def fair(db: None) -> Source:
    return Source.objects.create(name="Trade fair", kind="event")


@pytest.fixture
def paper_mills(db: None) -> IndustryCode:
    return IndustryCode.objects.get_or_create(
        key="naics-322120",
        defaults={"system": "naics", "code": "322120", "title": "Paper Mills"},
    )[0]


@pytest.fixture
def standard(jennifer: User, victor: User) -> Standard:
    """Version 1 with the defaults of the domain, signed by both sides."""
    standard = Standard.objects.create(version=1, created_at=NOW - timedelta(days=400))
    actions.sign_standard(standard=standard, by=jennifer, now=NOW - timedelta(days=399))
    return actions.sign_standard(standard=standard, by=victor, now=NOW - timedelta(days=398))


@pytest.fixture
def make_lead(dana: User, northeast: Team, fair: Source) -> Callable[..., Lead]:
    """A raw lead with a company and one reachable person, written down by Dana unless said else."""
    count = 0

    def make(
        company: str = "Halden Paper",
        *,
        by: User = dana,
        team: Team = northeast,
        now: datetime = NOW - timedelta(days=60),
        buying_role: str = BuyingRole.DECISION_MAKER,
        **details: Any,
    ) -> Lead:
        nonlocal count
        count += 1
        name = company if count == 1 else f"{company} {count}"
        return actions.create_lead(
            source=fair,
            company=CompanyDetails(
                name=name, domain=f"halden{count}.example", country="US", city="Boston"
            ),
            contact=ContactDetails(
                first_name="Maria",
                last_name=f"Lindqvist{count}",
                title="Plant Director",
                buying_role=buying_role,
                email=f"m.lindqvist{count}@halden{count}.example",
                phone=f"+1 617 555 {1000 + count}",
            ),
            details=LeadDetails(**details),
            team=team,
            by=by,
            now=now,
        )

    return make


@pytest.fixture
def raw_lead(make_lead: Callable[..., Lead]) -> Lead:
    return make_lead()


@pytest.fixture
def nurtured_lead(raw_lead: Lead, dana: User) -> Lead:
    """In the program for eight weeks, one call without an answer."""
    log_touch(
        lead=raw_lead,
        channel=Channel.PHONE,
        outcome=Outcome.NO_ANSWER,
        by=dana,
        now=NOW - timedelta(days=56),
    )
    raw_lead.refresh_from_db()
    return raw_lead


ANSWERS: dict[Attribute, Answer] = {
    Attribute.ENVIRONMENT: Answer(words="ABB drives, SAP PM, 14 people in maintenance"),
    Attribute.PAIN: Answer(words="Line 3 stops twice a week; each stop costs $18,000"),
    Attribute.PROCESS: Answer(words="Maria proposes, the board signs", on=date(2026, 9, 15)),
    Attribute.BUDGET: Answer(words="Capex, set in September", amount=Decimal(420000)),
    Attribute.COMPETITION: Answer(words="Voith, asked for a service contract"),
    Attribute.URGENCY: Answer(words="The October shutdown", on=date(2026, 10, 1)),
}


@pytest.fixture
def almost_ready(
    nurtured_lead: Lead, dana: User, paper_mills: IndustryCode, standard: Standard
) -> Lead:
    """Nine of ten documented, eight touches: only the urgency is missing."""
    lead = nurtured_lead
    actions.edit_company(
        lead=lead,
        details=CompanyDetails(
            naics=paper_mills, revenue=Decimal(84_000_000), employees=310, locations=2
        ),
        by=dana,
        now=NOW - timedelta(days=50),
    )
    lead.refresh_from_db()
    actions.add_contact(
        lead=lead,
        details=ContactDetails(
            first_name="Ylva",
            last_name="Holm",
            title="Finance",
            buying_role=BuyingRole.INFLUENCER,
            email="y.holm@halden1.example",
        ),
        by=dana,
        now=NOW - timedelta(days=20),
        confirmed_at=NOW - timedelta(days=20),
    )
    for days in (48, 40, 33, 26, 19, 12):
        log_touch(
            lead=lead,
            channel=Channel.EMAIL,
            outcome=Outcome.SENT,
            by=dana,
            now=NOW - timedelta(days=days),
        )
    talk = log_touch(
        lead=lead,
        channel=Channel.PHONE,
        outcome=Outcome.CONVERSATION,
        minutes=Decimal(24),
        note="We lose two shifts a week to one drive.",
        by=dana,
        now=NOW - timedelta(days=2),
    )
    for attribute, answer in ANSWERS.items():
        if attribute != Attribute.URGENCY:
            document(
                lead=lead,
                attribute=attribute,
                answer=answer,
                by=dana,
                now=NOW - timedelta(days=2),
                touch=talk,
            )
    lead.refresh_from_db()
    actions.edit_lead(
        lead=lead,
        details=LeadDetails(
            horizon=Horizon.NEAR_TERM,
            potential_revenue=Decimal(420000),
            expected_close_on=date(2026, 9, 15),
        ),
        version=lead.version,
        by=dana,
        now=NOW - timedelta(days=1),
    )
    lead.refresh_from_db()
    return lead


@pytest.fixture
def qualified_lead(almost_ready: Lead, dana: User) -> Lead:
    """All ten documented: the gate has opened."""
    talk = almost_ready.touches.filter(outcome=Outcome.CONVERSATION).latest("occurred_at")
    document(
        lead=almost_ready,
        attribute=Attribute.URGENCY,
        answer=ANSWERS[Attribute.URGENCY],
        by=dana,
        now=NOW - timedelta(hours=20),
        touch=talk,
    )
    almost_ready.refresh_from_db()
    return almost_ready
