"""Search over all that somebody may see: what was said, and the names of threads.

What is said is found about a second after it was said: an index is kept beside the messages, and brought
up to date in the background, so that nobody who says something waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.conversations import errors
from engine.conversations.access import domain_meant, standing
from engine.conversations.models import Conversation, ConversationKind
from engine.conversations.ports import ThreadReads
from engine.conversations.words import MOST_ASKED, SHORTEST_BEGINNING, words_of
from engine.errors import InvalidRequest
from engine.messaging.models import Message

_FIRST_PAGE = PageRequest()
_MAX_PAGE = 100
_MOST_THREADS = 20
#: Longest question, in characters.
MOST_QUESTION = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: every word has to be there, the last one perhaps only its beginning.

    user_id: whose sides of threads decide. numbers: ours (E.164) whose texts may be seen; None: all of
    the domain's. conversation_id, kind: narrow it.
    """

    domain_id: str
    user_id: str | None
    numbers: Sequence[str] | None
    words: tuple[str, ...]
    beginning: bool
    conversation_id: str | None = None
    kind: ConversationKind | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """threads: whose name has the words; on the first page only. messages: newest first."""

    threads: tuple[Conversation, ...]
    messages: Page[Message]


class SearchReads(ThreadReads, Protocol):
    """Rows as one transaction sees them."""

    def find(self, asked: Asked, before: int | None, limit: int) -> Sequence[tuple[int, Message]]:
        """Messages with their places in the index, latest first. before: the place to go on behind."""

    def named(self, asked: Asked, limit: int) -> Sequence[Conversation]:
        """Threads by name, latest activity first."""


class SearchStore(Protocol):
    """Where it is looked for. Raises StorageUnavailable."""

    async def search(self, work: Callable[[SearchReads], Found]) -> Found: ...


class Search:
    """Looks where a principal may look, and nowhere else."""

    def __init__(self, store: SearchStore) -> None:
        self._store = store

    async def find(
        self,
        principal: Principal,
        question: str,
        *,
        domain_id: str | None = None,
        conversation_id: str | None = None,
        kind: ConversationKind | None = None,
        page: PageRequest = _FIRST_PAGE,
    ) -> Found:
        """What has all the words of the question, newest first.

        Raises InvalidRequest for a question without a word or an unknown cursor, NotFound for a thread
        or domain out of reach, StorageUnavailable.
        """
        words = tuple(dict.fromkeys(words_of(question[: MOST_QUESTION + 1])))
        if not words or len(question) > MOST_QUESTION or len(words) > MOST_ASKED:
            raise errors.invalid(
                "q", f"Give 1 to {MOST_ASKED} words of a letter or digit, {MOST_QUESTION} characters at most."
            )
        before = _place(page)
        # A space behind the last word ends it.
        beginning = not question[-1].isspace() and len(words[-1]) >= SHORTEST_BEGINNING

        def work(reads: SearchReads) -> Found:
            if conversation_id is not None:
                reached = standing(reads, principal, conversation_id).thread.domain_id
            else:
                reached = domain_meant(reads, principal, domain_id).id
            asked = Asked(
                reached,
                principal.user_id,
                _numbers(reads, principal),
                words,
                beginning,
                conversation_id,
                kind,
            )
            found = reads.find(asked, before, page.limit + 1)
            shown = found[: page.limit]
            following = str(shown[-1][0]) if len(found) > page.limit else None
            threads = reads.named(asked, _MOST_THREADS) if before is None and conversation_id is None else ()
            return Found(tuple(threads), Page(tuple(message for _, message in shown), following))

        return await self._store.search(work)


def _numbers(reads: ThreadReads, principal: Principal) -> Sequence[str] | None:
    if principal.scope >= Scope.OFFICE_MANAGER:
        return None
    if principal.user_id is None:
        return ()
    return [one.e164 for one in reads.numbers_of(principal.user_id)]


def _place(page: PageRequest) -> int | None:
    if not 1 <= page.limit <= _MAX_PAGE:
        raise errors.invalid("limit", f"Give a limit of 1 to {_MAX_PAGE}.")
    if page.cursor is None:
        return None
    if not (page.cursor.isascii() and page.cursor.isdigit()) or len(page.cursor) > 18:
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(page.cursor)
