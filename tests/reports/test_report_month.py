"""The pages of reports, as each role sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handoff.models import Handoff
from prospects.models import Lead, Source, SourceCost
from reports import reads
from reports.definitions import DEFINITIONS
from reports.models import MonthFigures
from team.models import Organisation, Team, User
from tests.reports.conftest import MAY, at

As = Callable[[User], Client]

pytestmark = pytest.mark.django_db

PAGES = [
    "/reports/",
    "/reports/2026-06/",
    "/reports/2026-05/",
    "/reports/all/",
    "/reports/2026-05/touches/",
    "/reports/all/under_development/",
]


def text_of(response: Any) -> str:
    """What a reader reads: without tags, spaces as one."""
    main = response.content.decode().split("<main", 1)[1]
    apart = re.sub(r"</?(small|t[dhr]|p|d[dtl]|div|h\d|section|span)\b[^>]*>", " ", main)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", apart)).split())


def link_of(page: str, rel: str) -> tuple[str, ...]:
    """Where a link of that relation leads, what it is called, and its key."""
    [link] = re.findall(rf'<a [^>]*rel="{rel}"[^>]*>', page)
    return tuple(re.findall(r'(?:href|aria-label|data-key)="([^"]*)"', link))


@pytest.fixture
def a_month(
    lived: Callable[..., Lead], touched: Any, handed: Any, carol: User, dana: User
) -> Handoff:
    """May: Halden Paper handed to Carol and accepted within three hours; one student; one gave up."""
    lead = lived(
        ("raw", "05-03 09:00"),
        ("nurturing", "05-03 10:00"),
        ("qualified", "05-20 09:00"),
        ("handed_off", "05-21 10:00"),
        ("accepted", "05-21 13:00"),
        ("won", "06-10 09:00"),
        rep=carol,
        mql="05-10 09:00",
    )
    touched(
        lead,
        ("phone", "no_answer", "05-05 10:00"),
        ("phone", "conversation", "05-12 10:00"),
        ("email", "replied", "05-13 10:00"),
    )
    lived(("raw", "05-04 09:00"), ("screened_out", "05-04 09:01", "student"))
    lived(
        ("raw", "05-04 09:00"),
        ("nurturing", "05-05 09:00"),
        ("unable_to_qualify", "05-30 09:00", "attempts_used_up"),
    )
    source = Source.objects.get()
    SourceCost.objects.create(source=source, month_on=MAY.first_on, amount=Decimal(600))
    handoff: Handoff = handed(
        lead,
        "05-21 10:00",
        accepted="05-21 13:00",
        won="06-10 09:00",
        revenue=395_000,
        potential=420_000,
    )
    return handoff


@pytest.mark.parametrize("address", PAGES)
def test_who_may_read_reports(
    a_month: Handoff, as_: As, client: Client, address: str, dana: User, jennifer: User, victor: User,
    ada: User, carol: User, charlie: User,
) -> None:  # fmt: skip
    assert client.get(address).status_code == 302, "to the login"
    for user in (dana, jennifer, victor, ada, charlie):
        assert as_(user).get(address).status_code == 200, user
    assert as_(carol).get(address).status_code == 403


def test_the_month_as_a_manager_forwards_it(a_month: Handoff, as_: As, jennifer: User) -> None:
    response = as_(jennifer).get("/reports/2026-05/")
    text = text_of(response)
    assert (
        "In May, marketing added 2 new prospects to the program. "
        "No opportunities are under development. "
        "Sales received 1 fully nurtured opportunity with $420,000 in potential revenue."
    ) in text
    assert "May 2026 closed Jun 1" in text
    assert "accepted in 3 h since then won, $395,000" in text
    assert "1 screened out: 1 student." in text
    assert (
        "Of the leads received, 33 % have qualified so far (1); 33 % by the end of"
        in text.replace("\N{NARROW NO-BREAK SPACE}", " ")
    )
    assert "Attempts used up unable to qualify 1" in text
    assert "Carol Barrett Northeast 0 8 8" in text
    assert "No qualified lead waits for a rep." in text


def test_the_running_month_is_so_far(a_month: Handoff, as_: As, jennifer: User) -> None:
    for page in ("/reports/", "/reports/2026-06/"):
        text = text_of(as_(jennifer).get(page))
        assert "June 2026 so far as of 11 a.m." in text
        assert "In June so far, marketing added no new prospects to the program." in text
        assert "1 was won, worth $395,000." in text


def test_numbers_open_their_leads(a_month: Handoff, as_: As, jennifer: User) -> None:
    """Every link to a figure on the month, and on the program, opens a list with something in it."""
    client = as_(jennifer)
    links: set[str] = set()
    for page in ("/reports/2026-05/", "/reports/2026-06/", "/reports/all/"):
        found = re.findall(
            r'href="(/reports/[^/"]+/[^/"]+/[^"]*)"', client.get(page).content.decode()
        )
        links |= set(map(unescape, found))
    assert len(links) > 60
    empty = []
    for link in sorted(links):
        response = client.get(link)
        assert response.status_code == 200, link
        if not response.context["figure"].rows:
            empty.append(link)
    # The words of a sentence and the strip always lead somewhere; nothing else opens an empty list.
    strip = re.compile(
        r"/(new_prospects|under_development|handed_off|potential_revenue|won|won_revenue|leads_received)/$"
    )
    assert [link for link in empty if not strip.search(link)] == []


def test_counts_of_another_day_say_so(
    a_month: Handoff, as_: As, jennifer: User, settings: Any
) -> None:
    client = as_(jennifer)
    client.get("/reports/2026-05/")
    settings.REPORT_SHARE = 0.000001
    MonthFigures.objects.update(counted_at=at("06-15 09:30"), took_ms=60_000)
    assert "closed Jun 1 as of 06/15/2026 9:30 a.m." in text_of(client.get("/reports/2026-05/"))


def test_moves_from_month_to_month(a_month: Handoff, as_: As, jennifer: User) -> None:
    client = as_(jennifer)
    june = client.get("/reports/2026-06/").content.decode()
    assert link_of(june, "prev") == ("/reports/2026-05/", "May 2026", "[")
    assert 'rel="next"' not in june, "July has not begun"
    may = client.get("/reports/2026-05/").content.decode()
    assert link_of(may, "next") == ("/reports/2026-06/", "June 2026", "]")
    assert 'rel="prev"' not in may, "before May there was nothing"


@pytest.mark.parametrize(
    "path",
    [
        "/reports/2026-07/",
        "/reports/2026-13/",
        "/reports/june/",
        "/reports/2026-6/",
        "/reports/2026-07/touches/",
        "/reports/2026-05/profit/",
        "/reports/2026-05/touches/?channel=pigeon",
        "/reports/2026-05/touches/?by=0",
        "/reports/2026-05/touches/?by=1%20OR%201",
        "/reports/2026-05/leads_received/?channel=phone",
        "/reports/2026-05/attempt_reached/?attempt=12",
        "/reports/2026-05/touches/?cursor=%3Cx",
        "/reports/2026-05/leads_received/?source=-",
        "/reports/2026-05/leads_received/?source=99999999999999999999",
        "/reports/2026-05/leads_screened_out/?reason=%00",
        "/reports/9999-12/",
        "/reports/0000-01/",
    ],
)
def test_what_there_is_not(a_month: Handoff, as_: As, jennifer: User, path: str) -> None:
    assert as_(jennifer).get(path).status_code == 404


def test_months_before_the_program_are_empty(a_month: Handoff, as_: As, jennifer: User) -> None:
    response = as_(jennifer).get("/reports/1999-12/")
    assert response.status_code == 200
    assert "Nothing to report yet" in text_of(response)


@pytest.mark.parametrize("address", PAGES)
def test_nothing_yet_says_what_to_do_first(as_: As, jennifer: User, address: str) -> None:
    text = text_of(as_(jennifer).get(address))
    assert ("Import leads" in text) or ("Nothing in this period counts for this figure." in text)


def test_a_figure_says_what_it_means(a_month: Handoff, as_: As, jennifer: User) -> None:
    text = text_of(as_(jennifer).get("/reports/2026-05/potential_revenue/"))
    assert "What the handoffs made in the month may bring, as the reps were told." in text
    assert "1 entry, $420,000 together" in text
    text = text_of(as_(jennifer).get("/reports/2026-05/touches/?channel=phone&direction=out"))
    assert "2 entries Call · Out show all" in text
    text = text_of(as_(jennifer).get("/reports/all/won/"))
    assert "Here: all months of the program together." in text


@pytest.mark.parametrize("figure", DEFINITIONS)
def test_every_figure_has_its_page(a_month: Handoff, as_: As, dana: User, figure: str) -> None:
    for period in ("2026-05", "2026-06", "all"):
        response = as_(dana).get(reverse("report-figure", args=[period, figure]))
        assert response.status_code == 200
        assert str(DEFINITIONS[figure].title) in text_of(response)


def test_a_list_pages_by_its_links(
    lived: Callable[..., Lead], as_: As, jennifer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.behind.ROWS_SHOWN", 2)
    for _ in range(5):
        lived(("raw", "05-03 09:00"))
    client, here = as_(jennifer), "/reports/2026-05/leads_received/"
    source = Source.objects.get()
    first = client.get(f"{here}?source={source.pk}")
    second = client.get(here + first.context["older_url"])
    assert f"source={source.pk}" in first.context["older_url"], "what it is narrowed to stays"
    third = client.get(here + second.context["older_url"])
    assert [len(p.context["figure"].rows) for p in (first, second, third)] == [2, 2, 1]
    back = client.get(here + third.context["newer_url"])
    assert back.context["figure"].rows == second.context["figure"].rows
    assert (first.context["newer_url"], third.context["older_url"]) == ("", "")


def test_sees_nothing_of_other_teams(a_month: Handoff, as_: As, sam: User) -> None:
    client = as_(sam)
    for page in PAGES:
        body = client.get(page).content
        assert b"Carol" not in body
        assert b"420" not in body
    assert (
        client.get("/reports/2026-05/touches/?by=" + str(a_month.specialist_id))
        .context["figure"]
        .narrowed_to.startswith("#")
    ), "not even the name"


def test_more_handoffs_than_fit(
    lived: Callable[..., Lead], handed: Any, as_: As, jennifer: User, carol: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for _ in range(5):
        handed(lived(("raw", "05-03 09:00"), rep=carol), "05-06 10:00")
    report = reads.monthly_report(MAY, user=jennifer, now=MAY.end, handoffs_shown=3)
    assert sum(len(rep.lines) for rep in report.handoffs) == 3
    assert report.more_handoffs == 2


def test_other_money_and_other_zones(
    a_month: Handoff, as_: As, jennifer: User, organisation: Organisation
) -> None:
    organisation.currency, organisation.timezone = "EUR", "Europe/Berlin"
    organisation.save()
    text = text_of(as_(jennifer).get("/reports/2026-05/"))
    assert "€420,000 in potential revenue" in text


def test_names_are_only_text(
    a_month: Handoff, as_: As, jennifer: User, northeast: Team, carol: User
) -> None:
    nasty = "<script>alert(1)</script>"
    Source.objects.update(name=nasty)
    Team.objects.filter(pk=northeast.pk).update(name=nasty)
    User.objects.filter(pk=carol.pk).update(name=nasty)
    Handoff.objects.update(lost_reason=nasty, result="lost")
    for page in [*PAGES, "/reports/2026-05/lost/"]:
        assert b"<script>alert" not in as_(jennifer).get(page).content


@pytest.mark.parametrize(("address", "most"), [("/reports/2026-05/", 12), ("/reports/all/", 9)])
def test_a_kept_report_asks_as_often_whatever_is_in_it(
    a_month: Handoff, lived: Callable[..., Lead], handed: Any, touched: Any, as_: As,
    jennifer: User, carol: User, settings: Any, address: str, most: int,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    settings.REPORT_SHARE = 0.000001
    client = as_(jennifer)
    client.get(address)
    for _ in range(10):
        lead = lived(("raw", "05-03 09:00"), rep=carol)
        touched(lead, ("phone", "no_answer", "05-05 10:00"))
        handed(lead, "05-10 10:00")
    with django_assert_max_num_queries(most):
        client.get(address)
