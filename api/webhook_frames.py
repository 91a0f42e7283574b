"""Events as webhooks carry them: the JSON of an event socket's frames, read as the webhook's domain may.

A domain may want no texts and no numbers out of the house. Then an event says what happened to what, and
the receiver asks for the rest with a key of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from api.event_feed import Completion, Feeds
from api.event_frames import event_octets, may_see
from api.rest import calls
from engine.accounts.models import Principal
from engine.errors import NotFound
from engine.events import Event
from engine.services import Services

#: A text that is a phone number or could be an extension's; ids have a prefix, states are words.
_NUMBER = re.compile(r"[+0-9*#() ./-]{2,40}")


class WebhookFrames:
    """completions: as for event sockets."""

    def __init__(self, services: Services, completions: Mapping[str, Completion]) -> None:
        self._services = services
        self._feeds = Feeds(services, completions)

    def may_see(self, reader: Principal, event: Event) -> bool:
        return may_see(reader, event)

    async def bodies(self, events: Sequence[Event], reader: Principal, *, content: bool) -> Sequence[bytes]:
        """See `engine.webhooks.ports.Frames`."""
        if not content:
            return [event_octets(replace(event, data=_without_numbers(event.data))) for event in events]
        rows = dict(await self._feeds.rows(events, reader))
        for event in events:
            if event.type.startswith("call.") and ("call", event.subject) not in rows:
                try:
                    call = await self._services.calls.get(reader, event.subject)
                except NotFound:
                    continue
                rows["call", event.subject] = calls.shown(call).model_dump(mode="json", by_alias=True)
        return [
            event_octets(event, rows.get((event.type.partition(".")[0], event.subject))) for event in events
        ]


def _without_numbers(data: Mapping[str, object]) -> dict[str, object]:
    """An event's data with each text that could be a phone number left out."""
    return {name: _scrubbed(value) for name, value in data.items() if not _is_number(value)}


def _scrubbed(value: object) -> object:
    if isinstance(value, Mapping):
        return _without_numbers(value)
    if isinstance(value, (list, tuple)):
        return [_scrubbed(one) for one in value if not _is_number(one)]
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None
