"""An ESME of plain sockets and hand-made octets: it owes nothing to our codec."""

from __future__ import annotations

import asyncio
import struct
from typing import NamedTuple

_HEADER = struct.Struct(">IIII")

SUBMIT_SM, SUBMIT_SM_RESP = 0x4, 0x80000004
DELIVER_SM, DELIVER_SM_RESP = 0x5, 0x80000005
BIND_TRANSCEIVER, ENQUIRE_LINK, UNBIND = 0x9, 0x15, 0x6
_BINDS = {"receiver": 0x1, "transmitter": 0x2, "transceiver": 0x9}


class Pdu(NamedTuple):
    command_id: int
    status: int
    sequence: int
    body: bytes


class RawEsme:
    """One connection. Waiting for a PDU gives up after 10 s."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sequence = 0

    @classmethod
    async def connect(cls, port: int) -> RawEsme:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def bound(cls, port: int, kind: str = "transceiver", system_id: bytes = b"esme") -> RawEsme:
        esme = await cls.connect(port)
        answer = await esme.bind(kind, system_id)
        assert (answer.command_id, answer.status) == (_BINDS[kind] | 0x80000000, 0)
        return esme

    async def bind(
        self, kind: str = "transceiver", system_id: bytes = b"esme", password: bytes = b"secret"
    ) -> Pdu:
        self.send(_BINDS[kind], system_id + b"\0" + password + b"\0\0\x34\0\0\0")
        return await self.pdu()

    def send(self, command_id: int, body: bytes = b"", status: int = 0, sequence: int | None = None) -> int:
        if sequence is None:
            self._sequence += 1
            sequence = self._sequence
        self._writer.write(_HEADER.pack(16 + len(body), command_id, status, sequence) + body)
        return sequence

    def submit(self, text: bytes = b"Hello", to: bytes = b"491700000001", **fields: int) -> int:
        """Fields: esm_class, data_coding, registered_delivery (1)."""
        body = (
            b"\0\x01\x01"
            + b"4930123456\0\x01\x01"
            + to
            + b"\0"
            + bytes((fields.get("esm_class", 0), 0, 0))
            + b"\0\0"
            + bytes((fields.get("registered_delivery", 1), 0, fields.get("data_coding", 0), 0, len(text)))
            + text
        )
        return self.send(SUBMIT_SM, body)

    async def pdu(self) -> Pdu:
        async with asyncio.timeout(10):
            header = await self._reader.readexactly(16)
            length, command_id, status, sequence = _HEADER.unpack(header)
            return Pdu(command_id, status, sequence, await self._reader.readexactly(length - 16))

    async def take(self, status: int = 0) -> Pdu:
        """The next PDU, which must be a deliver_sm, answered with status."""
        pdu = await self.pdu()
        assert pdu.command_id == DELIVER_SM
        self.send(DELIVER_SM_RESP, b"\0", status, pdu.sequence)
        return pdu

    async def ended(self) -> bool:
        """Whether the peer ends the connection; PDUs before that are dropped."""
        try:
            async with asyncio.timeout(10):
                while await self._reader.read(4096):
                    pass
        except ConnectionError:
            pass
        return True

    def cut(self) -> None:
        self._writer.transport.abort()


def text_of(pdu: Pdu) -> bytes:
    """short_message of a deliver_sm without service type and times."""
    fields = pdu.body.split(b"\0", 1)[1]
    source_end = fields.index(b"\0", 2)
    destination_end = fields.index(b"\0", source_end + 3)
    at = destination_end + 1 + 3 + 2 + 4
    return fields[at + 1 : at + 1 + fields[at]]


def esm_class_of(pdu: Pdu) -> int:
    fields = pdu.body.split(b"\0", 1)[1]
    source_end = fields.index(b"\0", 2)
    return fields[fields.index(b"\0", source_end + 3) + 1]
