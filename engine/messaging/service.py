"""Texts out: from a request to rows on disk and, when there is room, bytes on the wire.

The answer to a caller waits for exactly one commit. Where the carrier has room that commit holds
the intent as well, and the segments leave in the same turn of the loop that answers.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.accounts.models import Page, PageRequest, Principal
from engine.attachments.models import NewLink
from engine.clock import Clock
from engine.conversations.models import Conversation
from engine.errors import EngineError, StorageUnavailable
from engine.events import MANAGERS_ONLY
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.messaging import errors, policy
from engine.messaging.access import ThreadAccess, page_of, page_position
from engine.messaging.models import (
    DeliveryClass,
    Direction,
    Message,
    MessageFilter,
    Recipient,
    RecipientStatus,
    SendText,
)
from engine.messaging.outbox import Outbox
from engine.messaging.ports import (
    Accepted,
    FileLinks,
    NewRecipient,
    NewText,
    NewTexts,
    NumberDirectory,
    OutboundSegment,
    SegmentJob,
    SendingNumber,
    Slot,
    TextCoder,
    TextStore,
)
from engine.messaging.settings import MessagingSettings
from engine.phone_numbers import to_e164

_ALL = MessageFilter()
_FIRST_PAGE = PageRequest()
#: The longest client_id, in characters.
_MAX_CLIENT_ID = 64

#: Makes the answer kept under an idempotency key: HTTP status and JSON body.
RenderOne = Callable[[Message], tuple[int, str]]
RenderAll = Callable[[Accepted], tuple[int, str]]


class Messaging:
    """Accepts texts, shows them, and hands them to the outbox of their carrier."""

    def __init__(
        self,
        store: TextStore,
        numbers: NumberDirectory,
        coder: TextCoder,
        outboxes: Mapping[str, Outbox],
        settings: MessagingSettings,
        clock: Clock,
        links: FileLinks | None = None,
    ) -> None:
        self._links = links
        self._store = store
        self._numbers = numbers
        self._access = ThreadAccess(numbers)
        self._coder = coder
        self._outboxes = outboxes
        self._settings = settings
        self._clock = clock
        # A restart does not begin again with the references just used.
        self._reference = secrets.randbelow(65_536)

    async def send(
        self,
        principal: Principal,
        request: SendText,
        claim: Claim | None = None,
        render: RenderOne | None = None,
        thread: Conversation | None = None,
    ) -> Message | Replayed:
        """Store one text and start sending it; returns once it is on disk.

        A client_id the sender used before returns the earlier message. render makes the answer
        kept for the claim, and is called inside the transaction. thread: what it is said in, which the
        caller has found to be the principal's to see.
        Raises InvalidRequest, NotFound, Forbidden, Conflict or StorageUnavailable; nothing is
        stored then. Cancelling the caller does not take the text back.
        """
        draft = await self._prepare(principal, request, thread)

        def render_only(accepted: Accepted) -> tuple[int, str]:
            (one,) = accepted
            if isinstance(one, EngineError):
                raise one  # an error is never kept under a claim
            if render is None:
                raise TypeError("a claim needs a render")
            return render(one)

        answer = await self._accept((draft,), claim, render_only)
        if isinstance(answer, Replayed):
            return answer
        (result,) = answer
        if isinstance(result, EngineError):
            raise result
        return result

    async def send_batch(
        self,
        principal: Principal,
        requests: Sequence[SendText],
        claim: Claim | None = None,
        render: RenderAll | None = None,
    ) -> Accepted | Replayed:
        """Store many texts in one commit; each is answered by itself, in the order given.

        A text that is refused does not hold back the others. Raises InvalidRequest for an empty or
        overlong batch, StorageUnavailable if nothing was stored.
        """
        if not 1 <= len(requests) <= self._settings.max_batch:
            raise errors.invalid("/messages", f"Give 1 to {self._settings.max_batch} messages.")
        prepared: list[_Draft | EngineError] = []
        for request in requests:
            try:
                prepared.append(await self._prepare(principal, request))
            except EngineError as error:
                prepared.append(error)
        good = tuple(item for item in prepared if isinstance(item, _Draft))

        def merge(accepted: Accepted) -> Accepted:
            stored = iter(accepted)
            return [next(stored) if isinstance(item, _Draft) else item for item in prepared]

        answer = await self._accept(good, claim, None if render is None else lambda got: render(merge(got)))
        return answer if isinstance(answer, Replayed) else merge(answer)

    async def get(self, principal: Principal, message_id: str) -> Message:
        """A text. Raises NotFound for one that is not there or not the principal's to see."""
        message = await self._store.get(message_id)
        if message is None or message.direction is Direction.INTERNAL:
            raise errors.no_such_message()
        if not await self._access.sees(principal, message.domain_id, message.number):
            raise errors.no_such_message()
        return message

    async def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        chosen: MessageFilter = _ALL,
        page: PageRequest = _FIRST_PAGE,
    ) -> Page[Message]:
        """The messages of one domain that the principal may see, newest first.

        Raises NotFound for a domain out of reach, InvalidRequest when a principal of several
        domains names none or the cursor is not one of ours.
        """
        reached = await self._access.domain_meant(principal, domain_id)
        numbers = await self._access.only_numbers(principal)
        before = page_position(page, "msg")
        found = await self._store.list(reached, chosen, numbers, before, page.limit + 1)
        return page_of(found, page.limit, lambda message: message.id)

    def take_up(self, jobs: Mapping[str, Sequence[SegmentJob]]) -> None:
        """Send segments that were queued on disk by something else than `send`, by carrier."""
        for carrier, theirs in jobs.items():
            outbox = self._outboxes.get(carrier)
            if outbox is not None:
                outbox.expect(len(theirs))
                outbox.committed(theirs, ())

    # Preparing a text.

    async def _prepare(
        self, principal: Principal, request: SendText, thread: Conversation | None = None
    ) -> _Draft:
        number = await self._sending_number(principal, request)
        settings = self._settings
        if not 1 <= len(request.to) <= settings.max_recipients:
            raise errors.invalid("/to", f"Give 1 to {settings.max_recipients} numbers to send to.")
        if request.client_id is not None and not 1 <= len(request.client_id) <= _MAX_CLIENT_ID:
            raise errors.invalid("/client_id", f"A client_id has 1 to {_MAX_CLIENT_ID} characters.")
        validity_s = settings.validity_s if request.validity_s is None else request.validity_s
        if not 1 <= validity_s <= settings.max_validity_s:
            raise errors.invalid("/validity_s", f"Give 1 to {settings.max_validity_s} seconds.")
        to = tuple(
            dict.fromkeys(
                to_e164(number_text, number.region, field=f"to/{position}")
                for position, number_text in enumerate(request.to)
            )
        )
        policy.check_destinations(settings, number, to)
        if request.attachment_ids:
            policy.check_files(request.attachment_ids, self._links)
        if number.carrier not in self._outboxes:
            raise errors.no_route()
        return self._draft(principal, request, number, to, validity_s, thread)

    def _draft(
        self,
        principal: Principal,
        request: SendText,
        number: SendingNumber,
        to: Sequence[str],
        validity_s: int,
        thread: Conversation | None,
    ) -> _Draft:
        now_ms = self._clock.now_ms()
        # One reference for all recipients: a handset joins parts by sender and reference.
        self._reference = (self._reference + 1) & 0xFFFF
        on_wire, link = request.text, None
        if request.attachment_ids and self._links is not None:
            link = self._links.new(request.text, now_ms)
            on_wire += link.appended.text
        segments = self._coder.segments(number.carrier, on_wire, self._reference)
        user_id = principal.user_id or request.user_id
        if request.user_id not in (None, user_id):
            raise errors.not_yourself()
        if user_id is not None:
            policy.check_user(number, user_id)
        return _Draft(
            request=request,
            number=number,
            to=to,
            segments=segments,
            conversation_id=thread.id if thread else None,
            user_id=user_id,
            sender_id=user_id or principal.credential_id,
            created_ms=now_ms,
            expires_ms=now_ms + validity_s * 1000,
            delivery_class=request.delivery_class or self._settings.default_class,
            link=link,
        )

    async def _sending_number(self, principal: Principal, request: SendText) -> SendingNumber:
        known = self._numbers.known(request.from_number)
        if known is None:
            domain_id = principal.domain_id or request.domain_id
            domain = await self._numbers.domain(domain_id) if domain_id else None
            e164 = to_e164(request.from_number, domain.region if domain else None, field="from")
            known = await self._numbers.find(e164)
        number = policy.check_sender(principal, known)
        if request.domain_id is not None and request.domain_id != number.domain_id:
            raise errors.no_such_number()
        return number

    # Storing and starting it.

    async def _accept(
        self, drafts: Sequence[_Draft], claim: Claim | None, render: RenderAll | None
    ) -> Accepted | Replayed:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Accepted | Replayed] = loop.create_future()
        sending = [_Sending(draft, self._outboxes) for draft in drafts]
        stored = [one.text for one in sending]

        def done(result: Accepted | Replayed | BaseException) -> None:
            for position, one in enumerate(sending):
                if isinstance(result, BaseException | Replayed):
                    one.finish(False, result)
                elif result[position] is one.text.message:
                    one.finish(True, result)
                else:
                    one.finish_in_part(result[position])
            if answered.cancelled():
                return
            if isinstance(result, BaseException):
                answered.set_exception(result)
            else:
                answered.set_result(result)

        try:
            self._store.accept(NewTexts(stored, claim, render), done)
        except StorageUnavailable as error:
            for one in sending:
                one.finish(False, error)
            raise
        return await answered


