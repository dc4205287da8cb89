"""The organisation of the demo: its people, teams, territories, standard, sources and lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.hashers import make_password

from leadflow.demo import PASSWORD, PEOPLE, places
from leadflow.demo.market import COMPETITORS, CONSULTANCIES
from leadflow.demo.places import Place
from prospects.actions import sign_standard
from prospects.keys import company_key
from prospects.models import Listing, Source, SourceCost, SourceKind, Standard
from team.models import Organisation, Role, Side, Team, Territory, User

SPECIALIST_SHARES = (("Dana Whitfield", 58), ("Priya Raman", 18), ("Sam Ortiz", 24))
"""Who gets how much of what comes in: Dana and Priya in the Northeast, Sam in the South and West."""
CAROLS_STATES = (
    *("Massachusetts", "Connecticut", "Maine"),
    *("New Hampshire", "Vermont", "New York"),
)


@dataclass(frozen=True)
class SourcePlan:
    """A source, what it costs a month, and what it costs in the months of its events."""

    name: str
    kind: SourceKind
    monthly: int
    event: int = 0


LIST = SourcePlan("Plant Engineering reader list", SourceKind.LIST, 4_200)
PAPERS = SourcePlan("White papers", SourceKind.CONTENT, 1_150)
ADS = SourcePlan("Search advertising", SourceKind.ADVERTISING, 3_600)
FAIRS = SourcePlan("Trade fairs", SourceKind.EVENT, 0, 31_500)
PARTNERS = SourcePlan("Distributors", SourceKind.PARTNER, 400)
WEBSITE = SourcePlan("Website inquiry", SourceKind.WEB_FORM, 600)
REFERRALS = SourcePlan("Referrals", SourceKind.REFERRAL, 120)
SOURCES = (LIST, PAPERS, ADS, FAIRS, PARTNERS, WEBSITE, REFERRALS)


@dataclass(frozen=True)
class Cast:
    """Who is who."""

    organisation: Organisation
    region: Team
    dana: User
    priya: User
    sam: User
    carol: User
    jennifer: User
    victor: User
    specialists: tuple[User, ...]
    reps: tuple[User, ...]
    sources: dict[str, Source]


def hire(opening: date) -> Cast:
    """Make the organisation as it was when the program began, on the day `opening`."""
    organisation = Organisation.objects.create(
        pk=1,
        name="Northwind Drives",
        timezone=places.EAST,
        country="US",
        currency="USD",
        market_countries=["US", "CA", "GB", "DE", "SE"],
        market_min_employees=20,
    )
    region = Team.objects.create(name="Drives, Atlantic")
    northeast = Team.objects.create(name="Northeast and Europe", parent=region)
    south = Team.objects.create(name="South and West", parent=region)

    hashed = make_password(PASSWORD)  # slow on purpose, so once for all three

    def person(name: str, role: Role, team: Team, leads: int = 200, side: str = "") -> User:
        login = f"{name.partition(' ')[0].lower()}@northwind.example"
        made = User.objects.create_user(
            login, None, name=name, role=role, team=team, lead_capacity=leads, side=side
        )
        if login in {person.login for person in PEOPLE}:  # the others cannot log in
            made.password = hashed
            made.save(update_fields=["password"])
        return made

    dana = person("Dana Whitfield", Role.SPECIALIST, northeast, 120)
    priya = person("Priya Raman", Role.SPECIALIST, northeast, 90)
    sam = person("Sam Ortiz", Role.SPECIALIST, south, 120)
    carol = person("Carol Barrett", Role.REP, northeast)
    erik = person("Erik Lund", Role.REP, northeast)
    luis = person("Luis Prado", Role.REP, south)
    mei = person("Mei Tan", Role.REP, south)
    jennifer = person("Jennifer Osei", Role.MANAGER, region, side=Side.MARKETING)
    victor = person("Victor Hahn", Role.MANAGER, region, side=Side.SALES)
    _territories(carol, "US", CAROLS_STATES)
    others = [state for state in _regions(places.NORTHEAST) if state not in CAROLS_STATES]
    _territories(erik, "US", others)
    for country in ("CA", "GB", "DE", "SE"):
        _territories(erik, country, [""])
    _territories(dana, "US", _regions(places.NORTHEAST))
    for country in ("CA", "GB", "DE", "SE"):
        _territories(priya, country, [""])
    _territories(sam, "US", [*_regions(places.SOUTH), *_regions(places.WEST)])
    for one, languages in ((dana, ["en"]), (priya, ["en", "de", "sv", "fr"]), (sam, ["en", "es"])):
        one.languages = languages
        one.save(update_fields=["languages"])
    _territories(luis, "US", _regions(places.SOUTH))
    _territories(mei, "US", _regions(places.WEST))
    _sign_standard(jennifer, victor, opening, organisation)
    _list_others()
    return Cast(
        organisation=organisation,
        region=region,
        dana=dana,
        priya=priya,
        sam=sam,
        carol=carol,
        jennifer=jennifer,
        victor=victor,
        specialists=(dana, priya, sam),
        reps=(carol, erik, luis, mei),
        sources={
            plan.name: Source.objects.create(name=plan.name, kind=plan.kind) for plan in SOURCES
        },
    )


def _regions(towns: tuple[Place, ...]) -> list[str]:
    return list(dict.fromkeys(place.region for place in towns))


def _territories(rep: User, country: str, regions: Iterable[str]) -> None:
    Territory.objects.bulk_create(
        Territory(person=rep, country=country, region=region) for region in regions
    )


def _sign_standard(marketing: User, sales: User, opening: date, organisation: Organisation) -> None:
    drafted = datetime(opening.year, opening.month, opening.day, 10, tzinfo=organisation.zone)
    standard = Standard.objects.create(version=1, created_at=drafted - timedelta(days=21))
    sign_standard(standard=standard, by=marketing, now=drafted - timedelta(days=20))
    sign_standard(standard=standard, by=sales, now=drafted - timedelta(days=17, hours=-4))


def _list_others() -> None:
    for kind, companies in (
        (Listing.Kind.COMPETITOR, COMPETITORS),
        (Listing.Kind.CONSULTANT, CONSULTANCIES),
    ):
        for domain, name in companies.items():
            Listing.objects.create(kind=kind, domain=domain, name_key=company_key(name))


def pay(cast: Cast, plan: SourcePlan, month: date, *, event: bool = False) -> None:
    """Enter what a source cost in a month."""
    amount = plan.monthly + (plan.event if event else 0)
    if amount:
        SourceCost.objects.create(
            source=cast.sources[plan.name], month_on=month.replace(day=1), amount=Decimal(amount)
        )
