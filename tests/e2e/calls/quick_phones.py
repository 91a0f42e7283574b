"""SIP phones without sound, on plain UDP: hundreds of calls in this process, each seen to the microsecond.

The real soft phones carry four call legs a process and take half a second to start; where a test
needs many calls, many moments, or a carrier that answers with any code, these do. They send what
RFC 3261 asks of a phone, repeat what is not answered, and write down what they saw.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote

from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.sip_messages import (
    HOST,
    SipMessage,
    answer_to,
    credentials,
    new_token,
    silent_sdp,
    tag_of,
    uri_of,
    user_of,
)

# RFC 3261 timer T1; doubled with each repetition.
_T1_S = 0.5
_REPETITIONS = 6
_REGISTER_FOR_S = 600
_WITHIN_S = 10.0
#: Decides what happens to a call that has just come in.
OnRing = Callable[["Line"], None]
_ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE, REFER")


@dataclass(eq=False)
class Line:
    """A phone's part in one call, and what the phone saw of it. Times: time.monotonic().

    dialed: the number that was called. shown: whom the INVITE says it is from. code: the SIP status
    of the final answer, 487 for a call that was canceled. hung_up_by: `us` or `them`.
    """

    phone: QuickPhone
    invite: SipMessage
    outgoing: bool
    dialed: str
    shown: str
    began: float
    rang: float | None = None
    answered: float | None = None
    confirmed: float | None = None  # the ACK: the other side knows that we answered
    ended: float | None = None
    code: int | None = None
    hung_up_by: str | None = None
    transfer_results: list[str] = field(default_factory=list)
    tag: str = field(default_factory=new_token)
    _remote: str = ""  # their From or To, with tag
    _target: str = ""  # where requests in the dialog go
    _sequence: int = 1
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def call_id(self) -> str:
        return self.invite.get("call-id")

    @property
    def up(self) -> bool:
        """Whether two people could be talking on it."""
        return self.answered is not None and self.ended is None

    # What its user does

    def ring(self) -> None:
        if self.answered is None and self.ended is None:
            self.rang = self.rang or time.monotonic()
            self.phone._answer(self, 180)

    def answer(self) -> None:
        if self.answered is None and self.ended is None:
            self.answered, self.code = time.monotonic(), 200
            self.phone._answer(self, 200, silent_sdp())

    def refuse(self, code: int) -> None:
        if self.answered is None and self.ended is None:
            self._over("us", code)
            self.phone._answer(self, code)

    def hang_up(self) -> None:
        if self.up and self.phone.has_power:
            self._over("us", None)
            self.phone._send_in_dialog(self, "BYE")

    def transfer(self, number: str) -> None:
        """Send the other side to that number, without asking it first."""
        self._refer(f"<sip:{number}@{HOST}:{self.phone.sip_port}>")

    def transfer_to(self, other: Line) -> None:
        """Join the other sides of two of our calls; ours end."""
        replaces = f"{other.call_id};to-tag={tag_of(other._remote)};from-tag={other.tag}"
        self._refer(f"<{uri_of(other._remote)}?Replaces={quote(replaces, safe='')}>")

    def _refer(self, to: str) -> None:
        by = ("Referred-By", f"<sip:{self.phone.user}@{HOST}>")
        self.phone._send_in_dialog(self, "REFER", [("Refer-To", to), by])

    # What it sees

    async def until(self, condition: Callable[[Line], object], within_s: float = _WITHIN_S) -> None:
        """Raises TimeoutError with what was seen."""
        try:
            async with asyncio.timeout(within_s):
                while not condition(self):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"it did not happen within {within_s} s: {self}") from None

    def _over(self, by: str, code: int | None) -> None:
        if self.ended is None:
            self.ended, self.hung_up_by = time.monotonic(), by
            self.code = code or self.code
        self._news.set()

    def __str__(self) -> str:
        return (
            f"{self.phone.user}: {self.shown} dialled {self.dialed}, rang={self.rang}"
            f" answered={self.answered} ended={self.ended} by {self.hung_up_by}, code {self.code}"
        )


class QuickPhone(asyncio.DatagramProtocol):
    """One SIP account."""

    def __init__(self, user: str, password: str, sip_port: int, on_ring: OnRing) -> None:
        self.user = user
        self.sip_port = sip_port
        self.on_ring = on_ring
        self.lines: list[Line] = []
        self.registered = asyncio.Event()
        self.strays = 0  # requests about calls that are not there
        self._password = password
        self._transport: asyncio.DatagramTransport | None = None
        self._by_call: dict[str, Line] = {}
        self._said: dict[str, bytes] = {}  # the last answer by transaction, for those who ask again
        self._repeating: dict[str, asyncio.TimerHandle] = {}
        self._asked: dict[str, tuple[SipMessage, Line | None]] = {}  # our requests by branch
        self._registrations = 0

    @classmethod
    @asynccontextmanager
    async def on(
        cls,
        user: str,
        password: str,
        sip_port: int,
        on_ring: OnRing,
        *,
        contact_port: int | None = None,
    ) -> AsyncIterator[QuickPhone]:
        """A registered phone for the block. contact_port: register somebody else's port.

        Raises TimeoutError when it cannot register.
        """
        phone = cls(user, password, sip_port, on_ring)
        await phone._open()
        try:
            await phone.register(contact_port=contact_port)
            yield phone
        finally:
            for line in phone.lines:
                line.hang_up()
            await phone._unregister()
            phone.lose_power()

    async def register(self, *, contact_port: int | None = None, within_s: float = _WITHIN_S) -> None:
        """Raises TimeoutError."""
        await self._ask_registrar(_REGISTER_FOR_S, self._contact(contact_port), within_s)

    async def _unregister(self) -> None:
        """Forget every address of this user, those of phones without power too."""
        if self._transport is None:
            await self._open()
        try:
            await self._ask_registrar(0, "*", 3.0)
        except TimeoutError:
            pass  # its Asterisk is gone

    async def _ask_registrar(self, expires_s: int, contact: str, within_s: float) -> None:
        self.registered.clear()
        self._send_register(expires_s, contact)
        async with asyncio.timeout(within_s):
            await self.registered.wait()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))

    @property
    def has_power(self) -> bool:
        return self._transport is not None

    def call(self, number: str) -> Line:
        """Dial; the line tells what becomes of it."""
        uri = f"sip:{number}@{HOST}:{self.sip_port}"
        tag = new_token()
        request = self._request(
            "INVITE", uri, f"<sip:{self.user}@{HOST}>;tag={tag}", f"<{uri}>", new_token(), 1, silent_sdp()
        )
        line = Line(self, request, True, number, self.user, time.monotonic(), tag=tag)
        self.lines.append(line)
        self._by_call[line.call_id] = line
        self._ask(request, line)
        return line

    def rung(self, number: str) -> list[Line]:
        """The incoming calls that were dialled as number, or came from it."""
        return [line for line in self.lines if not line.outgoing and number in (line.dialed, line.shown)]

    def forget(self, number: str) -> None:
        """Drop what was seen of ended calls with that number; a long run would keep them all."""
        for line in self.rung(number):
            if line.ended is not None:
                self.lines.remove(line)
                del self._by_call[line.call_id]

    def lose_power(self) -> None:
        """Gone without a word: still registered, its calls not hung up."""
        for timer in self._repeating.values():
            timer.cancel()
        self._repeating.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    # The wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: no event loop's datagram transport says that it is one.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: object) -> None:
        if len(data) < 16:  # a keep-alive
            return
        message = SipMessage.parse(data)
        if message.status:
            self._take_answer(message)
        else:
            self._take_request(message)

    def error_received(self, exc: Exception) -> None:
        """Asterisk is down, so the port is closed. Repetitions go on until it is back."""

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data, (HOST, self.sip_port))

    def _repeat(self, key: str, data: bytes, wait_s: float = _T1_S, left: int = _REPETITIONS) -> None:
        """Write until `_settle(key)`."""
        if self._transport is None:
            return
        self._write(data)
        if left:
            self._repeating[key] = asyncio.get_running_loop().call_later(
                wait_s, self._repeat, key, data, wait_s * 2, left - 1
            )

    def _settle(self, key: str) -> None:
        timer = self._repeating.pop(key, None)
        if timer is not None:
            timer.cancel()

    # Their requests

    def _take_request(self, request: SipMessage) -> None:
        line = self._by_call.get(request.get("call-id"))
        if request.method == "ACK":
            self._settle(f"200 {request.get('call-id')}")
            if line is not None and line.answered is not None and line.confirmed is None:
                line.confirmed = time.monotonic()
                line._news.set()
        elif (said := self._said.get(f"{request.method} {request.branch}")) is not None:
            self._write(said)
        elif request.method == "INVITE" and line is None and not tag_of(request.get("to")):
            self._take_invite(request)
        elif request.method == "OPTIONS":
            self._reply(request, 200)
        elif line is None:
            self.strays += 1
            self._reply(request, 481)
        else:
            self._take_in_dialog(request, line)

    def _take_invite(self, request: SipMessage) -> None:
        line = Line(
            self,
            request,
            False,
            user_of(request.get("to")),
            user_of(request.get("from")),
            time.monotonic(),
            _remote=request.get("from"),
            _target=uri_of(request.get("contact")),
        )
        self.lines.append(line)
        self._by_call[line.call_id] = line
        self._reply(request, 100)
        self.on_ring(line)

    def _take_in_dialog(self, request: SipMessage, line: Line) -> None:
        if request.method == "CANCEL":
            self._reply(request, 200, tag=line.tag)
            if line.answered is None and line.ended is None:
                line._over("them", 487)
                self._answer(line, 487)
            return
        if request.method == "BYE":
            line._over("them", None)
        elif request.method == "NOTIFY":
            line.transfer_results.append(request.body.strip())
            line._news.set()
        body = silent_sdp() if request.method in ("INVITE", "UPDATE") and request.body else ""
        if request.method == "INVITE" and not request.body:
            body = silent_sdp()
        self._reply(request, 200, tag=line.tag, body=body)
        if request.method == "NOTIFY" and request.body.startswith("SIP/2.0 200"):
            line.hang_up()  # transferred: nobody is left on this line

    def _answer(self, line: Line, code: int, body: str = "") -> None:
        """Our answer to the INVITE of an incoming call; final ones are repeated until the ACK."""
        message = self._reply_of(line.invite, code, line.tag, body)
        self._said[f"INVITE {line.invite.branch}"] = message
        if code < 200:
            self._write(message)
        else:
            self._repeat(f"200 {line.call_id}", message)
        line._news.set()

    def _reply(self, request: SipMessage, code: int, *, tag: str = "", body: str = "") -> None:
        message = self._reply_of(request, code, tag, body)
        self._said[f"{request.method} {request.branch}"] = message
        self._write(message)

    def _reply_of(self, request: SipMessage, code: int, tag: str, body: str) -> bytes:
        more = [("Contact", self._contact()), _ALLOW] if code != 100 else []
        if body:
            more.append(("Content-Type", "application/sdp"))
        return answer_to(request, code, tag=tag, more=more, body=body).to_bytes()

    # Our requests

    def _send_in_dialog(self, line: Line, method: str, more: list[tuple[str, str]] | None = None) -> None:
        line._sequence += 1
        ours = f"<sip:{self.user}@{HOST}>;tag={line.tag}"
        request = self._request(
            method, line._target, ours, line._remote, line.call_id, line._sequence, more=more or []
        )
        self._ask(request, line)

    def _send_register(self, expires_s: int, contact: str) -> None:
        self._registrations += 1
        address = f"<sip:{self.user}@{HOST}>"
        request = self._request(
            "REGISTER",
            f"sip:{HOST}:{self.sip_port}",
            f"{address};tag={new_token()}",
            address,
            new_token(),
            self._registrations,
            more=[("Expires", str(expires_s))],
            contact=contact,
        )
        self._ask(request, None)

    def _request(
        self,
        method: str,
        uri: str,
        sender: str,
        to: str,
        call_id: str,
        sequence: int,
        body: str = "",
        *,
        more: list[tuple[str, str]] | None = None,
        contact: str | None = None,
    ) -> SipMessage:
        headers = [
            ("via", f"SIP/2.0/UDP {HOST}:{self._port};rport;branch=z9hG4bK{new_token()}"),
            ("max-forwards", "70"),
            ("from", sender),
            ("to", to),
            ("call-id", call_id),
            ("cseq", f"{sequence} {method}"),
            ("contact", contact or self._contact()),
            _ALLOW,
            *(more or []),
        ]
        if body:
            headers.append(("content-type", "application/sdp"))
        return SipMessage(f"{method} {uri} SIP/2.0", headers, body)

    def _ask(self, request: SipMessage, line: Line | None) -> None:
        self._asked[request.branch] = (request, line)
        self._repeat(request.branch, request.to_bytes())

    def _take_answer(self, answer: SipMessage) -> None:
        asked = self._asked.get(answer.branch)
        if asked is None:
            return
        request, line = asked
        self._settle(answer.branch)
        if answer.method == "INVITE" and line is not None:
            self._take_invite_answer(request, line, answer)
        elif answer.status < 200:
            return
        elif answer.status in (401, 407) and not request.get("authorization"):
            self._ask_again(request, answer, line)
        elif answer.method == "REGISTER" and answer.status == 200:
            self.registered.set()

    def _take_invite_answer(self, request: SipMessage, line: Line, answer: SipMessage) -> None:
        if 100 < answer.status < 200:
            line.rang = line.rang or time.monotonic()
            line._news.set()
        if answer.status < 200:
            return
        line._remote = answer.get("to")
        target = uri_of(answer.get("contact")) or request.start.split(" ")[1]
        ours, number = request.get("from"), int(request.get("cseq").split(" ")[0])
        ack = self._request("ACK", target, ours, line._remote, line.call_id, number)
        if answer.status >= 300:  # part of the same transaction
            ack.headers[0] = request.headers[0]
        self._write(ack.to_bytes())
        if answer.status in (401, 407) and not request.get("authorization"):
            self._ask_again(request, answer, line)
        elif answer.status < 300:
            if line.answered is None:
                line._target, line.code = target, answer.status
                line.answered = line.confirmed = time.monotonic()
            line._news.set()
        else:
            line._over("them", answer.status)

    def _ask_again(self, request: SipMessage, challenge: SipMessage, line: Line | None) -> None:
        """The same request with the password that was asked for."""
        uri = request.start.split(" ")[1]
        number = int(request.get("cseq").split(" ")[0]) + 1
        if line is not None:
            line._sequence = number
        else:
            self._registrations = number
        name, value = credentials(challenge, self.user, self._password, uri)
        again = self._request(
            request.method,
            uri,
            request.get("from"),
            request.get("to"),
            request.get("call-id"),
            number,
            request.body,
            more=[(name.lower(), value), *(("Expires", one) for one in request.all("Expires"))],
            contact=request.get("contact"),
        )
        self._ask(again, line)

    @property
    def _port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def _contact(self, port: int | None = None) -> str:
        return f"<sip:{self.user}@{HOST}:{port or self._port}>"


class QuickPhones:
    """The phones of one test on one Asterisk; all are unregistered and closed with the block."""

    def __init__(self, asterisk: PrivateAsterisk) -> None:
        self._asterisk = asterisk
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> QuickPhones:
        return self

    async def __aexit__(self, *about_error: object) -> None:
        await self._stack.aclose()

    async def take(self, user: str, on_ring: OnRing, *, contact_port: int | None = None) -> QuickPhone:
        """A phone of that user, or of the carrier, whose phone takes every outside number."""
        who = self._asterisk.users.get(user) or self._asterisk.carrier
        phone = QuickPhone.on(
            who.name, who.password, self._asterisk.sip_port, on_ring, contact_port=contact_port
        )
        return await self._stack.enter_async_context(phone)


# What a phone may do when it rings


def answers(after_s: float = 0.0) -> OnRing:
    def act(line: Line) -> None:
        line.ring()
        _later(after_s, line.answer)

    return act


def refuses(code: int, after_s: float | None = None) -> OnRing:
    """after_s: rings for so long before it refuses; None refuses at once."""

    def act(line: Line) -> None:
        if after_s is None:
            line.refuse(code)
        else:
            line.ring()
            _later(after_s, lambda: line.refuse(code))

    return act


def rings(line: Line) -> None:
    line.ring()


def ignores(line: Line) -> None:
    """Takes the INVITE, says Trying and nothing more."""


def _later(after_s: float, act: Callable[[], None]) -> None:
    if after_s > 0:
        asyncio.get_running_loop().call_later(after_s, act)
    else:
        act()
