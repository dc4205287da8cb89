"""The call that a prospect expects, as a calendar file (RFC 5545). Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from handoff.dossier import Dossier

LENGTH = timedelta(minutes=30)
LONGEST_LINE = 74
"""Octets of a line of the file, without its end (section 3.1)."""


def call_file(dossier: Dossier, *, handoff: int, now: datetime) -> str | None:
    """An event at the promised time, in UTC; None when no call was promised."""
    call = dossier.expected_call
    if call is None:
        return None
    who = call.contact or dossier.company.name
    person = next((p for p in dossier.people if p.name == call.contact), None)
    phone = person.phone if person and not person.phone_bar else ""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//LeadFlow//handoff//EN",
        "BEGIN:VEVENT",
        f"UID:handoff-{handoff}-promise-{call.promise}@leadflow",
        f"DTSTAMP:{_instant(now)}",
        f"DTSTART:{_instant(call.due_at)}",
        f"DTEND:{_instant(call.due_at + LENGTH)}",
        f"SUMMARY:{_text(_('Call %s') % ', '.join(filter(None, (who, dossier.company.name))))}",
        f"DESCRIPTION:{_text(dossier.headline + (chr(10) + phone if phone else ''))}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """Escaped, so that nothing in it ends the line or begins another (section 3.3.11)."""
    escaped = words.replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,")
    return r"\n".join(escaped.splitlines())


def _folded(line: str) -> str:
    """Cut into lines that are short enough, each further one beginning with a space."""
    parts, part = [], ""
    for letter in line:
        if len((part + letter).encode()) > LONGEST_LINE:
            parts.append(part)
            part = ""
        part += letter
    return "\r\n ".join([*parts, part])
