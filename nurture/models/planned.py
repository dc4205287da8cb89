"""Planned touches and how each fared: states, submissions, and the engine's own switch.

Which edges are legal, that the history is complete and that nothing is accepted twice are rules of
the database here, so that no crash and no code can break them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nurture.engine.states import EDGES, ENDED, HELD, PlannedState
from nurture.models.cadences import STEP_CHANNELS, Enrolment, Step, Template
from nurture.models.touches import Touch
from prospects.models import Contact, Lead
from prospects.models.visibility import leads_of

if TYPE_CHECKING:
    from team.models import User


class PlannedTouchQuerySet(models.QuerySet["PlannedTouch"]):
    def visible_to(self, user: User) -> PlannedTouchQuerySet:
        return self.filter(leads_of(user, "lead__"))

    def open(self) -> PlannedTouchQuerySet:
        return self.exclude(state__in=ENDED).exclude(state=PlannedState.UNCERTAIN)


class PlannedTouch(models.Model):
    """A touch that a cadence says is due. Claimed before it is acted on; happens at most once."""

    # Indexes of their own would only cost: those below begin with the same columns.
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="planned", db_index=False
    )
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="+")
    occurrence = models.PositiveSmallIntegerField(default=1)
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="planned_touches", db_index=False
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="planned_touches", db_index=False
    )
    channel = models.CharField(max_length=11, choices=[(c.value, c.label) for c in STEP_CHANNELS])
    performer = models.CharField(max_length=7, choices=Step.Performer.choices)
    state = models.CharField(
        max_length=14, choices=PlannedState.choices, default=PlannedState.PENDING
    )
    reason = models.CharField(max_length=250, blank=True, help_text=_("Of its state, in words"))
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("Who moved it to its state; empty: the engine"),
    )
    # What was meant, and the instant that it means (nurture.engine.timing):
    due_on = models.DateField()
    due_time = models.TimeField()
    zone = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(help_text=_("Past this it is planned anew, not sent late"))
    # The lease of the dispatcher that works on it:
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    epoch = models.PositiveIntegerField(default=0, help_text=_("Grows with each claim"))
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    touch = models.OneToOneField(
        Touch, null=True, blank=True, on_delete=models.PROTECT, related_name="planned_as"
    )

    objects = PlannedTouchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "planned touches"
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "step", "occurrence"], name="planned_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PlannedState.values), name="planned_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=HELD, lease__isnull=False, lease_until__isnull=False)
                | (~Q(state__in=HELD) & Q(lease__isnull=True, lease_until__isnull=True)),
                name="planned_held_under_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(ended_at__isnull=True)),
                name="planned_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(state=PlannedState.SENT, touch__isnull=False)
                | (~Q(state=PlannedState.SENT) & Q(touch__isnull=True)),
                name="planned_sent_is_a_touch",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        PlannedState.PENDING,
                        PlannedState.CLAIMED,
                        PlannedState.SUBMITTING,
                        PlannedState.AWAITING_HUMAN,
                        PlannedState.SENT,
                    ]
                )
                | ~Q(reason=""),
                name="planned_ends_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="planned_due",
                condition=Q(state=PlannedState.PENDING),
            ),
            models.Index(
                fields=["lease_until"], name="planned_held", condition=Q(state__in=sorted(HELD))
            ),
            models.Index(
                fields=["id"], name="planned_uncertain", condition=Q(state=PlannedState.UNCERTAIN)
            ),
            models.Index(
                fields=["id"], name="planned_failed", condition=Q(state=PlannedState.FAILED)
            ),
            models.Index(
                fields=["due_at"],
                name="planned_waiting",
                condition=Q(state=PlannedState.AWAITING_HUMAN),
            ),
            models.Index(fields=["lead", "-due_at"], name="planned_lead"),
            models.Index(
                fields=["moved_by"],
                name="planned_moved_by",
                condition=Q(moved_by__isnull=False),
            ),
            models.Index(fields=["contact", "channel"], name="planned_contact"),
            models.Index(
                fields=["step", "-ended_at"],
                include=["enrolment"],
                name="planned_sent",
                condition=Q(state=PlannedState.SENT),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="planned_is_kept", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="planned_edges",
                field="state",
                transitions=[
                    (str(start), str(end)) for start, ends in EDGES.items() for end in sorted(ends)
                ],
            ),
            pgtrigger.Trigger(
                name="planned_begins_pending",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.state <> 'pending'"),
                func="""
                    RAISE EXCEPTION 'A touch begins as planned, not as %', NEW.state
                        USING ERRCODE = 'check_violation';
                """,
            ),
            pgtrigger.Trigger(
                name="planned_history_begins",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    INSERT INTO nurture_stateevent
                           (planned_id, number, from_state, to_state, at, by_id, reason, epoch)
                    VALUES (NEW.id, 1, '', NEW.state, leadflow_now(), NEW.moved_by_id,
                            NEW.reason, NEW.epoch);
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="planned_history_goes_on",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.state IS DISTINCT FROM NEW.state"),
                func="""
                    INSERT INTO nurture_stateevent
                           (planned_id, number, from_state, to_state, at, by_id, reason, epoch)
                    SELECT NEW.id, max(number) + 1, OLD.state, NEW.state, leadflow_now(),
                           NEW.moved_by_id, NEW.reason, NEW.epoch
                      FROM nurture_stateevent WHERE planned_id = NEW.id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.due_at:%Y-%m-%d %H:%M}"


