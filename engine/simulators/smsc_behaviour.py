"""What the simulated SMSC does with a text, decided without a socket or a clock.

A *fate* is everything that happens to one submit_sm: its answer, its receipt, the link. Some numbers
have a fate of their own, so that a person at a keyboard can call up trouble by choosing a destination.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from engine.smpp.receipts import MessageState
from engine.smpp.statuses import (
    ESME_RINVDSTADR,
    ESME_RMSGQFUL,
    ESME_ROK,
    ESME_RSYSERR,
    ESME_RTHROTTLED,
)
from engine.smpp.text import TextProfile

ReceiptTime = Literal["delayed", "early", "never"]
ReceiptForm = Literal["text", "tlv", "both"]
IdForm = Literal["dec", "dec_padded", "hex", "hex_padded", "hex_upper"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SmscOptions:
    """How the simulated SMSC behaves; all but address, TLS, seed, first_id and kept can change while it runs.

    port: 0 takes a free one. system_id, password: None accepts any bind.
    response_id, receipt_id: how one message id is written in submit_sm_resp and in its receipt.
    receipts: after receipt_delay_s, before the response, or never; only if the submit_sm asks.
    reply: sent back to whoever texts, `{text}` stands for what they wrote; None sends nothing.
    drop_response_probability: 0 to 1. *_every: each n-th submit_sm, 0 for none.
    throttle_above_per_s: submit_sm accepted in any one second; None sets no limit.
    disconnect_after: submit_sm after which a session is cut, unanswered; 0 never.
    redeliver_after_s: pause before an unanswered or refused deliver_sm is sent again.
    special_numbers: whether destinations in SPECIAL_NUMBERS have the fate listed there.
    seed: of everything left to chance. first_id: number of the first message id; None takes the time,
    so that ids do not repeat over restarts.
    profile: how texts are written and read. kept: submits and texts remembered, the newest.
    log_text: log lines show numbers and texts in full.
    """

    host: str = "127.0.0.1"
    port: int = 2775
    tls_certificate_file: str | None = None
    tls_key_file: str | None = None
    system_id: str | None = None
    password: str | None = field(default=None, repr=False)
    bind_status: int = ESME_ROK
    smsc_id: str = "RINGBACK-SIM"
    response_id: IdForm = "dec"
    receipt_id: IdForm = "dec"
    receipts: ReceiptTime = "delayed"
    receipt_delay_s: float = 1.0
    receipt_form: ReceiptForm = "both"
    receipt_state: MessageState = MessageState.DELIVERED
    reply: str | None = None
    reply_delay_s: float = 2.0
    response_delay_s: float = 0.0
    drop_response_probability: float = 0.0
    drop_response_every: int = 0
    throttle_every: int = 0
    throttle_above_per_s: float | None = None
    disconnect_after: int = 0
    window_pdus: int = 100
    response_timeout_s: float = 30.0
    redeliver_after_s: float = 1.0
    special_numbers: bool = True
    seed: int = 0
    first_id: int | None = None
    profile: TextProfile = field(default_factory=TextProfile)
    kept: int = 10_000
    log_text: bool = False

    def problems(self) -> list[str]:
        """Everything wrong with these options, a sentence each; never shows the password."""
        found = []
        if not 0 <= self.port <= 65535:
            found.append(f"port {self.port} is not a port")
        if not 0 <= self.drop_response_probability <= 1:
            found.append("drop_response_probability must be 0 to 1")
        if self.throttle_above_per_s is not None and self.throttle_above_per_s <= 0:
            found.append("throttle_above_per_s must be more than 0, or left out")
        for name in ("receipt_delay_s", "reply_delay_s", "response_delay_s", "redeliver_after_s"):
            if getattr(self, name) < 0:
                found.append(f"{name} must not be negative")
        for name in ("drop_response_every", "throttle_every", "disconnect_after"):
            if getattr(self, name) < 0:
                found.append(f"{name} must be 0 (never) or more")
        if self.window_pdus < 1 or self.kept < 1:
            found.append("window_pdus and kept must be at least 1")
        if self.response_timeout_s <= 0:
            found.append("response_timeout_s must be more than 0")
        if len(self.smsc_id) > 15 or not self.smsc_id.isascii():
            found.append("smsc_id must be ASCII, at most 15 characters")
        return found


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one submit_sm.

    answered: whether a response goes out. disconnects: the link is cut instead. names_id: whether an
    accepting response carries the message id. copies: of its receipt. progress_first: an intermediate
    notification precedes the receipt.
    """

    command_status: int = ESME_ROK
    answered: bool = True
    disconnects: bool = False
    names_id: bool = True
    receipt: ReceiptTime = "delayed"
    state: MessageState = MessageState.DELIVERED
    err: int = 0
    copies: int = 1
    progress_first: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the text reaches the handset's network at all."""
        return self.command_status == ESME_ROK and not self.disconnects


