"""Sets words in type: JSON on standard input, PDF on standard output.

A process of its own (`team.paper` starts it), with limits of its own and nothing of ours in reach: it
knows neither Django nor the settings.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import fontpkg_inter
import fontpkg_source_serif_4
import typst

TEMPLATES = Path(__file__).parent.parent / "templates"
BYTES = 2 * 1024**3
"""Of address space: what a long dossier takes many times over."""


def main(template: str, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    fonts = [
        Path(package.__file__).parent / "files"
        for package in (fontpkg_inter, fontpkg_source_serif_4)
    ]
    made = typst.compile(
        TEMPLATES / template,
        root=TEMPLATES,
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"words": sys.stdin.read()},
        format="pdf",
        pdf_standards="ua-1",
    )
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
