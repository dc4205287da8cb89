"""Who the demo's leads are, and the lists in which they come: believable, with the dirt of real lists.

One seed makes one market: the same prospects, in the same order, in every run.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

from faker import Faker

from leadflow.demo import places, talk
from leadflow.demo.industries import INDUSTRIES, Industry
from leadflow.demo.places import Place, digits_left, phone_number
from leadflow.demo.talk import Plot, plot_of

DEAD, CONSULTANT, STUDENT, COMPETITOR, SMALL, DISPOSABLE, SOUND = (
    "dead",
    "consultant",
    "student",
    "competitor",
    "small",
    "disposable",
    "sound",
)
"""What is wrong with a lead, as screening should find."""

COMPETITORS = {
    "volta-motion.example": "Volta Motion",
    "kestreldrives.example": "Kestrel Drives",
    "harrow-automation.example": "Harrow Automation",
}
CONSULTANCIES = {
    "lindenadvisory.example": "Linden Advisory",
    "processpartners.example": "Process Partners",
    "greyfield-energy.example": "Greyfield Energy Advisors",
    "brackenpartners.example": "Bracken Partners",
    "lumen-audit.example": "Lumen Audit",
    "northgate-consult.example": "Northgate Consultants",
    "plantwise.example": "Plantwise",
    "tallowmill.example": "Tallow & Mill Advisers",
}
SCHOOLS = ("eng.{town}.example.edu", "student.{town}.example.edu")
THROWN_AWAY = ("mailinator.com",)
"""An inbox that anybody may read: no person's address."""

STEMS = (
    *("Halden", "Corva", "Tessel", "Orrin", "Pinecrest", "Blackwater", "Granite", "Keystone"),
    *("Lakeshore", "Northfield", "Stonebridge", "Westbrook", "Ashland", "Birch Hill", "Cedar"),
    *("Eastgate", "Fairmont", "Glenwood", "Harbor", "Ironwood", "Juniper", "Kingsley", "Larkspur"),
    *("Meridian", "Norwood", "Oakdale", "Pioneer", "Quarry", "Redstone", "Summit", "Tamarack"),
    *("Union", "Valley", "Willow", "Yarrow", "Atlas", "Beacon", "Cascade", "Delta", "Empire"),
    *(
        "Falcon",
        "Great Lakes",
        "Highland",
        "Liberty",
        "Monarch",
        "Patriot",
        "Riverside",
        "Sterling",
    ),
)


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    title: str
    email: str
    phone: str
    decides: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass
class Prospect:
    """One company that may or may not need drives, and the person through whom it came."""

    number: int
    seed: int
    company: str
    domain: str
    industry: Industry
    naics: str
    employees: int
    locations: int
    place: Place
    street: str
    postal_code: str
    person: Person
    colleague: Person
    """Who has the other say: a decision maker if `person` is none, else an influencer."""
    flaw: str = SOUND
    phone_works: bool = True
    message: str = ""

    @property
    def external_id(self) -> str:
        return f"L-{self.number:05}"

    @property
    def revenue(self) -> int:
        return round(self.employees * self.industry.per_head, -6)

    @cached_property
    def chance(self) -> Random:
        """What befalls this prospect, whatever befalls the others."""
        return Random(f"{self.seed}/{self.number}")  # noqa: S311 - a story, no secret

    @cached_property
    def plot(self) -> Plot:
        return plot_of(self.industry, self.employees, Random(f"plot/{self.seed}/{self.number}"))  # noqa: S311


