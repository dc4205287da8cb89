"""docs/api.md, command by command: what the page says a reader may type is run, and what it shows, told.

A small shell stands in for bash, curl and jq, which not every machine has: it knows what the page
uses, and fails on anything else.
"""

from __future__ import annotations

import json
import re
import shlex
import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from handoff.models import Handoff
from prospects.models import Lead
from prospects.stages import Stage
from tests.fixtures import NOW

PAGE = Path(settings.BASE_DIR) / "docs" / "api.md"
SITE = "http://localhost:8000"


class Shell:
    """Runs what the page types."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.client = APIClient()
        self.answer: Any = None

    def run(self, block: str) -> None:
        for statement in statements(block):
            self.do(statement)

    def do(self, statement: str) -> None:
        if re.fullmatch(r"\w+\(\)\s+\{ curl .*\}", statement):
            return
        if loop := re.fullmatch(r"for (\w+) in ([^;]+); do\s+(.*)\s+done", statement, re.DOTALL):
            for value in loop[2].split():
                self.variables[loop[1]] = value
                self.run(loop[3])
        elif assignment := re.fullmatch(r"([A-Z]+)=(.*)", statement, re.DOTALL):
            self.variables[assignment[1]] = self.value(assignment[2])
        elif printed := re.fullmatch(r"printf '(.*)' > (\S+)", statement):
            self.files[printed[2]] = printed[1].replace(r"\n", "\n").encode()
        else:
            self.ask(statement)

    def value(self, text: str) -> str:
        command = re.fullmatch(r"\$\((.*)\)", text, re.DOTALL)
        if command is None:
            return text
        if token := re.match(r"\.venv/bin/python manage\.py (create_token .*)", command[1]):
            out = StringIO()
            call_command(*token[1].split(), stdout=out, stderr=StringIO())
            return out.getvalue().strip()
        if command[1] == "cat /proc/sys/kernel/random/uuid":
            return str(uuid.uuid4())
        asked, path = command[1].rsplit(" | jq ", 1)
        self.ask(asked)
        found = self.answer
        for key, index in re.findall(r"\.([a-z_]+)|\[(\d+)\]", path):
            found = found[key] if key else found[int(index)]
        return str(found)

    def ask(self, command: str) -> None:
        """dana URL [-X METHOD] [-H HEADER] [--json BODY] [-F FIELD=VALUE]"""
        person, *words = shlex.split(self.expanded(command))
        headers = {"Authorization": f"Token {self.variables[person.upper()]}"}
        method, url, sent, kind = "", "", {}, "json"
        rest = iter(words)
        for word in rest:
            match word:
                case "-X":
                    method = next(rest)
                case "-H":
                    name, _colon, value = next(rest).partition(": ")
                    headers[name] = value
                case "--json":
                    sent, method = json.loads(next(rest)), method or "POST"
                case "-F":
                    name, _equals, value = next(rest).partition("=")
                    sent[name] = self.upload(value)
                    kind, method = "multipart", "POST"
                case _:
                    assert word.startswith(SITE), f"What is {word!r} in {command!r}?"
                    url = word.removeprefix(SITE)
        if method in {"", "GET"}:
            answer = self.client.get(url, headers=headers)
        else:
            send = getattr(self.client, method.lower())
            answer = send(url, sent, format=kind, headers=headers)
        self.answer = answer.json()
        refused = answer.status_code >= 400
        assert not refused or '"fax"' in command, f"{command}\n{self.answer}"

    def upload(self, value: str) -> Any:
        path = value.removeprefix("@")
        return SimpleUploadedFile(Path(path).name, self.files[path]) if path != value else value

    def expanded(self, text: str) -> str:
        text = text.replace("$(date +%Y-%m)", f"{timezone.now():%Y-%m}")
        return re.sub(r"\$([A-Za-z]+)", lambda found: self.variables[found[1]], text)


def statements(block: str) -> Iterator[str]:
    """The statements of a block, each whole: quotes, brackets and loops closed."""
    gathered = ""
    for typed in block.strip().splitlines():
        gathered = f"{gathered}\n{typed}" if gathered else typed
        try:
            shlex.split(gathered)
        except ValueError:
            continue
        begun = re.match(r"for \w+ in", gathered) and not gathered.endswith("done")
        if not begun and gathered.count("$(") <= gathered.count(")"):
            yield gathered
            gathered = ""
    assert not gathered, f"This does not end: {gathered}"


def assert_told(shown: Any, answered: Any) -> None:
    """What the page shows is part of the answer; "…" stands for anything."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert_told(value, answered[name])
    elif shown != "…":
        assert shown == answered


@time_machine.travel(NOW, tick=False)
@pytest.mark.usefixtures("dana", "carol", "jennifer", "standard", "fair", "paper_mills")
def test_the_page_tells_the_truth() -> None:
    shell = Shell()
    for language, block in re.findall(r"```(sh|json)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        if language == "sh":
            shell.run(block)
        else:
            assert_told(json.loads(block), shell.answer)
    lead = Lead.objects.get(company__name="Halden Paper")
    assert lead.stage == Stage.WON
    assert Handoff.objects.get().revenue == 385_000
