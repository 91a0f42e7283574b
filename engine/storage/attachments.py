"""Files' rows: `engine.attachments.ports.AttachmentStore` over SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.attachments import errors
from engine.attachments.models import Attachment, AttachmentState, OpenedLink, Usage
from engine.attachments.ports import DomainReach, Quotas, Render
from engine.events import NewEvent, domain_stream, private_to
from engine.idempotency import Claim, Replayed
from engine.storage import idempotency
from engine.storage.attached import account, attachment, delete_file
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.accounts import domains, users
from engine.storage.tables.attachments import (
    attachment_links,
    attachment_usage,
    attachments,
    to_purge,
)
from engine.storage.tables.conversations import conversation_members
from engine.storage.tables.messaging import messages
from engine.storage.tables.search import search_queue
from engine.storage.text_rows import users_of_numbers
from engine.storage.transaction import Transaction

_file, _link = attachments.c, attachment_links.c
_kept = _file.state != AttachmentState.DELETED.value
_unsent = _file.message_id.is_(None)


class SqlAttachments:
    """The store of files' rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def domain(self, domain_id: str) -> DomainReach | None:
        query = sa.select(domains.c.id, domains.c.reseller_id).where(domains.c.id == domain_id)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else DomainReach(row.id, row.reseller_id)

    async def domain_of_user(self, user_id: str) -> str | None:
        query = sa.select(users.c.domain_id).where(users.c.id == user_id)
        return await self._database.read(lambda connection: connection.execute(query).scalar())

    async def usage(self, owner_ids: Collection[str]) -> Usage:
        return await self._database.read(lambda connection: _usage(connection, owner_ids))

    async def add(
        self, new: Attachment, quotas: Quotas, claim: Claim | None, render: Render | None
    ) -> Attachment | Replayed:
        def work(tx: Transaction) -> Attachment | Replayed:
            if claim is not None:
                earlier = idempotency.claim(tx, claim)
                if earlier is not None:
                    return earlier
            _require_room(tx, new, quotas)
            tx.connection.execute(
                sa.insert(attachments).values(
                    id=new.id,
                    domain_id=new.domain_id,
                    sender_id=new.sender_id,
                    user_id=new.user_id,
                    conversation_id=new.conversation_id,
                    message_id=None,
                    position=0,
                    filename=new.filename,
                    content_type=new.content_type,
                    octets=new.octets,
                    width=new.width,
                    height=new.height,
                    thumbnail_octets=new.thumbnail_octets,
                    state=new.state.value,
                    created_ms=new.created_ms,
                    purged=0,
                )
            )
            account(tx, new, 1)
            if claim is not None and render is not None:
                idempotency.settle(tx, claim, *render(new))
            return new

        return await self._database.transact(work)

    async def get(self, attachment_id: str) -> Attachment | None:
        query = sa.select(attachments).where(_file.id == attachment_id)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else attachment(row)

    async def withdraw(self, attachment_id: str) -> Attachment | None:
        def work(tx: Transaction) -> Attachment | None:
            query = sa.select(attachments).where(_file.id == attachment_id).with_for_update()
            row = tx.connection.execute(query).first()
            if row is None:
                return None
            file = attachment(row)
            if file.state is not AttachmentState.DELETED:
                delete_file(tx, file)
                if file.message_id is not None:
                    _tell(tx, file.message_id)
            return file

        return await self._database.transact(work)

    async def link(self, token_hash: str) -> OpenedLink | None:
        return await self._database.read(lambda connection: _opened(connection, token_hash))

    async def count_download(self, token_hash: str, most: int) -> bool:
        counted = sa.update(attachment_links).where(_link.token_hash == token_hash)
        if most:
            counted = counted.where(_link.downloads < most)
        statement = counted.values(downloads=_link.downloads + 1)
        return await self._database.transact(lambda tx: tx.connection.execute(statement).rowcount == 1)

    # For the sweep.

    async def delete_unsent(self, before_ms: int, limit: int) -> int:
        ids = await self._database.read(partial(_stale, before_ms, limit))
        if ids:
            await self._database.transact(partial(_delete_stale, before_ms, ids))
        return len(ids)

    async def to_purge(self, limit: int) -> Sequence[str]:
        query = sa.select(_file.id).where(to_purge).order_by(_file.id).limit(limit)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def purged(self, attachment_ids: Sequence[str]) -> None:
        def work(tx: Transaction) -> None:
            these = _file.id.in_(attachment_ids)
            tx.connection.execute(sa.delete(attachments).where(these, to_purge, _unsent))
            tx.connection.execute(sa.update(attachments).where(these, to_purge).values(purged=1))

        await self._database.transact(work)

    async def known(self, attachment_ids: Collection[str]) -> Collection[str]:
        def work(connection: Connection) -> set[str]:
            found: set[str] = set()
            wanted = sorted(attachment_ids)
            for start in range(0, len(wanted), 500):
                query = sa.select(_file.id).where(_file.id.in_(wanted[start : start + 500]), _kept)
                found.update(connection.scalars(query))
            return found

        return await self._database.read(work)

    async def kept_after(self, attachment_id: str, limit: int) -> Sequence[tuple[str, AttachmentState]]:
        query = (
            sa.select(_file.id, _file.state)
            .where(_file.id > attachment_id, _kept)
            .order_by(_file.id)
            .limit(limit)
        )
        return await self._database.read(
            lambda connection: [(row.id, AttachmentState(row.state)) for row in connection.execute(query)]
        )

    async def set_states(self, attachment_ids: Sequence[str], state: AttachmentState) -> None:
        change = sa.update(attachments).where(_kept).values(state=state.value)

        def work(tx: Transaction) -> None:
            for start in range(0, len(attachment_ids), 500):
                tx.connection.execute(change.where(_file.id.in_(attachment_ids[start : start + 500])))

        await self._database.transact(work)


