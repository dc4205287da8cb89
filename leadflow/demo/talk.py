"""What is said and written in the demo: by the prospects, and by the specialists who talk to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from leadflow.demo.industries import Industry

OFTEN = ("twice a week", "about once a week", "three times a month", "every other day", "weekly")
COSTS = ("$4,000", "$6,500", "$9,000", "$12,000", "$15,000", "$18,000", "$26,000", "$40,000")
DECISION_MAKERS = (
    "Plant Manager",
    "Director of Operations",
    "VP Operations",
    "Mill Manager",
    "Director of Engineering",
    "General Manager",
    "VP Manufacturing",
    "Site Director",
)
INFLUENCERS = (
    "Maintenance Manager",
    "Reliability Engineer",
    "Controls Engineer",
    "Electrical Superintendent",
    "Plant Controller",
    "Energy Manager",
    "Purchasing Manager",
    "Project Engineer",
)
OTHERS = (
    "Production Supervisor",
    "Maintenance Planner",
    "Quality Manager",
    "EHS Coordinator",
    "Process Engineer",
    "Buyer",
    "Shift Leader",
    "Technical Manager",
)


@dataclass(frozen=True)
class Plot:
    """What is true of one prospect, whether or not anybody ever finds out."""

    pain: str
    said: str
    wish: str
    unit: str
    environment: str
    event: str
    """With a place for the {month}."""
    process: str
    """With places for the people who decide."""
    budget: str
    has_amount: bool
    competition: str
    """Empty: they look at nobody else."""
    potential: Decimal
    hot_buttons: tuple[str, ...]


def plot_of(industry: Industry, employees: int, chance: Random) -> Plot:
    pain = chance.choice(industry.pains)
    slots = {
        "unit": chance.choice(industry.units),
        "asset": chance.choice(industry.assets),
        "often": chance.choice(OFTEN),
        "cost": chance.choice(COSTS),
        "hours": str(chance.choice((3, 4, 5, 6, 8, 10))),
        "year": str(chance.randint(1994, 2012)),
        "crew": str(chance.randint(4, 26)),
    }

    def told(words: str) -> str:
        filled = words.format(**slots, month="{month}")
        return filled[0].upper() + filled[1:]

    size = min(3.0, max(0.6, employees / 250))
    potential = Decimal(round(chance.triangular(60, 620, 190) * size) * 1000)
    return Plot(
        pain=told(pain.words),
        said=pain.said,
        wish=pain.wish.format(**slots),
        unit=slots["unit"],
        environment=told(chance.choice(industry.environments)),
        event=told(chance.choice(industry.events)),
        process=chance.choice(PROCESSES),
        budget=chance.choice(BUDGETS),
        has_amount=chance.random() < 0.6,
        competition=chance.choice(COMPETITION),
        potential=potential,
        hot_buttons=tuple(chance.sample(HOT_BUTTONS, 2)),
    )


PROCESSES = (
    "{decides} proposes, {advises} checks payback under 24 months, the board signs",
    "{decides} decides alone up to $250,000; above that the group's capex committee, monthly",
    "Three quotes, {advises} compares, {decides} signs",
    "{advises} writes the specification, {decides} approves, purchasing negotiates the terms",
    "The owner decides with {decides}; {advises} must say that it works",
    "{decides} brings it to the quarterly investment meeting; {advises} prepares the figures",
    "A trial on one drive first; if {advises} is content, {decides} signs for the rest",
)
BUDGETS = (
    "In this year's capex, approved in principle",
    "Capex is set in the fall; {decides} can move money between projects before",
    "From the maintenance budget, spread over two quarters",
    "The utility pays a third, the rest is capex and set aside",
    "Not in the budget as such; the board releases money for payback under two years",
    "Set aside with the line's overhaul",
    "Leasing, so that it runs as an operating cost; {advises} has the bank's offer",
)
COMPETITION = (
    "",
    "",
    "The maker of the machine offers its own drives, at twice the price and in 20 weeks",
    "ABB through the local distributor; they have the old installed base",
    "Siemens, by way of the integrator who did the controls",
    "Volta Motion has quoted, cheaper; service from three states away",
    "Kestrel Drives did the sister plant; people there are lukewarm",
    "Rockwell, as everything else is; the engineers would like one maker less",
    "Repairing once more: the local shop says it can be done",
    "Doing nothing: two projects before this one were postponed",
)
HOT_BUTTONS = (
    "Answer times in writing",
    "A plant to call that has done the same",
    "One person to phone, not a hotline",
    "Payback on one page, for the board",
    "Commissioning on a weekend",
    "Spares on the shelf within a day",
    "Training for the night shift",
    "No change to the PLC program",
    "Fixed price, including the cabinets",
    "Harmonics: the utility has complained before",
    "Not the price",
    "They were let down by a supplier in 2022 and say so",
)

VOICEMAILS = (
    "",
    "Said who I am and that I will write.",
    "Left the example of the plant in Erie and my direct number.",
    "Short: one question about {unit}, will try again on Thursday.",
    "Mentioned the mail from this morning.",
    "Asked when is a good time to talk about {unit}.",
    "Referred to the trade fair; left my number twice.",
    "Second message; kept it under twenty seconds.",
)
NO_ANSWERS = (
    "",
    "",
    "",
    "",
    "Rang out.",
    "No machine, rang twelve times.",
    "Tried the switchboard too.",
)
GATEKEEPERS = (
    "Reception: in a meeting until noon, takes no calls in the morning.",
    "Assistant asks for a mail first; gave me the right address.",
    "On the floor, has no phone there. Best before 7:30 or after 3.",
    "Assistant was friendly: Tuesdays are good.",
    "Switchboard does not put calls through without an extension.",
    "On vacation until next week, says the colleague.",
)
WRONG_NUMBERS = (
    "Somebody else's phone.",
    "Left the company in spring; the number went to the warehouse.",
    "Fax machine.",
)
EMAILS = (
    "“{wish}: two questions”",
    "“What a stop costs you, on one page”",
    "“How a plant like yours did it”; with the two-page case study",
    "“Before you call the maker of the machine”",
    "“{unit}: is it still open?”",
    "“A number from Green Bay that may interest you”",
    "“Should I close your file?”",
    "“Tuesday or Thursday?”; proposed two times to talk",
)
FOLLOW_UPS = (
    "Sent the minutes of our talk and the open question.",
    "Sent the payback sheet with their figures filled in.",
    "Sent the reference list; asked who else has a say.",
    "Sent the checklist for the walk-through of {unit}.",
    "Confirmed the next call by mail.",
    "Sent the note on harmonics they had asked for.",
)
LETTERS = (
    "Case study, with a card written by hand",
    "The two-page comparison, by post",
    "Invitation to the open day, with a note about {unit}",
)
AUTO_REPLIES = (
    "I am out of the office with limited access to mail. In urgent cases call the control room.",
    "Thank you for your message. I am traveling this week and will answer when I am back.",
)

OPENERS = (
    "Picked up at once.",
    "Caught between two meetings, was glad to talk all the same.",
    "Reserved at first, then talked.",
    "Had read the letter.",
    "Knew us from the fair.",
    "Called from the floor, loud, but took the time.",
    "First no time, then fifteen minutes.",
)
LATER_OPENERS = (
    "As agreed.",
    "Had the figures ready.",
    "Was expecting the call.",
    "Put {other} on the line too.",
    "Short and to the point.",
    "Had talked to {other} since.",
    "With {other} in the room.",
)
ANSWERS_BY_MAIL = (
    "Thanks for staying on it. {said} Call me, that is easier than writing.",
    "You are right to ask. {said} I have time in the next days.",
    "{said} What would you need from us to put a figure to it?",
)
NOT_NOW = (
    "Not before the new budget year. Ask me again then.",
    "We are in the middle of a system change; nothing else gets through until that is done.",
    "The plant may be sold. Until that is clear we buy nothing.",
    "Interesting, but the last drives are two years old. Stay in touch.",
)
NO_NEED = (
    "Everything replaced last year; good for ten years.",
    "Rents the building, the landlord owns all the equipment.",
    "Motors of a few horsepower only, all bought off the shelf.",
    "Wanted the white paper, nothing else.",
    "They run at constant load; drives would bring nothing.",
)
NO_FIT = (
    "Builds machines to order and buys drives from the maker's list only.",
    "Too small: six motors in the whole shop.",
    "Needs medium voltage above what we make.",
    "Only wants used equipment.",
)
WENT_ELSEWHERE = (
    "Signed with the maker of the machine three weeks ago.",
    "The integrator brought ABB; the order is out.",
    "Volta Motion got it, on price.",
)
ASKED_TO_STOP = ("Asked politely not to be called or written to again.",)
TOLD_BY_OTHERS = (
    "Assistant: they buy for all plants in Ohio now, nobody here decides anything.",
    "Reception: that line was sold last year.",
    "He retired, and the post is not filled again.",
    "Colleague: drives were all renewed two years ago.",
)
OUT_OF_BUSINESS = ("The plant closed in spring; the caretaker answers the phone.",)

DESK_NO_NEED = (
    "Website: trading company, no production of its own.",
    "Sales office only; the plants are overseas and buy there.",
    "Downloads everything, for a market study.",
    "Assembly by hand, no driven machines.",
    "Engineering school project, says the message.",
)
DESK_NO_FIT = (
    "Eleven employees, nothing above 10 hp.",
    "Machine builder: belongs to the distributor program.",
    "Job shop; looks for a single spare motor.",
    "Residential pumps, not industrial.",
    "Marine: we have no class approval.",
)
DESK_OUT_OF_BUSINESS = (
    "Registered as dissolved; the website is for sale.",
    "Local paper: plant closed last winter.",
)

RETURNS: dict[str, tuple[str, ...]] = {
    "budget": (
        "There is no money this year: the controller has never heard of the project.",
        "The amount is for the whole overhaul; the drives' share is a tenth of it.",
    ),
    "process": (
        "Decides nothing alone: it goes to the group, and they have a framework contract.",
        "The date is that of the budget, not of the decision.",
    ),
    "urgency": (
        "The shutdown was moved to next year before we called.",
        "The date is a wish of maintenance; production knows nothing of it.",
    ),
    "competition": ("The integrator has a signed letter of intent. We were the second quote.",),
}
LOST = (
    "Stayed with the maker of the machine",
    "Price: 12% above Volta Motion",
    "Project postponed to next fiscal year",
    "Repaired once more instead",
    "The group bought from its framework supplier",
    "Delivery time: needed it four weeks sooner",
    "Our contact left; the successor started over",
)
STALLED = (
    "capex frozen until the half-year figures are in",
    "their outage moved; they want to talk again before it",
    "new plant manager wants to see everything first",
)
REP_CALLS = (
    "Introduced myself, as Dana had announced. Went through the dossier: it is right. Visit agreed.",
    "Good first call. Walk-through on site next week with the electricians.",
    "They were waiting for it. Wants a quote with and without the cabinets.",
    "Knew what we want to talk about, for once. Site visit agreed; sends the single-line diagram.",
)


def mentions(words: str, **names: str) -> str:
    """The words with their places filled, the first letter a capital."""
    filled = words.format(**names)
    return filled[:1].upper() + filled[1:]


def month_of(day: date) -> str:
    return f"{day:%B}"


def headline(company: str, plot: Plot) -> str:
    return f"{company} wants {plot.wish}"


def handed_over(plot: Plot, decides: str) -> str:
    """What the specialist would tell the rep first."""
    return (
        f"Talk to {decides} first, and let them tell the story of {plot.unit} themselves. "
        f"What counts: {plot.hot_buttons[0].lower()}, and {plot.hot_buttons[1].lower()}."
    )
