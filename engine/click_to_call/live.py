"""The calls that go on at one PBX: facts and requests in, changes and commands out.

No sockets, no store, no clock: callers pass the times (`now` in monotonic seconds, `now_ms` wall
time) and carry out what `take_changes` and `take_hangups` return. Facts are folded in at once, so
nothing queues while the store is slow; what waits for it is one snapshot a call and status.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import structlog

from engine.click_to_call.call import (
    CLOSING_FACTS,
    IllegalTransition,
    apply_fact,
    commit_originate,
    end,
    request_cancel,
)
from engine.click_to_call.models import (
    Call,
    CallStatus,
    EndedLeg,
    EndReason,
    LegState,
    channel_id,
)
from engine.click_to_call.outcome import close, lost, outcome_of
from engine.click_to_call.ports import DialRequest, FactKind, PbxFact
from engine.errors import EngineError, OutcomeUnknown, PeerUnavailable

log = structlog.get_logger(__name__)

# A channel may still appear minutes after its call was given up; this many are recognised.
_REMEMBERED = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class CallTimings:
    """How long the engine waits before it acts by itself, in seconds."""

    start_within_s: float = 5.0  # a phone that rings later than this surprises its user
    pbx_grace_s: float = 2.0  # the PBX's own ringing timer goes first
    hangup_again_s: float = 0.5
    hangup_give_up_s: float = 10.0  # "no such channel" for this long means there is none
    settle_after_link_s: float = 2.0  # after a reconnect, facts come before timers judge
    max_duration_s: float = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class HangUp:
    """A channel to hang up now, and the call it belongs to."""

    call_id: str
    channel_id: str


class _Stage(Enum):
    WAITING = auto()  # the intent is not on disk, or nothing was written yet
    WRITTEN = auto()  # the Originate may be at the PBX
    UNCERTAIN = auto()  # it went out and no answer came; only facts tell


@dataclass(slots=True)
class _Live:
    call: Call
    request: DialRequest | None
    stage: _Stage
    start_by: float = 0.0
    seen: bool = False  # the PBX has told of a channel
    own_end: EndReason | None = None  # why we are hanging it up
    hangup_since: float = 0.0
    hangup_again: float = 0.0
    missing: bool = False  # the last hang-up found no channel
    leg_a_until: float | None = None
    leg_b_until: float | None = None
    ends_by: float | None = None


@dataclass(slots=True)
class LiveCalls:
    """The calls of one PBX that have not ended."""

    timings: CallTimings
    _calls: dict[str, _Live] = field(default_factory=dict)  # by channel id
    _ended: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _canceled_early: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _changes: list[Call] = field(default_factory=list)
    _latest: dict[str, int] = field(default_factory=dict)  # where in _changes a call stands last
    _hangups: dict[str, HangUp] = field(default_factory=dict)  # by call id: one at a time is enough
    _up: bool = False
    _judge_from: float = 0.0

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, call_id: str) -> Call | None:
        """The call as it stands now, committed or about to be; None when it is not live."""
        entry = self._calls.get(channel_id(call_id))
        return entry.call if entry else None

    # Beginning

    def admit(self, call: Call, request: DialRequest, now: float) -> None:
        """Take a committed, queued call; its intent becomes the next change."""
        entry = _Live(call, request, _Stage.WAITING, start_by=now + self.timings.start_within_s)
        self._calls[call.channel_id] = entry
        if call.id in self._canceled_early:
            self._change(entry, request_cancel(call, call.created_ms))
        else:
            self._change(entry, commit_originate(call))

    def readmit(self, call: Call, now_ms: int, now: float) -> bool:
        """Take an unfinished call found in the store; False if it ended here and now.

        One that was still queued is never dialled late.
        """
        entry = _Live(call, None, _Stage.UNCERTAIN, seen=call.leg_a.channel_id is not None)
        self._calls[call.channel_id] = entry
        if call.status is CallStatus.QUEUED:
            self._end(entry, CallStatus.FAILED, EndReason.ENGINE_RESTARTED, now_ms)
            return False
        began_ms = call.leg_a.started_ms or call.created_ms
        self._set_leg_a_timer(entry, now - max(0, now_ms - began_ms) / 1000)
        self._set_timers(entry, now - _age_s(call, now_ms))
        if call.cancel_requested_ms is not None:
            self._hang_up(entry, EndReason.CANCELED, now)
        return True

    def refuse(self, call: Call, now_ms: int) -> None:
        """End a queued call that nobody waits for any more."""
        entry = self._calls[call.channel_id] = _Live(call, None, _Stage.WAITING)
        self._end(entry, CallStatus.FAILED, EndReason.NOT_STARTED, now_ms)

    def start(self, call_id: str, now_ms: int, now: float) -> DialRequest | None:
        """What to write to the PBX, right before it is written and once only.

        Call it when the intent is on disk. None: the call was canceled meanwhile or is too late.
        """
        entry = self._calls.get(channel_id(call_id))
        if entry is None or entry.stage is not _Stage.WAITING:
            return None
        if now >= entry.start_by:
            self._end(entry, CallStatus.FAILED, EndReason.NOT_STARTED, now_ms)
            return None
        entry.stage = _Stage.WRITTEN
        self._set_leg_a_timer(entry, now)
        return entry.request

    def originated(self, call_id: str, error: EngineError | None, now_ms: int) -> None:
        """What the PBX answered to the Originate; None is acceptance."""
        entry = self._calls.get(channel_id(call_id))
        if entry is None or error is None:
            return
        if isinstance(error, OutcomeUnknown):
            entry.stage = _Stage.UNCERTAIN
            log.warning("calls.originate_unanswered", call_id=call_id, seen=entry.seen)
        elif entry.seen:
            log.error("calls.originate_refused_yet_seen", call_id=call_id, code=error.code)
        elif entry.own_end is EndReason.CANCELED:
            self._end(entry, CallStatus.CANCELED, EndReason.CANCELED, now_ms)
        elif isinstance(error, PeerUnavailable):
            self._end(entry, CallStatus.FAILED, EndReason.PBX_UNAVAILABLE, now_ms)
        else:
            unknown = error.code == EndReason.NO_SUCH_EXTENSION
            reason = EndReason.NO_SUCH_EXTENSION if unknown else EndReason.PBX_REFUSED
            self._end(entry, CallStatus.FAILED, reason, now_ms)

    # Going on

    def facts(self, facts: Sequence[PbxFact], now: float) -> None:
        """Fold in what the PBX tells; facts about calls that are not ours are ignored."""
        for fact in facts:
            entry = self._calls.get(fact.channel_id)
            if entry is not None:
                self._fold(entry, fact, now)
            elif fact.kind is FactKind.LEG_CREATED and fact.channel_id in self._ended:
                # Given up as lost, and now it rings: nobody waits for it any more.
                log.warning("calls.late_channel", channel_id=fact.channel_id)
                call_id = fact.channel_id.removeprefix(channel_id(""))
                self._hangups[call_id] = HangUp(call_id, fact.channel_id)

    def cancel(self, call_id: str, now_ms: int, now: float) -> Call | None:
        """Begin to end the call, in any state and any number of times; None when it is not live.

        The returned call is what to tell the caller; it is final only if nothing had been dialled.
        A call that is not live (yet) is not dialled when it is admitted after all.
        """
        entry = self._calls.get(channel_id(call_id))
        if entry is None:
            _remember(self._canceled_early, call_id)
            return None
        self._change(entry, request_cancel(entry.call, now_ms))
        if entry.stage is _Stage.WAITING:
            self._end(entry, CallStatus.CANCELED, EndReason.CANCELED, now_ms)
        elif entry.own_end is None:
            self._hang_up(entry, EndReason.CANCELED, now)
        else:
            self._ask_to_hang_up(entry, now)
        return entry.call

    def hung_up(self, call_id: str, found: bool) -> None:
        """What the PBX answered to a hang-up; without a channel it is asked again."""
        entry = self._calls.get(channel_id(call_id))
        if entry is not None:
            entry.missing = not found

    def link_up(self, now: float) -> None:
        """The PBX answers again: what was to be hung up is asked for again."""
        self._up = True
        self._judge_from = now + self.timings.settle_after_link_s
        for entry in self._calls.values():
            if entry.own_end is not None:
                entry.hangup_since = now
                self._ask_to_hang_up(entry, now)

    def link_down(self) -> None:
        """Nothing can be known or done; calls keep their state."""
        self._up = False

    def tick(self, now_ms: int, now: float) -> None:
        """Act on what has been silent too long. Call it a few times a second."""
        judging = self._up and now >= self._judge_from
        for entry in list(self._calls.values()):
            if entry.stage is _Stage.WAITING:
                if now >= entry.start_by:
                    self._end(entry, CallStatus.FAILED, EndReason.NOT_STARTED, now_ms)
            elif entry.own_end is not None:
                if self._up and now >= entry.hangup_again:
                    self._hang_up_or_give_up(entry, now_ms, now)
            elif judging:
                self._judge(entry, now)

    # What to do now

    @property
    def has_changes(self) -> bool:
        return bool(self._changes)

    def take_changes(self) -> list[Call]:
        """Snapshots to commit, in order; a call appears once for each status it went through."""
        changes, self._changes, self._latest = self._changes, [], {}
        return changes

    def take_hangups(self) -> list[HangUp]:
        hangups, self._hangups = list(self._hangups.values()), {}
        return hangups

    # Inside

    def _fold(self, entry: _Live, fact: PbxFact, now: float) -> None:
        if fact.kind in CLOSING_FACTS:
            self._change(entry, close(entry.call, fact, entry.own_end))
            return
        try:
            call = apply_fact(entry.call, fact)
        except IllegalTransition:
            log.exception("calls.fact_illegal", call_id=entry.call.id, fact=fact.kind, leg=fact.leg)
            return
        was_seen, entry.seen = entry.seen, True
        if call is not entry.call:
            self._change(entry, call)
            self._set_timers(entry, now)
        answered = fact.kind in (FactKind.LEG_ANSWERED, FactKind.CONNECTED)
        if entry.own_end is not None and (answered or not was_seen):
            self._ask_to_hang_up(entry, now)  # the channel a cancel did not find, or a phone too quick for it

    def _judge(self, entry: _Live, now: float) -> None:
        if entry.leg_a_until is not None and now >= entry.leg_a_until:
            self._hang_up(entry, EndReason.LEG_A_TIMEOUT, now)
        elif entry.leg_b_until is not None and now >= entry.leg_b_until:
            self._hang_up(entry, EndReason.LEG_B_TIMEOUT, now)
        elif entry.ends_by is not None and now >= entry.ends_by:
            self._hang_up(entry, EndReason.MAX_DURATION, now)

    def _set_leg_a_timer(self, entry: _Live, dialed_at: float) -> None:
        if entry.call.leg_a.answered_ms is None:
            entry.leg_a_until = dialed_at + entry.call.leg_a_timeout_s + self.timings.pbx_grace_s

    def _set_timers(self, entry: _Live, since: float) -> None:
        call = entry.call
        if call.leg_a.answered_ms is not None:
            entry.leg_a_until = None
            if entry.ends_by is None:
                entry.ends_by = since + self.timings.max_duration_s
        rings = call.leg_b.state in (LegState.DIALING, LegState.RINGING, LegState.EARLY_MEDIA)
        if not rings or call.connected_ms is not None:
            entry.leg_b_until = None
        elif entry.leg_b_until is None:
            entry.leg_b_until = since + call.leg_b_timeout_s

    def _hang_up(self, entry: _Live, reason: EndReason, now: float) -> None:
        entry.own_end = reason
        entry.hangup_since = now
        self._ask_to_hang_up(entry, now)

    def _ask_to_hang_up(self, entry: _Live, now: float) -> None:
        entry.hangup_again = now + self.timings.hangup_again_s
        if self._up:
            self._hangups[entry.call.id] = HangUp(entry.call.id, _channel_to_hang_up(entry.call))

    def _hang_up_or_give_up(self, entry: _Live, now_ms: int, now: float) -> None:
        if not entry.missing or now < entry.hangup_since + self.timings.hangup_give_up_s:
            self._ask_to_hang_up(entry, now)
            return
        # There is no channel. Seen once, it ended behind our back; never seen, nobody knows.
        known = outcome_of(entry.call, None, entry.own_end) if entry.seen else lost(entry.call, entry.own_end)
        self._change(entry, end(entry.call, known.status, known.ended_leg, known.reason, now_ms))

    def _end(self, entry: _Live, status: CallStatus, reason: EndReason, now_ms: int) -> None:
        self._change(entry, end(entry.call, status, EndedLeg.ENGINE, reason, now_ms))

    def _change(self, entry: _Live, call: Call) -> None:
        if call is entry.call:
            return
        entry.call = call
        place = self._latest.get(call.id)
        if place is not None and self._changes[place].status is call.status:
            self._changes[place] = call  # not told yet: one snapshot a status is enough
        else:
            self._latest[call.id] = len(self._changes)
            self._changes.append(call)
        if call.status.final:
            del self._calls[call.channel_id]
            _remember(self._ended, call.channel_id)


def _remember(memory: OrderedDict[str, None], key: str) -> None:
    memory[key] = None
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)


def _channel_to_hang_up(call: Call) -> str:
    """Leg a's channel takes leg b along; after a transfer only leg b's may be left.

    While a phone is asked to accept, the prompt runs on its own channel behind a Local one, which
    would let it speak to its end. At other times one phone's own channel would let the others ring.
    """
    if call.status is CallStatus.PROMPTING and call.leg_a.channel_id is not None:
        return call.leg_a.channel_id
    if call.leg_a.state is LegState.ENDED and call.leg_b.channel_id is not None:
        return call.leg_b.channel_id
    return call.channel_id


def _age_s(call: Call, now_ms: int) -> float:
    """Seconds since the last step of the call, by wall time; at most what timers can use."""
    steps = (call.leg_a.answered_ms, call.leg_b.started_ms, call.connected_ms)
    last_ms = max((step for step in steps if step is not None), default=now_ms)
    return max(0, now_ms - last_ms) / 1000
