"""Nobody writes what they may not: every field of every model, posted to every address that writes.

What an address does not offer is refused by its name (400), and no row changes. What PATCH offers
changes that column, and beside it only those that follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse
from rest_framework.test import APIClient

from handoff.actions import hand_off
from leadflow.api_urls import urlpatterns
from nurture.cadences.enrolments import enrol
from nurture.filling.jobs import ask_filling
from nurture.models import Cadence
from prospects.models import Company, Contact, Import, Lead
from team.models import User
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]
OURS = ("team", "prospects", "nurture", "handoff")

# By address and method: the fields it offers. A new address that writes fails until it is here.
OFFERED: dict[tuple[str, str], set[str]] = {
    ("api-lead-list", "POST"): {
        *("source", "team", "company", "contact", "anyway"),
        *("horizon", "potential_revenue", "expected_close_on", "note"),
    },
    ("api-lead", "PATCH"): {
        *("version", "horizon", "potential_revenue", "expected_close_on", "note"),
    },
    ("api-filling-list", "POST"): {"cadence", "stage", "source", "specialist", "paced"},
    ("api-filling-cancel", "POST"): set(),
    ("api-lead-answers", "POST"): {"attribute", "words", "on", "amount", "nobody", "touch"},
    ("api-lead-promises", "POST"): {"due_at", "channel", "words"},
    ("api-lead-touches", "POST"): {
        *("channel", "outcome", "direction", "contact", "occurred_at", "note"),
        *("minutes", "cost", "promised", "supersedes"),
    },
    ("api-lead-assign", "POST"): {"specialist", "why"},
    ("api-lead-disqualify", "POST"): {"reason", "note"},
    ("api-lead-enter-program", "POST"): {"note"},
    ("api-lead-give-up", "POST"): {"override"},
    ("api-lead-not-now", "POST"): {"promised"},
    ("api-lead-hand-off", "POST"): {
        *("rep", "override", "word", "potential_revenue", "expected_close_on", "version"),
    },
    ("api-lead-restore", "POST"): {"note"},
    ("api-lead-revive", "POST"): {"note"},
    ("api-lead-screen-out", "POST"): {"reason", "note"},
    ("api-company", "PATCH"): {
        *("name", "domain", "naics", "sic", "revenue", "employees", "locations"),
        *("country", "region", "city", "postal_code", "street", "timezone"),
    },
    ("api-contact-list", "POST"): {
        *("lead", "first_name", "last_name", "title", "buying_role", "email", "phone", "timezone"),
    },
    ("api-contact", "PATCH"): {
        *("first_name", "last_name", "title", "buying_role", "email", "phone", "timezone"),
    },
    ("api-touch-list", "POST"): {
        *("lead", "channel", "outcome", "direction", "contact", "occurred_at", "note"),
        *("minutes", "cost", "promised", "supersedes"),
    },
    ("api-touch-take-back", "POST"): set(),
    ("api-answer-list", "POST"): {"lead", "attribute", "words", "on", "amount", "nobody", "touch"},
    ("api-import-list", "POST"): {"file", "source", "team", "mapping", "dry_run"},
    ("api-import-confirm", "POST"): set(),
    ("api-import-cancel", "POST"): set(),
    ("api-import-undo", "POST"): set(),
    ("api-inquiry-list", "POST"): {
        *("name", "company", "title", "email", "phone", "country", "city", "website"),
        *("message", "page", "consent_words"),
    },
    ("api-cadence-list", "POST"): {"name", "about", "repeats", "then", "steps"},
    ("api-cadence", "PUT"): {"name", "about", "repeats", "then", "steps", "version"},
    ("api-cadence-pause", "POST"): {"why"},
    ("api-cadence-resume", "POST"): {"why"},
    ("api-cadence-archive", "POST"): set(),
    ("api-cadence-reopen", "POST"): set(),
    ("api-enrolment-list", "POST"): {"lead", "cadence", "why"},
    ("api-enrolment-pause", "POST"): set(),
    ("api-enrolment-resume", "POST"): set(),
    ("api-enrolment-stop", "POST"): {"why"},
    ("api-planned-settle", "POST"): {"fate", "why"},
    ("api-engine-pause", "POST"): {"what", "why"},
    ("api-engine-resume", "POST"): {"what", "why"},
    ("api-uncertain-list", "POST"): {"planned_touches", "fate", "why"},
    ("api-handoff-accept", "POST"): set(),
    ("api-handoff-return", "POST"): {"wrong_attributes", "reason"},
    ("api-handoff-result", "POST"): {"result", "revenue", "lost_reason", "back_on", "note"},
}

# What an edit changes besides the column it names: stored verdicts and what says when.
FOLLOWS = {
    Lead: {"version", "activity_at"},
    Company: {"name_key", "industry_basis", "industry_since"}
    | {"firmographics_basis", "firmographics_since", "edited_at"},
    Contact: {"email_key", "phone_key", "role_confirmed_at", "edited_at"},
}


def writing() -> Iterator[tuple[str, str]]:
    """Every address of the API and method that writes."""
    for pattern in urlpatterns:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            if hasattr(pattern.callback.cls, method.lower()):  # type: ignore[attr-defined]
                yield str(pattern.name), method


def fields_of_ours() -> set[str]:
    """The name of every column of every model."""
    ours = (model for label in OURS for model in apps.get_app_config(label).get_models())
    return {
        name
        for model in ours
        for column in model._meta.concrete_fields
        for name in (column.name, column.attname)
    }


def everything() -> dict[str, list[Any]]:
    """All rows of the tables whose rows a request could change."""
    ours = (model for label in OURS for model in apps.get_app_config(label).get_models())
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values()) for model in ours
    }


def test_every_address_that_writes_is_here() -> None:
    assert set(writing()) == set(OFFERED)


@pytest.fixture
def tried(dana: User) -> Import:
    """A file of Dana's that waits to be imported."""
    return Import.objects.create(
        kind="leads", file_name="fair.csv", sha256="0" * 64, team=dana.team, by=dana, started_at=NOW
    )


