"""Requests to addresses others chose, against real receivers on loopback sockets."""

from __future__ import annotations

import asyncio
import gzip
import socket
from ipaddress import ip_network
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from engine.adapters.outbound import OutboundClient
from engine.clock import SystemClock
from engine.outbound import MAX_ANSWER_OCTETS, Network, OutboundFailed, OutboundSettings
from tests.peers.certificates import IssueCertificate
from tests.peers.receiver import (
    Behaviour,
    a_receiver,
    answers,
    breaks_off,
    drips_a_body,
    drips_headers,
    hangs_up,
    never_ends,
    never_ends_its_headers,
    says_nothing,
    talks_nonsense,
)

LOOPBACK = (ip_network("127.0.0.0/8"),)


def client(allowed: tuple[Network, ...] = LOOPBACK, ca_file: Path | None = None) -> OutboundClient:
    return OutboundClient(OutboundSettings(allowed_networks=allowed, ca_file=ca_file), SystemClock())


async def failure(outbound: OutboundClient, url: str, time_limit_s: float = 10.0) -> str:
    with pytest.raises(OutboundFailed) as failed:
        await outbound.post(url, b"{}", {}, time_limit_s=time_limit_s)
    return failed.value.code


def names(monkeypatch: pytest.MonkeyPatch, **hosts: list[str]) -> None:
    """Let names (underscores stand for dots) mean these addresses."""
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        found = hosts.get(str(host).replace(".", "_"))
        if found is None:
            return real(host, port, *rest, **more)
        return [info for address in found for info in real(address, port, 0, socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def test_the_body_arrives_octet_for_octet_with_our_headers_alone() -> None:
    async with a_receiver(answers(200, b"thanks")) as receiver, client() as outbound:
        answer = await outbound.post(
            receiver.url + "?key=a%20b", b'{"a": 1}', {"Content-Type": "application/json", "Webhook-Id": "1"}
        )
        assert (answer.status, answer.body, answer.complete) == (200, b"thanks", True)
    (request,) = receiver.requests
    assert (request.method, request.target, request.body) == ("POST", "/hook?key=a%20b", b'{"a": 1}')
    assert request.headers.keys() == {
        "host",
        "content-type",
        "webhook-id",
        "accept",
        "user-agent",
        "content-length",
    }


async def test_a_connection_is_used_again() -> None:
    async with a_receiver(answers(200, b"thanks")) as receiver, client() as outbound:
        for _ in range(3):
            await outbound.post(receiver.url, b"{}", {})
    assert (len(receiver.requests), receiver.connections) == (3, 1)


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with (
        a_receiver(answers(200)) as inner,
        client() as outbound,
        a_receiver(answers(302, Location=inner.url)) as receiver,
    ):
        assert (await outbound.post(receiver.url, b"{}", {})).status == 302
    assert inner.requests == []


async def test_cookies_are_not_kept() -> None:
    async with a_receiver(answers(200, Set_Cookie="a=b")) as receiver, client() as outbound:
        await outbound.post(receiver.url, b"{}", {})
        await outbound.post(receiver.url, b"{}", {})
    assert [request.headers.get("cookie") for request in receiver.requests] == [None, None]


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_receiver(answers(200)) as proxy, a_receiver(answers(204)) as receiver:
        monkeypatch.setenv("http_proxy", proxy.url)
        async with client() as outbound:
            assert (await outbound.post(receiver.url, b"{}", {})).status == 204
    assert proxy.requests == []


async def test_a_packed_body_stays_packed() -> None:
    packed = gzip.compress(b"0" * 10_000_000)
    async with a_receiver(answers(200, packed, Content_Encoding="gzip")) as receiver, client() as outbound:
        answer = await outbound.post(receiver.url, b"{}", {})
    assert answer.body == packed[:MAX_ANSWER_OCTETS]


async def test_retry_after_is_passed_on() -> None:
    async with a_receiver(answers(503, Retry_After="17")) as receiver, client() as outbound:
        answer = await outbound.post(receiver.url, b"{}", {})
    assert (answer.status, answer.retry_after_s) == (503, 17.0)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_reached_however_it_is_written(host: str) -> None:
    async with a_receiver(answers(200)) as receiver, client(allowed=()) as outbound:
        port = receiver.url.rsplit(":", 1)[1]
        assert await failure(outbound, f"https://{host}:{port}") == "address_refused"
        assert await failure(outbound, f"http://{host}:{port}") == "address_refused"
    assert receiver.connections == 0


async def test_a_name_that_turns_to_an_address_within_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: the first answer is harmless, the next one is ours."""
    async with (
        a_receiver(answers(200)) as receiver,
        client(allowed=(ip_network("127.0.0.2/32"),)) as outbound,
    ):
        url = receiver.url.replace("127.0.0.1", "rebinds.test")
        names(monkeypatch, rebinds_test=["127.0.0.2"])
        assert await failure(outbound, url) == "connection_refused"  # allowed, and nobody listens
        names(monkeypatch, rebinds_test=["127.0.0.1"])
        async with client(allowed=(ip_network("127.0.0.2/32"),)) as later:
            assert await failure(later, url) == "address_refused"
    assert receiver.connections == 0


async def test_of_several_addresses_only_allowed_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, both_test=["127.0.0.3", "127.0.0.1"])
    async with (
        a_receiver(answers(204)) as receiver,
        client(allowed=(ip_network("127.0.0.1/32"),)) as outbound,
    ):
        answer = await outbound.post(receiver.url.replace("127.0.0.1", "both.test"), b"{}", {})
    assert answer.status == 204


async def test_a_name_without_an_address_is_said_to_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    async with client() as outbound:
        assert await failure(outbound, "https://nowhere.test/") == "name_not_found"
        assert await failure(outbound, f"https://{'a' * 64}.test/") == "name_not_found"


async def test_a_name_server_that_never_answers_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    answered = Event()

    def slow(host: str, *rest: Any, **more: Any) -> Any:
        if str(host).endswith(".slow.test"):
            answered.wait(60)
        return real("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        async with a_receiver(answers(204)) as receiver, client() as outbound, asyncio.TaskGroup() as group:
            hanging = [
                group.create_task(failure(outbound, f"https://{number}.slow.test/", 8.0))
                for number in range(40)
            ]
            answer = await outbound.post(receiver.url.replace("127.0.0.1", "fast.test"), b"{}", {})
            assert answer.status == 204
            assert not any(task.done() for task in hanging)
        assert {task.result() for task in hanging} == {"timed_out"}
    finally:
        answered.set()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (says_nothing, "timed_out"),
        (drips_headers, "timed_out"),
        (hangs_up, "connection_lost"),
        (talks_nonsense, "answer_malformed"),
        (never_ends_its_headers, "answer_malformed"),
    ],
)
async def test_a_receiver_without_an_answer_is_given_up(behaviour: Behaviour, code: str) -> None:
    async with a_receiver(behaviour) as receiver, client() as outbound:
        assert await failure(outbound, receiver.url, 1.0 if code == "timed_out" else 10.0) == code


@pytest.mark.parametrize("behaviour", [drips_a_body, never_ends, breaks_off])
async def test_a_body_that_does_not_end_leaves_the_status_standing(behaviour: Behaviour) -> None:
    async with a_receiver(behaviour) as receiver, client() as outbound:
        # Those that go on take all of it.
        time_limit_s = 10.0 if behaviour is breaks_off else 3.0
        answer = await outbound.post(receiver.url, b"{}", {}, time_limit_s=time_limit_s)
        assert (answer.status, answer.complete) == (200, False)
        assert len(answer.body) <= MAX_ANSWER_OCTETS
        # The half-read connection is not used for the next request.
        receiver.behaviour = answers(204)
        assert (await outbound.post(receiver.url, b"{}", {})).status == 204
    assert receiver.connections == 2


async def test_tls_is_checked_against_the_host_and_a_trusted_authority(
    issue_certificate: IssueCertificate,
) -> None:
    good, other = issue_certificate("127.0.0.1"), issue_certificate("other.test")
    async with (
        a_receiver(answers(204), tls=good.server_context()) as receiver,
        a_receiver(answers(204), tls=other.server_context()) as impostor,
        client(ca_file=good.authority) as outbound,
        client() as trusting_the_system,
        client(ca_file=other.authority) as trusting_the_other,
    ):
        assert (await outbound.post(receiver.url, b"{}", {})).status == 204
        assert await failure(trusting_the_system, receiver.url) == "tls_failed"
        assert await failure(trusting_the_other, impostor.url) == "tls_failed"
    assert impostor.requests == []


async def test_plain_http_to_a_tls_port_and_the_reverse_fail_cleanly(
    issue_certificate: IssueCertificate,
) -> None:
    issued = issue_certificate("127.0.0.1")
    async with (
        a_receiver(answers(204), tls=issued.server_context()) as secure,
        a_receiver(answers(204)) as plain,
        client(ca_file=issued.authority) as outbound,
    ):
        assert await failure(outbound, secure.url.replace("https", "http")) == "connection_lost"
        assert await failure(outbound, plain.url.replace("http", "https"), 1.0) in {"tls_failed", "timed_out"}


async def test_a_request_that_is_cancelled_closes_its_connection() -> None:
    async with a_receiver(says_nothing) as receiver, client() as outbound:
        task = asyncio.create_task(outbound.post(receiver.url, b"{}", {}))
        await receiver.until(lambda requests: len(requests) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
