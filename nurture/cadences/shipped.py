"""The three cadences that LeadFlow ships: first contact, long-term, after a return.

Loaded once, into an installation without cadences; from then on they are the organisation's own.
"""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from nurture.cadences.enrolments import publish
from nurture.models import Cadence, Step, Template
from nurture.touching import Channel

Plan = list[tuple[Channel, int, time, str]]
"""Channel, working days after the step before, time there, and the words: a template or a script."""

FIRST_CONTACT: Plan = [
    # Six connect attempts over about five weeks, each a call, a voicemail and an email, with
    # letters between (domain.md, section 6).
    (Channel.PHONE, 0, time(9, 30), "opening"),
    (Channel.VOICEMAIL, 0, time(9, 40), "voicemail"),
    (Channel.EMAIL, 1, time(10), "first email"),
    (Channel.PHONE, 3, time(11), "opening"),
    (Channel.VOICEMAIL, 0, time(11, 10), "voicemail"),
    (Channel.EMAIL, 1, time(9, 15), "after a voicemail"),
    (Channel.LETTER, 1, time(9), "first letter"),
    (Channel.PHONE, 4, time(14), "after the letter"),
    (Channel.VOICEMAIL, 0, time(14, 10), "voicemail"),
    (Channel.EMAIL, 1, time(10, 45), "a question"),
    (Channel.PHONE, 3, time(9, 15), "opening"),
    (Channel.VOICEMAIL, 0, time(9, 25), "voicemail"),
    (Channel.EMAIL, 1, time(13, 30), "who else"),
    (Channel.PHONE, 3, time(15, 30), "opening"),
    (Channel.VOICEMAIL, 0, time(15, 40), "voicemail"),
    (Channel.EMAIL, 1, time(11, 20), "a question"),
    (Channel.PHONE, 4, time(10, 30), "opening"),
    (Channel.VOICEMAIL, 0, time(10, 40), "last voicemail"),
    (Channel.EMAIL, 1, time(9, 50), "last email"),
]
LONG_TERM: Plan = [
    # A touch every four to six weeks.
    (Channel.EMAIL, 22, time(10), "in touch"),
    (Channel.PHONE, 24, time(10, 30), "in touch by phone"),
    (Channel.EMAIL, 26, time(9, 30), "in touch"),
    (Channel.LETTER, 22, time(9), "letter in touch"),
    (Channel.PHONE, 24, time(14), "in touch by phone"),
]
AFTER_RETURN: Plan = [
    # A rep returned it: what was wrong is asked first.
    (Channel.PHONE, 1, time(9, 30), "after a return"),
    (Channel.VOICEMAIL, 0, time(9, 40), "voicemail"),
    (Channel.EMAIL, 1, time(10), "a question"),
    (Channel.PHONE, 4, time(14), "after a return"),
    (Channel.EMAIL, 2, time(10), "a question"),
]
NOT_NOW: Plan = [
    (Channel.EMAIL, 40, time(10), "in touch"),
    (Channel.PHONE, 3, time(10, 30), "in touch by phone"),
]

