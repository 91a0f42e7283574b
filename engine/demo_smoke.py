"""One call and one text with its reply, as a client sees them: over HTTP and the event socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from engine.errors import EngineError

_WITHIN_S = 30.0
_ENDED = frozenset(
    {"completed", "busy", "no_answer", "rejected", "canceled", "unreachable", "failed", "unknown"}
)
_FAILED_TEXT = frozenset({"rejected", "failed", "expired", "canceled", "undelivered", "uncertain"})

Frame = dict[str, Any]


class SmokeFailed(EngineError):
    """The engine runs, but a call or a text did not get through."""

    code = "smoke_failed"


async def smoke(url: str, key: str, user_id: str, from_number: str, to_number: str) -> str:
    """Place a call from the user to extension 1002 and a text from one number to the other.

    Returns the line with the three figures; each is from the request to the event that tells of it.
    Raises SmokeFailed naming what did not happen.
    """
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(base_url=url, headers=headers) as http,
        http.ws_connect("/v1/events") as socket,
    ):
        events = _Events(socket)
        await events.next(lambda frame: frame["type"] == "hello", "a greeting on the event socket")
        connected_ms = await _call(http, events, user_id)
        delivered_ms, replied_ms = await _text(http, events, from_number, to_number)
    return (
        f"smoke: call connected in {connected_ms} ms, text delivered in {delivered_ms} ms, "
        f"reply in {replied_ms} ms"
    )


async def _call(http: aiohttp.ClientSession, events: _Events, user_id: str) -> int:
    started = time.monotonic()
    call = await _post(http, "/v1/calls", {"user_id": user_id, "to": "1002"})

    def connected_or_over(frame: Frame) -> bool:
        status = frame.get("data", {}).get("status")
        return frame.get("subject") == call["id"] and (status == "connected" or status in _ENDED)

    frame = await events.next(connected_or_over, "the call to be connected")
    if frame["data"]["status"] != "connected":
        raise SmokeFailed(f"The call ended as {frame['data']['status']} before it was connected.")
    connected_ms = _since(started)
    await _post(http, f"/v1/calls/{call['id']}:cancel", None)
    await events.next(
        lambda frame: frame.get("subject") == call["id"] and frame["data"].get("status") in _ENDED,
        "the call to end",
    )
    return connected_ms


async def _text(
    http: aiohttp.ClientSession, events: _Events, from_number: str, to_number: str
) -> tuple[int, int]:
    started = time.monotonic()
    body = {"from": from_number, "to": [to_number], "text": "Is anybody there?"}
    message = await _post(http, "/v1/messages", body)

    def settled(frame: Frame) -> bool:
        status = frame.get("data", {}).get("status")
        return frame.get("subject") == message["id"] and (status == "delivered" or status in _FAILED_TEXT)

    frame = await events.next(settled, "the text to be delivered")
    if frame["data"]["status"] != "delivered":
        raise SmokeFailed(f"The text ended as {frame['data']['status']}.")
    delivered_ms = _since(started)
    reply = await events.next(
        lambda frame: frame["type"] == "message.created" and frame["data"].get("direction") == "inbound",
        "the reply",
    )
    replied_ms = _since(started)
    thread = reply["data"]["conversation_id"]
    async with http.get(f"/v1/conversations/{thread}/messages") as answer:
        said = [one["id"] for one in (await answer.json())["items"]]
    if said[:2] != [reply["subject"], message["id"]]:
        raise SmokeFailed("The reply is not in one conversation with the text it answers.")
    return delivered_ms, replied_ms


async def _post(http: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    async with http.post(path, json=body) as answer:
        document: dict[str, Any] = await answer.json()
        if answer.status >= 300:
            raise SmokeFailed(f"POST {path} was answered {answer.status} {document.get('code')}.")
        return document


class _Events:
    """Frames of the event socket, each looked at by the wait that is on when it comes, or by a later one."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._seen: list[Frame] = []

    async def next(self, wanted: Callable[[Frame], bool], what: str) -> Frame:
        """The first frame that is wanted, past ones included. Raises SmokeFailed."""
        for frame in self._seen:
            if wanted(frame):
                return frame
        try:
            async with asyncio.timeout(_WITHIN_S):
                while True:
                    news: Frame = await self._socket.receive_json()
                    self._seen.append(news)
                    if wanted(news):
                        return news
        except TimeoutError:
            raise SmokeFailed(f"Waited {_WITHIN_S:.0f} s in vain for {what}.") from None


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