@dataclass
class Market:
    """Makes prospects one after the other. `regions` weighs where they are."""

    seed: int
    made: int = 0
    _names: set[str] = field(default_factory=set)
    _phones: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = Random(f"market/{self.seed}")  # noqa: S311
        self.fakers: dict[str, Faker] = {}
        for locale in ("en_US", "en_CA", "fr_CA", "en_GB", "de_DE", "sv_SE"):
            self.fakers[locale] = Faker(locale)
            self.fakers[locale].seed_instance(self.seed)

    def prospect(
        self, flaws: dict[str, float], region: tuple[Place, ...] | None = None
    ) -> Prospect:
        """The next one; `flaws` says how likely each is."""
        self.made += 1
        chance = self.chance
        place = chance.choice(region or chance.choices(REGIONS, REGION_WEIGHTS)[0])
        industry = chance.choices(INDUSTRIES, [i.weight for i in INDUSTRIES])[0]
        company = self._company(place, industry)
        domain = f"{slug(company)}.example"
        employees = round(min(2400, max(24, chance.lognormvariate(5.2, 0.8))))
        decides = chance.random() < 0.5
        made = Prospect(
            number=self.made,
            seed=self.seed,
            company=company,
            domain=domain,
            industry=industry,
            naics=chance.choice(industry.codes),
            employees=employees,
            locations=1 + int(chance.expovariate(1) * employees / 300),
            place=place,
            street=places.street(place, chance),
            postal_code=places.postal_code(place, chance),
            person=self._person(place, domain, decides=decides, first_of_company=True),
            colleague=self._person(place, domain, decides=not decides, first_of_company=False),
            phone_works=chance.random() > 0.07,
        )
        if chance.random() < 0.45:
            wish = made.plot.wish
            made.message = chance.choice(MESSAGES).format(wish=wish, unit=made.plot.unit)
        return self._flawed(made, flaws)

    def _company(self, place: Place, industry: Industry) -> str:
        while True:
            roll = self.chance.random()
            if roll < 0.45:
                stem = self.chance.choice(STEMS)
            elif roll < 0.85:
                stem = self.fakers[place.names].last_name()
            else:
                stem = place.city
            name = f"{stem} {self.chance.choice(industry.names)}"
            if slug(name) not in self._names:
                self._names.add(slug(name))
                return name

    def _person(
        self, place: Place, domain: str, *, decides: bool, first_of_company: bool
    ) -> Person:
        fake, chance = self.fakers[place.names], self.chance
        first, last = fake.first_name(), fake.last_name()
        titles = talk.DECISION_MAKERS if decides else talk.INFLUENCERS
        if not decides and chance.random() < 0.1:
            titles = talk.OTHERS
        return Person(
            first_name=first,
            last_name=last,
            title=chance.choice(titles),
            email=f"{slug(first)[:1]}.{slug(last)}@{domain}",
            phone=phone_number(place, self._extension(place, first=first_of_company)),
            decides=decides,
        )

    def _extension(self, place: Place, *, first: bool) -> int:
        """First persons count up, their colleagues down, so that no two first ones share a number."""
        key = f"{place.dial}{'' if first else '/'}"
        self._phones[key] += 1
        return self._phones[key] - 1 if first else 10 ** digits_left(place) - self._phones[key]

    def _flawed(self, made: Prospect, flaws: dict[str, float]) -> Prospect:
        flaw = self.chance.choices(
            [*flaws, SOUND], [*flaws.values(), max(0.0, 1 - sum(flaws.values()))]
        )[0]
        chance, person = self.chance, made.person
        made.flaw = flaw
        match flaw:
            case "dead":
                made.person = replace(
                    person,
                    phone=chance.choice(DEAD_PHONES),
                    email=chance.choice(DEAD_EMAILS).format(
                        name=slug(person.last_name), domain=made.domain
                    ),
                )
                made.street = ""
            case "consultant":
                made.person = replace(person, title=chance.choice(CONSULTANT_TITLES))
                if chance.random() < 0.4:
                    made.domain, made.company = chance.choice(list(CONSULTANCIES.items()))
                    made.person = replace(made.person, email=_at(person.email, made.domain))
            case "student":
                made.person = replace(
                    person,
                    title=chance.choice(STUDENT_TITLES),
                    email=_at(
                        person.email, chance.choice(SCHOOLS).format(town=slug(made.place.city))
                    ),
                )
                made.company, made.street = (
                    chance.choice(UNIVERSITIES).format(town=made.place.city),
                    "",
                )
            case "competitor":
                made.domain, made.company = chance.choice(list(COMPETITORS.items()))
                made.person = replace(
                    person,
                    email=_at(person.email, made.domain),
                    title=chance.choice(COMPETITOR_TITLES),
                )
            case "small":
                made.employees, made.locations = chance.randint(2, 18), 1
            case "disposable":
                made.person = replace(person, email=_at(person.email, chance.choice(THROWN_AWAY)))
        return made


REGIONS = (places.NORTHEAST, places.SOUTH, places.WEST, places.CANADA, places.EUROPE)
REGION_WEIGHTS = (44, 22, 20, 7, 7)

