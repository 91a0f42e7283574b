"""The mirror of mailboxes on each real database: what scans and changes make of it."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from engine.accounts.models import SYSTEM, PageRequest
from engine.errors import Conflict, NotFound
from engine.idempotency import Claim, Replayed
from engine.voicemail.errors import MailboxTaken, NoMailbox, Refused
from engine.voicemail.models import Folder, Mailbox, MailboxState, Voicemail, VoicemailFilter
from tests.contract.voicemail.world import World, page


async def listed(world: World, **chosen: object) -> list[Voicemail]:
    found = await world.service.list(page(world.anna), VoicemailFilter(**chosen))  # type: ignore[arg-type]
    return list(found.items)


async def of(world: World, mailbox: Mailbox) -> Mailbox:
    found = await world.store.mailbox(mailbox.id)
    assert found is not None
    return found


async def seen(world: World) -> Mailbox:
    """Anna's mailbox, looked at once while it was empty."""
    world.spool.folder().mkdir(parents=True)
    mailbox = await world.give(world.anna, "1001@acme")
    await world.look(mailbox)
    world.told.clear()
    return mailbox


async def test_what_is_there_at_the_beginning_is_no_news(world: World) -> None:
    world.spool.leave()
    world.spool.leave(folder=Folder.OLD)
    mailbox = await world.give(world.anna, "1001@acme")
    await world.look(mailbox)
    assert len(await listed(world)) == 2
    assert not [kind for kind, _ in world.events() if kind.startswith("voicemail.")]
    found = await of(world, mailbox)
    assert (found.state, found.new, found.old) == (MailboxState.OK, 1, 1)


async def test_each_difference_is_told_once(world: World) -> None:
    mailbox = await seen(world)
    first = world.spool.leave()
    second = world.spool.leave(folder=Folder.URGENT)
    await world.look(mailbox)
    await world.look(mailbox)
    assert sorted(world.events()) == [("voicemail.created", "inbox"), ("voicemail.created", "urgent")]
    before = {one.message_id: one.id for one in await listed(world)}
    box = mailbox.box
    await world.pbx.move(box, second, Folder.URGENT, Folder.OLD)
    await world.pbx.remove(box, first, Folder.INBOX)
    await world.look(mailbox)
    assert sorted(world.events()) == [("voicemail.deleted", "inbox"), ("voicemail.updated", "old")]
    (left,) = await listed(world)
    assert (left.id, left.folder, left.heard) == (before[second], Folder.OLD, True)
    assert (await of(world, mailbox)).counts == {Folder.OLD: 1}


