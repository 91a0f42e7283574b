"""Who wants chats on desk phones, and which chat a phone showed last; `engine.desk_phones.ports`."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.desk_phones.models import Delivery, DeskPhone
from engine.storage import settings
from engine.storage.account_rows import read_domain
from engine.storage.attached import attached_to
from engine.storage.database import Database
from engine.storage.tables.accounts import devices, domain_settings, domains, user_settings, users
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.tables.desk_phones import desk_phone_chats
from engine.storage.tables.messaging import messages
from engine.storage.transaction import Transaction

_PHONES = sa.select(devices, desk_phone_chats.c.conversation_id).outerjoin(
    desk_phone_chats, desk_phone_chats.c.device_id == devices.c.id
)


class SqlDeskPhones:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def wanting(self) -> Collection[str]:
        # Rows of settings are few: only who ever changed one has a row.
        chosen = (
            sa.select(users.c.id, users.c.domain_id)
            .join(user_settings, user_settings.c.user_id == users.c.id)
            .join(domain_settings, domain_settings.c.domain_id == users.c.domain_id)
            .where(users.c.enabled == 1)
        )

        def work(connection: Connection) -> set[str]:
            rows = connection.execute(chosen).all()
            return _wanting(connection, {row.id: row.domain_id for row in rows})

        return await self._database.read(work)

    async def delivery(self, message_id: str) -> Delivery | None:
        return await self._database.read(lambda connection: _delivery(connection, message_id))

    async def delivered(self, device_ids: Collection[str], conversation_id: str) -> None:
        def work(tx: Transaction) -> None:
            there = tx.connection.scalars(sa.select(devices.c.id).where(devices.c.id.in_(device_ids))).all()
            tx.connection.execute(desk_phone_chats.delete().where(desk_phone_chats.c.device_id.in_(there)))
            rows = [{"device_id": device_id, "conversation_id": conversation_id} for device_id in there]
            if rows:
                tx.connection.execute(desk_phone_chats.insert(), rows)

        await self._database.transact(work)

    async def phone(self, pbx: str, endpoint: str) -> DeskPhone | None:
        query = _PHONES.where(devices.c.pbx == pbx, devices.c.endpoint == endpoint)

        def work(connection: Connection) -> DeskPhone | None:
            phones = [_phone(row) for row in connection.execute(query)]
            enabled = sa.select(users.c.id).where(users.c.enabled == 1)
            for phone in phones:
                there = connection.execute(enabled.where(users.c.id == phone.user_id)).first()
                if there and _wanting(connection, {phone.user_id: phone.domain_id}):
                    return phone
            return None

        return await self._database.read(work)


def _delivery(connection: Connection, message_id: str) -> Delivery | None:
    author = users.alias()
    found = connection.execute(
        sa.select(messages, conversations.c.name, author.c.display_name, author.c.extension)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(author, author.c.id == messages.c.user_id)
        .where(messages.c.id == message_id, messages.c.deleted_ms.is_(None))
    ).first()
    if found is None:
        return None
    files = attached_to(connection, [found.id] if found.attached else ())
    member = conversation_members.c
    now_ms = found.created_ms
    here = sa.select(member.user_id, member.muted_until_ms).where(
        member.conversation_id == found.conversation_id,
        member.left_ms.is_(None),
        member.user_id != found.user_id,
    )
    listening = {
        row.user_id: found.domain_id
        for row in connection.execute(here)
        if row.muted_until_ms is None or 0 <= row.muted_until_ms <= now_ms
    }
    wanting = _wanting(connection, listening)
    phones = connection.execute(_PHONES.where(devices.c.user_id.in_(wanting)).order_by(devices.c.id))
    return Delivery(
        message_id=found.id,
        conversation_id=found.conversation_id,
        author=found.display_name,
        sender=found.extension,
        chat=found.name,
        text=" ".join((found.text, *(f"[{one.filename}]" for one in files.get(found.id, ())))).strip(),
        phones=tuple(_phone(row) for row in phones),
    )


def _wanting(connection: Connection, users_domains: dict[str, str]) -> set[str]:
    """Those of these users who want chats on their phones, in domains that allow it."""
    if not users_domains:
        return set()
    wanted = domains.c.id.in_(set(users_domains.values()))
    known = [read_domain(row) for row in connection.execute(sa.select(domains).where(wanted))]
    allowed = {
        one for one, chosen in settings.of_domains(connection, known).items() if chosen.desk_phone_chat
    }
    asked = [user_id for user_id, domain_id in users_domains.items() if domain_id in allowed]
    return {one for one, chosen in settings.of_users(connection, asked).items() if chosen.desk_phone_chat}


def _phone(row: sa.Row[tuple[object, ...]]) -> DeskPhone:
    return DeskPhone(
        device_id=row.id,
        domain_id=row.domain_id,
        user_id=row.user_id,
        pbx=row.pbx,
        endpoint=row.endpoint,
        conversation_id=row.conversation_id,
    )
