"""Inbound texts: put together, given a thread, stored; the SMSC is answered after the commit.

A reply joins the thread whose text reached that number last, within 30 days; a text sent without
a thread gets one then. SMPP gives an inbound text no id, so a repeat after a lost acknowledgement
looks like a second text: it is kept, and flagged when it came on another session. A part of a long
text does carry a number, so its repeat is known for one, also after the text was put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from engine.conversations.models import Notice, NoticeKind
from engine.events import MANAGERS_ONLY, OPERATIONS_STREAM, NewEvent, domain_stream
from engine.ids import new_id
from engine.messaging.ports import InboundText, TextWords
from engine.storage.absences import absent_among, is_theirs_alone
from engine.storage.blocked_senders import Blocked, blocked_among, blocks
from engine.storage.conversation_rows import add_notice
from engine.storage.keywords_in import Answers, Keyword, answer_for_absent, obey
from engine.storage.lists import one_of
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.accounts import numbers
from engine.storage.tables.conversations import conversation_peers, conversations
from engine.storage.tables.messaging import (
    inbound_parts,
    inbound_unrouted,
    messages,
    recipients,
)
from engine.storage.text_rows import (
    COMMUTING,
    INSERT_MESSAGE,
    NEWS_IN_THREAD,
    NOBODY_LEFT,
    AnyRow,
    users_of_numbers,
)
from engine.storage.transaction import Transaction

#: How long a reply still belongs to the text it answers; after that it gets the pair's own thread.
_REPLY_WITHIN_MS = 30 * 86_400_000
#: Equal texts of one pair within this time, on different sessions, may be one text sent twice; equal
#: parts under one reference are.
_REPEAT_WITHIN_MS = 600_000
#: Statuses that say the text never got to the number.
_NEVER_LEFT = ("rejected", "failed", "expired", "canceled")


@dataclass(frozen=True, slots=True)
class StoreInbound:
    """Texts that came in one wake-up."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING

    texts: Sequence[InboundText]
    words: TextWords

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[Answers]:
        texts = [text for one in operations for text in one.texts]
        ours = _ours(tx.connection, {text.destination for text in texts}, tx.now_ms)
        blocked = blocked_among(tx, {text.source for text in texts})
        results = []
        for operation in operations:
            intake = _Intake(operation.words, blocked)
            for text in operation.texts:
                _store(tx, ours.get(text.destination), text, intake)
            results.append(intake.answers)
        return results


@dataclass(slots=True)
class _Intake:
    """What texts are stored with, and what that leaves for the outboxes."""

    words: TextWords
    blocked: Blocked
    answers: Answers = field(default_factory=Answers)


def surface_incomplete(tx: Transaction, words: TextWords, limit: int) -> int:
    """Show texts whose missing parts have not come in time. Returns how many.

    Forgets parts of texts that were put together so long ago that no repeat is to be expected.
    """
    waiting = inbound_parts.c.message_id.is_(None)
    forgotten = inbound_parts.c.received_ms <= tx.now_ms - _REPEAT_WITHIN_MS
    tx.connection.execute(sa.delete(inbound_parts).where(~waiting, forgotten))
    newest = sa.func.max(inbound_parts.c.received_ms)
    identity = [inbound_parts.c[name] for name in _PART_IDENTITY]
    stale = tx.connection.execute(
        sa.select(*identity)
        .where(waiting)
        .group_by(*identity)
        .having(newest <= tx.now_ms - words.wait_ms)
        .limit(limit)
    ).all()
    for row in stale:
        _flush_incomplete(tx, tuple(row), words)
    return len(stale)


_PART_IDENTITY = ("carrier", "source", "destination", "reference", "total")


@dataclass(frozen=True, slots=True)
class _OurNumber:
    """One of our numbers, and whom its texts concern; away: its only user, with what to answer for them."""

    id: str
    domain_id: str
    e164: str
    user_ids: tuple[str, ...]
    away: tuple[str, str] | None


_OURS = sa.select(numbers.c.id, numbers.c.domain_id, numbers.c.e164).where(one_of(numbers.c.e164, "wanted"))


def _ours(connection: Connection, e164s: set[str], now_ms: int) -> Mapping[str, _OurNumber]:
    """Those of the numbers that are ours, looked up once a batch."""
    rows = connection.execute(_OURS, {"wanted": e164s}).all()
    users = users_of_numbers(connection, [row.e164 for row in rows])
    alone = {theirs[0] for theirs in users.values() if len(theirs) == 1 and theirs != MANAGERS_ONLY}
    absent = absent_among(connection, alone, now_ms) if alone else {}
    found = {}
    for row in rows:
        theirs = users[row.e164]
        away = (theirs[0], absent[theirs[0]]) if len(theirs) == 1 and theirs[0] in absent else None
        found[row.e164] = _OurNumber(row.id, row.domain_id, row.e164, theirs, away)
    return found


