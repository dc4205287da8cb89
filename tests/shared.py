"""Where the shared test data lie: real files that nobody here wrote, not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(
    os.environ.get("SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)

needs_shared_data = pytest.mark.skipif(
    not SHARED.is_dir(),
    reason="the shared test data are not here (SHARED_DATA, else ../shared/data)",
)
