"""The pages of settings, as the index lists them: each a plain question, for those who may answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from team.models import Role, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def anybody(user: User) -> bool:
    return True


def manages(user: User) -> bool:
    return user.manages


def works_leads(user: User) -> bool:
    return user.works_leads


def administers(user: User) -> bool:
    return user.role == Role.ADMIN


@dataclass(frozen=True)
class SettingsPage:
    """One page of settings. `question` is what it answers, in a sentence."""

    url_name: str
    title: _StrPromise
    question: _StrPromise
    may: Callable[[User], bool] = manages
    arguments: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return reverse(self.url_name, args=self.arguments)


@dataclass(frozen=True)
class SettingsPart:
    """Pages that belong together."""

    title: _StrPromise
    pages: tuple[SettingsPage, ...]


PARTS = (
    SettingsPart(
        _("What a good lead is"),
        (
            SettingsPage(
                "standard",
                _("The standard"),
                _("What must be true of a lead before it goes to a rep?"),
                anybody,
            ),
            SettingsPage(
                "market-edit",
                _("The market"),
                _(
                    "In which countries, to which industries and companies of what size do you sell?"
                ),
            ),
        ),
    ),
    SettingsPart(
        _("Who is screened out"),
        (
            SettingsPage(
                "screening-rules",
                _("Screening"),
                _("By which rules are leads screened, and were those there are screened by them?"),
            ),
            SettingsPage(
                "listing-list",
                _("Competitors"),
                _("Whose people must never get into the program?"),
                arguments=("competitor",),
            ),
            SettingsPage(
                "listing-list",
                _("Consultants"),
                _("Which companies advise and never buy?"),
                arguments=("consultant",),
            ),
        ),
    ),
    SettingsPart(
        _("Where leads come from"),
        (
            SettingsPage(
                "source-list",
                _("Sources and forms"),
                _("Through which forms do people ask by themselves, and what came of them?"),
            ),
            SettingsPage(
                "source-costs", _("Costs of sources"), _("What did each source cost in a month?")
            ),
            SettingsPage(
                "inquiry-list",
                _("Kept aside"),
                _("Is what looks like spam really spam?"),
                works_leads,
            ),
        ),
    ),
    SettingsPart(
        _("What happens by itself"),
        (
            SettingsPage(
                "template-list",
                _("Templates"),
                _("With which words do you write and call, and what comes of them?"),
            ),
            SettingsPage(
                "mail-settings",
                _("Mail"),
                _("Who does automatic mail come from, and does it leave at all?"),
                administers,
            ),
            SettingsPage(
                "engine",
                _("Engine"),
                _("What is due, what hangs, what was refused, and should anything go out at all?"),
            ),
            SettingsPage(
                "engine-limits",
                _("Limits of the mail"),
                _("How many complaints and wrong addresses are too many?"),
            ),
            SettingsPage(
                "contacting",
                _("Contacting people"),
                _("How often, at which hours, and on what ground may people be contacted, where?"),
                anybody,
            ),
            SettingsPage(
                "suppressions",
                _("Left alone"),
                _("Which addresses must not be used, since when and why?"),
            ),
        ),
    ),
    SettingsPart(
        _("The organization"),
        (
            SettingsPage(
                "team-settings",
                _("People and territories"),
                _("How much may each have, what are they responsible for, and who is away?"),
            ),
            SettingsPage(
                "organisation-edit",
                _("Organization"),
                _("What are you called, where are you, and by which clock and money do you count?"),
                administers,
            ),
        ),
    ),
)


def settings_parts(user: User) -> list[SettingsPart]:
    """The parts with the pages that this person may open."""
    parts = [
        SettingsPart(part.title, tuple(page for page in part.pages if page.may(user)))
        for part in PARTS
    ]
    return [part for part in parts if part.pages]
