"""How leads came in: the files that were imported, and the rows refused."""

from __future__ import annotations

from datetime import datetime
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


class ImportState(models.TextChoices):
    """Where a file is on its way in. A command takes the whole way in one transaction."""

    UPLOADED = "uploaded", _("Columns to be named")
    CHECKING = "checking", _("Being read")
    CHECKED = "checked", _("Read, not imported yet")
    FILING = "filing", _("Being imported")
    DONE = "done", _("Imported")
    REFUSED = "refused", _("Could not be imported")
    CANCELLED = "cancelled", _("Cancelled")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


RUNNING = (ImportState.CHECKING, ImportState.FILING, ImportState.UNDOING)
"""States in which a worker has something to do."""

OPEN = (*RUNNING, ImportState.UPLOADED, ImportState.CHECKED)
"""States from which the import will go on, or may."""

COUNTED = (
    *(ImportState.CHECKED, ImportState.FILING, ImportState.DONE),
    *(ImportState.UNDOING, ImportState.UNDONE),
)
"""States in which every row has been counted."""


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User) -> ImportQuerySet:
        """Imports show whole rows of personal data: specialists and managers of the team, admins."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.REP:
            return self.none()
        return self.filter(team__in=user.team_ids)

    def waiting(self, now: datetime) -> ImportQuerySet:
        """Those with work to do that no worker has, or whose worker has not been heard of."""
        nobody = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
        return self.filter(nobody, state__in=RUNNING)


class Import(models.Model):
    """One file on its way in, or read, with counts that add up to its rows.

    The row is the truth about the work: a worker claims it by a conditional update, and writes how far
    it came. What was read so far stands in the staging tables of the import (prospects.imports.staging).
    """

    kind = models.CharField(max_length=8, choices=ImportKind.choices)
    file_name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField(default=0, help_text=_("Bytes of the uploaded file"))
    sha256 = models.CharField(max_length=64)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    mapping = models.JSONField(default=dict, help_text=_("Our field for each header used"))
    headers_ignored = ArrayField(models.CharField(max_length=200), default=list)
    source = models.CharField(max_length=150, blank=True, help_text=_("Of rows that name none"))
    told = models.JSONField(
        null=True,
        blank=True,
        help_text=_("All that is said of its columns: see prospects.reading.mapping"),
    )
    understanding = models.JSONField(
        default=dict,
        help_text=_("What the file seems to hold, and what is asked: see import_actions"),
    )
    encoding = models.CharField(max_length=30, blank=True, help_text=_("Empty: a workbook"))
    delimiter = models.CharField(max_length=1, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=9, choices=ImportState.choices, default=ImportState.DONE)
    problem = models.TextField(blank=True, help_text=_("Why it could not be imported, in words"))
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When somebody said: import it")
    )
    claim = models.UUIDField(null=True, blank=True, help_text=_("The worker that has it"))
    claimed_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text=_("Claims since it last came further")
    )
    phase_at = models.DateTimeField(null=True, blank=True, help_text=_("When this state began"))
    rows_expected = models.PositiveIntegerField(default=0, help_text=_("About; 0: not known"))
    rows_staged = models.PositiveIntegerField(default=0, help_text=_("Read so far"))
    step = models.PositiveSmallIntegerField(default=0, help_text=_("Of the final transaction"))
    filed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("The instant of the transaction that wrote its rows")
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_back = models.PositiveIntegerField(default=0, help_text=_("Leads deleted by its undoing"))
    restored = models.PositiveIntegerField(default=0, help_text=_("Leads that are as before"))
    kept = models.PositiveIntegerField(default=0, help_text=_("Leads that its undoing left alone"))

    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    screened_out = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    opted_out = models.PositiveIntegerField(
        default=0, help_text=_("Rows that say not to contact them; among the counts above")
    )

    objects = ImportQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-started_at"], name="import_started"),
            models.Index(
                fields=["claimed_until"], name="import_running", condition=Q(state__in=RUNNING)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values), name="import_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=COUNTED)
                | Q(
                    read=F("created")
                    + F("updated")
                    + F("duplicates")
                    + F("screened_out")
                    + F("refused")
                ),
                name="import_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def known_already(self) -> int:
        """Rows of leads that were there before, whether the row said something new or not."""
        return self.updated + self.duplicates


class UploadPart(models.Model):
    """A piece of an uploaded file, kept until the import has ended one way or the other.

    In the database, so that whichever worker reads it need not share a disk with the web server.
    """

    intake = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["intake", "number"], name="upload_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.intake_id} #{self.number}"


class ImportCreated(models.Model):
    """Rows of one table that an import made: so that it can be undone. A thousand ids a row."""

    intake = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="created_rows")
    table = models.CharField(max_length=63)
    ids = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{self.intake_id}: {len(self.ids)} × {self.table}"


class ImportChanged(models.Model):
    """A row that an import changed: the columns it wrote as they were, and as it left them."""

    intake = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="changed_rows", db_index=False
    )
    table = models.CharField(max_length=63)
    row = models.BigIntegerField()
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["intake", "table", "row"], name="import_changed_row_once"
            )
        ]
        indexes = [models.Index(fields=["table", "row"], name="import_changed_row")]

    def __str__(self) -> str:
        return f"{self.intake_id}: {self.table} {self.row}"


class KeptLead(models.Model):
    """A lead that the undoing of an import left alone, as somebody had worked on it since."""

    intake = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="kept_leads", db_index=False
    )
    lead = models.ForeignKey("prospects.Lead", on_delete=models.CASCADE, related_name="+")
    why = models.CharField(max_length=60, help_text=_("A key: see prospects.imports.undoing"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["intake", "lead"], name="kept_lead_once")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.why}"


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
