"""The lead: one record for life, its history of stages, and where it came from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from prospects.first_touch import INQUIRY
from prospects.models.company import Company, Contact
from prospects.models.visibility import leads_of
from prospects.qualification import Horizon
from prospects.stages import STEPS, WITH_SALES, WORKED, Stage
from team.models import Team

if TYPE_CHECKING:
    from team.models import User


class SourceKind(models.TextChoices):
    WEB_FORM = "web_form", _("Web form")
    EVENT = "event", _("Event")
    LIST = "list", _("List")
    CONTENT = "content", _("Content")
    REFERRAL = "referral", _("Referral")
    PARTNER = "partner", _("Partner")
    ADVERTISING = "advertising", _("Advertising")
    OUTBOUND = "outbound", _("Outbound")
    OTHER = "other", _("Other")


class Source(models.Model):
    """Where leads come from. Shared by the whole organisation."""

    name = models.CharField(max_length=150)
    kind = models.CharField(max_length=12, choices=SourceKind.choices, default=SourceKind.OTHER)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(models.functions.Lower("name"), name="source_name_unique")
        ]

    def __str__(self) -> str:
        return self.name


class SourceCost(models.Model):
    """What a source cost in one month, in the organisation's currency."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="costs")
    month_on = models.DateField(help_text=_("The first day of the month"))
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "month_on"], name="source_cost_once_a_month"),
            models.CheckConstraint(condition=Q(month_on__day=1), name="source_cost_on_the_first"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.month_on:%Y-%m}: {self.amount}"


DOUBTFUL = Q(stage=Stage.RAW, screening__contains=[{"weight": "doubt"}])
"""What the rules of screening are not certain of: see `prospects.screening.judging.Weight`."""

SCREENED_FOR = Func(
    F("screening"),
    template="(jsonb_path_query_first(%(expressions)s,"
    " '$[*] ? (@.weight == \"verdict\").rule'::jsonpath) #>> '{}')",
    output_field=models.CharField(),
)
"""The rule that screened a lead out: that of its first finding that is a verdict."""


class LeadQuerySet(models.QuerySet["Lead"]):
    def visible_to(self, user: User) -> LeadQuerySet:
        return self.filter(leads_of(user))

    def worked(self) -> LeadQuerySet:
        return self.filter(stage__in=WORKED)

    def waiting(self) -> LeadQuerySet:
        """Leads in their team's queue: nobody has them. The freshest inquiry comes first.

        Those in doubt are not in it: a person looks at them first (`doubtful`).
        """
        free = self.worked().filter(specialist__isnull=True).exclude(DOUBTFUL)
        return free.order_by("-received_at", "-pk")

    def that_took(self, old_id: int) -> LeadQuerySet:
        """The lead that an old one was merged into."""
        return self.filter(merged__kind="lead", merged__old_id=old_id)

    def due(self, now: datetime) -> LeadQuerySet:
        """Leads whose next touch is due, in the order of the specialist's queue."""
        return self.filter(next_touch_at__lte=now).order_by(
            "next_touch_rank", "next_touch_at", "pk"
        )

    def doubtful(self) -> LeadQuerySet:
        """Raw leads of whom screening is not certain: a person should look before they are worked."""
        return self.filter(DOUBTFUL)

    def screened_out_for(self, rule: str) -> LeadQuerySet:
        """Those that are screened out, by the rule that did it."""
        return self.filter(stage=Stage.SCREENED_OUT).alias(rule=SCREENED_FOR).filter(rule=rule)

    def matching(self, words: str) -> LeadQuerySet:
        """Leads of whose names, companies, addresses and phones every word is a part.

        A word of one or two letters must begin one: only then does it have a trigram to look up.
        The first eight words count.
        """
        found = self
        for word in words.lower().split()[:8]:
            is_part = Q(search_text__contains=word)
            begins = Q(search_text__contains=f" {word}") | Q(search_text__startswith=word)
            found = found.filter(is_part if len(word) > 2 else begins)
        return found


def headline(company: str, person: str, external_id: str, pk: int) -> str:
    """What people call a lead: its company, else its person, else its id elsewhere."""
    return company or person or external_id or f"#{pk}"


