"""Our SMSC's session against clients that are not ours: smpp34's and smpplib's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.exceptions

from engine.clock import SystemClock
from engine.smpp.codec import DeliverSm, SubmitSm
from engine.smpp.connection import SmppConnection
from engine.smpp.session_events import Answered, BindRequested, Event, MessageReceived
from engine.smpp.session_state import SessionLimits
from engine.smpp.smsc_session import SmscSession


class SmallSmsc:
    """Binds who says `secret`, answers each submit with its number, keeps what happened."""

    def __init__(self) -> None:
        self.submits: list[SubmitSm] = []
        self.answers: list[Answered] = []
        self.sessions: list[SmppConnection] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._connection, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.sessions:
            connection.abort()

    def deliver(self, pdu: DeliverSm) -> None:
        connection = self.sessions[-1]
        assert isinstance(connection.session, SmscSession)
        connection.session.deliver(pdu, "token", SystemClock().monotonic())
        connection.flush_soon()

    def _connection(self) -> SmppConnection:
        session = SmscSession(SessionLimits(), SystemClock().monotonic())
        connection = SmppConnection(
            session, lambda events: self._on_events(connection, events), SystemClock()
        )
        self.sessions.append(connection)
        return connection

    def _on_events(self, connection: SmppConnection, events: list[Event]) -> None:
        session = connection.session
        assert isinstance(session, SmscSession)
        for event in events:
            if isinstance(event, BindRequested):
                if event.request.password == "secret":
                    session.accept_bind("RINGBACK")
                else:
                    session.refuse_bind(0x0E)
            elif isinstance(event, MessageReceived):
                assert isinstance(event.pdu, SubmitSm)
                self.submits.append(event.pdu)
                session.acknowledge(event.handle, message_id=f"id-{len(self.submits)}")
            elif isinstance(event, Answered):
                self.answers.append(event)
        connection.flush_soon()


@pytest.fixture
async def smsc() -> AsyncIterator[SmallSmsc]:
    smsc = SmallSmsc()
    await smsc.start()
    yield smsc
    await smsc.stop()


async def test_smpp34_binds_submits_receives_and_unbinds(smsc: SmallSmsc) -> None:
    client = smpp34.Client("127.0.0.1", smsc.port, "peer", "secret", bind_type="TRX")
    session = await client.connect()
    answer = await session.submit_sm(
        "491700000001", b"hi there", source_addr="12345", tlvs=[smpp34.Tlv(0x1403, b"abc")]
    )
    assert (answer.command_status, answer.message_id) == (0, "id-1")
    assert smsc.submits[0].short_message == b"hi there"
    assert smsc.submits[0].tlv(0x1403) == b"abc"
    smsc.deliver(DeliverSm(source_addr="49170", destination_addr="12345", short_message=b"yes"))
    event = await asyncio.wait_for(session.next(), 10)
    assert isinstance(event, smpp34.DeliverSmEvent)
    assert (event.source_addr, event.short_message) == ("49170", b"yes")
    await asyncio.wait_for(session.unbind(), 10)
    await client.stop()
    assert [answer.accepted for answer in smsc.answers] == [True]


async def test_smpplib_binds_submits_receives_and_unbinds(smsc: SmallSmsc) -> None:
    received: list[bytes] = []

    def talk() -> list[bytes]:
        ids: list[bytes] = []
        client = smpplib.client.Client("127.0.0.1", smsc.port, timeout=10, allow_unknown_opt_params=True)
        client.set_message_sent_handler(lambda pdu: ids.append(pdu.message_id))
        client.set_message_received_handler(lambda pdu: received.append(pdu.short_message))
        client.connect()
        client.bind_transceiver(system_id="peer", password="secret")
        client.send_message(source_addr="12345", destination_addr="49170", short_message=b"hi there")
        client.read_once()
        loop.call_soon_threadsafe(smsc.deliver, DeliverSm(source_addr="49170", short_message=b"yes"))
        client.read_once()
        client.unbind()
        client.disconnect()
        return ids

    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(talk) == [b"id-1"]
    assert received == [b"yes"]
    assert smsc.submits[0].short_message == b"hi there"


async def test_smpplib_is_refused_with_a_wrong_password(smsc: SmallSmsc) -> None:
    def talk() -> int:
        client = smpplib.client.Client("127.0.0.1", smsc.port, timeout=10, allow_unknown_opt_params=True)
        client.connect()
        try:
            client.bind_transceiver(system_id="peer", password="wrong")
        except smpplib.exceptions.PDUError as error:
            client.disconnect()
            return int(error.args[1])
        return 0

    assert await asyncio.to_thread(talk) == smpplib.consts.SMPP_ESME_RINVPASWD
