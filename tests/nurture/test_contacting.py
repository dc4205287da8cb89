"""Limits and regional rules: the shipped ones, the page, and that touches obey them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client

from nurture.cadences.enrolments import enrol
from nurture.contacting.actions import add_rule, set_limits
from nurture.contacting.shipped import SHIPPED, load_shipped_rules
from nurture.engine.dispatching import dispatch
from nurture.models import Cadence, RegionalRule
from nurture.reach import reachability
from prospects.actions import NotAllowed
from prospects.consents.actions import record_consent
from prospects.models import Company, Lead
from team.models import Organisation, User
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = pytest.mark.django_db

GERMAN = {
    "country": "DE",
    "channel": "email",
    "needs_ground": True,
    "grounds": ["consent", "customer"],
    "in_force_from": date(2004, 7, 8),
    "law": "UWG § 7",
}


def test_the_shipped_rules_are_loaded_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_regional_rules")
    call_command("load_regional_rules")
    assert capsys.readouterr().out.split() == [
        *(str(len(SHIPPED)), "regional", "rules."),
        *("0", "regional", "rules."),
    ]
    assert RegionalRule.objects.filter(by=None).count() == len(SHIPPED)
    assert all(rule.link and rule.law for rule in RegionalRule.objects.all())


def test_rules_are_appended_only(jennifer: User, dana: User) -> None:
    rule = add_rule(fields=GERMAN, by=jennifer, now=NOW)
    with pytest.raises(NotAllowed):
        add_rule(fields=GERMAN, by=dana, now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        RegionalRule.objects.update(law="none")
    with pytest.raises(DatabaseError), transaction.atomic():
        rule.delete()


def to_germany(lead: Lead) -> None:
    assert lead.company is not None
    Company.objects.filter(pk=lead.company.pk).update(country="DE", timezone="Europe/Berlin")
    lead.refresh_from_db()


def test_without_a_ground_nothing_is_sent(
    clock_at_now: None,
    mail_server: MailServer,
    posting_address: Organisation,
    make_cadence: Callable[..., Cadence],
    make_lead: Callable[..., Lead],
    jennifer: User,
    dana: User,
) -> None:
    add_rule(fields=GERMAN, by=jennifer, now=NOW)
    set_limits(fields={"closes": time(23)}, by=jennifer, now=NOW)
    cadence = make_cadence(("email", 0))
    silent, agreed, abroad = make_lead(), make_lead(), make_lead()
    for lead in (silent, agreed):
        to_germany(lead)
    record_consent(
        contact=agreed.contact,  # type: ignore[arg-type]
        channel="email",
        basis="consent",
        source="paper",
        words="",
        given_at=NOW,
        by=dana,
        now=NOW,
    )
    touches = [
        enrol(lead=lead, cadence=cadence, by=dana, now=NOW).planned.get()
        for lead in (silent, agreed, abroad)
    ]
    for touch in touches:
        type(touch).objects.filter(pk=touch.pk).update(due_at=NOW)
    dispatch()
    for touch in touches:
        touch.refresh_from_db()
    assert [(touch.state, touch.reason) for touch in touches] == [
        ("skipped", "no consent"),
        ("sent", ""),
        ("sent", ""),
    ]


def test_limits_of_the_organisation_count(
    organisation: Organisation, raw_lead: Lead, jennifer: User, dana: User
) -> None:
    assert raw_lead.contact is not None
    with pytest.raises(NotAllowed):
        set_limits(fields={"touches_a_day": 2}, by=dana, now=NOW)
    set_limits(
        fields={"touches_a_day": 2, "opens": time(8), "weekdays": [1, 2]}, by=jennifer, now=NOW
    )
    limits = reachability(raw_lead.contact, raw_lead.company, "phone").limits
    assert (limits.a_day, limits.hours.opens) == (2, time(8))
    assert limits.hours.weekdays == frozenset({1, 2})


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": time(4)},
        {"closes": time(8)},
        {"touches_a_day": 0},
        {"weekdays": []},
        {"weekdays": [0]},
    ],
)
def test_limits_that_allow_nothing_are_refused(
    organisation: Organisation, wrong: dict[str, object]
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Organisation.objects.update(**wrong)


# The pages


def test_everybody_reads_and_managers_write(client: Client, dana: User, jennifer: User) -> None:
    client.force_login(dana)
    assert "No rules yet" in client.get("/settings/contacting/").content.decode()
    load_shipped_rules(now=NOW)
    text = client.get("/settings/contacting/").content.decode()
    assert "not legal advice" in text
    assert "of America, Florida" in text
    assert "New rule" not in text
    client.force_login(jennifer)
    assert "New rule" in client.get("/settings/contacting/").content.decode()


def test_a_new_row_takes_the_place_of_the_old(client: Client, jennifer: User) -> None:
    rule = add_rule(fields=GERMAN, by=jennifer, now=NOW)
    client.force_login(jennifer)
    page = f"/settings/contacting/rules/new/?like={rule.pk}"
    assert "UWG § 7" in client.get(page).content.decode()
    said = {"country": "DE", "channel": "email", "law": "UWG § 7 as amended"}
    assert client.post(page, said).status_code == 422
    wrong = {**said, "in_force_from": "2026-01-01", "opens": "18:00", "closes": "09:00"}
    answer = client.post(page, wrong)
    assert answer.status_code == 422
    assert "as amended" in answer.content.decode()
    assert client.post(page, {**said, "in_force_from": "2026-01-01"}).status_code == 302
    text = client.get("/settings/contacting/").content.decode()
    assert text.index("as amended") < text.index("History, and") < text.rindex("UWG § 7")
    assert RegionalRule.objects.count() == 2


def test_limits_by_their_page(client: Client, jennifer: User, organisation: Organisation) -> None:
    client.force_login(jennifer)
    page = "/settings/contacting/limits/"
    assert client.get(page).status_code == 200
    said = {"touches_a_day": "2", "touches_a_week": "4", "opens": "08:00", "closes": "18:30"}
    assert client.post(page, said).status_code == 422
    assert client.post(page, {**said, "opens": "03:00", "weekdays": ["1"]}).status_code == 422
    assert client.post(page, {**said, "weekdays": ["1", "2", "6"]}).status_code == 302
    organisation.refresh_from_db()
    assert organisation.weekdays == [1, 2, 6]
    assert "2 a day, 4 a week" in client.get("/settings/contacting/").content.decode()


def test_more_rules_cost_no_more_queries(
    client: Client, jennifer: User, django_assert_num_queries: Callable[..., object]
) -> None:
    client.force_login(jennifer)
    client.get("/settings/contacting/")
    add_rule(fields=GERMAN, by=jennifer, now=NOW)
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        client.get("/settings/contacting/")
    load_shipped_rules(now=NOW)
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        client.get("/settings/contacting/")