@dataclass(slots=True)  # not frozen: that would triple the price of making one
class _Draft:
    """A text that may be sent. user_id: who sends it, if a user does; sender_id: see NewText."""

    request: SendText
    number: SendingNumber
    to: Sequence[str]
    segments: Sequence[OutboundSegment]
    conversation_id: str | None
    user_id: str | None
    sender_id: str
    created_ms: int
    expires_ms: int
    delivery_class: DeliveryClass
    link: NewLink | None


class _Sending:
    """One text between acceptance and its commit: its segments and the window slots they hold.

    What is stored depends on whether there are slots, so it is made here, once.
    """

    def __init__(self, draft: _Draft, outboxes: Mapping[str, Outbox]) -> None:
        number, request, segments, to = draft.number, draft.request, draft.segments, draft.to
        now_ms, expires_ms, carrier = draft.created_ms, draft.expires_ms, number.carrier
        message_id = new_id("msg")
        user_ids = tuple(number.user_ids) or MANAGERS_ONLY
        self.jobs = [
            SegmentJob(
                message_id,
                position,
                number.domain_id,
                number.e164,
                one,
                draft.delivery_class,
                expires_ms,
                segment,
                user_ids,
            )
            for position, one in enumerate(to)
            for segment in segments
        ]
        self.outbox = outboxes[carrier]
        self.slots: Sequence[Slot] = self.outbox.reserve(len(self.jobs))
        if not self.slots:
            self.outbox.expect(len(self.jobs))
        status = RecipientStatus.SENDING if self.slots else RecipientStatus.QUEUED
        each = len(segments)
        self.text = NewText(
            Message(
                id=message_id,
                domain_id=number.domain_id,
                conversation_id=draft.conversation_id,
                direction=Direction.OUTBOUND,
                number=number.e164,
                peer="",
                text=request.text,
                delivery_class=draft.delivery_class,
                user_id=draft.user_id,
                client_id=request.client_id,
                created_ms=now_ms,
                recipients=tuple([Recipient(one, status, each, now_ms, carrier) for one in to]),
            ),
            draft.sender_id,
            user_ids,
            [
                NewRecipient(
                    one, carrier, expires_ms, segments, self.slots[position * each : (position + 1) * each]
                )
                for position, one in enumerate(to)
            ],
            request.attachment_ids,
            draft.link,
        )

    def finish(self, stored: bool, result: object) -> None:
        if stored:
            self.outbox.committed(self.jobs, self.slots)
        else:
            unknown = isinstance(result, StorageUnavailable) and result.code == "storage_outcome_unknown"
            self.outbox.abandoned(self.jobs, self.slots, perhaps_stored=unknown)

    def finish_in_part(self, stored: Message | EngineError) -> None:
        """It was refused, sent before, or some of its recipients have opted out."""
        if isinstance(stored, EngineError) or stored.id != self.text.message.id:
            self.finish(False, stored)
            return
        going = [stored.recipients[job.position].status is not RecipientStatus.REJECTED for job in self.jobs]
        slots = self.slots or ()
        for kept in (True, False):
            jobs = [job for job, goes in zip(self.jobs, going, strict=True) if goes is kept]
            theirs = [slot for slot, goes in zip(slots, going, strict=True) if goes is kept] if slots else ()
            if kept:
                self.outbox.committed(jobs, theirs)
            else:
                self.outbox.abandoned(jobs, theirs, perhaps_stored=False)
