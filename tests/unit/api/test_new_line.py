"""Saying something: the fast reader accepts exactly what the described model accepts, and reads the same."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.rest.conversation_messages import FastNewLine, NewLine
from api.rest.messages import MessageResource, document
from engine.attachments.models import Attached, AttachmentState
from engine.conversations.models import Say
from engine.messaging.models import DeliveryClass, Direction, Message
from tests.unit.api.test_new_message import VALUES

FIELDS = (
    "text", "validity_s", "client_id", "reply_to", "user_id", "attachment_ids", "id", "conversation_id", "",
)  # fmt: skip


def by_model(raw: bytes) -> Say | None:
    try:
        return NewLine.model_validate_json(raw).command()
    except ValidationError:
        return None


def by_struct(raw: bytes) -> Say | None:
    try:
        return msgspec.json.decode(raw, type=FastNewLine).command()
    except (ValueError, RecursionError):
        return None


@pytest.mark.parametrize("field", FIELDS)
def test_both_readers_agree_on_every_value_of_every_field(field: str) -> None:
    accepted = 0
    for value in VALUES:
        raw = json.dumps({"text": "Hello", field: value}).encode()
        assert by_struct(raw) == by_model(raw), (field, value)
        accepted += by_model(raw) is not None
    assert (accepted > 0) == (field in FIELDS[:6])


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"null", b"[]", b"{}", b"5", b'"x"', b"{", b"\xff", b'{"text":"\xc3("}'),
        b'{"text":"\\ud83d"}',
        b'{"text":"\\ud83d\\ude00"}',
        b'{"text":"x","text":"y"}',
        b'{"text":"x",}',
    ],
)
def test_both_readers_agree_on_odd_json(raw: bytes) -> None:
    assert by_struct(raw) == by_model(raw)


@given(st.text())
def test_both_readers_agree_on_any_text(text: str) -> None:
    raw = json.dumps({"text": text}).encode()
    assert by_struct(raw) == by_model(raw)


def test_a_message_of_a_chat_is_shown_as_described() -> None:
    message = Message(
        "msg_1",
        "dom_1",
        "conv_1",
        Direction.INTERNAL,
        "",
        "",
        "Hello",
        DeliveryClass.CONVERSATION,
        "usr_1",
        None,
        1_800_000_000_000,
        reply_to="msg_0",
        attachments=(
            Attached("att_1", "a.png", "image/png", 9, 3, 2, True, AttachmentState.READY),
            Attached("att_2", "b.pdf", "application/pdf", 9, None, None, False, AttachmentState.DELETED),
        ),
    )
    shown = json.loads(msgspec.json.encode(document(message)))
    assert MessageResource.model_validate(shown).model_dump(mode="json") == shown
    assert (shown["from"], shown["number"], shown["to"], shown["status"]) == (None, None, [], "sent")
