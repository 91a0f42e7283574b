"""`ringback simulate pbx`: an AMI server that behaves like Asterisk 22 for click-to-call.

For portal developers without an Asterisk, and for tests of what a real one does only by bad luck.
What a call does is chosen by the number dialled and the endpoint rung, see `pbx_outcomes`.
There is no SIP, no audio, no dialplan, no CDR and no CEL.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from engine.simulators import pbx_events as events
from engine.simulators.pbx_call import Order, SimulatedCall
from engine.simulators.pbx_events import Channel, Headers
from engine.simulators.pbx_session import AmiSession

log = structlog.get_logger(__name__)

_REMEMBERED_ACTIONS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PbxOptions:
    """How the simulated PBX is reached and how its people behave; times in seconds.

    port 0 takes a free one. ring_s: how long a phone rings before it is answered. talk_s: how long
    the two talk before the destination hangs up; None until somebody ends the call.
    dial_timeout_s: when the dialplan gives up on a destination that rings. lag_s: added to
    everything the PBX writes.
    """

    host: str = "127.0.0.1"
    port: int = 5038
    username: str = "ringback"
    secret: str = field(default="ringback", repr=False)
    ring_s: float = 1.0
    talk_s: float | None = None
    dial_timeout_s: float = 20.0
    lag_s: float = 0.0
    system_name: str = "simulated"


async def run(options: PbxOptions) -> None:
    """Serve until cancelled. Raises OSError when the address cannot be had."""
    async with PbxSimulator(options).serving() as pbx:
        log.info("simulator.pbx_listening", host=options.host, port=pbx.port, username=options.username)
        await asyncio.Event().wait()


class PbxSimulator:
    """A PBX in this process; tests reach into it to make trouble.

    silent: takes bytes and answers nothing, like a hung process. stopping: refuses every action,
    like `core stop gracefully`. lag_s: see PbxOptions. actions: what clients asked for, in order,
    by lower-case header name. devices: state of each PJSIP endpoint that exists, as Asterisk spells it;
    `set_device` changes one and tells.
    """

    def __init__(self, options: PbxOptions) -> None:
        self.options = options
        self.ring_s = options.ring_s
        self.talk_s = options.talk_s
        self.dial_timeout_s = options.dial_timeout_s
        self.lag_s = options.lag_s
        self.silent = False
        self.stopping = False
        self.sessions: set[AmiSession] = set()
        self.channels: dict[str, Channel] = {}
        self.devices: dict[str, str] = {}
        self.actions: deque[Mapping[str, str]] = deque(maxlen=_REMEMBERED_ACTIONS)
        self.port = 0
        self.started = ""
        self._calls: dict[str, SimulatedCall] = {}  # by uniqueid of each channel
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._server: asyncio.Server | None = None
        self._began = 0.0
        self._counter = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[PbxSimulator]:
        """Listen; at the end links and calls are gone at once, as when Asterisk is killed."""
        self._began = time.time()
        self.started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._began))
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self.listen()
            try:
                yield self
            finally:
                await self.close()
                self._group = None
                for task in self._tasks:
                    task.cancel()

    async def listen(self) -> None:
        """Take connections (again), always on the same port."""
        loop = asyncio.get_running_loop()
        port = self.port or self.options.port
        self._server = await loop.create_server(lambda: AmiSession(self), self.options.host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections and cut the links; calls go on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut_links()

    def restart(self) -> None:
        """What a crash and a new start leave: no links, no channels, no word about either."""
        self.cut_links()
        for task in self._tasks:
            task.cancel()
        self.channels.clear()
        self._calls.clear()
        self._began = time.time()
        self.started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._began))

    @property
    def uptime_s(self) -> int:
        return int(time.time() - self._began)

    def wall_s(self) -> float:
        """Seconds since the epoch, as events carry them."""
        return time.time()

    def asked(self, action: str) -> list[Mapping[str, str]]:
        """The actions of this name, oldest first."""
        return [headers for headers in self.actions if headers.get("action", "").lower() == action.lower()]

    # What sessions ask for

    def start(self, order: Order) -> None:
        """Begin a call; one whose channel id is in use fails, as Asterisk's does."""
        if order.channel_id in self.channels:
            failed = [("ActionID", order.action_id), ("Response", "Failure")]
            where = [
                ("Channel", f"PJSIP/{order.endpoint}"),
                ("Context", order.context),
                ("Exten", order.exten),
            ]
            self.emit("OriginateResponse", [*failed, *where, ("Reason", "0"), ("Uniqueid", order.channel_id)])
            return
        assert self._group is not None
        task = self._group.create_task(SimulatedCall(order, self).run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hang_up(self, channel: str) -> bool:
        """End the call of this channel, given by uniqueid or name; False if there is none."""
        uniqueid = channel if channel in self._calls else self._named(channel)
        if uniqueid is None:
            return False
        self._calls[uniqueid].hang_up()
        return True

    def set_device(self, endpoint: str, state: str) -> None:
        """Have a phone register, ring, or do whatever the state says: UNAVAILABLE, NOT_INUSE, INUSE ..."""
        self.devices[endpoint] = state
        self.emit("DeviceStateChange", [("Device", f"PJSIP/{endpoint}"), ("State", state)])

    def event(self, name: str, headers: Headers, *, klass: str = "call") -> bytes:
        return events.event(name, headers, at_s=self.wall_s(), system=self.options.system_name, klass=klass)

    # What calls cause

    def emit(self, name: str, headers: Headers, *, klass: str = "call") -> None:
        """Tell every client that has logged in."""
        self.send_raw(self.event(name, headers, klass=klass))

    def send_raw(self, data: bytes) -> None:
        for session in self.sessions:
            if session.logged_in:
                session.send(data)

    def cut_links(self) -> None:
        """Drop every link without a word."""
        for session in list(self.sessions):
            session.abort()

    def new_uniqueid(self) -> str:
        self._counter += 1
        return f"{self.options.system_name}-{int(self._began)}.{self._counter}"

    def new_name(self, stem: str) -> str:
        self._counter += 1
        return f"{stem}-{self._counter:08x}"

    def opened(self, channel: Channel, call: SimulatedCall) -> None:
        channel.created_at = asyncio.get_running_loop().time()
        self.channels[channel.uniqueid] = channel
        self._calls[channel.uniqueid] = call

    def closed(self, channel: Channel) -> None:
        self.channels.pop(channel.uniqueid, None)
        self._calls.pop(channel.uniqueid, None)

    def _named(self, name: str) -> str | None:
        return next((one.uniqueid for one in self.channels.values() if one.name == name), None)
