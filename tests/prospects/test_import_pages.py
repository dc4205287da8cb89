"""The pages of imports: upload, see, confirm, and what became of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from prospects import import_views
from prospects.models import Import, Lead
from team.models import Team, User

pytestmark = pytest.mark.django_db

FILE = b"""company,email,employees
Halden Paper,m@haldenpaper.com,310
Acme,a@acme.com,many
Bad,nobody@,
=cmd|calc,=1+1,x
"""


@pytest.fixture(autouse=True)
def private_folder(settings: object, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return tmp_path / "uploads"


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


def ticket_of(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_the_whole_way(as_user: AsUser, dana: User, northeast: Team, private_folder: Path) -> None:
    client = as_user(dana)
    assert "Drop a file" in client.get(reverse("import-list")).content.decode()

    tried = upload(client)
    page = tried.content.decode()
    assert tried.status_code == 200
    assert re.search(r"<b>4</b>\s*read", page)
    assert re.search(r"<b>1</b>\s*created", page)
    assert re.search(r"<b>2</b>\s*refused", page)
    assert "“many” is not a number" in page
    assert not Lead.objects.exists()
    assert not Import.objects.exists()

    done = client.post(reverse("import-confirm"), {"ticket": ticket_of(page)}, follow=True)
    record = Import.objects.get()
    assert done.redirect_chain[-1][0] == reverse("import-detail", args=[record.pk])
    assert (record.by, record.team, record.file_name) == (dana, northeast, "leads.csv")
    assert (record.created, record.screened_out, record.refused) == (1, 1, 2)
    assert Lead.objects.first().source.name == "Fair"  # type: ignore[union-attr]
    assert "1 lead came in." in done.content.decode()
    assert "“many” is not a number" in done.content.decode()
    assert list(private_folder.iterdir()) == []

    listed = client.get(reverse("import-list")).content.decode()
    assert "leads.csv" in listed


def test_confirmed_twice_it_is_imported_once(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    ticket = ticket_of(upload(client).content.decode())
    client.post(reverse("import-confirm"), {"ticket": ticket})
    again = client.post(reverse("import-confirm"), {"ticket": ticket}, follow=True)
    assert "no longer here" in again.content.decode()
    assert Import.objects.count() == 1


def test_a_ticket_is_of_whoever_uploaded(as_user: AsUser, dana: User, sam: User) -> None:
    ticket = ticket_of(upload(as_user(dana)).content.decode())
    for forged in (ticket, ticket + "x", "", "../../etc/passwd"):
        as_user(sam).post(reverse("import-confirm"), {"ticket": forged})
    assert not Import.objects.exists()


def test_refused_rows_come_back_with_the_reason_and_no_formula(as_user: AsUser, dana: User) -> None:
    client = as_user(dana)
    client.post(reverse("import-confirm"), {"ticket": ticket_of(upload(client).content.decode())})
    record = Import.objects.get()
    response = client.get(reverse("import-refused", args=[record.pk]))
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["company", "email", "employees", "Refused because"]
    assert rows[1][:2] == ["Acme", "a@acme.com"]
    assert "not a number" in rows[1][3]
    assert rows[2][:2] == ["'=cmd|calc", "'=1+1"]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "empty.csv", "empty"),
        (b"PK\x03\x04nothing", "broken.xlsx", "cannot be read"),
        (b"\xd0\xcf\x11\xe0 old", "old.xls", "old Excel workbook"),
    ],
)
def test_what_cannot_be_read_is_told(
    as_user: AsUser, dana: User, content: bytes, name: str, words: str, private_folder: Path
) -> None:
    response = upload(as_user(dana), content, name)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not private_folder.exists() or list(private_folder.iterdir()) == []


def test_too_large_and_too_long_are_told(
    as_user: AsUser, dana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_views, "MOST_ROWS", 3)
    response = upload(as_user(dana))
    assert response.status_code == 422
    assert "more than 3 rows" in response.content.decode()
    monkeypatch.setattr(import_views, "LARGEST_FILE", 10)
    assert "manage.py import_leads" in upload(as_user(dana)).content.decode()


def test_who_sees_imports(
    as_user: AsUser, dana: User, sam: User, carol: User, jennifer: User, ada: User
) -> None:
    client = as_user(dana)
    client.post(reverse("import-confirm"), {"ticket": ticket_of(upload(client).content.decode())})
    record = Import.objects.get()
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
