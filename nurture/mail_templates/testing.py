"""A message as a prospect would get it, sent to whoever asks for it: through the real mail server.

It goes to nobody else, writes no touch, and carries no link that opts anybody out.
"""

from __future__ import annotations

import secrets
from email.headerregistry import Address
from email.message import EmailMessage

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from nurture.engine.channels import Unreachable
from nurture.engine.composing import POLICY
from nurture.engine.couriers import can_send, couriers_of_settings
from nurture.engine.messages import Written
from nurture.models import Submission
from prospects.actions import NotAllowed
from team.models import Organisation, User


def not_set_up(organisation: Organisation) -> str:
    """Why no mail leaves this installation, in words; empty where it can."""
    if not can_send():
        return _("No mail server is set up: whoever runs LeadFlow sets EMAIL_URL.")
    if not organisation.mail_from:
        return _("No sender address is set: see Settings, Mail.")
    if not organisation.postal_address.strip():
        return _("No postal address is set, and the law asks for one: see Settings, Mail.")
    return ""


def send_test(*, written: Written, to: User) -> None:
    """Send the words to one's own address, marked as a test. Takes as long as the mail server does.

    Refuses (NotAllowed) where mail is not set up, words that would not be sent, and what the mail
    server refuses, in its words. No transaction may be open: it talks to a server.
    """
    organisation = Organisation.current()
    if wrong := not_set_up(organisation):
        raise NotAllowed(wrong)
    if not to.email:
        raise NotAllowed(_("Your account has no email address."))
    if written.hindrance:
        raise NotAllowed(_("It would not be sent: %s.") % written.hindrance)
    courier = couriers_of_settings()[0]
    try:
        refusal = courier.announce(sender=organisation.mail_from, recipient=to.email)
        reply = refusal or courier.transmit(_message(written, to, organisation))
    except Unreachable as wrong_server:
        raise NotAllowed(
            _("The mail server could not be reached: %s.") % wrong_server
        ) from wrong_server
    finally:
        courier.close()
    if reply.result != Submission.Result.ACCEPTED:
        raise NotAllowed(_("The mail server did not take it: %s.") % reply.words)


def _message(written: Written, to: User, organisation: Organisation) -> bytes:
    sender = organisation.mail_from
    message = EmailMessage(policy=POLICY)
    message["Subject"] = _("[Test] %s") % written.subject
    message["From"] = Address(display_name=to.get_full_name(), addr_spec=sender)
    message["To"] = Address(display_name=to.get_full_name(), addr_spec=to.email)
    domain = sender.rpartition("@")[2]
    message["Message-ID"] = f"<{secrets.token_urlsafe(12)}.test@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    letter = {
        "body": written.body.strip(),
        "postal_address": organisation.postal_address,
        "organisation": organisation.name,
        "stop_at": f"{settings.PUBLIC_URL}/unsubscribe/…",
        "why": _("This is a test. In the real one, the link to opt out stands here:"),
    }
    message.set_content(render_to_string("mail/touch.txt", letter))
    message.add_alternative(render_to_string("mail/touch.html", letter), subtype="html")
    return message.as_bytes()