def _store(tx: Transaction, number: _OurNumber | None, text: InboundText, intake: _Intake) -> None:
    if number is None:
        _keep_unrouted(tx, text)
    elif text.part is None:
        _deliver(tx, number, text, text.text, text.flags, intake)
    else:
        _store_part(tx, number, text, intake)


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


def _store_part(tx: Transaction, number: _OurNumber, text: InboundText, intake: _Intake) -> None:
    part = text.part
    assert part is not None
    identity = (text.carrier, text.source, text.destination, part.reference, part.total)
    held = {row.part_no: row for row in _parts(tx.connection, identity)}
    known = held.get(part.part_no)
    if known is not None and _repeats(text, known):
        return
    together = any(row.message_id is not None for row in held.values())
    if known is not None or together:
        # The reference has come round again: what is held belongs to an older text.
        if together:
            _drop_parts(tx.connection, identity)
        else:
            _flush_incomplete(tx, identity, intake.words)
        held = {}
    tx.connection.execute(
        insert(inbound_parts).values(
            **dict(zip(_PART_IDENTITY, identity, strict=True)),
            part_no=part.part_no,
            data_coding=text.data_coding,
            octets=text.octets,
            session_id=text.session_id,
            received_ms=text.received_ms,
            message_id=None,
        )
    )
    octets = {part_no: bytes(row.octets) for part_no, row in held.items()} | {part.part_no: text.octets}
    if len(octets) < part.total:
        return
    whole = intake.words.join(text.carrier, text.data_coding, octets, part.total)
    tx.connection.execute(sa.update(inbound_parts).where(*_is(identity)).values(message_id=text.message_id))
    _deliver(tx, number, text, whole, text.flags, intake)
    _note_parts(tx, text.message_id, part.total)


def _note_parts(tx: Transaction, message_id: str, count: int) -> None:
    """What carriers charge for a text that came in goes by its segments."""
    if count > 1:
        tx.connection.execute(sa.update(messages).where(messages.c.id == message_id).values(part_count=count))


def _repeats(text: InboundText, known: AnyRow) -> bool:
    """Whether a part is the same as the one that is there."""
    recent = known.message_id is None or text.received_ms < known.received_ms + _REPEAT_WITHIN_MS
    return recent and bytes(known.octets) == text.octets


def _parts(connection: Connection, identity: tuple[object, ...]) -> Sequence[AnyRow]:
    return connection.execute(
        sa.select(inbound_parts).where(*_is(identity)).order_by(inbound_parts.c.part_no)
    ).all()


def _drop_parts(connection: Connection, identity: tuple[object, ...]) -> None:
    connection.execute(sa.delete(inbound_parts).where(*_is(identity)))


def _is(identity: tuple[object, ...]) -> list[sa.ColumnElement[bool]]:
    return [inbound_parts.c[name] == value for name, value in zip(_PART_IDENTITY, identity, strict=True)]


def _flush_incomplete(tx: Transaction, identity: tuple[object, ...], words: TextWords) -> None:
    rows = {row.part_no: row for row in _parts(tx.connection, identity)}
    if not rows:
        return
    some = next(iter(rows.values()))
    number = _ours(tx.connection, {some.destination}, tx.now_ms).get(some.destination)
    octets = {part_no: bytes(row.octets) for part_no, row in rows.items()}
    whole = words.join(some.carrier, some.data_coding, octets, some.total)
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
        # With a gap in it, it is no keyword, so there is nothing to answer.
        _deliver(tx, number, text, whole, ("incomplete",), _Intake(words, blocked_among(tx, {text.source})))
        _note_parts(tx, text.message_id, len(rows))


# Threads.


def _deliver(
    tx: Transaction,
    number: _OurNumber,
    text: InboundText,
    whole: str,
    flags: tuple[str, ...],
    intake: _Intake,
) -> None:
    conversation_id: str | None = None
    blocked = blocks(intake.blocked, number.domain_id, number.e164, text.source)
    if blocked:
        flags = (*flags, "blocked")
    else:
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
    stream = domain_stream(number.domain_id)
    if blocked:
        # Kept for those who look for it: it is in no thread, and only who records everything is told.
        tx.emit(NewEvent(stream, "message.blocked", text.message_id, {"direction": "inbound"}, MANAGERS_ONLY))
    else:
        if tx.connection.execute(_REOPEN, {"key_thread": conversation_id}).rowcount:
            _tell_reopened(tx, number, conversation_id, text)
        tx.execute_many(NEWS_IN_THREAD, [(text.received_ms, text.message_id, conversation_id)])
        tx.execute_many(NOBODY_LEFT, [(conversation_id,)])
        data = {"direction": "inbound", "conversation_id": conversation_id, "status": "received"}
        tx.emit(NewEvent(stream, "message.created", text.message_id, data, number.user_ids))
    said = Keyword(
        number.domain_id,
        number.e164,
        number.user_ids,
        text.source,
        whole,
        text.message_id,
        conversation_id,
        blocked,
    )
    keyword = obey(tx, said, intake.words, intake.answers)
    if keyword or number.away is None or "incomplete" in flags:
        return
    if is_theirs_alone(tx.connection, number.id):
        user_id, answer = number.away
        answer_for_absent(tx, said, user_id, answer, intake.words, intake.answers)


