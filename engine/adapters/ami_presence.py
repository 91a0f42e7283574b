"""The phones of one Asterisk as presence's `Phones`: what the shared link tells, lists after a reconnect.

While lists are being taken, events wait in the two cores; then everything is told at once. A list that
the PBX does not have, or the account may not take, is done without: hints stand in for device states.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from engine.adapters.ami_pbx import AmiPbx
from engine.ami import actions
from engine.ami.actions import Action
from engine.ami.client import LinkFacts
from engine.ami.line_legs import LineLeg
from engine.ami.lines import Lines
from engine.ami.presence import Changes, DeviceBoard, DeviceLists, MarkTemplate
from engine.ami.settings import AmiSettings
from engine.clock import Clock
from engine.errors import EngineError, PeerRejected
from engine.presence.models import DeviceState, Leg, LegResult, LegRole, LegState, Party
from engine.presence.ports import PhonesListener

log = structlog.get_logger(__name__)

# A PBX that answers a login but not a list is busy; it is asked again, not given up.
_LIST_AGAIN_S = 1.0

_Rows = list[Mapping[str, str]]


class AmiPresence:
    """See `engine.presence.ports.Phones`; also an `AmiListener` of the PBX's link."""

    def __init__(self, settings: AmiSettings, pbx: AmiPbx, clock: Clock) -> None:
        self.name = settings.name
        self._clock = clock
        self._marks = MarkTemplate(settings.do_not_disturb_state) if settings.do_not_disturb_state else None
        self._lines = Lines(self._wall_ms)
        self._board = DeviceBoard(self._marks)
        self._listener: PhonesListener | None = None
        self._lists_wanted = asyncio.Event()
        self._links = 0  # how often the link came up: tells the lists of one from another's
        self._refused: set[str] = set()
        self._client = pbx.share(self)

    # What presence uses

    @property
    def keeps_marks(self) -> bool:
        return self._marks is not None

    def subscribe(self, listener: PhonesListener) -> None:
        self._listener = listener

    async def mark(self, endpoint: str, *, do_not_disturb: bool) -> None:
        if self._marks is None:
            return
        name = self._marks.name(endpoint)
        if self._marks.is_presence:
            action = actions.set_presence_state(name, do_not_disturb=do_not_disturb)
        else:
            action = actions.set_device_state(name, in_use=do_not_disturb)
        await self._client.set_variable(action)

    async def run(self) -> None:
        """Take the lists after each reconnect, until cancelled; no failure of the PBX ends it."""
        while True:
            await self._lists_wanted.wait()
            self._lists_wanted.clear()
            link = self._links
            try:
                lists, channels = await self._lists()
            except EngineError as error:
                if link == self._links and self._client.connected:
                    log.warning("presence.lists_failed", pbx=self.name, code=error.code)
                    await asyncio.sleep(_LIST_AGAIN_S)
                    self._lists_wanted.set()
                continue
            if link == self._links:
                self._take(lists, channels)

    # What the link tells: see AmiListener

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        now = self._clock.monotonic()
        legs: list[LineLeg] = []
        changes = Changes()
        for event in events:
            legs += self._lines.apply(event, now)
            more = self._board.apply(event)
            changes.devices += more.devices
            changes.marks += more.marks
        self._tell(legs, changes)

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        self._links += 1
        self._lines.begin_resync()
        self._board.begin_resync()
        self._lists_wanted.set()

    def link_down(self, pbx: str, reason: EngineError) -> None:
        self._links += 1
        self._lines.begin_resync()
        self._board.begin_resync()
        self._lists_wanted.clear()
        if self._listener is not None:
            self._listener.lost(self.name)

    # Inside

    async def _lists(self) -> tuple[DeviceLists, _Rows]:
        """Raises PeerUnavailable, OutcomeUnknown, or PeerRejected where there is no list of channels."""
        states = await self._optional(actions.device_state_list(), "DeviceStateChange")
        hints = presences = None
        if states is None:
            hints = await self._optional(actions.extension_state_list(), "ExtensionStatus")
        if self._marks is not None and self._marks.is_presence:
            presences = await self._optional(actions.presence_state_list(), "PresenceStateChange")
        contacts = await self._optional(actions.contact_list(), "ContactList")
        channels = await self._client.channels()
        return DeviceLists(states=states, hints=hints, presences=presences, contacts=contacts), channels

    async def _optional(self, action: Action, row_event: str) -> _Rows | None:
        """A list that is done without where the PBX refuses it; why is logged once a PBX."""
        try:
            return await self._client.rows(action, row_event)
        except PeerRejected as error:
            if error.code == "pbx_stopping":
                raise
            if action.name not in self._refused:
                self._refused.add(action.name)
                log.info("presence.list_not_available", pbx=self.name, action=action.name, code=error.code)
            return None

    def _take(self, lists: DeviceLists, channels: _Rows) -> None:
        # Read first: the answers may have come just before the link was lost again.
        if not self._client.connected:
            return
        incomplete = self._lines.resync_incomplete or self._board.resync_incomplete
        changes = self._board.resync(lists)
        self._tell(self._lines.resync(channels, self._clock.monotonic()), changes)
        if incomplete:
            log.warning("presence.events_dropped", pbx=self.name)
            self._lines.begin_resync()
            self._board.begin_resync()
            self._lists_wanted.set()
        elif self._listener is not None:
            self._listener.resynced(self.name)

    def _tell(self, legs: Sequence[LineLeg], changes: Changes) -> None:
        listener = self._listener
        if listener is None:
            return
        if changes.devices:
            states = {one.endpoint: (DeviceState(one.state), one.contacts) for one in changes.devices}
            listener.devices(self.name, states)
        if changes.marks:
            listener.marks(self.name, {mark.endpoint: mark.on for mark in changes.marks})
        if legs:
            listener.legs(self.name, [_leg(leg) for leg in legs])

    def _wall_ms(self, at: float) -> int:
        return self._clock.now_ms() - round((self._clock.monotonic() - at) * 1000)


def _leg(leg: LineLeg) -> Leg:
    """In presence's words."""
    peer = Party(leg.peer.endpoint, leg.peer.number, leg.peer.name)
    same = leg.party == leg.peer
    return Leg(
        uniqueid=leg.uniqueid,
        linkedid=leg.linkedid,
        endpoint=leg.endpoint,
        role=LegRole(leg.role),
        state=LegState(leg.state),
        peer=peer,
        party=peer if same else Party(leg.party.endpoint, leg.party.number, leg.party.name),
        started_ms=leg.started_ms,
        answered=leg.answered,
        answered_ms=leg.answered_ms,
        ended_ms=leg.ended_ms,
        result=None if leg.result is None else LegResult(leg.result),
        inferred=leg.inferred,
    )
