"""Web Push: encrypted for one browser, signed by us, sent to wherever that browser's maker listens.

pywebpush encrypts; the request goes through `Outbound`, since the address is what a page said. Signed here,
since pywebpush's own signer refuses what the standard allows: no contact, a contact at an https address with
a path, a push service at an IPv6 address.
Source: RFC 8030 (push), RFC 8291 (encryption), RFC 8292 (VAPID), RFC 7515 and 7518 §3.4 (ES256).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pywebpush import WebPusher, WebPushException

from engine.clock import Clock
from engine.notifications.models import Push, PushAnswer, PushOutcome, Subscription
from engine.notifications.ports import NotificationStore
from engine.outbound import Outbound, OutboundFailed

log = structlog.get_logger()

_KEY = "vapid"
#: A signature is good for so long; a push service takes at most a day (RFC 8292 §2).
_SIGNED_FOR_S = 12 * 3_600
#: No attempt can make these arrive: the host will not become another one.
_FOR_EVER = frozenset({"address_refused"})


class WebPush:
    """Implements `PushService`. contact: who a push service may write to; None names nobody."""

    def __init__(
        self, store: NotificationStore, outbound: Outbound, clock: Clock, contact: str | None
    ) -> None:
        self._store = store
        self._outbound = outbound
        self._clock = clock
        self._contact = contact
        self._key: ec.EllipticCurvePrivateKey | None = None
        self._signatures: dict[str, tuple[int, str]] = {}

    async def public_key(self) -> str:
        """See `PushService.public_key`."""
        return _public((await self._signing_key()).public_key())

    async def push(self, subscription: Subscription, push: Push) -> PushOutcome:
        """See `PushService.push`."""
        try:
            body = WebPusher(_info(subscription)).encode(push.payload)["body"]
        except (WebPushException, ValueError):
            return PushOutcome(PushAnswer.GONE)  # keys nobody can encrypt for
        headers = {
            "Authorization": await self._authorization(subscription.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(push.ttl_s),
            "Urgency": push.urgency,
            "Topic": push.topic,
        }
        try:
            answer = await self._outbound.post(subscription.endpoint, body, headers)
        except OutboundFailed as error:
            never = error.code in _FOR_EVER
            return PushOutcome(PushAnswer.REFUSED if never else PushAnswer.LATER)
        return PushOutcome(_meaning(answer.status), answer.status, answer.retry_after_s)

    async def _authorization(self, endpoint: str) -> str:
        """Signed once for all pushes of some hours to one service: signing costs more than encrypting."""
        audience = _origin(endpoint)
        now_s = self._clock.now_ms() // 1000
        known = self._signatures.get(audience)
        if known is not None and known[0] - now_s > _SIGNED_FOR_S // 2:
            return known[1]
        claims: dict[str, object] = {"aud": audience, "exp": now_s + _SIGNED_FOR_S}
        if self._contact is not None:
            claims["sub"] = self._contact
        key = await self._signing_key()
        signed = f"vapid t={_token(claims, key)},k={_public(key.public_key())}"
        if len(self._signatures) >= 1_000:
            self._signatures.clear()
        self._signatures[audience] = (now_s + _SIGNED_FOR_S, signed)
        return signed

    async def _signing_key(self) -> ec.EllipticCurvePrivateKey:
        if self._key is None:
            raw = await self._store.key(_KEY, _fresh_key)
            self._key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
        return self._key


def _token(claims: Mapping[str, object], key: ec.EllipticCurvePrivateKey) -> str:
    """A JSON Web Token. Source: RFC 7515 §3.1, RFC 7518 §3.4 (r and s, 32 octets each)."""
    parts = ({"alg": "ES256", "typ": "JWT"}, claims)
    signed = ".".join(
        _base64url(json.dumps(one, separators=(",", ":"), sort_keys=True).encode()) for one in parts
    )
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _origin(endpoint: str) -> str:
    """Source: RFC 8292 §2, RFC 6454 §6 (lower case, no port where it is the usual one)."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def _meaning(status: int) -> PushAnswer:
    """Source: RFC 8030 §5 (201), §7.3 (404, 410), §8.4 (429)."""
    if 200 <= status < 300:
        return PushAnswer.TAKEN
    if status in (404, 410):
        return PushAnswer.GONE
    if status in (408, 429) or status >= 500:
        return PushAnswer.LATER
    return PushAnswer.REFUSED


def _info(subscription: Subscription) -> dict[str, object]:
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    return {"endpoint": subscription.endpoint, "keys": keys}


def _fresh_key() -> bytes:
    """A P-256 private key as its 32 octets."""
    return ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big")


def _public(key: ec.EllipticCurvePublicKey) -> str:
    return _base64url(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
