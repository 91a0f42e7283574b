"""Domains: the tenants of the system.

Resellers manage their own, super users all; a domain's own people only read it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from engine.accounts import validation
from engine.accounts.access import domain_seen, require_scope
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
from engine.accounts.errors import in_use, invalid, taken
from engine.accounts.models import (
    FIRST_PAGE,
    CreateDomain,
    Domain,
    Page,
    PageRequest,
    Principal,
    Scope,
    Unset,
    UpdateDomain,
)
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.accounts.recent import RecentPrincipals
from engine.idempotency import Claim, Replayed
from engine.ids import new_id


class Domains:
    """known_pbxs: names of the configured PBXs; None takes any name."""

    def __init__(
        self, store: AccountsStore, recent: RecentPrincipals, known_pbxs: Collection[str] | None = None
    ) -> None:
        self._store = store
        self._recent = recent
        self._known_pbxs = known_pbxs

    async def create(
        self,
        principal: Principal,
        command: CreateDomain,
        *,
        claim: Claim | None = None,
        render: Render[Domain] | None = None,
    ) -> Domain | Replayed:
        """Raises InvalidRequest, Forbidden or Conflict `already_exists` (realm)."""
        require_scope(principal, Scope.RESELLER)
        reseller_id = command.reseller_id
        if principal.scope is Scope.RESELLER:
            if reseller_id not in (None, principal.reseller_id):
                raise invalid("reseller_id", "A reseller creates domains of its own only.")
            reseller_id = principal.reseller_id
        draft = Domain(
            id=new_id("dom"),
            name=validation.name(command.name, "name"),
            reseller_id=validation.reseller_id(reseller_id),
            region=validation.region(command.region),
            pbx=self._check_pbx(command.pbx),
            dial_context=validation.dial_context(command.dial_context),
            sms_enabled=command.sms_enabled,
            created_ms=0,
            realm=validation.realm(command.realm),
        )

        def work(changes: AccountsChanges) -> Domain:
            domain = dataclasses.replace(draft, created_ms=changes.now_ms)
            _refuse_taken_realm(changes, domain)
            changes.insert_domain(domain)
            announce(changes, principal, "domain.created", domain.id, domain.id, {})
            return domain

        return await create_once(self._store, claim, render, work)

    async def get(self, principal: Principal, domain_id: str) -> Domain:
        """Raises NotFound."""
        return await self._store.read(lambda reads: domain_seen(reads, principal, domain_id))

    async def list(self, principal: Principal, page: PageRequest = FIRST_PAGE) -> Page[Domain]:
        """All domains within reach. Raises InvalidRequest for a bad page."""
        after = position(page)
        reseller_id = principal.reseller_id or "" if principal.scope is Scope.RESELLER else None
        domain_id = None if principal.scope.system_wide else principal.domain_id or ""

        def work(reads: AccountsReads) -> Page[Domain]:
            found = reads.list_domains(
                reseller_id=reseller_id, domain_id=domain_id, after=after, limit=page.limit + 1
            )
            return cut_page(found, page, lambda domain: domain.id)

        return await self._store.read(work)

    async def update(self, principal: Principal, domain_id: str, command: UpdateDomain) -> Domain:
        """Only a super user moves it to another reseller.

        Raises NotFound, InvalidRequest, Forbidden or Conflict `already_exists` (realm).
        """
        require_scope(principal, Scope.RESELLER)
        if not isinstance(command.reseller_id, Unset):
            require_scope(principal, Scope.SUPER_USER)
        command = dataclasses.replace(
            command,
            name=checked(command.name, lambda text: validation.name(text, "name")),
            pbx=checked(command.pbx, self._check_pbx),
            dial_context=checked(command.dial_context, validation.dial_context),
            region=checked(command.region, validation.region),
            reseller_id=checked(command.reseller_id, validation.reseller_id),
            realm=checked(command.realm, validation.realm),
        )

        def work(changes: AccountsChanges) -> Domain:
            before = domain_seen(changes, principal, domain_id)
            after = updated(before, command)
            if after != before:
                if after.realm != before.realm:
                    _refuse_taken_realm(changes, after)
                changes.save_domain(after)
                announce(changes, principal, "domain.updated", after.id, after.id, changed(before, after))
            return after

        return await self._store.change(work)

    async def delete(self, principal: Principal, domain_id: str) -> None:
        """Delete it with its keys. Raises NotFound, Forbidden, or Conflict `in_use` while it has users or
        numbers.
        """
        require_scope(principal, Scope.RESELLER)

        def work(changes: AccountsChanges) -> None:
            domain = domain_seen(changes, principal, domain_id)
            if not changes.domain_is_empty(domain.id):
                raise in_use("The domain still has users or numbers. Delete those first.")
            changes.delete_domain(domain.id)
            announce(changes, principal, "domain.deleted", domain.id, domain.id, {})

        try:
            await self._store.change(work)
        finally:
            self._recent.forget()

    def _check_pbx(self, name: str) -> str:
        return validation.peer_name(name, "pbx", self._known_pbxs)


def _refuse_taken_realm(reads: AccountsReads, domain: Domain) -> None:
    if domain.realm is not None and reads.domain_with_realm(domain.realm) is not None:
        raise taken("realm", "Another domain has this realm.")
