"""Names and numbers in other people's words, and in what machines noted: found there, and taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.records.models import Person, PersonKind
from engine.storage.erasing_step import Keys, Step, delete_rows, keys_found, these
from engine.storage.removal import forget_words
from engine.storage.statements import insert
from engine.storage.tables import metadata
from engine.storage.tables.calls import calls
from engine.storage.tables.consent import consent_entries
from engine.storage.tables.contacts import contacts
from engine.storage.tables.conversations import (
    conversation_members,
    conversations,
    timeline_entries,
)
from engine.storage.tables.log import audit_log, idempotency_keys
from engine.storage.tables.messaging import (
    messages,
    segments,
)
from engine.storage.tables.presence import call_log
from engine.storage.tables.search import search_queue
from engine.storage.transaction import Transaction

#: What stands where a number or a name stood in somebody else's words.
ERASED = "[erased]"

#: What people wrote: searched for numbers. A name may be a word like any other.
WRITTEN: tuple[tuple[sa.Table, str], ...] = (
    (messages, "text"),
    (conversations, "name"),
    (conversation_members, "draft"),
    (contacts, "name"),
    (contacts, "notes"),
    (contacts, "company"),
    (contacts, "email"),
    (contacts, "search_keys"),
    (consent_entries, "reason"),
)
#: What machines noted, as it is or as JSON: searched for names as well.
_NOTED: tuple[tuple[sa.Table, str], ...] = (
    (call_log, "peer_name"),
    (call_log, "peer"),
    (call_log, "linkedid"),
    (calls, "leg_a"),
    (calls, "leg_b"),
    (calls, "metadata"),
    (calls, "client_ref"),
    (calls, "destination"),
    (audit_log, "detail"),
)


def needles_in(person: Person, column: sa.Column[Any]) -> tuple[str, ...]:
    """What to look for there: a name only as a whole, where it stands as one."""
    if person.kind is PersonKind.NUMBER or column.table is call_log:
        return person.needles
    return tuple(msgspec.json.encode(word).decode() for word in person.needles)


def named(column: sa.Column[Any], person: Person) -> sa.ColumnElement[bool]:
    """Whether a column names the person."""
    found = [column.contains(needle, autoescape=True) for needle in needles_in(person, column)]
    return sa.or_(sa.false(), *found)


def _without(column: sa.Column[Any], person: Person) -> Any:
    """The column's value with something else in the person's place."""
    clean: Any = column
    for needle in needles_in(person, column):
        instead = f'"{ERASED}"' if needle.startswith('"') else ERASED
        for text in (f"+{needle}", needle):
            clean = sa.func.replace(clean, text, instead)
    return clean


def _scrub(table: sa.Table, name: str, owner: str = "domain_id") -> Step:
    column, key = table.c[name], list(table.primary_key.columns)

    def find(connection: Connection, person: Person, limit: int) -> Keys:
        query = sa.select(*key).where(table.c[owner] == person.domain_id, named(column, person))
        return keys_found(connection, query, limit)

    def change(tx: Transaction, person: Person, keys: Keys) -> None:
        clean = {name: _without(column, person)}
        tx.connection.execute(sa.update(table).where(these(key, keys)).values(clean))
        if table is messages:
            _forget_payloads(tx, [one[0] for one in keys])

    return Step(table.name, find, change)


def _forget_payloads(tx: Transaction, message_ids: Sequence[str]) -> None:
    """Octets of texts that are with the carrier; and the index looks at the texts again."""
    over = segments.c.status.not_in(("queued", "sending"))
    tx.connection.execute(
        sa.update(segments)
        .where(segments.c.message_id.in_(message_ids), over)
        .values(short_message=b"", tlvs=b"")
    )
    forget_words(tx.connection, message_ids)
    for message_id in message_ids:
        tx.connection.execute(insert(search_queue).values(message_id=message_id).on_conflict_do_nothing())


def _find_notices(connection: Connection, person: Person, limit: int) -> Keys:
    entries = timeline_entries.c
    query = (
        sa.select(entries.id)
        .join(conversations, conversations.c.id == entries.conversation_id)
        .where(conversations.c.domain_id == person.domain_id, named(entries.data, person))
    )
    return keys_found(connection, query, limit)


def _find_replays(connection: Connection, person: Person, limit: int) -> Keys:
    """Whose domain an answer belongs to is not always said in it; a lost answer does no harm."""
    keys = idempotency_keys.c
    names = named(keys.body, person)
    if person.kind is PersonKind.USER:
        names = sa.or_(names, keys.body.contains(person.value, autoescape=True))
    return keys_found(connection, sa.select(keys.scope, keys.key).where(names), limit)


def word_steps(person: Person) -> tuple[Step, ...]:
    """For names and numbers in other people's words, and in what machines noted."""
    columns = (*WRITTEN, *_NOTED) if person.kind is PersonKind.NUMBER else _NOTED
    logs = [table for table in metadata.tables.values() if table.name in ("events", "webhook_deliveries")]
    return (
        *(_scrub(table, name) for table, name in columns),
        *(_scrub(table, "data", "stream") for table in logs),
        Step("timeline_entries", _find_notices, delete_rows(timeline_entries)),
        Step("idempotency_keys", _find_replays, delete_rows(idempotency_keys)),
    )
