"""Imports over HTTP: a file of leads goes in, the counts come back."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from prospects.imports import actions, uploads
from prospects.imports.forms import check_size
from prospects.imports.intake import ImportRefused
from prospects.imports.leads import import_leads
from prospects.models import Import, RefusedRow
from prospects.tasks import begin, ring, work_on_imports
from team.api import (
    KEY_HEADER,
    InProgram,
    NamedOut,
    PageQuery,
    Resource,
    Shown,
    Strict,
    VisibleField,
    created,
    found,
    newest_first,
    page_answer,
    page_of,
)
from team.models import Role, Team, User

REFUSED_SHOWN = 50


class ImportOut(Shown):
    """A file that was read; the counts add up to `read`."""

    by = NamedOut(allow_null=True)
    team = NamedOut(allow_null=True)
    undone_by = NamedOut(allow_null=True)

    class Meta:
        model = Import
        fields = [
            *("id", "kind", "file_name", "by", "team", "mapping", "headers_ignored"),
            *("started_at", "finished_at"),
            *("read", "created", "updated", "duplicates", "screened_out", "refused", "opted_out"),
            *("state", "problem", "rows_staged", "rows_expected"),
            *("undone_at", "undone_by", "taken_back", "restored", "kept"),
        ]


class RefusedRowOut(Shown):
    """A row as it was read: each cell with its heading."""

    cells = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))

    class Meta:
        model = RefusedRow
        fields = ["line", "cells", "reasons"]


class ImportDetailOut(ImportOut):
    """With the first rows that were refused, and why."""

    refused_rows = serializers.SerializerMethodField()

    class Meta(ImportOut.Meta):
        fields = [*ImportOut.Meta.fields, "refused_rows"]

    @extend_schema_field(RefusedRowOut(many=True))
    def get_refused_rows(self, record: Import) -> Any:
        rows = record.refused_rows.order_by("line")[:REFUSED_SHOWN]
        return RefusedRowOut(rows, many=True).data


class ImportIn(Strict):
    """A CSV or XLSX file of leads, headings in the first row."""

    file = serializers.FileField(validators=[check_size])  # type: ignore[list-item]
    source = serializers.CharField(  # type: ignore[assignment]
        required=False, max_length=150, help_text=gettext_lazy("Of rows that name none")
    )
    team = VisibleField(Team.objects, required=False, help_text=gettext_lazy("Yours if left out"))
    mapping = serializers.JSONField(
        required=False,
        help_text=gettext_lazy("{heading: field}, where a heading does not say what it is"),
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text=gettext_lazy("Count, and change nothing")
    )

    def validate_mapping(self, value: Any) -> Any:
        names_fields = isinstance(value, dict) and all(
            field is None or isinstance(field, str | dict) for field in value.values()
        )
        if not names_fields:
            raise serializers.ValidationError(_("A mapping is {heading: field}."))
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user = self.context["user"]
        attrs.setdefault("team", user.team)
        if attrs["team"] is None and user.role != Role.ADMIN:
            raise serializers.ValidationError({"team": [_("Say whose leads they are.")]})
        return attrs


class ImportList(Resource):
    permission_classes = [InProgram]
    parser_classes = [MultiPartParser]

    @extend_schema(parameters=[PageQuery], responses=page_of(ImportOut, "Import"))
    def get(self, request: Request) -> Response:
        """The files that were imported, the last one first."""
        rows = Import.objects.visible_to(self.user).select_related("by", "team")
        cursor = self.asked(PageQuery).get("cursor")
        return page_answer(ImportOut, newest_first(request, rows, cursor))

    @extend_schema(
        request=ImportIn,
        responses={201: ImportOut, 202: ImportOut, 200: ImportOut},
        parameters=[KEY_HEADER],
    )
    def post(self, request: Request) -> Response:
        """Imports a file of leads; 200 and no `id` for a dry run, which changes nothing.

        A file of more than 256 KB is a worker's: 202, and its address says how far it is (`state`,
        `rows_staged` of about `rows_expected`). Its dry run has an `id`, waits as `checked`, and is
        imported by `confirm`.
        """
        said = self.said(ImportIn)
        is_dry = said.pop("dry_run")
        if (said["file"].size or 0) > actions.SMALL_FILE:
            record = self.once(lambda: self.hand_over(**said, is_dry=is_dry), known=self.records())
            ring(work_on_imports)
            return Response(ImportOut(record).data, status=status.HTTP_202_ACCEPTED)
        if is_dry:
            tried = self.read(**said, dry_run=True)
            tried.pk = None
            return Response(ImportOut(tried).data)
        return created(ImportOut, self.once(lambda: self.read(**said), known=self.records()))

    def records(self) -> QuerySet[Import]:
        return records_of(self.user)

    def hand_over(
        self,
        *,
        file: UploadedFile,
        team: Team | None,
        source: str = "",
        mapping: dict[str, Any] | None = None,
        is_dry: bool,
    ) -> Import:
        """Refuses (ImportRefused) a file that cannot be read, or of which must be asked first."""
        record = actions.upload(
            file=file, by=self.user, team=team, source=source, told=mapping, now=self.now
        )
        try:
            return actions.check(record=record, by=self.user, now=self.now, confirmed=not is_dry)
        except actions.NotPossible as unanswered:
            actions.cancel(record=record, by=self.user)
            raise ImportRefused(str(unanswered)) from unanswered

    def read(
        self,
        *,
        file: UploadedFile,
        team: Team | None,
        source: str = "",
        mapping: dict[str, Any] | None = None,
        dry_run: bool = False,
    ) -> Import:
        """Refuses (ImportRefused) a file that cannot be read, or of which must be asked first."""
        with uploads.on_disk(file) as path:
            return import_leads(
                path,
                by=self.user,
                team=team,
                source=source,
                told=mapping,
                name=uploads.name_of(file),
                dry_run=dry_run,
                now=self.now,
            ).record


def records_of(user: User) -> QuerySet[Import]:
    return Import.objects.visible_to(user).select_related("by", "team", "undone_by")


class ImportDetail(Resource):
    permission_classes = [InProgram]

    @extend_schema(responses=ImportDetailOut)
    def get(self, request: Request, pk: int) -> Response:
        """One import, with the first rows that were refused and why."""
        return Response(ImportDetailOut(found(records_of(self.user), pk)).data)


class ImportConfirm(Resource):
    permission_classes = [InProgram]

    @extend_schema(request=None, responses={202: ImportOut})
    def post(self, request: Request, pk: int) -> Response:
        """Imports a file that was tried; 409 if it is not waiting for that."""
        self.said(Strict)
        record = found(records_of(self.user), pk)
        return set_off(actions.confirm(record=record, by=self.user, now=self.now))


class ImportCancel(Resource):
    permission_classes = [InProgram]

    @extend_schema(request=None, responses=ImportOut)
    def post(self, request: Request, pk: int) -> Response:
        """Stops an import wherever it is; nothing of it remains. 409 if it has ended."""
        self.said(Strict)
        actions.cancel(record=found(records_of(self.user), pk), by=self.user)
        return Response(ImportOut(found(records_of(self.user), pk)).data)


class ImportUndo(Resource):
    permission_classes = [InProgram]

    @extend_schema(request=None, responses={202: ImportOut})
    def post(self, request: Request, pk: int) -> Response:
        """Takes back what the import made and restores what it changed; 409 if it is too late.

        Leads that somebody has worked on since stay: `kept` counts them.
        """
        self.said(Strict)
        record = found(records_of(self.user), pk)
        return set_off(actions.undo(record=record, by=self.user, now=self.now))


def set_off(record: Import) -> Response:
    """Have it worked on; a small one is done by the time of the answer, as its `state` says."""
    begin(record)
    now = Import.objects.select_related("by", "team", "undone_by").get(pk=record.pk)
    return Response(ImportOut(now).data, status=status.HTTP_202_ACCEPTED)
