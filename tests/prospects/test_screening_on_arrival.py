"""A lead written down by hand or by the API is judged like a row of a file."""

from __future__ import annotations

from typing import Any

import pytest

from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.models import Lead, Listing, Source
from prospects.stages import Stage
from team.models import User
from tests.fixtures import NOW


def arrive(by: User, source: Source, company: str = "Halden Paper", **contact: Any) -> Lead:
    assert by.team is not None
    return actions.create_lead(
        source=source,
        company=CompanyDetails(name=company, country="US"),
        contact=ContactDetails(**contact),
        details=LeadDetails(),
        team=by.team,
        by=by,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("contact", "stage", "rules"),
    [
        ({"email": "maria@halden.example"}, Stage.RAW, []),
        ({"email": "maria@gmail.com"}, Stage.RAW, ["free_mail"]),
        ({"phone": "12"}, Stage.SCREENED_OUT, ["unreachable"]),
        (
            {"email": "maria@halden.example", "title": "Student"},
            Stage.SCREENED_OUT,
            ["student"],
        ),
    ],
)
def test_the_verdict(
    dana: User, fair: Source, contact: dict[str, str], stage: str, rules: list[str]
) -> None:
    lead = arrive(dana, fair, **contact)
    assert lead.stage == stage
    assert [reason["rule"] for reason in lead.screening] == rules


def test_what_is_wrong_is_told_and_may_be_overruled(dana: User, fair: Source) -> None:
    lead = arrive(dana, fair, email="not an address", first_name="Maria")
    change = lead.stage_changes.latest("id")
    assert (change.by, change.reason) == (None, "unreachable")
    assert "not an address" in change.note
    lead = actions.restore(lead=lead, by=dana, now=NOW, note="I have the number on paper")
    assert lead.stage == Stage.RAW


def test_a_competitor_on_the_list(dana: User, fair: Source) -> None:
    Listing.objects.create(kind="competitor", name_key="haldenpaper")
    lead = arrive(dana, fair, company="Halden Paper, Inc.", email="maria@halden.example")
    assert lead.stage == Stage.SCREENED_OUT
