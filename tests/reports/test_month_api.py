"""The month as JSON: the keys of the domain, over the same read as the page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from prospects.models import Lead, SourceCost
from team.models import User
from tests.reports.conftest import MAY

pytestmark = pytest.mark.django_db

KEYS = {
    "leads_received", "leads_screened_out", "new_prospects", "under_development", "mqls",
    "qualified", "handed_off", "potential_revenue", "accepted", "returned", "overdue", "won",
    "won_revenue", "lost", "pct_qualified", "touches", "attempts_per_lead", "sources", "handoffs",
    "conversion_12m", "yield_by_attempt", "capacity",
}  # fmt: skip
"""Of domain.md, section 9. What leads cost is told per source."""


@pytest.fixture
def month_of(at_now: None) -> Callable[..., Any]:
    def ask(user: User, month: str = "2026-05", status: int = 200) -> Any:
        client = APIClient(raise_request_exception=False)
        client.force_login(user)
        answer = client.get(f"/api/v1/reports/{month}/")
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


def test_a_month_as_json(
    lived: Callable[..., Lead], touched: Any, handed: Any, month_of: Any, carol: User, dana: User,
    jennifer: User,
) -> None:  # fmt: skip
    lead = lived(
        ("raw", "05-03 09:00"),
        ("nurturing", "05-03 10:00"),
        ("qualified", "05-20 09:00"),
        ("handed_off", "05-21 10:00"),
        ("accepted", "05-21 13:00"),
        ("won", "06-10 09:00"),
        rep=carol,
    )
    touched(lead, ("phone", "no_answer", "05-05 10:00"), ("phone", "conversation", "05-12 10:00"))
    lived(("raw", "05-04 09:00"), ("screened_out", "05-04 09:01", "student"))
    SourceCost.objects.create(source=lead.source, month_on=MAY.first_on, amount=Decimal(500))
    handoff = handed(
        lead, "05-21 10:00", accepted="05-21 13:00", won="06-10 09:00", revenue=395_000,
        potential=420_000,
    )  # fmt: skip

    month = month_of(jennifer)
    assert set(month) >= KEYS
    told = {
        key: value for key, value in month.items() if isinstance(value, int | float | str) and value
    }
    assert told == {
        "month": "2026-05",
        "start": "2026-05-01T04:00:00Z",
        "end": "2026-06-01T04:00:00Z",
        "timezone": "America/New_York",
        "currency": "USD",
        "counted_at": "2026-06-17T15:00:00Z",
        "leads_received": 2,
        "leads_screened_out": 1,
        "new_prospects": 1,
        "qualified": 1,
        "handed_off": 1,
        "potential_revenue": "420000.00",
        "won_revenue": "0.00",
        "accepted": 1,
    }
    assert month["so_far"] is False
    assert month["sentences"][2] == (
        "Sales received 1 fully nurtured opportunity with $420,000 in potential revenue."
    )
    assert month["screened_out_by_reason"] == [
        {"reason": "student", "label": "Student", "count": 1}
    ]
    assert month["pct_qualified"] == {"at_month_end": 50, "now": 50}
    person = {"id": dana.pk, "name": "Dana Whitfield"}
    assert month["touches"] == {
        "total": 2,
        "conversations": 1,
        "by_channel": [{"channel": "phone", "outbound": 2, "inbound": 0}],
        "by_specialist": [{"specialist": person, "outbound": 2, "inbound": 0, "conversations": 1}],
    }
    assert month["attempts_per_lead"] == {
        "overall": 2,
        "attempts": 2,
        "leads_worked": 1,
        "by_specialist": [
            {
                "specialist": person,
                "complete": 1,
                "incomplete": 1,
                "leads_worked": 1,
                "attempts_per_lead": 2,
            }
        ],
    }
    assert month["sources"] == [
        {
            "id": lead.source_id,
            "source": "Trade fair",
            "received": 2,
            "screened_out": 1,
            "mql": 0,
            "qualified": 1,
            "handed_off": 1,
            "won": 1,
            "won_revenue": "395000.00",
            "cost": "500.00",
            "revenue_to_cost": 790,
            "cost_per_lead": "250.00",
            "cost_per_qualified": "500.00",
            "cost_per_handoff": "500.00",
        }
    ]
    assert month["handoffs"] == [
        {
            "id": handoff.pk,
            "lead": lead.pk,
            "rep": {"id": carol.pk, "name": "Carol Barrett"},
            "company": f"#{lead.pk}",
            "contact": "",
            "specialist": "Dana Whitfield",
            "handed_off_at": "2026-05-21T14:00:00Z",
            "touches_before": 7,
            "documented": 10,
            "potential_revenue": "420000.00",
            "expected_close": None,
            "state": "accepted",
            "state_now": "won",
        }
    ]
    assert month["yield_by_attempt"][1] == {
        "attempt": 2,
        "label": "2",
        "leads": 1,
        "conversations": 1,
        "rate": 100,
        "interval": [pytest.approx(20.65, abs=0.01), 100],
        "won": 0,
    }
    assert month["capacity"] == {
        "reps": [
            {
                "id": carol.pk,
                "rep": "Carol Barrett",
                "team": "Northeast",
                "capacity": 8,
                "live": 0,
                "free": 8,
            }
        ],
        "teams": [],
    }
    june = month_of(jennifer, "2026-06")
    assert (june["so_far"], june["won"], june["won_revenue"]) == (True, 1, "395000.00")


def test_all_handoffs_of_a_month_are_there(
    lived: Callable[..., Lead], handed: Any, month_of: Any, carol: User, jennifer: User
) -> None:
    for _ in range(60):
        handed(lived(("raw", "05-03 09:00"), rep=carol), "05-10 10:00")
    month = month_of(jennifer)
    assert len(month["handoffs"]) == month["handed_off"] == 60


@pytest.mark.parametrize("month", ["2026-07", "2026-13", "all", "june", "2026-5"])
def test_what_is_no_month(month_of: Any, jennifer: User, month: str) -> None:
    assert month_of(jennifer, month, 404)["status"] == 404


def test_reps_have_no_report(month_of: Any, carol: User) -> None:
    month_of(carol, status=403)
