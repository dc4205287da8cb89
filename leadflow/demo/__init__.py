"""The people to look at the demo as. `seed_demo` makes them; `make run` and the login page name them."""

from dataclasses import dataclass

from django.conf import settings

from team.models import Role, User

TIMEZONE = "America/New_York"
PASSWORD = "see-for-yourself"  # noqa: S105 - of a demo that anybody may open


@dataclass(frozen=True)
class DemoPerson:
    name: str
    role: Role
    login: str


PEOPLE = (
    DemoPerson("Dana Whitfield", Role.SPECIALIST, "dana@northwind.example"),
    DemoPerson("Carol Barrett", Role.REP, "carol@northwind.example"),
    DemoPerson("Jennifer Osei", Role.MANAGER, "jennifer@northwind.example"),
)


def people_present() -> list[DemoPerson]:
    """Those of them that this installation has; in production nobody's password is told."""
    if settings.PRODUCTION:
        return []
    logins = set(
        User.objects.filter(
            email__in=[person.login for person in PEOPLE], is_active=True
        ).values_list("email", flat=True)
    )
    return [person for person in PEOPLE if person.login in logins]
