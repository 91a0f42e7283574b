"""What names a person in each table, and how it goes: the steps of an erasure, for numbers and for users.

A table that names people and has no step here is found by the search for what is left; their names and
numbers in other words are `erasing_words`'.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import phonenumbers
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.records.models import Person
from engine.storage.erased_pairs import hash_of, key_of, remember_stopped
from engine.storage.erasing_step import Keys, Step, delete_rows, keys_found, rows_where, these, update_rows
from engine.storage.removal import remove_call_log, remove_messages, remove_threads
from engine.storage.statements import insert
from engine.storage.tables.accounts import numbers
from engine.storage.tables.calls import calls
from engine.storage.tables.consent import blocked_senders, consent_entries, consents
from engine.storage.tables.contacts import contact_numbers, contacts, directory_keys
from engine.storage.tables.conversations import (
    conversation_members,
    conversation_peers,
    conversations,
    timeline_entries,
)
from engine.storage.tables.messaging import (
    inbound_parts,
    inbound_unrouted,
    message_reactions,
    messages,
    receipts,
    recipients,
)
from engine.storage.tables.presence import call_log
from engine.storage.tables.usage import usage_days
from engine.storage.transaction import Transaction
from engine.storage.usage_counting import MEASURES


def _spellings(person: Person) -> list[str]:
    return [person.value, person.value.lstrip("+")]


def _ours(person: Person) -> sa.Select[tuple[str]]:
    return sa.select(numbers.c.e164).where(numbers.c.domain_id == person.domain_id)


# Numbers.


def _texts_with(connection: Connection, person: Person, limit: int) -> Keys:
    """Texts from the number, and texts to it alone."""
    others = recipients.alias("others")
    alone = (
        ~sa.select(others.c.message_id)
        .where(others.c.message_id == messages.c.id, others.c.number != person.value)
        .exists()
    )
    came = sa.select(messages.c.id).where(
        messages.c.domain_id == person.domain_id, messages.c.peer == person.value
    )
    went = (
        sa.select(messages.c.id)
        .join(recipients, recipients.c.message_id == messages.c.id)
        .where(messages.c.domain_id == person.domain_id, recipients.c.number == person.value, alone)
    )
    return keys_found(connection, came, limit) or keys_found(connection, went.distinct(), limit)


def _remove_texts(tx: Transaction, person: Person, keys: Keys) -> None:
    remove_messages(tx, person.domain_id, [one[0] for one in keys])


def _one_of_several(connection: Connection, person: Person, limit: int) -> Keys:
    query = (
        sa.select(recipients.c.message_id, recipients.c.position)
        .join(messages, messages.c.id == recipients.c.message_id)
        .where(messages.c.domain_id == person.domain_id, recipients.c.number == person.value)
    )
    return keys_found(connection, query, limit)


def _unname_recipient(tx: Transaction, person: Person, keys: Keys) -> None:
    """The country stays, which is what texts are charged by."""
    here = these([recipients.c.message_id, recipients.c.position], keys)
    tx.connection.execute(sa.update(recipients).where(here).values(number=_country(person.value)))
    told = these([receipts.c.message_id, receipts.c.position], keys)
    tx.connection.execute(sa.delete(receipts).where(told))


def _country(number: str) -> str:
    try:
        return f"+{phonenumbers.parse(number, None).country_code}"
    except phonenumbers.NumberParseException:
        return ""


def _pairs(person: Person) -> sa.ColumnElement[bool]:
    return sa.and_(consents.c.peer == person.value, consents.c.number.in_(_ours(person)))


def _forget_consents(tx: Transaction, person: Person, keys: Keys) -> None:
    rows = tx.connection.execute(sa.select(consents).where(these([consents.c.pair], keys))).all()
    tx.connection.execute(sa.delete(consents).where(these([consents.c.pair], keys)))
    for row in rows:
        if row.state == "stopped":
            remember_stopped(tx, row.number, row.pair)


def _unname_ledger(tx: Transaction, person: Person, keys: Keys) -> None:
    hashed = hash_of(key_of(tx.connection), person.value)
    here = these([consent_entries.c.id], keys)
    tx.connection.execute(sa.update(consent_entries).where(here).values(peer=hashed, reason=None))


def _threads_with(connection: Connection, person: Person, limit: int) -> Keys:
    query = sa.select(conversations.c.id).where(
        conversations.c.domain_id == person.domain_id,
        conversations.c.kind == "sms",
        conversations.c.peers.contains(f'"{person.value}"', autoescape=True),
    )
    return keys_found(connection, query, limit)


def _leave_threads(tx: Transaction, person: Person, keys: Keys) -> None:
    """A thread with this number alone goes; a thread with others goes on without it."""
    rows = tx.connection.execute(
        sa.select(conversations.c.id, conversations.c.peers).where(these([conversations.c.id], keys))
    ).all()
    gone = []
    for row in rows:
        others = [one for one in msgspec.json.decode(row.peers) if one != person.value]
        if not others:
            gone.append(row.id)
            continue
        peers = msgspec.json.encode(others).decode()
        change = sa.update(conversations).where(conversations.c.id == row.id)
        tx.connection.execute(change.values(peers=peers))
        side = conversation_peers.c
        here = sa.and_(side.conversation_id == row.id, side.peer == person.value)
        tx.connection.execute(sa.delete(conversation_peers).where(here))
    if gone:
        # Texts that were moved here from others stay, in no thread.
        tx.connection.execute(
            sa.update(messages).where(messages.c.conversation_id.in_(gone)).values(conversation_id=None)
        )
        remove_threads(tx, gone)


def _unrouted(person: Person) -> sa.ColumnElement[bool]:
    return sa.and_(
        inbound_unrouted.c.source.in_(_spellings(person)), inbound_unrouted.c.destination.in_(_ours(person))
    )


def _parked(person: Person) -> sa.ColumnElement[bool]:
    ours = _ours(person).subquery()
    bare = sa.select(sa.func.replace(ours.c.e164, "+", ""))
    mine = sa.or_(receipts.c.destination.in_(sa.select(ours.c.e164)), receipts.c.destination.in_(bare))
    return sa.and_(receipts.c.source.in_(_spellings(person)), mine)


def _contacts_with(connection: Connection, person: Person, limit: int) -> Keys:
    query = (
        sa.select(contacts.c.id)
        .join(contact_numbers, contact_numbers.c.contact_id == contacts.c.id)
        .where(
            contacts.c.domain_id == person.domain_id,
            sa.or_(contact_numbers.c.e164 == person.value, contact_numbers.c.user_id == person.value),
        )
    )
    return keys_found(connection, query.distinct(), limit)


def _remove_contacts(tx: Transaction, _person: Person, keys: Keys) -> None:
    ids = [one[0] for one in keys]
    tx.connection.execute(sa.delete(directory_keys).where(directory_keys.c.subject.in_(ids)))
    tx.connection.execute(sa.delete(contacts).where(contacts.c.id.in_(ids)))


NUMBER_STEPS = (
    Step("messages", _texts_with, _remove_texts),
    Step("recipients", _one_of_several, _unname_recipient),
    Step("conversations", _threads_with, _leave_threads),
    Step("consents", rows_where(consents, _pairs), _forget_consents),
    Step(
        "consent_entries",
        rows_where(
            consent_entries,
            lambda person: sa.and_(
                consent_entries.c.domain_id == person.domain_id, consent_entries.c.peer == person.value
            ),
        ),
        _unname_ledger,
    ),
    Step(
        "blocked_senders",
        rows_where(
            blocked_senders,
            lambda person: sa.and_(
                blocked_senders.c.domain_id == person.domain_id, blocked_senders.c.peer == person.value
            ),
        ),
        delete_rows(blocked_senders),
    ),
    Step("receipts", rows_where(receipts, _parked), delete_rows(receipts)),
    Step(
        "inbound_parts",
        rows_where(
            inbound_parts,
            lambda person: sa.and_(
                inbound_parts.c.source.in_(_spellings(person)), inbound_parts.c.destination.in_(_ours(person))
            ),
        ),
        delete_rows(inbound_parts),
    ),
    Step("inbound_unrouted", rows_where(inbound_unrouted, _unrouted), delete_rows(inbound_unrouted)),
    Step("contacts", _contacts_with, _remove_contacts),
    Step(
        "call_log",
        rows_where(
            call_log,
            lambda person: sa.and_(
                call_log.c.domain_id == person.domain_id, call_log.c.peer.in_(_spellings(person))
            ),
        ),
        update_rows(call_log, peer="", peer_name=""),
    ),
    Step(
        "calls",
        rows_where(
            calls,
            lambda person: sa.and_(
                calls.c.domain_id == person.domain_id,
                calls.c.destination.in_(_spellings(person)),
                calls.c.ended_ms.is_not(None),
            ),
        ),
        delete_rows(calls),
    ),
)


# Users.


def _said_in_chats(person: Person) -> sa.ColumnElement[bool]:
    return sa.and_(
        messages.c.domain_id == person.domain_id,
        messages.c.direction == "internal",
        messages.c.user_id == person.value,
    )


def _remove_said(tx: Transaction, person: Person, keys: Keys) -> None:
    remove_messages(tx, person.domain_id, [one[0] for one in keys])


def _unname_sender(tx: Transaction, _person: Person, keys: Keys) -> None:
    """What was sent in the company's name stays, sent by nobody."""
    here = these([messages.c.id], keys)
    tx.connection.execute(sa.update(messages).where(here).values(user_id=None))


