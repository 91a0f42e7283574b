"""Conversations: chats of users and threads of texts, who is in them, and what is said there.

A thread is its id; what kind it is was decided by whom it was started with, and never changes. Who may
see it is decided in `access` and nowhere else, inside the transaction that shows or changes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.clock import Clock
from engine.contacts.models import Contact
from engine.conversations import errors, membership, moving, personal, starting
from engine.conversations.access import (
    Standing,
    acting_user,
    assigned_users,
    concerned,
    domain_meant,
    is_chat,
    reaches,
    standing,
)
from engine.conversations.models import (
    AddMembers,
    Conversation,
    ConversationKind,
    Explanation,
    Left,
    ListThreads,
    Say,
    StartConversation,
    Target,
    ThreadView,
    TimelineItem,
    UnreadTotals,
)
from engine.conversations.ports import (
    AddressBook,
    Announcer,
    CallLog,
    Names,
    NewChatMessage,
    Position,
    Texts,
    ThreadChanges,
    ThreadReads,
    ThreadStore,
)
from engine.conversations.strangers import Strangers
from engine.conversations.timeline import (
    cursor_of,
    digits_before,
    digits_of,
    merged,
    position_after,
    position_at,
)
from engine.conversations.typing_limits import TypingLimits
from engine.conversations.views import MOST_UNREAD, known, named, side_of, view, views
from engine.errors import EngineError, InvalidRequest
from engine.events import domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import is_id, new_id
from engine.messaging.models import Message, SendText

R = TypeVar("R")

_FIRST_PAGE = PageRequest()
_MAX_PAGE = 200
_ALL = ListThreads()
#: One message of a chat, in characters.
MOST_TEXT = 10_000
_MAX_CLIENT_ID = 64
#: Threads whose kind is remembered, so that saying something costs no query before the commit.
_KINDS_KEPT = 50_000

_STRANGERS = Strangers()

#: Makes the answer kept under an idempotency key: HTTP status and JSON body.
RenderView = Callable[[ThreadView], tuple[int, str]]
RenderMessage = Callable[[Message], tuple[int, str]]


class Conversations:
    """The threads a principal may see. Every method may raise StorageUnavailable."""

    def __init__(
        self,
        store: ThreadStore,
        texts: Texts,
        announcer: Announcer,
        clock: Clock,
        *,
        contacts: AddressBook = _STRANGERS,
        names: Names = _STRANGERS,
        calls: CallLog = _STRANGERS,
    ) -> None:
        self._store = store
        self._texts = texts
        self._contacts = contacts
        self._names = names
        self._calls = calls
        self._announcer = announcer
        self._clock = clock
        self._typing = TypingLimits()
        self._kinds: dict[str, tuple[ConversationKind, str]] = {}

    # Starting and finding.

    async def explain(self, principal: Principal, wanted: StartConversation) -> Explanation:
        """What starting this conversation would do. Raises what `start` raises, in the same words."""
        contacts = await self._contacts_of(principal, wanted.to)

        def work(reads: ThreadReads) -> tuple[starting.Plan, int]:
            plan = starting.decide(reads, principal, wanted, contacts)
            if plan.number is None:
                return plan, 0
            users = reads.users_of(plan.domain.id, [plan.number.e164]).get(plan.number.e164, ())
            me = None if plan.actor is None else plan.actor.user_id
            return plan, sum(user_id != me for user_id in users)

        plan, colleagues = await self._store.read(work)
        names = await self._names.names_of(plan.domain.id, principal.user_id, plan.who.numbers)
        return Explanation(
            plan.who.kind,
            None if plan.existing is None else plan.existing.id,
            plan.number,
            plan.numbers,
            plan.who.people,
            tuple(known(one, names) for one in plan.who.numbers),
            starting.consequences(plan, colleagues),
        )

    async def start(
        self,
        principal: Principal,
        wanted: StartConversation,
        claim: Claim | None = None,
        render: Callable[[ThreadView, bool], tuple[int, str]] | None = None,
    ) -> tuple[ThreadView, bool] | Replayed:
        """The conversation with these people, and whether it is new.

        A chat of two and a pair's text thread are found again, however many start them at once.
        Raises InvalidRequest (`mixed_conversation` and others), NotFound, Forbidden or Conflict.
        """
        contacts = await self._contacts_of(principal, wanted.to)
        plan = await self._store.read(lambda reads: starting.decide(reads, principal, wanted, contacts))
        names = await self._names.names_of(plan.domain.id, principal.user_id, plan.who.numbers)
        conversation_id = new_id("conv")

        def work(changes: ThreadChanges) -> tuple[ThreadView, bool] | Replayed:
            if claim is not None:
                earlier = changes.claim(claim)
                if earlier is not None:
                    return earlier
            now = starting.decide(changes, principal, wanted, contacts)
            thread, new = starting.start(changes, now, conversation_id, wanted.name)
            mine = None if now.actor is None else changes.member(thread.id, now.actor.user_id)
            seen = named(view(changes, Standing(thread, mine, True), changes.now_ms), names)
            if claim is not None and render is not None:
                changes.settle(claim, *render(seen, new))
            return seen, new

        started = await self._store.change(work)
        if not isinstance(started, Replayed):
            self._remember(started[0].conversation)
        return started

    async def get(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Raises NotFound for a thread that is not there or not the principal's to see."""
        seen = await self._store.read(
            lambda reads: view(reads, standing(reads, principal, conversation_id), self._clock.now_ms())
        )
        return await self._named(principal, seen)

    async def list(
        self, principal: Principal, chosen: ListThreads = _ALL, page: PageRequest = _FIRST_PAGE
    ) -> Page[ThreadView]:
        """Latest activity first. A thread that becomes active while pages are read moves to the front
        and may be seen again there, but none is missed.

        Raises NotFound for a domain out of reach, or InvalidRequest.
        """
        before = _list_position(page)

        def work(reads: ThreadReads) -> tuple[str, Sequence[ThreadView]]:
            domain = domain_meant(reads, principal, chosen.domain_id)
            manager = principal.scope >= Scope.OFFICE_MANAGER
            everything = manager and not (chosen.mine or chosen.unread or chosen.deleted)
            found = reads.list_threads(
                domain.id, principal.user_id, chosen, before, page.limit + 1, whole_domain=everything
            )
            return domain.id, views(reads, _standings(reads, principal, found), self._clock.now_ms())

        domain_id, found = await self._store.read(work)
        numbers = {one.number for seen in found for one in seen.peers}
        names = await self._names.names_of(domain_id, principal.user_id, numbers) if numbers else {}
        items = tuple(named(seen, names) for seen in found[: page.limit])
        if len(found) <= page.limit:
            return Page(items, None)
        last = items[-1].conversation
        return Page(items, f"{last.last_message_ms}.{last.id}")

    async def unread_totals(self, principal: Principal) -> UnreadTotals:
        """What the user's badge shows. Raises InvalidRequest `no_user`."""
        user_id, domain_id = principal.user_id, principal.domain_id
        if user_id is None or domain_id is None:
            raise errors.user_required()
        return await self._store.read(lambda reads: reads.totals(domain_id, user_id, MOST_UNREAD))

    # What was said.

    async def messages(
        self, principal: Principal, conversation_id: str, page: PageRequest = _FIRST_PAGE
    ) -> Page[Message]:
        """What was said, newest first, as far as it is the principal's to see. Raises NotFound."""
        _check_limit(page)
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
        """Messages, notices and calls, newest first. Raises NotFound or InvalidRequest."""
        _check_limit(page)
        before = None if page.cursor is None else position_at(page.cursor)
        bound = None if before is None else digits_before(before)
        wanted = page.limit + 1

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
        shown = tuple(items[: page.limit])
        more = len(items) > page.limit
        return Page(shown, cursor_of(shown[-1].position) if more else None)

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

    async def rows(self, message_ids: Sequence[str]) -> Sequence[Message]:
        """Messages by id, whoever may see them: for those who have decided that already."""
        found = await self._store.read(lambda reads: reads.last_messages(message_ids))
        return list(found.values())

    async def say(
        self,
        principal: Principal,
        conversation_id: str,
        say: Say,
        claim: Claim | None = None,
        render: RenderMessage | None = None,
    ) -> Message | Replayed:
        """Say something in a chat, or text every outside number of a thread.

        A client_id that its sender used before returns the earlier message, however old it is.
        Raises NotFound, InvalidRequest, Forbidden, Conflict or StorageUnavailable; nothing is stored
        then. Cancelling the caller does not take the message back.
        """
        kind, domain_id = await self._kind_of(conversation_id)
        if kind is ConversationKind.CHAT:
            return await self._say_in_chat(principal, conversation_id, domain_id, say, claim, render)
        if say.reply_to is not None:
            raise errors.invalid("reply_to", "A text cannot refer to another one.")
        asked = await self._store.read(lambda reads: standing(reads, principal, conversation_id))
        thread = asked.thread
        assert thread.number is not None
        request = SendText(
            from_number=thread.number,
            to=thread.peers,
            text=say.text,
            validity_s=say.validity_s,
            client_id=say.client_id,
            user_id=say.user_id,
            domain_id=thread.domain_id,
        )
        return await self._texts.send(principal, request, claim, render, thread)

    async def move(self, principal: Principal, message_id: str, conversation_id: str | None) -> Message:
        """Put an inbound text into another thread; None: into its sender's own one.

        Raises NotFound, or Conflict `not_movable`.
        """
        new_thread_id = new_id("conv")
        return await self._store.change(
            lambda changes: moving.move(changes, principal, message_id, conversation_id, new_thread_id)
        )

    # Who is in it.

    async def add(self, principal: Principal, conversation_id: str, wanted: AddMembers) -> ThreadView:
        """See `membership.add`."""
        contacts = await self._contacts_of(principal, wanted.to)
        return await self._changed(
            principal, lambda changes: membership.add(changes, principal, conversation_id, wanted, contacts)
        )

    async def remove_user(self, principal: Principal, conversation_id: str, user_id: str) -> None:
        """See `membership.remove_user`."""
        await self._store.change(
            lambda changes: membership.remove_user(changes, principal, conversation_id, user_id)
        )

    async def remove_number(self, principal: Principal, conversation_id: str, number: str) -> None:
        """See `membership.remove_number`."""
        await self._store.change(
            lambda changes: membership.remove_number(changes, principal, conversation_id, number)
        )

    async def leave(self, principal: Principal, conversation_id: str) -> Left:
        """See `membership.leave`."""
        return await self._store.change(lambda changes: membership.leave(changes, principal, conversation_id))

    async def rename(self, principal: Principal, conversation_id: str, name: str | None) -> ThreadView:
        """See `membership.rename`."""
        return await self._changed(
            principal, lambda changes: membership.rename(changes, principal, conversation_id, name)
        )

    # One user's own side.

    async def mute(self, principal: Principal, conversation_id: str, until_ms: int | None) -> ThreadView:
        """See `personal.mute`."""
        return await self._changed(
            principal, lambda changes: personal.mute(changes, principal, conversation_id, until_ms)
        )

    async def delete(self, principal: Principal, conversation_id: str) -> ThreadView:
        """See `personal.delete`."""
        return await self._changed(
            principal, lambda changes: personal.delete(changes, principal, conversation_id)
        )

    async def restore(self, principal: Principal, conversation_id: str) -> ThreadView:
        """See `personal.restore`."""
        return await self._changed(
            principal, lambda changes: personal.restore(changes, principal, conversation_id)
        )

    async def mark_unread(self, principal: Principal, conversation_id: str) -> ThreadView:
        """See `personal.mark_unread`."""
        return await self._changed(
            principal, lambda changes: personal.mark_unread(changes, principal, conversation_id)
        )

    async def read(self, principal: Principal, conversation_id: str, through: str | None) -> ThreadView:
        """The user has read up to this message (None: the last one); a position never goes back.

        Raises NotFound or InvalidRequest `no_user`.
        """
        asked = await self._store.read(lambda reads: standing(reads, principal, conversation_id))
        side = asked.require_side()
        await self._store.mark_read(conversation_id, side, through or asked.thread.last_item_id)
        return await self.get(principal, conversation_id)

    async def typing(self, principal: Principal, conversation_id: str) -> None:
        """Tell the others that the user is writing; they hear of it at once or never.

        Raises NotFound, InvalidRequest `no_user`, or RateLimited.
        """
        user_id = principal.user_id
        if user_id is None:
            raise errors.user_required()
        if not self._typing.admits(user_id, conversation_id, self._clock.monotonic()):
            return

        def work(reads: ThreadReads) -> tuple[Standing, set[str]]:
            asked = standing(reads, principal, conversation_id)
            if is_chat(asked.thread):
                return asked, set(concerned(reads, asked.thread))
            return asked, set(assigned_users(reads, asked.thread))

        asked, told = await self._store.read(work)
        others = sorted(one for one in told if one != user_id and is_id(one, "usr"))
        if others:
            data = {"conversation_id": conversation_id, "user_id": user_id}
            self._announcer.publish_ephemeral(domain_stream(asked.thread.domain_id), "typing", data, others)

    # Parts of the above.

    async def _say_in_chat(
        self,
        principal: Principal,
        conversation_id: str,
        domain_id: str,
        say: Say,
        claim: Claim | None,
        render: RenderMessage | None,
    ) -> Message | Replayed:
        user_id = acting_user(principal, say.user_id)
        if principal.user_id is None:
            await self._require_reach(principal, domain_id)
        if user_id is None:
            raise errors.invalid("user_id", "Name the user who says it.")
        _check_text(say)
        loop = asyncio.get_running_loop()
        said: asyncio.Future[Message | Replayed] = loop.create_future()

        def done(result: Message | Replayed | BaseException) -> None:
            if said.cancelled():
                return
            if isinstance(result, BaseException):
                said.set_exception(result)
            else:
                said.set_result(result)

        new = NewChatMessage(
            new_id("msg"),
            conversation_id,
            user_id,
            say.text,
            say.client_id,
            say.reply_to,
            self._clock.now_ms(),
            claim,
            render,
        )
        self._store.say(new, done)
        return await said

    async def _require_reach(self, principal: Principal, domain_id: str) -> None:
        domain = await self._store.read(lambda reads: reads.domain(domain_id))
        if domain is None or not reaches(principal, domain):
            raise errors.no_such_conversation()

    async def _kind_of(self, conversation_id: str) -> tuple[ConversationKind, str]:
        """Kind and domain of a thread, which never change. Raises NotFound."""
        found = self._kinds.get(conversation_id)
        if found is None:
            thread = await self._store.read(lambda reads: reads.thread(conversation_id))
            if thread is None:
                raise errors.no_such_conversation()
            found = self._remember(thread)
        return found

    def _remember(self, thread: Conversation) -> tuple[ConversationKind, str]:
        while len(self._kinds) >= _KINDS_KEPT:
            del self._kinds[next(iter(self._kinds))]
        found = self._kinds[thread.id] = (thread.kind, thread.domain_id)
        return found

    async def _calls_in(
        self, principal: Principal, asked: Standing, before: Position | None, limit: int
    ) -> Sequence[TimelineItem]:
        """Those of the user with the one other party of a thread; a group has none."""
        thread, user_id = asked.thread, principal.user_id
        if user_id is None:
            return ()
        if thread.direct_key is not None:
            peer = next(one for one in thread.direct_key.split(":") if one != user_id)
        elif len(thread.peers) == 1:
            peer = thread.peers[0]
        else:
            return ()
        bound = None if before is None else (before[0], f"clog_{before[1]}")
        calls = await self._calls.calls_between(user_id, peer, bound, limit)
        return merged((), (), calls, limit)

    async def _contacts_of(self, principal: Principal, targets: Sequence[Target]) -> dict[str, Contact]:
        wanted = {one.contact_id for one in targets if one.contact_id is not None}
        return {one: await self._contacts.get(principal, one) for one in sorted(wanted)}

    async def _changed(self, principal: Principal, work: Callable[[ThreadChanges], Standing]) -> ThreadView:
        seen = await self._store.change(lambda changes: view(changes, work(changes), changes.now_ms))
        return await self._named(principal, seen)

    async def _named(self, principal: Principal, seen: ThreadView) -> ThreadView:
        if not seen.peers:
            return seen
        numbers = [one.number for one in seen.peers]
        domain_id = seen.conversation.domain_id
        return named(seen, await self._names.names_of(domain_id, principal.user_id, numbers))


