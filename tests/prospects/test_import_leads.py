"""import_leads: what becomes of the rows of a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from prospects.imports.intake import Counts, ImportRefused, ImportResult
from prospects.imports.leads import import_leads
from prospects.models import (
    Arrival,
    Company,
    Contact,
    Import,
    IndustryCode,
    Lead,
    Listing,
    RefusedRow,
    Source,
    StageChange,
    Standard,
)
from prospects.qualification import Attribute, BuyingRole
from prospects.stages import Stage
from team.models import Organisation, Team, User
from tests.fixtures import NOW
from tests.history_files import broken_histories, write_csv
from tests.shared import SHARED, needs_shared_data

__all__ = ["write_csv"]

pytestmark = pytest.mark.django_db
WriteCsv = Callable[..., Path]

MARIA = {
    "company": "Halden Paper, Inc.",
    "first_name": "Maria",
    "last_name": "Lindqvist",
    "title": "Plant Director",
    "email": "m.lindqvist@haldenpaper.com",
    "phone": "(617) 253-1000",
    "country": "USA",
}


@pytest.fixture
def take(
    organisation: Organisation, northeast: Team, write_csv: WriteCsv
) -> Callable[..., ImportResult]:
    """Import rows as one file, for the Northeast."""

    def run(*rows: dict[str, object], **options: object) -> ImportResult:
        options.setdefault("now", NOW)
        options.setdefault("team", northeast)
        result = import_leads(write_csv(*rows), **options)  # type: ignore[arg-type]
        counts = result.counts
        assert counts.read == (
            counts.created
            + counts.updated
            + counts.duplicates
            + counts.screened_out
            + counts.refused
        )
        assert broken_histories() == []
        return result

    return run


Take = Callable[..., ImportResult]


def counts(result: ImportResult) -> tuple[int, ...]:
    c = result.counts
    return (c.read, c.created, c.updated, c.duplicates, c.screened_out, c.refused)


# A lead comes in


def test_a_row_becomes_a_company_a_person_and_a_raw_lead(take: Take, northeast: Team) -> None:
    result = take({**MARIA, "note": "met at the fair"}, source="Trade fair 2026")
    assert counts(result) == (1, 1, 0, 0, 0, 0)
    lead = Lead.objects.select_related("company", "contact", "source").get()
    assert (lead.stage, lead.team, lead.note) == (Stage.RAW, northeast, "met at the fair")
    assert (lead.received_at, lead.stage_at, lead.activity_at) == (NOW, NOW, NOW)
    assert lead.source.name == "Trade fair 2026"
    assert lead.intake == result.record
    assert lead.assigned_why == "waits in the team’s queue"
    assert lead.company is not None
    assert lead.company.name == "Halden Paper, Inc."
    assert (lead.company.name_key, lead.company.domain) == ("haldenpaper", "haldenpaper.com")
    assert lead.company.country == "US"
    assert lead.contact is not None
    assert lead.contact.company == lead.company
    assert lead.contact.email_key == "m.lindqvist@haldenpaper.com"
    assert lead.contact.phone_key == "+16172531000"
    for word in ("halden", "maria lindqvist", "+16172531000", "m.lindqvist@"):
        assert word in lead.search_text
    assert set(lead.open_attributes) == set(Attribute.values)


def test_the_file_is_remembered(take: Take, dana: User) -> None:
    record = take({**MARIA, "Shoe size": 38}, by=dana).record
    record.refresh_from_db()
    assert record.mapping["email"] == "email"
    assert record.headers_ignored == ["Shoe size"]
    assert (record.read, record.created, record.by, record.finished_at is not None) == (
        1, 1, dana, True,
    )  # fmt: skip
    assert len(record.sha256) == 64


def test_the_row_may_name_its_source_and_its_specialist(take: Take, dana: User) -> None:
    Source.objects.create(name="Web form")
    take({**MARIA, "source": "WEB FORM", "specialist": "dana whitfield"}, source="other")
    lead = Lead.objects.select_related("source", "specialist").get()
    assert lead.source.name == "Web form"
    assert lead.specialist == dana
    assert lead.assigned_why == "named in the file"


def test_a_specialist_who_is_not_known_is_made_without_a_login(take: Take, northeast: Team) -> None:
    take(
        {**MARIA, "specialist": "Nadia Kern"},
        {"company": "Other", "email": "a@o.com", "specialist": "nadia kern"},
    )
    nadia = User.objects.get(name="Nadia Kern")
    assert (nadia.email, nadia.team, nadia.has_usable_password()) == (None, northeast, False)
    assert Lead.objects.filter(specialist=nadia).count() == 2


def test_people_of_one_company_share_it(take: Take) -> None:
    take(
        MARIA,
        {"company": "HALDEN PAPER", "full_name": "Ylva Holm", "email": "y.holm@haldenpaper.com"},
        {"company": "", "full_name": "Olaf Ek", "email": "o.ek@haldenpaper.com"},
    )
    assert Company.objects.count() == 1
    assert Lead.objects.count() == 3
    assert "ylva holm" in Lead.objects.get(contact__last_name="Ek").search_text


def test_a_free_mail_address_says_nothing_of_a_company(take: Take) -> None:
    take(
        {"full_name": "Ann Moss", "email": "ann.moss@gmail.com", "country": "US", "city": "Boston"}
    )
    lead = Lead.objects.get()
    assert lead.company is None
    assert "city: Boston" in lead.note
    assert [reason["rule"] for reason in lead.screening] == ["free_mail"]
    assert lead.stage == Stage.RAW


def test_industry_and_size_become_facts(take: Take) -> None:
    IndustryCode.objects.create(
        key="naics-322120", system="naics", code="322120", title="Paper Mills"
    )
    take(
        {
            **MARIA,
            "naics": "322120",
            "sic": "9999",
            "revenue": "$84,000,000",
            "employees": 310,
            "locations": 2,
        }
    )
    company = Company.objects.get()
    assert (company.naics_id, company.revenue, company.employees) == (
        "naics-322120", Decimal(84_000_000), 310,
    )  # fmt: skip
    assert (company.industry_basis, company.firmographics_basis) == ("imported", "imported")
    lead = Lead.objects.get()
    assert lead.documented == 2
    assert lead.reassess_at == NOW + timedelta(days=365)
    assert lead.contradictions == ["“9999” is no code of SIC 1987."]


def test_answers_are_assumed_until_a_touch_confirms_them(take: Take) -> None:
    take(
        {
            **MARIA,
            "pain": "two stops a week",
            "competition": "nobody",
            "budget": "420,000",
            "decision_process": "the board signs",
            "decision_on": "2026-09-15",
        }
    )
    answers = {answer.attribute: answer for answer in Lead.objects.get().answers.all()}
    assert set(answers) == {"pain", "competition", "budget", "process"}
    assert answers["competition"].nobody
    assert answers["budget"].amount == Decimal(420_000)
    assert answers["process"].on == date(2026, 9, 15)
    assert {answer.basis for answer in answers.values()} == {"imported"}


def test_two_people_with_roles_make_one_fact(take: Take, standard: Standard) -> None:
    take(
        {**MARIA, "buying_role": "Decision maker"},
        {**MARIA, "first_name": "Ylva", "last_name": "Holm", "email": "y.holm@haldenpaper.com",
         "phone": "", "buying_role": "influencer"},
    )  # fmt: skip
    assert set(Contact.objects.values_list("buying_role", flat=True)) == {
        BuyingRole.DECISION_MAKER, BuyingRole.INFLUENCER,
    }  # fmt: skip
    assert Lead.objects.count() == 2


# Screening


def test_who_cannot_be_reached_is_screened_out_with_the_words(take: Take) -> None:
    result = take({"company": "Acme", "email": "nobody@", "phone": "12"})
    assert counts(result) == (1, 0, 0, 0, 1, 0)
    lead = Lead.objects.get()
    assert lead.stage == Stage.SCREENED_OUT
    assert lead.screening[0]["rule"] == "unreachable"
    assert "too short for US" in lead.screening[0]["words"]
    last = lead.stage_changes.latest("id")
    assert (last.from_stage, last.to_stage, last.reason) == ("raw", "screened_out", "unreachable")


def test_the_organisation_s_own_lists_and_market_are_asked(
    take: Take, organisation: Organisation
) -> None:
    Listing.objects.create(kind="competitor", domain="rival.com")
    organisation.market_countries = ["US"]
    organisation.save()
    take({"email": "a@rival.com"}, {"company": "Berg", "email": "b@berg.de", "country": "Germany"})
    rules = {lead.screening[0]["rule"] for lead in Lead.objects.all()}
    assert rules == {"competitor", "out_of_market"}


# Duplicates


@pytest.mark.parametrize(
    "again",
    [
        {"email": "M.Lindqvist@HaldenPaper.com"},
        {"phone": "+1 617-253-1000", "last_name": "Lindqvist", "first_name": "M."},
        {"phone": "617.253.1000"},
        {"company": "HALDEN PAPER", "full_name": "maria lindqvist", "email": "maria@other.com"},
        {"domain": "www.haldenpaper.com", "full_name": "Maria Lindqvist", "phone": "617 253 1234"},
    ],
)
@pytest.mark.parametrize("in_one_file", [True, False])
def test_a_certain_duplicate_is_merged_into_the_first(
    take: Take, again: dict[str, str], in_one_file: bool
) -> None:
    if in_one_file:
        result = take(MARIA, again)
        assert counts(result) == (2, 1, 0, 1, 0, 0)
    else:
        take(MARIA)
        assert counts(take(again)) == (1, 0, 0, 1, 0, 0)
    assert Lead.objects.count() == 1
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"company": "Halden Paper", "full_name": "Ylva Holm", "phone": "(617) 253-1000"},
        {"company": "Halden Paper", "full_name": "Maria Berg", "email": "m.berg@haldenpaper.com"},
        {"company": "Other Paper", "full_name": "Maria Lindqvist", "email": "ml@otherpaper.com"},
    ],
)
@pytest.mark.parametrize("in_one_file", [True, False])
def test_who_only_may_be_the_same_stays_apart(
    take: Take, other: dict[str, str], in_one_file: bool
) -> None:
    if in_one_file:
        take(MARIA, other)
    else:
        take(MARIA)
        take(other)
    assert Lead.objects.count() == 2


def test_a_chain_of_duplicates_is_one_person(take: Take) -> None:
    result = take(
        {"full_name": "Ann Moss", "email": "a@moss.com"},
        {"full_name": "Ann Moss", "phone": "617 253 1000"},
        {"full_name": "Ann Moss", "phone": "617 253 1000", "email": "ann@moss.com"},
        {"email": "ann@moss.com"},
        {"email": "a@moss.com", "phone": "617 253 1000", "full_name": "Ann Moss"},
    )
    assert counts(result) == (5, 1, 0, 4, 0, 0)


def test_a_merged_row_fills_blanks_and_loses_nothing(take: Take) -> None:
    first = {"email": MARIA["email"], "title": "Director", "note": "first"}
    take({**first, "external_id": "A"}, source="Fair")
    take(
        {
            **MARIA,
            "external_id": "B",
            "note": "second",
            "employees": 310,
            "pain": "stops",
            "source": "Web",
        }
    )
    lead = Lead.objects.select_related("contact", "company").get()
    assert lead.external_id == "A"
    assert lead.contact is not None
    assert (lead.contact.first_name, lead.contact.phone_key) == ("Maria", "+16172531000")
    assert lead.contact.title == "Director"
    assert lead.note == "first\nsecond"
    assert lead.company is not None
    assert lead.company.employees == 310
    assert lead.answers.get().words == "stops"
    arrival = Arrival.objects.select_related("source").get()
    assert (arrival.external_id, arrival.source.name) == ("B", "Web")
    assert "title: Plant Director" in arrival.differs
    assert "maria lindqvist" in lead.search_text


def test_a_lead_from_a_second_list_keeps_both_sources(take: Take) -> None:
    take(MARIA, source="Fair")
    take(MARIA, source="Web")
    take(MARIA, source="Web")
    assert Lead.objects.get().source.name == "Fair"
    assert Arrival.objects.get().source.name == "Web"


def test_of_duplicates_in_a_file_one_that_passes_screening_leads(take: Take) -> None:
    take(
        {"company": "Halden Paper", "full_name": "Maria Lindqvist"},
        {"company": "Halden Paper", "full_name": "Maria Lindqvist", "email": MARIA["email"]},
    )
    assert Lead.objects.get().stage == Stage.RAW


def test_rows_that_say_nothing_of_a_person_are_different_people(take: Take) -> None:
    rows = [{"external_id": f"x{n}", "note": "age 58", "country": "PT"} for n in range(12)]
    assert counts(take(*rows))[0] == Lead.objects.count() == 12


# Importing twice


def test_importing_twice_changes_nothing(take: Take) -> None:
    rows = [
        {**MARIA, "external_id": "A", "pain": "stops", "note": "n"},
        {**MARIA, "external_id": "B", "title": "Chief"},
        {"company": "Acme", "email": "x@", "note": "m"},
        {"external_id": "C", "note": "nobody"},
    ]
    take(*rows)

    def everything() -> list[list[tuple[object, ...]]]:
        models = (Lead, Contact, Company, StageChange, Arrival, Source, User)
        return [list(model.objects.order_by("pk").values_list()) for model in models]

    before = everything()
    result = take(*rows, now=NOW + timedelta(days=1))
    assert counts(result) == (4, 0, 0, 4, 0, 0)
    assert everything() == before


def test_a_known_row_that_says_something_new_is_taken(take: Take) -> None:
    take({**MARIA, "external_id": "A"})
    result = take(
        {**MARIA, "external_id": "A", "title": "CEO", "phone": "617 253 2000", "employees": 12}
    )
    assert counts(result) == (1, 0, 1, 0, 0, 0)
    contact = Contact.objects.get()
    assert (contact.title, contact.phone_key) == ("CEO", "+16172532000")
    assert Company.objects.get().employees == 12


def test_what_a_person_corrected_stays_when_the_same_file_comes_again(take: Take) -> None:
    take({**MARIA, "external_id": "A"})
    Contact.objects.update(title="Mill Director")
    take({**MARIA, "external_id": "A"})
    assert Contact.objects.get().title == "Mill Director"


def test_a_dry_run_counts_the_same_and_changes_nothing(take: Take) -> None:
    rows = [
        {**MARIA, "external_id": "A", "specialist": "New One"},
        MARIA,
        {"email": "x@"},
        {"employees": "many"},
    ]
    dry = take(*rows, dry_run=True)
    assert not Lead.objects.exists()
    assert not Import.objects.exists()
    assert not User.objects.filter(name="New One").exists()
    assert dry.refused[0][0] == 5
    assert counts(take(*rows)) == counts(dry)


# Refusals


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"employees": "50-100"}, "employees: “50-100” is not a number"),
        ({"received_at": "31/31/2026"}, "received_at: “31/31/2026” is no date"),
        ({"phone": "4.4E+11"}, "phone: “4.4E+11” has lost digits"),
        ({"external_id": "1.23E+15"}, "external_id: “1.23E+15” has lost digits"),
        ({"stage": "hot"}, "stage: “hot” is none of"),
        ({"first_name": "x" * 101}, "first_name: longer than 100 characters"),
        ({"expected_close": "soon"}, "expected_close: “soon” is no date"),
    ],
)
def test_a_row_is_refused_with_the_reason(take: Take, cells: dict[str, str], why: str) -> None:
    result = take({**MARIA, **cells}, {"email": "ok@fine.com"})
    assert counts(result) == (2, 1, 0, 0, 0, 1)
    row = RefusedRow.objects.get()
    assert row.line == 2
    assert why in row.reasons[0]
    assert ["company", "Halden Paper, Inc."] in row.cells


def test_all_reasons_are_told_at_once(take: Take) -> None:
    take({**MARIA, "employees": "x", "revenue": "y"})
    assert len(RefusedRow.objects.get().reasons) == 2


def test_a_row_about_nobody_and_a_row_too_long_are_refused(
    take: Take, organisation: Organisation, northeast: Team, tmp_path: Path
) -> None:
    assert counts(take({"email": "", "note": "hello"}, {"email": "a@b.com", "note": ""})) == (
        2,
        1,
        0,
        0,
        0,
        1,
    )
    path = tmp_path / "long.csv"
    path.write_text("company,email\nAcme, Inc.,a@acme.com\n")
    result = import_leads(path, team=northeast, now=NOW)
    assert "more cells" in result.refused[0][1][0]


def test_a_file_that_is_none_is_refused_as_a_whole(
    organisation: Organisation, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefused, match="no file"):
        import_leads(tmp_path / "none.csv")


def test_a_file_that_breaks_in_the_middle_leaves_nothing(
    organisation: Organisation, tmp_path: Path
) -> None:
    path = tmp_path / "broken.csv"
    long_cell = "x" * 300_000
    path.write_text("email,note\na@b.com,fine\nc@d.com," + long_cell + "\n")
    with pytest.raises(ImportRefused, match="Line 3"):
        import_leads(path)
    assert not Lead.objects.exists()
    assert not Import.objects.exists()


# History brought along


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 9, tzinfo=UTC)


def test_a_history_is_built_from_its_dates(take: Take) -> None:
    take(
        {
            "external_id": "A",
            "received_at": day(1),
            "entered_program_at": day(3),
            "stage": "disqualified",
            "stage_at": day(20),
            "reason": "No need",
        }
    )
    lead = Lead.objects.get()
    assert (lead.received_at, lead.entered_program_at, lead.stage_at) == (day(1), day(3), day(20))
    assert [
        (c.from_stage, c.to_stage, c.at, c.reason) for c in lead.stage_changes.order_by("id")
    ] == [
        ("", "raw", day(1), ""),
        ("raw", "nurturing", day(3), ""),
        ("nurturing", "disqualified", day(20), "no_need"),
    ]
    assert all(change.brought_along for change in lead.stage_changes.all())
    assert lead.contradictions == []
    assert lead.screening[0]["rule"] == "unreachable"  # told, but it keeps its stage


def test_an_unknown_reason_is_other_in_its_own_words(take: Take) -> None:
    take(
        {"external_id": "A", "stage": "disqualified", "stage_at": day(2), "reason": "wrong season"}
    )
    last = StageChange.objects.latest("id")
    assert (last.reason, last.note) == ("other", "wrong season")


def test_dates_that_contradict_are_taken_and_flagged(take: Take) -> None:
    take(
        {
            "external_id": "A",
            "received_at": day(10),
            "entered_program_at": day(5),
            "stage": "won",
            "stage_at": day(2),
        }
    )
    lead = Lead.objects.get()
    assert (lead.received_at, lead.entered_program_at) == (day(10), day(5))
    assert lead.stage == Stage.WON
    assert lead.contradictions == [
        "Entered the program before it was received.",
        "Is said to be won before it was received.",
    ]


def test_a_lead_with_a_rep_waits_for_its_handoff_to_be_brought_along(take: Take) -> None:
    take(
        {"external_id": "A", "entered_program_at": day(1), "stage": "accepted", "stage_at": day(9)}
    )
    lead = Lead.objects.get()
    assert lead.stage == Stage.QUALIFIED
    assert lead.contradictions == ["Is said to be with a rep, but no handoff of it is known."]


def test_times_without_a_zone_are_the_organisation_s(take: Take) -> None:
    take({**MARIA, "received_at": "2026-03-01 09:00"})
    assert Lead.objects.get().received_at == datetime(2026, 3, 1, 14, tzinfo=UTC)


def test_a_history_told_anew_supersedes_the_old_one(take: Take) -> None:
    row = {"external_id": "A", "received_at": day(1), "entered_program_at": day(2)}
    take({**row, "stage": "nurturing"})
    result = take({**row, "stage": "disqualified", "stage_at": day(9), "reason": "no fit"})
    assert counts(result) == (1, 0, 1, 0, 0, 0)
    lead = Lead.objects.get()
    assert lead.stage == Stage.DISQUALIFIED
    assert lead.stage_changes.filter(superseded_at__isnull=False).exists()


def test_a_history_that_people_went_on_with_is_left_alone(take: Take, dana: User) -> None:
    row = {"external_id": "A", "received_at": day(1), "entered_program_at": day(2)}
    take({**row, "stage": "nurturing"})
    lead = Lead.objects.get()
    StageChange.objects.create(
        lead=lead, from_stage="nurturing", to_stage="disqualified", at=NOW, by=dana
    )
    Lead.objects.update(stage="disqualified", stage_at=NOW)
    take({**row, "stage": "won", "stage_at": day(9)})
    assert Lead.objects.get().stage == Stage.DISQUALIFIED


# Size


def test_the_number_of_statements_does_not_grow_with_the_rows(take: Take) -> None:
    def statements(number: int, start: int) -> int:
        rows = [
            {"company": f"Firm {n}", "email": f"a@firm{n}.com", "source": "List", "external_id": n}
            for n in range(start, start + number)
        ]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            take(*rows)
        return len(captured)

    statements(1, 0)
    assert statements(200, 300) == statements(2, 100)


# The command


def test_the_command_says_it_in_words(
    organisation: Organisation, write_csv: WriteCsv, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_csv({**MARIA, "Shoe size": "38"}, {"employees": "many", "email": "a@b.com"})
    call_command("import_leads", path, source="Fair")
    said = capsys.readouterr().out
    assert "2 rows read" in said
    assert "Columns left out: Shoe size" in said
    assert "Line 3 refused: employees: “many” is not a number" in said
    assert Lead.objects.get().source.name == "Fair"


def test_the_command_counts_in_json(
    organisation: Organisation, write_csv: WriteCsv, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_leads", write_csv(MARIA), "--json", "--dry-run")
    assert json.loads(capsys.readouterr().out) == vars(Counts(read=1, created=1))
    assert not Lead.objects.exists()


def test_the_command_takes_a_mapping(
    organisation: Organisation, write_csv: WriteCsv, tmp_path: Path
) -> None:
    told = tmp_path / "map.json"
    told.write_text(json.dumps({"Firma": "company", "Mail": "email"}))
    call_command("import_leads", write_csv({"Firma": "Acme", "Mail": "a@acme.com"}), map=told)
    assert Company.objects.get().name == "Acme"
    told.write_text(json.dumps({"Nowhere": "company"}))
    with pytest.raises(CommandError, match="no column “Nowhere”"):
        call_command("import_leads", write_csv({"Firma": "Acme"}), map=told)
    with pytest.raises(CommandError, match="no file"):
        call_command("import_leads", tmp_path / "none.csv")


# Files of other systems


@needs_shared_data
def test_seven_people_twice_under_two_ids(organisation: Organisation) -> None:
    path = SHARED / "crm-exports" / "salesforce-org-export" / "Lead.csv"
    result = import_leads(path)
    assert result.counts.read == 14
    assert result.counts.duplicates == 7
    assert Lead.objects.count() == 7
    assert Arrival.objects.count() == 7
    assert import_leads(path).counts == Counts(read=14, duplicates=14)


@needs_shared_data
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("salesforce-org-export/Contact.csv", 64),
        ("salesforce-dataloader/accountData.csv", 423),
        ("krayin/leads.csv", 2),
        ("krayin/persons.csv", 2),
    ],
)
def test_exports_of_other_systems_come_in(organisation: Organisation, name: str, rows: int) -> None:
    result = import_leads(SHARED / "crm-exports" / name)
    assert result.counts.read == rows
    assert result.counts.refused <= 1  # one of Krayin's leads names nobody
    assert broken_histories() == []
    assert import_leads(SHARED / "crm-exports" / name).counts.created == 0
