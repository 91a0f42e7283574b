"""What makes a repeated request harmless: the claim a caller stakes and the answer it gets back.

Kernel types only; the table is in `engine/storage/idempotency.py`. A claim is committed in
the transaction that does the work, so an answer exists exactly when the work does.
"""

from __future__ import annotations

from dataclasses import dataclass

#: How long an answer is kept, in milliseconds; the shortest promise the API documents.
KEPT_MS = 72 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of an Idempotency-Key.

    scope: who asks and for what: credential owner, method and path.
    key: the caller's key, 1 to 255 printable ASCII characters.
    fingerprint: SHA-256 hex of the request body; another body under the same key is refused.
    """

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """The stored answer to an earlier request with the same key. body: JSON text."""

    status: int
    body: str
