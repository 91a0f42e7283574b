"""How often a name may be tried: counted per name, per address, and per pair of the two.

An attempt is counted before its password is looked at, so that many at once gain nothing; a log-in
that succeeds clears its name. One address is stopped by the pair's count long before it has used up
the name's, so one attacker cannot keep the owner out; many addresses together can slow a name down.
The counts are kept as one time each, when nothing would be left to count (a leaky bucket).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from engine.accounts.ports import AccountsChanges
from engine.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many attempts at once, and one more each every_ms."""

    at_once: int
    every_ms: int


PAIR = Allowance(at_once=5, every_ms=60_000)
NAME = Allowance(at_once=20, every_ms=30_000)  # refills faster than a pair, see above
ADDRESS = Allowance(at_once=60, every_ms=6_000)  # an office behind one address logs in within a minute

#: Longer than any name that can be right; what is cut off makes no difference to a wrong one.
_NAME_CHARACTERS = 320


def counted(name: str, address: str) -> dict[str, Allowance]:
    """What an attempt counts against. Keys are hashes: a password is easily typed into the wrong field."""
    name = name.strip().lower()[:_NAME_CHARACTERS]
    address = _network(address)
    return {
        _key("pair", address, name): PAIR,
        _key("name", name): NAME,
        _key("address", address): ADDRESS,
    }


def charge(changes: AccountsChanges, allowances: Mapping[str, Allowance]) -> None:
    """Count one attempt against each key. Raises RateLimited, having counted nothing, when one is used up."""
    now_ms = changes.now_ms
    known = changes.attempts(allowances.keys())
    clear_ms = {
        key: max(known.get(key, 0), now_ms) + allowance.every_ms for key, allowance in allowances.items()
    }
    wait_ms = max(
        clear_ms[key] - now_ms - allowance.at_once * allowance.every_ms
        for key, allowance in allowances.items()
    )
    if wait_ms > 0:
        raise RateLimited("Too many attempts to log in.", retry_after_s=wait_ms / 1000)
    changes.note_attempts(clear_ms)


def clear(changes: AccountsChanges, allowances: Mapping[str, Allowance]) -> None:
    """Forget what was counted, but give the address only its last attempt back: it may try other names."""
    kept = {}
    for key, clear_ms in changes.attempts(allowances.keys()).items():
        if allowances[key] is ADDRESS:
            kept[key] = clear_ms - ADDRESS.every_ms
    changes.forget_attempts(allowances.keys())
    changes.note_attempts(kept)


def _network(address: str) -> str:
    """What one household or server can choose from: one IPv4 address, 64 bits of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


def _key(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
