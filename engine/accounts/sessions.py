"""Logging in and out, and the sessions people have.

A session is a credential like a key or token, of kind `session`; its scope is the role its user has
now. Every refused log-in gets the same answer after the same work, whatever was wrong.
"""

from __future__ import annotations

import structlog

from engine.accounts import attempts, secrets, validation
from engine.accounts.access import require_scope, user_seen
from engine.accounts.changes import announce
from engine.accounts.errors import invalid, login_failed, not_found
from engine.accounts.hashing import PasswordHashes
from engine.accounts.models import (
    Credential,
    IssuedSession,
    LogIn,
    Password,
    Principal,
    Scope,
    Session,
    User,
)
from engine.accounts.passwords import Passwords
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.accounts.recent import RecentPrincipals
from engine.accounts.settings import LoginSettings
from engine.clock import Clock
from engine.errors import EngineError, Forbidden
from engine.ids import new_id

log = structlog.get_logger()

#: More devices than a person has; beyond it the oldest session ends.
MAX_SESSIONS = 50
_USER_AGENT_CHARACTERS = 256


class Sessions:
    def __init__(
        self,
        store: AccountsStore,
        hashes: PasswordHashes,
        passwords: Passwords,
        settings: LoginSettings,
        recent: RecentPrincipals,
        clock: Clock,
    ) -> None:
        self._store = store
        self._hashes = hashes
        self._passwords = passwords
        self._settings = settings
        self._recent = recent
        self._clock = clock
        self._seen_ms: dict[str, int] = {}

    async def log_in(self, command: LogIn) -> IssuedSession:
        """Start a session. With a temporary password the command has to name a new one, which stays.

        Raises Unauthenticated `login_failed`; Forbidden `password_change_required` and InvalidRequest
        (`password_refused`) only to who knows the password; RateLimited.
        """
        allowances = attempts.counted(command.name, command.address)
        await self._store.change(lambda changes: attempts.charge(changes, allowances))
        found = await self._store.read(lambda reads: _account(reads, command.name))
        user, known = found if found is not None else (None, None)
        right = await self._hashes.matches(known.hash if known else None, command.password)
        if user is None or known is None or not right or not self._usable(user, known):
            # To whoever reads the log; the name may be a password in the wrong field, so it is not here.
            log.info(
                "accounts.login_failed",
                user=None if user is None else user.id,
                address=command.address,
                reason=_why(user, known, right),
            )
            raise login_failed()
        made = await self._new_hash(user, known, command)
        secret = secrets.new_secret(secrets.SESSION)
        session_id = new_id("ses")

        def work(changes: AccountsChanges) -> tuple[Session, User]:
            present = changes.user(user.id)
            if changes.password(user.id) != known or present is None or not present.enabled:
                raise login_failed()  # no longer so, while the password was being checked
            attempts.clear(changes, allowances)
            if made is not None:
                changes.save_password(Password(user.id, made, False, changes.now_ms))
            if known.temporary:
                changes.revoke_sessions(user.id)
            session = self._begin(changes, session_id, present, command, secrets.digest(secret))
            principal = Principal("session", session.id, user.domain_id, user.id, present.role)
            _announce(changes, principal, "session.started", session)
            return session, present

        session, present = await self._store.change(work)
        return IssuedSession(session, present, secret)

    async def log_out(self, principal: Principal) -> None:
        """End the session that asks. Raises Forbidden `session_required`."""
        if principal.kind != "session":
            raise Forbidden("This credential is not a session.", code="session_required")
        await self.revoke(principal, principal.credential_id)

    async def list(self, principal: Principal, user_id: str | None = None) -> tuple[Session, ...]:
        """One's own sessions, or those of a user a manager sees, newest first.

        Raises NotFound, Forbidden, or InvalidRequest when nobody is meant.
        """
        if user_id not in (None, principal.user_id):
            require_scope(principal, Scope.OFFICE_MANAGER)

        def work(reads: AccountsReads) -> tuple[Session, ...]:
            wanted = _user_meant(reads, principal, user_id)
            return tuple(s for s in reads.live_sessions(wanted.id) if self._lives(s))

        return await self._store.read(work)

    async def revoke(self, principal: Principal, session_id: str) -> None:
        """End a session, one's own or one of a user a manager sees; open sockets are closed within 5 s.

        Raises NotFound.
        """

        def work(changes: AccountsChanges) -> None:
            session = changes.session(session_id)
            if session is None or not _manages(changes, principal, session.user_id):
                raise not_found("session")
            changes.revoke_credential(session.id)
            _announce(changes, principal, "session.ended", session)

        try:
            await self._store.change(work)
        finally:
            self._recent.forget()

    async def revoke_others(self, principal: Principal, user_id: str | None = None) -> int:
        """End all sessions of a user but the one that asks; how many there were.

        Raises NotFound, Forbidden, or InvalidRequest when nobody is meant.
        """
        if user_id not in (None, principal.user_id):
            require_scope(principal, Scope.OFFICE_MANAGER)

        def work(changes: AccountsChanges) -> int:
            user = _user_meant(changes, principal, user_id)
            ended = [s for s in changes.live_sessions(user.id) if s.id != principal.credential_id]
            changes.revoke_sessions(user.id, but=principal.credential_id)
            for session in ended:
                _announce(changes, principal, "session.ended", session)
            return sum(map(self._lives, ended))

        try:
            return await self._store.change(work)
        finally:
            self._recent.forget()

    def is_idle(self, credential: Credential) -> bool:
        """Whether a session has not been seen for too long."""
        if credential.kind != "session":
            return False
        seen_ms = max(credential.last_seen_ms or credential.created_ms, self._seen_ms.get(credential.id, 0))
        return seen_ms + self._settings.session_idle_s * 1000 <= self._clock.now_ms()

    def saw(self, principal: Principal) -> None:
        """A request or an open socket of this principal; noted in memory until `note_seen`."""
        if principal.kind == "session":
            self._seen_ms[principal.credential_id] = self._clock.now_ms()

    async def note_seen(self) -> None:
        """Keep when sessions were seen. To be called now and then. Raises StorageUnavailable."""
        seen_ms, self._seen_ms = self._seen_ms, {}
        if not seen_ms:
            return
        try:
            await self._store.change(lambda changes: changes.touch_sessions(seen_ms))
        except EngineError:
            self._seen_ms = seen_ms | self._seen_ms
            raise

    def _usable(self, user: User, known: Password) -> bool:
        return user.enabled and (known.expires_ms is None or known.expires_ms > self._clock.now_ms())

    def _lives(self, session: Session) -> bool:
        now_ms = self._clock.now_ms()
        seen_ms = max(session.last_seen_ms, self._seen_ms.get(session.id, 0))
        return session.expires_ms > now_ms and seen_ms + self._settings.session_idle_s * 1000 > now_ms

    async def _new_hash(self, user: User, known: Password, command: LogIn) -> str | None:
        """The hash to keep instead of the known one, if it has to be replaced."""
        if known.temporary:
            if command.new_password is None:
                raise Forbidden("Log in with a new password as well.", code="password_change_required")
            if command.new_password == command.password:
                raise invalid("new_password", "Choose another one than the temporary password.")
            self._passwords.check(command.new_password, user)
            return await self._hashes.make(command.new_password)
        if command.new_password is not None:
            raise invalid("new_password", "Only a temporary password is replaced when logging in.")
        return await self._hashes.make(command.password) if self._hashes.outdated(known.hash) else None

    def _begin(
        self, changes: AccountsChanges, session_id: str, user: User, command: LogIn, digest: str
    ) -> Session:
        for oldest in changes.live_sessions(user.id)[MAX_SESSIONS - 1 :]:
            changes.revoke_credential(oldest.id)
        session = Session(
            id=session_id,
            user_id=user.id,
            domain_id=user.domain_id,
            user_agent=_printable(command.user_agent)[:_USER_AGENT_CHARACTERS],
            address=command.address,
            created_ms=changes.now_ms,
            last_seen_ms=changes.now_ms,
            expires_ms=changes.now_ms + self._settings.session_lifetime_s * 1000,
        )
        credential = Credential(
            id=session.id,
            kind="session",
            domain_id=user.domain_id,
            user_id=user.id,
            reseller_id=None,
            scope=user.role,
            label="",
            issued_by=session.id,
            created_ms=session.created_ms,
            expires_ms=session.expires_ms,
            revoked_ms=None,
        )
        changes.insert_credential(credential, digest)
        changes.insert_session(session)
        return session


