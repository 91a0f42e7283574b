"""API keys: credentials of servers and of the operator's tools.

A key reaches what its scope says (see `CreateKey`), never more than the one who made it. Page tokens make
none: one that is stolen, and soon ends, must not become one that does not.
"""

from __future__ import annotations

import dataclasses

from engine.accounts import secrets, validation
from engine.accounts.access import domain_meant, require_scope, sees_domain, user_seen
from engine.accounts.changes import Render, announce, create_once, cut_page, position
from engine.accounts.errors import invalid, not_found, scope_too_low
from engine.accounts.models import (
    FIRST_PAGE,
    CreateKey,
    Credential,
    IssuedCredential,
    Page,
    PageRequest,
    Principal,
    Scope,
)
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.accounts.recent import RecentPrincipals
from engine.errors import Forbidden
from engine.idempotency import Claim, Replayed
from engine.ids import new_id


class Keys:
    def __init__(self, store: AccountsStore, recent: RecentPrincipals) -> None:
        self._store = store
        self._recent = recent

    async def create(
        self,
        principal: Principal,
        command: CreateKey,
        *,
        claim: Claim | None = None,
        render: Render[IssuedCredential] | None = None,
    ) -> IssuedCredential | Replayed:
        """A new key with its secret. render is given the key without its secret, which is not stored.

        Raises InvalidRequest, Forbidden (`scope_too_low`, `key_required`) or NotFound (domain, user).
        """
        require_scope(principal, Scope.OFFICE_MANAGER)
        require_no_token(principal)
        if command.scope > principal.scope:
            raise scope_too_low(command.scope.value)
        label = validation.name(command.label, "label")
        secret = secrets.new_secret(secrets.KEY)
        key_id = new_id("key")

        def work(changes: AccountsChanges) -> IssuedCredential:
            if command.expires_ms is not None and command.expires_ms <= changes.now_ms:
                raise invalid("expires_at", "The time lies in the past.")
            domain_id, reseller_id, user_id = _reach(changes, principal, command)
            key = Credential(
                id=key_id,
                kind="key",
                domain_id=domain_id,
                user_id=user_id,
                reseller_id=reseller_id,
                scope=command.scope,
                label=label,
                issued_by=principal.credential_id,
                created_ms=changes.now_ms,
                expires_ms=command.expires_ms,
                revoked_ms=None,
            )
            changes.insert_credential(key, secrets.digest(secret))
            announce(changes, principal, "key.created", key.id, domain_id, {"scope": key.scope.value})
            return IssuedCredential(key, None)

        made = await create_once(self._store, claim, render, work)
        return made if isinstance(made, Replayed) else dataclasses.replace(made, secret=secret)

    async def get(self, principal: Principal, key_id: str) -> Credential:
        """Raises NotFound or Forbidden."""
        require_scope(principal, Scope.OFFICE_MANAGER)
        return await self._store.read(lambda reads: _key_seen(reads, principal, key_id))

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> Page[Credential]:
        """The keys of one domain, revoked ones included; without domain_id, a principal of several
        domains gets the keys of no domain that it may see.

        Raises NotFound, InvalidRequest or Forbidden.
        """
        require_scope(principal, Scope.OFFICE_MANAGER)
        after = position(page)

        def work(reads: AccountsReads) -> Page[Credential]:
            reseller_id = None
            wanted = None
            if domain_id is not None or not principal.scope.system_wide:
                wanted = domain_meant(reads, principal, domain_id).id
            elif principal.scope is Scope.RESELLER:
                reseller_id = principal.reseller_id or ""
            found = reads.list_keys(
                domain_id=wanted, reseller_id=reseller_id, after=after, limit=page.limit + 1
            )
            return cut_page(found, page, lambda key: key.id)

        return await self._store.read(work)

    async def revoke(self, principal: Principal, key_id: str) -> Credential:
        """Revoke it with the tokens it minted; a second time changes nothing. A key may revoke itself.

        In this process it stops working at once, in others within 5 s.
        Raises Forbidden or NotFound.
        """
        require_scope(principal, Scope.OFFICE_MANAGER)

        def work(changes: AccountsChanges) -> Credential:
            key = _key_seen(changes, principal, key_id)
            if key.revoked_ms is not None:
                return key
            changes.revoke_credential(key.id)
            announce(changes, principal, "key.revoked", key.id, key.domain_id, {})
            return dataclasses.replace(key, revoked_ms=changes.now_ms)

        try:
            return await self._store.change(work)
        finally:
            self._recent.forget()


def require_no_token(principal: Principal) -> None:
    """Raises Forbidden `key_required` for a page token."""
    if principal.kind == "token":
        raise Forbidden("A page token cannot make credentials. Use an API key.", code="key_required")


def require_key(principal: Principal) -> None:
    """Raises Forbidden `key_required` for a page token, and for a session: what it made would outlive
    the role it was made in.
    """
    require_no_token(principal)
    if principal.kind == "session":
        raise Forbidden("Minting tokens takes an API key.", code="key_required")


def _reach(
    changes: AccountsChanges, principal: Principal, command: CreateKey
) -> tuple[str | None, str | None, str | None]:
    """The domain, reseller and user of a new key. Raises where the command does not fit its scope."""
    if command.scope.system_wide and (command.domain_id or command.user_id):
        raise invalid("domain_id", "A key of this scope belongs to no domain and no user.")
    if command.scope is not Scope.RESELLER and command.reseller_id is not None:
        raise invalid("reseller_id", "Only a key of the scope reseller names one.")
    if command.scope is not Scope.BASIC_USER and command.user_id is not None:
        raise invalid("user_id", "Only a key of the scope basic_user names a user.")
    if command.scope is Scope.SUPER_USER:
        return None, None, None
    if command.scope is Scope.RESELLER:
        return None, _reseller_meant(principal, command.reseller_id), None
    domain = domain_meant(changes, principal, command.domain_id)
    if command.scope is Scope.OFFICE_MANAGER:
        return domain.id, None, None
    if command.user_id is None:
        raise invalid("user_id", "A key of the scope basic_user acts for one user. Name it.")
    if user_seen(changes, principal, command.user_id).domain_id != domain.id:
        raise not_found("user")
    return domain.id, None, command.user_id


def _reseller_meant(principal: Principal, reseller_id: str | None) -> str:
    if principal.scope is Scope.RESELLER and reseller_id not in (None, principal.reseller_id):
        raise invalid("reseller_id", "A reseller makes keys for itself and its domains only.")
    meant = validation.reseller_id(reseller_id or principal.reseller_id)
    if meant is None:
        raise invalid("reseller_id", "A key of the scope reseller names one.")
    return meant


def _key_seen(reads: AccountsReads, principal: Principal, key_id: str) -> Credential:
    key = reads.credential(key_id)
    if key is None or key.kind != "key" or key.scope > principal.scope:
        raise not_found("key")
    if key.domain_id is not None:
        domain = reads.domain(key.domain_id)
        if domain is not None and sees_domain(principal, domain):
            return key
    elif principal.scope is Scope.SUPER_USER or (
        principal.scope is Scope.RESELLER and key.reseller_id == principal.reseller_id
    ):
        return key
    raise not_found("key")
