"""What was left in mailboxes goes through the PBX: when it is too old, and when who left it is erased."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine.accounts.models import Principal, User
from engine.errors import NotFound, PeerUnavailable
from engine.ids import new_id
from engine.parts.records import make_records
from engine.storage.tables.voicemail import mailbox_users, mailboxes, voicemails
from engine.storage.transaction import Transaction
from tests.contract.records.conftest import SEALER, Records
from tests.contract.records.test_retention import DAY_MS, keep

CALLER = "+493077776666"


async def messages_left(world: Records, *numbers: str, by: User | None = None) -> None:
    """In the first user's mailbox. by: the user they are from."""
    texts = world.texts
    box, domain_id = new_id("mbx"), texts.domain.id

    def work(tx: Transaction) -> None:
        row = {"id": box, "domain_id": domain_id, "pbx": "main", "context": "c", "mailbox": "101"}
        tx.connection.execute(sa.insert(mailboxes).values(row | {"state": "ready", "counts": "{}"}))
        whose = {"user_id": texts.users[0].id, "mailbox_id": box}
        tx.connection.execute(sa.insert(mailbox_users).values(whose))
        for place, number in enumerate(numbers):
            message = {"id": new_id("vm"), "domain_id": domain_id, "mailbox_id": box, "copy": place}
            message |= {"message_id": f"m{place}", "folder": "inbox", "number": number, "name": "Caller"}
            if by is not None:
                message |= {"name": by.display_name, "peer_user_id": by.id}
            message |= {"peer": number if by is None else by.id, "received_ms": tx.now_ms, "duration_s": 4}
            tx.connection.execute(sa.insert(voicemails).values(message))

    await texts.database.transact(work)


class Pbx:
    """Removes what it is asked to, unless it cannot be reached; the mirror follows at once."""

    def __init__(self, world: Records) -> None:
        self.world = world
        self.reachable = True
        #: What it has not got any more, though the mirror has.
        self.unknown: set[str] = set()
        self.asked_by: set[str | None] = set()

    async def delete(self, principal: Principal, voicemail_id: str) -> None:
        self.asked_by.add(principal.user_id)
        if not self.reachable:
            raise PeerUnavailable("The PBX is away.")
        if voicemail_id in self.unknown:
            raise NotFound("There is no such voicemail.")
        gone = sa.delete(voicemails).where(voicemails.c.id == voicemail_id)
        await self.world.texts.database.transact(lambda tx: tx.connection.execute(gone).rowcount)


async def left(world: Records) -> list[str]:
    query = sa.select(voicemails.c.number).order_by(voicemails.c.id)
    return await world.texts.database.read(lambda connection: list(connection.scalars(query)))


async def test_old_messages_go_and_what_the_pbx_refuses_is_tried_again(world: Records) -> None:
    texts, pbx = world.texts, Pbx(world)
    part = await make_records(texts.database, world.accounts, SEALER, texts.clock, pbx.delete)
    await messages_left(world, *[CALLER] * 45)
    await keep(world, keep_voicemails_days=1)
    await part.retention.run()
    assert len(await left(world)) == 45
    texts.clock.ms += 3 * DAY_MS
    pbx.reachable = False
    await part.retention.run()
    assert len(await left(world)) == 45
    pbx.reachable = True
    assert (await part.retention.run())["voicemails"] == 45
    assert await left(world) == []
    assert pbx.asked_by == {texts.users[0].id}


async def test_what_the_pbx_does_not_know_holds_nothing_up_for_ever(world: Records) -> None:
    texts, pbx = world.texts, Pbx(world)
    part = await make_records(texts.database, world.accounts, SEALER, texts.clock, pbx.delete)
    await messages_left(world, *[CALLER] * 25)
    query = sa.select(voicemails.c.id).order_by(voicemails.c.id)
    every = await texts.database.read(lambda connection: list(connection.scalars(query)))
    pbx.unknown = set(every[:20])
    refused = await part.erasures.erase(texts.manager, number=CALLER)
    assert refused.left["voicemails.number"] == 25
    pbx.unknown = set(every[:5])
    await keep(world, keep_voicemails_days=1)
    texts.clock.ms += 3 * DAY_MS
    assert (await part.retention.run())["voicemails"] == 20
    assert len(await left(world)) == 5


async def test_what_an_erased_number_left_goes(world: Records) -> None:
    texts, pbx = world.texts, Pbx(world)
    part = await make_records(texts.database, world.accounts, SEALER, texts.clock, pbx.delete)
    await messages_left(world, CALLER, "+493011112222", CALLER)
    pbx.reachable = False
    refused = await part.erasures.erase(texts.manager, number=CALLER)
    assert refused.left["voicemails.number"] == 2
    pbx.reachable = True
    done = await part.erasures.erase(texts.manager, number=CALLER)
    assert (done.left, done.removed["voicemails"]) == ({}, 2)
    assert await left(world) == ["+493011112222"]


async def test_what_an_erased_user_left_can_go_later(world: Records) -> None:
    texts, pbx = world.texts, Pbx(world)
    part = await make_records(texts.database, world.accounts, SEALER, texts.clock, pbx.delete)
    bob = texts.users[1]
    await messages_left(world, "102", "102", by=bob)
    pbx.reachable = False
    refused = await part.erasures.erase(texts.manager, user_id=bob.id)
    assert refused.left["voicemails.peer_user_id"] == 2
    again = await part.erasures.erase(texts.manager, user_id=bob.id)
    assert again.left == {"voicemails.peer_user_id": 2}
    pbx.reachable = True
    done = await part.erasures.erase(texts.manager, user_id=bob.id)
    assert (done.left, done.removed["voicemails"]) == ({}, 2)
    assert await left(world) == []
    with pytest.raises(NotFound):
        await part.erasures.erase(texts.manager, user_id=bob.id)
