"""From the legs of phones to what a user's call log says: one entry for each user of each call.

Pure. An entry begins with the first leg of a user and is over with the last one; it opens again when
the same call rings them again. Who rang in vain is told "answered elsewhere" as soon as somebody else
answers that call, if it rang them by then; a call that was passed on to them later is one they missed.

Leg a of a click is not logged here: click-to-call knows better, and logs it in the commit that ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from engine.presence.models import (
    MISSED_RESULTS,
    CallLogEntry,
    CallResult,
    Direction,
    Leg,
    LegResult,
    LegRole,
    LegState,
    Other,
    RosterUser,
)

#: How the call ids of clicks begin; see `engine.click_to_call.models.channel_id`.
CLICKED = "c2c-"

_OUTBOUND = {
    LegResult.ANSWERED: CallResult.ANSWERED,
    LegResult.ANSWERED_ELSEWHERE: CallResult.ANSWERED,
    LegResult.BUSY: CallResult.BUSY,
    LegResult.NO_ANSWER: CallResult.NO_ANSWER,
    LegResult.REJECTED: CallResult.REJECTED,
    LegResult.CANCELED: CallResult.CANCELED,
    LegResult.UNREACHABLE: CallResult.UNREACHABLE,
    LegResult.CONGESTION: CallResult.FAILED,
    LegResult.INVALID_NUMBER: CallResult.FAILED,
    LegResult.FORBIDDEN: CallResult.FAILED,
    LegResult.UNKNOWN: CallResult.UNKNOWN,
}
_INBOUND = {
    LegResult.ANSWERED: CallResult.ANSWERED,
    LegResult.ANSWERED_ELSEWHERE: CallResult.ANSWERED_ELSEWHERE,
    LegResult.BUSY: CallResult.BUSY,
    LegResult.REJECTED: CallResult.REJECTED,
    LegResult.UNKNOWN: CallResult.UNKNOWN,
}
# Of several phones of one user, what the first of these says counts: one that was declined says more
# than one that went on ringing, and one that rang says more than one that was busy.
_INBOUND_RANK = (
    CallResult.ANSWERED,
    CallResult.ANSWERED_ELSEWHERE,
    CallResult.REJECTED,
    CallResult.UNKNOWN,
    CallResult.MISSED,
    CallResult.BUSY,
)

#: Makes the other side of a user's leg presentable.
Resolve = Callable[[RosterUser, Leg], Other]


@dataclass(slots=True)
class _Part:
    """One user's part in a call."""

    entry: CallLogEntry
    legs: dict[str, Leg] = field(default_factory=dict)


@dataclass(slots=True)
class _Call:
    """live: uniqueids of every leg that goes on, whoever's. answers: endpoint and time of each phone that
    was called and answered."""

    live: set[str] = field(default_factory=set)
    parts: dict[str, _Part] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)