async def test_callers_are_colleagues_or_numbers(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave(caller='"Bob" <1002>', channel="PJSIP/bob-desk-00000001", received_s=1_795_000_002)
    world.spool.leave(caller='"B" <2025550123>', channel="PJSIP/carrier-00000001", received_s=1_795_000_001)
    await world.look(mailbox)
    colleague, outside = await listed(world)
    assert (colleague.peer, colleague.peer_user_id) == (world.bob.id, world.bob.id)
    assert (outside.peer, outside.peer_user_id, outside.name) == ("+12025550123", None, "B")
    assert [one.id for one in await listed(world, peer="+12025550123")] == [outside.id]
    between = await world.store.voicemails_between(world.anna.id, world.bob.id, None, 10)
    assert [one.id for one in between] == [colleague.id]
    assert await world.store.voicemails_between(world.bob.id, world.anna.id, None, 10) == []


async def test_lists_are_cut_into_pages_and_narrowed(world: World) -> None:
    mailbox = await seen(world)
    for second in range(5):
        world.spool.leave(received_s=1_795_000_000 + second // 2)  # some in the same second
    world.spool.leave(folder=Folder.WORK, received_s=1_790_000_000)
    await world.look(mailbox)
    everything = [one.id for one in await listed(world)]
    assert len(everything) == 6
    paged, cursor = [], None
    while True:
        found = await world.service.list(page(world.anna), page=PageRequest(limit=2, cursor=cursor))
        paged += [one.id for one in found.items]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert paged == everything
    assert [one.id for one in await listed(world, heard=True)] == everything[-1:]
    assert [one.id for one in await listed(world, heard=False)] == everything[:-1]
    assert [one.id for one in await listed(world, folder=Folder.WORK)] == everything[-1:]
    assert await listed(world, mailbox_id="vmb_other") == []


async def test_an_absent_mount_deletes_nothing(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave()
    await world.look(mailbox)
    world.told.clear()
    shutil.rmtree(world.spool.root / "acme")
    await world.look(mailbox)
    assert len(await listed(world)) == 1
    assert (await of(world, mailbox)).state is MailboxState.UNAVAILABLE
    assert not [kind for kind, _ in world.events() if kind == "voicemail.deleted"]


async def test_messages_without_an_id_are_given_one(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave(message_id="")
    await world.look(mailbox)
    (found,) = await listed(world)
    assert found.message_id.startswith("named-")
    assert world.pbx.named == [mailbox.box]


async def test_a_mailbox_is_one_domains(world: World) -> None:
    await world.give(world.anna, "1001@acme")
    with pytest.raises(MailboxTaken):
        await world.give(world.carla, "1001@acme")
    shared = await world.give(world.bob, "1001@acme")
    assert shared.user_ids == tuple(sorted((world.anna.id, world.bob.id)))


async def test_a_mailbox_nobody_has_is_forgotten_and_free(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave()
    await world.look(mailbox)
    (left,) = await listed(world)
    await world.accounts.users.delete(SYSTEM, world.anna.id)
    assert await world.store.mailbox(mailbox.id) is None
    listing = await world.service.mailboxes.list(SYSTEM, world.acme.id)
    assert listing == []
    again = await world.give(world.carla, "1001@acme")
    assert again.id != mailbox.id
    assert await world.store.get(left.id) is None
    await world.service.mailboxes.take_away(SYSTEM, world.carla.id)
    assert await world.store.mailboxes() == []


async def test_a_change_moves_it_on_the_pbx_and_here(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave()
    await world.look(mailbox)
    (left,) = await listed(world)
    marked = await world.service.mark(page(world.anna), left.id, heard=True)
    assert (marked.id, marked.folder) == (left.id, Folder.OLD)
    assert list(world.spool.folder(folder=Folder.OLD).glob("*.txt"))
    assert (await of(world, mailbox)).new == 0


async def test_a_message_moved_meanwhile_is_found_again(world: World) -> None:
    """The phone and the page act at once: the page's change is made on what the phone left."""
    mailbox = await seen(world)
    message_id = world.spool.leave()
    await world.look(mailbox)
    (left,) = await listed(world)
    await world.pbx.move(mailbox.box, message_id, Folder.INBOX, Folder.OLD)  # and nobody has looked
    moved = await world.service.move(page(world.anna), left.id, Folder.FAMILY)
    assert moved.folder is Folder.FAMILY
    await world.pbx.remove(mailbox.box, message_id, Folder.FAMILY)
    with pytest.raises(NotFound):
        await world.service.move(page(world.anna), left.id, Folder.WORK)


async def test_a_pbx_that_refuses_is_said_so(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave()
    await world.look(mailbox)
    (left,) = await listed(world)
    world.pbx.refuses = True
    for change in (
        world.service.mark(page(world.anna), left.id, heard=True),
        world.service.delete(page(world.anna), left.id),
    ):
        with pytest.raises(Refused):
            await change
    assert (await listed(world))[0].folder is Folder.INBOX


async def test_a_forward_is_made_once_for_a_key_even_by_twins(world: World) -> None:
    mailbox = await seen(world)
    world.spool.leave()
    await world.look(mailbox)
    (left,) = await listed(world)
    claim = Claim("anna", "key", "digest")

    async def forward(with_claim: Claim | None = claim) -> Voicemail | Replayed:
        return await world.service.forward(
            page(world.anna), left.id, world.bob.id, with_claim, lambda one: (200, f'"{one.id}"')
        )

    with pytest.raises(NoMailbox):
        await forward()
    theirs = await world.give(world.bob, "1002@acme")
    answers = await asyncio.gather(*(forward() for _ in range(4)))
    assert [one for one in answers if isinstance(one, Replayed)] == [Replayed(200, f'"{left.id}"')] * 3
    assert len(list(world.spool.folder("1002").glob("*.txt"))) == 1
    with pytest.raises(Conflict) as refused:
        await forward(Claim("anna", "key", "another body"))
    assert refused.value.code == "idempotency_mismatch"
    copied = await world.service.list(page(world.bob))
    assert [one.message_id for one in copied.items] == [left.message_id]
    assert (await of(world, theirs)).new == 1
    with pytest.raises(NotFound):
        await world.service.forward(page(world.anna), left.id, world.carla.id)


async def test_the_watch_finds_what_it_is_told_of_and_what_it_is_not(world: World) -> None:
    mailbox = await seen(world)
    watching = asyncio.create_task(world.watch.run())
    try:
        for told in (True, False):
            message_id = world.spool.leave()
            if told:
                world.pbx.tell("acme", "1001")
            async with asyncio.timeout(30):
                while message_id not in {one.message_id for one in await listed(world)}:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        world.spool.root.rename(world.spool.root.with_name("unmounted"))
        async with asyncio.timeout(30):
            while (await of(world, mailbox)).state is not MailboxState.UNAVAILABLE:  # noqa: ASYNC110
                await asyncio.sleep(0)
        world.spool.root.with_name("unmounted").rename(world.spool.root)
        async with asyncio.timeout(30):
            while (await of(world, mailbox)).state is not MailboxState.OK:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert len(await listed(world)) == 2
    finally:
        watching.cancel()
        await asyncio.wait((watching,))
    assert watching.cancelled()
