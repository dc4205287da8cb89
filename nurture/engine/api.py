"""Planned touches and the engine itself over HTTP: the verbs of their pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from nurture.engine import running
from nurture.engine.clock import engine_now
from nurture.engine.running import WHY_MAX
from nurture.engine.settling import Fate, settle
from nurture.engine.standing import Standing, standing
from nurture.engine.states import PlannedState
from nurture.engine.uncertain import MOST_AT_ONCE, settle_many, uncertain_page
from nurture.models import PlannedTouch, StateEvent, Submission, SwitchEvent
from nurture.touching import Channel
from nurture.trace.asking import Answer
from nurture.trace.reads import AT_HAND, Trace, trace_of
from prospects.models import Lead
from team.api import (
    PAGE,
    InProgram,
    Instant,
    NamedOut,
    PageQuery,
    Resource,
    Shown,
    Strict,
    VisibleField,
    found,
    newest_first,
    page_answer,
    page_from,
    page_of,
)
from team.models import User

WHATS = [
    (SwitchEvent.What.EVERYTHING.value, SwitchEvent.What.EVERYTHING.label),
    (SwitchEvent.What.MAIL.value, SwitchEvent.What.MAIL.label),
]


class Manages(InProgram):
    """For managers and administrators, as the engine's page is; else 403."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return isinstance(user, User) and user.manages


# Planned touches


class PlannedTouchOut(Shown):
    lead = serializers.IntegerField(source="lead_id")
    contact = NamedOut()
    enrolment = serializers.IntegerField(source="enrolment_id")
    cadence = NamedOut(source="enrolment.version.cadence")
    touch = serializers.IntegerField(source="touch_id", allow_null=True)

    class Meta:
        model = PlannedTouch
        fields = [
            "id",
            "lead",
            "contact",
            "enrolment",
            "cadence",
            "channel",
            "performer",
            "state",
            "reason",
            "due_at",
            "due_on",
            "due_time",
            "zone",
            "not_after",
            "tries",
            "created_at",
            "ended_at",
            "touch",
        ]


class StateEventOut(Shown):
    by = NamedOut(allow_null=True)

    class Meta:
        model = StateEvent
        fields = ["number", "from_state", "to_state", "at", "by", "reason"]


class SubmissionOut(Shown):
    class Meta:
        model = Submission
        fields = ["number", "opened_at", "message_id", "subject", "result", "reply", "closed_at"]


class AskedOut(serializers.Serializer):
    """One thing that is asked of a planned touch now, and the answer."""

    question = serializers.CharField(read_only=True)
    answer = serializers.ChoiceField(Answer.choices, read_only=True)
    why = serializers.CharField(read_only=True)
    next_at = Instant(read_only=True, allow_null=True)


class PlannedTouchWithHistoryOut(PlannedTouchOut):
    """With why and why not: what is asked of it now, every state it was in, each time it was sent."""

    verdict = serializers.SerializerMethodField()
    asked_now = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()
    submissions = serializers.SerializerMethodField()

    class Meta(PlannedTouchOut.Meta):
        fields = [
            *PlannedTouchOut.Meta.fields,
            *("verdict", "asked_now", "events", "submissions"),
        ]

    @property
    def trace(self) -> Trace:
        trace: Trace = self.context["trace"]
        return trace

    def get_verdict(self, planned: PlannedTouch) -> str:
        return self.trace.verdict

    @extend_schema_field(AskedOut(many=True))
    def get_asked_now(self, planned: PlannedTouch) -> Any:
        return AskedOut([*self.trace.standing, *self.trace.gates], many=True).data

    @extend_schema_field(StateEventOut(many=True))
    def get_events(self, planned: PlannedTouch) -> Any:
        rows = planned.events.select_related("by").order_by("number")
        return StateEventOut(rows, many=True).data

    @extend_schema_field(SubmissionOut(many=True))
    def get_submissions(self, planned: PlannedTouch) -> Any:
        return SubmissionOut(planned.submissions.order_by("number"), many=True).data


class DueCursor(NamedTuple):
    """Where a list by due time goes on."""

    due_at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{self.due_at.isoformat()}~{self.pk}"


class CursorField(serializers.CharField):
    """An id, or, of what is listed by its due time, that and an id."""

    def to_internal_value(self, data: Any) -> Any:
        at, _tilde, pk = super().to_internal_value(data).rpartition("~")
        if not pk.isdecimal() or not 0 < int(pk) < 2**63:
            raise serializers.ValidationError(_("Take the cursor from `next`."))
        if not at:
            return int(pk)
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise serializers.ValidationError(_("Take the cursor from `next`.")) from None
        if moment.tzinfo is None:
            raise serializers.ValidationError(_("Take the cursor from `next`."))
        return DueCursor(moment, int(pk))


