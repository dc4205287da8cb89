"""Every file of the shared data is read, and what other systems exported comes in right."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from prospects.imports.intake import ImportRefused
from prospects.imports.leads import import_leads
from prospects.models import Company, Contact, IndustryCode, Lead
from prospects.reading.tables import open_table
from team.models import Organisation
from tests.shared import SHARED, needs_shared_data

pytestmark = needs_shared_data

FOLDERS = ("crm-exports", "csv-spectrum", "phone", "email", "email-domains")
FILES = sorted(
    path.relative_to(SHARED)
    for folder in FOLDERS
    for path in (SHARED / folder).rglob("*")
    if path.suffix in {".csv", ".txt"} and "icense" not in path.name.lower()
)
CRM = SHARED / "crm-exports"


@pytest.mark.parametrize("name", FILES, ids=str)
def test_every_file_is_read_to_its_end(name: Path) -> None:
    table = open_table(SHARED / name)
    rows = list(table.rows())
    assert rows
    assert all(len(row.cells) <= len(table.headers) for row in rows)
    if table.encoding == "utf-8" and name.suffix == ".csv":
        with (SHARED / name).open(encoding="utf-8", newline="") as file:
            plain = [cells for cells in csv.reader(file) if any(cell.strip() for cell in cells)]
        assert [list(table.headers), *[list(row.cells) for row in rows]] == plain


def test_there_are_files_at_all() -> None:
    assert len(FILES) > 25


@pytest.mark.django_db
def test_accounts_of_salesforce_are_companies(organisation: Organisation) -> None:
    codes = (("sic-3711", "sic", "3711"), ("sic-6712", "sic", "6712"))
    for key, system, code in codes:
        IndustryCode.objects.create(key=key, system=system, code=code, title=code)
    result = import_leads(CRM / "salesforce-org-export" / "Account.csv")
    assert (result.counts.read, result.counts.refused) == (94, 0)
    assert Company.objects.filter(name="Sample Account for Entitlements").exists()
    assert not Contact.objects.exclude(first_name="", last_name="").exists()


@pytest.mark.django_db
def test_contacts_of_salesforce_are_people(organisation: Organisation) -> None:
    import_leads(CRM / "salesforce-org-export" / "Contact.csv")
    homer = Contact.objects.get(email_key="shomer@example.com")
    assert (homer.first_name, homer.last_name, homer.phone) == ("Homer", "Sampson", "555-321-8967")


@pytest.mark.django_db
def test_opportunities_of_salesforce_bring_their_amounts(organisation: Organisation) -> None:
    result = import_leads(CRM / "salesforce-org-export" / "Opportunity.csv")
    assert (result.counts.read, result.counts.refused) == (58, 0)
    lead = Lead.objects.get(external_id="006Nq00000BGi8PIAT")
    assert lead.potential_revenue == Decimal(35_000)
    assert "350 Widgets" in lead.note


@pytest.mark.django_db
def test_people_of_krayin_have_all_their_addresses(organisation: Organisation) -> None:
    import_leads(CRM / "krayin" / "persons.csv")
    wilson = Contact.objects.get(last_name="Fisk")
    assert (wilson.email, wilson.phone, wilson.title) == (
        "contact@wilson.com", "5454445454", "Sales Executive",
    )  # fmt: skip
    assert "contact.home@wilson.com" in Lead.objects.get(contact=wilson).note


@pytest.mark.django_db
def test_leads_of_krayin_keep_their_subject(organisation: Organisation) -> None:
    result = import_leads(CRM / "krayin" / "leads.csv")
    assert (result.counts.read, result.counts.refused) == (2, 1)  # one of them names nobody
    lead = Lead.objects.get()
    assert (lead.external_id, lead.potential_revenue) == ("1", Decimal(50_000))
    assert lead.note.startswith("Updated Urgent Requirement of Product")
    assert "designed to enhance team collaboration" in lead.note
    assert not Contact.objects.filter(title__startswith="Updated").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["krayin/products.csv", "salesforce-org-export/Case.csv"])
def test_what_is_no_list_of_leads_is_refused(organisation: Organisation, name: str) -> None:
    with pytest.raises(ImportRefused, match="something else than people or companies"):
        import_leads(CRM / name)
    assert not Lead.objects.exists()
