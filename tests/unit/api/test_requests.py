"""Small rules of reading a request: depth, pointers, ids, proxies."""

from __future__ import annotations

import ipaddress

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from api.problems import InvalidInput, MalformedRequest
from api.proxies import client_address, client_scheme
from api.requests import MAX_JSON_DEPTH, RequestIds, _depth, parse
from api.rest.calls import NewCall

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("raw", "depth"),
    [(b"5", 0), (b"{}", 1), (b'{"a":[{}]}', 3), (b'"[[[["', 0), (b'"\\"[[["', 0), (b"[[", 2), (b'["[', 1)],
)
def test_depth_counts_brackets_outside_strings(raw: bytes, depth: int) -> None:
    assert _depth(raw) == depth


def test_nesting_beyond_the_limit_is_malformed_before_it_is_read() -> None:
    fits = b'{"metadata":' + b"[" * (MAX_JSON_DEPTH - 1) + b"]" * (MAX_JSON_DEPTH - 1) + b"}"
    with pytest.raises(InvalidInput):
        parse(NewCall, fits)
    deeper = b'{"metadata":' + b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH + b"}"
    with pytest.raises(MalformedRequest, match="nests deeper"):
        parse(NewCall, deeper)


def test_a_pointer_escapes_and_cuts_what_the_caller_made_up() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(NewCall, b'{"to": "1", "metadata": {"a/b~c": 5}, "' + b"x" * 500 + b'": 1}')
    assert [flaw.field for flaw in refused.value.flaws] == ["/metadata/a~1b~0c", "/" + "x" * 64]


def test_ids_of_one_process_never_repeat_and_two_processes_differ() -> None:
    one, other = RequestIds(), RequestIds()
    made = {ids.of(None) for ids in (one, other) for _ in range(1_000)}
    assert len(made) == 2_000


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),  # what stands left anybody can write
        ("10.0.0.1", ["203.0.113.7, 10.1.1.1"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7", "10.1.1.1"], "203.0.113.7"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("fd00::1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["10.2.2.2"], "10.2.2.2"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("198.51.100.9", ["203.0.113.7"], "198.51.100.9"),
    ],
)
def test_a_forwarded_address_is_believed_as_far_as_the_proxies_are(
    peer: str, forwarded: list[str], client: str
) -> None:
    headers = [("X-Forwarded-For", value) for value in forwarded]
    request = make_mocked_request("GET", "/", headers=CIMultiDict(headers)).clone(remote=peer)
    assert client_address(request, TRUSTED) == client
    assert client_address(request, ()) == peer


def test_https_is_believed_of_a_trusted_proxy_only() -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-Proto": "https"})
    assert client_scheme(request.clone(remote="10.0.0.1"), TRUSTED) == "https"
    assert client_scheme(request.clone(remote="203.0.113.7"), TRUSTED) == "http"
