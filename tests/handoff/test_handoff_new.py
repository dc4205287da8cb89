"""/leads/<id>/handoff/: a specialist or a manager hands a qualified lead to a rep."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from handoff.dossier import from_json
from handoff.models import Handoff
from prospects.actions import LeadDetails, edit_lead
from prospects.stages import Stage
from team.models import Role
from tests.fixtures import NOW


def url(lead) -> str:
    return reverse("handoff-new", args=[lead.pk])


@pytest.fixture
def said(qualified_lead, carol):
    """A form as it was filled in: nothing changed."""
    return {
        "rep": carol.pk,
        "potential_revenue": "420000",
        "expected_close_on": "2026-09-15",
        "headline": "Halden Paper: Line 3 stops twice a week",
        "said": "",
        "hot_buttons": "",
        "version": qualified_lead.version,
    }


def test_the_proposed_rep_stands_first_with_why(as_, qualified_lead, luis, carol, dana):
    page = as_(dana).get(url(qualified_lead))
    text = page.content.decode()
    first, second = page.context["form"].options
    assert (first.proposal.rep, first.chosen) == (carol.pk, True)
    assert (second.proposal.rep, second.chosen) == (luis.pk, False)
    assert "their territory: US · room for 8 of 8 · none handed to them yet" in text
    assert "no territory set" in text
    assert "Line 3 stops twice a week; each stop costs $18,000" in text  # the dossier, below
    assert 'value="420000"' in text
    assert "Why one more" not in text


def test_handing_over(as_, qualified_lead, carol, dana, said):
    answer = as_(dana).post(url(qualified_lead), said, follow=True)
    handoff = Handoff.objects.get()
    assert answer.redirect_chain == [(reverse("handoff-detail", args=[handoff.pk]), 302)]
    assert "Handed to Carol Barrett" in answer.content.decode()
    assert (handoff.rep, handoff.by) == (carol, dana)
    assert from_json(handoff.dossiers.get().body).word.headline == ""


def test_the_words_of_who_hands_over(as_, qualified_lead, dana, said):
    said |= {
        "headline": "Line 3 must run by October",
        "said": "Call her early.",
        "hot_buttons": "- Answer times\n\n • Not the price ",
        "potential_revenue": "500000.50",
        "expected_close_on": "2026-10-01",
    }
    as_(dana).post(url(qualified_lead), said)
    handoff = Handoff.objects.get()
    dossier = from_json(handoff.dossiers.get().body)
    assert dossier.headline == "Line 3 must run by October"
    assert (dossier.word.said, dossier.word.by) == ("Call her early.", "Dana Whitfield")
    assert dossier.word.hot_buttons == ("Answer times", "Not the price")
    assert handoff.potential_revenue == Decimal("500000.50")
    assert handoff.expected_close_on == date(2026, 10, 1)


ERRORS = {
    "nobody chosen": ({"rep": ""}, "Choose who gets it."),
    "no such rep": ({"rep": "999999"}, "That is none of the reps who work here."),
    "no revenue": ({"potential_revenue": ""}, "How much could it bring?"),
    "nothing to gain": ({"potential_revenue": "0"}, "greater than or equal to 1"),
    "no close": ({"expected_close_on": ""}, "When do you expect it to close?"),
    "a close in words": ({"expected_close_on": "soon"}, "Enter a valid date."),
    "too many hot buttons": ({"hot_buttons": "x\n" * 9}, "8 at most; these are 9."),
    "a hot button too long": ({"hot_buttons": "x" * 251}, "250 characters at most"),
    "somebody else saved": ({"version": "0"}, "Somebody else changed this lead"),
}


def test_a_form_that_is_not_in_order(as_, qualified_lead, dana, said):
    client = as_(dana)
    for change, words in ERRORS.values():
        answer = client.post(url(qualified_lead), said | {"said": "Keep what I typed"} | change)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert words in text
        assert "Keep what I typed" in text
    assert not Handoff.objects.exists()


@pytest.fixture
def full_carol(carol):
    carol.capacity = 0
    carol.save()
    return carol


def test_a_full_rep_is_not_for_a_specialist(as_, qualified_lead, full_carol, luis, dana, said):
    page = as_(dana).get(url(qualified_lead))
    first, second = page.context["form"].options
    assert (first.proposal.rep, first.chosen) == (luis.pk, True)
    assert (second.proposal.rep, second.may_choose) == (full_carol.pk, False)
    answer = as_(dana).post(url(qualified_lead), said | {"override": "please"})
    assert answer.status_code == 422
    assert "Carol Barrett is full: 0 of 0 live. A manager may decide so." in answer.content.decode()


def test_a_full_rep_takes_a_managers_word(as_, qualified_lead, full_carol, victor, said):
    client = as_(victor)
    assert "Why one more" in client.get(url(qualified_lead)).content.decode()
    answer = client.post(url(qualified_lead), said)
    assert (answer.status_code, "Say why it should be one more" in answer.content.decode()) == (
        422,
        True,
    )
    client.post(url(qualified_lead), said | {"override": "She knows the mill"})
    assert Handoff.objects.get().rep == full_carol


def test_twice_leads_to_the_one_that_is(as_, qualified_lead, dana, said):
    client = as_(dana)
    client.post(url(qualified_lead), said)
    handoff = Handoff.objects.get()
    for answer in (
        client.post(url(qualified_lead), said, follow=True),
        client.get(url(qualified_lead), follow=True),
    ):
        assert answer.redirect_chain == [(reverse("handoff-detail", args=[handoff.pk]), 302)]
        assert "It was handed to Carol Barrett already." in answer.content.decode()
    assert Handoff.objects.count() == 1


def test_a_lead_that_is_not_ready(as_, almost_ready, carol, dana):
    answer = as_(dana).get(url(almost_ready))
    assert answer["Location"] == reverse("lead-detail", args=[almost_ready.pk])


def test_a_fact_went_stale_while_the_form_was_open(
    as_, qualified_lead, dana, said, time_machine_at
):
    client = as_(dana)
    time_machine_at(NOW + timedelta(days=95))
    client.force_login(dana)
    answer = client.post(url(qualified_lead), said)
    assert answer.status_code == 422
    assert "The gate has closed" in answer.content.decode()


@pytest.fixture
def time_machine_at():
    travellers = []

    def travel(to):
        traveller = time_machine.travel(to, tick=False)
        traveller.start()
        travellers.append(traveller)

    yield travel
    for traveller in reversed(travellers):
        traveller.stop()


MAY = {
    "dana": 200,
    "jennifer": 200,
    "victor": 200,
    "ada": 200,
    "carol": 403,
    "luis": 403,
    "sam": 404,
    "charlie": 404,
}


def test_who_may(as_, qualified_lead, carol, request):
    for who, code in MAY.items():
        client = as_(request.getfixturevalue(who))
        assert client.get(url(qualified_lead)).status_code == code, who


def test_nobody_to_hand_it_to(as_, qualified_lead, dana):
    text = as_(dana).get(url(qualified_lead)).content.decode()
    assert "There is no rep who could take it." in text


def test_the_queries_do_not_grow(
    as_, qualified_lead, dana, carol, person, northeast, django_assert_max_num_queries,
    django_assert_num_queries,
):  # fmt: skip
    client = as_(dana)
    with django_assert_max_num_queries(17) as first:
        client.get(url(qualified_lead))
    for number in range(10):
        person(f"Rep{number} Ten", Role.REP, northeast)
    with django_assert_num_queries(len(first)):
        client.get(url(qualified_lead))


def test_a_change_meanwhile_is_told_and_the_page_shows_it(as_, qualified_lead, dana, said):
    edit_lead(
        lead=qualified_lead,
        details=LeadDetails(note="Board meets a week later"),
        version=qualified_lead.version,
        by=dana,
        now=NOW,
    )
    answer = as_(dana).post(url(qualified_lead), said)
    text = answer.content.decode()
    assert "Somebody else changed this lead in the meantime." in text
    assert "Board meets a week later" in text
    qualified_lead.refresh_from_db()
    assert qualified_lead.stage == Stage.QUALIFIED
