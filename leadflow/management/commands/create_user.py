"""`manage.py create_user EMAIL`: somebody who may log in, the first administrator among them."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX as UNUSABLE
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from team.models import Role, Side, Team, User

ALONE = {Role.ADMIN}
"""Roles that need no team: an administrator sees everything."""


class Command(BaseCommand):
    help = (
        "Makes a person who may log in. The password is asked for on the terminal, or read from"
        " standard input. Somebody whom an import has named, and who has no login yet, gets one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="what they log in with")
        parser.add_argument("--name", required=True, help="first and last name")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument(
            "--team", default="", help="its name; made if there is none (not needed for an admin)"
        )
        parser.add_argument(
            "--under", default="", metavar="TEAM", help="the team that a new --team is below"
        )
        parser.add_argument(
            "--side",
            default="",
            choices=Side.values,
            help="for which side a manager signs the standard",
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = self.person(options)
        password = _password(from_stdin=options["password_stdin"])
        try:
            validate_password(password, user)
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        user.set_password(password)
        user.save()
        self.stdout.write(f"{user.name}, {user.get_role_display()}: logs in as {user.email}.")

    def person(self, options: dict[str, Any]) -> User:
        """Whom it is about, not saved yet. Refuses (CommandError) what does not fit together."""
        email, name = options["email"].strip().lower(), " ".join(options["name"].split())
        role, side, team_name = options["role"], options["side"], " ".join(options["team"].split())
        if User.objects.filter(email=email).exclude(password__startswith=UNUSABLE).exists():
            raise CommandError(f"{email} can log in already.")
        if side and role not in (Role.MANAGER, Role.ADMIN):
            raise CommandError(f"A {role} signs no standard: leave out --side.")
        if not team_name and role not in ALONE:
            raise CommandError(f"A {role} belongs to a team: name it with --team.")
        user = _without_login(email, name, role) or User(role=role)
        user.email, user.name, user.side = email, name, side
        if team_name:
            user.team = _team(team_name, " ".join(options["under"].split()))
        try:
            validate_email(email)
            user.clean_fields(exclude=["password"])
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        return user


def _team(name: str, under: str) -> Team:
    """The team of that name, made where there is none; one that exists is not moved."""
    parent = Team.objects.get_or_create(name=under)[0] if under else None
    team, _is_new = Team.objects.get_or_create(name=name, defaults={"parent": parent})
    if parent is not None and team.parent_id != parent.pk:
        raise CommandError(f"There is a team {name} already, and it is not below {under}.")
    return team


def _without_login(email: str, name: str, role: str) -> User | None:
    """Somebody that an import named: by this address, or by name alone in the same role."""
    known = User.objects.filter(role=role, password__startswith=UNUSABLE)
    return (
        known.filter(email=email).first()
        or known.filter(email__isnull=True, name__iexact=name).first()
    )


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask at: use --password-stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise CommandError("These are two different passwords.")
    return password
