"""/settings/: the index, the organisation, the market, and the lists of competitors and consultants."""

from __future__ import annotations

import pytest
from django.urls import reverse

from prospects.models import Listing, Rescreening
from prospects.screening.listings import MOST_LINES, read_lines
from team.models import Organisation
from team.organisation import MayNotChange, edit_organisation

INDEX = reverse("settings")
ORGANISATION = reverse("organisation-edit")
MARKET = reverse("market-edit")
RULES = reverse("screening-rules")
COMPETITORS = reverse("listing-list", args=["competitor"])
TAKE_OFF = reverse("listing-remove", args=["competitor"])


def typed(response) -> dict[str, str]:
    form = response.context["form"]
    return {f.html_name: "" if f.value() is None else str(f.value()) for f in form}


# Who may


@pytest.mark.parametrize(
    ("name", "manages", "administers"),
    [
        ("dana", False, False),
        ("carol", False, False),
        ("jennifer", True, False),
        ("ada", True, True),
    ],
)
def test_who_may(request, as_, organisation, name, manages, administers):
    client = as_(request.getfixturevalue(name))
    text = client.get(INDEX).content.decode()
    assert "The standard" in text
    assert (MARKET in text, ORGANISATION in text) == (manages, administers)
    for url in (MARKET, RULES, COMPETITORS):
        assert client.get(url).status_code == (200 if manages else 403)
    assert client.get(ORGANISATION).status_code == (200 if administers else 403)
    assert client.get(reverse("listing-list", args=["friends"])).status_code == (
        404 if manages else 403
    )


def test_the_rules_hold_without_the_page(jennifer, dana):
    with pytest.raises(MayNotChange):
        edit_organisation(fields={"market_countries": ["US"]}, by=dana)
    with pytest.raises(MayNotChange):
        edit_organisation(fields={"name": "Else"}, by=jennifer)


# The organisation


def test_the_organisation(as_, ada, organisation):
    client = as_(ada)
    said = typed(client.get(ORGANISATION)) | {
        "name": "Northwind GmbH", "timezone": "Europe/Berlin", "country": "DE",
        "currency": "eur", "accept_hours": "48",
    }  # fmt: skip
    assert client.post(ORGANISATION, said).status_code == 302
    organisation.refresh_from_db()
    assert (organisation.name, organisation.timezone) == ("Northwind GmbH", "Europe/Berlin")
    assert (organisation.country, organisation.currency) == ("DE", "EUR")
    assert organisation.accept_hours == 48


def test_before_anybody_set_it_up_the_defaults_stand_there(as_, ada):
    client = as_(ada)
    page = client.get(ORGANISATION)
    assert typed(page)["timezone"] == "UTC"
    assert client.post(ORGANISATION, typed(page) | {"name": "New"}).status_code == 302
    assert Organisation.objects.get().name == "New"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"country": "XX"}, "country"),
        ({"currency": "dollars"}, "currency"),
        ({"accept_hours": "0"}, "accept_hours"),
        ({"accept_hours": "soon"}, "accept_hours"),
    ],
)
def test_what_is_wrong_with_the_organisation_is_told(as_, ada, organisation, said, wrong):
    client = as_(ada)
    answer = client.post(ORGANISATION, typed(client.get(ORGANISATION)) | said)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [wrong]


def test_two_at_once_see_both(as_, ada, organisation):
    client = as_(ada)
    said = typed(client.get(ORGANISATION)) | {"name": "Mine"}
    edit_organisation(fields={"name": "Theirs"}, by=ada)
    answer = client.post(ORGANISATION, said)
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"] == ["Saved meanwhile: Theirs"]


# The market


def market(client, **said):
    blank = {"countries": "", "naics": "", "min_employees": "", "max_employees": ""}
    return client.post(MARKET, typed(client.get(MARKET)) | blank | said)


def test_the_market_is_read_from_names_and_codes(as_, jennifer, organisation, paper_mills):
    client = as_(jennifer)
    answer = market(
        client, countries="US, Canada\ngermany", naics="322120, 31-33", min_employees="1,000"
    )
    assert answer["Location"] == RULES
    organisation.refresh_from_db()
    assert organisation.market_countries == ["US", "CA", "DE"]
    assert organisation.market_naics == ["322120", "31-33"]
    assert (organisation.market_min_employees, organisation.market_max_employees) == (1000, None)
    text = client.get(RULES).content.decode()
    for words in (
        "United States of America, Canada, Germany",
        "Paper Mills",
        "at least 1,000 people",
    ):
        assert words in text, words
    assert typed(client.get(MARKET))["countries"] == "United States of America, Canada, Germany"
    assert client.post(MARKET, typed(client.get(MARKET))).status_code == 302


@pytest.mark.parametrize(
    ("said", "wrong", "words"),
    [
        ({"countries": "US, Atlantis"}, "countries", "“Atlantis” is no country"),
        ({"naics": "999999"}, "naics", "“999999” begins no code"),
        ({"min_employees": "few"}, "min_employees", "whole number"),
        ({"min_employees": "90", "max_employees": "10"}, "max_employees", "nobody would be left"),
    ],
)
def test_what_is_wrong_with_the_market_is_told_and_kept(
    as_, jennifer, organisation, said, wrong, words
):
    answer = market(as_(jennifer), **said)
    assert answer.status_code == 422
    [errors] = answer.context["form"].errors.values()
    assert (list(answer.context["form"].errors), words in errors[0]) == ([wrong], True)
    assert typed(answer)[next(iter(said))] == next(iter(said.values()))


