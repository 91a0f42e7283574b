"""Who gets a chat message on a phone, and which chat a phone answers."""

from __future__ import annotations

from engine.accounts.models import SYSTEM, UpdateUser
from engine.desk_phones.models import DeskPhone
from tests.contract.desk_phones.world import World, page


async def endpoints(world: World, message_id: str) -> list[str]:
    delivery = await world.store.delivery(message_id)
    return [] if delivery is None else [phone.endpoint for phone in delivery.phones]


async def test_a_message_goes_to_the_phones_of_the_others_who_want_it(world: World) -> None:
    anna, bob, carla = world.people
    chat = await world.chat(anna, bob, carla, name="Lunch")
    said = await world.say(anna, chat, "hello")
    delivery = await world.store.delivery(said.id)
    assert delivery is not None
    assert (delivery.conversation_id, delivery.chat, delivery.text) == (chat, "Lunch", "hello")
    assert (delivery.author, delivery.sender) == ("Anna", "101")
    assert [phone.endpoint for phone in delivery.phones] == ["bob-desk"]
    assert "hello" not in repr(delivery)
    assert await endpoints(world, (await world.say(carla, chat, "hi")).id) == ["anna-desk", "bob-desk"]


async def test_both_the_domain_and_the_user_have_to_want_it(world: World) -> None:
    anna, bob, carla = world.people
    said = await world.say(carla, await world.chat(carla, anna, bob), "hi")
    assert await world.store.wanting() == {anna.id, bob.id}
    await world.want(bob, False)
    assert await world.store.wanting() == {anna.id}
    assert await endpoints(world, said.id) == ["anna-desk"]
    await world.allow(False)
    assert await world.store.wanting() == set()
    assert await endpoints(world, said.id) == []
    assert await world.store.phone("main", "anna-desk") is None


async def test_a_disabled_user_neither_gets_nor_sends(world: World) -> None:
    anna, bob, _ = world.people
    await world.accounts.users.update(SYSTEM, bob.id, UpdateUser(enabled=False))
    assert await world.store.wanting() == {anna.id}
    assert await world.store.phone("main", "bob-desk") is None


async def test_who_muted_or_left_a_chat_has_quiet(world: World) -> None:
    anna, bob, carla = world.people
    chat = await world.chat(carla, anna, bob)
    await world.conversations.mute(page(anna), chat, -1)
    assert await endpoints(world, (await world.say(carla, chat, "one")).id) == ["bob-desk"]
    await world.conversations.mute(page(anna), chat, None)
    await world.conversations.leave(page(bob), chat)
    assert await endpoints(world, (await world.say(carla, chat, "two")).id) == ["anna-desk"]


async def test_a_phone_answers_the_chat_it_showed_last(world: World) -> None:
    anna, bob, carla = world.people
    first, second = await world.chat(carla, anna), await world.chat(bob, anna)
    device = world.devices[0]
    phone = DeskPhone(device.id, world.domain.id, anna.id, "main", "anna-desk")
    assert await world.store.phone("main", "anna-desk") == phone
    for conversation_id in (first, second, first):
        await world.store.delivered([device.id], conversation_id)
        found = await world.store.phone("main", "anna-desk")
        assert found is not None
        assert found.conversation_id == conversation_id


async def test_what_is_gone_goes_nowhere(world: World) -> None:
    anna, bob, _ = world.people
    said = await world.say(anna, await world.chat(anna, bob), "hello")
    device = world.devices[1]
    await world.accounts.devices.delete(SYSTEM, device.id)
    assert await endpoints(world, said.id) == []
    await world.store.delivered([device.id], said.conversation_id or "")
    assert await world.store.phone("main", "bob-desk") is None
    assert await world.store.phone("other", "anna-desk") is None
    assert await world.store.delivery("msg_" + "0" * 32) is None
