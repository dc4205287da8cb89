"""What a file seems to hold: columns by heading and by value, and what a person is asked."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from prospects.reading import cells, proposing
from prospects.reading.mapping import LEADS, TOUCHES, BadMapping
from prospects.reading.proposing import Confidence, Known, Question, Understanding, answered
from prospects.reading.tables import open_table

SOURCES = Known({proposing.spelt(name): name for name in ("Google", "Trade fair")}, is_open=True)
STAGES = Known({"raw": "raw", "won": "won"}, labels={"raw": "Raw", "won": "Won"})
KNOWN = {"source": SOURCES, "country": proposing.COUNTRIES, "stage": STAGES}


@pytest.fixture
def understand(tmp_path: Path) -> Callable[..., Understanding]:
    def run(
        headers: list[str], *rows: list[str], told: dict[str, Any] | None = None
    ) -> Understanding:
        path = tmp_path / "list.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([headers, *rows])
        return proposing.understand(open_table(path), LEADS, told, KNOWN)

    return run


Understand = Callable[..., Understanding]


def values(found: Understanding, *cells_: str) -> dict[str, str]:
    return found.columns.extractor()(cells_)


# Columns


def test_values_tell_what_headings_do_not(understand: Understand) -> None:
    found = understand(
        ["A", "B", "C", "D", "E", "F"],
        ["Acme Inc.", "ann@acme.com", "+1 617 253 1000", "www.acme.com", "Germany", "CEO"],
        ["Berg GmbH", "bob@berg.de", "(617) 253-2000", "https://berg.de", "France", "Buyer"],
        ["Moss Ltd", "cy@moss.org", "617.253.3000", "moss.org", "Spain", "Plant Manager"],
    )
    assert found.columns.used == {
        "A": "company", "B": "email", "C": "phone", "D": "domain", "E": "country", "F": "title",
    }  # fmt: skip
    assert {proposal.confidence for proposal in found.proposals} == {Confidence.LIKELY}
    assert found.proposals[1].why == "Its values say so."
    assert found.proposals[1].examples[0] == "ann@acme.com"
    assert found.rows == 3


def test_what_a_heading_feeds_is_not_fed_again_by_values(understand: Understand) -> None:
    found = understand(["Email", "Other"], ["a@x.com", "b@x.com"], ["c@x.com", "d@x.com"])
    assert found.columns.used == {"Email": "email"}
    assert found.columns.ignored == ("Other",)


def test_ids_and_dates_are_no_phones(understand: Understand) -> None:
    rows = [["4930123456", "2026-01-02", "1234567", "10.0.0.1"]] * 2
    found = understand(["a", "b", "c", "d"], *rows, ["4930123457", "2026-01-03", "1", "10.0.0.2"])
    assert found.columns.used == {}


def test_a_heading_that_its_values_belie_is_not_believed(understand: Understand) -> None:
    found = understand(["Mail", "Name"], ["Main St 1", "Ann"], ["Elm St 2", "Bob"], ["x", "Cy"])
    assert found.columns.used == {"Name": "full_name"}
    assert found.proposals[0].confidence == Confidence.UNSURE
    assert found.proposals[0].field == "email"


def test_salutations_are_no_job_titles(understand: Understand) -> None:
    found = understand(["Title", "Email"], ["Mr.", "a@x.com"], ["Mrs", "b@x.com"], ["Dr.", ""])
    assert "Title" not in found.columns.used


def test_names_of_companies_are_no_people(understand: Understand) -> None:
    found = understand(["Name"], ["Acme Inc."], ["Berg GmbH"], ["Moss Ltd"])
    assert found.columns.used == {"Name": "company"}


@pytest.mark.parametrize(
    ("header", "field"),
    [("Companny", "company"), ("Emial adress", "email"), ("Anual Revenue", "revenue"),
     ("Firma", "company"), ("Nachname", "last_name"), ("Prénom", "first_name"), ("PLZ", "postal_code"),
     ("Correo electrónico", "email"), ("Organization ID", None), ("Lead Source ID", None)],
)  # fmt: skip
def test_headings_misspelt_and_in_other_languages(
    understand: Understand, header: str, field: str | None
) -> None:
    assert understand([header], ["x"]).columns.used.get(header) == field


@pytest.mark.parametrize(
    ("system", "headers", "used"),
    [
        ("Outlook", ["First Name", "Title", "E-mail Address", "Business Street", "Job Title"],
         {"First Name": "first_name", "E-mail Address": "email", "Business Street": "street",
          "Job Title": "title"}),
        ("Google Contacts", ["Given Name", "E-mail 1 - Value", "Organization Name", "Phone 1 - Value"],
         {"Given Name": "first_name", "E-mail 1 - Value": "email", "Organization Name": "company",
          "Phone 1 - Value": "phone"}),
        ("HubSpot", ["Record ID", "First Name", "Lead Status", "Contact owner", "Create Date"],
         {"Record ID": "external_id", "First Name": "first_name", "Create Date": "received_at"}),
        ("Zoho CRM", ["Record Id", "Lead Owner", "Company", "Designation", "Created Time"],
         {"Record Id": "external_id", "Company": "company", "Designation": "title",
          "Created Time": "received_at"}),
        ("Odoo", ["id", "name", "partner_name", "contact_name", "email_from", "country_id/name"],
         {"id": "external_id", "name": "note", "partner_name": "company",
          "contact_name": "full_name", "email_from": "email", "country_id/name": "country"}),
        ("Odoo", ["Opportunity", "Contact Name", "Salesperson", "Expected Revenue", "Stage"],
         {"Opportunity": "note", "Contact Name": "full_name",
          "Expected Revenue": "potential_revenue"}),
        ("Krayin", ["id", "title", "lead_value", "lead_pipeline_id", "status"],
         {"id": "external_id", "title": "note", "lead_value": "potential_revenue"}),
        ("Salesforce", ["Company / Account", "Lead Owner", "Lead Source", "Email", "Rating"],
         {"Company / Account": "company", "Lead Source": "source", "Email": "email"}),
    ],
)  # fmt: skip
def test_layouts_of_other_systems(
    understand: Understand, system: str, headers: list[str], used: dict[str, str]
) -> None:
    found = understand(headers, ["x"] * len(headers))
    assert (found.system, found.columns.used) == (system, used)
    assert f"Looks like a {system} export." in {proposal.why for proposal in found.proposals}


def test_a_list_of_something_else_is_refused_unless_told(understand: Understand) -> None:
    products = ["sku", "name", "description", "quantity", "price"]
    with pytest.raises(BadMapping, match="looks like a Krayin export of something else"):
        understand(products, ["1"] * 5)
    assert (
        understand(products, ["1"] * 5, told={"name": "company"}).columns.used["name"] == "company"
    )


def test_several_notes_are_joined_and_of_others_the_first_counts(understand: Understand) -> None:
    found = understand(["Note", "Comments", "Phone", "Mobile"], ["a", "b", "", "5550100"])
    assert values(found, "a", "b", "", "5550100") == {"note": "a\nb", "phone": "5550100"}


def test_our_own_files_come_back_as_they_were(understand: Understand) -> None:
    found = understand(["Company", "Phone"], ["'=1+1", "'+1 617 253 1000"])
    assert values(found, "'=1+1", "'+1 617 253 1000")["phone"] == "+1 617 253 1000"
    assert values(found, "'s-Hertogenbosch BV", "") == {"company": "'s-Hertogenbosch BV"}


# Dates and amounts


def only_question(found: Understanding) -> Question:
    (question,) = found.questions
    return question


def test_one_value_decides_the_order_of_all(understand: Understand) -> None:
    rows = [["3/4/2026"]] * 400
    found = understand(["Created date"], *rows, ["25/4/2026"])
    assert found.questions == ()
    assert values(found, "3/4/2026") == {"received_at": "2026-04-03 00:00:00"}
    found = understand(["Created date"], *rows, ["4/25/2026"])
    assert values(found, "3/4/2026") == {"received_at": "2026-03-04 00:00:00"}


def test_an_order_that_nothing_decides_is_asked(understand: Understand) -> None:
    found = understand(["Created date", "Email"], ["3/4/2026", "a@x.com"], ["5/5/2026", "b@x.com"])
    question = only_question(found)
    assert (question.column, question.kind, question.required) == ("Created date", "dates", True)
    assert question.words == "In “Created date”, what is 3/4/2026?"
    assert question.examples == ("3/4/2026",)
    assert [(c.value, c.label) for c in question.choices] == [
        ("dmy", "April 3, 2026"), ("mdy", "March 4, 2026"),
    ]  # fmt: skip
    told = answered({"Email": "email"}, question, "dmy")
    assert told == {"Email": "email", "Created date": {"dates": "dmy"}}
    found = understand(["Created date", "Email"], ["3/4/2026", "a@x.com"], told=told)
    assert found.questions == ()
    assert values(found, "3/4/2026", "")["received_at"] == "2026-04-03 00:00:00"
    with pytest.raises(BadMapping):
        answered({}, question, "ymd")


def test_dates_that_mean_the_same_either_way_are_not_asked(understand: Understand) -> None:
    found = understand(["Created date"], ["5/5/2026"], ["2026-06-03"], [""])
    assert found.questions == ()
    assert values(found, "5/5/2026") == {"received_at": "2026-05-05 00:00:00"}


def test_two_digits_of_a_year_may_mean_three_dates(understand: Understand) -> None:
    assert len(only_question(understand(["Created date"], ["03/04/05"])).choices) == 3
    assert understand(["Created date"], ["03/04/05"], ["99/12/31"]).questions == ()


def test_a_column_with_both_orders_is_asked_about_what_is_unclear(understand: Understand) -> None:
    rows = [["25/4/2026"], ["4/25/2026"], ["3/4/2026"]]
    found = understand(["Created date"], *rows)
    assert "different orders" in only_question(found).words
    told = {"Created date": {"dates": "mdy"}}
    found = understand(["Created date"], *rows, told=told)
    assert [values(found, *row)["received_at"][:10] for row in rows] == [
        "2026-04-25", "2026-04-25", "2026-03-04",
    ]  # fmt: skip
    assert understand(["Created date"], *rows[:2]).questions == ()


def test_one_number_decides_the_decimal_sign_of_all(understand: Understand) -> None:
    found = understand(["Revenue"], ["1.500"], ["2.750,50"], ["12"])
    assert cells.amount(values(found, "1.500")["revenue"]) == 1500
    assert cells.amount(values(found, "2.750,50")["revenue"]) == Decimal("2750.50")
    found = understand(["Revenue"], ["1.500"], ["2750.5"])
    assert cells.amount(values(found, "1.500")["revenue"]) == Decimal("1.50")


def test_a_decimal_sign_that_nothing_decides_is_asked(understand: Understand) -> None:
    question = only_question(understand(["Revenue"], ["1.500"], ["2.000"], ["900"]))
    assert [(c.value, c.label) for c in question.choices] == [(",", "1,500.00"), (".", "1.50")]
    told = answered(None, question, ",")
    found = understand(["Revenue"], ["1.500"], told=told)
    assert cells.amount(values(found, "1.500")["revenue"]) == 1500
    assert understand(["Employees"], ["1.500"]).questions == ()


# Lists


def test_a_source_is_one_however_it_is_spelt(understand: Understand) -> None:
    found = understand(
        ["Source"], ["google"], ["GOOGLE "], ["trade-fair"], ["Web form"], ["web_form"]
    )
    assert found.questions == ()
    spelt = ["google", "GOOGLE", "trade-fair", "Web form", "web_form"]
    assert [values(found, cell)["source"].lower() for cell in spelt] == [
        "google", "google", "trade fair", "web form", "web form",
    ]  # fmt: skip


def test_a_source_much_like_a_known_one_is_asked_about_and_else_kept(
    understand: Understand,
) -> None:
    found = understand(["Source"], ["Gogle"], ["LinkedIn"])
    question = only_question(found)
    assert (question.required, question.default) == (False, "Gogle")
    assert [choice.value for choice in question.choices] == ["Gogle", "Google"]
    assert values(found, "Gogle") == {"source": "Gogle"}
    found = understand(["Source"], ["Gogle"], told=answered(None, question, "Google"))
    assert found.questions == ()
    assert values(found, "gogle") == {"source": "Google"}


def test_values_of_a_closed_list_may_be_said_to_be_another(understand: Understand) -> None:
    found = understand(["Stage", "Country"], ["Closed - Won", "Germnay"], ["raw", "Deutschland"])
    stage, country = found.questions
    assert [choice.value for choice in stage.choices] == ["", "raw", "won"]
    assert [choice.value for choice in country.choices] == ["", "DE"]
    told = answered(answered(None, stage, "won"), country, "DE")
    found = understand(["Stage", "Country"], ["Closed - Won", "Germnay"], told=told)
    assert values(found, "closed - won", "Germnay") == {"stage": "won", "country": "DE"}


def test_keys_tell_questions_apart(understand: Understand) -> None:
    found = understand(["Source", "Stage"], ["Gogle", "x"], ["Trade fairs", "y"])
    assert len({question.key for question in found.questions}) == len(found.questions) == 4


# Told


@pytest.mark.parametrize(
    "told",
    [
        {"Email": {"dates": "day first"}}, {"Email": {"values": ["x"]}}, {"Email": {"colour": "red"}},
        {"Email": {"values": {"x": 1}}}, {"Email": 7}, {"Email": {"decimals": "'"}},
        {"Email": {"field": "mail"}},
    ],
)  # fmt: skip
def test_what_is_told_amiss_is_refused(understand: Understand, told: dict[str, Any]) -> None:
    with pytest.raises(BadMapping):
        understand(["Email"], ["a@x.com"], told=told)


def test_a_mapping_told_in_full_says_it_all(understand: Understand) -> None:
    rows = [["Gogle", "3/4/2026", "38"], ["google", "25/4/2026", "39"]]
    headers = ["Source", "Created date", "Shoe size"]
    first = understand(headers, *rows)
    full = first.columns.in_full(headers)
    assert full == {
        "Source": {"field": "source", "values": {"google": "Google"}},
        "Created date": {"field": "received_at", "dates": "dmy"},
        "Shoe size": None,
    } or full["Source"] == "source"  # fmt: skip
    again = understand(headers, *rows, told=full).columns
    for row in rows:
        assert again.extractor()(row) == first.columns.extractor()(row)


def test_other_catalogues_have_no_layouts_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "touches.csv"
    path.write_text("Id,Occurred,Type\n1,3/4/2026,phone\n")
    found = proposing.understand(open_table(path), TOUCHES)
    assert found.columns.used == {"Id": "external_id", "Occurred": "occurred_at", "Type": "channel"}
    assert found.open_questions[0].kind == "dates"
