"""An SMPP carrier as messaging knows it: slots, submits, answers, deliveries.

Joins `engine.smpp.carrier` to `engine.messaging.outbox` and `inbox`; decides nothing about texts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from engine.adapters.smpp_texts import CarrierWords
from engine.clock import Clock
from engine.messaging.inbox import Acknowledge, Inbox
from engine.messaging.outbox import Outbox
from engine.messaging.ports import (
    AnswerKind,
    InboundText,
    ReceiptNews,
    Refusal,
    SegmentAnswer,
    SegmentJob,
    Slot,
)
from engine.smpp.carrier import Carrier, CarrierStatus
from engine.smpp.messages import UnencodablePdu
from engine.smpp.reports import Delivery, SubmitAnswer
from engine.smpp.settings import CarrierSettings
from engine.smpp.statuses import ESME_ROK, ESME_RX_T_APPN, StatusClass, StatusTable, status_name

#: Stands for a command_status where no PDU could be made at all.
_NOT_ENCODABLE = -1
#: Segments the carrier refused "for now" are tried again so often, so much later: (attempts, seconds).
#: Throttling and a full queue pause the whole bind, so their segments go again as soon as it has room.
_AGAIN = {
    StatusClass.THROTTLE: (0, 0.0),
    StatusClass.QUEUE_FULL: (0, 0.0),
    StatusClass.CARRIER_FAULT: (0, 5.0),
    StatusClass.RETRY: (3, 30.0),
}


class SmppSmsCarrier:
    """One carrier account. Give it an outbox before `run`.

    changed: called with (carrier, bind, state, reason) when a bind comes or goes.
    """

    def __init__(
        self,
        settings: CarrierSettings,
        words: CarrierWords,
        inbox: Inbox,
        clock: Clock,
        changed: Callable[[str, str, str, str], None],
    ) -> None:
        self._words = words
        self._inbox = inbox
        self._clock = clock
        self._changed = changed
        self._statuses = StatusTable(settings.status_classes)
        self._carrier = Carrier(settings, self, clock)
        self._outbox: Outbox | None = None

    def feed(self, outbox: Outbox) -> None:
        """Where answers go."""
        self._outbox = outbox

    @property
    def name(self) -> str:
        return self._words.carrier

    # What the outbox asks.

    def reserve(self) -> Slot | None:
        return self._carrier.reserve()

    def release(self, slot: Slot) -> None:
        self._carrier.release(slot)  # type: ignore[arg-type]  # it made every slot it gets back

    def submit(self, slot: Slot, job: SegmentJob) -> bool:
        try:
            return self._carrier.submit(slot, self._words.submit_sm(job), job)  # type: ignore[arg-type]
        except UnencodablePdu as error:
            # The settings of this carrier do not fit the standard; sending again would not help.
            answer = SegmentAnswer(job, AnswerKind.REFUSED, command_status=_NOT_ENCODABLE, reason=str(error))
            asyncio.get_running_loop().call_soon(self._answered, [answer])
            return True

    def refusal(self, command_status: int) -> Refusal:
        if command_status == _NOT_ENCODABLE:
            text = "The text does not fit what this carrier is set up for; see the carrier's settings."
            return Refusal("carrier_misconfigured", text, False, 0.0, 1)
        rule = self._statuses.rule(command_status)
        again = _AGAIN.get(rule.status_class)
        attempts, after_s = again or (1, 0.0)
        text = f"The carrier answered {status_name(command_status)}."
        return Refusal(rule.code, text, again is not None, after_s, attempts)

    def smsc_key(self, smsc_id: str) -> str:
        return self._words.smsc_key(smsc_id)

    # What the carrier tells.

    def submits_answered(self, carrier: str, answers: Sequence[SubmitAnswer]) -> None:
        self._answered(
            [
                SegmentAnswer(
                    one.token,  # type: ignore[arg-type]  # the job given to submit
                    AnswerKind(one.kind.value),
                    one.message_id,
                    one.command_status,
                    one.late,
                    one.reason,
                )
                for one in answers
            ]
        )

    def _answered(self, answers: Sequence[SegmentAnswer]) -> None:
        if self._outbox is not None:
            self._outbox.answered(answers)

    def delivered(self, carrier: str, deliveries: Sequence[Delivery]) -> None:
        now_ms = self._clock.now_ms()
        receipts: list[tuple[ReceiptNews, Acknowledge]] = []
        texts: list[tuple[InboundText, Acknowledge]] = []
        for delivery in deliveries:
            acknowledge = partial(_acknowledge, delivery)
            receipt = self._words.receipt(delivery.pdu, now_ms)
            if receipt is not None:
                receipts.append((receipt, acknowledge))
            else:
                texts.append((self._words.text(delivery.pdu, delivery.session_id, now_ms), acknowledge))
        if receipts:
            self._inbox.receipts(carrier, receipts)
        if texts:
            self._inbox.texts(carrier, texts)

    def room_changed(self, carrier: str) -> None:
        if self._outbox is not None:
            self._outbox.pump()

    def bind_changed(self, carrier: str, bind: str, state: str, reason: str) -> None:
        self._changed(carrier, bind, state, reason)

    # Running.

    async def run(self) -> None:
        """Keep the binds up until cancelled or drained."""
        await self._carrier.run()

    async def drain(self, deadline_s: float) -> None:
        """Wait for outstanding answers, unbind, close; at most deadline_s seconds."""
        await self._carrier.drain(deadline_s)

    def status(self) -> CarrierStatus:
        return self._carrier.status()


def _acknowledge(delivery: Delivery, stored: bool) -> None:
    delivery.acknowledge(ESME_ROK if stored else ESME_RX_T_APPN)
