"""Contacts on both databases: what is kept, who sees it, who may change it."""

from __future__ import annotations

import pytest

from engine.accounts.models import (
    SYSTEM,
    PageRequest,
    Principal,
    Scope,
    UpdateDomainSettings,
    UpdateUser,
)
from engine.contacts.models import ContactFilter, CreateContact, NumberDraft, UpdateContact
from engine.contacts.settings import ContactSettings
from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, NotFound
from engine.events import is_private
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from tests.contract.contacts.world import World, made, managing, person, server


async def test_a_contact_keeps_what_was_given(world: World) -> None:
    acme = await world.domain()
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    drafts = (
        NumberDraft(label="mobile", number="(202) 555-0177"),
        NumberDraft(label="work", number="+44 20 7946 0018", is_default=True),
        NumberDraft(label="inside", extension="102"),
    )
    saved = made(
        await world.contacts.create(
            person(ada),
            CreateContact(
                name="  Grace Hopper ",
                numbers=drafts,
                company="Navy",
                email="grace@example.com",
                notes="a\r\nb",
                favourite=True,
            ),
        )
    )
    assert saved == await world.contacts.get(person(ada), saved.id)
    assert (saved.name, saved.company, saved.email, saved.notes) == (
        "Grace Hopper", "Navy", "grace@example.com", "a\nb",
    )  # fmt: skip
    assert saved.favourite
    assert not saved.shared
    assert [(n.label, n.e164, n.typed, n.user_id, n.extension, n.is_default) for n in saved.numbers] == [
        ("mobile", "+12025550177", "(202) 555-0177", None, None, False),
        ("work", "+442079460018", "+44 20 7946 0018", None, None, True),
        ("inside", None, "102", bob.id, "102", False),
    ]


async def test_the_first_number_is_the_default_where_none_is_named(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    saved = await world.save(person(ada), "Grace", "+12025550177", "+12025550178")
    assert [number.is_default for number in saved.numbers] == [True, False]


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"name": " "}, "/name", "invalid_request"),
        ({"name": "a\nb"}, "/name", "invalid_request"),
        ({"name": "a\u202eb"}, "/name", "invalid_request"),
        ({"name": "x" * 121}, "/name", "invalid_request"),
        ({"email": "not an address"}, "/email", "invalid_request"),
        ({"email": "a@b\r\nBcc: c@d"}, "/email", "invalid_request"),
        ({"notes": "a\x00b"}, "/notes", "invalid_request"),
        ({"numbers": (NumberDraft(number="12"),)}, "/numbers/0/number", "invalid_number"),
        ({"numbers": (NumberDraft(number="5550177"),)}, "/numbers/0/number", "invalid_number"),
        ({"numbers": (NumberDraft(extension="999"),)}, "/numbers/0/extension", "no_such_extension"),
        ({"numbers": (NumberDraft(user_id=new_id("usr")),)}, "/numbers/0/user_id", "invalid_request"),
        ({"numbers": (NumberDraft(),)}, "/numbers/0", "invalid_request"),
        (
            {"numbers": (NumberDraft(number="+12025550177", extension="101"),)},
            "/numbers/0",
            "invalid_request",
        ),
        (
            {"numbers": (NumberDraft(number="+12025550177"), NumberDraft(number="2025550177"))},
            "/numbers/1",
            "invalid_request",
        ),
        (
            {
                "numbers": (
                    NumberDraft(number="+12025550177", is_default=True),
                    NumberDraft(number="+12025550178", is_default=True),
                )
            },
            "/numbers",
            "invalid_request",
        ),
        (
            {"numbers": tuple(NumberDraft(number=f"+120255501{n:02}") for n in range(21))},
            "/numbers",
            "invalid_request",
        ),
    ],
)
async def test_what_cannot_be_a_contact_is_refused_by_field(
    world: World, fields: dict[str, object], field: str, code: str
) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    with pytest.raises(InvalidRequest) as refused:
        await world.contacts.create(person(ada), CreateContact(**{"name": "Grace", **fields}))
    assert (refused.value.field, refused.value.code) == (field, code)
    assert world.happened() == []


