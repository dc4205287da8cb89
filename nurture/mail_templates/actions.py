"""What managers do with templates: write a new version, retire one; and what anybody does: test one.

Words are never changed, as what was sent refers to them. A cadence keeps the words it was published
with; writing a new version may publish anew the cadences that use it.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from nurture.cadences.enrolments import publish
from nurture.cadences.reads import newest_published
from nurture.engine.messages import BadTemplate, check
from nurture.models import Cadence, Step, Template
from nurture.touching import Channel
from prospects.actions import NotAllowed
from team.models import User


def refuse_but_managers(by: User) -> None:
    """Refuse (NotAllowed) whoever does not manage: words are the whole organisation's."""
    if not by.manages:
        raise NotAllowed(_("Only managers and administrators may change a template."))


@transaction.atomic
def write_template(
    *,
    name: str,
    channel: str,
    subject: str,
    body: str,
    seen: int,
    renews: bool,
    by: User,
    now: datetime,
) -> Template:
    """Save words as a new template, or as a new version of the one of that name.

    `seen`: number of the version that was changed, 0 for a new template. `renews`: cadences that
    use earlier words of it are published anew with these; who is under way keeps theirs. Words that
    stay as they are make no version. Refuses (ValidationError) what `check` refuses, a mail without
    a subject and a name that is taken; (NotAllowed) who would undo a version that came meanwhile.
    """
    refuse_but_managers(by)
    check_words(channel, subject, body)
    versions = list(Template.objects.select_for_update().filter(name=name).order_by("-version"))
    if not seen and versions:
        raise ValidationError({"name": _("There is a template of this name already.")})
    newest = versions[0] if versions else None
    if newest is not None:
        if newest.version != seen:
            raise NotAllowed(
                _("Version %s was written meanwhile. Open the page anew and change that.")
                % newest.version
            )
        stands = newest.superseded_at is None
        if stands and (newest.subject, newest.body) == (subject, body):
            return newest
        Template.objects.filter(name=name, superseded_at=None).update(superseded_at=now)
    try:
        with transaction.atomic():
            written = Template.objects.create(
                name=name,
                version=seen + 1,
                channel=newest.channel if newest else channel,
                subject=subject,
                body=body,
                created_at=now,
                by=by,
            )
    except IntegrityError as taken:
        raise ValidationError({"name": _("There is a template of this name already.")}) from taken
    if renews:
        renew_cadences(template=written, by=by, now=now)
    return written


def check_words(channel: str, subject: str, body: str) -> None:
    """Refuse (ValidationError), field by field, words that could never be sent."""
    wrong: dict[str, list[str]] = {}
    for field, words in (("subject", (subject, "")), ("body", ("", body))):
        try:
            check(*words)
        except BadTemplate as bad:
            wrong[field] = bad.reasons
    if channel == Channel.EMAIL and not subject.strip():
        wrong.setdefault("subject", []).append(_("A mail needs a subject."))
    if not body.strip():
        wrong.setdefault("body", []).append(_("Write something."))
    if wrong:
        raise ValidationError(wrong)


def renew_cadences(*, template: Template, by: User, now: datetime) -> int:
    """Publish anew each cadence that would start leads with earlier words of this template.

    Returns how many. In the caller's transaction.
    """
    earlier = Step.objects.filter(template__name=template.name).exclude(template=template)
    stale = newest_published().filter(steps__in=earlier).distinct()
    cadences = (
        Cadence.objects.filter(versions__in=stale, archived_at=None)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    done = 0
    for cadence in cadences:
        version = newest_published().get(cadence=cadence)
        steps = list(version.steps.select_related("template"))
        for step in steps:
            if step.template is not None and step.template.name == template.name:
                step.template = template
            step.pk = None
        publish(cadence=cadence, steps=steps, by=by, now=now)
        done += 1
    return done


@transaction.atomic
def retire_template(*, template: Template, by: User, now: datetime) -> None:
    """Offer it to no cadence any more. Writing a new version brings it back.

    Refuses (NotAllowed) one with which a cadence would still start leads.
    """
    refuse_but_managers(by)
    used = (
        Cadence.objects.filter(
            archived_at=None,
            versions__in=newest_published().filter(steps__template__name=template.name),
        )
        .distinct()
        .values_list("name", flat=True)
    )
    if names := ", ".join(used):
        raise NotAllowed(_("It is used by: %s. Take it out of their steps first.") % names)
    Template.objects.filter(name=template.name, superseded_at=None).update(superseded_at=now)
