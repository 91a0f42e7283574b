"""What carriers deliver: on disk first, acknowledged after.

SMPP v3.4 §4.6: a deliver_sm that is not answered with ESME_ROK comes again. So ROK is said only
after the commit, and a database that is down costs a repetition, not a text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from engine.errors import StorageUnavailable
from engine.messaging.ports import InboundText, ReceiptNews, TextStore

log = structlog.get_logger()

#: Tells the SMSC that it is on disk (True) or has to come again (False).
Acknowledge = Callable[[bool], object]


class Inbox:
    """Stores what was delivered, one operation a wake-up and kind."""

    def __init__(self, store: TextStore) -> None:
        self._store = store

    def receipts(self, carrier: str, news: Sequence[tuple[ReceiptNews, Acknowledge]]) -> None:
        done = _answer_all(carrier, [acknowledge for _, acknowledge in news])
        try:
            self._store.apply_receipts([one for one, _ in news], done)
        except StorageUnavailable as error:
            done(error)

    def texts(self, carrier: str, texts: Sequence[tuple[InboundText, Acknowledge]]) -> None:
        done = _answer_all(carrier, [acknowledge for _, acknowledge in texts])
        try:
            self._store.store_inbound([one for one, _ in texts], done)
        except StorageUnavailable as error:
            done(error)


def _answer_all(
    carrier: str, acknowledgements: Sequence[Acknowledge]
) -> Callable[[BaseException | None], None]:
    def done(error: BaseException | None) -> None:
        if error is not None:
            log.warning(
                "messaging.delivery_refused",
                carrier=carrier,
                pdus=len(acknowledgements),
                error=type(error).__name__,
            )
        for acknowledge in acknowledgements:
            acknowledge(error is None)

    return done
