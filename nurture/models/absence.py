"""Who is away, and what becomes meanwhile of what is due with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from nurture.models.planned import PlannedTouch
from team.models import Role

if TYPE_CHECKING:
    from team.models import User


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def open(self) -> AbsenceQuerySet:
        """Those that are coming or going on."""
        return self.filter(ended_at__isnull=True)

    def under_way(self) -> AbsenceQuerySet:
        return self.open().filter(began_at__isnull=False)

    def visible_to(self, user: User) -> AbsenceQuerySet:
        """One's own, those one covers, and those of colleagues; an administrator all."""
        if user.role == Role.ADMIN:
            return self
        return self.filter(Q(person__team__in=user.team_ids) | Q(person=user) | Q(cover=user))


class Absence(models.Model):
    """Days on which a specialist is away, and what was chosen for them; one at a time.

    The days are the person's own (`User.away_from`, `away_until`), kept here as they were last heard of.
    """

    class Way(models.TextChoices):
        COVERED = "covered", _("A colleague does it")
        PAUSED = "paused", _("It waits")
        SHIFTED = "shifted", _("It moves by the days away")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences"
    )
    away_from = models.DateField(help_text=_("The first day away"))
    away_until = models.DateField(null=True, blank=True, help_text=_("The last; empty: not known"))
    way = models.CharField(max_length=7, choices=Way.choices)
    cover = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="covering",
        help_text=_("Does all of it where it is covered, else keeps the promises"),
    )
    mail_goes_on = models.BooleanField(help_text=_("Automatic mail in their name goes out"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text=_("Back, or called off"))

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(ended_at__isnull=True),
                name="absence_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(away_until__isnull=True) | Q(away_until__gte=F("away_from")),
                name="absence_ends_on_a_later_day",
            ),
            models.CheckConstraint(
                condition=~Q(way="covered") | Q(cover__isnull=False),
                name="absence_covered_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(way="shifted") | Q(away_until__isnull=False),
                name="absence_shifts_by_known_days",
            ),
            models.CheckConstraint(
                condition=Q(cover__isnull=True) | ~Q(cover=F("person")),
                name="absence_covered_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["cover"], name="absence_cover", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.away_from:%Y-%m-%d}"


class ShiftedTouch(models.Model):
    """A planned touch that an absence moved, and when it was due before: to move it back."""

    absence = models.ForeignKey(Absence, on_delete=models.CASCADE, related_name="shifted")
    planned = models.ForeignKey(PlannedTouch, on_delete=models.PROTECT, related_name="+")
    was_due_on = models.DateField()
    due_on = models.DateField(help_text=_("Where it was moved to"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["absence", "planned"], name="shifted_touch_once")
        ]

    def __str__(self) -> str:
        return f"{self.planned_id}: {self.was_due_on} → {self.due_on}"
