"""What a form's sender tells us, and what makes an inquiry look like spam (decision 41).

Pure but for the key that signs when a form was shown. Nothing suspicious is lost: it is kept aside for
a person to look at, and its sender reads the same thanks as everybody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core import signing
from django.db.models import TextChoices
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects import keys
from prospects.models.capture import Asked
from prospects.screening.judging import says_company

TRAP = "fax"
"""A field that nobody sees; what fills in everything fills it in too."""
LEAST_TIME = timedelta(seconds=3)
MOST_TIME = timedelta(hours=24)
SAME_AGAIN_WITHIN = timedelta(days=1)
"""The same words through the same form within it are one inquiry, sent twice."""
MOST_LINKS = 2
LINK = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)

LONGEST: dict[str, int] = {
    Asked.NAME: 200,
    Asked.COMPANY: 250,
    Asked.TITLE: 150,
    Asked.EMAIL: 254,
    Asked.PHONE: 60,
    Asked.COUNTRY: 60,
    Asked.CITY: 100,
    Asked.WEBSITE: 253,
    Asked.MESSAGE: 5000,
}
"""Characters that each field takes."""


class Suspicion(TextChoices):
    """Why an inquiry is kept aside."""

    TRAP = "trap", gettext_lazy("Filled in a field that nobody sees")
    TOO_FAST = "too_fast", gettext_lazy("Sent faster than anybody types")
    TOO_OLD = "too_old", gettext_lazy("Sent long after the form was shown")
    ELSEWHERE = "elsewhere", gettext_lazy("Not sent from the form or a site that may show it")
    TOO_MANY = "too_many", gettext_lazy("Many at once")
    LINKS = "links", gettext_lazy("Links")


@dataclass(frozen=True)
class Doubt:
    """One reason to keep an inquiry aside, in words that a person can check."""

    rule: str
    words: str


class Shown(NamedTuple):
    """When our page showed the form, and on which page it stood, as far as the browser told."""

    at: datetime
    page: str


_signer = signing.Signer(salt="prospects.capture.shown")


def seal(form_token: str, shown: Shown) -> str:
    """What the form carries along, so that it can say when it was shown and nobody can make it up."""
    return _signer.sign_object([form_token, int(shown.at.timestamp()), shown.page[:500]])


def unseal(form_token: str, sealed: str) -> Shown | None:
    """When and where this form was shown; None for what we did not sign, or for another form."""
    try:
        token, at, page = _signer.unsign_object(sealed)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Shown(datetime.fromtimestamp(at, UTC), page) if token == form_token else None


def doubts_of_page(
    said: Mapping[str, str],
    *,
    trap: str,
    shown: Shown | None,
    from_site: bool,
    sender_is_busy: bool,
    form_is_busy: bool,
    now: datetime,
) -> list[Doubt]:
    """What is suspicious about a form that a browser sent; empty: it is taken in.

    `from_site`: the browser says that it comes from one of the form's sites, whose own page cannot
    say when it was shown. `…_is_busy`: more came from that address, or through that form, than people
    send.
    """
    found = []
    if trap:
        found.append(_doubt(Suspicion.TRAP))
    if shown is None and not from_site:
        found.append(_doubt(Suspicion.ELSEWHERE))
    if shown is not None and now - shown.at < LEAST_TIME:
        found.append(_doubt(Suspicion.TOO_FAST))
    if shown is not None and now - shown.at > MOST_TIME:
        found.append(_doubt(Suspicion.TOO_OLD))
    if sender_is_busy:
        found.append(Doubt(Suspicion.TOO_MANY, _("many at once from one sender")))
    if form_is_busy:
        found.append(Doubt(Suspicion.TOO_MANY, _("many at once through this form")))
    return found + doubts_of_words(said)


def doubts_of_words(said: Mapping[str, str]) -> list[Doubt]:
    """What is suspicious about the words alone, whoever brings them."""
    in_message = len(LINK.findall(said.get(Asked.MESSAGE, "")))
    if in_message > MOST_LINKS:
        return [Doubt(Suspicion.LINKS, _("%s links in the message") % in_message)]
    for name in (Asked.NAME, Asked.COMPANY, Asked.TITLE, Asked.CITY, Asked.PHONE):
        if LINK.search(said.get(name, "")):
            words = _("a link where the %s belongs") % str(Asked(name).label).lower()
            return [Doubt(Suspicion.LINKS, words)]
    return []


def _doubt(rule: Suspicion) -> Doubt:
    return Doubt(rule, str(rule.label))


def digest_of(form_pk: int, said: Mapping[str, str]) -> str:
    """A keyed hash of what was said through which form: tells the same again from something else."""
    plain = json.dumps([form_pk, dict(said)], sort_keys=True)
    return salted_hmac("prospects.capture.digest", plain, algorithm="sha256").hexdigest()


@dataclass(frozen=True)
class Sender:
    """Who asks, read from what they typed; a field they left out, or misspelled, is empty."""

    first_name: str
    last_name: str
    title: str
    email: str
    phone: str
    company: str
    domain: str
    country: str
    city: str
    message: str
    home: str
    """The country of a number that is given without its code, where they do not say theirs."""

    @property
    def email_key(self) -> str:
        return keys.email_key(self.email)

    @property
    def phone_key(self) -> str:
        return keys.phone_key(self.phone, self.country or self.home)


def read_sender(said: Mapping[str, str], home: str) -> Sender:
    """Who asks. The company's domain is that of its web site, else of an address that is not free mail."""
    first_name, last_name = split_name(said.get(Asked.NAME, ""))
    email = said.get(Asked.EMAIL, "").strip()
    mail_domain = keys.email_key(email).rpartition("@")[2]
    website = keys.domain_of(said.get(Asked.WEBSITE, ""))
    company = said.get(Asked.COMPANY, "").strip()
    return Sender(
        first_name=first_name,
        last_name=last_name,
        title=said.get(Asked.TITLE, "").strip(),
        email=email,
        phone=said.get(Asked.PHONE, "").strip(),
        company="" if keys.is_placeholder(company) else company,
        domain=website or (mail_domain if says_company(mail_domain) else ""),
        country=keys.country_code(said.get(Asked.COUNTRY, "")),
        city=said.get(Asked.CITY, "").strip(),
        message=said.get(Asked.MESSAGE, "").strip(),
        home=home,
    )


def split_name(name: str) -> tuple[str, str]:
    """First and last name of "Jane van Dorp" and of "van Dorp, Jane"; one word is a last name."""
    last, comma, first = name.strip().partition(",")
    if comma:
        return first.strip()[:100], last.strip()[:100]
    first, _space, last = name.strip().partition(" ")
    return (first[:100], last.strip()[:100]) if last else ("", first[:100])


def origin_of(address: str) -> str:
    """`https://www.example.com` of any address there, in lower case; empty where it is no web address."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    default = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname.lower()
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")
