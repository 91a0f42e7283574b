"""Searching the directory on both databases: what is found, in which order, for whom."""

from __future__ import annotations

import pytest

from engine.accounts.models import SYSTEM, UpdateUser
from engine.contacts.models import CreateContact, Match, NumberDraft, UpdateContact
from engine.errors import InvalidRequest
from tests.contract.contacts.world import World, made, person, server


async def test_hits_come_in_the_order_of_the_promise(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada Lovelace")
    await world.user(acme, "20250", "Zed")
    await world.user(acme, "103", "2025 Office")
    await world.user(acme, "104", "Office 2025")
    await world.save(server(acme), "2025 Contacts", "+493012345678")
    await world.save(person(ada), "Club 2025", "+493012345679")
    await world.save(person(ada), "Grace", "+12025550177")
    assert await world.found(person(ada), "2025") == [
        "Zed", "2025 Office", "Office 2025", "2025 Contacts", "Club 2025", "Grace",
    ]  # fmt: skip


async def test_a_user_is_found_by_extension_name_and_word_without_accents(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    jose = await world.user(acme, "1012", "José María Núñez")
    for query in ("101", "1012", "jose", "JOSÉ M", "nunez", "maria jose", "núñ"):
        assert "José María Núñez" in await world.found(person(ada), query), query
    (hit,) = await world.directory.search(person(ada), "nunez")
    assert hit.user is not None
    assert (hit.user.id, hit.user.extension, hit.leads_to) == (jose.id, "1012", "chat")
    assert [(number.extension, number.user_id, number.is_default) for number in hit.numbers] == [
        ("1012", jose.id, True)
    ]
    assert await world.found(person(ada), "101") == ["Ada", "José María Núñez"]


async def test_a_changed_user_is_found_by_what_it_is_now(world: World) -> None:
    acme = await world.domain()
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    await world.accounts.users.update(SYSTEM, bob.id, UpdateUser(display_name="Robert", extension="155"))
    assert await world.found(person(ada), "bob") == []
    assert await world.found(person(ada), "102") == []
    assert await world.found(person(ada), "rob") == await world.found(person(ada), "155") == ["Robert"]
    await world.accounts.users.update(SYSTEM, bob.id, UpdateUser(enabled=False))
    assert await world.found(person(ada), "rob") == []
    await world.accounts.users.update(SYSTEM, bob.id, UpdateUser(enabled=True))
    assert await world.found(person(ada), "rob") == ["Robert"]
    await world.accounts.users.delete(SYSTEM, bob.id)
    assert await world.found(person(ada), "rob") == []


async def test_a_changed_contact_is_found_by_what_it_is_now(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    saved = await world.save(person(ada), "Grace", "+12025550177")
    await world.contacts.update(
        person(ada),
        saved.id,
        UpdateContact(name="Edsger", numbers=(NumberDraft(number="+31205550188"),), email="e@example.org"),
    )
    assert await world.found(person(ada), "grace") == []
    assert await world.found(person(ada), "0177") == []
    for query in ("eds", "0188", "e@example.org"):
        assert await world.found(person(ada), query) == ["Edsger"], query
    await world.contacts.delete(person(ada), saved.id)
    for query in ("eds", "0188", "e@example.org"):
        assert await world.found(person(ada), query) == [], query


@pytest.mark.parametrize(
    "query",
    ["+1 202 555", "202-555-0177", "(202)", "5550177", "0177", "550", "12025550177", "011 1 202 555 01 77"],
)
async def test_a_contact_is_found_by_any_digits_of_its_number(world: World, query: str) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    await world.save(person(ada), "Grace", "+12025550177")
    await world.save(person(ada), "Edsger", "+31201112233")
    assert (await world.found(person(ada), query))[0] == "Grace"
    assert "Edsger" not in await world.found(person(ada), query)


async def test_several_words_mean_one_contact_that_has_them_all(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    await world.save(person(ada), "John Smith", "+12025550177", company="Acme Rockets")
    await world.save(person(ada), "John Smithers", "+12025550188", company="Zenith")
    await world.save(person(ada), "Smith Sr", "+12025550199")
    assert await world.found(person(ada), "smi jo") == ["John Smith", "John Smithers"]
    assert await world.found(person(ada), "smith rockets") == ["John Smith"]
    assert await world.found(person(ada), "john 0188") == ["John Smithers"]
    assert await world.found(person(ada), "smith nobody") == []
    assert await world.found(person(ada), "jo%") == ["John Smith", "John Smithers"]  # no wildcard
    assert await world.found(person(ada), "j_hn smith") == []


async def test_a_hit_has_its_numbers_and_says_where_they_lead(world: World) -> None:
    acme = await world.domain()
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    drafts = (
        NumberDraft(number="+12025550177", label="mobile"),
        NumberDraft(extension="102", label="desk", is_default=True),
    )
    made(await world.contacts.create(person(ada), CreateContact(name="Bobby", numbers=drafts)))
    hits = await world.directory.search(person(ada), "bobby")
    assert [hit.name for hit in hits] == ["Bobby"]
    assert hits[0].leads_to == "chat"
    assert [(n.label, n.e164, n.user_id, n.is_default) for n in hits[0].numbers] == [
        ("mobile", "+12025550177", None, False),
        ("desk", None, bob.id, True),
    ]
    await world.save(person(ada), "Nobody to call")
    (silent,) = await world.directory.search(person(ada), "nobody")
    assert silent.leads_to is None


@pytest.mark.parametrize("query", ["2025550177", "+1 (202) 555-0177", "+12025550177", "1 202 555 0177"])
async def test_a_whole_number_nobody_has_is_offered_as_new(world: World, query: str) -> None:
    acme = await world.domain(region="US")
    ada = await world.user(acme, "101", "Ada")
    (hit,) = await world.directory.search(person(ada), query)
    assert (hit.match, hit.name, hit.leads_to) == (Match.NEW_NUMBER, "+12025550177", "sms")
    assert [(number.e164, number.is_default) for number in hit.numbers] == [("+12025550177", True)]
    await world.save(person(ada), "Grace", "+12025550177")
    assert await world.found(person(ada), query) == ["Grace"]


@pytest.mark.parametrize("query", ["202555", "5550177", "101", "grace 2025550177", "+", "++12025550177x"])
async def test_what_is_no_whole_number_is_not_offered(world: World, query: str) -> None:
    acme = await world.domain(region="US")
    ada = await world.user(acme, "199", "Ada")
    assert [hit.match for hit in await world.directory.search(person(ada), query)] == []


async def test_a_new_number_keeps_its_place_among_many_hits(world: World) -> None:
    acme = await world.domain(region="DE")
    ada = await world.user(acme, "101", "Ada")
    for at in range(5):
        await world.save(person(ada), f"Row {at}", f"+4930123456{at}")
    hits = await world.directory.search(person(ada), "030123456", 3)
    assert [hit.match for hit in hits] == [Match.NUMBER, Match.NUMBER, Match.NEW_NUMBER]
    assert hits[-1].name == "+4930123456"


async def test_favourites_come_first_among_hits_alike(world: World) -> None:
    acme = await world.domain()
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    await world.save(server(acme), "Sam A")
    liked = await world.save(server(acme), "Sam B")
    await world.contacts.update(person(ada), liked.id, UpdateContact(favourite=True))
    assert await world.found(person(ada), "sam") == ["Sam B", "Sam A"]
    assert await world.found(person(bob), "sam") == ["Sam A", "Sam B"]


async def test_a_contact_with_many_like_numbers_does_not_crowd_out_the_others(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    await world.save(person(ada), "Board", *(f"+120255501{n:02}" for n in range(20)))
    await world.save(person(ada), "Other", "+12025550199")
    assert set(await world.found(person(ada), "20255501", 10)) >= {"Board", "Other"}


async def test_the_limit_is_kept(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    for at in range(12):
        await world.save(person(ada), f"Row {at:02}")
    assert await world.found(person(ada), "row", 5) == [f"Row {at:02}" for at in range(5)]
    for limit in (0, 51):
        with pytest.raises(InvalidRequest):
            await world.directory.search(person(ada), "row", limit)
    with pytest.raises(InvalidRequest):
        await world.directory.search(person(ada), "x" * 101)


async def test_a_number_is_named_by_ones_own_contact_before_a_shared_one(world: World) -> None:
    acme, other = await world.domain(), await world.domain("Other")
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    shared = await world.save(server(acme), "Reception", "+12025550177", "+12025550178")
    own = made(
        await world.contacts.create(
            person(ada),
            CreateContact(name="Grace", numbers=(NumberDraft(number="+12025550177", label="mobile"),)),
        )
    )
    await world.save(server(other), "Elsewhere", "+12025550199")
    numbers = [f"+1202555{n:04}" for n in range(1_200)]  # more than one statement takes
    named = await world.directory.names_of(acme.id, ada.id, numbers)
    assert {number: (who.contact_id, who.name, who.label) for number, who in named.items()} == {
        "+12025550177": (own.id, "Grace", "mobile"),
        "+12025550178": (shared.id, "Reception", ""),
    }
    of_bob = await world.directory.names_of(acme.id, bob.id, ["+12025550177"])
    assert of_bob["+12025550177"].name == "Reception"
    assert (await world.directory.names_of(acme.id, None, ["+12025550177"]))[
        "+12025550177"
    ].name == "Reception"
