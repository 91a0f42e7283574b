"""Keeps the mirror what the PBXs have: a look at each mailbox when its PBX tells of it, and every while.

Scans and changes of one mailbox never overlap, or a listing taken before a change could undo it on screen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping

import structlog

from engine.errors import EngineError
from engine.voicemail.models import Box, Listing, Mailbox, MailboxState
from engine.voicemail.ports import Spool, VoicemailPbx, VoicemailStore

log = structlog.get_logger(__name__)

# A spool is a disk that the PBX records to; so many looks at once do not disturb it.
_AT_ONCE = 4


class Watch:
    """spools, pbxs: by name of the PBX. scan_every_s: see `VoicemailSettings`."""

    def __init__(
        self,
        store: VoicemailStore,
        spools: Mapping[str, Spool],
        pbxs: Mapping[str, VoicemailPbx],
        scan_every_s: float,
    ) -> None:
        self._store = store
        self._spools = spools
        self._pbxs = pbxs
        self._scan_every_s = scan_every_s
        self._tokens: dict[str, str] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._due: set[tuple[str, str, str]] = set()
        self._all_due = True
        self._news = asyncio.Event()
        for name, pbx in pbxs.items():
            pbx.on_news(lambda context, mailbox, name=name: self._told(name, context, mailbox))  # type: ignore[misc]

    def wake(self, mailbox: Mailbox) -> None:
        """Look at this one now."""
        box = mailbox.box
        self._told(box.pbx, box.context, box.mailbox)

    async def run(self) -> None:
        """Look until cancelled; nothing that fails ends it."""
        loop = asyncio.get_running_loop()
        next_round = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_round):
                    await self._news.wait()
            self._news.clear()
            # Whoever is due now is looked at now; what is told meanwhile makes the next round.
            everything, due = self._all_due or loop.time() >= next_round, self._due
            self._all_due, self._due = False, set()
            if everything:
                next_round = loop.time() + self._scan_every_s
            try:
                mailboxes = await self._store.mailboxes()
            except EngineError as error:
                log.warning("voicemail.scan_failed", code=error.code)
                continue
            self._forget_others(mailboxes)
            await self._look_at([one for one in mailboxes if everything or _key(one.box) in due])

    @contextlib.asynccontextmanager
    async def undisturbed(self, *mailboxes: Mailbox) -> AsyncIterator[None]:
        """No scan of these mailboxes while the block runs, and none but it changes them."""
        async with contextlib.AsyncExitStack() as stack:
            for one in sorted({mailbox.id for mailbox in mailboxes}):
                await stack.enter_async_context(self._locks[one])
            yield

    async def look(self, mailbox: Mailbox) -> None:
        """Make the mirror of a mailbox what there is, within `undisturbed`. Raises EngineError."""
        await self._take(mailbox, known=None)

    def _told(self, pbx: str, context: str, mailbox: str) -> None:
        if mailbox:
            self._due.add((pbx, context, mailbox))
        else:
            self._all_due = True
        self._news.set()

    def _forget_others(self, mailboxes: Iterable[Mailbox]) -> None:
        here = {one.id for one in mailboxes}
        for known in [one for one in self._tokens if one not in here]:
            del self._tokens[known]
        for idle in [one for one, lock in self._locks.items() if one not in here and not lock.locked()]:
            del self._locks[idle]

    async def _look_at(self, mailboxes: Iterable[Mailbox]) -> None:
        waiting = iter(mailboxes)

        async def some() -> None:
            for one in waiting:
                await self._try(one)

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(some())

    async def _try(self, mailbox: Mailbox) -> None:
        try:
            async with self.undisturbed(mailbox):
                known = self._tokens.get(mailbox.id) if mailbox.state is MailboxState.OK else None
                await self._take(mailbox, known)
        except EngineError as error:
            if error.code == "voicemail_busy":
                return  # somebody listens to it by phone: the next round finds it at rest
            if mailbox.state is not MailboxState.UNAVAILABLE:
                log.warning("voicemail.mailbox_unavailable", mailbox=mailbox.id, code=error.code)
            with contextlib.suppress(EngineError):
                await self._store.unavailable(mailbox)
        except Exception:
            log.exception("voicemail.scan_failed", mailbox=mailbox.id)

    async def _take(self, mailbox: Mailbox, known: str | None) -> None:
        spool = self._spools.get(mailbox.box.pbx)
        if spool is None:
            return  # its PBX is not configured any more
        listing = await spool.listing(mailbox.box, known)
        if listing is not None and listing.unnamed:
            listing = await self._named(spool, mailbox.box, listing)
        if listing is not None:
            await self._store.take(mailbox, listing)
            self._tokens[mailbox.id] = listing.token

    async def _named(self, spool: Spool, box: Box, listing: Listing) -> Listing:
        """The listing with those messages that had no id: the PBX gives them one when it is asked."""
        pbx = self._pbxs.get(box.pbx)
        if pbx is None:
            return listing
        try:
            await pbx.name_messages(box)
        except EngineError as error:
            log.info("voicemail.messages_not_named", pbx=box.pbx, code=error.code)
            return listing
        return await spool.listing(box) or listing


def _key(box: Box) -> tuple[str, str, str]:
    return box.pbx, box.context, box.mailbox
