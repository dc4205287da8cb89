"""Where a mail provider reports: its signature and our secret are checked, then each event takes effect."""

from __future__ import annotations

from typing import Any

from anymail.exceptions import AnymailConfigurationError
from anymail.urls import urlpatterns as anymail_urls
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from nurture.engine.clock import engine_now
from nurture.inbox.providers import receive_event

MOST_BYTES = 30 * 1024 * 1024
"""What providers send at most of one message, with its attachments."""
KINDS = ("tracking", "inbound")
HOOKS = {pattern.name: pattern.callback.view_class for pattern in anymail_urls}
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AnymailConfigurationError)


@csrf_exempt  # no person and no session: the secret and the provider's signature say who it is
@login_not_required
@never_cache
@require_http_methods(["HEAD", "POST"])
def provider_hook(request: HttpRequest, provider: str, what: str) -> HttpResponse:
    """Reports of the provider of the settings; of any other there is no such page.

    `what`: tracking or inbound. Some providers ask by HEAD whether the page is there.
    """
    hook = _hook(provider, what)
    if hook is None:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    view = hook()
    view.setup(request)
    view.run_validators(request)  # a wrong secret or signature is answered with 400
    try:
        events = view.parse_events(request)
    except UNREADABLE as wrong:
        raise SuspiciousOperation(type(wrong).__name__) from wrong
    now = engine_now()
    for event in events:
        receive_event(event, provider=provider, now=now)
    return HttpResponse()


def _hook(provider: str, what: str) -> Any:
    """anymail's view for it, of which the checks and the reading are used; None where there is none."""
    if provider != settings.EMAIL_PROVIDER or what not in KINDS:
        return None
    return HOOKS.get(f"{provider}_{what}_webhook") or HOOKS.get(f"{provider}_webhook")
