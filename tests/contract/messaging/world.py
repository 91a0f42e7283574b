"""What the tests of texts act on, and the few moves they share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from engine.accounts.models import Domain, Principal, Scope, User
from engine.conversations.service import Conversations
from engine.events import Event
from engine.idempotency import Replayed
from engine.ids import new_id
from engine.messaging.models import Message, RecipientStatus, SegmentStatus, SendText
from engine.messaging.outbox import Outbox
from engine.messaging.ports import (
    AnswerKind,
    InboundPart,
    InboundText,
    ReceiptNews,
    SegmentAnswer,
    SegmentJob,
)
from engine.messaging.service import Messaging
from engine.storage.database import Database
from engine.storage.messaging import SqlNumberDirectory, SqlTexts
from tests.unit.messaging.test_outbox import Carrier, Clock

OURS, OTHER_OF_OURS, PEER = "+4930100001", "+4930100002", "+4917012345678"


class ObedientCarrier(Carrier):
    """Writes what it is given; answers when told to."""


@dataclass
class World:
    database: Database
    clock: Clock
    store: SqlTexts
    numbers: SqlNumberDirectory
    carrier: ObedientCarrier
    outbox: Outbox
    messaging: Messaging
    conversations: Conversations
    domain: Domain
    users: Sequence[User]
    published: list[Event]

    @property
    def manager(self) -> Principal:
        return Principal("key", "key_1", self.domain.id, None, Scope.OFFICE_MANAGER)

    def user(self, place: int) -> Principal:
        return Principal("token", f"tok_{place}", self.domain.id, self.users[place].id, Scope.BASIC_USER)

    async def send(self, *to: str, text: str = "Hello", **fields: object) -> Message:
        request = SendText(from_number=OURS, to=to or (PEER,), text=text, **fields)  # type: ignore[arg-type]
        sent = await self.messaging.send(self.manager, request)
        assert not isinstance(sent, Replayed)
        return sent

    async def statuses(self, message: Message) -> list[RecipientStatus]:
        found = await self.store.get(message.id)
        assert found is not None
        return [one.status for one in found.recipients]

    async def answer(self, job: SegmentJob, kind: AnswerKind, smsc_id: str = "", **fields: object) -> None:
        self.outbox.answered([SegmentAnswer(job, kind, smsc_id, **fields)])  # type: ignore[arg-type]
        await self.settle()

    async def receipt(
        self,
        key: str,
        status: SegmentStatus | None = SegmentStatus.DELIVERED,
        source: str = PEER,
        *,
        destination: str = OURS,
        quote: str = "",
        carrier: str = "carrier",
    ) -> None:
        news = ReceiptNews(
            new_id("rcp"),
            carrier,
            key,
            key,
            source,
            destination,
            status,
            "state",
            "000",
            self.clock.ms,
            quote,
        )
        stored = asyncio.get_running_loop().create_future()
        self.store.apply_receipts([news], stored.set_result)
        assert await stored is None

    async def receive(
        self,
        text: str,
        *,
        source: str = PEER,
        destination: str = OURS,
        session: str = "s1",
        part: InboundPart | None = None,
    ) -> str:
        inbound = InboundText(
            new_id("msg"),
            new_id("conv"),
            "carrier",
            source,
            destination,
            0,
            text.encode(),
            text,
            session,
            self.clock.ms,
            part,
        )
        stored = asyncio.get_running_loop().create_future()
        self.store.store_inbound([inbound], stored.set_result)
        assert await stored is None
        return inbound.message_id

    async def settle(self) -> None:
        """Wait until everything handed to the writer is committed."""
        await self.database.transact(lambda tx: None)
        await asyncio.sleep(0)

    def told(self, message: Message) -> list[object]:
        """The statuses announced of a text to one number, in order."""
        return [event.data["status"] for event in self.published if event.subject == message.id]

    def event_types(self) -> list[str]:
        return [event.type for event in self.published]