class PlannedTouchQuery(Strict):
    """The last planned first; with `due_before`, what is planned by then, the oldest due first."""

    cursor = CursorField(required=False, help_text=gettext_lazy("As the last page’s `next` says"))
    state = serializers.ChoiceField(PlannedState.choices, required=False)
    channel = serializers.ChoiceField(Channel.choices, required=False)
    lead = VisibleField(Lead.objects, required=False)
    due_before = Instant(
        required=False,
        help_text=gettext_lazy("Of what is still planned (state pending), due before this instant"),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_by_due = "due_before" in attrs
        if is_by_due and attrs.setdefault("state", PlannedState.PENDING) != PlannedState.PENDING:
            raise serializers.ValidationError(
                {"due_before": [_("Only what is pending can be asked for by its due time.")]}
            )
        if "cursor" in attrs and isinstance(attrs["cursor"], DueCursor) != is_by_due:
            raise serializers.ValidationError({"cursor": [_("Take the cursor from `next`.")]})
        return attrs


class PlannedTouchResource(Resource):
    permission_classes = [InProgram]

    @property
    def seen(self) -> Any:
        return PlannedTouch.objects.visible_to(self.user).select_related(
            "contact", "enrolment__version__cadence"
        )

    def answer(self, pk: int) -> Response:
        """One, as it stands now."""
        planned = found(PlannedTouch.objects.visible_to(self.user).select_related(*AT_HAND), pk)
        trace = trace_of(planned, self.user.organisation, engine_now())
        return Response(PlannedTouchWithHistoryOut(planned, context={"trace": trace}).data)


class PlannedTouchList(PlannedTouchResource):
    @extend_schema(
        parameters=[PlannedTouchQuery], responses=page_of(PlannedTouchOut, "PlannedTouch")
    )
    def get(self, request: Request) -> Response:
        """What cadences planned, and what became of it."""
        asked = self.asked(PlannedTouchQuery)
        rows = self.seen.filter(
            **{name: asked[name] for name in ("state", "channel", "lead") if name in asked}
        )
        cursor = asked.get("cursor")
        if "due_before" not in asked:
            return page_answer(PlannedTouchOut, newest_first(request, rows, cursor))
        rows = rows.filter(due_at__lt=asked["due_before"])
        if cursor is not None:
            later = Q(due_at__gt=cursor.due_at) | Q(due_at=cursor.due_at, pk__gt=cursor.pk)
            rows = rows.filter(later, due_at__gte=cursor.due_at)
        page = page_from(
            request,
            list(rows.order_by("due_at", "pk")[: PAGE + 1]),
            lambda last: DueCursor(last.due_at, last.pk),
            PAGE,
        )
        return page_answer(PlannedTouchOut, page)


class PlannedTouchDetail(PlannedTouchResource):
    @extend_schema(responses=PlannedTouchWithHistoryOut)
    def get(self, request: Request, pk: int) -> Response:
        """One planned touch: why and why not, and its history."""
        return self.answer(pk)


class SettleIn(Strict):
    fate = serializers.ChoiceField(Fate.choices)
    why = serializers.CharField(max_length=WHY_MAX, help_text=gettext_lazy("How you know"))


class PlannedTouchSettle(PlannedTouchResource):
    @extend_schema(request=SettleIn, responses=PlannedTouchWithHistoryOut)
    def post(self, request: Request, pk: int) -> Response:
        """Says what became of a message of which nobody knew whether it arrived."""
        planned = found(self.seen.select_related("lead"), pk)
        settle(planned=planned, by=self.user, now=self.now, **self.said(SettleIn))
        return self.answer(pk)


# The engine


class DueOut(serializers.Serializer):
    channel = serializers.ChoiceField(Channel.choices, read_only=True)
    performer = serializers.CharField(read_only=True)
    count = serializers.IntegerField(read_only=True)
    oldest = Instant(read_only=True)


class HeldOut(serializers.Serializer):
    state = serializers.ChoiceField(PlannedState.choices, read_only=True)
    count = serializers.IntegerField(read_only=True)
    oldest = Instant(read_only=True, allow_null=True)
    past_lease = serializers.IntegerField(read_only=True)


class SwitchOut(serializers.Serializer):
    """Whether something is paused, since when, by whom (null: by itself) and why."""

    paused_at = Instant(read_only=True, allow_null=True)
    by = NamedOut(read_only=True, allow_null=True)
    why = serializers.CharField(read_only=True)


class EngineOut(serializers.Serializer):
    """How the engine stands at this moment, over the whole organization."""

    everything = serializers.SerializerMethodField()
    mail = serializers.SerializerMethodField()
    mail_holds_until = Instant(source="engine.mail_holds_until", read_only=True, allow_null=True)
    due = DueOut(many=True, read_only=True)
    held = HeldOut(many=True, read_only=True)
    in_print = serializers.IntegerField(read_only=True)
    with_people = serializers.IntegerField(read_only=True)
    uncertain = serializers.IntegerField(read_only=True)
    paused_enrolments = serializers.IntegerField(read_only=True)

    @extend_schema_field(SwitchOut)
    def get_everything(self, stands: Standing) -> Any:
        engine = stands.engine
        return SwitchOut(
            {"paused_at": engine.paused_at, "by": engine.paused_by, "why": engine.why}
        ).data

    @extend_schema_field(SwitchOut)
    def get_mail(self, stands: Standing) -> Any:
        engine = stands.engine
        return SwitchOut(
            {
                "paused_at": engine.mail_paused_at,
                "by": engine.mail_paused_by,
                "why": engine.mail_why,
            }
        ).data


class UncertainOut(serializers.Serializer):
    """The evidence about one message."""

    planned_touch = serializers.IntegerField(source="pk", read_only=True)
    lead = serializers.IntegerField(source="lead_pk", read_only=True)
    to = serializers.CharField(read_only=True)
    address = serializers.CharField(read_only=True)
    subject = serializers.CharField(read_only=True)
    submitted_at = Instant(read_only=True)
    reply = serializers.CharField(read_only=True)
    message_id = serializers.CharField(read_only=True)


class SettleManyIn(SettleIn):
    planned_touches = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        min_length=1,
        max_length=MOST_AT_ONCE,
    )


