"""What can be chosen, field by field, when two records become one. No database here.

Columns that mean something only together (an address and whether it bounced; a code and what it rests
on) are chosen together. Every column of the three models has a place here or a rule in `OTHERWISE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from prospects.duplicates.merging import Value, prefers_first
from prospects.models import Company, Contact, Lead, RecordedAnswer
from prospects.qualification import ANSWERED, Attribute

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise


@dataclass(frozen=True)
class Field:
    """What is chosen at once: the columns, and those that say how well it is known."""

    key: str
    label: StrOrPromise
    columns: tuple[str, ...]
    says: tuple[str, ...] = ()
    """The columns that are the value itself; empty: all."""
    basis: str = ""
    since: str = ""
    dead: str = ""
    """Filled where the address is known to be dead."""

    def value_of(self, record: Any, since: datetime | None) -> Value:
        said = tuple(getattr(record, column) for column in self.says or self.columns)
        own = getattr(record, self.since) if self.since else None
        return Value(
            said,
            basis=getattr(record, self.basis) if self.basis else "",
            since=own or since,
            usable=not (self.dead and getattr(record, self.dead)),
        )


COMPANY = (
    Field("name", _("Name"), ("name", "name_key"), says=("name",)),
    Field("domain", _("Web site"), ("domain",)),
    Field(
        "industry",
        _("Industry"),
        ("naics_id", "sic_id", "industry_basis", "industry_since"),
        says=("naics_id", "sic_id"),
        basis="industry_basis",
        since="industry_since",
    ),
    Field(
        "firmographics",
        _("Size"),
        ("revenue", "employees", "locations", "firmographics_basis", "firmographics_since"),
        says=("revenue", "employees", "locations"),
        basis="firmographics_basis",
        since="firmographics_since",
    ),
    Field("address", _("Address"), ("street", "postal_code", "city", "region", "country")),
    Field("timezone", _("Time zone"), ("timezone",)),
)
CONTACT = (
    Field("name", _("Name"), ("first_name", "last_name")),
    Field("title", _("Title"), ("title",)),
    Field(
        "buying_role",
        _("Buying role"),
        ("buying_role", "role_confirmed_at"),
        says=("buying_role",),
        since="role_confirmed_at",
    ),
    Field(
        "email",
        _("Email"),
        ("email", "email_key", "email_invalid_at"),
        says=("email",),
        dead="email_invalid_at",
    ),
    Field(
        "phone",
        _("Phone"),
        ("phone", "phone_key", "phone_invalid_at"),
        says=("phone",),
        dead="phone_invalid_at",
    ),
    Field("timezone", _("Time zone"), ("timezone",)),
)
LEAD = (
    Field("source", _("Source"), ("source_id",)),
    Field("horizon", _("Horizon"), ("horizon",)),
    Field("potential_revenue", _("Potential revenue"), ("potential_revenue",)),
    Field("expected_close_on", _("Expected close"), ("expected_close_on",)),
)
FIELDS: dict[type, tuple[Field, ...]] = {Company: COMPANY, Contact: CONTACT, Lead: LEAD}

OTHERWISE: dict[type, dict[str, str]] = {
    Company: {"id": "kept", "created_at": "first", "edited_at": "last"},
    Contact: {
        "id": "kept",
        "company": "merged",
        "conversation_at": "last",
        "address_invalid_at": "last",
        "created_at": "first",
        "edited_at": "last",
    },
    Lead: {
        "id": "kept",
        "external_id": "filled",
        "row_digest": "with external_id",
        "intake": "with external_id",
        "company": "merged",
        "contact": "merged",
        "team": "with specialist",
        "specialist": "filled, by an assignment",
        "assigned_why": "with specialist",
        "rep": "kept",
        "received_at": "first",
        "asked_at": "last",
        "entered_program_at": "first",
        "mql_at": "first",
        "qualified_at": "first",
        "note": "both",
        "version": "one more",
        "stage": "joined",
        "stage_at": "joined",
        "screening": "kept",
        "contradictions": "both",
        "activity_at": "last",
        # What follows from others is written anew:
        "documented": "anew",
        "open_attributes": "anew",
        "reassess_at": "anew",
        "outbound_touches": "anew",
        "conversation_at": "anew",
        "complete_attempts": "anew",
        "next_touch_at": "anew",
        "next_touch_channel": "anew",
        "next_touch_rank": "anew",
        "next_touch_why": "anew",
        "postponed_until": "kept",
        "search_text": "anew",
    },
}
"""What becomes of the columns that nobody chooses: that of the record that is kept, the first or the last
instant of both, what is filled. A test fails on a column that is neither here nor above."""


@dataclass(frozen=True)
class Difference:
    """A field in which two records differ: both values, and whether the first is preset."""

    key: str
    label: StrOrPromise
    first: Value
    second: Value
    prefers_first: bool


Picks = Mapping[str, bool]
"""By the key of a difference: whether the first one's value counts. What is left out is as preset."""


def differences(kind: type, first: Any, second: Any) -> list[Difference]:
    """Where two records of a kind differ, each with the side that the rule presets."""
    found = []
    for field in FIELDS[kind]:
        one = field.value_of(first, _known_since(first))
        two = field.value_of(second, _known_since(second))
        if one.value != two.value:
            preset = prefers_first(one, two)
            if field.key == "source":
                preset = first.received_at <= second.received_at  # it came from there first
            found.append(Difference(field.key, field.label, one, two, preset))
    return found


def _known_since(record: Any) -> datetime | None:
    when = getattr(record, "edited_at", None) or getattr(record, "created_at", None)
    return when or getattr(record, "activity_at", None)


def answer_differences(
    first: Mapping[str, RecordedAnswer], second: Mapping[str, RecordedAnswer]
) -> list[Difference]:
    """Where the answers that stand of two leads differ, by attribute."""
    found = []
    for attribute in ANSWERED:
        one = _value_of_answer(first.get(str(attribute)))
        two = _value_of_answer(second.get(str(attribute)))
        if not two.is_empty and one.value != two.value:
            key, label = f"answer_{attribute}", Attribute(attribute).label
            found.append(Difference(key, label, one, two, prefers_first(one, two)))
    return found


def _value_of_answer(answer: RecordedAnswer | None) -> Value:
    if answer is None:
        return Value(None)
    said = (answer.words, answer.on, answer.amount, answer.nobody)
    return Value(said, answer.basis, answer.since, usable=not answer.contradicted)


def columns_of(kind: type, picked_second: set[str]) -> list[str]:
    """The columns that come from the second record."""
    return [
        column for field in FIELDS[kind] if field.key in picked_second for column in field.columns
    ]
