"""Touches, attempts, answers and promises over HTTP, and the verbs that rest on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from nurture import actions
from nurture.actions import Promised
from nurture.cadences import putting_off
from nurture.models import Attempt, Promise, Touch
from nurture.touching import Channel, Direction, Outcome
from prospects.actions import terms_in_force
from prospects.api import NOTE_MAX, LeadOut, LeadVerb, NoteIn, lead_answer
from prospects.models import Contact, Lead, RecordedAnswer
from prospects.qualification import (
    QUESTIONS,
    Answer,
    Assessment,
    Attribute,
    Finding,
    State,
)
from prospects.reads import assessment_of
from prospects.stages import Disqualification
from team.api import (
    KEY_HEADER,
    InProgramToWrite,
    Instant,
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

# Touches


class TouchOut(Shown):
    lead = serializers.IntegerField(source="lead_id")
    contact = NamedOut(allow_null=True)
    by = NamedOut(allow_null=True)
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True)

    class Meta:
        model = Touch
        fields = [
            "id",
            "external_id",
            "lead",
            "contact",
            "channel",
            "direction",
            "outcome",
            "is_conversation",
            "occurred_at",
            "by",
            "note",
            "minutes",
            "cost",
            "recorded_at",
            "supersedes",
            "superseded_at",
        ]


class PromiseIn(Strict):
    """A dated commitment: “call me in March”."""

    due_at = Instant()
    channel = serializers.ChoiceField(Channel.choices, required=False)
    words = serializers.CharField(required=False, allow_blank=True, max_length=250)


class LeadTouchIn(Strict):
    """A touch that did happen. `supersedes`: the entry it corrects."""

    channel = serializers.ChoiceField(Channel.choices)
    outcome = serializers.ChoiceField(Outcome.choices)
    direction = serializers.ChoiceField(
        Direction.choices, required=False, help_text=gettext_lazy("By the outcome if left out")
    )
    contact = VisibleField(
        Contact.objects, required=False, help_text=gettext_lazy("The primary one if left out")
    )
    occurred_at = Instant(required=False, help_text=gettext_lazy("Now if left out"))
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX)
    minutes = serializers.DecimalField(
        required=False, max_digits=6, decimal_places=2, min_value=Decimal(0)
    )
    cost = serializers.DecimalField(
        required=False, max_digits=9, decimal_places=2, min_value=Decimal(0)
    )
    promised = PromiseIn(required=False)
    supersedes = VisibleField(Touch.objects, required=False)

    def validate_promised(self, value: dict[str, Any]) -> Promised:
        return Promised(**value)


class TouchIn(LeadTouchIn):
    lead = VisibleField(Lead.objects)


class LeadTouchQuery(PageQuery):
    since = Instant(required=False, help_text=gettext_lazy("Occurred at this instant or later"))
    until = Instant(required=False, help_text=gettext_lazy("Occurred before this instant"))
    standing = serializers.BooleanField(
        required=False, default=False, help_text=gettext_lazy("Without what was corrected later")
    )


class TouchQuery(LeadTouchQuery):
    lead = VisibleField(Lead.objects, required=False)


class LoggingTouches(Resource):
    """What the two addresses of touches share."""

    def log(self, lead: Lead, said: dict[str, Any]) -> Response:
        touch = self.once(
            lambda: actions.log_touch(lead=lead, by=self.user, now=self.now, **said),
            known=Touch.objects.visible_to(self.user),
        )
        return created(TouchOut, touch)

    def page(self, request: Request, asked: dict[str, Any], lead: Lead | None) -> Response:
        rows = Touch.objects.visible_to(self.user).select_related("contact", "by")
        if lead is not None:
            rows = rows.filter(lead=lead)
        if "since" in asked:
            rows = rows.filter(occurred_at__gte=asked["since"])
        if "until" in asked:
            rows = rows.filter(occurred_at__lt=asked["until"])
        if asked["standing"]:
            rows = rows.standing()
        return page_answer(TouchOut, newest_first(request, rows, asked.get("cursor")))


class TouchList(LoggingTouches):
    @extend_schema(parameters=[TouchQuery], responses=page_of(TouchOut, "Touch"))
    def get(self, request: Request) -> Response:
        """Touches, the last written down first."""
        asked = self.asked(TouchQuery)
        return self.page(request, asked, asked.get("lead"))

    @extend_schema(request=TouchIn, responses={201: TouchOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Writes down a touch that did happen; attempts, gate and next touch follow."""
        said = self.said(TouchIn)
        return self.log(said.pop("lead"), said)


