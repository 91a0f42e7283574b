"""Inbound texts: put together, given a thread, stored; the SMSC is answered after the commit.

A reply joins the thread whose text reached that number last, within 30 days; a text sent without
a thread gets one then. SMPP gives an inbound text no id, so a repeat after a lost acknowledgement
looks like a second text: it is kept, and flagged when it came on another session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.events import OPERATIONS_STREAM, NewEvent, domain_stream
from engine.ids import new_id
from engine.messaging.ports import InboundText, PartJoiner
from engine.storage.statements import insert
from engine.storage.tables.accounts import numbers
from engine.storage.tables.messaging import (
    conversation_peers,
    conversations,
    inbound_parts,
    inbound_unrouted,
    messages,
    recipients,
)
from engine.storage.text_rows import COMMUTING, INSERT_MESSAGE, AnyRow, users_of_numbers
from engine.storage.transaction import Transaction

#: How long a reply still belongs to the text it answers; after that it gets the pair's own thread.
_REPLY_WITHIN_MS = 30 * 86_400_000
#: Equal texts of one pair within this time, on different sessions, may be one text sent twice.
_REPEAT_WITHIN_MS = 600_000
#: Statuses that say the text never got to the number.
_NEVER_LEFT = ("rejected", "failed", "expired", "canceled")


@dataclass(frozen=True, slots=True)
class StoreInbound:
    """Texts that came in one wake-up."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING

    texts: Sequence[InboundText]
    joiner: PartJoiner

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for operation in operations:
            for text in operation.texts:
                _store(tx, text, operation.joiner)
        return [None] * len(operations)


def surface_incomplete(tx: Transaction, joiner: PartJoiner, limit: int) -> int:
    """Show texts whose missing parts have not come in time. Returns how many."""
    newest = sa.func.max(inbound_parts.c.received_ms)
    identity = [inbound_parts.c[name] for name in _PART_IDENTITY]
    stale = tx.connection.execute(
        sa.select(*identity).group_by(*identity).having(newest <= tx.now_ms - joiner.wait_ms).limit(limit)
    ).all()
    for row in stale:
        _flush_incomplete(tx, tuple(row), joiner)
    return len(stale)


_PART_IDENTITY = ("carrier", "source", "destination", "reference", "total")


def _store(tx: Transaction, text: InboundText, joiner: PartJoiner) -> None:
    number = tx.connection.execute(
        sa.select(numbers.c.id, numbers.c.domain_id, numbers.c.e164).where(numbers.c.e164 == text.destination)
    ).first()
    if number is None:
        _keep_unrouted(tx, text)
    elif text.part is None:
        _deliver(tx, number, text, text.text, text.flags)
    else:
        _store_part(tx, number, text, joiner)


def _keep_unrouted(tx: Transaction, text: InboundText) -> None:
    tx.connection.execute(
        insert(inbound_unrouted).values(
            id=text.message_id,
            carrier=text.carrier,
            source=text.source,
            destination=text.destination,
            text=text.text,
            received_ms=text.received_ms,
        )
    )
    tx.emit(NewEvent(OPERATIONS_STREAM, "inbound.unrouted", text.message_id, {"carrier": text.carrier}))


# Texts in several parts.


def _store_part(tx: Transaction, number: AnyRow, text: InboundText, joiner: PartJoiner) -> None:
    part = text.part
    assert part is not None
    identity = (text.carrier, text.source, text.destination, part.reference, part.total)
    held = {row.part_no: row for row in _parts(tx.connection, identity)}
    known = held.get(part.part_no)
    if known is not None and bytes(known.octets) != text.octets:
        # The reference has come round again: what is held belongs to an older text.
        _flush_incomplete(tx, identity, joiner)
        held = {}
    elif known is not None:
        return
    tx.connection.execute(
        insert(inbound_parts).values(
            **dict(zip(_PART_IDENTITY, identity, strict=True)),
            part_no=part.part_no,
            data_coding=text.data_coding,
            octets=text.octets,
            session_id=text.session_id,
            received_ms=text.received_ms,
        )
    )
    octets = {part_no: bytes(row.octets) for part_no, row in held.items()} | {part.part_no: text.octets}
    if len(octets) < part.total:
        return
    whole = joiner.join(text.carrier, text.data_coding, octets, part.total)
    _drop_parts(tx.connection, identity)
    _deliver(tx, number, text, whole, text.flags)


def _parts(connection: Connection, identity: tuple[object, ...]) -> Sequence[AnyRow]:
    return connection.execute(
        sa.select(inbound_parts).where(*_is(identity)).order_by(inbound_parts.c.part_no)
    ).all()


def _drop_parts(connection: Connection, identity: tuple[object, ...]) -> None:
    connection.execute(sa.delete(inbound_parts).where(*_is(identity)))


def _is(identity: tuple[object, ...]) -> list[sa.ColumnElement[bool]]:
    return [inbound_parts.c[name] == value for name, value in zip(_PART_IDENTITY, identity, strict=True)]


