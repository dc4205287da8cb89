"""What people decided about findings of screening, kept on the lead and in its own history.

Sets of leads or one: no stage is changed here, and nothing is locked; callers do both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

from prospects.models import Lead, Overruling
from prospects.screening.judging import FLAGS, Reason, Rule, Weight
from team.models import User

RULES = frozenset(Rule.values)


def findings_of(lead: Lead) -> list[Reason]:
    """What screening has found about the lead, as stored."""
    return [
        Reason(found["rule"], found["words"], found.get("weight", Weight.VERDICT))
        for found in lead.screening
    ]


def overruled_rules(lead_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The rules that people overruled, by lead: one query."""
    found: dict[int, set[str]] = defaultdict(set)
    standing = Overruling.objects.standing().filter(lead__in=lead_ids)
    for lead_id, rule in standing.values_list("lead", "rule"):
        found[lead_id].add(rule)
    return {lead_id: frozenset(rules) for lead_id, rules in found.items()}


def overrule(*, lead: Lead, by: User, now: datetime, why: str = "", reason: str = "") -> None:
    """Take every verdict and doubt about the lead as not holding; `reason` is one told elsewhere.

    The findings stay on the lead, marked as overruled. Call it with the lead `locked`.
    """
    against = {
        found["rule"]: found["words"]
        for found in lead.screening
        if found.get("weight", Weight.VERDICT) in (Weight.VERDICT, Weight.DOUBT)
    }
    if reason in RULES - FLAGS:
        against.setdefault(reason, "")
    Overruling.objects.bulk_create(
        Overruling(lead=lead, rule=rule, words=words, why=why, by=by, at=now)
        for rule, words in against.items()
    )
    said = f"{by}, {date_format(localtime(now), 'M j, Y')}"
    lead.screening = [
        found
        | {
            "weight": str(Weight.OVERRULED),
            "was": found.get("weight", Weight.VERDICT),
            "said": f"{said}: {why}" if why else said,
        }
        if found["rule"] in against and found.get("weight") != Weight.OVERRULED
        else found
        for found in lead.screening
    ]
    lead.save(update_fields=["screening"])


def note_verdict(*, lead: Lead, reason: str, words: str, by: User) -> None:
    """A person's own verdict, before what the rules found: it is the reason the lead is out for."""
    said = Reason(reason, words or str(Rule(reason).label)).stored | {"by": str(by.pk)}
    lead.screening = [said, *(found for found in lead.screening if "by" not in found)]
    lead.save(update_fields=["screening"])


def take_back(*, lead: Lead, by: User, since: datetime, now: datetime) -> None:
    """Withdraw what this person said of the lead's findings since then: a slip of the hand."""
    mine = Overruling.objects.standing().filter(lead=lead, by=by, at__gte=since)
    rules = set(mine.values_list("rule", flat=True))
    mine.update(taken_back_at=now)
    lead.screening = [
        {name: found[name] for name in ("rule", "words")}
        | {"weight": found.get("was", str(Weight.DOUBT))}
        if found["rule"] in rules
        else found
        for found in lead.screening
        if found.get("by") != str(by.pk)
    ]
    lead.save(update_fields=["screening"])
