"""The month in the words that a manager would send (domain.md, section 9). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.figures import MonthFigures
from reports.periods import Period


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; `figure` names the figure that it states."""

    text: str
    figure: str = ""


@dataclass(frozen=True)
class Sentence:
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        """As plain text."""
        return "".join(part.text for part in self.parts).replace("\N{NO-BREAK SPACE}", " ")


def sentences(
    figures: MonthFigures, month: Period, *, so_far: bool, amount: Mapping[str, str]
) -> list[Sentence]:
    """What a marketing manager would write about the month.

    `amount`: potential_revenue and won_revenue in words, "$3.5 million".
    """
    when = _("%s so far") % month.short_name if so_far else month.short_name
    said = [
        _sentence(
            ngettext(
                "In {month}, marketing added {new_prospects} new prospect to the program.",
                "In {month}, marketing added {new_prospects} new prospects to the program.",
                figures.new_prospects,
            ),
            month=when,
            new_prospects=_number(figures.new_prospects),
        ),
        _sentence(
            ngettext(
                "{under_development} opportunity is under development.",
                "{under_development} opportunities are under development.",
                figures.under_development,
            ),
            under_development=_number(figures.under_development, first=True),
        ),
        _handoffs_sentence(figures, amount),
    ]
    if figures.won:
        said.append(_won_sentence(figures, amount))
    return said


def _handoffs_sentence(figures: MonthFigures, amount: Mapping[str, str]) -> Sentence:
    if figures.potential_revenue:
        template = ngettext(
            "Sales received {handed_off} fully nurtured opportunity"
            " with {potential_revenue} in potential revenue.",
            "Sales received {handed_off} fully nurtured opportunities"
            " with {potential_revenue} in potential revenue.",
            figures.handed_off,
        )
    else:
        template = ngettext(
            "Sales received {handed_off} fully nurtured opportunity.",
            "Sales received {handed_off} fully nurtured opportunities.",
            figures.handed_off,
        )
    return _sentence(
        template,
        handed_off=_number(figures.handed_off),
        potential_revenue=amount["potential_revenue"],
    )


def _won_sentence(figures: MonthFigures, amount: Mapping[str, str]) -> Sentence:
    if figures.won_revenue:
        template = ngettext(
            "{won} was won, worth {won_revenue}.",
            "{won} were won, worth {won_revenue}.",
            figures.won,
        )
    else:
        template = ngettext("{won} was won.", "{won} were won.", figures.won)
    return _sentence(template, won=_number(figures.won), won_revenue=amount["won_revenue"])


def _number(count: int, *, first: bool = False) -> str:
    """A count as a sentence says it; `first` in the sentence."""
    if count:
        return number_format(count, use_l10n=True, force_grouping=True)
    return _("No") if first else _("no")


def _sentence(template: str, **values: str) -> Sentence:
    """The template cut at its fields; a field other than `month` is the figure of that name."""
    parts = []
    for literal, field, _spec, _conversion in Formatter().parse(template):
        if literal:
            parts.append(Part(literal))
        if field:
            parts.append(Part(values[field], "" if field == "month" else field))
    return Sentence(tuple(parts))
