"""Users and their roles, teams, territories, and the settings of the one organisation."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from team.calendar import Calendar
from team.territories import Area, is_away_on


def validate_timezone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("%(value)s is not an IANA time zone."), params={"value": value})


def monday_to_friday() -> list[int]:
    return [1, 2, 3, 4, 5]


class Organisation(models.Model):
    """The settings of the one organisation that runs this installation (a single row)."""

    name = models.CharField(max_length=200, default="Our company")
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    country = models.CharField(max_length=2, default="US", help_text=_("ISO 3166 code"))
    currency = models.CharField(max_length=3, default="USD", help_text=_("ISO 4217 code"))
    accept_hours = models.PositiveSmallIntegerField(
        default=24, help_text=_("Working hours a rep has to accept or return a handoff")
    )
    mail_from = models.EmailField(
        blank=True, help_text=_("The address that automatic mail comes from; empty: none is sent")
    )
    postal_address = models.TextField(
        blank=True, help_text=_("Stands in every automatic mail, as the law asks")
    )
    complaint_percent = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        default=Decimal("0.30"),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(10))],
        help_text=_("Of the mails of a week, from which on no more mail goes out by itself"),
    )
    complaints_of_hundred = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Complaints about the last hundred mails, from which on none goes out"),
    )
    bounce_percent = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        default=Decimal("5.00"),
        validators=[MinValueValidator(Decimal("0.10")), MaxValueValidator(Decimal(50))],
        help_text=_("Mails to addresses that do not work, from which on none goes out"),
    )
    refusals_in_a_row = models.PositiveSmallIntegerField(
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Refusals for now by the mail server, from which on mail waits a while"),
    )
    touches_a_day = models.PositiveSmallIntegerField(
        default=1, help_text=_("Automatic touches that a person gets on one day, at most")
    )
    touches_a_week = models.PositiveSmallIntegerField(
        default=3, help_text=_("Automatic touches that a person gets in seven days, at most")
    )
    opens = models.TimeField(
        default=time(9), help_text=_("From when people may be contacted, on their own clock")
    )
    closes = models.TimeField(default=time(17), help_text=_("Until when; from then on it is quiet"))
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=monday_to_friday,
        help_text=_("Days on which people may be contacted; Monday is 1"),
    )
    limits_since = models.DateTimeField(
        null=True, blank=True, help_text=_("When the caps and hours were last changed")
    )
    market_countries = ArrayField(
        models.CharField(max_length=2), default=list, blank=True, help_text=_("Empty: everywhere")
    )
    market_naics = ArrayField(
        models.CharField(max_length=6),
        default=list,
        blank=True,
        help_text=_("Prefixes; empty: all"),
    )
    market_min_employees = models.PositiveIntegerField(null=True, blank=True)
    market_max_employees = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="organisation_is_one_row"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens"), opens__gte=time(5)),
                name="organisation_hours_are_by_day",
            ),
            models.CheckConstraint(
                condition=Q(touches_a_day__gte=1, touches_a_week__gte=1),
                name="organisation_caps_allow_one",
            ),
            models.CheckConstraint(
                condition=Q(weekdays__len__gte=1, weekdays__contained_by=[1, 2, 3, 4, 5, 6, 7]),
                name="organisation_weekdays_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Organisation:
        """The settings; the defaults (unsaved) on an installation that nobody has set up yet."""
        # In SQL, as nearly every page and action asks, and the ORM takes longest over the question.
        stored = cls.objects.raw("SELECT * FROM team_organisation WHERE id = 1")
        return next(iter(stored), None) or cls(pk=1)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def calendar(self) -> Calendar:
        """The working days of the organisation itself (a prospect's own may differ)."""
        return Calendar(zone=self.zone, country=self.country)


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> TeamQuerySet:
        """The teams whose leads the person answers for; an administrator all."""
        return self if user.role == Role.ADMIN else self.filter(pk__in=user.team_ids)


class Team(models.Model):
    """A group of people under one manager; a manager sees the team and every team below it."""

    name = models.CharField(max_length=200, unique=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="team_not_its_own_parent",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    SPECIALIST = "specialist", _("Specialist")
    REP = "rep", _("Sales rep")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Administrator")


class Side(models.TextChoices):
    """Which of the two sides a manager signs the standard for."""

    MARKETING = "marketing", _("Marketing")
    SALES = "sales", _("Sales")


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)

    def reps(self) -> UserQuerySet:
        return self.filter(role=Role.REP)

    def specialists(self) -> UserQuerySet:
        return self.filter(role=Role.SPECIALIST)

    def visible_to(self, user: User) -> UserQuerySet:
        """Colleagues: an administrator sees all, a manager the teams below, others their team."""
        if user.role == Role.ADMIN:
            return self
        return self.filter(Q(team__in=user.team_ids) | Q(pk=user.pk))


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> User:
        """A person; without an email address they are only named in the history and cannot log in."""
        user = self.model(email=email.strip().lower() if email else None, **fields)
        user.set_password(password if email else None)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> User:
        return self.create_user(email, password, role=Role.ADMIN, **fields)


class User(AbstractBaseUser):
    """A person of the organisation. One role each: a specialist never holds rep duties."""

    email = models.EmailField(unique=True, null=True, blank=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.SPECIALIST)
    side = models.CharField(max_length=10, choices=Side.choices, blank=True)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="members"
    )
    capacity = models.PositiveSmallIntegerField(
        default=8, help_text=_("Live opportunities that a rep may have at once")
    )
    lead_capacity = models.PositiveIntegerField(
        default=200, help_text=_("Open leads that a specialist may have at once")
    )
    daily_touches = models.PositiveSmallIntegerField(
        default=60, help_text=_("Touches due on a day, from which on no new lead comes")
    )
    languages = ArrayField(
        models.CharField(max_length=3),
        default=list,
        blank=True,
        help_text=_("ISO 639 codes; empty: nobody said, so any"),
    )
    away_from = models.DateField(null=True, blank=True, help_text=_("The first day away"))
    away_until = models.DateField(
        null=True, blank=True, help_text=_("The last day away; empty: until further notice")
    )
    timezone = models.CharField(max_length=64, blank=True, validators=[validate_timezone])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager.from_queryset(UserQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email__isnull=True) | Q(email=Lower("email")),
                name="user_email_is_lower_case",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_is_known"),
            models.CheckConstraint(
                condition=Q(away_until__isnull=True) | Q(away_until__gte=F("away_from")),
                name="user_is_away_until_a_later_day",
            ),
        ]
        indexes = [models.Index(Lower("name"), name="user_name_lower")]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name else ""

    @property
    def is_specialist(self) -> bool:
        return self.role == Role.SPECIALIST

    def is_away_on(self, day: date) -> bool:
        """Whether they are away on a day of the organisation's calendar."""
        return is_away_on(day, self.away_from, self.away_until)

    @property
    def is_rep(self) -> bool:
        return self.role == Role.REP

    @property
    def works_leads(self) -> bool:
        """May take in, screen and develop leads: everybody but reps, who work opportunities."""
        return self.role != Role.REP

    @property
    def manages(self) -> bool:
        """May see reports and decide for others."""
        return self.role in (Role.MANAGER, Role.ADMIN)

    @cached_property
    def organisation(self) -> Organisation:
        """The one that they work for; a page asks for it once."""
        return Organisation.current()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone in which they read times: their own, else the organisation's."""
        return zoneinfo.ZoneInfo(self.timezone) if self.timezone else self.organisation.zone

    @cached_property
    def team_ids(self) -> list[int]:
        """Ids of the teams whose leads this person answers for: a manager's with all below it."""
        if self.team_id is None:
            return []
        return list(team_ids_below([self.team_id])) if self.role == Role.MANAGER else [self.team_id]


