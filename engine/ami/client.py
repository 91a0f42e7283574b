"""The link to one Asterisk: logged in, watched, reconnected; actions with deadlines, events in order.

An action is written at most once, and only on a link that has logged in; when the link drops,
whoever waits is told at once. Reading waits for nothing: every read's events go to the listener in
one call. panoramisk is imported here and in `protocol.py` only (docs/decisions/0005).
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from engine.ami import actions
from engine.ami.actions import Action, OriginateRequest
from engine.ami.messages import Frame
from engine.ami.privileges import excess_classes, offered
from engine.ami.protocol import AmiProtocol, Connector
from engine.ami.settings import AmiSettings
from engine.ami.voicemail import was_done
from engine.clock import Clock
from engine.errors import EngineError, OutcomeUnknown, PeerRejected, PeerUnavailable

__all__ = ["AmiClient", "AmiListener", "AmiSettings", "LinkFacts", "LinkStatus", "OriginateRequest"]

log = structlog.get_logger(__name__)

# A wrong password is answered after a whole second, on top of what else delays.
_LOGIN_DELAY_S = 1.0
# What reading takes that a timer overtook.
_READ_FIRST_S = 0.01
# Trying these again soon cannot help: somebody has to change something.
_PERSISTENT_CODES = frozenset({"pbx_login_refused", "pbx_account_too_powerful"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

# What Asterisk answers an Originate with, by the beginning of its Message.
_REJECTIONS = (
    ("Extension does not exist", "no_such_extension"),
    ("Asterisk is shutting down", "pbx_stopping"),
    ("Permission denied", "pbx_permission_denied"),
    ("Originate Access Forbidden", "pbx_permission_denied"),
)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the PBX said of itself after the login.

    started: date and time as Asterisk writes them; another value means it was restarted. actions: names of
    those the account may use.
    """

    greeting: str
    asterisk_version: str | None
    started: str | None
    actions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """One look at a link, for health checks and operators.

    since_ms: when `connected` last changed, milliseconds since the epoch. error_code, error: why the
    link is down, or why it last was. attempts: tries since it was last up.
    """

    pbx: str
    connected: bool
    since_ms: int
    facts: LinkFacts | None = None
    error_code: str | None = None
    error: str | None = None
    attempts: int = 0


class AmiListener(Protocol):
    """Who is told about a link; every method returns at once and does not raise."""

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        """The wanted events of one read, in the order Asterisk sent them."""

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        """Logged in: actions are taken from now on, and no event of this link was told before."""

    def link_down(self, pbx: str, reason: EngineError) -> None:
        """The link that was up is lost; what happens until the next link_up is not told."""


