"""What notifications refuse, each with the code the API and the portal know it by."""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound


def no_user() -> Forbidden:
    return Forbidden("This credential acts for no user.", code="no_user")


def invalid(field: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field=f"/{field}")


def no_such_subscription() -> NotFound:
    """The same for a missing one and somebody else's."""
    return NotFound("There is no such push subscription.")


def too_many_subscriptions(most: int) -> Conflict:
    return Conflict(f"A user has at most {most} push subscriptions.", code="too_many_subscriptions")


def channel_unavailable(sentence: str) -> Conflict:
    return Conflict(sentence, code="channel_unavailable")


def unsubscribe_link_unknown() -> NotFound:
    return NotFound("This link is not one of ours.")
