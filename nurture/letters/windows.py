"""Where an address must stand so that the envelope's window shows it; papers and label sheets. Pure.

All in millimeters from the top left corner of the sheet, folded in three. A letter slides in its
envelope: a window here is what shows wherever it slid to.
"""

from __future__ import annotations

from dataclasses import dataclass

from team.paper import A4, US_LETTER, paper_of


@dataclass(frozen=True)
class Window:
    """What shows through."""

    name: str
    x: float
    y: float
    width: float
    height: float
    sender_line: bool = False
    """Our own address stands in small type on top of theirs, inside the window."""


NUMBER_10 = Window("US #10", x=25.4, y=63.5, width=84, height=17)
DIN_5008_B = Window("DIN 5008 form B", x=25, y=58, width=80, height=32, sender_line=True)
DL_LEFT = Window("DL, window on the left", x=25, y=55, width=75, height=24)
DL_RIGHT = Window("DL, window on the right", x=105, y=55, width=80, height=24)
SWISS_RIGHT = Window("C5/6, window on the right", x=118, y=52, width=75, height=27)

BY_COUNTRY = {
    **dict.fromkeys(("US", "CA", "MX", "PR", "PH"), NUMBER_10),
    **dict.fromkeys(("DE", "AT"), DIN_5008_B),
    **dict.fromkeys(("BE", "ES", "FR", "IT", "LU", "MC", "PT"), DL_RIGHT),
    **dict.fromkeys(("CH", "LI"), SWISS_RIGHT),
}
FOLDS = {US_LETTER: (93.1, 186.3), A4: (99.0, 198.0)}
"""Where the sheet is folded, so that it fits the envelope."""
FOLDS_DIN_B = (105.0, 210.0)


@dataclass(frozen=True)
class LabelSheet:
    """A sheet of labels, as the maker cuts it."""

    name: str
    paper: str
    columns: int
    rows: int
    left: float
    top: float
    width: float
    height: float
    across: float
    """From the left edge of one label to that of the next."""


AVERY_5160 = LabelSheet(
    "Avery 5160", US_LETTER, 3, 10, left=4.8, top=12.7, width=66.7, height=25.4, across=69.85
)
AVERY_L7160 = LabelSheet(
    "Avery L7160", A4, 3, 7, left=7.25, top=15.15, width=63.5, height=38.1, across=66.0
)


def window_of(country: str) -> Window:
    """The window of the envelopes that are usual where the letters are posted."""
    return BY_COUNTRY.get(country, NUMBER_10 if paper_of(country) == US_LETTER else DL_LEFT)


def folds_of(country: str) -> tuple[float, float]:
    """Where to fold, for the marks on the edge."""
    return FOLDS_DIN_B if window_of(country) is DIN_5008_B else FOLDS[paper_of(country)]


def label_sheet_of(country: str) -> LabelSheet:
    return AVERY_5160 if paper_of(country) == US_LETTER else AVERY_L7160
