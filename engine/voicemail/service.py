"""Voicemail as users have it: list, listen, mark as heard, move, forward, delete.

Only the users of a mailbox reach what is in it: not a manager, not a server's key. The PBX makes every
change, and the mirror follows from a look at the spool, so what is answered is what the phone says too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from engine.accounts.models import FIRST_PAGE, Page, PageRequest, Principal
from engine.contacts.models import Named
from engine.errors import InvalidRequest
from engine.idempotency import Claim, Replayed
from engine.ids import is_id
from engine.voicemail.errors import (
    NoMailbox,
    Refused,
    SpoolUnavailable,
    invalid,
    no_such,
    no_such_voicemail,
    no_user,
)
from engine.voicemail.mailboxes import Mailboxes
from engine.voicemail.models import Folder, Mailbox, Voicemail, VoicemailFilter
from engine.voicemail.ports import Audio, Names, Position, Spool, VoicemailPbx, VoicemailStore
from engine.voicemail.watching import Watch

_MAX_PAGE = 200
_ALL = VoicemailFilter()

Change = Callable[[VoicemailPbx, Voicemail], Awaitable[bool]]


class Voicemails:
    """mailboxes: who has which. Every method may raise StorageUnavailable."""

    def __init__(
        self,
        store: VoicemailStore,
        watch: Watch,
        spools: Mapping[str, Spool],
        pbxs: Mapping[str, VoicemailPbx],
        names: Names,
        mailboxes: Mailboxes,
    ) -> None:
        self._store = store
        self._watch = watch
        self._spools = spools
        self._pbxs = pbxs
        self._names = names
        self._twins: dict[Claim, asyncio.Event] = {}
        self.mailboxes = mailboxes

    async def list(
        self, principal: Principal, chosen: VoicemailFilter = _ALL, page: PageRequest = FIRST_PAGE
    ) -> Page[Voicemail]:
        """Of one's own mailbox, newest first. Raises Forbidden `no_user` or InvalidRequest."""
        user_id = _user_of(principal)
        if not 1 <= page.limit <= _MAX_PAGE:
            raise InvalidRequest(f"Give a limit of 1 to {_MAX_PAGE}.", field="/limit")
        found = await self._store.list(user_id, chosen, _position(page), page.limit + 1)
        items = tuple(found[: page.limit])
        more = len(found) > page.limit
        return Page(items, f"{items[-1].received_ms}.{items[-1].id}" if more else None)

    async def get(self, principal: Principal, voicemail_id: str) -> Voicemail:
        """Raises Forbidden `no_user`, or NotFound."""
        return (await self._seen(principal, voicemail_id))[0]

    async def names_of(self, principal: Principal, voicemails: tuple[Voicemail, ...]) -> Mapping[str, Named]:
        """The contacts that callers of these are, by number."""
        numbers = {one.number for one in voicemails if one.number.startswith("+")}
        if not numbers:
            return {}
        return await self._names.names_of(voicemails[0].domain_id, principal.user_id, numbers)

    async def audio(self, principal: Principal, voicemail_id: str) -> Audio:
        """The recording, which the caller closes.

        Raises Forbidden `no_user`, NotFound, Conflict `voicemail_not_playable` or PeerUnavailable.
        """
        voicemail, _ = await self._seen(principal, voicemail_id)
        spool = self._spools.get(voicemail.box.pbx)
        if spool is None:
            raise SpoolUnavailable("The voicemail of this PBX is not configured.")
        return await spool.audio(voicemail.box, voicemail.message_id, voicemail.copy)

    async def move(self, principal: Principal, voicemail_id: str, to: Folder) -> Voicemail:
        """Put it into this folder; nothing is done where it is there already.

        Raises Forbidden `no_user`, NotFound, Conflict `voicemail_not_changeable`, PeerRejected
        `voicemail_refused`, PeerUnavailable or OutcomeUnknown.
        """

        async def change(pbx: VoicemailPbx, one: Voicemail) -> bool:
            return one.folder is to or await pbx.move(one.box, one.message_id, one.folder, to)

        voicemail, mailbox = await self._seen(principal, voicemail_id)
        if voicemail.folder is not to:
            await self._change(principal, voicemail, (mailbox,), change)
        return await self.get(principal, voicemail_id)

    async def mark(self, principal: Principal, voicemail_id: str, *, heard: bool) -> Voicemail:
        """As a phone does when it was listened to: out of the new ones, or back. Raises as `move` does."""
        voicemail = await self.get(principal, voicemail_id)
        if voicemail.heard is heard:
            return voicemail
        return await self.move(principal, voicemail_id, Folder.OLD if heard else Folder.INBOX)

    async def delete(self, principal: Principal, voicemail_id: str) -> None:
        """For good. Raises as `move` does."""
        voicemail, mailbox = await self._seen(principal, voicemail_id)

        async def change(pbx: VoicemailPbx, one: Voicemail) -> bool:
            return await pbx.remove(one.box, one.message_id, one.folder)

        await self._change(principal, voicemail, (mailbox,), change)

    async def forward(
        self,
        principal: Principal,
        voicemail_id: str,
        user_id: str,
        claim: Claim | None = None,
        render: Callable[[Voicemail], tuple[int, str]] | None = None,
    ) -> Voicemail | Replayed:
        """Copy it into the inbox of another user of the domain; returns the one forwarded.

        A repeated claim gets the answer kept for it. The PBX knows no claims: one who repeats after a
        crash between its answer and ours may forward twice. Raises as `move` does, and NoMailbox.
        """
        if claim is None:
            return await self._forward(principal, voicemail_id, user_id)
        assert render is not None
        async with self._twin(claim):
            earlier = await self._store.answered(claim)
            if earlier is not None:
                return earlier
            voicemail = await self._forward(principal, voicemail_id, user_id)
            await self._store.keep_answer(claim, *render(voicemail))
            return voicemail

    async def _forward(self, principal: Principal, voicemail_id: str, user_id: str) -> Voicemail:
        voicemail, mailbox = await self._seen(principal, voicemail_id)
        holder = await self._store.holder(user_id)
        if holder is None or holder.domain.id != voicemail.domain_id:
            raise no_such("user")
        to = None if holder.mailbox_id is None else await self._store.mailbox(holder.mailbox_id)
        if to is None or to.box.pbx != voicemail.box.pbx:
            raise NoMailbox("This user has no mailbox it could go to.", field="/user_id")
        if to.id == mailbox.id:
            raise invalid("user_id", "This user has it already: it is the same mailbox.")
        box = to.box

        async def change(pbx: VoicemailPbx, one: Voicemail) -> bool:
            return await pbx.forward(one.box, one.message_id, one.folder, box)

        await self._change(principal, voicemail, (mailbox, to), change)
        return voicemail

    async def _seen(self, principal: Principal, voicemail_id: str) -> tuple[Voicemail, Mailbox]:
        voicemail = await self._store.get(voicemail_id)
        mailbox = None if voicemail is None else await self._store.mailbox(voicemail.mailbox_id)
        if voicemail is None or mailbox is None:
            raise no_such_voicemail()
        if principal.user_id is None and await self.mailboxes.sees(principal, voicemail.domain_id):
            raise no_user()
        if principal.user_id not in mailbox.user_ids:
            raise no_such_voicemail()
        return voicemail, mailbox

    async def _change(
        self, principal: Principal, voicemail: Voicemail, touched: tuple[Mailbox, ...], change: Change
    ) -> None:
        """Have the PBX do it, and look. A message that was moved meanwhile is looked for once."""
        pbx = self._pbxs.get(voicemail.box.pbx)
        if pbx is None:
            raise SpoolUnavailable("The voicemail of this PBX is not configured.")
        async with self._watch.undisturbed(*touched):
            done = await change(pbx, voicemail)
            if not done:
                await self._watch.look(touched[0])
                again = await self.get(principal, voicemail.id)
                done = again.folder is not voicemail.folder and await change(pbx, again)
            # The change is made: what was not seen of it yet is seen by the next scan.
            for one in touched:
                with contextlib.suppress(SpoolUnavailable):
                    await self._watch.look(one)
        if not done:
            raise Refused

    @contextlib.asynccontextmanager
    async def _twin(self, claim: Claim) -> AsyncIterator[None]:
        """One at a time of those that repeat each other."""
        while (earlier := self._twins.get(claim)) is not None:
            await earlier.wait()
        self._twins[claim] = done = asyncio.Event()
        try:
            yield
        finally:
            del self._twins[claim]
            done.set()


def _user_of(principal: Principal) -> str:
    if principal.user_id is None:
        raise no_user()
    return principal.user_id


def _position(page: PageRequest) -> Position | None:
    if page.cursor is None:
        return None
    received, _, voicemail_id = page.cursor.partition(".")
    if not (received.isascii() and received.isdigit() and len(received) <= 14 and is_id(voicemail_id, "vm")):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(received), voicemail_id