@dataclass(frozen=True, slots=True)
class SpecialNumber:
    """A fate by number. every_other: only the first, third ... attempt at a number has it."""

    what: str
    changes: Mapping[str, object]
    every_other: bool = False


_S = MessageState

#: By the last four digits of the destination.
SPECIAL_NUMBERS: Final[Mapping[str, SpecialNumber]] = {
    "9001": SpecialNumber("receipt UNDELIV, err 001", {"state": _S.UNDELIVERABLE, "err": 1}),
    "9002": SpecialNumber("refused, ESME_RINVDSTADR", {"command_status": ESME_RINVDSTADR}),
    "9003": SpecialNumber("refused, ESME_RTHROTTLED", {"command_status": ESME_RTHROTTLED}, every_other=True),
    "9004": SpecialNumber("no response and no receipt", {"answered": False, "receipt": "never"}),
    "9005": SpecialNumber("response, but never a receipt", {"receipt": "never"}),
    "9006": SpecialNumber("receipt before the response", {"receipt": "early"}),
    "9007": SpecialNumber("disconnects after the submit", {"disconnects": True, "answered": False}),
    "9008": SpecialNumber("receipt EXPIRED, err 003", {"state": _S.EXPIRED, "err": 3}),
    "9009": SpecialNumber("receipt REJECTD, err 011", {"state": _S.REJECTED, "err": 11}),
    "9010": SpecialNumber("refused, ESME_RMSGQFUL", {"command_status": ESME_RMSGQFUL}, every_other=True),
    "9011": SpecialNumber("no response, but a receipt", {"answered": False}),
    "9012": SpecialNumber("the receipt comes twice", {"copies": 2}),
    "9013": SpecialNumber("an intermediate notification, then the receipt", {"progress_first": True}),
    "9014": SpecialNumber("response without a message id", {"names_id": False}),
    "9015": SpecialNumber("refused, ESME_RSYSERR", {"command_status": ESME_RSYSERR}),
}

# Destinations with every_other whose attempts are counted; forgetting one restarts its count.
_COUNTED_NUMBERS = 10_000


class SmscBehaviour:
    """Decides fates in the order submits arrive; the same seed and submits give the same fates."""

    def __init__(self, options: SmscOptions) -> None:
        self._chance = random.Random(options.seed)
        self._submits = 0
        self._accepted_at: deque[float] = deque()
        self._attempts: dict[str, int] = {}
        self.change(options)

    def change(self, options: SmscOptions) -> None:
        """Behave by other options from now on; counts go on."""
        self._options = options
        self._usual = Fate(receipt=options.receipts, state=options.receipt_state)

    def fate_of(self, destination: str, now: float) -> Fate:
        """The fate of a submit_sm to destination. now: seconds, never going back."""
        options = self._options
        self._submits += 1
        if self._is_nth(options.throttle_every) or self._is_too_fast(now):
            return Fate(ESME_RTHROTTLED)
        fate = self._usual
        special = SPECIAL_NUMBERS.get(destination[-4:]) if options.special_numbers else None
        if special is not None and not (special.every_other and self._is_even_attempt(destination)):
            return replace(fate, **special.changes)  # type: ignore[arg-type]
        if self._is_nth(options.drop_response_every):
            return replace(fate, answered=False)
        if options.drop_response_probability and self._chance.random() < options.drop_response_probability:
            return replace(fate, answered=False)
        return fate

    def _is_nth(self, every: int) -> bool:
        return every > 0 and self._submits % every == 0

    def _is_too_fast(self, now: float) -> bool:
        limit = self._options.throttle_above_per_s
        if limit is None:
            return False
        while self._accepted_at and self._accepted_at[0] <= now - 1.0:
            self._accepted_at.popleft()
        if len(self._accepted_at) >= limit:
            return True
        self._accepted_at.append(now)
        return False

    def _is_even_attempt(self, destination: str) -> bool:
        attempt = self._attempts.pop(destination, 0) + 1
        self._attempts[destination] = attempt
        if len(self._attempts) > _COUNTED_NUMBERS:
            del self._attempts[next(iter(self._attempts))]
        return attempt % 2 == 0
