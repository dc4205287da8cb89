"""Merges two leads, contacts or companies into one, and takes that back.

Nothing is lost: what refers to the one that goes away moves to the one that stays (merge_rules), what it
said otherwise is kept in words with its arrival, and its address leads on (Merged). What a merge changed
is in its journal, for UNDO_FOR. The apps above call these and bring up to date what they have stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import pgtrigger
from django.db import connection, transaction
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from prospects.actions import NotAllowed, refuse_reps
from prospects.duplicates.finding import look_for_duplicates
from prospects.duplicates.journal import Conflict, Journal, greatest_id, table_of
from prospects.duplicates.merge_fields import (
    Difference,
    Picks,
    answer_differences,
    columns_of,
    differences,
)
from prospects.duplicates.merge_rules import RULES, UNDOING, How, triggers_past
from prospects.duplicates.merging import UNDO_FOR, PastStep, Standing, goes_on, joined, why_not
from prospects.imports.intake import LOCK
from prospects.imports.statements import execute
from prospects.imports.verdicts import rejudge
from prospects.models import (
    Arrival,
    Assignment,
    AssignmentRule,
    Company,
    Contact,
    DuplicatePair,
    Lead,
    Likeness,
    Merge,
    MergeChange,
    Merged,
    RecordedAnswer,
    StageChange,
)
from prospects.routing.assigning import give
from prospects.stages import WORKED
from team.models import User

MOST_LOOKED_AT = 1000
"""People of a merged company who are compared with each other."""
FORGOTTEN_AT_ONCE = 500

KINDS: dict[type[Model], str] = {
    Lead: Merged.Kind.LEAD,
    Contact: Merged.Kind.CONTACT,
    Company: Merged.Kind.COMPANY,
}


class MergedMeanwhile(NotAllowed):
    """One of the two is no more: somebody else merged it."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else merged one of these in the meantime."))


