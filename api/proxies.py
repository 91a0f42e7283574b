"""Who is really asking when a proxy stands in front: believed only from proxies an administrator named.

Source: RFC 7239 §8.1 (why a forwarded address from just anybody must not be believed).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from api.settings import Network

Address = IPv4Address | IPv6Address


def client_address(request: web.Request, trusted: Sequence[Network]) -> str:
    """The address of the client: the last one in X-Forwarded-For that is not a trusted proxy's."""
    peer = request.remote or ""
    if not trusted or not _within(peer, trusted):
        return peer
    for hop in reversed(_hops(request)):
        if _address(hop) is None:
            return peer  # a proxy of ours wrote nonsense, or somebody got past it
        if not _within(hop, trusted):
            return hop
        peer = hop
    return peer


def client_scheme(request: web.Request, trusted: Sequence[Network]) -> str:
    """`http` or `https` as the client used it."""
    forwarded = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    if forwarded in ("http", "https") and trusted and _within(request.remote or "", trusted):
        return forwarded
    return request.scheme


def own_origin(request: web.Request, trusted: Sequence[Network]) -> str:
    """The origin (RFC 6454) of pages that come from where this request went."""
    return f"{client_scheme(request, trusted)}://{request.host}"


def _hops(request: web.Request) -> list[str]:
    lines = request.headers.getall("X-Forwarded-For", [])
    return [hop.strip() for hop in ",".join(lines).split(",") if hop.strip()]


def _within(text: str, networks: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
