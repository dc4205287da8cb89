"""Figures of a month, stored so that opening a report does not count a million rows again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from team.models import Team


class MonthFigures(models.Model):
    """What happened in one month to the leads of one team (see reports.figures for the keys).

    Counted again from the facts when it has aged twenty times what counting it costs: so it is
    never much older than it is dear, and the counting takes a twentieth of the time at most.
    """

    month_on = models.DateField(help_text="The first day of the month")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    figures = models.JSONField()
    counted_at = models.DateTimeField()
    took_ms = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month_on", "team"], name="month_figures_once"),
            models.CheckConstraint(condition=Q(month_on__day=1), name="month_figures_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.month_on:%Y-%m} {self.team_id}"