MESSAGES = (
    "We want {wish}. What do you need from us for a quote?",
    "Looking for somebody who knows drives and can look at {unit}.",
    "Please send information, we are planning {unit} for next year.",
    "Who is our contact in this region?",
    "Interested in your case study about energy.",
    "Stopped at the stand, talked about {unit}. Wants a call.",
    "Asked for a comparison with what they have on {unit}.",
)
DEAD_PHONES = ("n/a", "000-000-0000", "555-0199", "1234", "+1 999 000 0000", "see website", "tbd")
DEAD_EMAILS = ("{name}(at){domain}", "{name}@", "none", "{name}@{domain}@{domain}", "n/a", "")
CONSULTANT_TITLES = (
    "Independent Consultant",
    "Energy Consultant",
    "Senior Consultant",
    "Management Consultant",
    "Freelance Engineer, Consultant",
)
STUDENT_TITLES = ("Student", "Graduate Student", "PhD Student", "Undergraduate Student")
UNIVERSITIES = (
    "{town} State University",
    "{town} Institute of Technology",
    "{town} College of Engineering",
    "",
)
COMPETITOR_TITLES = ("Product Manager", "Regional Sales Manager", "Market Analyst")


def _at(email: str, domain: str) -> str:
    return f"{email.partition('@')[0]}@{domain}"


def slug(words: str) -> str:
    """Lower-case letters and digits only, without accents."""
    words = words.replace("ß", "ss").replace("ø", "o")
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


# The lists, as each kind of source writes them.

Row = dict[str, Any]
Writer = Callable[[Prospect, str], Row]
"""Writes a prospect as a row of a list, with the specialist it is meant for."""


def bought_list(prospect: Prospect, specialist: str) -> Row:
    """A publisher's list: much about the company, somewhat shouted, not always fresh."""
    person, chance = prospect.person, prospect.chance
    shouted = chance.random() < 0.12
    return {
        "Lead ID": prospect.external_id,
        "Company": prospect.company.upper() if shouted else prospect.company,
        "First Name": person.first_name,
        "Last Name": person.last_name,
        "Job Title": person.title,
        "E-Mail": person.email.upper() if shouted else person.email,
        "Phone": dialled(person.phone, chance),
        "Street": prospect.street,
        "City": prospect.place.city,
        "State": prospect.place.region,
        "Zip": prospect.postal_code,
        "Country": prospect.place.country,
        "Time zone": prospect.place.timezone,
        "NAICS": prospect.naics if chance.random() < 0.8 else "",
        "Employees": prospect.employees if chance.random() < 0.7 or prospect.flaw == SMALL else "",
        "Annual revenue": prospect.revenue if chance.random() < 0.5 else "",
        "Number of locations": prospect.locations if chance.random() < 0.4 else "",
        "Specialist": specialist,
    }


def stand_list(prospect: Prospect, specialist: str) -> Row:
    """Badges scanned at a trade fair, with what was said at the stand."""
    person = prospect.person
    return {
        "Badge": prospect.external_id,
        "Name": f"{person.last_name}, {person.first_name}",
        "Position": person.title,
        "Organization": prospect.company,
        "Mail": person.email,
        "Tel": person.phone,
        "City": prospect.place.city,
        "State": prospect.place.region,
        "Country": prospect.place.country,
        "Time zone": prospect.place.timezone,
        "Employees": prospect.employees if prospect.flaw == SMALL else "",
        "Comment": prospect.message,
        "Specialist": specialist,
    }


def form_list(prospect: Prospect, specialist: str) -> Row:
    """What people typed to get a white paper, or what an advertising network passes on."""
    person = prospect.person
    return {
        "Id": prospect.external_id,
        "full_name": person.name,
        "email": person.email,
        "phone_number": person.phone,
        "company_name": prospect.company,
        "job_title": person.title,
        "country": prospect.place.country,
        "state": prospect.place.region,
        "city": prospect.place.city,
        "timezone": prospect.place.timezone,
        "employees": prospect.employees if prospect.flaw == SMALL else "",
        "message": prospect.message,
        "specialist": specialist,
    }


IDENTIFIERS: dict[Writer, str] = {bought_list: "Lead ID", stand_list: "Badge", form_list: "Id"}
"""The column that carries the external id, by the writer of the list."""


def dialled(phone: str, chance: Random) -> str:
    """The same number as another list would write it."""
    digits = re.sub(r"\D", "", phone)
    if not phone.startswith("(") or len(digits) != 10:
        return phone
    forms = (
        phone,
        f"{digits[:3]}.{digits[3:6]}.{digits[6:]}",
        f"+1 {digits[:3]} {digits[3:6]} {digits[6:]}",
        digits,
    )
    return chance.choice(forms)


def shares(total: int, weights: Mapping[str, float]) -> Iterator[tuple[str, int]]:
    """Split a number by weight, the last taking what is left."""
    left, whole = total, sum(weights.values())
    for position, (name, weight) in enumerate(weights.items(), start=1):
        count = left if position == len(weights) else round(total * weight / whole)
        left -= count
        yield name, count
