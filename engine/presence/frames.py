"""Presence as JSON: the same words in answers and in frames."""

from __future__ import annotations

from engine.clock import to_rfc3339
from engine.presence.models import LiveCall, UserPresence


def presence_data(one: UserPresence) -> dict[str, object]:
    """What everybody in the domain may see."""
    return {
        "user_id": one.user_id,
        "extension": one.extension,
        "display_name": one.display_name,
        "logged_in": one.logged_in,
        "phone": one.phone.value,
        "phone_since": _at(one.phone_since_ms),
        "phones_registered": one.contacts,
        "do_not_disturb": one.do_not_disturb,
        "status": one.status.value,
        "text": one.text,
        "expires_at": _at(one.expires_ms),
    }


def calls_data(calls: tuple[LiveCall, ...]) -> list[dict[str, object]]:
    """Calls with their parties: for the user and for managers."""
    return [
        {
            "id": call.linkedid,
            "direction": call.direction.value,
            "state": call.state.value,
            "peer": call.other.id,
            "peer_user_id": call.other.user_id,
            "peer_name": call.other.name,
            "started_at": _at(call.started_ms),
            "since": _at(call.since_ms),
        }
        for call in calls
    ]


def _at(ms: int | None) -> str | None:
    """0 stands for a moment that nobody saw."""
    return to_rfc3339(ms) if ms else None
