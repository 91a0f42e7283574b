"""What a push service learns of who sends: always something it can check, whatever is configured."""

from __future__ import annotations

import asyncio

import pytest

from engine.adapters.web_push import WebPush
from engine.notifications.models import Push, PushAnswer
from tests.peers.push_browser import Browser, signed_by
from tests.unit.notifications.push_twins import PushServer, Still, one_browser

NOW_S = 1_800_000_000
PUSH = Push(b"{}", 60, "high", "topic")


async def claims_of(endpoint: str, contact: str | None) -> dict[str, object]:
    """What is claimed in a push there; its signature fits the key that pages subscribe with."""
    browser, server = Browser(endpoint), PushServer()
    store = one_browser(browser)
    service = WebPush(store, server, Still(NOW_S * 1_000), contact)
    (subscription,) = await store.subscriptions("usr_1")
    outcome = await service.push(subscription, PUSH)
    assert outcome.answer is PushAnswer.TAKEN
    ((body, headers),) = server.taken
    assert browser.read(body) == {}
    claims, key = signed_by(headers["Authorization"])
    assert key == await service.public_key()
    return claims


@pytest.mark.parametrize(
    "contact",
    [
        None,
        "mailto:admin@example.com",
        "mailto:root@localhost",
        "mailto:root@pbx",
        "https://phone.example.com",
        "https://phone.example.com:8443/who/we/are",
        "https://pbx",
    ],
)
def test_a_push_is_signed_with_whatever_contact_may_be_configured(contact: str | None) -> None:
    claims = asyncio.run(claims_of("https://push.example/1", contact))
    assert claims.get("sub") == contact
    assert NOW_S < claims["exp"] <= NOW_S + 86_400  # type: ignore[operator]


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://push.example/send/1?a=b", "https://push.example"),
        ("https://Push.Example:443/1", "https://push.example"),
        ("https://push.example:8443/1", "https://push.example:8443"),
        ("http://push.example:80/1", "http://push.example"),
        ("https://[2001:DB8::1]/1", "https://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/1", "https://[2001:db8::1]:8443"),
    ],
)
def test_a_push_is_signed_for_the_origin_of_its_address(endpoint: str, origin: str) -> None:
    assert asyncio.run(claims_of(endpoint, None))["aud"] == origin
