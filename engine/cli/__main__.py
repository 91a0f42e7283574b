"""`python -m engine.cli`, for a checkout that is not installed."""

from __future__ import annotations

from engine.cli import main

main()