def _flush_incomplete(tx: Transaction, identity: tuple[object, ...], joiner: PartJoiner) -> None:
    rows = {row.part_no: row for row in _parts(tx.connection, identity)}
    if not rows:
        return
    some = next(iter(rows.values()))
    number = tx.connection.execute(
        sa.select(numbers.c.id, numbers.c.domain_id, numbers.c.e164).where(numbers.c.e164 == some.destination)
    ).first()
    octets = {part_no: bytes(row.octets) for part_no, row in rows.items()}
    whole = joiner.join(some.carrier, some.data_coding, octets, some.total)
    text = InboundText(
        new_id("msg"),
        new_id("conv"),
        some.carrier,
        some.source,
        some.destination,
        some.data_coding,
        b"",
        whole,
        some.session_id,
        min(row.received_ms for row in rows.values()),
    )
    _drop_parts(tx.connection, identity)
    if number is None:
        _keep_unrouted(tx, text)
    else:
        _deliver(tx, number, text, whole, ("incomplete",))


# Threads.


def _deliver(tx: Transaction, number: AnyRow, text: InboundText, whole: str, flags: tuple[str, ...]) -> None:
    conversation_id, inferred = _thread(tx, number, text)
    if inferred:
        flags = (*flags, "inferred")
    if _looks_repeated(tx, number.e164, text, whole):
        flags = (*flags, "possible_duplicate")
    tx.execute_many(
        INSERT_MESSAGE,
        [
            (
                text.message_id,
                number.domain_id,
                conversation_id,
                "inbound",
                number.e164,
                text.source,
                whole,
                "conversation",
                "",
                None,
                None,
                text.session_id,
                ",".join(flags),
                text.received_ms,
            )
        ],
    )
    tx.connection.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(last_message_ms=text.received_ms)
    )
    users = users_of_numbers(tx.connection, [number.e164])[number.e164]
    data = {"direction": "inbound", "conversation_id": conversation_id, "status": "received"}
    tx.emit(NewEvent(domain_stream(number.domain_id), "message.created", text.message_id, data, users))


def _looks_repeated(tx: Transaction, e164: str, text: InboundText, whole: str) -> bool:
    return (
        tx.connection.execute(
            sa.select(messages.c.id)
            .where(
                messages.c.number == e164,
                messages.c.peer == text.source,
                messages.c.peer != "",
                messages.c.created_ms > text.received_ms - _REPEAT_WITHIN_MS,
                messages.c.text == whole,
                messages.c.session_id != text.session_id,
            )
            .limit(1)
        ).first()
        is not None
    )


def _thread(tx: Transaction, number: AnyRow, text: InboundText) -> tuple[str, bool]:
    """The thread a text belongs to, and whether that is a guess."""
    last = tx.connection.execute(
        sa.select(messages.c.id, messages.c.conversation_id)
        .join(recipients, recipients.c.message_id == messages.c.id)
        .where(
            recipients.c.number == text.source,
            recipients.c.status.not_in(_NEVER_LEFT),
            messages.c.number == number.e164,
            messages.c.created_ms > text.received_ms - _REPLY_WITHIN_MS,
        )
        .order_by(recipients.c.message_id.desc())
        .limit(1)
    ).first()
    solo = tx.connection.execute(
        sa.select(conversation_peers.c.conversation_id).where(
            conversation_peers.c.number == number.e164,
            conversation_peers.c.peer == text.source,
            conversation_peers.c.solo == 1,
        )
    ).scalar()
    if last is not None and last.conversation_id is not None:
        return last.conversation_id, last.conversation_id != solo
    if solo is None:
        solo = text.conversation_id
        open_sms_thread(tx, solo, number.domain_id, number.id, number.e164, (text.source,), text.received_ms)
    if last is not None:
        _adopt(tx, solo, number.e164, text)
    return solo, False


def _adopt(tx: Transaction, conversation_id: str, e164: str, text: InboundText) -> None:
    """Texts to this number alone that were sent without a thread are what the reply answers."""
    to_it = sa.select(recipients.c.message_id).where(recipients.c.number == text.source)
    others = (
        sa.select(recipients.c.message_id)
        .where(recipients.c.message_id == messages.c.id, recipients.c.number != text.source)
        .exists()
    )
    tx.connection.execute(
        sa.update(messages)
        .where(
            messages.c.id.in_(to_it),
            messages.c.number == e164,
            messages.c.conversation_id.is_(None),
            messages.c.created_ms > text.received_ms - _REPLY_WITHIN_MS,
            ~others,
        )
        .values(conversation_id=conversation_id)
    )


def open_sms_thread(
    tx: Transaction,
    conversation_id: str,
    domain_id: str,
    number_id: str,
    e164: str,
    peers: tuple[str, ...],
    now_ms: int,
) -> None:
    """Make an sms conversation and tell about it."""
    tx.connection.execute(
        insert(conversations).values(
            id=conversation_id,
            domain_id=domain_id,
            kind="sms",
            number_id=number_id,
            number=e164,
            peers=msgspec.json.encode(sorted(peers)).decode(),
            created_ms=now_ms,
            last_message_ms=now_ms,
        )
    )
    for peer in peers:
        tx.connection.execute(
            insert(conversation_peers).values(
                number=e164, peer=peer, conversation_id=conversation_id, solo=int(len(peers) == 1)
            )
        )
    users = users_of_numbers(tx.connection, [e164])[e164]
    tx.emit(
        NewEvent(domain_stream(domain_id), "conversation.created", conversation_id, {"kind": "sms"}, users)
    )
