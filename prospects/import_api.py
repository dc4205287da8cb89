"""Imports over HTTP: a file of leads goes in, the counts come back."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from prospects import uploads
from prospects.import_views import MOST_ROWS, check_size
from prospects.imports import import_leads
from prospects.models import Import, RefusedRow
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
from team.models import Role, Team

REFUSED_SHOWN = 50


class ImportOut(Shown):
    """A file that was read; the counts add up to `read`."""

    by = NamedOut(allow_null=True)
    team = NamedOut(allow_null=True)

    class Meta:
        model = Import
        fields = [
            *("id", "kind", "file_name", "by", "team", "mapping", "headers_ignored"),
            *("started_at", "finished_at"),
            *("read", "created", "updated", "duplicates", "screened_out", "refused"),
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
            field is None or isinstance(field, str) for field in value.values()
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
        responses={201: ImportOut, 200: ImportOut},
        parameters=[KEY_HEADER],
    )
    def post(self, request: Request) -> Response:
        """Imports a file of leads; 200 and no `id` for a dry run, which changes nothing."""
        said = self.said(ImportIn)
        if said.pop("dry_run"):
            tried = self.read(**said, dry_run=True)
            tried.pk = None
            return Response(ImportOut(tried).data)
        record = self.once(
            lambda: self.read(**said),
            known=Import.objects.visible_to(self.user).select_related("by", "team"),
        )
        return created(ImportOut, record)

    def read(
        self,
        *,
        file: UploadedFile,
        team: Team | None,
        source: str = "",
        mapping: dict[str, str | None] | None = None,
        dry_run: bool = False,
    ) -> Import:
        """Refuses (ImportRefused) a file that cannot be read, or is too long to wait for."""
        upload = uploads.keep(file, source=source, by=self.user)
        try:
            return import_leads(
                upload.path,
                by=self.user,
                team=team,
                source=source,
                told=mapping,
                name=upload.name,
                dry_run=dry_run,
                most_rows=MOST_ROWS,
                now=self.now,
            ).record
        finally:
            upload.path.unlink(missing_ok=True)


class ImportDetail(Resource):
    permission_classes = [InProgram]

    @extend_schema(responses=ImportDetailOut)
    def get(self, request: Request, pk: int) -> Response:
        """One import, with the first rows that were refused and why."""
        rows = Import.objects.visible_to(self.user).select_related("by", "team")
        return Response(ImportDetailOut(found(rows, pk)).data)
