"""What kind a message is, what it is about and what is new in it: read from raw messages alone."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.inbox.kinds import Kind
from nurture.inbox.quoting import new_words, text_of_html
from nurture.inbox.reading import Received, read_message
from nurture.inbox.returning import return_date
from tests.mails import MARIA, OURS, bounce, complaint, reply

TODAY = date(2026, 6, 17)
"""A Wednesday."""


def read(raw: bytes) -> Received:
    return read_message(raw, received_on=TODAY, month_first=True)


EXCHANGE: dict[str, Any] = {"X_Auto_Response_Suppress": "All", "Auto_Submitted": "auto-generated"}
MAILING_LIST: dict[str, Any] = {"List_Id": "<users.example.org>", "Precedence": "list"}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (reply(), Kind.REPLY),
        (reply(to="", subject="A question"), Kind.REPLY),
        (reply(Auto_Submitted="no"), Kind.REPLY),
        (reply(subject="Fwd: Drives at Halden Paper"), Kind.REPLY),
        (reply(**MAILING_LIST), Kind.REPLY),  # it answers us
        (reply(to="", **MAILING_LIST), Kind.BULK),
        (reply(to="", List_Unsubscribe="<https://news.example/u>"), Kind.BULK),
        (reply(Auto_Submitted="auto-replied"), Kind.AUTO_REPLY),
        (reply(Auto_Submitted="Auto-Replied; owner-email=x"), Kind.AUTO_REPLY),
        (reply(subject="Automatic reply: Drives", **EXCHANGE), Kind.AUTO_REPLY),
        (reply(subject="Automatic reply: Drives"), Kind.AUTO_REPLY),
        (reply(subject="Automatische Antwort: Drives"), Kind.AUTO_REPLY),
        (reply(subject="Réponse automatique : Drives"), Kind.AUTO_REPLY),
        (reply(subject="Respuesta automática: Drives"), Kind.AUTO_REPLY),
        (reply(subject="Abwesenheitsnotiz: Drives"), Kind.AUTO_REPLY),
        (reply(subject="Out of Office: Re: Drives"), Kind.AUTO_REPLY),
        (reply(X_Autoreply="yes"), Kind.AUTO_REPLY),
        (reply(X_Autorespond="Drives"), Kind.AUTO_REPLY),
        (reply(Precedence="auto_reply"), Kind.AUTO_REPLY),
        (reply("We talked about the out of office rule."), Kind.REPLY),
        (bounce(), Kind.HARD_BOUNCE),
        (bounce(status="5.4.1", diagnostic="smtp; 550 5.4.1 Access denied"), Kind.HARD_BOUNCE),
        (bounce(status="5.0.0", diagnostic="smtp; 550 5.1.1 unknown"), Kind.HARD_BOUNCE),
        (bounce(status="", diagnostic="smtp; 550 no such user"), Kind.HARD_BOUNCE),
        (bounce(status="5.2.2", diagnostic="smtp; 552 mailbox full"), Kind.SOFT_BOUNCE),
        (bounce(status="5.7.1", diagnostic="smtp; 550 5.7.1 spam"), Kind.SOFT_BOUNCE),
        (bounce(status="5.1.8", diagnostic="smtp; bad sender"), Kind.SOFT_BOUNCE),
        (bounce(status="4.4.7", diagnostic="smtp; expired"), Kind.SOFT_BOUNCE),
        (bounce(action="delayed", status="4.4.1"), Kind.DELAYED),
        (bounce(action="delivered", status="2.0.0"), Kind.DELIVERED),
        (bounce(action="relayed", status="2.0.0"), Kind.DELIVERED),
        (complaint(), Kind.COMPLAINT),
        (reply("Unsubscribe"), Kind.UNSUBSCRIBE),
        (reply("STOP!"), Kind.UNSUBSCRIBE),
        (reply("Please remove me from your mailing list. Thanks"), Kind.UNSUBSCRIBE),
        (reply("Désabonner"), Kind.UNSUBSCRIBE),
        (reply("Bitte austragen."), Kind.UNSUBSCRIBE),
        (reply("baja"), Kind.UNSUBSCRIBE),
        (reply("", to="", subject="unsubscribe"), Kind.UNSUBSCRIBE),
        (reply("", to="", subject="unsubscribe " + "a" * 43), Kind.UNSUBSCRIBE),
        (
            reply(
                "Stop by on Thursday, we would like to show you line 3 and talk it over with all."
            ),
            Kind.REPLY,
        ),
        (b"", Kind.REPLY),
        (b"no headers at all", Kind.REPLY),
    ],
)
def test_the_kind(raw: bytes, kind: Kind) -> None:
    assert read(raw).kind == kind


EXIM = b"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.example>
To: program@northwind.example
Subject: Mail delivery failed: returning message to sender
X-Failed-Recipients: m.lindqvist1@halden1.example
Message-Id: <E1abc@mx.example>

This message was created automatically by mail delivery software.

  m.lindqvist1@halden1.example
    host mail.halden1.example [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:
    550 5.1.1 No such user here

------ This is a copy of the message, including all the headers. ------

Message-ID: <7.touch@northwind.example>
Subject: Drives at Halden Paper
"""
QMAIL = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example
Subject: failure notice

