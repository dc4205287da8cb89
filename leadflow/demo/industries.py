"""What the demo's prospects make, what hurts there, and how they say it.

Texts have places in braces, which `talk` fills: {asset}, {unit}, {often}, {cost}, {hours}, {year},
{crew}, {month}.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pain:
    """One pain: as documented, as they said it, and what they want instead."""

    words: str
    said: str
    wish: str


@dataclass(frozen=True)
class Industry:
    """One branch. `codes` are NAICS 2022; `names` end a company's name; `per_head` revenue in USD."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    weight: int
    per_head: int
    units: tuple[str, ...]
    assets: tuple[str, ...]
    pains: tuple[Pain, ...]
    environments: tuple[str, ...]
    events: tuple[str, ...]


PAPER = Industry(
    codes=("322120", "322130"),
    names=("Paper", "Fine Papers", "Paper Mills", "Tissue", "Board"),
    weight=12,
    per_head=420_000,
    units=("line 2", "line 3", "machine 1", "the tissue machine", "the board machine"),
    assets=("winder drive", "couch roll drive", "dryer section drives", "fan pump drive"),
    pains=(
        Pain(
            "{unit} stops {often} on the {asset}; each stop costs about {cost} in broke and lost tons",
            "We lose two shifts a month to one drive, and nobody there picks up the phone.",
            "{unit} to stop stopping",
        ),
        Pain(
            "The {asset} on {unit} is out of production; the last spare board was bought used,"
            " for {cost}",
            "My last spare came from an auction. If it fails in winter I have no machine.",
            "the old drives on {unit} out before they fail",
        ),
        Pain(
            "Sheet breaks after every grade change on {unit}: draw control drifts, {hours} hours"
            " a week are lost",
            "The operators run it by ear. When Pete is on holiday we make broke.",
            "steady draws on {unit}",
        ),
    ),
    environments=(
        "ABB sectional drives of {year}, PLC-5 being replaced, SAP PM, {crew} people in maintenance",
        "Reliance DC drives of {year} on {unit}, own rewind shop, {crew} electricians on three shifts",
        "Siemens Simovert on {unit}, DCS from 2014, spares kept for {crew} critical drives",
    ),
    events=(
        "The {month} shutdown: the only window this year, and parts need ten weeks",
        "The new grade starts in {month}; the customer has the date in the contract",
        "The service contract with the maker of the drives ends in {month} and is not renewed",
    ),
)

PACKAGING = Industry(
    codes=("322211", "322212", "326112", "322220"),
    names=("Packaging", "Containers", "Carton", "Corrugated", "Box"),
    weight=14,
    per_head=340_000,
    units=("the corrugator", "line 1", "line 4", "the rotary die cutter", "the laminator"),
    assets=("dry end drive", "single facer drive", "unwind drive", "slitter drive"),
    pains=(
        Pain(
            "{unit} cannot run above 70% of its speed since the {asset} trips; orders worth {cost}"
            " a month go to a competitor's plant",
            "I bought a machine for 300 meters a minute and I run it at 210.",
            "its speed back on {unit}",
        ),
        Pain(
            "Register errors after each splice on {unit}: {hours} hours of waste a week",
            "Every splice is a lottery. We throw away a pallet and carry on.",
            "clean splices on {unit}",
        ),
        Pain(
            "Faults of the {asset} come {often} and are reset by hand; nobody knows the cause",
            "We reset it and pray. Twice a night somebody walks over and presses the button.",
            "to know why {unit} trips, and end it",
        ),
    ),
    environments=(
        "Rockwell PowerFlex of {year}, ControlLogix, Fiix for maintenance, a crew of {crew}",
        "BHS line of {year} with its own drives, service only from the maker, {crew} in maintenance",
        "A mix of Yaskawa and Lenze bought machine by machine since {year}; no standard, no spares list",
    ),
    events=(
        "A second shift starts in {month}; {unit} must hold its speed by then",
        "Their largest customer audits waste in {month}",
        "The lease of the old line ends in {month}: replace or take over",
    ),
)

