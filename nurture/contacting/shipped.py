"""The regional rules that LeadFlow ships: a start, with the source of each. They are no legal advice.

Loaded by the set-up; a rule that is there already is not written again, and one of ours that somebody
replaced stays replaced, because theirs has a later day. What holds only for consumers is left out, or
said in the note: the program speaks to businesses.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.db import transaction

from nurture.models import RegionalRule

OPT_IN = ["consent", "customer"]
CASL = ["consent", "customer", "contract"]
ANY_GROUND = ["consent", "customer", "contract", "interest"]
WEEK = [1, 2, 3, 4, 5]


def _rule(  # noqa: PLR0917 - a row of the table below
    country: str, channel: str, since: date, law: str, link: str, note: str = "", **says: Any
) -> dict[str, Any]:
    return {
        "country": country,
        "channel": channel,
        "in_force_from": since,
        "law": law,
        "link": link,
        "note": note,
        **says,
    }


SHIPPED = (
    _rule(
        "US", "email", date(2004, 1, 1), "CAN-SPAM Act, 15 U.S.C. § 7704(a)(5)",
        "https://www.law.cornell.edu/uscode/text/15/7704",
        "No consent needed; a way out and our postal address in each marketing mail.",
        needs_postal_address=True,
    ),
    _rule(
        "US", "phone", date(1992, 12, 20), "TCPA rules, 47 CFR § 64.1200(c)(1)",
        "https://www.law.cornell.edu/cfr/text/47/64.1200",
        "8 am to 9 pm where they are; written for residences, and mobiles are often both.",
        opens=time(8), closes=time(21),
    ),
    _rule(
        "US", "phone", date(2021, 7, 1), "Florida Telephone Solicitation Act, Fla. Stat. § 501.616(6)",
        "http://www.leg.state.fl.us/statutes/index.cfm?App_mode=Display_Statute&URL=0500-0599/0501/Sections/0501.616.html",
        "8 am to 8 pm; three calls on one matter in 24 hours.",
        regions=["FL", "Florida"], opens=time(8), closes=time(20), most_a_day=3,
    ),
    _rule(
        "US", "phone", date(2022, 11, 1), "Oklahoma Telephone Solicitation Act of 2022, 15 O.S. § 775C.4",
        "https://www.oscn.net/applications/oscn/Index.asp?ftdb=STOKST15",
        "8 am to 8 pm; three calls on one matter in 24 hours.",
        regions=["OK", "Oklahoma"], opens=time(8), closes=time(20), most_a_day=3,
    ),
    _rule(
        "CA", "email", date(2014, 7, 1), "CASL, S.C. 2010, c. 23, s. 6 and 10",
        "https://laws-lois.justice.gc.ca/eng/acts/E-1.6/",
        "Express consent, or implied by business within two years: write when it ends.",
        needs_ground=True, grounds=CASL, needs_postal_address=True,
    ),
    _rule(
        "CA", "phone", date(2008, 9, 30), "CRTC Unsolicited Telecommunications Rules, Part III, s. 23",
        "https://crtc.gc.ca/eng/trules-reglest.htm",
        "Weekdays 9 am to 9:30 pm; at weekends 10 am to 6 pm, which this row leaves out.",
        opens=time(9), closes=time(21, 30), weekdays=WEEK,
    ),
    _rule(
        "GB", "email", date(2003, 12, 11), "PECR 2003, reg. 22 and 23",
        "https://www.legislation.gov.uk/uksi/2003/2426/regulation/22",
        "Companies may be written to without consent; sole traders and partnerships count as"
        " individuals and need it.",
    ),
    _rule(
        "DE", "email", date(2004, 7, 8), "UWG § 7 (2) no. 2 and (3)",
        "https://www.gesetze-im-internet.de/uwg_2004/__7.html",
        "Prior express consent, companies too; own customers by (3).",
        needs_ground=True, grounds=OPT_IN,
    ),
    _rule(
        "DE", "phone", date(2004, 7, 8), "UWG § 7 (2) no. 1",
        "https://www.gesetze-im-internet.de/uwg_2004/__7.html",
        "For companies presumed consent is enough: write the interest down as the ground.",
        needs_ground=True, grounds=ANY_GROUND,
    ),
    _rule(
        "AT", "email", date(2021, 11, 1), "TKG 2021 § 174 (3) and (4)",
        "https://www.ris.bka.gv.at/GeltendeFassung.wxe?Abfrage=Bundesnormen&Gesetzesnummer=20011678",
        "Prior consent, companies too; own customers by (4).",
        needs_ground=True, grounds=OPT_IN,
    ),
    _rule(
        "AT", "phone", date(2021, 11, 1), "TKG 2021 § 174 (1)",
        "https://www.ris.bka.gv.at/GeltendeFassung.wxe?Abfrage=Bundesnormen&Gesetzesnummer=20011678",
        "Calls for advertising need prior consent, companies too.",
        needs_ground=True, grounds=["consent"],
    ),
    _rule(
        "CH", "email", date(2007, 4, 1), "UWG Art. 3 (1) (o)",
        "https://www.fedlex.admin.ch/eli/cc/1988/223_223_223/de",
        "Mass mail needs consent; own customers are excepted.",
        needs_ground=True, grounds=OPT_IN,
    ),
    _rule(
        "FR", "email", date(2004, 6, 22), "CPCE Art. L34-5",
        "https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000042155961",
        "People at work may be written to about what concerns their work, and may object.",
    ),
    _rule(
        "IT", "email", date(2004, 1, 1), "D.Lgs. 196/2003, Art. 130",
        "https://www.normattiva.it/uri-res/N2Ls?urn:nir:stato:decreto.legislativo:2003-06-30;196",
        "Prior consent, companies too; own customers by (4).",
        needs_ground=True, grounds=OPT_IN,
    ),
    _rule(
        "ES", "email", date(2003, 11, 5), "Ley 34/2002 (LSSI), Art. 21",
        "https://www.boe.es/buscar/act.php?id=BOE-A-2002-13758",
        "Prior request or consent; similar products to own customers.",
        needs_ground=True, grounds=[*OPT_IN, "contract"],
    ),
    _rule(
        "NL", "email", date(2009, 10, 1), "Telecommunicatiewet Art. 11.7",
        "https://wetten.overheid.nl/BWBR0009950/#Hoofdstuk11",
        "Prior consent, companies too; not for addresses they publish for it, and own customers.",
        needs_ground=True, grounds=OPT_IN,
    ),
    _rule(
        "PL", "email", date(2024, 11, 10), "Prawo komunikacji elektronicznej, Art. 398",
        "https://isap.sejm.gov.pl/isap.nsf/DocDetails.xsp?id=WDU20240001221",
        "Prior consent, companies too.",
        needs_ground=True, grounds=["consent"],
    ),
    _rule(
        "PL", "phone", date(2024, 11, 10), "Prawo komunikacji elektronicznej, Art. 398",
        "https://isap.sejm.gov.pl/isap.nsf/DocDetails.xsp?id=WDU20240001221",
        "Prior consent, companies too.",
        needs_ground=True, grounds=["consent"],
    ),
    _rule(
        "DK", "email", date(2017, 7, 1), "Markedsføringsloven § 10",
        "https://www.retsinformation.dk/eli/lta/2017/426",
        "Prior consent, companies too; own customers by (2).",
        needs_ground=True, grounds=OPT_IN,
    ),
    _rule(
        "AU", "email", date(2004, 4, 10), "Spam Act 2003, s. 16",
        "https://www.legislation.gov.au/C2004A01214/latest/text",
        "Express consent, or inferred from a business relationship.",
        needs_ground=True, grounds=CASL,
    ),
    _rule(
        "AU", "phone", date(2017, 4, 1),
        "Telemarketing and Research Calls Industry Standard 2017, s. 8",
        "https://www.legislation.gov.au/F2017L00323/latest/text",
        "Weekdays 9 am to 8 pm; Saturdays to 5 pm, which this row leaves out.",
        opens=time(9), closes=time(20), weekdays=WEEK,
    ),
)  # fmt: skip
"""As far as we know, in November 2026. Check those of the places that you work in."""


@transaction.atomic
def load_shipped_rules(*, now: datetime) -> int:
    """Write down those that are not there yet; returns how many were written."""
    known = {
        (rule.country, tuple(rule.regions), rule.channel, rule.in_force_from)
        for rule in RegionalRule.objects.all()
    }
    missing = [
        RegionalRule(by=None, recorded_at=now, **rule)
        for rule in SHIPPED
        if (
            rule["country"],
            tuple(rule.get("regions", ())),
            rule["channel"],
            rule["in_force_from"],
        )
        not in known
    ]
    return len(RegionalRule.objects.bulk_create(missing))
