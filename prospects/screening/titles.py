"""What a job title says of who somebody is: a student, a consultant, a person who buys.

Pure. A title is certain where being that is what it names ("MBA student", "Senior Consultant"), and a
hint where the same word may mean something else ("Graduate", "Consultant Surgeon"): domain.md, section 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class TitleReading:
    """What one title says; `sure` where there is no doubt, `hint` where a person should look."""

    student_sure: bool = False
    student_hint: bool = False
    consultant_sure: bool = False
    consultant_hint: bool = False
    buys: bool = False
    """It names a post that decides or buys for an organisation."""


NOTHING = TitleReading()

STUDENT = re.compile(
    r"^(?:an? |full.time |part.time )?(?:\w+[\s.-]+){0,3}"
    r"(?:student|undergraduate|estudiante|étudiante?|studente|studentin|werkstudent(?:in)?)\b"
    r"(?=$|[\s]*[,;/|(–-]|\s+(?:at|of|in|bei|an)\b)",
    re.IGNORECASE,
)
STUDENT_HINT = re.compile(
    r"\b(?:intern|internship|trainee|apprentice|praktikant(?:in)?|stagiaire|becari[oa]|auszubildende[r]?"
    r"|(?:ph\.?\s?d|doctoral|mba|master'?s|bachelor'?s|degree)\s+candidate|doktorand(?:in)?"
    r"|(?:recent|fresh|new)?\s*graduate(?!\s+(?:school|stud|program|admission|recruit|develop))"
    r"|post-?doc(?:toral)?|(?:research|teaching)\s+(?:assistant|fellow)|alumn(?:us|a|i))\b",
    re.IGNORECASE,
)
JOINED = re.compile(r"\bstudents?\s*(?:&|\+|and\b)|(?:&|\+|\band)\s*student$", re.IGNORECASE)
"""Both at once: "Student & Founder"."""

ADVISES = r"(?:consultant|consultor|consultora|consulente|freelancer?|berater(?:in)?)"
CONSULTANT = re.compile(
    # The last noun of a part of the title is what somebody is: "Senior Consultant", "Consultant, ERP".
    rf"\b(?:{ADVISES}|self.employed\s+\w+)\s*(?=$|[,;/|(&+–-]|\s+(?:at|of|for|in|on|to|bei|and|with)\b)",
    re.IGNORECASE,
)
OF_THE_COMPANY = re.compile(
    # Posts of a company's own people that are called so.
    rf"\b(?:sales|solutions?|customer|client|internal|in.?house|staff|travel|beauty|product|account"
    rf"|recruit(?:ment|ing)|leasing|admissions?|lead(?:ership)?)\s+{ADVISES}\b",
    re.IGNORECASE,
)
CONSULTANT_HINT = re.compile(
    rf"\b(?:{ADVISES}|consulting|consultancy|self.employed|contractor|interim|fractional|coach"
    r"|(?:independent|strategic|senior|business|management|executive|external)\s+advis[eo]r)\b",
    re.IGNORECASE,
)

BUYS = re.compile(
    r"\b(?:director|direktor(?:in)?|directeur|head|chief|c[a-z]o|(?:s|e)?vp|vice.president|president"
    r"|owner|founder|co.founder|partner|principal|manager|geschäftsführer(?:in)?|leiter(?:in)?"
    r"|buyer|purchas\w+|procure\w+|sourcing|einkäufer(?:in)?|einkauf|dean|registrar|bursar"
    r"|provost|chancellor|superintendent|administrator|controller|treasurer|supervisor)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=65536)
def read_title(title: str) -> TitleReading:
    """What a title says. Titles repeat by the thousand, so each is read once."""
    if not title or title.isspace():
        return NOTHING
    buys = bool(BUYS.search(title))
    student = bool(STUDENT.search(title))
    advises = bool(CONSULTANT.search(title)) and not OF_THE_COMPANY.search(title)
    return TitleReading(
        student_sure=student,
        student_hint=not student and _may_be_student(title, buys=buys),
        consultant_sure=advises,
        consultant_hint=not advises and bool(CONSULTANT_HINT.search(title)),
        buys=buys,
    )


def _may_be_student(title: str, *, buys: bool) -> bool:
    """ "Internship Manager" hires interns; "Student & Founder" may be both."""
    return bool(JOINED.search(title)) or (not buys and bool(STUDENT_HINT.search(title)))
