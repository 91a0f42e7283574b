"""What accounts need from storage.

A function given to `read` or `change` runs in one transaction, possibly in another thread and,
when a group commit has failed, more than once: it takes ids and secrets made before, touches
nothing but its argument, and raises EngineError to refuse.

Every `list_*` returns records in id order, which is creation order: those after the id `after`,
at most `limit`. Filters that are None do not filter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from engine.accounts.models import (
    Credential,
    Device,
    Domain,
    DomainSettings,
    Number,
    Password,
    Principal,
    Session,
    User,
    UserSettings,
)
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed

R = TypeVar("R")


class AccountsReads(Protocol):
    """Records as one transaction sees them; None where there is none."""

    def domain(self, domain_id: str) -> Domain | None: ...

    def list_domains(
        self, *, reseller_id: str | None, domain_id: str | None, after: str, limit: int
    ) -> list[Domain]: ...

    def domain_with_realm(self, realm: str) -> Domain | None: ...

    def domain_is_empty(self, domain_id: str) -> bool:
        """Whether it has neither users nor numbers."""

    def user(self, user_id: str) -> User | None: ...

    def user_with_extension(self, domain_id: str, extension: str) -> User | None: ...

    def user_with_login(self, domain_id: str, login: str) -> User | None: ...

    def domain_settings(self, domain: Domain) -> DomainSettings: ...

    def user_settings(self, user_id: str) -> UserSettings: ...

    def list_users(self, *, domain_id: str, user_id: str | None, after: str, limit: int) -> list[User]: ...

    def device(self, device_id: str) -> Device | None: ...

    def device_at_endpoint(self, pbx: str, endpoint: str) -> Device | None: ...

    def devices_at(self, pbx: str, endpoints: Sequence[str]) -> list[Device]:
        """The devices there are at these endpoints, in no order."""

    def list_devices(
        self, *, domain_id: str, user_id: str | None, after: str, limit: int
    ) -> list[Device]: ...

    def number(self, number_id: str) -> Number | None: ...

    def number_with_e164(self, e164: str) -> Number | None: ...

    def numbers_with(self, e164s: Sequence[str]) -> list[Number]:
        """The numbers there are of these, in no order, whoever has them."""

    def list_numbers(
        self, *, domain_id: str, user_id: str | None, after: str, limit: int
    ) -> list[Number]: ...

    def credential(self, credential_id: str) -> Credential | None:
        """Of a session: with the scope its user has now, and when it was seen last."""

    def credentials(self, credential_ids: Sequence[str]) -> list[Credential]:
        """Those that exist, in no order; as `credential`."""

    def credential_with_digest(self, digest: str) -> Credential | None:
        """As `credential`."""

    def password(self, user_id: str) -> Password | None: ...

    def session(self, session_id: str) -> Session | None:
        """None as well when it has been ended."""

    def live_sessions(self, user_id: str) -> list[Session]:
        """Those nobody ended, whatever their time, newest first."""

    def attempts(self, keys: Collection[str]) -> dict[str, int]:
        """When nothing is left to count against each key; keys that have no attempts are absent."""

    def list_keys(
        self, *, domain_id: str | None, reseller_id: str | None, after: str, limit: int
    ) -> list[Credential]:
        """Keys, revoked ones included: those of exactly this domain; domain_id None means the
        keys of no domain, of this reseller when one is given."""


class AccountsChanges(AccountsReads, Protocol):
    """One unit of work. `insert_*` and `save_*` raise Conflict where another transaction was first."""

    @property
    def now_ms(self) -> int: ...

    def insert_domain(self, domain: Domain) -> None: ...

    def save_domain(self, domain: Domain) -> None: ...

    def delete_domain(self, domain_id: str) -> None:
        """With its credentials. Raises Conflict `in_use` when other records hold on to it."""

    def insert_user(self, user: User) -> None: ...

    def insert_users(self, new: Sequence[User]) -> None: ...

    def save_user(self, user: User) -> None: ...

    def delete_user(self, user_id: str) -> None:
        """With its devices, its credentials and its share in numbers."""

    def save_domain_settings(self, domain_id: str, chosen: DomainSettings) -> None:
        """Those that are not in the Domain itself."""

    def save_user_settings(self, user_id: str, chosen: UserSettings) -> None: ...

    def insert_device(self, device: Device) -> None: ...

    def insert_devices(self, new: Sequence[Device]) -> None: ...

    def save_device(self, device: Device) -> None: ...

    def delete_device(self, device_id: str) -> None: ...

    def clear_default_device(self, user_id: str) -> None: ...

    def insert_number(self, number: Number) -> None: ...

    def save_number(self, number: Number) -> None: ...

    def delete_number(self, number_id: str) -> None: ...

    def insert_credential(self, credential: Credential, digest: str) -> None: ...

    def revoke_credential(self, credential_id: str) -> None:
        """Now, with the tokens it minted. One that is revoked keeps its time."""

    def revoke_credentials_of_user(self, user_id: str) -> None: ...

    def save_password(self, password: Password) -> None: ...

    def insert_session(self, session: Session) -> None:
        """Beside its credential, which is inserted first."""

    def revoke_sessions(self, user_id: str, but: str | None = None) -> int:
        """End the user's sessions, except one; how many there were."""

    def touch_sessions(self, seen_ms: Mapping[str, int]) -> None:
        """Note when sessions were seen, by id; never an earlier time than is noted."""

    def note_attempts(self, clear_ms: Mapping[str, int]) -> None:
        """Keep these counts; see `AccountsReads.attempts`."""

    def forget_attempts(self, keys: Collection[str]) -> None: ...

    def forget_expired(self, before_ms: int, unseen_since_ms: int) -> int:
        """Delete what is over: tokens and tickets that ended before before_ms, sessions too and those
        not seen since unseen_since_ms, and attempts that no longer count; how many there were.
        """

    def insert_ticket(self, digest: str, credential_id: str, expires_ms: int) -> None: ...

    def take_ticket(self, digest: str) -> tuple[str, int] | None:
        """Remove the ticket, so that it admits once; its credential id and expires_ms."""

    def emit(self, event: NewEvent) -> None: ...

    def record(
        self,
        principal: Principal,
        action: str,
        subject: str,
        domain_id: str | None,
        data: Mapping[str, object],
    ) -> None:
        """Append to the audit log. data: ids, names of changed fields; no secrets."""

    def claim(self, claim: Claim) -> Replayed | None:
        """Stake an Idempotency-Key; the earlier answer when it has been used for this request.

        Raises Conflict `idempotency_mismatch` when it was used for another one.
        """

    def settle(self, claim: Claim, status: int, body: str) -> None:
        """Keep the answer for repetitions."""


class AccountsStore(Protocol):
    """Where accounts live."""

    async def read(self, fn: Callable[[AccountsReads], R]) -> R: ...

    async def change(self, fn: Callable[[AccountsChanges], R]) -> R:
        """Run fn and commit; what it emitted is published after the commit.

        Raises StorageUnavailable when nothing was committed. A cancelled caller does not learn
        whether the change was made.
        """
