"""Tables of messages: texts with their recipients and segments, and what is said in chats.

Statuses are stored by value. `recipients.status` repeats what the segments say
(engine/messaging/rollup.py) so that lists need no join; it is written in the same transaction.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("conversation_id", sa.Text),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),  # "" in a chat
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("delivery_class", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Text, nullable=False),  # user, else the credential that sent it
    sa.Column("user_id", sa.Text),
    sa.Column("client_id", sa.Text),
    sa.Column("session_id", sa.Text),  # inbound: the SMPP session it came on
    sa.Column("flags", sa.Text, nullable=False),  # comma list
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    # Chats only: a text that has left can be neither changed nor taken back.
    sa.Column("edited_ms", sa.BigInteger),
    sa.Column("deleted_ms", sa.BigInteger),  # the text is emptied then
    sa.Column("reply_to", sa.Text),
    # Inbound: how many segments it came in.
    sa.Column("part_count", sa.Integer, nullable=False, server_default="1"),
    # Whether there are or were reactions to it: without, nobody looks for them.
    sa.Column("reacted", sa.Integer, nullable=False, server_default="0"),
    # Whether it carries files, likewise.
    sa.Column("attached", sa.Integer, nullable=False, server_default="0"),
)
sa.Index("ix_messages_domain", messages.c.domain_id, messages.c.id)
sa.Index(
    "ix_messages_conversation",
    messages.c.conversation_id,
    messages.c.id,
    # All that counting what is unread looks at; SQLite's rows are near enough.
    postgresql_include=["direction", "deleted_ms", "user_id"],
    sqlite_where=messages.c.conversation_id.is_not(None),
    postgresql_where=messages.c.conversation_id.is_not(None),
)
sa.Index(
    "ix_messages_inbound_pair",
    messages.c.number,
    messages.c.peer,
    messages.c.created_ms,
    sqlite_where=messages.c.peer != "",
    postgresql_where=messages.c.peer != "",
)
sa.Index(
    "uq_messages_client_id",
    messages.c.sender_id,
    messages.c.client_id,
    unique=True,
    sqlite_where=messages.c.client_id.is_not(None),
    postgresql_where=messages.c.client_id.is_not(None),
)

#: Of messages of chats.
message_reactions = sa.Table(
    "message_reactions",
    metadata,
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("emoji", sa.Text, primary_key=True),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)

recipients = sa.Table(
    "recipients",
    metadata,
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("segment_count", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),  # JSON of DeliveryError
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
)
# A reply to a text sent without a thread opens one and adopts that text.
sa.Index("ix_recipients_number", recipients.c.number, recipients.c.message_id)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("part_no", sa.Integer, primary_key=True),
    sa.Column("part_count", sa.Integer, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    # What submit_sm carries, so that a restart sends the same octets whatever the settings say by then.
    sa.Column("esm_class", sa.Integer, nullable=False),
    sa.Column("data_coding", sa.Integer, nullable=False),
    sa.Column("short_message", sa.LargeBinary, nullable=False),
    sa.Column("tlvs", sa.LargeBinary, nullable=False),
    # Intent: committed before a byte leaves. attempt: copies the carrier has or may have.
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("bind", sa.Text),
    sa.Column("session_id", sa.Text),
    sa.Column("not_before_ms", sa.BigInteger, nullable=False),
    # Outcome: committed after the response.
    sa.Column("smsc_id", sa.Text),
    sa.Column("smsc_key", sa.Text),
    sa.Column("command_status", sa.Integer),
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
)
# SQLite uses a partial index only where the query repeats its condition to the letter.
queued = segments.c.status == sa.literal_column("'queued'")
sending = segments.c.status == sa.literal_column("'sending'")
sent = segments.c.status == sa.literal_column("'sent'")
uncertain = segments.c.status == sa.literal_column("'uncertain'")
sa.Index(
    "ix_segments_queued",
    segments.c.carrier,
    segments.c.message_id,
    sqlite_where=queued,
    postgresql_where=queued,
)
sa.Index("ix_segments_sending", segments.c.carrier, sqlite_where=sending, postgresql_where=sending)
sa.Index("ix_segments_sent", segments.c.updated_ms, sqlite_where=sent, postgresql_where=sent)
sa.Index("ix_segments_uncertain", segments.c.updated_ms, sqlite_where=uncertain, postgresql_where=uncertain)
sa.Index(
    "ix_segments_smsc_key",
    segments.c.carrier,
    segments.c.smsc_key,
    sqlite_where=segments.c.smsc_key.is_not(None),
    postgresql_where=segments.c.smsc_key.is_not(None),
)
receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("smsc_key", sa.Text, nullable=False),
    sa.Column("raw_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text, nullable=False),
    sa.Column("status", sa.Text),  # what it makes of the segment; empty: history only
    sa.Column("message_id", sa.Text),  # empty until it is matched
    sa.Column("position", sa.Integer),
    sa.Column("part_no", sa.Integer),
    sa.Column("applied", sa.Integer, nullable=False),  # 1: it moved the segment; 0: history only
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("quote", sa.Text, nullable=False),  # of the text, as the carrier repeats it
)
_parked = receipts.c.message_id.is_(None)
sa.Index(
    "ix_receipts_parked",
    receipts.c.carrier,
    receipts.c.smsc_key,
    sqlite_where=_parked,
    postgresql_where=_parked,
)
sa.Index(
    "ix_receipts_parked_pair",
    receipts.c.carrier,
    receipts.c.source,
    sqlite_where=_parked,
    postgresql_where=_parked,
)
sa.Index("ix_receipts_message", receipts.c.message_id)

inbound_parts = sa.Table(
    "inbound_parts",
    metadata,
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("destination", sa.Text, primary_key=True),
    sa.Column("reference", sa.Integer, primary_key=True),  # told apart by its width, see InboundPart
    sa.Column("total", sa.Integer, primary_key=True),
    sa.Column("part_no", sa.Integer, primary_key=True),
    sa.Column("data_coding", sa.Integer, nullable=False),
    sa.Column("octets", sa.LargeBinary, nullable=False),
    sa.Column("session_id", sa.Text, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.Text),  # the text it has become part of; kept a while to know a repeat by
)
sa.Index("ix_inbound_parts_received", inbound_parts.c.received_ms)

inbound_unrouted = sa.Table(
    "inbound_unrouted",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
)
