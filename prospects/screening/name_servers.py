"""Asks name servers whether a domain takes mail (domain.md, section 4), once, and keeps the answer.

What is learned makes addresses invalid, and their raw leads are judged anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from dns.resolver import NXDOMAIN, NoAnswer, Resolver
from email_validator import EmailUndeliverableError
from email_validator.deliverability import validate_email_deliverability

from prospects.actions import locked, screen_arrival
from prospects.imports.statements import fetch
from prospects.models import Contact, Lead, MailDomain
from prospects.stages import Stage

AT_ONCE = 16
BATCH = 200
SECONDS = 5.0
"""How long a name server may take with one domain."""
CLAIMED_FOR = timedelta(minutes=15)
AGAIN_ALIVE, AGAIN_DEAD = timedelta(days=180), timedelta(days=7)
"""When a domain is asked again: one that takes mail may die, and one that does not may be a slip."""
MOST_SILENT = 9
"""After so many times without an answer the wait no longer doubles: three weeks."""


def ask_mail_domains(*, now: datetime) -> int:
    """Ask DNS about the domains whose turn it is; returns how many answered.

    Several may do so at once: each takes its own. No transaction is open while a name server thinks.
    """
    resolver = _resolver()
    if resolver is None:
        return 0
    names = _claim(now)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda name: takes_mail(name, resolver), names))
    for name, answer in zip(names, answers, strict=True):
        _keep(name, now, takes=answer)
    return sum(answer is not None for answer in answers)


def takes_mail(name: str, resolver: Resolver) -> bool | None:
    """What DNS says: a mail server (RFC 5321, 7505), or none; None if there was no answer."""
    try:
        found = validate_email_deliverability(name, name, dns_resolver=resolver)
    except EmailUndeliverableError as wrong:
        # It says the same of any fault on the way, which proves nothing.
        is_said = wrong.__cause__ is None or isinstance(wrong.__cause__, (NXDOMAIN, NoAnswer))
        return False if is_said else None
    return None if "unknown-deliverability" in found else True


def _resolver() -> Resolver | None:
    """The name server of the settings; None where none is to be asked."""
    if settings.MAIL_DNS == "off":
        return None
    is_named = settings.MAIL_DNS != "system"
    resolver = Resolver(configure=not is_named)
    if is_named:
        host, _colon, port = settings.MAIL_DNS.rpartition(":")
        resolver.nameservers, resolver.port = [host], int(port)
    resolver.lifetime = SECONDS
    return resolver


def _claim(now: datetime) -> list[str]:
    return [
        name
        for (name,) in fetch(
            """
            UPDATE prospects_maildomain SET ask_at = %(until)s
             WHERE name IN (SELECT name FROM prospects_maildomain WHERE ask_at <= %(now)s
                             ORDER BY ask_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
            RETURNING name
            """,
            {"now": now, "until": now + CLAIMED_FOR, "batch": BATCH},
        )
    ]


@transaction.atomic
def _keep(name: str, now: datetime, *, takes: bool | None) -> None:
    domain = MailDomain.objects.select_for_update().get(pk=name)
    if takes is None:
        domain.silent += 1
        domain.ask_at = now + timedelta(hours=2 ** min(domain.silent, MOST_SILENT))
        domain.save(update_fields=["silent", "ask_at"])
        return
    was_dead_since = domain.asked_at if domain.takes_mail is False else None
    domain.takes_mail, domain.silent = takes, 0
    domain.ask_at = now + (AGAIN_ALIVE if takes else AGAIN_DEAD)
    if takes or was_dead_since is None:  # the instant tells which addresses it made invalid
        domain.asked_at = now
    domain.save(update_fields=["takes_mail", "silent", "ask_at", "asked_at"])
    if takes and was_dead_since is not None:
        people = _people_at(name, "email_invalid_at = %(since)s", {"since": was_dead_since})
        Contact.objects.filter(pk__in=people).update(email_invalid_at=None)
    elif not takes and was_dead_since is None:
        people = _people_at(name, "email_invalid_at IS NULL", {})
        Contact.objects.filter(pk__in=people).update(email_invalid_at=now)
        _judge_anew(people, now)


def _people_at(name: str, condition: str, given: dict[str, datetime]) -> list[int]:
    rows = fetch(
        f"""
        SELECT id FROM prospects_contact
         WHERE split_part(email_key, '@', 2) = %(name)s AND email_key <> '' AND {condition}
        """,  # noqa: S608 - conditions of ours
        {"name": name, **given},
    )
    return [pk for (pk,) in rows]


def _judge_anew(people: Sequence[int], now: datetime) -> None:
    """Screen the raw leads of these people again; a person's word that it is wrong stands."""
    leads = (
        Lead.objects.filter(contact__in=people, stage=Stage.RAW)
        .exclude(overrulings__taken_back_at__isnull=True, overrulings__isnull=False)
        .order_by("pk")
    )
    for found in leads:
        lead = locked(found)
        if lead.stage == Stage.RAW:
            screen_arrival(lead=lead, now=now)
