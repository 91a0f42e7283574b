"""A tap on the wire between engine and SMSC: it logs what passes, and breaks things on request.

It stands before our simulator and before foreign servers alike, so one fault is tried on both. What
a Meddler swallows never was: the log holds what the SMSC itself could swear to.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from tests.e2e.texts.wire import Pdu, WireLog, split

#: Called with the name of the moment; see `Tap.watch`.
Watch = Callable[[str], None]

_MOMENTS_OUT = {0x04: "submit_arrived", 0x80000005: "delivery_answered", 0x09: "bind_arrived"}
_MOMENTS_IN = {0x80000004: "answer_passed", 0x05: "delivery_passed", 0x80000009: "bound"}


class Meddler:
    """What happens to each PDU; this one lets everything pass. Tests override a line or two."""

    def connected(self, link: Link) -> None:
        """The engine has connected."""

    def from_engine(self, link: Link, pdu: Pdu) -> None:
        link.to_smsc(pdu)

    def from_smsc(self, link: Link, pdu: Pdu) -> None:
        link.to_engine(pdu)


class Tap:
    """Listens on a port of its own and passes everything on to the SMSC's.

    watch: called at each moment, before the octets it is about are passed on or right after, as its
    name says: submit_arrived, answer_passed, delivery_passed, delivery_answered, bind_arrived, bound.
    """

    def __init__(self, smsc_port: int) -> None:
        self.smsc_port = smsc_port
        self.log = WireLog()
        self.links: list[Link] = []
        self.meddler = Meddler()
        self.watch: Watch | None = None
        self.sessions = 0
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _EngineSide(Link(self)), "127.0.0.1", port
        )

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self.links):
            link.cut()

    def cut(self) -> None:
        """Cut every connection, both ways, without a word."""
        for link in list(self.links):
            link.cut()

    def seen(self, moment: str | None) -> None:
        if moment is not None and self.watch is not None:
            self.watch(moment)


class Link:
    """One connection of the engine and its other half to the SMSC."""

    def __init__(self, tap: Tap) -> None:
        tap.sessions += 1
        self.tap = tap
        self.session = tap.sessions
        self.engine: asyncio.Transport | None = None
        self.smsc: asyncio.Transport | None = None
        self.over = False
        self._smsc_lost = False
        self._waiting: list[bytes] = []  # for the connection to the SMSC
        self._connecting: asyncio.Task[None] | None = None

    # What meddlers call.

    def to_smsc(self, pdu: Pdu) -> None:
        if self._smsc_lost:
            return
        self.tap.log.to_smsc(self.session, pdu)
        if self.smsc is None:
            self._waiting.append(pdu.octets)
        else:
            self.smsc.write(pdu.octets)

    def to_engine(self, pdu: Pdu) -> None:
        if self.engine is None or self.engine.is_closing():
            return
        self.tap.log.to_engine(self.session, pdu)
        self.engine.write(pdu.octets)
        self.tap.seen(_MOMENTS_IN.get(pdu.command_id))

    def raw_to_engine(self, octets: bytes) -> None:
        """Octets that no SMSC ever said."""
        if self.engine is not None:
            self.engine.write(octets)

    def cut(self) -> None:
        """Close both halves at once."""
        self.over = True
        for half in (self.engine, self.smsc):
            if half is not None:
                half.abort()

    def reset(self) -> None:
        """Cut, so that the engine gets an RST."""
        if self.engine is not None:
            raw = self.engine.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cut()

    def finish(self, octets: bytes = b"") -> None:
        """Write octets to the engine, then a FIN."""
        if self.engine is not None:
            self.engine.write(octets)
            self.engine.close()

    # What the halves call.

    def engine_connected(self, transport: asyncio.Transport) -> None:
        self.engine = transport
        self.tap.links.append(self)
        self.tap.meddler.connected(self)
        if not self.over:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def engine_said(self, pdu: Pdu) -> None:
        self.tap.log.from_engine(self.session, pdu)
        self.tap.seen(_MOMENTS_OUT.get(pdu.command_id))
        self.tap.meddler.from_engine(self, pdu)

    def smsc_said(self, pdu: Pdu) -> None:
        self.tap.log.from_smsc(self.session, pdu)
        self.tap.meddler.from_smsc(self, pdu)

    def engine_gone(self) -> None:
        self.engine = None
        self.over = True
        if self in self.tap.links:
            self.tap.links.remove(self)
        self.tap.log.session_closed(self.session)
        if self.smsc is not None:
            self.smsc.close()  # after what is still to be written

    def smsc_gone(self) -> None:
        self.smsc = None
        self._smsc_lost = True
        if self.engine is not None:
            self.engine.close()

    async def _connect(self) -> None:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: _SmscSide(self), "127.0.0.1", self.tap.smsc_port
            )
        except OSError:
            self.smsc_gone()
            return
        self.smsc = cast(asyncio.Transport, transport)
        for octets in self._waiting:
            self.smsc.write(octets)
        if self.over:
            self.smsc.close()


class _Half(asyncio.Protocol):
    def __init__(self, link: Link) -> None:
        self._link = link
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        pdus, self._rest = split(self._rest + data)
        for pdu in pdus:
            self._said(pdu)

    def _said(self, pdu: Pdu) -> None:
        raise NotImplementedError


class _EngineSide(_Half):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link.engine_connected(cast(asyncio.Transport, transport))

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.engine_gone()

    def _said(self, pdu: Pdu) -> None:
        self._link.engine_said(pdu)


class _SmscSide(_Half):
    def connection_lost(self, exc: Exception | None) -> None:
        self._link.smsc_gone()

    def _said(self, pdu: Pdu) -> None:
        self._link.smsc_said(pdu)
