"""Files on both databases: what an import makes of a book that is not empty, and what leaves it."""

from __future__ import annotations

import pytest

from engine.contacts.files import MAX_ENTRIES
from engine.contacts.models import CreateContact, Fate, FileFormat, ImportReport, NumberDraft
from engine.contacts.settings import ContactSettings
from engine.errors import Conflict, Forbidden, InvalidRequest, StorageUnavailable
from engine.events import is_private
from tests.contract.contacts.world import World, made, person, server

CSV, VCARD = FileFormat.CSV, FileFormat.VCARD


def counted(report: ImportReport) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, skipped."""
    fates = report.fates
    return (
        fates.get(Fate.CREATED, 0),
        fates.get(Fate.UPDATED, 0),
        fates.get(Fate.UNCHANGED, 0),
        report.skipped,
    )


async def exported(world: World, principal, file_format: FileFormat = CSV, **more: object) -> str:
    return b"".join(
        [piece async for piece in await world.files.export(principal, file_format, **more)]
    ).decode()


async def test_a_file_is_taken_in_and_a_second_time_changes_nothing(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    text = (
        "Name,Company,Email,Mobile,Notes,Extension,Labels\n"
        "Grace Hopper,Navy,g@example.com,(202) 555-0177,first,,* starred\n"
        "Mail Only,,m@example.com,,,,\nName Only,,,,,,\nDesk,,,,,101,\n"
    )
    report = await world.files.import_(person(ada), text, CSV)
    assert (counted(report), report.entries, report.flaws, report.stopped) == ((4, 0, 0, 0), 4, [], None)
    page = (await world.contacts.list(person(ada))).items
    assert [(one.name, one.company, one.email, one.notes, one.favourite) for one in page] == [
        ("Desk", "", "", "", False),
        ("Grace Hopper", "Navy", "g@example.com", "first", True),
        ("Mail Only", "", "m@example.com", "", False),
        ("Name Only", "", "", "", False),
    ]
    assert [(n.label, n.e164, n.user_id) for n in page[0].numbers] == [("extension", None, ada.id)]
    assert [(n.label, n.e164, n.typed, n.is_default) for n in page[1].numbers] == [
        ("mobile", "+12025550177", "(202) 555-0177", True)
    ]
    assert await world.found(person(ada), "hopper") == ["Grace Hopper"]
    events = [event for event in world.published if event.type == "contact.imported"]
    assert [(event.data, is_private(event.user_ids)) for event in events] == [
        ({"created": 4, "updated": 0}, True)
    ]
    again = await world.files.import_(person(ada), text, CSV)
    assert counted(again) == (0, 0, 4, 0)
    assert (await world.contacts.list(person(ada))).items == page


async def test_duplicates_become_one_by_their_numbers(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    saved = await world.save(person(ada), "Grace", "+12025550177")
    text = (
        "Name,Company,Phone,Mobile\n"
        "G. Hopper,Navy,202-555-0177,202-555-0178\n"  # known by its first number; brings a second
        "Hopper again,,,202-555-0178\n"  # known by what the line before brought
        "New,,202-555-0190,\nNew too,,+1 202 555 0190,\n"
    )
    report = await world.files.import_(person(ada), text, CSV)
    assert counted(report) == (1, 1, 2, 0)
    grace = await world.contacts.get(person(ada), saved.id)
    assert (grace.name, grace.company) == ("Grace", "Navy")
    assert [(n.e164, n.label, n.is_default) for n in grace.numbers] == [
        ("+12025550177", "", True),
        ("+12025550178", "mobile", False),
    ]
    assert {one.name for one in (await world.contacts.list(person(ada))).items} == {"Grace", "New"}


async def test_a_bad_line_is_told_of_and_costs_no_other(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    text = (
        "Name,Email,Phone\n"
        "Good,,+12025550177\n"
        "Bad number,,12\n"
        "Bad mail,nonsense,+12025550178\n"
        + "x" * 121
        + ",,+12025550179\n"
        + "Turned \u202eround,,\n"
        + ",,+12025550180\n"  # its number is its name
    )
    report = await world.files.import_(person(ada), text, CSV)
    assert counted(report) == (4, 0, 0, 2)
    assert [(flaw.place, flaw.code, flaw.whole) for flaw in report.flaws] == [
        (3, "invalid_number", False),
        (4, "invalid_request", False),
        (5, "invalid_request", True),
        (6, "invalid_request", True),
    ]
    names = [one.name for one in (await world.contacts.list(person(ada))).items]
    assert names == ["+12025550180", "Bad mail", "Bad number", "Good"]


async def test_a_dry_run_says_the_same_and_does_nothing(world: World) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    await world.save(person(ada), "Known", "+12025550100")
    happened = world.happened()
    lines = ["Name,Phone,Company"]
    lines += [f"Row {n},+1202555{1000 + n % 230},{'x' * (n >= 230)}" for n in range(350)]  # several pieces
    lines += ["Other,+12025550100,Acme", "Bad,12,"]
    text = "\n".join(lines)
    dry = await world.files.import_(person(ada), text, CSV, dry_run=True)
    assert world.happened() == happened
    assert [one.name for one in (await world.contacts.list(person(ada))).items] == ["Known"]
    real = await world.files.import_(person(ada), text, CSV)
    assert dry.dry_run
    assert not real.dry_run
    assert counted(dry) == counted(real) == (231, 121, 0, 0)
    assert dry.flaws == real.flaws


@pytest.mark.parametrize(
    ("text", "file_format"), [("nothing", CSV), ('Name\nGood\n"open', CSV), ("nothing", VCARD), ("", VCARD)]
)
async def test_a_file_that_cannot_be_read_changes_nothing(
    world: World, text: str, file_format: FileFormat
) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    with pytest.raises(InvalidRequest) as refused:
        await world.files.import_(person(ada), text, file_format)
    assert refused.value.code == "import_unreadable"
    assert (await world.contacts.list(person(ada))).items == ()


async def test_a_file_with_too_many_contacts_changes_nothing(world: World) -> None:
    acme = await world.domain()
    with pytest.raises(InvalidRequest) as refused:
        await world.files.import_(server(acme), "Name\n" + "x\n" * (MAX_ENTRIES + 1), CSV)
    assert refused.value.code == "body_too_large"
    assert (await world.contacts.list(server(acme))).items == ()


class TestARoomThatEnds:
    @pytest.fixture
    def settings(self) -> ContactSettings:
        return ContactSettings(personal_contacts=150)

    async def test_an_import_that_stops_says_where(self, world: World) -> None:
        acme = await world.domain()
        ada = await world.user(acme, "101", "Ada")
        text = "Name\n" + "".join(f"Row {n}\n" for n in range(201))
        dry = await world.files.import_(person(ada), text, CSV, dry_run=True)
        report = await world.files.import_(person(ada), text, CSV)
        assert (counted(report), report.stopped) == ((100, 0, 0, 0), ("too_many_contacts", 102))
        assert (counted(dry), dry.stopped) == (counted(report), report.stopped)
        with pytest.raises(Conflict):  # nothing at all fits
            await world.files.import_(person(ada), text.replace("Row", "Other"), CSV)


async def test_an_import_that_storage_ends_says_where(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = await world.domain()
    ada = await world.user(acme, "101", "Ada")
    change, parts = world.store.change, []

    async def failing(fn):
        parts.append(fn)
        if len(parts) == 2:
            raise StorageUnavailable("gone")
        return await change(fn)

    monkeypatch.setattr(world.store, "change", failing)
    text = "Name\n" + "".join(f"Row {n:03}\n" for n in range(250))
    report = await world.files.import_(person(ada), text, CSV)
    assert (counted(report), report.stopped) == ((100, 0, 0, 0), ("storage_unavailable", 102))
    again = await world.files.import_(person(ada), text, CSV)
    assert (counted(again), again.stopped) == ((150, 0, 100, 0), None)


async def test_only_those_who_may_bring_shared_contacts(world: World) -> None:
    acme, other = await world.domain(), await world.domain("Other")
    ada = await world.user(acme, "101", "Ada")
    with pytest.raises(Forbidden):
        await world.files.import_(person(ada), "Name\nGrace\n", CSV, shared=True)
    with pytest.raises(InvalidRequest):
        await world.files.import_(server(acme), "Name\nGrace\n", CSV, shared=False)
    await world.files.import_(server(acme), "Name,Phone\nPizza,+12025550177\n", CSV)
    assert await world.found(person(ada), "pizza") == ["Pizza"]
    eve = await world.user(other, "101", "Eve")
    assert await world.found(person(eve), "pizza") == []
    # What another domain has is no duplicate here.
    assert counted(await world.files.import_(server(other), "Name,Phone\nP,+12025550177\n", CSV)) == (
        1, 0, 0, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("file_format", "more"),
    [(CSV, {}), (VCARD, {"version": "3.0"}), (VCARD, {"version": "4.0"})],
)
async def test_what_leaves_comes_back_whole(world: World, file_format: FileFormat, more) -> None:
    acme, other = await world.domain(), await world.domain("Other")
    ada, eve = await world.user(acme, "101", "Ada"), await world.user(other, "101", "Eve")
    drafts = (
        NumberDraft(label="mobile", number="+12025550177"),
        NumberDraft(label="Boat, old", number="+442079460018", is_default=True),
        NumberDraft(label="desk", extension="101"),
    )
    grace = CreateContact(
        name="=Grace; \"Hop\", per", company="Näv¥", email="g@example.com", notes="a\nb,c", numbers=drafts
    )  # fmt: skip
    made(await world.contacts.create(person(ada), grace))
    for at in range(401):  # more than two pages
        await world.save(server(acme), f"Row {at}")
    text = await exported(world, person(ada), file_format, **more)
    report = await world.files.import_(person(eve), text, file_format)
    assert counted(report) == (402, 0, 0, 0)
    back = (await world.contacts.list(person(eve))).items[0]
    assert (back.name, back.company, back.email, back.notes) == (
        grace.name, grace.company, grace.email, grace.notes,
    )  # fmt: skip
    assert [(n.label, n.e164, n.user_id, n.is_default) for n in back.numbers] == [
        ("mobile", "+12025550177", None, False),
        ("Boat, old", "+442079460018", None, True),
        ("desk", None, eve.id, False),
    ]
    assert (await exported(world, person(ada), CSV, shared=False)).count("\r\n") == 2
    assert "Grace" not in await exported(world, server(acme))
