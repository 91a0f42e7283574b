"""Tables of files: what they are and which message carries them, what each owner keeps, links for outsiders.

The octets are elsewhere (a folder, a bucket), under the attachment's id: a file is there before its row is,
and its row is gone, or says so, before the file goes.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Text, nullable=False),  # the user it is for, else the credential
    sa.Column("user_id", sa.Text),
    sa.Column("conversation_id", sa.Text),  # the only one it may be sent in
    sa.Column("message_id", sa.Text),  # null until it is sent
    sa.Column("position", sa.Integer, nullable=False),  # on its message
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("octets", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("thumbnail_octets", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("purged", sa.Integer, nullable=False),  # 1: it is deleted and its file is gone
)
_on_message = attachments.c.message_id.is_not(None)
_unsent = attachments.c.message_id.is_(None)
#: Its file has to go. SQLite uses a partial index only where the query repeats its condition to the letter.
to_purge = sa.and_(
    attachments.c.state == sa.literal_column("'deleted'"), attachments.c.purged == sa.literal_column("0")
)
sa.Index(
    "ix_attachments_message",
    attachments.c.message_id,
    attachments.c.position,
    sqlite_where=_on_message,
    postgresql_where=_on_message,
)
sa.Index("ix_attachments_unsent", attachments.c.created_ms, sqlite_where=_unsent, postgresql_where=_unsent)
sa.Index("ix_attachments_to_purge", attachments.c.id, sqlite_where=to_purge, postgresql_where=to_purge)
sa.Index("ix_attachments_domain", attachments.c.domain_id, attachments.c.created_ms)

#: Octets kept by a domain and by a sender, thumbnails included; written with every row above.
attachment_usage = sa.Table(
    "attachment_usage",
    metadata,
    sa.Column("owner_id", sa.Text, primary_key=True),
    sa.Column("octets", sa.BigInteger, nullable=False),
)

#: What texts carry instead of files. The token is in the text, so its hash is for looking it up alone.
attachment_links = sa.Table(
    "attachment_links",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("appended", sa.Text, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("downloads", sa.Integer, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_attachment_links_message", attachment_links.c.message_id)
