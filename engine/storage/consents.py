"""Consent inside a transaction: who may be texted, and what follows when that changes.

Asked for every batch of texts that is accepted and of intents, so that an opt-out holds from its
commit on, whatever was decided before; one short query for all pairs of the batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from engine.conversations.models import Notice, NoticeKind
from engine.errors import EngineError
from engine.events import NewEvent, domain_stream
from engine.ids import new_id
from engine.messaging.errors import opted_out
from engine.messaging.models import (
    ConsentEntry,
    ConsentState,
    DeliveryError,
    RecipientStatus,
)
from engine.messaging.ports import NewText
from engine.storage import erased_pairs
from engine.storage.conversation_rows import add_notice
from engine.storage.statements import HotStatement, fetch_all, insert
from engine.storage.tables.consent import consent_entries, consents
from engine.storage.tables.conversations import conversation_peers
from engine.storage.tables.messaging import messages, recipients, segments
from engine.storage.text_rows import AnyRow, message_event, roll_up, users_of_numbers
from engine.storage.transaction import Transaction

#: The text that tells of the opt-out is the one that goes out in spite of it.
EXEMPT = "opt_out_confirmation"

OPTED_OUT = DeliveryError("engine", "opted_out", False, "The number has opted out of texts from yours.")
_PERHAPS_SENT = DeliveryError(
    "carrier",
    "carrier_no_ack",
    False,
    "The carrier did not answer, so it may have the text; the number has opted out, so it is not sent again.",
)

_encode = msgspec.json.Encoder().encode
_LOOK_UP = {
    "sqlite": "SELECT pair, state FROM consents WHERE pair IN (SELECT value FROM json_each(?))",
    "postgresql": (
        "SELECT pair, state FROM consents"
        " WHERE pair IN (SELECT value FROM json_array_elements_text($1::text::json))"
    ),
}
_SET = HotStatement(
    insert(consents).on_conflict_do_update(
        index_elements=["pair"],
        set_={name: insert(consents).excluded[name] for name in ("state", "changed_ms", "entry_id")},
    ),
    *consents.c.keys(),
)
_ENTRY_FIELDS = [field.name for field in dataclasses.fields(ConsentEntry)]
_INSERT_ENTRY = HotStatement(insert(consent_entries), *_ENTRY_FIELDS)


def pair_key(number: str, peer: str) -> str:
    """How `consents` names a pair: E.164 begins with a plus, so nothing is needed between."""
    return number + peer


def consents_of(connection: Connection, pairs: Collection[str]) -> Mapping[str, str]:
    """The states of those pairs that have ever said something, by `pair_key`, also of erased numbers.

    One query; two once opted-out numbers have been erased.
    """
    if not pairs:
        return {}
    statement = _LOOK_UP[connection.dialect.name]
    wanted = _encode([erased_pairs.THERE_ARE_SOME, *pairs]).decode()
    found: dict[str, str] = dict(fetch_all(connection, statement, (wanted,)))
    if found.pop(erased_pairs.THERE_ARE_SOME, None) is not None:
        return {**erased_pairs.stopped_pairs(connection, pairs), **found}
    return found


def stopped_among(tx: Transaction, texts: Iterable[NewText]) -> Collection[str]:
    """The pairs of these texts that have opted out, by `pair_key`."""
    pairs = {text.message.number + one.number for text in texts for one in text.recipients}
    return {pair for pair, state in consents_of(tx.connection, pairs).items() if state == "stopped"}


def without_stopped(text: NewText, stopped: Collection[str]) -> NewText | EngineError:
    """The text with those of its recipients rejected that have opted out; the refusal if all have."""
    number = text.message.number
    out = [place for place, one in enumerate(text.recipients) if number + one.number in stopped]
    if not out:
        return text
    if len(out) == len(text.recipients):
        return opted_out(out[0])
    shown, kept = list(text.message.recipients), list(text.recipients)
    for place in out:
        shown[place] = dataclasses.replace(shown[place], status=RecipientStatus.REJECTED, error=OPTED_OUT)
        kept[place] = dataclasses.replace(kept[place], slots=(), error=OPTED_OUT)
    return dataclasses.replace(
        text, message=dataclasses.replace(text.message, recipients=tuple(shown)), recipients=kept
    )


def state_of(connection: Connection, number: str, peer: str) -> ConsentState:
    """Where a pair stands; its row stays locked, so that two who change it take turns."""
    query = sa.select(consents.c.state).where(consents.c.pair == pair_key(number, peer))
    found = connection.execute(query.with_for_update()).scalar()
    if found is None:
        some = sa.select(consents.c.pair).where(consents.c.pair == erased_pairs.THERE_ARE_SOME)
        if connection.execute(some).first() is not None:
            pair = pair_key(number, peer)
            found = erased_pairs.stopped_pairs(connection, [pair]).get(pair)
    return ConsentState.NONE if found is None else ConsentState(found)


def change(tx: Transaction, entry: ConsentEntry, user_ids: tuple[str, ...]) -> None:
    """Write an entry into the ledger and do what it says, in this transaction.

    A pair that stops loses what is queued for it; what is being sent is left to the truth. Every thread
    the pair is in gets a notice, and everybody it concerns an event.
    """
    record(tx, entry)
    if entry.new_state is entry.old_state:
        return
    pair = pair_key(entry.number, entry.peer)
    tx.execute_many(_SET, [(pair, entry.number, entry.peer, entry.new_state.value, entry.at_ms, entry.id)])
    erased_pairs.forget_stopped(tx, pair)
    if entry.new_state is ConsentState.STOPPED:
        reject_waiting(tx, entry.number, entry.peer)
    stopped = entry.new_state is ConsentState.STOPPED
    kind = NoticeKind.CONSENT_STOPPED if stopped else NoticeKind.CONSENT_RESTORED
    thread_ids = _threads(tx.connection, entry)
    data = {"number": entry.number, "peer": entry.peer, "entry_id": entry.id}
    for thread_id in thread_ids:
        add_notice(tx, Notice(new_id("tle"), thread_id, kind, entry.user_id, data, entry.at_ms))
    told = {
        "state": entry.new_state.value,
        "message_id": entry.message_id,
        "conversation_ids": list(thread_ids),
    }
    tx.emit(NewEvent(domain_stream(entry.domain_id), "consent.updated", entry.id, told, user_ids))


def record(tx: Transaction, entry: ConsentEntry) -> None:
    """Append to the ledger."""
    tx.execute_many(
        _INSERT_ENTRY,
        [
            (
                entry.id,
                entry.domain_id,
                entry.number,
                entry.peer,
                entry.action.value,
                entry.old_state.value,
                entry.new_state.value,
                entry.at_ms,
                entry.keyword,
                entry.message_id,
                entry.answer_id,
                entry.user_id,
                entry.credential_id,
                entry.reason,
            )
        ],
    )


def reject_waiting(tx: Transaction, number: str, peer: str) -> None:
    """Take back every segment that waits for this pair, but for the confirmation of its opt-out.

    One of which an earlier copy may be out is not rejected: it is `uncertain`, and goes no second time.
    """
    waiting = [row for row in _waiting(tx.connection, number, peer) if EXEMPT not in row.flags.split(",")]
    if not waiting:
        return
    concerned = users_of_numbers(tx.connection, [number])[number]
    for row in waiting:
        tx.connection.execute(
            _REJECT,
            {
                "key_message": row.message_id,
                "key_position": row.position,
                "key_part": row.part_no,
                "new_status": "uncertain" if row.attempt else "rejected",
                "now": tx.now_ms,
            },
        )
    doubtful = {(row.message_id, row.position) for row in waiting if row.attempt}
    for row in {(row.message_id, row.position): row for row in waiting}.values():
        error = _PERHAPS_SENT if (row.message_id, row.position) in doubtful else OPTED_OUT
        status = roll_up(tx, row.message_id, row.position, error)
        if status is not None:
            tx.emit(message_event(row.domain_id, row.message_id, row.position, status, concerned))


_REJECT = (
    sa.update(segments)
    .where(
        segments.c.message_id == bindparam("key_message"),
        segments.c.position == bindparam("key_position"),
        segments.c.part_no == bindparam("key_part"),
        segments.c.status == "queued",
    )
    .values(status=bindparam("new_status"), updated_ms=bindparam("now"))
)


def _waiting(connection: Connection, number: str, peer: str) -> Sequence[AnyRow]:
    return connection.execute(
        sa.select(
            segments.c.message_id,
            segments.c.position,
            segments.c.part_no,
            segments.c.attempt,
            messages.c.domain_id,
            messages.c.flags,
        )
        .join(messages, messages.c.id == segments.c.message_id)
        .join(
            recipients,
            sa.and_(
                recipients.c.message_id == segments.c.message_id,
                recipients.c.position == segments.c.position,
            ),
        )
        .where(
            recipients.c.number == peer,
            recipients.c.status.in_(("queued", "sending", "uncertain")),
            messages.c.number == number,
            segments.c.status == "queued",
        )
        .order_by(segments.c.message_id, segments.c.position, segments.c.part_no)
    ).all()


def _threads(connection: Connection, entry: ConsentEntry) -> Sequence[str]:
    return (
        connection.execute(
            sa.select(conversation_peers.c.conversation_id)
            .where(
                conversation_peers.c.number == entry.number,
                conversation_peers.c.peer == entry.peer,
                conversation_peers.c.domain_id == entry.domain_id,
            )
            .order_by(conversation_peers.c.conversation_id)
        )
        .scalars()
        .all()
    )
