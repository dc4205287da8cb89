"""/handoffs/: what a rep has on hand, and what a team handed over."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from handoff.actions import mark_overdue, report_result
from handoff.models import Handoff
from handoff.reads import CLOSED_ROWS, OPEN_ROWS, overdue
from nurture.actions import log_touch
from prospects.models import Lead
from tests.fixtures import NOW

URL = reverse("handoff-list")


@pytest.fixture
def many(make_lead, carol, dana):
    """Make so many handoffs to Carol, as an import would: without a dossier, a minute apart."""

    def make(count: int, **fields) -> list[Handoff]:
        model = make_lead()
        leads = Lead.objects.bulk_create(
            Lead(
                source=model.source,
                team=model.team,
                company=model.company,
                contact=model.contact,
                received_at=NOW,
                stage="raw",
                stage_at=NOW,
                activity_at=NOW,
            )
            for _ in range(count)
        )
        return Handoff.objects.bulk_create(
            Handoff(
                lead=lead,
                rep=carol,
                specialist=dana,
                handed_off_at=NOW - timedelta(days=30) + timedelta(minutes=number),
                **fields,
            )
            for number, lead in enumerate(leads)
        )

    return make


def test_a_rep_sees_their_clocks_and_their_room(as_, handed, carol):
    page = as_(carol).get(URL)
    text = page.content.decode()
    assert "My opportunities" in text
    assert "1 of 8 live" in text
    assert "Waiting for you" in text
    assert "Halden Paper: Line 3 stops twice a week" in text
    assert "Accept or return by tomorrow, 10:00 a.m." in text
    assert "$420K" in text
    assert reverse("handoff-detail", args=[handed.pk]) in text


def test_an_accepted_one_owes_a_call_then_a_close(as_, accepted, carol, dana):
    assert "First call by Monday, Jun 22" in as_(carol).get(URL).content.decode()
    log_touch(lead=accepted.lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    assert "First call by" in as_(carol).get(URL).content.decode()  # that was Dana’s
    log_touch(lead=accepted.lead, channel="phone", outcome="no_answer", by=carol, now=NOW)
    assert "Expected to close on Sep 15" in as_(carol).get(URL).content.decode()


def test_a_closed_one_says_how_it_ended(as_, accepted, carol):
    report_result(handoff=accepted, result="won", revenue=Decimal(395000), by=carol, now=NOW)
    text = as_(carol).get(URL).content.decode()
    assert "Won on Jun 17, 2026" in text
    assert "$395,000" in text
    assert "0 of 8 live" in text


def test_the_team_sees_late_ones_first(as_, many, handed, jennifer):
    many(2, accept_by=NOW - timedelta(days=2))
    mark_overdue(NOW)
    text = as_(jennifer).get(URL).content.decode()
    assert "Handoffs" in text
    assert text.index("Overdue since") < text.index("Waiting for the rep")
    assert "Carol Barrett" in text
    assert "from Dana Whitfield" in text


VISIBLE = {
    "carol": True,
    "luis": False,
    "dana": True,
    "sam": False,
    "charlie": False,
    "jennifer": True,
    "victor": True,
    "ada": True,
}


def test_who_sees_what(as_, handed, request):
    for who, sees in VISIBLE.items():
        page = as_(request.getfixturevalue(who)).get(URL)
        assert page.status_code == 200
        assert ("Halden" in page.content.decode()) is sees, who


def test_nobody_sees_it_without_logging_in(client, handed):
    assert client.get(URL).status_code == 302


def test_empty_says_what_comes(as_, carol, dana):
    assert "No opportunities yet" in as_(carol).get(URL).content.decode()
    assert "No handoffs yet" in as_(dana).get(URL).content.decode()


def test_pages_of_what_is_open(as_, many, ada):
    made = many(OPEN_ROWS + 3)
    client = as_(ada)
    first = client.get(URL)
    handoffs = first.context["handoffs"]
    assert len(handoffs.open.rows) == OPEN_ROWS
    second = client.get(URL + handoffs.open.next_url).context["handoffs"]
    assert second.closed is None
    assert [row.pk for row in [*handoffs.open.rows, *second.open.rows]] == [h.pk for h in made]
    assert (second.open.next_url, second.open.first_url) == ("", "?")


def test_pages_of_what_is_closed(as_, many, carol):
    made = many(CLOSED_ROWS + 3, result="lost", result_at=NOW, accepted_at=NOW)
    client = as_(carol)
    first = client.get(URL).context["handoffs"].closed
    second = client.get(URL + first.next_url).context["handoffs"].closed
    assert [row.pk for row in [*first.rows, *second.rows]] == [h.pk for h in reversed(made)]


def test_the_order_of_what_is_open(as_, many, carol, ada):
    accepted = many(1, accepted_at=NOW)
    waiting = many(1, accept_by=NOW + timedelta(days=1))
    late = many(1, accept_by=NOW - timedelta(days=1), overdue_at=NOW)
    rows = as_(ada).get(URL).context["handoffs"].open.rows
    assert [row.pk for row in rows] == [late[0].pk, waiting[0].pk, accepted[0].pk]


@pytest.mark.parametrize(
    "query",
    [
        "open=x",
        "open=1_2026-06-17_5",
        "open=2026-06-17T00:00:00+00:00_5",
        "closed=1_2_3",
        "closed=_",
    ],
)
def test_an_address_that_no_page_links_to(as_, carol, query):
    assert as_(carol).get(f"{URL}?{query}").status_code == 404


@pytest.mark.parametrize("who", ["carol", "dana", "jennifer"])
def test_the_queries_do_not_grow(
    as_, many, who, request, django_assert_max_num_queries, django_assert_num_queries
):
    client = as_(request.getfixturevalue(who))
    many(2)
    with django_assert_max_num_queries(6) as first:
        client.get(URL)
    many(10)
    many(10, result="lost", result_at=NOW)
    with django_assert_num_queries(len(first)):
        client.get(URL)


def test_overdue_ones_for_the_managers_own_page(many, handed, jennifer, sam):
    late = many(3, accept_by=NOW - timedelta(days=2), overdue_at=NOW)
    assert [row.pk for row in overdue(jennifer, now=NOW)] == [h.pk for h in late]
    assert [row.pk for row in overdue(jennifer, now=NOW, limit=1)] == [late[0].pk]
    assert overdue(sam, now=NOW) == []


def test_a_rep_sees_that_they_asked_again(as_, handed, carol):
    Lead.objects.filter(pk=handed.lead_id).update(asked_at=handed.handed_off_at - timedelta(days=1))
    assert "asked again" not in as_(carol).get(URL).content.decode()
    Lead.objects.filter(pk=handed.lead_id).update(
        asked_at=handed.handed_off_at + timedelta(hours=2)
    )
    assert "asked again" in as_(carol).get(URL).content.decode()
