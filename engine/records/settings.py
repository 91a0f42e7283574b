"""What an administrator may set about files that are taken home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordsSettings:
    """pdf_font_file: TrueType; None takes DejaVu Sans, Noto Sans or Liberation Sans where one is there."""

    pdf_font_file: Path | None = None
