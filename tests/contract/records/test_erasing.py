"""Erased people are nowhere any more: looked for in every table, and in every octet of an SQLite file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.accounts.models import SYSTEM, Principal, Scope, UpdateUser
from engine.adapters.smpp_texts import CarrierTexts, CarrierWords
from engine.contacts.models import CreateContact, NumberDraft
from engine.conversations.models import Say, StartConversation, Target
from engine.conversations.search import Search
from engine.errors import Forbidden, InvalidRequest, NotFound
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.messaging.blocks import BlockedSenders
from engine.messaging.explain import Explainer
from engine.messaging.models import ConsentState, SendText
from engine.messaging.ports import AnswerKind, InboundPart
from engine.messaging.settings import MessagingSettings
from engine.records.erasing import report_hash
from engine.records.models import Erasure
from engine.smpp.text import TextProfile
from engine.storage.blocked_senders import SqlBlockedSenders
from engine.storage.consent_ledger import SqlConsents
from engine.storage.database import Database
from engine.storage.search import SqlSearch
from engine.usage.models import Kind
from tests.contract.messaging.world import OURS
from tests.contract.records.conftest import Records

CANARY = "+4915799887766"
DIGITS = CANARY[1:]
OTHER = "+4917012345678"
WORDS = "pomegranate"
NAME = "Quentin Oyelaran-Zwick"
CODER = CarrierTexts({"carrier": CarrierWords(carrier="carrier", profile=TextProfile())})


async def everything(database: Database) -> dict[str, str]:
    """The rows of every table there is, as text, by the table's name."""

    def read(connection: sa.Connection) -> dict[str, str]:
        found = {}
        for name in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()
            found[name] = repr([tuple(plain(value) for value in row) for row in rows])
        return found

    return await database.read(read)


def plain(value: object) -> object:
    """Octets as what they may say: GSM and UCS-2 payloads."""
    if isinstance(value, (bytes, memoryview)):
        octets = bytes(value)
        return octets.decode("latin-1") + octets.decode("utf-16-be", "replace")
    return value


async def assert_nowhere(world: Records, url: str, *needles: str) -> None:
    tables = await everything(world.texts.database)
    for needle in needles:
        assert [name for name, rows in tables.items() if needle in rows] == []
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        octets = b"".join(one.read_bytes() for one in sorted(path.parent.glob(path.name + "*")))
        for needle in needles:
            assert needle.encode() not in octets
            assert needle.encode("utf-16-be") not in octets


async def assert_somewhere(world: Records, needle: str) -> None:
    tables = await everything(world.texts.database)
    assert [name for name, rows in tables.items() if needle in rows] != []


def checked(erasure: Erasure) -> Erasure:
    """An erasure whose proof holds."""
    assert erasure.left == {}
    report = {
        name: getattr(erasure, name)
        for name in ("domain_id", "subject_hash", "created_ms", "finished_ms", "rewritten")
    }
    report |= {
        "kind": erasure.kind.value,
        "removed": dict(sorted(erasure.removed.items())),
        "left": {},
    }
    assert report_hash(json.loads(json.dumps(report))) == erasure.report_hash
    return erasure


