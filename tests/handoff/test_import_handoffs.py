"""import_handoffs: to whom leads went and what came of it, brought along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handoff.imports import import_handoffs
from handoff.models import Handoff
from prospects.imports.intake import Counts, ImportResult
from prospects.imports.leads import import_leads
from prospects.models import Lead, RefusedRow, StageChange
from prospects.stages import Stage
from team.models import Organisation, Role, Team, User
from tests.fixtures import NOW
from tests.history_files import broken_histories, write_csv

__all__ = ["write_csv"]

pytestmark = pytest.mark.django_db
WriteCsv = Callable[..., Path]
Take = Callable[..., ImportResult]


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 15, tzinfo=UTC)


@pytest.fixture
def lead(organisation: Organisation, northeast: Team, write_csv: WriteCsv) -> Lead:
    """Won on March 20, as its own file says."""
    return bring_lead(write_csv, northeast, stage="won", stage_at=day(20))


def bring_lead(write_csv: WriteCsv, team: Team, external_id: str = "L1", **cells: object) -> Lead:
    row = {"external_id": external_id, "received_at": day(1), "entered_program_at": day(2), **cells}
    import_leads(write_csv(row), team=team, now=NOW)
    return Lead.objects.get(external_id=external_id)


@pytest.fixture
def take(organisation: Organisation, northeast: Team, write_csv: WriteCsv) -> Take:
    def run(*rows: dict[str, object], **options: object) -> ImportResult:
        result = import_handoffs(write_csv(*rows), team=northeast, now=NOW, **options)  # type: ignore[arg-type]
        c = result.counts
        assert c.read == c.created + c.updated + c.duplicates + c.refused
        assert broken_histories() == []
        return result

    return run


def handed(number: int = 1, **cells: object) -> dict[str, object]:
    return {
        "external_id": f"H{number}",
        "lead": "L1",
        "rep": "Carol Barrett",
        "handed_off_at": day(10),
        **cells,
    }


def path_of(lead: Lead) -> list[tuple[str, datetime]]:
    standing = lead.stage_changes.filter(superseded_at__isnull=True).order_by("at", "id")
    return list(standing.values_list("to_stage", "at"))


def test_the_handoffs_know_better_how_it_was_won(take: Take, lead: Lead, carol: User) -> None:
    result = take(
        handed(
            accepted_at=day(11),
            result="won",
            result_at=day(21),
            revenue="380,000",
            potential_revenue="420000",
            expected_close="2026-04-01",
        )
    )
    assert result.counts == Counts(read=1, created=1)
    handoff = Handoff.objects.get()
    assert (handoff.rep, handoff.result, handoff.revenue) == (carol, "won", Decimal(380_000))
    assert handoff.expected_close_on == date(2026, 4, 1)
    assert handoff.standard is None
    assert path_of(lead) == [
        ("raw", day(1)),
        ("nurturing", day(2)),
        ("handed_off", day(10)),
        ("accepted", day(11)),
        ("won", day(21)),
    ]
    superseded = lead.stage_changes.get(superseded_at__isnull=False)
    assert (superseded.to_stage, superseded.at) == ("won", day(20))
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_at, lead.rep) == (Stage.WON, day(21), carol)
    assert lead.qualified_at == day(10)
    assert lead.contradictions == []


def test_a_return_takes_the_lead_back_into_the_program(
    take: Take, northeast: Team, write_csv: WriteCsv
) -> None:
    lead = bring_lead(write_csv, northeast, stage="nurturing")
    take(handed(returned_at=day(12), return_reason="no budget"))
    lead.refresh_from_db()
    assert (lead.stage, lead.rep) == (Stage.NURTURING, None)
    last = StageChange.objects.latest("id")
    assert (last.reason, last.note) == ("returned", "no budget")
    assert Handoff.objects.get().state == "returned"


def test_a_lead_that_was_handed_over_twice(take: Take, lead: Lead, carol: User) -> None:
    take(
        handed(
            2,
            handed_off_at=day(15),
            accepted_at=day(16),
            result="lost",
            result_at=day(25),
            lost_reason="price",
        ),
        handed(1, returned_at=day(12), rep="Nils Berg"),
    )
    assert [stage for stage, _at in path_of(lead)] == [
        "raw", "nurturing", "handed_off", "nurturing", "handed_off", "accepted", "lost",
    ]  # fmt: skip
    lead.refresh_from_db()
    assert (lead.stage, lead.rep) == (Stage.LOST, carol)
    assert lead.contradictions == ["Is said to be won, but no handoff of it ended so."]


def test_a_lead_that_is_with_a_rep_now(
    take: Take, northeast: Team, write_csv: WriteCsv, carol: User
) -> None:
    lead = bring_lead(write_csv, northeast, stage="accepted", stage_at=day(11))
    assert lead.contradictions
    take(handed(accepted_at=day(11)))
    lead.refresh_from_db()
    assert (lead.stage, lead.rep, lead.contradictions) == (Stage.ACCEPTED, carol, [])


def test_what_came_after_a_handoff_stays_after_it(
    take: Take, northeast: Team, write_csv: WriteCsv
) -> None:
    lead = bring_lead(write_csv, northeast, stage="disqualified", stage_at=day(28), reason="no_fit")
    take(handed(accepted_at=day(11), result="lost", result_at=day(20)))
    assert [stage for stage, _at in path_of(lead)][-3:] == ["accepted", "lost", "disqualified"]
    lead.refresh_from_db()
    assert (lead.stage, lead.rep) == (Stage.DISQUALIFIED, None)


def test_reps_and_managers_who_are_not_known_are_made(
    take: Take, lead: Lead, northeast: Team
) -> None:
    take(handed(rep="Nils Berg", rep_manager="Vera Stahl", specialist="Nadia Kern"))
    nils, vera = User.objects.get(name="Nils Berg"), User.objects.get(name="Vera Stahl")
    assert (nils.role, vera.role) == (Role.REP, Role.MANAGER)
    assert nils.team == vera.team
    assert vera.team is not None
    assert vera.team.parent == northeast
    assert not nils.has_usable_password()
    specialist = Handoff.objects.get().specialist
    assert specialist is not None
    assert specialist.name == "Nadia Kern"


def test_importing_twice_changes_nothing(take: Take, lead: Lead) -> None:
    rows = [handed(1, returned_at=day(12)), handed(2, handed_off_at=day(14)), handed(2)]
    assert take(*rows).counts == Counts(read=3, created=2, duplicates=1)
    models = (Handoff, StageChange, Lead)
    before = [list(model.objects.order_by("pk").values_list()) for model in models]
    assert take(*rows).counts == Counts(read=3, duplicates=3)
    assert [list(model.objects.order_by("pk").values_list()) for model in models] == before


def test_a_handoff_that_went_on_is_updated(take: Take, lead: Lead) -> None:
    take(handed(accepted_at=day(11)))
    result = take(handed(result="won", result_at=day(21), revenue="1"))
    assert result.counts == Counts(read=1, updated=1)
    handoff = Handoff.objects.get()
    assert (handoff.accepted_at, handoff.result_at) == (day(11), day(21))
    assert [stage for stage, _at in path_of(lead)][-2:] == ["accepted", "won"]


def test_a_dry_run_changes_nothing(take: Take, lead: Lead) -> None:
    assert take(handed(), dry_run=True).counts == Counts(read=1, created=1)
    assert not Handoff.objects.exists()
    lead.refresh_from_db()
    assert lead.stage == Stage.WON


def test_what_contradicts_itself_is_taken_and_flagged(take: Take, lead: Lead) -> None:
    early = day(1) - timedelta(days=30)
    take(handed(accepted_at=day(9), result="won", result_at=early))
    handoff = Handoff.objects.get()
    assert (handoff.accepted_at, handoff.result_at) == (day(9), early)
    assert handoff.contradictions == [
        "Was accepted before it was handed off.",
        "Was won before it was received.",
    ]
    lead.refresh_from_db()
    assert lead.stage == Stage.WON
    assert set(handoff.contradictions) <= set(lead.contradictions)


def test_what_people_did_here_is_not_told_anew(
    take: Take, northeast: Team, write_csv: WriteCsv, dana: User
) -> None:
    lead = bring_lead(write_csv, northeast, stage="nurturing")
    StageChange.objects.create(
        lead=lead, from_stage="nurturing", to_stage="disqualified", at=NOW, by=dana
    )
    Lead.objects.update(stage="disqualified", stage_at=NOW)
    take(handed(result="won", result_at=day(20)))
    lead.refresh_from_db()
    assert lead.stage == Stage.DISQUALIFIED
    assert lead.contradictions == [
        "Its history went on here before this handoff was brought along."
    ]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"lead": "nowhere"}, "no lead is known by the id “nowhere”"),
        ({"rep": ""}, "no rep"),
        ({"result": "won"}, "a result needs its date"),
        ({"result": "great", "result_at": day(3)}, "“great” is none of: won, lost, stalled"),
        ({"handed_off_at": "soon"}, "“soon” is no date"),
    ],
)
def test_a_row_is_refused_with_the_reason(
    take: Take, lead: Lead, cells: dict[str, object], why: str
) -> None:
    result = take(handed(1, **cells), handed(2))
    assert result.counts == Counts(read=2, created=1, refused=1)
    assert why in RefusedRow.objects.get().reasons[0]


def test_a_lead_is_with_one_rep_at_a_time(take: Take, lead: Lead) -> None:
    result = take(handed(1), handed(2, handed_off_at=day(12)))
    assert result.counts == Counts(read=2, created=1, refused=1)
    assert Handoff.objects.get().external_id == "H2"
    assert take(handed(3, handed_off_at=day(14))).counts.refused == 1
    both = take(handed(2, returned_at=day(13)), handed(3, handed_off_at=day(14)))
    assert both.counts == Counts(read=2, created=1, updated=1)
