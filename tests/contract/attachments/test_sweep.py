"""What the sweep takes away, and what it must not."""

from __future__ import annotations

import asyncio
import os

import pytest

from engine.attachments.errors import FilesUnavailable
from engine.attachments.models import AttachmentState
from engine.conversations.search import Search
from engine.errors import EngineError, NotFound
from engine.messaging.models import Message
from engine.storage.search import SearchIndex, SqlSearch
from tests.contract.attachments.world import HOUR_MS, SETTINGS, World

DAY_MS = 24 * HOUR_MS


async def test_what_was_never_sent_goes_after_its_time_and_not_before(world: World) -> None:
    file = await world.upload(world.people.ann)
    world.clock.ms += DAY_MS - 1
    await world.sweep.round()
    assert file.key in world.files.kept
    world.clock.ms += 2
    await world.sweep.round()
    assert world.files.kept == {}
    assert await world.store.get(file.id) is None
    assert (await world.store.usage([file.domain_id, file.sender_id])).octets == {
        file.domain_id: 0,
        file.sender_id: 0,
    }


async def test_what_was_sent_stays(world: World) -> None:
    file = await world.upload(world.people.ann)
    await world.send(await world.chat(), file)
    world.clock.ms += 400 * DAY_MS
    await world.sweep.round()
    assert file.key in world.files.kept
    assert (await world.service.get(world.people.bob, file.id)).state is AttachmentState.READY


async def test_a_file_that_is_being_sent_while_the_sweep_comes_is_there_or_the_message_is_not(
    world: World,
) -> None:
    chat = await world.chat()
    for _ in range(12):
        file = await world.upload(world.people.ann)
        world.clock.ms += DAY_MS + 1
        said, _ = await asyncio.gather(world.send(chat, file), world.sweep.round(), return_exceptions=True)
        if isinstance(said, Message):
            assert file.key in world.files.kept
            await world.service.get(world.people.bob, file.id)
        else:
            assert isinstance(said, NotFound)
            assert file.key not in world.files.kept


async def test_files_of_nobody_go_once_they_are_older_than_any_upload(world: World) -> None:
    file = await world.upload(world.people.ann)
    await world.send(await world.chat(), file)
    stray = "att_" + "0" * 31 + "1"
    at_ms = world.clock.ms
    world.files.kept |= {
        stray: (b"x", at_ms),
        f"{stray}.thumbnail": (b"x", at_ms),
        f"{file.id}.part": (b"x", at_ms),
        "somebody-elses.txt": (b"x", at_ms),
    }
    await world.sweep.round()
    assert stray in world.files.kept
    world.clock.ms += HOUR_MS + 1
    await world.sweep.round()
    assert world.files.kept.keys() == {file.key, "somebody-elses.txt"}


async def test_a_file_that_is_lost_is_told_and_comes_back(world: World) -> None:
    file = await world.upload(world.people.ann)
    message = await world.send(await world.chat(), file)
    kept = world.files.kept.pop(file.key)
    await world.sweep.round()
    assert (await world.service.get(world.people.bob, file.id)).state is AttachmentState.LOST
    world.files.kept[file.key] = kept
    await world.sweep.round()
    assert (await world.service.get(world.people.bob, file.id)).state is AttachmentState.READY
    assert message.attachments[0].id == file.id


async def test_a_store_that_is_down_loses_nothing(world: World) -> None:
    file = await world.upload(world.people.ann)
    await world.send(await world.chat(), file)
    world.files.down = True
    with pytest.raises(FilesUnavailable):
        await world.sweep.round()
    world.files.down = False
    assert (await world.service.get(world.people.bob, file.id)).state is AttachmentState.READY


async def test_what_a_kill_left_of_uploads_goes(world: World) -> None:
    world.incoming.mkdir()
    old, young = world.incoming / "att_old", world.incoming / "att_young"
    for path, age_ms in ((old, SETTINGS.upload_within_s * 1000 + HOUR_MS + 1), (young, 1_000)):
        path.write_bytes(b"x")
        at_s = (world.clock.ms - age_ms) / 1000
        os.utime(path, (at_s, at_s))
    await world.sweep.round()
    assert (old.exists(), young.exists()) == (False, True)


async def test_files_of_a_domain_that_is_gone_go_too(world: World) -> None:
    people = world.people
    file = await world.upload(people.outsider)
    with_row = await world.store.get(file.id)
    assert with_row is not None
    await people.database.transact(
        lambda tx: tx.connection.exec_driver_sql(
            "UPDATE attachments SET domain_id = 'dom_gone', message_id = 'msg_gone'"
        )
    )
    await world.sweep.round()
    assert world.files.kept == {}


async def test_a_search_finds_the_names_of_files_until_they_are_withdrawn(world: World) -> None:
    people = world.people
    file = await world.upload(people.ann, "Fahrplan Juni.txt")
    message = await world.send(await world.chat(), file)
    index, search = SearchIndex(people.database), Search(SqlSearch(people.database))

    async def found() -> list[str]:
        await index.catch_up()
        return [message.id for message in (await search.find(people.bob, "fahrplan")).messages.items]

    assert await found() == [message.id]
    await world.service.delete(people.ann, file.id)
    assert await found() == []


async def test_a_quota_that_is_used_up_between_the_octets_and_the_commit_holds(world: World) -> None:
    ann = world.people.ann
    results = await asyncio.gather(
        *(world.upload(ann, content=b"x" * 300) for _ in range(4)), return_exceptions=True
    )
    refused = [one.code for one in results if isinstance(one, EngineError)]
    assert set(refused) == {"attachment_quota"}
    usage = await world.store.usage([ann.user_id or ""])
    assert usage.of(ann.user_id or "") == 300 * (4 - len(refused)) <= 1_000
    assert len(world.files.kept) == 4 - len(refused)
