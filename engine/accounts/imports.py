"""Many users or numbers at once: all of a request or, where that is asked for, all that can be taken.

A user is known by the extension and a number by its digits, so the same request again changes nothing.
What is asked for is worked out against one state of the database and written in the same transaction; a
dry run stops before writing. Nobody may do here what they may not do one by one.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.accounts import validation
from engine.accounts.access import domain_meant, require_scope
from engine.accounts.changes import announce, changed
from engine.accounts.errors import invalid, not_found, scope_too_low, taken
from engine.accounts.importing import (
    MAX_ROWS,
    ImportNumber,
    ImportRefused,
    ImportReport,
    ImportUser,
    RowFlaw,
    flaw_of,
    too_many,
)
from engine.accounts.models import UNSET, Device, Domain, Number, Principal, Scope, Unset, User
from engine.accounts.numbers import MAX_USERS_PER_NUMBER
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.accounts.recent import RecentPrincipals
from engine.errors import EngineError
from engine.ids import new_id
from engine.phone_numbers import to_e164

Row = TypeVar("Row", ImportUser, ImportNumber)

#: Beyond any domain; a list is otherwise read in pages.
_ALL = 1_000_000
_USER_FIELDS = ("display_name", "login", "role", "sms_enabled", "enabled", "email")
_MAX_DEVICES = 20


@dataclass(slots=True)
class _Plan:
    """Records to write: new ones, changed ones as they were and as they will be, and devices."""

    users: list[User] = field(default_factory=list)
    changed_users: list[tuple[User, User]] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    changed_numbers: list[tuple[Number, Number]] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    flaws: list[RowFlaw] = field(default_factory=list)


class Imports:
    """known_carriers: names of the configured carriers; None takes any name."""

    def __init__(
        self, store: AccountsStore, recent: RecentPrincipals, known_carriers: Collection[str] | None = None
    ) -> None:
        self._store = store
        self._recent = recent
        self._known_carriers = known_carriers

    async def users(
        self,
        principal: Principal,
        rows: Sequence[ImportUser],
        *,
        flaws: Sequence[RowFlaw] = (),
        domain_id: str | None = None,
        dry_run: bool = False,
        skip_bad: bool = False,
    ) -> ImportReport:
        """Create or update users, and give them devices. flaws: of rows that could not even be read.

        skip_bad: take the good rows; otherwise one bad row refuses all.
        Raises ImportRefused, Forbidden, NotFound (domain) or InvalidRequest.
        """
        require_scope(principal, Scope.OFFICE_MANAGER)
        checked, found = await _checked(rows, _check_user)

        def plan(reads: AccountsReads) -> _Plan:
            return _plan_users(reads, domain_meant(reads, principal, domain_id), checked)

        return await self._do(principal, plan, [*flaws, *found], len(rows) + len(flaws), dry_run, skip_bad)

    async def numbers(
        self,
        principal: Principal,
        rows: Sequence[ImportNumber],
        *,
        flaws: Sequence[RowFlaw] = (),
        domain_id: str | None = None,
        dry_run: bool = False,
        skip_bad: bool = False,
    ) -> ImportReport:
        """Create or update numbers, and say who uses them; bringing one in, or to another carrier, takes
        a reseller. Otherwise as `users`.
        """
        require_scope(principal, Scope.OFFICE_MANAGER)
        domain = await self._store.read(lambda reads: domain_meant(reads, principal, domain_id))
        checked, found = await _checked(rows, lambda row: self._check_number(row, domain))

        def plan(reads: AccountsReads) -> _Plan:
            return _plan_numbers(reads, principal, domain_meant(reads, principal, domain.id), checked)

        return await self._do(principal, plan, [*flaws, *found], len(rows) + len(flaws), dry_run, skip_bad)

    async def _do(
        self,
        principal: Principal,
        plan: Callable[[AccountsReads], _Plan],
        flaws: Sequence[RowFlaw],
        rows: int,
        dry_run: bool,
        skip_bad: bool,
    ) -> ImportReport:
        def report(planned: _Plan) -> ImportReport:
            all_flaws = tuple(sorted([*flaws, *planned.flaws], key=lambda flaw: flaw.line))
            return ImportReport(dry_run, rows, planned.created, planned.updated, planned.unchanged, all_flaws)

        if dry_run:
            return await self._store.read(lambda reads: report(plan(reads)))

        def work(changes: AccountsChanges) -> ImportReport:
            planned = plan(changes)
            done = report(planned)
            if done.flaws and not skip_bad:
                raise ImportRefused(done.flaws)
            _write(changes, principal, planned)
            return done

        try:
            return await self._store.change(work)
        finally:
            self._recent.forget()

    def _check_number(self, row: ImportNumber, domain: Domain) -> ImportNumber:
        extensions = row.extensions
        if not isinstance(extensions, Unset):
            if len(extensions) > MAX_USERS_PER_NUMBER:
                raise invalid("extensions", f"A number has at most {MAX_USERS_PER_NUMBER} users.")
            extensions = tuple(dict.fromkeys(extensions))
        carrier = row.carrier
        if not isinstance(carrier, Unset):
            carrier = validation.peer_name(carrier, "carrier", self._known_carriers)
        e164 = to_e164(row.e164, domain.region, field="e164")
        return dataclasses.replace(row, e164=e164, carrier=carrier, extensions=extensions)


async def _checked(rows: Sequence[Row], check: Callable[[Row], Row]) -> tuple[list[Row], list[RowFlaw]]:
    """The rows as they are to be stored, and why others cannot be. Beside the loop: 5,000 take a while."""
    if len(rows) > MAX_ROWS:
        raise too_many()

    def work() -> tuple[list[Row], list[RowFlaw]]:
        good: list[Row] = []
        flaws: list[RowFlaw] = []
        for row in rows:
            try:
                good.append(check(row))
            except EngineError as error:
                flaws.append(flaw_of(row.line, error))
        return good, flaws

    return await asyncio.to_thread(work)


def _check_user(row: ImportUser) -> ImportUser:
    name, devices = row.display_name, row.devices
    if not isinstance(devices, Unset):
        if len(devices) > _MAX_DEVICES:
            raise invalid("devices", f"A row takes {_MAX_DEVICES} devices.")
        devices = tuple(dict.fromkeys(map(_check_endpoint, devices)))
    return dataclasses.replace(
        row,
        extension=validation.extension(row.extension),
        display_name=UNSET if isinstance(name, Unset) else validation.name(name, "display_name"),
        login=UNSET if isinstance(row.login, Unset) else validation.login(row.login),
        email=UNSET if isinstance(row.email, Unset) else validation.email(row.email),
        role=UNSET if isinstance(row.role, Unset) else validation.role(row.role),
        devices=devices,
    )


def _check_endpoint(text: str) -> str:
    try:
        return validation.endpoint(text)
    except EngineError as error:
        raise invalid("devices", error.detail) from None


def _plan_users(reads: AccountsReads, domain: Domain, rows: Sequence[ImportUser]) -> _Plan:
    plan = _Plan()
    known = {u.extension: u for u in _every_user(reads, domain)}
    logins = {user.login: user.id for user in known.values() if user.login is not None}
    owners = _owners(reads, domain, rows)
    with_device = {
        device.user_id
        for device in reads.list_devices(domain_id=domain.id, user_id=None, after="", limit=_ALL)
    }
    seen: set[str] = set()
    for row in rows:
        try:
            if row.extension in seen:
                raise taken("extension", "An earlier row has this extension.")
            seen.add(row.extension)
            before = known.get(row.extension)
            after = _user_after(row, before, domain)
            if after.login is not None and logins.get(after.login, after.id) != after.id:
                raise taken("login", "Another user of the domain has this login.")
            new = _new_devices(row, after, domain, owners, with_device)
        except EngineError as error:
            plan.flaws.append(flaw_of(row.line, error))
            continue
        if after.login is not None:
            logins[after.login] = after.id
        owners.update({device.endpoint: after.id for device in new})
        with_device.update(device.user_id for device in new)
        plan.devices += new
        if before is None:
            plan.users.append(after)
            plan.created += 1
        elif after != before:
            plan.changed_users.append((before, after))
            plan.updated += 1
        elif new:
            plan.updated += 1
        else:
            plan.unchanged += 1
    return plan


def _user_after(row: ImportUser, before: User | None, domain: Domain) -> User:
    if before is None:
        if isinstance(row.display_name, Unset):
            raise invalid("display_name", "A new user needs a name.")
        before = User(
            id=new_id("usr"),
            domain_id=domain.id,
            extension=row.extension,
            display_name=row.display_name,
            sms_enabled=True,
            created_ms=0,
        )
    given = {name: getattr(row, name) for name in _USER_FIELDS if not isinstance(getattr(row, name), Unset)}
    return dataclasses.replace(before, **given)


def _new_devices(
    row: ImportUser, user: User, domain: Domain, owners: dict[str, str], with_device: set[str]
) -> list[Device]:
    """The devices the row adds; the first of a user who has none rings by default."""
    new: list[Device] = []
    for endpoint in () if isinstance(row.devices, Unset) else row.devices:
        owner = owners.get(endpoint)
        if owner == user.id:
            continue
        if owner is not None:
            raise taken("devices", "This endpoint of the PBX belongs to a device already.")
        is_default = user.id not in with_device and not new
        new.append(Device(new_id("dev"), domain.id, user.id, domain.pbx, endpoint, "", is_default, 0))
    return new


def _owners(reads: AccountsReads, domain: Domain, rows: Sequence[ImportUser]) -> dict[str, str]:
    """Whose the endpoints of these rows are already, on the domain's PBX."""
    wanted = [e for row in rows if not isinstance(row.devices, Unset) for e in row.devices]
    return {device.endpoint: device.user_id for device in reads.devices_at(domain.pbx, wanted)}


