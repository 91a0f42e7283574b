"""One AMI session of the simulated PBX: actions in, answers out.

Answers, refusals and their wording follow recordings of Asterisk 22.10.1. Before a login
nothing but Login is taken; a wrong secret is answered after a second, as Asterisk does it.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from engine.simulators import pbx_events as events
from engine.simulators.pbx_call import Order
from engine.simulators.pbx_events import Headers
from engine.simulators.pbx_outcomes import Act, Fault, destination

if TYPE_CHECKING:
    from engine.simulators.pbx import PbxSimulator

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
# Asterisk's own answer delay against guessing.
WRONG_SECRET_DELAY_S = 1.0
# An action of ours is below 2 kB; more than this without an end is not AMI.
_LONGEST_ACTION = 65_536
_DEFAULT_TIMEOUT_MS = 30_000
_LOCAL = re.compile(r"Local/([^@/]+)@([^/]+)/n")
# name=value, quoted whole with backslash escapes.
_VARIABLE = re.compile(r'"([^=]+)=(.*)"')

_COMMANDS = {
    "CoreSettings": "Show PBX core settings (version etc).  (Priv: system,reporting,all)",
    "CoreShowChannels": "List currently active channels.  (Priv: system,reporting,all)",
    "CoreStatus": "Show PBX core status variables.  (Priv: system,reporting,all)",
    "DeviceStateList": "List the current known device states.  (Priv: call,reporting,all)",
    "Hangup": "Hangup channel.  (Priv: system,call,all)",
    "ListCommands": "List available manager commands.  (Priv: <none>)",
    "Login": "Login Manager.  (Priv: <none>)",
    "Logoff": "Logoff Manager.  (Priv: <none>)",
    "Originate": "Originate a call.  (Priv: originate,all)",
    "Ping": "Keepalive command.  (Priv: <none>)",
    "Status": "List channel status.  (Priv: system,call,reporting,all)",
}


class AmiSession(asyncio.Protocol):
    """A connected manager client."""

    def __init__(self, pbx: PbxSimulator) -> None:
        self._pbx = pbx
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self.logged_in = False

    # The link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop's transports are no asyncio.Transport.
        self._transport = stream = cast(asyncio.Transport, transport)
        self._pbx.sessions.add(self)
        stream.write(BANNER)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pbx.sessions.discard(self)
        for timer in self._timers:
            timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data).replace(b"\r\n", b"\n")
        if len(self._buffer) > _LONGEST_ACTION:
            self.abort()
            return
        *actions, self._buffer = self._buffer.split(b"\n\n")
        for text in actions:
            self._act(text.decode(errors="replace").strip("\n"))

    def send(self, data: bytes) -> None:
        """Write now, or after the PBX's lag; nothing while it plays dead."""
        if self._pbx.silent or self._transport is None or self._transport.is_closing():
            return
        if self._pbx.lag_s > 0:
            self._later(self._pbx.lag_s, lambda: self._write(data))
        else:
            self._transport.write(data)

    def abort(self) -> None:
        """Drop the link without a word, like a cut cable."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_later(delay_s, run)
        self._timers.add(handle)

    # Actions

    def _act(self, text: str) -> None:
        headers: dict[str, str] = {}
        variables: dict[str, str] = {}
        for line in text.split("\n"):
            name, colon, value = line.partition(":")
            if not colon:
                continue
            if name.strip().lower() == "variable" and (found := _VARIABLE.fullmatch(value.strip())):
                variables[found[1]] = found[2].replace('\\"', '"').replace("\\\\", "\\")
            else:
                headers[name.strip().lower()] = value.strip()
        action = headers.get("action", "")
        self._pbx.actions.append(headers)
        if self._pbx.stopping:
            self._reply(headers, "Error", "Asterisk is shutting down")
        elif action.lower() == "login":
            self._login(headers)
        elif not self.logged_in:
            self._reply(headers, "Error", "Permission denied")
        elif action.lower() == "originate":
            self._originate(headers, variables)
        elif (answer := _ANSWERS.get(action.lower())) is not None:
            answer(self, headers)
        else:
            self._reply(
                headers,
                "Error",
                f"Invalid/unknown command: {action}. Use Action: ListCommands to show available commands.",
            )

    def _reply(
        self, asked: Mapping[str, str], response: str, message: str = "", *more: tuple[str, str]
    ) -> None:
        self.send(events.lines(self._opening(asked, response, message, *more)))

    def _opening(
        self, asked: Mapping[str, str], response: str, message: str, *more: tuple[str, str]
    ) -> Headers:
        opening = [("Response", response)]
        if "actionid" in asked:
            opening.append(("ActionID", asked["actionid"]))
        opening += more
        return [*opening, ("Message", message)] if message else opening

    def _login(self, asked: Mapping[str, str]) -> None:
        options = self._pbx.options
        given = f"{asked.get('username', '')}\n{asked.get('secret', '')}"
        if not hmac.compare_digest(given.encode(), f"{options.username}\n{options.secret}".encode()):
            self._later(WRONG_SECRET_DELAY_S, lambda: self._refuse_login(asked))
            return
        self.logged_in = True
        self._reply(asked, "Success", "Authentication accepted")
        booted = [("Uptime", str(self._pbx.uptime_s)), ("LastReload", str(self._pbx.uptime_s))]
        self.send(self._pbx.event("FullyBooted", [*booted, ("Status", "Fully Booted")], klass="system"))

    def _refuse_login(self, asked: Mapping[str, str]) -> None:
        self._reply(asked, "Error", "Authentication failed")
        if self._transport is not None:
            self._transport.close()

    def _originate(self, asked: Mapping[str, str], variables: Mapping[str, str]) -> None:
        order = self._order(asked, variables)
        if isinstance(order, str):
            self._reply(asked, "Error", order)
            return
        plan = destination(order.exten)
        if plan.fault is not Fault.NO_REPLY:
            self._reply(asked, "Success", "Originate successfully queued")
        self._pbx.start(order)

    def _order(self, asked: Mapping[str, str], variables: Mapping[str, str]) -> Order | str:
        """The call to start, or why there is none."""
        channel, exten = asked.get("channel", ""), asked.get("exten", "")
        if not channel:
            return "Channel not specified"
        if "/" not in channel:
            return "Invalid channel"
        if not asked.get("priority", "1").isdigit():
            return "Invalid priority"
        if asked.get("async", "").lower() not in ("true", "yes", "1"):
            return "The simulated PBX takes Async: true only"
        known = destination(exten).act is not Act.NO_SUCH_EXTENSION
        if not exten or not asked.get("context") or not known:
            return "Extension does not exist."
        local = _LOCAL.fullmatch(channel)
        return Order(
            channel_id=asked.get("channelid") or self._pbx.new_uniqueid(),
            action_id=asked.get("actionid", ""),
            endpoint=local[1] if local else channel.partition("/")[2],
            local_context=local[2] if local else "",
            context=asked["context"],
            exten=exten,
            timeout_s=int(asked.get("timeout") or _DEFAULT_TIMEOUT_MS) / 1000,
            number=variables.get("CALLERID(num)", "<unknown>"),
            name=variables.get("CALLERID(name)", "<unknown>"),
            connected_number=variables.get("CONNECTEDLINE(num,i)", "<unknown>"),
            connected_name=variables.get("CONNECTEDLINE(name,i)", "<unknown>"),
        )

    def _hangup(self, asked: Mapping[str, str]) -> None:
        if self._pbx.hang_up(asked.get("channel", "")):
            self._reply(asked, "Success", "Channel Hungup")
        else:
            self._reply(asked, "Error", "No such channel")

    def _core_show_channels(self, asked: Mapping[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        rows = [
            events.listed_channel(one, asked.get("actionid", ""), now - one.created_at)
            for one in self._pbx.channels.values()
        ]
        self._list(asked, "Channels will follow", rows, "CoreShowChannelsComplete")

    def _status(self, asked: Mapping[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        rows = [
            events.channel_status(one, asked.get("actionid", ""), now - one.created_at)
            for one in self._pbx.channels.values()
        ]
        self._list(asked, "Channel status will follow", rows, "StatusComplete")

    def _device_state_list(self, asked: Mapping[str, str]) -> None:
        row = [("Event", "DeviceStateChange"), ("ActionID", asked.get("actionid", ""))]
        rows = [
            [*row, ("Device", f"PJSIP/{endpoint}"), ("State", state)]
            for endpoint, state in self._pbx.devices.items()
        ]
        self._list(asked, "Device State Changes will follow", rows, "DeviceStateListComplete")

    def _list(self, asked: Mapping[str, str], message: str, rows: list[Headers], complete: str) -> None:
        end = [("Event", complete), ("ActionID", asked.get("actionid", "")), ("EventList", "Complete")]
        messages = [
            self._opening(asked, "Success", message, ("EventList", "start")),
            *rows,
            [*end, ("ListItems", str(len(rows)))],
        ]
        self.send(b"".join(events.lines(one) for one in messages))

    def _ping(self, asked: Mapping[str, str]) -> None:
        self._reply(asked, "Success", "", ("Ping", "Pong"), ("Timestamp", f"{self._pbx.wall_s():.6f}"))

    def _logoff(self, asked: Mapping[str, str]) -> None:
        self._reply(asked, "Goodbye", "Thanks for all the fish.")
        if self._transport is not None:
            self._transport.close()

    def _list_commands(self, asked: Mapping[str, str]) -> None:
        self._reply(asked, "Success", "", *_COMMANDS.items())

    def _core_status(self, asked: Mapping[str, str]) -> None:
        date, time = self._pbx.started.split(" ")
        self._reply(
            asked,
            "Success",
            "",
            ("CoreStartupDate", date),
            ("CoreStartupTime", time),
            ("CoreReloadDate", date),
            ("CoreReloadTime", time),
            ("CoreCurrentCalls", str(len(self._pbx.channels))),
        )

    def _core_settings(self, asked: Mapping[str, str]) -> None:
        self._reply(
            asked,
            "Success",
            "",
            ("AMIversion", "11.0.0"),
            ("AsteriskVersion", "22.10.1"),
            ("SystemName", self._pbx.options.system_name),
        )


_ANSWERS: Mapping[str, Callable[[AmiSession, Mapping[str, str]], None]] = {
    "hangup": AmiSession._hangup,
    "coreshowchannels": AmiSession._core_show_channels,
    "status": AmiSession._status,
    "devicestatelist": AmiSession._device_state_list,
    "ping": AmiSession._ping,
    "logoff": AmiSession._logoff,
    "listcommands": AmiSession._list_commands,
    "corestatus": AmiSession._core_status,
    "coresettings": AmiSession._core_settings,
}
