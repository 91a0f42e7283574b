"""Blocked senders: whose texts are kept and shown to nobody who does not ask.

A block is about what comes in. Sending to a blocked number stays possible; what it allows is its
consent, which it gives and takes itself.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.errors import Forbidden
from engine.events import MANAGERS_ONLY
from engine.idempotency import Claim, Replayed
from engine.ids import is_id, new_id
from engine.messaging import errors
from engine.messaging.access import ThreadAccess, page_of, page_position
from engine.messaging.consent import actor_of, concerned, find_ours
from engine.messaging.consent_ports import BlockStore
from engine.messaging.models import BlockedSender
from engine.messaging.ports import NumberDirectory
from engine.phone_numbers import to_sender

_FIRST_PAGE = PageRequest()


class BlockedSenders:
    """A basic user blocks for numbers assigned to it, a manager for any number or the whole domain."""

    def __init__(self, store: BlockStore, numbers: NumberDirectory) -> None:
        self._store = store
        self._numbers = numbers
        self._access = ThreadAccess(numbers)

    async def block(
        self,
        principal: Principal,
        peer: str,
        number: str | None = None,
        domain_id: str | None = None,
        claim: Claim | None = None,
        render: Callable[[BlockedSender], tuple[int, str]] | None = None,
    ) -> BlockedSender | Replayed:
        """Block an outside number, name or short code. number: one of ours; None blocks it for all of them.

        One that is blocked already is returned as it is. Raises NotFound, Forbidden or InvalidRequest.
        """
        if number is None:
            if principal.scope is Scope.BASIC_USER:
                raise Forbidden(
                    "Only an office manager blocks for the whole domain. Name your number.",
                    code="scope_too_low",
                    field="/number",
                )
            reached = await self._access.domain_meant(principal, domain_id)
            domain = await self._numbers.domain(reached)
            e164, region = None, domain.region if domain else None
            user_ids: tuple[str, ...] = MANAGERS_ONLY
        else:
            ours = await find_ours(self._numbers, principal, number)
            if domain_id not in (None, ours.domain_id):
                raise errors.no_such_domain()
            reached, e164, region, user_ids = ours.domain_id, ours.e164, ours.region, concerned(ours)
        wanted = BlockedSender(
            new_id("blk"),
            reached,
            e164,
            to_sender(peer, region, field="peer"),
            principal.user_id or principal.credential_id,
            0,
        )
        return await self._store.block(wanted, actor_of(principal), user_ids, claim, render)

    async def get(self, principal: Principal, block_id: str) -> BlockedSender:
        """Raises NotFound for a block that is not there or not the principal's to see."""
        found = await self._store.get_block(block_id) if is_id(block_id, "blk") else None
        if found is None or not await self._sees(principal, found):
            raise errors.no_such_blocked_sender()
        return found

    async def unblock(self, principal: Principal, block_id: str) -> None:
        """Raises NotFound, or Forbidden for a basic user and a block of the whole domain."""
        found = await self.get(principal, block_id)
        if found.number is None and principal.scope is Scope.BASIC_USER:
            raise Forbidden(
                "Only an office manager lifts what is blocked for the whole domain.", code="scope_too_low"
            )
        ours = await self._numbers.find(found.number) if found.number else None
        user_ids = concerned(ours) if ours else MANAGERS_ONLY
        await self._store.unblock(found, actor_of(principal), user_ids)

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = _FIRST_PAGE
    ) -> Page[BlockedSender]:
        """Oldest first; a basic user sees those of its numbers and of the whole domain."""
        reached = await self._access.domain_meant(principal, domain_id)
        numbers = await self._access.only_numbers(principal)
        after = page_position(page, "blk")
        found = await self._store.blocks(reached, numbers, after, page.limit + 1)
        return page_of(found, page.limit, lambda block: block.id)

    async def _sees(self, principal: Principal, block: BlockedSender) -> bool:
        if block.number is not None:
            return await self._access.sees(principal, block.domain_id, block.number)
        return await self._access.reaches_domain(principal, block.domain_id)
