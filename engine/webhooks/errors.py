"""What can be wrong with a webhook."""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, RateLimited


def no_such_webhook() -> NotFound:
    return NotFound("There is no such webhook.")


def no_such_delivery() -> NotFound:
    return NotFound("There is no such delivery.")


def no_such_domain() -> NotFound:
    return NotFound("There is no such domain.")


def invalid(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, field=f"/{field}")


def unknown_event_type(at: int, reason: str) -> InvalidRequest:
    """at: where in event_types it stands, from 0."""
    return InvalidRequest(reason, code="unknown_event_type", field=f"/event_types/{at}")


def too_many(most: int) -> Conflict:
    return Conflict(f"A domain has at most {most} webhooks.", code="too_many_webhooks")


def token_refused() -> Forbidden:
    return Forbidden("A page token cannot set up webhooks: they would outlive it.", code="key_required")


def disabled() -> Conflict:
    return Conflict("The webhook is disabled. Enable it first.", code="webhook_disabled")


def test_running() -> RateLimited:
    return RateLimited("A test of this webhook is running.", retry_after_s=10)
