"""What a manager sets for a person: capacities, languages, absence, territories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from team.languages import language_code, language_name, languages_of
from team.models import Territory, User

TEAM = "/settings/team/"
NO_AREAS = {"area-TOTAL_FORMS": "0", "area-INITIAL_FORMS": "0"}


@pytest.fixture
def as_(client: Client) -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client.force_login(user)
        return client

    return log_in


def said(client: Client, person: User, **fields: str) -> dict[str, str]:
    """The form as it is shown, with what is typed into it."""
    form = client.get(f"{TEAM}{person.pk}/").context["form"]
    shown = {name: str(form[name].value() or "") for name in form.fields}
    return {**shown, **NO_AREAS, **fields}


def area(number: int, **fields: str) -> dict[str, str]:
    return {f"area-{number}-{name}": value for name, value in fields.items()}


def test_everybody_one_manages_by_team(as_: Any, jennifer, dana, sam, carol, luis, ada) -> None:
    page = as_(jennifer).get(TEAM).content.decode()
    for words in ("Northeast", "South", "8 live opportunities", "200 open leads, 60 touches a day"):
        assert words in page
    assert "Ada Novak" not in page
    assert "US" in page  # Carol's territory


def test_settings_of_a_specialist(as_: Any, jennifer, dana) -> None:
    client = as_(jennifer)
    answer = client.post(
        f"{TEAM}{dana.pk}/",
        said(
            client,
            dana,
            lead_capacity="90",
            daily_touches="40",
            languages="english, Deutsch, fr" if language_code("Deutsch") else "English, de, French",
            away_from="2026-07-01",
            away_until="2026-07-14",
        )
        | {"area-TOTAL_FORMS": "3"}
        | area(0, country="US", region="Maine, Vermont ,Maine")
        | area(1)
        | area(2, naics_prefix="322", min_employees="50"),
        follow=True,
    )
    assert answer.status_code == 200, answer.context["form"].errors
    dana.refresh_from_db()
    assert (dana.lead_capacity, dana.daily_touches) == (90, 40)
    assert dana.languages == ["en", "de", "fr"]
    assert (dana.away_from, dana.away_until) == (date(2026, 7, 1), date(2026, 7, 14))
    words = [territory.area.words for territory in dana.territories.order_by("pk")]
    assert words == ["US · Maine", "US · Vermont", "NAICS 322 · 50 people and more"]
    page = answer.content.decode()
    assert "English, French, German" in page
    assert "US · Maine, Vermont" in page
    again = client.get(f"{TEAM}{dana.pk}/").content.decode()
    assert "English, French, German" in again


def test_a_territory_is_taken_away(as_: Any, jennifer, carol) -> None:
    client = as_(jennifer)
    assert carol.territories.count() == 1
    typed = said(client, carol, capacity="5") | {
        "area-TOTAL_FORMS": "1",
        "area-INITIAL_FORMS": "1",
    }
    client.post(f"{TEAM}{carol.pk}/", typed | area(0, country="US", DELETE="on"))
    carol.refresh_from_db()
    assert (carol.capacity, carol.territories.count()) == (5, 0)


WRONG = {
    "no number": ({"lead_capacity": "many"}, "lead_capacity"),
    "nothing": ({"lead_capacity": ""}, "lead_capacity"),
    "below nothing": ({"daily_touches": "-1"}, "daily_touches"),
    "far too many": ({"lead_capacity": "99999999999"}, "lead_capacity"),
    "no language": ({"languages": "English, Klingonese"}, "languages"),
    "no day": ({"away_from": "soon"}, "away_from"),
    "back before gone": ({"away_from": "2026-07-14", "away_until": "2026-07-01"}, "away_until"),
    "an end without a start": ({"away_until": "2026-07-01"}, "away_from"),
}


@pytest.mark.parametrize(("typed", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(as_: Any, jennifer, dana, typed, field) -> None:
    client = as_(jennifer)
    answer = client.post(f"{TEAM}{dana.pk}/", said(client, dana, **typed))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    for value in typed.values():
        assert value in answer.content.decode()


WRONG_AREAS = {
    "no country": area(0, country="XX"),
    "a region of nowhere": area(0, region="Maine"),
    "no industry": area(0, naics_prefix="paper"),
    "a region without end": area(0, country="US", region="x" * 101),
    "from more to less": area(0, min_employees="9", max_employees="3"),
}


@pytest.mark.parametrize("typed", WRONG_AREAS.values(), ids=WRONG_AREAS.keys())
def test_what_is_wrong_with_a_territory_is_said(as_: Any, jennifer, dana, typed) -> None:
    client = as_(jennifer)
    answer = client.post(
        f"{TEAM}{dana.pk}/", said(client, dana) | {"area-TOTAL_FORMS": "1"} | typed
    )
    assert answer.status_code == 422
    assert answer.context["areas"].errors[0]
    assert not Territory.objects.exists()


def test_a_form_without_its_territories_is_no_500(as_: Any, jennifer, dana) -> None:
    assert as_(jennifer).post(f"{TEAM}{dana.pk}/", {}).status_code == 422


def test_who_was_slower_is_told(as_: Any, jennifer, dana) -> None:
    client = as_(jennifer)
    typed = said(client, dana, lead_capacity="90")
    User.objects.filter(pk=dana.pk).update(daily_touches=11)
    answer = client.post(f"{TEAM}{dana.pk}/", typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody else changed this in the meantime" in page
    assert 'value="90"' in page
    typed["seen"] = answer.context["form"]["seen"].value()
    assert client.post(f"{TEAM}{dana.pk}/", typed).status_code == 302
    dana.refresh_from_db()
    assert dana.lead_capacity == 90


def test_a_rep_is_asked_what_concerns_them(as_: Any, jennifer, carol) -> None:
    form = as_(jennifer).get(f"{TEAM}{carol.pk}/").context["form"]
    assert list(form.fields) == ["capacity", "seen"]


def test_nobody_else_may(as_: Any, jennifer, dana, ada, charlie) -> None:
    assert as_(dana).get(TEAM).status_code == 403
    assert as_(dana).get(f"{TEAM}{dana.pk}/").status_code == 403
    assert as_(jennifer).get(f"{TEAM}{charlie.pk}/").status_code == 404
    assert as_(jennifer).get(f"{TEAM}{ada.pk}/").status_code == 404
    assert as_(ada).get(f"{TEAM}{charlie.pk}/").status_code == 200


COUNTRIES = {
    "US": ("en",),
    "CA": ("en", "fr"),
    "BE": ("nl", "fr", "de"),
    "NO": ("no",),
    "de": ("de",),
    "": (),
    "XX": (),
}


@pytest.mark.parametrize(("country", "languages"), COUNTRIES.items())
def test_the_languages_of_a_country(country: str, languages: tuple[str, ...]) -> None:
    assert languages_of(country) == languages


def test_names_and_codes_of_languages() -> None:
    assert [
        language_code(words) for words in (" German", "DE", "Norwegian Bokmål", "nonsense")
    ] == [
        "de",
        "de",
        "no",
        None,
    ]
    assert language_name("de") == "German"
    assert language_name("zz") == "zz"