class CallHistory:
    """All calls that go on, on all PBXs. now_ms: wall time; new_id: makes the id of an entry."""

    def __init__(self, now_ms: Callable[[], int], new_id: Callable[[], str], resolve: Resolve) -> None:
        self._now_ms = now_ms
        self._new_id = new_id
        self._resolve = resolve
        self._calls: dict[tuple[str, str], _Call] = {}
        self._remembered: dict[tuple[str, str, str], CallLogEntry] = {}

    def remember(self, entries: Iterable[CallLogEntry]) -> None:
        """Entries that were open when the engine ended; their calls may go on."""
        for entry in entries:
            self._remembered[entry.pbx, entry.linkedid, entry.user_id] = entry

    def apply(self, pbx: str, leg: Leg, user: RosterUser | None) -> list[CallLogEntry]:
        """The entries that a leg changes. user: whose phone it is; None is nobody of ours."""
        key = (pbx, leg.linkedid)
        call = self._calls.setdefault(key, _Call())
        changed: list[CallLogEntry] = []
        if leg.state is LegState.OVER:
            call.live.discard(leg.uniqueid)
        else:
            call.live.add(leg.uniqueid)
        if leg.answered and leg.role is LegRole.DIALED and leg.endpoint not in call.answers:
            call.answers[leg.endpoint] = leg.answered_ms or self._now_ms()
        if user is not None and not (leg.role is LegRole.PLACED and leg.linkedid.startswith(CLICKED)):
            changed += self._take(pbx, call, leg, user)
        if leg.answered:
            changed += self._answered_elsewhere(call, leg)
        if not call.live:
            del self._calls[key]
        return changed

    def resynced(self, pbx: str) -> list[CallLogEntry]:
        """All calls of the PBX are known: what was remembered and did not come back has ended unseen."""
        lost = [entry for entry in self._remembered.values() if entry.pbx == pbx]
        return [self._ended_unseen(entry) for entry in lost]

    def give_up(self, pbxs: Iterable[str]) -> list[CallLogEntry]:
        """Close what is remembered of PBXs other than these: nobody will ever tell."""
        known = set(pbxs)
        lost = [entry for entry in self._remembered.values() if entry.pbx not in known]
        return [self._ended_unseen(entry) for entry in lost]

    def _take(self, pbx: str, call: _Call, leg: Leg, user: RosterUser) -> list[CallLogEntry]:
        part = call.parts.get(user.id)
        if part is None:
            if leg.state is LegState.OVER and leg.inferred and not leg.answered:
                return []  # seen for the first time when it was over already
            part = call.parts[user.id] = _Part(self._begun(pbx, leg, user))
            before = None
        else:
            before = part.entry
        part.legs[leg.uniqueid] = leg
        part.entry = self._told_by(call, part, user)
        return [part.entry] if part.entry != before else []

    def _begun(self, pbx: str, leg: Leg, user: RosterUser) -> CallLogEntry:
        remembered = self._remembered.pop((pbx, leg.linkedid, user.id), None)
        return remembered or CallLogEntry(
            id=self._new_id(),
            domain_id=user.domain_id,
            user_id=user.id,
            pbx=pbx,
            linkedid=leg.linkedid,
            peer="",
            peer_user_id=None,
            peer_name="",
            direction=Direction.INBOUND,
            result=None,
            started_ms=leg.started_ms,
            open=True,
        )

    def _told_by(self, call: _Call, part: _Part, user: RosterUser) -> CallLogEntry:
        """The entry as all legs of the user tell it."""
        before, legs = part.entry, list(part.legs.values())
        own = [leg for leg in legs if leg.role is not LegRole.DIALED]
        direction = Direction.OUTBOUND if own else Direction.INBOUND
        answered = before.answered or any(leg.answered for leg in legs)
        main = next((leg for leg in own or legs if leg.answered), (own or legs)[0])
        other = self._resolve(user, main)
        moments = [leg.answered_ms for leg in legs if leg.answered_ms is not None]
        is_open = any(leg.state is not LegState.OVER for leg in legs)
        entry = replace(
            before,
            direction=direction,
            answered=answered,
            started_ms=min(before.started_ms, *(leg.started_ms for leg in legs)),
            answered_ms=before.answered_ms or min(moments, default=None),
            peer=other.id or before.peer,
            peer_user_id=other.user_id or (None if other.id else before.peer_user_id),
            peer_name=other.name or before.peer_name,
            open=is_open,
            result=None,
            ended_ms=None,
        )
        if is_open:
            return entry
        ends = [leg.ended_ms for leg in legs]
        ended_ms = None if None in ends else max(end for end in ends if end is not None)
        result = self._result(entry, call, own or legs, {leg.endpoint for leg in legs})
        return _closed(replace(entry, ended_ms=ended_ms), result)

    def _result(self, entry: CallLogEntry, call: _Call, legs: list[Leg], endpoints: set[str]) -> CallResult:
        if entry.answered:
            return CallResult.ANSWERED
        if entry.direction is Direction.OUTBOUND:
            return _OUTBOUND[legs[-1].result or LegResult.UNKNOWN]
        found = {_INBOUND.get(leg.result or LegResult.UNKNOWN, CallResult.MISSED) for leg in legs}
        result = next(rank for rank in _INBOUND_RANK if rank in found)
        elsewhere = any(
            at_ms >= entry.started_ms for endpoint, at_ms in call.answers.items() if endpoint not in endpoints
        )
        return CallResult.ANSWERED_ELSEWHERE if elsewhere and result in MISSED_RESULTS else result

    def _answered_elsewhere(self, call: _Call, leg: Leg) -> list[CallLogEntry]:
        """Correct what was logged as missed of a call that somebody else has answered now."""
        at_ms = call.answers.get(leg.endpoint)
        changed: list[CallLogEntry] = []
        if at_ms is None:
            return changed
        for part in call.parts.values():
            theirs = any(one.endpoint == leg.endpoint for one in part.legs.values())
            if part.entry.missed and not theirs and part.entry.started_ms <= at_ms:
                part.entry = _closed(part.entry, CallResult.ANSWERED_ELSEWHERE)
                changed.append(part.entry)
        return changed

    def _ended_unseen(self, entry: CallLogEntry) -> CallLogEntry:
        del self._remembered[entry.pbx, entry.linkedid, entry.user_id]
        return _closed(entry, CallResult.ANSWERED if entry.answered else CallResult.UNKNOWN)


def _closed(entry: CallLogEntry, result: CallResult) -> CallLogEntry:
    ended = replace(entry, open=False, result=result)
    return replace(ended, seen=not ended.missed)
