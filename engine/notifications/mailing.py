"""Mail about what stays unread: one for everything, and none before something new comes.

Who is to be looked at is on disk before the event counts as heard, and events a crash left unheard are
read from the log. What a mail tells is decided when it is due. It is sent at least once: it is noted as
begun, sent, noted as told. An engine that dies between the last two sends it again after its start, with
the same content and the same Message-ID, by which mail programs know it; nothing else is sent twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping

import structlog

from engine.clock import Clock
from engine.errors import EngineError, PeerRejected, StorageUnavailable
from engine.events import Event
from engine.ids import first_id_at, is_id, new_id
from engine.notifications.letters import digest_mail, test_mail
from engine.notifications.models import Digest, DueMail, Language, Mail, NotificationSettings, Reach
from engine.notifications.ports import Mailer, MailQueue, Names, NotificationStore
from engine.office_hours import read_office_hours

log = structlog.get_logger()

#: What is made now may be committed a little later: a mail goes no further than this long ago.
SETTLED_MS = 10_000
#: Messages shown of each conversation.
MESSAGES_SHOWN = 10
_LOOK_EVERY_S = 1.0
_AT_ONCE = 4
_FETCHED = 40
#: Pauses after a mail that could not be handed over; they double.
_FIRST_PAUSE_MS = 60_000
_LONGEST_PAUSE_MS = 3_600_000
_GIVE_UP_AFTER_MS = 24 * 3_600_000
#: A server that cannot be reached is left alone for so long, by all mails.
_REST_S = 30.0
_SAVE_POSITIONS_EVERY_S = 30.0
_RETRY_S = 1.0
#: What a mail that is being handed over gets when the engine stops.
_STOP_WITHIN_S = 5.0
_KEY = "unsubscribe"


class Mailing:
    """links: where pages and the API are found from outside; None leaves links out."""

    def __init__(
        self,
        store: NotificationStore,
        queue: MailQueue,
        names: Names,
        mailer: Mailer,
        clock: Clock,
        *,
        portal_url: str | None,
        api_url: str | None,
        told_by_mail: Collection[str],
    ) -> None:
        self._store = store
        self._queue = queue
        self._names = names
        self._mailer = mailer
        self._clock = clock
        self._portal_url = portal_url
        self._api_url = api_url
        self._types = told_by_mail
        self._noted: set[str] = set()
        self._positions: dict[str, int] = {}
        self._high_water: dict[str, int] = {}
        #: Whether nothing waits to be looked at; whoever calls `note` says so.
        self.nothing_waits: Callable[[], bool] = lambda: False
        self._heard_all = asyncio.Event()
        self._behind = False
        self._rest_until = 0.0

    def fell_behind(self) -> None:
        """Events were dropped: they are read from the log."""
        self._behind = True

    async def note(
        self, reach: Mapping[str, Reach], at_ms: Mapping[str, int], batch: Collection[Event]
    ) -> None:
        """Something happened at these times that these users may have to be told of; then the batch counts
        as heard.

        Raises StorageUnavailable; nothing counts as heard then.
        """
        await self._heard_all.wait()
        for event in batch:
            self._positions[event.stream] = max(event.seq, self._positions.get(event.stream, 0))
        due = {
            user_id: _due(one, at_ms[user_id]) for user_id, one in reach.items() if user_id not in self._noted
        }
        if due and not self._behind:
            await self._queue.note(due, self._positions)
            self._noted.update(due)
            self._positions.clear()

    async def run(self) -> None:
        """Send until cancelled."""
        next_save = self._clock.monotonic() + _SAVE_POSITIONS_EVERY_S
        self._behind = True
        while True:
            try:
                if self._behind:
                    await self.read_log()
                now = self._clock.monotonic()
                if now >= next_save:
                    next_save = now + _SAVE_POSITIONS_EVERY_S
                    await self.keep_positions()
                if now >= self._rest_until:
                    await self.send_due()
            except StorageUnavailable as error:
                log.warning("notifications.mail_waits", code=error.code)
                await asyncio.sleep(_RETRY_S)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def read_log(self) -> None:
        """Note whom events concern that nobody has heard; the first thing after a start.

        Muted and read things are left out when due. Raises StorageUnavailable.
        """
        self._noted = set(await self._queue.waiting())
        self._behind = False
        high_water = await self._queue.high_water()
        reach = {one.user_id: one for one in await self._store.reach(None) if one.email is not None}
        if not reach:
            await self._queue.note({}, high_water)
        while events := await self._queue.missed_events(self._types):
            due: dict[str, tuple[int, str]] = {}
            positions: dict[str, int] = {}
            for event in events:
                positions[event.stream] = event.seq
                author = event.data.get("user_id") if event.type == "message.created" else None
                for user_id in event.user_ids:
                    if user_id in reach and user_id != author:
                        due.setdefault(user_id, _due(reach[user_id], event.at_ms))
            await self._queue.note(due, positions)
            self._noted.update(due)
        self._heard_all.set()

    async def keep_positions(self) -> None:
        """Keep how far events were heard, also where none concerned anybody, so that a start need not read
        them again. Called now and then: what was committed at the last call was heard since.

        Raises StorageUnavailable.
        """
        if self._high_water and self.nothing_waits() and not self._behind:
            await self._queue.note({}, self._high_water)
        self._high_water = dict(await self._queue.high_water())

    async def send_due(self) -> None:
        """Send what is due by now. Raises StorageUnavailable."""
        found = await self._queue.due(self._clock.now_ms(), _FETCHED)
        for at in range(0, len(found), _AT_ONCE):
            some = [asyncio.ensure_future(self._look(due)) for due in found[at : at + _AT_ONCE]]
            try:
                # None of them is interrupted while its mail goes out, by the others or by the engine's end.
                await asyncio.shield(asyncio.wait(some))
            except asyncio.CancelledError:
                await asyncio.wait(some, timeout=_STOP_WITHIN_S)
                for one in some:
                    one.cancel()
                raise
            for failure in [one.exception() for one in some]:
                if failure is not None:
                    raise failure
            if self._clock.monotonic() < self._rest_until:
                return

    async def test(self, user_id: str) -> bool:
        """Send a mail that says that mails arrive; False for somebody who gets none. Raises EngineError."""
        now_ms = self._clock.now_ms()
        digest = await self._queue.digest(user_id, position_at(now_ms), position_at(now_ms), 1, now_ms)
        if digest is None:
            return False
        await self._mailer.send(test_mail(new_id("mail"), digest, await self._link(user_id)))
        return True

    async def unsubscribe(self, token: str) -> bool:
        """End mails by the link of one; whether it is one of ours."""
        user_id = await self.user_of(token)
        return user_id is not None and await self._queue.end_mails(user_id)

    async def language_of(self, token: str) -> Language | None:
        """What whose mails a link ends reads; None for a link that is not ours."""
        user_id = await self.user_of(token)
        return None if user_id is None else (await self._store.settings(user_id)).email_language

    async def user_of(self, token: str) -> str | None:
        """Whose mails a link ends."""
        user_id, _, _ = token.partition(".")
        if not is_id(user_id, "usr"):
            return None
        return (
            user_id if hmac.compare_digest(token.encode(), (await self.token_of(user_id)).encode()) else None
        )

    async def _look(self, due: DueMail) -> None:
        """Tell one user what they have not read. Raises StorageUnavailable."""
        self._noted.discard(due.user_id)  # what comes from here on is noted anew
        now_ms = self._clock.now_ms()
        through = due.through or position_at(now_ms - SETTLED_MS)
        digest = await self._queue.digest(due.user_id, due.told_through, through, MESSAGES_SHOWN, now_ms)
        if digest is None:
            await self._queue.finish(due, through, None, now_ms)
            return
        opens_ms = _opens_ms(digest.settings, now_ms)
        if opens_ms is not None:
            await self._queue.postpone(due.user_id, opens_ms)
            self._noted.add(due.user_id)
            return
        if digest.unread:
            mail_id = due.mail_id or new_id("mail")
            await self._queue.begin(due.user_id, mail_id, through, now_ms)
            if not await self._sent(due, await self._written(mail_id, digest), now_ms):
                self._noted.add(due.user_id)
                return
        wait_ms = _wait_ms(digest.settings)
        again_ms = None if digest.later_ms is None else digest.later_ms + wait_ms
        await self._queue.finish(due, through, again_ms, now_ms + wait_ms)

    async def _sent(self, due: DueMail, mail: Mail, now_ms: int) -> bool:
        """Whether nothing is left to be done for this mail."""
        try:
            await self._mailer.send(mail)
        except PeerRejected as error:
            # What comes next is tried again: a mailbox that was full may have room.
            log.warning("notifications.mail_refused", user=due.user_id, mail=mail.mail_id, **error.native)
            return True
        except EngineError as error:
            log.warning("notifications.mail_failed", user=due.user_id, mail=mail.mail_id, code=error.code)
            self._rest_until = self._clock.monotonic() + _REST_S
            if now_ms - (due.first_attempt_ms or now_ms) > _GIVE_UP_AFTER_MS:
                return True
            pause_ms = min(_FIRST_PAUSE_MS << min(due.attempts, 10), _LONGEST_PAUSE_MS)
            await self._queue.postpone(due.user_id, now_ms + pause_ms)
            return False
        log.info("notifications.mail_sent", user=due.user_id, mail=mail.mail_id)
        return True

    async def _written(self, mail_id: str, digest: Digest) -> Mail:
        numbers = {one.peer for one in digest.unread if one.peer is not None}
        known = await self._names.names_of(digest.domain_id, digest.user_id, numbers) if numbers else {}
        names = {number: found.name for number, found in known.items()}
        return digest_mail(mail_id, digest, names, self._portal_url, await self._link(digest.user_id))

    async def _link(self, user_id: str) -> str | None:
        if self._api_url is None:
            return None
        return f"{self._api_url.rstrip('/')}/v1/unsubscribe?token={await self.token_of(user_id)}"

    async def token_of(self, user_id: str) -> str:
        """What a link that ends the mails of a user holds."""
        key = await self._store.key(_KEY, _fresh_key)
        return f"{user_id}.{hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()}"


def position_at(at_ms: int) -> str:
    """The digits of the smallest id that may have been made then."""
    return first_id_at("msg", at_ms).removeprefix("msg_")


def _due(reach: Reach, at_ms: int) -> tuple[int, str]:
    """When to look at a user, and the position after which there is something to tell."""
    return at_ms + _wait_ms(reach.settings), position_at(at_ms - SETTLED_MS)


def _wait_ms(settings: NotificationSettings) -> int:
    return settings.email_after_minutes * 60_000


def _opens_ms(settings: NotificationSettings, now_ms: int) -> int | None:
    hours = settings.working_hours
    return None if hours is None else read_office_hours(hours.hours, hours.time_zone).opens_ms(now_ms)


def _fresh_key() -> bytes:
    return secrets.token_bytes(32)
