"""Handoffs of leads to named reps, and the dossiers frozen with them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from prospects.models import Lead, Standard
from prospects.models.visibility import leads_of
from prospects.qualification import Attribute
from team.models import Role

if TYPE_CHECKING:
    from team.models import User


class HandoffState(models.TextChoices):
    WAITING = "waiting", _("Waiting for the rep")
    OVERDUE = "overdue", _("Overdue")
    ACCEPTED = "accepted", _("Accepted")
    RETURNED = "returned", _("Returned")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    STALLED = "stalled", _("Stalled")


class Result(models.TextChoices):
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    STALLED = "stalled", _("Stalled")


class HandoffQuerySet(models.QuerySet["Handoff"]):
    def visible_to(self, user: User) -> HandoffQuerySet:
        """A rep sees what they were handed, everybody else what they may see of the leads."""
        if user.role == Role.REP:
            return self.filter(rep=user)
        return self.filter(leads_of(user, "lead__"))

    def live(self) -> HandoffQuerySet:
        """Handed off or accepted, not yet closed: what counts against a rep's capacity."""
        return self.filter(returned_at__isnull=True, result_at__isnull=True)

    def waiting(self) -> HandoffQuerySet:
        """Neither accepted nor returned yet."""
        return self.live().filter(accepted_at__isnull=True)


class Handoff(models.Model):
    """One graduation of one lead to one rep. A lead handed off again gets another row."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="handoffs")
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="handoffs",
        db_index=False,
    )
    specialist = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_why = models.CharField(max_length=200, blank=True, help_text=_("Why this rep"))
    standard = models.ForeignKey(
        Standard,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The version it passed under; empty for a handoff brought along"),
    )
    handed_off_at = models.DateTimeField()
    accept_by = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True, help_text=_("When it was marked"))
    accepted_at = models.DateTimeField(null=True, blank=True)
    first_call_by = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    return_reason = models.TextField(blank=True)
    wrong_attributes = ArrayField(
        models.CharField(max_length=13, choices=Attribute.choices), default=list, blank=True
    )
    potential_revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    expected_close_on = models.DateField(null=True, blank=True)
    result = models.CharField(max_length=7, choices=Result.choices, blank=True)
    result_at = models.DateTimeField(null=True, blank=True)
    revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    lost_reason = models.CharField(max_length=250, blank=True)
    back_on = models.DateField(null=True, blank=True, help_text=_("Stalled: when to come back"))
    touches_before = models.PositiveIntegerField(default=0)
    documented = models.PositiveSmallIntegerField(default=0)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    contradictions = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    recorded_at = models.DateTimeField(db_default=models.functions.Now())

    objects = HandoffQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(returned_at__isnull=True, result_at__isnull=True),
                name="handoff_one_live_per_lead",
            ),
            models.CheckConstraint(
                condition=Q(result="", result_at__isnull=True)
                | (~Q(result="") & Q(result_at__isnull=False)),
                name="handoff_result_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(result="") | Q(external_id__isnull=False),
                name="handoff_returned_or_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["handed_off_at"], name="handoff_made"),
            models.Index(fields=["rep", "-handed_off_at", "-id"], name="handoff_rep_made"),
            models.Index(
                fields=["result_at"], name="handoff_closed", condition=Q(result_at__isnull=False)
            ),
            models.Index(
                fields=["rep", "handed_off_at"],
                name="handoff_live",
                condition=Q(returned_at__isnull=True, result_at__isnull=True),
            ),
            models.Index(
                fields=["accept_by"],
                name="handoff_waiting",
                condition=Q(
                    accepted_at__isnull=True,
                    returned_at__isnull=True,
                    result_at__isnull=True,
                    overdue_at__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.rep_id}"

    @property
    def state(self) -> HandoffState:
        return self.state_at(None)

    def state_at(self, end: datetime | None) -> HandoffState:
        """The state as of an instant (exclusive); None: as of now."""

        def happened(at: datetime | None) -> bool:
            return at is not None and (end is None or at < end)

        if happened(self.result_at):
            return HandoffState(self.result)
        if happened(self.returned_at):
            return HandoffState.RETURNED
        if happened(self.accepted_at):
            return HandoffState.ACCEPTED
        return HandoffState.OVERDUE if happened(self.overdue_at) else HandoffState.WAITING


class Dossier(models.Model):
    """What the rep was given, frozen. A later version never replaces an earlier one."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="dossiers")
    version = models.PositiveSmallIntegerField(default=1)
    frozen_at = models.DateTimeField()
    body = models.JSONField(help_text=_("See handoff.dossier"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handoff", "version"], name="dossier_version_once")
        ]
        triggers = [
            pgtrigger.Protect(
                name="dossier_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} v{self.version}"
