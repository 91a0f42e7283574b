"""Erasure on disk: `engine.records.ports.ErasureStore` over SQL."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.audit import AuditEntry
from engine.ids import new_id
from engine.records.models import Erasure, Person, PersonKind
from engine.records.ports import ErasingDomain
from engine.storage import audit
from engine.storage.database import Database
from engine.storage.erased_pairs import hash_of
from engine.storage.erasing_step import Keys, Step
from engine.storage.erasing_steps import NUMBER_STEPS, USER_STEPS
from engine.storage.erasing_words import WRITTEN, named, word_steps
from engine.storage.removal import merge_words
from engine.storage.tables import metadata
from engine.storage.tables.accounts import domains, users
from engine.storage.tables.contacts import contacts
from engine.storage.tables.messaging import messages, recipients
from engine.storage.tables.records import erasures
from engine.storage.tables.voicemail import voicemails
from engine.storage.transaction import Transaction

#: Rows changed in one transaction: so few that nobody waits for them long.
_AT_ONCE = 50
#: Rows looked for in one go: some are found by reading a whole table.
_FOUND_AT_ONCE = 2_000
_COLUMNS = [column.name for column in erasures.c if column.name not in ("report", "kind")]


class SqlErasures:
    """key: of `erased_pairs.use_key`."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    async def domain(self, domain_id: str) -> ErasingDomain | None:
        row = await self._database.read(
            lambda connection: connection.execute(
                sa.select(domains.c.id, domains.c.reseller_id, domains.c.region).where(
                    domains.c.id == domain_id
                )
            ).first()
        )
        return None if row is None else ErasingDomain(row.id, row.reseller_id, row.region)

    async def person_of_user(self, domain_id: str, user_id: str) -> Person | None:
        def read(connection: Connection) -> Person | None:
            row = connection.execute(
                sa.select(users).where(users.c.id == user_id, users.c.domain_id == domain_id)
            ).first()
            if row is not None:
                words = tuple(filter(None, (row.display_name, row.login, row.email)))
                return Person(domain_id, PersonKind.USER, user_id, words)
            gone = Person(domain_id, PersonKind.USER, user_id)
            return gone if _voicemails_of(connection, gone) else None

        return await self._database.read(read)

    async def erase(self, person: Person) -> Mapping[str, int]:
        steps = NUMBER_STEPS if person.kind is PersonKind.NUMBER else USER_STEPS
        removed: dict[str, int] = {}
        for step in (*steps, *word_steps(person)):
            while keys := await self._database.read(partial(_find, step, person)):
                for first in range(0, len(keys), _AT_ONCE):
                    some = keys[first : first + _AT_ONCE]
                    await self._database.transact(partial(_change, step, person, some))
                removed[step.table] = removed.get(step.table, 0) + len(keys)
        await merge_words(self._database)
        return removed

    async def left(self, person: Person) -> Mapping[str, int]:
        return await self._database.read(lambda connection: _left(connection, person))

    async def rewrite(self) -> bool | None:
        return await self._database.rewrite()

    def subject_hash(self, person: Person) -> str:
        return hash_of(self._key, f"{person.domain_id}:{person.value}")

    async def save(self, erasure: Erasure) -> None:
        def work(tx: Transaction) -> None:
            tx.connection.execute(sa.insert(erasures).values(_row(erasure)))
            done = {"kind": erasure.kind.value, "report_hash": erasure.report_hash}
            entry = AuditEntry(
                new_id("aud"),
                erasure.domain_id,
                erasure.requested_by,
                "person.erased",
                erasure.id,
                done,
                tx.now_ms,
            )
            audit.record(tx, entry)

        await self._database.transact(work)

    async def get(self, erasure_id: str) -> Erasure | None:
        found = await self._some(erasures.c.id == erasure_id, limit=1)
        return found[0] if found else None

    async def list(self, domain_id: str, before: str | None, limit: int) -> Sequence[Erasure]:
        conditions = [erasures.c.domain_id == domain_id]
        if before is not None:
            conditions.append(erasures.c.id < before)
        return await self._some(*conditions, limit=limit)

    async def _some(self, *conditions: sa.ColumnElement[bool], limit: int) -> Sequence[Erasure]:
        query = sa.select(erasures).where(*conditions).order_by(erasures.c.id.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_erasure(row) for row in rows]


def _find(step: Step, person: Person, connection: Connection) -> Keys:
    return step.find(connection, person, _FOUND_AT_ONCE)


def _change(step: Step, person: Person, keys: Keys, tx: Transaction) -> None:
    step.change(tx, person, keys)


def _left(connection: Connection, person: Person) -> dict[str, int]:
    """Every column of text of every table that says whose a row is."""
    found: dict[str, int] = {}
    others_words = {table.c[name] for table, name in WRITTEN} | set(contacts.c)
    for table in metadata.sorted_tables:
        owner = table.c.get("domain_id", table.c.get("stream"))
        if owner is None:
            continue
        for column in table.c:
            if not isinstance(column.type, sa.Text) or column is owner:
                continue
            if person.kind is PersonKind.USER and column in others_words:
                continue
            query = (
                sa.select(sa.func.count())
                .select_from(table)
                .where(owner == person.domain_id, named(column, person))
            )
            if count := connection.execute(query).scalar_one():
                found[f"{table.name}.{column.name}"] = int(count)
    sent = (
        sa.select(sa.func.count())
        .select_from(recipients.join(messages, messages.c.id == recipients.c.message_id))
        .where(messages.c.domain_id == person.domain_id, recipients.c.number == person.value)
    )
    if count := connection.execute(sent).scalar_one():
        found["recipients.number"] = int(count)
    if person.kind is PersonKind.USER and (count := _voicemails_of(connection, person)):
        found["voicemails.peer_user_id"] = count
    return found


def _voicemails_of(connection: Connection, user: Person) -> int:
    """How many a user has left in mailboxes; they may outlive the user, since a PBX has to remove them."""
    mine = sa.and_(voicemails.c.domain_id == user.domain_id, voicemails.c.peer_user_id == user.value)
    return int(connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one())


def _row(erasure: Erasure) -> dict[str, object]:
    report = {"removed": erasure.removed, "left": erasure.left, "rewritten": erasure.rewritten}
    values = {
        field.name: getattr(erasure, field.name)
        for field in dataclasses.fields(Erasure)
        if field.name not in report
    }
    return values | {"kind": erasure.kind.value, "report": msgspec.json.encode(report).decode()}


def _erasure(row: sa.Row[tuple[object, ...]]) -> Erasure:
    report = msgspec.json.decode(row.report)
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Erasure(kind=PersonKind(row.kind), **values, **report)
