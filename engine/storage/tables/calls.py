"""The table of calls.

One row a call, written whole at each change: a call changes about ten times and is read far
more often. Users and devices are named, not referenced, since history outlives both.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id"), nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("device_id", sa.Text, nullable=False),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("destination_is_device", sa.Integer, nullable=False),
    sa.Column("caller_id", sa.Text),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("auto_answer", sa.Integer, nullable=False),
    sa.Column("all_devices", sa.Integer, nullable=False),
    sa.Column("leg_a_timeout_s", sa.Integer, nullable=False),
    sa.Column("leg_b_timeout_s", sa.Integer, nullable=False),
    sa.Column("client_ref", sa.Text),
    sa.Column("metadata", sa.Text, nullable=False),  # JSON object of strings
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("leg_a", sa.Text, nullable=False),  # JSON of Leg
    sa.Column("leg_b", sa.Text, nullable=False),
    sa.Column("connected_ms", sa.BigInteger),
    sa.Column("cancel_requested_ms", sa.BigInteger),
    sa.Column("ended_leg", sa.Text),
    sa.Column("end_reason", sa.Text),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("sequence", sa.Integer, nullable=False),
)
# Lists, newest first, and the calls-a-minute limits.
sa.Index("ix_calls_domain", calls.c.domain_id, calls.c.id)
sa.Index("ix_calls_user", calls.c.user_id, calls.c.id)
# Recovery after a restart, and the concurrent-calls limits: a handful of rows among millions.
_open = calls.c.ended_ms.is_(None)
sa.Index("ix_calls_open_pbx", calls.c.pbx, sqlite_where=_open, postgresql_where=_open)
sa.Index("ix_calls_open_user", calls.c.user_id, sqlite_where=_open, postgresql_where=_open)
sa.Index("ix_calls_open_domain", calls.c.domain_id, sqlite_where=_open, postgresql_where=_open)
_named = calls.c.client_ref.is_not(None)
sa.Index(
    "ix_calls_client_ref",
    calls.c.domain_id,
    calls.c.client_ref,
    sqlite_where=_named,
    postgresql_where=_named,
)
