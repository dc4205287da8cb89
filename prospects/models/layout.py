"""How files of one layout were understood the last time, so that nobody is asked twice."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from prospects.models.intake import ImportKind


class LayoutQuerySet(models.QuerySet["Layout"]):
    def of(self, kind: str, key: str) -> Layout | None:
        """The layout of that key (prospects.imports.layouts.layout_key), if it was met before."""
        return self.filter(kind=kind, key=key).first()


class Layout(models.Model):
    """A set of headings, and what a person said of the columns under them.

    One for the whole organisation: whoever imports the next file of that layout finds it understood.
    """

    kind = models.CharField(max_length=8, choices=ImportKind.choices)
    key = models.CharField(max_length=64, help_text=_("SHA-256 of the headings in any order"))
    headers = ArrayField(models.CharField(max_length=200))
    told = models.JSONField(
        default=dict,
        help_text=_("By heading: its field, the order of its dates, its decimal sign, its values"),
    )
    used_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = LayoutQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="layout_once"),
            models.CheckConstraint(
                condition=Q(kind__in=ImportKind.values), name="layout_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(self.headers)[:80]
