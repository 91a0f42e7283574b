"""A carrier of ours against npm's `smpp` server: every rule of a session, over a real socket."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from engine.smpp import tlv
from engine.smpp.carrier import AnswerKind, SmscAddress
from engine.smpp.codec import BindKind, SubmitSm
from engine.smpp.tlv import Tlv, integer_tlv
from tests.integration.smpp.conftest import RunCarrier
from tests.integration.smpp.recording import TEXT, Recorder
from tests.peers.node_smpp import StartNodeSmsc

pytestmark = pytest.mark.node_smpp


def states(recorder: Recorder) -> list[str]:
    return [state for _, state, _ in recorder.binds]


# --- binding -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BindKind)
async def test_each_kind_of_bind_is_taken(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier, kind: BindKind
) -> None:
    smsc = await node_smsc(system_id="ringback", password="secret")
    running = run_carrier(smsc.port, kind=kind, system_type="VMA")
    await running.bound()
    bind = await smsc.wait_for("bind")
    assert (bind["kind"], bind["system_id"], bind["system_type"], bind["interface_version"]) == (
        f"bind_{kind}",
        "ringback",
        "VMA",
        0x34,
    )
    assert running.submit("a") == kind.submits


async def test_a_wrong_password_is_reported_and_not_tried_again_soon(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(system_id="ringback", password="other")
    running = run_carrier(smsc.port)
    await running.recorder.until(lambda: ("1", "refused", "ESME_RINVPASWD") in running.recorder.binds)
    assert running.carrier.reserve() is None
    assert not running.carrier.status().bound
    await smsc.settle()
    assert len(smsc.events("bind")) == 1


async def test_a_server_that_is_not_there_is_tried_until_it_is(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    await smsc.stop()
    running = run_carrier(smsc.port)
    await running.recorder.until(lambda: ("1", "waiting", "ConnectionRefusedError") in running.recorder.binds)
    await node_smsc(port=smsc.port)
    await running.bound()


async def test_the_next_host_is_tried_when_one_is_down(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    gone = await node_smsc()
    await gone.stop()
    smsc = await node_smsc()
    hosts = (SmscAddress("127.0.0.1", gone.port), SmscAddress("127.0.0.1", smsc.port))
    running = run_carrier(0, hosts=hosts)
    await running.bound()
    assert running.carrier.status().binds[0].smsc == f"127.0.0.1:{smsc.port}"


# --- submitting ----------------------------------------------------------------------------------------


async def test_a_text_arrives_as_it_was_meant_and_its_id_comes_back(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.answers)
    (answer,) = running.recorder.answers
    await smsc.settle()
    (submit,) = smsc.submits()
    assert (answer.token, answer.kind, answer.message_id) == ("a", AnswerKind.ACCEPTED, submit["message_id"])
    assert submit["text"] == "Your table is ready"
    for name in (
        "source_addr_ton",
        "source_addr",
        "dest_addr_npi",
        "destination_addr",
        "registered_delivery",
    ):
        assert submit[name] == getattr(TEXT, name)


async def test_udh_sar_payload_and_vendor_tlvs_are_read_by_the_server(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    ucs2 = "Grüße Ω".encode("utf-16-be")
    sar = (
        integer_tlv(tlv.SAR_MSG_REF_NUM, 258, 2),
        integer_tlv(tlv.SAR_TOTAL_SEGMENTS, 2, 1),
        integer_tlv(tlv.SAR_SEGMENT_SEQNUM, 1, 1),
    )
    sent = [
        SubmitSm(esm_class=0x40, data_coding=8, short_message=b"\x05\x00\x03\x2a\x02\x01" + ucs2),
        SubmitSm(short_message=b"first half", tlvs=sar),
        SubmitSm(tlvs=(Tlv(tlv.MESSAGE_PAYLOAD, b"long " * 100), Tlv(0x1403, b"campaign"))),
    ]
    for number, pdu in enumerate(sent):
        assert running.submit(number, pdu)
    await running.recorder.until(lambda: len(running.recorder.answers) == 3)
    await smsc.settle()
    udh, with_sar, payload = smsc.submits()
    assert udh["text"] == "Grüße Ω"
    assert udh["udh"] == [{"hex": "00032a0201"}]
    assert [with_sar[f"sar_{n}"] for n in ("msg_ref_num", "total_segments", "segment_seqnum")] == [258, 2, 1]
    assert payload["message_payload"]["message"] == "long " * 100


async def test_two_hundred_texts_through_a_window_of_ten_each_get_their_own_answer(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(answer_after_ms=5)
    running = run_carrier(smsc.port, window_pdus=10)
    await running.bound()
    most = 0
    for number in range(200):
        text = SubmitSm(destination_addr="4917", short_message=b"%d" % number)
        await running.recorder.until(lambda number=number, text=text: running.submit(number, text))
        most = max(most, running.carrier.status().binds[0].in_flight)
    await running.recorder.until(lambda: len(running.recorder.answers) == 200)
    await smsc.settle()
    ids = {submit["text"]: submit["message_id"] for submit in smsc.submits()}
    assert {str(a.token): a.message_id for a in running.recorder.answers} == ids
    assert most == 10


async def test_two_binds_share_the_texts(node_smsc: StartNodeSmsc, run_carrier: RunCarrier) -> None:
    smsc = await node_smsc()
    one = run_carrier(smsc.port).carrier.settings.binds[0]
    running = run_carrier(0, carrier={"binds": (replace(one, name="a"), replace(one, name="b"))})
    await running.bound(2)
    await running.submit_all(range(6))
    await running.recorder.until(lambda: len(running.recorder.answers) == 6)
    assert [a.bind for a in running.recorder.answers].count("a") == 3
    await smsc.settle()
    assert len({submit["session"] for submit in smsc.submits()}) == 2


# --- refusals, delays, silence ---------------------------------------------------------------------------


async def test_a_throttled_bind_pauses_and_then_sends_again(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(throttle_first=1)
    running = run_carrier(smsc.port, carrier={"throttle_pause_s": 3.0})
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.answers)
    (answer,) = running.recorder.answers
    assert (answer.kind, answer.command_status, answer.reason) == (
        AnswerKind.REFUSED,
        0x58,
        "ESME_RTHROTTLED",
    )
    status = running.carrier.status().binds[0]
    assert (status.allowed_pdus, status.paused_s > 0) == (5, True)
    assert running.carrier.reserve() is None
    before = asyncio.get_running_loop().time()
    await running.submit_all(["a"])
    assert asyncio.get_running_loop().time() - before > 0.1
    await running.recorder.until(lambda: running.recorder.answered(AnswerKind.ACCEPTED) == ["a"])


async def test_a_full_queue_pauses_longer(node_smsc: StartNodeSmsc, run_carrier: RunCarrier) -> None:
    smsc = await node_smsc(queue_full_first=1)
    running = run_carrier(smsc.port)
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.answers)
    assert running.recorder.answers[0].reason == "ESME_RMSGQFUL"
    assert running.carrier.status().binds[0].paused_s > 1  # as long as a throttled one waits


async def test_a_final_refusal_is_told_and_the_next_text_goes_at_once(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(refuse_submits_with=0x0B)
    running = run_carrier(smsc.port)
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.answered(AnswerKind.REFUSED) == ["a"])
    assert running.recorder.answers[0].command_status == 0x0B
    await smsc.set(refuse_submits_with=0)
    assert running.submit("b")
    await running.recorder.until(lambda: running.recorder.answered(AnswerKind.ACCEPTED) == ["b"])


async def test_a_fault_of_the_session_makes_a_new_one(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(refuse_submits_with=0x04)
    running = run_carrier(smsc.port)
    await running.bound()
    assert running.submit("a")
    await smsc.wait_for("unbind")
    await smsc.set(refuse_submits_with=0)
    await smsc.wait_for("bind", 2)
    await running.submit_all(["b"])
    await running.recorder.until(lambda: running.recorder.answered(AnswerKind.ACCEPTED) == ["b"])
    assert running.recorder.answered(AnswerKind.AMBIGUOUS) == []


async def test_a_late_answer_settles_what_was_ambiguous(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(hold_answers=True)
    running = run_carrier(smsc.port, response_timeout_s=3.0, window_pdus=1)
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.answers)
    assert running.recorder.answers[0].kind is AnswerKind.AMBIGUOUS
    assert running.carrier.status().binds[0].in_flight == 0
    await smsc.answer()
    await running.recorder.until(lambda: len(running.recorder.answers) == 2)
    late = running.recorder.answers[1]
    assert (late.token, late.kind, late.late) == ("a", AnswerKind.ACCEPTED, True)


async def test_lost_answers_free_the_window_and_a_deaf_server_is_bound_again(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(drop_first=6)
    running = run_carrier(smsc.port, response_timeout_s=3.0, window_pdus=3)
    await running.bound()
    await running.submit_all(range(3))
    await smsc.wait_for("enquire_link")
    await running.submit_all(range(3, 6))
    await smsc.wait_for("bind", 2)
    assert ("1", "waiting", "requests_unanswered") in running.recorder.binds
    assert running.recorder.answered(AnswerKind.AMBIGUOUS) == list(range(6))
    await running.submit_all(["after"])
    await running.recorder.until(lambda: running.recorder.answered(AnswerKind.ACCEPTED) == ["after"])


async def test_an_idle_link_is_probed_and_lives(node_smsc: StartNodeSmsc, run_carrier: RunCarrier) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port, enquire_link_every_s=0.1)
    await running.bound()
    await smsc.wait_for("enquire_link", 3)
    assert states(running.recorder) == ["bound"]


async def test_a_server_that_stops_reading_is_dropped_and_only_what_left_is_ambiguous(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port, enquire_link_every_s=0.5, response_timeout_s=2.0, window_pdus=40_000)
    await running.bound()
    await smsc.pause()
    big = SubmitSm(destination_addr="4917", tlvs=(Tlv(tlv.MESSAGE_PAYLOAD, bytes(4_000)),))
    sent = 0
    while running.submit(sent, big):
        sent += 1
        if sent == 4_000:
            break
    await running.recorder.until(lambda: "waiting" in states(running.recorder))
    ambiguous = running.recorder.answered(AnswerKind.AMBIGUOUS)
    not_sent = running.recorder.answered(AnswerKind.NOT_SENT)
    assert len(ambiguous) > 0
    assert len(not_sent) > 1_000
    assert ambiguous + not_sent == list(range(sent))
    received = await smsc.count()
    assert received <= len(ambiguous)


# --- receipts and texts from phones -----------------------------------------------------------------------


@pytest.mark.parametrize("receipts", ["text", "tlv", "both"])
async def test_receipts_come_in_text_and_in_tlvs(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier, receipts: str
) -> None:
    smsc = await node_smsc(receipts=receipts)
    running = run_carrier(smsc.port)
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.deliveries)
    pdu = running.recorder.deliveries[0].pdu
    message_id = (await smsc.wait_for("submit"))["message_id"]
    assert pdu.esm_class == 4
    assert (pdu.source_addr, pdu.destination_addr) == ("491700000001", "Ringback")
    if receipts != "tlv":
        assert pdu.user_data.startswith(f"id:{message_id} sub:001".encode())
    if receipts != "text":
        assert pdu.tlv(tlv.RECEIPTED_MESSAGE_ID) == message_id.encode() + b"\0"
        assert pdu.tlv(tlv.MESSAGE_STATE) == b"\x02"
    assert (await smsc.wait_for("delivered"))["command_status"] == 0


async def test_a_receipt_may_come_before_its_response(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(receipts="both", receipt_before_response=True, hold_answers=True)
    running = run_carrier(smsc.port)
    await running.bound()
    assert running.submit("a")
    await running.recorder.until(lambda: running.recorder.deliveries)
    assert running.recorder.answers == []
    await smsc.answer()
    await running.recorder.until(lambda: running.recorder.answers)


async def test_a_text_from_a_phone_is_answered_when_it_is_acknowledged_and_not_before(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port, recorder=Recorder(acknowledge_with=None))
    await running.bound()
    smsc.deliver_soon(source_addr="491700000001", destination_addr="12345", short_message="yes please")
    await running.recorder.until(lambda: running.recorder.deliveries)
    (delivery,) = running.recorder.deliveries
    assert delivery.pdu.user_data == b"yes please"
    assert delivery.session_id == running.carrier.status().binds[0].session_id
    await smsc.settle()
    assert smsc.events("delivered") == []
    assert delivery.acknowledge(0x64)
    assert (await smsc.wait_for("delivered"))["command_status"] == 0x64
    assert not delivery.acknowledge(0)


async def test_acknowledging_when_the_session_is_gone_does_nothing(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port, recorder=Recorder(acknowledge_with=None))
    await running.bound()
    smsc.deliver_soon(source_addr="49170", destination_addr="12345", short_message="yes")
    await running.recorder.until(lambda: running.recorder.deliveries)
    await smsc.cut()
    await smsc.wait_for("bind", 2)
    await running.bound()
    assert not running.recorder.deliveries[0].acknowledge(0)
    await smsc.settle()
    assert smsc.events("delivered") == []


async def test_a_listener_that_fails_costs_its_call_and_not_the_session(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    with monkeypatch.context() as broken:
        broken.setattr(running.recorder, "submits_answered", None)
        assert running.submit("a")
        await running.recorder.until(lambda: running.carrier.status().binds[0].answers == 1)
    assert running.submit("b")
    await running.recorder.until(lambda: running.recorder.answered(AnswerKind.ACCEPTED) == ["b"])
    assert states(running.recorder) == ["bound"]


async def test_parts_with_raw_headers_keep_every_octet(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    parts = [bytes((5, 0, 3, 0x2A, 2, n)) + b"part\x00\x1b\xff" for n in (1, 2)]
    for part in parts:
        status = await smsc.deliver(
            source_addr="49170", destination_addr="12345", esm_class=0x40, short_message_hex=part.hex()
        )
        assert status == 0
    assert [d.pdu.user_data for d in running.recorder.deliveries] == parts


async def test_data_sm_and_message_payload_are_taken(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    assert await smsc.deliver(command="data_sm", source_addr="49170", message_payload="by data") == 0
    assert await smsc.deliver(source_addr="49170", short_message="", message_payload="by payload") == 0
    assert [d.pdu.user_data for d in running.recorder.deliveries] == [b"by data", b"by payload"]


async def test_receipts_reach_a_receiver_while_a_transmitter_submits(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(receipts="tlv")
    one = run_carrier(smsc.port).carrier.settings.binds[0]
    await smsc.wait_for("bind")
    pair = (
        replace(one, name="tx", kind=BindKind.TRANSMITTER),
        replace(one, name="rx", kind=BindKind.RECEIVER),
    )
    running = run_carrier(0, carrier={"binds": pair})
    await running.bound(2)
    await running.submit_all(range(3))
    await running.recorder.until(lambda: len(running.recorder.deliveries) == 3)
    assert {a.bind for a in running.recorder.answers} == {"tx"}
    assert {d.bind for d in running.recorder.deliveries} == {"rx"}


# --- ends -----------------------------------------------------------------------------------------------


async def test_a_cut_in_mid_flight_leaves_what_was_out_ambiguous_and_binds_again(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(close_at=3, answer_after_ms=2_000)
    running = run_carrier(smsc.port)
    await running.bound()
    await running.submit_all(range(3))
    await running.recorder.until(lambda: len(running.recorder.answers) == 3)
    assert running.recorder.answered(AnswerKind.AMBIGUOUS) == [0, 1, 2]
    await smsc.wait_for("bind", 2)


async def test_the_servers_unbind_is_answered_and_the_bind_comes_back(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    await smsc.unbind()
    await smsc.wait_for("unbind_answered")
    await smsc.wait_for("bind", 2)
    assert ("1", "unbinding", "peer_unbound") in running.recorder.binds


async def test_answers_behind_the_servers_unbind_still_count(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(unbind_on_submit=2, answer_after_ms=200)
    running = run_carrier(smsc.port)
    await running.bound()
    await running.submit_all(["a", "b"])
    await smsc.wait_for("unbind_answered")
    await running.recorder.until(lambda: len(running.recorder.answers) == 2)
    assert running.recorder.answered(AnswerKind.ACCEPTED) == ["a", "b"]


async def test_a_drain_waits_for_answers_unbinds_and_ends(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(answer_after_ms=300)
    running = run_carrier(smsc.port)
    await running.bound()
    await running.submit_all(range(3))
    slot = running.carrier.reserve()
    assert slot is not None
    drained = asyncio.create_task(running.carrier.drain(10.0))
    await asyncio.sleep(0)
    assert running.carrier.reserve() is None
    assert running.carrier.submit(slot, TEXT, "reserved before")
    await drained
    await running.task
    assert running.recorder.answered(AnswerKind.ACCEPTED) == [0, 1, 2, "reserved before"]
    await smsc.wait_for("unbind")
    await smsc.wait_for("closed")
    assert states(running.recorder)[-1] == "stopped"


async def test_a_drain_gives_up_on_answers_that_never_come(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(drop_every=1)
    running = run_carrier(smsc.port)
    await running.bound()
    await running.submit_all(["lost"])
    await running.carrier.drain(1.0)
    await running.task
    assert running.recorder.answered(AnswerKind.AMBIGUOUS) == ["lost"]
    await smsc.wait_for("unbind")


async def test_cancelling_cuts_the_session_and_reports_what_was_out(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc(drop_every=1)
    running = run_carrier(smsc.port)
    await running.bound()
    await running.submit_all(["out"])
    await smsc.wait_for("submit")
    await running.stop()
    assert running.recorder.answered(AnswerKind.AMBIGUOUS) == ["out"]
    await smsc.wait_for("closed")


async def test_a_slot_of_a_dead_session_sends_nothing(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    slot = running.carrier.reserve()
    assert slot is not None
    await smsc.cut()
    await smsc.wait_for("bind", 2)
    await running.bound()
    assert slot.session_id != running.carrier.status().binds[0].session_id
    assert not running.carrier.submit(slot, TEXT, "a")
    running.carrier.release(slot)
    await smsc.settle()
    assert smsc.submits() == []
    assert running.carrier.status().binds[0].reserved == 0


# --- pieces and garbage -------------------------------------------------------------------------------------


async def test_pdus_in_single_octets_are_read(node_smsc: StartNodeSmsc, run_carrier: RunCarrier) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    # Two deliver_sm, by hand from SMPP v3.4 §4.6.1.
    body = b"\0\1\x0149170\0\1\x0112345\0\0\0\0\0\0\0\0\0\0\x02hi"
    head = (16 + len(body)).to_bytes(4, "big") + b"\0\0\0\5\0\0\0\0"
    await smsc.raw(head + b"\0\0\0\x31" + body + head + b"\0\0\0\x32" + body, piece=1)
    await running.recorder.until(lambda: len(running.recorder.deliveries) == 2)


@pytest.mark.parametrize(
    ("octets", "nack"),
    [
        (b"\0\0\0\x10\0\0\0\x77\0\0\0\0\0\0\0\x09", 3),
        (b"\0\0\0\x08\0\0\0\5\0\0\0\0\0\0\0\x09", 2),
        (b"\x7f\xff\xff\xff\0\0\0\5\0\0\0\0\0\0\0\x09", 2),
    ],
)
async def test_garbage_is_nacked_and_what_can_live_on_does(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier, octets: bytes, nack: int
) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    await smsc.raw(octets)
    answer = await smsc.wait_for("generic_nack")
    assert (answer["command_status"], answer["sequence_number"]) == (nack, 9)
    if nack == 3:
        await running.submit_all(["a"])
        assert states(running.recorder) == ["bound"]
    else:
        await running.recorder.until(lambda: ("1", "waiting", "framing_lost") in running.recorder.binds)
        await smsc.wait_for("bind", 2)


async def test_the_rate_holds_over_any_second(node_smsc: StartNodeSmsc, run_carrier: RunCarrier) -> None:
    smsc = await node_smsc()
    running = run_carrier(smsc.port, window_pdus=100, carrier={"rate_per_s": 100})
    await running.bound()
    loop = asyncio.get_running_loop()
    at: list[float] = []

    def one() -> bool:
        if running.submit(len(at)):
            at.append(loop.time())
            return True
        return False

    for _ in range(250):
        await running.recorder.until(one)
    worst = max(sum(start <= other < start + 1 for other in at) for start in at)
    assert worst <= 105
    # What the machine stands still for is lost: the limit makes up for 40 ms of it at a time.
    going_s = sum(min(later - earlier, 0.05) for earlier, later in pairwise(at))
    assert len(at) / going_s > 90
