"""The owner of one PBX's calls: the asyncio shell around `LiveCalls`.

It commits what changed, writes an Originate only after its intent is on disk, hangs up, and keeps
the timers. A fixed number of tasks does all of it; nothing here makes the PBX's reader wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from engine.click_to_call.live import CallTimings, HangUp, LiveCalls
from engine.click_to_call.models import Call, CallStatus
from engine.click_to_call.ports import CallStore, DialRequest, Pbx, PbxFact
from engine.clock import Clock
from engine.errors import EngineError, OutcomeUnknown, StorageUnavailable

log = structlog.get_logger(__name__)

# A PBX answers an Originate within a millisecond; these are for the one that stops answering.
_DIALERS = 16
_HANGERS_UP = 8
_TICK_S = 0.25
_STORE_RETRY_S = 0.5
# Longest wait of a caller for the commit of a cancel; the hang-up itself does not wait for it.
_COMMIT_WITHIN_S = 10.0


class CallDesk:
    """Places, follows and ends the calls of one PBX. Use `run` for as long as calls are taken."""

    def __init__(self, pbx: Pbx, store: CallStore, clock: Clock, timings: CallTimings) -> None:
        self._pbx = pbx
        self._store = store
        self._clock = clock
        self._live = LiveCalls(timings)
        self._changed = asyncio.Event()
        self._settled: list[asyncio.Future[None]] = []
        self._dials: asyncio.Queue[str] = asyncio.Queue()  # no more than live calls, which are limited
        self._hangups: asyncio.Queue[HangUp] = asyncio.Queue()  # one a call at most: see _hanging_up
        self._hanging_up: set[str] = set()
        self._doubtful: deque[tuple[str, float]] = deque()
        self._saving = False
        self._dialing = 0

    @property
    def available(self) -> bool:
        """Whether the PBX answers now."""
        return self._pbx.available

    @property
    def open_calls(self) -> int:
        return len(self._live)

    def call(self, call_id: str) -> Call | None:
        """The call as it stands now, if it goes on here; the store may be a moment behind."""
        return self._live.get(call_id)

    # What the service asks for

    def admit(self, call: Call, request: DialRequest) -> None:
        """Dial a call whose queued row has been committed."""
        self._pbx.follow(call)
        self._live.admit(call, request, self._clock.monotonic())
        self._act()

    def doubt(self, call_id: str) -> None:
        """The caller left, or the store failed, while this call was being created: its row may be
        there. It is not dialled; if it is found queued, it is ended."""
        self._doubtful.append((call_id, self._clock.monotonic() + _COMMIT_WITHIN_S))

    async def cancel(self, call_id: str) -> Call | None:
        """End the call; returns once that wish is on disk. None: it does not go on here.

        Raises StorageUnavailable when it could not be committed in time; the phones are hung up
        all the same.
        """
        call = self._live.cancel(call_id, self._clock.now_ms(), self._clock.monotonic())
        self._act()
        if call is not None:
            await self._commit()
        return call

    # What the PBX tells

    def facts(self, facts: Sequence[PbxFact]) -> None:
        self._live.facts(facts, self._clock.monotonic())
        self._act()

    def link_up(self) -> None:
        self._live.link_up(self._clock.monotonic())
        self._act()

    def link_down(self) -> None:
        self._live.link_down()

    # Running

    def recover(self, unfinished: Sequence[Call]) -> None:
        """Take over the calls an earlier process left on this PBX, and listen to it."""
        self._pbx.subscribe(self)
        if self._pbx.available:
            self.link_up()
        for call in unfinished:
            if self._live.readmit(call, self._clock.now_ms(), self._clock.monotonic()):
                self._pbx.follow(call)
        self._act()

    async def run(self) -> None:
        """Work until cancelled. What the store has not taken by then is found by `recover`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._save_changes(), name="calls.save")
            group.create_task(self._keep_time(), name="calls.time")
            for _ in range(_DIALERS):
                group.create_task(self._dial_calls(), name="calls.dial")
            for _ in range(_HANGERS_UP):
                group.create_task(self._hang_up_calls(), name="calls.hang_up")

    async def drain(self, within_s: float) -> None:
        """Wait until everything known is on disk and every Originate and hang-up begun is answered."""
        deadline = self._clock.monotonic() + within_s
        while self._clock.monotonic() < deadline:
            storing = self._changed.is_set() or self._saving
            if not (storing or self._dialing or self._dials.qsize() or self._hanging_up):
                return
            await asyncio.sleep(0.01)

    # Inside

    def _act(self) -> None:
        """Hand on what the last input caused. Never waits."""
        for hangup in self._live.take_hangups():
            if hangup.call_id not in self._hanging_up:
                self._hanging_up.add(hangup.call_id)
                self._hangups.put_nowait(hangup)
        if self._live.has_changes:
            self._changed.set()

    async def _commit(self) -> None:
        """Wait for the commit of everything changed until now."""
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settled.append(settled)
        self._changed.set()
        try:
            async with asyncio.timeout(_COMMIT_WITHIN_S):
                await settled
        except TimeoutError:
            raise StorageUnavailable("The change could not be stored in time.") from None

    async def _save_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._saving = True
            changes, settled = self._live.take_changes(), self._settled
            self._settled = []
            saved = await self._save(changes)
            for waiting in settled:
                if not waiting.done():
                    waiting.set_result(None)
            for call in saved:
                if call.status is CallStatus.DIALING_CALLER:
                    self._dials.put_nowait(call.id)
                elif call.status.final:
                    _log_end(call)
            self._saving = False

    async def _save(self, changes: Sequence[Call]) -> Sequence[Call]:
        """What is on disk now. Tries until the store answers; saving twice is harmless."""
        while changes:
            try:
                await self._store.save(changes)
            except StorageUnavailable as error:
                log.error("calls.save_failed", pbx=self._pbx.name, calls=len(changes), code=error.code)
                await asyncio.sleep(_STORE_RETRY_S)
            except Exception:
                if len(changes) > 1:
                    return [saved for call in changes for saved in await self._save([call])]
                # Refused for good; the next change of this call writes all of it again.
                log.exception("calls.save_refused", call_id=changes[0].id, status=changes[0].status)
                return []
            else:
                break
        return changes

    async def _dial_calls(self) -> None:
        while True:
            call_id = await self._dials.get()
            request = self._live.start(call_id, self._clock.now_ms(), self._clock.monotonic())
            if request is not None:
                self._dialing += 1
                try:
                    error = await self._originate(request)
                finally:
                    self._dialing -= 1
                self._live.originated(call_id, error, self._clock.now_ms())
            self._act()

    async def _originate(self, request: DialRequest) -> EngineError | None:
        try:
            await self._pbx.originate(request)
        except EngineError as error:
            return error
        except Exception:
            # Whatever went wrong, the phone may be ringing: facts will tell.
            log.exception("calls.originate_crashed", call_id=request.call_id)
            return OutcomeUnknown("The request to the phone system failed in an unexpected way.")
        return None

    async def _hang_up_calls(self) -> None:
        while True:
            hangup = await self._hangups.get()
            try:
                found = await self._pbx.hangup(hangup.channel_id)
            except EngineError as error:
                log.warning("calls.hangup_failed", call_id=hangup.call_id, code=error.code)
            else:
                self._live.hung_up(hangup.call_id, found)
            finally:
                self._hanging_up.discard(hangup.call_id)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            now = self._clock.monotonic()
            self._live.tick(self._clock.now_ms(), now)
            self._act()
            if self._doubtful and now >= self._doubtful[0][1]:
                await self._end_doubtful()

    async def _end_doubtful(self) -> None:
        call_id, _ = self._doubtful[0]
        try:
            call = await self._store.get(call_id)
        except EngineError:
            return  # asked again at the next tick
        self._doubtful.popleft()
        if call is not None and call.status is CallStatus.QUEUED and self._live.get(call_id) is None:
            self._live.refuse(call, self._clock.now_ms())
            self._act()


def _log_end(call: Call) -> None:
    log.info(
        "calls.call_ended",
        call_id=call.id,
        pbx=call.pbx,
        status=call.status,
        reason=call.end_reason,
        ended_leg=call.ended_leg,
        leg_a=call.leg_a.result,
        leg_b=call.leg_b.result,
        causes=(call.leg_a.hangup_cause, call.leg_b.hangup_cause),
        lasted_ms=(call.ended_ms or call.created_ms) - call.created_ms,
    )
