"""The table of what desk phones showed last."""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

desk_phone_chats = sa.Table(
    "desk_phone_chats",
    metadata,
    sa.Column("device_id", sa.Text, sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("conversation_id", sa.Text, nullable=False),
)
