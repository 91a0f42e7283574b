"""A mail server (aiosmtpd) on a loopback socket, with TLS and log-in as a test wants them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Answer = Callable[[Envelope], Awaitable[str]]


async def takes(_: Envelope) -> str:
    return "250 OK"


@dataclass
class MailServer:
    """port: where it listens. answer: what it says to a mail; may be changed at any time. vanishes: when it
    has a mail, before it says anything.
    """

    answer: Answer = takes
    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    refused_recipients: str | None = None
    vanishes: bool = False
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def mails(self) -> list[EmailMessage]:
        parser = BytesParser(policy=default)
        return [parser.parsebytes(one.content) for one in self.envelopes]  # type: ignore[misc, arg-type]

    async def until(self, count: int) -> list[EmailMessage]:
        """The mails, once there are so many; gives up after 60 s."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: len(self.envelopes) >= count)
        return self.mails

    # What aiosmtpd calls.

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refused_recipients is not None:
            return self.refused_recipients
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        self.encrypted.append(
            session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None
        )
        async with self._changed:
            self._changed.notify_all()
        if self.vanishes:
            server.transport.abort()
        return await self.answer(envelope)

    def check(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def a_mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False
) -> AsyncIterator[MailServer]:
    """starttls: what is offered on a plain connection; tls: what is spoken from the beginning."""
    loop = asyncio.get_running_loop()
    there = MailServer()
    open_ones: list[SMTP] = []

    def made() -> SMTP:
        one = SMTP(
            there,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=there.check if login else None,
            auth_required=login and tls is None,
            auth_require_tls=tls is None,  # it knows of no TLS but the one it began itself
            loop=loop,
        )
        open_ones.append(one)
        return one

    server = await loop.create_server(made, "127.0.0.1", 0, ssl=tls)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        server.close()
        for one in open_ones:
            if one.transport is not None:
                one.transport.close()
        await asyncio.sleep(0)
