"""The PDF that comes out, read back: its pages, its words, and where on the sheet each address stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from django.test import Client
from pypdf import PageObject, PdfReader

from nurture.letters.actions import make_batch, take_out
from nurture.letters.paper import labels_pdf, letters_pdf
from nurture.letters.reads import pile
from nurture.letters.windows import label_sheet_of, window_of
from nurture.models import Enrolment, PrintBatch
from prospects.models import Company, Contact
from team.models import Organisation, User
from team.paper import PaperJam, paper_of
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]
MM = 72 / 25.4
HOSTILE = '#panic() #read("/etc/passwd") $x^2$ *bold* _it_ <b>x</b> @ref \\ `raw` [x] ]] // /* =h'


def read(made: object) -> PdfReader:
    with made as file:  # type: ignore[attr-defined]
        return PdfReader(BytesIO(file.read()))


def words_at(page: PageObject) -> Iterator[tuple[str, float, float]]:
    """Each piece of text with where it begins: millimeters from the left and from the top."""
    found: list[tuple[str, float, float]] = []
    height = float(page.mediabox.height)

    def visit(text: str, cm: list[float], tm: list[float], font: object, size: float) -> None:
        if text.strip():
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            found.append((text.strip(), x / MM, (height - y) / MM))

    page.extract_text(visitor_text=visit)
    yield from found


def text_of(page: PageObject) -> str:
    return " ".join(page.extract_text().split())


def test_a_letter_a_page_in_the_order_of_the_post(batch: PrintBatch) -> None:
    document = read(letters_pdf(batch, pile(batch)))
    assert len(document.pages) == 3
    for page, letter in zip(document.pages, batch.letters.order_by("number"), strict=True):
        text = text_of(page)
        assert " ".join(letter.address.split()) in text
        assert "a letter about line 3" in text
        assert "June 17, 2026" in text
        assert "Dana Whitfield" in text
        assert f"name {letter.code}" in text
        assert "program@northwind.example" in text
    assert document.metadata is not None
    assert document.metadata.author == "Northwind Drives"


@pytest.mark.parametrize("country", ["US", "DE", "GB", "FR", "CH"])
@pytest.mark.parametrize("length", [1, 12])
def test_the_address_stands_in_the_window(
    due_letter: Callable[..., Enrolment], dana: User, country: str, length: int
) -> None:
    """However long it is: it is set smaller until it fits."""
    Organisation.objects.update(country=country)
    due_letter(country="JP", street="Sakura Street 5 " * length, city="Zyzzyva")
    Company.objects.update(name="Halden Paper " * length)
    Contact.objects.update(first_name="Maria " * min(length, 9))
    batch = make_batch(channel="letter", by=dana, now=NOW).batch
    assert batch is not None
    (page,) = read(letters_pdf(batch, pile(batch))).pages
    size = {"us-letter": (612, 792), "a4": (595, 842)}[paper_of(country)]
    assert (round(page.mediabox.width), round(page.mediabox.height)) == size
    window = window_of(country)
    lines = [word for word in words_at(page) if "JAPAN" in word[0] or "Zyzzyva" in word[0]]
    assert len(lines) >= (2 if length == 1 else 1)
    for words, x, y in lines:
        assert window.x - 0.5 <= x <= window.x + window.width, words
        assert window.y <= y <= window.y + window.height, words


def test_markup_in_names_is_text(due_letter: Callable[..., Enrolment], dana: User) -> None:
    enrolment = due_letter(street="1 #sys.inputs Road")
    Company.objects.filter(leads=enrolment.lead).update(name=HOSTILE)
    batch = make_batch(channel="letter", by=dana, now=NOW).batch
    assert batch is not None
    letters = pile(batch)
    for made in (letters_pdf(batch, letters), labels_pdf(batch, letters)):
        (page,) = read(made).pages
        text = page.extract_text().replace(" ", "").replace("\n", "")
        assert HOSTILE.replace(" ", "") in text
        assert "1#sys.inputsRoad" in text


def test_a_long_letter_goes_on_on_a_second_page(
    due_letter: Callable[..., Enrolment], dana: User
) -> None:
    due_letter()
    Contact.objects.update(last_name="Lind " * 20)
    batch = make_batch(channel="letter", by=dana, now=NOW).batch
    assert batch is not None
    (letter,) = pile(batch)
    letter.body = "\n\n".join(["A paragraph of some length that says little. " * 6] * 30)
    document = read(letters_pdf(batch, [letter]))
    assert len(document.pages) > 1
    assert all(letter.code in text_of(page) for page in document.pages)


def test_labels_in_the_order_of_the_pile(batch: PrintBatch) -> None:
    (page,) = read(labels_pdf(batch, pile(batch))).pages
    sheet = label_sheet_of("US")
    found = {word: (x, y) for word, x, y in words_at(page)}
    for number in range(3):
        x, y = found[f"{batch.pk}-{number + 1}"]
        left = sheet.left + number * sheet.across
        assert left < x < left + sheet.width
        assert sheet.top < y < sheet.top + sheet.height


def test_a_sheet_holds_thirty(batch: PrintBatch) -> None:
    letters = pile(batch)
    assert len(read(labels_pdf(batch, letters * 10)).pages) == 1
    assert len(read(labels_pdf(batch, [*letters * 10, letters[0]])).pages) == 2


def test_what_was_taken_out_is_not_printed_again(batch: PrintBatch, dana: User) -> None:
    letter = batch.letters.order_by("number")[1]
    take_out(letter=letter, again=True, why="", by=dana, now=NOW)
    document = read(letters_pdf(batch, pile(batch)))
    assert len(document.pages) == 2
    assert letter.code not in "".join(text_of(page) for page in document.pages)


def test_the_download(batch: PrintBatch, dana: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(dana)
    for name, pages in (("letters", 3), ("labels", 1)):
        answer = client.get(f"/letters/{batch.pk}/{name}.pdf")
        assert answer.status_code == 200
        assert answer.streaming
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"] == f'attachment; filename="{name}-{batch.pk}.pdf"'
        assert answer["Cache-Control"] == "private, no-store"
        content = answer.getvalue()
        assert int(answer["Content-Length"]) == len(content)
        assert len(PdfReader(BytesIO(content)).pages) == pages
    one = client.get(f"/letters/{batch.pk}/letters.pdf?number=2")
    (page,) = PdfReader(BytesIO(one.getvalue())).pages
    assert f"{batch.pk}-2" in page.extract_text()
    assert client.get(f"/letters/{batch.pk}/letters.pdf?number=99").status_code == 404


def test_a_paper_jam_is_told(
    batch: PrintBatch,
    dana: User,
    as_user: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nurture.letters.paper.SECONDS", 0.001)
    with pytest.raises(PaperJam):
        letters_pdf(batch, pile(batch))
    answer = as_user(dana).get(f"/letters/{batch.pk}/letters.pdf", follow=True)
    assert "The PDF could not be made" in answer.content.decode()
