"""How an address is written on an envelope, by the customs of its country. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from iso3166 import countries_by_alpha2

CITY_REGION_CODE = frozenset({"US", "CA", "AU", "PR"})
"""The city, then the region, then the code: Boston, MA 02110."""
CODE_BELOW = frozenset({"GB", "IE", "NZ", "ZA", "SG", "HK"})
"""The code stands below the city, or behind it."""


@dataclass(frozen=True)
class Place:
    """Where somebody is reached by post, as it is stored."""

    name: str
    company: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str


def address_lines(place: Place, *, from_country: str) -> tuple[str, ...]:
    """The lines of an address, the person first; the country, in capitals, only where it is abroad."""
    lines = [place.name, place.company, place.street, *_town(place)]
    if place.country and place.country != from_country:
        lines.append(country_name(place.country).upper())
    return tuple(line for line in (" ".join(line.split()) for line in lines) if line)


def _town(place: Place) -> tuple[str, ...]:
    city, region, code = place.city, place.region, place.postal_code
    if place.country in CITY_REGION_CODE:
        comma = ", " if city and region and place.country == "US" else " "
        return (f"{comma.join(part for part in (city, region) if part)} {code}",)
    if place.country == "GB":
        return (city.upper(), code.upper())
    if place.country in CODE_BELOW:
        return (f"{city} {code}",)
    return (f"{code} {city}",)


def country_name(code: str) -> str:
    """In English, which every post office reads; an unknown code stays as it is."""
    known = countries_by_alpha2.get(code)
    return known.apolitical_name if known else code


def pile_order(country: str, postal_code: str, *, from_country: str) -> tuple[bool, str, str]:
    """Sorts letters as the post office likes them: those for home first, then by country and code."""
    return (country != from_country, country, postal_code)
