"""Which column is which field: proposed from the headings, or told."""

from __future__ import annotations

import pytest

from prospects.reading.mapping import HANDOFFS, LEADS, TOUCHES, BadMapping, propose, settle


@pytest.mark.parametrize("catalogue", [LEADS, TOUCHES, HANDOFFS])
def test_our_own_names_are_known(catalogue: dict[str, tuple[str, ...]]) -> None:
    assert propose(list(catalogue), catalogue) == {name: name for name in catalogue}


def test_the_headings_of_other_systems() -> None:
    assert propose(
        ["Id", "LastName", "MobilePhone", "LeadSource", "NumberOfEmployees", "CreatedDate"], LEADS
    ) == {
        "Id": "external_id",
        "LastName": "last_name",
        "MobilePhone": "phone",
        "LeadSource": "source",
        "NumberOfEmployees": "employees",
        "CreatedDate": "received_at",
    }
    assert propose(["First Name", "Job Title", "Website URL", "State/Region"], LEADS) == {
        "First Name": "first_name",
        "Job Title": "title",
        "Website URL": "domain",
        "State/Region": "region",
    }
    assert propose(["emails", "contact_numbers", "lead_value"], LEADS) == {
        "emails": "email",
        "contact_numbers": "phone",
        "lead_value": "potential_revenue",
    }


def test_of_two_columns_for_a_field_the_likelier_comes_first() -> None:
    assert settle(["MobilePhone", "Phone"], LEADS).columns["phone"] == (1, 0)


def test_what_is_told_wins_and_null_leaves_out() -> None:
    columns = settle(["Firma", "Phone"], LEADS, {"Firma": "company", "Phone": None})
    assert columns.used == {"Firma": "company"}
    assert columns.ignored == ("Phone",)


def test_a_mapping_may_be_told_from_field_to_heading() -> None:
    assert settle(["Firma", "X"], LEADS, {"company": "Firma"}).used == {"Firma": "company"}


@pytest.mark.parametrize(
    ("told", "words"),
    [({"Firm": "company"}, "no column “Firm”"), ({"Firma": "firm"}, "no field “firm”")],
)
def test_what_does_not_fit_is_refused(told: dict[str, str], words: str) -> None:
    with pytest.raises(BadMapping, match=words):
        settle(["Firma"], LEADS, told)
