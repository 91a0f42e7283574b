"""Tenants, their people, things and credentials in the database.

Implements `engine.accounts.ports`. Flags are 0 or 1 in the tables and bool outside; a number carries the
ids of its users, read with one more query a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engine.accounts.models import Credential, Device, Domain, Number, Principal, User
from engine.accounts.ports import AccountsChanges, AccountsReads
from engine.audit import AuditEntry
from engine.errors import Conflict
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.storage import audit, idempotency
from engine.storage.account_rows import (
    Row,
    credential_row,
    device_row,
    domain_row,
    number_row,
    read_credential,
    read_device,
    read_domain,
    read_user,
    user_row,
)
from engine.storage.database import Database
from engine.storage.directory_keys import forget_book, forget_user, index_user
from engine.storage.tables.accounts import (
    credentials,
    devices,
    domains,
    event_tickets,
    number_users,
    numbers,
    users,
)
from engine.storage.transaction import Transaction

R = TypeVar("R")
#: Well below what one statement may have of parameters.
_IDS_AT_ONCE = 500


class SqlAccountsStore:
    """`engine.accounts.ports.AccountsStore` over the one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, fn: Callable[[AccountsReads], R]) -> R:
        return await self._database.read(lambda connection: fn(SqlAccountsReads(connection)))

    async def change(self, fn: Callable[[AccountsChanges], R]) -> R:
        # Where the API serves a request, its id is bound for logging; the audit log names it too.
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        return await self._database.transact(lambda tx: fn(SqlAccountsChanges(tx, request_id)))


