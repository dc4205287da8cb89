"""Web forms, one or more for a source, and what people sent through them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from prospects.models.lead import Lead, Source
from team.models import Role, Team

if TYPE_CHECKING:
    from team.models import User


class Asked(models.TextChoices):
    """What a web form can ask, in the order in which it asks."""

    NAME = "name", _("Name")
    COMPANY = "company", _("Company")
    TITLE = "title", _("Title")
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Phone")
    COUNTRY = "country", _("Country")
    CITY = "city", _("City")
    WEBSITE = "website", _("Web site")
    MESSAGE = "message", _("Message")


def new_token() -> str:
    """What a form's link is known by: cannot be guessed, is public once the link is."""
    return secrets.token_urlsafe(12)


class WebFormQuerySet(models.QuerySet["WebForm"]):
    def visible_to(self, user: User) -> WebFormQuerySet:
        """Forms are settings: for managers of the team their leads go to, and administrators."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.MANAGER:
            return self.filter(team__in=user.team_ids)
        return self.none()

    def open(self) -> WebFormQuerySet:
        return self.filter(closed_at__isnull=True)


def default_asks() -> list[str]:
    return [Asked.NAME, Asked.COMPANY, Asked.EMAIL, Asked.PHONE, Asked.MESSAGE]


def default_requires() -> list[str]:
    return [Asked.NAME, Asked.EMAIL]


class WebForm(models.Model):
    """A form through which people ask us, and the door for programs of the same source."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="web_forms")
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, related_name="+", help_text=_("Whose leads they become")
    )
    name = models.CharField(max_length=150, help_text=_("For us"))
    token = models.CharField(max_length=32, unique=True, default=new_token)
    heading = models.CharField(max_length=150, blank=True)
    intro = models.CharField(max_length=500, blank=True)
    button = models.CharField(max_length=50, blank=True)
    asks = ArrayField(models.CharField(max_length=10, choices=Asked.choices), default=default_asks)
    requires = ArrayField(
        models.CharField(max_length=10, choices=Asked.choices), default=default_requires, blank=True
    )
    thanks = models.CharField(max_length=500, blank=True)
    thanks_url = models.URLField(blank=True, help_text=_("On one of the sites; instead of words"))
    sites = ArrayField(
        models.CharField(max_length=255),
        default=list,
        blank=True,
        help_text=_("Origins whose pages may show the form and be led back to"),
    )
    consent_words = models.CharField(max_length=1000, blank=True, help_text=_("Empty: not asked"))
    consent_required = models.BooleanField(default=False)
    consent_version = models.PositiveIntegerField(
        default=1, help_text=_("Grows with each change of the words")
    )
    key_hash = models.CharField(
        max_length=64, blank=True, help_text=_("Of the key for programs; see nurture.capture.api")
    )
    key_ends_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = WebFormQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(asks__overlap=[Asked.EMAIL, Asked.PHONE]),
                name="web_form_asks_for_an_address",
            ),
            models.CheckConstraint(
                condition=Q(requires__contained_by=models.F("asks")),
                name="web_form_requires_what_it_asks",
            ),
            models.CheckConstraint(
                condition=Q(key_hash="") | Q(key_ends_at__isnull=False),
                name="web_form_key_ends",
            ),
            models.UniqueConstraint(
                fields=["key_hash"], condition=~Q(key_hash=""), name="web_form_key_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Fate(models.TextChoices):
    """What became of an inquiry."""

    NEW = "new", _("A new lead")
    KNOWN = "known", _("A lead we had")
    ASIDE = "aside", _("Kept aside")
    DISCARDED = "discarded", _("Discarded")


class InquiryQuerySet(models.QuerySet["Inquiry"]):
    def visible_to(self, user: User) -> InquiryQuerySet:
        """Who works for the team that the form's leads go to; whoever sees its lead sees it there."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.REP:
            return self.none()
        return self.filter(form__team__in=user.team_ids)

    def aside(self) -> InquiryQuerySet:
        """Those that look like spam and wait for a person's word."""
        return self.filter(fate=Fate.ASIDE)


class Inquiry(models.Model):
    """What somebody sent through a form or its door for programs, as they sent it."""

    class Way(models.TextChoices):
        PAGE = "page", _("Web form")
        PROGRAM = "program", _("API")

    form = models.ForeignKey(
        WebForm, on_delete=models.PROTECT, related_name="inquiries", db_index=False
    )
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.PROTECT, related_name="inquiries"
    )
    received_at = models.DateTimeField()
    way = models.CharField(max_length=7, choices=Way.choices)
    said = models.JSONField(help_text=_("Each field as it was typed"))
    page = models.CharField(max_length=500, blank=True, help_text=_("Where the form stood"))
    digest = models.CharField(max_length=64, help_text=_("A keyed hash of what was said"))
    idempotency_key = models.UUIDField(null=True, blank=True)
    fate = models.CharField(max_length=9, choices=Fate.choices)
    suspicions = models.JSONField(default=list, help_text=_("Reasons: a list of {rule, words}"))
    screened_out = models.BooleanField(default=False, help_text=_("Its lead, on arrival"))
    consent = models.BooleanField(default=False, help_text=_("They agreed to the words"))
    consent_words = models.CharField(max_length=1000, blank=True, help_text=_("As shown to them"))
    consent_version = models.PositiveIntegerField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = InquiryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "inquiries"
        constraints = [
            models.CheckConstraint(
                condition=Q(fate__in=[Fate.NEW, Fate.KNOWN], lead__isnull=False)
                | Q(fate__in=[Fate.ASIDE, Fate.DISCARDED], lead__isnull=True),
                name="inquiry_has_a_lead_if_taken",
            ),
            models.CheckConstraint(
                condition=~Q(fate=Fate.DISCARDED) | Q(decided_at__isnull=False),
                name="inquiry_discarded_by_a_person",
            ),
            models.CheckConstraint(
                condition=Q(consent=False) | ~Q(consent_words=""),
                name="inquiry_consent_says_to_what",
            ),
            models.UniqueConstraint(
                fields=["form", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="inquiry_sent_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["form", "-received_at"],
                include=["fate", "screened_out"],
                name="inquiry_of_form",
            ),
            models.Index(fields=["form", "digest"], name="inquiry_digest"),
            models.Index(
                fields=["-received_at", "-id"],
                name="inquiry_aside",
                condition=Q(fate=Fate.ASIDE),
            ),
        ]

    def __str__(self) -> str:
        said: str = self.said.get("name") or self.said.get("company") or self.said.get("email", "")
        return said or f"#{self.pk}"
