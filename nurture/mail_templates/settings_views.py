"""The page of mail settings: who sends, from where, and whether mail leaves at all."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from nurture.engine.messages import Written
from nurture.mail_templates import reads, testing
from nurture.mail_templates.forms import MailForm
from prospects.actions import NotAllowed
from team.access import only_if, user_of
from team.models import Organisation, Role, User
from team.organisation import edit_organisation


def administers(user: User) -> bool:
    return user.role == Role.ADMIN


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(administers)
def mail_settings(request: HttpRequest) -> HttpResponse:
    """The sender and the postal address; beside them what the server was set up with."""
    organisation = Organisation.current()
    form = MailForm(request.POST if request.method == "POST" else None, organisation=organisation)
    if form.is_valid():
        edit_organisation(fields=form.edited(), by=user_of(request))
        messages.success(request, _("Saved."))
        return redirect("mail-settings")
    context = {"form": form, "mail": reads.mail_standing(organisation)}
    status = 422 if form.errors else 200
    return render(request, "nurture/mail_settings.html", context, status=status)


@require_POST
@only_if(administers)
def mail_test(request: HttpRequest) -> HttpResponse:
    """A mail to oneself by way of the server, to see that it arrives."""
    user = user_of(request)
    written = Written(
        subject=_("Mail of LeadFlow arrives"),
        body=_("Look at its headers: SPF, DKIM and DMARC should say “pass”."),
    )
    try:
        testing.send_test(written=written, to=user)
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Sent to %s, marked as a test.") % user.email)
    return redirect("mail-settings")
