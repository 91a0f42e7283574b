"""Conversations: chats of users and threads of texts, who is in them, and what is said there.

A thread is its id; what kind it is was decided by whom it was started with, and never changes. Who may
see it is decided in `access` and nowhere else, inside the transaction that shows or changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.clock import Clock
from engine.contacts.models import Contact
from engine.conversations import errors, membership, moving, personal, starting
from engine.conversations.access import (
    Standing,
    assigned_users,
    concerned,
    domain_meant,
    is_chat,
    standing,
)
from engine.conversations.claims import Claims
from engine.conversations.drafts import Drafts
from engine.conversations.history import History, check_limit
from engine.conversations.models import (
    AddMembers,
    Conversation,
    Explanation,
    Left,
    ListThreads,
    Member,
    Say,
    StartConversation,
    Target,
    ThreadView,
    UnreadTotals,
)
from engine.conversations.ports import (
    AddressBook,
    Announcer,
    CallLog,
    Names,
    Texts,
    ThreadChanges,
    ThreadReads,
    ThreadStore,
    VoicemailLog,
)
from engine.conversations.rewriting import Rewriting
from engine.conversations.saying import RenderMessage, Saying
from engine.conversations.strangers import Strangers
from engine.conversations.typing_limits import TypingLimits
from engine.conversations.views import MOST_UNREAD, known, named, side_of, view, views
from engine.errors import InvalidRequest
from engine.events import domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import is_id, new_id
from engine.messaging.models import Message

R = TypeVar("R")

_FIRST_PAGE = PageRequest()
_ALL = ListThreads()
_STRANGERS = Strangers()


class Conversations:
    """The threads a principal may see. Every method may raise StorageUnavailable.

    history: what was said and what happened in them. claims: who answers texts to a shared number.
    rewriting: what is done to messages of chats afterwards. drafts: what is written and not sent.
    """

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
        voicemails: VoicemailLog = _STRANGERS,
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._names = names
        self._announcer = announcer
        self._clock = clock
        self._typing = TypingLimits()
        self._saying = Saying(store, texts, clock)
        self.history = History(store, calls, voicemails)
        self.claims = Claims(store, self)
        self.rewriting = Rewriting(store, texts, self.history)
        self.drafts = Drafts(store)

    # Starting and finding.

    async def explain(self, principal: Principal, wanted: StartConversation) -> Explanation:
        """What starting this conversation would do. Raises what `start` raises, in the same words."""
        contacts = await self._contacts_of(principal, wanted.to)

        def work(reads: ThreadReads) -> tuple[starting.Plan, int, int]:
            plan = starting.decide(reads, principal, wanted, contacts)
            if plan.number is None:
                return plan, 0, 0
            ours = plan.number.e164
            users = reads.users_of(plan.domain.id, [ours]).get(ours, ())
            me = None if plan.actor is None else plan.actor.user_id
            stopped = reads.stopped([(ours, peer) for peer in plan.who.numbers])
            return plan, sum(user_id != me for user_id in users), len(stopped)

        plan, colleagues, stopped = await self._store.read(work)
        names = await self._names.names_of(plan.domain.id, principal.user_id, plan.who.numbers)
        return Explanation(
            plan.who.kind,
            None if plan.existing is None else plan.existing.id,
            plan.number,
            plan.numbers,
            plan.who.people,
            tuple(known(one, names) for one in plan.who.numbers),
            starting.consequences(plan, colleagues, stopped),
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
            self._saying.remember(started[0].conversation)
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
            rows = reads.members([one.id for one in found])
            standings = _standings(reads, principal, found, rows)
            return domain.id, views(reads, standings, self._clock.now_ms(), rows)

        domain_id, found = await self._store.read(work)
        numbers = {one.number for seen in found for one in seen.peers}
        names = await self._names.names_of(domain_id, principal.user_id, numbers) if numbers else {}
        items = tuple(named(seen, names) for seen in found[: page.limit])
        if len(found) <= page.limit:
            return Page(items, None)
        last = items[-1].conversation
        return Page(items, f"{last.last_message_ms}.{last.id}")

    async def unread_totals(self, principal: Principal) -> UnreadTotals:
        """What the user's badge shows. Raises Forbidden `no_user`."""
        user_id, domain_id = principal.user_id, principal.domain_id
        if user_id is None or domain_id is None:
            raise errors.user_required()
        return await self._store.read(lambda reads: reads.totals(domain_id, user_id, MOST_UNREAD))

    # What is said.

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
        return await self._saying.say(principal, conversation_id, say, claim, render)

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

        Raises NotFound or Forbidden `no_user`.
        """
        asked = await self._store.read(lambda reads: standing(reads, principal, conversation_id))
        side = asked.require_side()
        await self._store.mark_read(conversation_id, side, through or asked.thread.last_item_id)
        return await self.get(principal, conversation_id)

    async def typing(self, principal: Principal, conversation_id: str) -> None:
        """Tell the others that the user is writing; they hear of it at once or never.

        Raises NotFound, Forbidden `no_user`, or RateLimited.
        """
        user_id = principal.user_id
        if user_id is None:
            await self._store.read(lambda reads: standing(reads, principal, conversation_id))
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


def _standings(
    reads: ThreadReads,
    principal: Principal,
    threads: Sequence[Conversation],
    rows: Mapping[str, Sequence[Member]],
) -> list[Standing]:
    """What the principal is to threads that a list has found for them."""
    user_id = principal.user_id
    if user_id is None:
        return [Standing(one, None, False) for one in threads]
    since = {one.e164: one.since for one in reads.numbers_of(user_id)}
    return [
        Standing(
            one,
            side_of(one, user_id, rows.get(one.id, ()), since),
            is_chat(one) or one.number in since,
        )
        for one in threads
    ]


def _list_position(page: PageRequest) -> tuple[int, str] | None:
    check_limit(page)
    if page.cursor is None:
        return None
    last_ms, _, conversation_id = page.cursor.partition(".")
    digits = last_ms.isascii() and last_ms.isdigit() and len(last_ms) <= 15
    if not digits or not is_id(conversation_id, "conv"):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(last_ms), conversation_id
