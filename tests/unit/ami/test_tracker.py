"""What no recording shows: other versions, dialplans that try again, restarts, memory, and malice."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.ami.tracker import GRACE_S, KEEP_ENDED_S, CallFact, FactKind, LegResult, Tracker
from tests.unit.ami import recordings
from tests.unit.ami.replay import replay

CALL = "c2c-call_1"
K = FactKind


def told(facts: list[CallFact]) -> list[tuple[str, str | None]]:
    return [(fact.kind.value, fact.leg) for fact in facts]


class Pbx:
    """A tracker fed event by event; `now` moves only when a test says so."""

    def __init__(self, *, device: bool = True, timeout_ms: int = 30_000) -> None:
        self.tracker = Tracker()
        self.facts: list[CallFact] = []
        self.now = 1000.0
        self.tracker.watch(CALL, device, timeout_ms, self.now)

    def event(self, name: str, uniqueid: str = "", **headers: str) -> list[CallFact]:
        if uniqueid:
            headers |= {"Uniqueid": uniqueid, "Linkedid": headers.get("Linkedid", CALL)}
        if "DestUniqueid" in headers:
            headers.setdefault("DestLinkedid", CALL)
        facts = self.tracker.apply({"Event": name, **headers}, self.now)
        self.facts += facts
        return facts

    def tick(self, seconds: float) -> list[CallFact]:
        self.now += seconds
        facts = self.tracker.tick(self.now)
        self.facts += facts
        return facts

    def resync(self, *rows: dict[str, str]) -> list[CallFact]:
        facts = self.tracker.resync(rows, self.now)
        self.facts += facts
        return facts

    def ring_leg_a(self, name: str = "PJSIP/1001-1") -> None:
        self.event("Newchannel", CALL, Channel=name)
        self.event("DialBegin", DestUniqueid=CALL, DestChannel=name)
        self.event("Newstate", CALL, ChannelStateDesc="Ringing", Channel=name)

    def answer_leg_a(self, name: str = "PJSIP/1001-1") -> None:
        self.ring_leg_a(name)
        self.event("Newstate", CALL, ChannelStateDesc="Up", Channel=name)
        self.event("DialEnd", DestUniqueid=CALL, DialStatus="ANSWER")

    def dial(self, uniqueid: str, source: str = CALL) -> None:
        self.event("Newchannel", uniqueid, Channel=f"PJSIP/x-{uniqueid}")
        self.event("DialBegin", source, DestUniqueid=uniqueid)

    def dial_fails(self, uniqueid: str, status: str, cause: int, source: str = CALL) -> None:
        self.event("DialEnd", source, DestUniqueid=uniqueid, DialStatus=status)
        self.event("Hangup", uniqueid, Cause=str(cause))

    def connect(self, uniqueid: str) -> None:
        self.dial(uniqueid)
        self.event("Newstate", uniqueid, ChannelStateDesc="Up")
        self.event("BridgeEnter", uniqueid, BridgeUniqueid="bridge")
        self.event("BridgeEnter", CALL, BridgeUniqueid="bridge")

    def ended(self, leg: str) -> CallFact:
        (fact,) = [f for f in self.facts if f.kind is K.LEG_ENDED and f.leg == leg]
        return fact


# Asterisk 16: no TechCause, and an unanswered leg a ends with cause 0 and no DialEnd


def test_asterisk_16_no_answer_is_told_by_the_reason_before_the_hangup() -> None:
    pbx = Pbx()
    pbx.ring_leg_a()
    pbx.event("OriginateResponse", ActionID=CALL, Response="Failure", Reason="3")
    pbx.event("Hangup", CALL, Cause="0")
    assert pbx.ended("a").result is LegResult.NO_ANSWER
    assert pbx.ended("a").cause is None
    assert told(pbx.facts)[-1] == ("call_ended", None)


def test_asterisk_16_no_answer_is_told_by_the_reason_after_the_hangup() -> None:
    pbx = Pbx()
    pbx.ring_leg_a()
    assert pbx.event("Hangup", CALL, Cause="0") == []
    assert pbx.tracker.next_deadline() == pytest.approx(pbx.now + 1.0)
    facts = pbx.event("OriginateResponse", ActionID=CALL, Response="Failure", Reason="3")
    assert told(facts) == [("leg_ended", "a"), ("call_ended", None)]
    assert facts[0].result is LegResult.NO_ANSWER


def test_without_any_reason_our_own_timer_tells_no_answer() -> None:
    pbx = Pbx(timeout_ms=3000)
    pbx.ring_leg_a()
    pbx.now += 2.9
    pbx.event("Hangup", CALL, Cause="0")
    assert pbx.ended("a").result is LegResult.NO_ANSWER


def test_end_that_nothing_explains_is_unknown() -> None:
    pbx = Pbx()
    pbx.ring_leg_a()
    pbx.event("Hangup", CALL, Cause="0")
    assert pbx.tick(0.9) == []
    pbx.tick(0.2)
    assert pbx.ended("a").result is LegResult.UNKNOWN
    assert told(pbx.facts)[-1] == ("call_ended", None)


@pytest.mark.parametrize(
    ("cause", "status", "device", "result"),
    [
        ("17", "BUSY", True, LegResult.BUSY),
        ("0", "BUSY", True, LegResult.BUSY),
        ("21", "NOANSWER", False, LegResult.REJECTED),  # 403 and 603 alike without a TechCause
        ("0", "NOANSWER", False, LegResult.NO_ANSWER),
        ("0", "CHANUNAVAIL", False, LegResult.UNREACHABLE),
        ("0", "CONGESTION", False, LegResult.CONGESTION),
        ("16", "CANCEL", False, LegResult.CANCELED),
        ("3", "CHANUNAVAIL", True, LegResult.UNREACHABLE),
        ("3", "CHANUNAVAIL", False, LegResult.INVALID_NUMBER),
        ("20", "CHANUNAVAIL", True, LegResult.UNREACHABLE),
        ("26", "CANCEL", True, LegResult.ANSWERED_ELSEWHERE),
        ("57", "CONGESTION", False, LegResult.FORBIDDEN),
        ("0", "TORTURE", False, LegResult.UNKNOWN),
        ("nonsense", "", False, LegResult.UNKNOWN),
        ("999999999", "", False, LegResult.UNKNOWN),
    ],
)
def test_destinations_end_is_read_from_cause_then_dial_status(
    cause: str, status: str, device: bool, result: LegResult
) -> None:
    pbx = Pbx(device=device)
    pbx.answer_leg_a()
    pbx.dial("b1")
    pbx.event("DialEnd", CALL, DestUniqueid="b1", DialStatus=status)
    pbx.event("Hangup", "b1", Cause=cause)
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.ended("b").result is result


@pytest.mark.parametrize(
    ("device", "cause", "result"),
    [
        (True, "3", LegResult.UNREACHABLE),
        (True, "16", LegResult.UNREACHABLE),  # the dialplan hid the cause
        (False, "3", LegResult.INVALID_NUMBER),
        (False, "34", LegResult.CONGESTION),
    ],
)
def test_destination_that_was_never_dialled_is_explained_by_leg_a(
    device: bool, cause: str, result: LegResult
) -> None:
    pbx = Pbx(device=device)
    pbx.answer_leg_a()
    pbx.event("Hangup", CALL, Cause=cause)
    assert pbx.ended("b").result is result
    assert pbx.ended("b").leg_channel == ""


def test_user_who_hangs_up_before_the_dial_leaves_no_leg_b() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.event("HangupRequest", CALL, Cause="16")
    pbx.event("Hangup", CALL, Cause="16")
    assert told(pbx.facts)[-2:] == [("leg_ended", "a"), ("call_ended", None)]
    assert pbx.facts[-1].ended_first == "a"


def test_service_number_that_answers_by_itself_has_no_leg_b() -> None:
    pbx = Pbx(device=False)
    pbx.answer_leg_a()
    pbx.event("Hangup", CALL, Cause="16")
    assert ("leg_ended", "b") not in told(pbx.facts)


# Dialplans that try again


def test_second_trunk_decides_when_the_first_fails() -> None:
    pbx = Pbx(device=False)
    pbx.answer_leg_a()
    pbx.dial("trunk1")
    pbx.dial_fails("trunk1", "CONGESTION", 34)
    assert ("leg_ended", "b") not in told(pbx.facts)
    pbx.dial("trunk2")
    pbx.dial_fails("trunk2", "BUSY", 17)
    pbx.event("Hangup", CALL, Cause="17")
    assert pbx.ended("b").result is LegResult.BUSY
    assert pbx.ended("b").leg_channel == "trunk2"


def test_second_trunk_that_answers_makes_the_call() -> None:
    pbx = Pbx(device=False)
    pbx.answer_leg_a()
    pbx.dial("trunk1")
    pbx.dial_fails("trunk1", "CONGESTION", 34)
    pbx.connect("trunk2")
    assert pbx.facts[-1].kind is K.CONNECTED
    assert pbx.facts[-1].leg_channel == "trunk2"
    pbx.event("HangupRequest", CALL)
    pbx.event("Hangup", "trunk2", Cause="16")
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.ended("b").result is LegResult.ANSWERED
    assert pbx.facts[-1].ended_first == "a"


def test_ring_group_where_one_is_busy_and_another_answers() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    for member in ("b1", "b2", "b3"):
        pbx.dial(member)
    pbx.dial_fails("b1", "BUSY", 17)
    pbx.event("Newstate", "b2", ChannelStateDesc="Up")
    pbx.dial_fails("b3", "CANCEL", 26)
    pbx.event("BridgeEnter", "b2", BridgeUniqueid="x")
    pbx.event("BridgeEnter", CALL, BridgeUniqueid="x")
    assert told(pbx.facts).count(("leg_dialing", "b")) == 1
    assert pbx.facts[-1].kind is K.CONNECTED
    pbx.event("Hangup", "b2", Cause="16")
    assert pbx.ended("b").leg_channel == "b2"


def test_announcement_after_a_busy_destination_does_not_end_the_call() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.dial("b1")
    pbx.dial_fails("b1", "BUSY", 17)
    pbx.now += 8  # "the number you have called …"
    pbx.event("Hangup", CALL, Cause="16")
    assert told(pbx.facts)[-3:] == [("leg_ended", "a"), ("leg_ended", "b"), ("call_ended", None)]
    assert pbx.facts[-1].ended_first == "b"


def test_early_media_is_told_once_and_ringing_may_follow() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.dial("b1")
    for _ in range(2):
        pbx.event("DialState", CALL, DestUniqueid="b1", DialStatus="PROGRESS")
    pbx.event("DialState", CALL, DestUniqueid="b1", DialStatus="RINGING")
    pbx.event("DialState", CALL, DestUniqueid="b1", DialStatus="PROCEEDING")
    assert told(pbx.facts)[-2:] == [("leg_early_media", "b"), ("leg_ringing", "b")]


def test_dial_told_after_the_phone_already_rings_does_not_undo_the_ringing() -> None:
    pbx = Pbx()
    pbx.event("Newchannel", CALL, Channel="PJSIP/1001-1")
    pbx.event("Newstate", CALL, ChannelStateDesc="Ringing")
    assert pbx.event("DialBegin", DestUniqueid=CALL, DestChannel="PJSIP/1001-1") == []
    assert told(pbx.facts) == [("leg_created", "a"), ("leg_ringing", "a")]


# Local channels


def test_prompt_is_told_when_a_phone_answers_and_is_asked() -> None:
    pbx = Pbx()
    name = "Local/1001@ringback-accept-00000001"
    pbx.ring_leg_a(f"{name};1")
    pbx.event("Newchannel", f"{CALL};2", Channel=f"{name};2")
    pbx.dial("phone", source=f"{CALL};2")
    facts = pbx.event("Newstate", "phone", ChannelStateDesc="Up")
    facts += pbx.event("DialEnd", f"{CALL};2", DestUniqueid="phone", DialStatus="ANSWER")
    assert told(facts) == [("prompting", "a")]
    assert facts[0].leg_channel == "phone"


def ring_all_devices(pbx: Pbx) -> None:
    """Two phones of the user ring behind a Local channel."""
    name = "Local/1001@ringback-all-devices-00000002"
    pbx.event("Newchannel", CALL, Channel=f"{name};1")
    pbx.event("Newchannel", f"{CALL};2", Channel=f"{name};2")
    pbx.event("DialBegin", DestUniqueid=CALL, DestChannel=f"{name};1")
    for device in ("desk", "mobile"):
        pbx.dial(device, source=f"{CALL};2")


def device_refuses(pbx: Pbx, device: str, status: str, cause: int, sip_code: int) -> None:
    pbx.event("HangupRequest", device, Cause=str(cause), TechCause=str(sip_code))
    pbx.event("DialEnd", f"{CALL};2", DestUniqueid=device, DialStatus=status)


def test_the_phones_code_is_known_when_the_local_channel_is_gone_before_them() -> None:
    # Recorded on a loaded machine: each channel hangs up in a thread of its own.
    pbx = Pbx()
    ring_all_devices(pbx)
    device_refuses(pbx, "desk", "BUSY", 17, 486)
    device_refuses(pbx, "mobile", "BUSY", 17, 486)
    pbx.event("SoftHangupRequest", f"{CALL};2", Cause="16")
    pbx.event("HangupRequest", CALL, Cause="17")
    pbx.event("Hangup", f"{CALL};2", Cause="17")
    pbx.event("DialEnd", DestUniqueid=CALL, DialStatus="BUSY")
    pbx.event("Hangup", CALL, Cause="17")
    pbx.event("Hangup", "mobile", Cause="17", TechCause="486")
    pbx.event("OriginateResponse", ActionID=CALL, Response="Failure", Reason="0")
    pbx.event("Hangup", "desk", Cause="17", TechCause="486")
    ended = pbx.ended("a")
    assert (ended.result, ended.cause, ended.sip_code) == (LegResult.BUSY, 17, 486)
    assert told(pbx.facts)[-1] == ("call_ended", None)


@pytest.mark.parametrize(("cause", "sip_code"), [(17, 486), (21, 603)])
def test_of_phones_that_refuse_differently_the_code_fits_the_cause(cause: int, sip_code: int) -> None:
    pbx = Pbx()
    ring_all_devices(pbx)
    device_refuses(pbx, "desk", "BUSY", 17, 486)
    device_refuses(pbx, "mobile", "NOANSWER", 21, 603)
    pbx.event("DialEnd", DestUniqueid=CALL, DialStatus="BUSY")
    pbx.event("Hangup", CALL, Cause=str(cause))
    assert (pbx.ended("a").cause, pbx.ended("a").sip_code) == (cause, sip_code)


def test_phones_that_rang_until_the_end_sent_no_code() -> None:
    # Asterisk writes 480 beside its own cause 19, before or after the Local channel's Hangup.
    pbx = Pbx()
    ring_all_devices(pbx)
    pbx.event("HangupRequest", f"{CALL};2", Cause="19")
    for device in ("desk", "mobile"):
        pbx.event("DialEnd", f"{CALL};2", DestUniqueid=device, DialStatus="CANCEL")
    pbx.event("OriginateResponse", ActionID=CALL, Response="Failure", Reason="3")
    pbx.event("Hangup", "desk", Cause="19", TechCause="480")
    pbx.event("Hangup", CALL, Cause="19")
    pbx.event("Hangup", "mobile", Cause="19", TechCause="480")
    ended = pbx.ended("a")
    assert (ended.result, ended.cause, ended.sip_code) == (LegResult.NO_ANSWER, 19, None)


def test_leg_b_behind_a_local_channel_moves_to_the_real_one() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("local1")
    pbx.dial("real", source="local2")
    for member in ("real", "local2"):
        pbx.event("BridgeEnter", member, BridgeUniqueid="behind")
    pbx.event(
        "LocalOptimizationBegin",
        LocalOneUniqueid="local1",
        LocalOneLinkedid=CALL,
        LocalTwoUniqueid="local2",
        SourceUniqueid=CALL,
    )
    assert pbx.event("Hangup", "local1", Cause="16") == []
    pbx.event("Hangup", "local2", Cause="16")
    pbx.event("HangupRequest", "real", Cause="16")
    pbx.event("Hangup", "real", Cause="16")
    assert pbx.ended("b").leg_channel == "real"
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].ended_first == "b"


# Who may say what


def test_user_events_and_foreign_calls_are_never_believed() -> None:
    pbx = Pbx()
    pbx.ring_leg_a()
    assert pbx.event("UserEvent", CALL, UserEvent="Fake", DialStatus="ANSWER", ChannelStateDesc="Up") == []
    assert pbx.event("Hangup", "other", Linkedid="other", Cause="16") == []
    assert pbx.event("OriginateResponse", ActionID="other", Uniqueid=CALL, Response="Failure") == []
    assert pbx.tracker.apply({}, pbx.now) == []
    assert told(pbx.facts)[-1] == ("leg_ringing", "a")


def test_message_channel_of_the_same_linkedid_does_not_keep_the_call_open() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.event("Newchannel", "message", Channel="Message/ast_msg_queue")
    pbx.event("HangupRequest", CALL)
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].kind is K.CALL_ENDED


def test_channel_that_hung_up_is_never_taken_up_again() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b1")
    pbx.event("Hangup", "b1", Cause="16")
    for late in ("Newstate", "BridgeEnter", "Hangup", "Newchannel"):
        assert pbx.event(late, "b1", ChannelStateDesc="Up", BridgeUniqueid="y", Cause="16") == []
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].kind is K.CALL_ENDED
    for late in ("Newstate", "Newchannel", "Hangup"):
        assert pbx.event(late, CALL, ChannelStateDesc="Up") == []


# Joined calls


def test_call_joined_to_an_older_one_is_followed_by_its_linkedid() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b1")
    pbx.event("BridgeEnter", "b1", Linkedid="older", BridgeUniqueid="conference")
    pbx.event("Newchannel", "third", Linkedid="older")
    pbx.event("Hangup", "b1", Linkedid="older", Cause="16")
    pbx.event("Hangup", CALL, Linkedid="older", Cause="16")
    assert pbx.facts[-1].kind is K.LEG_ENDED
    pbx.event("Hangup", "third", Linkedid="older", Cause="16")
    assert pbx.facts[-1].kind is K.CALL_ENDED


def test_two_of_our_calls_joined_end_each_for_itself() -> None:
    pbx = Pbx()
    other = "c2c-call_2"
    pbx.tracker.watch(other, True, 30_000, pbx.now)
    pbx.answer_leg_a()
    pbx.event("Newchannel", other, Linkedid=other)
    pbx.event("Newstate", other, Linkedid=other, ChannelStateDesc="Up")
    pbx.event("BridgeEnter", CALL, BridgeUniqueid="x")
    pbx.event("BridgeEnter", other, Linkedid=CALL, BridgeUniqueid="x")
    pbx.event("Hangup", other, Linkedid=CALL, Cause="16")
    assert [(f.channel_id, f.kind) for f in pbx.facts][-1] == (other, K.CALL_ENDED)
    pbx.event("Hangup", CALL, Cause="16")
    assert [(f.channel_id, f.kind) for f in pbx.facts][-1] == (CALL, K.CALL_ENDED)


# Calls that never appear, and lost links


def test_who_hands_the_call_on_is_who_left_it_first() -> None:
    """Whatever order Asterisk hangs the channels up in."""
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b")
    pbx.event("BridgeLeave", "b", BridgeUniqueid="bridge")
    pbx.event("BridgeEnter", "b", BridgeUniqueid="other")
    pbx.event(
        "AttendedTransfer",
        Result="Success",
        OrigTransfererUniqueid=CALL,
        OrigTransfererLinkedid=CALL,
        TransfereeUniqueid="b",
        TransfereeLinkedid=CALL,
    )
    pbx.event("HangupRequest", "b", Cause="16")
    pbx.event("Hangup", "b", Cause="16")
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].ended_first == "a"


def test_who_tries_to_hand_the_call_on_has_not_left_it() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b")
    pbx.event(
        "BlindTransfer",
        Result="Fail",
        TransfererUniqueid=CALL,
        TransfererLinkedid=CALL,
        TransfereeUniqueid="b",
        TransfereeLinkedid=CALL,
    )
    pbx.event("HangupRequest", "b", Cause="16")
    pbx.event("Hangup", "b", Cause="16")
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].ended_first == "b"


@pytest.mark.parametrize("cause", ["4", "8", "32"])  # it stops, a time limit, an administrator
def test_what_the_pbx_ends_by_itself_is_nobodys_doing(cause: str) -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.dial("b")
    pbx.event("SoftHangupRequest", "b", Cause=cause)
    pbx.event("SoftHangupRequest", CALL, Cause=cause)
    pbx.dial_fails("b", "NOANSWER", 0)
    pbx.event("SoftHangupRequest", CALL, Cause="16")
    pbx.event("Hangup", CALL, Cause="0")
    assert pbx.ended("b").result is LegResult.CANCELED
    assert pbx.facts[-1].ended_first == "pbx"


def test_a_phone_that_hung_up_first_did_it_whatever_the_pbx_does_then() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b")
    pbx.event("HangupRequest", "b", Cause="16")
    pbx.event("SoftHangupRequest", CALL, Cause="4")
    pbx.event("Hangup", "b", Cause="16")
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].ended_first == "b"


def test_originate_without_any_sign_is_refused_after_its_time() -> None:
    pbx = Pbx(timeout_ms=10_000)
    assert pbx.tracker.next_deadline() == pbx.now + 10 + GRACE_S
    assert pbx.tick(14.9) == []
    facts = pbx.tick(0.2)
    assert told(facts) == [("originate_refused", "a"), ("call_ended", None)]
    assert facts[0].result is LegResult.UNREACHABLE


def test_channel_that_appears_after_a_refusal_opens_the_call_again() -> None:
    pbx = Pbx()
    pbx.event("OriginateResponse", ActionID=CALL, Response="Failure", Reason="0")
    assert told(pbx.facts) == [("originate_refused", "a"), ("call_ended", None)]
    assert [fact.inferred for fact in pbx.facts] == [False, False]
    facts = pbx.event("Newchannel", CALL, Channel="PJSIP/1001-1")
    assert told(facts) == [("leg_created", "a")]
    facts = pbx.event("Hangup", CALL, Cause="16")
    facts += pbx.tick(1)
    assert told(facts)[-1] == ("call_ended", None)


def test_nothing_is_concluded_from_silence_while_the_link_is_down() -> None:
    pbx = Pbx(timeout_ms=1000)
    pbx.tracker.begin_resync(pbx.now)
    assert pbx.tracker.next_deadline() is None
    assert pbx.tick(3600) == []


def test_unlisted_originate_is_unknown_after_the_grace_period() -> None:
    pbx = Pbx()
    pbx.tracker.begin_resync(pbx.now)
    assert pbx.resync() == []
    assert pbx.tick(GRACE_S - 0.1) == []
    facts = pbx.tick(0.2)
    assert told(facts) == [("originate_refused", "a"), ("call_ended", None)]
    assert facts[0].result is LegResult.UNKNOWN
    assert [fact.inferred for fact in facts] == [True, True]


def test_channel_that_appears_in_the_grace_period_is_adopted() -> None:
    pbx = Pbx()
    pbx.tracker.begin_resync(pbx.now)
    pbx.resync()
    pbx.now += 1
    pbx.ring_leg_a()
    assert pbx.tick(60) == []
    assert told(pbx.facts) == [("leg_created", "a"), ("leg_dialing", "a"), ("leg_ringing", "a")]


def test_call_watched_since_the_list_was_asked_for_is_not_judged_by_it() -> None:
    pbx = Pbx()
    pbx.tracker.forget(CALL)
    pbx.tracker.begin_resync(pbx.now)
    pbx.now += 0.1
    pbx.tracker.watch(CALL, True, 30_000, pbx.now)
    pbx.resync()
    assert pbx.tick(GRACE_S + 1) == []


def test_events_during_a_resync_are_applied_after_the_list_and_once() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b1")
    pbx.tracker.begin_resync(pbx.now)
    assert pbx.event("Hangup", "b1", Cause="17") == []
    facts = pbx.resync({"Uniqueid": CALL, "Linkedid": CALL, "ChannelStateDesc": "Up", "BridgeId": ""})
    assert told(facts) == [("leg_ended", "b")]
    assert facts[0].cause == 17
    assert pbx.tick(GRACE_S + 1) == []


def test_leg_missing_from_the_list_ends_after_the_grace_period() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    pbx.connect("b1")
    pbx.tracker.begin_resync(pbx.now)
    pbx.resync({"Uniqueid": CALL, "Linkedid": CALL, "ChannelStateDesc": "Up"})
    facts = pbx.tick(GRACE_S)
    assert told(facts) == [("leg_ended", "b")]
    assert facts[0].inferred
    facts = pbx.event("Hangup", CALL, Cause="16")
    assert [fact.inferred for fact in facts] == [False, False]
    facts = [pbx.ended("b")]
    assert (facts[0].result, facts[0].cause) == (LegResult.ANSWERED, None)


def test_call_of_an_earlier_process_is_rebuilt_from_the_list() -> None:
    pbx = Pbx()
    pbx.tracker.begin_resync(pbx.now)
    up = {"Linkedid": CALL, "ChannelStateDesc": "Up"}
    name = "Local/1001@ringback-all-devices-00000001"
    facts = pbx.resync(
        {"Uniqueid": "b1", **up, "Application": "AppDial", "BridgeId": "front", "Channel": "PJSIP/1002-1"},
        {"Uniqueid": "phone", **up, "Application": "AppDial", "BridgeId": "back", "Channel": "PJSIP/1001-1"},
        {"Uniqueid": f"{CALL};2", **up, "BridgeId": "back", "Channel": f"{name};2"},
        {"Uniqueid": CALL, **up, "BridgeId": "front", "Channel": f"{name};1"},
        {"Uniqueid": "m", "Linkedid": CALL, "Channel": "Message/ast_msg_queue"},
    )
    assert told(facts) == [
        *[("leg_created", "a"), ("leg_answered", "a")],
        *[("leg_dialing", "b"), ("leg_answered", "b"), ("connected", None)],
    ]
    assert facts[-1].leg_channel == "b1"
    facts = pbx.event("HangupRequest", "phone")
    for uniqueid in ("b1", CALL, f"{CALL};2", "phone"):
        facts += pbx.event("Hangup", uniqueid, Cause="16")
    assert facts[-1].ended_first == "a"


def test_ringing_devices_in_a_list_are_not_taken_for_leg_b() -> None:
    pbx = Pbx()
    pbx.tracker.begin_resync(pbx.now)
    name = "Local/1001@ringback-all-devices-00000001"
    row = {"Linkedid": CALL, "Application": "AppDial"}
    facts = pbx.resync(
        {"Uniqueid": "phone1", **row, "ChannelStateDesc": "Ringing"},
        {"Uniqueid": CALL, **row, "Channel": f"{name};1", "ChannelStateDesc": "Ringing"},
        {"Uniqueid": f"{CALL};2", "Linkedid": CALL, "Channel": f"{name};2", "ChannelStateDesc": "Ring"},
    )
    assert told(facts) == [("leg_created", "a"), ("leg_ringing", "a")]


# Memory


def test_too_many_events_during_a_resync_are_dropped_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.ami.tracker._QUEUED_EVENTS", 10)
    pbx = Pbx()
    pbx.tracker.begin_resync(pbx.now)
    for _ in range(10):
        pbx.event("Newstate", CALL, ChannelStateDesc="Ringing")
    assert not pbx.tracker.resync_incomplete
    pbx.event("Newstate", CALL, ChannelStateDesc="Up")
    assert pbx.tracker.resync_incomplete
    pbx.tracker.begin_resync(pbx.now)
    assert not pbx.tracker.resync_incomplete


def test_ended_calls_are_forgotten_in_time() -> None:
    pbx = Pbx()
    for n in range(500):
        channel_id = f"c2c-{n}"
        pbx.tracker.watch(channel_id, True, 1000, pbx.now)
        pbx.event("Newchannel", channel_id, Linkedid=channel_id)
        pbx.event("Newchannel", f"{n}-b", Linkedid=channel_id)
        pbx.event("Hangup", f"{n}-b", Linkedid=channel_id, Cause="16")
        pbx.event("Hangup", channel_id, Linkedid=channel_id, Cause="17")
    assert len(pbx.tracker._calls) == 501
    pbx.tracker.forget(CALL)
    pbx.tick(KEEP_ENDED_S)
    assert not pbx.tracker._calls
    assert pbx.tracker.next_deadline() is None
    tables = {name: len(value) for name, value in vars(pbx.tracker).items() if hasattr(value, "__len__")}
    assert set(tables.values()) == {0}, tables


def test_forgotten_call_is_nobodys() -> None:
    pbx = Pbx()
    pbx.ring_leg_a()
    pbx.tracker.forget(CALL)
    pbx.tracker.forget(CALL)
    assert pbx.event("Hangup", CALL, Cause="16") == []
    assert pbx.tracker.next_deadline() is None


def test_conference_of_hundreds_does_not_grow_without_bound() -> None:
    pbx = Pbx()
    pbx.answer_leg_a()
    for n in range(1000):
        pbx.event("Newchannel", f"guest{n}")
    call = pbx.tracker._calls[CALL]
    assert len(call.live) <= 256
    for n in range(1000):
        pbx.event("Hangup", f"guest{n}", Cause="16")
    pbx.event("Hangup", CALL, Cause="16")
    assert pbx.facts[-1].kind is K.CALL_ENDED


# Anything at all


@pytest.mark.parametrize("name", recordings.names())
def test_lost_events_never_leave_a_call_open_for_ever(name: str) -> None:
    """Every event but the Hangups may be missing."""
    for seed in range(5):
        dice = random.Random(f"{name}{seed}")

        def some(event: dict[str, Any], dice: random.Random = dice) -> list[dict[str, Any]]:
            return [event] if event["Event"] == "Hangup" or dice.random() < 0.7 else []

        facts = replay(name, some)
        for channel_id in {fact.channel_id for fact in facts}:
            mine = [fact.kind for fact in facts if fact.channel_id == channel_id]
            assert mine.count(K.CALL_ENDED) == 1
            assert mine[-1] is K.CALL_ENDED


def test_scrambled_headers_and_orders_are_survived() -> None:
    everything = [f for name in recordings.names() for f in recordings.frames(name) if f.get("Event")]
    ids = [CALL, f"{CALL};2", "b1", "b2", ""]
    for seed in range(200):
        dice, pbx = random.Random(seed), Pbx()
        for event in dice.sample(everything, 300):
            scrambled = {
                key: dice.choice(ids) if key.lower().endswith(("uniqueid", "linkedid")) else value
                for key, value in event.items()
                if dice.random() < 0.9
            }
            pbx.facts += pbx.tracker.apply(scrambled, pbx.now)
            pbx.now += dice.random()
            pbx.facts += pbx.tracker.tick(pbx.now)
            if dice.random() < 0.02:
                pbx.tracker.begin_resync(pbx.now)
                pbx.resync(*dice.sample(everything, 5))
        assert all(fact.channel_id == CALL for fact in pbx.facts)
