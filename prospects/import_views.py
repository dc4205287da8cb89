"""The pages of imports: upload a file of leads, see what it would do, do it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prospects import uploads
from prospects.imports import import_leads
from prospects.intake import ImportRefused, ImportResult
from prospects.models import Import, RefusedRow, Source
from prospects.tables import as_csv
from team.access import user_of
from team.models import User

LARGEST_FILE = 25 * 1024 * 1024
MOST_ROWS = 20_000
"""What a page may keep a person waiting for; larger files go through the command."""
SHOWN = 50

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_who_works_leads(page: Page[P]) -> Page[P]:
    """Imports hold whole rows of personal data: whoever has nothing to do with them finds no page."""

    @wraps(page)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not user_of(request).works_leads:
            raise Http404
        return page(request, *args, **kwargs)

    return guarded


def check_size(file: UploadedFile) -> None:
    size = file.size or 0
    if size > LARGEST_FILE:
        raise ValidationError(
            _(
                "The file has %(size)s; here it may have %(most)s. Import it with manage.py import_leads."
            )
            % {"size": filesizeformat(size), "most": filesizeformat(LARGEST_FILE)}
        )


class UploadForm(forms.Form):
    """A file of leads, and where they came from if the file does not say."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or XLSX, headings in the first row."),
        validators=[check_size],
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        help_text=gettext_lazy("Of rows that name none. If left out, the file’s name."),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"list": "sources", "autocomplete": "off"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_who_works_leads
def import_list(request: HttpRequest) -> HttpResponse:
    """The imports so far, and the form; a posted file is tried and shown before anything changes."""
    if request.method != "POST":
        return _list_page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list_page(request, form, status=422)
    user = user_of(request)
    upload = uploads.keep(form.cleaned_data["file"], source=form.cleaned_data["source"], by=user)
    try:
        result = _run(upload.path, upload, user, dry_run=True)
    except ImportRefused as refused:
        upload.path.unlink(missing_ok=True)
        form.add_error("file", str(refused))
        return _list_page(request, form, status=422)
    context = {
        "upload": upload,
        "result": result,
        "sum": sum_of(result.record),
        "columns": [(header, field) for header, field in result.columns.used.items()],
        "missing": [name for name in ("company", "email", "phone") if not _feeds(result, name)],
    }
    return render(request, "prospects/import_check.html", context)


@require_POST
@for_who_works_leads
def import_confirm(request: HttpRequest) -> HttpResponse:
    """Import the file that was tried; pressed twice, it is imported once."""
    user = user_of(request)
    try:
        upload = uploads.found(request.POST.get("ticket", ""), user)
        path = uploads.claim(upload)
    except uploads.Gone:
        messages.warning(
            request, _("That file is no longer here: it was imported already, or waited too long.")
        )
        return redirect("import-list")
    try:
        result = _run(path, upload, user, dry_run=False)
    except ImportRefused as refused:
        messages.error(request, str(refused))
        return redirect("import-list")
    finally:
        path.unlink(missing_ok=True)
    created = result.counts.created
    messages.success(
        request, ngettext("%s lead came in.", "%s leads came in.", created) % f"{created:,}"
    )
    return redirect("import-detail", pk=result.record.pk)


@require_safe
@for_who_works_leads
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    record = _record(request, pk)
    refused = list(record.refused_rows.order_by("line")[: SHOWN + 1])
    context = {
        "record": record,
        "sum": sum_of(record),
        "columns": list(record.mapping.items()),
        "refused": refused[:SHOWN],
        "more_refused": max(0, record.refused - SHOWN),
    }
    return render(request, "prospects/import_detail.html", context)


@require_safe
@for_who_works_leads
def import_refused(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The refused rows as CSV, with why in a last column: to be put right and imported again."""
    record = _record(request, pk)
    rows = record.refused_rows.order_by("line")
    first = rows.first()
    if first is None:
        raise Http404
    headers = [*(header for header, _cell in first.cells), _("Refused because")]
    response = StreamingHttpResponse(
        as_csv(headers, _refused_cells(headers, rows.iterator(1000))), content_type="text/csv"
    )
    response["Content-Disposition"] = f'attachment; filename="refused-{record.pk}.csv"'
    return response


def _refused_cells(headers: Sequence[str], rows: Iterator[RefusedRow]) -> Iterator[list[str]]:
    for row in rows:
        cells = dict(row.cells)
        yield [*(cells.get(header, "") for header in headers[:-1]), "; ".join(row.reasons)]


# What the pages share


def _record(request: HttpRequest, pk: int) -> Import:
    visible = Import.objects.visible_to(user_of(request)).select_related("by", "team")
    return get_object_or_404(visible, pk=pk)


def _list_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    imports = Import.objects.visible_to(user_of(request)).select_related("by").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        imports = imports.filter(Q(pk__lt=int(before)))
    found = list(imports[: SHOWN + 1])
    older = f"{reverse('import-list')}?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else ""
    context = {
        "form": form,
        "imports": found[:SHOWN],
        "older_url": older,
        "newer_url": reverse("import-list") if before else "",
        "sources": Source.objects.values_list("name", flat=True)[:200],
    }
    return render(request, "prospects/import_list.html", context, status=status)


def _run(path: Path, upload: uploads.Upload, user: User, *, dry_run: bool) -> ImportResult:
    return import_leads(
        path,
        by=user,
        source=upload.source,
        name=upload.name,
        dry_run=dry_run,
        most_rows=MOST_ROWS,
    )


def _feeds(result: ImportResult, field: str) -> bool:
    return field in result.columns.columns


def sum_of(record: Import) -> list[tuple[int, str]]:
    """The counts, in the order in which they add up: what was read first."""
    return [
        (record.read, _("read")),
        (record.created, _("created")),
        (record.updated, _("updated")),
        (record.duplicates, _("duplicates")),
        (record.screened_out, _("screened out")),
        (record.refused, _("refused")),
    ]
