"""The pages of cadences: the list, one as a plan, the builder, and who is put into one and taken out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.test import Client

from nurture.cadences.actions import archive_cadence, write_cadence
from nurture.cadences.enrolments import enrol
from nurture.cadences.reads import cadence_page
from nurture.cadences.shipped import load_shipped_cadences
from nurture.engine.invariants import violations
from nurture.models import Cadence, Enrolment, Step
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import User
from tests.cadences import template
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
MakeCadence = Callable[..., Cadence]


def sent(*steps: dict[str, Any], not_now: tuple[dict[str, Any], ...] = (), **own: Any) -> Any:
    """What the builder posts."""
    data: dict[str, Any] = {"name": "Trade fair", "repeats": "again", "seen": "0", **own}
    for track, rows in (("main", steps), ("not_now", not_now)):
        data |= {f"{track}-TOTAL_FORMS": len(rows), f"{track}-INITIAL_FORMS": 0}
        for number, row in enumerate(rows):
            data |= {f"{track}-{number}-{name}": value for name, value in row.items()}
    return data


CALL = {"channel": "phone", "after_days": "0", "at": "09:30", "performer": "person"}
LETTER = {"channel": "letter", "after_days": "4", "at": "10:00", "performer": "person"}


# The list


def test_without_cadences_a_manager_loads_those_that_are_shipped(
    jennifer: User, as_user: AsUser
) -> None:
    client = as_user(jennifer)
    assert "Load the three" in client.get("/cadences/").content.decode()
    client.post("/cadences/ship/")
    rows = client.get("/cadences/").context["rows"]
    assert [(row.name, row.steps, row.weeks) for row in rows] == [
        ("After a return", 5, 2),
        ("First contact", 19, 5),
        ("Long-term", 5, 24),
    ]
    client.post("/cadences/ship/")
    assert Cadence.objects.count() == 3


def test_without_cadences_a_specialist_is_told_who_builds_them(dana: User, as_user: AsUser) -> None:
    said = as_user(dana).get("/cadences/").content.decode()
    assert "Your manager builds them" in said
    assert "Load the three" not in said


def test_more_cadences_and_more_leads_cost_no_more_queries(
    dana: User,
    as_user: AsUser,
    make_cadence: MakeCadence,
    make_lead: Callable[..., Lead],
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    client = as_user(dana)
    cadence = make_cadence(("phone", 0))
    enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW)
    client.get("/cadences/")
    with django_assert_max_num_queries(6) as listed:
        client.get("/cadences/")
    with django_assert_max_num_queries(10) as shown:
        client.get(f"/cadences/{cadence.pk}/")
    for number in range(4):
        make_cadence(("phone", 0), ("letter", 3), name=f"Fair {number}")
        enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW)
    with django_assert_num_queries(len(listed)):
        client.get("/cadences/")
    with django_assert_num_queries(len(shown)):
        client.get(f"/cadences/{cadence.pk}/")


# One cadence


def test_it_reads_as_a_plan(dana: User, as_user: AsUser) -> None:
    load_shipped_cadences(now=NOW)
    cadence = Cadence.objects.get(name="First contact")
    page = as_user(dana).get(f"/cadences/{cadence.pk}/").context["page"]
    assert [(step.day, step.label) for step in page.main[:4]] == [
        (1, "Call"),
        (1, "Voicemail"),
        (2, "Email"),
        (5, "Call"),
    ]
    assert page.main[0].at == time(9, 30)
    assert page.main[2].by == "By itself"
    assert len(page.not_now) == 2
    assert (page.number, page.then) == (1, "Long-term")


def test_who_is_in_it_is_told_page_by_page_to_those_who_may_see_them(
    dana: User, sam: User, jennifer: User, make_cadence: MakeCadence, make_lead: Callable[..., Lead]
) -> None:
    cadence = make_cadence(("phone", 2))
    for _number in range(27):
        enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW)
    first = cadence_page(cadence, dana, NOW, before=None, after=None)
    assert (len(first.people), first.active, first.newer) == (25, 27, None)
    assert "their time" in first.people[0].next_words
    second = cadence_page(cadence, dana, NOW, before=first.older, after=None)
    assert (len(second.people), second.older) == (2, None)
    back = cadence_page(cadence, dana, NOW, before=None, after=second.newer)
    assert (back.people, back.newer) == (first.people, None)
    assert cadence_page(cadence, sam, NOW, before=None, after=None).active == 0
    assert cadence_page(cadence, jennifer, NOW, before=None, after=None).active == 27


def test_a_manager_pauses_resumes_archives_and_reopens(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence
) -> None:
    client, cadence = as_user(jennifer), make_cadence(("phone", 0))
    for act, field, is_set in (
        ("pause", "paused_at", True),
        ("resume", "paused_at", False),
        ("archive", "archived_at", True),
        ("reopen", "archived_at", False),
    ):
        answer = client.post(f"/cadences/{cadence.pk}/{act}/", follow=True)
        assert answer.status_code == 200
        cadence.refresh_from_db()
        assert (getattr(cadence, field) is not None) is is_set


# The builder


def test_what_is_built_is_published(jennifer: User, as_user: AsUser) -> None:
    words = template("fair email")
    email = {**CALL, "channel": "email", "performer": "machine", "template": words.pk}
    data = sent(CALL, email, not_now=(LETTER,), about="After the fair")
    answer = as_user(jennifer).post("/cadences/new/", data)
    cadence = Cadence.objects.get()
    assert answer["Location"] == f"/cadences/{cadence.pk}/"
    version = cadence.versions.get()
    assert version.by == jennifer
    assert list(version.steps.values_list("track", "position", "channel", "template")) == [
        ("main", 1, "phone", None),
        ("main", 2, "email", words.pk),
        ("not_now", 1, "letter", None),
    ]


def test_who_is_under_way_keeps_their_version(
    jennifer: User, dana: User, as_user: AsUser, make_cadence: MakeCadence, nurtured_lead: Lead
) -> None:
    cadence = make_cadence(("phone", 2))
    enrolment = enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW)
    client, url = as_user(jennifer), f"/cadences/{cadence.pk}/edit/"
    assert client.get(url).context["builder"].form["seen"].value() == 1
    client.post(url, sent(CALL, LETTER, seen="1"))
    assert cadence.versions.count() == 2
    enrolment.refresh_from_db()
    assert enrolment.version.number == 1
    client.post(url, sent(CALL, LETTER, seen="2", about="Other words only"))
    cadence.refresh_from_db()
    assert (cadence.versions.count(), cadence.about) == (2, "Other words only")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"channel": "phone", "performer": "machine"}, "A call is made by a person."),
        ({"channel": "email", "performer": "machine"}, "needs a template"),
        ({"channel": "smoke"}, "smoke is not one of the available choices"),
        ({"after_days": "900"}, "less than or equal to 260"),
        ({"after_days": ""}, "This field is required"),
        ({"at": "25:99"}, "Enter a valid time"),
        ({"template": "999999999999999999999999"}, "not one of the available choices"),
    ],
)
def test_what_does_not_fit_is_told_at_its_step_and_all_that_was_typed_is_kept(
    jennifer: User, as_user: AsUser, changed: dict[str, str], words: str
) -> None:
    answer = as_user(jennifer).post(
        "/cadences/new/", sent(CALL | changed, {**LETTER, "script": "Typed for long"})
    )
    said = answer.content.decode()
    assert answer.status_code == 422
    assert words in said
    assert "Look at step 1 of the plan" in said
    assert "Typed for long" in said
    assert not Cadence.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (sent(), "A cadence needs at least one step."),
        (sent(CALL, name=""), "This field is required."),
        (sent(CALL, name="First contact"), "There is a cadence of this name already."),
        ({"name": "Fair"}, "ManagementForm data is missing"),
    ],
)
def test_what_is_wrong_with_the_whole_is_told(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence, data: Any, words: str
) -> None:
    make_cadence(("phone", 0))
    answer = as_user(jennifer).post("/cadences/new/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Cadence.objects.count() == 1


def test_a_template_of_another_channel_is_refused(jennifer: User, as_user: AsUser) -> None:
    step = LETTER | {"template": template("fair email").pk}
    answer = as_user(jennifer).post("/cadences/new/", sent(step))
    assert "That template is for another channel." in answer.content.decode()


def test_nobody_undoes_a_version_that_came_meanwhile(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence
) -> None:
    cadence = make_cadence(("phone", 0))
    url = f"/cadences/{cadence.pk}/edit/"
    client = as_user(jennifer)
    client.post(url, sent(LETTER, seen="1"))
    answer = client.post(url, sent(CALL, CALL, seen="1"))
    assert answer.status_code == 422
    assert "Version 2 was published meanwhile" in answer.content.decode()
    assert cadence.versions.count() == 2


@pytest.mark.parametrize(
    ("do", "channels"),
    [
        ("main-add", ["phone", "letter", "phone"]),
        ("main-up-1", ["letter", "phone"]),
        ("main-up-0", ["phone", "letter"]),
        ("main-remove-0", ["letter"]),
        ("main-remove-77", ["phone", "letter"]),
        ("elsewhere-add", ["phone", "letter"]),
        ("main-nonsense-x", ["phone", "letter"]),
    ],
)
def test_rows_are_rearranged_without_script(
    jennifer: User, as_user: AsUser, do: str, channels: list[str]
) -> None:
    data = sent(CALL, LETTER | {"script": "half a sen"}, name="", do=do)
    answer = as_user(jennifer).post("/cadences/new/", data)
    assert answer.status_code == 200
    forms = answer.context["builder"].main.forms
    assert [form["channel"].value() for form in forms] == channels
    assert "half a sen" in answer.content.decode()
    assert not Cadence.objects.exists()


def test_a_specialist_changes_no_cadence(dana: User) -> None:
    with pytest.raises(NotAllowed):
        write_cadence(cadence=Cadence(name="Mine"), steps=[Step()], seen=0, by=dana, now=NOW)


# A lead's page


def test_a_lead_says_what_it_is_in_and_what_comes_next(
    dana: User,
    carol: User,
    as_user: AsUser,
    make_cadence: MakeCadence,
    nurtured_lead: Lead,
) -> None:
    client, url = as_user(dana), f"/leads/{nurtured_lead.pk}/"
    assert "Put into a cadence" in client.get(url).content.decode()
    cadence = make_cadence(("letter", 2))
    client.post(f"{url}enrol/", {"cadence": cadence.pk})
    page = client.get(url).context["page"]
    assert page.cadence.cadence == "First contact"
    # Two working days on: Friday is a holiday there.
    assert page.cadence.words == "Letter, Mon 9:30 a.m. their time"
    enrolment = Enrolment.objects.get()
    for act, is_paused in (("pause", True), ("resume", False)):
        client.post(f"/enrolments/{enrolment.pk}/{act}/")
        assert client.get(url).context["page"].cadence.is_paused is is_paused
    client.post(f"/enrolments/{enrolment.pk}/stop/")
    assert client.get(url).context["page"].cadence is None
    enrolment.refresh_from_db()
    assert enrolment.end == Enrolment.End.STOPPED
    assert violations() == []


def test_each_cadence_says_why_a_lead_can_not_go_into_it(
    dana: User, as_user: AsUser, make_cadence: MakeCadence, nurtured_lead: Lead
) -> None:
    once = make_cadence(("phone", 0), name="Once", repeats=Cadence.Repeats.ONCE)
    Cadence.objects.create(name="Empty", created_at=NOW)
    make_cadence(("phone", 0), name="Open")
    enrolment = enrol(lead=nurtured_lead, cadence=once, by=dana, now=NOW)
    client, url = as_user(dana), f"/leads/{nurtured_lead.pk}/enrol/"

    def hindrances() -> dict[str, str]:
        choices = client.get(url).context["form"].choices
        return {choice.cadence.name: choice.hindrance for choice in choices}

    assert hindrances() == {
        "Once": "it is in “Once” already",
        "Empty": "no version of it is published",
        "Open": "it is in “Once” already",
    }
    client.post(f"/enrolments/{enrolment.pk}/stop/")
    assert hindrances() == {
        "Once": "it went through it before",
        "Empty": "no version of it is published",
        "Open": "",
    }
    assert client.post(url, {"cadence": once.pk}).status_code == 422
    assert client.post(url, {"cadence": "x"}).status_code == 422


# Closed


def test_an_archived_cadence_takes_nobody(
    jennifer: User, as_user: AsUser, make_cadence: MakeCadence, make_lead: Callable[..., Lead]
) -> None:
    cadence = make_cadence(("phone", 1))
    make_lead()
    archive_cadence(cadence=cadence, by=jennifer, now=NOW)
    client, url = as_user(jennifer), f"/cadences/{cadence.pk}/enrol/"
    answer = client.post(url, {"stage": "raw"})
    assert answer.status_code == 422
    assert "archived" in answer.content.decode()
    assert not Enrolment.objects.exists()