DAIRY = Industry(
    codes=("311511", "311513", "311514", "311520"),
    names=("Dairy", "Creamery", "Cheese", "Milk Products", "Ice Cream"),
    weight=12,
    per_head=610_000,
    units=("the separator room", "the filling hall", "the spray dryer", "the cheese line"),
    assets=("homogenizer drive", "separator drive", "compressor drives", "dryer fan drive"),
    pains=(
        Pain(
            "The ammonia compressors run at full speed all night: {cost} a month of electricity for"
            " nothing",
            "I heat the river and pay for it. My boss has seen the bill.",
            "compressors that follow the load",
        ),
        Pain(
            "Wash-down kills a drive in {unit} {often}; each costs {hours} hours and a vat",
            "IP20 cabinets next to a hose. You can guess the rest.",
            "drives that survive wash-down in {unit}",
        ),
        Pain(
            "The {asset} surges on start and trips the transformer; {unit} starts in three steps by"
            " hand",
            "We have a laminated sheet with the starting order. If you skip a line, the lights go out.",
            "{unit} to start by itself",
        ),
    ),
    environments=(
        "Danfoss on the pumps, across-the-line starters on the compressors, {crew} in maintenance",
        "GEA separators of {year}, Siemens S7, no drives on refrigeration, CMMS is a spreadsheet",
        "Rockwell throughout since {year}, energy metered by hall, {crew} technicians",
    ),
    events=(
        "The utility's rebate ends in {month}; it pays a third",
        "The new retail contract starts in {month} with a sixth day of production",
        "The ammonia audit is in {month}",
    ),
)

MEAT = Industry(
    codes=("311611", "311612", "311615"),
    names=("Foods", "Meats", "Poultry", "Provisions"),
    weight=8,
    per_head=390_000,
    units=("the evisceration line", "the chiller", "the grinder line", "the freezer tunnel"),
    assets=("conveyor drives", "chiller auger drive", "grinder drive", "tunnel fan drives"),
    pains=(
        Pain(
            "{unit} stops {often}; the line behind it waits and {cost} of product goes to rework",
            "When that auger stops I have ninety people standing and birds in the water.",
            "{unit} running through a shift",
        ),
        Pain(
            "Fans of the {unit} run at one speed; dehydration costs 1.5% of the weight, about {cost}"
            " a month",
            "I sell weight. I blow it out of the roof.",
            "less weight lost in {unit}",
        ),
    ),
    environments=(
        "Stainless SEW drives of {year}, no network, {crew} maintenance people on nights",
        "Rockwell on the kill floor, nothing standard in further processing, parts cage for {crew}",
    ),
    events=(
        "USDA wants the corrective action closed by {month}",
        "The third shift starts in {month}",
        "The plant is down for a week in {month}: the only time to change it",
    ),
)

BEVERAGE = Industry(
    codes=("312111", "312112", "312120", "312140"),
    names=("Brewing", "Beverages", "Bottling", "Springs", "Distillers"),
    weight=10,
    per_head=520_000,
    units=("the bottling hall", "the can line", "the brewhouse", "the keg line"),
    assets=("conveyor drives", "pasteurizer pump drives", "filler drive", "glycol pump drives"),
    pains=(
        Pain(
            "The can line stops {often} for a conveyor that starts too hard; {cost} a month in dents"
            " and refills",
            "It sounds like a car crash every time the accumulation table starts.",
            "soft starts on {unit}",
        ),
        Pain(
            "Changeovers on {unit} take {hours} hours because each conveyor speed is set by hand",
            "We have forty dials. Forty. And a notebook.",
            "changeovers by recipe on {unit}",
        ),
        Pain(
            "Glycol pumps run flat out all year: {cost} a month more than they should",
            "January, minus ten outside, and the pumps run like it is August.",
            "pumps that follow the season",
        ),
    ),
    environments=(
        "Krones line of {year}, Lenze drives inside, Siemens around it, a crew of {crew}",
        "Danfoss on pumps, soft starters of {year} on the conveyors, {crew} technicians",
    ),
    events=(
        "The summer season: everything must run by {month}",
        "The new can line is commissioned in {month}; the old hall should match",
        "Their energy target is due in {month}, reported to the group",
    ),
)

COLD = Industry(
    codes=("493120",),
    names=("Cold Storage", "Logistics", "Refrigerated Warehouse", "Freezer Services"),
    weight=7,
    per_head=210_000,
    units=("the north freezer", "the blast cells", "building 2", "the engine room"),
    assets=("screw compressor drive", "evaporator fan drives", "condenser fan drives"),
    pains=(
        Pain(
            "Peak demand charges of {cost} a month, set by two compressors that start together",
            "Fifteen minutes in July decide what I pay until next June.",
            "peaks cut before summer",
        ),
        Pain(
            "Temperature swings in {unit} {often}; a customer rejected a load worth {cost}",
            "The customer had a logger in the pallet. We did not know. Now we do.",
            "a steady temperature in {unit}",
        ),
    ),
    environments=(
        "Frick screw compressors of {year}, slide valves, one with a drive, {crew} refrigeration people",
        "Vilter compressors, fans on contactors, controls by a local integrator of {year}",
    ),
    events=(
        "Summer rates start in {month}",
        "A frozen-food customer moves in in {month} and wants logged temperatures",
        "The insurer inspects the engine room in {month}",
    ),
)

