"""What every page knows: where its reader may go, which theme they chose, and the two dialogs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nurture.engine.notice import what_is_paused
from nurture.inbox.waiting import waiting_for
from nurture.models import SwitchEvent
from team.models import Role, User

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise
    from django.utils.safestring import SafeString

THEMES = frozenset({"light", "dark"})


@dataclass(frozen=True)
class Destination:
    """A place in the navigation: G then `key` goes there."""

    url_name: str
    label: _StrPromise
    key: str
    icon: str


@dataclass(frozen=True)
class NavigationItem:
    label: str
    url: str
    key: str
    icon: str
    current: str
    """The value of aria-current: "page" there, "true" on a page below, else empty."""
    count: int = 0
    """What waits there, where that is told."""


TODAY = Destination("today", _("Today"), "t", "sun")
LEADS = Destination("lead-list", _("Leads"), "l", "users")
HANDOFFS = Destination("handoff-list", _("Handoffs"), "h", "handshake")
OPPORTUNITIES = Destination("handoff-list", _("My opportunities"), "h", "handshake")
WORKLOAD = Destination("workload", _("Workload"), "w", "scale")
IMPORTS = Destination("import-list", _("Imports"), "i", "file-up")
MONTH = Destination(
    "report-current", pgettext_lazy("the monthly report", "Month"), "r", "chart-column"
)
STANDARD = Destination("standard", pgettext_lazy("of a qualified lead", "Standard"), "s", "ruler")
SCREENING = Destination("screening-review", _("Screening"), "c", "funnel")
CADENCES = Destination("cadence-list", _("Cadences"), "d", "repeat")
INBOX = Destination("inbox", _("Inbox"), "n", "inbox")
LETTERS = Destination("letter-list", _("Letters"), "p", "stamp")
SETTINGS = Destination("settings", _("Settings"), "e", "settings")

DESTINATIONS: dict[str, tuple[Destination, ...]] = {
    Role.SPECIALIST: (TODAY, LEADS, SCREENING, CADENCES, LETTERS, HANDOFFS, IMPORTS, MONTH),
    Role.REP: (OPPORTUNITIES, LEADS),
    Role.MANAGER: (
        *(MONTH, LEADS, WORKLOAD, SCREENING, CADENCES, LETTERS),
        *(HANDOFFS, IMPORTS, STANDARD, SETTINGS),
    ),
    Role.ADMIN: (
        *(TODAY, LEADS, WORKLOAD, SCREENING, CADENCES, LETTERS),
        *(HANDOFFS, IMPORTS, MONTH, STANDARD, SETTINGS),
    ),
}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`navigation` and `dialogs`, made only where a template asks; `theme`, "" to follow the system."""

    def items() -> list[NavigationItem]:
        # A lead that is worked from the queue belongs to Today.
        here = reverse("today") if request.GET.get("from") == "today" else request.path
        waiting = _waiting(request)
        places = [(place, reverse(place.url_name)) for place in destinations(request)]
        if waiting or here.startswith(reverse(INBOX.url_name)):
            places.insert(min(2, len(places)), (INBOX, reverse(INBOX.url_name)))
        # The longest address that leads here, so that two places may share a beginning.
        nearest = max(
            (url for _place, url in places if here.startswith(url)), key=len, default=None
        )
        return [
            NavigationItem(
                label=str(place.label),
                url=url,
                key=place.key,
                icon=place.icon,
                current="" if url != nearest else "page" if url == request.path else "true",
                count=waiting if place is INBOX else 0,
            )
            for place, url in places
        ]

    theme = request.COOKIES.get("theme", "")
    return {
        "navigation": items,
        "dialogs": lambda: _dialogs(get_language()),
        "theme": theme if theme in THEMES else "",
        "engine_notice": lambda: _engine_notice(request),
    }


def _engine_notice(request: HttpRequest) -> str:
    """For managers, on every page but the engine's own: that nothing goes out by itself."""
    match = request.resolver_match
    if not getattr(getattr(request, "user", None), "manages", False) or (
        match and match.url_name == "engine"
    ):
        return ""
    paused = what_is_paused()
    if paused is None:
        return ""
    if paused == SwitchEvent.What.MAIL:
        return str(_("No mail goes out by itself: it is paused."))
    return str(_("Nothing goes out by itself: everything is paused."))


def _waiting(request: HttpRequest) -> int:
    """How many messages wait in the inbox for the reader: from the cache, never the database."""
    user = getattr(request, "user", None)
    return waiting_for(user) if isinstance(user, User) else 0


@lru_cache
def _dialogs(language: str | None) -> SafeString:
    """The keys and the commands: the same words on every page, so written once a language."""
    return render_to_string("components/dialogs.html")


def destinations(request: HttpRequest) -> tuple[Destination, ...]:
    """The places of the reader's role, the one they live in first; none for a stranger."""
    user = getattr(request, "user", None)
    return DESTINATIONS.get(getattr(user, "role", ""), ())
