"""Reads the environment loudly: a wrong variable stops the start and says what was expected.

django-environ parses; what it would let pass in silence (`DEBUG=yess` is False there) is refused here.
"""

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

env = Env()

LEAST_HOOK_SECRET = 20

MAIL_PROVIDERS = (
    "amazon_ses",
    "brevo",
    "mailersend",
    "mailgun",
    "mailjet",
    "mailtrap",
    "mandrill",
    "postal",
    "postmark",
    "resend",
    "sendgrid",
    "sparkpost",
    "unisender_go",
)
"""Those that send and report (django-anymail's names)."""

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def _refuse(name: str, found: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {found}; expected {expected}.")


def _required(name: str, expected: str) -> str:
    value = text(name)
    if not value:
        raise _refuse(name, "not set", expected)
    return value


def text(name: str, default: str = "") -> str:
    """The variable without surrounding space; an empty one counts as not set."""
    return str(env.str(name, default="")).strip() or default


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in allowed:
        raise _refuse(name, repr(value), "one of " + ", ".join(allowed))
    return value


def name_server(name: str, default: str) -> str:
    """`system`, `off`, or the address and port of a name server."""
    value = text(name, default)
    host, _colon, port = value.rpartition(":")
    if value not in ("system", "off") and not (host and port.isascii() and port.isdigit()):
        raise _refuse(name, repr(value), "system, off, or a name server as 192.0.2.1:53")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in TRUE | FALSE:
        raise _refuse(name, repr(value), "true or false")
    return value in TRUE


def number(name: str, default: int, *, least: int = 0) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise _refuse(name, repr(value), f"a whole number, {least} or more")
    return int(value)


def words(name: str) -> list[str]:
    """A comma-separated list; empty where the variable is not set."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def required_words(name: str, expected: str) -> list[str]:
    _required(name, expected)
    return words(name)


def secret(name: str, *, least_length: int) -> str:
    """A secret of production; the message tells its length, never the secret."""
    expected = f"a random secret of at least {least_length} characters"
    value = _required(name, expected)
    if len(value) < least_length:
        raise _refuse(name, f"{len(value)} characters long", expected)
    return value


def url(name: str, schemes: tuple[str, ...], example: str) -> str:
    """A required address; the message leaves out everything but the scheme, as a password may follow."""
    expected = f"an address such as {example}"
    value = _required(name, expected)
    try:
        parts = urlsplit(value)
        complete = parts.scheme in schemes and bool(parts.netloc or parts.path.strip("/"))
        parts.port  # noqa: B018 - raises ValueError where the port is no number
    except ValueError:
        complete = False
    if not complete:
        scheme = value.partition(":")[0] if ":" in value else "no address"
        raise _refuse(name, f"{scheme}:…" if ":" in value else scheme, expected)
    return value


def anymail(provider: str) -> dict[str, str | int]:
    """django-anymail's settings: each variable ANYMAIL_…, as its documentation names them.

    Without a secret anybody could report a bounce: a provider needs one.
    """
    found: dict[str, str | int] = {
        name.removeprefix("ANYMAIL_"): value.strip()
        for name, value in os.environ.items()
        if name.startswith("ANYMAIL_") and value.strip()
    }
    known = str(found.get("WEBHOOK_SECRET", ""))
    user, _colon, password = known.partition(":")
    if provider and not (user and len(password) >= LEAST_HOOK_SECRET):
        expected = f"user:password, the password of at least {LEAST_HOOK_SECRET} characters"
        raise _refuse("ANYMAIL_WEBHOOK_SECRET", "too short" if known else "not set", expected)
    # Below the time after which a message of unknown fate is shown to a person.
    return {"REQUESTS_TIMEOUT": 30, "IGNORE_UNSUPPORTED_FEATURES": True, **found}
