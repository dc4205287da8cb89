"""How cadences are filled: the rules that enrol by themselves, and many leads put in at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from nurture.models.cadences import Cadence
from prospects.models import Lead, Source
from prospects.models.visibility import leads_of
from team.models import Role, Team

if TYPE_CHECKING:
    from team.models import User


class EnrolmentRuleQuerySet(models.QuerySet["EnrolmentRule"]):
    def visible_to(self, user: User) -> EnrolmentRuleQuerySet:
        """A manager those of the teams below; an administrator all, those for every team too."""
        if user.role == Role.ADMIN:
            return self
        return self.filter(team__in=user.team_ids) if user.manages else self.none()

    def in_force(self) -> EnrolmentRuleQuerySet:
        """Those that enrol, in the order in which they may."""
        return self.filter(
            paused_at__isnull=True,
            cadence__archived_at__isnull=True,
            cadence__paused_at__isnull=True,
        ).order_by("position", "pk")


class EnrolmentRule(models.Model):
    """Who is put into a cadence without anybody's doing, as many a day as there is room for."""

    class When(models.TextChoices):
        SCREENED = "screened", _("after screening")
        ENTERED = "entered", _("when they enter the program")
        RETURNED = "returned", _("when a rep returned them")

    class First(models.TextChoices):
        OLDEST = "oldest", _("who waits longest")
        BEST = "best", _("who may be worth most")

    cadence = models.ForeignKey(Cadence, on_delete=models.PROTECT, related_name="rules")
    when = models.CharField(max_length=8, choices=When.choices)
    sources = models.ManyToManyField(Source, blank=True, related_name="+")
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("With all below it; empty: every team"),
    )
    min_documented = models.PositiveSmallIntegerField(
        default=0, help_text=_("Of the ten attributes")
    )
    min_revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    horizons = ArrayField(
        models.CharField(max_length=10), default=list, blank=True, help_text=_("Empty: any")
    )
    first = models.CharField(max_length=6, choices=First.choices, default=First.OLDEST)
    again = models.BooleanField(default=False, help_text=_("A lead that it took before, too"))
    position = models.PositiveSmallIntegerField(
        default=1, help_text=_("Rules with a lower number take their leads first")
    )
    created_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    paused_at = models.DateTimeField(null=True, blank=True)
    looks_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Nobody else has room: not looked at again before")
    )

    objects = EnrolmentRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(min_documented__lte=10), name="rule_asks_ten_attributes_at_most"
            ),
            models.CheckConstraint(
                condition=Q(when__in=["screened", "entered", "returned"]), name="rule_when_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cadence}: {self.get_when_display()}"


class FillingQuerySet(models.QuerySet["Filling"]):
    def visible_to(self, user: User) -> FillingQuerySet:
        """One's own; an administrator sees all."""
        return self if user.role == Role.ADMIN else self.filter(by=user)

    def under_way(self) -> FillingQuerySet:
        return self.filter(finished_at__isnull=True, cancelled_at__isnull=True)


class Filling(models.Model):
    """Many leads that somebody puts into a cadence: a job in batches, each lead with its result."""

    cadence = models.ForeignKey(Cadence, on_delete=models.PROTECT, related_name="fillings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=250, help_text=_("Which leads were chosen, in words"))
    paced = models.BooleanField(
        default=True, help_text=_("Only as many a day as the specialists have room for")
    )
    asked_at = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    enrolled = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    looks_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Nobody else has room: not looked at again before")
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = FillingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gte=F("enrolled") + F("skipped")), name="filling_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="filling_ends_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="filling_under_way",
                condition=Q(finished_at__isnull=True, cancelled_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.cadence}: {self.words}"


class FilledLeadQuerySet(models.QuerySet["FilledLead"]):
    def visible_to(self, user: User) -> FilledLeadQuerySet:
        return self.filter(leads_of(user, "lead__"))


class FilledLead(models.Model):
    """One lead of a filling, and what became of it. Without a result it still waits."""

    class Result(models.TextChoices):
        ENROLLED = "enrolled", _("put in")
        SKIPPED = "skipped", _("left out")

    filling = models.ForeignKey(Filling, on_delete=models.CASCADE, related_name="leads")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    result = models.CharField(max_length=8, choices=Result.choices, blank=True)
    why = models.CharField(max_length=200, blank=True)

    objects = FilledLeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["filling", "lead"], name="filled_lead_once"),
            models.CheckConstraint(
                condition=Q(result__in=["", "enrolled", "skipped"]),
                name="filled_lead_result_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(result="skipped") | ~Q(why=""), name="filled_lead_skipped_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["filling", "result", "id"], name="filled_lead_result"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.result or 'waits'}"