def test_fields_that_are_not_offered_are_refused_by_name(
    client_of: ClientOf,
    dana: User,
    carol: User,
    qualified_lead: Lead,
    tried: Import,
    by_key: APIClient,
    standard: object,
    jennifer: User,
    make_lead: Callable[..., Lead],
    make_cadence: Callable[..., Cadence],
) -> None:
    enrolment = enrol(lead=make_lead(), cadence=make_cadence(("phone", 0)), by=dana, now=NOW)
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    touch = qualified_lead.touches.latest("pk")
    filling = ask_filling(
        cadence=enrolment.version.cadence,
        leads=Lead.objects.filter(pk=qualified_lead.pk),
        words="Halden",
        paced=True,
        by=dana,
        now=NOW,
    )
    rows = {
        "api-lead": qualified_lead.pk,
        "api-company": qualified_lead.company_id,
        "api-contact": qualified_lead.contact_id,
        "api-touch": touch.pk,
        "api-handoff": handoff.pk,
        "api-import": tried.pk,
        "api-cadence": enrolment.version.cadence_id,
        "api-enrolment": enrolment.pk,
        "api-filling": filling.pk,
        "api-planned": enrolment.planned.get().pk,
    }
    clients = {
        name: client_of(person)
        for name, person in (("dana", dana), ("carol", carol), ("jennifer", jennifer))
    }
    managers = ("api-engine", "api-uncertain")
    before, names = everything(), fields_of_ours()
    assert {"stage", "rep_id", "is_active", "role", "superseded_at"} <= names
    for (name, method), offered in OFFERED.items():
        row = [pk for prefix, pk in rows.items() if name.startswith(prefix)]
        url = reverse(name, args=[] if name.endswith("-list") else row)
        client = clients["carol" if name.startswith("api-handoff") else "dana"]
        client = by_key if name == "api-inquiry-list" else client
        client = clients["jennifer"] if name.startswith(managers) else client
        kind = "multipart" if name == "api-import-list" else "json"
        sent = dict.fromkeys(names - offered, 1)
        answer = getattr(client, method.lower())(url, sent, format=kind)
        assert answer.status_code == 400, (name, answer.json())
        assert set(answer.json()["errors"]) == names - offered, name
    assert everything() == before


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (Lead, {"horizon": "long_term"}),
        (Lead, {"potential_revenue": "99.50"}),
        (Lead, {"expected_close_on": "2027-01-31"}),
        (Lead, {"note": "asked again"}),
        (Company, {"name": "Halden Pulp"}),
        (Company, {"domain": "pulp.example"}),
        (Company, {"revenue": "1000000"}),
        (Company, {"employees": 5}),
        (Company, {"locations": 5}),
        (Company, {"country": "CA"}),
        (Company, {"region": "Ontario"}),
        (Company, {"city": "Toronto"}),
        (Company, {"postal_code": "M4B 1B3"}),
        (Company, {"street": "1 Main Street"}),
        (Company, {"timezone": "America/Toronto"}),
        (Contact, {"first_name": "Marie"}),
        (Contact, {"last_name": "Lind"}),
        (Contact, {"title": "Plant Manager"}),
        (Contact, {"buying_role": "blocker"}),
        (Contact, {"email": "marie@halden1.example"}),
        (Contact, {"phone": "+1 617 555 9999"}),
        (Contact, {"timezone": "America/Toronto"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else ", ".join(value),
)
def test_an_edit_changes_what_it_names(
    client_of: ClientOf,
    dana: User,
    nurtured_lead: Lead,
    model: type[models.Model],
    sent: dict[str, Any],
) -> None:
    row = {
        Lead: nurtured_lead,
        Company: nurtured_lead.company,
        Contact: nurtured_lead.contact,
    }[model]
    assert row is not None
    columns = [column.attname for column in model._meta.concrete_fields]
    before = model._default_manager.values(*columns).get(pk=row.pk)
    url = reverse(f"api-{model._meta.model_name}", args=[row.pk])
    body = {"version": nurtured_lead.version, **sent} if model is Lead else sent
    assert client_of(dana).patch(url, body).status_code == 200
    after = model._default_manager.values(*columns).get(pk=row.pk)
    changed = {column for column in columns if before[column] != after[column]}
    assert set(sent) <= changed <= set(sent) | FOLLOWS[model]
