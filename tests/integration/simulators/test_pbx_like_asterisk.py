"""The simulated PBX beside recordings of a real Asterisk: the same calls give the same facts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.ami.facts import CallFact, FactKind
from engine.ami.tracker import Tracker
from engine.simulators.pbx import PbxOptions, PbxSimulator
from tests.integration.simulators.client import CHANNEL_ID, BareClient
from tests.unit.ami import recordings
from tests.unit.ami.replay import replay

PHONE = "PJSIP/alice"
LOCAL = "Local/alice@ringback-all-devices/n"

#: recording, channel rung, number dialled, Hangup action after this event of a leg, channels in all
SAME: list[tuple[str, str, str, str, int]] = [
    ("a-answered-dest-hangs-up", PHONE, "9912", "", 2),
    ("a-answered-engine-hangs-up", PHONE, "1002", "BridgeEnter", 2),
    ("a-cancel-leg1", PHONE, "1002", "DialState", 1),
    ("a-cancel-leg2-by-user", f"{PHONE}-givesup", "1002", "", 2),
    ("a-user-busy", f"{PHONE}-busy", "1002", "", 1),
    ("a-user-rejects", f"{PHONE}-declines", "1002", "", 1),
    ("a-user-unavailable-480", f"{PHONE}-unavailable", "1002", "", 1),
    ("a-user-no-answer", f"{PHONE}-noanswer", "1002", "", 1),
    ("a-dest-busy", PHONE, "9901", "", 2),
    ("a-dest-no-answer", PHONE, "9902", "", 2),
    ("a-dest-rejects", PHONE, "9903", "", 2),
    ("a-dest-not-registered", PHONE, "9904", "", 1),
    ("a-dest-trunk-503", PHONE, "+493099905", "", 2),
    ("a-dest-trunk-404", PHONE, "+4930999906", "", 2),
    ("a-dest-trunk-403", PHONE, "+4930999907", "", 2),
    ("a-dest-trunk-480", PHONE, "+4930999908", "", 2),
    ("c-local-channel-n", LOCAL, "9912", "", 4),
    ("c-local-user-busy", "Local/alice-busy@ringback-all-devices/n", "1002", "", 3),
]


@pytest.fixture
async def pbx() -> AsyncIterator[PbxSimulator]:
    options = PbxOptions(port=0, ring_s=0.02, dial_timeout_s=0.05)
    async with PbxSimulator(options).serving() as simulator:
        yield simulator


def essence(facts: list[CallFact]) -> list[tuple[object, ...]]:
    """What does not differ from one call to the next. Ringing may be told by two events, in either order."""
    return [
        (fact.kind.value, fact.leg, fact.result, fact.cause, fact.sip_code, fact.ended_first)
        for fact in facts
    ]


def tracked(client: BareClient, exten: str, timeout_ms: int) -> list[CallFact]:
    tracker, facts = Tracker(), []
    tracker.watch(CHANNEL_ID, exten.startswith(("1", "99")), timeout_ms, 0)
    for frame in client.frames:
        if "Event" in frame:
            facts += tracker.apply(frame, 0.01)
    return facts


@pytest.mark.parametrize(("name", "channel", "exten", "hang_up_after", "channels"), SAME)
async def test_a_call_gives_the_facts_of_a_real_one(
    pbx: PbxSimulator, name: str, channel: str, exten: str, hang_up_after: str, channels: int
) -> None:
    client = await BareClient.connect(pbx.port)
    if hang_up_after == "DialState":
        pbx.ring_s = 30.0  # rings until it is hung up
    timeout_ms = 60 if "noanswer" in channel else 5000
    client.originate(channel, exten, timeout_ms=timeout_ms)
    if hang_up_after:
        await client.until(
            lambda frame: (
                frame.get("Event") == hang_up_after and frame.get("BridgeNumChannels") in (None, "2")
            )
        )
        client.write("Hangup", Channel=CHANNEL_ID, ActionID="hangup")
    await client.hung_up(channels)
    assert essence(tracked(client, exten, timeout_ms)) == essence(replay(name))
    client.close()


@pytest.mark.parametrize("name", ["a-answered-dest-hangs-up", "a-dest-busy", "c-local-channel-n"])
async def test_events_carry_the_headers_of_real_ones(pbx: PbxSimulator, name: str) -> None:
    real = {frame["Event"]: frame for frame in recordings.frames(name) if "Event" in frame}
    client = await BareClient.connect(pbx.port)
    local = name.startswith("c-")
    client.originate(LOCAL if local else PHONE, "9901" if "busy" in name else "9912")
    await client.hung_up(4 if local else 2)
    for event in (
        "Newchannel",
        "Newstate",
        "DialBegin",
        "DialEnd",
        "Hangup",
        "OriginateResponse",
        "HangupRequest",
    ):
        assert client.header_names(event) == list(real[event])


async def test_an_unregistered_phone_fails_without_a_channel(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    client.originate(f"{PHONE}-offline", "1002")
    await client.until(lambda frame: frame.get("Event") == "OriginateResponse")
    assert client.named("Newchannel") == []
    assert essence(tracked(client, "1002", 5000)) == essence(replay("a-user-not-registered"))
    client.close()


async def test_a_prompt_nobody_accepts_is_a_rejected_leg(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    client.originate("Local/alice-ignores@ringback-accept/n", "1002")
    await client.hung_up(3)
    kinds = [fact.kind for fact in tracked(client, "1002", 5000)]
    assert FactKind.PROMPTING in kinds
    assert FactKind.LEG_ANSWERED not in kinds
    client.close()
