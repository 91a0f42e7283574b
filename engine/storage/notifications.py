"""How users want to be told, which browsers take pushes, and what news are about.

`engine.notifications.ports.NotificationStore`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.events import NewEvent, domain_stream, private_to
from engine.notifications.models import (
    News,
    NewSubscription,
    NotificationSettings,
    Reach,
    Subscription,
    ThreadNotifications,
)
from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.news import chosen_of, read_news
from engine.storage.statements import insert
from engine.storage.tables.accounts import users
from engine.storage.tables.notifications import (
    notification_keys,
    notification_settings,
    push_subscriptions,
    thread_notifications,
)
from engine.storage.transaction import Transaction

_encode = msgspec.json.Encoder().encode
_settings, _subscriptions = notification_settings.c, push_subscriptions.c
#: Names in one statement; SQLite takes 32,766 parameters.
_IN_ONE_STATEMENT = 10_000


class SqlNotifications:
    """sealer: for endpoints and keys, which would let whoever reads the database push."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    # Settings.

    async def settings(self, user_id: str) -> NotificationSettings:
        return await self._database.read(lambda connection: settings_of(connection, user_id))

    async def change_settings(
        self, domain_id: str, user_id: str, update: Callable[[NotificationSettings], NotificationSettings]
    ) -> NotificationSettings:
        def work(tx: Transaction) -> NotificationSettings:
            before = settings_of(tx.connection, user_id)
            after = update(before)
            if after != before:
                save_settings(tx, domain_id, user_id, before, after)
            return after

        return await self._database.transact(work)

    async def thread(self, user_id: str, conversation_id: str) -> ThreadNotifications:
        query = sa.select(thread_notifications).where(
            thread_notifications.c.user_id == user_id,
            thread_notifications.c.conversation_id == conversation_id,
        )
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return ThreadNotifications() if row is None else chosen_of(row)

    async def save_thread(
        self, domain_id: str, user_id: str, conversation_id: str, chosen: ThreadNotifications
    ) -> None:
        new = insert(thread_notifications).values(
            user_id=user_id,
            conversation_id=conversation_id,
            level=chosen.level.value,
            sound=None if chosen.sound is None else chosen.sound.value,
        )
        save = new.on_conflict_do_update(
            index_elements=["user_id", "conversation_id"],
            set_={"level": new.excluded.level, "sound": new.excluded.sound},
        )

        def work(tx: Transaction) -> None:
            tx.connection.execute(save)
            _tell(tx, domain_id, user_id, {"conversation_id": conversation_id, "changed": ["thread"]})

        await self._database.transact(work)

    async def reach(self, user_ids: Collection[str] | None) -> Sequence[Reach]:
        return await self._database.read(lambda connection: _reach(connection, user_ids))

    async def news(
        self,
        messages: Mapping[str, tuple[str, ...]],
        calls: Collection[str],
        voicemails: Mapping[str, tuple[str, ...]],
        now_ms: int,
    ) -> Sequence[News]:
        return await self._database.read(
            lambda connection: read_news(connection, messages, calls, voicemails, now_ms)
        )

    # Browsers.

    async def subscriptions(self, user_id: str) -> Sequence[Subscription]:
        query = (
            sa.select(push_subscriptions)
            .where(_subscriptions.user_id == user_id)
            .order_by(_subscriptions.used_ms.desc(), _subscriptions.id.desc())
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [self._subscription(row) for row in rows]

    async def subscribe(
        self, subscription_id: str, domain_id: str, user_id: str, new: NewSubscription, most: int
    ) -> Subscription | None:
        digest = hashlib.sha256(new.endpoint.encode()).hexdigest()
        secret = _encode({"endpoint": new.endpoint, "p256dh": new.p256dh, "auth": new.auth})
        known = sa.select(push_subscriptions).where(_subscriptions.digest == digest)
        count = (
            sa.select(sa.func.count())
            .select_from(push_subscriptions)
            .where(_subscriptions.user_id == user_id)
        )

        def work(tx: Transaction) -> sa.Row[Any] | None:
            row = tx.connection.execute(known).first()
            if row is not None and row.user_id != user_id:
                # Somebody else logged in on the same browser: what is for the one before stays away from it.
                tx.connection.execute(push_subscriptions.delete().where(_subscriptions.id == row.id))
                _tell(tx, domain_id, row.user_id, {"changed": ["push_subscriptions"]})
                row = None
            if row is None and tx.connection.execute(count).scalar_one() >= most:
                return None
            made_ms = tx.now_ms if row is None else row.created_ms
            its_id = subscription_id if row is None else row.id
            values = {
                "id": its_id,
                "user_id": user_id,
                "digest": digest,
                "host": urlsplit(new.endpoint).hostname or "",
                "sealed": self._sealer.seal(secret, _purpose(its_id)),
                "user_agent": new.user_agent,
                "created_ms": made_ms,
                "used_ms": tx.now_ms,
            }
            tx.connection.execute(push_subscriptions.delete().where(_subscriptions.digest == digest))
            tx.connection.execute(push_subscriptions.insert().values(values))
            if row is None:
                _tell(tx, domain_id, user_id, {"changed": ["push_subscriptions"]})
            return tx.connection.execute(known).first()

        row = await self._database.transact(work)
        return None if row is None else self._subscription(row)

    async def unsubscribe(self, user_id: str | None, subscription_id: str) -> bool:
        gone = push_subscriptions.delete().where(_subscriptions.id == subscription_id)
        if user_id is not None:
            gone = gone.where(_subscriptions.user_id == user_id)

        def work(tx: Transaction) -> bool:
            whose = tx.connection.execute(gone.returning(_subscriptions.user_id)).scalar()
            if whose is None:
                return False
            of_user = sa.select(users.c.domain_id).where(users.c.id == whose)
            domain_id = tx.connection.execute(of_user).scalar()
            if domain_id is not None:
                _tell(tx, domain_id, whose, {"changed": ["push_subscriptions"]})
            return True

        return await self._database.transact(work)

    async def key(self, name: str, make: Callable[[], bytes]) -> bytes:
        query = sa.select(notification_keys.c.sealed).where(notification_keys.c.name == name)
        sealed = await self._database.read(lambda connection: connection.execute(query).scalar())
        if sealed is None:
            fresh = self._sealer.seal(make(), f"notification-key:{name}")

            def work(tx: Transaction) -> str:
                new = insert(notification_keys).values(name=name, sealed=fresh)
                tx.connection.execute(new.on_conflict_do_nothing())
                return str(tx.connection.execute(query).scalar_one())

            sealed = await self._database.transact(work)
        return self._sealer.open(str(sealed), f"notification-key:{name}")

    def _subscription(self, row: sa.Row[Any]) -> Subscription:
        secret = msgspec.json.decode(self._sealer.open(row.sealed, _purpose(row.id)))
        return Subscription(
            row.id,
            row.user_id,
            row.host,
            row.user_agent,
            row.created_ms,
            row.used_ms,
            secret["endpoint"],
            secret["p256dh"],
            secret["auth"],
        )


def settings_of(connection: Connection, user_id: str) -> NotificationSettings:
    query = sa.select(_settings.settings).where(_settings.user_id == user_id)
    return _read_settings(connection.execute(query).scalar())


def save_settings(
    tx: Transaction, domain_id: str, user_id: str, before: NotificationSettings, after: NotificationSettings
) -> None:
    text = _encode(dataclasses.asdict(after)).decode()
    tx.connection.execute(notification_settings.delete().where(_settings.user_id == user_id))
    tx.connection.execute(notification_settings.insert().values(user_id=user_id, settings=text))
    names = [field.name for field in dataclasses.fields(after)]
    differing = [name for name in names if getattr(before, name) != getattr(after, name)]
    _tell(tx, domain_id, user_id, {"changed": differing})


def _read_settings(text: str | None) -> NotificationSettings:
    return NotificationSettings() if text is None else msgspec.json.decode(text, type=NotificationSettings)


def _reach(connection: Connection, user_ids: Collection[str] | None) -> list[Reach]:
    pushes = sa.exists().where(_subscriptions.user_id == users.c.id)
    query = (
        sa.select(users.c.id, users.c.domain_id, users.c.email, _settings.settings, pushes.label("pushes"))
        .outerjoin(notification_settings, _settings.user_id == users.c.id)
        .where(users.c.enabled == 1)
    )
    if user_ids is None:
        parts = [query.where(sa.or_(users.c.email.is_not(None), pushes))]
    else:
        wanted = sorted(user_ids)
        parts = [
            query.where(users.c.id.in_(wanted[at : at + _IN_ONE_STATEMENT]))
            for at in range(0, len(wanted), _IN_ONE_STATEMENT)
        ]
    found = []
    for part in parts:
        for row in connection.execute(part):
            chosen = _read_settings(row.settings)
            email = row.email if chosen.email else None
            found.append(Reach(row.id, row.domain_id, chosen, bool(row.pushes) and chosen.push, email))
    return found


def _purpose(subscription_id: str) -> str:
    return f"push-subscription:{subscription_id}"


def _tell(tx: Transaction, domain_id: str, user_id: str, data: Mapping[str, object]) -> None:
    tx.emit(NewEvent(domain_stream(domain_id), "notification.updated", user_id, data, private_to((user_id,))))
