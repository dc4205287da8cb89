"""What a message that came in can be. Pure."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    REPLY = "reply", _("Reply")
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    HARD_BOUNCE = "hard_bounce", _("Bounce")
    SOFT_BOUNCE = "soft_bounce", _("Bounce, for now")
    DELAYED = "delayed", _("Delayed")
    DELIVERED = "delivered", _("Delivered")
    COMPLAINT = "complaint", _("Complaint")
    UNSUBSCRIBE = "unsubscribe", _("Asks to be left alone")
    OPT_OUT = "opt_out", _("Opted out at the provider")
    BULK = "bulk", _("Sent to many")
    UNREADABLE = "unreadable", _("Cannot be read")
