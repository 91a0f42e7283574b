"""The mirror of PBXs' mailboxes: `engine.voicemail.ports.VoicemailStore`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import Domain
from engine.audit import AuditEntry
from engine.events import NewEvent, domain_stream, private_to
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.storage import audit, idempotency, settings
from engine.storage.account_rows import read_domain, read_user
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.accounts import devices, domains, users
from engine.storage.tables.voicemail import mailbox_users, mailboxes, voicemails
from engine.storage.transaction import Transaction
from engine.voicemail.callers import endpoint_of, peer_of
from engine.voicemail.errors import MailboxTaken, no_such
from engine.voicemail.mirror import counts_of, difference, has_vanished
from engine.voicemail.models import (
    NEW_FOLDERS,
    Box,
    Folder,
    Listing,
    Mailbox,
    MailboxState,
    Message,
    Voicemail,
    VoicemailFilter,
)
from engine.voicemail.ports import Holder, Position

Row = sa.Row[Any]

_box, _vm, _share = mailboxes.c, voicemails.c, mailbox_users.c
_WITH_BOX = sa.select(voicemails, _box.pbx, _box.context, _box.mailbox).join(
    mailboxes, _box.id == _vm.mailbox_id
)
_NEW = [folder.value for folder in NEW_FOLDERS]


class SqlVoicemails:
    def __init__(self, database: Database) -> None:
        self._database = database

    # Who has which mailbox.

    async def holder(self, user_id: str) -> Holder | None:
        return await self._database.read(lambda connection: _holder(connection, user_id))

    async def domain(self, domain_id: str) -> Domain | None:
        def work(connection: Connection) -> Domain | None:
            row = connection.execute(sa.select(domains).where(domains.c.id == domain_id)).first()
            return None if row is None else read_domain(row)

        return await self._database.read(work)

    async def assign(self, user_id: str, box: Box | None, mailbox_id: str, actor: str) -> Mailbox | None:
        def work(tx: Transaction) -> Mailbox | None:
            return _assign(tx, user_id, box, mailbox_id, actor)

        return await self._database.transact(work)

    async def mailbox(self, mailbox_id: str) -> Mailbox | None:
        found = await self._database.read(lambda connection: _mailboxes(connection, _box.id == mailbox_id))
        return found[0] if found else None

    async def mailboxes(self, domain_id: str | None = None) -> Sequence[Mailbox]:
        where = sa.true() if domain_id is None else _box.domain_id == domain_id
        return await self._database.read(lambda connection: _mailboxes(connection, where))

    # What is in them.

    async def take(self, mailbox: Mailbox, listing: Listing) -> None:
        # Made before it is queued, since the work may run twice.
        ids = {(one.message_id, one.copy): new_id("vm") for one in listing.messages}
        await self._database.transact(lambda tx: _take(tx, mailbox.id, listing, ids))

    async def unavailable(self, mailbox: Mailbox) -> None:
        await self._database.transact(lambda tx: _unavailable(tx, mailbox.id))

    async def get(self, voicemail_id: str) -> Voicemail | None:
        found = await self._all(_WITH_BOX.where(_vm.id == voicemail_id))
        return found[0] if found else None

    async def list(
        self, user_id: str, chosen: VoicemailFilter, before: Position | None, limit: int
    ) -> Sequence[Voicemail]:
        query = _of_user(user_id).where(*_conditions(chosen))
        return await self._all(_page(query, before, limit))

    async def voicemails_between(
        self, user_id: str, peer: str, before: Position | None, limit: int
    ) -> Sequence[Voicemail]:
        return await self._all(_page(_of_user(user_id).where(_vm.peer == peer), before, limit))

    # Answers to repeated requests.

    async def answered(self, claim: Claim) -> Replayed | None:
        # A claim that is staked and not settled is dropped with its transaction.
        return await self._database.transact(lambda tx: idempotency.claim(tx, claim))

    async def keep_answer(self, claim: Claim, status: int, body: str) -> None:
        def work(tx: Transaction) -> None:
            if idempotency.claim(tx, claim) is None:
                idempotency.settle(tx, claim, status, body)

        await self._database.transact(work)

    async def _all(self, query: sa.Select[Any]) -> Sequence[Voicemail]:
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_voicemail(row) for row in rows]


def _holder(connection: Connection, user_id: str) -> Holder | None:
    user = connection.execute(sa.select(users).where(users.c.id == user_id)).first()
    if user is None:
        return None
    domain = read_domain(connection.execute(sa.select(domains).where(domains.c.id == user.domain_id)).one())
    chosen = settings.of_domains(connection, [domain])[domain.id]
    mailbox_id = connection.execute(
        sa.select(_share.mailbox_id).where(_share.user_id == user_id)
    ).scalar_one_or_none()
    return Holder(read_user(user), domain, chosen.voicemail_context, mailbox_id)


def _assign(tx: Transaction, user_id: str, box: Box | None, mailbox_id: str, actor: str) -> Mailbox | None:
    connection = tx.connection
    _forget_unused(connection)  # deleting a user leaves its mailbox behind
    holder = _holder(connection, user_id)
    if holder is None:
        raise no_such("user")
    domain_id, assigned = holder.domain.id, None
    if box is not None:
        there = (_box.pbx == box.pbx, _box.context == box.context, _box.mailbox == box.mailbox)
        row = connection.execute(sa.select(mailboxes).where(*there)).first()
        if row is not None and row.domain_id != domain_id:
            raise MailboxTaken("This mailbox belongs to somebody else.", field="/mailbox")
        assigned = mailbox_id if row is None else row.id
        if row is None:
            connection.execute(mailboxes.insert().values(_new_row(assigned, domain_id, box)))
    if assigned != holder.mailbox_id:
        connection.execute(sa.delete(mailbox_users).where(_share.user_id == user_id))
        if assigned is not None:
            new = {"user_id": user_id, "mailbox_id": assigned}
            connection.execute(mailbox_users.insert().values(new))
        _forget_unused(connection)
        data = {"user_id": user_id, "mailbox_id": assigned}
        tx.emit(NewEvent(domain_stream(domain_id), "user.mailbox_updated", user_id, data, (user_id,)))
        entry = AuditEntry(
            new_id("aud"),
            domain_id,
            actor,
            "user.mailbox_updated",
            user_id,
            {"mailbox_id": assigned or ""},
            tx.now_ms,
        )
        audit.record(tx, entry)
    return None if assigned is None else _mailboxes(connection, _box.id == assigned)[0]


def _new_row(mailbox_id: str, domain_id: str, box: Box) -> dict[str, object]:
    return {
        "id": mailbox_id,
        "domain_id": domain_id,
        "pbx": box.pbx,
        "context": box.context,
        "mailbox": box.mailbox,
        "state": MailboxState.UNKNOWN.value,
        "counts": "{}",
        "checked_ms": None,
    }


def _forget_unused(connection: Connection) -> None:
    shared = sa.select(_share.mailbox_id)
    connection.execute(sa.delete(mailboxes).where(_box.id.not_in(shared)))


def _mailboxes(connection: Connection, where: sa.ColumnElement[bool]) -> list[Mailbox]:
    """In the order they were made; one that nobody has is none."""
    rows = connection.execute(
        sa.select(mailboxes, _share.user_id)
        .join(mailbox_users, _share.mailbox_id == _box.id)
        .where(where)
        .order_by(_box.id, _share.user_id)
    ).all()
    shared: dict[str, list[Row]] = {}
    for row in rows:
        shared.setdefault(row.id, []).append(row)
    return [_mailbox(its) for its in shared.values()]


def _mailbox(rows: Sequence[Row]) -> Mailbox:
    row = rows[0]
    counts = msgspec.json.decode(row.counts)
    return Mailbox(
        id=row.id,
        domain_id=row.domain_id,
        box=Box(row.pbx, row.context, row.mailbox),
        user_ids=tuple(one.user_id for one in rows),
        state=MailboxState(row.state),
        counts={Folder(folder): count for folder, count in counts.items()},
        checked_ms=row.checked_ms,
    )


def _take(tx: Transaction, mailbox_id: str, listing: Listing, ids: dict[tuple[str, int], str]) -> None:
    connection = tx.connection
    found = _mailboxes(connection, _box.id == mailbox_id)
    if not found:
        return  # taken from its last user meanwhile
    mailbox = found[0]
    rows = connection.execute(_WITH_BOX.where(_vm.mailbox_id == mailbox_id).order_by(_vm.id)).all()
    known = [_voicemail(row) for row in rows]
    if has_vanished(len(known), listing):
        _unavailable(tx, mailbox_id)
        return
    differs = difference(mailbox, known, listing)
    counts = {folder.value: count for folder, count in sorted(counts_of(listing).items())}
    created = _insert(connection, mailbox, differs.created, ids)
    for one, folder in differs.moved:
        connection.execute(sa.update(voicemails).where(_vm.id == one.id).values(folder=folder.value))
    if differs.deleted:
        gone = [one.id for one in differs.deleted]
        connection.execute(sa.delete(voicemails).where(_vm.id.in_(gone)))
    encoded = msgspec.json.encode(counts).decode()
    fresh = {"state": MailboxState.OK.value, "counts": encoded, "checked_ms": tx.now_ms}
    connection.execute(sa.update(mailboxes).where(_box.id == mailbox_id).values(fresh))
    totals = {
        "new": sum(count for folder, count in counts.items() if folder in _NEW),
        "old": counts.get(Folder.OLD.value, 0),
    }
    if not differs.silent:
        told = [
            *(("created", one.id, one.folder) for one in created),
            *(("updated", one.id, folder) for one, folder in differs.moved),
            *(("deleted", one.id, one.folder) for one in differs.deleted),
        ]
        for verb, voicemail_id, folder in told:
            heard = folder not in NEW_FOLDERS
            data = {"mailbox_id": mailbox_id, "folder": folder.value, "heard": heard, **totals}
            tx.emit(_event(mailbox, f"voicemail.{verb}", voicemail_id, data))
    if differs or mailbox.state is not MailboxState.OK:
        data = {"state": MailboxState.OK.value, **totals}
        tx.emit(_event(mailbox, "mailbox.updated", mailbox_id, data))


def _insert(
    connection: Connection, mailbox: Mailbox, new: Sequence[Message], ids: dict[tuple[str, int], str]
) -> list[Voicemail]:
    if not new:
        return []
    region = connection.execute(
        sa.select(domains.c.region).where(domains.c.id == mailbox.domain_id)
    ).scalar_one()
    endpoints = {endpoint for one in new if (endpoint := endpoint_of(one.channel)) is not None}
    phones = _users_by_endpoint(connection, mailbox, endpoints)
    made = []
    for one in new:
        number, peer, user_id = peer_of(one, region, phones)
        made.append(
            Voicemail(
                id=ids[one.message_id, one.copy],
                domain_id=mailbox.domain_id,
                mailbox_id=mailbox.id,
                box=mailbox.box,
                message_id=one.message_id,
                copy=one.copy,
                folder=one.folder,
                number=number,
                name=one.name,
                peer=peer,
                peer_user_id=user_id,
                received_ms=one.received_ms,
                duration_s=one.duration_s,
            )
        )
    connection.execute(insert(voicemails), [_row(one) for one in made])
    return made


def _users_by_endpoint(
    connection: Connection, mailbox: Mailbox, endpoints: Collection[str]
) -> dict[str, str]:
    rows = connection.execute(
        sa.select(devices.c.endpoint, devices.c.user_id).where(
            devices.c.domain_id == mailbox.domain_id,
            devices.c.pbx == mailbox.box.pbx,
            devices.c.endpoint.in_(endpoints),
        )
    )
    return {row.endpoint: row.user_id for row in rows}


def _unavailable(tx: Transaction, mailbox_id: str) -> None:
    found = _mailboxes(tx.connection, _box.id == mailbox_id)
    if not found or found[0].state is not MailboxState.OK:
        return  # never seen, or known already
    tx.connection.execute(
        sa.update(mailboxes).where(_box.id == mailbox_id).values(state=MailboxState.UNAVAILABLE.value)
    )
    data = {"state": MailboxState.UNAVAILABLE.value, "new": found[0].new, "old": found[0].old}
    tx.emit(_event(found[0], "mailbox.updated", mailbox_id, data))


def _event(mailbox: Mailbox, kind: str, subject: str, data: Mapping[str, object]) -> NewEvent:
    return NewEvent(domain_stream(mailbox.domain_id), kind, subject, data, private_to(mailbox.user_ids))


def _of_user(user_id: str) -> sa.Select[Any]:
    return _WITH_BOX.join(mailbox_users, _share.mailbox_id == _vm.mailbox_id).where(_share.user_id == user_id)


def _page(query: sa.Select[Any], before: Position | None, limit: int) -> sa.Select[Any]:
    if before is not None:
        query = query.where(sa.tuple_(_vm.received_ms, _vm.id) < before)
    return query.order_by(_vm.received_ms.desc(), _vm.id.desc()).limit(limit)


def _conditions(chosen: VoicemailFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if chosen.mailbox_id is not None:
        found.append(_vm.mailbox_id == chosen.mailbox_id)
    if chosen.folder is not None:
        found.append(_vm.folder == chosen.folder.value)
    if chosen.heard is not None:
        found.append(_vm.folder.not_in(_NEW) if chosen.heard else _vm.folder.in_(_NEW))
    if chosen.peer is not None:
        found.append(_vm.peer == chosen.peer)
    return found


def _row(one: Voicemail) -> dict[str, object]:
    return {
        "id": one.id,
        "domain_id": one.domain_id,
        "mailbox_id": one.mailbox_id,
        "message_id": one.message_id,
        "copy": one.copy,
        "folder": one.folder.value,
        "number": one.number,
        "name": one.name,
        "peer": one.peer,
        "peer_user_id": one.peer_user_id,
        "received_ms": one.received_ms,
        "duration_s": one.duration_s,
    }


def _voicemail(row: Row) -> Voicemail:
    return Voicemail(
        id=row.id,
        domain_id=row.domain_id,
        mailbox_id=row.mailbox_id,
        box=Box(row.pbx, row.context, row.mailbox),
        message_id=row.message_id,
        copy=row.copy,
        folder=Folder(row.folder),
        number=row.number,
        name=row.name,
        peer=row.peer,
        peer_user_id=row.peer_user_id,
        received_ms=row.received_ms,
        duration_s=row.duration_s,
    )
