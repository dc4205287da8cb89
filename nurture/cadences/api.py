"""Cadences and enrolments over HTTP: the verbs of their pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from nurture.cadences import actions, enrolments
from nurture.models import Cadence, CadenceVersion, Enrolment, Step, Template
from nurture.models.cadences import MOST_DAYS, STEP_CHANNELS
from prospects.models import Lead
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

WHY_MAX = 250
ENROLMENT_WHY_MAX = 100
CHANNELS = [(str(channel.value), channel.label) for channel in STEP_CHANNELS]


class WhyIn(Strict):
    why = serializers.CharField(required=False, allow_blank=True, default="", max_length=WHY_MAX)


# Cadences


class StepOut(Shown):
    template = NamedOut(allow_null=True)

    class Meta:
        model = Step
        fields = [
            "track",
            "position",
            "channel",
            "after_days",
            "at",
            "performer",
            "template",
            "script",
        ]


class CadenceOut(Shown):
    then = NamedOut(allow_null=True)

    class Meta:
        model = Cadence
        fields = [
            "id",
            "name",
            "about",
            "repeats",
            "then",
            "paused_at",
            "archived_at",
            "created_at",
        ]


class CadenceWithStepsOut(CadenceOut):
    """With the steps that new leads start with."""

    version = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(CadenceOut.Meta):
        fields = [*CadenceOut.Meta.fields, "version", "steps"]

    @property
    def published(self) -> CadenceVersion | None:
        version: CadenceVersion | None = self.context["version"]
        return version

    def get_version(self, cadence: Cadence) -> int:
        return self.published.number if self.published else 0

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, cadence: Cadence) -> Any:
        steps = self.published.steps.select_related("template") if self.published else ()
        return StepOut(steps, many=True).data


class StepIn(Strict):
    """One touch. Steps of a track are in the order in which they are written."""

    track = serializers.ChoiceField(Step.Track.choices, required=False, default=Step.Track.MAIN)
    channel = serializers.ChoiceField(CHANNELS)
    after_days = serializers.IntegerField(
        min_value=0,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("Working days, in the prospect’s calendar, after the step before"),
    )
    at = serializers.TimeField(required=False, default=time(9, 30))
    performer = serializers.ChoiceField(
        Step.Performer.choices, required=False, default=Step.Performer.PERSON
    )
    template = serializers.PrimaryKeyRelatedField(
        queryset=Template.objects.filter(superseded_at__isnull=True), required=False
    )
    script = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)


class CadenceIn(Strict):
    """A cadence and all its steps, which are published at once."""

    name = serializers.CharField(max_length=100)
    about = serializers.CharField(required=False, allow_blank=True, default="", max_length=250)
    repeats = serializers.ChoiceField(
        Cadence.Repeats.choices, required=False, default=Cadence.Repeats.AGAIN
    )
    then = serializers.PrimaryKeyRelatedField(
        queryset=Cadence.objects.filter(archived_at__isnull=True), required=False, allow_null=True
    )
    steps = StepIn(many=True, allow_empty=False)


class CadenceChangeIn(CadenceIn):
    version = serializers.IntegerField(
        min_value=0, help_text=gettext_lazy("The one that you changed; 0: none is published")
    )


class CadenceQuery(PageQuery):
    archived = serializers.BooleanField(
        required=False,
        default=False,
        help_text=gettext_lazy("Those in which nobody is put any more"),
    )


def cadence_answer(pk: int, status: int = 200) -> Response:
    cadence = Cadence.objects.select_related("then").get(pk=pk)
    version = actions.published(cadence)
    return Response(CadenceWithStepsOut(cadence, context={"version": version}).data, status=status)


def steps_of(said: Iterable[dict[str, Any]]) -> list[Step]:
    """Unsaved, numbered from 1 in each track."""
    counts: dict[str, int] = {}
    steps = []
    for step in said:
        counts[step["track"]] = counts.get(step["track"], 0) + 1
        steps.append(Step(position=counts[step["track"]], **step))
    return steps


class CadenceList(Resource):
    permission_classes = [InProgram]

    @extend_schema(parameters=[CadenceQuery], responses=page_of(CadenceOut, "Cadence"))
    def get(self, request: Request) -> Response:
        """The cadences of the organization, the newest first."""
        asked = self.asked(CadenceQuery)
        rows = Cadence.objects.select_related("then").filter(
            archived_at__isnull=not asked["archived"]
        )
        return page_answer(CadenceOut, newest_first(request, rows, asked.get("cursor")))

    @extend_schema(request=CadenceIn, responses={201: CadenceWithStepsOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Writes a cadence and publishes its steps; for managers."""
        said = self.said(CadenceIn)
        steps = steps_of(said.pop("steps"))

        def make() -> Cadence:
            cadence = Cadence(**said)
            actions.write_cadence(cadence=cadence, steps=steps, seen=0, by=self.user, now=self.now)
            return cadence

        return cadence_answer(self.once(make, known=Cadence.objects.all()).pk, 201)


