"""The call log on disk: written as calls go on, listed when they are over."""

from __future__ import annotations

from dataclasses import replace

from engine.ids import new_id
from engine.presence.models import CallLogEntry, CallLogFilter, CallResult, Direction
from tests.contract.presence.conftest import World


def an_entry(world: World, user: int = 0, **changes: object) -> CallLogEntry:
    """A call from outside that rings the user now."""
    who = world.users[user]
    entry = CallLogEntry(
        id=new_id("clog"),
        domain_id=who.domain_id,
        user_id=who.id,
        pbx="main",
        linkedid=new_id("pbx"),
        peer="+4930123456",
        peer_user_id=None,
        peer_name="ACME",
        direction=Direction.INBOUND,
        result=None,
        started_ms=world.clock.now_ms(),
        open=True,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def ended(entry: CallLogEntry, result: CallResult = CallResult.MISSED) -> CallLogEntry:
    answered = result is CallResult.ANSWERED
    over = replace(entry, open=False, result=result, answered=answered, ended_ms=entry.started_ms + 5_000)
    return replace(over, seen=not over.missed)


async def test_call_that_goes_on_is_kept_and_not_listed(world: World) -> None:
    entry = an_entry(world)
    await world.calls.save([entry])
    assert await world.calls.open_entries() == [entry]
    assert await world.calls.get(entry.id) is None
    assert await world.calls.list(entry.domain_id, None, CallLogFilter(), None, 10) == []
    assert world.told("call_log") == []


async def test_call_that_ends_is_listed_and_told_to_its_user_once(world: World) -> None:
    entry = an_entry(world)
    await world.calls.save([entry])
    await world.calls.save([ended(entry)])
    assert await world.calls.open_entries() == []
    assert await world.calls.get(entry.id) == ended(entry)
    assert world.told("call_log") == [("call_log.created", entry.id, (entry.user_id,))]
    assert world.events[-1].data["missed"] is True
    assert "+4930123456" not in str(world.events[-1].data)


async def test_snapshots_of_one_batch_leave_the_last(world: World) -> None:
    entry = an_entry(world)
    await world.calls.save([entry, replace(entry, answered=True), ended(entry, CallResult.ANSWERED)])
    found = await world.calls.get(entry.id)
    assert found is not None
    assert found.result is CallResult.ANSWERED
    assert len(world.told("call_log")) == 1


async def test_later_correction_is_an_update_under_the_same_id(world: World) -> None:
    entry = an_entry(world)
    await world.calls.save([ended(entry)])
    corrected = replace(ended(entry, CallResult.ANSWERED_ELSEWHERE), id=new_id("clog"))
    await world.calls.save([corrected])
    (found,) = await world.calls.list(entry.domain_id, entry.user_id, CallLogFilter(), None, 10)
    assert (found.id, found.result, found.seen) == (entry.id, CallResult.ANSWERED_ELSEWHERE, True)
    assert [kind for kind, _, _ in world.told("call_log")] == ["call_log.created", "call_log.updated"]
    assert world.events[-1].subject == entry.id


async def test_one_call_has_one_entry_for_each_user(world: World) -> None:
    first = ended(an_entry(world))
    second = replace(ended(an_entry(world, 1)), linkedid=first.linkedid)
    await world.calls.save([first, second])
    assert len(await world.calls.list(first.domain_id, None, CallLogFilter(), None, 10)) == 2
    assert await world.calls.list(first.domain_id, first.user_id, CallLogFilter(), None, 10) == [first]


async def test_what_was_seen_stays_seen(world: World) -> None:
    entry = an_entry(world)
    await world.calls.save([ended(entry)])
    assert await world.calls.unseen_missed(entry.user_id) == 1
    assert await world.calls.mark_seen(entry.user_id, entry.started_ms, None) == 0
    await world.calls.save([ended(entry)])
    assert await world.calls.unseen_missed(entry.user_id) == 0
    assert world.told("call_log")[1] == ("call_log.seen", entry.user_id, (entry.user_id,))


async def test_marking_concerns_ones_own_named_and_earlier_entries_alone(world: World) -> None:
    first, second = ended(an_entry(world)), ended(an_entry(world))
    others = ended(an_entry(world, 1))
    await world.calls.save([first, second, others])
    assert await world.calls.mark_seen(first.user_id, first.started_ms - 1, None) == 2
    assert await world.calls.mark_seen(first.user_id, first.started_ms, [first.id, others.id]) == 1
    assert await world.calls.unseen_missed(others.user_id) == 1
    assert len([kind for kind, _, _ in world.told("call_log") if kind == "call_log.seen"]) == 1


async def test_list_narrows_and_pages_newest_first(world: World) -> None:
    entries = []
    for number in range(5):
        world.clock.pass_s(1)
        result = CallResult.MISSED if number % 2 else CallResult.ANSWERED
        entries.append(ended(an_entry(world, peer=f"+493012345{number}"), result))
    await world.calls.save(entries)
    domain, user = entries[0].domain_id, entries[0].user_id
    newest_first = entries[::-1]
    first = await world.calls.list(domain, user, CallLogFilter(), None, 3)
    last = first[-1]
    rest = await world.calls.list(domain, user, CallLogFilter(), (last.started_ms, last.id), 3)
    assert [*first, *rest] == newest_first
    missed = await world.calls.list(domain, user, CallLogFilter(missed=True), None, 10)
    assert missed == [entries[3], entries[1]]
    peer = await world.calls.list(domain, user, CallLogFilter(peer="+4930123452"), None, 10)
    assert peer == [entries[2]]
    outbound = await world.calls.list(domain, user, CallLogFilter(direction=Direction.OUTBOUND), None, 10)
    assert outbound == []
    unseen = await world.calls.list(domain, user, CallLogFilter(seen=False), None, 10)
    assert unseen == missed


async def test_calls_between_two_are_those_of_the_user_asked_for(world: World) -> None:
    anna, bob = world.users[0], world.users[1]
    hers = ended(an_entry(world, peer=bob.id, peer_user_id=bob.id))
    his = replace(ended(an_entry(world, 1, peer=anna.id)), linkedid=hers.linkedid)
    await world.calls.save([hers, his, ended(an_entry(world)), an_entry(world, peer=bob.id)])
    assert await world.calls.calls_between(anna.id, bob.id, None, 10) == [hers]
    assert await world.calls.calls_between(bob.id, anna.id, None, 10) == [his]
    assert await world.calls.calls_between(anna.id, bob.id, (hers.started_ms, hers.id), 10) == []


async def test_domains_do_not_meet(world: World) -> None:
    mine, theirs = ended(an_entry(world)), ended(an_entry(world, 2))
    await world.calls.save([mine, theirs])
    assert await world.calls.list(mine.domain_id, None, CallLogFilter(), None, 10) == [mine]
    assert await world.calls.list(mine.domain_id, theirs.user_id, CallLogFilter(), None, 10) == []
    streams = {event.stream for event in world.events if event.subject == theirs.id}
    assert streams == {theirs.domain_id}
