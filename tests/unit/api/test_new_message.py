"""The hot path's fast reader accepts exactly what the described model accepts, and reads the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.rest.messages import (
    FastNewMessage,
    FastNewMessages,
    MessageResource,
    NewMessage,
    NewMessages,
    document,
)
from engine.messaging.models import (
    DeliveryClass,
    DeliveryError,
    Direction,
    Message,
    Recipient,
    RecipientStatus,
    SendText,
)

GOOD: dict[str, Any] = {"from": "+12025550101", "to": ["+12025550177"], "text": "Hello"}

VALUES: list[object] = [
    *(None, True, False, 0, 1, -1, 604_800, 604_801, 1.0, 1.5, 1e3, 2**63, 2**64, -(2**70)),
    *("", " ", "x", "x y", "\u0000", "a\u0000b", "line\nbreak", "end\n", "\ttab", "é", "日本", "😀"),
    *("\u007f", "\u2028", "~", "!", "bulk", "BULK", "must_arrive", "conversation"),
    *("a" * length for length in (32, 33, 64, 65, 128, 129)),
    *("x" * 40_000, "x" * 40_001),
    *([], [[]], ["x"], ["x", 5], ["x", ""], [None], ["x"] * 1_000, ["x"] * 1_001, ["a\n"], ["é"]),
    *({}, {"a": 1}),
]
FIELDS = (
    "from", "to", "text", "class", "validity_s", "client_id", "user_id", "domain_id",
    "attachment_ids", "from_", "class_", "conversation_id", "id", "",
)  # fmt: skip


def by_model(raw: bytes) -> SendText | None:
    try:
        return NewMessage.model_validate_json(raw).command()
    except ValidationError:
        return None


def by_struct(raw: bytes) -> SendText | None:
    try:
        return msgspec.json.decode(raw, type=FastNewMessage).command()
    except (ValueError, RecursionError):
        return None


@pytest.mark.parametrize("field", FIELDS)
def test_both_readers_agree_on_every_value_of_every_field(field: str) -> None:
    accepted = 0
    for value in VALUES:
        raw = json.dumps({**GOOD, field: value}).encode()
        assert by_struct(raw) == by_model(raw), (field, value)
        accepted += by_model(raw) is not None
    assert (accepted > 0) == (field in FIELDS[:9])


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"null", b"[]", b"{}", b"5", b'"x"', b"{", b'{"from":', b"\xff", b'{"text":"\xc3("}'),
        b'{"from":"a","to":["b"],"text":"\\ud83d"}',
        b'{"from":"a","to":["b"],"text":"\\ud83d\\ude00"}',
        b'{"from":"a","to":["b"],"text":"x","text":"y"}',
        b'{"from":"a","to":["b"],"text":"x",}',
        b' {"from":"a","to":["b"],"text":"x"} ',
        b'{"from":"a","to":["b"],"text":"x"}x',
        b'\xef\xbb\xbf{"from":"a","to":["b"],"text":"x"}',
        b'{"from":"a","to":["b"],"text":"x","validity_s":1e2}',
        b'{"from":"a","to":["b"],"text":"x","validity_s":NaN}',
        b'{"from":"a","to":["b"],"text":"a\nb"}',
        b'{"from":"a","to":["b"],"text":"x","validity_s":-0}',
        b'{"from":"a","to":["b"],"text":"x","validity_s":007}',
        b'{"\\u0066rom":"a","to":["b"],"text":"x"}',
        b"[" * 5_000,
        b'{"a":' * 5_000,
        *(json.dumps({key: GOOD[key] for key in GOOD if key != left_out}).encode() for left_out in GOOD),
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_both_readers_agree_on_what_is_json(raw: bytes) -> None:
    assert by_struct(raw) == by_model(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4), st.booleans())
def test_both_readers_agree_on_anything(fields: dict[str, object], complete: bool) -> None:
    raw = json.dumps({**GOOD, **fields} if complete else fields).encode()
    assert by_struct(raw) == by_model(raw)


@pytest.mark.parametrize(
    "messages",
    [[], [GOOD], [GOOD, GOOD], [GOOD, {}], [GOOD] * 1_000, [GOOD] * 1_001, GOOD, None, [[GOOD]], [None]],
    ids=lambda messages: f"{type(messages).__name__} of {len(messages or ())}",
)
def test_both_readers_agree_on_batches(messages: object) -> None:
    raw = json.dumps({"messages": messages}).encode()
    try:
        slow = NewMessages.model_validate_json(raw).commands()
    except ValidationError:
        slow = None
    try:
        fast = msgspec.json.decode(raw, type=FastNewMessages).commands()
    except ValueError:
        fast = None
    assert fast == slow


@pytest.mark.parametrize("direction", [Direction.OUTBOUND, Direction.INBOUND])
def test_a_text_is_shown_as_described(direction: Direction) -> None:
    message = Message(
        id="msg_1",
        domain_id="dom_1",
        conversation_id=None,
        direction=direction,
        number="+12025550101",
        peer="" if direction is Direction.OUTBOUND else "+12025550177",
        text='Grüße \u2028 " \\ 😀',
        delivery_class=DeliveryClass.BULK,
        user_id=None,
        client_id="c",
        created_ms=1_800_000_000_123,
        recipients=(
            Recipient("+12025550177", RecipientStatus.SENT, 1, 1_800_000_000_123, "one"),
            Recipient(
                "+12025550178",
                RecipientStatus.FAILED,
                2,
                1_800_000_000_123,
                "one",
                DeliveryError("carrier", "invalid_destination", False, "No.", {"command_status": 11}),
            ),
        )
        if direction is Direction.OUTBOUND
        else (),
        flags=("inferred",),
    )
    raw = msgspec.json.encode(document(message))
    shown = MessageResource.model_validate_json(raw)  # knows no other fields
    assert json.loads(shown.json_text()) == json.loads(raw)
    outbound = direction is Direction.OUTBOUND
    assert shown.from_ == ("+12025550101" if outbound else "+12025550177")
    assert shown.status == ("sent" if outbound else "received")
    assert shown.created_at == "2027-01-15T08:00:00.123Z"


def test_what_is_said_in_a_chat_has_no_numbers() -> None:
    message = Message(
        id="msg_1",
        domain_id="dom_1",
        conversation_id="conv_1",
        direction=Direction.INTERNAL,
        number="",
        peer="",
        text="Hi",
        delivery_class=DeliveryClass.CONVERSATION,
        user_id="usr_1",
        client_id=None,
        created_ms=1_800_000_000_123,
    )
    shown = MessageResource.model_validate_json(msgspec.json.encode(document(message)))
    assert (shown.from_, shown.number, shown.to, shown.status) == (None, None, [], "sent")
