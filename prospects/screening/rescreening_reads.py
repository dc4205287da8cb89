"""What the settings of screening show: the rules in words, a list, and what screening anew comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from prospects import keys
from prospects.forms import COUNTRIES
from prospects.models import IndustryCode, Listing, Outcome, RescreenedLead, Rescreening
from prospects.models.screening import CHANGING
from prospects.screening.judging import Rule
from prospects.screening.rescreening import first_leads
from prospects.screening.rules import rules_now
from team.models import Organisation, User

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

PAGE = 50
COUNTRY_NAMES = dict(COUNTRIES)
LABELS: dict[str, StrOrPromise] = dict(Rule.choices)


# A list


@dataclass(frozen=True)
class ListingPage:
    """Entries of one list, names and domains in one order."""

    rows: list[Listing]
    words: str
    newest: str
    older: str
    """Addresses of the first and the next page; empty: none."""
    total: int


def listing_page(kind: str, *, words: str = "", after: str = "") -> ListingPage:
    """A page of a list, the latest added first: two queries."""
    words = words.replace("\0", "").strip()[:100]
    listed = Listing.objects.filter(kind=kind)
    total = listed.count()
    if words:
        key = keys.company_key(words) or words.lower()
        listed = listed.filter(
            Q(domain__contains=words.lower()) | Q(name__icontains=words) | Q(name_key__contains=key)
        )
    if after.isdecimal() and len(after) < 19:
        listed = listed.filter(pk__lt=int(after))
    found = list(listed.select_related("added_by").order_by("-pk")[: PAGE + 1])
    here = reverse("listing-list", args=[kind])
    said = {"q": words} if words else {}
    more = len(found) > PAGE
    next_page = urlencode(said | {"after": str(found[PAGE - 1].pk)}) if more else ""
    return ListingPage(
        rows=found[:PAGE],
        words=words,
        newest=(f"{here}?{urlencode(said)}" if said else here) if after else "",
        older=f"{here}?{next_page}" if more else "",
        total=total,
    )


# The rules


@dataclass(frozen=True)
class Question:
    """One thing that screening asks, what is answered, and where that is changed."""

    label: StrOrPromise
    words: str
    url: str = ""


@dataclass(frozen=True)
class RulesPage:
    """By what leads are screened, and when those there are last were."""

    asked: list[Question]
    always: list[Question]
    under_way: list[Rescreening]
    last: Rescreening | None
    changed_since: bool
    """Whether the rules are others than those of the last re-screening."""


ALWAYS = (
    (
        Rule.UNREACHABLE,
        gettext_lazy(
            "no phone number that can be, no email address that can be, and no full postal address"
        ),
    ),
    (Rule.STUDENT, gettext_lazy("an academic email address, or a title that says so")),
    (Rule.CONSULTANT, gettext_lazy("a title that says so, beside your list")),
    (Rule.DISPOSABLE, gettext_lazy("an address made to be thrown away")),
    (
        Rule.FREE_MAIL,
        gettext_lazy(
            "told only; to be looked at where nothing else ties the person to the company"
        ),
    ),
)


def rules_page(user: User) -> RulesPage:
    """The rules in words: seven queries, whatever the lists."""
    organisation = Organisation.current()
    sizes = dict(Listing.objects.values_list("kind").annotate(Count("pk")))
    done = Rescreening.objects.visible_to(user).filter(finished_at__isnull=False)
    last = done.order_by("-pk").first()
    market = reverse("market-edit")
    lists = [
        Question(
            label,
            ngettext("%s entry", "%s entries", sizes.get(kind, 0)) % f"{sizes.get(kind, 0):,}",
            reverse("listing-list", args=[kind]),
        )
        for kind, label in (
            (Listing.Kind.COMPETITOR, _("Competitors to screen out")),
            (Listing.Kind.CONSULTANT, _("Consultants to screen out")),
        )
    ]
    return RulesPage(
        asked=[
            *lists,
            Question(_("Countries"), _countries(organisation.market_countries), market),
            Question(_("Industries"), _industries(organisation.market_naics), market),
            Question(_("Company size"), _size(organisation), market),
        ],
        always=[Question(rule.label, str(words)) for rule, words in ALWAYS],
        under_way=list(Rescreening.objects.visible_to(user).under_way().order_by("-pk")[:5]),
        last=last,
        changed_since=last is not None and rules_now().digest != last.digest,
    )


def _countries(codes: list[str]) -> str:
    return ", ".join(str(COUNTRY_NAMES.get(code, code)) for code in codes) or _("everywhere")


def _industries(codes: list[str]) -> str:
    if not codes:
        return _("all")
    titles = dict(
        IndustryCode.objects.filter(system="naics", code__in=codes).values_list("code", "title")
    )
    return "; ".join(f"{code} {titles.get(code, '')}".strip() for code in codes)


def _size(organisation: Organisation) -> str:
    least, most = organisation.market_min_employees, organisation.market_max_employees
    if least is not None and most is not None:
        return _("%(least)s to %(most)s people") % {"least": f"{least:,}", "most": f"{most:,}"}
    if least is not None:
        return _("at least %s people") % f"{least:,}"
    if most is not None:
        return _("at most %s people") % f"{most:,}"
    return _("any")


# Screening anew


@dataclass(frozen=True)
class FoundLead:
    """A lead that would change, or that is told of."""

    pk: int
    headline: str
    person: str
    words: str


@dataclass(frozen=True)
class Group:
    """What becomes of how many leads by one rule, and the first of them."""

    outcome: str
    label: str
    rule: str
    leads: int
    url: str
    first: list[FoundLead]


@dataclass(frozen=True)
class RescreeningPage:
    """A re-screening: how far it is, what it would change or changed, and what is only told."""

    changing: list[Group]
    told: list[Group]
    affected: int
    """Leads that would change."""
    sentence: str
    proposes: str
    """What would be saved with it, in words; empty: nothing."""
    percent: int
    is_counting: bool
    is_running: bool
    may_decide: bool
    listed: list[FoundLead]
    listed_label: str
    older: str


OUTCOME_WORDS = {
    Outcome.OUT: gettext_lazy("screened out"),
    Outcome.BACK: gettext_lazy("raw again: nothing is against them any more"),
    Outcome.DOUBT: gettext_lazy("to be looked at by a person"),
    Outcome.CLEAR: gettext_lazy("no longer in doubt"),
    Outcome.LISTED: gettext_lazy("in the program; only a person can take them out"),
    Outcome.KEPT: gettext_lazy("kept: a person overruled the rule"),
}


def rescreening_page(
    record: Rescreening, user: User, *, outcome: str = "", rule: str = "", after: str = ""
) -> RescreeningPage:
    """What a re-screening comes to: two queries, and one for the group that is asked for."""
    firsts = first_leads(record)
    here = reverse("rescreening", args=[record.pk])
    groups = [
        Group(
            outcome=found,
            label=_group_label(found, by),
            rule=by,
            leads=leads,
            url=f"{here}?{urlencode({'outcome': found, 'rule': by})}#leads",
            first=[_lead(row) for row in firsts.get((found, by), [])],
        )
        for found, by, leads in sorted(record.counts, key=_place)
    ]
    affected = sum(group.leads for group in groups if group.outcome in CHANGING)
    listed, older = _listed(record, user, outcome, rule, after)
    is_counting = record.counted_at is None and record.stopped_at is None
    is_running = record.wanted_at is not None and not (record.finished_at or record.stopped_at)
    return RescreeningPage(
        changing=[group for group in groups if group.outcome in CHANGING],
        told=[group for group in groups if group.outcome not in CHANGING],
        affected=affected,
        sentence=_sentence(record, affected),
        proposes=_proposed(record),
        percent=_percent(record, affected, is_counting=is_counting),
        is_counting=is_counting,
        is_running=is_running,
        may_decide=bool(record.counted_at and not record.wanted_at and not record.stopped_at),
        listed=listed,
        listed_label=_group_label(outcome, rule) if listed else "",
        older=older,
    )


def _place(count: tuple[str, str, int]) -> tuple[int, str]:
    outcome, rule, _leads = count
    return [*OUTCOME_WORDS].index(Outcome(outcome)), rule


def _group_label(outcome: str, rule: str) -> str:
    words = str(OUTCOME_WORDS[Outcome(outcome)])
    return f"{LABELS[rule]}: {words}" if rule in LABELS else words[:1].upper() + words[1:]


def _lead(row: RescreenedLead) -> FoundLead:
    person = row.lead.contact.name if row.lead.contact else ""
    headline = row.lead.headline
    return FoundLead(row.lead_id, headline, "" if person == headline else person, row.words)


def _listed(
    record: Rescreening, user: User, outcome: str, rule: str, after: str
) -> tuple[list[FoundLead], str]:
    if outcome not in Outcome.values or (rule and rule not in LABELS):
        return [], ""
    here = reverse("rescreening", args=[record.pk])
    rows = record.leads.filter(outcome=outcome, rule=rule).visible_to(user)
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__gt=int(after))
    found = list(rows.select_related("lead__company", "lead__contact").order_by("pk")[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    asked = {"outcome": outcome, "rule": rule, "after": str(found[-1].pk)} if more else {}
    return [_lead(row) for row in found], f"{here}?{urlencode(asked)}#leads" if more else ""


def _sentence(record: Rescreening, affected: int) -> str:
    looked = ngettext("%s lead was looked at", "%s leads were looked at", record.looked_at)
    looked %= f"{record.looked_at:,}"
    if record.finished_at is not None:
        done = ngettext("%s was changed", "%s were changed", record.done) % f"{record.done:,}"
        over = record.passed_over
        if not over:
            return f"{looked}; {done}."
        passed = ngettext(
            "%s was passed over, as it had changed since",
            "%s were passed over, as they had changed since",
            over,
        )
        return f"{looked}; {done}; {passed % f'{over:,}'}."
    if record.stopped_at is not None:
        if record.wanted_at is None:
            return _("Nothing of it was done to the leads there are.")
        done = ngettext("%s lead was changed", "%s leads were changed", record.done)
        return _("Stopped: %s.") % (done % f"{record.done:,}")
    if record.counted_at is None:
        return f"{looked}."
    would = ngettext("%s would change", "%s would change", affected) % f"{affected:,}"
    return f"{looked}; {would}."


def _proposed(record: Rescreening) -> str:
    proposal = record.proposal
    if "market" in proposal:
        return _("another market")
    if not proposal:
        return ""
    added, removed = len(proposal["add"]), len(proposal["remove"])
    if added:
        return ngettext("%s entry more on the list", "%s entries more on the list", added) % added
    return ngettext("%s entry fewer on the list", "%s entries fewer on the list", removed) % removed


def _percent(record: Rescreening, affected: int, *, is_counting: bool) -> int:
    if is_counting:
        return min(99, 100 * record.position // record.last_lead) if record.last_lead else 99
    reached = record.done + record.passed_over
    return min(99, 100 * reached // affected) if affected else 99
