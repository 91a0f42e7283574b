"""What must not be in the repository: other people's addresses, this machine's paths, work left over."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.unit.project.checkout import files, texts

#: This file names them all.
_HERE = Path("tests/unit/project/test_repository.py")

_REGISTRIES = re.compile(
    r"\b(pypi|pythonhosted|npmjs|yarnpkg|debian|ubuntu|docker|ghcr|quay|artifact-?registry)\.(org|com|io|net)\b",
    re.IGNORECASE,
)
_MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home|Users)/[\w.]")
_LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP)\b")
_SKIPS = re.compile(r"pytest\.(skip|xfail|importorskip)\b|mark\.(skip|skipif|xfail)\b")


def found(pattern: re.Pattern[str], *but: Path) -> list[str]:
    """Where the pattern stands, as file:line: what."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for path, text in texts()
        if path != _HERE and path not in but
        for match in pattern.finditer(text)
    ]


def test_the_checkout_is_seen_whole_and_alone() -> None:
    seen = set(files())
    assert {_HERE, Path("dev"), Path(".ci/run"), Path("engine/app.py"), Path("LICENSE")} <= seen
    assert not {path.parts[0] for path in seen} & {".git", ".venv", ".cache", "data", "dist"}
    assert not [path for path in seen if path.suffix == ".pyc" or "node_modules" in path.parts]


def test_no_registry_is_named() -> None:
    """Where packages come from is the machine's business; a mirror must do."""
    assert found(_REGISTRIES) == []


def test_no_path_of_somebodys_machine_is_named() -> None:
    assert found(_MACHINE_PATHS) == []


def test_no_work_is_left_over() -> None:
    assert found(_LEFT_OVER) == []


def test_tests_are_skipped_in_one_place_only() -> None:
    """There RINGBACK_REQUIRE turns the skip into a failure."""
    assert found(_SKIPS, Path("tests/peers/require.py")) == []


def test_npm_locks_name_no_address() -> None:
    locks = [(path, json.loads(text)) for path, text in texts() if path.name == "package-lock.json"]
    assert locks
    for path, lock in locks:
        packages = {name: package for name, package in lock["packages"].items() if name}
        assert packages, path
        assert [name for name, package in packages.items() if "resolved" in package] == [], path
        assert [name for name, package in packages.items() if "integrity" not in package] == [], path
