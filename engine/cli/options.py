"""Options that several verbs share, and the configuration they lead to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from config.load import Loaded

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Configuration file. Otherwise RINGBACK_CONFIG, ./ringback.toml or /etc/ringback/ringback.toml.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def load_configuration(file: Path | None) -> Loaded:
    """The configuration, its warnings told on standard error.

    Raises InvalidConfiguration.
    """
    from config.load import load

    loaded = load(file, os.environ)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return loaded
