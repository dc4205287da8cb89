"""What the law of a place asks of whoever contacts people there: dated rows, each with its source."""

from __future__ import annotations

from datetime import time

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from prospects.models import AddressKind, Consent


class RegionalRule(models.Model):
    """One rule of one place for one channel, in force from a day on. Append-only.

    A later row of the same place and channel takes its place from its own day on; of one day the row
    that was written last counts.
    """

    country = models.CharField(max_length=2, blank=True, help_text=_("ISO 3166; empty: everywhere"))
    regions = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text=_("Spellings of one region of it (FL, Florida); empty: the whole country"),
    )
    channel = models.CharField(max_length=11, choices=AddressKind.choices)
    needs_ground = models.BooleanField(
        default=False, help_text=_("Nobody is contacted without one of the grounds")
    )
    grounds = ArrayField(
        models.CharField(max_length=8, choices=Consent.Basis.choices),
        default=list,
        blank=True,
        help_text=_("What counts as a ground"),
    )
    opens = models.TimeField(null=True, blank=True, help_text=_("On the prospect’s clock"))
    closes = models.TimeField(null=True, blank=True)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=list,
        blank=True,
        help_text=_("Monday is 1; empty: any"),
    )
    most_a_day = models.PositiveSmallIntegerField(null=True, blank=True)
    most_a_week = models.PositiveSmallIntegerField(null=True, blank=True)
    needs_postal_address = models.BooleanField(
        default=False, help_text=_("Our postal address must stand in it")
    )
    in_force_from = models.DateField()
    in_force_to = models.DateField(null=True, blank=True, help_text=_("The last day"))
    law = models.CharField(max_length=200)
    link = models.URLField(blank=True)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: as shipped"),
    )
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["country", "regions", "channel", "-in_force_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=AddressKind.values), name="regional_channel_is_known"
            ),
            models.CheckConstraint(
                condition=Q(opens__isnull=True, closes__isnull=True) | Q(closes__gt=F("opens")),
                name="regional_closes_after_it_opens",
            ),
            models.CheckConstraint(
                condition=Q(in_force_to__isnull=True) | Q(in_force_to__gte=F("in_force_from")),
                name="regional_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(needs_ground=False) | ~Q(grounds=[]), name="regional_names_grounds"
            ),
            models.CheckConstraint(
                condition=(Q(most_a_day__isnull=True) | Q(most_a_day__gte=1))
                & (Q(most_a_week__isnull=True) | Q(most_a_week__gte=1)),
                name="regional_caps_allow_one",
            ),
            models.CheckConstraint(
                condition=Q(opens__isnull=True) | Q(opens__gte=time(5)),
                name="regional_hours_are_by_day",
            ),
            models.CheckConstraint(condition=~Q(law=""), name="regional_names_its_law"),
            models.CheckConstraint(
                condition=Q(regions=[]) | ~Q(country=""), name="regional_region_has_a_country"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.channel}: {self.law}"

    @property
    def place(self) -> str:
        """“US, Florida”; empty: everywhere."""
        region = max(self.regions, key=len, default="")
        return ", ".join(part for part in (self.country, region) if part)