MAILS = {
    "first email": (
        _("How {{ company }} handles this today"),
        _(
            "Hello {{ first_name }},\n\nyou came to us through {{ source }}. Before I send anything"
            " your way I would like to understand what you use today and what it costs you when it"
            " stops.\n\nWould ten minutes this week suit you?\n\n{{ specialist }}\n{{ organisation }}"
        ),
    ),
    "after a voicemail": (
        _("My message of {{ left_voicemail_on }}"),
        _(
            "Hello {{ first_name }},\n\nI left you a message on {{ left_voicemail_on }}. If"
            " somebody else at {{ company }} looks after this, a name would help me more than a"
            " reply.\n\n{{ specialist }}"
        ),
    ),
    "a question": (
        _("One question, {{ first_name }}"),
        _(
            "Hello {{ first_name }},\n\none question only: is this on your list for the coming two"
            " quarters, or later?\n\nEither answer is a good one.\n\n{{ specialist }}"
        ),
    ),
    "who else": (
        _("Who decides on this at {{ company }}?"),
        _(
            "Hello {{ first_name }},\n\nwho besides you has a say in this at {{ company }}? I would"
            " rather ask you than write to everybody.\n\n{{ specialist }}"
        ),
    ),
    "last email": (
        _("I will leave you in peace"),
        _(
            "Hello {{ first_name }},\n\nI could not reach you, so I will stop calling. Every month"
            " or so I will write a line; answer one when the time is right.\n\n{{ specialist }}"
        ),
    ),
    "in touch": (
        _("{{ company }} and us"),
        _(
            "Hello {{ first_name }},\n\njust a line to stay in touch. Has anything changed at"
            " {{ company }} since we last wrote?\n\n{{ specialist }}"
        ),
    ),
}
LETTERS = {
    "first letter": _(
        "Dear {{ first_name }} {{ last_name }},\n\na letter, because your inbox is full enough. We"
        " help companies like {{ company }} with what stops them most often. I will call you in the"
        " coming days to hear whether that is worth your time.\n\n{{ specialist }}\n{{ organisation }}"
    ),
    "letter in touch": _(
        "Dear {{ first_name }} {{ last_name }},\n\nwe have not spoken for a while. When the time for"
        " it comes at {{ company }}, I would like to be the first you call.\n\n{{ specialist }}"
    ),
}
SCRIPTS = {
    "opening": _("Ask what they use today, and what it costs them when it stops."),
    "voicemail": _("Who you are, one reason to call back, your number twice. Twenty seconds."),
    "last voicemail": _("Say that you will not call again soon, and that you will write."),
    "after the letter": _("Ask whether the letter came, then what they use today."),
    "in touch by phone": _(
        "Ask what changed since you last spoke, then the question that is open."
    ),
    "after a return": _("Ask first for what the rep found wrong."),
}


@transaction.atomic
def load_shipped_cadences(*, now: datetime) -> int:
    """Write down the three, where there is no cadence at all; returns how many were written."""
    if Cadence.objects.exists():
        return 0
    for name, (subject, body) in MAILS.items():
        Template.objects.create(
            name=name, channel=Channel.EMAIL, subject=subject, body=body, created_at=now
        )
    for name, body in LETTERS.items():
        Template.objects.create(name=name, channel=Channel.LETTER, body=body, created_at=now)
    long_term = _ship(_("Long-term"), _("A touch every four to six weeks."), LONG_TERM, None, now)
    Cadence.objects.filter(pk=long_term.pk).update(then=long_term)
    about = _("Six connect attempts over about five weeks, with letters between.")
    _ship(_("First contact"), about, FIRST_CONTACT, long_term, now)
    about = _("A rep returned the lead: ask for what was wrong.")
    _ship(_("After a return"), about, AFTER_RETURN, long_term, now)
    return 3


def _ship(name: str, about: str, plan: Plan, then: Cadence | None, now: datetime) -> Cadence:
    cadence = Cadence.objects.create(name=name, about=about, then=then, created_at=now)
    steps = [*_steps(Step.Track.MAIN, plan), *_steps(Step.Track.NOT_NOW, NOT_NOW)]
    publish(cadence=cadence, steps=steps, by=None, now=now)
    return cadence


def _steps(track: str, plan: Plan) -> list[Step]:
    templates = {template.name: template for template in Template.objects.all()}
    return [
        Step(
            track=track,
            position=position,
            channel=channel,
            after_days=days,
            at=at,
            performer=(
                Step.Performer.MACHINE if channel == Channel.EMAIL else Step.Performer.PERSON
            ),
            template=templates.get(words),
            script=SCRIPTS.get(words, ""),
        )
        for position, (channel, days, at, words) in enumerate(plan, 1)
    ]
