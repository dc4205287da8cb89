"""The domains of email addresses, and whether they take mail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MailDomain(models.Model):
    """What DNS said of a domain. Asked by a tick, so that no form and no import waits for it."""

    name = models.CharField(max_length=253, primary_key=True)
    takes_mail = models.BooleanField(null=True, help_text=_("Empty: not known, or no answer"))
    asked_at = models.DateTimeField(null=True, blank=True, help_text=_("When it last answered"))
    ask_at = models.DateTimeField(help_text=_("When it is asked, or asked again"))
    silent = models.PositiveSmallIntegerField(
        default=0, help_text=_("Times in a row without answer")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(takes_mail__isnull=True) | Q(asked_at__isnull=False),
                name="mail_domain_answered_some_day",
            )
        ]
        indexes = [
            models.Index(fields=["ask_at"], name="mail_domain_due"),
            models.Index(fields=["name"], name="mail_domain_dead", condition=Q(takes_mail=False)),
        ]

    def __str__(self) -> str:
        return self.name
