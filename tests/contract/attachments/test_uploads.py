"""Files that come too slowly, too late or for somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine.attachments.models import Upload
from engine.errors import EngineError, RateLimited
from tests.contract.attachments.world import SETTINGS, World, pieces


async def silence() -> AsyncIterator[bytes]:
    yield b"Hel"
    await asyncio.Event().wait()


async def under_way(world: World, uploads: int) -> None:
    """Wait until so many files are being received."""
    while not world.incoming.exists() or len(list(world.incoming.iterdir())) < uploads:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def test_an_upload_that_falls_silent_is_ended_and_leaves_nothing(world: World) -> None:
    uploads = world.uploads_with(replace(SETTINGS, upload_idle_s=0.05))
    with pytest.raises(EngineError) as ended:
        await uploads.receive(world.people.ann, Upload(filename="a.txt"), silence())
    assert ended.value.code == "upload_too_slow"
    assert list(world.incoming.iterdir()) == []
    # Nor does it hold any room.
    assert (
        await uploads.receive(world.people.ann, Upload(filename="a.txt"), pieces([b"x" * 900]))
    ) is not None


async def test_an_upload_that_takes_too_long_in_all_is_ended(world: World) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0)

    uploads = world.uploads_with(replace(SETTINGS, upload_within_s=0.1, user_quota_octets=0))
    with pytest.raises(EngineError) as ended:
        await uploads.receive(world.people.ann, Upload(filename="a.txt"), drip())
    assert ended.value.code == "upload_too_slow"


async def test_cancelling_an_upload_leaves_nothing(world: World) -> None:
    upload = asyncio.create_task(world.uploads.receive(world.people.ann, Upload(filename="a.txt"), silence()))
    await under_way(world, 1)
    upload.cancel()
    await asyncio.wait((upload,))
    assert upload.cancelled()
    assert (list(world.incoming.iterdir()), world.files.kept) == ([], {})


async def test_one_user_does_not_take_all_the_places(world: World) -> None:
    uploads = world.uploads_with(replace(SETTINGS, uploads_per_user=2, uploads_at_once=3))
    people = world.people
    started = [
        asyncio.create_task(uploads.receive(who, Upload(filename="a.txt"), silence()))
        for who in (people.ann, people.ann, people.bob)
    ]
    await under_way(world, 3)
    for who in (people.ann, people.cem):
        with pytest.raises(RateLimited):
            await uploads.receive(who, Upload(filename="b.txt"), pieces([b"Hello"]))
    for one in started:
        one.cancel()
    await asyncio.wait(started)
    await uploads.receive(people.ann, Upload(filename="b.txt"), pieces([b"Hello"]))


async def test_a_store_that_is_down_refuses_an_upload_and_keeps_no_row(world: World) -> None:
    world.files.down = True
    with pytest.raises(EngineError) as refused:
        await world.upload(world.people.ann)
    assert (refused.value.code, refused.value.retryable) == ("files_unavailable", True)
    assert await world.store.kept_after("", 10) == []
