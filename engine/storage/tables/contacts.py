"""Tables of contacts, and of the keys by which contacts and users are found.

A book is a domain's shared contacts (the domain's id) or one user's own (the user's id), so a search
that names its books cannot meet anybody else's.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

#: Ordered by its octets on both databases: only then is a prefix a range.
_Octets = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("domains.id", ondelete="CASCADE"), nullable=False),
    sa.Column("owner_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE")),  # null: shared
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sort_key", _Octets, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    # Its keys of directory_keys, each behind a line feed: what is to be deleted, and where the other
    # words of a query are looked for.
    sa.Column("search_keys", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_contacts_book", contacts.c.book, contacts.c.sort_key, contacts.c.id)
_owned = contacts.c.owner_id.is_not(None)
sa.Index("ix_contacts_owner", contacts.c.owner_id, sqlite_where=_owned, postgresql_where=_owned)

contact_numbers = sa.Table(
    "contact_numbers",
    metadata,
    sa.Column("contact_id", sa.Text, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("book", sa.Text, nullable=False),  # of its contact, so that a number is found within one
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("e164", sa.Text),  # an outside number
    sa.Column("typed", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE")),  # or a user
    sa.Column("is_default", sa.Integer, nullable=False),
)
_outside = contact_numbers.c.e164.is_not(None)
sa.Index(
    "ix_contact_numbers_e164",
    contact_numbers.c.book,
    contact_numbers.c.e164,
    contact_numbers.c.contact_id,
    sqlite_where=_outside,
    postgresql_where=_outside,
)
_inside = contact_numbers.c.user_id.is_not(None)
sa.Index("ix_contact_numbers_user", contact_numbers.c.user_id, sqlite_where=_inside, postgresql_where=_inside)

contact_favourites = sa.Table(
    "contact_favourites",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("contact_id", sa.Text, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
)
sa.Index("ix_contact_favourites_contact", contact_favourites.c.contact_id)

#: Some twenty rows a contact, most of them the ends of its numbers, so they are the index itself.
directory_keys = sa.Table(
    "directory_keys",
    metadata,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("key", _Octets, primary_key=True),  # see engine/contacts/search_keys.py
    sa.Column("subject", sa.Text, primary_key=True),  # a contact or a user
    sqlite_with_rowid=False,
)
