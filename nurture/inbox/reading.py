"""Reads one message as it came: what kind it is, which of ours it speaks of, what is new in it. Pure.

Whatever a stranger writes, this answers within bounds: headers, parts and texts are cut to a length,
and what the standard library cannot read is told as unreadable.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage, Message
from email.utils import parseaddr

from nurture.inbox.kinds import Kind
from nurture.inbox.quoting import new_words, text_of_html
from nurture.inbox.returning import return_date
from prospects.keys import email_key, folded

MOST_BYTES = 500_000
"""Of a message; what lies beyond is attachments."""
MOST_OF_HEADER = 4_000
MOST_HEADERS = 500
MOST_PARTS = 100
MOST_REFERENCES = 50
MOST_OF_CONTENT_HEADER = 1_000
DEEPEST = 50
"""How often a message may open a part within a part before it is told as unreadable."""

OURS = re.compile(r"<\d{1,18}\.touch@[a-z0-9.-]{1,253}>", re.IGNORECASE)
"""The Message-ID of what we sent (nurture.engine.composing)."""
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
SMTP_CODE = re.compile(r"\b([45]\d\d)[ -]")
MULTIPART = re.compile(rb"(?im)^content-type:[^\n]{0,200}multipart/")
BOUNDARY = re.compile(rb"(?m)^--")
CONTENT_HEADER = re.compile(rb"(?im)^content-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*")
TOKEN = re.compile(r"unsubscribe[- ]([A-Za-z0-9_-]{43})\b")

DAEMONS = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|bounces?)([+@-]|$)", re.IGNORECASE)
RETURNED = re.compile(
    r"^(undeliver|undelivered|mail delivery (failed|failure|subsystem)|delivery status notification|"
    r"delivery (has )?failed|returned mail|failure notice|nicht zustellbar|unzustellbar|"
    r"non remis|echec de la remise|no se puede entregar|mensaje no entregado)",
)
AUTOMATIC = re.compile(
    r"^(automatic reply|auto(matic)?[ -]?(reply|response|responder)|autoreply|out of (the )?office|"
    r"ooo\b|automatische antwort|abwesenheits\w*|abwesend|reponse automatique|absence du bureau|"
    r"absent du bureau|respuesta automatica|fuera de (la )?oficina|risposta automatica|"
    r"fuori sede|automatisch antwoord|afwezig\w*|resposta automatica|autosvar|automatisk svar|"
    r"automatyczna odpowiedz)"
)
AUTOMATIC_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-FC-MachineGenerated",
)
STOP = re.compile(
    r"^(please |bitte |kindly )?(unsubscribe( me)?|stop|remove( me)?|opt[ -]?out|take me off|"
    r"abmelden|abbestellen|austragen|desabonner|desinscrire|desinscription|me desabonner|baja|"
    r"darme de baja|cancelar (la )?suscripcion|cancella(mi)?|disiscrivi(mi)?|uitschrijven|afmelden)"
    r"\b(?P<rest>.*)$"
)
LONGEST_STOP = 12
"""Words: who writes more has something to say that a person should read."""
PREFIX = re.compile(r"^((re|aw|fw|fwd|wg|tr|rv|antw|sv|vs)\s?:\s*)+")

_UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)
"""What the standard library raises on messages made to confuse it."""


@dataclass(frozen=True)
class Received:
    """What a message says, within bounds; what it does not say is empty."""

    kind: Kind
    digest: str
    """The same for the same message, wherever it was read: what it is known by."""
    message_id: str = ""
    mentions: tuple[str, ...] = ()
    """Message-IDs of ours that it answers or reports on, the nearest first."""
    sender: str = ""
    """Normalised address; empty where there is none."""
    sender_name: str = ""
    about: str = ""
    """The address (normalised) that a bounce or a complaint is about."""
    subject: str = ""
    words: str = ""
    returns_on: date | None = None
    status: str = ""
    """As a mail server puts it: “5.1.1”."""
    token: str = ""
    """Of the opt-out that we gave them, where they mail it back."""


def read_message(raw: bytes, *, received_on: date, month_first: bool) -> Received:
    """Read a message. Never raises for what it says.

    `received_on`: the day it came, on the organisation's calendar; `month_first`: what 07/06 means.
    """
    raw = _bounded(raw)
    unreadable = Received(kind=Kind.UNREADABLE, digest=hashlib.sha256(raw).hexdigest())
    if len(MULTIPART.findall(raw)) > DEEPEST:
        return unreadable
    try:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return _Reader(message).read(received_on, month_first=month_first)
    except _UNREADABLE:
        return unreadable


def _bounded(raw: bytes) -> bytes:
    """As much of a message as the standard library reads in a moment: it takes the square of the
    length of some headers, and much for each part.
    """
    raw = raw[:MOST_BYTES].replace(b"\r\n", b"\n")
    for number, boundary in enumerate(BOUNDARY.finditer(raw)):
        if number > MOST_PARTS:
            raw = raw[: boundary.start()]
            break
    return CONTENT_HEADER.sub(lambda header: header[0][:MOST_OF_CONTENT_HEADER], raw)


class _Reader:
    """One message being read."""

    def __init__(self, message: EmailMessage) -> None:
        self.message = message
        self.headers: dict[str, str] = {}
        for name, value in list(message.raw_items())[:MOST_HEADERS]:
            self.headers.setdefault(str(name).lower(), str(value)[:MOST_OF_HEADER])
        self.parts = list(_parts(message))
        self.subject = _plain(self.decoded("Subject"))[:250]
        name, address = parseaddr(self.decoded("From"))
        self.sender_name = _plain(name)[:150]
        self.sender = email_key(address)[:320]
        self.report = self._report_type()
        self.text = self._text()
        self.words = new_words(self.text)

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    def decoded(self, name: str) -> str:
        """A header with its encoded words decoded; as it stands where that fails."""
        raw = self.header(name)
        try:
            return str(email.policy.default.header_fetch_parse(name, raw))
        except (*_UNREADABLE, email.errors.MessageError):
            return raw

    def read(self, received_on: date, *, month_first: bool) -> Received:
        failed = self._failed()
        kind = self._kind(failed)
        message_id = self.header("Message-ID").strip()[:250]
        return Received(
            kind=kind,
            digest=self._digest(message_id),
            message_id=message_id,
            mentions=self._mentions(kind),
            sender=self.sender,
            sender_name=self.sender_name,
            about=failed.recipient or (self._complained_of() if kind == Kind.COMPLAINT else ""),
            subject=self.subject,
            words=self.words,
            returns_on=(
                return_date(
                    f"{self.subject}\n\n{self.words}",
                    received_on=received_on,
                    month_first=month_first,
                )
                if kind == Kind.AUTO_REPLY
                else None
            ),
            status=failed.status,
            token=self._token(),
        )

    def _kind(self, failed: _Failed) -> Kind:
        answers_us = bool(OURS.search(f"{self.header('In-Reply-To')} {self.header('References')}"))
        if self.report == "feedback-report":
            return Kind.COMPLAINT
        if self.report == "disposition-notification":
            return Kind.DELIVERED
        if self.report == "delivery-status" or failed.action or self._is_from_daemon():
            return failed.kind
        if self._is_automatic():
            return Kind.AUTO_REPLY
        if self._asks_to_stop():
            return Kind.UNSUBSCRIBE
        if self._is_bulk() and not answers_us:
            return Kind.BULK
        return Kind.REPLY

    def _report_type(self) -> str:
        """Of a multipart/report (RFC 6522), as it says itself or as its parts show."""
        kinds = [part.get_content_type() for part in self.parts]
        for report in ("feedback-report", "delivery-status", "disposition-notification"):
            if f"message/{report}" in kinds[:10]:
                return str(report)
        return ""

    def _failed(self) -> _Failed:
        """What a mail server reports (RFC 3464), or writes in its own words."""
        if self.report == "feedback-report":
            return _Failed()
        for part in self.parts:
            if part.get_content_type() == "message/delivery-status":
                if blocks := _blocks(part):
                    return _of_blocks(blocks)
                break
        if self.report == "delivery-status" or self._is_from_daemon():
            told = email_key(self.header("X-Failed-Recipients").partition(",")[0])
            return _Failed("failed", status_in(self.text), told)
        return _Failed()

    def _is_from_daemon(self) -> bool:
        subject = folded(self.subject)
        is_daemon = bool(DAEMONS.match(self.sender)) or self.header("Return-Path").strip() == "<>"
        return bool(self.header("X-Failed-Recipients")) or (
            is_daemon and bool(RETURNED.match(subject))
        )

    def _is_automatic(self) -> bool:
        said = self.header("Auto-Submitted").strip().lower()
        if said and not said.startswith("no"):
            return True
        precedence = self.header("Precedence").strip().lower()
        return (
            precedence in {"auto_reply", "auto-reply"}
            or any(self.header(name) for name in AUTOMATIC_HEADERS)
            or bool(AUTOMATIC.match(PREFIX.sub("", folded(self.subject))))
        )

    def _asks_to_stop(self) -> bool:
        """A message that says nothing else: the mail program's own (RFC 2369), or a line by hand."""
        if self._token():
            return True
        subject = folded(self.subject).strip(" .!")
        if STOP.fullmatch(subject) and len(subject.split()) <= 3:
            return True
        words = " ".join(folded(self.words).split()).strip(" .!")
        return len(words.split()) <= LONGEST_STOP and bool(STOP.match(words))

    def _is_bulk(self) -> bool:
        return self.header("Precedence").strip().lower() in {"bulk", "list", "junk"} or any(
            self.header(name) for name in ("List-Id", "List-Unsubscribe", "List-Post")
        )

    def _token(self) -> str:
        found = TOKEN.search(self.decoded("Subject"))
        return found.group(1) if found else ""

    def _mentions(self, kind: Kind) -> tuple[str, ...]:
        """Ours among what it answers; in a report, what the message in it was called."""
        near = OURS.findall(self.header("In-Reply-To"))
        near += reversed(OURS.findall(self.header("References")))
        if (
            kind in {Kind.COMPLAINT, Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE, Kind.DELAYED}
            or self.report
        ):
            for part in self.parts:
                near += OURS.findall(_text_of(part, MOST_OF_HEADER * 5))
                near += OURS.findall(str(part.get("Original-Message-ID", "")))
                near += OURS.findall(
                    str(part.get("Message-ID", "")) if part is not self.message else ""
                )
        return tuple(dict.fromkeys(mention.lower() for mention in near))[:MOST_REFERENCES]

    def _complained_of(self) -> str:
        """Whose complaint it is (RFC 5965): who had our message, where the report says so."""
        for part in self.parts:
            if part.get_content_type() == "message/feedback-report":
                told = re.search(
                    r"(?im)^Original-Rcpt-To:\s*(?:rfc822;)?\s*<?([^<>\s]{3,254})>?", _text_of(part)
                )
                if told:
                    return email_key(told.group(1))
        for part in self.parts[1:]:
            if part.get("To"):
                return email_key(parseaddr(str(part["To"])[:MOST_OF_HEADER])[1])
        return ""

    def _text(self) -> str:
        for kind in ("text/plain", "text/html"):
            for part in self.parts:
                if part.get_content_type() == kind and not part.is_attachment():
                    text = _text_of(part)
                    return text_of_html(text) if kind == "text/html" else text
        return ""

    def _digest(self, message_id: str) -> str:
        """Not by the Message-ID alone: two that share one by mistake must both be read."""
        said = "\0".join((message_id, self.sender, self.header("Date"), self.subject, self.text))
        return hashlib.sha256(said.encode(errors="replace")).hexdigest()


