"""The secrets of credentials and tickets: made here, hashed here, kept nowhere.

A secret is `<prefix>_` and 43 characters of base64url: 256 random bits. That cannot be searched, so
its SHA-256 needs no salt and no slow hash, and one indexed look-up finds it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Literal

Prefix = Literal["rbk", "rbt", "rbs", "rbe"]

KEY: Prefix = "rbk"
TOKEN: Prefix = "rbt"  # noqa: S105 - a prefix
SESSION: Prefix = "rbs"
EVENT_TICKET: Prefix = "rbe"

_SECRET = re.compile(r"rb[ktse]_[A-Za-z0-9_-]{43}")


def new_secret(prefix: Prefix) -> str:
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """SHA-256 of the whole secret, lower-case hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def has_shape(secret: str) -> bool:
    """Whether it could be one of ours; what could not needs no query."""
    return _SECRET.fullmatch(secret) is not None