class AmiClient:
    """One PBX. `run` keeps the link up; the other coroutines use it.

    Raises ValueError on settings that cannot work.
    """

    def __init__(self, settings: AmiSettings, listener: AmiListener, clock: Clock) -> None:
        problems = settings.problems()
        if problems:
            raise ValueError(" ".join(problems))
        self._settings = settings
        self._listener = listener
        self._clock = clock
        self._protocol: AmiProtocol | None = None
        self._status = LinkStatus(settings.name, False, clock.now_ms())
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._waiting = 0
        self._id_prefix = f"rb-{os.urandom(6).hex()}"
        self._last_id = 0
        self._short_links = 0

    @property
    def connected(self) -> bool:
        """Whether an action would be written now."""
        return self._protocol is not None and not self._protocol.closed

    def status(self) -> LinkStatus:
        return self._status

    async def run(self) -> None:
        """Keep the link up until cancelled or stopped; no failure of the PBX ends it."""
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            try:
                reason = await self._one_link()
            except EngineError as error:
                reason = error
            if self._clock.monotonic() - began > self._settings.reconnect_max_s:
                self._short_links = 0
            if self._stopping.is_set():
                return
            pause_s = self._pause_s(reason)
            self._status = replace(
                self._status,
                error_code=reason.code,
                error=reason.detail,
                attempts=self._status.attempts + 1,
            )
            log.warning(
                "ami.link_failed", pbx=self._settings.name, code=reason.code, pause_s=round(pause_s, 2)
            )
            try:
                async with asyncio.timeout(pause_s):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Take no new action, let the waiting ones be answered, close; `run` then returns."""
        self._stopping.set()
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("ami.stopped_with_open_actions", pbx=self._settings.name, actions=self._waiting)
        if self._protocol is not None:
            self._protocol.close()

    async def originate(self, request: OriginateRequest) -> None:
        """Ring leg a; returns once Asterisk has accepted, which says nothing about the phone.

        Raises InvalidRequest before anything is written; PeerUnavailable if nothing was written;
        PeerRejected (no_such_extension, pbx_stopping, pbx_permission_denied, pbx_rejected: no phone
        rings); OutcomeUnknown if it was written and not answered: never send that one again; Conflict
        while the same channel_id waits for its answer.
        """
        reply = (await self._ask(actions.originate(request), action_id=request.channel_id))[0]
        if reply.get("Response") != "Success":
            raise _rejection(reply)

    async def hangup(self, channel_id: str, cause: int = 16) -> bool:
        """Hang up a channel by its uniqueid; False if there is no such channel (any more, or yet).

        cause: Q.850. Raises as `originate` does; sending it again does no harm.
        """
        reply = (await self._ask(actions.hangup(channel_id, cause)))[0]
        if reply.get("Response") == "Success":
            return True
        if reply.get("Message", "").startswith("No such channel"):
            return False
        raise _rejection(reply)

    async def channels(self) -> list[Mapping[str, str]]:
        """Every channel as CoreShowChannels lists it, complete. Raises as `rows` does."""
        return await self.rows(actions.core_show_channels(), "CoreShowChannel")

    async def rows(self, action: Action, row_event: str) -> list[Mapping[str, str]]:
        """What a list action lists, complete; row_event names its rows.

        Raises PeerUnavailable (also code `pbx_list_incomplete`), PeerRejected or OutcomeUnknown.
        """
        reply, *rows = await self._ask(action, is_list=True)
        if reply.get("Response") != "Success":
            raise _rejection(reply)
        listed: list[Mapping[str, str]] = [row for row in rows if row.get("Event") == row_event]
        promised = rows[-1].get("ListItems") if rows else None
        if promised != str(len(listed)):
            raise PeerUnavailable("A list of the PBX was cut short.", code="pbx_list_incomplete")
        return listed

    async def set_variable(self, action: Action) -> None:
        """Write a state that the PBX keeps; repeating it does no harm. Raises as `originate` does."""
        reply = (await self._ask(action))[0]
        if reply.get("Response") != "Success":
            raise _rejection(reply)

    async def send_message(self, action: Action) -> None:
        """Have a phone shown a text. Raises as `originate` does; repeated, it is shown again."""
        reply = (await self._ask(action))[0]
        if reply.get("Response") != "Success":
            raise _rejection(reply)

    async def change_mailbox(self, action: Action) -> bool:
        """Move, remove or forward a message; False if the PBX did not. Raises as `originate` does."""
        reply = (await self._ask(action))[0]
        done = was_done(reply)
        if done is None:
            raise _rejection(reply)
        return done

    async def _ask(
        self, action: Action, *, action_id: str | None = None, is_list: bool = False
    ) -> list[Frame]:
        """An action on the link that is up, answered within the deadline."""
        protocol = self._protocol
        if protocol is None or self._stopping.is_set():
            raise PeerUnavailable("The link to the PBX is down.", code="pbx_unavailable")
        self._waiting += 1
        self._idle.clear()
        try:
            return await self._ask_on(protocol, action, action_id=action_id, is_list=is_list)
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._idle.set()

    async def _ask_on(
        self,
        protocol: AmiProtocol,
        action: Action,
        *,
        action_id: str | None = None,
        is_list: bool = False,
        extra_s: float = 0,
    ) -> list[Frame]:
        if action_id is None:
            self._last_id += 1
            action_id = f"{self._id_prefix}-{self._last_id}"
        timeout_s = self._settings.answer_timeout_s + extra_s
        return await protocol.ask(action.to_bytes(action_id), action_id, timeout_s, is_list=is_list)

    # One link, from the connection to its loss

    async def _one_link(self) -> EngineError:
        """Connect, log in, watch; returns why the link ended, raises why it never came up."""
        settings = self._settings
        connector = Connector(settings.host, settings.port, self._on_events)
        protocol = await connector.open(_tls_context(settings), settings.answer_timeout_s)
        try:
            facts = await self._log_in(protocol)
            if self._stopping.is_set():
                return PeerUnavailable("The link was closed.", code="pbx_unavailable")
            self._set_up(protocol, facts)
            try:
                return await self._watch(protocol)
            finally:
                self._set_down(protocol)
        finally:
            protocol.close()

    async def _log_in(self, protocol: AmiProtocol) -> LinkFacts:
        settings = self._settings
        try:
            action = actions.login(settings.username, settings.secret)
            reply = (await self._ask_on(protocol, action, extra_s=_LOGIN_DELAY_S))[0]
            if reply.get("Response") != "Success":
                raise _login_refusal(reply)
            core = (await self._ask_on(protocol, actions.core_settings()))[0]
            started = (await self._ask_on(protocol, actions.core_status()))[0]
            commands = (await self._ask_on(protocol, actions.list_commands()))[0]
        except OutcomeUnknown as error:
            # Nothing was dialled; to whoever asks, the PBX is just not there.
            reason = protocol.lost.result() if protocol.lost.done() else None
            code = reason.code if reason else "pbx_silent"
            raise PeerUnavailable("The PBX did not let us in in time.", code=code) from error
        excess = excess_classes(commands)
        if excess and not settings.allow_extra_privileges:
            raise PeerRejected(
                f"The AMI account may do more than Ringback needs: {', '.join(excess)}. "
                "Take that from its write= line, or allow it in the settings.",
                code="pbx_account_too_powerful",
            )
        date, clock_time = started.get("CoreStartupDate"), started.get("CoreStartupTime")
        return LinkFacts(
            protocol.parser.greeting or "",
            core.get("AsteriskVersion"),
            f"{date} {clock_time}" if date and clock_time else None,
            offered(commands),
        )

    async def _watch(self, protocol: AmiProtocol) -> EngineError:
        """Until the link is lost; one that is silent is pinged, and dropped if it stays silent."""
        settings, loop = self._settings, asyncio.get_running_loop()
        # Within two ping intervals a dead link is found.
        answer_s = min(settings.answer_timeout_s, settings.ping_every_s)
        while not protocol.lost.done():
            idle_s = loop.time() - protocol.last_received
            if idle_s < settings.ping_every_s:
                await asyncio.wait([protocol.lost], timeout=settings.ping_every_s - idle_s)
                continue
            pinged_at = loop.time()
            self._last_id += 1
            try:
                protocol.send(actions.ping().to_bytes(f"{self._id_prefix}-{self._last_id}"))
            except PeerUnavailable as error:
                protocol.abort(error)
                break
            await asyncio.wait([protocol.lost], timeout=answer_s)
            if protocol.last_received < pinged_at:
                # A process that stood still finds its timer due before it has read what came meanwhile.
                await asyncio.wait([protocol.lost], timeout=_READ_FIRST_S)
            if protocol.last_received < pinged_at:
                protocol.abort(PeerUnavailable("The PBX has gone silent.", code="pbx_silent"))
        return await protocol.lost

    def _on_events(self, events: Sequence[Frame]) -> None:
        # Until link_up nobody can tell what they belong to; the channel list taken then covers them.
        if self._protocol is not None:
            self._listener.events(self._settings.name, events)

    def _set_up(self, protocol: AmiProtocol, facts: LinkFacts) -> None:
        self._protocol = protocol
        self._status = LinkStatus(self._settings.name, True, self._clock.now_ms(), facts)
        log.info("ami.link_up", pbx=self._settings.name, version=facts.asterisk_version)
        try:
            self._listener.link_up(self._settings.name, facts)
        except Exception:
            log.exception("ami.listener_failed", pbx=self._settings.name)

    def _set_down(self, protocol: AmiProtocol) -> None:
        self._protocol = None
        protocol.close()
        reason = protocol.lost.result()
        self._status = replace(
            self._status,
            connected=False,
            since_ms=self._clock.now_ms(),
            error_code=reason.code,
            error=reason.detail,
        )
        log.info("ami.link_down", pbx=self._settings.name, code=reason.code)
        try:
            self._listener.link_down(self._settings.name, reason)
        except Exception:
            log.exception("ami.listener_failed", pbx=self._settings.name)

    def _pause_s(self, reason: EngineError) -> float:
        """Twice as long each time up to the limit, and never the same for two nodes."""
        settings = self._settings
        longest = settings.reconnect_max_s
        if reason.code not in _PERSISTENT_CODES:
            longest = min(longest, settings.reconnect_min_s * 2 ** min(self._short_links, 30))
        self._short_links += 1
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def _tls_context(settings: AmiSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise PeerUnavailable("The file named by ca_file cannot be used.", code="pbx_tls_failed") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # Debian's Python leaves it to openssl.cnf
    return context


def _rejection(reply: Frame) -> PeerRejected:
    message = _CONTROL.sub(" ", reply.get("Message", ""))[:200].strip()
    code = next((code for start, code in _REJECTIONS if message.startswith(start)), "pbx_rejected")
    return PeerRejected(
        f"The PBX refused: {message or 'no reason given'}", code=code, native={"message": message}
    )


def _login_refusal(reply: Frame) -> PeerRejected:
    refusal = _rejection(reply)
    if refusal.code == "pbx_stopping":
        return refusal
    return PeerRejected(
        "The PBX refused the AMI account: check its name, secret and permit line.",
        code="pbx_login_refused",
        native=refusal.native,
    )
