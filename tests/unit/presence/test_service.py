"""Presence as one sees it: who is in, what phones do, who may see with whom, and what reaches the PBX."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.accounts.models import Principal, Scope
from engine.errors import Forbidden, InvalidRequest, NotFound
from engine.events import Event
from engine.presence.live_roster import LiveRoster
from engine.presence.models import (
    CallResult,
    DeviceState,
    LegRole,
    LegState,
    OwnStatus,
    PhoneState,
    SetStatus,
    Status,
)
from engine.presence.service import Presence
from engine.presence.settings import PresenceSettings
from tests.unit.presence.twins import (
    PBX,
    Clock,
    Frames,
    MemoryCallLog,
    MemoryRoster,
    MemoryStatuses,
    ScriptedPhones,
    domain,
    leg,
    user,
)

S, P, D = LegState, PhoneState, DeviceState
ANNA, BOB = user(1, devices=("101", "101-mobile")), user(2)
STRANGER = user(1, domain="dom_b", devices=("201",))
AVAILABLE = SetStatus(status=Status.AVAILABLE, text="", expires_ms=None, do_not_disturb=False)


def principal(who: str | None, scope: Scope = Scope.BASIC_USER, domain_id: str | None = "dom_a") -> Principal:
    return Principal("token" if who else "key", "cred", domain_id, who, scope)


MANAGER = principal(None, Scope.OFFICE_MANAGER)


class Office:
    """A presence with its twins; two domains share the PBX."""

    def __init__(self, *, keeps_marks: bool = False, several: bool = True) -> None:
        self.clock = Clock()
        self.anna = ANNA if several else user(1)
        self.roster = MemoryRoster(
            {"dom_a": domain(self.anna, BOB), "dom_b": domain(STRANGER, id="dom_b", reseller="resale")}
        )
        self.statuses = MemoryStatuses()
        self.calls = MemoryCallLog()
        self.phones = ScriptedPhones(keeps_marks=keeps_marks)
        self.frames = Frames()
        self.live_roster = LiveRoster(self.roster)
        self.presence = Presence(
            self.live_roster,
            self.statuses,
            self.calls,
            {PBX: self.phones},
            self.frames,
            PresenceSettings(tell_every_s=0.001),
            self.clock,
        )

    async def open(self) -> Office:
        """Started, and all phones idle."""
        await self.presence.start()
        endpoints = [device[1] for one in (self.anna, BOB, STRANGER) for device in one.devices]
        self.presence.devices(PBX, dict.fromkeys(endpoints, (D.IDLE, 1)))
        self.presence.resynced(PBX)
        self.presence.tell()
        self.frames.sent.clear()
        return self

    @asynccontextmanager
    async def running(self):  # type: ignore[no-untyped-def]
        task = asyncio.create_task(self.presence.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def phone(self, who: str) -> PhoneState:
        return next(one.phone for one, _ in await self.presence.list(MANAGER) if one.user_id == who)

    def told(self) -> list[dict[str, object]]:
        """What everybody in a domain was told of users since the last time."""
        self.presence.tell()
        return [one for frame in self.frames.take("presence") for one in frame["users"]]  # type: ignore[attr-defined]


def an_own(user_id: str, **what: Any) -> OwnStatus:
    """What a user had set before."""
    return OwnStatus(user_id=user_id, domain_id="dom_a", updated_ms=1, **what)


async def until(true: Callable[[], bool]) -> None:
    """Let the tasks work until it is so, as long as a slow machine needs."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - the twins tell nobody
            await asyncio.sleep(0)


# Logged in


async def test_open_socket_makes_a_user_logged_in_and_everybody_is_told() -> None:
    office = await Office().open()
    office.presence.connected(principal(ANNA.id))
    (told,) = office.told()
    assert (told["user_id"], told["logged_in"]) == (ANNA.id, True)
    office.presence.disconnected(principal(ANNA.id))
    office.presence.tick()
    assert office.told() == []
    office.clock.pass_s(16)
    office.presence.tick()
    assert [one["logged_in"] for one in office.told()] == [False]


async def test_key_of_a_server_makes_nobody_present() -> None:
    office = await Office().open()
    office.presence.connected(Principal("key", "k", "dom_a", ANNA.id, Scope.BASIC_USER))
    office.presence.active(Principal("key", "k", "dom_a", ANNA.id, Scope.BASIC_USER))
    office.presence.connected(MANAGER)
    assert office.told() == []


