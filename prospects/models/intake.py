"""How leads came in: the files that were imported, the rows refused, and the screening lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from team.models import Role, Team

if TYPE_CHECKING:
    from team.models import User


class ImportKind(models.TextChoices):
    LEADS = "leads", _("Leads")
    TOUCHES = "touches", _("Touches")
    HANDOFFS = "handoffs", _("Handoffs")


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User) -> ImportQuerySet:
        """Imports show whole rows of personal data: specialists and managers of the team, admins."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.REP:
            return self.none()
        return self.filter(team__in=user.team_ids)


class Import(models.Model):
    """One file that was read, with counts that add up to its rows."""

    kind = models.CharField(max_length=8, choices=ImportKind.choices)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    mapping = models.JSONField(default=dict, help_text=_("Our field for each header used"))
    headers_ignored = ArrayField(models.CharField(max_length=200), default=list)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    screened_out = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)

    objects = ImportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="import_started")]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True)
                | Q(
                    read=F("created")
                    + F("updated")
                    + F("duplicates")
                    + F("screened_out")
                    + F("refused")
                ),
                name="import_counts_add_up",
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def known_already(self) -> int:
        """Rows of leads that were there before, whether the row said something new or not."""
        return self.updated + self.duplicates


class RefusedRow(models.Model):
    """A row of a file that could not be taken, as it stood, with the reasons in words."""

    intake = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="refused_rows")
    line = models.PositiveIntegerField()
    cells = models.JSONField(help_text=_("Pairs of heading and cell, as read"))
    reasons = ArrayField(models.CharField(max_length=250))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["intake", "line"], name="refused_row_once")]

    def __str__(self) -> str:
        return f"{self.line}: {'; '.join(self.reasons)}"


class Listing(models.Model):
    """The organisation's own list of competitors and consultants, by domain or by company name."""

    class Kind(models.TextChoices):
        COMPETITOR = "competitor", _("Competitor")
        CONSULTANT = "consultant", _("Consultant")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    domain = models.CharField(max_length=253, blank=True)
    name_key = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(domain="", name_key=""), name="listing_names_something"
            ),
            models.UniqueConstraint(fields=["kind", "domain", "name_key"], name="listing_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.domain or self.name_key}"
