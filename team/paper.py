"""What is printed: the paper of each country, and the process that sets words in type as a PDF."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings

US_LETTER, A4 = "us-letter", "a4"
LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "CL", "CO", "CR", "PH", "PR", "VE"})
"""Countries whose paper is Letter; everybody else's is A4."""


class PaperJam(Exception):
    """The PDF could not be made within its limits; in words for who asked."""


def paper_of(country: str) -> str:
    return US_LETTER if country in LETTER_COUNTRIES else A4


def set_in_type(template: str, words: Mapping[str, Any], *, out: IO[bytes], seconds: float) -> None:
    """Write a PDF of a Typst template under templates/ to an open file, a pipe's end or one on disk.

    `words`: what it shows, as JSON: text stays text, whatever it looks like. In a process of its own,
    which is ended after so many seconds: subprocess.CalledProcessError or TimeoutExpired.
    """
    subprocess.run(
        [sys.executable, "-m", "team.typeset", template, str(int(seconds) + 1)],
        input=json.dumps(words).encode(),
        stdout=out,
        stderr=subprocess.PIPE,
        check=True,
        cwd=settings.BASE_DIR,
        env={},
        timeout=seconds,
    )