class Lead(models.Model):
    """One company's potential need, with a primary contact, a source and a life.

    The columns below "verdicts" are stored answers to questions that pages ask of many leads; each
    says who computes it. `stage` is written by `prospects.actions.change_stage` alone.
    """

    external_id = models.CharField(
        max_length=100, null=True, blank=True, unique=True, help_text=_("Its id in another system")
    )
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.PROTECT, related_name="leads"
    )
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="leads"
    )
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="leads", db_index=False
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    specialist = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    assigned_why = models.CharField(max_length=200, blank=True)
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("The rep who holds it now, or closed it"),
    )
    intake = models.ForeignKey(
        "prospects.Import", null=True, blank=True, on_delete=models.PROTECT, related_name="leads"
    )
    row_digest = models.UUIDField(
        null=True,
        blank=True,
        help_text=_("Of the imported row: the same row again changes nothing"),
    )
    received_at = models.DateTimeField()
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When they last asked us by themselves, by a form")
    )
    horizon = models.CharField(max_length=10, choices=Horizon.choices, default=Horizon.UNKNOWN)
    potential_revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    expected_close_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    version = models.PositiveIntegerField(
        default=1, help_text=_("Grows with each edit by a person")
    )

    stage = models.CharField(max_length=17, choices=Stage.choices, default=Stage.RAW)
    stage_at = models.DateTimeField()
    entered_program_at = models.DateTimeField(null=True, blank=True)
    mql_at = models.DateTimeField(null=True, blank=True, help_text=_("First time"))
    qualified_at = models.DateTimeField(null=True, blank=True, help_text=_("First time"))
    screening = models.JSONField(
        default=list, blank=True, help_text=_("Findings: a list of {rule, words, weight}")
    )
    contradictions = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text=_("What does not fit together in what was brought along, in words"),
    )

    # Verdicts. prospects.actions.reassess:
    documented = models.PositiveSmallIntegerField(default=0, help_text=_("Of the ten attributes"))
    open_attributes = ArrayField(models.CharField(max_length=13), default=list, blank=True)
    reassess_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the verdict changes by time alone")
    )
    # nurture.actions, whenever a touch or a promise is written:
    outbound_touches = models.PositiveIntegerField(default=0)
    conversation_at = models.DateTimeField(null=True, blank=True, help_text=_("The last"))
    complete_attempts = models.PositiveSmallIntegerField(default=0)
    next_touch_at = models.DateTimeField(null=True, blank=True)
    next_touch_channel = models.CharField(max_length=11, blank=True)
    next_touch_rank = models.PositiveSmallIntegerField(default=0)
    next_touch_why = models.CharField(max_length=200, blank=True)
    # nurture.absence:
    postponed_until = models.DateTimeField(
        null=True, blank=True, help_text=_("The program’s own rhythm does not go on before")
    )
    # every action that changes the lead:
    activity_at = models.DateTimeField(help_text=_("The last thing that happened"))
    search_text = models.TextField(blank=True, help_text=_("Lower case: see prospects.keys"))

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="lead_stage_is_known"),
            models.CheckConstraint(
                condition=Q(horizon__in=Horizon.values), name="lead_horizon_is_known"
            ),
            models.CheckConstraint(
                condition=Q(documented__lte=10), name="lead_has_ten_attributes_at_most"
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=WITH_SALES) | Q(rep__isnull=False),
                name="lead_with_sales_has_a_rep",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-activity_at", "-id"], name="lead_team_activity"),
            models.Index(
                fields=["team", "stage", "-activity_at", "-id"],
                include=["source", "documented"],
                name="lead_team_stage_activity",
            ),
            models.Index(
                fields=["source", "team", "-activity_at", "-id"],
                include=["stage", "documented"],
                name="lead_source_activity",
            ),
            models.Index(
                fields=["team", "-activity_at", "-id"],
                include=["stage", "documented", "source"],
                name="lead_team_documented",
                condition=Q(documented__gte=4),
            ),
            models.Index(
                fields=["specialist", "-activity_at", "-id"],
                include=["team", "stage", "source", "documented"],
                name="lead_specialist_activity",
            ),
            models.Index(fields=["-activity_at", "-id"], name="lead_activity"),
            models.Index(fields=["stage", "-activity_at", "-id"], name="lead_stage_activity"),
            models.Index(
                fields=["specialist", "next_touch_rank", "next_touch_at", "id"],
                name="lead_queue",
                condition=Q(next_touch_at__isnull=False),
            ),
            models.Index(
                fields=["specialist", "next_touch_at"],
                name="lead_load",
                condition=Q(specialist__isnull=False, stage__in=sorted(WORKED)),
            ),
            models.Index(
                fields=["team", "-received_at", "-id"],
                name="lead_waiting",
                condition=Q(specialist__isnull=True, stage__in=sorted(WORKED)),
            ),
            models.Index(
                fields=["rep", "-activity_at", "-id"],
                name="lead_rep_activity",
                condition=Q(rep__isnull=False),
            ),
            models.Index(
                fields=["specialist", "-asked_at"],
                name="lead_asked",
                condition=Q(asked_at__isnull=False),
            ),
            models.Index(
                fields=["next_touch_at"],
                name="lead_inquiry",
                condition=Q(next_touch_rank=INQUIRY, next_touch_at__isnull=False),
            ),
            models.Index(fields=["received_at"], name="lead_received"),
            models.Index(
                fields=["entered_program_at"],
                name="lead_entered",
                condition=Q(entered_program_at__isnull=False),
            ),
            models.Index(fields=["mql_at"], name="lead_mql", condition=Q(mql_at__isnull=False)),
            models.Index(
                fields=["qualified_at"],
                name="lead_qualified",
                condition=Q(qualified_at__isnull=False),
            ),
            models.Index(
                fields=["reassess_at"],
                name="lead_reassess",
                condition=Q(reassess_at__isnull=False),
            ),
            models.Index(
                fields=["team", "-received_at", "-id"],
                name="lead_doubtful",
                condition=DOUBTFUL,
            ),
            models.Index(
                "team",
                SCREENED_FOR,
                F("activity_at").desc(),
                F("id").desc(),
                name="lead_screened_for",
                condition=Q(stage=Stage.SCREENED_OUT),
            ),
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="lead_search_text"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="stage_follows_history",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("stage"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("OLD.stage IS DISTINCT FROM NEW.stage"),
                declare=[("latest", "text")],
                func="""
                    SELECT to_stage INTO latest FROM prospects_stagechange
                     WHERE lead_id = NEW.id AND superseded_at IS NULL
                     ORDER BY at DESC, id DESC LIMIT 1;
                    IF latest IS DISTINCT FROM NEW.stage THEN
                        RAISE EXCEPTION 'The stage of lead % follows its history: % is not %',
                            NEW.id, NEW.stage, latest USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.headline

    @property
    def headline(self) -> str:
        return headline(
            self.company.name if self.company else "",
            self.contact.name if self.contact else "",
            self.external_id or "",
            self.pk,
        )

    @property
    def is_doubtful(self) -> bool:
        """Whether a person should look at it before anybody works it."""
        doubts = (found.get("weight") == "doubt" for found in self.screening)
        return self.stage == Stage.RAW and any(doubts)

    @property
    def is_worked(self) -> bool:
        return self.stage in WORKED


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    def visible_to(self, user: User) -> ArrivalQuerySet:
        return self.filter(leads_of(user, "lead__"))


class Arrival(models.Model):
    """The lead came in once more: a row that turned out to be somebody we had already.

    Kept so that nothing is lost by merging: its source counts, its id elsewhere still finds the lead.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="arrivals")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    received_at = models.DateTimeField()
    differs = models.TextField(blank=True, help_text=_("What it said otherwise, in words"))
    intake = models.ForeignKey(
        "prospects.Import",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: through a form"),
    )

    objects = ArrivalQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.lead_id} ← {self.source}"


