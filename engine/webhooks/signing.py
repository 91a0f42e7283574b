"""Signatures by which a receiver knows that a request is ours, and not one recorded earlier.

No clock, no storage: callers pass octets and the time.
Source: Standard Webhooks, specification 1.0 ("Signature scheme", "Webhook metadata").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

#: How a secret begins as people handle it; what follows is base64.
PREFIX = "whsec_"

_SECRET_OCTETS = 32  # the specification wants 24 to 64


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_OCTETS)


def shown(secret: bytes) -> str:
    """The secret as a receiver's library takes it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(message_id: str, at_ms: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """What goes out with a body. message_id: the same at each attempt; holds no full stop.

    at_ms: of this attempt. keys: a signature by each, so that a receiver may hold any one of them.
    """
    timestamp = str(at_ms // 1000)
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "Content-Type": "application/json",
        "Webhook-Id": message_id,
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
