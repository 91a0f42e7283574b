"""Tables of threads: what they are, who is in them, and what happened to them.

Messages live in `messaging`, chat or text; ids (UUIDv7) order what was said in a thread.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # chat or sms, for ever
    sa.Column("number_id", sa.Text),
    sa.Column("number", sa.Text),
    sa.Column("peers", sa.Text, nullable=False),  # JSON list of E.164, sorted: shown, never searched
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("last_message_ms", sa.BigInteger, nullable=False),  # when it was made, while nothing was said
    sa.Column("name", sa.Text),
    sa.Column("created_by", sa.Text),  # a user; null for a thread a carrier or a key opened
    sa.Column("direct_key", sa.Text),  # a chat of exactly two: their ids, sorted, with a colon between
    sa.Column("last_item_id", sa.Text, nullable=False, server_default=""),  # the last message
    # The last message that somebody has to read: any of a chat, an inbound one of a text thread.
    sa.Column("last_news_id", sa.Text, nullable=False, server_default=""),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),  # open or done; sms only
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_ms", sa.BigInteger),
)
_sms = conversations.c.kind == sa.literal_column("'sms'")
sa.Index(
    "ix_conversations_domain_texts",
    conversations.c.domain_id,
    conversations.c.last_message_ms,
    conversations.c.id,
    sqlite_where=_sms,
    postgresql_where=_sms,
)
_over_number = conversations.c.number.is_not(None)
sa.Index(
    "ix_conversations_number",
    conversations.c.number,
    conversations.c.last_message_ms,
    conversations.c.id,
    sqlite_where=_over_number,
    postgresql_where=_over_number,
)
sa.Index(
    "ix_conversations_number_news",
    conversations.c.number,
    conversations.c.last_news_id,
    sqlite_where=_over_number,
    postgresql_where=_over_number,
)
_direct = conversations.c.direct_key.is_not(None)
sa.Index(
    "uq_conversations_direct_key",
    conversations.c.direct_key,
    unique=True,
    sqlite_where=_direct,
    postgresql_where=_direct,
)

_named = conversations.c.name.is_not(None)
sa.Index(
    "ix_conversations_named",
    conversations.c.domain_id,
    conversations.c.last_message_ms,
    sqlite_where=_named,
    postgresql_where=_named,
)

conversation_peers = sa.Table(
    "conversation_peers",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),  # ours
    sa.Column("peer", sa.Text, primary_key=True),  # the outside number
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("solo", sa.Integer, nullable=False),  # 1: the pair's own thread
    # A number that goes to another domain leaves its threads behind.
    sa.Column("domain_id", sa.Text, nullable=False),
)
_solo = conversation_peers.c.solo == 1
sa.Index(
    "uq_conversation_peers_solo",
    conversation_peers.c.domain_id,
    conversation_peers.c.number,
    conversation_peers.c.peer,
    unique=True,
    sqlite_where=_solo,
    postgresql_where=_solo,
)
sa.Index("ix_conversation_peers_conversation", conversation_peers.c.conversation_id)

#: One user's side of a thread. Being a `member` lets a user into a chat; a `viewer` is let into a text
#: thread by its number, and has a row only once there is something to remember.
conversation_members = sa.Table(
    "conversation_members",
    metadata,
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # member or viewer
    sa.Column("joined_ms", sa.BigInteger, nullable=False),
    # Positions are message ids: what follows them is meant. "" is before everything.
    sa.Column("seen_from", sa.Text, nullable=False, server_default=""),  # what came before is not theirs
    sa.Column("left_ms", sa.BigInteger),
    sa.Column("muted_until_ms", sa.BigInteger),  # null: not muted; -1: for ever
    sa.Column("read_through", sa.Text, nullable=False, server_default=""),
    sa.Column("marked_unread", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deleted_through", sa.Text, nullable=False, server_default=""),  # deleted by and for this user
    sa.Column("draft", sa.Text),
    sa.Column("draft_ms", sa.BigInteger),
    sa.Column("number_id", sa.Text),  # sent from when the user last started this thread
    sa.Column("number_used_ms", sa.BigInteger),
)
_present = conversation_members.c.left_ms.is_(None)
sa.Index(
    "ix_conversation_members_user",
    conversation_members.c.user_id,
    conversation_members.c.conversation_id,
    sqlite_where=_present,
    postgresql_where=_present,
)
_used = conversation_members.c.number_used_ms.is_not(None)
sa.Index(
    "ix_conversation_members_number_used",
    conversation_members.c.user_id,
    conversation_members.c.number_used_ms,
    sqlite_where=_used,
    postgresql_where=_used,
)

timeline_entries = sa.Table(
    "timeline_entries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text),  # who did it, if a user did
    sa.Column("data", sa.Text, nullable=False),  # JSON object: ids, numbers, states
    sa.Column("at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_timeline_entries_conversation", timeline_entries.c.conversation_id, timeline_entries.c.id)

#: Texts somebody has ready. owner_id: whose own; null: shared in the domain.
quick_replies = sa.Table(
    "quick_replies",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id", ondelete="CASCADE"), nullable=False),
    sa.Column("owner_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE")),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_quick_replies_domain", quick_replies.c.domain_id, quick_replies.c.owner_id)
sa.Index("ix_quick_replies_owner", quick_replies.c.owner_id)

out_of_office = sa.Table(
    "out_of_office",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("enabled", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("from_ms", sa.BigInteger),  # null: from when it was switched on
    sa.Column("until_ms", sa.BigInteger),  # null: until it is switched off
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
)

#: When a user's absence was last told in a thread.
out_of_office_told = sa.Table(
    "out_of_office_told",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("told_ms", sa.BigInteger, nullable=False),
)
