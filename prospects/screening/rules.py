"""The rules that screening goes by: the organisation's lists and market, as they stand or as proposed.

A proposal is plain JSON, kept with the re-screening that counts what it would change: `market` for
another market, or `kind` with `add` (entries) and `remove` (ids) for one of the lists.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from prospects.models import Listing
from prospects.reads import lists_of_organisation, market_of
from prospects.screening.judging import Lists, Market
from prospects.screening.listings import Entry, add_listings, remove_listings
from team.models import Organisation, User
from team.organisation import edit_organisation

Proposal = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """All that a lead's findings depend on beside the lead."""

    lists: Lists
    market: Market
    country: str
    """Where phone numbers without a country are dialled from."""

    @property
    def digest(self) -> str:
        """The same for the same rules, in whatever order they were written down."""
        said = {
            **{name: sorted(values) for name, values in vars(self.lists).items() if name in LISTS},
            "countries": sorted(self.market.countries),
            "naics": sorted(self.market.naics),
            "employees": [self.market.min_employees, self.market.max_employees],
            "country": self.country,
        }
        return hashlib.md5(
            json.dumps(said, sort_keys=True).encode(), usedforsecurity=False
        ).hexdigest()


LISTS = ("competitor_domains", "competitor_names", "consultant_domains", "consultant_names")


def rules_now(proposal: Proposal | None = None) -> Rules:
    """The rules in force, with what is proposed on top: two queries, three to remove entries."""
    organisation = Organisation.current()
    rules = Rules(lists_of_organisation(), market_of(organisation), organisation.country)
    if not proposal:
        return rules
    if "market" in proposal:
        return replace(rules, market=_market(proposal["market"]))
    return replace(rules, lists=_lists(rules.lists, proposal))


def _market(said: dict[str, Any]) -> Market:
    return Market(
        countries=frozenset(said["market_countries"]),
        naics=tuple(said["market_naics"]),
        min_employees=said["market_min_employees"],
        max_employees=said["market_max_employees"],
    )


def _lists(lists: Lists, proposal: Proposal) -> Lists:
    kind = proposal["kind"]
    domains = set(getattr(lists, f"{kind}_domains"))
    names = set(getattr(lists, f"{kind}_names"))
    removed = Listing.objects.filter(pk__in=proposal["remove"], kind=kind)
    for domain, name_key in removed.values_list("domain", "name_key"):
        domains.discard(domain)
        names.discard(name_key)
    entries = [Entry(*entry) for entry in proposal["add"]]
    domains.update(entry.domain for entry in entries if entry.domain)
    names.update(entry.name_key for entry in entries if entry.name_key)
    return replace(
        lists, **{f"{kind}_domains": frozenset(domains), f"{kind}_names": frozenset(names)}
    )


def save_proposal(proposal: Proposal, *, by: User, now: datetime) -> None:
    """Put what was proposed in force. Refuses (NotAllowed) who does not manage."""
    if "market" in proposal:
        edit_organisation(fields=proposal["market"], by=by)
    elif proposal:
        entries = [Entry(*entry) for entry in proposal["add"]]
        add_listings(kind=proposal["kind"], entries=entries, by=by, now=now)
        remove_listings(kind=proposal["kind"], pks=proposal["remove"], by=by)
