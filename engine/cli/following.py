"""One call or text from its request to its end, a line for each change.

Asks again and again rather than listening: a terminal needs no more, and it works through any proxy. A
server that is away for a while (a restart) is waited for; a request that may have arrived is repeated with
the same Idempotency-Key, so nothing happens twice.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self

import aiohttp

from config.logging import printable
from engine.click_to_call.models import CallStatus
from engine.errors import EngineError, PeerUnavailable
from engine.messaging.models import RecipientStatus

#: How often a status is asked for, seconds; a person sees no difference below that.
_ASK_EVERY_S = 0.3

#: A restart of the engine takes some seconds, one with a drain up to half a minute.
_AWAY_FOR_S = 30.0

_ENDED = frozenset(
    {
        RecipientStatus.DELIVERED,
        RecipientStatus.UNDELIVERED,
        RecipientStatus.PARTIALLY_DELIVERED,
        RecipientStatus.UNCONFIRMED,
        RecipientStatus.UNCERTAIN,
        RecipientStatus.REJECTED,
        RecipientStatus.EXPIRED,
        RecipientStatus.CANCELED,
        RecipientStatus.FAILED,
    }
)


async def follow_call(url: str, key: str, body: Mapping[str, object], wait_s: float) -> bool:
    """Place a call and print what becomes of it; whether the two spoke, or it was not waited for.

    Cancelled, it hangs up. Raises EngineError with the server's code, or PeerUnavailable.
    """
    async with Api(url, key) as api:
        call = await api.post("/v1/calls", body)
        path = f"/v1/calls/{call['id']}"
        print(call["id"])
        try:
            until = monotonic() + wait_s
            shown = None
            while True:
                line = _call_line(call)
                if line != shown:
                    print(line, flush=True)
                    shown = line
                if CallStatus(call["status"]).final:
                    return bool(call["status"] == CallStatus.COMPLETED)
                if monotonic() >= until:
                    return wait_s == 0
                await asyncio.sleep(_ASK_EVERY_S)
                call = await api.get(path)
        except asyncio.CancelledError:
            print("hanging up", file=sys.stderr)
            await api.post(f"{path}:cancel", None)
            raise


async def follow_message(url: str, key: str, body: Mapping[str, object], wait_s: float) -> bool:
    """Send a text and print where it stands at each number; whether all of them have it, or it was not
    waited for.

    Raises EngineError with the server's code, or PeerUnavailable.
    """
    async with Api(url, key) as api:
        message = await api.post("/v1/messages", body)
        print(message["id"])
        until = monotonic() + wait_s
        shown: dict[str, str] = {}
        while True:
            for recipient in message["to"]:
                line = _recipient_line(recipient)
                if shown.get(recipient["number"]) != line:
                    print(line, flush=True)
                    shown[recipient["number"]] = line
            statuses = {RecipientStatus(recipient["status"]) for recipient in message["to"]}
            if statuses <= _ENDED:
                return statuses == {RecipientStatus.DELIVERED}
            if monotonic() >= until:
                return wait_s == 0
            await asyncio.sleep(_ASK_EVERY_S)
            message = await api.get(f"/v1/messages/{message['id']}")


class Api:
    """The API as one key sees it."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key}"}, timeout=aiohttp.ClientTimeout(total=30)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str) -> dict[str, Any]:
        return await self._ask("GET", path, None, {})

    async def post(self, path: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        headers = {"Idempotency-Key": uuid.uuid4().hex} if body is not None else {}
        return await self._ask("POST", path, body, headers)

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Ask until there is an answer, at most 30 s after the connection was lost for the first time.

        A server that was never there is told of at once.
        """
        lost_at = None
        while True:
            try:
                async with self._session.request(
                    method, f"{self._url}{path}", json=body, headers=headers
                ) as response:
                    return _answer(response.status, await response.read())
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                away = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.InvalidURL))
                if (away and method == "POST" and lost_at is None) or (
                    lost_at is not None and monotonic() - lost_at > _AWAY_FOR_S
                ):
                    raise PeerUnavailable(
                        f"No engine answers at {self._url}. Is it running? See --url.",
                        code="server_unreachable",
                    ) from error
                lost_at = lost_at or monotonic()
                await asyncio.sleep(_ASK_EVERY_S)


def _answer(status: int, content: bytes) -> dict[str, Any]:
    """The body of a success. Raises EngineError with the code of a problem document."""
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise EngineError(f"The server answered {status} and no JSON; is it a Ringback?", code="not_ringback")
    if status < 400:
        return document
    detail = document.get("detail") or document.get("title") or f"HTTP status {status}"
    raise EngineError(str(detail), code=printable(str(document.get("code", "internal"))))


def _call_line(call: Mapping[str, Any]) -> str:
    legs = " ".join(
        f"{leg['leg']}={leg['state']}" + (f"({leg['result']})" if leg["result"] else "")
        for leg in call["legs"]
    )
    reason = f" because {call['end_reason']}" if call["end_reason"] else ""
    return printable(f"{call['status']:<15} {legs}{reason}")


def _recipient_line(recipient: Mapping[str, Any]) -> str:
    error = recipient["error"]
    reason = f" because {error['code']}: {error['text']}" if error else ""
    return printable(f"{recipient['number']} {recipient['status']}{reason}")
