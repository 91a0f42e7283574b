"""Presence and call log of a real Asterisk with real phones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.click_to_call.models import Call, PlaceCall
from engine.presence.models import CallResult, Direction, LegState, PhoneState, SetStatus, Status
from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, find_asterisk
from engine.sip.phones import Policy
from tests.integration.presence.office import DIALPLAN, Office, an_office, page_of
from tests.peers.asterisk import FETCH_WITHIN_S, USERS, Shelf
from tests.peers.require import unavailable

pytestmark = pytest.mark.asterisk

C, D, P = CallResult, Direction, PhoneState


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateAsterisk]:
    """One of this module's own, whose dialplan has groups and feature codes."""
    try:
        tree = find_asterisk(within_s=FETCH_WITHIN_S)
        folder = tmp_path_factory.mktemp("asterisk")
        private = PrivateAsterisk(folder, USERS, tree=tree, ring_s=60, extra_dialplan=DIALPLAN)
        private.start()
    except AsteriskUnavailable as error:
        unavailable("asterisk", error.detail)
    yield private
    private.stop()


@pytest.fixture
async def office(asterisk: PrivateAsterisk, tmp_path: Path) -> AsyncIterator[Office]:
    ami = {"do_not_disturb_state": "CustomPresence:{endpoint}"}
    async with an_office(asterisk, tmp_path, **ami) as office:
        yield office


async def test_answered_call_between_colleagues(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer(0.3))
    bob = await phones.take("1002")
    await office.until_phone(office.anna, P.IDLE)
    await bob.call("1001")
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    (live,) = (await office.presence(office.anna)).calls
    assert (live.direction, live.state, live.other.user_id) == (D.INBOUND, LegState.TALKING, office.bob.id)
    (live,) = (await office.presence(office.bob)).calls
    assert (live.direction, live.other.user_id) == (D.OUTBOUND, office.anna.id)
    await bob.hang_up()
    anna, other = await office.logged(office.anna), await office.logged(office.bob)
    assert (anna.direction, anna.result, anna.peer_user_id) == (D.INBOUND, C.ANSWERED, office.bob.id)
    assert (other.direction, other.result, other.peer_user_id) == (D.OUTBOUND, C.ANSWERED, office.anna.id)
    assert anna.started_ms <= (anna.answered_ms or 0) <= (anna.ended_ms or 0)
    await office.until_phone(office.anna, P.IDLE)
    assert (await office.presence(office.anna)).calls == ()


async def test_missed_call_waits_until_it_is_seen(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.ring())
    bob = await phones.take("1002")
    await bob.call("1001")
    await office.until_phone(office.anna, P.RINGING)
    await bob.hang_up()
    missed = await office.logged(office.anna)
    assert (missed.result, missed.missed, missed.seen) == (C.MISSED, True, False)
    log = office.engine.services.call_log
    assert await log.unseen_missed(page_of(office.anna)) == 1
    assert await log.mark_seen(page_of(office.anna)) == 0
    assert (await office.logged(office.bob)).result is C.CANCELED
    assert await log.unseen_missed(page_of(office.bob)) == 0


@pytest.mark.parametrize(("code", "result"), [(486, C.BUSY), (603, C.REJECTED)])
async def test_refused_call(office: Office, phones: Shelf, code: int, result: CallResult) -> None:
    await phones.take("1001", Policy.reject(code))
    bob = await phones.take("1002")
    await bob.call("1001")
    assert (await office.logged(office.anna)).result is result
    assert (await office.logged(office.bob)).result is result


async def test_call_to_a_phone_that_is_not_there_is_the_callers_alone(office: Office, phones: Shelf) -> None:
    bob = await phones.take("1002")
    await bob.call("1001")
    dialled = await office.logged(office.bob)
    assert (dialled.result, dialled.peer_user_id) == (C.UNREACHABLE, office.anna.id)
    assert await office.calls(office.anna) == ()


async def test_second_phone_of_a_user_answers_and_it_is_one_call(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.ring())
    await phones.take("1004", Policy.answer(0.5))
    bob = await phones.take("1002")
    await bob.call("200")
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    await bob.hang_up()
    assert (await office.logged(office.anna)).result is C.ANSWERED
    assert (await office.logged(office.bob)).peer_user_id == office.anna.id


async def test_call_that_a_colleague_takes_afterwards_is_answered_elsewhere(
    office: Office, phones: Shelf
) -> None:
    await phones.take("1001", Policy.ring())
    await phones.take("1002", Policy.answer(0.1))
    carla = await phones.take("1003")
    await carla.call("201")
    await office.until_phone(office.bob, P.ON_THE_PHONE)
    await carla.hang_up()
    assert (await office.logged(office.bob)).result is C.ANSWERED
    anna = await office.logged(office.anna)
    assert (anna.result, anna.seen) == (C.ANSWERED_ELSEWHERE, True)


async def test_registration_is_followed_and_told(office: Office, phones: Shelf) -> None:
    await office.until_phone(office.bob, P.NOT_REGISTERED)
    bob = await phones.take("1002")
    await office.until_told(office.bob, P.IDLE)
    await bob.unregister()
    await office.until_told(office.bob, P.NOT_REGISTERED)
    await bob.register()
    await office.until_told(office.bob, P.IDLE)


