"""Events: what the engine tells the world after a change has been committed.

An event holds ids and states, never message text or secrets: a frame is completed from
rows its reader may see. Its `seq` is allocated in the committing transaction, so within
one stream commit order is sequence order.

Nobody changes an event; the classes are not frozen because each text makes four, at a fourth of
the price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: The stream of carriers, PBXs and other things no domain owns.
OPERATIONS_STREAM = "operations"

#: `user_ids` of an event that no single user may see, only those who see the whole domain.
MANAGERS_ONLY = ("-",)

_PRIVATE = "!"


def private_to(user_ids: Iterable[str]) -> tuple[str, ...]:
    """`user_ids` of an event for these users alone: not even a manager of the domain sees it."""
    return (_PRIVATE, *user_ids)


def is_private(user_ids: Sequence[str]) -> bool:
    """Whether an event is for its users alone."""
    return bool(user_ids) and user_ids[0] == _PRIVATE


def domain_stream(domain_id: str) -> str:
    """The stream in which everything of one domain happens."""
    return domain_id


@dataclass(slots=True)
class NewEvent:
    """An event on its way into the log, inside a transaction; it has no number yet.

    stream: `domain_stream(...)` or OPERATIONS_STREAM.
    type: `<noun>.<verb>`, for example `call.updated`, `message.updated`.
    subject: id of the resource that changed.
    data: small and JSON-ready: ids, states, times; never text a person wrote.
    user_ids: the users it concerns, besides managers, see `private_to`; empty means everybody in the
    domain who may see the resource.
    row: what it is about as this commit leaves it, where it is at hand; saves readers of this process
    from reading it. Nobody changes it afterwards.
    """

    stream: str
    type: str
    subject: str
    data: Mapping[str, object]
    user_ids: tuple[str, ...] = ()
    row: object = None


@dataclass(slots=True)
class Event:
    """A committed event. at_ms: wall time of the commit, milliseconds since the epoch.

    row: see `NewEvent`; one that was read from the log has none.
    """

    stream: str
    seq: int
    type: str
    subject: str
    data: Mapping[str, object]
    at_ms: int
    user_ids: tuple[str, ...] = field(default=())
    row: object = field(default=None, compare=False, repr=False)
