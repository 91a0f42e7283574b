"""Texts of the desk phones of one Asterisk, over the link that is there anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from engine.adapters.ami_pbx import AmiPbx
from engine.ami.client import LinkFacts
from engine.ami.desk_texts import USER_EVENT, desk_text, message_send
from engine.ami.settings import AmiSettings
from engine.clock import Clock
from engine.desk_phones.models import PhoneText
from engine.errors import EngineError

log = structlog.get_logger()


class AmiTexts:
    """See `engine.desk_phones.ports.TextingPbx`; also an `AmiListener` of the PBX's link."""

    def __init__(self, settings: AmiSettings, pbx: AmiPbx, clock: Clock) -> None:
        self.name = settings.name
        self._secret = settings.message_secret
        self._clock = clock
        self._tell: Callable[[PhoneText], None] | None = None
        self._client = pbx.share(self)

    def on_text(self, listener: Callable[[PhoneText], None]) -> None:
        self._tell = listener

    async def show(self, endpoint: str, sender: str, text: str) -> None:
        await self._client.send_message(message_send(endpoint, sender, text))

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        for event in events:
            if event.get("UserEvent") != USER_EVENT or self._tell is None or not self._secret:
                continue
            found = desk_text(event, self._secret, self._clock.now_ms() / 1000)
            if found is None:
                # Not ours, another secret, or a clock that is off; nothing of it is worth keeping.
                log.warning("desk_phones.event_refused", pbx=self.name)
                continue
            self._tell(PhoneText(self.name, found.endpoint, found.text, found.proof))

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        """Nothing is asked for: a text that came while the link was down is gone."""

    def link_down(self, pbx: str, reason: EngineError) -> None:
        """See `link_up`."""
