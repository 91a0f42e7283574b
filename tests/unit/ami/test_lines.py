"""What phones did in recorded sessions, and what lists and losses make of it."""

from __future__ import annotations

import random

import pytest

from engine.ami.facts import LegResult
from engine.ami.line_legs import LegRole, LegState, Party
from engine.ami.lines import Lines
from tests.unit.ami import recordings
from tests.unit.ami.line_replay import ended, legs_of, states

S, R = LegState, LegResult
ANNA, BOB = Party("1001", "1001", "User 1001"), Party("1002", "1002", "User 1002")


def test_answered_call_between_phones_is_seen_from_both_sides() -> None:
    legs = legs_of("e-inbound-to-user")
    assert states(legs, "1001") == [S.RINGING, S.TALKING, S.OVER]
    assert states(legs, "1002") == [S.DIALING, S.TALKING, S.OVER]
    over = ended(legs)
    assert (over["1001"].role, over["1001"].result, over["1001"].peer) == (LegRole.DIALED, R.ANSWERED, BOB)
    assert (over["1002"].role, over["1002"].result, over["1002"].peer) == (LegRole.DIALING, R.ANSWERED, ANNA)
    assert over["1001"].linkedid == over["1002"].linkedid
    assert over["1001"].answered_ms == 325
    assert over["1001"].ended_ms == 1038


def test_call_that_the_caller_gave_up_was_canceled_for_both() -> None:
    legs = legs_of("e-inbound-missed")
    assert states(legs, "1001") == [S.RINGING, S.OVER]
    over = ended(legs)
    assert over["1001"].result is R.CANCELED
    assert over["1002"].result is R.CANCELED
    assert over["1001"].answered_ms is None


@pytest.mark.parametrize(
    ("name", "endpoint", "result"),
    [
        ("a-dest-busy", "1002", R.BUSY),
        ("a-dest-rejects", "1002", R.REJECTED),
        ("a-dest-no-answer", "1002", R.NO_ANSWER),
        ("a-cancel-leg2-by-user", "1002", R.CANCELED),
        ("a-dest-trunk-403", "1001", R.FORBIDDEN),
        ("a-dest-trunk-404", "1001", R.INVALID_NUMBER),
        ("a-dest-trunk-484", "1001", R.INVALID_NUMBER),
        ("a-dest-trunk-503", "1001", R.CONGESTION),
        ("a-dest-not-registered", "1001", R.UNREACHABLE),
        ("a-user-rejects", "1001", R.REJECTED),
        ("v-voicemail", "1002", R.ANSWERED),
    ],
)
def test_ends_carry_the_result(name: str, endpoint: str, result: LegResult) -> None:
    assert ended(legs_of(name))[endpoint].result is result


def test_phone_rung_by_an_originate_is_placed_and_talks_once_the_other_answers() -> None:
    legs = legs_of("a-answered-dest-hangs-up")
    assert states(legs, "1001") == [S.RINGING, S.DIALING, S.TALKING, S.OVER]
    assert ended(legs)["1001"].role is LegRole.PLACED
    assert ended(legs)["1001"].peer == BOB


def test_both_sides_are_held_while_one_holds() -> None:
    for name in ("a-hold-by-user", "a-hold-by-dest"):
        legs = legs_of(name)
        for endpoint in ("1001", "1002"):
            assert states(legs, endpoint)[-4:] == [S.TALKING, S.HELD, S.TALKING, S.OVER], (name, endpoint)


def test_transfer_changes_the_party_and_not_with_whom_it_began() -> None:
    legs = legs_of("t-blind-by-user-phone")
    bob = [leg for leg in legs if leg.endpoint == "1002" and leg.state is S.TALKING]
    assert bob[0].party == ANNA
    assert bob[-1].party.endpoint == "1003"
    assert bob[-1].peer == ANNA


def test_attended_transfer_keeps_each_leg_in_the_call_it_began_in() -> None:
    over = ended(legs_of("t-attended-by-user-phone"))
    assert over["1003"].linkedid != over["1002"].linkedid
    assert over["1003"].peer == ANNA
    assert all(leg.result is R.ANSWERED for leg in over.values())


def test_call_that_ended_while_the_link_was_down_has_no_end_that_was_seen() -> None:
    over = ended(legs_of("x-ami-cut-call-ended-meanwhile"))
    for endpoint in ("1001", "1002"):
        assert over[endpoint].inferred
        assert over[endpoint].ended_ms is None
        assert over[endpoint].result is R.ANSWERED


