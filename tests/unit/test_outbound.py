from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from engine.errors import InvalidRequest
from engine.outbound import checked_url, may_connect, retry_after_s

NOON_MS = 1_445_412_420_000  # Wed, 21 Oct 2015 07:27:00 GMT


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",  # a cloud's metadata
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",  # a cloud's host agent, at a public address
        "169.254.169.254",  # most clouds' metadata
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",  # another cloud's metadata
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:7f00:1",  # RFC 2765 translated
        "::127.0.0.1",  # IPv4-compatible
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",  # local NAT64, RFC 8215
        "100::1",
        "2001::1",  # Teredo
        "2001:db8::1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",  # a cloud's metadata
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_within_are_refused(address: str) -> None:
    assert not may_connect(ip_address(address), secure=True)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_reached_over_tls_alone(address: str) -> None:
    assert may_connect(ip_address(address), secure=True)
    assert not may_connect(ip_address(address), secure=False)


def test_allowed_networks_are_reached_in_every_way_of_writing() -> None:
    allowed = (ip_network("10.20.0.0/16"), ip_network("fd12::/16"))
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "64:ff9b::a14:304", "fd12::1"):
        assert may_connect(ip_address(address), secure=False, allowed=allowed)
    for address in ("10.21.0.1", "::ffff:10.21.0.1", "fd13::1"):
        assert not may_connect(ip_address(address), secure=True, allowed=allowed)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com:25/_HELO",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com\\@10.0.0.1/",
        "https://example.com/#fragment",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:http/",
        "https://[::1/",
        "https://example.com/a b",
        "https://example.com/\r\nX-Header: yes",
        "https://example.com/\x00",
        "https://example.com/" + "a" * 2_048,
    ],
)
def test_what_is_no_address_for_a_request_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked_url(url)
    assert refused.value.code == "invalid_url"
    assert refused.value.field == "/url"


@pytest.mark.parametrize(
    "url", ["https://example.com/hook?key=1", "http://10.0.0.1:8080/", "https://[2001:db8::1]/"]
)
def test_an_ordinary_address_is_taken_as_it_is(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("-5", None),
        ("1e9", None),
        ("soon", None),
        ("9" * 30, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, NOON_MS) == seconds
