"""Handoffs: to whom, the dossier, and what the rep makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from handoff.actions import hand_off
from handoff.models import Handoff
from prospects.models import Lead
from prospects.stages import Stage
from team.models import User
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]


@pytest.fixture
def handoff(qualified_lead: Lead, carol: User, dana: User) -> Handoff:
    return hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)


def test_a_qualified_lead_is_handed_over(
    client_of: ClientOf, dana: User, carol: User, qualified_lead: Lead
) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{qualified_lead.pk}"
    (proposed,) = client.get(f"{url}/reps/").json()
    assert (proposed["rep"], proposed["free"], proposed["in_territory"]) == (carol.pk, 8, True)
    body = {
        "rep": carol.pk,
        "potential_revenue": "500000",
        "word": {"said": "Call her before ten.", "hot_buttons": ["uptime"]},
    }
    answer = client.post(f"{url}/hand-off/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["potential_revenue"]) == ("waiting", "500000.00")
    assert made["rep"] == {"id": carol.pk, "name": "Carol Barrett"}
    dossier = client_of(carol).get(f"/api/v1/handoffs/{made['id']}/").json()["dossier"]
    assert dossier["word"]["said"] == "Call her before ten."
    again = client.post(f"{url}/hand-off/", body)
    assert (again.status_code, "Carol" in again.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400),
        ({"rep": 0}, 400),
        ({"rep": "dana"}, 400),  # no rep
        ({"rep": "carol", "version": 1}, 409),
        ({"rep": "carol", "potential_revenue": "-5"}, 400),
        ({"rep": "carol", "word": {"by": "me"}}, 400),
        ({"rep": "carol", "handed_off_at": "2020-01-01T00:00:00Z"}, 400),
    ],
)
def test_a_handing_over_that_is_none_is_refused(
    client_of: ClientOf,
    dana: User,
    carol: User,
    qualified_lead: Lead,
    body: dict[str, Any],
    code: int,
) -> None:
    people = {"dana": dana.pk, "carol": carol.pk}
    sent = {
        name: people.get(value, value) if name == "rep" else value for name, value in body.items()
    }
    url = f"/api/v1/leads/{qualified_lead.pk}/hand-off/"
    assert client_of(dana).post(url, sent).status_code == code
    assert not Handoff.objects.exists()


def test_a_full_rep_takes_a_managers_word(
    client_of: ClientOf, dana: User, carol: User, jennifer: User, qualified_lead: Lead
) -> None:
    User.objects.filter(pk=carol.pk).update(capacity=0)
    url = f"/api/v1/leads/{qualified_lead.pk}/hand-off/"
    over = {"rep": carol.pk, "override": "she asked for it"}
    assert client_of(dana).post(url, over).status_code == 403
    assert client_of(jennifer).post(url, {"rep": carol.pk}).status_code == 403
    assert client_of(jennifer).post(url, over).status_code == 201


def test_the_rep_accepts_and_wins(client_of: ClientOf, carol: User, handoff: Handoff) -> None:
    client, url = client_of(carol), f"/api/v1/handoffs/{handoff.pk}"
    assert client.post(f"{url}/result/", {"result": "won", "revenue": "1"}).status_code == 403
    accepted = client.post(f"{url}/accept/")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    assert client.post(f"{url}/accept/").status_code == 409
    assert client.post(f"{url}/return/", {"reason": "no"}).status_code == 403
    assert client.post(f"{url}/result/", {"result": "won"}).status_code == 422
    assert client.post(f"{url}/result/", {"result": "lost"}).status_code == 422
    assert client.post(f"{url}/result/", {"result": "stalled"}).status_code == 422
    won = client.post(f"{url}/result/", {"result": "won", "revenue": "385000"})
    assert (won.json()["state"], won.json()["revenue"]) == ("won", "385000.00")
    assert client.post(f"{url}/result/", {"result": "won", "revenue": "1"}).status_code == 409
    handoff.lead.refresh_from_db()
    assert handoff.lead.stage == Stage.WON


def test_the_rep_returns_it_naming_what_was_wrong(
    client_of: ClientOf, carol: User, dana: User, handoff: Handoff
) -> None:
    client, url = client_of(carol), f"/api/v1/handoffs/{handoff.pk}/return/"
    assert client.post(url).status_code == 422
    assert client.post(url, {"wrong_attributes": ["mood"]}).status_code == 400
    answer = client.post(url, {"wrong_attributes": ["budget"], "reason": "frozen until fall"})
    assert (answer.json()["state"], answer.json()["wrong_attributes"]) == ("returned", ["budget"])
    gate = client_of(dana).get(f"/api/v1/leads/{handoff.lead_id}/answers/").json()
    assert (
        next(f["state"] for f in gate["attributes"] if f["attribute"] == "budget") == "contradicted"
    )
    # The rep still sees what they were handed, the lead no more.
    assert client.get(f"/api/v1/handoffs/{handoff.pk}/").status_code == 200
    assert client.get(f"/api/v1/leads/{handoff.lead_id}/").status_code == 404


def test_the_list_and_the_versions_of_a_dossier(
    client_of: ClientOf,
    jennifer: User,
    handoff: Handoff,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_of(jennifer)

    def listed(query: str = "") -> list[int]:
        answer = client.get(f"/api/v1/handoffs/{query}").json()
        return [row["id"] for row in answer["results"]]

    with django_assert_max_num_queries(6):
        assert listed() == [handoff.pk]
    assert listed("?live=true") == listed(f"?lead={handoff.lead_id}") == [handoff.pk]
    assert listed("?live=false") == []
    url = f"/api/v1/handoffs/{handoff.pk}/"
    assert client.get(f"{url}?version=1").json()["dossier"]["headline"]
    assert client.get(f"{url}?version=2").status_code == 404
    assert client.get(f"{url}?version=one").status_code == 400
