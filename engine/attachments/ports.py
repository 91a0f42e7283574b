"""What attachments need: a place for octets, somebody to look at them, rows, and who may see a message."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.accounts.models import Principal
from engine.attachments.kinds import Kind
from engine.attachments.models import Attachment, AttachmentState, Checked, OpenedLink, Usage
from engine.idempotency import Claim, Replayed

#: Makes the answer kept under an idempotency key: HTTP status and JSON body.
Render = Callable[[Attachment], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the store. modified_ms: when it was put there."""

    key: str
    octets: int
    modified_ms: int


class Files(Protocol):
    """Where octets are kept: a folder or a bucket. Keys are `[A-Za-z0-9_.]+`.

    Every method may raise FilesUnavailable.
    """

    async def put(self, key: str, path: Path) -> None:
        """Keep the file, whole or not at all; it is durable when this returns. The path may be gone then."""

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Octets from start up to and without end. Raises NotFound `attachment_gone`."""

    async def has(self, key: str) -> bool: ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Those that are not there are no fault."""

    def all(self) -> AsyncIterator[Sequence[StoredFile]]:
        """Everything there is, some at a time. Raises FilesUnavailable also where the store is not the one
        it was, so that nobody takes a folder that is not mounted for an empty one."""


class Inspector(Protocol):
    """Looks at a file where it can do no harm."""

    async def check(
        self, path: Path, kind: Kind, extension: str, rewritten: Path, thumbnail: Path
    ) -> Checked:
        """Whether it is what it says. Images are written anew to `rewritten`, with a thumbnail.

        Raises InvalidRequest `attachment_unreadable` or `attachment_unsafe`.
        """


@dataclass(frozen=True, slots=True)
class DomainReach:
    """Whose a domain is."""

    id: str
    reseller_id: str | None


@dataclass(frozen=True, slots=True)
class Quotas:
    """What a sender and a domain may keep, in octets; 0 does not limit."""

    sender_octets: int
    domain_octets: int


class AttachmentStore(Protocol):
    """Rows. Every method may raise StorageUnavailable."""

    async def domain(self, domain_id: str) -> DomainReach | None: ...

    async def domain_of_user(self, user_id: str) -> str | None: ...

    async def usage(self, owner_ids: Collection[str]) -> Usage: ...

    async def add(
        self, new: Attachment, quotas: Quotas, claim: Claim | None, render: Render | None
    ) -> Attachment | Replayed:
        """Store the row if there is room for it. Raises Conflict `attachment_quota`."""

    async def get(self, attachment_id: str) -> Attachment | None: ...

    async def withdraw(self, attachment_id: str) -> Attachment | None:
        """It is deleted from now on; those who see its message are told. None where there is none."""

    async def link(self, token_hash: str) -> OpenedLink | None: ...

    async def count_download(self, token_hash: str, most: int) -> bool:
        """False, and nothing counted, when there were most already (0: no limit)."""

    # For the sweep. Some at a time: nobody waits for it.

    async def delete_unsent(self, before_ms: int, limit: int) -> int:
        """Files that no message took in time, or whose domain is gone; how many."""

    async def to_purge(self, limit: int) -> Sequence[str]:
        """Deleted ones whose files are there yet."""

    async def purged(self, attachment_ids: Sequence[str]) -> None: ...

    async def known(self, attachment_ids: Collection[str]) -> Collection[str]:
        """Those of which there is a row whose file is to be kept."""

    async def kept_after(self, attachment_id: str, limit: int) -> Sequence[tuple[str, AttachmentState]]:
        """Those that have a file, or had one until it was lost, in the order of ids."""

    async def set_states(self, attachment_ids: Sequence[str], state: AttachmentState) -> None:
        """lost or ready, of those that are the other one now."""


class Conversations(Protocol):
    """What a message's or a thread's visibility is asked of."""

    async def domain_of(self, principal: Principal, conversation_id: str) -> str:
        """The domain of a thread the principal takes part in. Raises NotFound."""

    async def require_seen(self, principal: Principal, message_id: str) -> bool:
        """Whether it is a text, of a message the principal may see now. Raises NotFound."""
