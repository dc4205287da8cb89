"""The settings of sources: their forms, how they are shown, and what sources cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from prospects.actions import NotAllowed
from prospects.capture.actions import make_key, write_costs
from prospects.models import Source, SourceCost, WebForm
from team.models import Team, User
from tests.fixtures import NOW

AsUser = Callable[[User], Client]


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def typed(fair: Source, northeast: Team) -> dict[str, Any]:
    """A form as a manager fills it in."""
    return {
        "name": "Contact",
        "source": fair.pk,
        "team": northeast.pk,
        "heading": "Talk to us",
        "ask_name": "must",
        "ask_email": "must",
        "ask_message": "may",
        "consent_words": "You may write to me.",
        "sites": "www.example.com\nhttps://shop.example.com/page",
        "thanks_url": "https://www.example.com/thanks",
    }


@pytest.fixture
def made(typed: dict[str, Any], jennifer: User, as_user: AsUser) -> WebForm:
    answer = as_user(jennifer).post("/settings/forms/new/", typed)
    form = WebForm.objects.get()
    assert answer.headers["Location"] == f"/settings/forms/{form.pk}/"
    return form


def test_making_a_form(made: WebForm, jennifer: User) -> None:
    assert (made.asks, made.requires) == (["name", "email", "message"], ["name", "email"])
    assert made.sites == ["https://www.example.com", "https://shop.example.com"]
    assert (made.by, made.consent_version) == (jennifer, 1)


def test_a_form_for_a_source_that_is_new(
    typed: dict[str, Any], jennifer: User, as_user: AsUser
) -> None:
    as_user(jennifer).post(
        "/settings/forms/new/", {**typed, "source": "", "new_source": "Web site"}
    )
    assert WebForm.objects.get().source.name == "Web site"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"source": ""}, "Say which source"),
        ({"ask_email": ""}, "else nobody can answer"),
        ({"sites": "not a site"}, "is not the address of a web site"),
        ({"sites": "https://a.example; script-src *"}, "is not the address of a web site"),
        ({"sites": "\n".join(f"s{n}.example" for n in range(21))}, "Twenty"),
        ({"thanks_url": "https://elsewhere.example/"}, "not on one of the sites"),
        ({"thanks_url": "javascript:alert(1)"}, "Enter a valid URL"),
        ({"consent_words": "", "consent_required": "on"}, "Say what one has to agree to"),
        ({"ask_name": "whatever"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_is_kept(
    typed: dict[str, Any], jennifer: User, as_user: AsUser, wrong: dict[str, str], words: str
) -> None:
    answer = as_user(jennifer).post("/settings/forms/new/", {**typed, **wrong})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Talk to us" in answer.content.decode()
    assert not WebForm.objects.exists()


def test_other_words_of_consent_are_another_version(
    made: WebForm, typed: dict[str, Any], jennifer: User, as_user: AsUser
) -> None:
    edit = f"/settings/forms/{made.pk}/edit/"
    as_user(jennifer).post(edit, typed)
    made.refresh_from_db()
    assert made.consent_version == 1
    as_user(jennifer).post(edit, {**typed, "consent_words": "Other words."})
    made.refresh_from_db()
    assert made.consent_version == 2


def test_a_page_says_how_to_show_the_form(made: WebForm, jennifer: User, as_user: AsUser) -> None:
    answer = as_user(jennifer).get(f"/settings/forms/{made.pk}/")
    context = answer.context
    assert context["link"] == f"http://testserver/f/{made.token}/"
    assert "?embed=1" in context["frame"]
    for name in ("name", "email", "message", "consent", "consent_version", "fax"):
        assert f'name="{name}"' in context["snippet"]
    assert "{#" not in context["snippet"]
    assert "phone" not in context["snippet"]
    assert "&lt;iframe" in answer.content.decode()


def test_a_key_is_shown_once(made: WebForm, jennifer: User, as_user: AsUser) -> None:
    with time_machine.travel(NOW, tick=False):
        client = as_user(jennifer)
        shown = client.post(f"/settings/forms/{made.pk}/make-key/")
        key = shown.context["key"]
        assert key.startswith("lfk_")
        assert key in shown.content.decode()
        later = client.get(f"/settings/forms/{made.pk}/").content.decode()
    assert key not in later
    assert "it ends on Jun 17, 2027" in later


def test_the_link_is_renewed_and_the_form_switched_off_and_on(
    made: WebForm, jennifer: User, as_user: AsUser
) -> None:
    client, pk = as_user(jennifer), made.pk
    client.post(f"/settings/forms/{pk}/renew-link/")
    client.post(f"/settings/forms/{pk}/close/")
    form = WebForm.objects.get()
    assert form.token != made.token
    assert not form.is_open
    assert "switched off" in client.get("/settings/sources/").content.decode()
    client.post(f"/settings/forms/{pk}/reopen/")
    assert WebForm.objects.get().is_open


def test_forms_of_other_teams_are_not_there(
    made: WebForm, person: Callable[..., User], as_user: AsUser, dana: User
) -> None:
    otto = person("Otto Berg", "manager", Team.objects.create(name="West"))
    assert as_user(otto).get(f"/settings/forms/{made.pk}/").status_code == 404
    assert "Contact" not in as_user(otto).get("/settings/sources/").content.decode()
    assert as_user(dana).get("/settings/sources/").status_code == 403
    with pytest.raises(NotAllowed):
        make_key(form=made, by=dana, now=NOW)


def test_nobody_s_sources_yet(jennifer: User, as_user: AsUser) -> None:
    assert "No source yet" in as_user(jennifer).get("/settings/sources/").content.decode()
    assert "No source yet" in as_user(jennifer).get("/settings/sources/costs/").content.decode()


def test_ten_more_sources_and_forms_take_no_more_queries(
    made: WebForm, jennifer: User, northeast: Team, as_user: AsUser
) -> None:
    client = as_user(jennifer)

    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    addresses = ("/settings/sources/", "/settings/sources/costs/2026-06/")
    before = [count(address) for address in addresses]
    for number in range(10):
        source = Source.objects.create(name=f"Source {number}")
        WebForm.objects.create(source=source, team=northeast, name="F", created_at=NOW)
    assert [count(address) for address in addresses] == before


def test_the_database_asks_for_an_address_too(made: WebForm) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        WebForm.objects.update(asks=["name"], requires=[])
    with pytest.raises(IntegrityError), transaction.atomic():
        WebForm.objects.update(requires=["country"])


# Sources


def test_a_source_is_made_and_called_otherwise(
    fair: Source, jennifer: User, as_user: AsUser
) -> None:
    client = as_user(jennifer)
    client.post("/settings/sources/new/", {"name": "Web site", "kind": "web_form"})
    client.post(f"/settings/sources/{fair.pk}/", {"name": "Fair 2026", "kind": "event"})
    assert list(Source.objects.values_list("name", flat=True)) == ["Fair 2026", "Web site"]
    again = client.post("/settings/sources/new/", {"name": "WEB SITE", "kind": "list"})
    assert again.status_code == 422
    assert "of that name already" in again.content.decode()


# Costs


def test_costs_are_written_by_month(fair: Source, jennifer: User, as_user: AsUser) -> None:
    client, field = as_user(jennifer), f"cost_{fair.pk}"
    SourceCost.objects.create(source=fair, month_on=date(2026, 5, 1), amount=Decimal(900))
    client.post("/settings/sources/costs/2026-06/", {field: "$1,200.50"})
    client.post("/settings/sources/costs/2026-06/", {field: "1,300"})
    page = client.get("/settings/sources/costs/2026-06/").content.decode()
    assert SourceCost.objects.get(month_on=date(2026, 6, 1)).amount == Decimal(1300)
    assert "$900" in page
    client.post("/settings/sources/costs/2026-06/", {field: ""})
    assert not SourceCost.objects.filter(month_on=date(2026, 6, 1)).exists()


def test_a_cost_that_is_none(fair: Source, jennifer: User, as_user: AsUser) -> None:
    for wrong in ("-1", "much", "9" * 20):
        answer = as_user(jennifer).post(
            "/settings/sources/costs/2026-06/", {f"cost_{fair.pk}": wrong}
        )
        assert answer.status_code == 422, wrong
        assert wrong in answer.content.decode()


@pytest.mark.parametrize("month", ["2026-13", "june", "0001-01", "2026-6", "9999-12"])
def test_a_month_that_is_none(jennifer: User, as_user: AsUser, month: str) -> None:
    assert as_user(jennifer).get(f"/settings/sources/costs/{month}/").status_code == 404


def test_who_does_not_manage_writes_no_costs(fair: Source, dana: User) -> None:
    with pytest.raises(NotAllowed):
        write_costs(month_on=date(2026, 6, 1), costs={fair: Decimal(1)}, by=dana)
