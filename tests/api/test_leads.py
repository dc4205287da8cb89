"""Leads: the list with its filters and pages, taking one in, editing it, the steps of its life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from prospects import actions, reads
from prospects.models import Lead, Source
from prospects.stages import Stage
from team.models import Team, User
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]
LEADS = "/api/v1/leads/"


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer.json()["results"]]


def test_a_lead_says_everything_a_client_needs(
    client_of: ClientOf, dana: User, qualified_lead: Lead
) -> None:
    lead = client_of(dana).get(f"{LEADS}{qualified_lead.pk}/").json()
    assert lead["stage"] == Stage.QUALIFIED
    assert lead["company"]["naics"] == {
        "key": "naics-322120",
        "system": "naics",
        "code": "322120",
        "title": "Paper Mills",
    }
    assert lead["potential_revenue"] == "420000.00"  # money is a decimal string
    assert lead["received_at"] == "2026-04-18T15:00:00Z"  # instants are UTC
    assert lead["next_touch"]["why"]
    assert [contact["last_name"] for contact in lead["contacts"]] == ["Lindqvist1", "Holm"]
    assert [change["to_stage"] for change in lead["history"]] == ["raw", "nurturing", "qualified"]
    assert lead["history"][0]["by"] == {"id": dana.pk, "name": "Dana Whitfield"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", {"first", "second", "third"}),
        ("?q=maria", {"first", "second", "third"}),
        ("?q=lindqvist2", {"second"}),
        ("?stage=raw", {"first", "third"}),
        ("?stage=screened_out", {"second"}),
        ("?unassigned=true", set()),
        ("?documented=1", set()),
        ("?q=lindqvist2&stage=raw", set()),
    ],
)
def test_the_list_is_narrowed_as_the_page_is(
    client_of: ClientOf,
    dana: User,
    make_lead: Callable[..., Lead],
    asked: str,
    found: set[str],
) -> None:
    leads = {name: make_lead() for name in ("first", "second", "third")}
    actions.screen_out(lead=leads["second"], reason="student", by=dana, now=NOW)
    assert set(ids(client_of(dana).get(LEADS + asked))) == {leads[name].pk for name in found}


@pytest.mark.parametrize(
    "asked",
    [
        "?stge=raw",
        "?stage=nowhere",
        "?documented=11",
        "?source=x",
        "?specialist=-1",
        "?q=%00",
        "?cursor=x",
        "?cursor=2026-01-01_1",
        "?cursor=2026-01-01T00:00:00Z_x",
    ],
)
def test_a_filter_that_is_none_is_refused_not_ignored(
    client_of: ClientOf, dana: User, asked: str
) -> None:
    answer = client_of(dana).get(LEADS + asked)
    assert answer.status_code == 400
    assert asked[1:].split("=", maxsplit=1)[0] in answer.json()["errors"]


@pytest.mark.parametrize("who", ["dana", "jennifer", "ada"])
def test_pages_follow_each_other_without_gap_or_repetition(
    client_of: ClientOf,
    make_lead: Callable[..., Lead],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
) -> None:
    monkeypatch.setattr(reads, "PAGE", 3)
    made = [make_lead(now=NOW - timedelta(days=9, minutes=n // 2)).pk for n in range(8)]
    client, url, seen = client_of(request.getfixturevalue(who)), LEADS, []
    while url:
        answer = client.get(url)
        assert len(ids(answer)) <= 3
        seen += ids(answer)
        url = answer.json()["next"]
    # The newest activity first, and of two at once the one made last.
    assert seen == sorted(made, key=lambda pk: (-(made.index(pk) // 2), pk), reverse=True)


@pytest.mark.parametrize("url", [LEADS, "/api/v1/companies/", "/api/v1/contacts/"])
def test_ten_more_rows_cost_no_more_queries(
    client_of: ClientOf,
    jennifer: User,
    make_lead: Callable[..., Lead],
    django_assert_max_num_queries: DjangoAssertNumQueries,
    url: str,
) -> None:
    client = client_of(jennifer)
    make_lead()
    with django_assert_max_num_queries(6) as few:
        assert len(ids(client.get(url))) == 1
    for _ in range(10):
        make_lead()
    with django_assert_max_num_queries(6) as many:
        assert len(ids(client.get(url))) == 11
    assert len(many) == len(few)


def test_a_lead_is_taken_in(client_of: ClientOf, dana: User, fair: Source) -> None:
    body = {
        "source": fair.pk,
        "company": {
            "name": "Skyline Foods",
            "country": "United States",
            "domain": "SKYLINE.example/",
        },
        "contact": {"first_name": "Joan", "last_name": "Reyes", "email": "joan@skyline.example"},
        "potential_revenue": "125000.50",
        "note": "asked for a quote",
    }
    answer = client_of(dana).post(LEADS, body)
    assert answer.status_code == 201
    lead = Lead.objects.get(pk=answer.json()["id"])
    assert (lead.stage, lead.specialist, lead.team) == (Stage.RAW, dana, dana.team)
    assert lead.company is not None
    assert (lead.company.country, lead.company.domain) == ("US", "skyline.example")
    assert answer.json()["contact"]["last_name"] == "Reyes"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source"),
        ({"source": 0, "company": {"name": "A"}}, "source"),
        ({"company": {}}, "non_field_errors"),
        ({"company": {"city": "Boston"}}, "company"),
        ({"contact": {"title": ""}}, "non_field_errors"),
        ({"company": {"name": "A", "naics": "999999"}}, "company"),
        ({"company": {"name": "A", "country": "Atlantis"}}, "company"),
        ({"company": {"name": "A", "employees": 2**40}}, "company"),
        ({"company": {"name": "A", "revenue": "NaN"}}, "company"),
        ({"company": {"name": "A\0"}}, "company"),
        ({"company": "A"}, "company"),
        ({"company": {"name": "A", "name_key": "b"}}, "company"),
        ({"company": {"name": "A"}, "stage": "won"}, "stage"),
        ({"company": {"name": "A"}, "team": "mine"}, "team"),
    ],
)
def test_what_is_not_in_order_is_told_by_field(
    client_of: ClientOf, dana: User, fair: Source, body: dict[str, Any], field: str
) -> None:
    sent = body if not body else {"source": fair.pk, **body}
    answer = client_of(dana).post(LEADS, sent)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Lead.objects.exists()


def test_somebody_known_is_not_written_down_twice(
    client_of: ClientOf, dana: User, sam: User, raw_lead: Lead, fair: Source
) -> None:
    assert raw_lead.contact is not None
    body = {"source": fair.pk, "contact": {"email": raw_lead.contact.email.upper()}}
    answer = client_of(dana).post(LEADS, body)
    assert (answer.status_code, answer.json()["known"]) == (409, [raw_lead.pk])
    assert client_of(dana).post(LEADS, {**body, "anyway": True}).status_code == 201
    assert client_of(sam).post(LEADS, body).status_code == 201  # who does not see it learns nothing


def test_nobody_writes_down_a_lead_for_a_team_of_others(
    client_of: ClientOf, dana: User, jennifer: User, charlie: User, south: Team, fair: Source
) -> None:
    body = {"source": fair.pk, "company": {"name": "Skyline Foods"}}
    assert "team" in client_of(dana).post(LEADS, {**body, "team": south.pk}).json()["errors"]
    assert "team" in client_of(charlie).post(LEADS, body).json()["errors"]
    assert client_of(jennifer).post(LEADS, {**body, "team": south.pk}).status_code == 201


def test_an_edit_needs_the_version_one_saw(
    client_of: ClientOf, dana: User, jennifer: User, raw_lead: Lead
) -> None:
    url = f"{LEADS}{raw_lead.pk}/"
    saved = client_of(dana).patch(url, {"version": 1, "note": "from Dana"})
    assert (saved.status_code, saved.json()["version"]) == (200, 2)
    late = client_of(jennifer).patch(url, {"version": 1, "note": "from Jennifer"})
    assert (late.status_code, late.json()["current"]) == (409, 2)
    assert late.headers["Content-Type"] == "application/problem+json"
    raw_lead.refresh_from_db()
    assert raw_lead.note == "from Dana"
    assert "version" in client_of(dana).patch(url, {"note": "blind"}).json()["errors"]


def test_null_empties_what_may_be_empty(
    client_of: ClientOf, dana: User, almost_ready: Lead
) -> None:
    url = f"{LEADS}{almost_ready.pk}/"
    version = almost_ready.version
    answer = client_of(dana).patch(url, {"version": version, "potential_revenue": None})
    assert answer.json()["potential_revenue"] is None
    assert answer.json()["expected_close_on"] == "2026-09-15"  # left out: left as it was
    refused = client_of(dana).patch(url, {"version": version + 1, "horizon": None})
    assert "horizon" in refused.json()["errors"]
    company = f"/api/v1/companies/{almost_ready.company_id}/"
    assert client_of(dana).patch(company, {"naics": None}).json()["naics"] is None


def test_the_steps_of_a_life(
    client_of: ClientOf, dana: User, jennifer: User, raw_lead: Lead
) -> None:
    def step(who: User, verb: str, **body: Any) -> tuple[int, str]:
        answer = client_of(who).post(f"{LEADS}{raw_lead.pk}/{verb}/", body)
        raw_lead.refresh_from_db()
        return answer.status_code, raw_lead.stage

    assert step(dana, "screen-out", reason="student", note="a thesis") == (200, "screened_out")
    assert step(dana, "enter-program") == (409, "screened_out")
    assert step(dana, "restore") == (200, "raw")
    assert step(dana, "enter-program") == (200, "nurturing")
    assert step(dana, "give-up") == (403, "nurturing")
    assert step(dana, "give-up", override="no phone") == (403, "nurturing")
    assert step(jennifer, "give-up", override="no phone") == (200, "unable_to_qualify")
    assert step(dana, "revive", note="they wrote") == (200, "nurturing")
    assert step(dana, "disqualify", reason="other") == (422, "nurturing")
    assert step(dana, "disqualify", reason="bored") == (400, "nurturing")
    assert step(dana, "disqualify", reason="no_fit") == (200, "disqualified")


def test_a_manager_gives_leads_to_their_specialists_only(
    client_of: ClientOf, dana: User, sam: User, carol: User, jennifer: User, raw_lead: Lead
) -> None:
    url = f"{LEADS}{raw_lead.pk}/assign/"
    assert client_of(jennifer).post(url, {"specialist": carol.pk}).status_code == 403
    answer = client_of(jennifer).post(url, {"specialist": sam.pk, "why": "speaks Spanish"})
    assert answer.json()["specialist"] == {"id": sam.pk, "name": "Sam Ortiz"}
    assert answer.json()["assigned_why"] == "speaks Spanish"
    assert client_of(dana).post(url, {"specialist": sam.pk}).status_code == 404  # gone South


def test_companies_and_contacts_are_found_and_edited(
    client_of: ClientOf, dana: User, nurtured_lead: Lead
) -> None:
    client = client_of(dana)
    assert len(ids(client.get("/api/v1/companies/?q=halden pa"))) == 1
    assert len(ids(client.get("/api/v1/companies/?domain=halden1.example"))) == 1
    assert ids(client.get("/api/v1/companies/?q=skyline")) == []
    added = client.post(
        "/api/v1/contacts/",
        {"lead": nurtured_lead.pk, "last_name": "Holm", "buying_role": "influencer"},
    ).json()
    assert ids(client.get(f"/api/v1/contacts/?lead={nurtured_lead.pk}")) == [
        added["id"],
        nurtured_lead.contact_id,
    ]
    edited = client.patch(f"/api/v1/contacts/{added['id']}/", {"title": "Finance"}).json()
    assert (edited["last_name"], edited["title"]) == ("Holm", "Finance")


def test_people_and_industries_are_looked_up(
    client_of: ClientOf, dana: User, carol: User, sam: User, paper_mills: object
) -> None:
    client = client_of(dana)
    people = client.get("/api/v1/people/?role=specialist").json()
    assert [person["name"] for person in people] == ["Dana Whitfield"]
    assert client.get("/api/v1/industries/?q=paper mill").json()[0]["code"] == "322120"
    assert client.get("/api/v1/industries/").status_code == 400
