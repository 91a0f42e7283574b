"""What contacts need from others.

A function given to `read` or `change` runs in one transaction, possibly in another thread and,
when a group commit has failed, more than once: it takes ids made before, touches nothing but its
argument, and raises EngineError to refuse.

A *book* is a domain's shared contacts (named by the domain's id) or one user's own (the user's id).
`viewer` is the user whose favourites count, "" for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from engine.accounts.models import Domain, Principal
from engine.contacts.models import Contact, Match, Named, Person
from engine.contacts.search_keys import Query
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed

R = TypeVar("R")

#: Whether a domain is within a principal's reach.
SeesDomain = Callable[[Principal, Domain], bool]


class ContactReads(Protocol):
    """Records as one transaction sees them; None where there is none."""

    def domain(self, domain_id: str) -> Domain | None: ...

    def users_edit_shared(self, domain: Domain) -> bool:
        """Whether users may change shared contacts, not only office managers."""

    def users_by_extension(self, domain_id: str, extensions: Collection[str]) -> Mapping[str, Person]:
        """Enabled and disabled users, by extension."""

    def users(self, domain_id: str, user_ids: Collection[str]) -> Mapping[str, Person]:
        """Enabled users of this domain, by id."""

    def contact(self, contact_id: str, viewer: str) -> Contact | None: ...

    def contacts(self, contact_ids: Collection[str], viewer: str) -> Mapping[str, Contact]: ...

    def list_contacts(
        self,
        books: Sequence[str],
        *,
        favourites_of: str | None,
        viewer: str,
        after: tuple[str, str],
        limit: int,
    ) -> list[Contact]:
        """By (sort key, id), those after this position; with favourites_of that user's favourites alone."""

    def size(self, book: str) -> int: ...

    def most_numbers(self, book: str) -> int:
        """How many numbers the contact with the most has; 0 for an empty book."""

    def with_numbers(self, book: str, numbers: Collection[str]) -> Mapping[str, str]:
        """Id of the oldest contact of the book that has each E.164 number."""

    def with_keys(self, book: str, keys: Collection[str]) -> Mapping[str, str]:
        """Id of the oldest contact of the book that has each search key, to the letter."""

    def names(self, books: Sequence[str], numbers: Collection[str]) -> Mapping[str, Named]:
        """Whom each E.164 number belongs to, by the first book that knows; unknown ones are absent."""

    def search(
        self, domain_id: str, books: Sequence[str], query: Query, limit: int
    ) -> list[tuple[Match, str]]:
        """Ids of users and contacts with what they matched, best first, each once; some more than limit."""


class ContactChanges(ContactReads, Protocol):
    """One unit of work."""

    @property
    def now_ms(self) -> int: ...

    def insert_contacts(self, contacts: Sequence[Contact]) -> None: ...

    def save_contact(self, contact: Contact) -> None:
        """With its numbers and search keys; not whose favourite it is."""

    def delete_contact(self, contact_id: str) -> None: ...

    def set_favourite(self, user_id: str, contact_id: str, favourite: bool) -> None: ...

    def emit(self, event: NewEvent) -> None: ...

    def record(
        self,
        principal: Principal,
        action: str,
        subject: str,
        domain_id: str,
        data: Mapping[str, object],
    ) -> None:
        """Append to the audit log. data: ids, names of changed fields, counts."""

    def claim(self, claim: Claim) -> Replayed | None:
        """Stake an Idempotency-Key; the earlier answer when it has been used for this request.

        Raises Conflict `idempotency_mismatch` when it was used for another one.
        """

    def settle(self, claim: Claim, status: int, body: str) -> None:
        """Keep the answer for repetitions."""


class ContactStore(Protocol):
    """Where contacts live."""

    async def read(self, fn: Callable[[ContactReads], R]) -> R: ...

    async def change(self, fn: Callable[[ContactChanges], R]) -> R:
        """Run fn and commit; what it emitted is published after the commit.

        Raises StorageUnavailable when nothing was committed. A cancelled caller does not learn
        whether the change was made.
        """