class StateEvent(models.Model):
    """One edge that a planned touch took. Written by the database itself; append-only."""

    planned = models.ForeignKey(
        PlannedTouch, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    number = models.PositiveIntegerField()
    from_state = models.CharField(max_length=14, choices=PlannedState.choices, blank=True)
    to_state = models.CharField(max_length=14, choices=PlannedState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(max_length=250, blank=True)
    epoch = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["planned", "number"], name="state_event_once")
        ]
        # Appended in the order of time, so a few pages stand for hours, at next to no cost a write.
        indexes = [
            BrinIndex(fields=["at"], name="state_event_at", pages_per_range=32, autosummarize=True),
            models.Index(fields=["by"], name="state_event_by", condition=Q(by__isnull=False)),
        ]
        triggers = [
            pgtrigger.Protect(
                name="state_events_stand", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_state or 'new'} → {self.to_state}"


class Submission(models.Model):
    """One time that a message was handed to the other side, and what became of it.

    Written before the first byte of the body leaves, so that a crash leaves a row that says so.
    """

    class Result(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REFUSED_FOR_NOW = "refused_for_now", _("Refused for now")
        REFUSED = "refused", _("Refused")
        NOT_SENT = "not_sent", _("Broke off before the end")
        UNKNOWN = "unknown", _("Not known")

    planned = models.ForeignKey(
        PlannedTouch, on_delete=models.PROTECT, related_name="submissions", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    lease = models.UUIDField()
    opened_at = models.DateTimeField()
    message_id = models.CharField(max_length=255, help_text=_("The same for every try"))
    unsubscribe_token = models.CharField(max_length=43, unique=True)
    address_hash = models.CharField(max_length=64, help_text=_("See nurture.contactability"))
    template = models.ForeignKey(
        Template, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    subject = models.CharField(max_length=250, blank=True)
    body = models.TextField(help_text=_("What they got, as text"))
    body_sha256 = models.CharField(max_length=64)
    result = models.CharField(max_length=15, choices=Result.choices, blank=True)
    reply = models.CharField(max_length=500, blank=True, help_text=_("What the other side said"))
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["planned", "number"], name="submission_once"),
            models.UniqueConstraint(
                fields=["planned"], condition=Q(result=""), name="submission_one_open"
            ),
            models.UniqueConstraint(
                fields=["planned"],
                condition=Q(result="accepted"),
                name="submission_accepted_once",
            ),
            models.CheckConstraint(
                condition=Q(result="", closed_at__isnull=True)
                | (~Q(result="") & Q(closed_at__isnull=False)),
                name="submission_closes_with_a_result",
            ),
        ]
        indexes = [
            models.Index(fields=["message_id"], name="submission_message"),
            models.Index(fields=["address_hash", "opened_at"], name="submission_address"),
            BrinIndex(
                fields=["opened_at"],
                name="submission_opened",
                pages_per_range=32,
                autosummarize=True,
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="submissions_are_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_sent_stands", exclude=["result", "reply", "closed_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.planned_id} #{self.number}"


class Engine(models.Model):
    """The engine's switches (a single row): whether anything is claimed at all, and whether mail is.

    Who paused what, and why, is kept in SwitchEvent.
    """

    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    why = models.CharField(max_length=250, blank=True)
    mail_paused_at = models.DateTimeField(null=True, blank=True)
    mail_paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: the circuit breaker"),
    )
    mail_why = models.CharField(max_length=250, blank=True)
    mail_judged_from = models.DateTimeField(
        null=True, blank=True, help_text=_("What was sent before counts no more for the breaker")
    )
    mail_judged_at = models.DateTimeField(null=True, blank=True)
    mail_holds_until = models.DateTimeField(
        null=True, blank=True, help_text=_("The server refused for now, again and again")
    )
    home = models.CharField(
        max_length=60, blank=True, help_text=_("The database that this is; another one is a copy")
    )
    tallied_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="engine_is_one_row"),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=False) | Q(paused_by__isnull=True, why=""),
                name="engine_runs_without_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(mail_paused_at__isnull=False)
                | Q(mail_paused_by__isnull=True, mail_why=""),
                name="engine_mails_without_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return "paused" if self.paused_at else "running"