class TouchDetail(Resource):
    @extend_schema(responses=TouchOut)
    def get(self, request: Request, pk: int) -> Response:
        """One touch."""
        rows = Touch.objects.visible_to(self.user).select_related("contact", "by")
        return Response(TouchOut(found(rows, pk)).data)


class TouchTakeBack(Resource):
    """Undoes what one logged by mistake within the last minute."""

    @extend_schema(request=None, responses=LeadOut)
    def post(self, request: Request, pk: int) -> Response:
        touch = found(Touch.objects.visible_to(self.user).select_related("lead"), pk)
        self.said(Strict)
        lead = actions.take_back_touch(touch=touch, by=self.user, now=self.now)
        return lead_answer(lead.pk)


class LeadTouches(LoggingTouches):
    @extend_schema(parameters=[LeadTouchQuery], responses=page_of(TouchOut, "Touch"))
    def get(self, request: Request, pk: int) -> Response:
        """Touches, the last written down first."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        return self.page(request, self.asked(LeadTouchQuery), lead)

    @extend_schema(request=LeadTouchIn, responses={201: TouchOut}, parameters=[KEY_HEADER])
    def post(self, request: Request, pk: int) -> Response:
        """Writes down a touch that did happen; attempts, gate and next touch follow."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        return self.log(lead, self.said(LeadTouchIn))


class AttemptOut(Shown):
    lacking = serializers.ListField(
        source="value.lacking", child=serializers.ChoiceField(Channel.choices)
    )

    class Meta:
        model = Attempt
        fields = [
            "number",
            "opened_at",
            "closes_at",
            "called",
            "left_voicemail",
            "emailed",
            "conversation_at",
            "completed_at",
            "lacking",
        ]


