"""The audit trail: who did what, append-only.

Kernel types; the table is in `engine/storage/audit.py`. An entry is committed with the change it
speaks of, so there is none without the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing somebody did.

    id: `new_id("aud")`, so entries sort by time. domain_id: None for what belongs to no tenant.
    actor: the credential's id. action: `<noun>.<verb>`, for example `user.created`.
    subject: id of what was changed. data: ids and names of changed fields, JSON-ready; no secrets.
    created_ms: wall time, milliseconds since the epoch. request_id: of the API request, if any.
    """

    id: str
    domain_id: str | None
    actor: str
    action: str
    subject: str
    data: Mapping[str, object]
    created_ms: int
    request_id: str | None = None