MINING = Industry(
    codes=("212220", "212230", "212312", "212313", "212321"),
    names=("Mining", "Aggregates", "Quarries", "Minerals", "Stone"),
    weight=9,
    per_head=380_000,
    units=("the primary crusher", "the mill", "the overland conveyor", "shaft 2"),
    assets=("conveyor drive", "crusher drive", "ventilation fan drives", "slurry pump drives"),
    pains=(
        Pain(
            "{unit} cannot start loaded; clearing it takes {hours} hours and happens {often}",
            "Twelve men with shovels. In this century.",
            "{unit} to start under load",
        ),
        Pain(
            "Ventilation runs at full speed around the clock: {cost} a month, a third of the"
            " electricity",
            "We ventilate empty tunnels at three in the morning.",
            "ventilation on demand",
        ),
        Pain(
            "Gearboxes of {unit} last two years instead of eight; each costs {cost} and a week",
            "I know the gearbox people by their first names. I should not.",
            "gearboxes that last on {unit}",
        ),
    ),
    environments=(
        "Medium-voltage motors across the line, soft starters of {year}, {crew} electricians on site",
        "WEG motors, two ABB drives of {year}, Wenco dispatch, remote site with one flight a day",
    ),
    events=(
        "The new level opens in {month} and needs air",
        "The winter shutdown in {month} is the only week without ore",
        "The power contract is renewed in {month} with a new peak clause",
    ),
)

CEMENT = Industry(
    codes=("327310", "327320", "327410"),
    names=("Cement", "Ready Mix", "Lime", "Building Materials"),
    weight=5,
    per_head=560_000,
    units=("kiln 1", "the raw mill", "the clinker cooler"),
    assets=("ID fan drive", "kiln drive", "cooler fan drives"),
    pains=(
        Pain(
            "The {asset} on {unit} fails {often}; a kiln stop costs {cost} and two days of heat",
            "You do not restart a kiln. You pray, and then you buy gas.",
            "{unit} through the season without a stop",
        ),
        Pain(
            "Dampers instead of speed on {unit}: {cost} a month of electricity burnt in a flap",
            "It is a car with the brake on, since 1988.",
            "speed instead of dampers on {unit}",
        ),
    ),
    environments=(
        "Robicon drive of {year} on the ID fan, dampers elsewhere, {crew} in electrical maintenance",
        "FLS kiln, slip-ring motors of {year}, Maximo, spares shared with a sister plant",
    ),
    events=(
        "The winter outage starts in {month}; orders go out twelve weeks before",
        "The emissions permit is renewed in {month}",
    ),
)

STEEL = Industry(
    codes=("331110", "331210", "331221", "331511"),
    names=("Steel", "Tube", "Rolling Mills", "Foundry", "Wire"),
    weight=8,
    per_head=480_000,
    units=("the cold mill", "tube mill 4", "the pickling line", "the descaler"),
    assets=("stand drives", "uncoiler drive", "cooling bed drive", "descaling pump drive"),
    pains=(
        Pain(
            "Strip breaks on {unit} {often}: tension control is twenty years old, {cost} a break",
            "When the strip breaks it looks like a bird's nest made of razor blades.",
            "steady tension on {unit}",
        ),
        Pain(
            "No spares for the {asset} since {year}; one failure would stop {unit} for weeks",
            "I have one. In a cage. With my name on the lock.",
            "drives on {unit} that can be bought again",
        ),
    ),
    environments=(
        "Siemens 6RA70 of {year}, level 2 by an integrator that is gone, {crew} electricians",
        "GE DC2000 on the stands, Rockwell on the auxiliaries, {crew} people in maintenance",
    ),
    events=(
        "The automotive contract starts in {month} with a tighter gauge",
        "The two-week outage is in {month}",
        "The last engineer who knows {unit} retires in {month}",
    ),
)