class LeadAttempts(Resource):
    @extend_schema(responses=AttemptOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """The connect attempts that the lead's touches make, the first one first."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        return Response(AttemptOut(lead.attempts.order_by("number"), many=True).data)


# Answers and the gate


class FindingOut(serializers.Serializer):
    """One attribute: what is known, what it rests on, and whether that counts."""

    attribute = serializers.ChoiceField(Attribute.choices, read_only=True)
    state = serializers.ChoiceField(State.choices, read_only=True)
    documented = serializers.BooleanField(read_only=True)
    words = serializers.CharField(source="fact.words", read_only=True)
    basis = serializers.CharField(source="fact.basis", read_only=True)
    since = Instant(source="fact.since", read_only=True, allow_null=True)
    expires_on = serializers.DateField(source="fact.expires_on", read_only=True, allow_null=True)
    lacks = serializers.ListField(
        source="fact.lacks", child=serializers.CharField(), read_only=True
    )
    why = serializers.CharField(read_only=True)
    question = serializers.SerializerMethodField()

    def get_question(self, finding: Finding) -> str:
        return str(QUESTIONS[finding.attribute])


class GateOut(serializers.Serializer):
    """What stands between the lead and the gate, by the standard in force."""

    passes = serializers.BooleanField(read_only=True)
    documented = serializers.IntegerField(read_only=True)
    open_attributes = serializers.ListField(
        child=serializers.ChoiceField(Attribute.choices), read_only=True
    )
    touches_missing = serializers.IntegerField(read_only=True)
    horizon_met = serializers.BooleanField(read_only=True)
    signed = serializers.BooleanField(read_only=True)
    attributes = serializers.SerializerMethodField()

    @extend_schema_field(FindingOut(many=True))
    def get_attributes(self, assessment: Assessment) -> Any:
        return FindingOut(list(assessment.findings.values()), many=True).data


class LeadAnswerIn(Strict):
    """What they told us in `touch`, or, without one, what we found out ourselves."""

    attribute = serializers.ChoiceField(Attribute.choices)
    words = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX)
    on = serializers.DateField(
        required=False, help_text=gettext_lazy("Of the decision, or of the compelling event")
    )
    amount = serializers.DecimalField(
        required=False, max_digits=14, decimal_places=2, min_value=Decimal(0)
    )
    nobody = serializers.BooleanField(
        required=False, help_text=gettext_lazy("Competition: they explicitly look at nobody else")
    )
    touch = VisibleField(Touch.objects, required=False)


class AnswerIn(LeadAnswerIn):
    lead = VisibleField(Lead.objects)


class AnswerOut(Shown):
    """An answer as it was written down; `superseded_at` once a later one took its place."""

    lead = serializers.IntegerField(source="lead_id")
    touch = serializers.IntegerField(source="resting_on.touch_id", default=None)
    by = NamedOut(allow_null=True)

    class Meta:
        model = RecordedAnswer
        fields = [
            "id",
            "lead",
            "attribute",
            "words",
            "on",
            "amount",
            "nobody",
            "basis",
            "since",
            "evidence",
            "touch",
            "by",
            "recorded_at",
            "contradicted",
            "superseded_at",
        ]


class AnswerQuery(PageQuery):
    lead = VisibleField(Lead.objects, required=False)


class Documenting(Resource):
    permission_classes = [InProgramToWrite]

    def document(self, lead: Lead, said: dict[str, Any]) -> Response:
        attribute, touch = said.pop("attribute"), said.pop("touch", None)
        assessment = actions.document(
            lead=lead,
            attribute=Attribute(attribute),
            answer=Answer(**said),
            touch=touch,
            by=self.user,
            now=self.now,
        )
        return created(GateOut, assessment)


class LeadAnswers(Documenting):
    @extend_schema(responses=GateOut)
    def get(self, request: Request, pk: int) -> Response:
        """The ten attributes, each with its state, evidence and age, and what the gate still asks."""
        lead = found(Lead.objects.visible_to(self.user).select_related("company"), pk)
        return Response(GateOut(assessment_of(lead, now=self.now, terms=terms_in_force())).data)

    @extend_schema(request=LeadAnswerIn, responses={201: GateOut})
    def post(self, request: Request, pk: int) -> Response:
        """Writes down one answer; the answer to you is what the gate says then."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        return self.document(lead, self.said(LeadAnswerIn))


class AnswerList(Documenting):
    @extend_schema(parameters=[AnswerQuery], responses=page_of(AnswerOut, "Answer"))
    def get(self, request: Request) -> Response:
        """Every answer ever written down, the last one first."""
        asked = self.asked(AnswerQuery)
        rows = RecordedAnswer.objects.visible_to(self.user).select_related("resting_on", "by")
        if "lead" in asked:
            rows = rows.filter(lead=asked["lead"])
        return page_answer(AnswerOut, newest_first(request, rows, asked.get("cursor")))

    @extend_schema(request=AnswerIn, responses={201: GateOut})
    def post(self, request: Request) -> Response:
        """Writes down one answer; the answer to you is what the gate says then."""
        said = self.said(AnswerIn)
        return self.document(said.pop("lead"), said)


class PromiseOut(Shown):
    lead = serializers.IntegerField(source="lead_id")
    contact = NamedOut(allow_null=True)
    by = NamedOut()

    class Meta:
        model = Promise
        fields = [
            "id",
            "lead",
            "contact",
            "channel",
            "due_at",
            "words",
            "by",
            "created_at",
            "kept_at",
            "dropped_at",
        ]


class LeadPromises(Resource):
    permission_classes = [InProgramToWrite]

    @extend_schema(responses=PromiseOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """What was promised to them and is still open, the first due first."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        rows = lead.promises.open().select_related("contact", "by").order_by("due_at", "pk")
        return Response(PromiseOut(rows, many=True).data)

    @extend_schema(request=PromiseIn, responses={201: PromiseOut}, parameters=[KEY_HEADER])
    def post(self, request: Request, pk: int) -> Response:
        """Commits to a touch at a time; it outranks everything else in the queue."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        promised = Promised(**self.said(PromiseIn))
        promise = self.once(
            lambda: actions.promise(lead=lead, promised=promised, by=self.user, now=self.now),
            known=Promise.objects.visible_to(self.user),
        )
        return created(PromiseOut, promise)


# Verbs on a lead


class NotNowIn(Strict):
    """`promised`: when to come back. Without it the cadence's own steps for “not now” say so."""

    promised = PromiseIn(required=False)

    def validate_promised(self, value: dict[str, Any]) -> Promised:
        return Promised(**value)


@extend_schema(request=NotNowIn, responses=LeadOut)
class LeadNotNow(LeadVerb):
    """They replied, but not now: the lead comes back later, and what was planned for now ends."""

    body = NotNowIn

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        putting_off.put_off(lead=lead, by=self.user, now=self.now, **said)


class DisqualifyIn(NoteIn):
    reason = serializers.ChoiceField(Disqualification.choices)


class GiveUpIn(Strict):
    override = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=NOTE_MAX,
        help_text=gettext_lazy("A manager’s reason to do it before six complete attempts"),
    )


@extend_schema(request=DisqualifyIn, responses=LeadOut)
class LeadDisqualify(LeadVerb):
    """Closes the lead for good, for a reason; who asked us to stop is never contacted again."""

    body = DisqualifyIn

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.disqualify(lead=lead, by=self.user, now=self.now, **said)


@extend_schema(request=GiveUpIn, responses=LeadOut)
class LeadGiveUp(LeadVerb):
    """Marks the lead unable to qualify, after six complete attempts without a conversation."""

    body = GiveUpIn

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.give_up(lead=lead, by=self.user, now=self.now, **said)