def _usage(connection: Connection, owner_ids: Collection[str]) -> Usage:
    owner = attachment_usage.c
    query = sa.select(owner.owner_id, owner.octets).where(owner.owner_id.in_(list(owner_ids)))
    return Usage({row.owner_id: row.octets for row in connection.execute(query)})


def _require_room(tx: Transaction, new: Attachment, quotas: Quotas) -> None:
    usage = _usage(tx.connection, (new.domain_id, new.sender_id))
    octets = new.octets + new.thumbnail_octets
    if quotas.sender_octets and usage.of(new.sender_id) + octets > quotas.sender_octets:
        raise errors.quota_exceeded("this user")
    if quotas.domain_octets and usage.of(new.domain_id) + octets > quotas.domain_octets:
        raise errors.quota_exceeded("the domain")


_domain_is_gone = ~sa.exists(sa.select(domains.c.id).where(domains.c.id == _file.domain_id))


def _stale(before_ms: int, limit: int, connection: Connection) -> list[str]:
    late = sa.select(_file.id).where(_unsent, _kept, _file.created_ms < before_ms).order_by(_file.id)
    ids = list(connection.scalars(late.limit(limit)))
    if len(ids) < limit:
        left_behind = sa.select(_file.id).where(_kept, _domain_is_gone, _file.id.not_in(ids))
        ids += connection.scalars(left_behind.limit(limit - len(ids)))
    return ids


def _delete_stale(before_ms: int, ids: Sequence[str], tx: Transaction) -> None:
    """Looked at again with the rows locked: a message may have taken one meanwhile."""
    late = sa.and_(_unsent, _file.created_ms < before_ms)
    locked = sa.select(attachments).where(_file.id.in_(ids), _kept, sa.or_(late, _domain_is_gone))
    for row in tx.connection.execute(locked.order_by(_file.id).with_for_update()).all():
        delete_file(tx, attachment(row))


def _tell(tx: Transaction, message_id: str) -> None:
    """Those who see the message learn that one of its files is gone, and so does the search."""
    row = tx.connection.execute(sa.select(messages).where(messages.c.id == message_id)).first()
    if row is None:
        return
    if row.direction == "internal":
        member = conversation_members.c
        whom = private_to(
            tx.connection.scalars(
                sa.select(member.user_id).where(
                    member.conversation_id == row.conversation_id, member.left_ms.is_(None)
                )
            )
        )
    else:
        whom = users_of_numbers(tx.connection, [row.number])[row.number]
    if row.conversation_id is not None:
        tx.connection.execute(insert(search_queue).values(message_id=message_id).on_conflict_do_nothing())
    data = {"conversation_id": row.conversation_id, "changed": ["attachments"]}
    tx.emit(NewEvent(domain_stream(row.domain_id), "message.updated", message_id, data, whom))


def _opened(connection: Connection, token_hash: str) -> OpenedLink | None:
    """A link whose text and domain are still there, and the text still that domain's."""
    row = connection.execute(
        sa.select(attachment_links)
        .join(messages, sa.and_(messages.c.id == _link.message_id, messages.c.domain_id == _link.domain_id))
        .join(domains, domains.c.id == _link.domain_id)
        .where(_link.token_hash == token_hash, messages.c.deleted_ms.is_(None))
    ).first()
    if row is None:
        return None
    files = connection.execute(
        sa.select(attachments)
        .where(_file.message_id == row.message_id, _file.domain_id == row.domain_id)
        .order_by(_file.position)
    )
    return OpenedLink(
        row.token_hash,
        row.message_id,
        row.domain_id,
        row.expires_ms,
        row.downloads,
        tuple(attachment(one) for one in files),
    )
