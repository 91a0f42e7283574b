"""What can go wrong between engine and SMSC, each as a meddler with the wire.

A meddler is set for a while and taken off again; what it does to one PDU is all it knows.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

from tests.e2e.texts.tap import Link, Meddler
from tests.e2e.texts.wire import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    pdu,
    read_delivery,
)

ESME_RSYSERR, ESME_RBINDFAIL, ESME_RMSGQFUL, ESME_RTHROTTLED = 0x08, 0x0D, 0x14, 0x58
#: Sequence numbers nobody has used.
_FAR = 0x7F000000


class Every:
    """True for each nth call."""

    def __init__(self, nth: int) -> None:
        self._nth, self._calls = nth, 0

    def __call__(self) -> bool:
        self._calls += 1
        return self._calls % self._nth == 0


class AcceptsThenCloses(Meddler):
    def connected(self, link: Link) -> None:
        link.cut()

    def from_engine(self, link: Link, pdu: Pdu) -> None:
        link.cut()


class Resets(Meddler):
    """RST instead of an answer, at each fifth submit_sm."""

    def __init__(self) -> None:
        self._now = Every(5)

    def from_engine(self, link: Link, pdu: Pdu) -> None:
        link.to_smsc(pdu)
        if pdu.command_id == SUBMIT_SM and self._now():
            link.reset()


class FinishesMidPdu(Meddler):
    """Half a submit_sm_resp, then FIN, at each fifth."""

    def __init__(self) -> None:
        self._now = Every(5)

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        if pdu.command_id == SUBMIT_SM | RESPONSE and self._now():
            link.finish(pdu.octets[:10])
        else:
            link.to_engine(pdu)


class BlackHole(Meddler):
    """Nothing passes either way, and nobody says so."""

    def from_engine(self, link: Link, pdu: Pdu) -> None: ...

    def from_smsc(self, link: Link, pdu: Pdu) -> None: ...


class Deaf(Meddler):
    """The SMSC takes texts and answers probes, but its responses to texts get lost."""

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        if pdu.command_id != SUBMIT_SM | RESPONSE:
            link.to_engine(pdu)


class LosesResponses(Meddler):
    """Each fifth submit_sm_resp."""

    def __init__(self) -> None:
        self._now = Every(5)

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        if not (pdu.command_id == SUBMIT_SM | RESPONSE and self._now()):
            link.to_engine(pdu)


class DelaysResponses(Meddler):
    """Each fifth submit_sm_resp comes late_s later."""

    def __init__(self, late_s: float) -> None:
        self._late_s, self._now = late_s, Every(5)

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        if pdu.command_id == SUBMIT_SM | RESPONSE and self._now():
            asyncio.get_running_loop().call_later(self._late_s, link.to_engine, pdu)
        else:
            link.to_engine(pdu)


class Reverses(Meddler):
    """Everything that comes within 30 ms comes in reverse order: responses, or receipts."""

    def __init__(self, command_id: int) -> None:
        self._command_id, self._held = command_id, list[tuple[Link, Pdu]]()

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        if pdu.command_id != self._command_id:
            link.to_engine(pdu)
            return
        if not self._held:
            asyncio.get_running_loop().call_later(0.03, self._let_go)
        self._held.append((link, pdu))

    def _let_go(self) -> None:
        held, self._held = self._held, []
        for link, one in reversed(held):
            link.to_engine(one)


class Says(Meddler):
    """The SMSC says something nobody asked for, before each tenth submit_sm_resp (or but once)."""

    def __init__(self, what: bytes, *, once: bool = False) -> None:
        self._what, self._now = what, Every(10)
        self._left = 1 if once else 1_000_000

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        if pdu.command_id == SUBMIT_SM | RESPONSE and self._left and self._now():
            self._left -= 1
            link.raw_to_engine(self._what)
        link.to_engine(pdu)


class Unbinds(Meddler):
    """The SMSC unbinds, once, and goes on answering what it has."""

    def __init__(self) -> None:
        self._now, self._done = Every(10), False

    def from_smsc(self, link: Link, one: Pdu) -> None:
        if one.command_id == SUBMIT_SM | RESPONSE and self._now() and not self._done:
            self._done = True
            link.raw_to_engine(pdu(UNBIND, 0, _FAR + 6).octets)
        link.to_engine(one)

    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.command_id != UNBIND | RESPONSE:
            link.to_smsc(one)


class UnbindsWhenFull(Meddler):
    """The SMSC unbinds, once, when so many texts are unanswered, and goes on answering them."""

    def __init__(self, window_pdus: int) -> None:
        self._window_pdus, self._out, self.done = window_pdus, 0, False

    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.command_id != UNBIND | RESPONSE:
            link.to_smsc(one)
        self._out += one.command_id == SUBMIT_SM
        if self._out >= self._window_pdus and not self.done:
            self.done = True
            link.raw_to_engine(pdu(UNBIND, 0, _FAR + 6).octets)

    def from_smsc(self, link: Link, one: Pdu) -> None:
        if one.command_id == SUBMIT_SM | RESPONSE:
            self._out = max(0, self._out - 1)
        link.to_engine(one)


class Probes(Meddler):
    """Probes of the SMSC's, in between. answered: their sequence numbers."""

    def __init__(self) -> None:
        self.answered: set[int] = set()

    def probe(self, link: Link, nth: int) -> int:
        """Send one; returns its sequence number."""
        link.raw_to_engine(pdu(ENQUIRE_LINK, 0, _FAR + 100 + nth).octets)
        return _FAR + 100 + nth

    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.command_id == ENQUIRE_LINK | RESPONSE and one.sequence_number > _FAR:
            self.answered.add(one.sequence_number)
        else:
            link.to_smsc(one)


