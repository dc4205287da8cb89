"""Cadences: ordered plans of touches, their versions and templates, and the leads that run through them."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nurture.touching import Channel
from prospects.models import Contact, Lead
from prospects.models.visibility import leads_of

if TYPE_CHECKING:
    from team.models import User

MOST_DAYS = 260
"""Working days between two steps, at most: a year."""
MACHINE_CHANNELS = (Channel.EMAIL,)
BATCH_CHANNELS = (Channel.LETTER, Channel.DIRECT_MAIL)
STEP_CHANNELS = (Channel.PHONE, Channel.VOICEMAIL, Channel.EMAIL, *BATCH_CHANNELS)


class Template(models.Model):
    """One version of the words of a message. Words are never changed: a new version is written.

    Kept for ever, because what was sent refers to it.
    """

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1)
    channel = models.CharField(
        max_length=11, choices=[(c.value, c.label) for c in STEP_CHANNELS], default=Channel.EMAIL
    )
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(help_text=_("Plain text; fields as {{ first_name }}"))
    created_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="template_version_once"),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(superseded_at__isnull=True),
                name="template_one_current",
            ),
            models.CheckConstraint(
                condition=~Q(channel=Channel.EMAIL) | ~Q(subject=""),
                name="template_mail_has_subject",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="templates_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="templates_stand", exclude=["superseded_at"]),
        ]

    def __str__(self) -> str:
        return self.name


class Cadence(models.Model):
    """An ordered plan of touches over days to months. Its steps live in versions."""

    class Repeats(models.TextChoices):
        ONCE = "once", _("Once in a lead’s life")
        AGAIN = "again", _("Again after it ended")
        EXCLUSIVE = "exclusive", _("Again, instead of any other")

    name = models.CharField(max_length=100, unique=True)
    about = models.CharField(max_length=250, blank=True)
    repeats = models.CharField(max_length=9, choices=Repeats.choices, default=Repeats.AGAIN)
    then = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Where a lead goes that ends without a conversation; may be itself"),
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_exclusive(self) -> bool:
        """It ends the cadence that a lead is in, and no other ends it."""
        return self.repeats == self.Repeats.EXCLUSIVE


class CadenceVersion(models.Model):
    """The steps as they were published; who is under way keeps the version they started with."""

    cadence = models.ForeignKey(Cadence, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cadence", "number"], name="cadence_version_once"),
            models.UniqueConstraint(
                fields=["cadence"],
                condition=Q(published_at__isnull=True),
                name="cadence_one_draft",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_stands",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.published_at IS NOT NULL"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.cadence} {self.number}"


class Step(models.Model):
    """One touch of a cadence: on which channel, how long after the step before, by whom."""

    class Track(models.TextChoices):
        MAIN = "main", _("First")
        NOT_NOW = "not_now", _("Replied: not now")

    class Performer(models.TextChoices):
        MACHINE = "machine", _("By itself")
        PERSON = "person", _("By a person")

    version = models.ForeignKey(CadenceVersion, on_delete=models.CASCADE, related_name="steps")
    track = models.CharField(max_length=7, choices=Track.choices, default=Track.MAIN)
    position = models.PositiveSmallIntegerField(help_text=_("From 1, in its track"))
    channel = models.CharField(max_length=11, choices=[(c.value, c.label) for c in STEP_CHANNELS])
    after_days = models.PositiveSmallIntegerField(
        help_text=_("Working days, in the prospect’s calendar, after the step before"),
        validators=[MaxValueValidator(MOST_DAYS)],
    )
    at = models.TimeField(default=time(9, 30), help_text=_("On the prospect’s clock"))
    performer = models.CharField(max_length=7, choices=Performer.choices, default=Performer.PERSON)
    template = models.ForeignKey(
        Template, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    script = models.TextField(blank=True, help_text=_("What a person says, and asks"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "track", "position"], name="step_position_once"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[str(c) for c in STEP_CHANNELS]),
                name="step_channel_is_known",
            ),
            models.CheckConstraint(
                condition=Q(performer="person")
                | Q(channel__in=[str(c) for c in MACHINE_CHANNELS + BATCH_CHANNELS]),
                name="step_calls_are_a_persons",
            ),
            models.CheckConstraint(
                condition=Q(performer="person") | Q(template__isnull=False),
                name="step_by_machine_has_words",
            ),
            models.CheckConstraint(
                condition=Q(after_days__lte=MOST_DAYS), name="step_within_a_year"
            ),
        ]
        ordering = ["track", "position"]
        triggers = [
            pgtrigger.Trigger(
                name="published_steps_stand",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM nurture_cadenceversion
                         WHERE id IN (
                               CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END,
                               CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END)
                           AND published_at IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'The steps of a published cadence stand'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.get_channel_display()}"


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def active(self) -> EnrolmentQuerySet:
        return self.filter(ended_at__isnull=True)

    def visible_to(self, user: User) -> EnrolmentQuerySet:
        return self.filter(leads_of(user, "lead__"))


class Enrolment(models.Model):
    """One lead running through one version of one cadence; one at a time."""

    class End(models.TextChoices):
        COMPLETED = "completed", _("Went through it all")
        CONVERSATION = "conversation", _("They talked to us")
        REPLY = "reply", _("They replied")
        MEETING = "meeting", _("We met")
        COLLEAGUE = "colleague", _("A colleague of theirs talked to us")
        QUALIFIED = "qualified", _("Qualified")
        LEFT_PROGRAM = "left_program", _("Left the program")
        NO_CHANNEL = "no_channel", _("No channel is left")
        STOPPED = "stopped", _("Stopped by a person")
        MERGED = "merged", _("Merged into another lead")
        REPLACED = "replaced", _("Another cadence took over")

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="enrolments")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="enrolments")
    version = models.ForeignKey(CadenceVersion, on_delete=models.PROTECT, related_name="enrolments")
    track = models.CharField(max_length=7, choices=Step.Track.choices, default=Step.Track.MAIN)
    enrolled_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: a rule"),
    )
    why = models.CharField(max_length=100, blank=True)
    rule = models.ForeignKey(
        "nurture.EnrolmentRule",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="enrolments",
        db_index=False,
    )
    paused_at = models.DateTimeField(null=True, blank=True, help_text=_("By its owner"))
    paused_for = models.ForeignKey(
        "nurture.Absence",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("Paused until its specialist is back"),
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=12, choices=End.choices, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(ended_at__isnull=True), name="enrolment_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="")
                | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="enrolment_ends_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(paused_for__isnull=True) | Q(paused_at__isnull=False),
                name="enrolment_paused_for_an_absence",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rule", "lead"],
                name="enrolment_rule",
                condition=Q(rule__isnull=False),
            ),
            models.Index(
                fields=["paused_for"],
                name="enrolment_paused_for",
                condition=Q(paused_for__isnull=False),
            ),
            models.Index(
                fields=["contact"], name="enrolment_active", condition=Q(ended_at__isnull=True)
            ),
            models.Index(
                fields=["paused_at"],
                name="enrolment_paused",
                condition=Q(paused_at__isnull=False, ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.version_id}"
