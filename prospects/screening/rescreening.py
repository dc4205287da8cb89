"""Judging leads anew after a rule changed: first counted and shown, then done, in chunks.

Counting writes down what would become of each lead; doing looks at each again, locked, and changes only
what is still as it was shown. Either may stop at any chunk and go on there: a crash loses nothing, and
nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Max
from django.utils.translation import gettext as _
from psycopg2.extras import execute_values

from prospects import keys
from prospects.actions import NotAllowed
from prospects.keys import Reading
from prospects.models import Lead, Outcome, RescreenedLead, Rescreening, StageChange
from prospects.models.lead import LeadQuerySet
from prospects.screening.judging import (
    Candidate,
    Reason,
    Weight,
    is_doubtful,
    overruled,
    screen,
    verdict,
)
from prospects.screening.overruling import overruled_rules
from prospects.screening.rules import Proposal, Rules, rules_now, save_proposal
from prospects.stages import Stage
from prospects.stepping import Move, change_stages
from team.models import Role, User
from team.organisation import refuse_who_does_not_manage

CHUNK = 2000
KEPT_FOR = timedelta(days=90)
"""How long the leads of a re-screening that was done are kept; its counts stay."""
JUDGED = (Stage.RAW, Stage.SCREENED_OUT, Stage.NURTURING)


# Asking


@transaction.atomic
def ask_rescreening(*, by: User, now: datetime, proposal: Proposal | None = None) -> Rescreening:
    """Write down that the leads this person may see are to be counted by the rules, or by proposed ones.

    Their earlier previews that came to nothing are forgotten. Refuses (MayNotChange) who does not manage.
    """
    refuse_who_does_not_manage(by)
    Rescreening.objects.filter(by=by, wanted_at__isnull=True).delete()
    RescreenedLead.objects.filter(rescreening__finished_at__lt=now - KEPT_FOR).delete()
    return Rescreening.objects.create(
        by=by,
        team_ids=None if by.role == Role.ADMIN else by.team_ids,
        proposal=proposal or {},
        digest=rules_now(proposal).digest,
        asked_at=now,
        last_lead=Lead.objects.aggregate(last=Max("pk"))["last"] or 0,
    )


@transaction.atomic
def want_rescreening(*, rescreening: Rescreening, by: User, now: datetime) -> Rescreening:
    """Put the proposal in force and have the leads changed as they were shown.

    Refuses (NotAllowed) what is not counted yet, what was wanted or stopped before, and what was counted
    by rules that have changed since.
    """
    rescreening = _fresh(rescreening)
    if rescreening.counted_at is None:
        raise NotAllowed(_("It is still being counted."))
    save_proposal(rescreening.proposal, by=by, now=now)
    rescreening.wanted_at = now
    if not rescreening.leads.to_do().exists():
        rescreening.finished_at = now
    rescreening.save(update_fields=["wanted_at", "finished_at"])
    return rescreening


@transaction.atomic
def save_without_rescreening(*, rescreening: Rescreening, by: User, now: datetime) -> Rescreening:
    """Put the proposal in force for leads to come, and leave those there are. Refusals as above."""
    rescreening = _fresh(rescreening)
    save_proposal(rescreening.proposal, by=by, now=now)
    rescreening.stopped_at = now
    rescreening.save(update_fields=["stopped_at"])
    return rescreening


def _fresh(rescreening: Rescreening) -> Rescreening:
    rescreening = Rescreening.objects.select_for_update().get(pk=rescreening.pk)
    if rescreening.wanted_at is not None or rescreening.stopped_at is not None:
        raise NotAllowed(_("This was decided before."))
    if rules_now(rescreening.proposal).digest != rescreening.digest:
        raise NotAllowed(_("The rules have changed since this was counted: preview it again."))
    return rescreening


@transaction.atomic
def stop_rescreening(*, rescreening: Rescreening, now: datetime) -> Rescreening:
    """Leave it at what is done so far. What has finished stays as it is."""
    Rescreening.objects.under_way().filter(pk=rescreening.pk).update(stopped_at=now)
    rescreening.refresh_from_db()
    return rescreening


# Doing


def go_on(pk: int, *, now: datetime) -> bool:
    """Do the next chunk of a re-screening; False where there is nothing left, or another is at it."""
    with transaction.atomic():
        mine = Rescreening.objects.under_way().select_for_update(skip_locked=True)
        rescreening = mine.filter(pk=pk).first()
        if rescreening is None:
            return False
        if rescreening.counted_at is None:
            return _count(rescreening, now)
        return _change(rescreening, now)


def _count(rescreening: Rescreening, now: datetime) -> bool:
    """Write down what would become of the next leads."""
    rules = rules_now(rescreening.proposal)
    leads = Lead.objects.filter(
        pk__gt=rescreening.position, pk__lte=rescreening.last_lead, stage__in=JUDGED
    )
    if rescreening.team_ids is not None:
        leads = leads.filter(team__in=rescreening.team_ids)
    found = _found(leads.order_by("pk")[:CHUNK])
    if rules.digest != rescreening.digest:
        rescreening.digest, rescreening.stopped_at = rules.digest, now
        rescreening.save(update_fields=["digest", "stopped_at"])
        return False
    RescreenedLead.objects.bulk_create(
        (
            RescreenedLead(
                rescreening=rescreening,
                lead_id=lead.pk,
                outcome=fate.outcome,
                rule=fate.rule,
                words=fate.words,
            )
            for lead, fate in judged(found, rules)
            if fate is not None
        ),
        batch_size=CHUNK,
    )
    rescreening.looked_at += len(found)
    if found:
        rescreening.position = found[-1].pk
    if len(found) < CHUNK:
        rescreening.position = rescreening.last_lead
        rescreening.counted_at = now
        counts = rescreening.leads.values_list("outcome", "rule").annotate(leads=Count("pk"))
        rescreening.counts = [list(count) for count in counts.order_by("outcome", "rule")]
    rescreening.save(update_fields=["looked_at", "position", "counted_at", "counts"])
    return rescreening.counted_at is None


def _change(rescreening: Rescreening, now: datetime) -> bool:
    """Change the next leads that are still as they were shown; the others are passed over."""
    rows = {row.lead_id: row for row in rescreening.leads.to_do().order_by("lead")[:CHUNK]}
    if rows:
        # Locked in the order of their ids: whoever locks several does.
        ids = list(Lead.objects.filter(pk__in=rows).order_by("pk").select_for_update().values("pk"))
        found = _found(Lead.objects.filter(pk__in=[row["pk"] for row in ids]).order_by("pk"))
        moves: list[Move] = []
        findings: list[tuple[int, str]] = []
        for lead, fate in judged(found, rules_now()):
            row = rows[lead.pk]
            if fate is None or (fate.outcome, fate.rule) != (row.outcome, row.rule):
                continue
            findings.append((lead.pk, json.dumps(fate.findings, ensure_ascii=False)))
            moves.extend(_moves(lead, fate))
        change_stages(moves, now=now, by=None)
        _write_findings(findings)
        rescreening.leads.filter(lead__in=rows).update(done_at=now)
        rescreening.done += len(findings)
        rescreening.passed_over += len(rows) - len(findings)
    if len(rows) < CHUNK:
        rescreening.finished_at = now
    rescreening.save(update_fields=["done", "passed_over", "finished_at"])
    return rescreening.finished_at is None


def _moves(lead: Found, fate: Fate) -> Iterable[Move]:
    if fate.outcome == Outcome.OUT:
        yield Move(lead.pk, Stage.RAW, Stage.SCREENED_OUT, fate.rule, fate.words)
    elif fate.outcome == Outcome.BACK:
        yield Move(lead.pk, Stage.SCREENED_OUT, Stage.RAW, "rescreened")


def _write_findings(findings: list[tuple[int, str]]) -> None:
    if not findings:
        return
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            """
            UPDATE prospects_lead AS lead SET screening = said.screening::jsonb
              FROM (VALUES %s) AS said (id, screening) WHERE lead.id = said.id
            """,
            findings,
            page_size=len(findings),
        )


# Judging


class Found(NamedTuple):
    """What screening asks of a stored lead."""

    pk: int
    stage: str
    screening: list[dict[str, Any]]
    title: str | None
    email: str | None
    email_key: str | None
    email_invalid_at: datetime | None
    phone: str | None
    phone_key: str | None
    company: str | None
    company_key: str | None
    domain: str | None
    street: str | None
    city: str | None
    country: str | None
    naics: str | None
    employees: int | None

    def candidate(self, country: str) -> Candidate:
        """As screening sees it; `country`: where we dial from."""
        email, phone, there = self.email or "", self.phone or "", self.country or country
        return Candidate(
            title=self.title or "",
            company=self.company or "",
            company_key=self.company_key or "",
            domain=self.domain or "",
            email=email,
            email_reading=Reading(self.email_key) if self.email_key else keys.read_email(email),
            email_is_dead=self.email_invalid_at is not None,
            phone=phone,
            phone_reading=(
                Reading(self.phone_key) if self.phone_key else keys.read_phone(phone, there)
            ),
            street=self.street or "",
            city=self.city or "",
            country=self.country or "",
            naics=self.naics or "",
            employees=self.employees,
        )


FOUND_AT = (
    *("pk", "stage", "screening"),
    *("contact__title", "contact__email", "contact__email_key", "contact__email_invalid_at"),
    *("contact__phone", "contact__phone_key"),
    *("company__name", "company__name_key", "company__domain", "company__street"),
    *("company__city", "company__country", "company__naics__code", "company__employees"),
)


def _found(leads: LeadQuerySet) -> list[Found]:
    return [Found(*values) for values in leads.values_list(*FOUND_AT)]


@dataclass(frozen=True)
class Fate:
    """What the rules would make of a lead that is otherwise now."""

    outcome: str
    rule: str
    words: str
    findings: list[dict[str, Any]]


def judged(found: Sequence[Found], rules: Rules) -> Iterable[tuple[Found, Fate | None]]:
    """Each lead with what would become of it, None where nothing: two queries for all."""
    without = overruled_rules([lead.pk for lead in found])
    by_rule = _screened_out_by_rule([lead.pk for lead in found if lead.stage == Stage.SCREENED_OUT])
    for lead in found:
        reasons = screen(lead.candidate(rules.country), rules.lists, rules.market)
        kept = overruled(reasons, without.get(lead.pk, frozenset()))
        yield lead, _fate(lead, reasons, kept, by_rule=lead.pk in by_rule)


def _fate(lead: Found, reasons: list[Reason], kept: list[Reason], *, by_rule: bool) -> Fate | None:
    """`reasons` are all findings, `kept` those that nobody overruled."""
    against, overruled_one = verdict(kept), verdict(reasons)
    # What a person said stands as it was written.
    said = {found["rule"]: found for found in lead.screening if "said" in found}
    findings = [
        *(found for found in lead.screening if "by" in found and "said" not in found),
        *(said.get(r.rule, r.stored) if r.weight == Weight.OVERRULED else r.stored for r in kept),
    ]

    def fate(outcome: Outcome, reason: Reason | None) -> Fate:
        rule, words = (str(reason.rule), reason.words) if reason else ("", "")
        return Fate(outcome, rule, words, findings)

    if lead.stage == Stage.SCREENED_OUT:
        # What a person screened out, or another system, stays so until a person says otherwise.
        return fate(Outcome.BACK, None) if against is None and by_rule else None
    if lead.stage == Stage.NURTURING:
        return fate(Outcome.LISTED, against) if against else None
    if against is not None:
        return fate(Outcome.OUT, against)
    was = any(found.get("weight") == Weight.DOUBT for found in lead.screening)
    doubt = next((r for r in kept if r.weight == Weight.DOUBT), None)
    if is_doubtful(kept) and not was:
        return fate(Outcome.DOUBT, doubt)
    if was and doubt is None:
        return fate(Outcome.CLEAR, None)
    return fate(Outcome.KEPT, overruled_one) if overruled_one else None


def _screened_out_by_rule(lead_ids: list[int]) -> set[int]:
    """Those of the leads that a rule of ours screened out last, no person and no other system."""
    if not lead_ids:
        return set()
    changes = StageChange.objects.filter(
        lead__in=lead_ids, to_stage=Stage.SCREENED_OUT, superseded_at__isnull=True
    ).order_by("at", "id")
    last = {
        change.lead_id: change.by_id is None and not change.brought_along
        for change in changes.only("lead_id", "by_id", "brought_along")
    }
    return {lead_id for lead_id, is_ours in last.items() if is_ours}


# What the page shows

FIRST = 5


def first_leads(rescreening: Rescreening) -> dict[tuple[str, str], list[RescreenedLead]]:
    """The first leads of every outcome and rule: one query, whatever the numbers."""
    firsts = [
        rescreening.leads.filter(outcome=outcome, rule=rule).order_by("pk").values("pk")[:FIRST]
        for outcome, rule, _count in rescreening.counts
    ]
    if not firsts:
        return {}
    chosen = firsts[0].union(*firsts[1:], all=True) if len(firsts) > 1 else firsts[0]
    rows = rescreening.leads.filter(pk__in=chosen).order_by("pk")
    groups: dict[tuple[str, str], list[RescreenedLead]] = {}
    for row in rows.select_related("lead__company", "lead__contact"):
        groups.setdefault((row.outcome, row.rule), []).append(row)
    return groups