class SettledOut(serializers.Serializer):
    done = serializers.IntegerField(read_only=True)
    refused = serializers.IntegerField(
        read_only=True, help_text=gettext_lazy("Settled meanwhile, or not yours")
    )


class SwitchIn(Strict):
    what = serializers.ChoiceField(WHATS, required=False, default=SwitchEvent.What.EVERYTHING)
    why = serializers.CharField(max_length=WHY_MAX, help_text=gettext_lazy("Kept in the history"))


class EngineStatus(Resource):
    permission_classes = [Manages]

    @extend_schema(responses=EngineOut)
    def get(self, request: Request) -> Response:
        """What is due, held, uncertain and paused; for managers."""
        return Response(EngineOut(standing(self.now)).data)


class EngineSwitch(Resource):
    """A manager's word on everything, or on the mail; the answer is the engine as it is then."""

    permission_classes = [Manages]
    turn: ClassVar[Any]

    def post(self, request: Request) -> Response:
        said = self.said(SwitchIn)
        type(self).turn(by=self.user, now=self.now, **said)
        return Response(EngineOut(standing(self.now)).data)


@extend_schema(request=SwitchIn, responses=EngineOut)
class EnginePause(EngineSwitch):
    """Nothing is claimed or sent any more; what is being sent at this moment runs to its end."""

    turn = staticmethod(running.pause)


@extend_schema(request=SwitchIn, responses=EngineOut)
class EngineResume(EngineSwitch):
    """Goes on; what missed its time is spread over the next hours. Closes the circuit breaker."""

    turn = staticmethod(running.resume)


class EngineUncertain(Resource):
    permission_classes = [Manages]

    @extend_schema(parameters=[PageQuery], responses=page_of(UncertainOut, "Uncertain"))
    def get(self, request: Request) -> Response:
        """Messages of which nobody knows whether they arrived, the first planned first."""
        asked = self.asked(PageQuery)
        rows = uncertain_page(self.user, after=asked.get("cursor", 0), size=PAGE)
        more = [*rows.rows, rows.rows[-1]] if rows.after else list(rows.rows)
        return page_answer(UncertainOut, page_from(request, more, lambda last: last.pk, PAGE))

    @extend_schema(request=SettleManyIn, responses=SettledOut)
    def post(self, request: Request) -> Response:
        """Says the same of many: they arrived, they did not, or they are left."""
        said = self.said(SettleManyIn)
        settled = settle_many(
            planned=said.pop("planned_touches"), by=self.user, now=self.now, **said
        )
        return Response(SettledOut(settled).data)
