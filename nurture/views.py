"""The pages a specialist lives in: Today, a lead, and what is written down there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, push_url, reswap, retarget

from nurture import actions, queue, reads, rounds
from nurture.cadences import putting_off
from nurture.forms import (
    AnswerForm,
    ContradictionForm,
    DisqualifyForm,
    GiveUpForm,
    NotNowForm,
    PromiseForm,
    TouchForm,
    add_refusal,
)
from nurture.models import Touch
from nurture.standing import missing_to_give_up
from nurture.story import Place, Show
from nurture.taking import take_next
from nurture.wording import WITH_A_KEY, touch_title
from prospects.actions import NotAllowed
from prospects.models import Lead
from prospects.qualification import ANSWERED, QUESTIONS, Attribute
from prospects.reads import calendar_there, contacts_of
from prospects.stages import Disqualification, IllegalStep, Stage
from team.access import only_if, user_of
from team.models import User

FROM_TODAY = {"from": "today"}


def works_leads(user: User) -> bool:
    return user.works_leads


# Today


@require_safe
@only_if(works_leads)
def today(request: HttpRequest) -> HttpResponse:
    """The queue; `?after=` and `?start=` lead to a later page of it."""
    now = timezone.now()
    asked = request.GET.get("start", "")
    start = int(asked) if asked.isdecimal() and len(asked) < 6 else 1
    page = queue.today(
        user_of(request),
        rounds.round_of(request.session, now),
        now,
        after=Place.parse(request.GET.get("after", "")),
        start=start,
    )
    context = {**today_context(page, now, start), "known": None, "polls": start == 1}
    return render(request, "nurture/today.html", context)


def today_context(page: queue.TodayPage, now: datetime, start: int = 1) -> dict[str, Any]:
    """What the queue's part of the page is given; `start`: the number of its first row."""
    later = urlencode({"after": str(page.after), "start": start + len(page.due)})
    return {"page": page, "now": now, "next_url": f"?{later}" if page.after else ""}


@require_safe
@only_if(works_leads)
def today_next(request: HttpRequest) -> HttpResponse:
    """To whoever is due first and may be contacted now; back to Today when nobody is."""
    return _next(request, timezone.now())


