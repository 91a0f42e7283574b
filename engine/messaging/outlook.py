"""What sending a text would come to, as data: see `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from engine.errors import EngineError
from engine.messaging.consent_ports import Standing
from engine.messaging.ports import SendingNumber

Alphabet = Literal["gsm7", "latin1", "ucs2"]
CostClass = Literal["domestic", "international", "premium", "toll_free"]


@dataclass(frozen=True, slots=True)
class Forcing:
    """A character that the shorter alphabet lacks, where it first occurs.

    index: in code points; utf16_index: as browsers count. suggestion: what reads the same in the GSM
    alphabet, perhaps empty; None if nothing does.
    """

    character: str
    index: int
    utf16_index: int
    name: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class TextShape:
    """How a carrier's rules write a text.

    alphabet: `gsm7`, `latin1` or `ucs2`. units: septets, octets or UTF-16 units, by alphabet. segments: as
    the handset receives them, 0 for an empty text. units_left: free in the last segment. forcing: at most
    ten. short_text, short_segments: the text with lookalikes throughout, where that is possible and
    takes fewer segments.
    """

    alphabet: Alphabet
    data_coding: int
    units: int
    limit_per_segment: int
    segments: int
    units_left: int
    forcing: tuple[Forcing, ...] = ()
    short_text: str | None = None
    short_segments: int | None = None


class TextExplainer(Protocol):
    """Explains a text by a carrier's rules."""

    def shape(self, carrier: str, text: str) -> TextShape:
        """Raises InvalidRequest `text_invalid`, or KeyError for a carrier that is not configured."""


@dataclass(frozen=True, slots=True)
class RecipientOutlook:
    """What would become of the text at one of its numbers.

    given: as the caller wrote it. number: E.164, None if it is not one. known: whether such a number can
    be assigned, by the numbering plan of its country; one that cannot is sent to all the same. country: ISO
    3166-1 alpha-2. cost_class: `domestic`, `international`, `premium` or `toll_free`; None if unknown.
    problem: why nothing would be sent to it.
    """

    given: str
    number: str | None
    known: bool
    country: str | None
    cost_class: CostClass | None
    standing: Standing | None
    problem: EngineError | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What sending would come to.

    problems: what sending would be refused with, in the order it would be met; empty: it would be accepted.
    user_sms_enabled: None where no user would send. shape: None where the text or the carrier allows none.
    appended: what would be added to the text because of its files, counted in its shape.
    """

    number: SendingNumber
    carrier_configured: bool
    user_sms_enabled: bool | None
    shape: TextShape | None
    recipients: tuple[RecipientOutlook, ...]
    problems: tuple[EngineError, ...]
    appended: str | None = None
