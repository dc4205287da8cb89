"""What screening goes by and what people made of it: the lists, overrulings, and screening anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from prospects.models.lead import Lead
from prospects.models.visibility import leads_of
from prospects.screening.judging import Rule
from team.models import Role

if TYPE_CHECKING:
    from team.models import User


class Listing(models.Model):
    """An entry of the organisation's own lists of competitors and consultants: a domain or a name."""

    class Kind(models.TextChoices):
        COMPETITOR = "competitor", _("Competitor")
        CONSULTANT = "consultant", _("Consultant")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    domain = models.CharField(max_length=253, blank=True)
    name = models.CharField(max_length=250, blank=True, help_text=_("As it was written"))
    name_key = models.CharField(max_length=250, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(domain="", name_key=""), name="listing_names_something"
            ),
            models.UniqueConstraint(fields=["kind", "domain", "name_key"], name="listing_unique"),
        ]

    def __str__(self) -> str:
        return self.domain or self.name or self.name_key


class OverrulingQuerySet(models.QuerySet["Overruling"]):
    def visible_to(self, user: User) -> OverrulingQuerySet:
        return self.filter(leads_of(user, "lead__"))

    def standing(self) -> OverrulingQuerySet:
        """Those that nobody took back."""
        return self.filter(taken_back_at__isnull=True)


class Overruling(models.Model):
    """A person's word that one rule of screening does not hold for one lead, with why.

    Screening never screens the lead out by that rule again, whatever it finds. Append-only; a slip is
    taken back.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="overrulings")
    rule = models.CharField(max_length=13, choices=Rule.choices)
    words = models.TextField(blank=True, help_text=_("What screening had found"))
    why = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, blank=True)

    objects = OverrulingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rule__in=Rule.values), name="overruling_rule_is_known"
            )
        ]
        triggers = [
            pgtrigger.Protect(name="overrulings_are_kept", operation=pgtrigger.Delete),
            # The lead may change: two that are one are merged.
            pgtrigger.ReadOnly(name="overrulings_stand", exclude=["taken_back_at", "lead"]),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.rule}"


class RescreeningQuerySet(models.QuerySet["Rescreening"]):
    def visible_to(self, user: User) -> RescreeningQuerySet:
        """One's own; an administrator sees all."""
        return self if user.role == Role.ADMIN else self.filter(by=user)

    def under_way(self) -> RescreeningQuerySet:
        """Those with something left to count or to do."""
        counting = Q(counted_at__isnull=True)
        wanted = Q(wanted_at__isnull=False, finished_at__isnull=True)
        return self.filter(counting | wanted, stopped_at__isnull=True)


class Rescreening(models.Model):
    """The leads judged anew after a rule changed: first counted, then, if a person wants it, done.

    A job in chunks: `position` is the last lead counted, and what is left to do are its rows that were
    not done. `proposal` are changes of the rules that are not saved yet.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    team_ids = ArrayField(
        models.BigIntegerField(), null=True, blank=True, help_text=_("Null: of every team")
    )
    proposal = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=32, help_text=_("Of the rules it is counted by"))
    asked_at = models.DateTimeField()
    last_lead = models.BigIntegerField(help_text=_("The newest lead when it was asked for"))
    position = models.BigIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0, help_text=_("Leads counted so far"))
    counts = models.JSONField(default=list, blank=True, help_text=_("Outcome, rule, leads"))
    counted_at = models.DateTimeField(null=True, blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(
        default=0, help_text=_("Leads that had changed since they were counted")
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = RescreeningQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(wanted_at__isnull=True) | Q(counted_at__isnull=False),
                name="rescreening_counted_before_wanted",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(wanted_at__isnull=False),
                name="rescreening_wanted_before_done",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="rescreening_under_way",
                condition=Q(finished_at__isnull=True, stopped_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"


class Outcome(models.TextChoices):
    """What screening anew would make of a lead."""

    OUT = "out", _("screened out")
    BACK = "back", _("raw again")
    DOUBT = "doubt", _("to be looked at")
    CLEAR = "clear", _("no longer in doubt")
    LISTED = "listed", _("in the program, for a person to decide")
    KEPT = "kept", _("kept, as somebody overruled the rule")


class RescreenedLeadQuerySet(models.QuerySet["RescreenedLead"]):
    def visible_to(self, user: User) -> RescreenedLeadQuerySet:
        return self.filter(leads_of(user, "lead__"))

    def to_do(self) -> RescreenedLeadQuerySet:
        """Those that are to change and were not reached yet."""
        return self.filter(done_at__isnull=True, outcome__in=CHANGING)


CHANGING = (Outcome.OUT, Outcome.BACK, Outcome.DOUBT, Outcome.CLEAR)
"""The outcomes that change a lead; the others are only told."""


class RescreenedLead(models.Model):
    """One lead that a re-screening would change or tells of. Kept while its re-screening is."""

    rescreening = models.ForeignKey(Rescreening, on_delete=models.CASCADE, related_name="leads")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=6, choices=Outcome.choices)
    rule = models.CharField(max_length=13, choices=Rule.choices, blank=True)
    words = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = RescreenedLeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rescreening", "lead"], name="rescreened_lead_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="rescreened_outcome_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["rescreening", "outcome", "rule", "id"], name="rescreened_lead_outcome"
            ),
            models.Index(
                fields=["rescreening", "lead"],
                name="rescreened_lead_to_do",
                condition=Q(done_at__isnull=True, outcome__in=CHANGING),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.outcome}"
