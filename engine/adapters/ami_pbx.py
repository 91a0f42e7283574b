"""One Asterisk as click-to-call's `Pbx`: the AMI link, the tracker, and the look-up after a reconnect.

After each connection the channels are listed before anything is dialled: events wait in the
tracker meanwhile, and a followed call that is not there is LOST once a grace period is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from engine.ami.actions import Flow
from engine.ami.client import AmiClient, AmiListener, AmiSettings, LinkFacts, LinkStatus, OriginateRequest
from engine.ami.facts import CallFact
from engine.ami.tracker import Tracker
from engine.click_to_call.models import Call, CallStatus, LegResult
from engine.click_to_call.ports import DialRequest, FactKind, PbxFact, PbxListener
from engine.clock import Clock
from engine.errors import EngineError, OutcomeUnknown, PeerUnavailable

log = structlog.get_logger(__name__)

_TICK_S = 0.25
# A PBX that answers a login but not a list is busy; it is asked again, not given up.
_LIST_AGAIN_S = 1.0


class AmiPbx:
    """See `engine.click_to_call.ports.Pbx`; also the `AmiListener` of its own link.

    Raises ValueError on settings that cannot work.
    """

    def __init__(self, settings: AmiSettings, clock: Clock) -> None:
        self.name = settings.name
        self._clock = clock
        self._client = AmiClient(settings, self, clock)
        self._tracker = Tracker(self._wall_ms)
        self._tracker.begin_resync(clock.monotonic())
        self._listener: PbxListener | None = None
        self._others: list[AmiListener] = []
        self._listed = False  # whether the channels have been listed since the link came up
        self._list_wanted = asyncio.Event()

    def share(self, listener: AmiListener) -> AmiClient:
        """Let somebody else hear all that the link tells, after click-to-call. Returns the link."""
        self._others.append(listener)
        return self._client

    # What click-to-call uses

    @property
    def available(self) -> bool:
        return self._client.connected and self._listed

    def subscribe(self, listener: PbxListener) -> None:
        self._listener = listener

    def follow(self, call: Call) -> None:
        now = self._clock.monotonic()
        timeout_ms = call.leg_a_timeout_s * 1000
        self._tracker.watch(call.channel_id, call.destination_is_device, timeout_ms, now)
        if call.status is not CallStatus.QUEUED and self._client.connected:
            self._tracker.begin_resync(now)
            self._list_wanted.set()

    async def originate(self, request: DialRequest) -> None:
        try:
            if not self.available:
                raise PeerUnavailable("The link to the PBX is down.", code="pbx_unavailable")
            await self._client.originate(_originate_request(request))
        except OutcomeUnknown:
            raise
        except EngineError:
            self._tracker.forget(request.channel_id)  # nothing was dialled, nothing will be told
            raise

    async def hangup(self, channel_id: str) -> bool:
        return await self._client.hangup(channel_id)

    # Running

    async def run(self) -> None:
        """Keep the link up and the calls followed until cancelled; no failure of the PBX ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._client.run(), name="ami.link")
            group.create_task(self._list_when_wanted(), name="ami.list")
            group.create_task(self._keep_time(), name="ami.time")

    async def stop(self) -> None:
        """Let waiting actions be answered, then close the link. `run` is to be cancelled afterwards."""
        await self._client.stop()

    def status(self) -> LinkStatus:
        """For health checks and operators."""
        return self._client.status()

    # What the link tells: see AmiListener

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        now = self._clock.monotonic()
        facts: list[CallFact] = []
        for event in events:
            facts += self._tracker.apply(event, now)
        self._tell(facts)
        for other in self._others:
            other.events(pbx, events)

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        self._tracker.begin_resync(self._clock.monotonic())
        self._list_wanted.set()
        for other in self._others:
            other.link_up(pbx, facts)

    def link_down(self, pbx: str, reason: EngineError) -> None:
        self._tracker.begin_resync(self._clock.monotonic())
        self._list_wanted.clear()
        was_up, self._listed = self._listed, False
        if was_up and self._listener is not None:
            self._listener.link_down()
        for other in self._others:
            other.link_down(pbx, reason)

    # Inside

    async def _list_when_wanted(self) -> None:
        while True:
            await self._list_wanted.wait()
            self._list_wanted.clear()
            try:
                rows = await self._client.channels()
            except EngineError as error:
                log.warning("pbx.list_failed", pbx=self.name, code=error.code)
                await asyncio.sleep(_LIST_AGAIN_S)
                if self._client.connected:
                    self._list_wanted.set()
                continue
            self._take_list(rows)

    def _take_list(self, rows: Sequence[Mapping[str, str]]) -> None:
        now = self._clock.monotonic()
        # Read first: the answer may have come just before the link was lost again.
        if not self._client.connected:
            return
        incomplete = self._tracker.resync_incomplete
        self._tell(self._tracker.resync(rows, now))
        if incomplete:
            log.warning("pbx.events_dropped", pbx=self.name)
            self._tracker.begin_resync(now)
            self._list_wanted.set()
        elif not self._listed:
            self._listed = True
            if self._listener is not None:
                self._listener.link_up()

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._tell(self._tracker.tick(self._clock.monotonic()))

    def _tell(self, facts: Sequence[CallFact]) -> None:
        if facts and self._listener is not None:
            self._listener.facts([_pbx_fact(fact) for fact in facts])

    def _wall_ms(self, at: float) -> int:
        return self._clock.now_ms() - round((self._clock.monotonic() - at) * 1000)


def _pbx_fact(fact: CallFact) -> PbxFact:
    """In click-to-call's words. An end that was only concluded from silence or a list is LOST."""
    kind = FactKind(fact.kind)
    if fact.inferred and kind in (FactKind.CALL_ENDED, FactKind.ORIGINATE_REFUSED):
        return PbxFact(fact.channel_id, FactKind.LOST, None, "", fact.at_ms)
    return PbxFact(
        channel_id=fact.channel_id,
        kind=kind,
        leg=fact.leg,
        leg_channel=fact.leg_channel,
        at_ms=fact.at_ms,
        result=LegResult(fact.result) if fact.result is not None else None,
        hangup_cause=fact.cause,
        sip_code=fact.sip_code,
        ended_first=fact.ended_first,
    )


def _originate_request(request: DialRequest) -> OriginateRequest:
    flow = Flow.DIRECT
    if request.prompt:
        flow = Flow.ACCEPT_PROMPT
    elif request.all_devices:
        flow = Flow.ALL_DEVICES
    return OriginateRequest(
        channel_id=request.channel_id,
        call_id=request.call_id,
        endpoint=request.endpoint,
        context=request.context,
        exten=request.exten,
        timeout_ms=request.ring_timeout_s * 1000,
        caller_number=request.caller_number,
        caller_name=request.caller_name,
        destination_number=request.destination_number,
        destination_name=request.destination_name,
        auto_answer=request.auto_answer,
        flow=flow,
    )
