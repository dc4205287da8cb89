"""Letters on paper: the batches in which they are printed and posted, and each letter as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nurture.models.cadences import BATCH_CHANNELS, Template
from nurture.models.planned import PlannedTouch
from nurture.models.touches import Touch
from team.models import Role, Team

if TYPE_CHECKING:
    from team.models import User


class PrintBatchQuerySet(models.QuerySet["PrintBatch"]):
    def visible_to(self, user: User) -> PrintBatchQuerySet:
        """Whoever answers for the team of the person who made it, and that person."""
        if user.role == Role.ADMIN:
            return self
        return self.filter(Q(team__in=user.team_ids) | Q(by=user))

    def waiting(self) -> PrintBatchQuerySet:
        """Printed, or to be; neither posted nor cancelled."""
        return self.filter(posted_at__isnull=True, cancelled_at__isnull=True)


class PrintBatch(models.Model):
    """Letters that are printed together, and posted on one day.

    All that its PDF shows is kept here and in its letters, so that it can be printed again.
    """

    channel = models.CharField(max_length=11, choices=[(c.value, c.label) for c in BATCH_CHANNELS])
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Of the person who made it: who sees it"),
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    dated_on = models.DateField(help_text=_("The date on the letters"))
    letterhead = models.TextField(help_text=_("Our name and postal address, a line each"))
    answer_to = models.CharField(
        max_length=254, blank=True, help_text=_("The email address that the letters name")
    )
    country = models.CharField(
        max_length=2, help_text=_("From where it is posted: its paper, its envelopes")
    )
    lease = models.UUIDField(unique=True, help_text=_("Under which its planned touches are held"))
    size = models.PositiveIntegerField(help_text=_("Letters, when it was made"))
    posted_on = models.DateField(null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True, help_text=_("When somebody said so"))
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cost_each = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = PrintBatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "print batches"
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=[str(c) for c in BATCH_CHANNELS]),
                name="batch_is_of_paper",
            ),
            models.CheckConstraint(
                condition=Q(
                    posted_on__isnull=True,
                    posted_at__isnull=True,
                    posted_by__isnull=True,
                    cost_each__isnull=True,
                )
                | Q(
                    posted_on__isnull=False,
                    posted_at__isnull=False,
                    posted_by__isnull=False,
                    cancelled_at__isnull=True,
                ),
                name="batch_posted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="batch_cancelled_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(cost_each__isnull=True) | Q(cost_each__gte=0),
                name="batch_costs_something",
            ),
            models.CheckConstraint(condition=Q(size__gte=1), name="batch_has_letters"),
        ]
        triggers = [
            pgtrigger.Protect(name="batches_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="batches_stand",
                exclude=[
                    "posted_on",
                    "posted_at",
                    "posted_by",
                    "cost_each",
                    "cancelled_at",
                    "cancelled_by",
                ],
            ),
            pgtrigger.Protect(
                name="posted_batches_stand",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.posted_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.posted_at is None and self.cancelled_at is None


class LetterQuerySet(models.QuerySet["Letter"]):
    def inside(self) -> LetterQuerySet:
        """Those that nobody took out of their batch."""
        return self.filter(out_at__isnull=True)

    def in_the_pile(self) -> LetterQuerySet:
        """Those to be printed: neither taken out, nor stopped by what happened since."""
        return self.inside().filter(
            Q(planned__lease=models.F("batch__lease")) | Q(posted__isnull=False)
        )

    def to_write_down(self) -> LetterQuerySet:
        """Posted, and not among the touches yet."""
        return self.inside().filter(posted__isnull=True, batch__posted_at__isnull=False)


class Letter(models.Model):
    """One letter as it was written: its words, its address, the version of its template. Append-only."""

    batch = models.ForeignKey(PrintBatch, on_delete=models.PROTECT, related_name="letters")
    number = models.PositiveIntegerField(help_text=_("In its batch, in the order of the pile"))
    planned = models.ForeignKey(PlannedTouch, on_delete=models.PROTECT, related_name="letters")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="+")
    recipient = models.CharField(max_length=201, blank=True)
    address = models.TextField(help_text=_("As on the envelope, a line each"))
    address_hash = models.CharField(max_length=64, help_text=_("See nurture.contactability"))
    subject = models.CharField(max_length=250, blank=True)
    body = models.TextField(help_text=_("What they got"))
    body_sha256 = models.CharField(max_length=64)
    signed_by = models.CharField(max_length=200)
    out_at = models.DateTimeField(null=True, blank=True, help_text=_("Taken out of the pile"))
    out_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    out_why = models.CharField(max_length=250, blank=True)
    posted = models.OneToOneField(
        Touch, null=True, blank=True, on_delete=models.PROTECT, related_name="letter"
    )
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = LetterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="letter_number_once"),
            models.UniqueConstraint(
                fields=["planned"], condition=Q(out_at__isnull=True), name="letter_in_one_pile"
            ),
            models.CheckConstraint(
                condition=Q(out_at__isnull=True, out_why="")
                | (Q(out_at__isnull=False) & ~Q(out_why="")),
                name="letter_is_out_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True)
                | Q(returned_by__isnull=False, posted__isnull=False),
                name="letter_returned_was_posted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["batch"],
                name="letter_not_noted",
                condition=Q(out_at__isnull=True, posted__isnull=True),
            )
        ]
        triggers = [
            pgtrigger.Protect(name="letters_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="letters_stand",
                exclude=[
                    "out_at",
                    "out_by",
                    "out_why",
                    "posted",
                    "returned_at",
                    "returned_by",
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """What is printed on it: the batch and its place there, “128-17”."""
        return f"{self.batch_id}-{self.number}"
