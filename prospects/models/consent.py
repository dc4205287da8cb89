"""Addresses that must be left alone, and on what ground the others may be used.

Both are kept by a keyed hash of the address, so that they outlive the person's record; neither is ever
weakened but by a release that says who and why (the database sees to it).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from prospects.models.company import Contact, ContactQuerySet
from prospects.models.intake import Import

if TYPE_CHECKING:
    from team.models import User


class AddressKind(models.TextChoices):
    """What an address is used for; the values are those of the channels that have one of their own."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")
    LETTER = "letter", _("Letter")


class Suppression(models.Model):
    """An address we must not use. Outlives erasure: only a keyed hash of it is kept."""

    class Why(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
        ASKED = "asked", _("Asked us to stop")
        DO_NOT_CALL = "do_not_call", _("Do not call")
        COMPLAINT = "complaint", _("Complained")

    class Source(models.TextChoices):
        LINK = "link", _("The link in a mail")
        MAIL = "mail", _("A mail of theirs")
        PERSON = "person", _("Told to one of us")
        LIST = "list", _("A list")
        IMPORT = "import", _("An imported file")
        MERGE = "merge", _("Merged with a suppressed address")

    channel = models.CharField(max_length=11, choices=AddressKind.choices)
    address_hash = models.CharField(max_length=64, help_text=_("See prospects.consents.hashing"))
    why = models.CharField(max_length=12, choices=Why.choices)
    at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source.choices, blank=True)
    note = models.CharField(max_length=250, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: it came by itself"),
    )
    intake = models.ForeignKey(
        Import, null=True, blank=True, on_delete=models.PROTECT, related_name="suppressions"
    )

    class Meta:
        constraints = [
            # The hash first: every question is by it alone.
            models.UniqueConstraint(fields=["address_hash", "channel"], name="suppressed_once")
        ]
        indexes = [
            models.Index(fields=["at"], name="complained", condition=models.Q(why="complaint")),
        ]
        triggers = [
            pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update),
            pgtrigger.Trigger(
                name="never_weakened",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM prospects_release WHERE suppression_id = OLD.id
                    ) THEN
                        RAISE EXCEPTION 'A suppression goes by a release only'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN OLD;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.get_why_display()}"


class Release(models.Model):
    """Somebody's word that a suppressed address may be used again: who, when and why. Append-only."""

    suppression_id = models.BigIntegerField(unique=True, help_text=_("Of the row that went"))
    channel = models.CharField(max_length=11, choices=AddressKind.choices)
    address_hash = models.CharField(max_length=64)
    why = models.CharField(max_length=12, choices=Suppression.Why.choices)
    suppressed_at = models.DateTimeField()
    released_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=250)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="release_says_why"),
        ]
        indexes = [models.Index(fields=["address_hash"], name="release_address")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def visible_to(self, user: User) -> ConsentQuerySet:
        """Whoever sees the person sees what they agreed to."""
        contacts: ContactQuerySet = Contact.objects.visible_to(user)
        return self.filter(contact__in=contacts)


class Consent(models.Model):
    """The ground on which an address may be used: what, since when, until when, and how we know.

    Appended; a withdrawal is written on it once and stands.
    """

    class Basis(models.TextChoices):
        CONSENT = "consent", _("Consent")
        CUSTOMER = "customer", _("Existing customer")
        CONTRACT = "contract", _("Contract")
        INTEREST = "interest", _("Legitimate interest")

    class Source(models.TextChoices):
        CONVERSATION = "conversation", _("Conversation")
        EMAIL = "email", _("Email")
        PAPER = "paper", _("Paper")
        FORM = "form", _("Web form")
        IMPORT = "import", _("Imported file")
        OTHER = "other", _("Something else")

    contact = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="consents",
        help_text=_("Empty: erased"),
    )
    channel = models.CharField(max_length=11, choices=AddressKind.choices)
    address_hash = models.CharField(max_length=64, help_text=_("See prospects.consents.hashing"))
    basis = models.CharField(max_length=8, choices=Basis.choices, default=Basis.CONSENT)
    source = models.CharField(max_length=12, choices=Source.choices)
    words = models.CharField(
        max_length=1000, blank=True, help_text=_("What they agreed to, and how we know")
    )
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_why = models.CharField(max_length=250, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("given_at")),
                name="consent_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=AddressKind.values), name="consent_channel_is_known"
            ),
        ]
        indexes = [models.Index(fields=["address_hash"], name="consent_address")]
        triggers = [
            pgtrigger.Protect(name="consents_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="consents_stand",
                exclude=["withdrawn_at", "withdrawn_by", "withdrawn_why"],
            ),
            pgtrigger.Protect(
                name="withdrawn_stands",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.withdrawn_at IS NOT NULL"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.get_basis_display()}"

    def is_valid_at(self, now: datetime) -> bool:
        """Neither withdrawn nor expired."""
        return self.withdrawn_at is None and (self.expires_at is None or now < self.expires_at)
