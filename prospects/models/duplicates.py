"""Records that may be the same one twice, and those that were merged into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from prospects.models.company import Company, Contact
from prospects.models.lead import Lead
from prospects.models.visibility import leads_visible_to
from team.models import Role

if TYPE_CHECKING:
    from team.models import User


class NameKey(models.Model):
    """What a company is found by when the name of another is like its own (prospects.duplicates.likeness)."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="name_keys")
    key = models.CharField(max_length=270)

    class Meta:
        indexes = [models.Index(fields=["key"], include=["company"], name="name_key_of")]

    def __str__(self) -> str:
        return self.key


class Likeness(models.TextChoices):
    """Why two companies or two people may be one."""

    NAME = "name", _("the same name")
    WORDS = "words", _("the same name but for common words, abbreviations or their order")
    LETTER = "letter", _("names one letter apart")
    WEBSITE = "website", _("the same web site")
    PERSON = "person", _("the same name at the same or a like company")
    INITIAL = "initial", _("the same last name and initial")
    EMAIL = "email", _("the same email address")
    PHONE = "phone", _("the same phone number under different names")


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    def open(self) -> DuplicatePairQuerySet:
        """Those that nobody has decided about."""
        return self.filter(different_at__isnull=True)

    def visible_to(self, user: User) -> DuplicatePairQuerySet:
        """Who sees both sides, and works leads: what is like something unseen tells nothing."""
        if not user.works_leads:
            return self.none()
        if user.role == Role.ADMIN:
            return self
        sides = Q()
        leads = leads_visible_to(user)
        for side in ("first", "second"):
            of_company = Q(company=OuterRef(f"{side}_company"))
            of_contact = Q(contact=OuterRef(f"{side}_contact")) | Q(
                company=OuterRef(f"{side}_contact__company")
            )
            sides &= Q(Exists(leads.filter(of_company)), **{f"{side}_contact__isnull": True}) | Q(
                Exists(leads.filter(of_contact)), **{f"{side}_contact__isnull": False}
            )
        return self.filter(sides)


class DuplicatePair(models.Model):
    """Two companies or two people that may be one; the lesser id first.

    A pair that was merged is gone (see Merge); one that is different stays, so that it is never
    asked about again.
    """

    first_company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    second_company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    first_contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    second_contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    reasons = ArrayField(models.CharField(max_length=7, choices=Likeness.choices))
    found_at = models.DateTimeField()
    different_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When a person said that they are not the same")
    )
    different_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first_company", "second_company"], name="company_pair_once"
            ),
            models.UniqueConstraint(
                fields=["first_contact", "second_contact"], name="contact_pair_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    first_company__lt=F("second_company"),
                    first_contact__isnull=True,
                    second_contact__isnull=True,
                )
                | Q(
                    first_contact__lt=F("second_contact"),
                    first_company__isnull=True,
                    second_company__isnull=True,
                ),
                name="duplicate_pair_of_two_in_order",
            ),
            models.CheckConstraint(
                condition=Q(different_at__isnull=True, different_by__isnull=True)
                | Q(different_at__isnull=False, different_by__isnull=False),
                name="duplicate_pair_settled_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-found_at", "-id"],
                name="duplicate_pair_open",
                condition=Q(different_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_company_id or self.first_contact_id} = {self.second_company_id or self.second_contact_id}?"


class DuplicateSearch(models.Model):
    """The companies and people that an import wrote were compared with the others."""

    intake = models.OneToOneField(
        "prospects.Import", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    searched_at = models.DateTimeField()
    found = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.intake_id}: {self.found}"


class MergeQuerySet(models.QuerySet["Merge"]):
    def visible_to(self, user: User) -> MergeQuerySet:
        """Who works leads and sees what is left of it; one's own also when it was undone."""
        if not user.works_leads:
            return self.none()
        leads = leads_visible_to(user)
        kept = Merged.objects.filter(merge=OuterRef("pk")).filter(
            Q(lead__in=leads.values("pk"))
            | Q(company__in=leads.values("company"))
            | Q(contact__in=leads.values("contact"))
            | Q(contact__company__in=leads.values("company"))
        )
        return self.filter(Exists(kept) | Q(by=user, undone_at__isnull=False))


class Merge(models.Model):
    """Two records became one, in one action that can be undone for 30 days."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.CharField(max_length=600, help_text=_("What went into what"))
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the journal of what it changed was deleted")
    )
    last_step_id = models.BigIntegerField(
        default=0, help_text=_("The last stage change there was when it was done")
    )

    objects = MergeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="merge_undone_by_somebody",
            )
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="merge_at"),
            models.Index(
                fields=["at"], name="merge_remembered", condition=Q(forgotten_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.words


class Merged(models.Model):
    """A record that is no more, and the one that it went into: its address leads there."""

    class Kind(models.TextChoices):
        LEAD = "lead", _("Lead")
        CONTACT = "contact", _("Contact")
        COMPANY = "company", _("Company")

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="merged")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    old_id = models.BigIntegerField()
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="merged"
    )
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="merged"
    )
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.CASCADE, related_name="merged"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "old_id"], name="merged_once"),
            models.CheckConstraint(
                condition=Q(kind="lead", lead__isnull=False, contact=None, company=None)
                | Q(kind="contact", contact__isnull=False, lead=None, company=None)
                | Q(kind="company", company__isnull=False, lead=None, contact=None),
                name="merged_into_its_own_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.old_id}"


class MergeChange(models.Model):
    """One row that a merge changed, made or deleted, as it was before and after.

    Only the columns that differ; a row that was deleted has no `after`, one that was made no
    `before`. Written and read by prospects.duplicates.journal alone, in SQL, so that no value is rounded.
    """

    merge = models.ForeignKey(
        Merge, on_delete=models.CASCADE, related_name="changes", db_index=False
    )
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merge", "table_name", "row_id"], name="merge_change_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"
