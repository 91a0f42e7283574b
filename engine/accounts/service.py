"""Accounts: the tenants of the system, their people and things, and proof of who is asking.

Each kind of record has its own service, all of one shape: `create`, `get`, `list`, `update`, `delete`.
They take a Principal, answer for another tenant's id as for a missing one, and put every change into
the event log and the audit log in its own transaction.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.accounts import secrets
from engine.accounts.access import domain_meant
from engine.accounts.devices import Devices
from engine.accounts.domains import Domains
from engine.accounts.errors import credential_expired, credential_revoked, credential_unknown
from engine.accounts.hashing import PasswordHashes
from engine.accounts.imports import Imports
from engine.accounts.keys import Keys
from engine.accounts.models import Credential, Domain, Principal
from engine.accounts.numbers import Numbers
from engine.accounts.passwords import Passwords
from engine.accounts.ports import AccountsStore
from engine.accounts.preferences import Preferences
from engine.accounts.recent import RecentPrincipals
from engine.accounts.sessions import Sessions
from engine.accounts.settings import LoginSettings
from engine.accounts.tokens import Tokens
from engine.accounts.users import Users
from engine.clock import Clock
from engine.errors import Unauthenticated

#: Ended tokens are kept this long, so that their holder is told "expired" and not "unknown".
ENDED_KEPT_MS = 24 * 3600 * 1000

USUAL_LOGIN = LoginSettings()


class Accounts:
    """known_pbxs, known_carriers: the configured names a record may refer to; None takes any name."""

    def __init__(
        self,
        store: AccountsStore,
        clock: Clock,
        *,
        known_pbxs: Collection[str] | None = None,
        known_carriers: Collection[str] | None = None,
        login: LoginSettings = USUAL_LOGIN,
        hashes: PasswordHashes | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._login = login
        self._recent = RecentPrincipals()
        self._hashes = hashes or PasswordHashes(login.hashes_at_once)
        self.domains = Domains(store, self._recent, known_pbxs)
        self.users = Users(store, self._recent)
        self.devices = Devices(store, known_pbxs)
        self.numbers = Numbers(store, known_carriers)
        self.keys = Keys(store, self._recent)
        self.tokens = Tokens(store)
        self.preferences = Preferences(store)
        self.imports = Imports(store, self._recent, known_carriers)
        self.passwords = Passwords(store, self._hashes, login, self._recent)
        self.sessions = Sessions(store, self._hashes, self.passwords, login, self._recent, clock)

    async def authenticate(self, secret: str) -> Principal:
        """Who holds this key, token or session.

        An answer is remembered for less than 5 s, so a revocation elsewhere is noticed in that time.
        Raises Unauthenticated, in the same words for `credential_unknown`, `credential_expired` and
        `credential_revoked`, or StorageUnavailable.
        """
        if not secrets.has_shape(secret) or secret.startswith(secrets.EVENT_TICKET):
            raise credential_unknown()
        digest = secrets.digest(secret)
        asked_at = self._clock.monotonic()
        principal = self._recent.find(digest, asked_at)
        if principal is None:
            generation = self._recent.generation
            credential = await self._store.read(lambda reads: reads.credential_with_digest(digest))
            principal = self._prove(credential)
            self._recent.remember(digest, principal, asked_at, generation)
        elif principal.expires_ms is not None and principal.expires_ms <= self._clock.now_ms():
            raise credential_expired()
        self.sessions.saw(principal)
        return principal

    async def redeem_ticket(self, secret: str) -> Principal:
        """Whom an event ticket admits; it is used up, whatever comes of it.

        Raises Unauthenticated like `authenticate`; a ticket that was used is unknown.
        """
        if not secrets.has_shape(secret) or not secret.startswith(secrets.EVENT_TICKET):
            raise credential_unknown()
        digest = secrets.digest(secret)
        ticket = await self._store.change(lambda changes: changes.take_ticket(digest))
        if ticket is None:
            raise credential_unknown()
        credential_id, expires_ms = ticket
        if expires_ms <= self._clock.now_ms():
            raise credential_expired()
        return self._prove(await self._store.read(lambda reads: reads.credential(credential_id)))

    async def ended(self, principals: Collection[Principal]) -> Collection[Principal]:
        """Those whose credential is good no longer, for connections that outlive a request; asks the
        database each time, once for all of them.

        Raises StorageUnavailable.
        """
        ids = sorted({one.credential_id for one in principals if one.kind != "system"})
        asked_at, generation = self._clock.monotonic(), self._recent.generation
        known = {one.id: one for one in await self._store.read(lambda reads: reads.credentials(ids))}
        over = []
        for one in principals:
            if one.kind == "system":
                continue
            try:
                # A session whose user has another role by now is to be opened anew.
                holds = self._prove(known.get(one.credential_id)) == one
            except Unauthenticated:
                holds = False
            if holds:
                self._recent.confirm(one, asked_at, generation)
                self.sessions.saw(one)
            else:
                over.append(one)
        return over

    async def domain_meant(self, principal: Principal, domain_id: str | None) -> Domain:
        """The domain a request is about: the one it names, else the principal's own.

        Raises NotFound for one out of reach, InvalidRequest when one must be named.
        """
        return await self._store.read(lambda reads: domain_meant(reads, principal, domain_id))

    async def forget_expired(self) -> int:
        """Delete long-ended tokens and sessions, and unused tickets; how many there were. To be called
        now and then.
        """
        before_ms = self._clock.now_ms() - ENDED_KEPT_MS
        unseen_since_ms = before_ms - self._login.session_idle_s * 1000
        return await self._store.change(lambda changes: changes.forget_expired(before_ms, unseen_since_ms))

    def close(self) -> None:
        """No more passwords are checked."""
        self._hashes.close()

    def _prove(self, credential: Credential | None) -> Principal:
        if credential is None:
            raise credential_unknown()
        if credential.revoked_ms is not None:
            raise credential_revoked()
        ended = credential.expires_ms is not None and credential.expires_ms <= self._clock.now_ms()
        if ended or self.sessions.is_idle(credential):
            raise credential_expired()
        return Principal(
            kind=credential.kind,
            credential_id=credential.id,
            domain_id=credential.domain_id,
            user_id=credential.user_id,
            scope=credential.scope,
            reseller_id=credential.reseller_id,
            expires_ms=credential.expires_ms,
        )
