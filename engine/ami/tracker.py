"""AMI events of one PBX in, facts about our calls out.

Pure: no socket, no clock. `now` is monotonic seconds. Knows which event belongs to which call
(by uniqueid, by Linkedid, and by the aliases transfers leave), keeps events back while a channel
list is being fetched, and forgets what is over; what an event means for a call is `tracked_call.py`.

Per call the facts come in order and CALL_ENDED is the last, with one exception: a channel with
our id that appears after ORIGINATE_REFUSED opens the call again with LEG_CREATED.
Source: Asterisk `main/channel.c` (the oldest Linkedid wins where calls are joined).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from engine.ami.facts import CallFact, FactKind, Leg, LegResult
from engine.ami.tracked_call import TRACKED_EVENTS, TrackedCall

__all__ = ["TRACKED_EVENTS", "CallFact", "FactKind", "Leg", "LegResult", "Tracker"]

# An Originate can be in Asterisk's queue while a channel list is made; five seconds is far
# beyond the 2 ms it normally takes and short for a person looking at a screen.
GRACE_S = 5.0
# Late and repeated events stop within seconds; a caller that forgets to forget costs no memory.
KEEP_ENDED_S = 600.0
# Events kept back during a resync, 25 MB at most; a list of 4,000 channels takes 0.15 s.
_QUEUED_EVENTS = 50_000


class Tracker:
    """All calls of ours on one PBX.

    wall_ms: turns `now` into milliseconds since the epoch for `CallFact.at_ms`; without it `now`
    is taken as seconds since the epoch.
    """

    def __init__(self, wall_ms: Callable[[float], int] | None = None) -> None:
        self._wall_ms = wall_ms or (lambda now: round(now * 1000))
        self._calls: dict[str, TrackedCall] = {}
        self._owner: dict[str, TrackedCall] = {}  # by uniqueid, hung-up channels included
        self._linked: dict[str, TrackedCall] = {}  # by Linkedid, ours and joined ones
        self._keys: dict[str, tuple[set[str], set[str]]] = {}  # what each call has in the two above
        self._deadlines: dict[str, float] = {}
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._missing: dict[str, set[str]] = {}  # channels a list did not have
        self._queue: list[Mapping[str, str]] | None = None
        self._resync_began = 0.0
        #: True when events had to be dropped during a resync: begin another one.
        self.resync_incomplete = False

    def watch(self, channel_id: str, destination_is_device: bool, leg_a_timeout_ms: int, now: float) -> None:
        """Follow the call whose Originate carries this ChannelId; call it before writing that.

        Watching a call twice changes nothing.
        """
        if channel_id in self._calls:
            return
        call = TrackedCall(channel_id, destination_is_device, leg_a_timeout_ms / 1000, now)
        self._calls[channel_id] = call
        self._linked[channel_id] = self._owner[channel_id] = call
        self._keys[channel_id] = ({channel_id}, {channel_id})
        self._deadlines[channel_id] = now + leg_a_timeout_ms / 1000 + GRACE_S

    def forget(self, channel_id: str) -> None:
        """Drop a call; its later events are nobody's. Unknown ones are ignored."""
        if self._calls.pop(channel_id, None) is None:
            return
        uniqueids, linkedids = self._keys.pop(channel_id)
        for uniqueid in uniqueids:
            self._owner.pop(uniqueid, None)
        for linkedid in linkedids:
            self._linked.pop(linkedid, None)
        for table in (self._deadlines, self._ended, self._missing):
            table.pop(channel_id, None)

    def apply(self, event: Mapping[str, str], now: float) -> list[CallFact]:
        """What one event tells about our calls; most tell nothing."""
        if event.get("Event") not in TRACKED_EVENTS:
            return []
        if self._queue is None:
            return self._apply(event, now)
        if len(self._queue) < _QUEUED_EVENTS:
            self._queue.append(event)
        else:
            self.resync_incomplete = True
        return []

    def begin_resync(self, now: float) -> None:
        """Keep events back until `resync`; call it when the link goes down or has come up.

        Until then no timer fires, since silence proves nothing.
        """
        if self._queue is None:
            self._queue = []
        self._resync_began = now
        self.resync_incomplete = False

    def resync(self, channels: Iterable[Mapping[str, str]], now: float) -> list[CallFact]:
        """Take over a complete channel list (CoreShowChannels or Status rows, or both), then the queue.

        A call of ours without a listed channel is over, but only after GRACE_S: its Originate may
        still be on its way. Calls watched since `begin_resync` are not judged by the list.
        """
        at_ms, facts = self._wall_ms(now), []
        rows: dict[str, dict[str, Mapping[str, str]]] = {}
        for row in channels:
            call = self._call_of_row(row)
            if call is not None:
                merged = rows.setdefault(call.channel_id, {})
                merged[row["Uniqueid"]] = {**merged.get(row["Uniqueid"], {}), **row}
        for channel_id, call in list(self._calls.items()):
            listed = rows.get(channel_id, {})
            facts += self._after(call, call.reconcile(listed.values(), at_ms), now)
            lost = call.live.keys() - listed.keys()
            if not call.ended and call.watched_at <= self._resync_began and (lost or not call.created):
                self._missing[channel_id] = set(lost)
                self._deadlines[channel_id] = now + GRACE_S
        queue, self._queue = self._queue or [], None
        for event in queue:
            facts += self._apply(event, now)
        return facts

    def tick(self, now: float) -> list[CallFact]:
        """What silence tells by now; call it at `next_deadline`."""
        facts: list[CallFact] = []
        while self._ended:
            channel_id, ended_at = next(iter(self._ended.items()))
            if now < ended_at + KEEP_ENDED_S:
                break
            self.forget(channel_id)
        if self._queue is not None:
            return facts
        for channel_id in [key for key, due in self._deadlines.items() if now >= due]:
            call, at_ms = self._calls[channel_id], self._wall_ms(now)
            del self._deadlines[channel_id]
            missing = self._missing.pop(channel_id, None)
            if not call.created:
                known = missing is None
                result = LegResult.UNREACHABLE if known else LegResult.UNKNOWN
                facts += self._after(call, call.never_appeared(at_ms, result), now)
            elif missing:
                facts += self._after(call, call.channels_lost(sorted(missing), now, at_ms), now)
            facts += self._after(call, call.tick(now, at_ms), now)
        return facts

    def next_deadline(self) -> float | None:
        """When `tick` has something to do; None if never."""
        ended = next(iter(self._ended.values()), None)
        due = [] if ended is None else [ended + KEEP_ENDED_S]
        if self._queue is None and self._deadlines:
            due.append(min(self._deadlines.values()))
        return min(due, default=None)

    def _apply(self, event: Mapping[str, str], now: float) -> list[CallFact]:
        name = event["Event"]
        if name == "OriginateResponse":
            # Never by Uniqueid: a refused second Originate names the live call's.
            call = self._calls.get(event.get("ActionID", ""))
        elif name in ("AttendedTransfer", "BlindTransfer"):
            call = self._join_transfer(event)
        else:
            call = self._call_of(event)
        if call is None:
            return []
        if call.channel_id in self._missing and name != "Hangup":
            self._missing[call.channel_id].discard(event.get("Uniqueid", ""))
        return self._after(call, call.apply(name, event, now, self._wall_ms(now)), now)

    def _call_of(self, event: Mapping[str, str]) -> TrackedCall | None:
        """The call an event belongs to: its channel's, or that of its Linkedid."""
        for side in ("", "Dest", "LocalOne"):
            uniqueid, linkedid = event.get(f"{side}Uniqueid"), event.get(f"{side}Linkedid")
            if not uniqueid:
                continue
            call = self._owner.get(uniqueid)
            if call is None:
                call = self._linked.get(linkedid or "")
            elif linkedid and linkedid not in self._linked:
                # Our channel was joined to an older call and took its Linkedid.
                self._alias(linkedid, call)
            if call is not None:
                return call
        return None

    def _call_of_row(self, row: Mapping[str, str]) -> TrackedCall | None:
        if row.get("Channel", "").startswith("Message/"):
            return None
        return self._call_of(row)

    def _join_transfer(self, event: Mapping[str, str]) -> TrackedCall | None:
        """Whose call was transferred; the Linkedid it was joined with becomes an alias."""
        linkedids = {value for key, value in event.items() if key.endswith("Linkedid") and value}
        calls = [self._linked[linkedid] for linkedid in sorted(linkedids) if linkedid in self._linked]
        if not calls:
            return None
        for linkedid in linkedids:
            if linkedid not in self._linked:
                self._alias(linkedid, calls[0])
        return calls[0]

    def _alias(self, linkedid: str, call: TrackedCall) -> None:
        self._linked[linkedid] = call
        self._keys[call.channel_id][1].add(linkedid)

    def _after(self, call: TrackedCall, facts: list[CallFact], now: float) -> list[CallFact]:
        """Bring the tables up to date with what the call has become."""
        channel_id = call.channel_id
        uniqueids = self._keys[channel_id][0]
        for uniqueid in call.live.keys() - uniqueids:
            if uniqueid not in self._owner:
                self._owner[uniqueid] = call
                uniqueids.add(uniqueid)
        if call.ended:
            self._deadlines.pop(channel_id, None)
            self._missing.pop(channel_id, None)
            self._ended.setdefault(channel_id, now)
            return facts
        self._ended.pop(channel_id, None)
        missing = self._missing.get(channel_id)
        if missing is not None:
            missing &= call.live.keys()
        if call.deadline is not None:
            self._deadlines[channel_id] = call.deadline
        elif call.created and not missing:
            self._deadlines.pop(channel_id, None)
            self._missing.pop(channel_id, None)
        return facts
