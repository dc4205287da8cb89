"""The pages of imports: upload, columns, what it would do, import, what became of it, undo."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from prospects.imports import actions as import_actions
from prospects.imports import forms as import_forms
from prospects.imports.staging import staged_imports
from prospects.models import Import, ImportState, Lead, UploadPart
from prospects.reading.tables import open_table
from team.models import Team, User

pytestmark = pytest.mark.django_db

FILE = b"""company,email,employees
Halden Paper,m@haldenpaper.com,310
Acme,a@acme.com,many
Bad,nobody@,
=cmd|calc,=1+1,x
"""


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


AsUser = Callable[[User], Client]


def upload(client: Client, content: bytes = FILE, name: str = "leads.csv", source: str = "Fair"):
    return client.post(
        reverse("import-list"), {"file": SimpleUploadedFile(name, content), "source": source}
    )


def page_of(client: Client, name: str, record: Import) -> str:
    return client.get(reverse(name, args=[record.pk])).content.decode()


def columns_of(record: Import, **chosen: str) -> dict[str, str]:
    """The form as it stands, with some columns named otherwise."""
    form = import_forms.ColumnsForm(record)
    said = {name: form[name].initial or "" for name in form.fields if name.startswith("column-")}
    for number, column in enumerate(form.columns):
        if column["column"] in chosen:
            said[f"column-{number}"] = chosen[column["column"]]
    return said


def checked(client: Client, content: bytes = FILE, **options: Any) -> Import:
    """An upload whose columns were named: it was tried, and waits for the word."""
    upload(client, content, **options)
    record = Import.objects.latest("pk")
    client.post(reverse("import-columns", args=[record.pk]), columns_of(record))
    record.refresh_from_db()
    return record


def imported(client: Client, content: bytes = FILE, **options: Any) -> Import:
    record = checked(client, content, **options)
    client.post(reverse("import-confirm", args=[record.pk]))
    record.refresh_from_db()
    return record


def test_the_whole_way(as_user: AsUser, dana: User, northeast: Team) -> None:
    client = as_user(dana)
    assert "Drop a file" in client.get(reverse("import-list")).content.decode()

    uploaded = upload(client)
    record = Import.objects.get()
    assert uploaded.headers["Location"] == reverse("import-detail", args=[record.pk])
    assert (record.by, record.team, record.file_name) == (dana, northeast, "leads.csv")
    page = page_of(client, "import-detail", record)
    assert "Halden Paper" in page  # an example

    tried = client.post(
        reverse("import-columns", args=[record.pk]), columns_of(record), follow=True
    ).content.decode()
    record.refresh_from_db()
    assert record.state == ImportState.CHECKED
    assert re.search(r"<b>4</b>\s*read", tried)
    assert re.search(r"<b>1</b>\s*created", tried)
    assert re.search(r"<b>2</b>\s*refused", tried)
    assert "“many” is not a number" in tried
    assert not Lead.objects.exists()

    done = client.post(reverse("import-confirm", args=[record.pk]), follow=True).content.decode()
    record.refresh_from_db()
    assert (record.state, record.created, record.screened_out, record.refused) == (
        ImportState.DONE, 1, 1, 2,
    )  # fmt: skip
    assert Lead.objects.earliest("pk").source.name == "Fair"
    assert "“many” is not a number" in done
    assert not UploadPart.objects.exists()
    assert record.pk not in staged_imports()
    assert "leads.csv" in client.get(reverse("import-list")).content.decode()


def test_confirmed_twice_it_is_imported_once(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    record = imported(client)
    again = client.post(reverse("import-confirm", args=[record.pk]), follow=True)
    assert "It has gone on since" in again.content.decode()
    assert Lead.objects.count() == 2


def test_columns_may_be_named_otherwise_and_are_remembered(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    content = b"Kontakt,E\nAda,ada@ada.example\n"
    upload(client, content)
    record = Import.objects.get()
    said = columns_of(record, Kontakt="company", E="email")
    client.post(reverse("import-columns", args=[record.pk]), said)
    client.post(reverse("import-confirm", args=[record.pk]))
    assert Lead.objects.get().company.name == "Ada"  # type: ignore[union-attr]
    upload(client, content.replace(b"ada", b"bo"))
    assert Import.objects.latest("pk").mapping == {"Kontakt": "company", "E": "email"}


def test_columns_can_be_changed_after_the_trial(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    record = checked(client)
    assert "Change the columns" in page_of(client, "import-detail", record)
    client.post(reverse("import-columns", args=[record.pk]), columns_of(record, employees=""))
    record.refresh_from_db()
    assert (record.state, record.refused, record.created) == (ImportState.CHECKED, 0, 2)
    assert record.headers_ignored == ["employees"]


def test_what_only_a_person_can_say_is_asked(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    upload(client, b"company,email,received_at\nAda,a@ada.example,03/04/2026\n")
    record = Import.objects.get()
    assert "what is 03/04/2026?" in page_of(client, "import-detail", record)
    unanswered = client.post(reverse("import-columns", args=[record.pk]), columns_of(record))
    assert unanswered.status_code == 422
    assert "what is 03/04/2026?" in unanswered.content.decode()
    assert "Say which it is." in unanswered.content.decode()
    said = columns_of(record) | {"question-0": "dmy"}
    client.post(reverse("import-columns", args=[record.pk]), said)
    client.post(reverse("import-confirm", args=[record.pk]))
    assert Lead.objects.get().received_at.month == 4


def test_only_who_uploaded_and_managers_decide(
    as_user: AsUser, dana: User, jennifer: User, person: Callable[..., User], northeast: Team
) -> None:
    colleague = person("Tom Reed", "specialist", northeast)
    record = checked(as_user(dana))
    for name in ("confirm", "cancel"):
        url = reverse(f"import-{name}", args=[record.pk])
        assert "Only Dana Whitfield" in as_user(colleague).post(url, follow=True).content.decode()
    assert "waits for the word" in page_of(as_user(colleague), "import-detail", record)
    as_user(jennifer).post(reverse("import-confirm", args=[record.pk]))
    assert Lead.objects.exists()
    url = reverse("import-undo", args=[record.pk])
    assert as_user(colleague).get(url).status_code == 302
    as_user(colleague).post(url)
    assert Lead.objects.exists()


def test_left_alone_nothing_remains(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    record = checked(client)
    left = client.post(reverse("import-cancel", args=[record.pk]), follow=True).content.decode()
    assert "nothing of leads.csv was imported" in left
    record.refresh_from_db()
    assert (record.state, record.read) == (ImportState.CANCELLED, 0)
    assert not UploadPart.objects.exists()
    assert not record.refused_rows.exists()
    assert record.pk not in staged_imports()
    assert "Nothing of it was imported" in page_of(client, "import-detail", record)


def test_a_large_file_is_left_to_a_worker_and_may_be_looked_at(
    as_user: AsUser, dana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_actions, "SMALL_FILE", 10)
    client = as_user(dana)
    record = checked(client)
    assert record.state == ImportState.CHECKING
    page = page_of(client, "import-detail", record)
    assert "Waits for its turn" in page
    assert 'hx-trigger="every 2s"' in page
    url = reverse("import-detail", args=[record.pk])
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "state"})
    assert "<html" not in part.content.decode()
    Import.objects.update(state=ImportState.CANCELLED)
    ended = client.get(url, headers={"HX-Request": "true", "HX-Target": "state"})
    assert ended.headers["HX-Refresh"] == "true"


def test_undone_it_is_as_if_it_had_never_been(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    record = imported(client)
    page = page_of(client, "import-undo", record)
    assert "2 leads" in page
    undone = client.post(reverse("import-undo", args=[record.pk]), follow=True).content.decode()
    assert "2 leads taken back" in undone
    assert not Lead.objects.exists()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_refused_rows_come_back_with_the_reason_and_no_formula(
    as_user: AsUser, dana: User, delimiter: str
) -> None:
    client = as_user(dana)
    record = imported(client, FILE.replace(b",", delimiter.encode()))
    response = client.get(reverse("import-refused", args=[record.pk]))
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    assert rows[0] == ["company", "email", "employees", "Refused because"]
    assert rows[1][:2] == ["Acme", "a@acme.com"]
    assert "not a number" in rows[1][3]
    assert rows[2][:2] == ["'=cmd|calc", "'=1+1"]


def test_refused_rows_are_mended_and_sent_again(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    record = imported(client)
    response = client.get(reverse("import-refused", args=[record.pk]))
    text = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    again = imported(client, text.replace(b"many", b"12").replace(b",x,", b",3,"))
    assert (again.read, again.refused) == (2, 0)
    assert Lead.objects.filter(company__name="=cmd|calc").exists()


def test_refused_rows_of_a_workbook_come_back_as_one(
    as_user: AsUser, dana: User, tmp_path: Any
) -> None:
    import xlsxwriter

    path = tmp_path / "leads.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate((["company", "employees"], ["=Acme", "many"])):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)
    client = as_user(dana)
    record = imported(client, path.read_bytes(), name="leads.xlsx")
    response = client.get(reverse("import-refused", args=[record.pk]))
    path.write_bytes(b"".join(response.streaming_content))  # type: ignore[attr-defined]
    table = open_table(path)
    assert table.headers == ("company", "employees", "Refused because")
    (row,) = table.rows()
    assert list(row.cells[:2]) == ["=Acme", "many"]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "empty.csv", "empty"),
        (b"PK\x03\x04nothing", "broken.xlsx", "cannot be read"),
        (b"%PDF-1.7", "paper.pdf", "PDF"),
    ],
)
def test_what_cannot_be_read_is_told(
    as_user: AsUser, dana: User, content: bytes, name: str, words: str
) -> None:
    response = upload(as_user(dana), content, name)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Import.objects.exists()


def test_too_large_is_told(as_user: AsUser, dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_forms, "LARGEST_FILE", 10)
    assert "manage.py import_leads" in upload(as_user(dana)).content.decode()


def test_who_sees_imports(
    as_user: AsUser, dana: User, sam: User, carol: User, jennifer: User, ada: User
) -> None:
    record = imported(as_user(dana))
    for url in (
        reverse("import-detail", args=[record.pk]),
        reverse("import-refused", args=[record.pk]),
    ):
        for user, status in ((dana, 200), (jennifer, 200), (ada, 200), (sam, 404), (carol, 404)):
            assert as_user(user).get(url).status_code == status, (url, user)
        assert Client().get(url).status_code == 302
    assert "leads.csv" not in as_user(sam).get(reverse("import-list")).content.decode()
    assert as_user(carol).get(reverse("import-list")).status_code == 404
    assert upload(as_user(carol)).status_code == 404


def test_who_is_in_no_team_is_told(as_user: AsUser, charlie: User) -> None:
    response = upload(as_user(charlie))
    assert response.status_code == 422
    assert "You are in no team yet" in response.content.decode()


def test_the_list_costs_the_same_however_long(
    as_user: AsUser, dana: User, northeast: Team, django_assert_num_queries
) -> None:
    from tests.fixtures import NOW

    client = as_user(dana)
    Import.objects.create(
        kind="leads", file_name="a", sha256="", team=northeast, by=dana, started_at=NOW
    )
    client.get(reverse("import-list"))
    with django_assert_num_queries(4):
        client.get(reverse("import-list"))
    for number in range(60):
        Import.objects.create(
            kind="leads", file_name=f"f{number}", sha256="", team=northeast, by=dana, started_at=NOW
        )
    with django_assert_num_queries(4):
        page = client.get(reverse("import-list")).content.decode()
    assert "?before=" in page
