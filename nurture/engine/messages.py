"""The words of a message: fields filled in, claims that need a touch, what stands in the way. Pure.

A template is plain text with fields such as `{{ first_name }}`. It is read by Django's own lexer,
but only fields are allowed: no tags, no filters but `default`, so that a template can do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.template.base import Lexer, Token, TokenType
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.touching import Channel

FIELDS = {
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "title": gettext_lazy("Title"),
    "company": gettext_lazy("Company"),
    "city": gettext_lazy("City of the company"),
    "source": gettext_lazy("Where the lead came from"),
    "specialist": gettext_lazy("Name of the specialist"),
    "organisation": gettext_lazy("Our name"),
    "called_on": gettext_lazy("Day of our last call"),
    "left_voicemail_on": gettext_lazy("Day of our last voicemail"),
    "wrote_on": gettext_lazy("Day of our last email"),
    "posted_on": gettext_lazy("Day on which our last letter was posted"),
}
"""What a template may mention. A day is empty where there was no such touch."""

DAY_OF = {
    Channel.PHONE: "called_on",
    Channel.VOICEMAIL: "left_voicemail_on",
    Channel.EMAIL: "wrote_on",
    Channel.LETTER: "posted_on",
}
CLAIMS = {
    Channel.VOICEMAIL: re.compile(
        r"\b(left|leave) (you )?(a|another|my) (message|voice ?mail)|\bmy (message|voice ?mail)\b",
        re.IGNORECASE,
    ),
    Channel.PHONE: re.compile(
        r"\bI (called|rang|phoned)\b|\btried to (call|reach you by phone)\b|\bmy call\b",
        re.IGNORECASE,
    ),
    Channel.EMAIL: re.compile(
        r"\bmy (last|previous|earlier|first) e-?mail\b|\bI (e-?mailed|wrote to) you\b",
        re.IGNORECASE,
    ),
    Channel.LETTER: re.compile(
        r"\bmy letter\b|\b(sent|mailed|posted) you a letter\b", re.IGNORECASE
    ),
}
"""Sentences that say a touch was made: they need that touch (domain.md, section 7)."""

_FIELD = re.compile(r'^(\w+)(?:\s*\|\s*default:\s*"([^"]*)")?$')
_AS_TYPED = {
    TokenType.TEXT: "%s",
    TokenType.VAR: "{{ %s }}",
    TokenType.BLOCK: "{%% %s %%}",
    TokenType.COMMENT: "{# %s #}",
}
LINE_BREAK = re.compile(r"[\r\n]")


class BadTemplate(ValueError):
    """A template that can not be used, with every reason in words."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Written:
    """A template filled in for one person, and what keeps it from being sent."""

    subject: str
    body: str
    empty: tuple[str, ...] = ()
    """Fields without a value."""
    unmade: tuple[str, ...] = ()
    """Channels on which it claims a touch that was not made."""

    @property
    def hindrance(self) -> str:
        """Why it must not be sent, in words; empty where it may."""
        if self.empty:
            fields = ", ".join(str(FIELDS[field]).lower() for field in self.empty)
            return _("nothing is known for: %s") % fields
        if self.unmade:
            channels = ", ".join(str(Channel(channel).label).lower() for channel in self.unmade)
            return _("it claims a touch that was not made: %s") % channels
        if LINE_BREAK.search(self.subject):
            return _("the subject has a line break in it")
        return ""


def write(subject: str, body: str, values: Mapping[str, str]) -> Written:
    """Fill in a template. `values` has a text for each of FIELDS, empty where nothing is known.

    Refuses (BadTemplate) what `check` refuses.
    """
    empty: dict[str, None] = {}
    filled = [_fill(text, values, empty) for text in (subject, body)]
    claimed = claims_of(f"{subject}\n{body}")
    return Written(
        subject=filled[0],
        body=filled[1],
        empty=tuple(empty),
        unmade=tuple(channel for channel in claimed if not values[DAY_OF[channel]]),
    )


def shown(text: str, values: Mapping[str, str]) -> str:
    """A text filled in to be read by one of us, never sent: “[first name]” where nothing is known.

    What `check` refuses is shown as it was typed.
    """
    parts = []
    for token in Lexer(text).tokenize():
        field = _FIELD.match(token.contents) if token.token_type == TokenType.VAR else None
        if field is not None and field.group(1) in FIELDS:
            name, default = field.groups()
            parts.append(values[name] or default or f"[{str(FIELDS[name]).lower()}]")
        else:
            parts.append(_AS_TYPED[token.token_type] % token.contents)
    return "".join(parts)


def fields_of(text: str) -> tuple[str, ...]:
    """The fields that a text mentions, those that we know."""
    found: dict[str, None] = {}
    for token in Lexer(text).tokenize():
        field = _FIELD.match(token.contents) if token.token_type == TokenType.VAR else None
        if field is not None and field.group(1) in FIELDS:
            found[field.group(1)] = None
    return tuple(found)


@lru_cache(maxsize=256)  # a batch asks it of the same few templates, over and over
def rests_on_touches(text: str) -> bool:
    """Whether a text tells a day of ours, or claims a touch: then those must be known."""
    return bool(claims_of(text)) or not DAYS.isdisjoint(fields_of(text))


DAYS = frozenset(DAY_OF.values())


@lru_cache(maxsize=256)
def _tokens(text: str) -> tuple[Token, ...]:
    """A template in its parts; they are only read."""
    return tuple(Lexer(text).tokenize())


@lru_cache(maxsize=256)
def claims_of(text: str) -> tuple[Channel, ...]:
    """The channels on which a text says we made a touch."""
    return tuple(channel for channel, pattern in CLAIMS.items() if pattern.search(text))


def check(subject: str, body: str) -> None:
    """Refuse (BadTemplate) tags, unknown fields and fields that are not closed, all at once."""
    reasons: list[str] = []
    for text in (subject, body):
        for token in Lexer(text).tokenize():
            if token.token_type in (TokenType.BLOCK, TokenType.COMMENT):
                reasons.append(
                    _("“%s” is no field; only {{ fields }} can be used.") % token.contents
                )
            elif token.token_type == TokenType.VAR:
                known = _FIELD.match(token.contents)
                if known is None or known.group(1) not in FIELDS:
                    reasons.append(_("“%s” is not a field we know.") % token.contents)
            elif "{{" in token.contents or "}}" in token.contents:
                reasons.append(_("A field is not closed: {{ and }} come in pairs."))
    if LINE_BREAK.search(subject):
        reasons.append(_("A subject is one line."))
    if reasons:
        raise BadTemplate(reasons)


def _fill(text: str, values: Mapping[str, str], empty: dict[str, None]) -> str:
    parts = []
    for token in _tokens(text):
        if token.token_type == TokenType.TEXT:
            parts.append(token.contents)
            continue
        field = _FIELD.match(token.contents) if token.token_type == TokenType.VAR else None
        if field is None or field.group(1) not in FIELDS:
            raise BadTemplate([_("“%s” is not a field we know.") % token.contents])
        name, default = field.groups()
        value = values[name] or default
        if not value:
            empty[name] = None
        parts.append(value or "")
    return "".join(parts)
