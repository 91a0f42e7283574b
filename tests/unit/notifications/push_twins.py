"""What a push needs around it, in memory: one user's browser, a push service, and a clock that stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from engine.notifications.models import Subscription
from engine.notifications.ports import NotificationStore
from engine.outbound import Answer
from tests.peers.push_browser import Browser


@dataclass
class Still:
    ms: int

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


class PushServer:
    """An `Outbound` that keeps what is sent: bodies and headers."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Mapping[str, str]]] = []

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, time_limit_s: float = 0
    ) -> Answer:
        self.taken.append((body, headers))
        return Answer(201, b"", True, None)


class _OneBrowser:
    """What of a `NotificationStore` pushing asks for."""

    def __init__(self, browser: Browser) -> None:
        new = browser.subscription
        self.one = Subscription("push_1", "usr_1", "", "", 0, 0, new.endpoint, new.p256dh, new.auth)
        self._key: bytes | None = None

    async def subscriptions(self, user_id: str) -> Sequence[Subscription]:
        return [self.one]

    async def unsubscribe(self, user_id: str | None, subscription_id: str) -> bool:
        raise AssertionError("the browser is there")

    async def key(self, name: str, make: Callable[[], bytes]) -> bytes:
        self._key = self._key or make()
        return self._key


def one_browser(browser: Browser) -> NotificationStore:
    return cast(NotificationStore, _OneBrowser(browser))
