"""Letters that are due, for the tests of printing and posting them. Loaded as a plugin by tests/conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest

from nurture.cadences.enrolments import enrol, publish
from nurture.letters.actions import make_batch
from nurture.models import Cadence, Enrolment, PrintBatch, Step, Template
from prospects.models import Company, Lead
from team.models import Organisation, User
from tests.fixtures import NOW

BODY = (
    "Dear {{ first_name }} {{ last_name }},\n\na letter about line 3 at {{ company }}.\n\n"
    "{{ specialist }}"
)
PLACE = {
    "street": "12 Mill Road",
    "postal_code": "04101",
    "city": "Portland",
    "region": "ME",
    "country": "US",
}


@pytest.fixture
def letter_cadence(dana: User, posting_address: Organisation) -> Cadence:
    """A letter that goes by itself, then a call two working days after it arrived."""
    cadence = Cadence.objects.create(name="By post", created_at=NOW)
    words = Template.objects.create(
        name="first letter", channel="letter", body=BODY, created_at=NOW
    )
    card = Template.objects.create(name="card", channel="direct_mail", body=BODY, created_at=NOW)
    for_paper = {"performer": "machine", "at": time(9)}
    publish(
        cadence=cadence,
        steps=[
            Step(position=1, channel="letter", after_days=0, template=words, **for_paper),
            Step(position=2, channel="phone", after_days=2, at=time(9, 30)),
            Step(position=3, channel="direct_mail", after_days=5, template=card, **for_paper),
        ],
        by=dana,
        now=NOW,
    )
    return cadence


@pytest.fixture
def due_letter(
    make_lead: Callable[..., Lead], letter_cadence: Cadence, dana: User
) -> Callable[..., Enrolment]:
    """Put a new lead into the cadence whose first letter is due; its company has this address."""

    def make(by: User = dana, cadence: Cadence = letter_cadence, **place: str) -> Enrolment:
        lead = make_lead()
        Company.objects.filter(leads=lead).update(**PLACE | place)
        lead.refresh_from_db()
        return enrol(lead=lead, cadence=cadence, by=by, now=NOW - timedelta(hours=3))

    return make


@pytest.fixture
def batch(due_letter: Callable[..., Enrolment], dana: User) -> PrintBatch:
    """Three letters, printed and not posted."""
    for code in ("10001", "04101", "60601"):
        due_letter(postal_code=code)
    made = make_batch(channel="letter", by=dana, now=NOW).batch
    assert made is not None
    return made