def _forget_entries(tx: Transaction, person: Person, keys: Keys) -> None:
    remove_call_log(tx, person.domain_id, [one[0] for one in keys])


def _usage_of(person: Person) -> sa.ColumnElement[bool]:
    return sa.and_(usage_days.c.domain_id == person.domain_id, usage_days.c.user_id == person.value)


def _usage_of_nobody(tx: Transaction, _person: Person, keys: Keys) -> None:
    """The counts stay, as nobody's."""
    key = list(usage_days.primary_key.columns)
    rows = tx.connection.execute(sa.select(usage_days).where(these(key, keys))).mappings().all()
    tx.connection.execute(sa.delete(usage_days).where(these(key, keys)))
    for row in rows:
        new = insert(usage_days).values(dict(row) | {"user_id": ""})
        tx.connection.execute(
            new.on_conflict_do_update(
                index_elements=key, set_={name: usage_days.c[name] + new.excluded[name] for name in MEASURES}
            )
        )


def _of_user(table: sa.Table, column: str, *more: str) -> Callable[[Connection, Person, int], Keys]:
    """Rows whose column is the user's id."""
    names = (column, *more)
    return rows_where(table, lambda person: sa.or_(*(table.c[name] == person.value for name in names)))


USER_STEPS = (
    Step("messages", rows_where(messages, _said_in_chats), _remove_said),
    Step("messages", _of_user(messages, "user_id"), _unname_sender),
    Step("message_reactions", _of_user(message_reactions, "user_id"), delete_rows(message_reactions)),
    Step(
        "conversation_members", _of_user(conversation_members, "user_id"), delete_rows(conversation_members)
    ),
    Step(
        "conversations",
        _of_user(conversations, "claimed_by"),
        update_rows(conversations, claimed_by=None, claimed_ms=None),
    ),
    Step("conversations", _of_user(conversations, "created_by"), update_rows(conversations, created_by=None)),
    Step(
        "timeline_entries", _of_user(timeline_entries, "user_id"), update_rows(timeline_entries, user_id=None)
    ),
    Step("call_log", _of_user(call_log, "user_id"), _forget_entries),
    Step(
        "call_log",
        _of_user(call_log, "peer_user_id"),
        update_rows(call_log, peer="", peer_user_id=None, peer_name=""),
    ),
    Step(
        "calls",
        rows_where(
            calls, lambda person: sa.and_(calls.c.user_id == person.value, calls.c.ended_ms.is_not(None))
        ),
        delete_rows(calls),
    ),
    Step("contacts", _contacts_with, _remove_contacts),
    Step("consent_entries", _of_user(consent_entries, "user_id"), update_rows(consent_entries, user_id=None)),
    Step(
        "blocked_senders",
        _of_user(blocked_senders, "blocked_by"),
        update_rows(blocked_senders, blocked_by=""),
    ),
    Step("usage_days", rows_where(usage_days, _usage_of), _usage_of_nobody),
)
