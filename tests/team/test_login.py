"""Logging in: how often one may try, and that nobody learns who is there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from team.models import User
from tests.fixtures import PASSWORD


def attempt(name: str, typed: str = "wrong", address: str = "192.0.2.1", **more: Any) -> Any:
    data = {"username": name, "password": typed}
    return Client(REMOTE_ADDR=address).post("/login/", data, **more)


def test_who_guesses_is_stopped_and_then_not_even_a_right_guess_counts(dana: User) -> None:
    codes = [attempt("dana@northwind.example").status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]
    stopped = attempt("Dana@Northwind.example ", PASSWORD)
    assert stopped.status_code == 429
    assert stopped["Retry-After"] == "900"
    assert "Too many tries" in stopped.content.decode()


def test_who_is_not_there_is_answered_the_same(dana: User) -> None:
    answers = {
        name: [attempt(name, address=f"192.0.2.{number}") for _ in range(11)]
        for number, name in enumerate(("dana@northwind.example", "nobody@northwind.example"))
    }
    there, nobody = answers.values()
    assert [a.status_code for a in there] == [a.status_code for a in nobody]
    words = [a[0].content.decode().replace("dana", "nobody") for a in (there, nobody)]
    tokens = [text.split('csrfmiddlewaretoken" value="')[1][:64] for text in words]
    assert words[0].replace(tokens[0], "") == words[1].replace(tokens[1], "")


def test_many_names_from_one_address_are_stopped(dana: User) -> None:
    codes = [attempt(f"n{number}@x.example").status_code for number in range(51)]
    assert codes == [200] * 50 + [429]
    assert attempt("dana@northwind.example", PASSWORD, "192.0.2.9").status_code == 302


def test_getting_in_forgives_earlier_slips(dana: User) -> None:
    for _ in range(9):
        attempt("dana@northwind.example")
    assert attempt("dana@northwind.example", PASSWORD).status_code == 302
    assert attempt("dana@northwind.example").status_code == 200


@pytest.mark.parametrize(
    ("behind", "said", "codes"),
    [
        (True, "203.0.113.{n}, 198.51.100.7", {200, 429}),  # what the client claims is not believed
        (True, "198.51.100.7, 203.0.113.{n}", {200}),
        (False, "203.0.113.{n}", {200, 429}),
    ],
)
def test_the_address_is_the_one_that_our_proxy_saw(
    db: None, settings: Any, behind: bool, said: str, codes: set[int]
) -> None:
    settings.BEHIND_TLS_PROXY = behind
    found = {
        attempt(f"n{n}@x.example", HTTP_X_FORWARDED_FOR=said.format(n=n)).status_code
        for n in range(51)
    }
    assert found == codes


def test_a_network_of_ipv6_is_one_address(db: None) -> None:
    codes = {attempt(f"n{n}@x.example", address=f"2001:db8::{n:x}").status_code for n in range(51)}
    assert codes == {200, 429}