def _plan_numbers(
    reads: AccountsReads, principal: Principal, domain: Domain, rows: Sequence[ImportNumber]
) -> _Plan:
    plan = _Plan()
    known = {number.e164: number for number in reads.numbers_with([row.e164 for row in rows])}
    users = {user.extension: user.id for user in _every_user(reads, domain)}
    seen: set[str] = set()
    for row in rows:
        try:
            if row.e164 in seen:
                raise taken("e164", "An earlier row has this number.")
            seen.add(row.e164)
            before = known.get(row.e164)
            after = _number_after(row, before, principal, domain, users)
        except EngineError as error:
            plan.flaws.append(flaw_of(row.line, error))
            continue
        if before is None:
            plan.numbers.append(after)
            plan.created += 1
        elif after != before:
            plan.changed_numbers.append((before, after))
            plan.updated += 1
        else:
            plan.unchanged += 1
    return plan


def _number_after(
    row: ImportNumber, before: Number | None, principal: Principal, domain: Domain, users: dict[str, str]
) -> Number:
    may_bring_in = principal.scope >= Scope.RESELLER
    if before is None or before.domain_id != domain.id:
        if not may_bring_in:
            raise _at("e164", not_found("number"))  # nobody learns here which numbers others have
        if before is not None:
            raise taken("e164", "The system has this number already.")
        if isinstance(row.carrier, Unset):
            raise invalid("carrier", "A new number needs a carrier.")
        before = Number(new_id("num"), domain.id, row.e164, True, row.carrier, (), 0)
    user_ids = before.user_ids
    if not isinstance(row.extensions, Unset):
        if not set(row.extensions) <= users.keys():
            raise _at("extensions", not_found("user"))
        user_ids = tuple(sorted(users[extension] for extension in row.extensions))
    carrier = before.carrier if isinstance(row.carrier, Unset) else row.carrier
    if carrier != before.carrier and not may_bring_in:
        raise _at("carrier", scope_too_low(Scope.RESELLER.value))
    sms_enabled = before.sms_enabled if isinstance(row.sms_enabled, Unset) else row.sms_enabled
    return dataclasses.replace(before, user_ids=user_ids, carrier=carrier, sms_enabled=sms_enabled)