async def test_held_call_is_on_hold_for_both(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer(0.1))
    bob = await phones.take("1002")
    await bob.call("1001")
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    await bob.wait_for("sound")
    await bob.hold()
    await office.until_phone(office.anna, P.ON_HOLD)
    await office.until_phone(office.bob, P.ON_HOLD)
    await bob.resume()
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    await office.until_phone(office.bob, P.ON_THE_PHONE)


async def test_call_goes_on_while_the_link_is_cut_and_is_logged_when_it_ends(
    office: Office, phones: Shelf
) -> None:
    await phones.take("1001", Policy.answer(0.1))
    bob = await phones.take("1002")
    await bob.call("1001")
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    office.wire.cut()
    await office.linked(up=False)
    await office.linked()
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    await bob.hang_up()
    anna = await office.logged(office.anna)
    assert (anna.result, anna.answered_ms is not None, anna.ended_ms is not None) == (C.ANSWERED, True, True)


async def test_what_ended_while_the_link_was_down_has_no_invented_end(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer(0.1))
    bob = await phones.take("1002")
    await bob.call("1001")
    await office.until_phone(office.anna, P.ON_THE_PHONE)
    office.wire.open = False
    office.wire.cut()
    await office.linked(up=False)
    await bob.hang_up()
    await anna.wait_for("ended")
    office.wire.open = True
    entry = await office.logged(office.anna)
    assert (entry.result, entry.ended_ms) == (C.ANSWERED, None)
    await office.until_phone(office.anna, P.IDLE)


async def test_what_rang_when_the_link_was_cut_and_is_over_is_unknown(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring())
    bob = await phones.take("1002")
    await bob.call("1001")
    await office.until_phone(office.anna, P.RINGING)
    office.wire.open = False
    office.wire.cut()
    await office.linked(up=False)
    await bob.hang_up()
    await anna.wait_for("ended")
    office.wire.open = True
    entry = await office.logged(office.anna)
    assert (entry.result, entry.missed) == (C.UNKNOWN, False)


async def test_tenants_on_one_pbx_do_not_see_each_other(office: Office, phones: Shelf) -> None:
    await phones.take("1003", Policy.answer(0.2))
    bob = await phones.take("1002")
    await office.until_phone(office.carla, P.IDLE)
    await bob.call("1003")
    await office.until_phone(office.carla, P.ON_THE_PHONE)
    (live,) = (await office.presence(office.carla)).calls
    assert (live.other.user_id, live.other.id) == (None, "1002")
    await bob.hang_up()
    carla, dialled = await office.logged(office.carla), await office.logged(office.bob)
    assert (carla.peer, carla.peer_user_id) == ("1002", None)
    assert (dialled.peer, dialled.peer_user_id) == ("1003", None)
    for frame in office.frames:
        mine, theirs = office.bob.id, office.carla.id
        if frame.stream == office.bob.domain_id:
            assert theirs not in str(frame.data)
        else:
            assert mine not in str(frame.data)


async def test_click_is_logged_once_for_each_side(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer(0.1))
    bob = await phones.take("1002", Policy.answer(0.1))
    await office.until_phone(office.anna, P.IDLE)
    call = await office.engine.calls.place(page_of(office.anna), PlaceCall(to="1002"))
    assert isinstance(call, Call)
    await office.until_phone(office.bob, P.ON_THE_PHONE)
    (live,) = (await office.presence(office.anna)).calls
    assert (live.direction, live.other.user_id) == (D.OUTBOUND, office.bob.id)
    await bob.hang_up()
    anna, called = await office.logged(office.anna), await office.logged(office.bob)
    assert (anna.direction, anna.result, anna.call_id) == (D.OUTBOUND, C.ANSWERED, call.id)
    assert (anna.peer_user_id, called.peer_user_id) == (office.bob.id, office.anna.id)
    assert (called.direction, called.result, called.call_id) == (D.INBOUND, C.ANSWERED, None)


async def test_click_on_all_phones_in_vain_is_one_entry_for_the_clicker(
    office: Office, phones: Shelf
) -> None:
    await phones.take("1001", Policy.reject(603))
    wish = PlaceCall(to="1002", all_devices=True)
    call = await office.engine.calls.place(page_of(office.anna), wish)
    assert isinstance(call, Call)
    entry = await office.logged(office.anna)
    assert (entry.direction, entry.call_id, entry.result) == (D.OUTBOUND, call.id, C.REJECTED)
    assert await office.calls(office.bob) == ()


async def test_do_not_disturb_goes_to_the_pbx_and_comes_from_it(
    office: Office, phones: Shelf, asterisk: PrivateAsterisk
) -> None:
    wish = SetStatus(status=Status.BUSY, text="", expires_ms=None, do_not_disturb=True)
    await office.engine.services.presence.set(page_of(office.bob), wish)

    async def state() -> str:
        return asterisk.command("presencestate list")

    listed = await office.until(state, lambda found: "CustomPresence:1002" in found and "dnd" in found)
    assert "1001" not in listed
    bob = await phones.take("1002")
    await bob.call("79")
    await office.until(lambda: office.presence(office.bob), lambda found: not found.do_not_disturb)
    await bob.wait_for("ended")
    await bob.call("78")
    await office.until(lambda: office.presence(office.bob), lambda found: found.do_not_disturb)
    assert (await office.presence(office.bob)).status is Status.BUSY
