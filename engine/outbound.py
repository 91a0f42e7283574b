"""Requests to addresses that somebody else chose: what is allowed, and what comes of them.

Whoever may register a webhook or a push subscription names a host, and must not reach our own
network through us. Names prove nothing, since their answers change: what counts is the address at the
moment of connecting, which `may_connect` judges. No sockets here; `adapters/outbound.py` has them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from engine.errors import InvalidRequest, PeerUnavailable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: From the first look-up to the last octet of the answer, in seconds.
TIME_LIMIT_S = 10.0
#: What is read of an answer's body; the rest is left unread and the connection closed.
MAX_ANSWER_OCTETS = 64 * 1024

MAX_URL_CHARACTERS = 2_048

# Beyond what `is_global` refuses (private, loopback, link-local with the metadata services of most clouds,
# shared, documentation): relays into other networks, and the host agent of one cloud, which answers at
# a public address from within a machine only.
_REFUSED = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "2001::/23",  # Teredo, ORCHID and other protocol assignments, RFC 2928
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
    )
)
_UNICAST6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1: the last 32 bits are the IPv4 address meant


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundSettings:
    """Where requests to foreign addresses may go.

    allowed_networks: addresses of ours that may be reached all the same, also without TLS.
    ca_file: certificates to trust besides the system's, PEM.
    """

    allowed_networks: tuple[Network, ...] = ()
    ca_file: Path | None = None

    def problems(self) -> list[str]:
        if self.ca_file is None:
            return []
        try:
            ssl.create_default_context(cafile=self.ca_file)
        except ssl.SSLError:
            return [f"ca_file: {self.ca_file} holds no certificates in PEM."]
        except OSError as error:
            return [f"ca_file: {self.ca_file} cannot be read: {error.strerror}."]
        return []


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    body: its first MAX_ANSWER_OCTETS; complete says whether that was all, within the time limit.
    retry_after_s: seconds the peer asks us to wait, if it did.
    """

    status: int
    body: bytes
    complete: bool
    retry_after_s: float | None


class OutboundFailed(PeerUnavailable):
    """No answer came. The request may have arrived all the same, except with the first four codes.

    code: `address_refused`, `name_not_found`, `connection_refused`, `tls_failed`, `timed_out`,
    `connection_lost` or `answer_malformed`.
    """


class Outbound(Protocol):
    """Sends requests to addresses that others chose."""

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, time_limit_s: float = TIME_LIMIT_S
    ) -> Answer:
        """POST once; follows no redirect, keeps no cookie, asks no proxy, unpacks nothing.

        url: as `checked_url` took it. Raises OutboundFailed within the time limit, whatever the peer
        does. Cancelled, the connection is closed.
        """


def checked_url(url: str, field: str = "/url") -> str:
    """The URL, if a request may be sent there as far as one can tell before connecting.

    Raises InvalidRequest `invalid_url` for anything but http and https with a host, without a user.
    """
    problem = _problem_of(url)
    if problem:
        raise InvalidRequest(problem, code="invalid_url", field=field)
    return url


def may_connect(address: Address, *, secure: bool, allowed: Sequence[Network] = ()) -> bool:
    """Whether a connection to this very address may be opened.

    secure: with TLS; without it only addresses of the allow-list are reached.
    """
    address = _meant(address)
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if not secure or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address) and address not in _UNICAST6:
        return False
    return not any(address.version == network.version and address in network for network in _REFUSED)


def retry_after_s(text: str | None, now_ms: int) -> float | None:
    """Seconds a `Retry-After` header means, never negative; None for none or nonsense.

    Source: RFC 9110 §10.2.3.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_ms / 1000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _problem_of(url: str) -> str | None:
    if len(url) > MAX_URL_CHARACTERS:
        return f"A URL has at most {MAX_URL_CHARACTERS:,} characters."
    if any(character.isspace() or not character.isprintable() for character in url):
        return "A URL holds no spaces and no control characters; write them as %20."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "This is not a URL."
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "Give an address that begins with https:// and names a host."
    if "@" in parts.netloc:
        return "A URL holds no user or password here."
    if "\\" in url or "#" in url:
        return "A URL holds no \\ and no # here."
    return None


def _meant(address: Address) -> Address:
    """The IPv4 address within an IPv6 one that only wraps it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