def test_call_that_goes_on_over_a_lost_link_keeps_its_times() -> None:
    over = ended(legs_of("x-ami-cut-in-call"))
    assert (over["1002"].inferred, over["1002"].answered_ms) == (False, 624)


def test_call_answered_while_the_link_was_down_is_answered_at_no_known_time() -> None:
    legs = legs_of("x-ami-cut-while-ringing")
    assert ended(legs)["1002"].answered
    assert ended(legs)["1002"].answered_ms is None
    assert ended(legs)["1002"].result is R.ANSWERED


def test_phone_that_rang_when_the_link_was_lost_and_is_silent_afterwards_ended_unknown() -> None:
    events = [line for line in recordings.lines("e-inbound-missed") if line["dir"] == "event"]
    lines = Lines()
    lines.resync([], 0.0)
    for line in events:
        if line["data"]["Event"] == "HangupRequest":
            break
        lines.apply(line["data"], line["t"])
    lines.begin_resync()
    over = {leg.endpoint: leg for leg in lines.resync([], 9.0)}
    assert {leg.result for leg in over.values()} == {R.UNKNOWN}
    assert lines.legs() == []


def test_what_ends_while_the_list_is_made_keeps_its_end() -> None:
    events = [line for line in recordings.lines("e-inbound-missed") if line["dir"] == "event"]
    lines = Lines()
    lines.resync([], 0.0)
    for line in events:
        if line["data"]["Event"] == "HangupRequest":
            lines.begin_resync()
        lines.apply(line["data"], line["t"])
    over = {leg.endpoint: leg for leg in lines.resync([], 9.0) if leg.state is S.OVER}
    assert {leg.result for leg in over.values()} == {R.CANCELED}
    assert all(leg.ended_ms is not None for leg in over.values())


def test_list_of_a_call_nobody_watched_tells_who_talks_to_whom_and_since_when() -> None:
    common = {"Event": "CoreShowChannel", "ChannelStateDesc": "Up", "BridgeId": "b1", "Linkedid": "pbx-1"}
    caller = {
        **common,
        "Channel": "PJSIP/1002-00000001",
        "Uniqueid": "pbx-1",
        "Exten": "1001",
        "Application": "Dial",
        "CallerIDNum": "1002",
        "ConnectedLineNum": "1001",
        "Duration": "00:01:05",
    }
    called = {
        **common,
        "Channel": "PJSIP/1001-00000002",
        "Uniqueid": "pbx-2",
        "Exten": "1001",
        "Application": "AppDial",
        "CallerIDNum": "1001",
        "ConnectedLineNum": "1002",
        "ConnectedLineName": "Bob",
        "Duration": "00:01:02",
    }
    message = {**common, "Channel": "Message/ast_msg_queue", "Uniqueid": "pbx-3"}
    legs = {leg.endpoint: leg for leg in Lines().resync([caller, called, message], 100.0)}
    assert set(legs) == {"1001", "1002"}
    assert (legs["1001"].role, legs["1002"].role) == (LegRole.DIALED, LegRole.DIALING)
    assert legs["1001"].peer == Party("1002", "1002", "Bob")
    assert legs["1002"].peer.endpoint == "1001"
    assert legs["1002"].started_ms == 35_000
    assert legs["1001"].answered
    assert legs["1001"].answered_ms is None


def test_events_wait_for_the_list_and_are_applied_after_it() -> None:
    lines = Lines()
    events = [line for line in recordings.lines("e-inbound-to-user") if line["dir"] == "event"]
    assert all(lines.apply(line["data"], line["t"]) == [] for line in events)
    assert {leg.endpoint for leg in lines.resync([], 2.0) if leg.state is S.OVER} == {"1001", "1002"}


@pytest.mark.parametrize("name", recordings.names())
def test_no_recording_leaves_a_leg_behind_or_ends_one_twice(name: str) -> None:
    over = [leg.uniqueid for leg in legs_of(name) if leg.state is S.OVER]
    assert len(over) == len(set(over))


@pytest.mark.parametrize("name", [name for name in recordings.names() if not name.startswith("x-")])
def test_repeated_and_lost_events_do_no_harm(name: str) -> None:
    chance = random.Random(name)
    assert ended(legs_of(name, lambda event: [event, event])) == ended(legs_of(name))
    legs_of(name, lambda event: [event] if chance.random() < 0.7 else [])
    legs_of(name, lambda event: [{key: value for key, value in event.items() if chance.random() < 0.8}])
