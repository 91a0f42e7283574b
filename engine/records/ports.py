"""What erasing needs of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.records.models import Erasure, Person


@dataclass(frozen=True, slots=True)
class ErasingDomain:
    id: str
    reseller_id: str | None
    region: str | None


class ErasureStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def domain(self, domain_id: str) -> ErasingDomain | None: ...

    async def person_of_user(self, domain_id: str, user_id: str) -> Person | None:
        """A user of this domain, with what names them; also one who is deleted, as long as messages they
        have left in mailboxes are there.
        """

    async def erase(self, person: Person) -> Mapping[str, int]:
        """Remove all that names the person or make it anonymous, a few rows at a time; rows by table.

        Stopped half-way, it is done by doing it again. The user's own row is left to who deletes users.
        """

    async def left(self, person: Person) -> Mapping[str, int]:
        """Rows of the domain that still name the person, by table and column, found by reading all."""

    async def rewrite(self) -> bool | None:
        """Write the database's file anew, without what was deleted; False where it is too large to do that
        while others wait, None where there is no such file."""

    def subject_hash(self, person: Person) -> str: ...

    async def save(self, erasure: Erasure) -> None:
        """Keep the report, with an entry in the audit trail."""

    async def get(self, erasure_id: str) -> Erasure | None: ...

    async def list(self, domain_id: str, before: str | None, limit: int) -> Sequence[Erasure]:
        """Newest first."""
