"""What came in by mail: the mailboxes we read, and each message or report, processed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nurture.inbox.kinds import Kind
from nurture.models.planned import Submission
from nurture.models.touches import Touch
from prospects.models import Contact, Lead
from prospects.models.visibility import leads_of
from team.models import Role

if TYPE_CHECKING:
    from team.models import User


class Mailbox(models.Model):
    """A mailbox that is read by IMAP, and how far: written with each message that is taken in."""

    name = models.CharField(max_length=250, unique=True, help_text=_("user@host/folder"))
    uidvalidity = models.BigIntegerField(
        help_text=_("Another one means that the server has numbered its messages anew")
    )
    last_uid = models.BigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=250, blank=True, help_text=_("Of the last look"))
    problem_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.name


class IncomingMailQuerySet(models.QuerySet["IncomingMail"]):
    def waiting(self) -> IncomingMailQuerySet:
        """For a person's word."""
        return self.filter(fate=IncomingMail.Fate.WAITING)

    def visible_to(self, user: User) -> IncomingMailQuerySet:
        """What may be about a lead is for those who see the lead; what is about none, for everybody
        who works leads in a team.
        """
        if user.role == Role.ADMIN:
            return self
        if not user.works_leads:
            return self.none()
        theirs = leads_of(user, "lead__")
        return self.filter(theirs | Q(lead__isnull=True) if user.team_ids else theirs)


class IncomingMail(models.Model):
    """One message from a mailbox, or one report of a mail provider. Written once, with its effect."""

    class Fate(models.TextChoices):
        WAITING = "waiting", _("Waits for a person")
        MATCHED = "matched", _("Belongs to a lead")
        REPEATED = "repeated", _("Said before")
        OURS = "ours", _("Our own")
        IGNORED = "ignored", _("Ignored")
        OPTED_OUT = "opted_out", _("Taken as an opt-out")

    origin = models.CharField(
        max_length=300, unique=True, help_text=_("Mailbox, UIDVALIDITY and UID; or the report’s id")
    )
    digest = models.CharField(
        max_length=64, unique=True, help_text=_("Of what it says: the same mail is taken in once")
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    received_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    sender = models.CharField(max_length=320, blank=True)
    sender_name = models.CharField(max_length=150, blank=True)
    subject = models.CharField(max_length=250, blank=True)
    words = models.TextField(blank=True, help_text=_("What is new in it; forgotten after a while"))
    returns_on = models.DateField(
        null=True, blank=True, help_text=_("The day an automatic reply names")
    )
    lead = models.ForeignKey(
        Lead,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incoming_mails",
        help_text=_("Whose it is; while it waits, whose it may be"),
    )
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="incoming_mails"
    )
    submission = models.ForeignKey(
        Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="answers"
    )
    touch = models.OneToOneField(
        Touch, null=True, blank=True, on_delete=models.PROTECT, related_name="came_as"
    )
    fate = models.CharField(max_length=9, choices=Fate.choices)
    why = models.CharField(max_length=250, blank=True, help_text=_("How it was matched, or not"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When its words were taken out")
    )

    objects = IncomingMailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values), name="incoming_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(fate="matched") | Q(lead__isnull=False),
                name="incoming_matched_to_a_lead",
            ),
            models.CheckConstraint(
                condition=Q(fate="waiting", decided_at__isnull=True, touch__isnull=True)
                | ~Q(fate="waiting"),
                name="incoming_waits_undecided",
            ),
            models.CheckConstraint(
                condition=Q(forgotten_at__isnull=True) | Q(words=""),
                name="incoming_forgets_its_words",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-received_at", "-id"],
                name="incoming_waiting",
                condition=Q(fate="waiting"),
            ),
            models.Index(fields=["sender", "-received_at"], name="incoming_sender"),
            models.Index(
                fields=["taken_at"],
                name="incoming_to_forget",
                condition=~Q(fate="waiting") & Q(forgotten_at__isnull=True),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="incoming_is_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_came_stands",
                fields=["origin", "digest", "received_at", "taken_at"],
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(_("(no subject)"))
