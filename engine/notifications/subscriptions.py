"""Browsers that take pushes: whose, and whether what a page says of one can be true.

Source: RFC 8291 §3 (keys), RFC 8030 (endpoints).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import urlsplit

from engine.accounts.models import Principal
from engine.errors import InvalidRequest
from engine.ids import new_id
from engine.notifications import errors
from engine.notifications.models import NewSubscription, Subscription
from engine.notifications.ports import NotificationStore
from engine.notifications.preferences import user_of
from engine.outbound import checked_url

#: Somebody has a few browsers; each one that is gone is forgotten at the next push.
MOST = 20
_USER_AGENT_CHARACTERS = 200
_POINT_OCTETS = 65
_AUTH_OCTETS = 16


class Subscriptions:
    """Every method may raise StorageUnavailable, and Forbidden `no_user`."""

    def __init__(self, store: NotificationStore, *, plain_http: bool = False) -> None:
        self._store = store
        self._plain_http = plain_http

    async def list(self, principal: Principal) -> Sequence[Subscription]:
        """Those of the user, the one used last first."""
        return await self._store.subscriptions(user_of(principal))

    async def add(self, principal: Principal, new: NewSubscription) -> Subscription:
        """Keep one, or note that its page is there again.

        Raises InvalidRequest for one nobody could push to, Conflict `too_many_subscriptions`.
        """
        user_id = user_of(principal)
        checked_url(new.endpoint, "/endpoint")
        if urlsplit(new.endpoint).scheme != "https" and not self._plain_http:
            raise InvalidRequest("A push service is reached by https.", code="invalid_url", field="/endpoint")
        point = _octets(new.p256dh, "p256dh")
        if len(point) != _POINT_OCTETS or point[0] != 4 or not _is_on_curve(point):
            raise errors.invalid("keys/p256dh", "Give a P-256 point of 65 octets as base64url.")
        if len(_octets(new.auth, "auth")) != _AUTH_OCTETS:
            raise errors.invalid("keys/auth", "Give 16 octets as base64url.")
        agent = "".join(c for c in new.user_agent if c.isprintable())[:_USER_AGENT_CHARACTERS]
        kept = NewSubscription(new.endpoint, new.p256dh.rstrip("="), new.auth.rstrip("="), agent)
        found = await self._store.subscribe(new_id("push"), principal.domain_id or "", user_id, kept, MOST)
        if found is None:
            raise errors.too_many_subscriptions(MOST)
        return found

    async def remove(self, principal: Principal, subscription_id: str) -> None:
        """Raises NotFound."""
        user_id = principal.user_id
        if user_id is None or not await self._store.unsubscribe(user_id, subscription_id):
            raise errors.no_such_subscription()


# y² = x³ - 3x + b. Source: SEC 2 §2.4.2, FIPS 186-4 D.1.2.3.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def _is_on_curve(point: bytes) -> bool:
    """Whether an uncompressed point is one of P-256; with another one nothing can be encrypted."""
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


def _octets(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise errors.invalid(f"keys/{field}", "This is not base64url.") from None
