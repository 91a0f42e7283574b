"""Tables of mailboxes, of who shares them, and of the messages in them.

A mirror of what PBXs keep: it may be dropped and is made again by the next scan, with other ids.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id", ondelete="CASCADE"), nullable=False),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("context", sa.Text, nullable=False),
    sa.Column("mailbox", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),  # JSON: folder -> messages
    sa.Column("checked_ms", sa.BigInteger),
    sa.UniqueConstraint("pbx", "context", "mailbox"),
)
sa.Index("ix_mailboxes_domain", mailboxes.c.domain_id, mailboxes.c.id)

mailbox_users = sa.Table(
    "mailbox_users",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("mailbox_id", sa.Text, sa.ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False),
)
sa.Index("ix_mailbox_users_mailbox", mailbox_users.c.mailbox_id, mailbox_users.c.user_id)

voicemails = sa.Table(
    "voicemails",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("mailbox_id", sa.Text, sa.ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("copy", sa.Integer, nullable=False),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),  # user id, E.164, or what the PBX called it
    sa.Column("peer_user_id", sa.Text),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("duration_s", sa.Integer, nullable=False),
    sa.UniqueConstraint("mailbox_id", "message_id", "copy"),
)
_page = (voicemails.c.received_ms, voicemails.c.id)
sa.Index("ix_voicemails_mailbox", voicemails.c.mailbox_id, *_page)
sa.Index("ix_voicemails_domain", voicemails.c.domain_id, *_page)
sa.Index("ix_voicemails_peer", voicemails.c.mailbox_id, voicemails.c.peer, *_page)