class SqlAccountsReads:
    """See `engine.accounts.ports.AccountsReads`. Also for other features' joins of the same tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def domain(self, domain_id: str) -> Domain | None:
        return self._one(read_domain, sa.select(domains).where(domains.c.id == domain_id))

    def list_domains(
        self, *, reseller_id: str | None, domain_id: str | None, after: str, limit: int
    ) -> list[Domain]:
        query = sa.select(domains).where(domains.c.id > after).order_by(domains.c.id).limit(limit)
        if reseller_id is not None:
            query = query.where(domains.c.reseller_id == reseller_id)
        if domain_id is not None:
            query = query.where(domains.c.id == domain_id)
        return self._all(read_domain, query)

    def domain_is_empty(self, domain_id: str) -> bool:
        inhabitants = sa.union_all(
            sa.select(users.c.id).where(users.c.domain_id == domain_id),
            sa.select(numbers.c.id).where(numbers.c.domain_id == domain_id),
        )
        return self._connection.execute(inhabitants.limit(1)).first() is None

    def user(self, user_id: str) -> User | None:
        return self._one(read_user, sa.select(users).where(users.c.id == user_id))

    def user_with_extension(self, domain_id: str, extension: str) -> User | None:
        query = sa.select(users).where(users.c.domain_id == domain_id, users.c.extension == extension)
        return self._one(read_user, query)

    def list_users(self, *, domain_id: str, user_id: str | None, after: str, limit: int) -> list[User]:
        query = sa.select(users).where(users.c.domain_id == domain_id, users.c.id > after)
        if user_id is not None:
            query = query.where(users.c.id == user_id)
        return self._all(read_user, query.order_by(users.c.id).limit(limit))

    def device(self, device_id: str) -> Device | None:
        return self._one(read_device, sa.select(devices).where(devices.c.id == device_id))

    def device_at_endpoint(self, pbx: str, endpoint: str) -> Device | None:
        query = sa.select(devices).where(devices.c.pbx == pbx, devices.c.endpoint == endpoint)
        return self._one(read_device, query)

    def list_devices(self, *, domain_id: str, user_id: str | None, after: str, limit: int) -> list[Device]:
        query = sa.select(devices).where(devices.c.domain_id == domain_id, devices.c.id > after)
        if user_id is not None:
            query = query.where(devices.c.user_id == user_id)
        return self._all(read_device, query.order_by(devices.c.id).limit(limit))

    def number(self, number_id: str) -> Number | None:
        return self._one_number(numbers.c.id == number_id)

    def number_with_e164(self, e164: str) -> Number | None:
        return self._one_number(numbers.c.e164 == e164)

    def list_numbers(self, *, domain_id: str, user_id: str | None, after: str, limit: int) -> list[Number]:
        query = sa.select(numbers).where(numbers.c.domain_id == domain_id, numbers.c.id > after)
        if user_id is not None:
            theirs = sa.select(number_users.c.number_id).where(number_users.c.user_id == user_id)
            query = query.where(numbers.c.id.in_(theirs))
        return self._numbers(self._connection.execute(query.order_by(numbers.c.id).limit(limit)).all())

    def credential(self, credential_id: str) -> Credential | None:
        return self._one(read_credential, sa.select(credentials).where(credentials.c.id == credential_id))

    def credentials(self, credential_ids: Sequence[str]) -> list[Credential]:
        found: list[Credential] = []
        for start in range(0, len(credential_ids), _IDS_AT_ONCE):
            wanted = credential_ids[start : start + _IDS_AT_ONCE]
            query = sa.select(credentials).where(credentials.c.id.in_(wanted))
            found += map(read_credential, self._connection.execute(query))
        return found

    def credential_with_digest(self, digest: str) -> Credential | None:
        return self._one(read_credential, sa.select(credentials).where(credentials.c.digest == digest))

    def list_keys(
        self, *, domain_id: str | None, reseller_id: str | None, after: str, limit: int
    ) -> list[Credential]:
        query = sa.select(credentials).where(
            credentials.c.kind == "key",
            credentials.c.domain_id.is_(None) if domain_id is None else credentials.c.domain_id == domain_id,
            credentials.c.id > after,
        )
        if reseller_id is not None:
            query = query.where(credentials.c.reseller_id == reseller_id)
        return self._all(read_credential, query.order_by(credentials.c.id).limit(limit))

    def _one(self, record: Callable[[Row], R], query: sa.Select[Any]) -> R | None:
        row = self._connection.execute(query).first()
        return None if row is None else record(row)

    def _all(self, record: Callable[[Row], R], query: sa.Select[Any]) -> list[R]:
        return [record(row) for row in self._connection.execute(query)]

    def _one_number(self, condition: sa.ColumnElement[bool]) -> Number | None:
        found = self._numbers(self._connection.execute(sa.select(numbers).where(condition)).all())
        return found[0] if found else None

    def _numbers(self, rows: Sequence[Row]) -> list[Number]:
        assigned: dict[str, list[str]] = {row.id: [] for row in rows}
        if assigned:
            query = (
                sa.select(number_users)
                .where(number_users.c.number_id.in_(assigned))
                .order_by(number_users.c.user_id)
            )
            for pair in self._connection.execute(query):
                assigned[pair.number_id].append(pair.user_id)
        return [
            Number(
                id=row.id,
                domain_id=row.domain_id,
                e164=row.e164,
                sms_enabled=bool(row.sms_enabled),
                carrier=row.carrier,
                user_ids=tuple(assigned[row.id]),
                created_ms=row.created_ms,
            )
            for row in rows
        ]


class SqlAccountsChanges(SqlAccountsReads):
    """See `engine.accounts.ports.AccountsChanges`; lives as long as its transaction."""

    def __init__(self, tx: Transaction, request_id: str | None = None) -> None:
        super().__init__(tx.connection)
        self._tx = tx
        self._request_id = request_id

    @property
    def now_ms(self) -> int:
        return self._tx.now_ms

    def insert_domain(self, domain: Domain) -> None:
        self._connection.execute(domains.insert().values(domain_row(domain)))

    def save_domain(self, domain: Domain) -> None:
        self._save(domains, domain.id, domain_row(domain))

    def delete_domain(self, domain_id: str) -> None:
        try:
            forget_book(self._connection, domain_id)
            self._delete(domains, domain_id)
        except IntegrityError as error:
            raise Conflict(
                "The domain has calls or conversations that are kept. Disable its users instead.",
                code="in_use",
            ) from error

    def insert_user(self, user: User) -> None:
        self._connection.execute(users.insert().values(user_row(user)))
        index_user(self._connection, user)

    def save_user(self, user: User) -> None:
        forget_user(self._connection, user.id)
        self._save(users, user.id, user_row(user))
        index_user(self._connection, user)

    def delete_user(self, user_id: str) -> None:
        forget_user(self._connection, user_id)
        forget_book(self._connection, user_id)
        self._delete(users, user_id)

    def insert_device(self, device: Device) -> None:
        self._connection.execute(devices.insert().values(device_row(device)))

    def save_device(self, device: Device) -> None:
        self._save(devices, device.id, device_row(device))

    def delete_device(self, device_id: str) -> None:
        self._delete(devices, device_id)

    def clear_default_device(self, user_id: str) -> None:
        self._connection.execute(
            devices.update()
            .where(devices.c.user_id == user_id, devices.c.is_default == 1)
            .values(is_default=0)
        )

    def insert_number(self, number: Number) -> None:
        self._connection.execute(numbers.insert().values(number_row(number)))
        self._assign(number, {})

    def save_number(self, number: Number) -> None:
        self._save(numbers, number.id, number_row(number))
        gone = number_users.delete().where(number_users.c.number_id == number.id)
        before = self._connection.execute(gone.returning(number_users.c.user_id, number_users.c.since))
        self._assign(number, {row.user_id: row.since for row in before})

    def delete_number(self, number_id: str) -> None:
        self._delete(numbers, number_id)

    def insert_credential(self, credential: Credential, digest: str) -> None:
        row = credential_row(credential, digest)
        self._connection.execute(credentials.insert().values(row))

    def revoke_credential(self, credential_id: str) -> None:
        # Tokens only: a key made with this key, often its own replacement, lives on.
        minted = sa.and_(credentials.c.issued_by == credential_id, credentials.c.kind == "token")
        self._revoke(sa.or_(credentials.c.id == credential_id, minted))

    def revoke_credentials_of_user(self, user_id: str) -> None:
        self._revoke(credentials.c.user_id == user_id)

    def forget_expired(self, before_ms: int) -> int:
        gone = self._connection.execute(
            credentials.delete().where(credentials.c.kind == "token", credentials.c.expires_ms < before_ms)
        ).rowcount
        return (
            gone
            + self._connection.execute(
                event_tickets.delete().where(event_tickets.c.expires_ms < before_ms)
            ).rowcount
        )

    def insert_ticket(self, digest: str, credential_id: str, expires_ms: int) -> None:
        row = {"digest": digest, "credential_id": credential_id, "expires_ms": expires_ms}
        self._connection.execute(event_tickets.insert().values(row))

    def take_ticket(self, digest: str) -> tuple[str, int] | None:
        row = self._connection.execute(
            event_tickets.delete()
            .where(event_tickets.c.digest == digest)
            .returning(event_tickets.c.credential_id, event_tickets.c.expires_ms)
        ).first()
        return None if row is None else (row.credential_id, row.expires_ms)

    def emit(self, event: NewEvent) -> None:
        self._tx.emit(event)

    def record(
        self,
        principal: Principal,
        action: str,
        subject: str,
        domain_id: str | None,
        data: Mapping[str, object],
    ) -> None:
        audit.record(
            self._tx,
            AuditEntry(
                id=new_id("aud"),
                domain_id=domain_id,
                actor=principal.credential_id,
                action=action,
                subject=subject,
                data=data,
                created_ms=self._tx.now_ms,
                request_id=self._request_id,
            ),
        )

    def claim(self, claim: Claim) -> Replayed | None:
        return idempotency.claim(self._tx, claim)

    def settle(self, claim: Claim, status: int, body: str) -> None:
        idempotency.settle(self._tx, claim, status, body)

    def _save(self, table: sa.Table, record_id: str, row: Mapping[str, object]) -> None:
        self._connection.execute(table.update().where(table.c.id == record_id).values(row))

    def _delete(self, table: sa.Table, record_id: str) -> None:
        self._connection.execute(table.delete().where(table.c.id == record_id))

    def _assign(self, number: Number, since: Mapping[str, str]) -> None:
        """since: the positions of those it was assigned to before."""
        if number.user_ids:
            now = new_id("msg")
            rows = [
                {"number_id": number.id, "user_id": user_id, "since": since.get(user_id, now)}
                for user_id in number.user_ids
            ]
            self._connection.execute(number_users.insert(), rows)

    def _revoke(self, condition: sa.ColumnElement[bool]) -> None:
        self._connection.execute(
            credentials.update()
            .where(condition, credentials.c.revoked_ms.is_(None))
            .values(revoked_ms=self._tx.now_ms)
        )
