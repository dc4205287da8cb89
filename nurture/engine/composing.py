"""The message itself: what it may mention, and how it is written for one recipient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import gettext as _

from nurture.engine.messages import DAY_OF, Written
from nurture.models import PlannedTouch, Touch
from nurture.touching import Direction
from prospects.models import Contact, Lead
from team.models import Organisation

POLICY = SMTP.clone(cte_type="7bit", max_line_length=76)
"""What every mail server takes, and no header longer than a line."""


@dataclass(frozen=True)
class Message:
    """A message as it goes to the mail server: one sender, one recipient."""

    sender: str
    message_id: str
    content: bytes


def merge_values(
    planned: PlannedTouch,
    now: datetime,
    *,
    organisation: Organisation,
    days: Mapping[str, datetime],
) -> dict[str, str]:
    """What a planned touch may say: see `values_for`."""
    zone = ZoneInfo(planned.zone)
    return values_for(
        planned.lead, planned.contact, zone, now, organisation=organisation, days=days
    )


def values_for(
    lead: Lead,
    contact: Contact | None,
    zone: ZoneInfo,
    now: datetime,
    *,
    organisation: Organisation,
    days: Mapping[str, datetime],
) -> dict[str, str]:
    """A text for each field that a template may mention; empty where nothing is known.

    `days`: when the lead was last touched, by channel (see days_of_touches); told on the calendar
    of `zone`, theirs.
    """
    specialist = lead.specialist.get_full_name() if lead.specialist else organisation.name
    return {
        "first_name": contact.first_name if contact else "",
        "last_name": contact.last_name if contact else "",
        "title": contact.title if contact else "",
        "company": lead.company.name if lead.company else "",
        "city": lead.company.city if lead.company else "",
        "source": lead.source.name,
        "specialist": specialist,
        "organisation": organisation.name,
        **{
            field: _day(days[channel], zone, now) if channel in days else ""
            for channel, field in DAY_OF.items()
        },
    }


def days_of_touches(leads: Collection[int]) -> defaultdict[int, dict[str, datetime]]:
    """When we last touched each of these leads (their ids), by channel: one query."""
    days: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    for lead, channel, last in (
        Touch.objects.standing()
        .filter(lead__in=leads, direction=Direction.OUT, channel__in=DAY_OF)
        .values_list("lead", "channel")
        .annotate(last=Max("occurred_at"))
    ):
        days[lead][channel] = last
    return days


def _day(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """“Tuesday” within the last week, else “June 9”: on their calendar."""
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    return formats.date_format(day, "l" if (today - day).days < 7 else "F j")


def compose(
    planned: PlannedTouch, written: Written, *, organisation: Organisation, unsubscribe_token: str
) -> Message:
    """The message to one person: text and HTML, our address, the way out, a Message-ID that stays.

    Header injection is impossible: the standard library refuses line breaks in headers.
    """
    sender = organisation.mail_from
    stop_at = f"{settings.PUBLIC_URL}/unsubscribe/{unsubscribe_token}/"
    specialist = planned.lead.specialist
    message = EmailMessage(policy=POLICY)
    message["Subject"] = written.subject
    message["From"] = Address(
        display_name=specialist.get_full_name() if specialist else organisation.name,
        addr_spec=sender,
    )
    message["To"] = Address(display_name=planned.contact.name, addr_spec=planned.contact.email_key)
    message_id = f"<{planned.pk}.touch@{sender.rpartition('@')[2]}>"
    message["Message-ID"] = message_id
    ways_out = [f"<{stop_at}>"]
    if settings.IMAP_URL:  # somebody reads what is sent there
        ways_out.append(f"<mailto:{sender}?subject=unsubscribe%20{unsubscribe_token}>")
    message["List-Unsubscribe"] = ", ".join(ways_out)
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["X-LeadFlow-Lead"] = str(planned.lead_id)
    letter = {
        "body": written.body.strip(),
        "postal_address": organisation.postal_address,
        "organisation": organisation.name,
        "stop_at": stop_at,
        "why": _("If you would rather not hear from us by email:"),
    }
    message.set_content(render_to_string("mail/touch.txt", letter))
    message.add_alternative(render_to_string("mail/touch.html", letter), subtype="html")
    return Message(sender=sender, message_id=message_id, content=message.as_bytes())
