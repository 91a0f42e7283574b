"""Devices: the PBX endpoints that ring for a user.

Office managers manage those of their domain, on the domain's PBX; a basic user may rename its own
and choose which of them rings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from engine.accounts import validation
from engine.accounts.access import device_seen, domain_meant, only_user, require_scope, user_seen
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
    CreateDevice,
    Device,
    Page,
    PageRequest,
    Principal,
    Scope,
    Unset,
    UpdateDevice,
)
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.idempotency import Claim, Replayed
from engine.ids import new_id


class Devices:
    """known_pbxs: names of the configured PBXs; None takes any name."""

    def __init__(self, store: AccountsStore, known_pbxs: Collection[str] | None = None) -> None:
        self._store = store
        self._known_pbxs = known_pbxs

    async def create(
        self,
        principal: Principal,
        command: CreateDevice,
        *,
        claim: Claim | None = None,
        render: Render[Device] | None = None,
    ) -> Device | Replayed:
        """Raises InvalidRequest, Forbidden, NotFound (user) or Conflict `already_exists` (endpoint)."""
        require_scope(principal, Scope.OFFICE_MANAGER)
        pbx = None if command.pbx is None else validation.peer_name(command.pbx, "pbx", self._known_pbxs)
        draft = Device(
            id=new_id("dev"),
            domain_id="",
            user_id=command.user_id,
            pbx="",
            endpoint=validation.endpoint(command.endpoint),
            label=validation.name(command.label, "label", may_be_empty=True),
            is_default=False,
            created_ms=0,
        )

        def work(changes: AccountsChanges) -> Device:
            user = user_seen(changes, principal, command.user_id)
            domain = changes.domain(user.domain_id)
            if domain is None:
                raise not_found("user")
            if pbx is not None and pbx != domain.pbx and not principal.scope.system_wide:
                raise invalid("pbx", "The devices of this domain are on its own PBX.")
            is_first = not changes.list_devices(domain_id=user.domain_id, user_id=user.id, after="", limit=1)
            device = dataclasses.replace(
                draft,
                domain_id=user.domain_id,
                pbx=pbx or domain.pbx,
                is_default=is_first if command.is_default is None else command.is_default,
                created_ms=changes.now_ms,
            )
            _refuse_taken_endpoint(changes, device)
            if device.is_default:
                changes.clear_default_device(user.id)
            changes.insert_device(device)
            announce(changes, principal, "device.created", device.id, device.domain_id, {}, (user.id,))
            return device

        return await create_once(self._store, claim, render, work)

    async def get(self, principal: Principal, device_id: str) -> Device:
        """Raises NotFound."""
        return await self._store.read(lambda reads: device_seen(reads, principal, device_id))

    async def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        user_id: str | None = None,
        page: PageRequest = FIRST_PAGE,
    ) -> Page[Device]:
        """The devices of one domain, or of one of its users. Raises NotFound or InvalidRequest."""
        after = position(page)

        def work(reads: AccountsReads) -> Page[Device]:
            domain = domain_meant(reads, principal, domain_id)
            if user_id is not None and user_seen(reads, principal, user_id).domain_id != domain.id:
                raise not_found("user")
            found = reads.list_devices(
                domain_id=domain.id,
                user_id=user_id or only_user(principal),
                after=after,
                limit=page.limit + 1,
            )
            return cut_page(found, page, lambda device: device.id)

        return await self._store.read(work)

    async def update(self, principal: Principal, device_id: str, command: UpdateDevice) -> Device:
        """Raises InvalidRequest, Forbidden, NotFound or Conflict `already_exists` (endpoint)."""
        if not isinstance(command.endpoint, Unset):
            require_scope(principal, Scope.OFFICE_MANAGER)
        command = dataclasses.replace(
            command,
            endpoint=checked(command.endpoint, validation.endpoint),
            label=checked(command.label, lambda text: validation.name(text, "label", may_be_empty=True)),
        )

        def work(changes: AccountsChanges) -> Device:
            before = device_seen(changes, principal, device_id)
            after = updated(before, command)
            if after == before:
                return before
            if after.endpoint != before.endpoint:
                _refuse_taken_endpoint(changes, after)
            if after.is_default:
                changes.clear_default_device(after.user_id)
            changes.save_device(after)
            data = changed(before, after)
            announce(changes, principal, "device.updated", after.id, after.domain_id, data, (after.user_id,))
            return after

        return await self._store.change(work)

    async def delete(self, principal: Principal, device_id: str) -> None:
        """Delete it; if it was the default, the user's oldest other device becomes that.

        Raises Forbidden or NotFound.
        """
        require_scope(principal, Scope.OFFICE_MANAGER)

        def work(changes: AccountsChanges) -> None:
            device = device_seen(changes, principal, device_id)
            changes.delete_device(device.id)
            if device.is_default:
                others = changes.list_devices(
                    domain_id=device.domain_id, user_id=device.user_id, after="", limit=1
                )
                for oldest in others:
                    changes.save_device(dataclasses.replace(oldest, is_default=True))
            announce(changes, principal, "device.deleted", device.id, device.domain_id, {}, (device.user_id,))

        await self._store.change(work)


def _refuse_taken_endpoint(reads: AccountsReads, device: Device) -> None:
    if reads.device_at_endpoint(device.pbx, device.endpoint) is not None:
        raise taken("endpoint", "This endpoint of the PBX belongs to a device already.")
