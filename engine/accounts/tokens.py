"""What a page holds: short tokens that a server's key mints, and tickets that open its event stream.

A token stands for one user and ends by itself. A WebSocket cannot carry a header from a browser and a
token must not be in an address, so a ticket goes there: good once, for seconds.
"""

from __future__ import annotations

import dataclasses

from engine.accounts import secrets
from engine.accounts.access import user_seen
from engine.accounts.changes import Render, announce, create_once
from engine.accounts.errors import invalid, scope_too_low
from engine.accounts.keys import require_key
from engine.accounts.models import (
    Credential,
    IssuedCredential,
    IssuedTicket,
    MintToken,
    Principal,
)
from engine.accounts.ports import AccountsChanges, AccountsStore
from engine.errors import Conflict, Forbidden
from engine.idempotency import Claim, Replayed
from engine.ids import new_id

MIN_LIFETIME_S = 60
MAX_LIFETIME_S = 86_400

#: OWASP ASVS asks for a one-time ticket of at most a minute; a page uses it in its next step.
TICKET_LIFETIME_MS = 30_000


class Tokens:
    def __init__(self, store: AccountsStore) -> None:
        self._store = store

    async def mint(
        self,
        principal: Principal,
        command: MintToken,
        *,
        claim: Claim | None = None,
        render: Render[IssuedCredential] | None = None,
    ) -> IssuedCredential | Replayed:
        """A token for a user the key reaches. It ends no later than the key and dies with it.

        render is given the token without its secret, which is not stored.
        Raises InvalidRequest, Forbidden (`scope_too_low`, `key_required`), NotFound (user) or Conflict
        `user_disabled`.
        """
        require_key(principal)
        if not MIN_LIFETIME_S <= command.lifetime_s <= MAX_LIFETIME_S:
            raise invalid("lifetime_s", f"A token lives {MIN_LIFETIME_S} to {MAX_LIFETIME_S} seconds.")
        if command.scope.system_wide:
            raise invalid("scope", "A token has the scope basic_user or office_manager.")
        if command.scope > principal.scope:
            raise scope_too_low(command.scope.value)
        secret = secrets.new_secret(secrets.TOKEN)
        token_id = new_id("tok")

        def work(changes: AccountsChanges) -> IssuedCredential:
            user = user_seen(changes, principal, command.user_id)
            if not user.enabled:
                raise Conflict("The user is disabled.", code="user_disabled")
            ends = changes.now_ms + command.lifetime_s * 1000
            token = Credential(
                id=token_id,
                kind="token",
                domain_id=user.domain_id,
                user_id=user.id,
                reseller_id=None,
                scope=command.scope,
                label="",
                issued_by=principal.credential_id,
                created_ms=changes.now_ms,
                expires_ms=min(ends, principal.expires_ms or ends),
                revoked_ms=None,
            )
            changes.insert_credential(token, secrets.digest(secret))
            data = {"scope": token.scope.value}
            announce(changes, principal, "token.minted", token.id, user.domain_id, data, (user.id,))
            return IssuedCredential(token, None)

        made = await create_once(self._store, claim, render, work)
        return made if isinstance(made, Replayed) else dataclasses.replace(made, secret=secret)

    async def issue_ticket(self, principal: Principal) -> IssuedTicket:
        """Admission to the event stream as this principal, once, within 30 s.

        Raises Forbidden for the local operator, who has no credential to come back as.
        """
        if principal.kind == "system":
            raise Forbidden("A ticket stands for a credential.", code="key_required")
        secret = secrets.new_secret(secrets.EVENT_TICKET)

        def work(changes: AccountsChanges) -> IssuedTicket:
            expires_ms = changes.now_ms + TICKET_LIFETIME_MS
            changes.insert_ticket(secrets.digest(secret), principal.credential_id, expires_ms)
            return IssuedTicket(secret, expires_ms)

        return await self._store.change(work)
