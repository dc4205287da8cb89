"""Files between their upload and the word that imports them: private, named by chance, soon gone.

What a page is handed is a signed ticket, good for an hour and for the person who uploaded.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from team.models import User

KEPT_FOR = timedelta(hours=1)
SALT = "prospects.uploads"


class Gone(Exception):
    """The file is no longer kept, or was imported already."""


@dataclass(frozen=True)
class Upload:
    """One file waiting for the word."""

    key: str
    name: str
    source: str
    by_id: int

    @property
    def path(self) -> Path:
        return _folder() / self.key

    @property
    def ticket(self) -> str:
        return signing.dumps(
            [self.key, self.name, self.source, self.by_id], salt=SALT, compress=True
        )


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep(file: UploadedFile, *, source: str, by: User) -> Upload:
    """Write the uploaded file where nothing serves it; those that nobody came back for are deleted."""
    _sweep()
    upload = Upload(uuid.uuid4().hex, Path(file.name or "file").name[:255], source, by.pk)
    with upload.path.open("xb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    return upload


def found(ticket: str, by: User) -> Upload:
    """The upload that a ticket stands for. Raises Gone: too old, somebody else's, or done."""
    try:
        key, name, source, by_id = signing.loads(ticket, salt=SALT, max_age=KEPT_FOR)
    except signing.BadSignature as error:
        raise Gone from error
    upload = Upload(key, name, source, by_id)
    if by_id != by.pk or not upload.path.is_file():
        raise Gone
    return upload


def claim(upload: Upload) -> Path:
    """Take the file for importing: of two who press at once, one gets it and the other Gone."""
    taken = upload.path.with_suffix(".taken")
    try:
        upload.path.rename(taken)
    except FileNotFoundError as error:
        raise Gone from error
    return taken


def _sweep() -> None:
    oldest = time.time() - 2 * KEPT_FOR.total_seconds()
    for path in _folder().iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
