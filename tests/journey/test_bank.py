"""The UCI Bank Marketing file as a program's history: 45,211 leads and what happened to them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from handoff.imports import import_handoffs
from handoff.models import Handoff
from nurture.imports import import_touches
from nurture.models import Attempt, Touch
from prospects.imports.leads import import_leads
from prospects.models import Lead, StageChange
from tests.history_files import broken_histories
from tests.journey.conftest import Bank

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

PEOPLE, CALLS, WON = 45_211, 124_956, 5_289


def test_everybody_and_everything_came_in(bank: Bank) -> None:
    assert Lead.objects.count() == PEOPLE
    assert Touch.objects.count() == CALLS
    assert Attempt.objects.count() == CALLS
    assert Handoff.objects.filter(result="won").count() == WON
    by_stage = dict(Lead.objects.values_list("stage").annotate(Count("pk")))
    assert by_stage == {"won": WON, "disqualified": PEOPLE - WON}


def test_histories_are_unbroken_and_nothing_contradicts(bank: Bank) -> None:
    assert broken_histories() == []
    assert not Lead.objects.exclude(contradictions=[]).exists()
    assert not Handoff.objects.exclude(contradictions=[]).exists()


def test_by_channel(bank: Bank) -> None:
    found = {
        name: (people, won)
        for name, people, won in fetch(
            """
            SELECT source.name, count(*), count(*) FILTER (WHERE lead.stage = 'won')
              FROM prospects_lead AS lead JOIN prospects_source AS source ON source.id = lead.source_id
             GROUP BY source.name
            """
        )
    }
    assert found == {
        "cellular": (29_285, 4_369),
        "telephone": (2_906, 390),
        "unknown": (13_020, 530),
    }


def test_by_month_of_the_last_call(bank: Bank) -> None:
    found = {
        month: (people, won)
        for month, people, won in fetch(
            """
            SELECT extract(month FROM stage_at)::int, count(*), count(*) FILTER (WHERE stage = 'won')
              FROM prospects_lead GROUP BY 1
            """
        )
    }
    assert found == {
        1: (1_403, 142), 2: (2_649, 441), 3: (477, 248), 4: (2_932, 577), 5: (13_766, 925),
        6: (5_341, 546), 7: (6_895, 627), 8: (6_247, 688), 9: (579, 269), 10: (738, 323),
        11: (3_970, 403), 12: (214, 100),
    }  # fmt: skip
    first, last = fetch(
        "SELECT min(stage_at)::date::text, max(stage_at)::date::text FROM prospects_lead"
    )[0]
    assert (first[:7], last[:7]) == ("2008-05", "2010-11")


def test_reached_and_won_by_attempt(bank: Bank) -> None:
    found = fetch(
        """
        SELECT attempt.number, count(*),
               count(*) FILTER (WHERE handoff.handed_off_at = attempt.conversation_at)
          FROM nurture_attempt AS attempt
          LEFT JOIN handoff_handoff AS handoff
            ON handoff.lead_id = attempt.lead_id AND handoff.result = 'won'
         GROUP BY 1 ORDER BY 1 LIMIT 10
        """
    )
    assert found == [
        (1, 45_211, 2_561), (2, 27_667, 1_401), (3, 15_162, 618), (4, 9_641, 317), (5, 6_119, 139),
        (6, 4_355, 92), (7, 3_064, 47), (8, 2_329, 32), (9, 1_789, 21), (10, 1_462, 14),
    ]  # fmt: skip


def test_importing_it_again_changes_nothing(bank: Bank) -> None:
    before = [model.objects.count() for model in (Lead, Touch, Attempt, Handoff, StageChange)]
    for run, path, read in (
        (import_leads, bank.leads, PEOPLE),
        (import_touches, bank.touches, CALLS),
        (import_handoffs, bank.handoffs, WON),
    ):
        counts = asdict(run(path).counts)
        assert counts == {
            "read": read, "created": 0, "updated": 0, "duplicates": read, "screened_out": 0,
            "refused": 0,
        }  # fmt: skip
    after = [model.objects.count() for model in (Lead, Touch, Attempt, Handoff, StageChange)]
    assert after == before


def fetch(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
