"""The inbox: mail that matched nobody, for whoever works leads."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from nurture.engine.clock import engine_now
from nurture.inbox import actions, reads
from nurture.models import IncomingMail
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.access import only_if, user_of
from team.models import User


def works_leads(user: User) -> bool:
    return user.works_leads


@require_safe
@only_if(works_leads)
def inbox_list(request: HttpRequest) -> HttpResponse:
    """What waits for a person; `?after=` leads to a later page."""
    page = reads.inbox(user_of(request), request.GET.get("after", ""))
    return render(request, "nurture/inbox.html", {"page": page})


@require_safe
@only_if(works_leads)
def mail_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One message, and the leads it may belong to: those near, or those that words find."""
    mail = _mail(request, pk)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = reads.leads_for(mail, user_of(request), words)
    context = {"mail": mail, "words": words, "found": found}
    return render(request, "nurture/mail_detail.html", context)


@require_POST
@only_if(works_leads)
def mail_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """It is this lead's."""
    mail = _mail(request, pk)
    asked = request.POST.get("lead", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 18):
        messages.error(request, _("Choose the lead it belongs to."))
        return redirect("mail-detail", pk=pk)
    user = user_of(request)
    lead = get_object_or_404(Lead.objects.visible_to(user), pk=int(asked))
    return _decide(
        request,
        lambda: actions.assign_mail(mail=mail, lead=lead, by=user, now=engine_now()),
        _("It belongs to %s, and took effect there.") % lead,
    )


@require_POST
@only_if(works_leads)
def mail_ignore(request: HttpRequest, pk: int) -> HttpResponse:
    """It is nothing for us."""
    mail = _mail(request, pk)
    return _decide(
        request,
        lambda: actions.ignore_mail(mail=mail, by=user_of(request), now=engine_now()),
        _("Ignored: %s.") % mail,
    )


@require_POST
@only_if(works_leads)
def mail_opt_out(request: HttpRequest, pk: int) -> HttpResponse:
    """They want no more mail from us."""
    mail = _mail(request, pk)
    return _decide(
        request,
        lambda: actions.opt_out_sender(mail=mail, by=user_of(request), now=engine_now()),
        _("%s is not mailed again.") % mail.sender,
    )


def _mail(request: HttpRequest, pk: int) -> IncomingMail:
    mails = IncomingMail.objects.visible_to(user_of(request))
    return get_object_or_404(mails.select_related("lead__company", "lead__contact"), pk=pk)


def _decide(request: HttpRequest, act: Callable[[], IncomingMail], done: str) -> HttpResponse:
    """On to the list, where the next one waits."""
    try:
        act()
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("inbox")
