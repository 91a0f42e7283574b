"""One suite for a spool on this machine and for one behind a fetcher."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from engine.adapters.voicemail_fetcher import serving_fetcher
from engine.adapters.voicemail_remote import RemoteSpool
from engine.adapters.voicemail_spool import LocalSpool
from engine.errors import NotFound
from engine.voicemail import ports
from engine.voicemail.errors import NotPlayable, SpoolUnavailable
from engine.voicemail.models import Box, Folder
from tests.peers.certificates import IssueCertificate
from tests.unit.voicemail.spools import Spool, wav

TOKEN = "nobody-would-guess-this-one"
BOX = Box("main", "acme", "1001")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    (tmp_path / "voicemail").mkdir()
    return Spool(tmp_path / "voicemail")


@pytest.fixture(params=["local", "fetcher", "fetcher over TLS"])
async def recordings(
    request: pytest.FixtureRequest, spool: Spool, issue_certificate: IssueCertificate
) -> AsyncIterator[ports.Spool]:
    async with AsyncExitStack() as stack:
        found: ports.Spool
        if request.param == "local":
            found = LocalSpool(spool.root)
        else:
            issued = issue_certificate("127.0.0.1") if "TLS" in request.param else None
            tls = None if issued is None else issued.server_context()
            host, port = await stack.enter_async_context(
                serving_fetcher(spool.root, TOKEN, "127.0.0.1", 0, tls)
            )
            scheme, authority = ("http", None) if issued is None else ("https", str(issued.authority))
            found = RemoteSpool(f"{scheme}://{host}:{port}/", TOKEN, authority)
        stack.push_async_callback(found.close)
        yield found


async def heard(spool: ports.Spool, message_id: str, start: int = 0, end: int | None = None) -> bytes:
    audio = await spool.audio(BOX, message_id, 0)
    try:
        last = audio.octets if end is None else end
        return b"".join([piece async for piece in audio.pieces(start, last)])
    finally:
        await audio.close()


async def test_a_mailbox_is_listed_once_for_each_state(recordings: ports.Spool, spool: Spool) -> None:
    empty = await recordings.listing(BOX)
    assert empty is not None
    assert (empty.absent, empty.messages) == (True, ())
    assert await recordings.listing(BOX, empty.token) is None
    message_id = spool.leave(folder=Folder.URGENT, caller='"Zoë" <+12025550123>')
    spool.leave(message_id="")
    found = await recordings.listing(BOX, empty.token)
    assert found is not None
    (message,) = found.messages
    assert (message.message_id, message.folder, message.name) == (message_id, Folder.URGENT, "Zoë")
    assert (found.absent, found.unnamed) == (False, 1)


async def test_a_recording_is_read_in_parts(recordings: ports.Spool, spool: Spool) -> None:
    sound = wav(bytes(range(256)) * 1_000)
    message_id = spool.leave(sound=sound)
    audio = await recordings.audio(BOX, message_id, 0)
    assert (audio.octets, audio.media_type) == (len(sound), "audio/wav")
    assert audio.etag.startswith('"')
    await audio.close()
    assert await heard(recordings, message_id) == sound
    assert await heard(recordings, message_id, 1_000, 1_001) == sound[1_000:1_001]
    assert await heard(recordings, message_id, 100_000, 240_000) == sound[100_000:240_000]


async def test_mu_law_comes_as_wav(recordings: ports.Spool, spool: Spool) -> None:
    message_id = spool.leave(sound=b"\xff" * 100, ending="ulaw")
    assert await heard(recordings, message_id) == wav(b"\x00" * 200)


async def test_what_is_not_there_is_not_found(recordings: ports.Spool, spool: Spool) -> None:
    message_id = spool.leave()
    for box, asked in (
        (BOX, "1-1"),
        (BOX, "../../msg0000"),
        (Box("main", "acme", "1002"), message_id),
        (Box("main", "..", "1001"), message_id),
        (Box("main", "acme", "../acme/1001"), message_id),
        (Box("main", "acme/1001", "INBOX"), message_id),
    ):
        with pytest.raises(NotFound):
            await recordings.audio(box, asked, 0)
    with pytest.raises(NotFound):
        await recordings.audio(BOX, message_id, 1)
    with pytest.raises(NotPlayable):
        await recordings.audio(BOX, spool.leave(ending="gsm"), 0)


async def test_a_spool_that_went_away_is_unavailable(recordings: ports.Spool, spool: Spool) -> None:
    message_id = spool.leave()
    spool.root.rename(spool.root.with_name("unmounted"))
    with pytest.raises(SpoolUnavailable):
        await recordings.listing(BOX)
    with pytest.raises(SpoolUnavailable):
        await recordings.audio(BOX, message_id, 0)


async def test_an_open_recording_outlives_its_message(spool: Spool) -> None:
    message_id = spool.leave()
    audio = await LocalSpool(spool.root).audio(BOX, message_id, 0)
    for file in spool.folder().iterdir():
        file.unlink()
    assert b"".join([piece async for piece in audio.pieces(0, audio.octets)]) == wav()
    await audio.close()


# The fetcher itself.


async def test_the_fetcher_answers_nobody_without_the_token(spool: Spool) -> None:
    message_id = spool.leave()
    async with serving_fetcher(spool.root, TOKEN, "127.0.0.1", 0) as (host, port):
        for given in ("", "wrong", f"{TOKEN}x", TOKEN[:-1], "é"):
            stranger = RemoteSpool(f"http://{host}:{port}", given)
            for ask in (stranger.listing(BOX), stranger.audio(BOX, message_id, 0)):
                with pytest.raises(SpoolUnavailable):
                    await ask
            await stranger.close()
        box = f"http://{host}:{port}/v1/mailboxes/acme/1001"
        known = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession() as session:
            for headers, status in (({}, 401), (known, 200)):
                async with session.get(box, headers=headers) as answer:
                    assert answer.status == status
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                async with session.request(method, box, headers=known) as answer:
                    assert answer.status == 405
            for path in ("/", "/v1/mailboxes", "/v1/mailboxes/acme", "/v1/mailboxes/acme/1001/x"):
                async with session.get(f"http://{host}:{port}{path}", headers=known) as answer:
                    assert answer.status == 404
            sound = f"{box}/messages/{message_id}/0"
            for asked, status in (("bytes=0-9", 206), ("bytes=99999999-", 416), ("bytes=a", 416)):
                async with session.get(sound, headers=known | {"Range": asked}) as answer:
                    assert answer.status == status
            async with session.get(sound, headers=known | {"If-Match": '"other"'}) as answer:
                assert answer.status == 412


async def test_a_fetcher_that_is_not_there_is_unavailable() -> None:
    nowhere = RemoteSpool("http://127.0.0.1:9", TOKEN)
    with pytest.raises(SpoolUnavailable):
        await nowhere.listing(BOX)
    await nowhere.close()


async def test_a_fetcher_without_its_folder_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable):
        async with serving_fetcher(tmp_path / "nothing", TOKEN, "127.0.0.1", 0):
            raise AssertionError("it started")
