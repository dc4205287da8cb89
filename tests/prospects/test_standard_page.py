"""/settings/standard/: what is in force, a draft that is changed and signed, what came before."""

from datetime import timedelta

import pytest
from django.urls import reverse

from prospects import actions
from prospects.actions import NotAllowed
from prospects.models import Lead, Standard
from prospects.qualification import Attribute, Horizon, Requirement, State, Terms
from team.models import Role
from tests.fixtures import NOW

URL = reverse("standard")
DRAFT = reverse("standard-draft")


def edit_url(version: int) -> str:
    return reverse("standard-edit", args=[version])


def sign_url(version: int) -> str:
    return reverse("standard-sign", args=[version])


def typed(response) -> dict[str, str]:
    """What a browser would send back of the form on the page."""
    form = response.context["form"]
    return {f.html_name: "" if f.value() is None else str(f.value()) for f in form}


@pytest.fixture
def draft(jennifer, victor):
    return actions.draft_standard(by=jennifer, now=NOW)


# Who may


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("dana", 403),
        ("carol", 403),
        ("charlie", 403),
        ("jennifer", 200),
        ("victor", 200),
        ("ada", 200),
    ],
)
def test_everybody_reads_it_managers_alone_change_it(request, as_, draft, name, code):
    client = as_(request.getfixturevalue(name))
    page = client.get(URL)
    assert page.status_code == 200
    assert (sign_url(1) in page.content.decode()) is (name in ("jennifer", "victor"))
    assert client.get(edit_url(1)).status_code == code
    if code == 403:
        for address in (DRAFT, edit_url(1), sign_url(1)):
            assert client.post(address).status_code == 403
    for address in (DRAFT, sign_url(1)):
        assert client.get(address).status_code == 405


def test_the_rules_hold_without_the_page(dana, draft, standard_terms):
    with pytest.raises(NotAllowed):
        actions.draft_standard(by=dana, now=NOW)
    with pytest.raises(NotAllowed):
        actions.edit_standard(standard=draft, terms=standard_terms, by=dana)


@pytest.fixture
def standard_terms():
    return Terms(
        requirements={a: Requirement(State.CONFIRMED, 30) for a in Attribute},
        least_touches=9,
        least_horizon=Horizon.LONG_TERM,
        mql_attributes=5,
    )


# What stands there


def test_an_empty_installation_is_told_what_to_do_first(as_, jennifer):
    text = as_(jennifer).get(URL).content.decode()
    assert "Nobody has said yet what a qualified lead is" in text
    assert "Start from the usual terms" in text


def test_what_is_in_force_with_both_signatures(as_, standard, ada):
    text = as_(ada).get(URL).content.decode()
    assert "Version 1" in text
    assert "in force since May 15, 2025" in text
    for words in (
        "Jennifer Osei, May 14, 2025",
        "Victor Hahn, May 15, 2025",
        "180 days",
        "for good",
    ):
        assert words in text, words
    assert "Draft a new version" in text
    assert "Sign for" not in text


def test_a_draft_shows_what_it_changes_and_who_can_sign(as_, standard, jennifer, victor):
    draft = actions.draft_standard(by=victor, now=NOW)
    terms = Terms(
        requirements={
            **draft.terms.requirements,
            Attribute.BUDGET: Requirement(State.ASSUMED, 60),
        },
        least_touches=8,
    )
    actions.edit_standard(standard=draft, terms=terms, by=victor)
    text = as_(jennifer).get(URL).content.decode()
    assert "Version 2, a draft" in text
    assert "<del>90 days</del> <ins>60 days</ins>" in text
    assert "<del>they said so</del> <ins>our own research</ins>" in text
    assert "<del>at least 7</del> <ins>at least 8</ins>" in text
    assert text.count("<del>") == 3
    assert "not signed yet; Victor Hahn can" in text
    assert "Sign for Marketing" in text
    assert "Draft a new version" not in text


def test_a_side_without_anybody_to_sign_is_told(as_, jennifer):
    actions.draft_standard(by=jennifer, now=NOW)
    text = as_(jennifer).get(URL).content.decode()
    assert "an administrator must name a manager for this side" in text


def test_who_stands_for_no_side_is_told_why_they_cannot_sign(as_, draft, ada):
    client = as_(ada)
    text = client.get(URL).content.decode()
    assert "neither marketing nor sales" in text
    assert "Sign for" not in text
    response = client.post(sign_url(1), {"read": "x"})
    assert response.status_code == 422


def test_earlier_versions_are_kept(as_, standard, jennifer, victor, standard_terms):
    draft = actions.draft_standard(by=victor, now=NOW)
    actions.edit_standard(standard=draft, terms=standard_terms, by=victor)
    actions.sign_standard(standard=draft, by=jennifer, now=NOW)
    actions.sign_standard(standard=draft, by=victor, now=NOW)
    text = as_(victor).get(URL).content.decode()
    assert "in force since June 17, 2026" in text
    assert "Version 1, signed by both on May 15, 2025" in text


def test_it_costs_a_few_queries_whatever_the_history(
    as_, standard, jennifer, victor, standard_terms, django_assert_max_num_queries
):
    for _round in range(6):
        draft = actions.draft_standard(by=victor, now=NOW)
        actions.edit_standard(standard=draft, terms=standard_terms, by=victor)
        actions.sign_standard(standard=draft, by=jennifer, now=NOW)
        actions.sign_standard(standard=draft, by=victor, now=NOW)
    client = as_(victor)
    client.get(URL)
    with django_assert_max_num_queries(4):
        client.get(URL)


# A draft


