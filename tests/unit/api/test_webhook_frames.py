from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from api.event_feed import Completion
from api.webhook_frames import WebhookFrames
from engine.accounts.models import Principal, Scope
from engine.errors import NotFound
from engine.events import Event
from engine.services import Services

READER = Principal("system", "wh_1", "dom_1", None, Scope.OFFICE_MANAGER)


class NoCalls:
    """Every call is gone, or was never the reader's."""

    async def get(self, principal: Principal, call_id: str) -> object:
        raise NotFound


class Asked:
    """Just what a body is made with; asking for more fails."""

    calls = NoCalls()


async def messages(
    services: Services, ids: Sequence[str], reader: Principal | None
) -> Mapping[str, Mapping[str, object]]:
    assert reader is READER, "bodies hold what the webhook may see, not what was sent around"
    return {one: {"id": one, "text": "Hello", "to": "+12025550177"} for one in ids if one != "msg_gone"}


def frames() -> WebhookFrames:
    completion = Completion(messages, lambda row: {"id": "never from the commit"})
    return WebhookFrames(cast(Services, cast(Any, Asked())), {"message": completion})


def event(type: str, subject: str, **data: object) -> Event:
    return Event("dom_1", 7, type, subject, data, 1_800_000_000_000)


async def body(of: Event, *, content: bool) -> dict[str, Any]:
    (octets,) = await frames().bodies([of], READER, content=content)
    document: dict[str, Any] = json.loads(octets)
    return document


async def test_a_message_comes_with_what_the_webhook_may_see_of_it() -> None:
    whole = await body(event("message.created", "msg_1", status="sent"), content=True)
    assert whole == {
        "stream": "dom_1",
        "seq": 7,
        "type": "message.created",
        "subject": "msg_1",
        "at": "2027-01-15T08:00:00.000Z",
        "data": {"status": "sent"},
        "message": {"id": "msg_1", "text": "Hello", "to": "+12025550177"},
    }


async def test_what_is_gone_or_out_of_sight_stays_out() -> None:
    assert "message" not in await body(event("message.updated", "msg_gone"), content=True)
    assert "message" not in await body(event("message.deleted", "msg_1"), content=True)
    assert "call" not in await body(event("call.updated", "call_1"), content=True)


async def test_without_content_ids_and_states_are_left() -> None:
    whole = await body(
        event(
            "conversation.created",
            "conv_1",
            kind="sms",
            numbers=["+12025550177", "+49 30 123456"],
            peer={"number": "2025550177", "user_id": "usr_1"},
            extension="1001",
            unread=3,
            at_ms=1_800_000_000_000,
            state=None,
        ),
        content=False,
    )
    assert whole["data"] == {
        "kind": "sms",
        "numbers": [],
        "peer": {"user_id": "usr_1"},
        "unread": 3,
        "at_ms": 1_800_000_000_000,
        "state": None,
    }


async def test_without_content_no_row_is_even_read() -> None:
    assert "message" not in await body(event("message.created", "msg_1"), content=False)
