"""The keys by which users and contacts are found, kept in step with the rows they speak of.

Written in the transaction that changes the user or contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import User
from engine.contacts.search_keys import keys_of_user
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.accounts import users
from engine.storage.tables.contacts import directory_keys

_k = directory_keys.c
_INSERT = HotStatement(insert(directory_keys).on_conflict_do_nothing(), "book", "key", "subject")
_DELETE = HotStatement(
    directory_keys.delete().where(
        _k.book == sa.bindparam("in_book"),
        _k.key == sa.bindparam("with_key"),
        _k.subject == sa.bindparam("of_subject"),
    ),
    "in_book",
    "with_key",
    "of_subject",
)

#: Sorts behind everything that begins like what it is put behind.
_LAST = "\U0010ffff"


def beginning_with(prefix: str) -> sa.ColumnElement[bool]:
    """Keys with this prefix, as a range of the index."""
    return sa.and_(_k.key >= prefix, _k.key < prefix + _LAST)


def joined(keys: Iterable[str]) -> str:
    """Keys as a row of contacts holds them; none contains a line feed."""
    return "".join(f"\n{key}" for key in sorted(keys))


def insert_keys(connection: Connection, rows: Sequence[tuple[str, str, str]]) -> None:
    """rows: book, key, subject. In key order they land on neighbouring pages."""
    _INSERT.execute_many(connection, sorted(rows))


def delete_keys(connection: Connection, book: str, joined_keys: str, subject: str) -> None:
    """Those a contact's row holds."""
    _DELETE.execute_many(connection, [(book, key, subject) for key in joined_keys.split("\n")[1:]])


def index_user(connection: Connection, user: User) -> None:
    """Let a user who has no keys be found, unless it is disabled."""
    keys = keys_of_user(user.extension, user.display_name) if user.enabled else ()
    insert_keys(connection, [(user.domain_id, key, user.id) for key in keys])


def forget_user(connection: Connection, user_id: str) -> None:
    """Drop the keys of a user, not those of its own contacts; they go with `forget_book`."""
    domain_id = connection.execute(sa.select(users.c.domain_id).where(users.c.id == user_id)).scalar()
    of_users = sa.or_(*(beginning_with(kind) for kind in "euv"))
    connection.execute(directory_keys.delete().where(_k.book == domain_id, of_users, _k.subject == user_id))


def forget_book(connection: Connection, book: str) -> None:
    connection.execute(directory_keys.delete().where(_k.book == book))