def _account(reads: AccountsReads, name: str) -> tuple[User, Password | None] | None:
    """Whom a log-in name means, with the password they have."""
    who, _, where = name.strip().lower().rpartition("@")
    try:
        realm = validation.realm(where)
        digits = who.isascii() and who.isdigit()
        who = validation.extension(who) if digits else validation.login(who) or ""
    except EngineError:
        return None
    domain = reads.domain_with_realm(realm or "")
    if domain is None:
        return None
    find = reads.user_with_extension if digits else reads.user_with_login
    user = find(domain.id, who)
    return None if user is None else (user, reads.password(user.id))


def _why(user: User | None, known: Password | None, right: bool) -> str:
    if user is None:
        return "no_such_name"
    if known is None:
        return "no_password"
    if not right:
        return "wrong_password"
    return "password_expired" if user.enabled else "user_disabled"


def _user_meant(reads: AccountsReads, principal: Principal, user_id: str | None) -> User:
    wanted = user_id or principal.user_id
    if wanted is None:
        raise invalid("user_id", "Name the user; this credential stands for none.")
    return user_seen(reads, principal, wanted)


def _manages(reads: AccountsReads, principal: Principal, user_id: str) -> bool:
    try:
        user_seen(reads, principal, user_id)
    except EngineError:
        return False
    return True


def _announce(changes: AccountsChanges, principal: Principal, what: str, session: Session) -> None:
    data = {"user_id": session.user_id}
    announce(changes, principal, what, session.id, session.domain_id, data, (session.user_id,))


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())
