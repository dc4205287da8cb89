"""Which names are alike, which are not, and how often that is right."""

from __future__ import annotations

import random

import pytest
from faker import Faker

from prospects.duplicates.likeness import (
    is_one_slip,
    likeness_of_companies,
    likeness_of_people,
    sought_keys,
    stored_keys,
)
from prospects.models.duplicates import Likeness

ALIKE = [
    ("GTXPro", "GTX Pro", Likeness.NAME),
    ("Acme Inc.", "ACME Incorporated", Likeness.NAME),
    ("Société Générale", "Societe Generale S.A.", Likeness.NAME),
    ("Johnson & Sons", "Johnson and Sons Ltd", Likeness.NAME),
    ("Halden Paper Mills", "Paper Mills, Halden", Likeness.WORDS),
    ("Halden Intl.", "Halden International GmbH", Likeness.WORDS),
    ("Brooks Mfg Co", "Brooks Manufacturing", Likeness.WORDS),
    ("Baker Bros. Construction", "Baker Brothers Constr.", Likeness.WORDS),
    ("Acme Group", "Acme Holdings", Likeness.WORDS),
    ("University of Oslo", "Oslo University", Likeness.WORDS),
    ("Saint Mary Hospital", "St. Mary Hosp", Likeness.WORDS),
    ("Lindqvist Papper", "Lindquist Papper", Likeness.LETTER),
    ("Hallden Paper", "Halden Paper", Likeness.LETTER),
    ("Northwind Drvies", "Northwind Drives", Likeness.LETTER),
    ("Skyline Foods", "Skyline Food", Likeness.LETTER),
]
APART = [
    ("Delta", "Delia"),
    ("Store 12 Holdings", "Store 13 Holdings"),
    ("Northern Steel", "Southern Steel"),
    ("Acme", "Acme Paper"),
    ("First National Bank", "Second National Bank"),
    ("General Motors", "General Mills"),
    ("The Group", "Holding Company"),
    ("n/a", "n/a"),
    ("", ""),
]


@pytest.mark.parametrize(("one", "other", "how"), ALIKE)
def test_names_that_are_alike(one: str, other: str, how: Likeness | None) -> None:
    assert likeness_of_companies(one, other) == how
    assert likeness_of_companies(other, one) == how


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_are_not(one: str, other: str) -> None:
    assert likeness_of_companies(one, other) is None


@pytest.mark.parametrize(("one", "other"), [pair[:2] for pair in ALIKE if pair[2]])
def test_names_that_are_alike_share_a_key(one: str, other: str) -> None:
    """Whoever comes second finds the first: only by keys, never by looking at everybody."""
    assert sought_keys(one) & stored_keys(other)
    assert sought_keys(other) & stored_keys(one)


def slipped(name: str, chance: random.Random) -> str:
    at, letter = chance.randrange(len(name) - 1), chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        [
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        ]
    )


def test_no_slip_hides_a_name_from_its_keys() -> None:
    chance = random.Random(7)  # noqa: S311
    for _ in range(3000):
        length = chance.randrange(9, 24)
        name = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=length))
        other = slipped(name, chance)
        if other == name or likeness_of_companies(name, other) is None:
            continue  # a legal form came about, or nothing changed
        assert is_one_slip(name, other)
        assert sought_keys(other) & stored_keys(name), (name, other)


def test_how_often_a_likeness_is_right() -> None:
    """The figures of docs/decisions/0027: of corrupted names found, and of pairs found that are none."""
    chance, fake = random.Random(1), Faker("en_US")  # noqa: S311
    fake.seed_instance(1)
    words = [fake.last_name() for _ in range(3000)]
    trades = ["Paper", "Steel", "Foods", "Logistics", "Manufacturing", "International", "Systems"]
    names = sorted(
        {
            f"{chance.choice(words)} {chance.choice([*trades, chance.choice(words)])}"
            for _ in range(4000)
        }
    )
    corrupted = [(name, corrupt(name, chance)) for name in names]
    found = sum(likeness_of_companies(name, other) is not None for name, other in corrupted)
    by_key: dict[str, list[str]] = {}
    for name in names:
        for key in stored_keys(name):
            by_key.setdefault(key, []).append(name)
    wrong = {
        tuple(sorted((name, other)))
        for name in names
        for key in sought_keys(name)
        for other in by_key.get(key, ())
        if name != other and likeness_of_companies(name, other)
    }
    assert found / len(corrupted) > 0.95
    assert found / (found + len(wrong)) > 0.95, sorted(wrong)[:20]


def corrupt(name: str, chance: random.Random) -> str:
    """The same company as somebody else writes it."""
    return chance.choice(
        [
            lambda: f"{name}, {chance.choice(['Inc.', 'LLC', 'GmbH', 'Ltd'])}",
            name.upper,
            lambda: name.replace(" ", ""),
            lambda: " ".join(reversed(name.split())),
            lambda: f"{name} Group",
            lambda: name.replace("International", "Intl").replace("Manufacturing", "Mfg."),
            lambda: slipped(name, chance),
        ]
    )()


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        (("Maria", "Lindqvist"), ("maria", "LINDQVIST"), Likeness.PERSON),
        (("José", "O'Neil"), ("Jose", "ONeil"), Likeness.PERSON),
        (("M.", "Lindqvist"), ("Maria", "Lindqvist"), Likeness.INITIAL),
        (("Maria", "Lindqvist"), ("Mona", "Lindqvist"), None),
        (("", "Lindqvist"), ("Maria", "Lindqvist"), None),
        (("", ""), ("", ""), None),
        (("M", "Berg"), ("N", "Berg"), None),
    ],
)
def test_people(one: tuple[str, str], other: tuple[str, str], how: Likeness | None) -> None:
    assert likeness_of_people(one, other) == likeness_of_people(other, one) == how
