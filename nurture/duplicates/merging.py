"""Merges leads, people and companies, with all that touches, promises and suppressions have to do with it.

The records themselves are `prospects.duplicates.merge_actions`' matter. Here: one cadence at a time, the strictest
word about an address, and attempts and the next touch counted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from nurture.actions import plan_next, suppressible_address
from nurture.attempts import regroup
from nurture.cadences.enrolling import stop
from nurture.engine.crash_points import passing
from nurture.models import AnswerEvidence, Enrolment, Touch
from nurture.touching import Channel
from prospects.actions import locked, reassess
from prospects.consents.actions import suppress_address
from prospects.consents.hashing import hash_of
from prospects.duplicates import merge_actions
from prospects.duplicates.merge_actions import CannotUndo, Undone, Wishes
from prospects.duplicates.merge_fields import Picks
from prospects.models import Company, Consent, Contact, Lead, Merge, Suppression
from prospects.stages import Stage
from team.models import User

ADDRESSED = (Channel.PHONE, Channel.EMAIL, Channel.LETTER)


@transaction.atomic
def merge_leads(
    *, first: Lead, second: Lead, wishes: Wishes, by: User, now: datetime
) -> tuple[Lead, Merge]:
    """Make one lead of two; returns the one that is kept, and the merge for undoing it.

    Nothing is lost: touches, promises, handoffs, answers, arrivals and the cadence go along; whoever
    asked not to be contacted on an address is not contacted on the one that is kept either. Refuses
    (NotAllowed) what `prospects.duplicates.merge_actions.merging_leads` does.
    """
    with merge_actions.merging_leads(
        first=first, second=second, wishes=wishes, by=by, now=now, before=_one_cadence
    ) as merging:
        _carry_refusals(merging.contacts, now)
        passing("in a merge")
        regroup([merging.kept.pk])
        kept = locked(merging.kept)
        reassess(lead=kept, now=now)
        plan_next(lead=kept, now=now)
    return kept, merging.merge


def _one_cadence(kept: Lead, other: Lead, by: User, now: datetime) -> None:
    """A lead runs through one cadence at a time, and through none outside the program."""
    running = Q(lead=kept)
    only_other = not Enrolment.objects.active().filter(running).exists()
    if not (only_other and kept.stage == Stage.NURTURING):
        stop(
            Q(lead=other),
            Enrolment.End.MERGED,
            now=now,
            by=by,
            words=_("merged into another lead"),
        )


@transaction.atomic
def merge_contacts(
    *, first: Contact, second: Contact, picks: Picks, by: User, now: datetime
) -> Merge:
    """Make one person of two. Refuses (NotAllowed) as merging leads does."""
    with merge_actions.merging_contacts(
        first=first, second=second, picks=picks, by=by, now=now
    ) as (merge, _leads, people):
        _carry_refusals(people, now)
    return merge


@transaction.atomic
def merge_companies(
    *, first: Company, second: Company, picks: Picks, by: User, now: datetime
) -> Merge:
    """Make one company of two; its people and leads stay apart. Refuses (NotAllowed) likewise."""
    with merge_actions.merging_companies(
        first=first, second=second, picks=picks, by=by, now=now
    ) as (merge, _leads):
        pass
    return merge


@transaction.atomic
def undo_merge(*, merge: Merge, by: User, now: datetime) -> Undone:
    """Make two of one again. What was logged since stays with the one that was kept.

    Refuses (CannotUndo) where that cannot be told apart any more. A suppression stays for ever, and a
    cadence that the merge ended is not begun again.
    """
    undone = merge_actions.undo(merge=merge, by=by, now=now)
    _refuse_what_hangs_together(undone.leads)
    regroup(undone.leads)
    if undone.went_on:
        for pk in undone.leads:
            lead = locked(Lead(pk=pk))
            reassess(lead=lead, now=now)
            plan_next(lead=lead, now=now)
    return undone


def _refuse_what_hangs_together(leads: Sequence[int]) -> None:
    """What was written since may rest on a touch that would go back to the other lead."""
    reasons = []
    if (
        Touch.objects.filter(lead__in=leads)
        .exclude(supersedes__lead=F("lead"))
        .filter(supersedes__isnull=False)
    ):
        reasons.append(_("a touch was corrected"))
    if AnswerEvidence.objects.filter(answer__lead__in=leads).exclude(touch__lead=F("answer__lead")):
        reasons.append(_("an answer rests on a touch of the other lead"))
    if reasons:
        raise CannotUndo(reasons)


def _carry_refusals(people: Sequence[tuple[Contact, Contact]], now: datetime) -> None:
    """The strictest word counts: what one address may not be used for, the one kept may not either.

    Consent stays with the address that it was given for; one that was taken back is taken back for the
    address that is kept too.
    """
    for kept, other in people:
        now_kept = Contact.objects.select_related("company").get(pk=kept.pk)
        for channel in ADDRESSED:
            address = suppressible_address(now_kept, channel)
            known = {
                hash_of(channel, one)
                for person in (kept, other)
                if (one := suppressible_address(person, channel))
            }
            if not (address and known):
                continue
            against = Suppression.objects.filter(channel=channel, address_hash__in=known).first()
            if against is not None:
                suppress_address(
                    kind=channel,
                    address=address,
                    why=against.why,
                    source=Suppression.Source.MERGE,
                    now=now,
                )
            _carry_withdrawal(now_kept, hash_of(channel, address), known, now)


def _carry_withdrawal(kept: Contact, hashed: str, known: set[str], now: datetime) -> None:
    withdrawn = Consent.objects.filter(address_hash__in=known, withdrawn_at__isnull=False)
    latest = withdrawn.order_by("-withdrawn_at").first()
    if latest is None or latest.address_hash == hashed:
        return
    Consent.objects.create(
        contact=kept,
        channel=latest.channel,
        address_hash=hashed,
        basis=latest.basis,
        source=latest.source,
        words=latest.words,
        given_at=latest.given_at,
        expires_at=latest.expires_at,
        recorded_at=now,
        withdrawn_at=latest.withdrawn_at,
        withdrawn_by=latest.withdrawn_by,
        withdrawn_why=latest.withdrawn_why,
    )
