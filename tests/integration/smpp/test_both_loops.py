"""What depends on the event loop's transport, on asyncio's own and on uvloop's, in clear and in TLS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.smpp import tlv
from engine.smpp.carrier import AnswerKind, SmscAddress, TlsSettings
from engine.smpp.codec import SubmitSm
from engine.smpp.tlv import Tlv
from tests.integration.smpp.conftest import RunCarrier
from tests.peers.certificates import IssueCertificate, Issued
from tests.peers.node_smpp import NodeSmsc, StartNodeSmsc

pytestmark = pytest.mark.node_smpp


@pytest.fixture(scope="session")
def certificate(issue_certificate: IssueCertificate) -> Issued:
    """What an SMSC called `smsc.test` shows."""
    return issue_certificate("smsc.test")


async def test_two_thousand_texts_and_a_drain(node_smsc: StartNodeSmsc, run_carrier: RunCarrier) -> None:
    smsc = await node_smsc(quiet=True)
    running = run_carrier(smsc.port, window_pdus=100)
    await running.bound()
    await running.submit_all(range(2_000))
    await running.carrier.drain(10.0)
    await running.task
    assert running.recorder.answered(AnswerKind.ACCEPTED) == list(range(2_000))
    assert await smsc.count() == 2_000


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "tls"])
async def test_a_server_that_stops_reading_cannot_have_what_is_called_not_sent(
    node_smsc: StartNodeSmsc,
    run_carrier: RunCarrier,
    certificate: Issued,
    encrypted: bool,
) -> None:
    smsc = await node_smsc(
        **({"tls_key": str(certificate.key), "tls_cert": str(certificate.chain)} if encrypted else {})
    )
    running = run_carrier(
        smsc.port,
        tls=TlsSettings(ca_file=str(certificate.authority), server_name="smsc.test") if encrypted else None,
        enquire_link_every_s=1.5,
        response_timeout_s=1.5,
        window_pdus=6_000,
    )
    await running.bound()
    assert running.submit("first")
    await running.recorder.until(lambda: running.recorder.answers)
    await smsc.pause()
    big = SubmitSm(destination_addr="4917", tlvs=(Tlv(tlv.MESSAGE_PAYLOAD, bytes(4_000)),))
    for token in range(4_000):
        assert running.submit(token, big)
    await running.recorder.until(lambda: len(running.recorder.answers) == 4_001)
    ambiguous = running.recorder.answered(AnswerKind.AMBIGUOUS)
    not_sent = running.recorder.answered(AnswerKind.NOT_SENT)
    assert sorted(ambiguous + not_sent) == list(range(4_000))  # type: ignore[type-var]
    assert len(not_sent) > 1_000
    assert await smsc.count() - 1 <= len(ambiguous)


async def test_tls_carries_texts_both_ways(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier, certificate: Issued
) -> None:
    smsc = await node_smsc(tls_key=str(certificate.key), tls_cert=str(certificate.chain), receipts="both")
    running = run_carrier(
        smsc.port, tls=TlsSettings(ca_file=str(certificate.authority), server_name="smsc.test")
    )
    await running.bound()
    await running.submit_all(range(100))
    await running.recorder.until(lambda: len(running.recorder.deliveries) == 100)
    assert running.carrier.status().binds[0].encrypted
    await running.carrier.drain(10.0)
    assert running.recorder.answered(AnswerKind.ACCEPTED) == list(range(100))


@pytest.mark.parametrize(
    "tls",
    [TlsSettings(server_name="smsc.test"), "wrong name"],
    ids=["unknown issuer", "wrong name"],
)
async def test_a_certificate_that_does_not_fit_never_sees_the_password(
    node_smsc: StartNodeSmsc,
    run_carrier: RunCarrier,
    certificate: Issued,
    tls: TlsSettings | str,
) -> None:
    if isinstance(tls, str):
        tls = TlsSettings(ca_file=str(certificate.authority), server_name="other.test")
    await nothing_is_told(await start_tls(node_smsc, certificate), run_carrier, tls)


async def test_an_expired_certificate_never_sees_the_password(
    node_smsc: StartNodeSmsc, run_carrier: RunCarrier, issue_certificate: IssueCertificate
) -> None:
    expired = issue_certificate("smsc.test", ends=datetime.now(UTC) - timedelta(hours=1))
    tls = TlsSettings(ca_file=str(expired.authority), server_name="smsc.test")
    reason = await nothing_is_told(await start_tls(node_smsc, expired), run_carrier, tls)
    assert "expired" in reason


async def start_tls(node_smsc: StartNodeSmsc, shown: Issued) -> NodeSmsc:
    return await node_smsc(tls_key=str(shown.key), tls_cert=str(shown.chain))


async def nothing_is_told(smsc: NodeSmsc, run_carrier: RunCarrier, tls: TlsSettings) -> str:
    """The bind is not even asked for; returns what operators are told."""
    running = run_carrier(smsc.port, tls=tls, hosts=(SmscAddress("127.0.0.1", smsc.port),))
    await running.recorder.until(lambda: running.recorder.binds)
    _, state, reason = running.recorder.binds[0]
    assert state == "waiting"
    assert reason.startswith("tls_certificate: ")
    await smsc.settle()
    assert smsc.events("bind") == []
    return str(reason)