class CannotUndo(NotAllowed):
    """What was worked on since, in words, so that the merge cannot be taken back."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = list(dict.fromkeys(reasons))
        super().__init__(
            _("It cannot be undone, as it was worked on since: %s") % "; ".join(self.reasons)
        )


@dataclass(frozen=True)
class Wishes:
    """What a person chose; what is left out is as the rules preset it."""

    lead: Picks = field(default_factory=dict)
    contact: Picks = field(default_factory=dict)
    company: Picks = field(default_factory=dict)
    same_person: bool = True
    """The contacts of two leads are one person."""
    same_company: bool = True


@dataclass(frozen=True)
class Merging:
    """A merge under way, as the apps above need to know it: `other` is already gone."""

    merge: Merge
    kept: Lead
    other: Lead
    leads: list[int]
    """The leads whose facts changed, the one that was kept among them."""
    contacts: list[tuple[Contact, Contact]]
    """People who were merged, as both were before, the one that stays first."""


# Pairs


@transaction.atomic
def tell_apart(*, pair: DuplicatePair, by: User, now: datetime) -> DuplicatePair:
    """Two are different, whatever they are called; they are never asked about again.

    With two companies go the people who were alike only because their companies were.
    """
    refuse_reps(by)
    pair = DuplicatePair.objects.select_for_update().get(pk=pair.pk)
    if pair.different_at is None:
        pair.different_at, pair.different_by = now, by
        pair.save(update_fields=["different_at", "different_by"])
    if pair.first_company_id is not None:
        companies = [pair.first_company_id, pair.second_company_id]
        DuplicatePair.objects.open().filter(
            first_contact__company__in=companies,
            second_contact__company__in=companies,
            reasons__contained_by=[Likeness.PERSON, Likeness.INITIAL],
        ).exclude(first_contact__company=F("second_contact__company")).delete()
    return pair


# Leads


@contextmanager
def merging_leads(
    *,
    first: Lead,
    second: Lead,
    wishes: Wishes,
    by: User,
    now: datetime,
    before: Callable[[Lead, Lead, User, datetime], None],
) -> Iterator[Merging]:
    """Make one lead of two, in the caller's transaction; the further one is kept (merging.goes_on).

    `before` is called with the one that is kept and the other, locked, before anything is changed or
    noted in the journal: what cannot be taken back. The caller brings up to date what it has stored of
    the leads before the block ends. Refuses (NotAllowed) a rep, what `merging.why_not` says, and while
    an import is being written.
    """
    refuse_reps(by)
    _wait_for_no_import()
    first, second = _locked_leads(first, second, wishes)
    standings = [_standing(lead) for lead in (first, second)]
    if refusal := why_not(*standings):
        raise NotAllowed(refusal)
    first_stays = goes_on(*standings)
    kept, other = (first, second) if first_stays else (second, first)
    before(kept, other, by, now)
    merge = Merge.objects.create(by=by, at=now, words=_words(kept, other))
    journal = Journal(merge.pk)
    newest = {model: greatest_id(model) for model in (StageChange, Assignment, Arrival)}
    journal.remember(Lead, "id", [kept.pk, other.pk])
    left: list[str] = []
    folding = _Folding(merge, journal, first_stays=first_stays, left=left)
    companies, contacts = (kept.company, other.company), (kept.contact, other.contact)
    if wishes.same_company and None not in companies and kept.company_id != other.company_id:
        folding.fold(Company, *companies, wishes.company)
    if wishes.same_person and None not in contacts and kept.contact_id != other.contact_id:
        folding.fold(Contact, *contacts, wishes.contact)
    merged_people = folding.people
    folding.fold_lead(kept, other, wishes.lead, now=now)
    kept = _as_it_is(kept)
    _take_over_specialist(kept, other, by, now)
    affected = _leads_of_company(kept)
    journal.remember(Lead, "id", affected)
    yield Merging(merge, kept, other, affected, merged_people)
    _rejudge_others(affected, kept.pk, now)
    for model, after_id in newest.items():
        journal.note_made(model, "lead_id", kept.pk, after_id=after_id)
    journal.close()
    merge.last_step_id = greatest_id(StageChange)
    merge.save(update_fields=["last_step_id"])
    _look_again(kept.company_id, kept.contact_id, now)


def _locked_leads(first: Lead, second: Lead, wishes: Wishes) -> tuple[Lead, Lead]:
    """Both leads as they are now, locked in the order of their ids, with all of merged companies."""
    companies = {first.company_id, second.company_id} - {None} if wishes.same_company else set()
    _lock_leads(Q(pk__in=[first.pk, second.pk]) | Q(company__in=companies))
    leads = Lead.objects.select_related("company", "contact__company", "specialist")
    found = leads.in_bulk([first.pk, second.pk])
    if len(found) < 2:
        raise MergedMeanwhile
    return found[first.pk], found[second.pk]


def _lock_leads(which: Q) -> None:
    list(
        Lead.objects.select_for_update(of=("self",))
        .filter(which)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _wait_for_no_import() -> None:
    """An import holds ids of leads, contacts and companies that must not go away under it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise NotAllowed(_("An import is being written. Merge when it is done."))


def _standing(lead: Lead) -> Standing:
    last = _standing_steps(lead.pk)[-1:]
    return Standing(lead.stage, last[0].reason if last else "", lead.stage_at)


def standing_of(lead: Lead) -> Standing:
    """Where a lead stands, for a page that says which of two would be kept: one query."""
    return _standing(lead)


def _standing_steps(lead_id: int) -> list[StageChange]:
    steps = StageChange.objects.filter(lead=lead_id, superseded_at__isnull=True)
    return list(steps.order_by("at", "pk"))


def _words(kept: Model, other: Model) -> str:
    return _("%(other)s into %(kept)s") % {"other": str(other)[:290], "kept": str(kept)[:290]}


def _as_it_is(lead: Lead) -> Lead:
    return Lead.objects.select_related(
        "company__naics", "company__sic", "contact__company", "specialist"
    ).get(pk=lead.pk)


def _take_over_specialist(kept: Lead, other: Lead, by: User, now: datetime) -> None:
    if kept.specialist_id is None and other.specialist is not None and other.specialist.is_active:
        why = _("had the lead that was merged into it")
        give(
            lead=kept,
            to_person=other.specialist,
            rule=AssignmentRule.HAND,
            why=why,
            by=by,
            now=now,
        )


