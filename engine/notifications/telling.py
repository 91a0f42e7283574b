"""Who hears of what, and where: one notifier for each thing that happens, whatever a user has open.

Committed events are gathered and looked at together, so that a thousand messages cost the queries of
one; what concerns nobody who could be told costs a look into a set. The page in use is asked first; one
that does not answer, or is closed, loses its turn to the next, and without pages it is a push. What is
read, taken back or muted is withdrawn wherever it was shown. Mail is `mailing`'s.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import structlog

from engine.accounts.models import Principal
from engine.clock import Clock
from engine.errors import StorageUnavailable
from engine.events import Event, domain_stream
from engine.ids import new_id
from engine.notifications.ledger import Ledger, Shown
from engine.notifications.mailing import Mailing
from engine.notifications.models import (
    Channel,
    Kind,
    News,
    Notice,
    NotificationSettings,
    Reach,
    ScreenState,
)
from engine.notifications.notices import changed_in, is_working, notice_of, tag_of
from engine.notifications.ports import Names, NotificationStore, Show
from engine.notifications.pushing import Pushes
from engine.notifications.screens import Screens
from engine.notifications.words import concerns

log = structlog.get_logger()

#: Events that may wait; beyond it live notifications are dropped, and mail is made up from the log.
QUEUE = 20_000
#: Looked at together.
_AT_ONCE = 500
#: What came within this time is looked at together; nobody notices it.
_GATHER_S = 0.05
_TICK_S = 1.0
_RETRY_S = 1.0
#: Told live only while it is fresh: a scan or a late carrier must not make a phone ring for old things.
_FRESH_MS = 15 * 60_000

_WITHDRAWS = frozenset(
    {
        "conversation.read",
        "conversation.updated",
        "message.updated",
        "call_log.seen",
        "voicemail.updated",
        "voicemail.deleted",
    }
)
#: What a mail may tell of; these are looked for in the log after a start.
TOLD_BY_MAIL = frozenset({"message.created", "call_log.created", "voicemail.created"})


class Screen:
    """One open page, as its connection holds it."""

    def __init__(self, telling: Telling, principal: Principal, show: Show) -> None:
        self._telling = telling
        self._person = principal.user_id if principal.kind in ("token", "session") else None
        self.show = show

    def report(self, state: ScreenState, conversation_id: str | None) -> None:
        """What the page is used for right now. A server's connection takes no part."""
        if self._person is not None:
            self._telling.reported(self._person, self, state, conversation_id)

    def shows(self, notice_id: str) -> None:
        """The page says that it shows a notification."""
        if self._person is not None:
            self._telling.answered(self._person, self, notice_id)

    def close(self) -> None:
        if self._person is not None:
            self._telling.closed(self._person, self)