def _standings(reads: ThreadReads, principal: Principal, threads: Sequence[Conversation]) -> list[Standing]:
    """What the principal is to threads that a list has found for them."""
    user_id = principal.user_id
    if user_id is None:
        return [Standing(one, None, False) for one in threads]
    rows = reads.members([one.id for one in threads])
    since = {one.e164: one.since for one in reads.numbers_of(user_id)}
    return [
        Standing(
            one,
            side_of(one, user_id, rows.get(one.id, ()), since),
            is_chat(one) or one.number in since,
        )
        for one in threads
    ]


def _check_text(say: Say) -> None:
    """Raises InvalidRequest `text_empty`, `text_too_long` or `text_invalid`."""
    if say.validity_s is not None:
        raise errors.invalid("validity_s", "What is said in a chat does not expire.")
    if say.client_id is not None and not 1 <= len(say.client_id) <= _MAX_CLIENT_ID:
        raise errors.invalid("client_id", f"A client_id has 1 to {_MAX_CLIENT_ID} characters.")
    text = say.text
    if not text.strip():
        raise InvalidRequest("The text is empty.", code="text_empty", field="/text")
    if len(text) > MOST_TEXT:
        raise InvalidRequest(
            f"A message of a chat has at most {MOST_TEXT} characters.", code="text_too_long", field="/text"
        )
    if "\0" in text or not _encodable(text):
        raise InvalidRequest(
            "The text has a character that cannot be kept.", code="text_invalid", field="/text"
        )


def _encodable(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_limit(page: PageRequest) -> None:
    if not 1 <= page.limit <= _MAX_PAGE:
        raise InvalidRequest(f"Give a limit of 1 to {_MAX_PAGE}.", field="/limit")


def _list_position(page: PageRequest) -> tuple[int, str] | None:
    _check_limit(page)
    if page.cursor is None:
        return None
    last_ms, _, conversation_id = page.cursor.partition(".")
    digits = last_ms.isascii() and last_ms.isdigit() and len(last_ms) <= 15
    if not digits or not is_id(conversation_id, "conv"):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(last_ms), conversation_id
