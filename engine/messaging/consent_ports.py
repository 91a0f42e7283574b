"""What consent and blocked senders need from storage. Every method may raise StorageUnavailable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.idempotency import Claim, Replayed
from engine.messaging.models import (
    BlockedSender,
    Consent,
    ConsentEntry,
    ConsentFilter,
    ConsentState,
    KeywordAnswers,
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: a credential, and the user it acts for."""

    credential_id: str
    user_id: str | None


@dataclass(frozen=True, slots=True)
class ConsentSet:
    """A person of ours says where a pair stands. user_ids: whom texts over the number concern."""

    entry_id: str
    domain_id: str
    number: str
    peer: str
    state: ConsentState
    reason: str
    actor: Actor
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is known of an outside number as far as one of ours is concerned."""

    consent: Consent
    block: BlockedSender | None


class ConsentStore(Protocol):
    """The ledger and where each pair stands."""

    async def current(self, number: str, peer: str) -> Consent: ...

    async def standing(self, domain_id: str, number: str, peers: Sequence[str]) -> Mapping[str, Standing]:
        """By peer, each of those asked for, as one moment sees them."""

    async def ledger(
        self,
        domain_id: str,
        chosen: ConsentFilter,
        numbers: Sequence[str] | None,
        before: str | None,
        limit: int,
    ) -> Sequence[ConsentEntry]:
        """Newest first. before: an entry's id; numbers: only entries of these numbers of ours."""

    async def set(self, wanted: ConsentSet) -> Consent:
        """Write the entry and do what it says; nothing where the pair stands so already."""

    async def answers(self, domain_id: str) -> Sequence[KeywordAnswers]:
        """The domain's own and those of its numbers, where any were set."""

    async def save_answers(self, domain_id: str, answers: KeywordAnswers, actor: Actor) -> None: ...


class BlockStore(Protocol):
    """Blocked senders."""

    async def block(
        self,
        wanted: BlockedSender,
        actor: Actor,
        user_ids: tuple[str, ...],
        claim: Claim | None,
        render: Callable[[BlockedSender], tuple[int, str]] | None,
    ) -> BlockedSender | Replayed:
        """Block; one that is blocked already is returned as it is."""

    async def get_block(self, block_id: str) -> BlockedSender | None: ...

    async def unblock(self, block: BlockedSender, actor: Actor, user_ids: tuple[str, ...]) -> None: ...

    async def blocks(
        self, domain_id: str, numbers: Sequence[str] | None, after: str | None, limit: int
    ) -> Sequence[BlockedSender]:
        """Oldest first. after: a block's id; numbers: only those of these numbers, or of the whole domain."""