async def test_request_keeps_a_user_logged_in_for_a_while() -> None:
    office = await Office().open()
    office.presence.active(principal(BOB.id))
    assert [one["user_id"] for one in office.told()] == [BOB.id]
    office.clock.pass_s(91)
    office.presence.tick()
    assert [one["logged_in"] for one in office.told()] == [False]


# Phones


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((D.IDLE, D.UNREGISTERED), P.IDLE),
        ((D.UNREGISTERED, D.UNREGISTERED), P.NOT_REGISTERED),
        ((D.RINGING, D.IDLE), P.RINGING),
        ((D.RINGING, D.IN_USE), P.ON_THE_PHONE),
        ((D.ON_HOLD, D.IDLE), P.ON_HOLD),
        ((D.UNKNOWN, D.UNKNOWN), P.UNKNOWN),
    ],
)
async def test_phone_is_what_the_devices_together_do(
    states: tuple[DeviceState, DeviceState], expected: PhoneState
) -> None:
    office = await Office().open()
    office.presence.devices(PBX, {"101": (states[0], None), "101-mobile": (states[1], None)})
    assert await office.phone(ANNA.id) is expected


async def test_user_without_a_phone_is_not_registered() -> None:
    office = Office()
    office.roster.known["dom_a"] = domain(user(3, devices=("x",)), BOB)
    await office.open()
    assert await office.phone("usr_a3") is P.UNKNOWN
    office.roster.known["dom_a"] = domain(BOB.__class__("usr_a4", "dom_a", "104", "Dora", None), BOB)
    office.live_roster.hear(Event("dom_a", 1, "user.created", "usr_a4", {}, 0))
    assert await office.phone("usr_a4") is P.NOT_REGISTERED


async def test_calls_say_more_than_device_states() -> None:
    office = await Office().open()
    office.presence.legs(PBX, [leg("102", S.RINGING)])
    assert await office.phone(BOB.id) is P.RINGING
    office.presence.legs(PBX, [leg("102", S.TALKING)])
    assert await office.phone(BOB.id) is P.ON_THE_PHONE
    office.presence.legs(PBX, [leg("102", S.HELD)])
    assert await office.phone(BOB.id) is P.ON_HOLD
    office.presence.legs(PBX, [leg("102", S.OVER, answered=True)])
    assert await office.phone(BOB.id) is P.IDLE


async def test_burst_of_changes_is_told_once_a_user_and_nothing_twice() -> None:
    office = await Office().open()
    for state in (D.RINGING, D.IN_USE, D.IDLE, D.IN_USE):
        office.presence.devices(PBX, {"102": (state, 1)})
    assert [(one["user_id"], one["phone"]) for one in office.told()] == [(BOB.id, "on_the_phone")]
    office.presence.devices(PBX, {"102": (D.RINGING, 1)})
    office.presence.devices(PBX, {"102": (D.IN_USE, 1)})
    assert office.told() == []


async def test_frames_stay_in_the_domain_of_the_user() -> None:
    office = await Office().open()
    office.presence.devices(PBX, {"201": (D.IN_USE, 1)})
    office.presence.tell()
    assert [(stream, kind) for stream, kind, _, _ in office.frames.sent] == [("dom_b", "presence")]


async def test_many_changes_make_few_frames() -> None:
    many = tuple(user(number) for number in range(1, 1001))
    office = Office()
    office.roster.known = {"dom_a": domain(*many)}
    await office.presence.start()
    office.presence.devices(PBX, {one.devices[0][1]: (D.IDLE, 1) for one in many})
    office.presence.resynced(PBX)
    office.presence.tell()
    assert len(office.frames.take("presence")) == 5


async def test_phones_keep_their_state_over_a_short_cut_and_are_unknown_after_a_long_one() -> None:
    office = await Office().open()
    office.presence.legs(PBX, [leg("102", S.TALKING)])
    office.told()
    office.presence.lost(PBX)
    office.clock.pass_s(9)
    office.presence.tick()
    assert await office.phone(BOB.id) is P.ON_THE_PHONE
    office.clock.pass_s(2)
    office.presence.tick()
    assert await office.phone(BOB.id) is P.UNKNOWN
    assert await office.phone(ANNA.id) is P.UNKNOWN
    office.presence.resynced(PBX)
    assert await office.phone(BOB.id) is P.ON_THE_PHONE


# Who sees what


