"""The two SMSCs texts are tried against, ours and a foreign one, in the few words these tests need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from engine.simulators.smsc import SmscSimulator
from engine.simulators.smsc_behaviour import SmscOptions
from tests.e2e.texts.client import OURS
from tests.e2e.texts.wire import Part, place_of_part
from tests.peers.node_smpp import NodeSmsc, start_node_smsc


class Smsc(Protocol):
    """redelivers: whether what was not acknowledged comes again on the next session."""

    redelivers: bool

    @property
    def port(self) -> int: ...

    async def behave(self, **options: Any) -> None:
        """Change options, by the names the server itself has for them."""

    def text_in(self, source: str, text: str) -> None:
        """Have a handset text us. source: digits."""

    async def names(self) -> dict[tuple[str, str], Part]:
        """The part behind each id it has given, by (destination, id): also where nobody heard the id."""


class SimulatedSmsc:
    """Our simulator; every trouble there is."""

    redelivers = True

    def __init__(self, simulator: SmscSimulator) -> None:
        self.simulator = simulator

    @property
    def port(self) -> int:
        return self.simulator.port

    async def behave(self, **options: Any) -> None:
        self.simulator.configure(**options)

    def text_in(self, source: str, text: str) -> None:
        self.simulator.deliver_text(f"+{source}", OURS, text)

    async def names(self) -> dict[tuple[str, str], Part]:
        found = {}
        for one in self.simulator.submits:
            if one.message_id:
                destination, octets = one.pdu.destination_addr, one.pdu.user_data
                part_no = place_of_part(octets)[2] if one.pdu.esm_class & 0x40 else 1
                found[destination, one.message_id] = (destination, part_no)
        return found


class ForeignSmsc:
    """node-smpp; forgets what was under way when a session ends."""

    redelivers = False

    def __init__(self, server: NodeSmsc) -> None:
        self.server = server

    @property
    def port(self) -> int:
        return self.server.port

    async def behave(self, **options: Any) -> None:
        await self.server.set(**options)

    def text_in(self, source: str, text: str) -> None:
        # Parts by hand: the server cuts no texts.
        cut = [text[at : at + 153] for at in range(0, len(text), 153)]
        for number, part in enumerate(cut, 1):
            header = bytes((5, 0, 3, int(source[-4:]) % 256, len(cut), number)) if len(cut) > 1 else b""
            self.server.deliver_soon(
                source_addr=source,
                destination_addr=OURS[1:],
                esm_class=0x40 if header else 0,
                short_message_hex=(header + part.encode("ascii")).hex(),
            )

    async def names(self) -> dict[tuple[str, str], Part]:
        await self.server.settle()
        found = {}
        for one in self.server.submits():
            destination, header = one["destination_addr"], one.get("udh")
            part_no = bytes.fromhex(header[0]["hex"])[-1] if header else 1
            found[destination, one["message_id"]] = (destination, part_no)
        return found


@asynccontextmanager
async def simulated_smsc(**options: Any) -> AsyncIterator[SimulatedSmsc]:
    settings: dict[str, Any] = {
        "port": 0,
        "special_numbers": False,
        "receipt_delay_s": 0.05,
        "redeliver_after_s": 0.1,
        "first_id": 1,
        "window_pdus": 10,
        "kept": 1_000_000,
    }
    simulator = SmscSimulator(SmscOptions(**(settings | options)))
    await simulator.start()
    try:
        yield SimulatedSmsc(simulator)
    finally:
        await simulator.stop(0.2)


@asynccontextmanager
async def foreign_smsc(**options: Any) -> AsyncIterator[ForeignSmsc]:
    """Raises tests.peers.node_smpp.PeerUnavailable."""
    settings: dict[str, Any] = {"receipts": "both", "receipt_after_ms": 50}
    server = await start_node_smsc(**(settings | options))
    try:
        yield ForeignSmsc(server)
    finally:
        await asyncio.shield(server.stop())
