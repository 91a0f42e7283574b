"""What click-to-call refuses, each with the code the API and the portal know it by."""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, PeerUnavailable, RateLimited


def not_found(noun: str) -> NotFound:
    """The same for a missing thing and for another tenant's."""
    return NotFound(f"There is no such {noun}.")


def invalid(field: str, sentence: str, code: str = "invalid_request") -> InvalidRequest:
    return InvalidRequest(sentence, code=code, field=f"/{field}")


def not_your_device() -> Forbidden:
    return Forbidden("You can place calls from your own devices only.", code="not_your_device")


def no_device() -> Conflict:
    return Conflict(
        "The user has no device that could ring. Add one, or make one the default.", code="no_device"
    )


def user_disabled() -> Conflict:
    return Conflict("The user is disabled and cannot place calls.", code="user_disabled")


def caller_id_not_allowed() -> Forbidden:
    return Forbidden(
        "The caller id must be a number of this domain.", code="caller_id_not_allowed", field="/caller_id"
    )


def destination_blocked() -> Forbidden:
    return Forbidden(
        "Calls to this destination are not allowed. Ask your administrator.",
        code="destination_blocked",
        field="/to",
    )


def international_disabled() -> Forbidden:
    return Forbidden(
        "International calls are not allowed. Ask your administrator.",
        code="international_disabled",
        field="/to",
    )


def self_call() -> InvalidRequest:
    return invalid("to", "The destination is your own phone.", "self_call")


def too_many_calls(sentence: str, retry_after_s: float) -> RateLimited:
    return RateLimited(sentence, retry_after_s=retry_after_s)


def minutes_used_up(who: str, minutes: int, retry_after_s: float) -> RateLimited:
    """who: `user` or `domain`."""
    return RateLimited(
        f"The {who} has spoken {minutes} minutes with outside numbers in the last 24 hours, "
        "which is the limit.",
        code="minutes_used_up",
        retry_after_s=retry_after_s,
        native={"limit": f"minutes_per_day_per_{who}"},
    )


def off_hours_burst(calls: int, retry_after_s: float) -> RateLimited:
    return RateLimited(
        f"The office is closed, and {calls} calls to outside numbers within an hour are its limit then. "
        "Ask your administrator.",
        code="off_hours_burst",
        retry_after_s=retry_after_s,
        native={"limit": "off_hours_calls_per_hour"},
    )


def pbx_unavailable() -> PeerUnavailable:
    return PeerUnavailable(
        "The phone system cannot be reached. No phone has rung.", code="pbx_unavailable", retry_after_s=5
    )


def no_such_extension() -> InvalidRequest:
    return invalid("to", "Nobody in this domain has this extension.", "no_such_extension")


def shutting_down() -> PeerUnavailable:
    return PeerUnavailable(
        "The service is stopping and takes no new calls. No phone has rung.",
        code="shutting_down",
        retry_after_s=5,
    )
