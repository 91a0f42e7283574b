"""A browser driven by WebDriver BiDi over its own WebSocket, with no driver program in between.

As much of it as a smoke test needs: one tab, nodes found by role and name or by selector, real keys and
clicks, and everything that the page complained about.
Source: W3C WebDriver BiDi, §7.3 (browsingContext), §7.6 (script), §7.7 (log), §7.9 (input).
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Callable
from typing import Any

import aiohttp

#: A loaded machine is slow; a missing thing is missing after this long too, in seconds.
PATIENCE_S = 60.0
ENTER = "\ue007"

Locator = dict[str, Any]


class BidiError(Exception):
    """The browser refused a command, or is gone."""


def named(role: str, name: str) -> Locator:
    """A node as a screen reader knows it."""
    return {"type": "accessibility", "value": {"role": role, "name": name}}


def css(selector: str) -> Locator:
    return {"type": "css", "value": selector}


class BidiSession:
    """One session; `run` reads what the browser says until its end."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, heard: Callable[[str, Any], None]) -> None:
        self._socket = socket
        self._heard = heard
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def run(self) -> None:
        async for frame in self._socket:
            told = frame.json()
            if told["type"] == "event":
                self._heard(told["method"], told["params"])
            elif (answer := self._waiting.pop(told["id"] or 0, None)) is not None and not answer.done():
                if told["type"] == "success":
                    answer.set_result(told["result"])
                else:
                    answer.set_exception(BidiError(f"{told['error']}: {told['message']}"))
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(BidiError("the browser is gone"))

    async def command(self, method: str, **params: Any) -> Any:
        """Its result. Raises BidiError."""
        number = next(self._ids)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE_S):
            return await answer


class Tab:
    """One page, and in `errors` what it complained about: console, exceptions, its security policy."""

    def __init__(self, session: BidiSession, context: str, errors: list[str]) -> None:
        self._session = session
        self._context = context
        self.errors = errors

    async def goto(self, url: str) -> None:
        await self._session.command(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def find(self, what: Locator) -> dict[str, Any]:
        """The first such node, once there is one. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self._session.command(
                    "browsingContext.locateNodes", context=self._context, locator=what, maxNodeCount=1
                )
                if found["nodes"]:
                    return {"sharedId": found["nodes"][0]["sharedId"]}
                await asyncio.sleep(0.05)

    async def click(self, what: Locator) -> None:
        origin = {"type": "element", "element": await self.find(what)}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._act({"type": "pointer", "id": "mouse", "actions": steps})

    async def press(self, keys: str) -> None:
        """Type this into whatever has the focus."""
        steps = [{"type": how, "value": key} for key in keys for how in ("keyDown", "keyUp")]
        await self._act({"type": "key", "id": "keyboard", "actions": steps})

    async def _act(self, source: dict[str, Any]) -> None:
        await self._session.command("input.performActions", context=self._context, actions=[source])

    async def evaluate(self, expression: str) -> Any:
        """Its value: a string, a number, true or false, or null. Raises BidiError where it throws."""
        answer = await self._session.command(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        if answer["type"] != "success":
            raise BidiError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until it is so on the page. Raises TimeoutError, with what the page shows."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self.evaluate(expression):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.evaluate("document.body.innerText")
            raise TimeoutError(f"never true: {expression}\nthe page shows: {shown}") from None

    async def picture(self) -> bytes:
        """PNG."""
        answer = await self._session.command("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(answer["data"])


def listener(errors: list[str]) -> Callable[[str, Any], None]:
    """Keeps what a page complains about."""

    def heard(method: str, told: Any) -> None:
        if method == "log.entryAdded" and told["level"] == "error":
            errors.append(f"{told['type']}: {told['text']}")

    return heard


async def first_tab(session: BidiSession, errors: list[str]) -> Tab:
    """The tab that the browser was started with, listened to."""
    await session.command("session.new", capabilities={})
    await session.command("session.subscribe", events=["log.entryAdded"])
    tree = await session.command("browsingContext.getTree")
    context = tree["contexts"][0]["context"]
    await session.command(
        "browsingContext.setViewport", context=context, viewport={"width": 1280, "height": 800}
    )
    return Tab(session, context, errors)