async def test_a_personal_contact_is_its_owners_alone(world: World) -> None:
    acme = await world.domain(reseller="north")
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    saved = await world.save(person(ada), "Secret Sam", "+12025550177")
    others = [
        person(bob),
        managing(bob),
        server(acme),
        Principal("key", "key_r", None, None, Scope.RESELLER, "north"),
        SYSTEM,
    ]
    for other in others:
        for attempt in (
            lambda other=other: world.contacts.get(other, saved.id),
            lambda other=other: world.contacts.update(other, saved.id, UpdateContact(name="x")),
            lambda other=other: world.contacts.delete(other, saved.id),
        ):
            with pytest.raises(NotFound) as refused:
                await attempt()
            assert refused.value.code == "not_found"
        assert (await world.contacts.list(other, acme.id)).items == ()
        assert await world.directory.search(other, "secret", 10, acme.id) == []
        hits = await world.directory.search(other, "2025550177", 10, acme.id)
        assert [hit.contact for hit in hits] == [None]  # the number as one nobody has a name for
        assert await world.directory.names_of(acme.id, other.user_id, ["+12025550177"]) == {}
    assert (await world.contacts.list(person(ada))).items == (saved,)
    created = next(event for event in world.published if event.type == "contact.created")
    assert is_private(created.user_ids)
    assert created.user_ids[1:] == (ada.id,)


