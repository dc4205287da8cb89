"""What a cadence gives a person to say: filled in, in Today and on the lead's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from nurture.actions import log_touch
from nurture.cadences.enrolments import enrol, publish
from nurture.engine.dispatching import dispatch
from nurture.mail_templates.scripts import raw_script, scripts_due
from nurture.models import Cadence, Step, Template
from prospects.models import Lead
from team.models import Organisation, User
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]


@pytest.fixture
def calls(jennifer: User) -> Cadence:
    """A call with a template and words of its own."""
    words = Template.objects.create(
        name="opening",
        channel="phone",
        body="{{ first_name }}, I wrote on {{ wrote_on }}.",
        created_at=NOW,
    )
    cadence = Cadence.objects.create(name="Fair", created_at=NOW)
    step = Step(
        position=1,
        channel="phone",
        after_days=0,
        at="09:00",
        template=words,
        script="Ask about {{ city }}.",
    )
    publish(cadence=cadence, steps=[step], by=jennifer, now=NOW)
    return cadence


@pytest.mark.parametrize(
    ("channel", "script", "template", "said"),
    [
        ("phone", "Ask.", "", "Ask."),
        ("phone", "Ask.", "Hello.", "Hello.\n\nAsk."),
        ("voicemail", "", "Hello.", "Hello."),
        ("email", "Look at it first.", "Dear", "Look at it first."),
    ],
)
def test_what_is_said_is_of_the_step(channel: str, script: str, template: str, said: str) -> None:
    assert raw_script(channel, script, template) == said


def test_a_call_that_waits_has_its_script_in_today_and_on_the_lead(
    calls: Cadence, raw_lead: Lead, dana: User, as_user: AsUser
) -> None:
    enrol(lead=raw_lead, cadence=calls, by=dana, now=NOW)
    dispatch()
    client = as_user(dana)
    said = client.get("/today/").content.decode()
    assert "Say: Maria, I wrote on [day of our last email]." in said
    assert 'href="tel:+16175551001"' in said
    assert "11 a.m." in said or "11:00" in said
    page = client.get(f"/leads/{raw_lead.pk}/").context["page"]
    assert page.script == "Maria, I wrote on [day of our last email].\n\nAsk about Boston."
    log_touch(lead=raw_lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    assert client.get(f"/leads/{raw_lead.pk}/").context["page"].script == ""


def test_more_calls_cost_no_more_queries(
    calls: Cadence,
    make_lead: Callable[..., Lead],
    dana: User,
    organisation: Organisation,
    django_assert_num_queries: Any,
) -> None:
    leads = [make_lead() for _number in range(6)]
    for lead in leads:
        enrol(lead=lead, cadence=calls, by=dana, now=NOW)
    dispatch()
    with django_assert_num_queries(2):
        scripts_due([leads[0].pk], NOW, organisation=organisation)
    with django_assert_num_queries(2):
        found = scripts_due([lead.pk for lead in leads], NOW, organisation=organisation)
    assert len(found) == 6
