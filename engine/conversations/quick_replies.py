"""Quick replies: texts somebody has ready, one's own or shared in the domain.

One's own nobody else sees. Shared ones everybody in the domain uses, and office managers keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from engine.accounts.models import Principal, Scope
from engine.conversations import errors
from engine.conversations.access import domain_meant, reaches
from engine.conversations.ports import ThreadChanges, ThreadReads
from engine.conversations.saying import encodable
from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound
from engine.events import NewEvent, domain_stream, private_to
from engine.idempotency import Claim, Replayed
from engine.ids import is_id, new_id

R = TypeVar("R")

#: Of one user, and shared in one domain; a longer list is not quick.
MOST = 200
MOST_TEXT = 4_000
MOST_TITLE = 80


@dataclass(frozen=True, slots=True)
class QuickReply:
    """owner_id: whose own it is; None: shared in the domain. title: may be empty."""

    id: str
    domain_id: str
    owner_id: str | None
    title: str
    text: str
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateQuickReply:
    """shared: None is one's own for a user, shared for a server."""

    text: str
    title: str = ""
    shared: bool | None = None
    domain_id: str | None = None


class QuickReplyReads(ThreadReads, Protocol):
    def quick_reply(self, reply_id: str) -> QuickReply | None: ...

    def quick_replies(self, domain_id: str, owner_id: str | None) -> Sequence[QuickReply]:
        """By title. owner_id: None for the shared ones."""


class QuickReplyChanges(QuickReplyReads, ThreadChanges, Protocol):
    def save_quick_reply(self, reply: QuickReply) -> None: ...

    def delete_quick_reply(self, reply_id: str) -> None: ...


class QuickReplyStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def read_replies(self, work: Callable[[QuickReplyReads], R]) -> R: ...

    async def change_replies(self, work: Callable[[QuickReplyChanges], R]) -> R: ...


class QuickReplies:
    """Every method raises NotFound for what is not the principal's to see."""

    def __init__(self, store: QuickReplyStore) -> None:
        self._store = store

    async def create(
        self,
        principal: Principal,
        command: CreateQuickReply,
        claim: Claim | None = None,
        render: Callable[[QuickReply], tuple[int, str]] | None = None,
    ) -> QuickReply | Replayed:
        """Raises InvalidRequest, Forbidden `shared_quick_replies_read_only` or `no_user`, Conflict
        `too_many_quick_replies`."""
        shared = principal.user_id is None if command.shared is None else command.shared
        if not shared and principal.user_id is None:
            raise errors.user_required()
        _check(command.title, command.text)
        reply_id = new_id("qr")

        def work(changes: QuickReplyChanges) -> QuickReply | Replayed:
            earlier = None if claim is None else changes.claim(claim)
            if earlier is not None:
                return earlier
            domain = domain_meant(changes, principal, command.domain_id)
            owner_id = None if shared else principal.user_id
            reply = QuickReply(
                reply_id,
                domain.id,
                owner_id,
                command.title.strip(),
                command.text,
                changes.now_ms,
                changes.now_ms,
            )
            _require_may_keep(principal, reply)
            if len(changes.quick_replies(domain.id, owner_id)) >= MOST:
                raise _too_many()
            changes.save_quick_reply(reply)
            _tell(changes, "quick_reply.created", reply)
            if claim is not None and render is not None:
                changes.settle(claim, *render(reply))
            return reply

        return await self._store.change_replies(work)

    async def list(self, principal: Principal, domain_id: str | None = None) -> Sequence[QuickReply]:
        """One's own and the shared ones of a domain, by title."""

        def work(reads: QuickReplyReads) -> Sequence[QuickReply]:
            domain = domain_meant(reads, principal, domain_id)
            shared = reads.quick_replies(domain.id, None)
            mine = () if principal.user_id is None else reads.quick_replies(domain.id, principal.user_id)
            return sorted((*mine, *shared), key=lambda one: (one.title.casefold(), one.id))

        return await self._store.read_replies(work)

    async def get(self, principal: Principal, reply_id: str) -> QuickReply:
        return await self._store.read_replies(lambda reads: _seen(reads, principal, reply_id))

    async def update(
        self, principal: Principal, reply_id: str, title: str | None, text: str | None
    ) -> QuickReply:
        """None leaves as it is. Raises InvalidRequest or Forbidden `shared_quick_replies_read_only`."""

        def work(changes: QuickReplyChanges) -> QuickReply:
            before = _seen(changes, principal, reply_id)
            _require_may_keep(principal, before)
            after = replace(
                before,
                title=before.title if title is None else title.strip(),
                text=before.text if text is None else text,
            )
            _check(after.title, after.text)
            if after == before:
                return before
            after = replace(after, updated_ms=changes.now_ms)
            changes.save_quick_reply(after)
            _tell(changes, "quick_reply.updated", after)
            return after

        return await self._store.change_replies(work)

    async def delete(self, principal: Principal, reply_id: str) -> None:
        """Raises Forbidden `shared_quick_replies_read_only`."""

        def work(changes: QuickReplyChanges) -> None:
            reply = _seen(changes, principal, reply_id)
            _require_may_keep(principal, reply)
            changes.delete_quick_reply(reply.id)
            _tell(changes, "quick_reply.deleted", reply)

        await self._store.change_replies(work)


def _seen(reads: QuickReplyReads, principal: Principal, reply_id: str) -> QuickReply:
    reply = reads.quick_reply(reply_id) if is_id(reply_id, "qr") else None
    domain = None if reply is None else reads.domain(reply.domain_id)
    if reply is None or domain is None or not reaches(principal, domain):
        raise _no_such()
    if reply.owner_id is not None and reply.owner_id != principal.user_id:
        raise _no_such()
    return reply


def _require_may_keep(principal: Principal, reply: QuickReply) -> None:
    if reply.owner_id is None and principal.scope < Scope.OFFICE_MANAGER:
        raise Forbidden("Office managers keep what the domain shares.", code="shared_quick_replies_read_only")


def _check(title: str, text: str) -> None:
    if len(title.strip()) > MOST_TITLE or not title.isprintable():
        raise errors.invalid("title", f"A title has at most {MOST_TITLE} characters, in one line.")
    if not text.strip():
        raise InvalidRequest("The text is empty.", code="text_empty", field="/text")
    if len(text) > MOST_TEXT:
        raise InvalidRequest(
            f"A quick reply has at most {MOST_TEXT} characters.", code="text_too_long", field="/text"
        )
    if "\0" in text or not encodable(text):
        raise InvalidRequest(
            "The text has a character that cannot be kept.", code="text_invalid", field="/text"
        )


def _tell(changes: QuickReplyChanges, kind: str, reply: QuickReply) -> None:
    """Whom it concerns: its owner alone, or everybody of the domain."""
    whom = () if reply.owner_id is None else private_to((reply.owner_id,))
    changes.emit(NewEvent(domain_stream(reply.domain_id), kind, reply.id, {}, whom))


def _no_such() -> NotFound:
    return NotFound("There is no such quick reply.")


def _too_many() -> Conflict:
    return Conflict(f"There is room for {MOST} quick replies.", code="too_many_quick_replies")
