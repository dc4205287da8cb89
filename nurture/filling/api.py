"""Many leads put into a cadence over HTTP: the job that the page makes, and how far it is."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from nurture.filling.forms import STAGES, in_words
from nurture.filling.jobs import ask_filling, cancel_filling
from nurture.models import Cadence, Filling
from nurture.tasks import fill_cadences
from prospects.models import Lead, Source
from prospects.tasks import ring
from team.api import (
    KEY_HEADER,
    InProgram,
    NamedOut,
    PageQuery,
    Resource,
    Shown,
    Strict,
    VisibleField,
    created,
    found,
    newest_first,
    page_answer,
    page_of,
)
from team.models import User


class FillingOut(Shown):
    cadence = NamedOut()
    by = NamedOut()

    class Meta:
        model = Filling
        fields = [
            "id",
            "cadence",
            "by",
            "words",
            "paced",
            "asked_at",
            "total",
            "enrolled",
            "skipped",
            "finished_at",
            "cancelled_at",
        ]


class FillingIn(Strict):
    cadence = serializers.PrimaryKeyRelatedField(queryset=Cadence.objects.all())
    stage = serializers.ChoiceField(STAGES)
    source = serializers.PrimaryKeyRelatedField(  # type: ignore[assignment]
        queryset=Source.objects.all(), required=False
    )
    specialist = VisibleField(User.objects, required=False)
    paced = serializers.BooleanField(
        required=False,
        default=True,
        help_text=gettext_lazy("Only as many a day as each specialist has room for"),
    )


class FillingResource(Resource):
    permission_classes = [InProgram]

    @property
    def seen(self) -> Any:
        return Filling.objects.visible_to(self.user).select_related("cadence", "by")


class FillingList(FillingResource):
    @extend_schema(parameters=[PageQuery], responses=page_of(FillingOut, "Filling"))
    def get(self, request: Request) -> Response:
        """What you asked for, the latest first."""
        asked = self.asked(PageQuery)
        return page_answer(FillingOut, newest_first(request, self.seen, asked.get("cursor")))

    @extend_schema(request=FillingIn, responses={201: FillingOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Puts the leads that you see, of a stage, source and specialist, into a cadence, as a job."""
        said = self.said(FillingIn)
        chosen = {name: said[name] for name in ("stage", "source", "specialist") if name in said}
        filling = self.once(
            lambda: ask_filling(
                cadence=said["cadence"],
                leads=Lead.objects.filter(**chosen),
                words=in_words(said),
                paced=said["paced"],
                by=self.user,
                now=self.now,
            ),
            known=self.seen,
        )
        ring(fill_cadences)
        return created(FillingOut, found(self.seen, filling.pk))


class FillingDetail(FillingResource):
    @extend_schema(responses=FillingOut)
    def get(self, request: Request, pk: int) -> Response:
        """How far a job is."""
        return Response(FillingOut(found(self.seen, pk)).data)


class FillingCancel(FillingResource):
    @extend_schema(request=None, responses=FillingOut)
    def post(self, request: Request, pk: int) -> Response:
        """Leaves it at what is done; who is in stays in."""
        filling = found(self.seen, pk)
        self.said(Strict)
        cancel_filling(filling=filling, by=self.user, now=self.now)
        return Response(FillingOut(found(self.seen, pk)).data)
