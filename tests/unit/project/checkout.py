"""The files of the project, with or without git."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def files() -> Iterator[Path]:
    """Every file that is not named by .gitignore, relative to the root."""
    ignored = re.compile("|".join(_pattern(line) for line in _ignored_names()))
    for folder, folders, names in os.walk(ROOT):
        inside = Path(folder).relative_to(ROOT)
        folders[:] = [name for name in folders if name != ".git" and not ignored.match(f"{inside / name}/")]
        for name in names:
            if not ignored.match(str(inside / name)):
                yield inside / name


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is text, and what it says."""
    for path in files():
        try:
            yield path, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _ignored_names() -> list[str]:
    return (ROOT / ".gitignore").read_text().split()


def _pattern(line: str) -> str:
    """As much of gitignore(5) as ours uses: `name` anywhere, `/name` at the root, `name/` a folder, `*`."""
    anywhere = "" if line.startswith("/") else "(?:.*/)?"
    name = re.escape(line.lstrip("/")).replace(r"\*", "[^/]*")
    return f"{anywhere}{name}" + ("" if line.endswith("/") else "$")
