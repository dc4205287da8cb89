"""/leads/: what whoever looks may see, narrowed, found and turned page by page."""

import random
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from prospects import actions
from prospects.forms import LeadListForm
from prospects.models import Lead, Source
from prospects.reads import PAGE, Cursor, LeadFilters, lead_list
from prospects.stages import Stage
from team.models import Role, User
from tests.fixtures import NOW

URL = reverse("lead-list")
MOST_QUERIES = 6
HTMX = {"HX-Request": "true", "HX-Target": "leads"}


def shown(response) -> list[int]:
    """The leads on a page, in its order."""
    return [row.pk for row in response.context["page"].rows]


def link(response, rel: str) -> str:
    """The address of the neighbouring page."""
    found = re.search(rf'href="([^"]+)"\s+rel="{rel}"', response.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


@pytest.fixture
def everybody(dana, sam, carol, luis, jennifer, victor, ada, charlie):
    return [dana, sam, carol, luis, jennifer, victor, ada, charlie]


@pytest.fixture
def crowd(many_leads, everybody, northeast, south, region, fair):
    """Leads of three teams in all stages, some of the same instant, some of a specialist elsewhere."""
    chance = random.Random(7)  # noqa: S311 - the same crowd each time
    other = Source.objects.create(name="Web site", kind="web_form")
    people = {user.name.split()[0]: user for user in everybody}
    leads = [
        *many_leads(70, northeast, specialist=people["Dana"]),
        *many_leads(40, south, specialist=people["Sam"]),
        *many_leads(6, region),
    ]
    for lead in leads:
        lead.activity_at = NOW - timedelta(hours=chance.randrange(60))
        lead.documented = chance.randrange(11)
        lead.source = chance.choice([fair, other])
        lead.search_text = chance.choice(["halden paper", "3m company", "michael o'neil 100%"])
        if chance.random() < 0.3:
            lead.specialist = chance.choice([None, people["Charlie"], people["Sam"]])
        if chance.random() < 0.3:
            lead.rep = chance.choice([people["Carol"], people["Luis"]])
    Lead.objects.bulk_update(
        leads, ["activity_at", "documented", "source", "search_text", "specialist", "rep"]
    )
    return leads


FILTERS = {
    "nothing": "",
    "a stage": "stage=raw",
    "a stage that none is in": "stage=won",
    "mine": "specialist=mine",
    "nobody’s": "specialist=nobody",
    "documented": "documented=6",
    "words": "q=halden",
    "a short word": "q=3m",
    "several": "stage=raw&documented=4&q=o'neil",
}


@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS.keys())
def test_everybody_finds_exactly_what_they_may_see(crowd, everybody, rf, asked):
    """The quick way to the newest leads gives what the rule of visibility gives, page by page."""
    for user in everybody:
        filters = LeadListForm(rf.get(f"/?{asked}").GET, user).filters
        visible = filters.narrow(Lead.objects.visible_to(user)).order_by("-activity_at", "-pk")
        expected = list(visible.values_list("pk", flat=True))
        walked, cursor = [], None
        while True:
            page = lead_list(user, filters, cursor=cursor, now=NOW)
            walked += [row.pk for row in page.rows]
            cursor = page.older
            if cursor is None:
                break
        assert walked == expected, user
        back: list[int] = []
        cursor = page.newer
        while cursor is not None:
            page = lead_list(user, filters, cursor=cursor, now=NOW)
            back = [row.pk for row in page.rows] + back
            cursor = page.newer
        assert back == expected[: len(back)], user


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("dana", True),
        ("jennifer", True),
        ("ada", True),
        ("sam", False),
        ("carol", False),
        ("charlie", False),
    ],
)
def test_who_sees_a_lead(request, as_, raw_lead, name, sees):
    page = as_(request.getfixturevalue(name)).get(URL)
    assert page.status_code == 200
    assert ("Halden Paper" in page.content.decode()) == sees
    assert ("Lindqvist" in page.content.decode()) == sees


