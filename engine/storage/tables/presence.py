"""Tables of what users say of themselves, and of calls as users see them.

A call-log row is written when a call first reaches a user's phone, so that one whose end nobody saw is
still known of. Users are named, not referenced, since history outlives them.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

user_status = sa.Table(
    "user_status",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("do_not_disturb", sa.Integer, nullable=False),
    sa.Column("to_be_told", sa.Integer, nullable=False),  # 1: the PBX does not know of it yet
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
)

call_log = sa.Table(
    "call_log",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id"), nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("linkedid", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),  # user id, E.164, or what the PBX called it
    sa.Column("peer_user_id", sa.Text),
    sa.Column("peer_name", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("result", sa.Text),  # null while open
    sa.Column("call_id", sa.Text),
    sa.Column("answered", sa.Integer, nullable=False),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("answered_ms", sa.BigInteger),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("open", sa.Integer, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.UniqueConstraint("linkedid", "user_id", "pbx"),
)
# SQLite uses a partial index only where the query repeats its condition to the letter.
ended = call_log.c.open == sa.literal_column("0")
unseen_missed = sa.and_(
    call_log.c.missed == sa.literal_column("1"), call_log.c.seen == sa.literal_column("0")
)
_page = (call_log.c.started_ms, call_log.c.id)
sa.Index("ix_call_log_domain", call_log.c.domain_id, *_page, sqlite_where=ended, postgresql_where=ended)
sa.Index("ix_call_log_user", call_log.c.user_id, *_page, sqlite_where=ended, postgresql_where=ended)
sa.Index(
    "ix_call_log_peer",
    call_log.c.user_id,
    call_log.c.peer,
    *_page,
    sqlite_where=ended,
    postgresql_where=ended,
)
sa.Index("ix_call_log_unseen", call_log.c.user_id, sqlite_where=unseen_missed, postgresql_where=unseen_missed)
# Recovery after a restart: a handful among millions.
_open = call_log.c.open == sa.literal_column("1")
sa.Index("ix_call_log_open", call_log.c.pbx, sqlite_where=_open, postgresql_where=_open)
