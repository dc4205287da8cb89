"""Whose role we know from them: what a person ticks when they write down who has a say."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from nurture.actions import log_touch
from nurture.touching import Channel, Outcome
from prospects.models import Contact, Lead
from team.models import User
from tests.fixtures import NOW


def test_before_they_talked_nobody_can_say_so(
    client: Client, nurtured_lead: Lead, dana: User
) -> None:
    client.force_login(dana)
    page = client.get(reverse("contact-new", args=[nurtured_lead.pk]))
    assert "told_us" not in page.content.decode()


def test_a_role_they_told_us_is_confirmed(client: Client, nurtured_lead: Lead, dana: User) -> None:
    log_touch(
        lead=nurtured_lead,
        channel=Channel.PHONE,
        outcome=Outcome.CONVERSATION,
        by=dana,
        now=NOW,
    )
    client.force_login(dana)
    address = reverse("contact-new", args=[nurtured_lead.pk])
    assert "They told us the role on Jun 17" in client.get(address).content.decode()
    page = client.get(address)
    said = {
        "version": page.context["form"].standing_version,
        "first_name": "Ylva",
        "last_name": "Holm",
        "title": "Finance",
        "buying_role": "influencer",
        "told_us": "on",
    }
    assert client.post(address, said).status_code == 302
    ylva = Contact.objects.get(first_name="Ylva")
    assert ylva.role_confirmed_at == NOW
    nurtured_lead.refresh_from_db()
    assert "people" not in nurtured_lead.open_attributes
