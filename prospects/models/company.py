"""Companies and their people, and the industry codes that classify them."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from prospects.models.visibility import leads_visible_to
from prospects.qualification import Basis, BuyingRole

if TYPE_CHECKING:
    from team.models import User


class IndustrySystem(models.TextChoices):
    NAICS_2022 = "naics", _("NAICS 2022")
    SIC_1987 = "sic", _("SIC 1987")


class IndustryCode(models.Model):
    """One code of one classification. The key, `naics-322120`, is what other tables refer to."""

    key = models.CharField(primary_key=True, max_length=12)
    system = models.CharField(max_length=5, choices=IndustrySystem.choices)
    code = models.CharField(max_length=6)
    title = models.CharField(max_length=250)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "code"], name="industry_code_unique")
        ]
        indexes = [
            GinIndex(SearchVector("title", config="english"), name="industry_title_words"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class CompanyQuerySet(models.QuerySet["Company"]):
    def visible_to(self, user: User) -> CompanyQuerySet:
        """A company is seen by whoever sees one of its leads."""
        return self.filter(pk__in=leads_visible_to(user).values("company"))


class Company(models.Model):
    """The organisation that may buy."""

    name = models.CharField(max_length=250)
    name_key = models.CharField(max_length=250, help_text=_("Normalised: see prospects.keys"))
    domain = models.CharField(max_length=253, blank=True)
    naics = models.ForeignKey(
        IndustryCode, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sic = models.ForeignKey(
        IndustryCode, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    industry_basis = models.CharField(max_length=10, choices=Basis.choices, blank=True)
    industry_since = models.DateTimeField(null=True, blank=True)
    revenue = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    locations = models.PositiveIntegerField(null=True, blank=True)
    firmographics_basis = models.CharField(max_length=10, choices=Basis.choices, blank=True)
    firmographics_since = models.DateTimeField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    street = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When a person last wrote it: imports only fill blanks")
    )

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        indexes = [
            models.Index(fields=["domain"], name="company_domain", condition=~Q(domain="")),
            models.Index(fields=["name_key"], name="company_name_key"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        return ", ".join(part for part in (self.city, self.region, self.country) if part)

    @property
    def has_postal_address(self) -> bool:
        return bool(self.street and self.city and self.country)

    @property
    def industry(self) -> IndustryCode | None:
        return self.naics or self.sic


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: User) -> ContactQuerySet:
        """A contact is seen by whoever sees a lead of theirs or of their company."""
        theirs = Q(contact=OuterRef("pk")) | Q(company=OuterRef("company"))
        # One EXISTS of both: two, or a join, gather all visible leads to show fifty people.
        return self.filter(Exists(leads_visible_to(user).filter(theirs)))


class Contact(models.Model):
    """A person at a company, with a buying role."""

    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contacts",
        db_index=False,
    )
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=150, blank=True)
    buying_role = models.CharField(
        max_length=14, choices=BuyingRole.choices, default=BuyingRole.UNKNOWN
    )
    role_confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Their role rests on a touch of this instant")
    )
    conversation_at = models.DateTimeField(
        null=True, blank=True, help_text=_("The last conversation with them; written by nurture")
    )
    email = models.CharField(max_length=254, blank=True)
    email_key = models.CharField(
        max_length=254, blank=True, help_text=_("Normalised; empty: invalid")
    )
    phone = models.CharField(max_length=60, blank=True, help_text=_("As it was given"))
    phone_key = models.CharField(max_length=16, blank=True, help_text=_("E.164; empty: invalid"))
    timezone = models.CharField(max_length=64, blank=True)
    phone_invalid_at = models.DateTimeField(null=True, blank=True)
    email_invalid_at = models.DateTimeField(null=True, blank=True)
    address_invalid_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When a person last wrote it: imports only fill blanks")
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(buying_role__in=BuyingRole.values), name="contact_role_is_known"
            )
        ]
        indexes = [
            models.Index("company", Lower("last_name"), name="contact_company_last_name"),
            models.Index(
                fields=["email_key"], name="contact_email_key", condition=~Q(email_key="")
            ),
            models.Index(
                Func("email_key", Value("@"), Value(2), function="split_part"),
                name="contact_mail_domain",
                condition=~Q(email_key=""),
            ),
            models.Index(
                fields=["phone_key"], name="contact_phone_key", condition=~Q(phone_key="")
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Name not known"))

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def can_be_called(self) -> bool:
        return bool(self.phone_key) and self.phone_invalid_at is None

    @property
    def can_be_emailed(self) -> bool:
        return bool(self.email_key) and self.email_invalid_at is None

    @property
    def zone(self) -> zoneinfo.ZoneInfo | None:
        """Their own time zone, else their company's; None when neither is known."""
        name = self.timezone or (self.company.timezone if self.company else "")
        return zoneinfo.ZoneInfo(name) if name else None