class Telling:
    """pushes, mailing: None where nothing is set up for them. quiet: whether a user wants no notifications
    right now; what they miss is told by mail all the same.
    """

    def __init__(
        self,
        store: NotificationStore,
        names: Names,
        pushes: Pushes | None,
        mailing: Mailing | None,
        clock: Clock,
        *,
        acknowledge_s: float,
        quiet: Callable[[str], bool] = lambda user_id: False,
    ) -> None:
        self._quiet = quiet
        self._store = store
        self._names = names
        self._pushes = pushes
        self._mailing = mailing
        self._clock = clock
        self._acknowledge_s = acknowledge_s
        self._screens = Screens()
        self._ledger = Ledger()
        self._reach: dict[str, Reach] = {}
        self._reachable: set[str] = set()  # without an open page
        self._wanted: set[str] = set()  # those, and who has a page open
        self._known = False
        self._stale: set[str] = set()
        # With whoever had the conversation before them when it happened.
        self._waiting: deque[tuple[Event, frozenset[str]]] = deque()
        self._news = asyncio.Event()
        if mailing is not None:
            mailing.nothing_waits = lambda: not self._waiting

    # Pages.

    def open(self, principal: Principal, show: Show) -> Screen:
        """A page was opened; close what it gets."""
        return Screen(self, principal, show)

    def reported(self, user_id: str, screen: Screen, state: ScreenState, thread: str | None) -> None:
        self._screens.report(user_id, screen, state, thread, self._clock.monotonic())
        self._wanted.add(user_id)

    def answered(self, user_id: str, screen: Screen, notice_id: str) -> None:
        self._ledger.answered(user_id, screen, notice_id)

    def closed(self, user_id: str, screen: Screen) -> None:
        if self._screens.closed(user_id, screen) and user_id not in self._reachable:
            self._wanted.discard(user_id)
        for shown in self._ledger.unanswered_on(user_id, screen):
            self._show(shown)

    # Events.

    def hear(self, event: Event) -> None:
        """An event was committed. Called for every one: what concerns nobody here is a look into a set."""
        kind = event.type
        looking: frozenset[str] = frozenset()
        if kind == "message.created":
            if self._known and self._wanted.isdisjoint(event.user_ids):
                return
            thread = str(event.data.get("conversation_id"))
            looking = frozenset(one for one in event.user_ids if self._screens.looks_at(one, thread))
        elif kind in ("call_log.created", "voicemail.created"):
            if self._known and self._wanted.isdisjoint(event.user_ids):
                return
        elif kind in _WITHDRAWS:
            self._withdraw(event)
            return
        elif kind.startswith("user.") or kind == "notification.updated":
            self._stale.add(event.subject)
        else:
            return
        if len(self._waiting) < QUEUE:
            self._waiting.append((event, looking))
        elif self._mailing is not None:
            self._mailing.fell_behind()
        self._news.set()

    async def run(self) -> None:
        """Tell until cancelled; a database that is down delays, and costs what is live."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work(), name="notifications.tell")
            group.create_task(self._keep_time(), name="notifications.time")
            if self._pushes is not None:
                group.create_task(self._pushes.run(), name="notifications.push")
            if self._mailing is not None:
                group.create_task(self._mailing.run(), name="notifications.mail")

    # What is asked for by the user.

    async def test(self, user_id: str, channel: Channel | None) -> Channel | None:
        """Show something on a page, or push it; by this channel, or the one that would be taken.

        None when there is none.
        """
        (reach,) = await self._store.reach([user_id]) or (None,)
        if reach is None:
            return None
        self._take_reach([reach])
        notice = notice_of(
            News(new_id("ntf"), Kind.TEST, reach.domain_id, (user_id,), self._clock.now_ms()),
            reach.settings,
            user_id,
            None,
            None,
        )
        if channel in (None, Channel.SCREEN):
            if self._screens.has(user_id):
                self._show(self._ledger.put(notice))
                return Channel.SCREEN
            if channel is Channel.SCREEN:
                return None
        if self._pushes is not None and await self._store.subscriptions(user_id):
            shown = self._ledger.put(notice)
            self._pushes.push(shown)
            return Channel.PUSH
        return None

    # Time and work.

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.tick()

    def tick(self) -> None:
        """Pages that did not say in time that they show something lose their turn."""
        for shown in self._ledger.overdue(self._clock.monotonic()):
            self._show(shown)

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(_GATHER_S)
            self._news.clear()
            try:
                await self.catch_up()
            except StorageUnavailable as error:
                log.warning("notifications.wait", events=len(self._waiting), code=error.code)
                await asyncio.sleep(_RETRY_S)
                self._news.set()

    async def catch_up(self) -> None:
        """Look at everything that waits. Raises StorageUnavailable; what was not looked at still waits."""
        if not self._known:
            self._take_reach(await self._store.reach(None))
            self._known = True
        while self._stale or self._waiting:
            if self._stale:
                stale = set(self._stale)
                fresh = await self._store.reach(stale)
                self._stale -= stale
                self._forget(stale)
                self._take_reach(fresh)
            batch = [self._waiting[at] for at in range(min(_AT_ONCE, len(self._waiting)))]
            await self._look_at(batch)
            for _ in batch:
                self._waiting.popleft()

    async def _look_at(self, heard: Collection[tuple[Event, frozenset[str]]]) -> None:
        batch = [event for event, _ in heard]
        looking = {event.subject: users for event, users in heard}
        messages: dict[str, tuple[str, ...]] = {}
        calls: list[str] = []
        voicemails: dict[str, tuple[str, ...]] = {}
        for event in batch:
            author = event.data.get("user_id")
            told = tuple(one for one in event.user_ids if one in self._wanted and one != author)
            if event.type == "message.created":
                self._author_has_read(author, event)
                if told and event.data.get("direction") != "outbound":
                    messages[event.subject] = told
            elif event.type == "call_log.created" and event.data.get("missed"):
                calls.append(event.subject)
            elif event.type == "voicemail.created" and told and not event.data.get("heard"):
                voicemails[event.subject] = told
        found: Collection[News] = ()
        if messages or calls or voicemails:
            found = await self._store.news(messages, calls, voicemails, self._clock.now_ms())
            await self._know({user_id for news in found for user_id in news.user_ids})
        to_mail: dict[str, int] = {}
        latest: dict[tuple[str, str], tuple[News, int]] = {}
        for news in found:
            for user_id in news.user_ids:
                reach = self._reach.get(user_id)
                if reach is None or not self._is_told(news, user_id, reach.settings):
                    continue
                if reach.email is not None:
                    to_mail.setdefault(user_id, news.at_ms)
                if user_id in looking[news.id]:
                    continue
                key = (user_id, tag_of(news))
                latest[key] = (news, latest[key][1] + 1 if key in latest else 1)
        if self._mailing is not None:
            await self._mailing.note({one: self._reach[one] for one in to_mail}, to_mail, batch)
        for (user_id, _), (news, count) in latest.items():
            await self._tell(news, user_id, count)

    async def _know(self, user_ids: Collection[str]) -> None:
        unknown = [one for one in user_ids if one not in self._reach]
        if unknown:
            self._take_reach(await self._store.reach(unknown))

    def _take_reach(self, found: Collection[Reach]) -> None:
        for reach in found:
            self._reach[reach.user_id] = reach
            by_push = reach.pushes and self._pushes is not None
            by_mail = reach.email is not None and self._mailing is not None
            if by_push or by_mail:
                self._reachable.add(reach.user_id)
                self._wanted.add(reach.user_id)

    def _forget(self, user_ids: Collection[str]) -> None:
        for user_id in user_ids:
            self._reach.pop(user_id, None)
            self._reachable.discard(user_id)
            if not self._screens.has(user_id):
                self._wanted.discard(user_id)

    def _is_told(self, news: News, user_id: str, settings: NotificationSettings) -> bool:
        if not settings.wants(news.kind):
            return False
        side = news.sides.get(user_id)
        return side is None or concerns(news, side)

    async def _tell(self, news: News, user_id: str, count: int) -> None:
        """Notify by a page or a push, if the user wants to be told now."""
        reach = self._reach[user_id]
        now_ms = self._clock.now_ms()
        if self._quiet(user_id) or not is_working(reach.settings, now_ms) or now_ms - news.at_ms > _FRESH_MS:
            return
        if news.conversation_id is not None and self._screens.looks_at(user_id, news.conversation_id):
            return
        name = None
        if news.author is None and news.peer is not None:
            name = await self._name_of(news.domain_id, user_id, news.peer)
        notice = replace(notice_of(news, reach.settings, user_id, news.conversation_id, name), count=count)
        self._show(self._ledger.put(notice))

    async def _name_of(self, domain_id: str, user_id: str, number: str) -> str | None:
        try:
            known = await self._names.names_of(domain_id, user_id, [number])
        except StorageUnavailable:
            return None  # the number says enough
        return known[number].name if number in known else None

    # Showing and withdrawing.

    def _show(self, shown: Shown) -> None:
        """Give a notice to the page whose turn it is, else to a browser."""
        notice = shown.notice
        user_id = notice.user_id
        if shown.screen is not None:
            shown.tried.add(shown.screen)
        shown.screen, shown.answer_by = None, None
        looked_at = notice.conversation_id is not None and self._screens.looks_at(
            user_id, notice.conversation_id
        )
        if looked_at:
            self._ledger.take(user_id, lambda one: one is notice)
            return
        while (best := self._screens.best(user_id, shown.tried)) is not None:
            assert isinstance(best, Screen)
            if best.show("notify", domain_stream(notice.domain_id), notice.data()):
                shown.screen = best
                shown.answer_by = self._clock.monotonic() + self._acknowledge_s
                return
            shown.tried.add(best)
        reach = self._reach.get(user_id)
        if self._pushes is not None and reach is not None and reach.pushes:
            self._pushes.push(shown)

    def _withdraw(self, event: Event) -> None:
        data, subject = event.data, event.subject
        if event.type == "conversation.read":
            user_id = str(data.get("user_id"))
            through = str(data.get("read_through"))
            self._withdraw_of(user_id, subject, through)
        elif event.type == "conversation.updated":
            if changed_in(data) & {"muted", "deleted"}:
                for user_id in event.user_ids:
                    self._withdraw_of(user_id, subject, None)
        elif event.type == "message.updated":
            if "deleted" in changed_in(data):
                for user_id in event.user_ids:
                    self._take_back(user_id, lambda one: one.subject == subject)
        elif event.type == "call_log.seen":
            for user_id in event.user_ids:
                self._take_back(user_id, lambda one: one.kind is Kind.MISSED_CALL)
        elif event.type == "voicemail.deleted" or data.get("heard"):
            for user_id in event.user_ids:
                self._take_back(user_id, lambda one: one.subject == subject)

    def _author_has_read(self, author: object, event: Event) -> None:
        thread = event.data.get("conversation_id")
        if event.data.get("direction") == "internal" and isinstance(author, str) and isinstance(thread, str):
            self._withdraw_of(author, thread, event.subject)

    def _withdraw_of(self, user_id: str, conversation_id: str, through: str | None) -> None:
        if self._ledger.has(user_id):
            self._take_back(
                user_id,
                lambda one: (
                    one.conversation_id == conversation_id and (through is None or one.subject <= through)
                ),
            )

    def _take_back(self, user_id: str, wanted: Callable[[Notice], bool]) -> None:
        taken = self._ledger.take(user_id, wanted)
        if not taken:
            return
        notices = [shown.notice for shown in taken]
        data: Mapping[str, object] = {
            "ids": [notice.id for notice in notices],
            "tags": [notice.tag for notice in notices],
        }
        for screen in self._screens.all_of(user_id):
            assert isinstance(screen, Screen)
            screen.show("notify_withdrawn", domain_stream(notices[0].domain_id), data)
        if self._pushes is not None:
            for shown in taken:
                self._pushes.withdraw(shown)
