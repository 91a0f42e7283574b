"""What the PBX says of phones themselves: in use or not, registered or not, do-not-disturb or not.

Pure: no socket, no clock. Two sources tell the same: device states (module res_manager_devicestate), and,
where that is not loaded, the hints of the dialplan. They are never mixed, since they come in no order.
The number of registered contacts is known only where the account may list them (write class system).
Source: Asterisk `main/devicestate.c`, `res/res_manager_devicestate.c`, `res/res_manager_presencestate.c`,
`main/pbx.c` (hint states); recordings of 22.10.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.ami.line_legs import endpoint_of_device

Event = Mapping[str, str]

#: A PBX of 2,000 users has some thousand names; more than this are an attack or a mistake.
_NAMES = 100_000
_QUEUED_EVENTS = 50_000
_PRESENCE, _CUSTOM = "CustomPresence:", "Custom:"
_ENDPOINT_PLACE = "{endpoint}"
_TEMPLATE = re.compile(r"(?:CustomPresence|Custom):[A-Za-z0-9_.-]*\{endpoint\}[A-Za-z0-9_.-]*")


class DeviceState(StrEnum):
    """What one phone is doing, as its PBX sees it."""

    UNKNOWN = "unknown"
    UNREGISTERED = "unregistered"
    IDLE = "idle"
    RINGING = "ringing"
    IN_USE = "in_use"
    ON_HOLD = "on_hold"


_DEVICE_STATES = {
    "UNKNOWN": DeviceState.UNKNOWN,
    "NOT_INUSE": DeviceState.IDLE,
    "INUSE": DeviceState.IN_USE,
    "BUSY": DeviceState.IN_USE,
    "INVALID": DeviceState.UNREGISTERED,
    "UNAVAILABLE": DeviceState.UNREGISTERED,
    "RINGING": DeviceState.RINGING,
    "RINGINUSE": DeviceState.IN_USE,
    "ONHOLD": DeviceState.ON_HOLD,
}
# Bits of AST_EXTENSION_*; those that say most come first.
_HINT_BITS = (
    (1 | 2, DeviceState.IN_USE),
    (16, DeviceState.ON_HOLD),
    (8, DeviceState.RINGING),
    (4, DeviceState.UNREGISTERED),
)


@dataclass(frozen=True, slots=True)
class Device:
    """One endpoint. contacts: registered addresses, None where the account may not list them."""

    endpoint: str
    state: DeviceState
    contacts: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Do-not-disturb of one endpoint, as its PBX has it."""

    endpoint: str
    on: bool