def _at(column: str, error: EngineError) -> EngineError:
    error.field = f"/{column}"
    return error


def _every_user(reads: AccountsReads, domain: Domain) -> list[User]:
    return reads.list_users(domain_id=domain.id, user_id=None, after="", limit=_ALL)


def _write(changes: AccountsChanges, principal: Principal, plan: _Plan) -> None:
    now_ms = changes.now_ms
    changes.insert_users([dataclasses.replace(user, created_ms=now_ms) for user in plan.users])
    for user in plan.users:
        announce(changes, principal, "user.created", user.id, user.domain_id, {}, (user.id,))
    for old, user in plan.changed_users:
        changes.save_user(user)
        if not user.enabled:
            changes.revoke_credentials_of_user(user.id)
        data = changed(old, user)
        announce(changes, principal, "user.updated", user.id, user.domain_id, data, (user.id,))
    changes.insert_devices([dataclasses.replace(device, created_ms=now_ms) for device in plan.devices])
    for device in plan.devices:
        announce(changes, principal, "device.created", device.id, device.domain_id, {}, (device.user_id,))
    for number in plan.numbers:
        changes.insert_number(dataclasses.replace(number, created_ms=now_ms))
        announce(changes, principal, "number.created", number.id, number.domain_id, {}, number.user_ids)
    for was, number in plan.changed_numbers:
        changes.save_number(number)
        concerned = tuple(sorted({*was.user_ids, *number.user_ids}))
        data = changed(was, number)
        announce(changes, principal, "number.updated", number.id, number.domain_id, data, concerned)
