"""The two command lines a newcomer meets: `./dev` and `ringback`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from engine.cli import app
from tests.unit.project.checkout import ROOT

#: Of processor time, so that a busy machine does not fail it.
_HELP_WITHIN_S = 2.0


def verbs(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Every verb and group below a command, the command itself first."""
    yield path
    if isinstance(command, TyperGroup):
        with typer.Context(command) as context:
            for name in command.list_commands(context):
                yield from verbs(command.get_command(context, name), *path, name)


VERBS = sorted(verbs(typer.main.get_command(app)))


def test_the_verbs_of_the_design_are_there() -> None:
    assert {("serve",), ("demo",), ("check-config",), ("migrate",), ("simulate", "smsc")} <= set(VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb) or "ringback")
def test_every_verb_explains_itself_at_once(verb: tuple[str, ...], tmp_path: Path) -> None:
    output = tmp_path / "help"
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", *verb, "--help"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "100"},
            stdout=stream,
            stderr=stream,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text()
    assert process.returncode == 0, text
    assert text.startswith("Usage: ")
    assert re.search(r"^  \w.*\.", text, re.MULTILINE), "no sentence says what it is for"
    assert usage.ru_utime + usage.ru_stime < _HELP_WITHIN_S


def dev(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "dev"), *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_dev_lists_every_verb_it_has() -> None:
    cases = (ROOT / "dev").read_text().rpartition("case $verb in")[2]
    patterns = re.findall(r"^    ([a-z][a-z| -]*)\)", cases, re.MULTILINE)
    known = {word for pattern in patterns for word in pattern.split(" | ")}
    listed = set(re.findall(r"^\./dev (\w+)", dev("help").stdout, re.MULTILINE))
    assert {"run", "test", "smoke", "lint"} <= listed
    assert listed == {word for word in known if not word.startswith("-")}


def test_dev_refuses_a_verb_it_does_not_have() -> None:
    answer = dev("tset")
    assert answer.returncode == 1
    assert "there is no verb 'tset'" in answer.stderr
    assert "./dev test" in answer.stderr
