"""Chat on desk phones: what is said in a chat shows on the phones of those who want that, and a text
written on such a phone is said in the chat it showed last.

A phone is told once or not at all: it keeps nothing, cannot be asked what it showed, and the chat itself
is on the user's pages. A text from a phone is said once: its proof becomes the message's client_id, so
that the same one sent again, by whomever, is the same message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from engine.accounts.models import Principal, Scope
from engine.conversations.models import Say
from engine.desk_phones.models import Delivery, DeskPhone, PhoneText
from engine.desk_phones.ports import Chats, DeskPhoneStore, TextingPbx
from engine.errors import EngineError, StorageUnavailable
from engine.events import Event

log = structlog.get_logger()

#: After these events somebody else may want chats on a phone.
_CHANGES_WHO = ("user.", "domain.", "device.")
#: What may wait for a PBX that is slow; beyond it phones miss messages, and nothing else waits.
QUEUE = 5_000
_RETRY_S = 1.0
#: A person writes no faster; what does is a fault or an attack.
TEXTS_A_MINUTE = 30

_NO_CHAT = "Not sent: no chat has reached this phone yet."
_REFUSED = "Not sent: you are no longer in this chat."
_TOO_MANY = "Not sent: too many messages. Wait a minute."


class DeskPhones:
    """pbxs: by name."""

    def __init__(self, store: DeskPhoneStore, chats: Chats, pbxs: Mapping[str, TextingPbx]) -> None:
        self._store = store
        self._chats = chats
        self._pbxs = pbxs
        self._wanting: frozenset[str] = frozenset()
        self._stale = True
        self._work: asyncio.Queue[str | PhoneText] = asyncio.Queue(QUEUE)
        self._changed = asyncio.Event()
        self._written: dict[str, tuple[int, int]] = {}
        for pbx in pbxs.values():
            pbx.on_text(self._put)

    def hear(self, event: Event) -> None:
        """An event was committed."""
        if event.type == "message.created":
            internal = event.data.get("direction") == "internal"
            if internal and (self._stale or not self._wanting.isdisjoint(event.user_ids)):
                self._put(event.subject)
        elif event.type.startswith(_CHANGES_WHO):
            self._stale = True
            self._changed.set()

    async def run(self) -> None:
        """Deliver and take in until cancelled; a PBX or database that is down costs messages, not this."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_wanting())
            group.create_task(self._work_off())

    def _put(self, work: str | PhoneText) -> None:
        try:
            self._work.put_nowait(work)
        except asyncio.QueueFull:
            log.warning("desk_phones.dropped", kind=type(work).__name__)

    async def _keep_wanting(self) -> None:
        while True:
            self._changed.clear()
            try:
                self._wanting = frozenset(await self._store.wanting())
                self._stale = self._changed.is_set()
            except StorageUnavailable:
                await asyncio.sleep(_RETRY_S)
                continue
            await self._changed.wait()

    async def _work_off(self) -> None:
        while True:
            work = await self._work.get()
            try:
                if isinstance(work, PhoneText):
                    await self._take(work)
                else:
                    delivery = await self._store.delivery(work)
                    if delivery is not None and delivery.phones:
                        await self._deliver(delivery)
            except EngineError as error:
                log.warning("desk_phones.failed", code=error.code)

    # To phones.

    async def _deliver(self, delivery: Delivery) -> None:
        text = _shown(delivery)
        shown = await asyncio.gather(*(self._show(phone, delivery.sender, text) for phone in delivery.phones))
        reached = [phone.device_id for phone, there in zip(delivery.phones, shown, strict=True) if there]
        if reached:
            await self._store.delivered(reached, delivery.conversation_id)

    async def _show(self, phone: DeskPhone, sender: str, text: str) -> bool:
        """Whether the PBX took it."""
        pbx = self._pbxs.get(phone.pbx)
        if pbx is None:
            return False
        try:
            await pbx.show(phone.endpoint, sender, text)
        except EngineError as error:
            # Nobody is registered, most of all.
            log.info("desk_phones.not_shown", device=phone.device_id, code=error.code)
            return False
        return True

    # From phones.

    async def _take(self, text: PhoneText) -> None:
        phone = await self._store.phone(text.pbx, text.endpoint)
        if phone is None:
            log.info("desk_phones.text_refused", pbx=text.pbx, reason="not_wanted")
            return
        if not self._admits(phone.device_id):
            await self._show(phone, "0", _TOO_MANY)
        elif phone.conversation_id is None:
            await self._show(phone, "0", _NO_CHAT)
        else:
            await self._say(phone, phone.conversation_id, text)

    async def _say(self, phone: DeskPhone, conversation_id: str, text: PhoneText) -> None:
        principal = Principal("token", phone.device_id, phone.domain_id, phone.user_id, Scope.BASIC_USER)
        say = Say(text=text.text, client_id=f"desk-{text.proof}")
        try:
            await self._chats.say(principal, conversation_id, say)
        except StorageUnavailable:
            raise
        except EngineError as error:
            log.info("desk_phones.text_refused", device=phone.device_id, reason=error.code)
            await self._show(phone, "0", _REFUSED)

    def _admits(self, device_id: str) -> bool:
        minute = int(asyncio.get_running_loop().time() // 60)
        since, count = self._written.get(device_id, (minute, 0))
        if since != minute:
            self._written = {key: value for key, value in self._written.items() if value[0] == minute}
            count = 0
        self._written[device_id] = (minute, count + 1)
        return count < TEXTS_A_MINUTE


def _shown(delivery: Delivery) -> str:
    """A phone shows nothing but the sender's number, so the text begins with who and where."""
    where = f" ({delivery.chat})" if delivery.chat else ""
    return f"{delivery.author}{where}: {delivery.text}"
