"""Tables of tenants, their people and things, and credentials.

Secrets are stored as SHA-256 hex (`digest`), passwords as argon2id. Deleting a domain or a user takes its
credentials along; what people wrote and called lives in other tables and names them without a reference.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

domains = sa.Table(
    "domains",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("reseller_id", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("dial_context", sa.Text, nullable=False),
    sa.Column("sms_enabled", sa.Integer, nullable=False),
    sa.Column("realm", sa.Text, unique=True),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_domains_reseller", domains.c.reseller_id, domains.c.id)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id"), nullable=False),
    sa.Column("extension", sa.Text, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("sms_enabled", sa.Integer, nullable=False),
    sa.Column("enabled", sa.Integer, nullable=False),
    sa.Column("login", sa.Text),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("domain_id", "extension"),
    sa.UniqueConstraint("domain_id", "login"),
)
sa.Index("ix_users_domain", users.c.domain_id, users.c.id)

# What differs from the defaults, as JSON by name: settings come and go without a migration.
domain_settings = sa.Table(
    "domain_settings",
    metadata,
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("settings", sa.Text, nullable=False),
)

user_settings = sa.Table(
    "user_settings",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("settings", sa.Text, nullable=False),
)

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id"), nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("pbx", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("is_default", sa.Integer, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("pbx", "endpoint"),
)
sa.Index("ix_devices_domain", devices.c.domain_id, devices.c.id)
sa.Index("ix_devices_user", devices.c.user_id, devices.c.id)
_default = devices.c.is_default == 1
sa.Index(
    "uq_devices_default",
    devices.c.user_id,
    unique=True,
    sqlite_where=_default,
    postgresql_where=_default,
)

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id"), nullable=False),
    sa.Column("e164", sa.Text, nullable=False, unique=True),
    sa.Column("sms_enabled", sa.Integer, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_numbers_domain", numbers.c.domain_id, numbers.c.id)

number_users = sa.Table(
    "number_users",
    metadata,
    sa.Column("number_id", sa.Text, sa.ForeignKey("numbers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    # The position in its threads from which on what comes in is news to the user.
    sa.Column("since", sa.Text, nullable=False),
)
sa.Index("ix_number_users_user", number_users.c.user_id, number_users.c.number_id)

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id", ondelete="CASCADE")),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE")),
    sa.Column("reseller_id", sa.Text),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("issued_by", sa.Text, nullable=False),  # a credential id, or "system"
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
)
sa.Index("ix_credentials_domain", credentials.c.domain_id, credentials.c.id)
sa.Index("ix_credentials_user", credentials.c.user_id)
sa.Index("ix_credentials_issued_by", credentials.c.issued_by)
_token = credentials.c.kind == "token"
sa.Index(
    "ix_credentials_token_ends",
    credentials.c.expires_ms,
    sqlite_where=_token,
    postgresql_where=_token,
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Text, sa.ForeignKey("credentials.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_agent", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("last_seen_ms", sa.BigInteger, nullable=False),
)

passwords = sa.Table(
    "passwords",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),  # argon2id with its salt and cost
    sa.Column("temporary", sa.Integer, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
)

# One row a name or address that tried to log in; its key is a hash, since people type passwords there too.
login_attempts = sa.Table(
    "login_attempts",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("clear_ms", sa.BigInteger, nullable=False),  # when nothing is left to count
)
sa.Index("ix_login_attempts_clear", login_attempts.c.clear_ms)

event_tickets = sa.Table(
    "event_tickets",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("credential_id", sa.Text, sa.ForeignKey("credentials.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_event_tickets_ends", event_tickets.c.expires_ms)
