"""The dossier as a PDF: its words for the page, and the process that sets them in type."""

from __future__ import annotations

import subprocess
import tempfile
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from handoff.dossier import Dossier, Individual, Known
from prospects.qualification import BuyingRole, State
from team.paper import PaperJam, paper_of, set_in_type
from team.templatetags.look import money

SECONDS = 20


def dossier_pdf(dossier: Dossier, *, meta: str, country: str) -> bytes:
    """The dossier on A4, or on Letter where the organisation's country uses that (PaperJam).

    `meta`: the line on top, who handed it to whom. Takes a fifth of a second.
    """
    words = page_of(dossier, meta=meta, paper=paper_of(country))
    try:
        with tempfile.TemporaryFile() as made:
            set_in_type("handoff/dossier.typ", words, out=made, seconds=SECONDS)
            made.seek(0)
            return made.read()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise PaperJam(_("The PDF could not be made. Print the page instead.")) from error


def page_of(dossier: Dossier, *, meta: str, paper: str) -> dict[str, Any]:
    """What templates/handoff/dossier.typ shows: plain words, in the reader's language and zone."""
    return {
        "paper": paper,
        "lang": (get_language() or "en").split("-")[0],
        "author": dossier.word.by or dossier.specialist,
        "meta": meta,
        "headline": dossier.headline,
        "said": dossier.word.said,
        "said_by": dossier.word.by,
        "opening": dossier.opening,
        "call": _call(dossier),
        "figures": [vars(figure) for figure in dossier.figures],
        "sections": _sections(dossier),
        "people": [_person(person, dossier.day_format) for person in dossier.people],
        "company": _company(dossier),
        "history": [
            {
                "when": date_format(localtime(entry.at), dossier.day_format),
                "title": entry.title,
                "who": entry.who,
                "note": entry.note,
                "documented": _("Documented: %s") % entry.documented_in_words
                if entry.documented
                else "",
                "two_way": entry.two_way,
            }
            for entry in dossier.history
        ],
        "titles": {
            "people": _("People"),
            "company": _("Company"),
            "history": _("The whole history"),
            "no_history": _("No touch is recorded."),
        },
        "footer": _("%(headline)s · frozen %(day)s")
        % {
            "headline": dossier.company.name or dossier.headline,
            "day": date_format(localtime(dossier.frozen_at), "M j, Y, g:i a"),
        },
    }


def _call(dossier: Dossier) -> str:
    call = dossier.expected_call
    if call is None:
        return ""
    return _("%(who)s expects your call on %(day)s") % {
        "who": call.contact or dossier.company.name,
        "day": date_format(localtime(call.due_at), "l, F j, g:i a"),
    }


def _sections(dossier: Dossier) -> list[dict[str, Any]]:
    pain, process, budget = dossier.pain, dossier.process, dossier.budget
    urgency, competition = dossier.urgency, dossier.competition
    decision = (
        _("Decision on %s") % date_format(process.on, "F j, Y") if process.on is not None else ""
    )
    event_on = date_format(urgency.on, "F j, Y") if urgency.on is not None else ""
    nobody = _("Nobody: they said so.") if competition.nobody else ""
    sections = [
        _section(
            _("Pain, in their words") if pain.is_their_word else _("Pain"),
            pain,
            pain.words,
            quote=pain.is_their_word,
        ),
        {
            "title": _("Hot buttons"),
            "items": [
                {
                    "words": button.words,
                    "quote": False,
                    "evidence": ", ".join(
                        filter(
                            None,
                            (
                                button.evidence,
                                date_format(localtime(button.at), dossier.day_format)
                                if button.at and button.touch
                                else "",
                            ),
                        )
                    ),
                }
                for button in dossier.hot_buttons
            ]
            or [_nothing(_("Nothing recorded. Ask what matters most to them."))],
        },
        _section(_("How they decide"), process, _joined(process.words, decision)),
        _section(
            _("Budget"), budget, _joined(money(budget.amount, dossier.currency), budget.words)
        ),
        _section(_("Why now"), urgency, _joined(urgency.words, event_on, by=", ")),
        _section(_("Who else"), competition, _joined(nobody, competition.words, by=" ")),
        _section(_("What they run"), dossier.environment, dossier.environment.words),
        {
            "title": _("Promised"),
            "items": [
                {
                    "words": f"{pledge.words or pledge.channel_label}"
                    f" ({_('kept') if pledge.kept_at else _('open')})",
                    "quote": False,
                    "evidence": " · ".join(
                        part
                        for part in (
                            pledge.channel_label,
                            date_format(localtime(pledge.due_at), "M j, Y, g:i a"),
                            pledge.contact,
                            _("promised by %s") % pledge.by,
                        )
                        if part
                    ),
                }
                for pledge in dossier.promised
            ]
            or [_nothing(_("Nothing was promised."))],
        },
    ]
    if dossier.note:
        sections.append({"title": _("Note"), "items": [_item(dossier.note)]})
    sections.extend(
        {
            "title": _("It was with sales before"),
            "items": [_item(earlier.in_words)],
        }
        for earlier in dossier.earlier
    )
    return sections


def _section(title: str, known: Known, words: str, *, quote: bool = False) -> dict[str, Any]:
    if not known.is_known:
        return {"title": title, "items": [_nothing(_("Nothing recorded."))]}
    doubt = ""
    if known.state in (State.STALE, State.CONTRADICTED):
        doubt = f"{known.state_label}: {known.why_not}"
    elif not known.is_their_word:
        doubt = _("Assumed, not their word")
    evidence = " · ".join(part for part in (doubt, known.rests_on) if part)
    return {"title": title, "items": [{"words": words, "quote": quote, "evidence": evidence}]}


def _item(words: str) -> dict[str, Any]:
    return {"words": words, "quote": False, "evidence": ""}


def _nothing(words: str) -> dict[str, Any]:
    return {"words": "", "quote": False, "evidence": words}


def _joined(*parts: str, by: str = ". ") -> str:
    return by.join(part for part in parts if part)


def _person(person: Individual, day_format: str) -> dict[str, Any]:
    about = [person.title]
    about.append(
        _("talked to us %s") % date_format(localtime(person.talked_at), day_format)
        if person.talked_at
        else _("never talked to us")
    )
    if person.role != BuyingRole.UNKNOWN:
        about.append(
            _("role confirmed %s") % date_format(localtime(person.role_confirmed_at), day_format)
            if person.role_confirmed_at
            else _("role assumed")
        )
    reach = [
        f"{address} ({bar})" if bar else address
        for address, bar in ((person.phone, person.phone_bar), (person.email, person.email_bar))
        if address
    ]
    return {
        "name": person.shown_name,
        "role": ", ".join(part for part in (person.role_in_words, person.stance) if part),
        "decides": person.decides,
        "about": " · ".join(part for part in about if part),
        "reach": reach,
    }


def _company(dossier: Dossier) -> list[dict[str, str]]:
    company = dossier.company
    industry = f"{company.industry}, {company.industry_system} {company.industry_code}"
    unknown = _("not known")
    facts = [
        (_("Name"), company.name, ""),
        (_("Industry"), industry if company.industry else "", dossier.industry.rests_on),
        (_("Size"), dossier.size_in_words, dossier.firmographics.rests_on),
        (_("Where"), company.address, ""),
        (_("Website"), company.domain, ""),
        (_("Source"), dossier.source, ""),
    ]
    return [
        {"label": label, "value": value or unknown, "evidence": evidence}
        for label, value, evidence in facts
    ]
