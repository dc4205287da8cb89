"""Who was given a lead, by whom and why: the history that `Lead.specialist` is the last line of."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from prospects.models.lead import Lead
from prospects.models.visibility import leads_of
from team.models import User


class AssignmentRule(models.TextChoices):
    """What led to an assignment; the value is a key, for counting."""

    TURN = "turn", _("By territory, language and turn")
    HAND = "hand", _("Given by a person")
    TOOK = "took", _("Taken from the queue")
    WROTE = "wrote", _("Written down by them")
    FILE = "file", _("Named in a file")
    REBALANCED = "rebalanced", _("Moved with many others")
    UNDONE = "undone", _("Moved back")


class RebalancingQuerySet(models.QuerySet["Rebalancing"]):
    def visible_to(self, user: User) -> RebalancingQuerySet:
        """One's own; an administrator sees all."""
        return self if user.role == "admin" else self.filter(by=user)


class Rebalancing(models.Model):
    """Many leads that a manager moved in one action, which can be taken back in one."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.CharField(max_length=200, help_text=_("What was asked, in words"))
    moved = models.PositiveIntegerField()
    undone_at = models.DateTimeField(null=True, blank=True)
    moved_back = models.PositiveIntegerField(null=True, blank=True)

    objects = RebalancingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, moved_back__isnull=True)
                | Q(undone_at__isnull=False, moved_back__lte=F("moved")),
                name="rebalancing_moves_back_what_it_moved",
            )
        ]
        indexes = [models.Index(fields=["by", "-at"], name="rebalancing_by")]

    def __str__(self) -> str:
        return self.words


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def visible_to(self, user: User) -> AssignmentQuerySet:
        return self.filter(leads_of(user, "lead__"))


class Assignment(models.Model):
    """A lead changed hands. Append-only in the database; read it ordered by `id`.

    Written by `prospects.routing.assigning` alone, in the transaction that changes `Lead.specialist`.
    """

    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    from_person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("Empty: the team’s queue"),
    )
    to_person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("Empty: the team’s queue"),
    )
    rule = models.CharField(max_length=10, choices=AssignmentRule.choices)
    why = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("Empty: a rule"),
    )
    rebalancing = models.ForeignKey(
        Rebalancing,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assignments",
        db_index=False,
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rule__in=AssignmentRule.values), name="assignment_rule_is_known"
            ),
            models.CheckConstraint(
                condition=Q(from_person__isnull=True, to_person__isnull=False)
                | Q(from_person__isnull=False, to_person__isnull=True)
                | Q(from_person__isnull=False, to_person__isnull=False)
                & ~Q(from_person=F("to_person")),
                name="assignment_changes_hands",
            ),
        ]
        indexes = [
            models.Index(fields=["lead", "at", "id"], name="assignment_lead"),
            models.Index(
                fields=["to_person", "id"],
                name="assignment_turn",
                condition=Q(to_person__isnull=False),
            ),
            models.Index(
                fields=["rebalancing"],
                name="assignment_rebalancing",
                condition=Q(rebalancing__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.from_person_id or 'queue'} → {self.to_person_id or 'queue'}"
