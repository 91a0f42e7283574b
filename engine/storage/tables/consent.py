"""Tables of what outside numbers allow, and of those nobody wants to hear from."""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

#: Where each pair stands that has ever said something. Read for every text that goes out, so it is found
#: by one short key, and is small: most pairs never say anything.
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("pair", sa.Text, primary_key=True),  # our number and the outside number, one behind the other
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

#: The ledger: appended to, never changed.
consent_entries = sa.Table(
    "consent_entries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("old_state", sa.Text, nullable=False),
    sa.Column("new_state", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("keyword", sa.Text),
    sa.Column("message_id", sa.Text),
    sa.Column("answer_id", sa.Text),
    sa.Column("user_id", sa.Text),
    sa.Column("credential_id", sa.Text),
    sa.Column("reason", sa.Text),
)
sa.Index("ix_consent_entries_domain", consent_entries.c.domain_id, consent_entries.c.id)
sa.Index("ix_consent_entries_pair", consent_entries.c.number, consent_entries.c.peer, consent_entries.c.at_ms)

#: number "": the whole domain.
keyword_answers = sa.Table(
    "keyword_answers",
    metadata,
    sa.Column("domain_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("stop", sa.Text),
    sa.Column("start", sa.Text),
    sa.Column("help", sa.Text),
)

#: number "": every number of the domain.
blocked_senders = sa.Table(
    "blocked_senders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("blocked_by", sa.Text, nullable=False),  # user, else the credential
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)
# By peer first: who sent a text is what is known of it.
sa.Index(
    "uq_blocked_senders",
    blocked_senders.c.peer,
    blocked_senders.c.domain_id,
    blocked_senders.c.number,
    unique=True,
)
sa.Index("ix_blocked_senders_domain", blocked_senders.c.domain_id, blocked_senders.c.id)