async def test_users_see_that_others_talk_and_managers_see_with_whom() -> None:
    office = await Office().open()
    office.presence.legs(PBX, [leg("101", S.TALKING)])
    seen = {one.user_id: parties for one, parties in await office.presence.list(principal(BOB.id))}
    assert seen == {ANNA.id: False, BOB.id: True}
    seen = {one.user_id: parties for one, parties in await office.presence.list(MANAGER)}
    assert seen == {ANNA.id: True, BOB.id: True}
    office.presence.tell()
    recipients = {kind: user_ids for _, kind, _, user_ids in office.frames.sent}
    assert recipients == {"presence": None, "calls": ("-", ANNA.id)}
    everybody = str(office.frames.take("presence"))
    assert BOB.id not in everybody


async def test_live_call_names_the_colleague_and_since_when() -> None:
    office = await Office().open()
    office.presence.legs(PBX, [leg("101", S.RINGING)])
    own = await office.presence.own(principal(ANNA.id))
    assert [(call.other.user_id, call.state, call.since_ms) for call in own.calls] == [
        (BOB.id, S.RINGING, 1_000)
    ]
    office.presence.legs(PBX, [leg("101", S.TALKING), leg("101-mobile", S.RINGING)])
    own = await office.presence.own(principal(ANNA.id))
    assert [(call.state, call.since_ms) for call in own.calls] == [(S.TALKING, 2_000)]


async def test_another_tenant_is_as_missing_as_none() -> None:
    office = await Office().open()
    for wanted in ("dom_b", "dom_missing"):
        with pytest.raises(NotFound) as refused:
            await office.presence.list(principal(ANNA.id), wanted)
        assert refused.value.detail == "There is no such domain."
    with pytest.raises(NotFound):
        await office.presence.list(principal(None, Scope.OFFICE_MANAGER), "dom_b")
    reseller = Principal("key", "k", None, None, Scope.RESELLER, reseller_id="resale")
    assert len(await office.presence.list(reseller, "dom_b")) == 1
    with pytest.raises(NotFound):
        await office.presence.list(reseller, "dom_a")
    with pytest.raises(InvalidRequest):
        await office.presence.list(reseller)


async def test_user_who_was_just_made_is_there_at_once() -> None:
    office = await Office().open()
    office.roster.known["dom_a"] = domain(ANNA, BOB, user(3))
    office.live_roster.hear(Event("dom_a", 1, "user.created", "usr_a3", {}, 0))
    assert len(await office.presence.list(MANAGER)) == 3


async def test_user_who_was_deleted_is_gone_and_forgotten() -> None:
    office = await Office().open()
    office.roster.known["dom_a"] = domain(ANNA)
    office.live_roster.hear(Event("dom_a", 1, "user.deleted", BOB.id, {}, 0))
    assert [one.user_id for one, _ in await office.presence.list(MANAGER)] == [ANNA.id]
    with pytest.raises(NotFound):
        await office.presence.own(principal(BOB.id))
    office.presence.tell()


# What users set


async def test_status_is_stored_shown_and_over_in_time() -> None:
    office = await Office().open()
    until_ms = office.clock.ms + 60_000
    wish = SetStatus(status=Status.AWAY, text=" lunch ", expires_ms=until_ms, do_not_disturb=True)
    own = await office.presence.set(principal(ANNA.id), wish)
    assert (own.status, own.text, own.do_not_disturb) == (Status.AWAY, "lunch", True)
    assert office.statuses.rows[ANNA.id].text == "lunch"
    assert [one["text"] for one in office.told()] == ["lunch"]
    office.clock.pass_s(61)
    async with office.running():
        office.presence.tick()
        await until(lambda: office.statuses.rows[ANNA.id].text == "")
    (told,) = office.told()
    assert (told["status"], told["do_not_disturb"]) == ("available", True)


@pytest.mark.parametrize("wrong", [{"text": "x" * 141}, {"expires_ms": 1}, {"expires_ms": 10**15}])
async def test_impossible_status_is_refused(wrong: dict[str, object]) -> None:
    office = await Office().open()
    wish = SetStatus(
        **{"status": Status.BUSY, "text": "", "expires_ms": None, "do_not_disturb": False, **wrong}
    )
    with pytest.raises(InvalidRequest):
        await office.presence.set(principal(ANNA.id), wish)
    assert office.statuses.rows == {}


async def test_credential_that_acts_for_nobody_has_no_status() -> None:
    office = await Office().open()
    with pytest.raises(Forbidden) as refused:
        await office.presence.set(MANAGER, AVAILABLE)
    assert refused.value.code == "no_user"


async def test_status_survives_a_restart() -> None:
    office = Office()
    office.statuses.rows[ANNA.id] = OwnStatus(
        user_id=ANNA.id, domain_id="dom_a", status=Status.BUSY, updated_ms=1
    )
    await office.open()
    assert (await office.presence.own(principal(ANNA.id))).status is Status.BUSY