def test_a_draft_begins_with_the_usual_terms(as_, jennifer):
    response = as_(jennifer).post(DRAFT)
    assert response["Location"] == edit_url(1)
    draft = Standard.objects.get()
    assert draft.signed_at is None
    assert draft.terms.requirements == Terms().requirements
    assert Standard.objects.in_force() is None


def test_there_is_only_one_draft(as_, standard, jennifer, victor):
    as_(jennifer).post(DRAFT)
    assert as_(victor).post(DRAFT)["Location"] == edit_url(2)
    assert Standard.objects.count() == 2


def test_it_is_changed_and_signed_by_both(as_, standard, almost_ready, jennifer, victor):
    client = as_(jennifer)
    page = client.get(client.post(DRAFT)["Location"])
    said = typed(page) | {
        "least_touches": "9",
        "least_horizon": "long_term",
        "mql_attributes": "5",
        "least_people": "assumed",
        "days_people": "",
        "days_budget": "60",
    }
    assert client.post(edit_url(2), said).status_code == 302
    draft = Standard.objects.get(version=2)
    assert (draft.least_touches, draft.least_horizon, draft.mql_attributes) == (9, "long_term", 5)
    assert draft.terms.requirements["people"] == Requirement(State.ASSUMED, None)
    assert draft.terms.requirements["budget"] == Requirement(State.CONFIRMED, 60)
    assert draft.terms.requirements["pain"] == Requirement(State.CONFIRMED, 180)
    assert Standard.objects.in_force() == standard
    assert client.post(sign_url(2), typed(client.get(URL))).status_code == 302
    assert Standard.objects.in_force() == standard
    client = as_(victor)
    assert client.post(sign_url(2), typed(client.get(URL))).status_code == 302
    assert Standard.objects.in_force() == draft
    # The tick judges the open leads anew.
    assert Lead.objects.get(pk=almost_ready.pk).reassess_at == NOW


def test_a_change_withdraws_the_signature_under_the_old_terms(as_, draft, jennifer):
    client = as_(jennifer)
    client.post(sign_url(1), typed(client.get(URL)))
    draft.refresh_from_db()
    assert draft.marketing_by == jennifer
    client.post(edit_url(1), typed(client.get(edit_url(1))) | {"least_touches": "1"})
    draft.refresh_from_db()
    assert (draft.marketing_by, draft.marketing_at) == (None, None)


def test_nobody_signs_terms_they_have_not_read(as_, draft, jennifer, victor, standard_terms):
    client = as_(jennifer)
    read = typed(client.get(URL))
    actions.edit_standard(standard=draft, terms=standard_terms, by=victor)
    response = client.post(sign_url(1), read)
    assert response.status_code == 422
    assert "Read them again" in response.content.decode()
    draft.refresh_from_db()
    assert draft.marketing_by is None
    assert client.post(sign_url(1), typed(response)).status_code == 302


def test_nobody_signs_for_both_sides(draft, jennifer):
    actions.sign_standard(standard=draft, by=jennifer, now=NOW)
    jennifer.side = "sales"
    jennifer.save()
    with pytest.raises(NotAllowed):
        actions.sign_standard(standard=draft, by=jennifer, now=NOW)


def test_two_managers_changing_at_once_see_both(as_, draft, jennifer, victor, standard_terms):
    client = as_(jennifer)
    said = typed(client.get(edit_url(1))) | {"mql_attributes": "3"}
    actions.edit_standard(standard=draft, terms=standard_terms, by=victor)
    response = client.post(edit_url(1), said)
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert errors["mql_attributes"] == ["Saved meanwhile: 5"]
    assert errors["least_horizon"] == ["Saved meanwhile: Long-term is enough"]
    assert client.post(edit_url(1), typed(response)).status_code == 302
    draft.refresh_from_db()
    assert draft.mql_attributes == 3


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"least_touches": ""}, "least_touches"),
        ({"least_touches": "a few"}, "least_touches"),
        ({"least_touches": "100"}, "least_touches"),
        ({"mql_attributes": "11"}, "mql_attributes"),
        ({"mql_attributes": "0"}, "mql_attributes"),
        ({"least_horizon": "soon"}, "least_horizon"),
        ({"least_budget": "stale"}, "least_budget"),
        ({"least_engaged": "assumed"}, "least_engaged"),
        ({"days_budget": "0"}, "days_budget"),
        ({"days_budget": "1.5"}, "days_budget"),
        ({"days_budget": "99999"}, "days_budget"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_is_kept(as_, draft, jennifer, said, wrong):
    client = as_(jennifer)
    sent = typed(client.get(edit_url(1))) | {"days_pain": "77"} | said
    response = client.post(edit_url(1), sent)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [wrong]
    assert 'value="77"' in response.content.decode()
    draft.refresh_from_db()
    assert draft.terms.requirements["pain"].shelf_days == 180


def test_a_signed_version_cannot_be_changed(as_, standard, jennifer, standard_terms):
    client = as_(jennifer)
    assert client.get(edit_url(1)).status_code == 404
    assert client.post(edit_url(1), {}).status_code == 404
    with pytest.raises(NotAllowed):
        actions.edit_standard(standard=standard, terms=standard_terms, by=jennifer)
    assert client.get(edit_url(99)).status_code == 404
    assert client.post(sign_url(99)).status_code == 404


def test_an_administrator_drafts_before_anybody_else_is_there(as_, person):
    client = as_(person("Ada", Role.ADMIN))
    assert client.post(DRAFT).status_code == 302
    assert client.get(URL).status_code == 200
    assert Standard.objects.get().created_at - NOW < timedelta(seconds=1)
