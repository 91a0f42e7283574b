"""Puts in what was said and called on days gone by, as if Ringback had been there: for the demo.

What is put in is whole and final: nothing of it is sent or rung, and nobody is told of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from engine.ids import first_id_at, id_after, new_id
from engine.messaging.models import DeliveryError
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.conversations import conversation_members, conversation_peers, conversations
from engine.storage.tables.messaging import messages, recipients, segments
from engine.storage.tables.presence import call_log
from engine.storage.tables.usage import usage_marks
from engine.storage.text_rows import encode_error
from engine.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class SaidInChat:
    """One of two users said something to the other. at_ms: milliseconds since the epoch."""

    at_ms: int
    author_id: str
    other_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Texted:
    """A text between one of our numbers and an outside one; user_id: who sent it, None: it came in.

    error: why it did not arrive.
    """

    at_ms: int
    number: str
    peer: str
    text: str
    user_id: str | None
    error: DeliveryError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call as one user saw it. peer: a user's id or an outside number. talk_ms: 0 if nobody answered."""

    at_ms: int
    user_id: str
    peer: str
    peer_user_id: str | None
    peer_name: str
    inbound: bool
    result: str
    talk_ms: int
    seen: bool = True


@dataclass(slots=True)
class _Thread:
    """A thread while it is filled. last_news: of what came in, or of anything in a chat."""

    id: str
    began_ms: int
    user_ids: tuple[str, ...] = ()
    number: str | None = None
    peer: str | None = None
    last_ms: int = 0
    last_id: str = ""
    last_news_id: str = ""
    last_of: dict[str, str] = field(default_factory=dict)


async def put_in(
    database: Database,
    domain_id: str,
    carrier: str,
    said: Sequence[SaidInChat | Texted],
    calls: Sequence[Called],
    unread_by: Mapping[str, int],
) -> None:
    """Everything in one transaction, into a domain where none of these threads exist yet.

    unread_by: from when on, in milliseconds since the epoch, a user has read nothing.
    Raises StorageUnavailable.
    """

    def work(tx: Transaction) -> None:
        threads: dict[object, _Thread] = {}
        for one in sorted(said, key=lambda one: one.at_ms):
            thread = _thread_of(threads, one)
            thread.last_id, thread.last_ms = id_after(first_id_at("msg", one.at_ms)), one.at_ms
            _put_message(tx, domain_id, carrier, thread, one)
        for thread in threads.values():
            _put_thread(tx, domain_id, thread, unread_by)
        if calls:
            tx.connection.execute(insert(call_log), [_call_row(domain_id, one) for one in calls])
        # The log of events knows nothing of these: let usage count the domain as a whole again.
        tx.connection.execute(sa.delete(usage_marks).where(usage_marks.c.domain_id == domain_id))

    await database.transact(work)


def _thread_of(threads: dict[object, _Thread], one: SaidInChat | Texted) -> _Thread:
    if isinstance(one, SaidInChat):
        users = tuple(sorted((one.author_id, one.other_id)))
        key: object = users
        fresh = _Thread(id_after(first_id_at("conv", one.at_ms)), one.at_ms, user_ids=users)
    else:
        key = (one.number, one.peer)
        fresh = _Thread(id_after(first_id_at("conv", one.at_ms)), one.at_ms, number=one.number, peer=one.peer)
    return threads.setdefault(key, fresh)


def _put_message(
    tx: Transaction, domain_id: str, carrier: str, thread: _Thread, one: SaidInChat | Texted
) -> None:
    author = one.author_id if isinstance(one, SaidInChat) else one.user_id
    inbound = author is None
    direction = "internal" if isinstance(one, SaidInChat) else "inbound" if inbound else "outbound"
    if author is None or isinstance(one, SaidInChat):
        thread.last_news_id = thread.last_id
    if author is not None:
        thread.last_of[author] = thread.last_id
    tx.connection.execute(
        insert(messages).values(
            id=thread.last_id,
            domain_id=domain_id,
            conversation_id=thread.id,
            direction=direction,
            number=thread.number or "",
            peer=thread.peer if inbound else "",
            text=one.text,
            delivery_class="conversation",
            sender_id=author or "",
            user_id=author,
            flags="",
            created_ms=one.at_ms,
        )
    )
    if isinstance(one, Texted) and author is not None:
        _put_delivery(tx, carrier, thread.last_id, one)


def _put_delivery(tx: Transaction, carrier: str, message_id: str, one: Texted) -> None:
    status, there = ("delivered" if one.error is None else "undelivered"), one.at_ms + 2_000
    tx.connection.execute(
        insert(recipients).values(
            message_id=message_id,
            position=0,
            number=one.peer,
            carrier=carrier,
            status=status,
            segment_count=1,
            error=encode_error(one.error),
            expires_ms=one.at_ms + 86_400_000,
            updated_ms=there,
        )
    )
    tx.connection.execute(
        insert(segments).values(
            message_id=message_id,
            position=0,
            part_no=1,
            part_count=1,
            carrier=carrier,
            status=status,
            esm_class=0,
            data_coding=0,
            short_message=b"",
            tlvs=b"",
            attempt=1,
            not_before_ms=0,
            command_status=0,
            updated_ms=there,
        )
    )


def _put_thread(tx: Transaction, domain_id: str, thread: _Thread, unread_by: Mapping[str, int]) -> None:
    chat = thread.number is None
    tx.connection.execute(
        insert(conversations).values(
            id=thread.id,
            domain_id=domain_id,
            kind="chat" if chat else "sms",
            number=thread.number,
            peers=msgspec.json.encode([thread.peer] if thread.peer else []).decode(),
            created_ms=thread.began_ms,
            last_message_ms=thread.last_ms,
            created_by=thread.user_ids[0] if chat else None,
            direct_key=":".join(thread.user_ids) if chat else None,
            last_item_id=thread.last_id,
            last_news_id=thread.last_news_id,
        )
    )
    if not chat:
        pair = {"number": thread.number, "peer": thread.peer, "domain_id": domain_id}
        tx.connection.execute(insert(conversation_peers).values(conversation_id=thread.id, solo=1, **pair))
    for user_id in thread.user_ids if chat else tuple(unread_by):
        since_ms = unread_by.get(user_id)
        read = thread.last_id if since_ms is None else min(thread.last_id, first_id_at("msg", since_ms))
        tx.connection.execute(
            insert(conversation_members).values(
                conversation_id=thread.id,
                user_id=user_id,
                domain_id=domain_id,
                role="member" if chat else "viewer",
                joined_ms=thread.began_ms,
                read_through=max(read, thread.last_of.get(user_id, "")),
            )
        )


def _call_row(domain_id: str, one: Called) -> dict[str, object]:
    answered = one.talk_ms > 0
    return {
        "id": id_after(first_id_at("clog", one.at_ms)),
        "domain_id": domain_id,
        "user_id": one.user_id,
        "pbx": "",
        "linkedid": new_id("past"),
        "peer": one.peer,
        "peer_user_id": one.peer_user_id,
        "peer_name": one.peer_name,
        "direction": "inbound" if one.inbound else "outbound",
        "result": one.result,
        "answered": int(answered),
        "started_ms": one.at_ms,
        "answered_ms": one.at_ms + 6_000 if answered else None,
        "ended_ms": one.at_ms + 6_000 + one.talk_ms,
        "open": 0,
        "missed": int(one.result == "missed"),
        "seen": int(one.seen),
    }
