"""Tenants, their people, things and credentials in the database.

Implements `engine.accounts.ports`. Flags are 0 or 1 in the tables and bool outside; a number carries the
ids of its users, read with one more query a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError

from engine.accounts.models import (
    Device,
    Domain,
    DomainSettings,
    Number,
    Principal,
    User,
    UserSettings,
)
from engine.accounts.ports import AccountsChanges, AccountsReads
from engine.audit import AuditEntry
from engine.errors import Conflict
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.storage import audit, idempotency, settings
from engine.storage.account_proofs import SqlProofChanges, SqlProofReads
from engine.storage.account_rows import (
    Row,
    device_row,
    domain_row,
    number_row,
    read_device,
    read_domain,
    read_user,
    user_row,
)
from engine.storage.database import Database
from engine.storage.directory_keys import forget_book, forget_user, index_user
from engine.storage.tables.accounts import (
    devices,
    domains,
    number_users,
    numbers,
    users,
)
from engine.storage.transaction import Transaction

R = TypeVar("R")

#: Well below what one statement may have of parameters.
_VALUES_AT_ONCE = 500


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


class SqlAccountsReads(SqlProofReads):
    """See `engine.accounts.ports.AccountsReads`. Also for other features' joins of the same tables."""

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

    def domain_with_realm(self, realm: str) -> Domain | None:
        return self._one(read_domain, sa.select(domains).where(domains.c.realm == realm))

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

    def user_with_login(self, domain_id: str, login: str) -> User | None:
        query = sa.select(users).where(users.c.domain_id == domain_id, users.c.login == login)
        return self._one(read_user, query)

    def domain_settings(self, domain: Domain) -> DomainSettings:
        return settings.of_domains(self._connection, [domain])[domain.id]

    def user_settings(self, user_id: str) -> UserSettings:
        return settings.of_users(self._connection, [user_id])[user_id]

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

    def devices_at(self, pbx: str, endpoints: Sequence[str]) -> list[Device]:
        found: list[Device] = []
        for some in _cut(endpoints):
            query = sa.select(devices).where(devices.c.pbx == pbx, devices.c.endpoint.in_(some))
            found += self._all(read_device, query)
        return found

    def list_devices(self, *, domain_id: str, user_id: str | None, after: str, limit: int) -> list[Device]:
        query = sa.select(devices).where(devices.c.domain_id == domain_id, devices.c.id > after)
        if user_id is not None:
            query = query.where(devices.c.user_id == user_id)
        return self._all(read_device, query.order_by(devices.c.id).limit(limit))

    def number(self, number_id: str) -> Number | None:
        return self._one_number(numbers.c.id == number_id)

    def number_with_e164(self, e164: str) -> Number | None:
        return self._one_number(numbers.c.e164 == e164)

    def numbers_with(self, e164s: Sequence[str]) -> list[Number]:
        found: list[Number] = []
        for some in _cut(e164s):
            query = sa.select(numbers).where(numbers.c.e164.in_(some))
            found += self._numbers(self._connection.execute(query).all())
        return found

    def list_numbers(self, *, domain_id: str, user_id: str | None, after: str, limit: int) -> list[Number]:
        query = sa.select(numbers).where(numbers.c.domain_id == domain_id, numbers.c.id > after)
        if user_id is not None:
            theirs = sa.select(number_users.c.number_id).where(number_users.c.user_id == user_id)
            query = query.where(numbers.c.id.in_(theirs))
        return self._numbers(self._connection.execute(query.order_by(numbers.c.id).limit(limit)).all())

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


class SqlAccountsChanges(SqlAccountsReads, SqlProofChanges):
    """See `engine.accounts.ports.AccountsChanges`; lives as long as its transaction."""

    def __init__(self, tx: Transaction, request_id: str | None = None) -> None:
        SqlProofChanges.__init__(self, tx)
        self._request_id = request_id

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

    def insert_users(self, new: Sequence[User]) -> None:
        if new:
            self._connection.execute(users.insert(), [user_row(user) for user in new])

    def save_user(self, user: User) -> None:
        forget_user(self._connection, user.id)
        self._save(users, user.id, user_row(user))
        index_user(self._connection, user)

    def delete_user(self, user_id: str) -> None:
        forget_user(self._connection, user_id)
        forget_book(self._connection, user_id)
        self._delete(users, user_id)

    def save_domain_settings(self, domain_id: str, chosen: DomainSettings) -> None:
        settings.save_of_domain(self._connection, domain_id, chosen)

    def save_user_settings(self, user_id: str, chosen: UserSettings) -> None:
        settings.save_of_user(self._connection, user_id, chosen)

    def insert_device(self, device: Device) -> None:
        self._connection.execute(devices.insert().values(device_row(device)))

    def insert_devices(self, new: Sequence[Device]) -> None:
        if new:
            self._connection.execute(devices.insert(), [device_row(device) for device in new])

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


def _cut(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """In pieces that fit into one statement."""
    for start in range(0, len(values), _VALUES_AT_ONCE):
        yield values[start : start + _VALUES_AT_ONCE]
