"""Files as they are understood here: with what was told of their layout before, and our own lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from prospects.imports.lead_rows import BUYING_ROLES, STAGES
from prospects.models import ImportKind, Layout, Source
from prospects.qualification import BuyingRole
from prospects.reading import mapping, proposing
from prospects.reading.proposing import Known, Understanding
from prospects.reading.tables import Table
from prospects.stages import Stage
from team.models import User

CATALOGUES: dict[str, mapping.Catalogue] = {
    ImportKind.LEADS: mapping.LEADS,
    ImportKind.TOUCHES: mapping.TOUCHES,
    ImportKind.HANDOFFS: mapping.HANDOFFS,
}


def layout_key(headers: Sequence[str]) -> str:
    """The same for the same headings in any order, case and punctuation."""
    names = sorted(mapping.heading(header) for header in headers)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def remembered(kind: str, headers: Sequence[str]) -> dict[str, Any]:
    """What was told of files with these headings the last time, by heading; empty if never."""
    layout = Layout.objects.of(kind, layout_key(headers))
    if layout is None:
        return {}
    by_name = {mapping.heading(header): told for header, told in layout.told.items()}
    return {
        header: by_name[name] for header in headers if (name := mapping.heading(header)) in by_name
    }


@transaction.atomic
def remember(
    *, kind: str, headers: Sequence[str], told: Mapping[str, Any], by: User | None, now: datetime
) -> None:
    """Keep what was told of a file for the next of its layout; what is told anew replaces the old.

    What is told amiss was refused before.
    """
    said = mapping.by_heading(headers, CATALOGUES[kind], told)
    kept = _merged(remembered(kind, headers), said)
    if not kept:
        return
    Layout.objects.update_or_create(
        kind=kind,
        key=layout_key(headers),
        defaults={"headers": list(headers), "told": kept, "used_at": now, "by": by},
    )


def understood(kind: str, table: Table, told: Mapping[str, Any] | None = None) -> Understanding:
    """What a file holds: as told, else as remembered, else as it seems. Reads the file through once.

    Refuses (BadMapping) what is told amiss. Questions that must be answered are for the caller: see
    `columns_of`. What it finds may change with our own lists and with what is remembered; told
    `columns.in_full(headers)`, it is found again as it was.
    """
    said = mapping.by_heading(table.headers, CATALOGUES[kind], told or {})
    everything = _merged(remembered(kind, table.headers), said)
    return proposing.understand(table, CATALOGUES[kind], everything, known_values(kind))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is said anew of a column counts, part by part."""
    parts = {header: dict(part) for header, part in old.items()}
    for header, part in new.items():
        parts[header] = {**parts.get(header, {}), **part}
    return parts


def columns_of(
    table: Table, catalogue: mapping.Catalogue, told: Mapping[str, Any] | None = None
) -> mapping.ColumnMap:
    """The columns of a file that can be read as it stands.

    Refuses (BadMapping) what is told amiss, and (Unanswered) a file of which must be asked first.
    """
    if told and all(header in told for header in table.headers):
        return mapping.settle(table.headers, catalogue, told)
    kind = next(kind for kind, known in CATALOGUES.items() if known is catalogue)
    understanding = understood(kind, table, told)
    if understanding.open_questions:
        raise proposing.Unanswered(understanding.open_questions)
    return understanding.columns


def known_values(kind: str) -> dict[str, Known]:
    """The lists whose values a leads file may name."""
    if kind != ImportKind.LEADS:
        return {}
    names = Source.objects.order_by("pk").values_list("name", flat=True)
    sources = {key: name for name in reversed(names) if (key := proposing.spelt(name))}
    return {
        "source": Known(sources, is_open=True),
        "country": proposing.COUNTRIES,
        "stage": Known(STAGES, labels={value: str(label) for value, label in Stage.choices}),
        "buying_role": Known(
            BUYING_ROLES, labels={value: str(label) for value, label in BuyingRole.choices}
        ),
    }