PLASTICS = Industry(
    codes=("326111", "326113", "326122", "326160", "326199"),
    names=("Plastics", "Polymers", "Films", "Extrusion", "Pipe"),
    weight=11,
    per_head=270_000,
    units=("extruder 3", "extruder 7", "the blown film line", "the winder"),
    assets=("extruder drive", "haul-off drive", "winder drive", "DC motor"),
    pains=(
        Pain(
            "The DC motor of {unit} needs brushes {often}; dust gets everywhere, {hours} hours each"
            " time",
            "I order brushes like other people order coffee.",
            "DC out of {unit}",
        ),
        Pain(
            "Thickness drifts on {unit} with every change of screw speed; scrap is {cost} a month",
            "We grind it up and make it again. Our best customer is our own granulator.",
            "steady thickness on {unit}",
        ),
        Pain(
            "{unit} trips on every dip of the grid, {often}; purging takes {hours} hours",
            "A cloud over the substation and I am purging until midnight.",
            "{unit} to ride through dips",
        ),
    ),
    environments=(
        "Eurotherm DC drives of {year}, Davis-Standard extruders, a crew of {crew}",
        "Parker and KEB, machine by machine, no network; {crew} in maintenance, one who knows drives",
    ),
    events=(
        "A line arrives in {month}; {unit} should be the same by then",
        "The energy auditor comes in {month}",
        "The medical customer qualifies the process in {month}; nothing may change after",
    ),
)

WATER = Industry(
    codes=("221310", "221320"),
    names=("Water Authority", "Water District", "Regional Water", "Utilities"),
    weight=8,
    per_head=450_000,
    units=("the high service station", "the north plant", "the blower building", "booster 5"),
    assets=("blower drives", "high service pump drives", "lift station drives"),
    pains=(
        Pain(
            "Water hammer at {unit} {often}: a main broke in spring, {cost} and the newspaper",
            "The mayor called me, not the other way round.",
            "pumps that start and stop gently at {unit}",
        ),
        Pain(
            "Blowers run at full speed at night: {cost} a month of electricity",
            "At four in the morning nobody flushes, and we aerate like mad.",
            "blowers that follow the load",
        ),
        Pain(
            "Drives of {year} at {unit} without spares; two of four pumps have no standby",
            "Two out of four. In August that is a prayer.",
            "{unit} safe before summer",
        ),
    ),
    environments=(
        "Allen-Bradley 1336 of {year}, SCADA renewed 2021, {crew} operators, certified electrician on call",
        "Eaton and Cutler-Hammer of {year}, paper records, {crew} people for nine stations",
    ),
    events=(
        "State funds must be committed by {month}",
        "The permit with new limits starts in {month}",
        "Bids close in {month}; specifications are written before",
    ),
)

CHEMICALS = Industry(
    codes=("325180", "325199", "325211", "325412"),
    names=("Chemical", "Specialties", "Resins", "Laboratories", "Pharma"),
    weight=9,
    per_head=650_000,
    units=("reactor 2", "the tank farm", "the cooling tower", "the granulation suite"),
    assets=(
        "agitator drive",
        "transfer pump drives",
        "cooling tower fan drives",
        "centrifuge drive",
    ),
    pains=(
        Pain(
            "The {asset} of {unit} trips {often}; a batch is lost each time, {cost}",
            "You cannot half stir a batch. It goes to waste treatment, and I sign for it.",
            "no more lost batches in {unit}",
        ),
        Pain(
            "Hazardous-area motors in {unit} may not run on their drives: a finding of the last audit",
            "The auditor asked one question and I had no paper.",
            "certified drives for {unit}",
        ),
    ),
    environments=(
        "Emerson DeltaV, drives of four makers since {year}, {crew} in electrical and instruments",
        "ABB 800xA, Danfoss on utilities, validated systems: every change needs a protocol",
    ),
    events=(
        "The finding must be closed by {month}",
        "The turnaround is in {month}; scope freezes eight weeks before",
        "The new product is validated in {month}",
    ),
)

WOOD = Industry(
    codes=("321113", "321114", "321215"),
    names=("Lumber", "Sawmills", "Timber", "Wood Products"),
    weight=6,
    per_head=330_000,
    units=("the head rig", "the edger", "the kilns", "the planer"),
    assets=("carriage drive", "edger drive", "kiln fan drives", "planer drive"),
    pains=(
        Pain(
            "Kiln fans run one way at one speed; {cost} a month, and boards dry unevenly",
            "Outside dry, inside wet, customer unhappy.",
            "even drying in {unit}",
        ),
        Pain(
            "{unit} is down {often}; logs pile up, {hours} hours to clear the deck",
            "If the edger stops, the whole yard stops. It is that simple.",
            "{unit} running through the shift",
        ),
    ),
    environments=(
        "Hydraulic carriage, two Yaskawa drives of {year}, {crew} millwrights",
        "Contactors from {year}, PLC on the edger only, a crew of {crew}",
    ),
    events=(
        "The kiln extension is built in {month}",
        "Log prices are fixed in {month}; they invest before",
    ),
)

INDUSTRIES = (
    PAPER,
    PACKAGING,
    DAIRY,
    MEAT,
    BEVERAGE,
    COLD,
    MINING,
    CEMENT,
    STEEL,
    PLASTICS,
    WATER,
    CHEMICALS,
    WOOD,
)