def team_ids_below(roots: Iterable[int]) -> set[int]:
    """The given teams and every team below them, in one query however deep."""
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    found = set(roots)
    waiting = set(parents) - found
    while reached := {pk for pk in waiting if parents[pk] in found}:
        found |= reached
        waiting -= reached
    return found


class Territory(models.Model):
    """What one rep or specialist is responsible for. An empty field means any."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="territories")
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=100, blank=True)
    naics_prefix = models.CharField(max_length=6, blank=True)
    min_employees = models.PositiveIntegerField(null=True, blank=True)
    max_employees = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "territories"

    def __str__(self) -> str:
        return self.area.words

    @property
    def area(self) -> Area:
        return Area(
            country=self.country,
            region=self.region,
            naics_prefix=self.naics_prefix,
            min_employees=self.min_employees,
            max_employees=self.max_employees,
        )


class KeyedRequest(models.Model):
    """A request that a client marked with an `Idempotency-Key`, and what it made.

    Written in the transaction of what it asks for, so that both happened or neither. It says nothing
    of anybody: the body is kept as a keyed hash, the answer as the id of what was made.
    """

    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    fingerprint = models.CharField(max_length=64, help_text=_("A keyed hash of what was asked"))
    made_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["by", "key"], name="asked_once")]
        indexes = [models.Index(fields=["asked_at"], name="keyed_request_asked")]

    def __str__(self) -> str:
        return str(self.key)
