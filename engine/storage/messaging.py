"""Texts on disk: `engine.messaging.ports.TextStore` and `NumberDirectory` over SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.clock import Clock
from engine.idempotency import Replayed
from engine.messaging.models import DeliveryClass, DeliveryError, Message, MessageFilter
from engine.messaging.ports import (
    Accepted,
    InboundText,
    Intent,
    NewTexts,
    OutboundSegment,
    Outcome,
    ReceiptNews,
    SegmentJob,
    SegmentKey,
    SendingNumber,
    TextingDomain,
    TextWords,
)
from engine.storage.database import Database
from engine.storage.keywords_in import Answers
from engine.storage.tables.accounts import domains, number_users, numbers, users
from engine.storage.tables.messaging import messages, queued, recipients, segments, sending, sent
from engine.storage.text_evidence import settle_by_evidence, settle_leftovers
from engine.storage.text_receipts import ApplyReceipts, pair_leftovers
from engine.storage.text_rows import AnyRow, message_event, read_messages, roll_up, users_of_numbers
from engine.storage.texts_in import StoreInbound, surface_incomplete
from engine.storage.texts_out import AcceptTexts, RecordIntents, RecordOutcomes
from engine.storage.transaction import Transaction

#: Rows a sweep moves in one transaction: small enough that nobody waits for it.
_SWEEP = 500

#: Nothing else about an inbound text may contain the word.
_BLOCKED = messages.c.flags.contains("blocked")
_NO_RECEIPT = DeliveryError("carrier", "receipt_timeout", False, "The carrier sent no receipt in time.")
_LEFT_OPEN = DeliveryError(
    "engine", "carrier_no_ack", False, "The engine stopped before the carrier's answer; it may have the text."
)


class SqlTexts:
    """The text store."""

    def __init__(self, database: Database, words: TextWords) -> None:
        self._database = database
        self._words = words
        #: Called on the loop with the segments of answers to keywords, by carrier, once they are queued on
        #: disk. Without it they wait until the outbox next looks there.
        self.answers_queued: Callable[[Mapping[str, Sequence[SegmentJob]]], None] = lambda jobs: None

    def accept(self, texts: NewTexts, done: Callable[[Accepted | Replayed | BaseException], None]) -> None:
        self._database.write_soon(AcceptTexts(texts), done)

    def record_intents(
        self, intents: Sequence[Intent], done: Callable[[Collection[SegmentKey] | BaseException], None]
    ) -> None:
        self._database.write_soon(RecordIntents(intents), done)

    def record_outcomes(
        self, outcomes: Sequence[Outcome], done: Callable[[BaseException | None], None]
    ) -> None:
        self._database.write_soon(RecordOutcomes(outcomes), done)

    def apply_receipts(
        self, receipts: Sequence[ReceiptNews], done: Callable[[BaseException | None], None]
    ) -> None:
        self._database.write_soon(ApplyReceipts(receipts), done)

    def store_inbound(
        self, texts: Sequence[InboundText], done: Callable[[BaseException | None], None]
    ) -> None:
        def stored(result: Answers | BaseException) -> None:
            if isinstance(result, BaseException):
                done(result)
                return
            done(None)
            if result.jobs:
                self.answers_queued(result.jobs)

        self._database.write_soon(StoreInbound(texts, self._words), stored)

    async def recover(self, carrier: str, again_ms: int) -> int:
        total = 0
        while True:
            moved = await self._database.transact(lambda tx: _close_left_open(tx, carrier, again_ms))
            total += moved
            if moved < _SWEEP:
                return total

    async def requeue_unsent(self, keys: Sequence[SegmentKey]) -> None:
        await self._database.transact(lambda tx: _requeue(tx, keys))

    async def waiting(self, carrier: str, now_ms: int, limit: int) -> Sequence[SegmentJob]:
        return await self._database.read(lambda connection: _waiting(connection, carrier, now_ms, limit))

    async def settle_overdue(self, now_ms: int, receipt_deadline_ms: int) -> int:
        return await self._database.transact(
            lambda tx: (
                _give_up_waiting(tx, now_ms - receipt_deadline_ms)
                + pair_leftovers(tx, _SWEEP)
                + settle_leftovers(tx, _SWEEP)
                + surface_incomplete(tx, self._words, _SWEEP)
            )
        )

    async def get(self, message_id: str) -> Message | None:
        found = await self._database.read(
            lambda connection: read_messages(connection, messages.c.id == message_id)
        )
        return found[0] if found else None

    async def list(
        self,
        domain_id: str,
        chosen: MessageFilter,
        numbers: Sequence[str] | None,
        before: str | None,
        limit: int,
    ) -> Sequence[Message]:
        # What is said in a chat is for its members alone, and shown by the chat.
        conditions = [messages.c.domain_id == domain_id, messages.c.direction != "internal"]
        if chosen.conversation_id is not None:
            conditions.append(messages.c.conversation_id == chosen.conversation_id)
        conditions.append(_BLOCKED if chosen.blocked else ~_BLOCKED)
        if chosen.direction is not None:
            conditions.append(messages.c.direction == chosen.direction.value)
        if chosen.peer is not None:
            to_peer = sa.select(recipients.c.message_id).where(recipients.c.number == chosen.peer)
            conditions.append(sa.or_(messages.c.peer == chosen.peer, messages.c.id.in_(to_peer)))
        if numbers is not None:
            conditions.append(messages.c.number.in_(numbers))
        if before is not None:
            conditions.append(messages.c.id < before)
        return await self._database.read(
            lambda connection: read_messages(connection, *conditions, newest_first=True, limit=limit)
        )


def _open_rows(connection: Connection, *conditions: sa.ColumnElement[bool], limit: int) -> Sequence[AnyRow]:
    return connection.execute(
        sa.select(
            segments,
            recipients.c.number.label("destination"),
            recipients.c.expires_ms,
            messages.c.domain_id,
            messages.c.number,
            messages.c.delivery_class,
        )
        .join(
            recipients,
            sa.and_(
                recipients.c.message_id == segments.c.message_id,
                recipients.c.position == segments.c.position,
            ),
        )
        .join(messages, messages.c.id == segments.c.message_id)
        .where(*conditions)
        .order_by(segments.c.message_id, segments.c.position, segments.c.part_no)
        .limit(limit)
    ).all()


def _waiting(connection: Connection, carrier: str, now_ms: int, limit: int) -> list[SegmentJob]:
    rows = _open_rows(
        connection,
        segments.c.carrier == carrier,
        queued,
        segments.c.not_before_ms <= now_ms,
        limit=limit,
    )
    concerned = users_of_numbers(connection, [row.number for row in rows])
    return [
        SegmentJob(
            row.message_id,
            row.position,
            row.domain_id,
            row.number,
            row.destination,
            DeliveryClass(row.delivery_class),
            row.expires_ms,
            OutboundSegment(
                row.part_no,
                row.part_count,
                row.esm_class,
                row.data_coding,
                bytes(row.short_message),
                bytes(row.tlvs),
            ),
            concerned[row.number],
            attempt=row.attempt,
        )
        for row in rows
    ]


def _close_left_open(tx: Transaction, carrier: str, again_ms: int) -> int:
    """An intent without an outcome: nobody can know whether the carrier has the segment."""
    rows = _open_rows(tx.connection, segments.c.carrier == carrier, sending, limit=_SWEEP)
    again: list[AnyRow] = []
    uncertain: list[AnyRow] = []
    for row in rows:
        repeat = row.delivery_class == "must_arrive" and row.attempt < 2 and again_ms < row.expires_ms
        (again if repeat else uncertain).append(row)
    _move(tx, again, "queued", None, not_before_ms=again_ms)
    _move(tx, uncertain, "uncertain", _LEFT_OPEN)
    settle_by_evidence(tx, carrier, {(row.number, row.destination) for row in rows})
    return len(rows)


def _give_up_waiting(tx: Transaction, before_ms: int) -> int:
    rows = _open_rows(tx.connection, sent, segments.c.updated_ms < before_ms, limit=_SWEEP)
    _move(tx, rows, "unconfirmed", _NO_RECEIPT)
    return len(rows)


def _requeue(tx: Transaction, keys: Sequence[SegmentKey]) -> None:
    for first in range(0, len(keys), _SWEEP):
        chunk = keys[first : first + _SWEEP]
        these = sa.tuple_(segments.c.message_id, segments.c.position, segments.c.part_no).in_(list(chunk))
        _move(
            tx,
            _open_rows(tx.connection, these, sending, limit=_SWEEP),
            "queued",
            None,
            attempt=segments.c.attempt - 1,
        )


def _move(
    tx: Transaction, rows: Sequence[AnyRow], status: str, error: DeliveryError | None, **values: object
) -> None:
    concerned = users_of_numbers(tx.connection, [row.number for row in rows])
    for row in rows:
        tx.connection.execute(
            sa.update(segments)
            .where(
                segments.c.message_id == row.message_id,
                segments.c.position == row.position,
                segments.c.part_no == row.part_no,
            )
            .values(status=status, updated_ms=tx.now_ms, **values)
        )
    for message_id, position in {(row.message_id, row.position): None for row in rows}:
        row = next(one for one in rows if (one.message_id, one.position) == (message_id, position))
        new = roll_up(tx, message_id, position, error)
        if new is not None:
            tx.emit(message_event(row.domain_id, message_id, position, new, concerned[row.number]))


class SqlNumberDirectory:
    """Our numbers with their users, read once and trusted for a few seconds.

    Only found numbers are kept, so a stranger's guesses cannot fill the memory.
    """

    #: As fast as a revoked right has to take effect, in seconds.
    _TRUSTED_S = 5.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._numbers: dict[str, tuple[float, SendingNumber]] = {}

    def forget(self) -> None:
        """Something about numbers, users or domains changed."""
        self._numbers.clear()

    def known(self, e164: str) -> SendingNumber | None:
        found = self._numbers.get(e164)
        return found[1] if found is not None and self._clock.monotonic() < found[0] else None

    async def find(self, e164: str) -> SendingNumber | None:
        known = self.known(e164)
        if known is not None:
            return known
        found = await self._database.read(lambda connection: _find_number(connection, e164))
        if found is not None:
            self._numbers[e164] = (self._clock.monotonic() + self._TRUSTED_S, found)
        return found

    async def domain(self, domain_id: str) -> TextingDomain | None:
        row = await self._database.read(
            lambda connection: connection.execute(
                sa.select(domains.c.id, domains.c.region, domains.c.reseller_id).where(
                    domains.c.id == domain_id
                )
            ).first()
        )
        return None if row is None else TextingDomain(row.id, row.region, row.reseller_id)

    async def numbers_of(self, user_id: str) -> Sequence[str]:
        return await self._database.read(
            lambda connection: (
                connection.execute(
                    sa.select(numbers.c.e164)
                    .join(number_users, number_users.c.number_id == numbers.c.id)
                    .join(users, users.c.id == number_users.c.user_id)
                    .join(domains, domains.c.id == numbers.c.domain_id)
                    .where(
                        number_users.c.user_id == user_id,
                        users.c.sms_enabled == 1,
                        domains.c.sms_enabled == 1,
                    )
                )
                .scalars()
                .all()
            )
        )


def _find_number(connection: Connection, e164: str) -> SendingNumber | None:
    row = connection.execute(
        sa.select(
            numbers,
            domains.c.region,
            domains.c.reseller_id,
            domains.c.sms_enabled.label("domain_sms_enabled"),
        )
        .join(domains, domains.c.id == numbers.c.domain_id)
        .where(numbers.c.e164 == e164)
    ).first()
    if row is None:
        return None
    assigned = connection.execute(
        sa.select(users.c.id, users.c.sms_enabled)
        .join(number_users, number_users.c.user_id == users.c.id)
        .where(number_users.c.number_id == row.id, users.c.enabled == 1)
    ).all()
    return SendingNumber(
        row.id,
        row.domain_id,
        row.e164,
        row.carrier,
        bool(row.sms_enabled),
        row.region,
        frozenset(user.id for user in assigned if user.sms_enabled),
        row.reseller_id,
        bool(row.domain_sms_enabled),
        frozenset(user.id for user in assigned if not user.sms_enabled),
    )
