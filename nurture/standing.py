"""Where a lead stands: its path, its ten attributes, what is before the gate, its attempts.

Pure but for the addresses of pages: made of what `reads.lead_page` has read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.story import day, said
from nurture.touching import ATTEMPTS_BEFORE_GIVING_UP, Channel, ConnectAttempt, may_give_up
from prospects.models import Lead, RecordedAnswer
from prospects.qualification import (
    DERIVED,
    QUESTIONS,
    Assessment,
    Attribute,
    Basis,
    Finding,
    Horizon,
    State,
    Terms,
)
from prospects.stages import Stage
from team.templatetags.look import age, money_short


@dataclass(frozen=True)
class Step:
    """One stage of the path."""

    label: str
    state: str
    note: str = ""


@dataclass(frozen=True)
class FactRow:
    """One of the ten attributes, with what it rests on."""

    key: str
    name: str
    state: str
    state_label: str
    is_open: bool
    url: str
    """Where it is answered; empty for what only a conversation can answer."""
    letter: str
    """The key that goes there."""
    meta: str
    """Short: the code, the size, or the age of the evidence."""
    words: str
    evidence: str
    asks: str
    """Where it is open: the question to ask."""
    why: str
    """Where it is open: what stands in the way."""


@dataclass(frozen=True)
class Hurdle:
    """One thing between the lead and sales, in words, and where it is cleared."""

    words: str
    url: str


@dataclass(frozen=True)
class AttemptCell:
    state: str
    call: bool = False
    voicemail: bool = False
    email: bool = False


def question_before_gate(assessment: Assessment) -> str:
    for attribute in assessment.open_attributes:
        return str(QUESTIONS[attribute])
    return ""


ELSEWHERE = {
    Attribute.INDUSTRY: "company-edit",
    Attribute.FIRMOGRAPHICS: "company-edit",
    Attribute.PEOPLE: "contact-new",
}
"""The pages (URL names) where the attributes that are derived get their facts."""
LETTERS = {
    Attribute.ENVIRONMENT: "e",
    Attribute.PAIN: "a",
    Attribute.PROCESS: "d",
    Attribute.BUDGET: "b",
    Attribute.COMPETITION: "c",
    Attribute.URGENCY: "r",
}
"""The keys that go to the answers; none is taken elsewhere on the page."""
SOON = timedelta(days=14)


def answered_at(lead: Lead, attribute: str) -> str:
    """The address where an attribute is answered; empty for what only a conversation can answer."""
    if attribute == Attribute.ENGAGED:
        return ""
    if attribute in DERIVED:
        return reverse(ELSEWHERE[Attribute(attribute)], args=[lead.pk])
    return reverse("answer-document", args=[lead.pk, attribute])


def fact_rows(
    lead: Lead,
    assessment: Assessment,
    answers: Sequence[RecordedAnswer],
    currency: str,
    now: datetime,
) -> tuple[FactRow, ...]:
    """The ten attributes in their order."""
    current = {a.attribute: a for a in answers if a.superseded_at is None}
    return tuple(
        _fact_row(lead, finding, current, currency, now) for finding in assessment.findings.values()
    )


def _fact_row(
    lead: Lead,
    finding: Finding,
    current: Mapping[str, RecordedAnswer],
    currency: str,
    now: datetime,
) -> FactRow:
    attribute = Attribute(finding.attribute)
    answer = current.get(finding.attribute)
    known = finding.state != State.UNKNOWN
    return FactRow(
        key=str(attribute),
        name=str(attribute.label),
        state=finding.state,
        state_label=str(State(finding.state).label).lower(),
        is_open=not finding.documented,
        url=answered_at(lead, attribute),
        letter=LETTERS.get(attribute, ""),
        meta=_meta(lead, finding, currency, now) if known else "",
        words=_known_words(lead, attribute, answer),
        evidence=_evidence(finding, answer, now),
        asks=str(QUESTIONS[attribute]) if not finding.documented else "",
        why=finding.why,
    )


def _meta(lead: Lead, finding: Finding, currency: str, now: datetime) -> str:
    company = lead.company
    match finding.attribute:
        case Attribute.INDUSTRY if company and company.industry:
            return company.industry.code
        case Attribute.FIRMOGRAPHICS if company:
            return f"{money_short(company.revenue, currency)} · {company.employees:,} · {company.locations:,}"
        case Attribute.PEOPLE:
            return finding.fact.words
        case _:
            return age(finding.fact.since, now)


def _known_words(lead: Lead, attribute: Attribute, answer: RecordedAnswer | None) -> str:
    if attribute not in DERIVED:
        return said(answer) if answer else ""
    if attribute == Attribute.INDUSTRY and lead.company and lead.company.industry:
        return lead.company.industry.title
    return ""


def _evidence(finding: Finding, answer: RecordedAnswer | None, now: datetime) -> str:
    if answer is not None:
        evidence = answer.evidence or str(Basis(answer.basis).label).lower()
    elif finding.fact.is_empty or finding.attribute == Attribute.ENGAGED:
        evidence = ""
    else:
        evidence = str(Basis(finding.fact.basis).label).lower() if finding.fact.basis else ""
    if finding.changes_at is not None and finding.changes_at - now < SOON:
        until = _("counts until %s") % day(finding.changes_at)
        evidence = f"{evidence} · {until}" if evidence else until
    return evidence


def hurdles_of(lead: Lead, assessment: Assessment, terms: Terms) -> tuple[Hurdle, ...]:
    """What stands between the lead and the gate, the cheapest first; links stay on the page."""
    hurdles = [
        Hurdle(str(Attribute(attribute).label).lower(), f"#fact-{attribute}")
        for attribute in assessment.open_attributes
    ]
    if assessment.touches_missing:
        words = ngettext(
            "%d more touch of ours", "%d more touches of ours", assessment.touches_missing
        )
        hurdles.append(Hurdle(words % assessment.touches_missing, "#touch"))
    if not assessment.horizon_met:
        words = _("a %s horizon") % str(Horizon(terms.least_horizon).label).lower()
        hurdles.append(Hurdle(words, reverse("lead-edit", args=[lead.pk])))
    if not assessment.signed:
        words = _("a standard that marketing and sales have signed")
        hurdles.append(Hurdle(words, reverse("standard")))
    return tuple(hurdles)


def before_sales(lead: Lead, missing: int) -> str:
    if not lead.is_worked:
        return ""
    if not missing:
        return _("ready for sales")
    return ngettext("%d stands before sales", "%d stand before sales", missing) % missing


def path_of(lead: Lead, missing: int, now: datetime) -> tuple[Step, ...]:
    """Raw, nurturing, qualified, sales: where the lead is, or where it stopped.

    `missing`: how much stands between it and the gate.
    """
    stage = Stage(lead.stage)
    stops = {
        Stage.SCREENED_OUT: 0,
        Stage.UNABLE_TO_QUALIFY: 1,
        Stage.DISQUALIFIED: 1 if lead.entered_program_at else 0,
        Stage.LOST: 3,
    }
    places = {
        Stage.RAW: 0,
        Stage.NURTURING: 1,
        Stage.QUALIFIED: 2,
        Stage.HANDED_OFF: 3,
        Stage.ACCEPTED: 3,
        Stage.WON: 3,
    }
    here = stops.get(stage, places.get(stage, 0))
    labels = [str(s.label) for s in (Stage.RAW, Stage.NURTURING, Stage.QUALIFIED)] + [_("Sales")]
    notes = [
        day(lead.received_at),
        age(lead.entered_program_at, now) if lead.entered_program_at else "",
        day(lead.qualified_at) if lead.qualified_at and here > 1 else "",
        lead.rep.get_short_name() if lead.rep else "",
    ]
    labels[here] = str(stage.label)
    if stage == Stage.NURTURING:
        notes[2] = ngettext("%d missing", "%d missing", missing) % missing if missing else ""
    if stage in stops or stage in (Stage.WON, Stage.QUALIFIED):
        notes[here] = day(lead.stage_at)
    now_state = "stopped" if stage in stops else "done" if stage == Stage.WON else "now"
    return tuple(
        Step(label, "done" if at < here else now_state if at == here else "ahead", note)
        for at, (label, note) in enumerate(zip(labels, notes, strict=True))
    )


def attempt_cells(attempts: Sequence[ConnectAttempt], now: datetime) -> tuple[AttemptCell, ...]:
    """Six cells: the latest attempts, and those ahead."""

    def cell(attempt: ConnectAttempt) -> AttemptCell:
        if attempt.conversation_at is not None:
            state = "talked"
        elif attempt.is_complete:
            state = "complete"
        else:
            state = "open" if attempt.is_open_at(now) else "ended"
        made = attempt.channels
        return AttemptCell(
            state, Channel.PHONE in made, Channel.VOICEMAIL in made, Channel.EMAIL in made
        )

    cells = [cell(attempt) for attempt in attempts[-ATTEMPTS_BEFORE_GIVING_UP:]]
    ahead = [AttemptCell("ahead")] * (ATTEMPTS_BEFORE_GIVING_UP - len(cells))
    return tuple(cells + ahead)


def missing_to_give_up(lead: Lead, attempts: Sequence[ConnectAttempt]) -> str:
    """Why the lead may not be given up yet, in words; empty when it may be."""
    if lead.conversation_at is not None:
        return _("They talked to us; a lead is given up only when nobody ever did.")
    if may_give_up(attempts, had_conversation=False):
        return ""
    complete = sum(attempt.is_complete for attempt in attempts)
    missing = ATTEMPTS_BEFORE_GIVING_UP - complete
    return (
        ngettext(
            "%d more complete attempt comes first.",
            "%d more complete attempts come first.",
            missing,
        )
        % missing
    )
