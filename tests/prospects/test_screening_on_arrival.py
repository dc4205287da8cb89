"""A lead written down by hand or by the API is judged like a row of a file."""

from __future__ import annotations

from typing import Any

import pytest

from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.imports.leads import import_leads
from prospects.models import Lead, Listing, Source
from prospects.screening import reviewing
from prospects.stages import Stage
from team.models import Team, User
from tests.fixtures import NOW
from tests.history_files import write_csv

__all__ = ["write_csv"]


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


def test_what_people_said_stands_on_the_lead_and_in_their_own_history(
    dana: User, fair: Source
) -> None:
    lead = arrive(dana, fair, email="a@halden.example", title="Consultant")
    assert lead.screening[0]["weight"] == "verdict"
    lead = actions.restore(lead=lead, by=dana, now=NOW, note="she buys")
    [found] = lead.screening
    assert (found["weight"], found["said"]) == (
        "overruled",
        "Dana Whitfield, Jun 17, 2026: she buys",
    )
    [said] = lead.overrulings.all()
    assert (said.rule, said.by, said.why) == ("consultant", dana, "she buys")


def test_a_number_without_a_country_is_dialed_from_where_we_are(
    dana: User, northeast: Team, fair: Source
) -> None:
    lead = actions.create_lead(
        source=fair,
        company=CompanyDetails(),
        contact=ContactDetails(last_name="Lind", phone="(617) 253-1000"),
        details=LeadDetails(),
        team=northeast,
        by=dana,
        now=NOW,
    )
    assert lead.stage == Stage.RAW
    assert lead.contact is not None
    assert lead.contact.phone_key == "+16172531000"


def test_a_file_with_news_does_not_bring_back_a_doubt_that_somebody_settled(
    dana: User, northeast: Team, write_csv: Any
) -> None:
    row = {
        "external_id": "A1",
        "company": "Halden",
        "email": "a@x.com",
        "title": "Sales Consultant",
    }
    import_leads(write_csv(row), team=northeast, source="Fair", now=NOW)
    lead = Lead.objects.get()
    assert lead.is_doubtful
    assert lead.specialist is None
    reviewing.pass_lead(lead=lead, by=dana, now=NOW)
    import_leads(write_csv({**row, "city": "Boston"}), team=northeast, source="Fair", now=NOW)
    lead.refresh_from_db()
    assert lead.company is not None
    assert (lead.company.city, lead.is_doubtful) == ("Boston", False)