@dataclass(frozen=True)
class _Failed:
    """What a mail server says of a message of ours; empty where it says nothing."""

    action: str = ""
    status: str = ""
    recipient: str = ""

    @property
    def kind(self) -> Kind:
        if self.action == "delayed":
            return Kind.DELAYED
        if self.action in {"delivered", "relayed", "expanded"}:
            return Kind.DELIVERED
        return kind_of_failure(self.status)


def kind_of_failure(status: str) -> Kind:
    """Whether an address is dead. A mailbox that is full, a server that is away, a message that was
    not liked may all be otherwise tomorrow.
    """
    is_of_ours = status in {"5.1.7", "5.1.8"}  # the sender's address, not theirs
    is_dead = status.startswith("5.1.") or status in {"5.0.0", "5.2.1", "5.4.1"}
    return Kind.HARD_BOUNCE if is_dead and not is_of_ours else Kind.SOFT_BOUNCE


def _of_blocks(blocks: list[Message]) -> _Failed:
    """Of the recipients of a report the one that fared worst; our messages have only one."""
    order = ("failed", "delayed", "relayed", "expanded", "delivered")
    found = []
    for block in blocks:
        action = str(block.get("Action", ""))[:50].strip().lower()
        if action not in order:
            continue
        said = f"{block.get('Status', '')} {block.get('Diagnostic-Code', '')}"[:MOST_OF_HEADER]
        address = block.get("Original-Recipient") or block.get("Final-Recipient") or ""
        recipient = email_key(str(address)[:400].rpartition(";")[2].strip(" <>"))
        found.append(_Failed(action, status_in(said), recipient))
    return min(found, key=lambda one: order.index(one.action), default=_Failed("failed"))


