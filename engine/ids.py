"""Identifiers: made before anything is queued, sortable by time, safe in every protocol.

An id is `<prefix>_<32 lower-case hex digits>`; the digits are a UUIDv7 (RFC 9562 §5.7), so
ids sort by creation time and fit `[A-Za-z0-9_]`, which AMI, URLs and file names all take. Ids that one
thread of this process makes one after the other sort in that order, also within a millisecond and when
the clock is set back (RFC 9562 §6.2, method 2).
"""

from __future__ import annotations

import random
import re
import time

_ID = re.compile(r"[a-z]{2,8}_[0-9a-f]{32}")
#: By how much an id may be beyond the one before it in the same millisecond: random, since two threads
#: may go on from the same one, and small, since a millisecond has room for many.
_STEP_BITS = 40

_last = 0


def new_id(prefix: str) -> str:
    """A fresh id; prefix is 2 to 8 lower-case letters naming the kind of thing."""
    # Unique, not secret, so no system call: one would give up the GIL, and with the database's writer
    # thread running it took 165 us to get back. `random` is seeded by the system, again after a fork.
    value = (time.time_ns() // 1_000_000 << 80) | random.getrandbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    global _last
    if value <= _last:
        value = _last + 1 + random.getrandbits(_STEP_BITS)
    _last = value
    return f"{prefix}_{value:032x}"


def id_after(text: str) -> str:
    """An id of the same kind that sorts right behind this one."""
    prefix, _, digits = text.rpartition("_")
    return f"{prefix}_{int(digits, 16) + 1 + random.getrandbits(_STEP_BITS):032x}"


def first_id_at(prefix: str, at_ms: int) -> str:
    """The smallest id that may have been made at that time, milliseconds since the epoch, or later."""
    return f"{prefix}_{max(at_ms, 0) << 80:032x}"


def is_id(text: str, prefix: str) -> bool:
    """Whether text has the shape of an id of this kind; says nothing of its existence."""
    return text.startswith(prefix + "_") and _ID.fullmatch(text) is not None
