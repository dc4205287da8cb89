"""Where the demo's prospects are: real towns, and telephone numbers that belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Place:
    """A town. `dial` begins its numbers, `postal` its postal codes; `names` is a Faker locale."""

    city: str
    region: str
    country: str
    timezone: str
    dial: str
    postal: str
    names: str = "en_US"


def _us(region: str, timezone: str, *towns: str) -> tuple[Place, ...]:
    """Towns of a state, each as "Boston 617 021"."""
    split = (town.rsplit(" ", 2) for town in towns)
    return tuple(Place(city, region, "US", timezone, dial, zips) for city, dial, zips in split)


def _ca(region: str, timezone: str, names: str, *towns: str) -> tuple[Place, ...]:
    split = (town.rsplit(" ", 2) for town in towns)
    return tuple(
        Place(city, region, "CA", timezone, dial, postal, names) for city, dial, postal in split
    )


EAST, CENTRAL = "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"

NORTHEAST = (
    *_us("Massachusetts", EAST, "Boston 617 021", "Worcester 508 016", "Holyoke 413 010"),
    *_us("Connecticut", EAST, "Hartford 860 061", "Bridgeport 203 066"),
    *_us("Maine", EAST, "Portland 207 041"),
    *_us("New Hampshire", EAST, "Manchester 603 031"),
    *_us("Vermont", EAST, "Burlington 802 054"),
    *_us("New York", EAST, "Buffalo 716 142", "Rochester 585 146", "Syracuse 315 132"),
    *_us("New Jersey", EAST, "Newark 973 071", "Trenton 609 086"),
    *_us("Pennsylvania", EAST, "Pittsburgh 412 152", "Erie 814 165", "Allentown 610 181"),
    *_us("Ohio", EAST, "Cleveland 216 441", "Toledo 419 436", "Dayton 937 454"),
)
SOUTH = (
    *_us("Georgia", EAST, "Atlanta 404 303", "Macon 478 312", "Savannah 912 314"),
    *_us("North Carolina", EAST, "Charlotte 704 282", "Greensboro 336 274"),
    *_us("South Carolina", EAST, "Greenville 864 296", "Florence 843 295"),
    *_us("Tennessee", CENTRAL, "Nashville 615 372", "Memphis 901 381"),
    *_us("Alabama", CENTRAL, "Birmingham 205 352", "Mobile 251 366"),
    *_us("Florida", EAST, "Jacksonville 904 322", "Tampa 813 336"),
    *_us("Virginia", EAST, "Richmond 804 232", "Roanoke 540 240"),
    *_us("Texas", CENTRAL, "Houston 713 770", "Dallas 214 752", "San Antonio 210 782"),
    *_us("Louisiana", CENTRAL, "Baton Rouge 225 708", "Shreveport 318 711"),
)
WEST = (
    *_us("Wisconsin", CENTRAL, "Green Bay 920 543", "Milwaukee 414 532", "Madison 608 537"),
    *_us("Illinois", CENTRAL, "Rockford 815 611", "Peoria 309 616", "Chicago 312 606"),
    *_us("Minnesota", CENTRAL, "Minneapolis 612 554", "Duluth 218 558"),
    *_us("Iowa", CENTRAL, "Des Moines 515 503", "Cedar Rapids 319 524"),
    *_us("Missouri", CENTRAL, "Kansas City 816 641", "St. Louis 314 631"),
    *_us("Colorado", MOUNTAIN, "Denver 303 802", "Pueblo 719 810"),
    *_us("Utah", MOUNTAIN, "Salt Lake City 801 841"),
    *_us("Washington", PACIFIC, "Spokane 509 992", "Tacoma 253 984"),
    *_us("Oregon", PACIFIC, "Portland 503 972", "Eugene 541 974"),
    *_us("California", PACIFIC, "Fresno 559 937", "Sacramento 916 958", "Stockton 209 952"),
)
CANADA = (
    *_ca("Ontario", "America/Toronto", "en_CA", "Hamilton 905 L8P", "Thunder Bay 807 P7B"),
    *_ca("Ontario", "America/Toronto", "en_CA", "London 519 N6A", "Sudbury 705 P3E"),
    *_ca("Quebec", "America/Toronto", "fr_CA", "Trois-Rivières 819 G9A", "Saguenay 418 G7H"),
    *_ca("Nova Scotia", "America/Halifax", "en_CA", "Halifax 902 B3H"),
)
EUROPE = (
    Place("Leeds", "England", "GB", "Europe/London", "+44 113 496 0", "LS1 4", "en_GB"),
    Place("Sheffield", "England", "GB", "Europe/London", "+44 114 496 0", "S1 2", "en_GB"),
    Place("Bristol", "England", "GB", "Europe/London", "+44 117 496 0", "BS1 5", "en_GB"),
    Place("Glasgow", "Scotland", "GB", "Europe/London", "+44 141 496 0", "G2 1", "en_GB"),
    Place("Köln", "Nordrhein-Westfalen", "DE", "Europe/Berlin", "+49 221 4710 ", "506", "de_DE"),
    Place("Hamburg", "Hamburg", "DE", "Europe/Berlin", "+49 40 66969 ", "204", "de_DE"),
    Place("München", "Bayern", "DE", "Europe/Berlin", "+49 89 99998 ", "806", "de_DE"),
    Place(
        "Göteborg", "Västra Götaland", "SE", "Europe/Stockholm", "+46 31 390 06 ", "411", "sv_SE"
    ),
    Place("Malmö", "Skåne", "SE", "Europe/Stockholm", "+46 40 628 04 ", "211", "sv_SE"),
)
GERMANY = tuple(place for place in EUROPE if place.country == "DE")


def digits_left(place: Place) -> int:
    """How many digits the range kept for fiction leaves free: 555-01xx in North America."""
    return 3 if place.country in ("GB", "DE") else 2


def phone_number(place: Place, extension: int) -> str:
    """A number of the place from the range that is kept for fiction."""
    digits = digits_left(place)
    last = f"{extension % 10**digits:0{digits}}"
    return (
        f"({place.dial}) 555-01{last}" if place.country in ("US", "CA") else f"{place.dial}{last}"
    )


def postal_code(place: Place, chance: Random) -> str:
    if place.country == "CA":
        return (
            f"{place.postal} {chance.randint(1, 9)}{chance.choice('ABCEGHJ')}{chance.randint(1, 9)}"
        )
    if place.country == "GB":
        return f"{place.postal}{chance.choice('ABDEFGHJLN')}{chance.choice('PQRSTUW')}"
    return f"{place.postal}{chance.randint(1, 99):02}"


STREETS = (
    "Industrial Parkway",
    "Mill Street",
    "River Road",
    "Commerce Drive",
    "Foundry Lane",
    "Railroad Avenue",
    "Enterprise Way",
    "Canal Street",
    "Factory Road",
    "Harbor Drive",
)
STREETS_ABROAD = {
    "GB": ("Foundry Road", "Station Approach", "Canal Wharf", "Mill Lane"),
    "DE": ("Industriestraße", "Am Hafen", "Mühlenweg", "Werkstraße"),
    "SE": ("Industrigatan", "Bruksvägen", "Hamngatan"),
}


def street(place: Place, chance: Random) -> str:
    number = chance.randint(1, 240)
    if place.country in ("DE", "SE"):
        return f"{chance.choice(STREETS_ABROAD[place.country])} {number}"
    return f"{number} {chance.choice(STREETS_ABROAD.get(place.country, STREETS))}"
