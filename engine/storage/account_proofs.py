"""What proves who is asking: credentials, sessions, passwords, tickets, and attempts to log in.

The part of `engine.accounts.ports` about them; `engine/storage/accounts.py` adds the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import Credential, Password, Session
from engine.storage.account_rows import (
    Row,
    credential_row,
    password_row,
    read_credential,
    read_password,
    read_proof,
    read_session,
)
from engine.storage.tables.accounts import (
    credentials,
    event_tickets,
    login_attempts,
    passwords,
    sessions,
    users,
)
from engine.storage.transaction import Transaction

R = TypeVar("R")

_PROOFS = (
    sa.select(credentials, users.c.role, sessions.c.last_seen_ms)
    .outerjoin(users, users.c.id == credentials.c.user_id)
    .outerjoin(sessions, sessions.c.id == credentials.c.id)
)
_OF_CREDENTIAL = ("user_id", "domain_id", "created_ms", "expires_ms")
_LIVE_SESSIONS = (
    sa.select(sessions, *(credentials.c[name] for name in _OF_CREDENTIAL))
    .join(credentials, credentials.c.id == sessions.c.id)
    .where(credentials.c.revoked_ms.is_(None))
)

#: Well below what one statement may have of parameters.
_IDS_AT_ONCE = 500


class SqlProofReads:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def credential(self, credential_id: str) -> Credential | None:
        return self._one(read_proof, _PROOFS.where(credentials.c.id == credential_id))

    def credentials(self, credential_ids: Sequence[str]) -> list[Credential]:
        found: list[Credential] = []
        for start in range(0, len(credential_ids), _IDS_AT_ONCE):
            wanted = credential_ids[start : start + _IDS_AT_ONCE]
            found += self._all(read_proof, _PROOFS.where(credentials.c.id.in_(wanted)))
        return found

    def credential_with_digest(self, digest: str) -> Credential | None:
        return self._one(read_proof, _PROOFS.where(credentials.c.digest == digest))

    def password(self, user_id: str) -> Password | None:
        return self._one(read_password, sa.select(passwords).where(passwords.c.user_id == user_id))

    def session(self, session_id: str) -> Session | None:
        return self._one(read_session, _LIVE_SESSIONS.where(sessions.c.id == session_id))

    def live_sessions(self, user_id: str) -> list[Session]:
        query = _LIVE_SESSIONS.where(credentials.c.user_id == user_id)
        return self._all(read_session, query.order_by(sessions.c.id.desc()))

    def attempts(self, keys: Collection[str]) -> dict[str, int]:
        query = sa.select(login_attempts).where(login_attempts.c.key.in_(keys))
        return {row.key: row.clear_ms for row in self._connection.execute(query)}

    def list_keys(
        self, *, domain_id: str | None, reseller_id: str | None, after: str, limit: int
    ) -> list[Credential]:
        query = sa.select(credentials).where(
            credentials.c.kind == "key",
            credentials.c.domain_id.is_(None) if domain_id is None else credentials.c.domain_id == domain_id,
            credentials.c.id > after,
        )
        if reseller_id is not None:
            query = query.where(credentials.c.reseller_id == reseller_id)
        return self._all(read_credential, query.order_by(credentials.c.id).limit(limit))

    def _one(self, record: Callable[[Row], R], query: sa.Select[Any]) -> R | None:
        row = self._connection.execute(query).first()
        return None if row is None else record(row)

    def _all(self, record: Callable[[Row], R], query: sa.Select[Any]) -> list[R]:
        return [record(row) for row in self._connection.execute(query)]


class SqlProofChanges(SqlProofReads):
    """Lives as long as its transaction."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx.connection)
        self._tx = tx

    @property
    def now_ms(self) -> int:
        return self._tx.now_ms

    def insert_credential(self, credential: Credential, digest: str) -> None:
        row = credential_row(credential, digest)
        self._connection.execute(credentials.insert().values(row))

    def revoke_credential(self, credential_id: str) -> None:
        # Tokens only: a key made with this key, often its own replacement, lives on.
        minted = sa.and_(credentials.c.issued_by == credential_id, credentials.c.kind == "token")
        self._revoke(sa.or_(credentials.c.id == credential_id, minted))

    def revoke_credentials_of_user(self, user_id: str) -> None:
        self._revoke(credentials.c.user_id == user_id)

    def save_password(self, password: Password) -> None:
        self._connection.execute(passwords.delete().where(passwords.c.user_id == password.user_id))
        self._connection.execute(passwords.insert().values(password_row(password)))

    def insert_session(self, session: Session) -> None:
        row = {
            "id": session.id,
            "user_agent": session.user_agent,
            "address": session.address,
            "last_seen_ms": session.last_seen_ms,
        }
        self._connection.execute(sessions.insert().values(row))

    def revoke_sessions(self, user_id: str, but: str | None = None) -> int:
        chosen = sa.and_(credentials.c.user_id == user_id, credentials.c.kind == "session")
        return self._revoke(chosen if but is None else sa.and_(chosen, credentials.c.id != but))

    def touch_sessions(self, seen_ms: Mapping[str, int]) -> None:
        rows = [{"session": session_id, "seen": at_ms} for session_id, at_ms in seen_ms.items()]
        if rows:
            seen: sa.BindParameter[int] = sa.bindparam("seen")
            chosen = sa.and_(sessions.c.id == sa.bindparam("session"), sessions.c.last_seen_ms < seen)
            self._connection.execute(sessions.update().where(chosen).values(last_seen_ms=seen), rows)

    def note_attempts(self, clear_ms: Mapping[str, int]) -> None:
        self.forget_attempts(clear_ms.keys())
        rows = [{"key": key, "clear_ms": at_ms} for key, at_ms in clear_ms.items()]
        if rows:
            self._connection.execute(login_attempts.insert(), rows)

    def forget_attempts(self, keys: Collection[str]) -> None:
        self._connection.execute(login_attempts.delete().where(login_attempts.c.key.in_(keys)))

    def forget_expired(self, before_ms: int, unseen_since_ms: int) -> int:
        unseen = sa.select(sessions.c.id).where(sessions.c.last_seen_ms < unseen_since_ms)
        ended = sa.or_(credentials.c.revoked_ms < before_ms, credentials.c.id.in_(unseen))
        over = (
            credentials.delete().where(credentials.c.kind != "key", credentials.c.expires_ms < before_ms),
            credentials.delete().where(credentials.c.kind == "session", ended),
            event_tickets.delete().where(event_tickets.c.expires_ms < before_ms),
            login_attempts.delete().where(login_attempts.c.clear_ms < self.now_ms),
        )
        return sum(self._connection.execute(statement).rowcount for statement in over)

    def insert_ticket(self, digest: str, credential_id: str, expires_ms: int) -> None:
        row = {"digest": digest, "credential_id": credential_id, "expires_ms": expires_ms}
        self._connection.execute(event_tickets.insert().values(row))

    def take_ticket(self, digest: str) -> tuple[str, int] | None:
        row = self._connection.execute(
            event_tickets.delete()
            .where(event_tickets.c.digest == digest)
            .returning(event_tickets.c.credential_id, event_tickets.c.expires_ms)
        ).first()
        return None if row is None else (row.credential_id, row.expires_ms)

    def _revoke(self, condition: sa.ColumnElement[bool]) -> int:
        revoked = credentials.update().where(condition, credentials.c.revoked_ms.is_(None))
        return self._connection.execute(revoked.values(revoked_ms=self._tx.now_ms)).rowcount
