"""The month over HTTP: the same read as the page, under the keys of domain.md, section 9.

Money is a decimal string in the organisation's currency; percentages are of a hundred.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.models import HandoffState
from nurture.touching import Channel
from reports.periods import Period
from reports.reads import MonthlyReport, monthly_report
from team.api import InProgram, Instant, Money, Resource

HANDOFFS_AT_MOST = 10_000


class Out(serializers.Serializer):
    """Only shown."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return fields


class ReasonOut(Out):
    reason = serializers.CharField(source="key")
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()


class WhoOut(Out):
    """Somebody; without an id where it is not known who."""

    id = serializers.IntegerField(source="by_id", allow_null=True)
    name = serializers.CharField()


class RepOut(Out):
    id = serializers.IntegerField()
    name = serializers.CharField()


class ChannelTouchesOut(Out):
    channel = serializers.ChoiceField(Channel.choices)
    outbound = serializers.IntegerField()
    inbound = serializers.IntegerField()


class PersonTouchesOut(Out):
    specialist = WhoOut(source="*")
    outbound = serializers.IntegerField()
    inbound = serializers.IntegerField()
    conversations = serializers.IntegerField()


class TouchesOut(Out):
    total = serializers.IntegerField(source="figures.touches")
    conversations = serializers.IntegerField(source="figures.conversations")
    by_channel = ChannelTouchesOut(source="channels", many=True)
    by_specialist = PersonTouchesOut(source="people", many=True)


class PersonAttemptsOut(Out):
    specialist = WhoOut(source="*")
    complete = serializers.IntegerField()
    incomplete = serializers.IntegerField()
    leads_worked = serializers.IntegerField(source="worked")
    attempts_per_lead = serializers.FloatField(allow_null=True)


class AttemptsOut(Out):
    overall = serializers.FloatField(source="figures.attempts_per_lead", allow_null=True)
    attempts = serializers.IntegerField(source="figures.attempts")
    leads_worked = serializers.IntegerField(source="figures.leads_worked")
    by_specialist = PersonAttemptsOut(source="people", many=True)


class QualifiedShareOut(Out):
    at_month_end = serializers.FloatField(source="pct_qualified", allow_null=True)
    now = serializers.FloatField(source="pct_qualified_now", allow_null=True)


class MonthSourceOut(Out):
    """The leads of the source received in the month, and what came of them so far."""

    id = serializers.IntegerField()
    source = serializers.CharField(source="name")  # type: ignore[assignment]
    received = serializers.IntegerField()
    screened_out = serializers.IntegerField()
    mql = serializers.IntegerField()
    qualified = serializers.IntegerField()
    handed_off = serializers.IntegerField()
    won = serializers.IntegerField()
    won_revenue = Money()
    cost = Money()
    revenue_to_cost = serializers.FloatField(allow_null=True)
    cost_per_lead = Money(allow_null=True)
    cost_per_qualified = Money(allow_null=True)
    cost_per_handoff = Money(allow_null=True)


class MonthHandoffOut(Out):
    """`state` as of the end of the month (or now, while it runs), `state_now` as of now."""

    id = serializers.IntegerField()
    lead = serializers.IntegerField(source="lead_id")
    rep = RepOut()
    company = serializers.CharField()
    contact = serializers.CharField()
    specialist = serializers.CharField()
    handed_off_at = Instant()
    touches_before = serializers.IntegerField()
    documented = serializers.IntegerField()
    potential_revenue = Money(allow_null=True)
    expected_close = serializers.DateField(source="expected_close_on", allow_null=True)
    state = serializers.ChoiceField(HandoffState.choices)
    state_now = serializers.ChoiceField(HandoffState.choices)


class ConversionOut(Out):
    qualified = serializers.IntegerField(source="whole")
    won = serializers.IntegerField(source="part")
    percent = serializers.FloatField(allow_null=True)


class AttemptYieldOut(Out):
    """`label` is "11+" where one row stands for all later attempts; it has no rate."""

    attempt = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    leads = serializers.IntegerField()
    conversations = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    won = serializers.IntegerField()


class RepRoomOut(Out):
    id = serializers.IntegerField(source="rep_id")
    rep = serializers.CharField(source="name")
    team = serializers.CharField()
    capacity = serializers.IntegerField()
    live = serializers.IntegerField()
    free = serializers.IntegerField()


class TeamWaitingOut(Out):
    id = serializers.IntegerField(source="team_id")
    team = serializers.CharField()
    qualified = serializers.IntegerField(source="waiting")


class CapacityOut(Out):
    """As of now."""

    reps = RepRoomOut(many=True)
    teams = TeamWaitingOut(source="waiting", many=True)


def figure(name: str) -> serializers.IntegerField:
    return serializers.IntegerField(source=f"figures.{name}")


class MonthOut(Out):
    """A month of the program, of the teams that you see."""

    month = serializers.CharField(source="month.key")
    start = Instant(source="month.start")
    end = Instant(source="month.end")
    timezone = serializers.CharField(source="month.zone.key")
    currency = serializers.CharField()
    so_far = serializers.BooleanField()
    counted_at = Instant(allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())

    leads_received = figure("leads_received")
    leads_screened_out = figure("leads_screened_out")
    screened_out_by_reason = ReasonOut(source="screened_out", many=True)
    new_prospects = figure("new_prospects")
    under_development = figure("under_development")
    mqls = figure("mqls")
    qualified = figure("qualified")
    handed_off = figure("handed_off")
    potential_revenue = Money(source="figures.potential_revenue")
    accepted = figure("accepted")
    returned = figure("returned")
    overdue = figure("overdue")
    won = figure("won")
    won_revenue = Money(source="figures.won_revenue")
    lost = figure("lost")
    disqualified = figure("disqualified")
    disqualified_by_reason = ReasonOut(source="disqualified", many=True)
    unable_to_qualify = figure("unable_to_qualify")
    unable_to_qualify_by_reason = ReasonOut(source="unable_to_qualify", many=True)
    pct_qualified = QualifiedShareOut(source="figures")
    touches = TouchesOut(source="*")
    attempts_per_lead = AttemptsOut(source="*")
    sources = MonthSourceOut(many=True)
    handoffs = serializers.SerializerMethodField()
    conversion_12m = ConversionOut(source="figures.conversion_12m")
    yield_by_attempt = AttemptYieldOut(source="yields", many=True)
    capacity = CapacityOut(source="*")

    @extend_schema_field(MonthHandoffOut(many=True))
    def get_handoffs(self, report: MonthlyReport) -> Any:
        lines = [
            {**vars(line), "rep": {"id": rep.rep_id, "name": rep.name}}
            for rep in report.handoffs
            for line in rep.lines
        ]
        return MonthHandoffOut(lines, many=True).data


class MonthView(Resource):
    permission_classes = [InProgram]

    @extend_schema(
        responses=MonthOut,
        parameters=[
            OpenApiParameter(
                "month", OpenApiTypes.STR, OpenApiParameter.PATH, description="2026-06"
            )
        ],
    )
    def get(self, request: Request, month: str) -> Response:
        """The figures of a month, as of its end; of the running month, those so far."""
        try:
            report = monthly_report(
                Period.parse(month, self.user.organisation.zone),
                user=self.user,
                now=self.now,
                handoffs_shown=HANDOFFS_AT_MOST,
            )
        except (LookupError, ValueError):
            raise exceptions.NotFound from None
        return Response(MonthOut(report).data)
