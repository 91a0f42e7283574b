"""Tables of webhooks and of what became of each event sent to them. Secrets are sealed."""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id", ondelete="CASCADE")),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("event_types", sa.Text, nullable=False),  # JSON array; empty for all
    sa.Column("enabled", sa.Integer, nullable=False),
    sa.Column("disabled_because", sa.Text),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("old_secret", sa.Text),
    sa.Column("old_secret_until_ms", sa.BigInteger),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
    # The event log is kept behind the lowest of these.
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("failing_since_ms", sa.BigInteger),
    sa.Column("last_delivered_ms", sa.BigInteger),
)
sa.Index("ix_webhooks_stream", webhooks.c.stream, webhooks.c.enabled, webhooks.c.seq)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("webhook_id", sa.Text, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    # A copy of the event, which outlives its place in the log.
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("last_attempt_ms", sa.BigInteger),
    sa.Column("next_attempt_ms", sa.BigInteger),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("webhook_id", "seq"),
)
sa.Index("ix_webhook_deliveries_webhook", webhook_deliveries.c.webhook_id, webhook_deliveries.c.id)
sa.Index(
    "ix_webhook_deliveries_state",
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.state,
    webhook_deliveries.c.next_attempt_ms,
)
sa.Index("ix_webhook_deliveries_over", webhook_deliveries.c.state, webhook_deliveries.c.last_attempt_ms)
