"""How presence says no."""

from __future__ import annotations

from engine.errors import InvalidRequest, NotFound


def not_found(noun: str) -> NotFound:
    return NotFound(f"There is no such {noun}.")


def invalid(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, field=f"/{field}")


def no_user() -> InvalidRequest:
    """The credential acts for nobody, so nobody's presence is meant."""
    return InvalidRequest("This credential acts for no user.", code="no_user")
