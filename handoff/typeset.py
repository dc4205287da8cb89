"""Sets a dossier in type: JSON on standard input, PDF on standard output.

A process of its own (`handoff.paper` starts it), with limits of its own and nothing of ours in
reach: it knows neither Django nor the settings.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import fontpkg_inter
import fontpkg_source_serif_4
import typst

TEMPLATE = Path(__file__).parent.parent / "templates" / "handoff" / "dossier.typ"
SECONDS = 10
BYTES = 2 * 1024**3
"""Of address space: what a long dossier takes many times over."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    fonts = [
        Path(package.__file__).parent / "files"
        for package in (fontpkg_inter, fontpkg_source_serif_4)
    ]
    made = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"dossier": sys.stdin.read()},
        format="pdf",
        pdf_standards="ua-1",
    )
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
