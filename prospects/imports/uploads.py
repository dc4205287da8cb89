"""Uploaded files on their way into the database: written to disk piece by piece, never held in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from prospects.models import Import, UploadPart

PART = 1024 * 1024
"""Bytes of a piece."""
NAME = 255


def name_of(file: UploadedFile) -> str:
    """What the file is called, without the folders that some browsers tell."""
    return Path(file.name or "file").name[:NAME]


@contextmanager
def on_disk(file: UploadedFile) -> Iterator[Path]:
    """The uploaded file as one that programs can read; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="leadflow-upload-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
        yield path


def keep(record: Import, path: Path) -> None:
    """Keep the file with its import, until that has ended one way or the other."""
    with path.open("rb") as file:
        for number, content in enumerate(iter(lambda: file.read(PART), b"")):
            UploadPart.objects.create(intake=record, number=number, content=content)


@contextmanager
def fetched(record: Import) -> Iterator[Path]:
    """The kept file on disk once more."""
    parts = UploadPart.objects.filter(intake=record)
    with tempfile.TemporaryDirectory(prefix="leadflow-import-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as file:
            for number in parts.order_by("number").values_list("number", flat=True):
                file.write(parts.values_list("content", flat=True).get(number=number))
        yield path