Hi. This is the qmail-send program at mx.example.

<m.lindqvist1@halden1.example>:
192.0.2.9 does not like recipient.
Remote host said: 550 sorry, no mailbox here by that name (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: <7.touch@northwind.example>
"""
READ_RECEIPT = b"""\
From: m.lindqvist1@halden1.example
Subject: Read: Drives
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Your message was read.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822;m.lindqvist1@halden1.example
Original-Message-ID: <7.touch@northwind.example>
Disposition: manual-action/MDN-sent-manually; displayed
--b--
"""


@pytest.mark.parametrize(
    ("raw", "kind", "about"),
    [
        (bounce(), Kind.HARD_BOUNCE, MARIA),
        (complaint(), Kind.COMPLAINT, MARIA),
        (EXIM, Kind.HARD_BOUNCE, MARIA),
        (QMAIL, Kind.HARD_BOUNCE, ""),
        (READ_RECEIPT, Kind.DELIVERED, ""),
    ],
)
def test_a_report_names_our_message_and_the_address(raw: bytes, kind: Kind, about: str) -> None:
    received = read(raw)
    assert (received.kind, received.mentions, received.about) == (kind, (OURS,), about)


def test_what_a_reply_says() -> None:
    received = read(reply(subject="=?utf-8?q?Re=3A_Antriebe_f=C3=BCr_Linie_3?="))
    assert received.subject == "Re: Antriebe für Linie 3"
    assert (received.sender, received.sender_name) == (MARIA, "Maria Lindqvist")
    assert received.mentions == (OURS,)
    assert received.words == "Yes, call me on Thursday."


def test_the_nearest_mention_comes_first() -> None:
    raw = reply(to="<3.touch@n.example>").replace(
        b"<older@elsewhere.example>", b"<1.touch@n.example> <2.touch@n.example>"
    )
    assert read(raw).mentions == (
        "<3.touch@n.example>",
        "<2.touch@n.example>",
        "<1.touch@n.example>",
    )


@pytest.mark.parametrize(
    "charset", ["utf-8", "iso-8859-1", "windows-1252", "x-unknown", "utf-7", "idna", "rot13"]
)
def test_any_charset_is_read(charset: str) -> None:
    raw = f"Content-Type: text/plain; charset={charset}\r\n\r\nYes, on Thursday.".encode()
    assert "Thursday" in read(raw).words


QUOTED = {
    "Gmail": "Yes.\n\nOn Mon, Jun 15, 2026 at 9:30 AM Dana <d@n.example>\nwrote:\n\n> Hello",
    "Gmail, German": "Yes.\n\nAm Mo., 15. Juni 2026 um 15:30 Uhr schrieb Dana <d@n.example>:\n> Hello",
    "Apple, French": "Yes.\n\nLe 15 juin 2026 à 15:30, Dana <d@n.example> a écrit :\n\n> Hello",
    "Spanish": "Yes.\n\nEl lun, 15 jun 2026 a las 9:30, Dana (<d@n.example>) escribió:\n\n> Hello",
    "Outlook": "Yes.\n\nFrom: Dana <d@n.example>\nSent: Monday, June 15, 2026 9:30 AM\nTo: M\nSubject: x\n\nHello",
    "Outlook, German": "Yes.\n\nVon: Dana <d@n.example>\nGesendet: Montag, 15. Juni 2026 15:30\nAn: M\n\nHello",
    "old Outlook": "Yes.\n\n-----Original Message-----\nFrom: Dana\n\nHello",
    "unmarked": "Yes.\n\nOn Jun 15, 2026, Dana <d@n.example> wrote:\n\nHello Maria,\n\nhow do you",
    "telephone": "Yes.\n\nSent from my iPhone\n\n> On Jun 15, 2026, Dana wrote:\n> Hello",
    "signature": "Yes.\n\n-- \nMaria Lindqvist\nHello",
}


@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED.keys())
def test_what_is_quoted_is_left_out(text: str) -> None:
    assert new_words(text) == "Yes."
    assert new_words(text.replace("\n", "\r\n")) == "Yes."


def test_answers_between_the_lines_stay() -> None:
    text = "On Jun 15, 2026, Dana <d@n> wrote:\n> When?\nThursday.\n> Where?\nHere."
    assert new_words(text) == "Thursday.\nHere."


def test_a_message_that_only_quotes_is_shown_whole() -> None:
    assert new_words("> Hello") == "> Hello"


def test_html_is_read_as_words() -> None:
    page = (
        "<html><head><style>p{}</style></head><body><p>Yes,<br>call &amp; write</p>"
        "<script>alert(1)</script><!-- <p>no</p> --><div class='gmail_quote'>Hello</div></body>"
    )
    assert text_of_html(page) == "Yes,\ncall & write"


RETURNS = {
    "I am out of the office until Friday, July 3, 2026 with no access to email.": date(2026, 7, 4),
    "I'm on annual leave and will be back on Monday 6 July.": date(2026, 7, 6),
    "Thank you for your message. I will be returning on 7/6/2026.": date(2026, 7, 6),
    "I am away from June 22nd through July 3rd.": date(2026, 7, 4),
    "I am out until July 3 and return July 6th.": date(2026, 7, 6),
    "I will be out of the office 22 June – 3 July 2026. Call 617 555 0100.": date(2026, 7, 4),
    "Ich bin vom 22.06. bis einschließlich 03.07.2026 nicht im Büro.": date(2026, 7, 4),
    "Vielen Dank für Ihre Nachricht. Ab dem 6. Juli bin ich wieder erreichbar.": date(2026, 7, 6),
    "Ich bin bis zum 3. Juli 2026 im Urlaub.": date(2026, 7, 4),
    "Bonjour, je suis absent jusqu’au 3 juillet inclus.": date(2026, 7, 4),
    "Je serai de retour le lundi 6 juillet 2026.": date(2026, 7, 6),
    "Absente du 22 juin au 3 juillet 2026.": date(2026, 7, 4),
    "Estaré fuera de la oficina hasta el 3 de julio de 2026.": date(2026, 7, 4),
    "Vuelvo el lunes 6 de julio.": date(2026, 7, 6),
    "Estaré ausente del 22 de junio al 3 de julio.": date(2026, 7, 4),
    "Sono fuori ufficio fino al 3 luglio.": date(2026, 7, 4),
    "Out of office, returning 2026-07-06": date(2026, 7, 6),
    "I will be back in the office on Monday.": date(2026, 6, 22),
    "I'm back tomorrow.": date(2026, 6, 18),
    "I am on leave until January 4th, 2035.": None,
    "I was away until June 1, 2026.": None,
    "until 31 February": None,
    "We are open 24/7. Call us.": None,
    "Join our webinar on July 9, 2026!": None,
    "Thank you, we received your request #2026-06-1.": None,
    "Back in May": None,
    "": None,
}


@pytest.mark.parametrize(("text", "day"), RETURNS.items())
def test_the_day_they_are_back(text: str, day: date | None) -> None:
    assert return_date(text, received_on=TODAY, month_first=True) == day


def test_what_a_date_in_figures_means_depends_on_the_country() -> None:
    text = "I am back on 07/08/2026."
    assert return_date(text, received_on=TODAY, month_first=True) == date(2026, 7, 8)
    assert return_date(text, received_on=TODAY, month_first=False) == date(2026, 8, 7)
    text = "I am back on 13/08/2026."
    assert return_date(text, received_on=TODAY, month_first=True) == date(2026, 8, 13)


def test_the_quoted_message_names_no_return() -> None:
    raw = reply("Thank you.", Auto_Submitted="auto-replied")
    assert read(raw).returns_on is None


def _bomb(depth: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )


HTML = b"Content-Type: text/html\r\n\r\n"
HOSTILE = {
    "part in part": _bomb(5000),
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\n\r\n" * 50_000,
    "many headers": b"X: y\r\n" * 100_000 + b"\r\n",
    "comments": b"From: " + b"(" * 100_000 + b"\r\n\r\nx",
    "quotes": b"From: " + b'"' * 4_000 + b"\r\n\r\nx",
    "groups": b"From: " + b"a:" * 2_000 + b"\r\n\r\nx",
    "addresses": b"From: " + b"a@b, " * 100_000 + b"\r\n\r\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\r\n\r\nx",
    "references": b"References: " + b"<1.touch@a.b>\r\n " * 40_000 + b"\r\n\r\nx",
    "parameters": b"Content-Type: " + b"a/b;" * 200_000 + b"\r\n\r\nx",
    "continued parameters": b"Content-Type: text/plain; "
    + b"x*0*=utf-8''a; " * 5_000
    + b"\r\n\r\nx",
    "attributions": b"\r\n" + b"On " * 300_000,
    "quoted lines": b"\r\n" + b"> x\r\n" * 100_000,
    "tags": HTML + b"<div>" * 150_000,
    "open tags": HTML + b"<a " * 60_000,
    "declarations": HTML + b"<!" * 90_000,
    "comments in a page": HTML + b"<!--" * 50_000,
    "entities": HTML + b"&#" * 90_000,
    "all bytes": bytes(range(256)) * 3_000,
    "bad base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"!!!!" * 100_000,
    "huge": reply("x" * 5_000_000),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_message_keeps_us_busy(raw: bytes) -> None:
    began = time.process_time()
    received = read(raw)
    assert time.process_time() - began < 5
    assert len(received.words) <= 5_000
    assert len(received.subject) <= 250


def test_a_header_cannot_be_smuggled_in() -> None:
    received = read(b"Subject: =?utf-8?q?a=0D=0ABcc=3A_x=00=1B[31m?=\r\nFrom: x@y.example\r\n\r\n")
    assert received.subject.isprintable()


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert read(raw).digest


@given(st.lists(st.sampled_from(reply().split(b"\n") + bounce().split(b"\n")), max_size=60))
def test_any_order_of_lines_is_read(lines: list[bytes]) -> None:
    assert read(b"\n".join(lines)).digest


@given(st.text(max_size=500))
def test_any_text_names_a_day_ahead_or_none(text: str) -> None:
    day = return_date(text, received_on=TODAY, month_first=True)
    assert day is None or day > TODAY
