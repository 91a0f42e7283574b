"""What device states, hints, contacts and marks say of phones."""

from __future__ import annotations

import pytest

from engine.ami.presence import (
    Device,
    DeviceBoard,
    DeviceLists,
    DeviceState,
    Mark,
    MarkTemplate,
    hinted_endpoint,
)
from tests.unit.ami import recordings

D = DeviceState


def rows(name: str, action: str, event: str) -> list[dict[str, str]]:
    """The rows of the first list of this kind in a recording."""
    asked = ""
    for line in recordings.lines(name):
        if line["dir"] == "action":
            asked = dict(line["data"])["Action"]
        elif line["dir"] == "reply" and asked == action:
            return [row for row in line["data"] if row.get("Event") == event]
    raise AssertionError(f"{name} has no {action}")


def board_of(marks: MarkTemplate | None = None, *, hints: bool = False) -> DeviceBoard:
    board = DeviceBoard(marks)
    if hints:
        lists = DeviceLists(hints=rows("p-presence-lists", "ExtensionStateList", "ExtensionStatus"))
    else:
        lists = DeviceLists(
            states=rows("p-presence-lists", "DeviceStateList", "DeviceStateChange"),
            contacts=rows("p-presence-lists", "PJSIPShowContacts", "ContactList"),
        )
    board.resync(lists)
    return board


def play(board: DeviceBoard, name: str) -> tuple[list[Device], list[Mark]]:
    devices: list[Device] = []
    marks: list[Mark] = []
    for line in recordings.lines(name):
        if line["dir"] == "event":
            changes = board.apply(line["data"])
            devices += changes.devices
            marks += changes.marks
    return devices, marks


def states(devices: list[Device], endpoint: str) -> list[DeviceState]:
    found: list[DeviceState] = []
    for device in devices:
        if device.endpoint == endpoint and found[-1:] != [device.state]:
            found.append(device.state)
    return found


@pytest.mark.parametrize("hints", [False, True])
def test_list_tells_registered_phones_from_others(hints: bool) -> None:
    board = DeviceBoard()
    wanted = ("ExtensionStateList", "ExtensionStatus") if hints else ("DeviceStateList", "DeviceStateChange")
    listed = rows("p-presence-lists", *wanted)
    changes = board.resync(DeviceLists(hints=listed) if hints else DeviceLists(states=listed))
    found = {device.endpoint: device.state for device in changes.devices}
    assert found["1001"] is D.IDLE
    assert found["1004"] is D.UNREGISTERED


@pytest.mark.parametrize("hints", [False, True])
def test_phone_that_leaves_and_comes_back_is_followed(hints: bool) -> None:
    devices, _ = play(board_of(hints=hints), "p-register-unregister")
    assert states(devices, "1003") == [D.UNREGISTERED, D.IDLE]


def test_registered_contacts_are_counted_where_they_can_be_listed() -> None:
    devices, _ = play(board_of(), "p-register-unregister")
    assert [device.contacts for device in devices if device.endpoint == "1003"][-1] == 1
    assert 0 in [device.contacts for device in devices if device.endpoint == "1003"]


@pytest.mark.parametrize("hints", [False, True])
def test_call_makes_phones_ring_and_busy(hints: bool) -> None:
    devices, _ = play(board_of(hints=hints), "e-inbound-to-user")
    assert states(devices, "1001") == [D.RINGING, D.IN_USE, D.IDLE]
    assert states(devices, "1002") == [D.IN_USE, D.IDLE]


def test_held_phone_is_on_hold() -> None:
    devices, _ = play(board_of(), "a-hold-by-user")
    assert D.ON_HOLD in states(devices, "1002")


def test_marks_of_a_presence_state_are_read() -> None:
    board = DeviceBoard(MarkTemplate("CustomPresence:{endpoint}"))
    board.resync(DeviceLists(states=[], presences=[]))
    told = board.apply({"Event": "PresenceStateChange", "Presentity": "CustomPresence:1001", "Status": "dnd"})
    assert told.marks == [Mark("1001", True)]
    _, marks = play(board, "p-presence-lists")
    assert marks == [Mark("1001", False), Mark("1001", False)]


def test_marks_of_a_device_state_are_read_and_others_ignored() -> None:
    board = DeviceBoard(MarkTemplate("Custom:DND{endpoint}"))
    board.resync(
        DeviceLists(states=[{"Event": "DeviceStateChange", "Device": "Custom:DND7", "State": "INUSE"}])
    )
    change = {"Event": "DeviceStateChange", "State": "NOT_INUSE"}
    assert board.apply({**change, "Device": "Custom:DND7"}).marks == [Mark("7", False)]
    assert board.apply({**change, "Device": "Custom:desk1"}).marks == []
    assert (
        board.apply({"Event": "PresenceStateChange", "Presentity": "CustomPresence:7", "Status": "dnd"}).marks
        == []
    )


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("CustomPresence:{endpoint}", True),
        ("Custom:DND{endpoint}", True),
        ("CustomPresence:fixed", False),
        ("PJSIP/{endpoint}", False),
        ("Custom:{endpoint}{endpoint}", False),
        ("Custom:{endpoint})=x", False),
    ],
)
def test_template_names_one_endpoint_and_nothing_else(text: str, valid: bool) -> None:
    assert MarkTemplate.valid(text) is valid


def test_endpoint_that_is_not_listed_any_more_is_unknown() -> None:
    board = board_of()
    board.begin_resync()
    changes = board.resync(DeviceLists(states=[]))
    assert Device("1001", D.UNKNOWN) in changes.devices


def test_events_wait_for_the_lists() -> None:
    board = DeviceBoard()
    event = {"Event": "DeviceStateChange", "Device": "PJSIP/1001", "State": "INUSE"}
    assert board.apply(event).devices == []
    row = {"Event": "DeviceStateChange", "Device": "PJSIP/1001", "State": "NOT_INUSE"}
    assert board.resync(DeviceLists(states=[row])).devices[-1] == Device("1001", D.IN_USE)


def test_endpoint_whose_name_ends_like_a_channel_is_whole() -> None:
    board = DeviceBoard()
    row = {"Event": "DeviceStateChange", "Device": "PJSIP/acme-0000abcd", "State": "NOT_INUSE"}
    assert board.resync(DeviceLists(states=[row])).devices == [Device("acme-0000abcd", D.IDLE)]


def test_hints_of_one_phone_count_and_others_do_not() -> None:
    assert hinted_endpoint("PJSIP/1001,CustomPresence:1001") == "1001"
    assert hinted_endpoint("PJSIP/1001&PJSIP/1002") == ""
    assert hinted_endpoint("Custom:x") == ""
    assert hinted_endpoint("") == ""
