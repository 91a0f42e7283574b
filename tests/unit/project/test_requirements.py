"""What is installed is what is declared: pinned, by hash, at one version everywhere."""

from __future__ import annotations

import re
import tomllib

from tests.unit.project.checkout import ROOT


def pins(name: str) -> dict[str, str]:
    """Package to pinned version."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9-]*)==([^\s;]+)", text, re.MULTILINE))


def declared(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements if line and not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", name.group()).lower() for name in names if name}


def test_everything_declared_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = declared(project["project"]["dependencies"])
    extras = [line for lines in project["project"]["optional-dependencies"].values() for line in lines]
    tools = declared((ROOT / "requirements/dev.in").read_text().splitlines())
    build = declared(project["build-system"]["requires"])
    assert runtime - pins("runtime").keys() == set()
    assert (runtime | declared(extras) | tools | build) - pins("dev").keys() == set()


def test_tests_run_with_the_versions_that_ship() -> None:
    assert pins("runtime").items() <= pins("dev").items()


def test_every_pin_has_hashes_and_no_address() -> None:
    for name in ("runtime", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
        unhashed = [block for block in blocks if "==" in block and "--hash=sha256:" not in block]
        assert unhashed == []
        assert "://" not in text
        assert "index" not in text.replace("index-", "")
