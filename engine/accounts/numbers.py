"""Numbers: the phone numbers a domain sends from and is reached at.

Only a reseller or super user brings a number in, moves it to another carrier or takes it away, since a
domain that could name its own would send as anybody. Its office managers say who uses it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from engine.accounts import validation
from engine.accounts.access import domain_meant, number_seen, only_user, require_scope, user_seen
from engine.accounts.changes import (
    Render,
    announce,
    changed,
    checked,
    create_once,
    cut_page,
    position,
    updated,
)
from engine.accounts.errors import invalid, not_found, taken
from engine.accounts.models import (
    FIRST_PAGE,
    CreateNumber,
    Number,
    Page,
    PageRequest,
    Principal,
    Scope,
    Unset,
    UpdateNumber,
)
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.phone_numbers import to_e164

#: A number rings and shows at every one of its users; more than this is a call centre's queue.
MAX_USERS_PER_NUMBER = 200


class Numbers:
    """known_carriers: names of the configured carriers; None takes any name."""

    def __init__(self, store: AccountsStore, known_carriers: Collection[str] | None = None) -> None:
        self._store = store
        self._known_carriers = known_carriers

    async def create(
        self,
        principal: Principal,
        command: CreateNumber,
        *,
        claim: Claim | None = None,
        render: Render[Number] | None = None,
    ) -> Number | Replayed:
        """Raises InvalidRequest, Forbidden, NotFound (domain) or Conflict `already_exists`."""
        require_scope(principal, Scope.RESELLER)
        draft = Number(
            id=new_id("num"),
            domain_id="",
            e164="",
            sms_enabled=command.sms_enabled,
            carrier=self._check_carrier(command.carrier),
            user_ids=_check_user_ids(command.user_ids),
            created_ms=0,
        )

        def work(changes: AccountsChanges) -> Number:
            domain = domain_meant(changes, principal, command.domain_id)
            number = dataclasses.replace(
                draft,
                domain_id=domain.id,
                e164=to_e164(command.e164, domain.region, field="e164"),
                created_ms=changes.now_ms,
            )
            if changes.number_with_e164(number.e164) is not None:
                raise taken("e164", "The system has this number already.")
            _refuse_strangers(changes, principal, number)
            changes.insert_number(number)
            announce(changes, principal, "number.created", number.id, number.domain_id, {}, number.user_ids)
            return number

        return await create_once(self._store, claim, render, work)

    async def get(self, principal: Principal, number_id: str) -> Number:
        """Raises NotFound; also for a basic user whom the number is not assigned to."""
        return await self._store.read(lambda reads: number_seen(reads, principal, number_id))

    async def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        user_id: str | None = None,
        page: PageRequest = FIRST_PAGE,
    ) -> Page[Number]:
        """The numbers of one domain, or those assigned to one of its users.

        Raises NotFound or InvalidRequest.
        """
        after = position(page)

        def work(reads: AccountsReads) -> Page[Number]:
            domain = domain_meant(reads, principal, domain_id)
            if user_id is not None and user_seen(reads, principal, user_id).domain_id != domain.id:
                raise not_found("user")
            found = reads.list_numbers(
                domain_id=domain.id,
                user_id=user_id or only_user(principal),
                after=after,
                limit=page.limit + 1,
            )
            return cut_page(found, page, lambda number: number.id)

        return await self._store.read(work)

    async def update(self, principal: Principal, number_id: str, command: UpdateNumber) -> Number:
        """Raises InvalidRequest, Forbidden or NotFound."""
        require_scope(
            principal,
            Scope.OFFICE_MANAGER if isinstance(command.carrier, Unset) else Scope.RESELLER,
        )
        command = dataclasses.replace(
            command,
            carrier=checked(command.carrier, self._check_carrier),
            user_ids=checked(command.user_ids, _check_user_ids),
        )

        def work(changes: AccountsChanges) -> Number:
            before = number_seen(changes, principal, number_id)
            after = updated(before, command)
            if after == before:
                return before
            _refuse_strangers(changes, principal, after)
            changes.save_number(after)
            concerned = tuple(sorted({*before.user_ids, *after.user_ids}))
            data = changed(before, after)
            announce(changes, principal, "number.updated", after.id, after.domain_id, data, concerned)
            return after

        return await self._store.change(work)

    async def delete(self, principal: Principal, number_id: str) -> None:
        """Conversations that used it stay and can be read, but nothing more is sent from it.

        Raises Forbidden or NotFound.
        """
        require_scope(principal, Scope.RESELLER)

        def work(changes: AccountsChanges) -> None:
            number = number_seen(changes, principal, number_id)
            changes.delete_number(number.id)
            announce(changes, principal, "number.deleted", number.id, number.domain_id, {}, number.user_ids)

        await self._store.change(work)

    def _check_carrier(self, name: str) -> str:
        return validation.peer_name(name, "carrier", self._known_carriers)


def _check_user_ids(user_ids: Collection[str]) -> tuple[str, ...]:
    if len(user_ids) > MAX_USERS_PER_NUMBER:
        raise invalid("user_ids", f"A number has at most {MAX_USERS_PER_NUMBER} users.")
    return validation.ids(user_ids, "usr", "user_ids")


def _refuse_strangers(reads: AccountsReads, principal: Principal, number: Number) -> None:
    for user_id in number.user_ids:
        if user_seen(reads, principal, user_id).domain_id != number.domain_id:
            raise not_found("user")