# Do-not-disturb and the PBX


def quiet(on: bool) -> SetStatus:
    return SetStatus(status=Status.AVAILABLE, text="", expires_ms=None, do_not_disturb=on)


async def test_do_not_disturb_reaches_every_phone_of_the_user() -> None:
    office = await Office(keeps_marks=True).open()
    async with office.running():
        await office.presence.set(principal(ANNA.id), quiet(True))
        await until(lambda: not office.statuses.rows[ANNA.id].to_be_told)
    assert office.phones.marks == [("101", True), ("101-mobile", True)]


async def test_do_not_disturb_waits_for_a_pbx_that_is_away() -> None:
    office = await Office(keeps_marks=True).open()
    office.phones.reachable = False
    async with office.running():
        await office.presence.set(principal(BOB.id), quiet(True))
        assert office.statuses.rows[BOB.id].to_be_told
        office.presence.lost(PBX)
        office.phones.reachable = True
        office.presence.marks(PBX, {"102": False})  # what the list says is older
        office.presence.resynced(PBX)
        await until(lambda: office.phones.marks == [("102", True)])
    assert (await office.presence.own(principal(BOB.id))).do_not_disturb


async def test_do_not_disturb_set_at_the_pbx_is_shown_and_stored() -> None:
    office = await Office(keeps_marks=True).open()
    async with office.running():
        office.presence.marks(PBX, {"102": True})
        assert (await office.presence.own(principal(BOB.id))).do_not_disturb
        await until(lambda: BOB.id in office.statuses.rows)
        office.presence.marks(PBX, {"102": True})
        office.presence.marks(PBX, {"102": False})
        assert not (await office.presence.own(principal(BOB.id))).do_not_disturb
    assert office.phones.marks == []


async def test_do_not_disturb_set_at_one_phone_goes_to_the_others() -> None:
    office = await Office(keeps_marks=True).open()
    async with office.running():
        office.presence.marks(PBX, {"101": True})
        await until(lambda: ("101-mobile", True) in office.phones.marks)


async def test_pbx_that_forgot_is_told_again() -> None:
    office = Office(keeps_marks=True)
    office.statuses.rows[BOB.id] = OwnStatus(
        user_id=BOB.id, domain_id="dom_a", do_not_disturb=True, updated_ms=1
    )
    await office.open()
    async with office.running():
        await until(lambda: office.phones.marks == [("102", True)])


async def test_marks_of_phones_that_are_nobodys_change_nothing() -> None:
    office = await Office(keeps_marks=True).open()
    office.presence.marks(PBX, {"nobody": True})
    assert office.told() == []


# The call log


async def test_calls_are_saved_as_they_go_on() -> None:
    office = await Office().open()
    async with office.running():
        office.presence.legs(PBX, [leg("102", S.RINGING)])
        await until(lambda: [row.open for row in office.calls.rows.values()] == [True])
        office.presence.legs(PBX, [leg("102", S.OVER)])
        await until(lambda: [row.result for row in office.calls.rows.values()] == [CallResult.MISSED])


async def test_calls_wait_for_a_store_that_does_not_take_them_and_are_not_lost() -> None:
    office = await Office().open()
    office.calls.broken = True
    office.presence.legs(PBX, [leg("102", S.RINGING)])
    async with office.running():
        await asyncio.sleep(0)
        office.presence.legs(PBX, [leg("102", S.OVER)])
    office.calls.broken = False
    await office.presence.drain()
    assert [row.result for row in office.calls.rows.values()] == [CallResult.MISSED]


async def test_call_that_was_open_at_a_crash_is_closed_when_its_pbx_does_not_know_it() -> None:
    before = await Office().open()
    async with before.running():
        before.presence.legs(PBX, [leg("102", S.TALKING)])
        await until(lambda: len(before.calls.rows) == 1)
    after = Office()
    after.calls.rows = before.calls.rows
    await after.open()
    await after.presence.drain()
    (row,) = after.calls.rows.values()
    assert (row.open, row.result, row.ended_ms) == (False, CallResult.ANSWERED, None)


async def test_outbound_call_is_logged_for_the_one_who_dialled() -> None:
    office = await Office().open()
    dialled = {"role": LegRole.DIALING}
    office.presence.legs(PBX, [leg("101", S.DIALING, **dialled), leg("101", S.OVER, **dialled)])
    await office.presence.drain()
    (row,) = office.calls.rows.values()
    assert (row.user_id, row.peer, row.result) == (ANNA.id, BOB.id, CallResult.CANCELED)
