"""The pages of possible duplicates and of merging, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nurture.duplicates.merging import merge_leads
from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.duplicates.finding import look_through_imports
from prospects.duplicates.merge_actions import Wishes
from prospects.models import (
    Company,
    Contact,
    DuplicatePair,
    DuplicateSearch,
    Import,
    Lead,
    Merge,
    Source,
)
from team.models import User
from tests.fixtures import NOW


@pytest.fixture
def write(fair: Source) -> Callable[..., Lead]:
    """A lead written down by somebody."""

    def make(by: User, company: str = "", person: str = "", **contact: Any) -> Lead:
        first, _space, last = person.rpartition(" ")
        assert by.team is not None
        return actions.create_lead(
            source=fair,
            company=CompanyDetails(name=company or None, country="US"),
            contact=ContactDetails(first_name=first or None, last_name=last or None, **contact),
            details=LeadDetails(),
            team=by.team,
            by=by,
            now=NOW,
        )

    return make


Write = Callable[..., Lead]


def reasons(kind: str) -> list[list[str]]:
    pairs = DuplicatePair.objects.filter(**{f"first_{kind}__isnull": False})
    return [sorted(pair.reasons) for pair in pairs.order_by("pk")]


# Found on write


def test_alike_companies_and_their_people_are_found_when_written(dana: User, write: Write) -> None:
    first = write(dana, "GTXPro", "Maria Lindqvist", email="m@gtx.example")
    second = write(dana, "GTX Pro Inc.", "Maria Lindqvist", email="maria@gtx.example")
    write(dana, "Skyline Foods", "Maria Lindqvist", email="m@skyline.example")
    pair = DuplicatePair.objects.get(first_company=first.company)
    assert pair.second_company == second.company
    assert pair.reasons == ["name"]
    people = DuplicatePair.objects.get(first_contact=first.contact)
    assert (people.second_contact, people.reasons) == (second.contact, ["person"])
    assert DuplicatePair.objects.count() == 2


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"phone": "+1 617 555 0101"}, {"phone": "(617) 555-0101"}, ["phone"]),
        ({"email": "a@b.example"}, {"email": "A@b.example"}, ["email"]),
    ],
)
def test_one_address_under_two_names(
    one: dict[str, str], other: dict[str, str], why: list[str], dana: User, write: Write
) -> None:
    write(dana, "Halden Paper", "Maria Lindqvist", **one)
    write(dana, "Skyline Foods", "Bob Young", **other)
    assert reasons("contact") == [why]


def test_the_number_of_a_switchboard_makes_nobody_the_same(dana: User, write: Write) -> None:
    for name in ("Ann Ash", "Bob Birch", "Cid Cedar", "Dan Dogwood", "Eve Elm"):
        write(dana, f"{name} Trading", name, phone="+1 617 555 0101")
    late = Contact.objects.latest("pk")
    assert not DuplicatePair.objects.filter(second_contact=late).exists()


def test_a_name_that_is_corrected_is_looked_at_again(dana: User, write: Write) -> None:
    write(dana, "Halden Paper", "Ann Ash")
    second = write(dana, "Haldn Paper", "Bob Birch")
    assert reasons("company") == [["letter"]]
    actions.edit_company(lead=second, details=CompanyDetails(name="Weber Tools"), by=dana, now=NOW)
    assert reasons("company") == []


def test_an_import_is_looked_through_afterwards_once(dana: User, write: Write) -> None:
    known = write(dana, "Halden Paper", "Ann Ash")
    came = write(dana, "Halden Ppaer", "Ann Ash")
    DuplicatePair.objects.all().delete()
    intake = Import.objects.create(
        kind="leads",
        file_name="a.csv",
        sha256="0" * 64,
        team=dana.team,
        by=dana,
        started_at=NOW,
        finished_at=NOW,
        read=1,
        created=1,
    )
    Lead.objects.filter(pk=came.pk).update(intake=intake)
    assert look_through_imports(now=NOW) == 2
    assert look_through_imports(now=NOW) == 0
    assert DuplicateSearch.objects.get(intake=intake).found == 2
    pair = DuplicatePair.objects.get(first_company=known.company)
    assert pair.second_company == came.company


def test_finding_asks_an_index_and_as_often_however_many_there_are(
    dana: User, write: Write
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            write(dana, "Brooks Manufacturing", "Ann Ash", phone="+1 617 555 0101")
        return sum("namekey" in q["sql"] or "duplicatepair" in q["sql"] for q in asked)

    write(dana, "Brooks Mfg", "Ann Ash")
    few = statements()
    Company.objects.bulk_create(
        Company(name=f"Other {number} Trading", name_key=f"other{number}trading")
        for number in range(20)
    )
    for number in range(10):
        write(dana, f"Some {number} Traders", f"Cid Cedar{number}")
    assert statements() == few


# The pages


@pytest.fixture
def pair(dana: User, write: Write) -> tuple[Lead, Lead]:
    first = write(dana, "Halden Paper", "Maria Lindqvist", email="m@halden.example")
    second = write(
        dana, "Halden Paper Group", "M Lindqvist", email="maria@halden.example", title="Director"
    )
    return first, second


def test_the_pairs_side_by_side(client: Client, dana: User, pair: tuple[Lead, Lead]) -> None:
    client.force_login(dana)
    page = client.get(reverse("duplicate-list")).content.decode()
    assert "m@halden.example" in page
    assert "maria@halden.example" in page
    assert "the same last name and initial" in page
    assert 'data-key="m"' in page
    assert 'data-key="d"' in page
    company = DuplicatePair.objects.get(first_company__isnull=False)
    page = client.get(reverse("duplicate-list"), {"pair": company.pk}).content.decode()
    assert "the same name but for common words" in page


def test_nothing_to_decide_says_so(client: Client, dana: User) -> None:
    client.force_login(dana)
    assert "Nobody seems to be here twice" in client.get("/duplicates/").content.decode()
    assert "Nothing was merged lately" in client.get("/merges/").content.decode()
    assert client.get("/duplicates/", {"pair": "9" * 30}).status_code == 200


def test_who_sees_one_side_only_learns_nothing(
    client: Client,
    dana: User,
    sam: User,
    jennifer: User,
    charlie: User,
    carol: User,
    write: Write,
) -> None:
    write(dana, "Halden Paper", "Maria Lindqvist")
    write(sam, "Halden Paper Inc", "Maria Lindqvist")
    address = reverse("duplicate-merge", args=[DuplicatePair.objects.latest("pk").pk])
    for who in (dana, sam, charlie):
        client.force_login(who)
        assert b"Nobody seems" in client.get("/duplicates/").content
        assert client.get(address).status_code == 404
    client.force_login(carol)
    assert client.get("/duplicates/").status_code == 403
    client.force_login(jennifer)
    assert b"Maria Lindqvist" in client.get("/duplicates/").content
    assert client.get(address).status_code == 302


def test_different_is_remembered(
    client: Client, dana: User, pair: tuple[Lead, Lead], write: Write
) -> None:
    client.force_login(dana)
    company = DuplicatePair.objects.get(first_company__isnull=False)
    client.post(reverse("duplicate-different", args=[company.pk]))
    company.refresh_from_db()
    assert company.different_by == dana
    assert not DuplicatePair.objects.open().exists(), "their people were alike only with them"
    actions.edit_company(
        lead=pair[0], details=CompanyDetails(name="Halden Paper Holding"), by=dana, now=NOW
    )
    assert not DuplicatePair.objects.open().exists()


def test_merging_two_people_with_leads_leads_to_the_leads(
    client: Client, dana: User, pair: tuple[Lead, Lead]
) -> None:
    first, second = pair
    client.force_login(dana)
    people = DuplicatePair.objects.get(first_contact__isnull=False)
    answer = client.get(reverse("duplicate-merge", args=[people.pk]))
    assert answer["Location"] == reverse("lead-merge", args=[first.pk, second.pk])
    page = client.get(answer["Location"]).content.decode()
    assert "Halden Paper Group" in page
    sent = {
        "same_company": "on",
        "same_person": "on",
        "company_name": "second",
        "contact_name": "first",
        "contact_title": "second",
        "contact_email": "second",
    }
    answer = client.post(reverse("lead-merge", args=[first.pk, second.pk]), sent)
    assert answer["Location"] == reverse("lead-detail", args=[first.pk])
    page = client.get(answer["Location"]).content.decode()
    assert "Merged: Halden Paper Group into Halden Paper." in page
    merge = Merge.objects.get()
    assert reverse("merge-undo", args=[merge.pk]) in page
    first.refresh_from_db()
    assert str(first.company) == "Halden Paper Group"
    assert str(first.contact) == "Maria Lindqvist"
    assert first.contact is not None
    assert (first.contact.title, first.contact.email) == ("Director", "maria@halden.example")
    assert not DuplicatePair.objects.exists()


@pytest.fixture
def one(client: Client, dana: User, pair: tuple[Lead, Lead]) -> tuple[Lead, int]:
    """Merged by Dana: what is left, and the id of the other."""
    kept, _merge = merge_leads(first=pair[0], second=pair[1], wishes=Wishes(), by=dana, now=NOW)
    return kept, pair[1].pk


def test_the_old_address_leads_on(
    client: Client, dana: User, sam: User, one: tuple[Lead, int]
) -> None:
    kept, old = one
    client.force_login(dana)
    answer = client.get(reverse("lead-detail", args=[old]))
    assert (answer.status_code, answer["Location"]) == (302, f"/leads/{kept.pk}/")
    told = client.get(reverse("api-lead", args=[old]))
    assert (told.status_code, told.json()["merged_into"]) == (302, kept.pk)
    assert told["Location"] == reverse("api-lead", args=[kept.pk])
    client.force_login(sam)
    assert client.get(reverse("lead-detail", args=[old])).status_code == 404
    assert client.get(reverse("api-lead", args=[old])).status_code == 404


@time_machine.travel(NOW, tick=False)
def test_undone_from_the_list(client: Client, dana: User, sam: User, one: tuple[Lead, int]) -> None:
    merge = Merge.objects.get()
    client.force_login(sam)
    assert client.post(reverse("merge-undo", args=[merge.pk])).status_code == 404
    client.force_login(dana)
    assert b"Undo" in client.get("/merges/").content
    answer = client.post(reverse("merge-undo", args=[merge.pk]), follow=True)
    assert "Undone: they are two again" in answer.content.decode()
    assert Lead.objects.filter(pk=one[1]).exists()
    again = client.post(reverse("merge-undo", args=[merge.pk]), follow=True)
    assert "It was undone already." in again.content.decode()


def test_a_refusal_stands_on_the_page(
    client: Client, dana: User, pair: tuple[Lead, Lead], carol: User
) -> None:
    for lead in pair:
        for stage in ("nurturing", "qualified", "handed_off"):
            rep = carol if stage == "handed_off" else None
            actions.change_stage(lead=lead, to_stage=stage, now=NOW, by=dana, rep=rep)  # type: ignore[arg-type]
    client.force_login(dana)
    address = reverse("lead-merge", args=[pair[0].pk, pair[1].pk])
    assert "Reps hold both of them" in client.get(address).content.decode()
    refused = client.post(address, {"company_name": "first", "contact_name": "first"})
    assert refused.status_code == 422
    assert Lead.objects.count() == 2


def test_another_lead_is_looked_for(client: Client, dana: User, pair: tuple[Lead, Lead]) -> None:
    client.force_login(dana)
    address = reverse("lead-merge-find", args=[pair[0].pk])
    other = reverse("lead-merge", args=[pair[0].pk, pair[1].pk])
    assert other in client.get(address).content.decode()
    assert other in client.get(address, {"q": "group halden"}).content.decode()
    assert "No other lead" in client.get(address, {"q": "nobody at all"}).content.decode()
    assert client.get(reverse("lead-merge", args=[pair[0].pk, pair[0].pk])).status_code == 404


# While typing


def test_a_new_lead_that_looks_like_one_is_asked_about_once(
    client: Client, dana: User, sam: User, fair: Source, pair: tuple[Lead, Lead]
) -> None:
    typed: dict[str, Any] = {
        "company": "HALDEN PAPER, Inc.",
        "source": fair.pk,
        "buying_role": "unknown",
    }
    client.force_login(dana)
    part = client.get(reverse("lead-alike"), typed)
    assert "Is it one of these?" in part.content.decode()
    answer = client.post(reverse("lead-new"), typed)
    assert answer.status_code == 422
    assert "Looks like Halden Paper" in answer.content.decode()
    assert client.post(reverse("lead-new"), {**typed, "anyway": "on"}).status_code == 302
    client.force_login(sam)
    assert b"Halden" not in client.get(reverse("lead-alike"), typed).content
    assert client.post(reverse("lead-new"), typed).status_code == 302, (
        "who may not see, is not told"
    )


def test_ten_more_pairs_ask_no_more(client: Client, dana: User, write: Write) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/duplicates/").status_code == 200
        return len(asked)

    client.force_login(dana)
    for number in range(2):
        write(
            dana,
            f"Halden{'abcdefghijkl'[number]}{'q' * number}",
            "Ann Ash",
            phone="+1 617 555 0101",
        )
    few = count()
    for number in range(10):
        write(dana, f"Brooks Paper {'Group ' * (number % 2)}", f"Bob Birch{number}")
    assert DuplicatePair.objects.count() > 10
    assert count() == few <= 10
