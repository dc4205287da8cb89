"""The documents stay true: links lead somewhere, commands and variables exist, keys are keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from handoff.imports import STAGED as STAGED_HANDOFF
from leadflow.celery import app
from leadflow.context import DESTINATIONS
from nurture.standing import LETTERS
from nurture.touching import OUTCOMES
from prospects.qualification import BuyingRole
from prospects.reading import mapping
from prospects.stages import Disqualification, Stage

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
GUIDES = sorted(ROOT.glob("docs/guide/*.md"))
PROSE = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in DOCUMENTS]
GUIDE = [pytest.param(path, id=path.stem) for path in GUIDES]

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> str:
    """The text without what stands in fences."""
    return FENCE.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """The headings of a document as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(path: Path, heading: str) -> Iterator[list[str]]:
    """The cells of the rows of the first table below a heading, its own heading left out."""
    below = path.read_text().partition(f"\n## {heading}\n")[2]
    assert below, f"{path.name} has no part “{heading}”"
    rows = re.search(r"(?:^\|.*\|$\n?)+", below, re.MULTILINE)
    assert rows, f"“{heading}” of {path.name} has no table"
    for line in rows[0].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("path", PROSE)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _hash, anchor = target.partition("#")
        there = (path.parent / file) if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("path", PROSE)
def test_every_command_exists(path: Path) -> None:
    text = path.read_text()
    told = set(re.findall(r"manage\.py ([a-z]\w*)", text))
    assert not told - set(get_commands())
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"(?:`|^|&& )make ([a-z-]+)", text, re.MULTILINE))
    assert not told - targets


def test_every_variable_of_operations_is_read() -> None:
    told = {cell.strip("`") for cell, *_rest in table(ROOT / "docs/operations.md", "Environment")}
    readers = ("leadflow/settings.py", "docker-compose.yml", "gunicorn.conf.py")
    code = "".join((ROOT / name).read_text() for name in readers)
    read = set(re.findall(r"environment\.\w+\(\s*[\"'](\w+)[\"']", code))
    read |= set(re.findall(r"\$\{(\w+)", code)) | set(re.findall(r'environ\.get\("(\w+)"', code))
    assert told - read == set()
    assert read - told == {"EMBEDDED"}  # of the tests


def test_operations_tells_every_tick() -> None:
    told = {
        task.strip("`")
        for _every, task, _does in table(ROOT / "docs/operations.md", "What beat does")
    }
    assert told == {entry["task"] for entry in app.conf.beat_schedule.values()}


def formats(heading: str) -> set[str]:
    return {column.strip("`") for column, _holds in table(ROOT / "docs/guide/import.md", heading)}


@pytest.mark.parametrize(
    ("heading", "catalogue"),
    [("Leads", mapping.LEADS), ("Touches", mapping.TOUCHES), ("Handoffs", mapping.HANDOFFS)],
)
def test_the_file_formats_tell_every_column(heading: str, catalogue: mapping.Catalogue) -> None:
    assert formats(heading) == set(catalogue)


def test_the_file_formats_tell_every_choice() -> None:
    text = (ROOT / "docs/guide/import.md").read_text()
    values = {*Stage.values, *Disqualification.values, *BuyingRole.values, *OUTCOMES}
    values |= {outcome for outcomes in OUTCOMES.values() for outcome in outcomes}
    assert {value for value in values if f"`{value}`" not in text} == {"unknown"}
    assert "result" in STAGED_HANDOFF


# What pages say

SAID = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])")


def words_of_pages() -> str:
    """Templates and code, in which every word of a page stands; forms run on without line ends."""
    files = [*(ROOT / "templates").rglob("*.html")]
    for app_name in ("leadflow", "reports", "handoff", "nurture", "prospects", "team"):
        files += (ROOT / app_name).rglob("*.py")
    return " ".join(" ".join(file.read_text().split()) for file in files)


def test_what_a_guide_says_in_italics_stands_on_a_page() -> None:
    pages = words_of_pages()
    told = {words for path in GUIDES for words in SAID.findall(prose(path))}
    assert {words for words in told if words not in pages} == NOT_LITERAL


NOT_LITERAL = {
    "Sign for marketing",  # Sign for {{ side }}
    "Sign for sales",
    "italics",
}


# Keys

DECLARED = re.compile(r'data-key="([^"{]+)"')
NAMED = {
    "ctrl+enter": "Enter",
    "ctrl+k": '"k"',
    "esc": "Escape",
    "?": '"?"',
    "/": '"/"',
    "j": '"j"',
    "k": '"k"',
}
"""Keys that no element declares, and how the scripts write them."""


def declared_keys() -> set[str]:
    """The keys that some page has: declared in templates, in the queue, or by a component."""
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    return {*DECLARED.findall(templates), *LETTERS.values(), *"123456789"}


def keys_in(cell: str) -> Iterator[str]:
    """The single keys of a cell such as “G then T, L”, “1 to 9” or “Ctrl+Enter”."""
    for part in cell.removeprefix("G then ").split(", "):
        first, _to, last = part.partition(" to ")
        yield from (map(str, range(int(first), int(last) + 1)) if last else [first.lower()])


@pytest.mark.parametrize("path", GUIDE)
def test_every_key_of_a_guide_is_one(path: Path) -> None:
    if path.stem == "import":
        assert "## Keys" not in path.read_text()
        return
    scripts = "".join(script.read_text() for script in (ROOT / "static/js").glob("*.js"))
    places = {place.key for place in DESTINATIONS[path.stem]}
    unknown = set()
    for _where, cell, _does in table(path, "Keys"):
        if cell.startswith("G then "):
            assert set(keys_in(cell)) == places
            continue
        for key in keys_in(cell):
            known = NAMED[key] in scripts if key in NAMED else key in declared_keys()
            if not known:
                unknown.add(key)
    assert not unknown
