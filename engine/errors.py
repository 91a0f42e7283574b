"""Errors sorted by what the caller can do next; every one carries a stable public code.

Imports nothing of ours. HTTP statuses belong to `api/problems.py`, peer codes to the
package that speaks the peer's protocol.
"""

from __future__ import annotations

from collections.abc import Mapping


class EngineError(Exception):
    """Base of everything the engine raises on purpose.

    code: stable, public, used by the API and the portal.
    retryable: the same request may succeed later without being changed.
    detail: one sentence for a person: what is wrong and what to do. Never holds a
    secret, a message text or another tenant's data.
    field: JSON pointer of the offending input, where there is one.
    retry_after_s: seconds after which a retry makes sense, where somebody named it.
    native: the peer's own codes (command_status, hangup cause), for operators.
    """

    code = "internal"
    retryable = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        field: str | None = None,
        retry_after_s: float | None = None,
        native: Mapping[str, int | str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        self.field = field
        self.retry_after_s = retry_after_s
        self.native = dict(native or {})


class InvalidRequest(EngineError):
    """The caller must change something."""

    code = "invalid_request"


class Unauthenticated(EngineError):
    """No credential, or one that is unknown, expired or revoked."""

    code = "unauthenticated"


class Forbidden(EngineError):
    """The credential is good but its scope does not allow this."""

    code = "forbidden"


class NotFound(EngineError):
    """Not there, or not the caller's: the two are never told apart."""

    code = "not_found"


class Conflict(EngineError):
    """The request contradicts the state of the resource."""

    code = "conflict"


class RateLimited(EngineError):
    """Too much at once; `retry_after_s` says when to come back."""

    code = "rate_limited"
    retryable = True


class PeerRejected(EngineError):
    """The PBX or SMSC said no, and why."""

    code = "peer_rejected"


class PeerUnavailable(EngineError):
    """Nothing was sent to the peer."""

    code = "peer_unavailable"
    retryable = True


class OutcomeUnknown(EngineError):
    """Sent, and no answer came: never send it again blindly."""

    code = "outcome_unknown"


class StorageUnavailable(EngineError):
    """The database did not take the write; nothing was acknowledged or done."""

    code = "storage_unavailable"
    retryable = True
