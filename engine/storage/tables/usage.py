"""Tables of what was used, by day.

Days are counted anew from messages and the call log where something changed, so nothing is written here
while a text is accepted or sent. Rows with `kept` hold what was counted of rows that are there no more.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

#: One row a day and whatever else tells counts apart. "" is nobody, no number and so on.
usage_days = sa.Table(
    "usage_days",
    metadata,
    sa.Column("domain_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # text, chat or call
    sa.Column("day", sa.Text, primary_key=True),  # of the domain's time zone, 2026-11-22
    sa.Column("kept", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),  # ours
    sa.Column("direction", sa.Text, primary_key=True),
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, primary_key=True),  # of a recipient, or the result of a call
    sa.Column("failure_class", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("items", sa.BigInteger, nullable=False),
    sa.Column("segments", sa.BigInteger, nullable=False),
    sa.Column("charged_segments", sa.BigInteger, nullable=False),
    sa.Column("cost_micros", sa.BigInteger, nullable=False),
    sa.Column("answered", sa.BigInteger, nullable=False),
    sa.Column("missed", sa.BigInteger, nullable=False),
    sa.Column("talk_ms", sa.BigInteger, nullable=False),
)

#: Days there are messages of. Their ids lie between these two; other days' may lie there as well.
usage_spans = sa.Table(
    "usage_spans",
    metadata,
    sa.Column("domain_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("first_id", sa.Text, nullable=False),
    sa.Column("last_id", sa.Text, nullable=False),
)

#: How far a domain has been counted: up to which event, by which days.
usage_marks = sa.Table(
    "usage_marks",
    metadata,
    sa.Column("domain_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),  # grows with every change of the domain's counts
    sa.Column("counted_ms", sa.BigInteger, nullable=False),
)

#: Days something was removed from since they were counted; they are not shown before they are again.
usage_stale = sa.Table(
    "usage_stale",
    metadata,
    sa.Column("domain_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
)

#: What a carrier charged from a time on, so that days are counted at the prices they had.
carrier_prices = sa.Table(
    "carrier_prices",
    metadata,
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("from_ms", sa.BigInteger, primary_key=True),
    sa.Column("prices", sa.Text, nullable=False),  # JSON of a price list, or null
)
