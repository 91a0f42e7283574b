"""Tables of what happened: the event log, answers kept for repeated requests, and the audit trail."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from engine.storage.tables.base import metadata

#: One row per stream: the number of its last committed event. Its row lock is what makes commit
#: order and sequence order the same, also between nodes.
streams = Table(
    "streams",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", Text, nullable=False),  # JSON object: ids and states, never message text
    Column("user_ids", Text, nullable=False),  # JSON array; empty concerns the whole domain
    Column("at_ms", BigInteger, nullable=False),
)

#: status and body are null only inside the transaction that does the work.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer),
    Column("body", Text),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "created_ms"),
)

#: Append-only. domain_id is null for what concerns no tenant.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Text, primary_key=True),
    Column("domain_id", Text),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON object
    Column("request_id", Text),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "domain_id", "id"),
)
