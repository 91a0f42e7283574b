"""A browser that takes pushes, and what its push service learns of who sent one.

Source: RFC 8291 (encryption), RFC 8188 (aes128gcm), RFC 8292 (VAPID).
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.notifications.models import NewSubscription


class Browser:
    """Holds its keys, and reads what was encrypted for it. endpoint: where its push service takes that."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def subscription(self) -> NewSubscription:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return NewSubscription(self.endpoint, _base64url(point), _base64url(self._auth), "Mozilla/5.0")

    def read(self, body: bytes) -> dict[str, Any]:
        """What a push says. Fails for one that is for another browser."""
        plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        read: dict[str, Any] = json.loads(plain)
        return read


def signed_by(authorization: str) -> tuple[dict[str, Any], str]:
    """The claims of a push's sender, and its key; fails when the signature is not right."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    parts = dict(part.split("=", 1) for part in rest.split(","))
    head, claims, signature = parts["t"].split(".")
    assert json.loads(_octets(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = _octets(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _octets(parts["k"]))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    read: dict[str, Any] = json.loads(_octets(claims))
    return read, parts["k"]


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
