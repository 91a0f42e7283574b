"""Drafts: what a user has written in a thread and not sent, the same on all their screens.

The last writer wins, by the time a screen wrote it, so that what was under way when another screen wrote
does not undo that. Sending takes the draft away in the sending's own transaction.
"""

from __future__ import annotations

from dataclasses import replace

from engine.accounts.models import Principal
from engine.conversations.access import Standing, standing
from engine.conversations.models import Member
from engine.conversations.ports import ThreadChanges, ThreadStore
from engine.conversations.saying import encodable
from engine.errors import InvalidRequest
from engine.events import NewEvent, domain_stream, private_to

#: In characters; what cannot be sent in the end may be written all the same.
MOST_DRAFT = 40_000


class Drafts:
    """Every method raises NotFound for a thread that is not the principal's to see, Forbidden `no_user`,
    and may raise StorageUnavailable. All return the user's side of the thread."""

    def __init__(self, store: ThreadStore) -> None:
        self._store = store

    async def get(self, principal: Principal, conversation_id: str) -> Member:
        return await self._store.read(
            lambda reads: standing(reads, principal, conversation_id).require_side()
        )

    async def save(self, principal: Principal, conversation_id: str, text: str, at_ms: int | None) -> Member:
        """Keep a draft, unless there is one that was written later; an empty text takes it away.

        at_ms: when it was written, by the writer's clock; None is now, and so is a time to come.
        Raises InvalidRequest `text_too_long` or `text_invalid`.
        """
        _check(text)

        def work(changes: ThreadChanges) -> Member:
            asked = standing(changes, principal, conversation_id)
            mine = asked.require_side()
            written_ms = changes.now_ms if at_ms is None else min(at_ms, changes.now_ms)
            draft = text or None
            if mine.draft_ms is not None and at_ms is not None and written_ms < mine.draft_ms:
                return mine
            if draft == mine.draft:
                return mine
            changes.save_member(mine)
            changes.save_draft(asked.thread.id, mine.user_id, draft, written_ms)
            _tell(changes, asked, mine.user_id)
            return replace(mine, draft=draft, draft_ms=written_ms)

        return await self._store.change(work)


def _check(text: str) -> None:
    if len(text) > MOST_DRAFT:
        raise InvalidRequest(
            f"A draft has at most {MOST_DRAFT} characters.", code="text_too_long", field="/text"
        )
    if "\0" in text or not encodable(text):
        raise InvalidRequest(
            "The text has a character that cannot be kept.", code="text_invalid", field="/text"
        )


def _tell(changes: ThreadChanges, asked: Standing, user_id: str) -> None:
    stream = domain_stream(asked.thread.domain_id)
    changes.emit(NewEvent(stream, "conversation.draft", asked.thread.id, {}, private_to((user_id,))))
