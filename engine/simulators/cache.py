"""Where downloaded peers are kept between runs: never in the data folder, safe to delete."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """The cache folder, made if it is missing.

    RINGBACK_CACHE, else `.cache/ringback` beside a source checkout, else the user's cache folder.
    """
    root = Path(__file__).resolve().parents[2]
    named = os.environ.get("RINGBACK_CACHE")
    if named:
        base = Path(named)
    elif (root / "pyproject.toml").is_file():
        base = root / ".cache" / "ringback"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ringback"
    folder = base.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
