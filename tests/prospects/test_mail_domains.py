"""Whether a domain takes mail: a real name server is asked, and what it says has its effect."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from django.utils import timezone
from pytest_django import Settings

from prospects.actions import CompanyDetails, ContactDetails, LeadDetails, create_lead
from prospects.duplicates.finding import look_through_imports
from prospects.imports.leads import import_leads
from prospects.models import Contact, Lead, MailDomain, Source
from prospects.screening.name_servers import AGAIN_DEAD, ask_mail_domains
from prospects.screening.overruling import overrule
from prospects.stages import Stage
from team.models import Team, User

pytestmark = pytest.mark.django_db

ZONE = {
    ("takes.com", "MX"): "10 mail.takes.com.",
    ("old.com", "A"): "8.8.8.8",
    ("null.com", "MX"): "0 .",
    ("parked.com", "A"): "10.0.0.1",
    ("silent-by-spf.com", "A"): "8.8.8.8",
    ("silent-by-spf.com", "TXT"): '"v=spf1 -all"',
}
NAMES = {name for name, _kind in ZONE}
BROKEN = {"broken.com"}


class NameServer(socketserver.BaseRequestHandler):
    """Answers from ZONE, says that other names do not exist, and fails for BROKEN ones."""

    def handle(self) -> None:
        packet, socket = self.request
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in NAMES:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif (name, kind) in ZONE:
            answer.answer.append(
                dns.rrset.from_text(question.name, 60, "IN", kind, ZONE[name, kind])
            )
        socket.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def name_server(settings: Settings) -> Iterator[None]:
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), NameServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.MAIL_DNS = f"127.0.0.1:{server.server_address[1]}"
        yield
        server.shutdown()


@pytest.fixture
def now() -> datetime:
    """The database's own day: domains are noted by its clock."""
    return timezone.now() + timedelta(seconds=1)


@pytest.fixture
def arrive(fair: Source, south: Team, now: datetime) -> Any:
    def arrive(email: str, phone: str = "") -> Lead:
        lead = create_lead(
            source=fair,
            company=CompanyDetails(name=f"Works of {email}"),
            contact=ContactDetails(
                first_name="Ann", last_name="Poe", email=email, phone=phone or None
            ),
            details=LeadDetails(),
            team=south,
            by=None,
            now=now,
        )
        return Lead.objects.get(pk=lead.pk)

    return arrive


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("takes.com", True),
        ("old.com", True),  # no MX, but an address (RFC 5321, section 5)
        ("null.com", False),  # RFC 7505
        ("parked.com", False),
        ("silent-by-spf.com", False),
        ("nowhere.com", False),
        ("broken.com", None),
    ],
)
def test_what_a_name_server_says(
    name_server: None, arrive: Any, now: datetime, domain: str, expected: bool | None
) -> None:
    arrive(f"ann@{domain}")
    assert ask_mail_domains(now=now) == (expected is not None)
    known = MailDomain.objects.get(pk=domain)
    assert known.takes_mail is expected
    assert known.ask_at > now


def test_a_lead_that_only_had_that_address_is_screened_out(
    name_server: None, arrive: Any, now: datetime
) -> None:
    only_mail, has_phone = arrive("ann@nowhere.com"), arrive("bob@nowhere.com", "+1 212 555 0123")
    assert only_mail.stage == has_phone.stage == Stage.RAW
    ask_mail_domains(now=now)
    only_mail.refresh_from_db()
    has_phone.refresh_from_db()
    assert only_mail.stage == Stage.SCREENED_OUT
    assert "email “ann@nowhere.com”: no mail reaches it" in only_mail.screening[0]["words"]
    assert has_phone.stage == Stage.RAW
    assert has_phone.contact is not None
    assert not has_phone.contact.can_be_emailed


def test_the_next_one_from_there_is_judged_at_once(
    name_server: None, arrive: Any, now: datetime
) -> None:
    arrive("ann@nowhere.com")
    ask_mail_domains(now=now)
    assert arrive("eve@nowhere.com").stage == Stage.SCREENED_OUT


def test_a_persons_word_stands(name_server: None, arrive: Any, now: datetime, sam: User) -> None:
    lead = arrive("ann@nowhere.com")
    overrule(lead=lead, by=sam, now=now, reason="unreachable", why="she is on site")
    ask_mail_domains(now=now)
    lead.refresh_from_db()
    assert lead.stage == Stage.RAW


def test_a_domain_that_comes_back_gives_its_addresses_back(
    name_server: None, arrive: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = arrive("ann@nowhere.com", "+1 212 555 0123")
    bounced = arrive("bob@nowhere.com", "+1 212 555 0124")
    Contact.objects.filter(pk=bounced.contact_id).update(email_invalid_at=now - timedelta(days=9))
    ask_mail_domains(now=now)
    monkeypatch.setitem(ZONE, ("nowhere.com", "MX"), "10 mail.nowhere.com.")
    monkeypatch.setattr(f"{__name__}.NAMES", NAMES | {"nowhere.com"})
    assert ask_mail_domains(now=now + timedelta(days=1)) == 0
    assert ask_mail_domains(now=now + AGAIN_DEAD) == 1
    assert Contact.objects.get(pk=lead.contact_id).email_invalid_at is None
    assert Contact.objects.get(pk=bounced.contact_id).email_invalid_at is not None


def test_who_does_not_answer_is_asked_less_and_less(
    name_server: None, arrive: Any, now: datetime
) -> None:
    arrive("ann@broken.com")
    waits = []
    for _turn in range(3):
        at = MailDomain.objects.get().ask_at
        ask_mail_domains(now=max(at, now))
        waits.append(MailDomain.objects.get().ask_at - max(at, now))
    assert waits == [timedelta(hours=2), timedelta(hours=4), timedelta(hours=8)]


def test_an_imports_domains_are_asked_and_counted_in_the_next(
    name_server: None, south: Team, now: datetime, tmp_path: Path
) -> None:
    def bring(name: str) -> None:
        file = tmp_path / f"{name}.csv"
        rows = "".join(f"{name}{row},{name}{row}@nowhere.com\n" for row in range(20))
        file.write_text(f"last_name,email\n{rows}")
        import_leads(file, team=south, now=now)

    bring("first")
    assert not Lead.objects.filter(stage=Stage.SCREENED_OUT).exists()
    look_through_imports(now=now)
    ask_mail_domains(now=now)
    assert Lead.objects.filter(stage=Stage.SCREENED_OUT).count() == 20
    bring("second")
    assert Lead.objects.filter(stage=Stage.SCREENED_OUT).count() == 40


def test_nobody_is_asked_where_it_is_off(arrive: Any, now: datetime) -> None:
    arrive("ann@nowhere.com")
    assert ask_mail_domains(now=now) == 0
    assert MailDomain.objects.get().ask_at <= now + timedelta(minutes=1)
