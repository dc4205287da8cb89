"""A batch as a PDF: its letters, or its addresses on sheets of labels. Made anew from what is frozen."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import IO, Any

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from nurture.letters.windows import folds_of, label_sheet_of, window_of
from nurture.models import Letter, PrintBatch
from team.paper import PaperJam, paper_of, set_in_type

SECONDS = 25
LONG_DAY = "F j, Y"


def letters_pdf(batch: PrintBatch, letters: Sequence[Letter]) -> IO[bytes]:
    """The letters, each on a page of its own, the address where the usual envelope has its window.

    An open file, to be closed by whoever asked; it is on disk and gone with that. PaperJam where it
    can not be made in time.
    """
    return _made("nurture/letters/letters.typ", pile_of(batch, letters))


def labels_pdf(batch: PrintBatch, letters: Sequence[Letter]) -> IO[bytes]:
    """The addresses on sheets of labels, in the order of the pile; otherwise as `letters_pdf`."""
    words = {
        **_head(batch, _("Labels")),
        "sheet": asdict(label_sheet_of(batch.country)),
        "letters": [
            {"code": letter.code, "address": letter.address.split("\n")} for letter in letters
        ],
    }
    return _made("nurture/letters/labels.typ", words)


def pile_of(batch: PrintBatch, letters: Iterable[Letter]) -> dict[str, Any]:
    """What templates/nurture/letters/letters.typ shows: plain words."""
    letterhead = [line.strip() for line in batch.letterhead.splitlines() if line.strip()]
    return {
        **_head(batch, batch.get_channel_display()),
        "paper": paper_of(batch.country),
        "window": asdict(window_of(batch.country)),
        "folds": folds_of(batch.country),
        "letterhead": letterhead,
        "letters": [
            {
                "code": letter.code,
                "address": letter.address.split("\n"),
                "sender": " · ".join(letterhead),
                "date": date_format(batch.dated_on, LONG_DAY),
                "subject": letter.subject,
                **_body(letter, letterhead[0]),
                "stop": _way_out(batch, letter),
            }
            for letter in letters
        ],
    }


def _head(batch: PrintBatch, title: str) -> dict[str, Any]:
    return {
        "title": f"{title} {batch.pk}",
        "author": batch.letterhead.partition("\n")[0],
        "lang": (get_language() or "en").split("-")[0],
    }


def _body(letter: Letter, organisation: str) -> dict[str, list[str]]:
    """The paragraphs, and the closing, above which there is room to sign."""
    paragraphs = [part.strip() for part in letter.body.replace("\r\n", "\n").split("\n\n")]
    paragraphs = [part for part in paragraphs if part]
    signed = letter.signed_by
    if signed and paragraphs and paragraphs[-1].startswith(signed):
        return {"paragraphs": paragraphs[:-1], "closing": paragraphs[-1].split("\n")}
    return {"paragraphs": paragraphs, "closing": [signed, organisation] if signed else []}


def _way_out(batch: PrintBatch, letter: Letter) -> str:
    """How to hear no more from us by post, as every letter says."""
    if batch.answer_to:
        return _(
            "If you would rather not get letters from us, write to us or to %(email)s and name"
            " %(code)s."
        ) % {"email": batch.answer_to, "code": letter.code}
    return _("If you would rather not get letters from us, write to us and name %s.") % letter.code


def _made(template: str, words: dict[str, Any]) -> IO[bytes]:
    made = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        set_in_type(template, words, out=made, seconds=SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        made.close()
        raise PaperJam(_("The PDF could not be made. Try again with fewer letters.")) from error
    made.seek(0)
    return made