def test_the_market_may_be_previewed(as_, jennifer, organisation):
    answer = market(as_(jennifer), countries="DE", preview="1")
    assert answer["Location"] == reverse("rescreening", args=[Rescreening.objects.get().pk])
    organisation.refresh_from_db()
    assert organisation.market_countries == []


# The lists

LINES = [
    ("rival.com", "rival.com", ""),
    ("https://www.Rival.com/about?x=1", "rival.com", ""),
    ("sales@mail.rival.com", "mail.rival.com", ""),
    ("Rival Drives, Inc.", "", "rivaldrives"),
    ("  ABB  ", "", "abb"),
    ("Łódź Motors S.A.", "", "lodzmotors"),
]

BAD = [
    ("gmail.com", "anybody"),
    ("someone@gmail.com", "anybody"),
    ("co.uk", "many share"),
    ("mailinator.com", "disposable"),
    ("mit.edu", "school"),
    ("n/a", "says no name"),
    ("Q", "too short"),
    ("@@", "no domain"),
    ("A" * 300, "longer"),
]


@pytest.mark.parametrize(("line", "domain", "key"), LINES)
def test_a_line_is_read(line, domain, key):
    [entry], refused = read_lines(line)
    assert (entry.domain, entry.name_key, refused) == (domain, key, [])


@pytest.mark.parametrize(("line", "words"), BAD)
def test_a_line_is_refused_with_why(line, words):
    entries, [refused] = read_lines(f"good.com\n{line}")
    assert (len(entries), refused.number, words in refused.problem) == (1, 2, True), refused


def test_cells_of_a_spreadsheet_are_entries_each_once():
    entries, refused = read_lines("Rival Drives\trival.com\n\nrival.com;Rival Drives GmbH\n")
    assert [entry.domain or entry.name for entry in entries] == ["Rival Drives", "rival.com"]
    assert not refused


def test_many_lines_at_once(as_, jennifer, organisation):
    client = as_(jennifer)
    lines = "\n".join(f"rival{number}.com" for number in range(60))
    page = client.post(COMPETITORS, {"lines": lines}, follow=True)
    assert "60 are added." in page.content.decode()
    assert (Listing.objects.count(), len(page.context["page"].rows)) == (60, 50)
    assert len(client.get(page.context["page"].older).context["page"].rows) == 10
    page = client.post(COMPETITORS, {"lines": "rival1.com\nRival Drives"}, follow=True)
    assert "1 is added. 1 was there." in page.content.decode()
    assert Listing.objects.get(name_key="rivaldrives").name == "Rival Drives"
    for words in ("Rival Drives", "rival dr", "RIVAL59"):
        assert len(client.get(COMPETITORS, {"q": words}).context["page"].rows) == 1, words


def test_refused_lines_come_back_and_the_others_can_be_taken(as_, jennifer, organisation):
    client = as_(jennifer)
    lines = "rival.com\ngmail.com\nn/a"
    answer = client.post(COMPETITORS, {"lines": lines})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 2, “gmail.com”: gives an address to anybody" in text
    assert "Line 3, “n/a”: says no name" in text
    assert "rival.com\ngmail.com\nn/a</textarea>" in text
    assert not Listing.objects.exists()
    page = client.post(COMPETITORS, {"lines": lines, "leave_out": "on"}, follow=True)
    assert "1 is added. 2 were left out." in page.content.decode()


@pytest.mark.parametrize("lines", ["", " \n ", "gmail.com", "a.com\n" * (MOST_LINES + 2), "\x00"])
def test_nothing_to_take(as_, jennifer, organisation, lines):
    assert as_(jennifer).post(COMPETITORS, {"lines": lines}).status_code == 422
    assert not Listing.objects.exists()


def test_entries_are_taken_off(as_, jennifer, organisation):
    client = as_(jennifer)
    client.post(COMPETITORS, {"lines": "a-rival.com\nb-rival.com"})
    one = Listing.objects.get(domain="a-rival.com")
    page = client.post(TAKE_OFF, {"picked": [one.pk]}, follow=True)
    assert "1 is taken off." in page.content.decode()
    assert [str(entry) for entry in Listing.objects.all()] == ["b-rival.com"]
    for picked in ([], ["x"], ["9" * 30]):
        answer = client.post(TAKE_OFF, {"picked": picked}, follow=True)
        assert "Tick the entries" in answer.content.decode()
    other = reverse("listing-remove", args=["consultant"])
    client.post(other, {"picked": [Listing.objects.get().pk]})
    assert Listing.objects.count() == 1


def test_taking_off_may_be_previewed(as_, jennifer, organisation):
    client = as_(jennifer)
    client.post(COMPETITORS, {"lines": "a-rival.com"})
    answer = client.post(TAKE_OFF, {"picked": [Listing.objects.get().pk], "preview": "1"})
    text = client.get(answer["Location"]).content.decode()
    assert "1 entry fewer on the list" in text
    assert Listing.objects.count() == 1


def test_an_empty_list_says_what_to_do(as_, jennifer, organisation):
    client = as_(jennifer)
    assert "Nobody is on this list yet" in client.get(COMPETITORS).content.decode()
    client.post(COMPETITORS, {"lines": "a-rival.com"})
    assert "No entry is like that" in client.get(COMPETITORS, {"q": "zzz"}).content.decode()


@pytest.mark.parametrize("url", [COMPETITORS, RULES, INDEX])
def test_it_costs_a_few_queries_whatever_the_lists(
    as_, jennifer, organisation, url, django_assert_max_num_queries
):
    client = as_(jennifer)
    client.get(url)
    for rounds in range(2):
        client.post(COMPETITORS, {"lines": "\n".join(f"r{rounds}-{n}.com" for n in range(30))})
        with django_assert_max_num_queries(9):
            client.get(url)
