"""What a template would say to one person, and what keeps it from being sent. Pure.

The same `write` and `check` as at the moment of sending, so that a preview promises nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from nurture.engine.messages import DAY_OF, FIELDS, BadTemplate, check, claims_of, shown, write
from nurture.touching import Channel

SHORT_SUBJECT = 45
"""Characters of a subject that a telephone shows."""
LONG_SUBJECT = 70
"""Characters from which on most mail programs cut it off."""
WORDS_A_MINUTE = 200

EXAMPLE = {
    "first_name": gettext_lazy("Maria"),
    "last_name": gettext_lazy("Jensen"),
    "title": gettext_lazy("Plant Director"),
    "company": gettext_lazy("Jensen Paper"),
    "city": gettext_lazy("Boston"),
    "source": gettext_lazy("Trade fair"),
    "called_on": gettext_lazy("Monday"),
    "left_voicemail_on": gettext_lazy("Tuesday"),
    "wrote_on": gettext_lazy("June 9"),
    "posted_on": gettext_lazy("June 2"),
}
"""Somebody of whom everything is known. Whose name it is in, and ours, are real."""


@dataclass(frozen=True)
class Claim:
    """A sentence that says we made a touch, and whether we did."""

    words: str
    holds: bool


@dataclass(frozen=True)
class Shown:
    """A template filled in for one person, to be read by one of us."""

    subject: str
    body: str
    bad: tuple[str, ...]
    """Why it can be used for nobody."""
    empty: tuple[str, ...]
    """What is not known of this person and would have to be, in words."""
    claims: tuple[Claim, ...]
    subject_words: str
    """How long the subject is, and who sees all of it; empty without one."""
    subject_tone: str
    length: str
    """How long it takes to read."""
    goes: bool
    """Whether it would be sent to this person."""


def show(subject: str, body: str, values: Mapping[str, str]) -> Shown:
    """Fill in the words as they were typed. `values`: a text for each of FIELDS."""
    filled_subject, filled = shown(subject, values), shown(body, values)
    bad = reasons_against(subject, body)
    empty = write(subject, body, values).empty if not bad else ()
    claims = tuple(
        _claim(channel, values[DAY_OF[channel]]) for channel in claims_of(f"{subject}\n{body}")
    )
    return Shown(
        subject=filled_subject,
        body=filled,
        bad=tuple(bad),
        empty=tuple(str(FIELDS[field]).lower() for field in empty),
        claims=claims,
        subject_words=_subject_words(filled_subject),
        subject_tone=_subject_tone(filled_subject),
        length=_length(filled),
        goes=not bad and not empty and all(claim.holds for claim in claims),
    )


def reasons_against(subject: str, body: str) -> list[str]:
    """What `check` refuses, each reason in words."""
    try:
        check(subject, body)
    except BadTemplate as wrong:
        return wrong.reasons
    return []


_MADE = {
    Channel.PHONE: gettext_lazy("It says that we called, and we did: %s."),
    Channel.VOICEMAIL: gettext_lazy("It says that we left a voicemail, and we did: %s."),
    Channel.EMAIL: gettext_lazy("It says that we wrote before, and we did: %s."),
    Channel.LETTER: gettext_lazy("It says that we posted a letter, and we did: %s."),
}
_UNMADE = {
    Channel.PHONE: gettext_lazy("It says that we called, and we never did."),
    Channel.VOICEMAIL: gettext_lazy("It says that we left a voicemail, and we never did."),
    Channel.EMAIL: gettext_lazy("It says that we wrote before, and we never did."),
    Channel.LETTER: gettext_lazy("It says that we posted a letter, and we never did."),
}


def _claim(channel: Channel, day: str) -> Claim:
    words = str(_MADE[channel]) % day if day else str(_UNMADE[channel])
    return Claim(words, bool(day))


def _subject_words(subject: str) -> str:
    if not subject:
        return ""
    count = len(subject)
    words = ngettext("%s character", "%s characters", count) % count
    if count > LONG_SUBJECT:
        return _("%s: most mail programs cut it off") % words
    if count > SHORT_SUBJECT:
        return _("%s: a telephone cuts it off") % words
    return _("%s: a telephone shows all of it") % words


def _subject_tone(subject: str) -> str:
    if len(subject) > LONG_SUBJECT:
        return "late"
    return "due" if len(subject) > SHORT_SUBJECT else "on"


def _length(body: str) -> str:
    count = len(body.split())
    words = ngettext("%s word", "%s words", count) % count
    if count <= WORDS_A_MINUTE:
        return _("%s, read in less than a minute") % words
    minutes = -(-count // WORDS_A_MINUTE)
    return ngettext(
        "%(words)s, read in %(minutes)s minute", "%(words)s, read in %(minutes)s minutes", minutes
    ) % {"words": words, "minutes": minutes}
