"""Touches that did happen, the attempts they make, and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nurture.touching import (
    ATTEMPT_CHANNELS,
    OUTCOMES,
    TALKED,
    Channel,
    ConnectAttempt,
    Direction,
    Outcome,
    is_conversation,
)
from prospects.models import Contact, Lead, RecordedAnswer
from prospects.models.visibility import leads_of

if TYPE_CHECKING:
    from team.models import User


def _known_outcomes() -> Q:
    """OUTCOMES as a database condition."""
    known = Q()
    for channel, outcomes in OUTCOMES.items():
        known |= Q(channel=channel, outcome__in=[str(outcome) for outcome in outcomes])
    return known


class TouchQuerySet(models.QuerySet["Touch"]):
    def visible_to(self, user: User) -> TouchQuerySet:
        return self.filter(leads_of(user, "lead__"))

    def standing(self) -> TouchQuerySet:
        """Those that no later entry corrected or took back."""
        return self.filter(superseded_at__isnull=True)

    def conversations(self) -> TouchQuerySet:
        """Two-way ones: what an answer may rest on."""
        return self.filter(outcome__in=TALKED)


class Touch(models.Model):
    """One contact with one person on one channel that did happen.

    A fact: corrected by a later entry that supersedes it, never changed and never deleted.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="touches")
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="touches"
    )
    channel = models.CharField(max_length=11, choices=Channel.choices)
    direction = models.CharField(max_length=3, choices=Direction.choices, default=Direction.OUT)
    outcome = models.CharField(max_length=18, choices=Outcome.choices)
    occurred_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The specialist; empty where it is not known"),
    )
    note = models.TextField(blank=True)
    minutes = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    idempotency_key = models.UUIDField(
        null=True,
        blank=True,
        help_text=_("Given by the form or the client: once, however often sent"),
    )
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = TouchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "touches"
        constraints = [
            models.CheckConstraint(condition=_known_outcomes(), name="touch_outcome_of_channel"),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="touch_direction_is_known"
            ),
            models.UniqueConstraint(
                fields=["by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="touch_logged_once",
            ),
        ]
        indexes = [
            models.Index(fields=["lead", "-occurred_at", "-id"], name="touch_lead"),
            models.Index(fields=["occurred_at"], name="touch_occurred"),
        ]
        triggers = [
            pgtrigger.Protect(name="touches_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="touches_stand", exclude=["superseded_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_outcome_display()}"

    @property
    def is_conversation(self) -> bool:
        return is_conversation(self.channel, self.direction, self.outcome)


class Attempt(models.Model):
    """A connect attempt of a lead, as its touches make it: the stored result of `group_attempts`."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    called = models.BooleanField(default=False)
    left_voicemail = models.BooleanField(default=False)
    emailed = models.BooleanField(default=False)
    conversation_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lead", "number"], name="attempt_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="attempt_number_from_one"),
        ]
        indexes = [models.Index(fields=["opened_at"], name="attempt_opened")]

    def __str__(self) -> str:
        return f"{self.lead_id} #{self.number}"

    @property
    def value(self) -> ConnectAttempt:
        made = dict(
            zip(ATTEMPT_CHANNELS, (self.called, self.left_voicemail, self.emailed), strict=True)
        )
        return ConnectAttempt(
            number=self.number,
            opened_at=self.opened_at,
            closes_at=self.closes_at,
            channels=frozenset(channel for channel, was_made in made.items() if was_made),
            conversation_at=self.conversation_at,
            completed_at=self.completed_at,
        )


class AnswerEvidence(models.Model):
    """The touch that an answer rests on. It lives here because prospects knows nothing of touches."""

    answer = models.OneToOneField(
        RecordedAnswer, on_delete=models.CASCADE, primary_key=True, related_name="resting_on"
    )
    touch = models.ForeignKey(Touch, on_delete=models.PROTECT, related_name="evidence_for")

    def __str__(self) -> str:
        return f"{self.answer_id} ← {self.touch_id}"


class PromiseQuerySet(models.QuerySet["Promise"]):
    def open(self) -> PromiseQuerySet:
        return self.filter(kept_at__isnull=True, dropped_at__isnull=True)

    def visible_to(self, user: User) -> PromiseQuerySet:
        return self.filter(leads_of(user, "lead__"))


class Promise(models.Model):
    """A dated commitment to a prospect ("call me in March"); it outranks everything else."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="promises")
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT)
    channel = models.CharField(max_length=11, choices=Channel.choices, default=Channel.PHONE)
    due_at = models.DateTimeField()
    words = models.CharField(max_length=250, blank=True)
    given_in = models.ForeignKey(
        Touch, null=True, blank=True, on_delete=models.PROTECT, related_name="promises_given"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    kept_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kept_at__isnull=True) | Q(dropped_at__isnull=True),
                name="promise_kept_or_dropped",
            )
        ]
        indexes = [
            models.Index(
                fields=["lead", "due_at"],
                name="promise_open",
                condition=Q(kept_at__isnull=True, dropped_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.words or f"{self.get_channel_display()} {self.due_at:%Y-%m-%d %H:%M}"
