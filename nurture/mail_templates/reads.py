"""What the pages of templates show: the list, one with its versions, and a preview for one lead.

Frozen dataclasses; each read takes a fixed number of queries, however much there is to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.cadences.reads import newest_published
from nurture.engine.composing import days_of_touches, values_for
from nurture.engine.messages import FIELDS
from nurture.mail_templates.showing import EXAMPLE, Shown, show
from nurture.mail_templates.testing import not_set_up
from nurture.models import Step, Template
from nurture.touching import Channel
from prospects.models import Lead
from prospects.reads import calendar_there
from team.models import Organisation, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOST_TEMPLATES = 300
MOST_VERSIONS = 20
MOST_STEPS = 30
LEADS_FOUND = 8
LATELY = timedelta(days=90)
MOST_COUNTED = 500
"""Touches of one version are counted up to here, the latest first; beyond it says “500+”."""


@dataclass(frozen=True)
class Effect:
    """How often some words were sent within LATELY, and what came back."""

    sent: int = 0
    replies: int = 0

    @property
    def sent_words(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.sent >= MOST_COUNTED else f"{self.sent:,}"

    @property
    def replies_words(self) -> str:
        """“12, 3%”: of the latest that are counted; empty where nothing was sent."""
        if not self.sent:
            return ""
        return f"{self.replies:,}, {self.replies / self.sent:.0%}"


@dataclass(frozen=True)
class TemplateRow:
    pk: int
    name: str
    channel: str
    version: int
    opening: str
    """Its subject, else how it begins."""
    used: str
    """In which cadences, in words."""
    effect: Effect
    is_retired: bool


@dataclass(frozen=True)
class TemplatesOfChannel:
    channel: str
    label: str
    rows: tuple[TemplateRow, ...]


@dataclass(frozen=True)
class VersionRow:
    pk: int
    number: int
    at: datetime
    by: str
    effect: Effect
    is_shown: bool


@dataclass(frozen=True)
class Use:
    """A step of a cadence that new leads start with, and whose words it has."""

    cadence_pk: int
    cadence: str
    track: str
    step: int
    version: int
    """Of the words."""


@dataclass(frozen=True)
class TemplatePage:
    template: Template
    label: str
    """Of its channel."""
    newest: int
    """Number of the newest version."""
    newest_pk: int
    is_retired: bool
    versions: tuple[VersionRow, ...]
    uses: tuple[Use, ...]
    is_behind: bool
    """Some cadence would start leads with earlier words than the newest."""


@dataclass(frozen=True)
class Words:
    """A template as it stands, or as it is being typed."""

    channel: str
    subject: str
    body: str

    @property
    def is_mail(self) -> bool:
        return self.channel == Channel.EMAIL


@dataclass(frozen=True)
class Preview:
    """A template filled in for a lead, or for an example, with what stands around the words."""

    lead_pk: int | None
    whom: str
    """Whom it is shown for, in words."""
    sender: str
    to: str
    shown: Shown
    is_mail: bool
    organisation: str
    postal_address: str
    values: dict[str, str]


@dataclass(frozen=True)
class Field:
    """A field that can be inserted."""

    written: str
    label: str | _StrPromise
    example: str
    """What it says for whom the preview is shown."""


def current_templates() -> QuerySet[Template]:
    """The newest version of each name, those that are retired too."""
    newest = Template.objects.order_by("name", "-version").distinct("name")
    return Template.objects.filter(pk__in=newest.values("pk"))


def template_list(now: datetime) -> tuple[TemplatesOfChannel, ...]:
    """All templates by channel, those in use first: three queries."""
    templates = list(
        current_templates().order_by(F("superseded_at").asc(nulls_first=True), "name")[
            :MOST_TEMPLATES
        ]
    )
    used = _used_by_name()
    effects = _effects({template.name for template in templates}, now)
    rows = [
        TemplateRow(
            pk=template.pk,
            name=template.name,
            channel=template.channel,
            version=template.version,
            opening=template.subject or template.body.partition("\n\n")[0],
            used=", ".join(used.get(template.name, ())),
            effect=_summed(effects, template.name),
            is_retired=template.superseded_at is not None,
        )
        for template in templates
    ]
    return tuple(
        TemplatesOfChannel(str(channel), str(channel.label), of_channel)
        for channel in Channel
        if (of_channel := tuple(row for row in rows if row.channel == channel))
    )


def template_page(template: Template, now: datetime) -> TemplatePage:
    """One version of a template, its other versions and its use: three queries."""
    versions = list(
        Template.objects.filter(name=template.name)
        .select_related("by")
        .order_by("-version")[:MOST_VERSIONS]
    )
    effects = _effects({template.name}, now)
    newest = versions[0]
    steps = (
        Step.objects.filter(version__in=newest_published(), template__name=template.name)
        .filter(version__cadence__archived_at=None)
        .select_related("version__cadence", "template")
        .order_by("version__cadence__name", "track", "position")[:MOST_STEPS]
    )
    uses = tuple(
        Use(
            cadence_pk=step.version.cadence_id,
            cadence=step.version.cadence.name,
            track=step.get_track_display() if step.track != Step.Track.MAIN else "",
            step=step.position,
            version=step.template.version if step.template else 0,
        )
        for step in steps
    )
    return TemplatePage(
        template=template,
        label=template.get_channel_display(),
        newest=newest.version,
        newest_pk=newest.pk,
        is_retired=newest.superseded_at is not None,
        versions=tuple(
            VersionRow(
                pk=version.pk,
                number=version.version,
                at=version.created_at,
                by=str(version.by or ""),
                effect=effects.get((version.name, version.version), Effect()),
                is_shown=version.pk == template.pk,
            )
            for version in versions
        ),
        uses=uses,
        is_behind=any(use.version != newest.version for use in uses),
    )


def _used_by_name() -> dict[str, list[str]]:
    """Where each template is used: “First contact (6 steps)”, by its name."""
    used: dict[str, list[str]] = {}
    rows = (
        Step.objects.filter(version__in=newest_published(), template__isnull=False)
        .filter(version__cadence__archived_at=None)
        .values_list("template__name", "version__cadence__name")
        .annotate(steps=Count("pk"))
        .order_by("template__name", "version__cadence__name")
    )
    for template, cadence, steps in rows:
        words = ngettext("%(n)s step", "%(n)s steps", steps) % {"n": steps}
        words = cadence if steps == 1 else f"{cadence} ({words})"
        used.setdefault(template, []).append(words)
    return used


_EFFECTS = """
    SELECT template.name, template.version, count(*),
           count(*) FILTER (
               WHERE enrolment.end = 'reply' AND NOT EXISTS (
                     SELECT FROM nurture_plannedtouch AS later
                      WHERE later.enrolment_id = latest.enrolment_id AND later.state = 'sent'
                        AND later.ended_at > latest.ended_at))
      FROM nurture_template AS template
     CROSS JOIN LATERAL (
           SELECT planned.enrolment_id, planned.ended_at
             FROM nurture_step AS step
            CROSS JOIN LATERAL (
                  SELECT touch.enrolment_id, touch.ended_at
                    FROM nurture_plannedtouch AS touch
                   WHERE touch.step_id = step.id AND touch.state = 'sent'
                     AND touch.ended_at > %(since)s
                   ORDER BY touch.ended_at DESC LIMIT %(most)s) AS planned
            WHERE step.template_id = template.id
            ORDER BY planned.ended_at DESC LIMIT %(most)s) AS latest
      JOIN nurture_enrolment AS enrolment ON enrolment.id = latest.enrolment_id
     WHERE template.name = ANY(%(names)s)
     GROUP BY template.name, template.version"""
"""A reply counts for the touch after which nothing more was sent before it came."""


def _effects(names: Iterable[str], now: datetime) -> dict[tuple[str, int], Effect]:
    """How each version fared lately, by name and number: one query, bounded by MOST_COUNTED each."""
    with connection.cursor() as cursor:
        cursor.execute(
            _EFFECTS, {"names": list(names), "since": now - LATELY, "most": MOST_COUNTED}
        )
        return {
            (name, version): Effect(sent, replies)
            for name, version, sent, replies in cursor.fetchall()
        }


def _summed(effects: dict[tuple[str, int], Effect], name: str) -> Effect:
    of_name = [effect for (called, _version), effect in effects.items() if called == name]
    return Effect(sum(effect.sent for effect in of_name), sum(effect.replies for effect in of_name))


# The preview


def lead_for_preview(user: User, asked: str, words: str) -> Lead | None:
    """The lead that was chosen, else the newest that the words find; only one that the reader sees."""
    seen = Lead.objects.visible_to(user).select_related(
        "company", "contact", "source", "specialist"
    )
    if asked.isdecimal() and len(asked) < 18:
        return seen.filter(pk=int(asked)).first()
    return seen.matching(words).order_by("-activity_at", "-pk").first() if words else None


def leads_found(user: User, words: str) -> list[Lead]:
    """Leads that words find, to show a template for: one query."""
    if not words:
        return []
    found = Lead.objects.visible_to(user).matching(words).select_related("company", "contact")
    return list(found.order_by("-activity_at", "-pk")[:LEADS_FOUND])


def preview(words: Words, lead: Lead | None, user: User, now: datetime) -> Preview:
    """The words as they would be for a lead (of `lead_for_preview`), or for an example: one query."""
    organisation = user.organisation
    if lead is None:
        values = {field: str(EXAMPLE.get(field, "")) for field in FIELDS}
        values |= {"specialist": user.get_full_name(), "organisation": organisation.name}
        whom, to = _("an example"), _("Maria Jensen, Jensen Paper")
        sender = user.get_full_name()
    else:
        zone = calendar_there(lead.contact, lead.company, organisation.calendar).zone
        days = days_of_touches([lead.pk])[lead.pk]
        values = values_for(lead, lead.contact, zone, now, organisation=organisation, days=days)
        sender, whom = values["specialist"], str(lead)
        to = ", ".join(filter(None, (lead.contact.name if lead.contact else "", values["company"])))
    return Preview(
        lead_pk=lead.pk if lead else None,
        whom=whom,
        sender=f"{sender} <{organisation.mail_from}>" if organisation.mail_from else sender,
        to=to,
        shown=show(words.subject if words.is_mail else "", words.body, values),
        is_mail=words.is_mail,
        organisation=organisation.name,
        postal_address=organisation.postal_address,
        values=values,
    )


def words_of(template: Template) -> Words:
    return Words(template.channel, template.subject, template.body)


def insertable(shown_for: Preview) -> list[Field]:
    """The fields that a template may mention, with what they say in a preview."""
    return [
        Field(f"{{{{ {field} }}}}", label, shown_for.values[field])
        for field, label in FIELDS.items()
    ]


# Mail settings


@dataclass(frozen=True)
class MailStanding:
    """What the server was set up with, and why no mail leaves, in words; empty where it does."""

    hindrance: str
    server: str
    is_encrypted: bool
    links_to: str
    """Where the links in mails lead."""


def mail_standing(organisation: Organisation) -> MailStanding:
    """Whether mail leaves this installation. No query."""
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if settings.EMAIL_HOST else ""
    is_provider = bool(settings.EMAIL_PROVIDER)
    return MailStanding(
        hindrance=not_set_up(organisation),
        server=settings.EMAIL_PROVIDER or server,
        is_encrypted=is_provider or settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL,
        links_to=settings.PUBLIC_URL,
    )
