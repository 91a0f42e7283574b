"""Ringback from Python: calls, texts, chat and events.

async with Ringback("https://portal.example", key) as ringback:
    call = await ringback.place_call(user_id=user_id, to="+12025550142")
    async for event in ringback.events():
        ...
"""

from ringback_client.client import Ringback
from ringback_client.events import Event, EventEnded, EventStream, Moment, Resync
from ringback_client.problems import Problem, RingbackError, Unreachable
from ringback_client.transport import UNSET, Unset

__all__ = [
    "UNSET",
    "Event",
    "EventEnded",
    "EventStream",
    "Moment",
    "Problem",
    "Resync",
    "Ringback",
    "RingbackError",
    "Unreachable",
    "Unset",
]
