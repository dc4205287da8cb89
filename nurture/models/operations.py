"""How the engine is run: what was switched off and on, what came of the hours, what ran when."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nurture.models.cadences import Cadence


class SwitchEvent(models.Model):
    """Something was paused, or goes on: who did it, or what, and why. Append-only."""

    class What(models.TextChoices):
        EVERYTHING = "everything", _("Everything")
        MAIL = "mail", _("Mail")
        CADENCE = "cadence", _("A cadence")

    class Turned(models.TextChoices):
        OFF = "off", _("Paused")
        ON = "on", _("Resumed")

    class Cause(models.TextChoices):
        PERSON = "person", _("A person")
        COMPLAINTS = "complaints", _("Too many complaints")
        BOUNCES = "bounces", _("Too many addresses that do not work")
        RESTORED = "restored", _("The database is a copy")

    what = models.CharField(max_length=10, choices=What.choices)
    cadence = models.ForeignKey(
        Cadence, null=True, blank=True, on_delete=models.PROTECT, related_name="switched"
    )
    turned = models.CharField(max_length=3, choices=Turned.choices)
    cause = models.CharField(max_length=10, choices=Cause.choices, default=Cause.PERSON)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    why = models.CharField(max_length=250, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(what="cadence", cadence__isnull=False)
                | (~Q(what="cadence") & Q(cadence__isnull=True)),
                name="switch_of_a_cadence_names_it",
            ),
            models.CheckConstraint(
                condition=Q(cause="person", by__isnull=False)
                | (~Q(cause="person") & Q(by__isnull=True, turned="off")),
                name="switch_goes_on_by_a_person",
            ),
        ]
        indexes = [models.Index(fields=["cadence", "-id"], name="switch_cadence")]
        triggers = [
            pgtrigger.Protect(
                name="switch_events_stand", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.get_turned_display()}"


class Tally(models.Model):
    """How often something came of planned touches in an hour: counted once, when the hour is over.

    The hours of more than TALLIES_KEPT (nurture.engine.counting) are folded into the one of OLDEST.
    """

    hour = models.DateTimeField()
    channel = models.CharField(max_length=11)
    outcome = models.CharField(max_length=14, help_text=_("nurture.engine.counting.Outcome"))
    reason = models.CharField(max_length=250, blank=True, help_text=_("Without personal data"))
    count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "channel", "outcome", "reason"], name="tallied_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.channel} {self.outcome}: {self.count}"


class PeriodicWork(models.Model):
    """The last turn of some periodic work on a host, and its turns so far."""

    name = models.CharField(max_length=100)
    host = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text=_("Of its last turn"))
    seconds = models.FloatField(default=0, help_text=_("That its last turn took"))
    waited = models.FloatField(default=0, help_text=_("Seconds from the bell to the worker"))
    turns = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=100, blank=True, help_text=_("The kind of exception"))

    class Meta:
        verbose_name_plural = "periodic work"
        constraints = [models.UniqueConstraint(fields=["name", "host"], name="work_of_a_host")]

    def __str__(self) -> str:
        return f"{self.name} @ {self.host}"
