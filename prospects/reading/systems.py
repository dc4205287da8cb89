"""The layouts in which other systems export people: recognised by headings that only they write.

Pure. A layout says what its columns are where their headings alone would mislead: Outlook's "Title" is
a salutation, Krayin's the subject of a lead, and the "Name" of a Salesforce account a company's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prospects.reading.mapping import heading


@dataclass(frozen=True)
class System:
    """One layout: `has` are headings (as `compact` writes them) that together tell it."""

    name: str
    has: frozenset[str]
    fields: Mapping[str, str | None] = field(default_factory=dict)
    """What columns are, where headings alone would mislead; None: nothing for us."""
    holds_leads: bool = True


def compact(words: str) -> str:
    """A heading without case, spaces and signs: exports differ in these between versions."""
    return heading(words).replace(" ", "")


def recognise(headers: Iterable[str]) -> System | None:
    """The system that writes such headings; None where nothing tells."""
    found = {compact(header) for header in headers}
    return next((system for system in SYSTEMS if system.has <= found), None)


def _system(
    name: str, has: str, fields: Mapping[str, str | None] | None = None, *, holds_leads: bool = True
) -> System:
    return System(name, frozenset(has.split()), fields or {}, holds_leads)


NOT_OURS = dict.fromkeys(
    ("salutation", "status", "stage", "type", "rating", "fax", "lifecyclestage", "leadstatus")
)
GOOGLE = {
    "organizationname": "company", "organization1name": "company",
    "organizationtitle": "title", "organization1title": "title",
    "email1value": "email", "phone1value": "phone", "phone2value": "phone",
    "address1street": "street", "address1city": "city", "address1region": "region",
    "address1postalcode": "postal_code", "address1country": "country",
    "website1value": "domain", "name": "full_name", "givenname": "first_name",
    "familyname": "last_name", "notes": "note", "labels": None, "address1formatted": None,
}  # fmt: skip
OUTLOOK = {
    "title": None, "jobtitle": "title", "company": "company", "webpage": "domain",
    "emailaddress": "email", "businessphone": "phone", "mobilephone": "phone",
    "businessstreet": "street", "businesscity": "city", "businessstate": "region",
    "businesspostalcode": "postal_code", "businesscountryregion": "country", "notes": "note",
    "location": None, "language": None, "account": None,
}  # fmt: skip
ODOO = {
    **NOT_OURS,
    "partnername": "company", "customer": "company", "contactname": "full_name",
    "emailfrom": "email", "function": "title", "name": "note", "opportunity": "note",
    "lead": "note", "expectedrevenue": "potential_revenue", "datedeadline": "expected_close",
    "expectedclosing": "expected_close", "createdate": "received_at", "createdon": "received_at",
    "sourceidname": "source", "sourceid": "source", "countryidname": "country",
    "countryid": "country", "stateidname": "region", "stateid": "region", "salesperson": None,
}  # fmt: skip
ZOHO = {
    **NOT_OURS,
    "recordid": "external_id", "leadid": "external_id", "contactid": "external_id",
    "designation": "title", "createdtime": "received_at", "accountname": "company",
    "mailingzip": "postal_code", "leadname": "full_name", "contactname": "full_name",
}  # fmt: skip
HUBSPOT = {
    **NOT_OURS,
    "recordid": "external_id", "createdate": "received_at", "originalsource": "source",
    "associatedcompany": "company", "primaryassociatedcompany": "company",
    "associatedcompanyprimary": "company", "companyname": "company",
    "companydomainname": "domain", "websiteurl": "domain", "industry": None,
}  # fmt: skip
SALESFORCE = {**NOT_OURS, "createddate": "received_at", "address": None, "mailingaddress": None}

SYSTEMS: tuple[System, ...] = (
    _system("Salesforce", "systemmodstamp createdbyid casenumber", holds_leads=False),
    _system("Salesforce", "systemmodstamp createdbyid isconverted company",
            {**SALESFORCE, "id": "external_id", "name": None}),
    _system("Salesforce", "systemmodstamp createdbyid stagename closedate",
            {**SALESFORCE, "id": "external_id", "name": "note", "expectedrevenue": None}),
    _system("Salesforce", "systemmodstamp createdbyid accountid lastname",
            {**SALESFORCE, "id": "external_id", "name": None}),
    _system("Salesforce", "systemmodstamp createdbyid billingstreet annualrevenue",
            {**SALESFORCE, "id": "external_id", "name": "company", "naicscode": "naics"}),
    _system("Salesforce", "companyaccount leadowner",
            {**SALESFORCE, "companyaccount": "company", "leadid": "external_id"}),
    _system("HubSpot", "recordid dealname", {**HUBSPOT, "dealname": "note",
            "closedate": "expected_close", "amount": "potential_revenue"}),
    _system("HubSpot", "recordid companyowner", {**HUBSPOT, "name": "company"}),
    _system("HubSpot", "recordid contactowner", HUBSPOT),
    _system("HubSpot", "recordid lifecyclestage", HUBSPOT),
    _system("Zoho CRM", "leadowner createdtime", ZOHO),
    _system("Zoho CRM", "contactowner createdtime", ZOHO),
    _system("Zoho CRM", "leadowner leadstatus company", ZOHO),
    _system("Odoo", "partnername emailfrom", {**ODOO, "id": "external_id"}),
    _system("Odoo", "opportunity salesperson", ODOO),
    _system("Odoo", "lead salesperson", ODOO),
    _system("Odoo", "salesperson activities", {"name": "full_name", "salesperson": None}),
    _system("Krayin", "leadpipelineid leadvalue",
            {"title": "note", "description": "note", "status": None, "id": "external_id",
             "leadvalue": "potential_revenue", "expectedclosedate": "expected_close",
             "leadsourceid": None}),
    _system("Krayin", "contactnumbers emails", {"name": "full_name"}),
    _system("Krayin", "sku name price quantity", holds_leads=False),
    _system("Google Contacts", "email1value", GOOGLE),
    _system("Google Contacts", "email1type", GOOGLE),
    _system("Outlook", "emailaddress businessstreet", OUTLOOK),
    _system("Outlook", "emailaddress givenyomi", OUTLOOK),
)  # fmt: skip
"""The more telling before the less."""