def test_a_rep_sees_what_they_hold(as_, qualified_lead, carol, luis):
    actions.change_stage(
        lead=qualified_lead, to_stage=Stage.HANDED_OFF, now=NOW, by=carol, rep=carol
    )
    text = as_(carol).get(URL).content.decode()
    assert "Halden Paper" in text
    assert "with Carol Barrett" in text
    assert "New lead" not in text
    assert "Nobody’s" not in text
    assert "Screened out" not in text
    assert "Halden Paper" not in as_(luis).get(URL).content.decode()


def test_nobody_sees_it_without_logging_in(client, raw_lead):
    assert client.get(URL).status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_only_read(as_, dana, method):
    assert getattr(as_(dana), method)(URL).status_code == 405


# What a row says


def test_a_row_says_what_is_next_and_since_when(as_, nurtured_lead, dana):
    text = as_(dana).get(URL).content.decode()
    for words in (
        f'href="{reverse("lead-detail", args=[nurtured_lead.pk])}" data-row-link',
        "Maria Lindqvist1, Plant Director",
        "Nurturing",
        "Trade fair",
        "Dana Whitfield",
        "attempt 1 of 6: voicemail and email missing",
        "8 wk",
    ):
        assert words in text, words


def test_a_lead_without_a_company_goes_by_its_person(as_, make_lead, dana, northeast, fair):
    actions.create_lead(
        source=fair,
        company=actions.CompanyDetails(),
        contact=actions.ContactDetails(last_name="Holm", title="Buyer"),
        details=actions.LeadDetails(),
        team=northeast,
        by=dana,
        now=NOW,
    )
    text = as_(dana).get(URL).content.decode()
    assert ">Holm</a><small>Buyer</small>" in text


def test_a_naughty_name_is_only_a_name(as_, make_lead, dana):
    make_lead("<script>alert(1)</script>")
    text = as_(dana).get(URL).content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


# Filters


def test_narrowing_keeps_the_other_filters(as_, crowd, jennifer):
    page = as_(jennifer).get(f"{URL}?stage=raw&documented=4")
    text = page.content.decode()
    assert 'href="/leads/?stage=won&amp;documented=4"' in text
    assert '<option value="4" selected>' in text
    assert f'href="{URL}?stage=raw&amp;documented=4&amp;specialist=nobody"' in text


def test_mine_pressed_again_is_everybodys(as_, crowd, dana):
    text = as_(dana).get(f"{URL}?specialist=mine").content.decode()
    assert re.search(r'<a class="chip"\s+href="/leads/"[^>]*aria-current="true">Mine</a>', text)
    # The menu says so too, so that what is asked next does not forget it.
    assert '<option value="mine" selected>' in text


def test_a_person_or_a_source_is_chosen_from_a_menu(as_, crowd, sam, jennifer):
    source = Source.objects.get(name="Web site")
    page = as_(jennifer).get(f"{URL}?specialist={sam.pk}&source={source.pk}")
    rows = page.context["page"].rows
    assert rows
    assert {row.specialist for row in rows} == {"Sam Ortiz"}
    assert {row.source for row in rows} == {"Web site"}


@pytest.mark.parametrize(
    "query",
    [
        "stage=sleeping",
        "source=x",
        "source=99999999999999999999999",
        "specialist=everybody",
        "documented=11",
        "documented=-1",
        "after=yesterday",
        "after=99999999999999999.1",
        "before=1",
        f"q={'x' * 101}",
        "q=%00",
        "colour=red",
    ],
)
def test_what_cannot_be_understood_narrows_nothing(as_, raw_lead, dana, query):
    page = as_(dana).get(f"{URL}?{query}")
    assert page.status_code == 200
    assert shown(page) == [raw_lead.pk]


# Words


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("halden", True),
        ("HALDEN lindq", True),
        ("alden pape", True),
        ("m.lindqvist1@halden1.example", True),
        ("+16175551001", True),
        ("555 1001", True),
        ("ma", True),  # a short word begins one
        ("ar", False),
        ("halden nobody", False),
        ("%", False),
        ("_____", False),
        ("'; drop table", False),
    ],
)
def test_words_are_parts_of_what_a_lead_is_told_by(as_, raw_lead, dana, words, found):
    page = as_(dana).get(URL, {"q": words})
    assert (shown(page) == [raw_lead.pk]) == found


