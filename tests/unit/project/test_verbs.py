"""The two command lines a newcomer meets: `./dev` and `ringback`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from engine.cli import app
from tests.unit.project.checkout import ROOT


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
def test_every_verb_explains_itself(verb: tuple[str, ...]) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "engine.cli", *verb, "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("Usage: ")
    assert re.search(r"^  \w.*\.", answer.stdout, re.MULTILINE), "no sentence says what it is for"


def dev(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "dev"), *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_dev_lists_every_verb_it_has() -> None:
    cases = (ROOT / "dev").read_text().rpartition("case $verb in")[2]
    patterns = re.findall(r"^    ([a-z][a-z| -]*)\)", cases, re.MULTILINE)
    known = {word for pattern in patterns for word in pattern.split(" | ")}
    listed = set(re.findall(r"^\./dev ([\w-]+)", dev("help").stdout, re.MULTILINE))
    assert {"run", "test", "smoke", "lint"} <= listed
    assert listed == {word for word in known if not word.startswith("-")}


def test_dev_refuses_a_verb_it_does_not_have() -> None:
    answer = dev("tset")
    assert answer.returncode == 1
    assert "there is no verb 'tset'" in answer.stderr
    assert "./dev test" in answer.stderr


def test_dev_soaks_only_what_there_is() -> None:
    answer = dev("soak", "--faults", "1")
    assert answer.returncode == 1
    assert answer.stderr == "dev: soak what? calls or texts\n"
    for what in re.findall(r"^\./dev soak (\w+)", dev("help").stdout, re.MULTILINE):
        assert (ROOT / "tests" / "e2e" / what / "soak.py").is_file()
