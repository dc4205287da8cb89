"""A new lead, and what is edited of one: alone, as a part of a page, by the wrong people, at once."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.industries import load_industry_codes
from prospects.models import Company, Contact, IndustryCode, Lead, Source
from prospects.qualification import Basis, BuyingRole
from prospects.stages import Stage
from tests.fixtures import NOW

NEW = reverse("lead-new")
HTMX = {"HX-Request": "true"}


def url(name: str, lead: Lead, *more: int) -> str:
    return reverse(name, args=[lead.pk, *more])


def typed(response) -> dict[str, str]:
    """What a browser would send back of a form as it stands on the page."""
    form = response.context["form"]
    sent: dict[str, str] = {}
    for field in form:
        value = field.value()
        if isinstance(value, bool):
            sent |= {field.html_name: "on"} if value else {}
        elif isinstance(value, tuple) or field.name == "industry":
            code, words = (
                value
                if isinstance(value, tuple)
                else (value.key, str(value))
                if value
                else ("", "")
            )
            sent |= {"industry": words, "industry_code": code}
        else:
            sent[field.html_name] = "" if value is None else str(value)
    return sent


def errors(response) -> dict[str, list[str]]:
    return {name: list(words) for name, words in response.context["form"].errors.items()}


@pytest.fixture
def halden(make_lead, paper_mills, dana):
    """A lead whose company is known well."""
    lead = make_lead()
    actions.edit_company(
        lead=lead,
        details=CompanyDetails(
            naics=paper_mills, revenue=Decimal(84_000_000), employees=310, locations=2
        ),
        evidence=actions.Evidence(Basis.TOUCH, NOW, "call"),
        by=dana,
        now=NOW,
    )
    lead.refresh_from_db()
    return lead


# Who may


EDITS = ["lead-edit", "company-edit", "contact-new"]
STEPS = ["lead-assign", "lead-screen-out", "lead-restore", "lead-enter-program", "lead-revive"]


@pytest.mark.parametrize("name", [*EDITS, *STEPS])
@pytest.mark.parametrize(
    ("who", "code"),
    [("dana", 200), ("jennifer", 200), ("ada", 200), ("sam", 404), ("charlie", 404)],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_a_page_of_its_own_or_a_part_for_who_may(request, as_, raw_lead, name, who, code, headers):
    response = as_(request.getfixturevalue(who)).get(url(name, raw_lead), headers=headers)
    assert response.status_code == code
    assert (b"<html" in response.content) == (not headers or code == 404)
    if code == 200:
        assert (b"hx-post" in response.content) == bool(headers)


@pytest.mark.parametrize("name", [*STEPS, "lead-new"])
def test_a_rep_may_not_decide_about_the_program(as_, raw_lead, carol, name):
    Lead.objects.filter(pk=raw_lead.pk).update(rep=carol)
    client = as_(carol)
    address = NEW if name == "lead-new" else url(name, raw_lead)
    assert client.get(address).status_code == 403
    assert client.post(address, {"reason": "student"}).status_code == 403


def test_a_rep_may_correct_what_is_known_of_their_own(as_, halden, carol):
    assert as_(carol).get(url("company-edit", halden)).status_code == 404
    Lead.objects.filter(pk=halden.pk).update(rep=carol)
    assert as_(carol).get(url("company-edit", halden)).status_code == 200


@pytest.mark.parametrize("name", [*EDITS, *STEPS, "lead-new"])
def test_nothing_but_read_and_post(as_, raw_lead, dana, name):
    address = NEW if name == "lead-new" else url(name, raw_lead)
    assert as_(dana).delete(address).status_code == 405
    assert as_(dana).put(address).status_code == 405


# The need


def test_the_need_is_saved(as_, raw_lead, dana):
    client = as_(dana)
    address = url("lead-edit", raw_lead)
    sent = typed(client.get(address)) | {
        "horizon": "near_term",
        "potential_revenue": "$420,000",
        "expected_close_on": "2026-09-15",
        "note": "Two lines.\r\nThe second.",
    }
    response = client.post(address, sent)
    assert response.status_code == 302
    assert response["Location"] == url("lead-detail", raw_lead)
    raw_lead.refresh_from_db()
    assert raw_lead.horizon == "near_term"
    assert raw_lead.potential_revenue == 420_000
    assert raw_lead.expected_close_on == date(2026, 9, 15)
    assert raw_lead.note == "Two lines.\nThe second."
    assert raw_lead.version == 2
    sent = typed(client.get(address)) | {"potential_revenue": "", "expected_close_on": ""}
    client.post(address, sent)
    raw_lead.refresh_from_db()
    assert raw_lead.potential_revenue is None
    assert raw_lead.expected_close_on is None
    assert raw_lead.note == "Two lines.\nThe second."


def test_as_a_part_of_the_page_it_sends_the_browser_on(as_, raw_lead, dana):
    client = as_(dana)
    address = url("lead-edit", raw_lead)
    response = client.post(address, typed(client.get(address)), headers=HTMX)
    assert response["HX-Redirect"] == url("lead-detail", raw_lead)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"horizon": "soon"}, "horizon"),
        ({"potential_revenue": "much"}, "potential_revenue"),
        ({"potential_revenue": "-5"}, "potential_revenue"),
        ({"potential_revenue": "9" * 30}, "potential_revenue"),
        ({"expected_close_on": "in September"}, "expected_close_on"),
        ({"note": "x" * 10_001}, "note"),
        ({"note": "\0"}, "note"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(as_, raw_lead, dana, said, wrong, headers):
    client = as_(dana)
    address = url("lead-edit", raw_lead)
    sent = typed(client.get(address)) | {"note": "Keep this."} | said
    response = client.post(address, sent, headers=headers)
    assert response.status_code == 422
    assert list(errors(response)) == [wrong]
    for value in sent.values():
        assert response.content.decode().count(value[:100].replace("\0", "\0"))
    raw_lead.refresh_from_db()
    assert raw_lead.version == 1


def test_two_at_once_see_both_and_lose_nothing(as_, raw_lead, dana, jennifer):
    client = as_(dana)
    address = url("lead-edit", raw_lead)
    seen = typed(client.get(address))
    actions.edit_lead(
        lead=raw_lead,
        details=LeadDetails(horizon="long_term", note="Jennifer’s note"),
        version=1,
        by=jennifer,
        now=NOW,
    )
    mine = seen | {"horizon": "near_term", "potential_revenue": "5000"}
    response = client.post(address, mine)
    assert response.status_code == 422
    said = errors(response)
    assert said["horizon"] == ["Saved meanwhile: Long-term"]
    assert said["note"] == ["Saved meanwhile: Jennifer’s note"]
    assert said["potential_revenue"] == ["Saved meanwhile: nothing"]
    assert "nothing of yours is lost" in said["__all__"][0]
    raw_lead.refresh_from_db()
    assert raw_lead.horizon == "long_term"
    again = typed(response)
    assert again | {"version": "2"} == mine | {"version": "2"}
    assert client.post(address, again).status_code == 302
    raw_lead.refresh_from_db()
    assert (raw_lead.horizon, raw_lead.potential_revenue, raw_lead.note) == ("near_term", 5000, "")


# The company


def test_the_company_is_saved_and_what_was_left_alone_keeps_its_evidence(as_, halden, dana):
    client = as_(dana)
    address = url("company-edit", halden)
    sent = typed(client.get(address)) | {
        "city": "Worcester",
        "domain": "https://www.halden.example/x",
    }
    assert client.post(address, sent).status_code == 302
    company = Company.objects.get(pk=halden.company_id)
    assert (company.city, company.domain) == ("Worcester", "halden.example")
    assert (company.industry_basis, company.firmographics_basis) == (Basis.TOUCH, Basis.TOUCH)
    sent = typed(client.get(address)) | {"employees": "1,200", "revenue": ""}
    client.post(address, sent)
    company.refresh_from_db()
    assert (company.employees, company.revenue) == (1200, None)
    assert (company.industry_basis, company.firmographics_basis) == (Basis.TOUCH, Basis.RESEARCH)


def test_a_lead_without_a_company_gets_one(as_, dana, northeast, fair):
    lead = actions.create_lead(
        source=fair,
        company=CompanyDetails(),
        contact=ContactDetails(last_name="Holm"),
        details=LeadDetails(),
        team=northeast,
        by=dana,
        now=NOW,
    )
    client = as_(dana)
    sent = typed(client.get(url("company-edit", lead))) | {"name": "Holm & Sons", "country": "SE"}
    assert client.post(url("company-edit", lead), sent).status_code == 302
    lead.refresh_from_db()
    assert str(lead) == "Holm & Sons"
    assert Contact.objects.get().company == lead.company


@pytest.mark.parametrize(
    ("said", "wrong", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"domain": "not a domain"}, "domain", "no web site"),
        ({"employees": "many"}, "employees", "whole number"),
        ({"locations": "1.5"}, "locations", "whole number"),
        ({"revenue": "84.000"}, "revenue", "84000"),
        ({"country": "XX"}, "country", "XX"),
        ({"timezone": "Boston"}, "timezone", "IANA"),
        ({"industry": "zzz", "industry_code": ""}, "industry", "No industry"),
        ({"industry": "x" * 5000, "industry_code": "\0"}, "industry", "No industry"),
    ],
)
def test_what_is_wrong_with_a_company(as_, halden, dana, said, wrong, words):
    client = as_(dana)
    address = url("company-edit", halden)
    response = client.post(address, typed(client.get(address)) | said)
    assert response.status_code == 422
    assert list(errors(response)) == [wrong]
    assert words in errors(response)[wrong][0]


def test_two_at_once_on_a_company(as_, halden, dana, jennifer):
    client = as_(dana)
    address = url("company-edit", halden)
    seen = typed(client.get(address))
    actions.edit_company(lead=halden, details=CompanyDetails(employees=400), by=jennifer, now=NOW)
    response = client.post(address, seen | {"city": "Worcester"})
    assert response.status_code == 422
    assert errors(response)["employees"] == ["Saved meanwhile: 400"]
    halden.company.refresh_from_db()
    assert halden.company.employees == 400


# The industry


@pytest.fixture
def codes(db):
    load_industry_codes()


def test_an_industry_is_found_by_words(as_, codes, dana):
    client = as_(dana)
    text = client.get(reverse("industry-search"), {"q": "paper mil"}).content.decode()
    assert 'data-code="naics-322120"' in text
    assert "NAICS 2022" in text
    assert 'role="option"' in text
    assert "<html" not in text
    assert "No industry" in client.get(reverse("industry-search"), {"q": "qqq"}).content.decode()
    for words in ("", "\0", "' & | ! :*", "x" * 5000):
        assert client.get(reverse("industry-search"), {"q": words}).status_code == 200


@pytest.mark.parametrize(
    ("words", "code", "chosen"),
    [
        ("322120 Paper Mills", "naics-322120", "naics-322120"),
        ("322120", "", "naics-322120"),
        ("32", "", "?"),
        ("paper mills", "naics-322120", "naics-322120"),  # from the list that came back
        ("paper mills", "", "?"),
        ("paper mills", "naics-111110", "?"),  # a code that the words do not mean
        ("", "naics-322120", None),
        ("soybean farming", "naics-999999", "?"),
    ],
)
def test_an_industry_is_chosen_with_and_without_script(
    as_, codes, raw_lead, dana, words, code, chosen
):
    client = as_(dana)
    address = url("company-edit", raw_lead)
    sent = typed(client.get(address)) | {"industry": words, "industry_code": code}
    response = client.post(address, sent)
    company = Company.objects.get(pk=raw_lead.company_id)
    assert company.naics_id == (None if chosen == "?" else chosen)
    if chosen == "?":
        assert response.status_code == 422
        assert errors(response)["industry"] == ["Choose one of these."]
        assert '<select name="industry_code"' in response.content.decode()
        assert f'value="{words}"' in response.content.decode()


def test_an_sic_code_takes_the_place_of_the_naics_code(as_, codes, halden, dana):
    client = as_(dana)
    address = url("company-edit", halden)
    sic = IndustryCode.objects.get(key="sic-2621")
    client.post(
        address,
        typed(client.get(address)) | {"industry": str(sic), "industry_code": sic.key},
    )
    company = Company.objects.get(pk=halden.company_id)
    assert (company.naics, company.sic, company.industry) == (None, sic, sic)


# People


def test_a_person_is_added_and_corrected(as_, halden, dana):
    client = as_(dana)
    address = url("contact-new", halden)
    sent = typed(client.get(address)) | {
        "first_name": "Ylva",
        "last_name": "Holm",
        "title": "Finance",
        "buying_role": "influencer",
        "email": "y.holm@halden.example",
        "phone": "(617) 555-0188",
    }
    assert client.post(address, sent).status_code == 302
    ylva = Contact.objects.get(first_name="Ylva")
    assert ylva.company == halden.company
    assert ylva.phone_key == "+16175550188"
    assert ylva.role_confirmed_at is None
    edit = url("contact-edit", halden, ylva.pk)
    client.post(edit, typed(client.get(edit)) | {"title": "CFO", "phone": ""})
    ylva.refresh_from_db()
    assert (ylva.title, ylva.phone, ylva.phone_key) == ("CFO", "", "")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"email": "nobody"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"buying_role": "boss"}, "buying_role"),
        ({"title": "CFO"}, "last_name"),
    ],
)
def test_what_is_wrong_with_a_person(as_, halden, dana, said, wrong):
    client = as_(dana)
    address = url("contact-new", halden)
    response = client.post(address, typed(client.get(address)) | said)
    assert response.status_code == 422
    assert list(errors(response)) == [wrong]


def test_an_old_address_that_is_none_does_not_stand_in_the_way(as_, halden, dana):
    contact = halden.contact
    Contact.objects.filter(pk=contact.pk).update(email="see card", email_key="", phone="ask Jonas")
    client = as_(dana)
    edit = url("contact-edit", halden, contact.pk)
    assert client.post(edit, typed(client.get(edit)) | {"title": "Owner"}).status_code == 302
    contact.refresh_from_db()
    assert (contact.title, contact.email) == ("Owner", "see card")


def test_people_of_others_are_not_reached_through_ones_own_lead(
    as_, halden, make_lead, sam, dana, south
):
    other = make_lead("Kessel Foods", by=sam, team=south)
    assert as_(dana).get(url("contact-edit", halden, other.contact_id)).status_code == 404
    assert as_(dana).get(url("contact-edit", other, other.contact_id)).status_code == 404


# Whose it is


def test_a_manager_gives_it_to_anybody_below(as_, raw_lead, dana, sam, jennifer):
    client = as_(jennifer)
    address = url("lead-assign", raw_lead)
    text = client.get(address).content.decode()
    assert "Dana Whitfield" in text
    assert "Sam Ortiz" in text
    assert client.post(address, {"specialist": sam.pk}).status_code == 302
    raw_lead.refresh_from_db()
    assert (raw_lead.specialist, raw_lead.team, raw_lead.assigned_why) == (
        sam,
        sam.team,
        "given by Jennifer Osei",
    )


@pytest.mark.parametrize(
    ("who", "whom", "code"),
    [
        ("dana", "dana", 302),
        ("dana", "sam", 422),
        ("dana", "jennifer", 422),
        ("jennifer", "carol", 422),
        ("jennifer", "charlie", 422),
        ("ada", "charlie", 302),
    ],
)
def test_whom_a_lead_may_be_given(request, as_, raw_lead, who, whom, code):
    Lead.objects.filter(pk=raw_lead.pk).update(specialist=None)
    client = as_(request.getfixturevalue(who))
    specialist = request.getfixturevalue(whom)
    response = client.post(url("lead-assign", raw_lead), {"specialist": specialist.pk})
    assert response.status_code == code
    raw_lead.refresh_from_db()
    assert raw_lead.specialist == (specialist if code == 302 else None)


def test_the_rule_holds_without_the_page(raw_lead, dana, sam, jennifer, charlie):
    for by, whom in ((dana, sam), (jennifer, charlie)):
        with pytest.raises(actions.NotAllowed):
            actions.assign(lead=raw_lead, specialist=whom, by=by, now=NOW)


# Steps of its life


def test_screened_out_restored_and_taken_in(as_, raw_lead, dana):
    client = as_(dana)
    assert client.post(url("lead-screen-out", raw_lead), {"note": "x"}).status_code == 422
    assert client.post(url("lead-screen-out", raw_lead), {"reason": "student"}).status_code == 302
    assert Lead.objects.get(pk=raw_lead.pk).stage == Stage.SCREENED_OUT
    assert client.post(url("lead-restore", raw_lead), {"note": "A plant"}).status_code == 302
    assert client.post(url("lead-enter-program", raw_lead)).status_code == 302
    lead = Lead.objects.get(pk=raw_lead.pk)
    assert lead.stage == Stage.NURTURING
    assert lead.entered_program_at == NOW
    assert list(lead.stage_changes.order_by("at", "pk").values_list("reason", "note")) == [
        ("", ""),
        ("student", ""),
        ("restored", "A plant"),
        ("", ""),
    ]


def test_what_was_given_up_is_revived(as_, nurtured_lead, dana):
    actions.disqualify(lead=nurtured_lead, reason="no_need", by=dana, now=NOW)
    assert as_(dana).post(url("lead-revive", nurtured_lead)).status_code == 302
    assert Lead.objects.get(pk=nurtured_lead.pk).stage == Stage.NURTURING


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lead-restore", {}),
        ("lead-revive", {"note": "Keep this."}),
    ],
)
def test_a_step_that_is_not_there_is_refused_in_words(as_, raw_lead, dana, name, said):
    response = as_(dana).post(url(name, raw_lead), said)
    assert response.status_code == 422
    assert "A lead cannot go from “Raw”" in errors(response)["__all__"][0]
    assert said.get("note", "") in response.content.decode()


@pytest.mark.parametrize("name", ["lead-enter-program", "lead-revive", "lead-screen-out"])
def test_what_a_rep_holds_is_not_taken_from_them(as_, qualified_lead, carol, dana, name):
    actions.change_stage(
        lead=qualified_lead, to_stage=Stage.HANDED_OFF, now=NOW, by=dana, rep=carol
    )
    response = as_(dana).post(url(name, qualified_lead), {"reason": "student"})
    assert response.status_code == 422
    assert "A lead cannot go from “Handed off”" in errors(response)["__all__"][0]
    qualified_lead.refresh_from_db()
    assert (qualified_lead.stage, qualified_lead.rep) == (Stage.HANDED_OFF, carol)


# A new lead


@pytest.fixture
def written(fair):
    """What a specialist writes down after a call from a stranger."""
    return {
        "company": "Kessel Foods",
        "domain": "kessel.example",
        "country": "US",
        "first_name": "Ana",
        "last_name": "Ruiz",
        "buying_role": "unknown",
        "email": "ana@kessel.example",
        "phone": "617 555 0123",
        "source": str(fair.pk),
        "note": "Saw us at the fair.",
        "key": str(uuid.uuid4()),
    }


def test_a_specialist_writes_a_lead_down(as_, written, dana, northeast, fair):
    response = as_(dana).post(NEW, written)
    lead = Lead.objects.get()
    assert response["Location"] == url("lead-detail", lead)
    assert (lead.team, lead.specialist, lead.source) == (northeast, dana, fair)
    assert (str(lead.company), str(lead.contact)) == ("Kessel Foods", "Ana Ruiz")
    contact = Contact.objects.get()
    assert lead.contact == contact
    assert contact.phone_key == "+16175550123"
    assert lead.note == "Saw us at the fair."
    assert contact.buying_role == BuyingRole.UNKNOWN


def test_a_manager_says_whose_team_it_is_for(as_, written, jennifer, northeast, south):
    client = as_(jennifer)
    assert "Northeast" in client.get(NEW).content.decode()
    assert client.post(NEW, written | {"team": south.pk}).status_code == 302
    lead = Lead.objects.get()
    assert (lead.team, lead.specialist) == (south, None)


def test_a_company_is_enough_and_so_is_a_person(as_, written, dana):
    client = as_(dana)
    person = ("first_name", "last_name", "email", "phone")
    said = written | dict.fromkeys(person, "") | {"key": ""}
    assert client.post(NEW, said).status_code == 302
    assert Lead.objects.latest("pk").contact is None
    said = written | {"company": "", "domain": "", "key": ""}
    assert client.post(NEW, said).status_code == 302
    assert Lead.objects.latest("pk").company is None


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"email": "ana@"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"domain": "no domain"}, "domain"),
        ({"source": ""}, "source"),
        ({"source": "999999"}, "source"),
        ({"company": "", "first_name": "", "last_name": "", "email": "", "phone": ""}, "company"),
        ({"company": "x" * 251}, "company"),
        ({"industry": "zzz"}, "industry"),
    ],
)
def test_what_is_wrong_with_a_new_lead(as_, written, dana, said, wrong):
    response = as_(dana).post(NEW, written | said)
    assert response.status_code == 422
    assert list(errors(response)) == [wrong]
    assert not Lead.objects.exists()
    assert "Saw us at the fair." in response.content.decode()


def test_whoever_is_in_no_team_is_told(as_, written, charlie):
    response = as_(charlie).post(NEW, written)
    assert response.status_code == 422
    assert "no team" in errors(response)["__all__"][0]


def test_a_source_that_is_not_in_the_list(as_, written, dana, fair):
    client = as_(dana)
    client.post(NEW, written | {"source": "", "new_source": "TRADE FAIR", "key": ""})
    assert Lead.objects.latest("pk").source == fair
    client.post(
        NEW,
        written | {"source": "", "new_source": "Trade fair Chicago", "key": "", "anyway": "on"},
    )
    assert Lead.objects.latest("pk").source.name == "Trade fair Chicago"
    assert Source.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ({"email": "M.Lindqvist1@Halden1.example", "phone": ""}, True),
        ({"email": "", "phone": "(617) 555-1001"}, True),
        ({"email": "ana@kessel.example", "phone": "617 555 0199"}, False),
        ({"email": "", "phone": ""}, False),
    ],
)
def test_a_known_address_is_asked_about_once(as_, raw_lead, written, dana, said, asks):
    client = as_(dana)
    response = client.post(NEW, written | said)
    assert response.status_code == (422 if asks else 302)
    if asks:
        text = response.content.decode()
        assert "Looks like Halden Paper" in text
        assert f'href="{url("lead-detail", raw_lead)}"' in text
        assert "Halden Paper" in text
        assert client.post(NEW, written | said | {"anyway": "on"}).status_code == 302
    assert Lead.objects.count() == 2


def test_an_address_known_elsewhere_gives_nothing_away(as_, raw_lead, written, sam, south):
    response = as_(sam).post(NEW, written | {"email": raw_lead.contact.email})
    assert response.status_code == 302


def test_pressed_twice_it_is_written_down_once(as_, written, dana):
    client = as_(dana)
    first, second = client.post(NEW, written), client.post(NEW, written)
    assert first["Location"] == second["Location"]
    assert Lead.objects.count() == 1


def test_a_key_used_for_something_else_is_refused(as_, written, dana, sam):
    client = as_(dana)
    client.post(NEW, written)
    Lead.objects.update(team=sam.team, specialist=sam)
    response = client.post(NEW, written)
    assert response.status_code == 422
    assert "not yours" in errors(response)["__all__"][0]


def test_an_empty_installation_can_take_a_first_lead(as_, written, dana):
    Source.objects.all().delete()
    client = as_(dana)
    assert client.get(NEW).status_code == 200
    said = written | {"source": "", "new_source": "First fair"}
    assert client.post(NEW, said).status_code == 302


@pytest.mark.parametrize("name", ["lead-edit", "company-edit", "lead-assign", "lead-screen-out"])
def test_a_form_costs_a_few_queries(as_, halden, dana, name, django_assert_max_num_queries):
    client = as_(dana)
    client.get(url(name, halden))
    with django_assert_max_num_queries(5):
        client.get(url(name, halden))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7|add:7 }}{% load x %}",
        "=cmd|'/C calc'!A0",
        "\0",
        "\x1b[31m\x7f",
        "\u202eright to left\u202c",
        "Ⓡ ﷽ 😀 Ṱ̺̺o͞ ",
        "a\r\nBcc: x@y.example",
        "9" * 400,
        "' OR 1=1; --",
    ],
)
def test_whatever_is_typed_there_is_an_answer(as_, written, dana, text):
    client = as_(dana)
    fields = ("company", "domain", "industry", "city", "first_name", "title", "email", "phone")
    for said in (dict.fromkeys(fields, text), {"company": text, "title": text, "note": text}):
        response = client.post(NEW, written | said | {"key": ""})
        assert response.status_code in (302, 422)
        assert "<script>alert" not in response.content.decode()
    assert client.get(reverse("lead-list")).status_code == 200
    for lead in Lead.objects.all():
        assert client.get(url("company-edit", lead)).status_code == 200
        assert client.get(reverse("lead-list"), {"q": text[:100]}).status_code == 200
