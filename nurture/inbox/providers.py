"""What a mail provider reports: its words (django-anymail's) made ours."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from anymail.signals import EventType, RejectReason

from nurture.inbox.kinds import Kind
from nurture.inbox.mailboxes import read
from nurture.inbox.mentions import MENTION
from nurture.inbox.reading import Received, kind_of_failure, status_in
from nurture.inbox.receiving import note_delivered, take_in
from prospects.keys import email_key

SEEN = frozenset({EventType.DELIVERED, EventType.OPENED, EventType.CLICKED})
KINDS = {
    EventType.BOUNCED: Kind.SOFT_BOUNCE,
    EventType.REJECTED: Kind.SOFT_BOUNCE,
    EventType.FAILED: Kind.SOFT_BOUNCE,
    EventType.COMPLAINED: Kind.COMPLAINT,
    EventType.UNSUBSCRIBED: Kind.OPT_OUT,
}
"""What has an effect."""


def receive_event(event: Any, *, provider: str, now: datetime) -> None:
    """Do what follows from one event (anymail's). Said again, it changes nothing."""
    if event.event_type == EventType.INBOUND:
        raw = event.message.as_bytes()
        received = read(raw, now)
        origin = f"{provider} inbound {event.event_id or received.digest}"
        take_in(received=received, origin=origin[:300], received_at=now, now=now)
        return
    mention = _mention(event)
    if event.event_type in SEEN:
        if mention:
            note_delivered(mention=mention, words=f"{provider}: {event.event_type}", now=now)
        return
    if event.event_type in KINDS:
        received = _as_received(event, mention)
        origin = f"{provider} {event.event_id or ''} {received.digest}"
        take_in(received=received, origin=origin[:300], received_at=event.timestamp or now, now=now)


def _mention(event: Any) -> str:
    """Our Message-ID, as we gave it to the provider."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    told = str(metadata.get(MENTION, ""))[:250].strip("<>")
    return f"<{told}>" if told else ""


def _as_received(event: Any, mention: str) -> Received:
    words = " ".join(filter(None, (str(event.description or ""), str(event.mta_response or ""))))[
        :500
    ]
    recipient = email_key(str(event.recipient or ""))
    kind, status = KINDS[event.event_type], status_in(words)
    if event.reject_reason == RejectReason.UNSUBSCRIBED:
        kind = Kind.OPT_OUT
    elif event.reject_reason == RejectReason.SPAM:
        kind = Kind.COMPLAINT
    elif kind == Kind.SOFT_BOUNCE:
        is_dead = event.reject_reason == RejectReason.INVALID or "hard" in _type(event).lower()
        kind = Kind.HARD_BOUNCE if is_dead else kind_of_failure(status)
    said = "\0".join((kind, mention, recipient, str(event.event_id), str(event.timestamp)))
    return Received(
        kind=kind,
        digest=hashlib.sha256(said.encode()).hexdigest(),
        mentions=(mention,) if mention else (),
        about=recipient,
        subject=str(event.description or event.event_type)[:250],
        words=words,
        status=status,
    )


def _type(event: Any) -> str:
    """The provider's own name of a bounce, where it has one: “HardBounce”, “hard_bounce”."""
    told = event.esp_event if isinstance(event.esp_event, dict) else {}
    return " ".join(str(told.get(name, "")) for name in ("Type", "event", "type", "severity"))
