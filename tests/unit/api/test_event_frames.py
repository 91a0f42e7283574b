"""What a reader may see, what waits for it, and what a cursor is."""

from __future__ import annotations

import json

import pytest

from api.event_frames import (
    checked_cursor,
    cursor_of_text,
    ephemeral_frame,
    event_frame,
    may_see,
    text_frame,
    text_of_cursor,
)
from engine.accounts.models import SYSTEM, Principal, Scope
from engine.errors import InvalidRequest
from engine.events import MANAGERS_ONLY, Event, private_to
from engine.services import Ephemeral

ANN = Principal("token", "tok_1", "dom_1", "usr_ann", Scope.BASIC_USER)
MANAGER_PAGE = Principal("token", "tok_2", "dom_1", "usr_boss", Scope.OFFICE_MANAGER)
USERLESS = Principal("key", "key_1", "dom_1", None, Scope.BASIC_USER)


def event(type: str = "call.updated", user_ids: tuple[str, ...] = (), seq: int = 1) -> Event:
    return Event("dom_1", seq, type, "x_1", {"a": 1}, 1_800_000_000_000, user_ids)


@pytest.mark.parametrize(
    ("one", "seen"),
    [
        (event(user_ids=("usr_ann",)), True),
        (event(user_ids=("usr_bob", "usr_ann")), True),
        (event(user_ids=("usr_bob",)), False),
        (event(user_ids=MANAGERS_ONLY), False),
        (event("call.updated"), False),
        (event("message.received"), False),
        (event("conversation.updated"), False),
        (event("key.created"), False),
        (event("domain.updated"), True),
        (event("domain"), True),
        (event("domains.updated"), False),
        (event("something_new.happened"), False),
    ],
)
def test_a_basic_user_sees_its_own_and_what_is_everybodys(one: Event, seen: bool) -> None:
    assert may_see(ANN, one) is seen
    assert may_see(MANAGER_PAGE, one)
    assert may_see(SYSTEM, one)


def test_what_is_private_to_some_is_hidden_from_managers() -> None:
    chat = event("message.created", private_to(["usr_ann", "usr_bob"]))
    assert may_see(ANN, chat)
    assert not may_see(MANAGER_PAGE, chat)
    assert not may_see(SYSTEM, chat)
    assert may_see(MANAGER_PAGE, event("message.created", private_to(["usr_boss"])))
    assert not may_see(ANN, event("message.created", private_to([])))


def test_nobody_in_particular_is_not_a_user() -> None:
    assert not may_see(USERLESS, event(user_ids=("usr_ann",)))
    assert not may_see(USERLESS, event(user_ids=MANAGERS_ONLY))


def payload(frame: bytes) -> dict[str, object]:
    """The JSON of a small unmasked text frame."""
    assert (frame[0], frame[1]) == (0x81, len(frame) - 2)
    decoded: dict[str, object] = json.loads(frame[2:])
    return decoded


def test_an_event_is_shown_with_the_row_it_is_about() -> None:
    fields = {
        "stream": "dom_1",
        "seq": 1,
        "type": "m.new",
        "subject": "x_1",
        "at": "2027-01-15T08:00:00.000Z",
        "data": {"a": 1},
    }
    assert payload(event_frame(event("m.new"))) == fields
    assert payload(event_frame(event("m.new"), {"text": "Hi"})) == fields | {"m": {"text": "Hi"}}


def test_what_nobody_keeps_has_no_number() -> None:
    frame = ephemeral_frame(Ephemeral("dom_1", "typing", {"user_id": "usr_1"}, ("usr_2",)))
    assert payload(frame) == {"type": "typing", "stream": "dom_1", "data": {"user_id": "usr_1"}}


@pytest.mark.parametrize(
    ("octets", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_has_the_length_that_the_protocol_wants(octets: int, head: bytes) -> None:
    assert text_frame(b"x" * octets) == head + b"x" * octets


@pytest.mark.parametrize("cursor", [{"dom_1": 0}, {"dom_1": 5, "operations": 2**53 - 1}])
def test_a_cursor_survives_being_text(cursor: dict[str, int]) -> None:
    assert cursor_of_text(text_of_cursor(cursor)) == cursor
    assert checked_cursor(cursor) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "a",
        "a:",
        ":1",
        "a:-1",
        "a:1.0",
        "a:1,a:1",
        "a:1,",
        "a:١",
        "a:9007199254740992",
        "a:" + "9" * 40,
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        cursor_of_text(text)
    assert refused.value.code == "invalid_cursor"


@pytest.mark.parametrize(
    "cursor", [{"a": True}, {"a": "1"}, {"a": -1}, {"a": 2**53}, {str(n): 1 for n in range(102)}]
)
def test_a_frame_cannot_smuggle_one_in(cursor: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        checked_cursor(cursor)