@require_POST
@only_if(works_leads)
def today_take(request: HttpRequest) -> HttpResponse:
    """Take the freshest lead of the team's queue into one's own program."""
    try:
        lead = take_next(by=user_of(request), now=timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("workload")
    if lead is None:
        messages.info(request, _("Nobody waits any more."))
        return redirect("today")
    messages.success(request, _("%s is yours now.") % lead.headline)
    return redirect(_address(lead.pk, from_today=True))


@require_POST
@only_if(works_leads)
def lead_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a raw lead from the team's queue into one's own program."""
    lead = _lead(request, pk)
    try:
        actions.take_lead(lead=lead, by=user_of(request), now=timezone.now())
    except (NotAllowed, IllegalStep) as refusal:
        messages.error(request, str(refusal))
        return _leave(request, reverse("today"))
    messages.success(request, _("%s is yours now.") % lead.headline)
    return _leave(request, _address(pk, from_today=True))


@require_POST
@only_if(works_leads)
def lead_skip(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the next; the lead stays due, and Today says that it was skipped and why."""
    now = timezone.now()
    why = request.POST.get("why", "").strip()[:100] or _("skipped")
    rounds.remember_skipped(request.session, _lead(request, pk).pk, why, now)
    return _next(request, now)


# A lead's page


@require_safe
@vary_on_headers("HX-Request")
def lead_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The record; `?from=today` makes it one of the queue, `?show=` and `?before=` turn the story."""
    now = timezone.now()
    lead = reads.page_leads(user_of(request)).filter(pk=pk).first()
    if lead is None:
        return moved(request, pk)
    return render(request, "nurture/lead_detail.html", _page(request, lead, now))


def moved(request: HttpRequest, pk: int) -> HttpResponse:
    """To the lead that an old one was merged into, for who may see that; 404 for everybody else.

    For the time being (302): merging can be undone.
    """
    kept = get_object_or_404(Lead.objects.visible_to(user_of(request)).that_took(pk))
    return redirect("lead-detail", kept.pk)


@require_safe
def lead_story(request: HttpRequest, pk: int) -> HttpResponse:
    """A part of the timeline, for htmx; without script the lead's page shows the same."""
    visible = Lead.objects.visible_to(user_of(request))
    lead = get_object_or_404(visible.select_related("source", "contact", "company"), pk=pk)
    story = reads.lead_story(lead, user_of(request), timezone.now(), **_turn(request))
    context = {
        "lead": lead,
        "story": story,
        "shows": Show.choices,
        "before": request.GET.get("before"),
    }
    return render(request, "nurture/lead/story.html", context)


# What happened


@require_POST
def touch_log(request: HttpRequest, pk: int) -> HttpResponse:
    """Log a touch; from Today the next lead is served, elsewhere the same one anew."""
    now, user = timezone.now(), user_of(request)
    lead = _lead(request, pk)
    form = _touch_form(request, lead, now)
    if not form.is_valid():
        return _touch_again(request, pk, form, now)
    try:
        log = putting_off.log_not_now if form.cleaned_data["not_now"] else actions.log_touch
        touch = log(lead=lead, by=user, now=now, **form.touch)
    except (NotAllowed, IllegalStep, ValidationError) as refusal:
        add_refusal(form, refusal)
        return _touch_again(request, pk, form, now)
    if form.refuse_another(touch):
        return _touch_again(request, pk, form, now)
    _say_logged(request, touch, now)
    if not _is_from_today(request):
        return _show(request, pk, now)
    rounds.remember_logged(request.session, pk, now)
    if "stay" in request.POST:
        return _show(request, pk, now)
    return _next(request, now)


@require_POST
def touch_take_back(request: HttpRequest, pk: int, touch_pk: int) -> HttpResponse:
    """Undo what one logged a moment ago, and show its lead again."""
    now, user = timezone.now(), user_of(request)
    touch = get_object_or_404(Touch.objects.visible_to(user), pk=touch_pk, lead=pk)
    try:
        actions.take_back_touch(touch=touch, by=user, now=now)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        rounds.forget(request.session, pk, now)
        messages.success(request, _("Taken back: %s.") % touch)
    return _leave(request, _address(pk, from_today=user.works_leads))


# What they said


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def answer_document(request: HttpRequest, pk: int, attribute: str) -> HttpResponse:
    """Write down an answer to one attribute, with the touch it rests on."""
    now, user = timezone.now(), user_of(request)
    lead, asked = _lead(request, pk), _answered(attribute)
    form = AnswerForm(
        _posted(request),
        attribute=asked,
        conversations=list(reads.conversations_of(lead)),
        initial=reads.answer_given(lead, asked),
    )
    if _is_done(
        form,
        lambda: actions.document(
            lead=lead, attribute=asked, answer=form.answer, by=user, now=now, touch=form.touch
        ),
    ):
        return _documented(request, pk, asked, _("%s is written down.") % asked.label, now)
    return _answer_page(request, lead, asked, form, ContradictionForm())


@require_POST
@only_if(works_leads)
def answer_contradict(request: HttpRequest, pk: int, attribute: str) -> HttpResponse:
    """Mark what is known of an attribute as contradicted."""
    now, user = timezone.now(), user_of(request)
    lead, asked = _lead(request, pk), _answered(attribute)
    form = ContradictionForm(request.POST)
    if _is_done(
        form,
        lambda: actions.contradict(
            lead=lead, attribute=asked, why=form.cleaned_data["why"], by=user, now=now
        ),
    ):
        return _documented(
            request, pk, asked, _("%s is marked as contradicted.") % asked.label, now
        )
    answer = AnswerForm(
        attribute=asked,
        conversations=list(reads.conversations_of(lead)),
        initial=reads.answer_given(lead, asked),
    )
    return _answer_page(request, lead, asked, answer, form)


# What becomes of the lead


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def promise_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Commit to a touch at a time of theirs."""
    now, user = timezone.now(), user_of(request)
    lead = _lead(request, pk)
    form = PromiseForm(_posted(request), zone=_zone_there(lead, user), now=now)
    if _is_done(form, lambda: actions.promise(lead=lead, promised=form.promise, by=user, now=now)):
        return _on_lead(request, pk, _("Promised: it comes first on its day."))
    return _form_page(request, lead, form, title=_("Promise a touch"), save=_("Promise"))


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def lead_not_now(request: HttpRequest, pk: int) -> HttpResponse:
    """They said “not now”: come back on a day they named, else as the cadence says."""
    now, user = timezone.now(), user_of(request)
    lead = _lead(request, pk)
    form = NotNowForm(_posted(request), zone=_zone_there(lead, user), now=now)
    if _is_done(
        form, lambda: putting_off.put_off(lead=lead, promised=form.agreed, by=user, now=now)
    ):
        return _on_lead(request, pk, _("Put off. It comes back by itself."))
    return _form_page(
        request,
        lead,
        form,
        title=_("Not now"),
        save=_("Put off"),
        intro=_("What was planned for now ends. The lead stays in the program and comes back."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def lead_disqualify(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the lead for good, with a reason; from Today the next lead is served."""
    now = timezone.now()
    lead = _lead(request, pk)
    form = DisqualifyForm(_posted(request))
    if _is_done(
        form,
        lambda: actions.disqualify(lead=lead, by=user_of(request), now=now, **form.cleaned_data),
    ):
        words = str(Disqualification(form.cleaned_data["reason"]).label).lower()
        return _closed(request, pk, _("Disqualified: %s.") % words, now)
    return _form_page(
        request,
        lead,
        form,
        title=_("Disqualify"),
        save=_("Disqualify"),
        intro=_(
            "The lead is closed and nobody calls again; its history stays, and it can be revived."
            " Whoever asked us to stop is never contacted again on any channel."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def lead_give_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the lead unable to qualify: when its attempts are used up, or a manager says so."""
    now, user = timezone.now(), user_of(request)
    lead = get_object_or_404(reads.page_leads(user), pk=pk)
    missing = missing_to_give_up(lead, reads.attempts_of(lead))
    form = GiveUpForm(_posted(request), needs_reason=bool(missing) and user.manages)
    if _is_done(form, lambda: actions.give_up(lead=lead, by=user, now=now, **form.cleaned_data)):
        return _closed(request, pk, _("Given up as unable to qualify."), now)
    return _form_page(
        request,
        lead,
        form,
        title=_("Give up"),
        save=_("Give up"),
        intro=missing or _("Six complete attempts and no conversation: nobody calls again."),
    )


# What the pages above share


def _lead(request: HttpRequest, pk: int) -> Lead:
    """The lead, for who may see it; 404 for everybody else."""
    leads = Lead.objects.visible_to(user_of(request))
    return get_object_or_404(leads.select_related("contact__company", "company"), pk=pk)


def _answered(attribute: str) -> Attribute:
    if attribute not in ANSWERED:
        raise Http404
    return Attribute(attribute)


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _is_done(form: forms.Form, act: Callable[[], object]) -> bool:
    """Whether what the form asks for was done; what forbids it is told on the form."""
    if not form.is_valid():
        return False
    try:
        act()
    except (NotAllowed, IllegalStep, ValidationError) as refusal:
        add_refusal(form, refusal)
        return False
    return True


def _asks_for_part(request: HttpRequest) -> bool:
    """Htmx wants a part of the page; a boosted link wants all of it."""
    return bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]


def _is_from_today(request: HttpRequest) -> bool:
    return (request.POST.get("from") or request.GET.get("from")) == "today"


def _address(pk: int, *, from_today: bool) -> str:
    address = reverse("lead-detail", args=[pk])
    return f"{address}?{urlencode(FROM_TODAY)}" if from_today else address


def _leave(request: HttpRequest, address: str) -> HttpResponse:
    """To another page: by htmx too, as a whole."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)  # type: ignore[attr-defined]


def _turn(request: HttpRequest) -> dict[str, Any]:
    """Which part of the story is asked for."""
    shown = request.GET.get("show", "")
    return {
        "shown": Show(shown) if shown in Show.values else Show.EVERYTHING,
        "before": Place.parse(request.GET.get("before", "")),
    }


def _zone_there(lead: Lead, user: User) -> Any:
    return calendar_there(lead.contact, lead.company, user.organisation.calendar).zone


def _page(
    request: HttpRequest,
    lead: Lead,
    now: datetime,
    *,
    due: list[int] | None = None,
    form: TouchForm | None = None,
) -> dict[str, Any]:
    """What the template of a lead's page is given. `due`: who is due today, where that is known."""
    user = user_of(request)
    page = reads.lead_page(lead, user, now, **_turn(request))
    if due is None and _is_from_today(request) and user.works_leads:
        due = queue.due_ids(user, now)
    focus = None
    if due is not None:
        focus = queue.focus_of(lead.pk, due, rounds.round_of(request.session, now))
    if form is None:
        form = TouchForm(
            contacts=page.contacts, happenings=page.happenings, zone=page.zone, now=now
        )
    chosen = form["outcome"].value()
    return {
        "page": page,
        "lead": lead,
        "story": page.story,
        "shows": Show.choices,
        "before": request.GET.get("before"),
        "focus": focus,
        "query": f"?{urlencode(FROM_TODAY)}" if focus else "",
        "form": form,
        "keys": list(enumerate(page.happenings[:WITH_A_KEY], 1)),
        "more": page.happenings[WITH_A_KEY:],
        "promised_by": form.fields["promised_by"].choices,  # type: ignore[attr-defined]
        "chosen": chosen,
        "more_chosen": any(h.value == chosen for h in page.happenings[WITH_A_KEY:]),
        "now": now,
    }


def _show(
    request: HttpRequest, pk: int, now: datetime, *, due: list[int] | None = None
) -> HttpResponse:
    """A lead's page after something was done: its region by htmx, else by way of its address."""
    address = _address(pk, from_today=due is not None or _is_from_today(request))
    if not _asks_for_part(request):
        return redirect(address)
    lead = get_object_or_404(reads.page_leads(user_of(request)), pk=pk)
    region = render(request, "nurture/lead_detail.html#region", _page(request, lead, now, due=due))
    # Also for a form that was opened in place and would else be replaced by a whole page.
    region["HX-Reswap"] = "innerHTML show:window:top"
    return retarget(push_url(region, address), "#lead")


def _next(request: HttpRequest, now: datetime) -> HttpResponse:
    """Whoever is due next, asked anew; Today itself when there is nobody."""
    user = user_of(request)
    past = rounds.round_of(request.session, now)
    due = queue.due_ids(user, now)
    serving = queue.next_due(due, past, user.organisation.calendar, now)
    if serving.pk is not None:
        return _show(request, serving.pk, now, due=due)
    if serving.opens_at is not None:
        opens = queue.moment_here(serving.opens_at, now)
        messages.info(request, _("Nobody else may be contacted before %s.") % opens)
    return _leave(request, reverse("today"))


def _on_lead(request: HttpRequest, pk: int, said: str) -> HttpResponse:
    messages.success(request, said)
    return _leave(request, _address(pk, from_today=_is_from_today(request)))


def _closed(request: HttpRequest, pk: int, said: str, now: datetime) -> HttpResponse:
    """The lead is closed: on to the next from Today, else its own page says so."""
    if not _is_from_today(request):
        return _on_lead(request, pk, said)
    messages.success(request, said)
    rounds.forget(request.session, pk, now)
    return _next(request, now)


def _part_of(page: str, part: str, request: HttpRequest, form: forms.Form) -> str:
    """The page's template or, for htmx, the part with its first field ready to be written in."""
    if not _asks_for_part(request):
        return page
    for field in list(form.fields.values())[:1]:
        field.widget.attrs["autofocus"] = True
    return f"{page}#{part}"


def _form_page(
    request: HttpRequest, lead: Lead, form: forms.Form, *, title: str, save: str, **more: Any
) -> HttpResponse:
    """A form about a lead: a page of its own, by htmx the form alone; 422 if it came back."""
    template = _part_of("prospects/lead_form.html", "form", request, form)
    context = {"lead": lead, "form": form, "title": title, "save": save, **more}
    return render(request, template, context, status=422 if form.errors else 200)


def _touch_form(request: HttpRequest, lead: Lead, now: datetime) -> TouchForm:
    contacts = contacts_of(lead)
    lead.contact = contacts[0] if lead.contact_id else None
    return TouchForm(
        request.POST,
        contacts=contacts,
        happenings=reads.loggable(lead, user_of(request)),
        zone=_zone_there(lead, user_of(request)),
        now=now,
    )


def _touch_again(request: HttpRequest, pk: int, form: TouchForm, now: datetime) -> HttpResponse:
    """The form with everything that was typed and what is wrong with it."""
    lead = get_object_or_404(reads.page_leads(user_of(request)), pk=pk)
    context = _page(request, lead, now, form=form)
    if not _asks_for_part(request):
        return render(request, "nurture/lead_detail.html", context, status=422)
    answer = render(request, "nurture/lead/touch.html", context, status=422)
    return reswap(retarget(answer, "#touch"), "outerHTML")


def _say_logged(request: HttpRequest, touch: Touch, now: datetime) -> None:
    """What was logged and what comes next, with the way back for a minute."""
    lead = touch.lead
    said = _("%(name)s: %(touch)s.") % {
        "name": queue.name_of(lead),
        "touch": touch_title(touch.channel, touch.direction, touch.outcome, touch.minutes).lower(),
    }
    if lead.stage == Stage.QUALIFIED:
        said += " " + _("Qualified: ready for sales.")
    elif planned := reads.next_words(lead, _zone_there(lead, user_of(request)), now):
        said += " " + _("Next: %s.") % planned
    undo = reverse("touch-take-back", args=[lead.pk, touch.pk])
    messages.success(request, said, extra_tags=undo)


def _documented(
    request: HttpRequest, pk: int, attribute: Attribute, said: str, now: datetime
) -> HttpResponse:
    """By htmx the facts, the path and the story anew, and nothing of what is being typed."""
    messages.success(request, said)
    if not _asks_for_part(request):
        return redirect(_address(pk, from_today=_is_from_today(request)))
    lead = get_object_or_404(reads.page_leads(user_of(request)), pk=pk)
    context = {**_page(request, lead, now), "written": attribute}
    return render(request, "nurture/lead_detail.html#documented", context)


def _answer_page(
    request: HttpRequest,
    lead: Lead,
    attribute: Attribute,
    form: AnswerForm,
    contradiction: ContradictionForm,
) -> HttpResponse:
    """The form of an answer, what was answered before, and the way to contradict it."""
    template = _part_of("nurture/answer.html", "answer", request, form)
    context = {
        "lead": lead,
        "attribute": attribute,
        "question": QUESTIONS[attribute],
        "form": form,
        "contradiction": contradiction,
        "history": reads.answer_history(lead, attribute),
        "query": f"?{urlencode(FROM_TODAY)}" if _is_from_today(request) else "",
    }
    if not form.errors and not contradiction.errors:
        return render(request, template, context)
    answer = render(request, template, context, status=422)
    return reswap(retarget(answer, f"#in-{attribute}"), "innerHTML")