def _tell_reopened(
    tx: Transaction, number: _OurNumber, conversation_id: str | None, text: InboundText
) -> None:
    thread_id = conversation_id or ""
    data = {"message_id": text.message_id}
    add_notice(tx, Notice(new_id("tle"), thread_id, NoticeKind.REOPENED, None, data, text.received_ms))
    told = {"changed": ["state"], "state": "open"}
    stream = domain_stream(number.domain_id)
    tx.emit(NewEvent(stream, "conversation.updated", thread_id, told, number.user_ids))


_REOPEN = (
    sa.update(conversations)
    .where(conversations.c.id == bindparam("key_thread"), conversations.c.state == "done")
    .values(state="open")
)
_INSERT_THREAD = HotStatement(
    insert(conversations),
    "id",
    "domain_id",
    "kind",
    "number_id",
    "number",
    "peers",
    "created_ms",
    "last_message_ms",
)
_INSERT_PEER = HotStatement(insert(conversation_peers), *conversation_peers.c.keys())
# A burst of texts is stored while requests wait, so these are made once; most of their price is that.
_EQUAL_TEXT = (
    sa.select(messages.c.id)
    .where(
        messages.c.number == bindparam("ours"),
        messages.c.peer == bindparam("theirs"),
        messages.c.peer != "",
        messages.c.created_ms > bindparam("after_ms"),
        messages.c.text == bindparam("words"),
        messages.c.session_id != bindparam("session"),
    )
    .limit(1)
)
_still_in_it = (
    sa.select(conversation_peers.c.peer)
    .where(
        conversation_peers.c.number == messages.c.number,
        conversation_peers.c.peer == recipients.c.number,
        conversation_peers.c.conversation_id == messages.c.conversation_id,
    )
    .exists()
)
_LAST_TEXT = (
    sa.select(messages.c.id, messages.c.conversation_id, _still_in_it.label("still_in_it"))
    .join(recipients, recipients.c.message_id == messages.c.id)
    .where(
        recipients.c.number == bindparam("theirs"),
        recipients.c.status.not_in(_NEVER_LEFT),
        messages.c.number == bindparam("ours"),
        messages.c.domain_id == bindparam("domain"),
        messages.c.created_ms > bindparam("after_ms"),
    )
    .order_by(recipients.c.message_id.desc())
    .limit(1)
)
_SOLO = sa.select(conversation_peers.c.conversation_id).where(
    conversation_peers.c.number == bindparam("ours"),
    conversation_peers.c.peer == bindparam("theirs"),
    conversation_peers.c.domain_id == bindparam("domain"),
    conversation_peers.c.solo == 1,
)


def _looks_repeated(tx: Transaction, e164: str, text: InboundText, whole: str) -> bool:
    same = {
        "ours": e164,
        "theirs": text.source,
        "after_ms": text.received_ms - _REPEAT_WITHIN_MS,
        "words": whole,
        "session": text.session_id,
    }
    return tx.connection.execute(_EQUAL_TEXT, same).first() is not None


def _thread(tx: Transaction, number: _OurNumber, text: InboundText) -> tuple[str, bool]:
    """The thread a text belongs to, and whether that is a guess."""
    pair = {"ours": number.e164, "theirs": text.source, "domain": number.domain_id}
    after_ms = text.received_ms - _REPLY_WITHIN_MS
    last = tx.connection.execute(_LAST_TEXT, {**pair, "after_ms": after_ms}).first()
    solo = tx.connection.execute(_SOLO, pair).scalar()
    if last is not None and last.conversation_id is not None and last.still_in_it:
        return last.conversation_id, last.conversation_id != solo
    if solo is None:
        solo = text.conversation_id
        _open_thread(tx, solo, number, text)
    if last is not None and last.conversation_id is None:
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


def _open_thread(tx: Transaction, conversation_id: str, number: _OurNumber, text: InboundText) -> None:
    """Make the pair's own sms conversation and tell about it."""
    peers = msgspec.json.encode([text.source]).decode()
    at_ms = text.received_ms
    tx.execute_many(
        _INSERT_THREAD,
        [(conversation_id, number.domain_id, "sms", number.id, number.e164, peers, at_ms, at_ms)],
    )
    tx.execute_many(_INSERT_PEER, [(number.e164, text.source, conversation_id, 1, number.domain_id)])
    stream = domain_stream(number.domain_id)
    tx.emit(NewEvent(stream, "conversation.created", conversation_id, {"kind": "sms"}, number.user_ids))
