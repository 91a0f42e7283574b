"""What everybody is doing now, and what of it has not been told yet.

Pure state: no clock of its own, no task. It joins four sources: who is who, who is logged in, what the
phones do, and what users set. Changes are only noted; `take_changes` gathers them, so that a thousand
changes of a second are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.presence.logins import Logins
from engine.presence.models import (
    DeviceState,
    Direction,
    Leg,
    LegRole,
    LegState,
    LiveCall,
    Other,
    OwnStatus,
    PhoneState,
    RosterUser,
    Status,
    UserPresence,
)
from engine.presence.people import People

Device = tuple[str, str]

# What several phones of a user make together: the first of these that any of them does.
_RANK = (
    PhoneState.ON_THE_PHONE,
    PhoneState.RINGING,
    PhoneState.ON_HOLD,
    PhoneState.IDLE,
    PhoneState.NOT_REGISTERED,
    PhoneState.UNKNOWN,
)
_OF_DEVICE = {
    DeviceState.UNKNOWN: PhoneState.UNKNOWN,
    DeviceState.UNREGISTERED: PhoneState.NOT_REGISTERED,
    DeviceState.IDLE: PhoneState.IDLE,
    DeviceState.RINGING: PhoneState.RINGING,
    DeviceState.IN_USE: PhoneState.ON_THE_PHONE,
    DeviceState.ON_HOLD: PhoneState.ON_HOLD,
}
_OF_LEG = {
    LegState.TALKING: PhoneState.ON_THE_PHONE,
    LegState.DIALING: PhoneState.ON_THE_PHONE,
    LegState.RINGING: PhoneState.RINGING,
    LegState.HELD: PhoneState.ON_HOLD,
}
# Of one call on several phones of a user, the state that says most.
_LEG_RANK = (LegState.TALKING, LegState.HELD, LegState.DIALING, LegState.RINGING)


@dataclass(slots=True)
class _LiveLeg:
    leg: Leg
    since_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """What changed of one user. shown: for the domain; calls: for those who may see parties."""

    presence: UserPresence
    shown: bool
    calls: bool


class Board:
    """Everybody's presence."""

    def __init__(self, people: People, logins: Logins) -> None:
        self.people = people
        self._logins = logins
        self._own: dict[str, OwnStatus] = {}
        self._devices: dict[Device, tuple[DeviceState, int | None]] = {}
        self._legs: dict[Device, dict[str, _LiveLeg]] = {}
        self._dark: set[str] = set()  # PBXs of which nothing is known
        self._told: dict[str, UserPresence] = {}
        self._changed: dict[str, None] = {}

    # What is learnt

    def note(self, user_ids: Iterable[str]) -> None:
        """Something of these users may have changed."""
        for user_id in user_ids:
            self._changed[user_id] = None

    def set_own(self, own: OwnStatus) -> None:
        self._own[own.user_id] = own
        self._changed[own.user_id] = None

    def own(self, user: RosterUser) -> OwnStatus:
        return self._own.get(user.id) or OwnStatus(user_id=user.id, domain_id=user.domain_id)

    def do_not_disturb(self, user_id: str) -> bool:
        own = self._own.get(user_id)
        return own is not None and own.do_not_disturb

    def owns(self) -> list[OwnStatus]:
        return list(self._own.values())

    def device(self, device: Device, state: DeviceState, contacts: int | None) -> None:
        self._devices[device] = (state, contacts)
        self._note_device(device)

    def leg(self, pbx: str, leg: Leg, now_ms: int) -> None:
        """A leg changed; one that is over is dropped."""
        device = (pbx, leg.endpoint)
        legs = self._legs.setdefault(device, {})
        before = legs.get(leg.uniqueid)
        if leg.state is LegState.OVER:
            legs.pop(leg.uniqueid, None)
            if not legs:
                del self._legs[device]
        elif before is None:
            legs[leg.uniqueid] = _LiveLeg(leg, _seen_since(leg))
        else:
            changed = before.leg.state is not leg.state
            since_ms = now_ms if changed else before.since_ms
            if changed and not before.leg.answered and leg.answered_ms is not None:
                since_ms = leg.answered_ms
            legs[leg.uniqueid] = _LiveLeg(leg, since_ms)
        self._note_device(device)

    def darken(self, pbx: str) -> None:
        """Nothing is known of this PBX any more."""
        self._dark.add(pbx)
        self._note_pbx(pbx)

    def lighten(self, pbx: str) -> None:
        self._dark.discard(pbx)
        self._note_pbx(pbx)

    # What there is

    def presence(self, user: RosterUser) -> UserPresence:
        """As of now; phone_since_ms is that of the last `take_changes`."""
        before = self._told.get(user.id)
        if before is not None and user.id not in self._changed:
            return before  # most are what they were, and one asks for thousands at once
        return self._now(user, before)

    def _now(self, user: RosterUser, before: UserPresence | None) -> UserPresence:
        own = self.own(user)
        phone, contacts = self._phone(user)
        return UserPresence(
            user_id=user.id,
            domain_id=user.domain_id,
            extension=user.extension,
            display_name=user.display_name,
            logged_in=self._logins.is_in(user.id),
            phone=phone,
            phone_since_ms=before.phone_since_ms if before is not None else 0,
            do_not_disturb=own.do_not_disturb,
            status=own.status,
            text=own.text,
            expires_ms=own.expires_ms,
            contacts=contacts,
            calls=self._calls(user),
        )

    def take_changes(self, now_ms: int) -> list[Told]:
        """What differs from what was told before, a user each."""
        found: list[Told] = []
        for user_id in self._changed:
            user = self.people.user(user_id)
            before = self._told.get(user_id)
            if user is None:
                self._told.pop(user_id, None)
                self._own.pop(user_id, None)
                continue
            after = self._now(user, before)
            if before is None or before.phone is not after.phone:
                after = replace(after, phone_since_ms=now_ms)
            if after == before:
                continue
            self._told[user_id] = after
            shown = before is None or replace(before, calls=()) != replace(after, calls=())
            calls_before = () if before is None else before.calls
            found.append(Told(after, shown, calls_before != after.calls))
        self._changed.clear()
        return found

    def expired(self, now_ms: int) -> list[OwnStatus]:
        """What is over of what users set, as it is without: status and text, never do-not-disturb."""
        return [
            replace(own, status=Status.AVAILABLE, text="", expires_ms=None, updated_ms=now_ms)
            for own in self._own.values()
            if own.expires_ms is not None and own.expires_ms <= now_ms
        ]

    def _phone(self, user: RosterUser) -> tuple[PhoneState, int | None]:
        states: set[PhoneState] = set()
        counts: list[int] = []
        for device in user.devices:
            if device[0] in self._dark:
                states.add(PhoneState.UNKNOWN)
                continue
            state, contacts = self._devices.get(device, (DeviceState.UNKNOWN, None))
            if contacts is not None:
                counts.append(contacts)
            legs = self._legs.get(device)
            if legs:
                states |= {_OF_LEG[live.leg.state] for live in legs.values()}
            else:
                states.add(_OF_DEVICE[state])
        phone = next((rank for rank in _RANK if rank in states), PhoneState.NOT_REGISTERED)
        return phone, sum(counts) if counts else None

    def _calls(self, user: RosterUser) -> tuple[LiveCall, ...]:
        by_call: dict[tuple[str, str], tuple[str, list[_LiveLeg]]] = {}
        for device in user.devices:
            if device[0] in self._dark:
                continue
            for live in self._legs.get(device, {}).values():
                by_call.setdefault((device[0], live.leg.linkedid), (device[0], []))[1].append(live)
        calls = [self._call(user, pbx, legs) for pbx, legs in by_call.values()]
        return tuple(sorted(calls, key=lambda call: (call.started_ms, call.linkedid)))

    def _call(self, user: RosterUser, pbx: str, legs: list[_LiveLeg]) -> LiveCall:
        main = min(legs, key=lambda live: _LEG_RANK.index(live.leg.state))
        return LiveCall(
            linkedid=main.leg.linkedid,
            direction=direction_of(main.leg),
            state=main.leg.state,
            other=self._other(user, pbx, main.leg),
            started_ms=min(live.leg.started_ms for live in legs),
            since_ms=main.since_ms,
        )

    def _other(self, user: RosterUser, pbx: str, leg: Leg) -> Other:
        # A number the user dialled is theirs; whoever a transfer brought is known by the phone alone.
        dialled = leg.role is not LegRole.DIALED and leg.party == leg.peer
        return self.people.other(user, pbx, leg.party, dialled=dialled)

    def _note_device(self, device: Device) -> None:
        user = self.people.at(*device)
        if user is not None:
            self._changed[user.id] = None

    def _note_pbx(self, pbx: str) -> None:
        for domain in self.people.domains.values():
            for user in domain.users:
                if any(device[0] == pbx for device in user.devices):
                    self._changed[user.id] = None


def direction_of(leg: Leg) -> Direction:
    return Direction.INBOUND if leg.role is LegRole.DIALED else Direction.OUTBOUND


def _seen_since(leg: Leg) -> int:
    """Since when a leg met for the first time is what it is; 0 where nobody saw."""
    if leg.state is LegState.TALKING:
        return leg.answered_ms or 0
    return 0 if leg.answered else leg.started_ms