async def a_life_with_the_number(world: Records) -> None:
    texts = world.texts
    await texts.receive(f"I like {WORDS}", source=CANARY)
    await texts.receive("part one", source=CANARY, part=InboundPart(9, 2, 1))
    claim = Claim("key_1 POST /v1/messages", "k1", "f")
    request = SendText(from_number=OURS, to=(CANARY,), text=f"So do we like {WORDS}")
    said = await texts.messaging.send(
        texts.manager, request, claim, lambda m: (202, json.dumps([one.number for one in m.recipients]))
    )
    assert not isinstance(said, Replayed)
    await texts.answer(texts.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    await texts.receipt("a1", source=CANARY, quote=WORDS)
    await texts.receipt("nobody-knows", source=CANARY)
    await texts.send(CANARY, OTHER, text="To both of you")
    group = StartConversation(to=(Target(number=CANARY), Target(number=OTHER)))
    await texts.conversations.start(texts.user(0), group)
    await texts.send(OTHER, text=f"Ring {CANARY} back, or {DIGITS}")
    await texts.answer(texts.carrier.jobs[-1], AnswerKind.ACCEPTED, "A9")
    chat = await texts.conversations.start(
        texts.user(0), StartConversation(to=(Target(user_id=texts.users[1].id),))
    )
    assert not isinstance(chat, Replayed)
    await texts.conversations.say(texts.user(0), chat[0].conversation.id, Say(text=f"{CANARY} rang"))
    await world.contacts.create(
        texts.manager,
        CreateContact(name="Mr. Canary", notes=WORDS, numbers=(NumberDraft(number=CANARY),)),
    )
    blocks = BlockedSenders(SqlBlockedSenders(texts.database), texts.numbers)
    await blocks.block(texts.manager, CANARY, "+4930100002")
    await world.a_call(0, CANARY, "Mr. Canary")
    await world.index()


async def test_an_outside_number_is_erased_everywhere(world: Records, database_url: str) -> None:
    await a_life_with_the_number(world)
    await assert_somewhere(world, DIGITS)
    before = (await world.usage.report(world.texts.manager, Kind.TEXT)).rows
    erasure = checked(await world.erasures.erase(world.texts.manager, number=CANARY))
    await assert_nowhere(world, database_url, CANARY, DIGITS, WORDS, "Canary")
    assert erasure.removed["messages"] >= 4
    assert erasure.rewritten is (True if database_url.startswith("sqlite") else None)
    # What others were told stays, without the number; and so do the counts.
    await assert_somewhere(world, "To both of you")
    await assert_somewhere(world, "Ring [erased] back, or [erased]")
    assert (await world.usage.report(world.texts.manager, Kind.TEXT)).rows == before
    assert [one.id for one in (await world.erasures.list(world.texts.manager)).items] == [erasure.id]
    assert await world.erasures.get(world.texts.manager, erasure.id) == dataclasses.replace(erasure)


async def test_an_opt_out_outlives_the_number_as_a_hash(world: Records, database_url: str) -> None:
    texts = world.texts
    await texts.receive("STOP", source=CANARY)
    await texts.settle()
    checked(await world.erasures.erase(texts.manager, number=CANARY))
    await assert_nowhere(world, database_url, CANARY, DIGITS)
    with pytest.raises(Forbidden) as refused:
        await texts.send(CANARY)
    assert refused.value.code == "opted_out"
    await texts.send(OTHER)
    await texts.receive("START", source=CANARY, session="s2")
    await texts.send(CANARY)


async def test_all_that_says_what_sending_would_do_knows_of_an_erased_opt_out(world: Records) -> None:
    texts = world.texts
    await texts.receive("STOP", source=CANARY)
    await texts.settle()
    both = StartConversation(to=(Target(number=CANARY), Target(number=OTHER)))
    alone = StartConversation(to=(Target(number=CANARY),))
    before = [await said_before(world, one) for one in (alone, both)]
    assert before == [
        Said(["opted_out"], ["opted_out"], [CANARY], True),
        Said([], ["opted_out", None], [CANARY], True),
    ]
    checked(await world.erasures.erase(texts.manager, number=CANARY))
    assert [await said_before(world, one) for one in (alone, both)] == before
    ledger = SqlConsents(texts.database)
    assert (await ledger.current(OURS, CANARY)).state is ConsentState.STOPPED
    assert (await ledger.current(OURS, OTHER)).state is ConsentState.NONE

    await texts.receive("START", source=CANARY, session="s2")
    assert await said_before(world, both) == Said([], [None, None], [], False)
    assert (await ledger.current(OURS, CANARY)).state is ConsentState.ACTIVE


@dataclasses.dataclass(frozen=True)
class Said:
    """What is said before texting: what sending is refused with, in whole and for each number; the numbers
    of which the thread says that they want no texts; whether starting it says so.
    """

    problems: list[str]
    each: list[str | None]
    stopped: list[str]
    warned: bool


async def said_before(world: Records, wanted: StartConversation) -> Said:
    texts = world.texts
    to = tuple(one.number for one in wanted.to if one.number is not None)
    ledger = SqlConsents(texts.database)
    explainer = Explainer(texts.numbers, ledger, CODER, CODER, {"carrier"}, MessagingSettings())
    outlook = await explainer.explain(texts.manager, SendText(from_number=OURS, to=to, text="Hello"))
    explained = await texts.conversations.explain(texts.user(0), wanted)
    started = await texts.conversations.start(texts.user(0), wanted)
    assert not isinstance(started, Replayed)
    again = await texts.conversations.get(texts.user(0), started[0].conversation.id)
    assert again.stopped == started[0].stopped
    return Said(
        [one.code for one in outlook.problems],
        [None if one.problem is None else one.problem.code for one in outlook.recipients],
        list(again.stopped),
        "opted_out" in [one.code for one in explained.consequences],
    )


async def test_a_user_is_erased_everywhere(world: Records, database_url: str) -> None:
    texts = world.texts
    user = texts.users[0]
    await world.accounts.users.update(
        SYSTEM, user.id, UpdateUser(display_name=NAME, login="q.oyelaran", email="quentin@oyelaran.example")
    )
    chat = await texts.conversations.start(
        texts.user(0), StartConversation(to=(Target(user_id=texts.users[1].id),))
    )
    assert not isinstance(chat, Replayed)
    thread_id = chat[0].conversation.id
    await texts.conversations.say(texts.user(0), thread_id, Say(text=f"Mine: {WORDS}"))
    await texts.conversations.say(texts.user(1), thread_id, Say(text="Not mine"))
    await texts.messaging.send(texts.user(0), SendText(from_number=OURS, to=(OTHER,), text="For the office"))
    await world.a_call(0, OTHER)
    await world.a_call(1, user.id, NAME, user.id)
    await world.index()
    erasure = checked(await world.erasures.erase(texts.manager, user_id=user.id))
    await assert_nowhere(world, database_url, NAME, "q.oyelaran", "quentin@", "Zwick", WORDS)
    await assert_somewhere(world, "Not mine")
    await assert_somewhere(world, "For the office")
    assert erasure.removed["users"] == 1
    days = (await world.usage.report(texts.manager, Kind.CALL)).rows
    assert sum(sums.items for _, sums in days) == 2
    with pytest.raises(NotFound):
        await world.erasures.erase(texts.manager, user_id=user.id)


async def test_what_was_erased_is_not_found_by_search(world: Records) -> None:
    texts = world.texts
    await texts.receive(f"{WORDS} cake", source=CANARY)
    await texts.receive(f"{WORDS} pie", source=OTHER)
    await world.index()
    await world.erasures.erase(texts.manager, number=CANARY)
    await world.index()
    found = await Search(SqlSearch(texts.database)).find(texts.manager, WORDS)
    assert [message.text for message in found.messages.items] == [f"{WORDS} pie"]


async def test_another_domains_people_are_out_of_reach(world: Records) -> None:
    stranger = Principal("key", "key_2", new_id("dom"), None, Scope.OFFICE_MANAGER)
    with pytest.raises(NotFound):
        await world.erasures.erase(stranger, user_id=world.texts.users[0].id)
    with pytest.raises(NotFound):
        await world.erasures.erase(stranger, number=CANARY, domain_id=world.texts.domain.id)
    for wrong in ({}, {"number": CANARY, "user_id": world.texts.users[0].id}, {"number": "what?"}):
        with pytest.raises(InvalidRequest):
            await world.erasures.erase(world.texts.manager, **wrong)
    done = await world.erasures.erase(world.texts.manager, number=CANARY)
    with pytest.raises(NotFound):
        await world.erasures.get(stranger, done.id)
