"""The pages of imports: upload a file of leads, name its columns, see what it would do, do it, undo it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import xlsxwriter
from django.contrib import messages
from django.db.models import Q
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prospects.actions import NotAllowed
from prospects.imports import actions
from prospects.imports.actions import NotPossible, may_decide
from prospects.imports.forms import ColumnsForm, UploadForm, words_of_field
from prospects.imports.intake import ImportRefused
from prospects.imports.reads import kept_leads, progress_of, refused_table, sum_of
from prospects.imports.undoing import can_be_undone, what_undoing_does
from prospects.models import Import, ImportState, Source
from prospects.reading.tables import as_csv
from prospects.tasks import begin
from team.access import user_of

SHOWN = 50
FORETOLD = 50_000
"""Rows of an import of which undoing is counted before it is done: a page must not take long."""
MOST_IN_A_SHEET = 1_000_000
UNSAID = ("company", "email", "phone")
"""Fields without which a file of leads is worth little."""

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


@require_http_methods(["GET", "HEAD", "POST"])
@for_who_works_leads
def import_list(request: HttpRequest) -> HttpResponse:
    """The imports so far, and the form; a posted file is kept and looked into before anything changes."""
    if request.method != "POST":
        return _list_page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            record = actions.upload(**form.cleaned_data, by=user_of(request), now=timezone.now())
        except ImportRefused as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("import-detail", pk=record.pk)
    return _list_page(request, form, status=422)


@require_safe
@for_who_works_leads
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the import is: its columns, its progress, what it would do, or what became of it."""
    record = _record(request, pk)
    is_polled = request.headers.get("HX-Target") == "state"
    if is_polled and not record.is_running:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if record.is_running:
        context = _about(request, record) | {"progress": progress_of(record, timezone.now())}
        part = "#state" if is_polled else ""
        return render(request, f"prospects/import_progress.html{part}", context)
    if record.state == ImportState.UPLOADED:
        return _columns_page(request, record, ColumnsForm(record))
    return _result_page(request, record)


@require_http_methods(["GET", "HEAD", "POST"])
@for_who_works_leads
def import_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which column is which field, as long as nothing was imported; then it is tried."""
    record = _record(request, pk)
    if request.method != "POST":
        if record.state not in {ImportState.UPLOADED, ImportState.CHECKED}:
            return redirect("import-detail", pk=pk)
        return _columns_page(request, record, ColumnsForm(record))
    form = ColumnsForm(record, request.POST)
    if not form.is_valid():
        return _columns_page(request, record, form, status=422)
    user = user_of(request)
    try:
        still_asked = actions.name_columns(
            record=record, told=form.told(), answers=form.answers(), by=user
        )
        record = _record(request, pk)
        if still_asked:
            form = ColumnsForm(record, request.POST)
            form.ask_for_answers()
            return _columns_page(request, record, form, status=422, is_asked=True)
        record = actions.check(record=record, by=user, now=timezone.now())
    except ImportRefused as refused:
        form.add_error(None, str(refused))
        return _columns_page(request, record, form, status=422)
    except (NotPossible, NotAllowed) as refused:
        return _told(request, record, refused)
    begin(record)
    return redirect("import-detail", pk=pk)


@require_POST
@for_who_works_leads
def import_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the file that was tried; pressed twice, it is imported once."""
    record = _record(request, pk)
    try:
        record = actions.confirm(record=record, by=user_of(request), now=timezone.now())
    except (NotPossible, NotAllowed) as refused:
        return _told(request, record, refused)
    begin(record)
    return redirect("import-detail", pk=pk)


@require_POST
@for_who_works_leads
def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    record = _record(request, pk)
    try:
        actions.cancel(record=record, by=user_of(request))
    except (NotPossible, NotAllowed) as refused:
        return _told(request, record, refused)
    messages.success(request, _("Cancelled: nothing of %s was imported.") % record.file_name)
    return redirect("import-list")


@require_http_methods(["GET", "HEAD", "POST"])
@for_who_works_leads
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """What undoing would do; posted, it is done."""
    record = _record(request, pk)
    user, now = user_of(request), timezone.now()
    if request.method == "POST":
        try:
            record = actions.undo(record=record, by=user, now=now)
        except (NotPossible, NotAllowed) as refused:
            return _told(request, record, refused)
        begin(record)
        return redirect("import-detail", pk=pk)
    if not (can_be_undone(record, now) and may_decide(record, user)):
        return redirect("import-detail", pk=pk)
    foretold = what_undoing_does(record) if record.read <= FORETOLD else None
    return render(request, "prospects/import_undo.html", {"record": record, "foretold": foretold})


@require_safe
@for_who_works_leads
def import_refused(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The refused rows as a file like the one that came, with why in a last column."""
    record = _record(request, pk)
    headers, rows = refused_table(record)
    if not headers:
        raise Http404
    name = f"refused-{record.pk}"
    if record.encoding or record.refused >= MOST_IN_A_SHEET:
        lines = as_csv(headers, rows, delimiter=record.delimiter or ",")
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response
    # Closed, and with that deleted, by the response.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, cells in enumerate([headers, *rows]):
        for column, cell in enumerate(cells):
            sheet.write_string(number, column, cell)
    book.close()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx")


# What the pages share


def _record(request: HttpRequest, pk: int) -> Import:
    visible = Import.objects.visible_to(user_of(request)).select_related("by", "team", "undone_by")
    return get_object_or_404(visible, pk=pk)


def _told(request: HttpRequest, record: Import, refused: Exception) -> HttpResponseRedirect:
    messages.warning(request, str(refused))
    return redirect("import-detail", pk=record.pk)


def _about(request: HttpRequest, record: Import) -> dict[str, object]:
    return {"record": record, "may_decide": may_decide(record, user_of(request))}


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


def _columns_page(
    request: HttpRequest,
    record: Import,
    form: ColumnsForm,
    *,
    status: int = 200,
    is_asked: bool = False,
) -> HttpResponse:
    context = _about(request, record) | {
        "form": form,
        "system": record.understanding.get("system", ""),
        "remarks": record.understanding.get("remarks", []),
        "missing": _missing(record),
        "is_asked": is_asked,
    }
    return render(request, "prospects/import_columns_form.html", context, status=status)


def _result_page(request: HttpRequest, record: Import) -> HttpResponse:
    """What the import would do, did, or why it did not."""
    refused = list(record.refused_rows.order_by("line")[:SHOWN])
    after = request.GET.get("after", "")
    kept = kept_leads(record, int(after) if after.isdecimal() and len(after) < 19 else 0, SHOWN)
    context = _about(request, record) | {
        "sum": sum_of(record),
        "columns": _columns_used(record),
        "missing": _missing(record),
        "refused": refused,
        "more_refused": max(0, record.refused - SHOWN),
        "kept": kept[:SHOWN],
        "more_kept_url": f"?after={kept[SHOWN - 1].pk}" if len(kept) > SHOWN else "",
        "is_undoable": can_be_undone(record, timezone.now()),
    }
    return render(request, "prospects/import_detail.html", context)


def _columns_used(record: Import) -> list[tuple[str, str]]:
    """Heading and field, in the order of the file where that is known."""
    in_order = [column["column"] for column in record.understanding.get("columns", [])]
    return [
        (header, words_of_field(record.mapping[header]))
        for header in in_order or record.mapping
        if header in record.mapping
    ]


def _missing(record: Import) -> list[str]:
    if record.kind != "leads":
        return []
    return [words_of_field(name) for name in UNSAID if name not in record.mapping.values()]
