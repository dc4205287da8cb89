"""The random injector, sized for CI: some forty deaths in a minute or two. `make faults` takes a night."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

KILLS = 40
LONGEST = 900
"""Seconds, on a machine that is busy with other things."""


@pytest.mark.slow
def test_nothing_is_sent_twice_and_nothing_is_lost_whatever_dies(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.injector", "--json", str(told)),
            *("--kills", str(KILLS), "--minutes", "2", "--leads", "40", "--seed", "1"),
        ],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name != "TEST_SLOT"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    report = json.loads(told.read_text())
    assert report["good"]
    assert report["kills"] > 0
    assert report["restarts"] >= 1
    assert report["arrived"] > 0
