"""How presence says no."""

from __future__ import annotations

from engine.errors import Forbidden, InvalidRequest, NotFound


def not_found(noun: str) -> NotFound:
    return NotFound(f"There is no such {noun}.")


def invalid(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, field=f"/{field}")


def no_user() -> Forbidden:
    """The credential acts for nobody, so there is nothing of its own."""
    return Forbidden("This credential acts for no user.", code="no_user")
