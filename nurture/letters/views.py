"""The pages of letters: what waits to be printed, a batch and its PDF, the post, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from nurture.cadences.views import ID_MAX, works_leads
from nurture.engine.clock import engine_now
from nurture.forms import add_refusal
from nurture.letters import actions, reads
from nurture.letters.forms import OutForm, PostedForm, PrintForm
from nurture.letters.paper import labels_pdf, letters_pdf
from nurture.models import Letter, PrintBatch
from prospects.actions import NotAllowed
from team.access import only_if, user_of
from team.paper import PaperJam

WRITTEN_AT_ONCE = actions.AT_ONCE
"""Letters that the page which posts them writes down itself; the tick does the rest."""
MOST_REASONS = 5


@require_safe
@only_if(works_leads)
def letter_list(request: HttpRequest) -> HttpResponse:
    """What waits to be printed, and the batches; `?before=` and `?after=` turn them."""
    page = reads.letters_page(
        user_of(request),
        engine_now(),
        before=_key(request, "before"),
        after=_key(request, "after"),
    )
    context = {
        "page": page,
        "newer_url": f"?after={page.newer}" if page.newer else "",
        "older_url": f"?before={page.older}" if page.older else "",
    }
    return render(request, "nurture/letters/letter_list.html", context)


@require_POST
@only_if(works_leads)
def letter_print(request: HttpRequest) -> HttpResponse:
    """Make a batch of what is due on one channel."""
    form = PrintForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose letters or direct mail, and how many at most."))
        return redirect("letter-list")
    try:
        made = actions.make_batch(
            channel=form.cleaned_data["channel"],
            most=form.cleaned_data["most"],
            by=user_of(request),
            now=engine_now(),
        )
    except NotAllowed as refused:
        messages.error(request, str(refused))
        return redirect("letter-list")
    for why, count in made.left_out.most_common(MOST_REASONS):
        words = ngettext("%(n)s was left out: %(why)s.", "%(n)s were left out: %(why)s.", count)
        messages.warning(request, words % {"n": count, "why": why})
    if made.batch is None:
        messages.info(request, _("Nothing is to be printed now."))
        return redirect("letter-list")
    return redirect("letter-batch", made.batch.pk)


@require_safe
@only_if(works_leads)
def letter_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """A pile: print it, take letters out, post it; `?after=` goes on in the list of its letters."""
    batch = _batch(request, pk)
    return _batch_page(request, batch, None)


def _batch_page(
    request: HttpRequest, batch: PrintBatch, form: PostedForm | None, status: int = 200
) -> HttpResponse:
    now = engine_now()
    page = reads.batch_page(batch, now, after=_key(request, "after") or 0)
    today = now.astimezone(user_of(request).organisation.zone).date()
    if form is None:
        form = PostedForm(initial={"posted_on": today}, currency=page.currency)
    context = {
        "page": page,
        "form": form,
        "before_url": "" if page.before is None else f"?after={page.before}",
        "after_url": f"?after={page.after}" if page.after else "",
    }
    return render(request, "nurture/letters/letter_batch.html", context, status=status)


@require_safe
@only_if(works_leads)
def letter_batch_pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The pile as one PDF, as often as one likes; `?number=` gives one letter of it."""
    return _download(request, pk, letters_pdf, "letters")


@require_safe
@only_if(works_leads)
def letter_batch_labels(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Its addresses on sheets of labels."""
    return _download(request, pk, labels_pdf, "labels")


def _download(
    request: HttpRequest,
    pk: int,
    make: Callable[[PrintBatch, Sequence[Letter]], IO[bytes]],
    name: str,
) -> HttpResponseBase:
    batch = _batch(request, pk)
    letters = reads.pile(batch, _key(request, "number"))
    if not letters:
        raise Http404
    try:
        made = make(batch, letters)
    except PaperJam as jam:
        messages.error(request, str(jam))
        return redirect("letter-batch", pk)
    return FileResponse(
        made,
        as_attachment=True,
        filename=f"{name}-{pk}.pdf",
        content_type="application/pdf",
        headers={"Cache-Control": "private, no-store"},
    )


@require_POST
@only_if(works_leads)
def letter_batch_post(request: HttpRequest, pk: int) -> HttpResponse:
    """It was posted: from then on its letters are touches."""
    batch = _batch(request, pk)
    form = PostedForm(request.POST, currency=user_of(request).organisation.currency)
    if not form.is_valid():
        return _batch_page(request, batch, form, status=422)
    now = engine_now()
    try:
        actions.mark_posted(batch=batch, **form.cleaned_data, by=user_of(request), now=now)
    except NotAllowed as refused:
        add_refusal(form, refused)
        return _batch_page(request, _batch(request, pk), form, status=422)
    actions.write_down(batch=batch, now=now, most=WRITTEN_AT_ONCE)
    day = date_format(form.cleaned_data["posted_on"], "F j")
    messages.success(request, _("Posted on %s. What follows counts from its arrival.") % day)
    return redirect("letter-batch", pk)


@require_POST
@only_if(works_leads)
def letter_batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the batch up; its letters wait for another one."""
    try:
        actions.cancel_batch(batch=_batch(request, pk), by=user_of(request), now=engine_now())
    except NotAllowed as refused:
        messages.error(request, str(refused))
        return redirect("letter-batch", pk)
    messages.success(request, _("Cancelled. Its letters wait to be printed again."))
    return redirect("letter-list")


@require_POST
@only_if(works_leads)
def letter_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one letter out of the pile."""
    batch = _batch(request, pk)
    form = OutForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Which letter? Its number stands behind the hyphen of its code."))
        return redirect("letter-batch", pk)
    letter = get_object_or_404(batch.letters, number=form.cleaned_data["number"])
    try:
        actions.take_out(
            letter=letter,
            again=form.cleaned_data["again"],
            why=form.cleaned_data["why"],
            by=user_of(request),
            now=engine_now(),
        )
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Letter %s is out.") % letter.code)
    return redirect("letter-batch", pk)


@require_POST
@only_if(works_leads)
def letter_posted(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A letter that was left out of a posted batch went to the post all the same."""
    letter = get_object_or_404(_batch(request, pk).letters, number=number)
    try:
        actions.posted_all_the_same(letter=letter, by=user_of(request), now=engine_now())
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Letter %s counts as posted.") % letter.code)
    return redirect("letter-batch", pk)


@require_safe
@only_if(works_leads)
def letter_find(request: HttpRequest) -> HttpResponse:
    """An envelope came back: find its letter (`?q=`) by the code on it, or by who it was for."""
    words = request.GET.get("q", "")[:200].replace("\0", "").strip()
    context = {"rows": reads.found_letters(user_of(request), words), "words": words}
    return render(request, "nurture/letters/letter_find.html", context)


@require_POST
@only_if(works_leads)
def letter_return(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A letter came back: its address is not used again."""
    letter = get_object_or_404(_batch(request, pk).letters, number=number)
    try:
        actions.mark_returned(letter=letter, by=user_of(request), now=engine_now())
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        words = _("Letter %s came back. That address is not used again.")
        messages.success(request, words % letter.code)
    return redirect("letter-find")


def _batch(request: HttpRequest, pk: int) -> PrintBatch:
    if pk > ID_MAX:
        raise Http404
    seen = PrintBatch.objects.visible_to(user_of(request)).select_related("by", "posted_by")
    return get_object_or_404(seen, pk=pk)


def _key(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and int(value) <= ID_MAX else None
