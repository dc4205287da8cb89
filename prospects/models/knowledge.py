"""What is known of a lead beyond its company and people, and the standard it is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from prospects.models.lead import Lead
from prospects.models.visibility import leads_of
from prospects.qualification import (
    ANSWERED,
    DEFAULT_REQUIREMENTS,
    Answer,
    Attribute,
    Basis,
    Fact,
    Horizon,
    Requirement,
    State,
    Terms,
    answered_fact,
)

if TYPE_CHECKING:
    from team.models import User


class RecordedAnswerQuerySet(models.QuerySet["RecordedAnswer"]):
    def visible_to(self, user: User) -> RecordedAnswerQuerySet:
        return self.filter(leads_of(user, "lead__"))


class RecordedAnswer(models.Model):
    """One answer to one of the answered attributes; earlier ones stay, superseded.

    The touch it rests on is linked from above (nurture.AnswerEvidence), so that this app knows
    nothing of touches; `since` and `evidence` say when and what it was.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="answers")
    attribute = models.CharField(max_length=13, choices=Attribute.choices)
    words = models.TextField(blank=True)
    on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    nobody = models.BooleanField(default=False)
    basis = models.CharField(max_length=10, choices=Basis.choices)
    since = models.DateTimeField(help_text=_("When its evidence was given"))
    evidence = models.CharField(max_length=250, blank=True, help_text=_("In words"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    contradicted = models.CharField(max_length=250, blank=True, help_text=_("What contradicts it"))
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = RecordedAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "attribute"],
                condition=Q(superseded_at__isnull=True),
                name="answer_one_current",
            ),
            models.CheckConstraint(
                condition=Q(attribute__in=[str(a) for a in ANSWERED]), name="answer_not_derived"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="answers_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="answers_stand", exclude=["superseded_at", "contradicted"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_attribute_display()}: {self.words}"

    @property
    def answer(self) -> Answer:
        return Answer(words=self.words, on=self.on, amount=self.amount, nobody=self.nobody)

    @property
    def fact(self) -> Fact:
        return answered_fact(
            self.attribute,
            self.answer,
            basis=self.basis,
            since=self.since,
            contradicted=self.contradicted,
        )


def default_requirements() -> dict[str, dict[str, Any]]:
    return {
        str(attribute): {"least": str(r.least), "shelf_days": r.shelf_days}
        for attribute, r in DEFAULT_REQUIREMENTS.items()
    }


class StandardQuerySet(models.QuerySet["Standard"]):
    def in_force(self) -> Standard | None:
        """The newest version that both sides have signed."""
        # In SQL: each verdict asks, and the ORM takes longest over the question.
        signed = self.raw(
            """
            SELECT * FROM prospects_standard
             WHERE signed_at IS NOT NULL ORDER BY version DESC LIMIT 1
            """
        )
        return next(iter(signed), None)

    def drafts(self) -> StandardQuerySet:
        """Versions that may still change, as not both sides have signed them."""
        return self.filter(signed_at__isnull=True)


class Standard(models.Model):
    """One version of what a qualified lead is. It counts once marketing and sales have signed it."""

    version = models.PositiveIntegerField(unique=True)
    requirements = models.JSONField(default=default_requirements)
    least_touches = models.PositiveSmallIntegerField(default=7)
    least_horizon = models.CharField(
        max_length=10, choices=Horizon.choices, default=Horizon.NEAR_TERM
    )
    mql_attributes = models.PositiveSmallIntegerField(default=4)
    created_at = models.DateTimeField()
    marketing_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    marketing_at = models.DateTimeField(null=True, blank=True)
    sales_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sales_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True, help_text=_("When the second signed"))

    objects = StandardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True)
                | Q(marketing_by__isnull=False, sales_by__isnull=False),
                name="standard_signed_by_both",
            ),
            models.CheckConstraint(
                condition=Q(marketing_by__isnull=True)
                | Q(sales_by__isnull=True)
                | ~Q(marketing_by=models.F("sales_by")),
                name="standard_signed_by_two_people",
            ),
        ]
        triggers = [
            # Not ReadOnly, which would heed the fields alone and hold drafts as well.
            pgtrigger.Protect(
                name="signed_terms_stand",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.signed_at IS NOT NULL AND"
                    " (OLD.version, OLD.requirements, OLD.least_touches, OLD.least_horizon,"
                    " OLD.mql_attributes) IS DISTINCT FROM (NEW.version, NEW.requirements,"
                    " NEW.least_touches, NEW.least_horizon, NEW.mql_attributes)"
                ),
            )
        ]

    def __str__(self) -> str:
        return str(_("Standard %s") % self.version)

    @property
    def terms(self) -> Terms:
        return Terms(
            requirements={
                attribute: Requirement(State(r["least"]), r["shelf_days"])
                for attribute, r in self.requirements.items()
            },
            least_touches=self.least_touches,
            least_horizon=self.least_horizon,
            mql_attributes=self.mql_attributes,
            signed=self.signed_at is not None,
            version=self.version,
        )