class CadenceDetail(Resource):
    permission_classes = [InProgram]

    @extend_schema(responses=CadenceWithStepsOut)
    def get(self, request: Request, pk: int) -> Response:
        """One cadence, with the steps that new leads start with."""
        return cadence_answer(found(Cadence.objects.all(), pk).pk)

    @extend_schema(request=CadenceChangeIn, responses=CadenceWithStepsOut)
    def put(self, request: Request, pk: int) -> Response:
        """Publishes a new version; who is under way keeps the one they started with."""
        cadence = found(Cadence.objects.all(), pk)
        said = self.said(CadenceChangeIn)
        steps, seen = steps_of(said.pop("steps")), said.pop("version")
        cadence.then = said.pop("then", None)
        for name, value in said.items():
            setattr(cadence, name, value)
        actions.write_cadence(cadence=cadence, steps=steps, seen=seen, by=self.user, now=self.now)
        return cadence_answer(pk)


class CadenceVerb(Resource):
    """A manager's word on a cadence; the answer is the cadence as it is then."""

    permission_classes = [InProgram]
    body: ClassVar[type[Strict]] = Strict

    def take(self, cadence: Cadence, said: dict[str, Any]) -> None:
        """Call the one action."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        cadence = found(Cadence.objects.all(), pk)
        self.take(cadence, self.said(self.body))
        return cadence_answer(pk)


@extend_schema(request=WhyIn, responses=CadenceWithStepsOut)
class CadencePause(CadenceVerb):
    """Holds everything that it planned, until somebody resumes it."""

    body = WhyIn

    def take(self, cadence: Cadence, said: dict[str, Any]) -> None:
        actions.pause_cadence(cadence=cadence, by=self.user, now=self.now, **said)


@extend_schema(request=WhyIn, responses=CadenceWithStepsOut)
class CadenceResume(CadenceVerb):
    """Lets it go on; what missed its time is spread over the next hours."""

    body = WhyIn

    def take(self, cadence: Cadence, said: dict[str, Any]) -> None:
        actions.resume_cadence(cadence=cadence, by=self.user, now=self.now, **said)


@extend_schema(request=None, responses=CadenceWithStepsOut)
class CadenceArchive(CadenceVerb):
    """Takes no more leads into it; those under way go on to its end."""

    def take(self, cadence: Cadence, said: dict[str, Any]) -> None:
        actions.archive_cadence(cadence=cadence, by=self.user, now=self.now)


@extend_schema(request=None, responses=CadenceWithStepsOut)
class CadenceReopen(CadenceVerb):
    """Takes leads into it again."""

    def take(self, cadence: Cadence, said: dict[str, Any]) -> None:
        actions.reopen_cadence(cadence=cadence, by=self.user)


# Enrolments


class EnrolmentOut(Shown):
    lead = serializers.IntegerField(source="lead_id")
    contact = NamedOut()
    cadence = NamedOut(source="version.cadence")
    version = serializers.IntegerField(source="version.number")
    by = NamedOut(allow_null=True)

    class Meta:
        model = Enrolment
        fields = [
            "id",
            "lead",
            "contact",
            "cadence",
            "version",
            "track",
            "enrolled_at",
            "by",
            "why",
            "paused_at",
            "ended_at",
            "end",
        ]


class EnrolmentIn(Strict):
    lead = VisibleField(Lead.objects)
    cadence = serializers.PrimaryKeyRelatedField(queryset=Cadence.objects.all())
    why = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=ENROLMENT_WHY_MAX
    )


class EnrolmentQuery(PageQuery):
    lead = VisibleField(Lead.objects, required=False)
    cadence = serializers.PrimaryKeyRelatedField(queryset=Cadence.objects.all(), required=False)
    active = serializers.BooleanField(
        required=False, default=False, help_text=gettext_lazy("Without those that are over")
    )


class EnrolmentResource(Resource):
    permission_classes = [InProgram]

    @property
    def seen(self) -> Any:
        return Enrolment.objects.visible_to(self.user).select_related(
            "contact", "version__cadence", "by", "lead"
        )


class EnrolmentList(EnrolmentResource):
    @extend_schema(parameters=[EnrolmentQuery], responses=page_of(EnrolmentOut, "Enrolment"))
    def get(self, request: Request) -> Response:
        """Leads in cadences, now and before, the last one put in first."""
        asked = self.asked(EnrolmentQuery)
        rows = self.seen
        if "lead" in asked:
            rows = rows.filter(lead=asked["lead"])
        if "cadence" in asked:
            rows = rows.filter(version__cadence=asked["cadence"])
        if asked["active"]:
            rows = rows.active()
        return page_answer(EnrolmentOut, newest_first(request, rows, asked.get("cursor")))

    @extend_schema(request=EnrolmentIn, responses={201: EnrolmentOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Puts a lead into a cadence; a raw one enters the program with it."""
        said = self.said(EnrolmentIn)
        enrolment = self.once(
            lambda: enrolments.enrol(by=self.user, now=self.now, **said),
            known=Enrolment.objects.visible_to(self.user),
        )
        return created(EnrolmentOut, found(self.seen, enrolment.pk))


