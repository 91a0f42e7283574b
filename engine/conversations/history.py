"""What was said in a thread and what else happened to it, as far as it is the reader's to see."""

from __future__ import annotations

from collections.abc import Sequence

from engine.accounts.models import Page, PageRequest, Principal
from engine.conversations import errors
from engine.conversations.access import Standing, standing
from engine.conversations.filtering import HistoryFilter
from engine.conversations.models import TimelineItem
from engine.conversations.ports import CallLog, Position, ThreadReads, ThreadStore, VoicemailLog
from engine.conversations.timeline import (
    cursor_of,
    digits_before,
    digits_of,
    just_behind,
    merged,
    position_after,
    position_at,
    position_of,
)
from engine.errors import EngineError, InvalidRequest
from engine.ids import is_id
from engine.messaging.models import Message

_FIRST_PAGE = PageRequest()
_MAX_PAGE = 200
#: Items one filtered request looks through.
_MOST_READ = 2_000
#: Before, and behind, every id made in one millisecond.
_FIRST_DIGITS, _LAST_DIGITS = "0" * 32, "f" * 32


class History:
    """Every method may raise StorageUnavailable."""

    def __init__(self, store: ThreadStore, calls: CallLog, voicemails: VoicemailLog) -> None:
        self._store = store
        self._calls = calls
        self._voicemails = voicemails

    async def messages(
        self, principal: Principal, conversation_id: str, page: PageRequest = _FIRST_PAGE
    ) -> Page[Message]:
        """What was said, newest first, as far as it is the principal's to see. Raises NotFound."""
        check_limit(page)
        if page.cursor is not None and not is_id(page.cursor, "msg"):
            raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")

        def work(reads: ThreadReads) -> Sequence[Message]:
            asked = standing(reads, principal, conversation_id)
            return reads.messages(
                asked.thread.id, after=asked.sees_after, before=page.cursor, limit=page.limit + 1
            )

        found = await self._store.read(work)
        items = tuple(found[: page.limit])
        return Page(items, items[-1].id if len(found) > page.limit else None)

    async def timeline(
        self, principal: Principal, conversation_id: str, page: PageRequest = _FIRST_PAGE
    ) -> Page[TimelineItem]:
        """Messages, notices, calls and voicemails, newest first. Raises NotFound or InvalidRequest."""
        check_limit(page)
        before = None if page.cursor is None else position_at(page.cursor)
        return await self._before(principal, conversation_id, before, page.limit)

    async def timeline_after(
        self, principal: Principal, conversation_id: str, after: str, limit: int
    ) -> Sequence[TimelineItem]:
        """What came right behind a position of the timeline (a cursor), newest first.

        Raises NotFound or InvalidRequest.
        """
        check_limit(PageRequest(limit=limit))
        return await self._after(principal, conversation_id, position_at(after), limit)

    async def timeline_at(
        self, principal: Principal, conversation_id: str, at_ms: int, limit: int
    ) -> Page[TimelineItem]:
        """The part of the timeline around a time, newest first: what followed it first, as far as there is
        any, fills half of it. Raises NotFound or InvalidRequest.
        """
        check_limit(PageRequest(limit=limit))
        moment = (max(at_ms - 1, 0), _LAST_DIGITS)
        newer = await self._after(principal, conversation_id, moment, (limit + 1) // 2)
        before = newer[-1].position if newer else (at_ms, _FIRST_DIGITS)
        older = await self._before(principal, conversation_id, before, limit - len(newer) or 1)
        if limit == len(newer):
            return Page(tuple(newer), cursor_of(newer[-1].position) if older.items else None)
        return Page((*newer, *older.items), older.next_cursor)

    async def following(
        self, principal: Principal, conversation_id: str, after: Position, limit: int
    ) -> Sequence[TimelineItem]:
        """What follows a position most closely, newest first. Raises NotFound."""
        return await self._after(principal, conversation_id, after, limit)

    async def filtered(
        self,
        principal: Principal,
        conversation_id: str,
        chosen: HistoryFilter,
        page: PageRequest = _FIRST_PAGE,
    ) -> Page[TimelineItem]:
        """Items that fit, newest first.

        A request looks through so many items at most, so a page may hold fewer than asked for, or none, and
        still have a next one. Raises NotFound or InvalidRequest.
        """
        check_limit(page)
        before = None if page.cursor is None else position_at(page.cursor)
        if before is None and chosen.until_ms is not None:
            before = (chosen.until_ms, _FIRST_DIGITS)
        found: list[TimelineItem] = []
        for _ in range(_MOST_READ // _MAX_PAGE):
            read = await self._before(principal, conversation_id, before, _MAX_PAGE)
            for one in read.items:
                if chosen.from_ms is not None and one.position[0] < chosen.from_ms:
                    return Page(tuple(found), None)
                if chosen.fits(one):
                    found.append(one)
                    if len(found) == page.limit:
                        return Page(tuple(found), cursor_of(one.position))
            if read.next_cursor is None:
                return Page(tuple(found), None)
            before = read.items[-1].position
        return Page(tuple(found), None if before is None else cursor_of(before))

    async def timeline_around(
        self, principal: Principal, conversation_id: str, message_id: str, limit: int
    ) -> Page[TimelineItem]:
        """The part of the timeline with this message in the middle, newest first.

        Raises NotFound, also for a message that is not in this thread, or InvalidRequest.
        """
        check_limit(PageRequest(limit=limit))

        def work(reads: ThreadReads) -> Message:
            asked = standing(reads, principal, conversation_id)
            found = reads.message(message_id) if is_id(message_id, "msg") else None
            if found is None or found.conversation_id != asked.thread.id or found.id <= asked.sees_after:
                raise errors.no_such_message()
            return found

        middle = position_of(await self._store.read(work))
        newer = await self._after(principal, conversation_id, middle, limit // 2) if limit > 1 else ()
        # A page ends before its position; right behind the message is where the message is still in it.
        older = await self._before(principal, conversation_id, just_behind(middle), limit - len(newer))
        return Page((*newer, *older.items), older.next_cursor)

    async def _before(
        self, principal: Principal, conversation_id: str, before: Position | None, limit: int
    ) -> Page[TimelineItem]:
        bound = None if before is None else digits_before(before)
        wanted = limit + 1

        def work(reads: ThreadReads) -> tuple[Standing, Sequence[TimelineItem]]:
            asked = standing(reads, principal, conversation_id)
            after = asked.sees_after
            said = reads.messages(
                asked.thread.id,
                after=after,
                before=None if bound is None else f"msg_{bound}",
                limit=wanted,
            )
            told = reads.notices(
                asked.thread.id,
                after=f"tle_{digits_of(after)}" if after else "",
                before=None if bound is None else f"tle_{bound}",
                limit=wanted,
            )
            return asked, merged(said, told, (), wanted)

        asked, items = await self._store.read(work)
        calls = await self._calls_in(principal, asked, before, wanted)
        if calls:
            beginning = position_after(asked.sees_after)
            calls = [one for one in calls if beginning is None or (one.position > beginning)]
            items = sorted((*items, *calls), key=lambda one: one.position, reverse=True)[:wanted]
        shown = tuple(items[:limit])
        more = len(items) > limit
        return Page(shown, cursor_of(shown[-1].position) if more else None)

    async def _after(
        self, principal: Principal, conversation_id: str, after: Position, limit: int
    ) -> Sequence[TimelineItem]:
        """The items that follow a position most closely, newest first."""

        def work(reads: ThreadReads) -> tuple[Standing, Position, Sequence[TimelineItem]]:
            asked = standing(reads, principal, conversation_id)
            position = max(after, position_after(asked.sees_after) or after)
            bound = digits_before(position)
            said = reads.messages(
                asked.thread.id, after=f"msg_{bound}", before=None, limit=limit, oldest_first=True
            )
            told = reads.notices(
                asked.thread.id, after=f"tle_{bound}", before=None, limit=limit, oldest_first=True
            )
            items = merged(said, told, (), 2 * limit)
            return asked, position, items[-limit:]

        asked, position, found = await self._store.read(work)
        items = list(found)
        # Calls are read backwards only: from the last item that may be shown down to the position.
        before = items[0].position if len(items) == limit else None
        while True:
            calls = await self._calls_in(principal, asked, before, _MAX_PAGE)
            items += [one for one in calls if one.position > position]
            if len(calls) < _MAX_PAGE or calls[-1].position <= position:
                break
            before = calls[-1].position
        return sorted(items, key=lambda one: one.position, reverse=True)[-limit:]

    async def message(self, principal: Principal, message_id: str) -> Message | None:
        """A message of a chat the principal is in; None for one that is no chat's. Raises NotFound."""

        def work(reads: ThreadReads) -> Message | None:
            found = reads.message(message_id)
            if found is None or found.number or found.conversation_id is None:
                return None
            asked = standing(reads, principal, found.conversation_id)
            if found.id <= asked.sees_after:
                raise errors.no_such_message()
            return found

        try:
            return await self._store.read(work)
        except EngineError as error:
            raise errors.no_such_message() if error.code == "not_found" else error from None

    async def _calls_in(
        self, principal: Principal, asked: Standing, before: Position | None, limit: int
    ) -> Sequence[TimelineItem]:
        """Calls of the user with the one other party of a thread, and voicemails from it; none in a group."""
        user_id = principal.user_id
        peer = None if user_id is None else asked.thread.other_party(user_id)
        if user_id is None or peer is None:
            return ()
        when, digits = (None, "") if before is None else before
        calls = await self._calls.calls_between(
            user_id, peer, None if when is None else (when, f"clog_{digits}"), limit
        )
        voicemails = await self._voicemails.voicemails_between(
            user_id, peer, None if when is None else (when, f"vm_{digits}"), limit
        )
        return merged((), (), calls, limit, voicemails)


def check_limit(page: PageRequest) -> None:
    if not 1 <= page.limit <= _MAX_PAGE:
        raise InvalidRequest(f"Give a limit of 1 to {_MAX_PAGE}.", field="/limit")
