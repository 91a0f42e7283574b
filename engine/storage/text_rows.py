"""What the operations on texts share: rows as messages, and recipients kept in line with their segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from engine.events import MANAGERS_ONLY, NewEvent, domain_stream
from engine.messaging.models import (
    DeliveryClass,
    DeliveryError,
    Direction,
    Message,
    Reaction,
    Recipient,
    RecipientStatus,
    SegmentStatus,
)
from engine.messaging.rollup import advances, recipient_status
from engine.storage.attached import appended_to, attached_to
from engine.storage.lists import one_of
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.accounts import domains, number_users, numbers, users
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.tables.messaging import message_reactions, messages, receipts, recipients, segments
from engine.storage.transaction import Transaction

#: A row of any width.
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

#: Operations on texts whose order within one batch does not matter, among each other.
COMMUTING = frozenset({"AcceptTexts", "RecordIntents", "RecordOutcomes", "ApplyReceipts", "StoreInbound"})

_encode = msgspec.json.Encoder().encode
_decode_error = msgspec.json.Decoder(DeliveryError).decode

#: Rows are in the order of the table's columns, up to `created_ms`.
INSERT_MESSAGE = HotStatement(
    insert(messages),
    *[
        column.name
        for column in messages.c
        if column.name not in ("edited_ms", "deleted_ms", "reply_to", "part_count", "reacted", "attached")
    ],
)
#: Threads something was said in: (created_ms, message id, thread id). Texts of one batch may be written
#: in another order than they were made in; the last one stays the last.
TOUCH_THREAD = HotStatement(
    sa.update(conversations)
    .where(conversations.c.id == bindparam("key_thread"), conversations.c.last_item_id < bindparam("message"))
    .values(last_message_ms=bindparam("now"), last_item_id=bindparam("message")),
    "now",
    "message",
    "key_thread",
)
#: Threads a text came in on, in rows as above. It is to be read, and the thread is not done any more.
NEWS_IN_THREAD = HotStatement(
    sa.update(conversations)
    .where(conversations.c.id == bindparam("key_thread"))
    .values(
        last_message_ms=bindparam("now"),
        last_item_id=sa.case(
            (conversations.c.last_item_id > bindparam("message"), conversations.c.last_item_id),
            else_=bindparam("message"),
        ),
        last_news_id=bindparam("message"),
        state="open",
    ),
    "now",
    "message",
    "key_thread",
)


#: Threads a text came in on: (thread id). One that all who would get it have left comes back to them:
#: the last one may not leave, but the others may lose the number afterwards.
_left = conversation_members.c
_also_left = conversation_members.alias("also_left")
_gets_it = (
    sa.select(number_users.c.user_id)
    .join(numbers, numbers.c.id == number_users.c.number_id)
    .join(conversations, conversations.c.number == numbers.c.e164)
    .where(
        conversations.c.id == bindparam("key_thread"),
        ~sa.select(_also_left.c.user_id)
        .where(
            _also_left.c.conversation_id == bindparam("key_thread"),
            _also_left.c.user_id == number_users.c.user_id,
            _also_left.c.left_ms.is_not(None),
        )
        .exists(),
    )
    .exists()
)
NOBODY_LEFT = HotStatement(
    sa.update(conversation_members)
    .where(_left.conversation_id == bindparam("key_thread"), _left.left_ms.is_not(None), ~_gets_it)
    .values(left_ms=sa.null()),
    "key_thread",
)


#: Numbers and the users who see what goes over them; columns and conditions are to be added.
ASSIGNED = (
    sa.select()
    .select_from(numbers)
    .join(number_users, number_users.c.number_id == numbers.c.id)
    .join(users, users.c.id == number_users.c.user_id)
    .join(domains, domains.c.id == numbers.c.domain_id)
    .where(users.c.sms_enabled == 1, domains.c.sms_enabled == 1)
)
_USERS_OF_NUMBERS = ASSIGNED.add_columns(numbers.c.e164, number_users.c.user_id).where(
    one_of(numbers.c.e164, "wanted")
)


def message_event(
    domain_id: str, message_id: str, position: int, status: str, user_ids: tuple[str, ...]
) -> NewEvent:
    """A recipient's status changed."""
    data = {"position": position, "status": status}
    return NewEvent(domain_stream(domain_id), "message.updated", message_id, data, user_ids)


