"""Finds the people and teams that files name, and makes those that there are not yet."""

from __future__ import annotations

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from team.models import Organisation, Role, Team, User


def team_of_imports() -> Team:
    """The team that rows without a known specialist go to: the oldest, made where there is none."""
    team = Team.objects.order_by("pk").first()
    return team or Team.objects.create(name=Organisation.current().name)


class Directory:
    """Resolves names and email addresses to users, each once; the unknown are made without a login.

    Somebody with an email address is found by it, everybody else by name, whatever the case; of
    several with one name, whoever has the role asked for.
    """

    def __init__(self, team: Team) -> None:
        self.team = team
        self._found: dict[tuple[str, str], User] = {}

    def person(self, words: str, role: Role, manager: str = "") -> User:
        """The user called so; made with `role`, in the team of `manager`, else in the default one."""
        key = (words.casefold(), role)
        if key not in self._found:
            self._found[key] = self.known(words, role) or self._made(words, role, manager)
        return self._found[key]

    def known(self, words: str, role: Role) -> User | None:
        """The user called so, if there is one."""
        if "@" in words:
            return User.objects.filter(email=words.lower()).select_related("team").first()
        named = User.objects.alias(lower=Lower("name")).filter(lower=words.lower())
        return min(
            named.select_related("team"),
            key=lambda user: (user.role != role, not user.is_active, user.pk),
            default=None,
        )

    def _made(self, words: str, role: Role, manager: str) -> User:
        user = User(
            name=words[:200],
            email=words.lower() if "@" in words else None,
            role=role,
            team=self._team_under(manager) if role != Role.MANAGER else self._team_of(words),
        )
        user.set_unusable_password()
        user.save()
        return user

    def _team_under(self, manager: str) -> Team:
        if not manager:
            return self.team
        return self.person(manager, Role.MANAGER).team or self.team

    def _team_of(self, manager: str) -> Team:
        name = _("Team of %s") % manager[:180]
        return Team.objects.get_or_create(name=name, defaults={"parent": self.team})[0]
