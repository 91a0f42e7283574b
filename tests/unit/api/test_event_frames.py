"""What a reader may see, what waits for it, and what a cursor is."""

from __future__ import annotations

import json

import pytest

from api.event_frames import (
    EventFrames,
    Outbox,
    checked_cursor,
    cursor_of_text,
    may_see,
    text_of_cursor,
)
from engine.accounts.models import SYSTEM, Principal, Scope
from engine.errors import InvalidRequest
from engine.events import MANAGERS_ONLY, Event, private_to

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


def test_an_event_is_encoded_once_for_all_who_read_it() -> None:
    frames = EventFrames(kept=2)
    first = frames.of(event(seq=1))
    assert frames.of(event(seq=1)) is first
    assert json.loads(first) == {
        "stream": "dom_1",
        "seq": 1,
        "type": "call.updated",
        "subject": "x_1",
        "at": "2027-01-15T08:00:00.000Z",
        "data": {"a": 1},
    }
    frames.of(event(seq=2))
    frames.of(event(seq=3))
    assert frames.of(event(seq=1)) is not first


def test_an_outbox_takes_no_more_than_its_octets_or_its_frames() -> None:
    outbox = Outbox(max_octets=10, max_frames=3)
    assert outbox.put(b"12345")
    assert outbox.half_empty
    assert outbox.put(b"67890")
    assert not outbox.half_empty
    assert not outbox.put(b"1")
    assert (len(outbox), outbox.octets) == (2, 10)
    assert outbox.take() == b"12345"
    assert outbox.put(b"")
    assert outbox.put(b"")
    assert not outbox.put(b"")
    assert [outbox.take() for _ in range(4)] == [b"67890", b"", b"", None]
    assert outbox.octets == 0


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
