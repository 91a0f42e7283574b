"""Passwords of people: what one must be, changing one's own, and help from an administrator.

An administrator never learns a password that stays: what they make is good for one log-in, which has
to name another one.
"""

from __future__ import annotations

import secrets as random

from engine.accounts import attempts
from engine.accounts.access import require_scope, user_seen
from engine.accounts.changes import announce
from engine.accounts.errors import login_failed, not_found, password_refused
from engine.accounts.hashing import PasswordHashes
from engine.accounts.keys import require_no_token
from engine.accounts.models import Domain, Password, Principal, Scope, TemporaryPassword, User
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.accounts.recent import RecentPrincipals
from engine.accounts.settings import LoginSettings
from engine.errors import Conflict, Forbidden

#: Hashing takes any length; this is what a manager of passwords may make, and no more to carry about.
MAX_CHARACTERS = 256
#: A password of fewer different characters is a pattern.
LEAST_DIFFERENT = 5
#: Without what is read as something else. 20 of 31 are 99 bits.
_TEMPORARY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_TEMPORARY_GROUPS = 4
_TEMPORARY_GROUP = 5


class Passwords:
    def __init__(
        self,
        store: AccountsStore,
        hashes: PasswordHashes,
        settings: LoginSettings,
        recent: RecentPrincipals,
    ) -> None:
        self._store = store
        self._hashes = hashes
        self._settings = settings
        self._recent = recent

    async def change_own(self, principal: Principal, current: str, new: str, address: str) -> int:
        """Replace one's own password; the user's other sessions end, and how many that were.

        Raises Forbidden `session_required`, Unauthenticated `login_failed` for a wrong current one,
        InvalidRequest `password_refused` or RateLimited.
        """
        if principal.kind != "session":
            raise Forbidden("Only somebody who logged in has a password here.", code="session_required")
        user_id = principal.user_id or ""
        allowances = attempts.counted(user_id, address)
        await self._store.change(lambda changes: attempts.charge(changes, allowances))
        known, user = await self._store.read(lambda reads: (reads.password(user_id), reads.user(user_id)))
        kept = known.hash if known is not None else None
        if not await self._hashes.matches(kept, current) or known is None or user is None:
            raise login_failed()
        if new == current:
            raise password_refused("new_password", "The new password is the one you have.")
        self.check(new, user)
        made = await self._hashes.make(new)

        def work(changes: AccountsChanges) -> int:
            if changes.password(user_id) != known:
                raise login_failed()  # changed by somebody else while this one was hashed
            attempts.clear(changes, allowances)
            changes.save_password(Password(user_id, made, False, changes.now_ms))
            ended = changes.revoke_sessions(user_id, but=principal.credential_id)
            announce(changes, principal, "password.changed", user_id, user.domain_id, {}, (user_id,))
            return ended

        try:
            return await self._store.change(work)
        finally:
            self._recent.forget()

    async def reset(self, principal: Principal, user_id: str) -> TemporaryPassword:
        """A temporary password, shown this once; the old one and the user's sessions end.

        Raises Forbidden (`scope_too_low`, `key_required`), NotFound, Conflict `no_realm` or RateLimited.
        """
        password = "-".join(_group() for _ in range(_TEMPORARY_GROUPS))
        expires_ms = await self._replace(principal, user_id, password, temporary=True)
        assert expires_ms is not None
        return TemporaryPassword(user_id, password, expires_ms)

    async def set(self, principal: Principal, user_id: str, password: str) -> None:
        """Give a user a password that stays, where the user is the one who types it.

        Raises Forbidden, NotFound, InvalidRequest `password_refused`, Conflict `no_realm` or RateLimited.
        """
        user = await self._store.read(lambda reads: user_seen(reads, principal, user_id))
        self.check(password, user)
        await self._replace(principal, user_id, password, temporary=False)

    def check(self, password: str, user: User, field: str = "new_password") -> None:
        """Raises InvalidRequest `password_refused` for one that is soon guessed.

        Length counts, kinds of characters do not. Source: NIST SP 800-63B-4 §3.1.1.2.
        """
        least = self._settings.password_min_characters
        if not least <= len(password) <= MAX_CHARACTERS:
            raise password_refused(field, f"A password has {least} to {MAX_CHARACTERS} characters.")
        folded = password.casefold()
        if len(set(folded)) < LEAST_DIFFERENT:
            raise password_refused(field, f"Use at least {LEAST_DIFFERENT} different characters.")
        names = [name for name in (user.login, user.display_name) if name and len(name) > 3]
        if any(name.casefold() in folded for name in names):
            raise password_refused(field, "A password must not hold your name.")

    async def _replace(
        self, principal: Principal, user_id: str, password: str, *, temporary: bool
    ) -> int | None:
        """When it ends, if it does."""
        require_scope(principal, Scope.OFFICE_MANAGER)
        require_no_token(principal)
        await self._store.read(lambda reads: _who_can_log_in(reads, principal, user_id))
        made = await self._hashes.make(password)

        def work(changes: AccountsChanges) -> int | None:
            user, domain = _who_can_log_in(changes, principal, user_id)
            expires_ms = changes.now_ms + self._settings.temporary_password_s * 1000 if temporary else None
            changes.save_password(Password(user.id, made, temporary, changes.now_ms, expires_ms))
            changes.revoke_sessions(user.id)
            announce(changes, principal, "password.reset", user.id, domain.id, {}, (user.id,))
            return expires_ms

        try:
            return await self._store.change(work)
        finally:
            self._recent.forget()


def _who_can_log_in(reads: AccountsReads, principal: Principal, user_id: str) -> tuple[User, Domain]:
    user = user_seen(reads, principal, user_id)
    domain = reads.domain(user.domain_id)
    if domain is None:
        raise not_found("user")
    if domain.realm is None:
        raise Conflict("Give the domain a realm first; without one nobody can log in.", code="no_realm")
    return user, domain


def _group() -> str:
    return "".join(random.choice(_TEMPORARY_ALPHABET) for _ in range(_TEMPORARY_GROUP))