class Refuses(Meddler):
    """Each nth submit_sm gets an answer of ours and never reaches the SMSC."""

    def __init__(self, answer: Callable[[int], Pdu], nth: int = 5) -> None:
        self._answer, self._now = answer, Every(nth)

    def from_engine(self, link: Link, pdu: Pdu) -> None:
        if pdu.command_id == SUBMIT_SM and self._now():
            link.raw_to_engine(self._answer(pdu.sequence_number).octets)
        else:
            link.to_smsc(pdu)


class RefusesBinds(Meddler):
    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.command_id != BIND_TRANSCEIVER:
            link.to_smsc(one)
            return
        refusal = pdu(BIND_TRANSCEIVER | RESPONSE, ESME_RBINDFAIL, one.sequence_number)
        link.finish(refusal.octets)


class HangsBinds(Meddler):
    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.command_id != BIND_TRANSCEIVER:
            link.to_smsc(one)


class NamesNoIds(Meddler):
    """Each fifth acceptance comes without a message_id, half of them without a body."""

    def __init__(self) -> None:
        self._now, self._empty = Every(5), Every(2)

    def from_smsc(self, link: Link, one: Pdu) -> None:
        if one.command_id == SUBMIT_SM | RESPONSE and self._now():
            body = b"" if self._empty() else b"\0"
            one = pdu(SUBMIT_SM | RESPONSE, 0, one.sequence_number, body)
        link.to_engine(one)


class RepeatsReceipts(Meddler):
    """Each receipt comes twice on one session; the second acknowledgement is ours to swallow."""

    def from_smsc(self, link: Link, one: Pdu) -> None:
        link.to_engine(one)
        if one.command_id == DELIVER_SM and read_delivery(0, one).receipt_id:
            link.raw_to_engine(renumbered(one, one.sequence_number | _FAR).octets)

    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.sequence_number < _FAR:
            link.to_smsc(one)


class LosesAcknowledgements(Meddler):
    """Each fifth deliver_sm_resp is lost with its link."""

    def __init__(self) -> None:
        self._now = Every(5)

    def from_engine(self, link: Link, one: Pdu) -> None:
        if one.command_id == DELIVER_SM | RESPONSE and self._now():
            link.cut()
        else:
            link.to_smsc(one)


def nack(sequence_number: int, status: int = ESME_RSYSERR) -> Pdu:
    return pdu(GENERIC_NACK, status, sequence_number)


def unknown_response() -> bytes:
    return pdu(SUBMIT_SM | RESPONSE, 0, _FAR + 7, b"nobody\0").octets


def header(command_length: int) -> bytes:
    """A header that lies about its length."""
    return struct.pack(">IIII", command_length, ENQUIRE_LINK, 0, _FAR + 8)


def stray_receipt(message_id: str) -> bytes:
    """A receipt for a text of somebody else."""
    text = (
        f"id:{message_id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000"
    )
    addresses = b"\0\1\x0119990000000\0\1\x0112025550100\0"
    body = addresses + b"\4\0\0\0\0\0\0\0\0" + bytes((len(text),)) + text.encode()
    return pdu(DELIVER_SM, 0, _FAR + 9, body).octets


def renumbered(one: Pdu, sequence_number: int) -> Pdu:
    return pdu(one.command_id, one.command_status, sequence_number, one.body)
