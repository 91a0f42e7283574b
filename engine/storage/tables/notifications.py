"""Tables of how users want to be told of what happened, and of what is still to be told.

What can be read from elsewhere is not kept here: a mail that waits is a row that says when to look, and
what is unread then is what it tells.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

#: What differs from the defaults, as JSON by name.
notification_settings = sa.Table(
    "notification_settings",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("settings", sa.Text, nullable=False),
)

thread_notifications = sa.Table(
    "thread_notifications",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("level", sa.Text, nullable=False),  # all, mentions or none
    sa.Column("sound", sa.Text),  # null: the one of the user's settings
)

#: A browser that takes pushes. Where it is reached is a secret: who knows it can push.
push_subscriptions = sa.Table(
    "push_subscriptions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),  # SHA-256 of the endpoint
    sa.Column("host", sa.Text, nullable=False),  # of the endpoint, to be shown
    sa.Column("sealed", sa.Text, nullable=False),  # endpoint and keys, JSON
    sa.Column("user_agent", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger, nullable=False),  # when its page said last that it is there
)
sa.Index("ix_push_subscriptions_user", push_subscriptions.c.user_id, push_subscriptions.c.used_ms)

#: Keys made here: the one that signs pushes, the one that signs links to end mails.
notification_keys = sa.Table(
    "notification_keys",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)

#: One row a user who is to be looked at, or was told by mail once. Positions are the digits of ids.
mail_digests = sa.Table(
    "mail_digests",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("due_ms", sa.BigInteger),  # null: nothing waits
    sa.Column("notes", sa.Integer, nullable=False),  # how often it was noted: what came meanwhile is not lost
    sa.Column("told_through", sa.Text, nullable=False),  # what came up to there was told or given up
    # A mail that was begun: its id, and how far it goes. After a crash it goes out again under that id.
    sa.Column("mail_id", sa.Text),
    sa.Column("mail_through", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("first_attempt_ms", sa.BigInteger),
)
_due = mail_digests.c.due_ms.is_not(None)
sa.Index("ix_mail_digests_due", mail_digests.c.due_ms, sqlite_where=_due, postgresql_where=_due)

#: Up to which event of each stream it is noted on disk who is to be looked at.
notification_positions = sa.Table(
    "notification_positions",
    metadata,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