# Pages


def test_pages_turn_without_counting_or_skipping(as_, crowd, jennifer):
    client = as_(jennifer)
    with CaptureQueriesContext(connection) as queries:
        first = client.get(URL)
    assert len(queries) <= MOST_QUERIES
    sql = " ".join(query["sql"] for query in queries)
    assert "COUNT(" not in sql
    assert "OFFSET" not in sql
    assert "50 leads shown" in first.content.decode()
    assert not link(first, "prev")
    second = client.get(link(first, "next"))
    third = client.get(link(second, "next"))
    assert not link(third, "next")
    walked = shown(first) + shown(second) + shown(third)
    assert len(walked) == len(set(walked)) == len(crowd)
    assert shown(client.get(link(third, "prev"))) == shown(second)
    assert shown(client.get(link(second, "prev"))) == shown(first)


def test_a_page_keeps_its_place_while_leads_move(as_, many_leads, northeast, dana):
    leads = many_leads(60, northeast)
    client = as_(dana)
    first = client.get(URL)
    Lead.objects.filter(pk=leads[55].pk).update(activity_at=NOW + timedelta(hours=1))
    assert shown(client.get(link(first, "next"))) == [
        lead.pk for lead in leads[50:] if lead != leads[55]
    ]


@pytest.mark.parametrize("name", ["dana", "carol", "jennifer", "ada"])
@pytest.mark.parametrize("query", ["", "?stage=raw&documented=4&q=x", "?specialist=nobody"])
def test_ten_leads_more_cost_no_query_more(request, as_, crowd, many_leads, northeast, name, query):
    client = as_(request.getfixturevalue(name))
    client.get(URL)  # the session and the organisation are known from here on

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(URL + query)
        return len(queries)

    before = cost()
    many_leads(10, northeast)
    assert cost() == before <= MOST_QUERIES


# htmx


def test_htmx_gets_the_region_and_its_address(as_, crowd, jennifer):
    client = as_(jennifer)
    part = client.get(f"{URL}?q=&stage=raw&source=", headers=HTMX)
    assert b"<html" not in part.content
    assert b"<table" in part.content
    assert part["HX-Push-Url"] == f"{URL}?stage=raw"
    assert "HX-Request" in part["Vary"]
    older = client.get(link(client.get(URL), "next"), headers=HTMX | {"HX-Boosted": "true"})
    assert b"<html" not in older.content
    assert older["HX-Push-Url"].startswith(f"{URL}?after=")
    whole = client.get(URL, headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert b"<html" in whole.content
    assert "HX-Target" in whole["Vary"]


# Nothing to show


@pytest.mark.parametrize(
    ("name", "words", "does"),
    [
        ("dana", "No leads yet", reverse("import-list")),
        ("jennifer", "No leads yet", reverse("lead-new")),
        ("ada", "No leads yet", reverse("import-list")),
        ("carol", "No opportunities yet", ""),
    ],
)
def test_an_empty_list_says_what_to_do_first(request, as_, name, words, does):
    page = as_(request.getfixturevalue(name)).get(URL)
    text = page.content.decode()
    assert words in text
    assert does in text
    assert "<table" not in text


def test_when_nothing_matches_the_filters_can_be_cleared(as_, raw_lead, dana):
    text = as_(dana).get(f"{URL}?q=nobody").content.decode()
    assert "No lead is like that" in text
    assert "Clear filters" in text


def test_an_installation_without_teams_and_leads_has_a_list(as_, person):
    assert as_(person("Ada", Role.ADMIN)).get(URL).status_code == 200
    assert User.objects.count() == 1


def test_a_cursor_beyond_everything_is_an_empty_page(raw_lead, dana):
    page = lead_list(dana, LeadFilters(), cursor=Cursor(NOW - timedelta(days=9999), 1), now=NOW)
    assert (page.rows, page.newer, page.older) == ([], None, None)
    assert len(lead_list(dana, LeadFilters(), now=NOW).rows) == 1 <= PAGE