def encode_error(error: DeliveryError | None) -> str | None:
    return None if error is None else _encode(error).decode()


def users_of_numbers(connection: Connection, e164s: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Whom events about these numbers of ours concern; MANAGERS_ONLY where nobody is assigned.

    A user for whom texting is switched off, or whose domain it is, is told of none.
    """
    wanted = list(set(e164s))
    found: dict[str, tuple[str, ...]] = dict.fromkeys(wanted, ())
    for e164, user_id in connection.execute(_USERS_OF_NUMBERS, {"wanted": wanted}):
        found[e164] += (user_id,)
    return {e164: user_ids or MANAGERS_ONLY for e164, user_ids in found.items()}


def roll_up(tx: Transaction, message_id: str, position: int, error: DeliveryError | None) -> str | None:
    """Bring one recipient in line with its segments; its new status, or None if nothing changed.

    Holds on PostgreSQL too, where another node may be doing the same: the recipient's row is
    locked before its segments are read.
    """
    connection = tx.connection
    this = (recipients.c.message_id == message_id, recipients.c.position == position)
    old = connection.execute(sa.select(recipients.c.status).where(*this).with_for_update()).scalar()
    found = connection.execute(
        sa.select(segments.c.status).where(
            segments.c.message_id == message_id, segments.c.position == position
        )
    ).scalars()
    new = recipient_status(SegmentStatus(word) for word in found).value
    if new == old:
        return None
    values: dict[str, object] = {"status": new, "updated_ms": tx.now_ms}
    if error is not None:
        values["error"] = encode_error(error)
    elif new in ("sent", "delivered"):
        values["error"] = None
    connection.execute(sa.update(recipients).where(*this).values(**values))
    return new


_SEGMENT_REPORTED = HotStatement(
    sa.update(segments)
    .where(
        segments.c.message_id == bindparam("key_message"),
        segments.c.position == bindparam("key_position"),
        segments.c.part_no == bindparam("key_part"),
    )
    .values(status=bindparam("new_status"), updated_ms=bindparam("now")),
    "new_status",
    "now",
    "key_message",
    "key_position",
    "key_part",
)
PAIR_RECEIPT = HotStatement(
    sa.update(receipts)
    .where(receipts.c.id == bindparam("key_receipt"))
    .values(
        message_id=bindparam("of_message"),
        position=bindparam("of_position"),
        part_no=bindparam("of_part"),
        applied=bindparam("was_applied"),
    ),
    "of_message",
    "of_position",
    "of_part",
    "was_applied",
    "key_receipt",
)
_RECIPIENT_REPORTED = HotStatement(
    sa.update(recipients)
    .where(
        recipients.c.message_id == bindparam("key_message"),
        recipients.c.position == bindparam("key_position"),
    )
    .values(status=bindparam("new_status"), error=bindparam("new_error"), updated_ms=bindparam("now")),
    "new_status",
    "new_error",
    "now",
    "key_message",
    "key_position",
)


class ReceiptApplier:
    """Moves segments by receipts, and with them their recipients; one event a recipient.

    Nothing is written before `finish`, to be called when all receipts of the transaction are applied.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._now: dict[tuple[str, int, int], SegmentStatus] = {}
        self._moved: dict[tuple[str, int], tuple[AnyRow, DeliveryError | None]] = {}

    def apply(self, segment: AnyRow, status: SegmentStatus | None, error_code: str) -> bool:
        """Whether the receipt moves its segment; a second final state is recorded, not applied.

        segment: a row with its key, status, part_count, domain_id and number.
        """
        key = (segment.message_id, segment.position, segment.part_no)
        old = self._now.get(key, SegmentStatus(segment.status))
        if status is None or not advances(old, status):
            return False
        self._now[key] = status
        error = None
        if status is SegmentStatus.UNDELIVERED:
            error = DeliveryError(
                "carrier", "undelivered", False, "The carrier could not deliver it.", {"err": error_code}
            )
        self._moved[segment.message_id, segment.position] = (segment, error)
        return True

    def finish(self) -> None:
        if not self._moved:
            return
        tx, now_ms = self._tx, self._tx.now_ms
        tx.execute_many(
            _SEGMENT_REPORTED, [(status.value, now_ms, *key) for key, status in self._now.items()]
        )
        concerned = users_of_numbers(tx.connection, [row.number for row, _ in self._moved.values()])
        alone = []
        for (message_id, position), (row, error) in self._moved.items():
            status: str | None
            if row.part_count == 1:
                # What its one segment says is what the recipient says, and that has just changed.
                status = recipient_status((self._now[message_id, position, row.part_no],)).value
                alone.append((status, encode_error(error), now_ms, message_id, position))
            else:
                status = roll_up(tx, message_id, position, error)
            if status is not None:
                tx.emit(message_event(row.domain_id, message_id, position, status, concerned[row.number]))
        tx.execute_many(_RECIPIENT_REPORTED, alone)


_BY_ID = sa.select(messages).where(one_of(messages.c.id, "wanted"))
_RECIPIENTS = (
    sa.select(recipients)
    .where(one_of(recipients.c.message_id, "sent"))
    .order_by(recipients.c.message_id, recipients.c.position)
)
_REACTIONS = (
    sa.select(message_reactions)
    .where(one_of(message_reactions.c.message_id, "reacted"))
    .order_by(message_reactions.c.created_ms, message_reactions.c.user_id, message_reactions.c.emoji)
)


def messages_by_id(connection: Connection, message_ids: Collection[str]) -> dict[str, Message]:
    """Those of them that are there, as `read_messages` gives them, in no order."""
    if not message_ids:
        return {}
    found = connection.execute(_BY_ID, {"wanted": message_ids}).all()
    return {message.id: message for message in _completed(connection, found)}


def read_messages(
    connection: Connection,
    *conditions: sa.ColumnElement[bool],
    newest_first: bool = False,
    limit: int | None = None,
) -> Sequence[Message]:
    """Messages with their recipients, reactions and files, in id order."""
    order = messages.c.id.desc() if newest_first else messages.c.id
    found = connection.execute(sa.select(messages).where(*conditions).order_by(order).limit(limit)).all()
    return _completed(connection, found)


def _completed(connection: Connection, rows: Sequence[AnyRow]) -> list[Message]:
    """The messages of these rows, in their order."""
    sent_to: dict[str, list[Recipient]] = {row.id: [] for row in rows if row.direction == "outbound"}
    if sent_to:
        for one in connection.execute(_RECIPIENTS, {"sent": sent_to}):
            sent_to[one.message_id].append(
                Recipient(
                    one.number,
                    RecipientStatus(one.status),
                    one.segment_count,
                    one.updated_ms,
                    one.carrier,
                    None if one.error is None else _decode_error(one.error),
                )
            )
    reacted = [row.id for row in rows if row.reacted]
    reactions = _reactions_to(connection, reacted) if reacted else {}
    carrying = [row.id for row in rows if row.attached]
    files = attached_to(connection, carrying) if carrying else {}
    appended = appended_to(connection, carrying) if carrying else {}
    return [
        Message(
            row.id,
            row.domain_id,
            row.conversation_id,
            Direction(row.direction),
            row.number,
            row.peer,
            row.text,
            DeliveryClass(row.delivery_class),
            row.user_id,
            row.client_id,
            row.created_ms,
            tuple(sent_to.get(row.id, ())),
            tuple(filter(None, row.flags.split(","))),
            row.edited_ms,
            row.deleted_ms,
            row.reply_to,
            reactions.get(row.id, ()),
            files.get(row.id, ()),
            appended.get(row.id),
        )
        for row in rows
    ]


def _reactions_to(connection: Connection, message_ids: Sequence[str]) -> dict[str, tuple[Reaction, ...]]:
    """Each emoji with those who put it there, in the order in which they did."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in connection.execute(_REACTIONS, {"reacted": message_ids}):
        found.setdefault(row.message_id, {}).setdefault(row.emoji, []).append(row.user_id)
    return {
        message_id: tuple(Reaction(emoji, tuple(user_ids)) for emoji, user_ids in theirs.items())
        for message_id, theirs in found.items()
    }
