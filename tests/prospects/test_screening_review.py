"""/screening/: leads in doubt one by one, decided by a key, and who was screened out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails, NotAllowed
from prospects.models import Lead, Overruling
from prospects.screening import reviewing
from prospects.stages import Stage
from tests.fixtures import NOW

URL = reverse("screening-review")
OUT = reverse("screening-out")


def decide_url(lead: Lead) -> str:
    return reverse("screening-decide", args=[lead.pk])


@pytest.fixture
def doubtful(dana, northeast, fair):
    """A raw lead whose title leaves a doubt, received so many minutes before now."""

    def make(company: str = "Halden Paper", minutes: int = 0, by=dana, **more) -> Lead:
        return actions.create_lead(
            source=fair,
            company=CompanyDetails(name=company, domain=f"{company[:3].lower()}.example"),
            contact=ContactDetails(
                first_name="Maria", last_name=company, title="Sales Consultant",
                email=f"maria@{company[:3].lower()}.example",
            ),
            details=LeadDetails(**more),
            team=by.team or northeast,
            by=by,
            now=NOW - timedelta(minutes=minutes),
        )  # fmt: skip

    return make


# Who may


@pytest.mark.parametrize(
    ("name", "code", "sees"),
    [
        ("dana", 200, True),
        ("sam", 200, False),
        ("charlie", 200, False),
        ("jennifer", 200, True),
        ("ada", 200, True),
        ("carol", 403, False),
    ],
)
def test_who_sees_it(request, as_, doubtful, name, code, sees):
    lead = doubtful()
    client = as_(request.getfixturevalue(name))
    page = client.get(URL)
    assert page.status_code == code
    assert ("Halden" in page.content.decode()) is sees
    answer = client.post(decide_url(lead), {"decision": "pass"})
    assert answer.status_code == (302 if sees else 403 if name == "carol" else 404)
    assert client.get(OUT).status_code == code


def test_an_empty_page_says_so(as_, dana):
    assert "Nobody is in doubt" in as_(dana).get(URL).content.decode()
    assert "Nobody was screened out yet" in as_(dana).get(OUT).content.decode()


# One after the other


def test_why_and_what_we_know_stand_there_the_newest_first(as_, dana, doubtful):
    doubtful("Older Mills", minutes=9)
    doubtful("Newer Mills", minutes=1)
    page = as_(dana).get(URL)
    text = page.content.decode()
    assert page.context["page"].current.headline == "Newer Mills"
    assert [lead.headline for lead in page.context["page"].waiting] == ["Older Mills"]
    for words in ("title “Sales Consultant”", "new.example", "maria@new.example", "Trade fair"):
        assert words in text, words


def test_passing_it_brings_up_the_next_and_can_be_undone(as_, dana, doubtful):
    older, newer = doubtful("Older", minutes=9), doubtful("Newer", minutes=1)
    client = as_(dana)
    page = client.post(decide_url(newer), {"decision": "pass", "why": "works there"}, follow=True)
    assert "Newer passed." in page.content.decode()
    assert page.context["page"].current.pk == older.pk
    newer.refresh_from_db()
    assert (newer.stage, newer.is_doubtful) == (Stage.RAW, False)
    [said] = newer.overrulings.all()
    assert (said.rule, said.by, said.why) == ("consultant", dana, "works there")
    assert "Sales Consultant" in said.words
    undone = client.post(reverse("screening-undo", args=[newer.pk]), follow=True)
    assert undone.context["page"].current.pk == newer.pk
    said.refresh_from_db()
    assert said.taken_back_at == NOW
    assert Lead.objects.get(pk=newer.pk).is_doubtful


def test_screening_it_out_with_a_reason_and_undoing_it(as_, dana, doubtful):
    lead = doubtful()
    client = as_(dana)
    page = client.post(
        decide_url(lead), {"decision": "student", "why": "19 years old"}, follow=True
    )
    assert "Halden Paper is screened out: Student." in page.content.decode()
    lead.refresh_from_db()
    change = lead.stage_changes.latest("id")
    assert (lead.stage, change.reason, change.by) == (Stage.SCREENED_OUT, "student", dana)
    assert "19 years old" in client.get(OUT + "?rule=student").content.decode()
    client.post(reverse("screening-undo", args=[lead.pk]))
    lead.refresh_from_db()
    assert lead.is_doubtful
    assert [found["rule"] for found in lead.screening] == ["consultant"]
    assert lead.stage_changes.latest("id").reason == "taken_back"
    assert not lead.overrulings.standing().exists()


def test_skipping_goes_on_and_comes_back_in_the_end(as_, dana, doubtful):
    older, newer = doubtful("Older", minutes=9), doubtful("Newer", minutes=1)
    client = as_(dana)
    page = client.get(client.get(URL).context["skip_url"])
    assert page.context["page"].current.pk == older.pk
    page = client.post(decide_url(older), {"decision": "pass", "after": page.context["after"]})
    page = client.get(page["Location"])
    assert "That was the last one" in page.content.decode()
    assert client.get(URL).context["page"].current.pk == newer.pk


def test_one_of_the_others_can_be_brought_up(as_, dana, doubtful):
    older = doubtful("Older", minutes=9)
    doubtful("Newer", minutes=1)
    client = as_(dana)
    [(_lead, url)] = client.get(URL).context["rows"]
    assert client.get(url).context["page"].current.pk == older.pk


def test_htmx_is_answered_with_the_next_alone(as_, dana, doubtful):
    doubtful("Older", minutes=9)
    newer = doubtful("Newer", minutes=1)
    page = as_(dana).post(decide_url(newer), {"decision": "pass"}, headers={"HX-Request": "true"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "<html" not in text
    assert "Older" in text
    assert reverse("screening-undo", args=[newer.pk]) in text


@pytest.mark.parametrize("sent", [{}, {"decision": "free_mail"}, {"decision": "nonsense"}])
def test_what_cannot_be_decided_is_told_and_kept(as_, dana, doubtful, sent):
    lead = doubtful()
    page = as_(dana).post(decide_url(lead), {"why": "half typed", **sent})
    assert page.status_code == 422
    assert 'value="half typed"' in page.content.decode()
    lead.refresh_from_db()
    assert lead.is_doubtful


@pytest.mark.parametrize("query", ["after=x", "after=1.2.3", "lead=x", "lead=0", "after=%00"])
def test_any_address_is_answered(as_, dana, doubtful, query):
    doubtful()
    assert as_(dana).get(f"{URL}?{query}").status_code == 200
    assert as_(dana).get(f"{OUT}?{query}&rule={query}").status_code == 200


def test_who_comes_second_is_told(as_, dana, jennifer, doubtful):
    lead = doubtful()
    reviewing.pass_lead(lead=lead, by=jennifer, now=NOW)
    page = as_(dana).post(decide_url(lead), {"decision": "student"}, follow=True)
    assert "Somebody has decided on Halden Paper in the meantime." in page.content.decode()
    lead.refresh_from_db()
    assert lead.stage == Stage.RAW


def test_another_s_decision_and_an_old_one_are_not_undone(dana, jennifer, doubtful):
    lead = doubtful()
    reviewing.pass_lead(lead=lead, by=jennifer, now=NOW)
    with pytest.raises(NotAllowed):
        reviewing.undo_review(lead=lead, by=dana, now=NOW)
    with pytest.raises(NotAllowed):
        reviewing.undo_review(lead=lead, by=jennifer, now=NOW + timedelta(minutes=11))
    out = doubtful("Other")
    reviewing.turn_away(lead=out, reason="student", by=jennifer, now=NOW)
    with pytest.raises(NotAllowed):
        reviewing.undo_review(lead=out, by=dana, now=NOW)


def test_a_lead_in_doubt_waits_for_a_look_and_is_given_out_once_it_passes(doubtful, jennifer, dana):
    lead = doubtful(by=jennifer)
    assert lead.specialist is None
    assert lead not in Lead.objects.waiting()
    assert reviewing.pass_lead(lead=lead, by=jennifer, now=NOW).specialist_id == dana.pk


def test_it_costs_the_same_with_many(as_, jennifer, doubtful, django_assert_max_num_queries):
    client = as_(jennifer)
    for number in range(3):
        doubtful(f"{number} Mills")
    client.get(URL)
    for _round in range(2):
        with django_assert_max_num_queries(5):
            client.get(URL)
        for number in range(20):
            doubtful(f"{number} More")


# Who was screened out


def test_by_reason_and_restored(as_, dana, make_lead):
    student, rival = make_lead(), make_lead("Rival")
    actions.screen_out(lead=student, reason="student", by=dana, now=NOW, note="19")
    actions.screen_out(lead=rival, reason="competitor", by=dana, now=NOW)
    client = as_(dana)
    assert [row.pk for row in client.get(OUT).context["page"].rows] == [rival.pk, student.pk]
    page = client.get(OUT + "?rule=student")
    assert [row.words for row in page.context["page"].rows] == ["19"]
    answer = client.post(reverse("screening-restore", args=[student.pk]), {"rule": "student"})
    assert answer["Location"] == OUT + "?rule=student"
    student.refresh_from_db()
    assert student.stage == Stage.RAW
    assert set(student.overrulings.values_list("rule", flat=True)) == {"student"}
    again = client.post(reverse("screening-restore", args=[student.pk]), follow=True)
    assert "cannot go from" in again.content.decode()


def test_pages_of_those_screened_out(as_, ada, many_leads, northeast, south):
    for team in (northeast, south):
        for lead in many_leads(40, team):
            actions.screen_out(lead=lead, reason="student", by=ada, now=NOW)
    client = as_(ada)
    for query in ("", "?rule=student"):
        page = client.get(OUT + query)
        assert len(page.context["page"].rows) == 50
        rest = client.get(page.context["older"])
        assert len(rest.context["page"].rows) == 30
        assert not rest.context["older"]


def test_the_list_costs_a_few_queries(as_, ada, dana, make_lead, django_assert_max_num_queries):
    client = as_(ada)
    client.get(OUT)
    for _number in range(6):
        actions.screen_out(lead=make_lead(), reason="student", by=dana, now=NOW)
    with django_assert_max_num_queries(5):
        client.get(OUT)


# What is kept


def test_what_people_said_cannot_be_changed_or_deleted(doubtful, dana):
    lead = doubtful()
    reviewing.pass_lead(lead=lead, by=dana, now=NOW)
    said = Overruling.objects.filter(lead=lead)
    for forbidden in (lambda: said.update(why="else"), said.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            forbidden()