async def test_a_shared_contact_is_everybodys_and_the_managers_to_change(world: World) -> None:
    acme, other = await world.domain(), await world.domain("Other")
    ada = await world.user(acme, "101", "Ada")
    stranger = await world.user(other, "101", "Eve")
    saved = await world.save(server(acme), "Pizza", "+12025550177")
    assert saved.shared
    assert (await world.contacts.get(person(ada), saved.id)).name == "Pizza"
    for attempt in (
        lambda: world.contacts.update(person(ada), saved.id, UpdateContact(name="x")),
        lambda: world.contacts.delete(person(ada), saved.id),
        lambda: world.save(person(ada), "Mine", shared=True),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt()
        assert refused.value.code == "shared_contacts_read_only"
    with pytest.raises(NotFound):
        await world.contacts.get(person(stranger), saved.id)
    assert await world.found(person(stranger), "pizza") == []
    assert (await world.contacts.update(managing(ada), saved.id, UpdateContact(name="Pasta"))).name == "Pasta"
    await world.contacts.delete(server(acme), saved.id)
    assert world.happened() == [
        ("contact.created", saved.id),
        ("contact.updated", saved.id),
        ("contact.deleted", saved.id),
    ]
    assert all(not event.user_ids for event in world.published if event.type.startswith("contact."))


async def test_where_a_domain_lets_them_users_change_shared_contacts(world: World) -> None:
    acme, other = await world.domain(), await world.domain("Other")
    ada, eve = await world.user(acme, "101", "Ada"), await world.user(other, "101", "Eve")
    allowed = UpdateDomainSettings(users_edit_shared_contacts=True)
    await world.accounts.preferences.change_domain(server(acme), acme.id, allowed)
    saved = await world.save(person(ada), "Pizza", shared=True)
    await world.contacts.update(person(ada), saved.id, UpdateContact(company="Luigi"))
    await world.contacts.delete(person(ada), saved.id)
    assert (await world.contacts.list(person(ada))).items == ()
    with pytest.raises(Forbidden):
        await world.save(person(eve), "Pizza", shared=True)


async def test_a_favourite_is_each_users_own(world: World) -> None:
    acme = await world.domain()
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    saved = await world.save(server(acme), "Pizza")
    changed = await world.contacts.update(person(ada), saved.id, UpdateContact(favourite=True))
    assert changed.favourite
    assert (await world.contacts.get(person(ada), saved.id)).favourite
    assert not (await world.contacts.get(person(bob), saved.id)).favourite
    liked = await world.contacts.list(person(ada), chosen=ContactFilter(favourite=True))
    assert [contact.id for contact in liked.items] == [saved.id]
    assert (await world.contacts.list(person(bob), chosen=ContactFilter(favourite=True))).items == ()
    assert world.published[-1].type == "contact.updated"
    assert world.published[-1].user_ids[1:] == (ada.id,)
    with pytest.raises(InvalidRequest):
        await world.contacts.update(server(acme), saved.id, UpdateContact(favourite=True))


async def test_an_update_changes_what_it_names_and_says_so(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    saved = await world.save(person(ada), "Grace", "+12025550177", company="Navy")
    world.clock.ms += 1_000
    changed = await world.contacts.update(
        person(ada), saved.id, UpdateContact(numbers=(NumberDraft(number="+12025550188", label="home"),))
    )
    assert (changed.name, changed.company) == ("Grace", "Navy")
    assert [(number.e164, number.label) for number in changed.numbers] == [("+12025550188", "home")]
    assert changed.updated_ms == changed.created_ms + 1_000
    assert world.published[-1].data == {"changed": ["numbers"]}
    count = len(world.published)
    assert await world.contacts.update(person(ada), saved.id, UpdateContact(name="Grace")) == changed
    assert len(world.published) == count


async def test_a_list_is_by_name_over_both_books_and_misses_nothing_in_pages(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    names = ["Émile", "adam", "Bert", "Çelik", "Zoë", "ähnlich", "Bert", "東京", "emilia"]
    for at, name in enumerate(names):
        await world.save(server(acme) if at % 2 else person(ada), name)
    seen: list[str] = []
    cursor = None
    while True:
        page = await world.contacts.list(person(ada), page=PageRequest(2, cursor))
        seen += [contact.name for contact in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(cursor) <= 200
    assert seen == ["adam", "ähnlich", "Bert", "Bert", "Çelik", "Émile", "emilia", "Zoë", "東京"]
    shared = await world.contacts.list(person(ada), chosen=ContactFilter(shared=True))
    assert [contact.name for contact in shared.items] == ["adam", "ähnlich", "Çelik", "東京"]
    own = await world.contacts.list(person(ada), chosen=ContactFilter(shared=False))
    assert {contact.name for contact in own.items} == {"Bert", "Émile", "emilia", "Zoë"}


@pytest.mark.parametrize("cursor", ["x", "!!!", "Y29udF8x", "AAAA", "é"])
async def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    with pytest.raises(EngineError) as refused:
        await world.contacts.list(person(ada), page=PageRequest(10, cursor))
    assert refused.value.code == "invalid_cursor"


async def test_a_number_goes_with_the_user_it_names_and_the_default_moves_on(world: World) -> None:
    acme = await world.domain()
    ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
    drafts = (NumberDraft(extension="102", is_default=True), NumberDraft(number="+12025550177"))
    saved = made(await world.contacts.create(person(ada), CreateContact(name="Bobby", numbers=drafts)))
    await world.accounts.users.update(SYSTEM, bob.id, UpdateUser(extension="202"))
    assert (await world.contacts.get(person(ada), saved.id)).numbers[0].extension == "202"
    await world.accounts.users.delete(SYSTEM, bob.id)
    left = (await world.contacts.get(person(ada), saved.id)).numbers
    assert [(number.e164, number.is_default) for number in left] == [("+12025550177", True)]


async def test_a_users_own_contacts_go_with_the_user(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    await world.save(person(ada), "Grace", "+12025550177")
    await world.accounts.users.delete(SYSTEM, ada.id)
    await world.accounts.domains.delete(SYSTEM, acme.id)  # nothing is left that holds on to it

    def left(connection):
        counted = "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM directory_keys)"
        return connection.exec_driver_sql(counted).scalar()

    assert await world.database.read(left) == 0


async def test_deleting_a_domain_takes_its_shared_contacts_along(world: World) -> None:
    acme = await world.domain()
    await world.save(server(acme), "Pizza", "+12025550177")
    await world.accounts.domains.delete(SYSTEM, acme.id)

    def left(connection):
        return connection.exec_driver_sql("SELECT count(*) FROM directory_keys").scalar()

    assert await world.database.read(left) == 0


class TestASmallBook:
    @pytest.fixture
    def settings(self) -> ContactSettings:
        return ContactSettings(personal_contacts=2, shared_contacts=1)

    async def test_a_full_book_takes_no_more(self, world: World) -> None:
        acme = await world.domain()
        ada, bob = await world.user(acme, "101", "Ada"), await world.user(acme, "102", "Bob")
        await world.save(person(ada), "One")
        second = await world.save(person(ada), "Two")
        with pytest.raises(Conflict) as refused:
            await world.save(person(ada), "Three")
        assert refused.value.code == "too_many_contacts"
        await world.save(person(bob), "One")
        await world.save(server(acme), "One")
        with pytest.raises(Conflict):
            await world.save(server(acme), "Two")
        await world.contacts.delete(person(ada), second.id)
        await world.save(person(ada), "Three")


async def test_a_repeated_request_makes_one_contact(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    claim = Claim("tok POST /v1/contacts", "k1", "f")
    first = await world.contacts.create(
        person(ada), CreateContact(name="Grace"), claim, lambda contact: (201, contact.id)
    )
    again = await world.contacts.create(
        person(ada), CreateContact(name="Grace"), claim, lambda contact: (201, contact.id)
    )
    assert not isinstance(first, Replayed)
    assert again == Replayed(201, first.id)
    assert len((await world.contacts.list(person(ada))).items) == 1
