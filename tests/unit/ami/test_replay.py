"""Every recorded session, replayed: what happened to both legs is what the tracker says happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from engine.ami.tracker import CallFact, FactKind, LegResult
from tests.unit.ami import recordings
from tests.unit.ami.replay import replay

R = LegResult


@dataclass(frozen=True)
class Ended:
    """How a leg ended: result, Q.850 cause and SIP code."""

    result: LegResult
    cause: int | None = None
    sip_code: int | None = None


@dataclass(frozen=True)
class Outcome:
    a: Ended | None
    b: Ended | None = None
    connected: bool = False
    first: str | None = None
    refused: LegResult | None = None


TALKED = Ended(R.ANSWERED, 16)


def talked(first: str | None) -> Outcome:
    return Outcome(TALKED, TALKED, connected=True, first=first)


def user_failed(result: LegResult, cause: int | None, sip_code: int | None = None) -> Outcome:
    return Outcome(Ended(result, cause, sip_code), first="a")


def destination_failed(
    result: LegResult,
    cause: int | None,
    sip_code: int | None = None,
    *,
    a_cause: int = 16,
) -> Outcome:
    # Asterisk names a SIP code for leg a too, which no phone ever sent: leg a had been answered.
    return Outcome(Ended(R.ANSWERED, a_cause), Ended(result, cause, sip_code), first="b")


def trunk(result: LegResult, cause: int, sip_code: int) -> Outcome:
    return destination_failed(result, cause, sip_code, a_cause=cause)


REFUSED = Outcome(None, refused=R.UNREACHABLE)
# Lost while nobody listened: the legs had been answered, nothing else will ever be known.
LOST = Outcome(Ended(R.ANSWERED), Ended(R.ANSWERED), connected=True)
NOTHING: list[Outcome] = []

EXPECTED: dict[str, list[Outcome]] = {
    "a-answered-dest-hangs-up": [talked("b")],
    "a-answered-engine-hangs-up": [talked("a")],
    "a-answered-user-hangs-up": [talked("a")],
    "a-cancel-at-once": [user_failed(R.CANCELED, 16)],
    "a-cancel-leg1": [user_failed(R.CANCELED, 16)],
    "a-cancel-leg1-by-regex": [user_failed(R.CANCELED, None)],
    "a-cancel-leg2-by-engine": [Outcome(TALKED, Ended(R.CANCELED, 16), first="a")],
    "a-cancel-leg2-by-user": [Outcome(Ended(R.ANSWERED), Ended(R.CANCELED, 16), first="a")],
    "a-dest-busy": [trunk(R.BUSY, 17, 486)],
    "a-dest-no-answer": [destination_failed(R.NO_ANSWER, None)],
    "a-dest-no-such-extension": NOTHING,  # refused by the reply; the tracker never hears of it
    "a-dest-not-registered": [destination_failed(R.UNREACHABLE, 3, a_cause=3)],
    "a-dest-rejects": [destination_failed(R.REJECTED, 21, 603, a_cause=21)],
    "a-dest-trunk-403": [trunk(R.FORBIDDEN, 21, 403)],
    "a-dest-trunk-404": [trunk(R.INVALID_NUMBER, 1, 404)],
    "a-dest-trunk-408": [trunk(R.NO_ANSWER, 18, 408)],
    "a-dest-trunk-410": [trunk(R.INVALID_NUMBER, 22, 410)],
    "a-dest-trunk-480": [trunk(R.NO_ANSWER, 19, 480)],
    "a-dest-trunk-484": [trunk(R.INVALID_NUMBER, 28, 484)],
    "a-dest-trunk-486": [trunk(R.BUSY, 17, 486)],
    "a-dest-trunk-488": [trunk(R.UNREACHABLE, 58, 488)],
    "a-dest-trunk-500": [trunk(R.CONGESTION, 38, 500)],
    "a-dest-trunk-503": [trunk(R.CONGESTION, 34, 503)],
    "a-dest-trunk-answered": [talked("b")],
    "a-dest-trunk-dead": [destination_failed(R.NO_ANSWER, None)],
    "a-dtmf": [talked("a")],
    "a-hold-by-dest": [talked("b")],
    "a-hold-by-user": [talked("a")],
    "a-no-such-context": NOTHING,
    # Asterisk gave up by itself: its 480 stands for the cause, the phone sent none.
    "a-same-channelid-twice": [user_failed(R.NO_ANSWER, 19)],
    "a-user-busy": [user_failed(R.BUSY, 17, 486)],
    "a-user-no-answer": [user_failed(R.NO_ANSWER, 19)],
    "a-user-not-registered": [REFUSED],
    "a-user-rejects": [user_failed(R.REJECTED, 21, 603)],
    "a-user-rejects-486": [user_failed(R.BUSY, 17, 486)],
    "a-user-unavailable-480": [user_failed(R.NO_ANSWER, 19, 480)],
    "a-user-unknown": [REFUSED],
    "b-application-dial": [talked("b")],
    "b-application-dial-busy": [trunk(R.BUSY, 17, 486)],
    "c-local-channel": [talked("b")],
    "c-local-channel-n": [talked("b")],
    "c-local-user-busy": [user_failed(R.BUSY, 17, 486)],
    "d-two-originates-and-bridge": [talked("b")],
    # The prompt of this recording runs on leg a itself, so the refusal looks like the dialplan's.
    "e-accept-prompt-ignored": [
        Outcome(Ended(R.ANSWERED, 21), Ended(R.REJECTED, 21), first="b"),
    ],
    "e-accept-prompt-pressed": [talked("a")],
    "e-auto-answer-headers": [talked("a")],
    "e-call-waiting-user-in-call": [user_failed(R.BUSY, 17, 486)],
    "e-inbound-missed": NOTHING,
    "e-inbound-to-user": NOTHING,
    "e-mixmonitor": [talked("a")],
    "e-recording-by-variable": [talked("a")],
    "e-ringback-heard-by-user": [Outcome(Ended(R.ANSWERED), Ended(R.CANCELED, 16), first="a")],
    "e-two-devices-direct": [user_failed(R.NO_ANSWER, 19), user_failed(R.NO_ANSWER, 19)],
    "e-user-event-and-vars": [talked("a")],
    "p-bad-password": NOTHING,
    "p-message-send": NOTHING,
    "p-presence-lists": NOTHING,
    "p-register-unregister": NOTHING,
    "r-refusals": NOTHING,
    "t-ami-atxfer": [talked("a")],
    "t-ami-atxfer-not-allowed": [talked("a")],
    "t-ami-blind": [talked("a")],
    "t-ami-redirect": [talked("a")],
    "t-attended-by-user-phone": [talked("a")],
    "t-blind-by-dest-phone": [talked("b")],
    "t-blind-by-user-phone": [talked("a")],
    "t-park": [talked("a")],
    "v-mwi-by-ami": NOTHING,
    "v-voicemail": NOTHING,
    "x-ami-cut-call-ended-meanwhile": [LOST],
    "x-ami-cut-in-call": [talked("b")],
    "x-ami-cut-while-ringing": [talked("b")],
    "x-asterisk-killed-in-call": [LOST],
    "x-asterisk-stopped-in-call": [talked("pbx")],
    "x-graceful-stop-refuses-new-calls": [talked("a")],
    "x-reload-in-call": [talked("a")],
}


def outcomes(facts: list[CallFact]) -> list[Outcome]:
    """Facts condensed a call, in the order in which the calls began."""
    found = []
    for channel_id in dict.fromkeys(fact.channel_id for fact in facts):
        mine = [fact for fact in facts if fact.channel_id == channel_id]
        ended = {
            fact.leg: Ended(fact.result or R.UNKNOWN, fact.cause, fact.sip_code)
            for fact in mine
            if fact.kind is FactKind.LEG_ENDED
        }
        refused = [fact.result for fact in mine if fact.kind is FactKind.ORIGINATE_REFUSED]
        over = [fact for fact in mine if fact.kind is FactKind.CALL_ENDED]
        assert len(over) == 1
        assert mine[-1] is over[0]
        found.append(
            Outcome(
                ended.get("a"),
                ended.get("b"),
                any(fact.kind is FactKind.CONNECTED for fact in mine),
                over[0].ended_first,
                refused[0] if refused else None,
            )
        )
    return found


def test_every_recording_has_an_expectation() -> None:
    assert recordings.names() == sorted(EXPECTED)


@pytest.mark.parametrize("name", recordings.names())
def test_recording_yields_what_happened(name: str) -> None:
    assert outcomes(replay(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", recordings.names())
def test_no_fact_is_told_twice(name: str) -> None:
    facts = replay(name)
    told = [(f.channel_id, f.kind, f.leg) for f in facts if f.kind not in (FactKind.HELD, FactKind.UNHELD)]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("name", recordings.names())
def test_repeated_events_change_nothing(name: str) -> None:
    """Each event comes twice, and once more when five others have come."""
    recent: list[dict[str, Any]] = []

    def thrice(event: dict[str, Any]) -> list[dict[str, Any]]:
        # A Hold repeated after its Unhold would be a new one.
        if event["Event"] not in ("Hold", "Unhold"):
            recent.append(event)
        return [event, event, *recent[-6:-5]]

    assert outcomes(replay(name, thrice)) == EXPECTED[name]


def test_stages_come_in_order_and_name_their_channels() -> None:
    facts = replay("a-answered-user-hangs-up")
    assert [(fact.kind.value, fact.leg, fact.leg_channel) for fact in facts] == [
        ("leg_created", "a", "c58017-u"),
        ("leg_dialing", "a", "c58017-u"),
        ("leg_ringing", "a", "c58017-u"),
        ("leg_answered", "a", "c58017-u"),
        ("leg_dialing", "b", "lab-1795358016.1"),
        ("leg_ringing", "b", "lab-1795358016.1"),
        ("leg_answered", "b", "lab-1795358016.1"),
        ("connected", None, "lab-1795358016.1"),
        ("leg_ended", "b", "lab-1795358016.1"),
        ("leg_ended", "a", "c58017-u"),
        ("call_ended", None, ""),
    ]
    assert [fact.at_ms for fact in facts[:4]] == [11, 14, 14, 333]


@pytest.mark.parametrize(("name", "leg"), [("a-hold-by-user", "a"), ("a-hold-by-dest", "b")])
def test_hold_is_told_with_the_leg_that_holds(name: str, leg: str) -> None:
    kinds = [(fact.kind, fact.leg) for fact in replay(name)]
    assert kinds.index((FactKind.HELD, leg)) < kinds.index((FactKind.UNHELD, leg))


@pytest.mark.parametrize(
    ("name", "last_channel"),
    [
        ("t-ami-atxfer", "PJSIP/1002"),
        ("t-attended-by-user-phone", "PJSIP/1002"),
        ("t-blind-by-user-phone", "PJSIP/1002"),
        ("t-park", "PJSIP/1002"),
    ],
)
def test_call_goes_on_after_the_user_is_transferred_out(name: str, last_channel: str) -> None:
    facts = replay(name)
    a_ended = next(f for f in facts if f.kind is FactKind.LEG_ENDED and f.leg == "a")
    over = facts[-1]
    hangups = [
        line
        for line in recordings.lines(name)
        if line["dir"] == "event" and line["data"]["Event"] == "Hangup"
    ]
    assert over.at_ms > a_ended.at_ms + 300
    assert over.at_ms == round(hangups[-1]["t"] * 1000)
    assert any(line["data"]["Channel"].startswith(last_channel) for line in hangups[-2:])


def test_leg_whose_local_channel_is_optimised_away_lives_on_the_real_one() -> None:
    facts = replay("c-local-channel")
    a_ended = next(f for f in facts if f.kind is FactKind.LEG_ENDED and f.leg == "a")
    assert a_ended.leg_channel == "lab-1795358119.161"
    assert a_ended.at_ms == facts[-1].at_ms  # two seconds after its Local channel had hung up


def test_answer_missed_while_the_link_was_cut_is_learnt_from_the_channel_list() -> None:
    facts = replay("x-ami-cut-while-ringing")
    resync_ms = 3015
    learnt = [(f.kind.value, f.leg) for f in facts if f.at_ms == resync_ms]
    assert learnt == [
        ("leg_answered", "a"),
        ("leg_dialing", "b"),
        ("leg_answered", "b"),
        ("connected", None),
    ]


def test_unlisted_call_is_over_only_after_the_grace_period() -> None:
    facts = replay("x-ami-cut-call-ended-meanwhile")
    listed_at = max(
        line["t"]
        for line in recordings.lines("x-ami-cut-call-ended-meanwhile")
        if line["dir"] == "action" and dict(line["data"]).get("Action") == "BridgeList"
    )
    assert facts[-1].at_ms >= (listed_at + 5) * 1000 - 10