@dataclass(frozen=True, slots=True)
class MarkTemplate:
    """Where a PBX keeps do-not-disturb: `CustomPresence:{endpoint}`, a presence state, or
    `Custom:DND{endpoint}`, a device state that desk phones can watch."""

    text: str

    @classmethod
    def valid(cls, text: str) -> bool:
        return _TEMPLATE.fullmatch(text) is not None

    @property
    def is_presence(self) -> bool:
        return self.text.startswith(_PRESENCE)

    def name(self, endpoint: str) -> str:
        return self.text.replace(_ENDPOINT_PLACE, endpoint)

    def endpoint(self, name: str) -> str:
        """Whose mark a name is; empty for nobody's."""
        head, _, tail = self.text.partition(_ENDPOINT_PLACE)
        if not name.startswith(head) or not name.endswith(tail):
            return ""
        return name[len(head) : len(name) - len(tail)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLists:
    """The lists taken after a reconnect; None: the PBX or the account does not have it.

    states: DeviceStateList rows; hints: ExtensionStateList rows, taken without the former;
    presences: PresenceStateList rows; contacts: PJSIPShowContacts rows.
    """

    states: Sequence[Event] | None = None
    hints: Sequence[Event] | None = None
    presences: Sequence[Event] | None = None
    contacts: Sequence[Event] | None = None


@dataclass(slots=True)
class Changes:
    """What one event or a resync changed."""

    devices: list[Device] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


class DeviceBoard:
    """All endpoints of one PBX. marks: where do-not-disturb is kept, None for nowhere."""

    def __init__(self, marks: MarkTemplate | None = None) -> None:
        self._marks = marks
        self._devices: dict[str, Device] = {}
        self._contacts: dict[str, set[str]] | None = None  # addresses by endpoint
        self._by_hints = False
        self._queue: list[Event] | None = []
        #: True when events had to be dropped during a resync: begin another one.
        self.resync_incomplete = False

    def apply(self, event: Event) -> Changes:
        changes = Changes()
        if event.get("Event") not in DEVICE_EVENTS:
            return changes
        if self._queue is None:
            self._take(event, changes)
        elif len(self._queue) < _QUEUED_EVENTS:
            self._queue.append(event)
        else:
            self.resync_incomplete = True
        return changes

    def begin_resync(self) -> None:
        """Keep events back until `resync`: the link has come up, or is down."""
        if self._queue is None:
            self._queue = []
        self.resync_incomplete = False

    def resync(self, lists: DeviceLists) -> Changes:
        """Take over complete lists, then the events that were kept back.

        Endpoints that are not listed any more are unknown. Every mark that is set is told.
        """
        changes = Changes()
        self._by_hints = lists.states is None
        self._contacts = None if lists.contacts is None else _contacts(lists.contacts)
        before, self._devices = self._devices, {}
        for row in lists.states or ():
            self._device_state(row, changes)
        for row in lists.hints or ():
            self._hint(row, changes)
        for row in lists.presences or ():
            self._presence_state(row, changes)
        changes.devices = [one for one in self._devices.values() if before.get(one.endpoint) != one]
        gone = before.keys() - self._devices.keys()
        changes.devices += [Device(endpoint, DeviceState.UNKNOWN) for endpoint in sorted(gone)]
        queue, self._queue = self._queue or [], None
        for event in queue:
            self._take(event, changes)
        return changes

    # Events and rows

    def _take(self, event: Event, changes: Changes) -> None:
        match event["Event"]:
            case "DeviceStateChange":
                self._device_state(event, changes)
            case "ExtensionStatus":
                if self._by_hints:
                    self._hint(event, changes)
            case "PresenceStateChange":
                self._presence_state(event, changes)
            case "ContactStatus":
                self._contact(event, changes)
            case "PeerStatus":
                self._peer(event, changes)

    def _device_state(self, event: Event, changes: Changes) -> None:
        name = event.get("Device", "")
        if name.startswith(_CUSTOM):
            if self._marks is not None and not self._marks.is_presence:
                on = event.get("State") not in ("NOT_INUSE", "UNKNOWN", "INVALID", "UNAVAILABLE")
                self._mark(name, changes, on=on)
            return
        endpoint = endpoint_of_device(name)
        if endpoint and not self._by_hints:
            self._set(endpoint, _DEVICE_STATES.get(event.get("State", ""), DeviceState.UNKNOWN), changes)

    def _hint(self, event: Event, changes: Changes) -> None:
        endpoint = hinted_endpoint(event.get("Hint", ""))
        if endpoint:
            self._set(endpoint, _hint_state(event.get("Status", "")), changes)

    def _presence_state(self, event: Event, changes: Changes) -> None:
        if self._marks is not None and self._marks.is_presence:
            status = event.get("Status", "")
            if status != "not_set":
                self._mark(event.get("Presentity", ""), changes, on=status == "dnd")

    def _mark(self, name: str, changes: Changes, *, on: bool) -> None:
        endpoint = self._marks.endpoint(name) if self._marks is not None else ""
        if endpoint:
            changes.marks.append(Mark(endpoint, on))

    def _contact(self, event: Event, changes: Changes) -> None:
        """A phone registered, left, or ceased to answer probes; the device's state follows by itself."""
        if self._contacts is None:
            return
        endpoint, address = event.get("EndpointName") or event.get("AOR", ""), event.get("URI", "")
        if not endpoint or not address:
            return
        addresses = self._contacts.setdefault(endpoint, set())
        if event.get("ContactStatus") in ("Removed", "Unreachable"):
            addresses.discard(address)
        elif len(addresses) < _NAMES:
            addresses.add(address)
        device = self._devices.get(endpoint)
        if device is not None:
            self._set(endpoint, device.state, changes)

    def _peer(self, event: Event, changes: Changes) -> None:
        """An endpoint lost its last contact or got its first one; told a moment before its device state."""
        endpoint = endpoint_of_device(event.get("Peer", ""))
        device = self._devices.get(endpoint)
        if device is None:
            return
        status = event.get("PeerStatus")
        if status in ("Unreachable", "Unregistered") and device.state is DeviceState.IDLE:
            self._set(endpoint, DeviceState.UNREGISTERED, changes)
        elif status in ("Reachable", "Registered") and device.state is DeviceState.UNREGISTERED:
            self._set(endpoint, DeviceState.IDLE, changes)

    def _set(self, endpoint: str, state: DeviceState, changes: Changes) -> None:
        if endpoint not in self._devices and len(self._devices) >= _NAMES:
            return
        contacts = None if self._contacts is None else len(self._contacts.get(endpoint, ()))
        device = Device(endpoint, state, contacts)
        if self._devices.get(endpoint) != device:
            self._devices[endpoint] = device
            changes.devices.append(device)


def hinted_endpoint(hint: str) -> str:
    """The one endpoint a hint speaks of; empty for hints of several devices, or of none of ours."""
    devices = [part for part in re.split("[&,]", hint) if part and not part.startswith(_PRESENCE)]
    return endpoint_of_device(devices[0]) if len(devices) == 1 else ""


def _hint_state(status: str) -> DeviceState:
    if not status.isascii() or not status.isdigit():
        return DeviceState.UNKNOWN  # removed and deactivated hints are negative
    bits = int(status)
    return next((state for mask, state in _HINT_BITS if bits & mask), DeviceState.IDLE)


def _contacts(rows: Iterable[Event]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.get("Status") != "Unreachable" and row.get("Endpoint"):
            found.setdefault(row["Endpoint"], set()).add(row.get("Uri", ""))
    return found


#: The events that tell of phones; class call, but ContactStatus and PeerStatus of class system.
DEVICE_EVENTS = frozenset(
    {"DeviceStateChange", "ExtensionStatus", "PresenceStateChange", "ContactStatus", "PeerStatus"}
)
