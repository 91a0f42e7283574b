"""Tables of what was erased: that it was, and what came of it; never whom it named."""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # user or number
    sa.Column("subject_hash", sa.Text, nullable=False),  # keyed: says whether it was this one, not which
    sa.Column("requested_by", sa.Text, nullable=False),  # a credential
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("finished_ms", sa.BigInteger, nullable=False),
    sa.Column("report", sa.Text, nullable=False),  # JSON
    sa.Column("report_hash", sa.Text, nullable=False),
)
sa.Index("ix_erasures_domain", erasures.c.domain_id, erasures.c.id)

#: Keys made here, sealed.
erasure_keys = sa.Table(
    "erasure_keys",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)