class EnrolmentDetail(EnrolmentResource):
    @extend_schema(responses=EnrolmentOut)
    def get(self, request: Request, pk: int) -> Response:
        """One lead in one cadence."""
        return Response(EnrolmentOut(found(self.seen, pk)).data)


class EnrolmentVerb(EnrolmentResource):
    """A person's word on an enrolment; the answer is the enrolment as it is then."""

    body: ClassVar[type[Strict]] = Strict

    def take(self, enrolment: Enrolment, said: dict[str, Any]) -> None:
        """Call the one action."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        enrolment = found(self.seen, pk)
        self.take(enrolment, self.said(self.body))
        return Response(EnrolmentOut(found(self.seen, pk)).data)


@extend_schema(request=None, responses=EnrolmentOut)
class EnrolmentPause(EnrolmentVerb):
    """Holds everything planned for the lead until it is resumed."""

    def take(self, enrolment: Enrolment, said: dict[str, Any]) -> None:
        enrolments.pause_enrolment(enrolment=enrolment, by=self.user, now=self.now)


@extend_schema(request=None, responses=EnrolmentOut)
class EnrolmentResume(EnrolmentVerb):
    """Lets it go on; what is past its time is planned anew."""

    def take(self, enrolment: Enrolment, said: dict[str, Any]) -> None:
        enrolments.resume_enrolment(enrolment=enrolment, by=self.user)


@extend_schema(request=WhyIn, responses=EnrolmentOut)
class EnrolmentStop(EnrolmentVerb):
    """Takes the lead out of the cadence, on every channel at once."""

    body = WhyIn

    def take(self, enrolment: Enrolment, said: dict[str, Any]) -> None:
        enrolments.stop_enrolment(enrolment=enrolment, by=self.user, now=self.now, **said)
