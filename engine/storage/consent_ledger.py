"""Consent outside the hot path: `engine.messaging.consent_ports.ConsentStore` over SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.audit import AuditEntry
from engine.ids import new_id
from engine.messaging.consent_ports import Actor, ConsentSet, Standing
from engine.messaging.models import (
    BlockedSender,
    Consent,
    ConsentAction,
    ConsentEntry,
    ConsentFilter,
    ConsentState,
    KeywordAnswers,
)
from engine.storage import audit
from engine.storage.blocked_senders import read_block
from engine.storage.consents import change, consents_of, pair_key, state_of
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.consent import blocked_senders, consent_entries, consents, keyword_answers
from engine.storage.text_rows import AnyRow
from engine.storage.transaction import Transaction


class SqlConsents:
    """The ledger, where pairs stand, and the answers to keywords."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, number: str, peer: str) -> Consent:
        return await self._database.read(lambda connection: _current(connection, number, [peer])[peer])

    async def standing(self, domain_id: str, number: str, peers: Sequence[str]) -> Mapping[str, Standing]:
        def read(connection: Connection) -> Mapping[str, Standing]:
            found = _current(connection, number, peers)
            blocks = _blocks(connection, domain_id, number, peers)
            return {peer: Standing(found[peer], blocks.get(peer)) for peer in peers}

        return await self._database.read(read)

    async def ledger(
        self,
        domain_id: str,
        chosen: ConsentFilter,
        numbers: Sequence[str] | None,
        before: str | None,
        limit: int,
    ) -> Sequence[ConsentEntry]:
        query = sa.select(consent_entries).where(consent_entries.c.domain_id == domain_id)
        if chosen.number is not None:
            query = query.where(consent_entries.c.number == chosen.number)
        if chosen.peer is not None:
            query = query.where(consent_entries.c.peer == chosen.peer)
        if chosen.action is not None:
            query = query.where(consent_entries.c.action == chosen.action.value)
        if numbers is not None:
            query = query.where(consent_entries.c.number.in_(numbers))
        if before is not None:
            query = query.where(consent_entries.c.id < before)
        query = query.order_by(consent_entries.c.id.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_entry(row) for row in rows]

    async def set(self, wanted: ConsentSet) -> Consent:
        def work(tx: Transaction) -> Consent:
            old = state_of(tx.connection, wanted.number, wanted.peer)
            if old is wanted.state:
                return _current(tx.connection, wanted.number, [wanted.peer])[wanted.peer]
            entry = ConsentEntry(
                wanted.entry_id,
                wanted.domain_id,
                wanted.number,
                wanted.peer,
                ConsentAction.SET,
                old,
                wanted.state,
                tx.now_ms,
                user_id=wanted.actor.user_id,
                credential_id=wanted.actor.credential_id,
                reason=wanted.reason,
            )
            change(tx, entry, wanted.user_ids)
            _audit(tx, "consent.set", wanted.domain_id, entry.id, wanted.actor)
            return Consent(wanted.number, wanted.peer, wanted.state, tx.now_ms, entry.id)

        return await self._database.transact(work)

    async def answers(self, domain_id: str) -> Sequence[KeywordAnswers]:
        query = sa.select(keyword_answers).where(keyword_answers.c.domain_id == domain_id)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [KeywordAnswers(row.number or None, row.stop, row.start, row.help) for row in rows]

    async def save_answers(self, domain_id: str, answers: KeywordAnswers, actor: Actor) -> None:
        texts = {"stop": answers.stop, "start": answers.start, "help": answers.help}
        statement = (
            insert(keyword_answers)
            .values(domain_id=domain_id, number=answers.number or "", **texts)
            .on_conflict_do_update(index_elements=["domain_id", "number"], set_=texts)
        )

        def work(tx: Transaction) -> None:
            tx.connection.execute(statement)
            _audit(tx, "keyword_answers.set", domain_id, domain_id, actor)

        await self._database.transact(work)


def _current(connection: Connection, number: str, peers: Sequence[str]) -> dict[str, Consent]:
    states = consents_of(connection, {pair_key(number, peer) for peer in peers})
    rows = connection.execute(sa.select(consents).where(consents.c.pair.in_(states))) if states else ()
    said = {row.peer: (row.changed_ms, row.entry_id) for row in rows}
    found: dict[str, Consent] = {}
    for peer in peers:
        state = ConsentState(states.get(pair_key(number, peer), "none"))
        # Of an erased number nothing is known but that it had opted out.
        found[peer] = Consent(number, peer, state, *said.get(peer, (None, None)))
    return found


def _blocks(
    connection: Connection, domain_id: str, number: str, peers: Sequence[str]
) -> dict[str, BlockedSender]:
    """One block a peer; where both are there, the number's own, since its users can lift that."""
    rows = connection.execute(
        sa.select(blocked_senders)
        .where(
            blocked_senders.c.peer.in_(peers),
            blocked_senders.c.domain_id == domain_id,
            blocked_senders.c.number.in_((number, "")),
        )
        .order_by(blocked_senders.c.number)
    )
    return {row.peer: read_block(row) for row in rows}


def _entry(row: AnyRow) -> ConsentEntry:
    return ConsentEntry(
        row.id,
        row.domain_id,
        row.number,
        row.peer,
        ConsentAction(row.action),
        ConsentState(row.old_state),
        ConsentState(row.new_state),
        row.at_ms,
        row.keyword,
        row.message_id,
        row.answer_id,
        row.user_id,
        row.credential_id,
        row.reason,
    )


def _audit(tx: Transaction, what: str, domain_id: str, subject: str, actor: Actor) -> None:
    audit.record(tx, AuditEntry(new_id("aud"), domain_id, actor.credential_id, what, subject, {}, tx.now_ms))
