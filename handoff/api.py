"""Handoffs and their dossiers over HTTP: hand over, accept, return, report the result."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiTypes, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from handoff import actions
from handoff.dossier import Word
from handoff.models import Handoff, HandoffState, Result
from handoff.reads import frozen_body, proposals
from prospects.api import NOTE_MAX
from prospects.models import Lead
from prospects.qualification import Attribute
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


class HandoffOut(Shown):
    lead = serializers.IntegerField(source="lead_id")
    headline = serializers.CharField(source="lead.headline")
    rep = NamedOut()
    specialist = NamedOut(allow_null=True)
    by = NamedOut(allow_null=True)
    state = serializers.ChoiceField(HandoffState.choices)
    standard = serializers.IntegerField(source="standard.version", default=None)

    class Meta:
        model = Handoff
        fields = [
            "id",
            "external_id",
            "lead",
            "headline",
            "rep",
            "specialist",
            "by",
            "proposed_why",
            "standard",
            "state",
            "handed_off_at",
            "accept_by",
            "overdue_at",
            "accepted_at",
            "first_call_by",
            "returned_at",
            "return_reason",
            "wrong_attributes",
            "potential_revenue",
            "expected_close_on",
            "result",
            "result_at",
            "revenue",
            "lost_reason",
            "back_on",
            "touches_before",
            "documented",
            "contradictions",
        ]


class HandoffDetailOut(HandoffOut):
    """A handoff with its dossier as it was frozen; null for one brought along from elsewhere."""

    dossier = serializers.SerializerMethodField()

    class Meta(HandoffOut.Meta):
        fields = [*HandoffOut.Meta.fields, "dossier"]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_dossier(self, handoff: Handoff) -> dict[str, Any] | None:
        return frozen_body(handoff, self.context["version"])


class HandoffQuery(PageQuery):
    lead = VisibleField(Lead.objects, required=False)
    live = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text=gettext_lazy("True: neither returned nor closed yet"),
    )


class DossierQuery(Strict):
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text=gettext_lazy("Of the dossier; the latest if left out"),
    )


class WordIn(Strict):
    """What the one who hands over adds in their own words."""

    headline = serializers.CharField(required=False, allow_blank=True, max_length=200)
    said = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX)
    hot_buttons = serializers.ListField(
        child=serializers.CharField(max_length=250), required=False, max_length=10
    )


class HandOffIn(Strict):
    """To whom. `version`: of the lead as you saw it; 409 if somebody changed it since."""

    rep = serializers.PrimaryKeyRelatedField(queryset=User.objects.reps().active())
    override = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=NOTE_MAX,
        help_text=gettext_lazy("A manager’s reason to go beyond the rep’s capacity"),
    )
    word = WordIn(required=False)
    potential_revenue = serializers.DecimalField(
        required=False, max_digits=14, decimal_places=2, min_value=Decimal(0)
    )
    expected_close_on = serializers.DateField(required=False)
    version = serializers.IntegerField(required=False, min_value=1)

    def validate_word(self, value: dict[str, Any]) -> Word:
        return Word(**{**value, "hot_buttons": tuple(value.get("hot_buttons", ()))})


class ReturnIn(Strict):
    wrong_attributes = serializers.ListField(
        child=serializers.ChoiceField(Attribute.choices), required=False, default=list
    )
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=NOTE_MAX
    )


class ResultIn(Strict):
    """Won with its revenue, lost with a reason, or stalled with the day to come back."""

    result = serializers.ChoiceField(Result.choices)
    revenue = serializers.DecimalField(required=False, max_digits=14, decimal_places=2)
    lost_reason = serializers.CharField(required=False, allow_blank=True, max_length=250)
    back_on = serializers.DateField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX)


class ProposalOut(serializers.Serializer):
    """A rep the lead could go to, the best first."""

    rep = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    why = serializers.CharField(read_only=True)
    free = serializers.IntegerField(read_only=True)
    capacity = serializers.IntegerField(read_only=True)
    live = serializers.IntegerField(read_only=True)
    in_territory = serializers.BooleanField(read_only=True)


def shown(handoffs: QuerySet[Handoff]) -> QuerySet[Handoff]:
    """The handoffs with what an answer says of each: one query."""
    return handoffs.select_related(
        "lead__company", "lead__contact", "rep", "specialist", "by", "standard"
    )


class LeadHandOff(Resource):
    permission_classes = [InProgram]

    @extend_schema(request=HandOffIn, responses={201: HandoffOut}, parameters=[KEY_HEADER])
    def post(self, request: Request, pk: int) -> Response:
        """Hands a qualified lead to a rep, with the dossier frozen as it stands."""
        lead = found(Lead.objects.visible_to(self.user), pk)
        said = self.said(HandOffIn)
        handoff = self.once(
            lambda: actions.hand_off(lead=lead, by=self.user, now=self.now, **said),
            known=Handoff.objects.visible_to(self.user),
        )
        return created(HandoffOut, handoff)


class LeadReps(Resource):
    permission_classes = [InProgram]

    @extend_schema(responses=ProposalOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """To whom the lead could be handed: every rep, the best first, and why."""
        leads = Lead.objects.visible_to(self.user).select_related("company__naics")
        return Response(ProposalOut(proposals(found(leads, pk), now=self.now), many=True).data)


class HandoffList(Resource):
    @extend_schema(parameters=[HandoffQuery], responses=page_of(HandoffOut, "Handoff"))
    def get(self, request: Request) -> Response:
        """Handoffs, the last one made first."""
        asked = self.asked(HandoffQuery)
        rows = Handoff.objects.visible_to(self.user)
        if "lead" in asked:
            rows = rows.filter(lead=asked["lead"])
        if asked["live"] is True:
            rows = rows.live()
        elif asked["live"] is False:
            rows = rows.exclude(returned_at__isnull=True, result_at__isnull=True)
        return page_answer(HandoffOut, newest_first(request, shown(rows), asked.get("cursor")))


class HandoffDetail(Resource):
    @extend_schema(parameters=[DossierQuery], responses=HandoffDetailOut)
    def get(self, request: Request, pk: int) -> Response:
        """One handoff, with its dossier as it was frozen."""
        handoff = found(shown(Handoff.objects.visible_to(self.user)), pk)
        version = self.asked(DossierQuery).get("version")
        answer = HandoffDetailOut(handoff, context={"version": version}).data
        if version is not None and answer["dossier"] is None:
            raise NotFound
        return Response(answer)


class HandoffVerb(Resource):
    """The rep's word on a handoff; the answer is the handoff as it is then."""

    body: ClassVar[type[Strict]] = Strict

    def take(self, handoff: Handoff, said: dict[str, Any]) -> None:
        """Call the one action."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        handoff = found(Handoff.objects.visible_to(self.user).select_related("lead", "rep"), pk)
        self.take(handoff, self.said(self.body))
        return Response(HandoffOut(shown(Handoff.objects.all()).get(pk=pk)).data)


@extend_schema(request=None, responses=HandoffOut)
class HandoffAccept(HandoffVerb):
    """The rep takes it on."""

    def take(self, handoff: Handoff, said: dict[str, Any]) -> None:
        actions.accept(handoff=handoff, by=self.user, now=self.now)


@extend_schema(request=ReturnIn, responses=HandoffOut)
class HandoffReturn(HandoffVerb):
    """The rep gives it back to the program, naming what was wrong or why."""

    body = ReturnIn

    def take(self, handoff: Handoff, said: dict[str, Any]) -> None:
        actions.return_to_program(handoff=handoff, by=self.user, now=self.now, **said)


@extend_schema(request=ResultIn, responses=HandoffOut)
class HandoffResult(HandoffVerb):
    """The rep reports how it ended: won, lost, or stalled and back on a day."""

    body = ResultIn

    def take(self, handoff: Handoff, said: dict[str, Any]) -> None:
        actions.report_result(handoff=handoff, by=self.user, now=self.now, **said)
