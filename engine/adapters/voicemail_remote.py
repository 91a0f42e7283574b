"""The voicemail spool of a PBX on another machine, as its `ringback voicemail-fetcher` gives it.

What the fetcher answers is read strictly: a machine beside the PBX is trusted with its recordings, and
with nothing of ours.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp import hdrs

from engine.adapters.voicemail_files import ABSENT, MESSAGE_ID, names_mailbox
from engine.voicemail.errors import NotPlayable, SpoolUnavailable, no_such_voicemail
from engine.voicemail.models import Box, Listing

_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5, sock_read=15)
# A mailbox may hold 10,000 messages, of some 250 octets each.
_MOST_LISTING_OCTETS = 4 * 1024 * 1024
_LONGEST_ETAG = 80


class RemoteSpool:
    """See `engine.voicemail.ports.Spool`. url: of the fetcher. ca_file: who signed its certificate."""

    def __init__(self, url: str, token: str, ca_file: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    async def listing(self, box: Box, known: str | None = None) -> Listing | None:
        if not names_mailbox(box.context, box.mailbox):
            return None if known == ABSENT else Listing(ABSENT, (), absent=True)
        params = {} if known is None else {"known": known}
        try:
            async with self._http().get(self._address(box), params=params) as answer:
                if answer.status == 304:
                    return None
                await _refuse(answer, 200)
                body = await _body(answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable() from error
        try:
            return msgspec.json.decode(body, type=Listing)
        except msgspec.MsgspecError as error:
            raise SpoolUnavailable("The voicemail fetcher answered nonsense.") from error

    async def audio(self, box: Box, message_id: str, copy: int) -> RemoteAudio:
        # An address is tidied up before it is sent, and dots in it mean something then.
        if not names_mailbox(box.context, box.mailbox) or not MESSAGE_ID.fullmatch(message_id):
            raise no_such_voicemail()
        address = f"{self._address(box)}/messages/{quote(message_id, safe='')}/{copy}"
        try:
            async with self._http().get(address, headers={hdrs.RANGE: "bytes=0-0"}) as answer:
                await _refuse(answer, 206)
                return RemoteAudio(self, address, answer.headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable() from error

    async def part(self, address: str, etag: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Octets of one recording. Raises SpoolUnavailable, also where it is another one by now."""
        headers = {hdrs.RANGE: f"bytes={start}-{end - 1}", hdrs.IF_MATCH: etag}
        left = end - start
        try:
            async with self._http().get(address, headers=headers) as answer:
                await _refuse(answer, 206)
                async for piece in answer.content.iter_any():
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable() from error
        if left:
            raise SpoolUnavailable("The voicemail fetcher answered with another length.")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _http(self) -> aiohttp.ClientSession:
        """Made when it is first needed, since it belongs to the loop that runs then."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=16, ssl=self._tls())
            headers = {hdrs.AUTHORIZATION: f"Bearer {self._token}"}
            self._session = aiohttp.ClientSession(
                connector=connector, headers=headers, timeout=_TIMEOUT, auto_decompress=False
            )
        return self._session

    def _tls(self) -> ssl.SSLContext | bool:
        if not self._url.startswith("https:"):
            return True
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SpoolUnavailable("The file named by ca_file cannot be used.") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _address(self, box: Box) -> str:
        return f"{self._url}/v1/mailboxes/{quote(box.context, safe='')}/{quote(box.mailbox, safe='')}"


class RemoteAudio:
    """See `engine.voicemail.ports.Audio`."""

    media_type = "audio/wav"

    def __init__(self, spool: RemoteSpool, address: str, headers: Mapping[str, str]) -> None:
        """headers: of the fetcher's answer. Raises SpoolUnavailable."""
        self._spool = spool
        self._address = address
        total = headers.get(hdrs.CONTENT_RANGE, "").rpartition("/")[2]
        modified = headers.get("X-Modified-Ms", "")
        self.etag = headers.get(hdrs.ETAG, "")
        if not (_is_number(total) and _is_number(modified) and _is_etag(self.etag)):
            raise SpoolUnavailable("The voicemail fetcher answered nonsense.")
        self.octets = int(total)
        self.modified_ms = int(modified)

    def pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        return self._spool.part(self._address, self.etag, start, end)

    async def close(self) -> None:
        """Nothing is kept open."""


async def _refuse(answer: aiohttp.ClientResponse, wanted: int) -> None:
    """Raises what an answer of another status means."""
    if answer.status == wanted:
        return
    code = ""
    if answer.content_type == "application/json":
        try:
            code = str(msgspec.json.decode(await _body(answer), type=dict[str, str]).get("code", ""))
        except msgspec.MsgspecError:
            code = ""
    if code == NotPlayable.code:
        raise NotPlayable
    if answer.status == 404 and code == "not_found":
        raise no_such_voicemail()
    if answer.status == 401:
        raise SpoolUnavailable("The voicemail fetcher does not know our token.")
    raise SpoolUnavailable("The voicemail fetcher cannot give it right now.")


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _MOST_LISTING_OCTETS:
            raise SpoolUnavailable("The voicemail fetcher answered with too much.")
    return bytes(body)


def _unreachable() -> SpoolUnavailable:
    return SpoolUnavailable("The voicemail fetcher of this PBX cannot be reached.")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _is_etag(text: str) -> bool:
    inner = text[1:-1]
    return len(text) <= _LONGEST_ETAG and text == f'"{inner}"' and inner.isascii() and inner.isalnum()
