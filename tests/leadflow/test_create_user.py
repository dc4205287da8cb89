"""`manage.py create_user`: who may log in is made on the server, with a password that holds."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client

from team.models import Role, Team, User

PASSWORD = "a long walk to the lake"


@pytest.fixture
def create(db: None, monkeypatch: pytest.MonkeyPatch):
    """Runs the command as from a shell: `create("ada@northwind.example", "--role", "admin")`."""

    def create(email: str, *options: str, name: str = "Ada Novak", password: str = PASSWORD) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        out = io.StringIO()
        call_command("create_user", email, "--name", name, "--password-stdin", *options, stdout=out)
        return out.getvalue()

    return create


def test_the_first_administrator_can_log_in(create, client: Client) -> None:
    told = create("Ada@Northwind.example", "--role", "admin")
    assert told == "Ada Novak, Administrator: logs in as ada@northwind.example.\n"
    answer = client.post("/login/", {"username": "ada@northwind.example", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/leads/").status_code == 200


def test_a_team_is_made_once_and_below_another(create) -> None:
    for name in ("Dana Whitfield", "Carol Barrett"):
        email = f"{name.partition(' ')[0]}@northwind.example"
        create(email, "--role", "rep", "--team", "Northeast", "--under", "East", name=name)
    create("jennifer@northwind.example", "--role=manager", "--team=East", "--side=marketing")
    assert Team.objects.get(name="Northeast").parent == Team.objects.get(name="East")
    manager = User.objects.get(email="jennifer@northwind.example")
    assert (manager.side, len(manager.team_ids)) == ("marketing", 2)


def test_who_was_named_by_an_import_gets_a_login_and_keeps_the_history(create) -> None:
    named = User.objects.create_user(None, name="Dana Whitfield", role=Role.SPECIALIST)
    create("dana@northwind.example", "--role=specialist", "--team=East", name="dana whitfield")
    person = User.objects.get()
    assert (person.pk, person.email) == (named.pk, "dana@northwind.example")
    assert authenticate(username="dana@northwind.example", password=PASSWORD) == person


@pytest.mark.parametrize(
    ("options", "given", "said"),
    [
        (["--role=rep"], {}, "A rep belongs to a team"),
        (["--role=rep", "--team=East", "--side=sales"], {}, "A rep signs no standard"),
        (["--role=boss"], {}, "invalid choice: 'boss'"),
        (["--role=admin"], {"password": "short"}, "at least 12 characters"),
        (["--role=admin"], {"password": "ada@northwind.example"}, "too similar to the email"),
        (["--role=admin"], {"name": " "}, "This field cannot be blank"),
        (["--role=rep", "--team=East", "--under=West"], {}, "it is not below West"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    create, options: list[str], given: dict[str, Any], said: str
) -> None:
    Team.objects.create(name="East")
    with pytest.raises(CommandError, match=said):
        create("ada@northwind.example", *options, **given)
    assert not User.objects.exists()
    assert list(Team.objects.values_list("name", flat=True)) == ["East"]


def test_an_address_that_is_none_or_is_taken_is_refused(create) -> None:
    with pytest.raises(CommandError, match="valid email"):
        create("ada", "--role=admin")
    create("ada@northwind.example", "--role=admin")
    with pytest.raises(CommandError, match="can log in already"):
        create("ADA@northwind.example", "--role=admin", password="another walk to the lake")
    assert authenticate(username="ada@northwind.example", password=PASSWORD)


def test_without_a_terminal_nobody_waits_for_a_password(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="use --password-stdin"):
        call_command("create_user", "ada@northwind.example", "--name=Ada", "--role=admin")