def _legal_steps() -> Q:
    """STEPS as a database condition; what was brought along from another system may differ."""
    legal = Q(brought_along=True)
    for from_stage, to_stages in STEPS.items():
        if to_stages:
            legal |= Q(from_stage=from_stage, to_stage__in=sorted(to_stages))
    return legal


class StageChange(models.Model):
    """One step in the life of a lead. Append-only in the database.

    A row of a history brought along may be superseded when a later file knows better, and a merge of
    two leads makes one history of two; nothing else of it can change, and nothing can be deleted. Read the history ordered by (`at`, `id`).
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="stage_changes")
    from_stage = models.CharField(max_length=17, blank=True, choices=Stage.choices)
    to_stage = models.CharField(max_length=17, choices=Stage.choices)
    at = models.DateTimeField(help_text=_("When it happened"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: a rule"),
    )
    reason = models.CharField(max_length=40, blank=True, help_text=_("A key, for counting"))
    note = models.TextField(blank=True)
    brought_along = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
    superseded_at = models.DateTimeField(null=True, blank=True)
    merge = models.ForeignKey(
        "prospects.Merge",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("The merge that set it aside, or made it of two histories"),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=_legal_steps() | Q(merge__isnull=False), name="stage_change_is_legal"
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True)
                | Q(brought_along=True)
                | Q(merge__isnull=False),
                name="stage_change_of_ours_stands",
            ),
        ]
        indexes = [
            models.Index(fields=["lead", "at", "id"], name="stage_change_lead"),
            models.Index(
                fields=["at"],
                include=["lead", "from_stage", "to_stage"],
                name="stage_change_at",
                condition=Q(superseded_at__isnull=True),
            ),
            models.Index(
                fields=["merge"], name="stage_change_merge", condition=Q(merge__isnull=False)
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="append_only", exclude=["superseded_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage or 'new'} → {self.to_stage}"
