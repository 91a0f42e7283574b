"""What an administrator decides about the API; `config/` fills it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSettings:
    """The HTTP listener and its limits.

    trusted_proxies: networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
    allowed_origins: web pages that may call the API and open the event socket, each exactly
    `scheme://host[:port]`; no wildcard exists. The API's own origin need not be listed.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    trusted_proxies: tuple[Network, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    max_body_octets: int = 512 * 1024  # a batch of 500 texts of 160 characters fits five times
    keepalive_s: float = 75.0  # above the 60 s after which common proxies drop an idle connection
    stop_within_s: float = 10.0
    heartbeat_s: float = 20.0
    recheck_credential_s: float = 3.0  # a revoked credential must be shut out within 5 s
    socket_buffer_octets: int = 1_000_000
    slow_reader_s: float = 15.0  # a full buffer must be half empty again within this time
    sockets_per_credential: int = 100