def status_in(text: str) -> str:
    """The status (RFC 3463) that a text names; 550 and the like stand for theirs."""
    text = text[:20_000]
    statuses = STATUS.findall(text)
    # Servers put a bare 5.0.0 before the status that tells more.
    told = next((one for one in statuses if not one.endswith(".0.0")), "")
    if told:
        return str(told)
    code = next(iter(SMTP_CODE.findall(text)), "")
    if code in {"550", "551", "553"}:
        return "5.1.1"
    if code:
        return f"{code[0]}.0.0" if code.startswith("4") else "5.3.0"
    return statuses[0] if statuses else ""


def _parts(message: Message) -> Iterator[EmailMessage]:
    """The message and its parts, in order, with the messages inside it."""
    waiting: list[Message] = [message]
    for _number in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        if isinstance(part, EmailMessage):
            yield part
        if part.is_multipart() and part.get_content_type() != "message/delivery-status":
            inside = part.get_payload()
            if isinstance(inside, list):
                waiting[0:0] = [one for one in inside if isinstance(one, Message)]


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a delivery status; read anew where it came encoded."""
    inside = part.get_payload()
    if isinstance(inside, list):
        blocks = [block for block in inside if isinstance(block, Message) and block.keys()]
        if len(blocks) == 1 and not blocks[0].get("Action"):
            text = str(blocks[0].get_payload())[:MOST_OF_HEADER]
            return [*blocks, *(email.message_from_string(one) for one in text.split("\n\n"))]
        return blocks
    return []


def _text_of(part: Message, most: int = 200_000) -> str:
    """The text of a part, in its own charset where that is known; empty for what is no text."""
    if part.is_multipart():
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = content[: 4 * most].decode(charset, errors="replace")
    except (LookupError, ValueError):
        text = content[: 4 * most].decode("latin-1")
    whole = text.replace("\0", "")[:most]
    return whole.encode(errors="replace").decode()  # some charsets decode to halves of signs


def _plain(text: str) -> str:
    """One line, without what is not to be seen."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