def _leads_of_company(lead: Lead) -> list[int]:
    of_company = Q(company=lead.company_id) if lead.company_id else Q()
    of_contact = Q(contact=lead.contact_id) if lead.contact_id else Q()
    if not of_company and not of_contact:
        return [lead.pk]
    leads = Lead.objects.filter(of_company | of_contact | Q(pk=lead.pk))
    return list(leads.order_by("pk").values_list("pk", flat=True))


def _rejudge_others(leads: Sequence[int], but: int | None, now: datetime) -> None:
    """Facts of the company changed: verdicts are written now, steps are taken by the next tick."""
    others = [pk for pk in leads if pk != but]
    if others:
        rejudge(others, now=now)
        Lead.objects.filter(pk__in=others, stage__in=WORKED).update(reassess_at=now)


def _look_again(company_id: int | None, contact_id: int | None, now: datetime) -> None:
    look_for_duplicates(
        companies=[company_id] if company_id else [],
        contacts=[contact_id] if contact_id else [],
        now=now,
        renamed=True,
    )


# People and companies alone


@contextmanager
def merging_contacts(
    *, first: Contact, second: Contact, picks: Picks, by: User, now: datetime
) -> Iterator[tuple[Merge, list[int], list[tuple[Contact, Contact]]]]:
    """Make one person of two; their leads stay apart. Gives the merge, the leads, and the people."""
    refuse_reps(by)
    _wait_for_no_import()
    companies = {first.company_id, second.company_id} - {None}
    people = [first.pk, second.pk]
    _lock_leads(Q(contact__in=people) | Q(company__in=companies))
    merge, journal, folding = _begin(Contact, people, by, now)
    kept, other = folding.pair
    folding.fold(Contact, kept, other, picks)
    leads = list(
        Lead.objects.filter(Q(contact=kept.pk) | Q(company__in=companies))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    journal.remember(Lead, "id", leads)
    yield merge, leads, folding.people
    _finish(merge, journal, leads, now)
    _look_again(None, kept.pk, now)


@contextmanager
def merging_companies(
    *, first: Company, second: Company, picks: Picks, by: User, now: datetime
) -> Iterator[tuple[Merge, list[int]]]:
    """Make one company of two; their people and leads stay apart. Gives the merge and the leads."""
    refuse_reps(by)
    _wait_for_no_import()
    companies = [first.pk, second.pk]
    _lock_leads(Q(company__in=companies))
    merge, journal, folding = _begin(Company, companies, by, now)
    kept, other = folding.pair
    folding.fold(Company, kept, other, picks)
    leads = list(Lead.objects.filter(company=kept.pk).order_by("pk").values_list("pk", flat=True))
    journal.remember(Lead, "id", leads)
    yield merge, leads
    _finish(merge, journal, leads, now)
    people = Contact.objects.filter(company=kept.pk).values_list("pk", flat=True)
    look_for_duplicates(
        companies=[kept.pk], contacts=list(people[:MOST_LOOKED_AT]), now=now, renamed=True
    )


def _begin(
    kind: type[Model], ids: list[int], by: User, now: datetime
) -> tuple[Merge, Journal, _Folding]:
    """Of two people or companies the first that was written stays."""
    found = kind.objects.filter(pk__in=ids).order_by("pk")  # type: ignore[attr-defined]
    rows = list(found.select_related("company") if kind is Contact else found)
    if len(rows) < 2:
        raise MergedMeanwhile
    kept, other = rows
    merge = Merge.objects.create(by=by, at=now, words=_words(kept, other))
    journal = Journal(merge.pk)
    folding = _Folding(merge, journal, first_stays=kept.pk == ids[0], left=[])
    folding.pair = kept, other
    return merge, journal, folding


def _finish(merge: Merge, journal: Journal, leads: Sequence[int], now: datetime) -> None:
    _rejudge_others(leads, None, now)
    journal.close()
    merge.last_step_id = greatest_id(StageChange)
    merge.save(update_fields=["last_step_id"])


# How a record goes into another

ModelT = TypeVar("ModelT", bound=Model)


class _Folding:
    """What goes away in one merge, and into what."""

    def __init__(
        self, merge: Merge, journal: Journal, *, first_stays: bool, left: list[str]
    ) -> None:
        self.merge = merge
        self.journal = journal
        self.first_stays = first_stays
        self.left = left
        self.people: list[tuple[Contact, Contact]] = []
        self.pair: tuple[Any, Any] = (None, None)

    def fold(self, kind: type[Model], kept: Any, other: Any, picks: Picks) -> None:
        """Two contacts or companies become one."""
        changed = self._chosen(kind, kept, other, picks)
        changed["created_at"] = min(kept.created_at, other.created_at)
        changed["edited_at"] = _last(kept.edited_at, other.edited_at)
        if kind is Contact:
            self.people.append((kept, other))
            changed["conversation_at"] = _last(kept.conversation_at, other.conversation_at)
            changed["address_invalid_at"] = _last(kept.address_invalid_at, other.address_invalid_at)
            for address in ("email", "phone"):
                if getattr(kept, f"{address}_key") == getattr(other, f"{address}_key"):
                    dead = f"{address}_invalid_at"  # dead for one is dead for both
                    changed[dead] = _last(getattr(kept, dead), getattr(other, dead))
        self.journal.remember(kind, "id", [kept.pk, other.pk])
        self._fold_pairs(KINDS[kind], kept.pk, other.pk)
        self._replace(kind, kept.pk, other.pk, changed)

    def fold_lead(self, kept: Lead, other: Lead, picks: Picks, *, now: datetime) -> None:
        """Two leads become one: histories joined, answers chosen, the other's arrival kept."""
        changed = self._chosen(Lead, kept, other, picks)
        changed["stage_at"] = self._join_histories(kept, other, now)
        self._choose_answers(kept, other, picks, now)
        for name in ("received_at", "entered_program_at", "mql_at", "qualified_at"):
            changed[name] = _first(getattr(kept, name), getattr(other, name))
        for name in ("asked_at", "activity_at"):
            changed[name] = _last(getattr(kept, name), getattr(other, name))
        changed["company_id"] = kept.company_id or other.company_id
        changed["contact_id"] = kept.contact_id or other.contact_id
        changed["note"] = _both_notes(kept.note, other.note)
        changed["contradictions"] = list(
            dict.fromkeys([*kept.contradictions, *other.contradictions])
        )
        changed["version"] = kept.version + 1
        takes_id = kept.external_id is None and other.external_id is not None
        if takes_id or (kept.external_id is None and kept.row_digest is None):
            changed["external_id"] = other.external_id
            changed["row_digest"] = other.row_digest
            changed["intake_id"] = kept.intake_id or other.intake_id
        source_of_other = changed.get("source_id") == other.source_id != kept.source_id
        self._replace(Lead, kept.pk, other.pk, changed)
        Arrival.objects.create(
            lead=kept,
            source_id=kept.source_id if source_of_other else other.source_id,
            external_id=None if takes_id else other.external_id,
            received_at=max(kept.received_at, other.received_at),
            differs="; ".join(self.left),
            intake_id=other.intake_id,
        )

    def _chosen(self, kind: type[Model], kept: Any, other: Any, picks: Picks) -> dict[str, Any]:
        """The columns that come from the one that goes away; the words of what is left behind."""
        first, second = (kept, other) if self.first_stays else (other, kept)
        differs = differences(kind, first, second)
        from_other = {d.key for d in differs if self._is_of_other(d, picks)}
        self._leave(differs, from_other)
        return {name: getattr(other, name) for name in columns_of(kind, from_other)}

    def _is_of_other(self, difference: Difference, picks: Picks) -> bool:
        return picks.get(difference.key, difference.prefers_first) != self.first_stays

    def _leave(self, differs: Sequence[Difference], from_other: set[str]) -> None:
        for difference in differs:
            of_first = (difference.key in from_other) != self.first_stays
            value = difference.second if of_first else difference.first
            if not value.is_empty and difference.key != "source":
                said = ", ".join(str(part) for part in value.value if part not in (None, ""))
                self.left.append(f"{str(difference.label).lower()}: {said}")

    def _join_histories(self, kept: Lead, other: Lead, now: datetime) -> datetime:
        """One history of two, and since when the lead is in its stage. See merging.joined."""
        self.journal.remember(StageChange, "lead_id", [kept.pk, other.pk])
        steps = {lead.pk: _standing_steps(lead.pk) for lead in (kept, other)}
        by_id = {step.pk: step for rows in steps.values() for step in rows}
        past = [
            [PastStep(s.pk, s.from_stage, s.to_stage, s.at, s.reason) for s in steps[lead.pk]]
            for lead in (kept, other)
        ]
        joint = joined(*past)
        if not joint or joint[-1].to_stage != kept.stage:
            joint = joined(past[0], [])  # dates that contradict each other: the one kept counts
        # Rows that stand as they are must come in the order in which they are read: by (at, id).
        places = [(s.cause.at, s.cause.key if s.is_as_it_was else 2**63) for s in joint]
        in_order = places == sorted(places)
        stand = {s.cause.key for s in joint if s.is_as_it_was} if in_order else set()
        with _past("prospects.StageChange.lead"):
            StageChange.objects.filter(lead=other).update(lead=kept)
            StageChange.objects.filter(pk__in=by_id.keys() - stand).update(
                superseded_at=now, merge=self.merge
            )
        StageChange.objects.bulk_create(
            StageChange(
                lead=kept,
                from_stage=step.from_stage,
                to_stage=step.to_stage,
                at=step.cause.at,
                by_id=by_id[step.cause.key].by_id,
                reason=step.cause.reason if step.to_stage == step.cause.to_stage else "merged",
                note=by_id[step.cause.key].note,
                merge=self.merge,
            )
            for step in joint
            if step.cause.key not in stand or not step.is_as_it_was
        )
        if not joint or joint[-1].cause.key == steps[kept.pk][-1].pk:
            return kept.stage_at
        return joint[-1].cause.at

    def _choose_answers(self, kept: Lead, other: Lead, picks: Picks, now: datetime) -> None:
        """Of two answers that stand one goes on; the other stays on record, superseded."""
        self.journal.remember(RecordedAnswer, "lead_id", [kept.pk, other.pk])
        current = RecordedAnswer.objects.filter(
            lead__in=[kept.pk, other.pk], superseded_at__isnull=True
        )
        by_lead: dict[int, dict[str, RecordedAnswer]] = {kept.pk: {}, other.pk: {}}
        for answer in current:
            by_lead[answer.lead_id][answer.attribute] = answer
        first, second = (kept, other) if self.first_stays else (other, kept)
        differs = answer_differences(by_lead[first.pk], by_lead[second.pk])
        from_other = {d.key for d in differs if self._is_of_other(d, picks)}
        beaten = [
            by_lead[kept.pk if f"answer_{attribute}" in from_other else other.pk][attribute].pk
            for attribute in by_lead[kept.pk].keys() & by_lead[other.pk].keys()
        ]
        RecordedAnswer.objects.filter(pk__in=beaten).update(superseded_at=now)
        with _past("prospects.RecordedAnswer.lead"):
            RecordedAnswer.objects.filter(lead=other).update(lead=kept)

    def _fold_pairs(self, kind: str, kept: int, other: int) -> None:
        """Who was like the other is like the one kept; what is told apart stays apart."""
        for side in ("first", "second"):
            self.journal.remember(DuplicatePair, f"{side}_{kind}_id", [kept, other])
        both = [kept, other]
        pairs = list(
            DuplicatePair.objects.filter(
                Q(**{f"first_{kind}__in": both}) | Q(**{f"second_{kind}__in": both})
            )
        )
        DuplicatePair.objects.filter(pk__in=[pair.pk for pair in pairs]).delete()
        anew: dict[int, DuplicatePair] = {}
        for pair in sorted(pairs, key=lambda pair: pair.different_at is not None):
            sides = {getattr(pair, f"first_{kind}_id"), getattr(pair, f"second_{kind}_id")}
            for stranger in sides - {kept, other}:
                anew[stranger] = pair  # one that was told apart comes last, and counts
        for stranger, pair in anew.items():
            first, second = sorted((stranger, kept))
            setattr(pair, f"first_{kind}_id", first)
            setattr(pair, f"second_{kind}_id", second)
            pair.pk = None
        DuplicatePair.objects.bulk_create(anew.values())

    def _replace(
        self, kind: type[Model], kept: int, other: int, changed: Mapping[str, Any]
    ) -> None:
        """Point everything at the one that stays, and let the other go."""
        for rows, name, column in references_to(kind):
            rule = RULES[f"{rows._meta.label}.{name}"]  # noqa: SLF001
            theirs = rows.objects.filter(**{name: other})  # type: ignore[attr-defined]
            if rule.how in (How.MOVE, How.DROP):
                self.journal.remember(rows, column, [other])
            if rule.how in (How.ANEW, How.DROP):
                theirs.delete()
            elif rule.how == How.MOVE:
                with _past(f"{rows._meta.label}.{name}"):  # noqa: SLF001
                    theirs.update(**{name: kept})
        # Not the ORM's delete: it would ask every table again.
        execute(f"DELETE FROM {table_of(kind)} WHERE id = %(id)s", {"id": other})  # noqa: S608
        kind.objects.filter(pk=kept).update(**changed)  # type: ignore[attr-defined]
        Merged.objects.create(
            merge=self.merge, kind=KINDS[kind], old_id=other, **{f"{KINDS[kind]}_id": kept}
        )


def references_to(kind: type[Model]) -> list[tuple[type[Model], str, str]]:
    """Every foreign key to a kind of record: the model that has it, its name and its column."""
    found = []
    for relation in kind._meta.get_fields(include_hidden=True):  # noqa: SLF001
        if relation.auto_created and not relation.concrete:
            key = relation.field  # type: ignore[union-attr]
            found.append((key.model, key.name, key.column))
    return sorted(found, key=lambda entry: (entry[0]._meta.label, entry[1]))  # noqa: SLF001


def _past(reference: str) -> AbstractContextManager[None]:
    """What keeps these rows from being changed stands aside, for this statement alone."""
    past = RULES[reference].past
    return pgtrigger.ignore(*past) if past else nullcontext()


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _last(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _both_notes(kept: str, other: str) -> str:
    if not other or other in kept:
        return kept
    return f"{kept}\n{other}" if kept else other


# Where a record went


def where_it_went(kind: type[ModelT], old_id: int) -> int | None:
    """The id of the record that an old one went into; None if it was never merged."""
    name = KINDS[kind]
    return (
        Merged.objects.filter(kind=name, old_id=old_id).values_list(f"{name}_id", flat=True).first()
    )


# Taking it back


@dataclass(frozen=True)
class Undone:
    """What came back: the leads that were one (if any), and whether more was done there since."""

    leads: list[int]
    affected: list[int]
    went_on: bool


def undo(*, merge: Merge, by: User, now: datetime) -> Undone:
    """Make two of one again, exactly as they were, in the caller's transaction.

    What was done to the one that was kept since, stays with it. Refuses (CannotUndo) what was changed
    since of what the merge changed, and (NotAllowed) a merge that is older than UNDO_FOR.
    """
    refuse_reps(by)
    _wait_for_no_import()
    journal = Journal(merge.pk)
    _lock_leads(Q(pk__in=journal.rows(Lead)) | Q(merged__merge=merge))
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        raise NotAllowed(_("It was undone already."))
    if merge.forgotten_at is not None or now - merge.at > UNDO_FOR:
        raise NotAllowed(_("A merge can be undone for %s days.") % UNDO_FOR.days)
    parted = [_Parted.of(gone) for gone in merge.merged.all()]
    if reasons := _changed_since(merge, journal, parted):
        raise CannotUndo(reasons)
    kept = next((two.kept_id for two in parted if two.kind is Lead), None)
    went_on = kept is not None and journal.went_on(Lead, kept)
    version = Lead.objects.values_list("version", flat=True).get(pk=kept) if kept else 0
    for two in parted:
        two.drop_pairs()
    journal.undo(last=Lead, past=[*triggers_past(), *UNDOING])
    if kept is not None:
        Lead.objects.filter(pk=kept).update(version=version + 1)  # what was seen since is stale
    merge.changes.all().delete()
    merge.merged.all().delete()
    merge.undone_at, merge.undone_by, merge.forgotten_at = now, by, now
    merge.save(update_fields=["undone_at", "undone_by", "forgotten_at"])
    for two in parted:
        two.drop_dangling_pairs()
    return Undone(
        leads=[pk for two in parted if two.kind is Lead for pk in (two.kept_id, two.old_id)],
        affected=_look_at_both(parted, now),
        went_on=went_on,
    )


@dataclass(frozen=True)
class _Parted:
    """One record that went into another, on its way back."""

    kind: type[Model]
    old_id: int
    kept_id: int

    @classmethod
    def of(cls, gone: Merged) -> _Parted:
        kind = next(kind for kind, name in KINDS.items() if name == gone.kind)
        return cls(kind, gone.old_id, getattr(gone, f"{gone.kind}_id"))

    def drop_pairs(self) -> None:
        """The pairs that the merge left are replaced by those that it found."""
        self._pairs([self.kept_id]).delete()

    def drop_dangling_pairs(self) -> None:
        """Pairs that came back with somebody who was merged or erased meanwhile."""
        if self.kind is Lead:
            return
        name = KINDS[self.kind]
        there = self.kind.objects.all()  # type: ignore[attr-defined]
        dangling = ~Exists(there.filter(pk=OuterRef(f"first_{name}_id"))) | ~Exists(
            there.filter(pk=OuterRef(f"second_{name}_id"))
        )
        self._pairs([self.kept_id, self.old_id]).filter(dangling).delete()

    def _pairs(self, ids: list[int]) -> QuerySet[DuplicatePair]:
        if self.kind is Lead:
            return DuplicatePair.objects.none()
        name = KINDS[self.kind]
        return DuplicatePair.objects.filter(
            Q(**{f"first_{name}__in": ids}) | Q(**{f"second_{name}__in": ids})
        )


def _changed_since(merge: Merge, journal: Journal, parted: Sequence[_Parted]) -> list[str]:
    """What stands in the way of undoing, in words."""
    reasons = [
        _in_words(conflict)
        for conflict in journal.conflicts()
        if conflict.model not in (DuplicatePair, Merged)
    ]
    kept = [two.kept_id for two in parted if two.kind is Lead]
    if StageChange.objects.filter(lead__in=kept, pk__gt=merge.last_step_id).exists():
        reasons.append(_("the lead went to another stage"))
    return reasons


def _in_words(conflict: Conflict) -> str:
    meta = conflict.model._meta  # noqa: SLF001
    if not conflict.column:
        return _("%s is gone or was merged again") % meta.verbose_name
    named = {column.column: column for column in meta.concrete_fields}
    return _("%(row)s: %(field)s was changed") % {
        "row": meta.verbose_name,
        "field": named[conflict.column].verbose_name,
    }


def _look_at_both(parted: Sequence[_Parted], now: datetime) -> list[int]:
    """Bring up to date what is stored of both sides' companies and people; returns their leads."""
    both: dict[type[Model], list[int]] = {kind: [] for kind in KINDS}
    for two in parted:
        both[two.kind] += [two.kept_id, two.old_id]
    leads = Lead.objects.filter(
        Q(pk__in=both[Lead]) | Q(company__in=both[Company]) | Q(contact__in=both[Contact])
    )
    affected = list(leads.order_by("pk").values_list("pk", flat=True))
    rejudge(affected, now=now)
    people = Contact.objects.filter(company__in=both[Company]).values_list("pk", flat=True)
    look_for_duplicates(
        companies=both[Company],
        contacts=[*both[Contact], *people[:MOST_LOOKED_AT]],
        now=now,
        renamed=True,
    )
    return affected


def forget_journals(*, now: datetime) -> int:
    """Delete what can no longer be undone: a journal holds what people looked like before."""
    old = Merge.objects.filter(at__lt=now - UNDO_FOR, forgotten_at__isnull=True)
    forgotten = 0
    for pk in list(old.order_by("pk").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
        with transaction.atomic():
            MergeChange.objects.filter(merge=pk).delete()
            forgotten += Merge.objects.filter(pk=pk).update(forgotten_at=now)
    return forgotten
