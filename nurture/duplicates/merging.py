"""Merges leads, people and companies, with all that touches, promises and suppressions have to do with it.

The records themselves are `prospects.duplicates.merge_actions`' matter. Here: one cadence at a time, the strictest
word about an address, and attempts and the next touch counted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from nurture.actions import plan_next, suppressible_address
from nurture.attempts import regroup
from nurture.cadences.enrolling import stop
from nurture.contactability import address_channel, address_hash
from nurture.models import AnswerEvidence, Enrolment, Suppression, Touch
from nurture.touching import Channel
from prospects.actions import locked, reassess
from prospects.duplicates import merge_actions
from prospects.duplicates.merge_actions import CannotUndo, Undone, Wishes
from prospects.duplicates.merge_fields import Picks
from prospects.models import Company, Contact, Lead, Merge
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
        _carry_suppressions(merging.contacts, now)
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
        _carry_suppressions(people, now)
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


def _carry_suppressions(people: Sequence[tuple[Contact, Contact]], now: datetime) -> None:
    """Whom one of the two addresses may not be used for, the address that is kept may not either."""
    for kept, other in people:
        now_kept = Contact.objects.select_related("company").get(pk=kept.pk)
        for channel in ADDRESSED:
            known = {
                address_hash(settings.SUPPRESSION_KEY, address_channel(channel), address)
                for person in (kept, other)
                if (address := suppressible_address(person, channel))
            }
            against = Suppression.objects.filter(
                channel=address_channel(channel), address_hash__in=known
            ).first()
            address = suppressible_address(now_kept, channel)
            if against is not None and address:
                Suppression.objects.get_or_create(
                    channel=address_channel(channel),
                    address_hash=address_hash(
                        settings.SUPPRESSION_KEY, address_channel(channel), address
                    ),
                    defaults={"why": against.why, "at": now},
                )
