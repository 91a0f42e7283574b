"""What an operation is, and what it may use while its transaction is open.

Everything here is synchronous and runs on the writer, never on the event loop's own turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self, TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, delete

from engine.errors import EngineError
from engine.events import Event, NewEvent
from engine.storage.statements import HotStatement, Row, fetch_all, insert
from engine.storage.tables import log

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_encode = msgspec.json.Encoder().encode

# One statement for all streams of a batch. Rows are taken in stream order, so that two nodes lock
# them in the same order and never wait for each other in a circle.
_ALLOCATE = {
    "sqlite": (
        "INSERT INTO streams (stream, seq)"
        " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
        " WHERE true ORDER BY 1"
        " ON CONFLICT (stream) DO UPDATE SET seq = streams.seq + excluded.seq RETURNING stream, seq"
    ),
    "postgresql": (
        "INSERT INTO streams (stream, seq)"
        " SELECT value->>0, (value->>1)::bigint FROM json_array_elements($1::text::json) AS pair (value)"
        " ORDER BY 1"
        " ON CONFLICT (stream) DO UPDATE SET seq = streams.seq + excluded.seq RETURNING stream, seq"
    ),
}
_keys = log.idempotency_keys
FORGET_CLAIM = HotStatement(
    delete(_keys).where(_keys.c.scope == bindparam("in_scope"), _keys.c.key == bindparam("with_key")),
    "in_scope",
    "with_key",
)
_INSERT_EVENT = HotStatement(
    insert(log.events), "stream", "seq", "type", "subject", "data", "user_ids", "at_ms"
)


class Transaction:
    """An open transaction, shared by every operation of one batch.

    connection: for Core statements; never commit, roll back or keep it.
    now_ms: the batch's wall time, milliseconds since the epoch; also the `at_ms` of its events.
    sole: this is the only operation of its transaction, so that undoing it is a rollback.
    unsettled_claims: scope and key of what `idempotency` staked here and has no answer yet.
    """

    __slots__ = ("_new_events", "connection", "now_ms", "sole", "unsettled_claims")

    def __init__(self, connection: Connection, now_ms: int, *, sole: bool = False) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.sole = sole
        self.unsettled_claims: set[tuple[str, str]] = set()
        self._new_events: list[NewEvent] = []

    def emit(self, event: NewEvent) -> None:
        """Append to the event log. It gets its number when all operations of the batch have run."""
        self._new_events.append(event)

    def execute_many(self, statement: HotStatement, rows: Sequence[Row]) -> None:
        """Run a hot statement once per row, in order. Raises nothing of ours; see `errors`."""
        statement.execute_many(self.connection, rows)

    def emitted(self) -> int:
        """How many events wait for a number; a mark for `forget_events`."""
        return len(self._new_events)

    def forget_events(self, mark: int) -> None:
        """Drop what was emitted since the mark, for work that is being undone."""
        del self._new_events[mark:]

    def finish(self) -> list[Event]:
        """The last statements before COMMIT: drop claims without an answer, append the events."""
        if self.unsettled_claims:
            self.execute_many(FORGET_CLAIM, sorted(self.unsettled_claims))
        return self._append_events() if self._new_events else []

    def _append_events(self) -> list[Event]:
        """Number and store what was emitted.

        From here to the commit this transaction holds the rows of its streams, so nobody else can
        commit a number in between: commit order is sequence order, and no gap is filled late.
        """
        new = self._new_events
        counts: dict[str, int] = {}
        for event in new:
            counts[event.stream] = counts.get(event.stream, 0) + 1
        wanted = _encode(sorted(counts.items())).decode()
        allocated = fetch_all(self.connection, _ALLOCATE[self.connection.dialect.name], (wanted,))
        following = {stream: last - counts[stream] + 1 for stream, last in allocated}
        now_ms = self.now_ms
        numbered: list[Event] = []
        rows: list[Row] = []
        encoded_ids: dict[tuple[str, ...], str] = {}  # a batch concerns few users
        for event in new:
            stream, kind, subject, data, ids = (
                event.stream,
                event.type,
                event.subject,
                event.data,
                event.user_ids,
            )
            seq = following[stream]
            following[stream] = seq + 1
            numbered.append(Event(stream, seq, kind, subject, data, now_ms, ids, event.row))
            user_ids = encoded_ids.get(ids)
            if user_ids is None:
                user_ids = encoded_ids[ids] = _encode(ids).decode()
            rows.append((stream, seq, kind, subject, _encode(data).decode(), user_ids, now_ms))
        self.execute_many(_INSERT_EVENT, rows)
        return numbered


class Operation(Protocol[R_co]):
    """A change as re-runnable data, with its ids made before it was queued.

    It may run more than once (a batch that fails is rolled back and run again one by one), so it
    keeps nothing from a run and touches nothing but the transaction.

    commutes_with: class names of operations whose order relative to this one does not matter; it
    is enough that one of the two names the other.

    A class may also define `exclusive_key(self) -> Hashable | None`: two operations with an equal
    key never share one `apply_many`; the later one sees what the earlier one wrote. That is what
    an operation with an idempotency claim needs.
    """

    commutes_with: ClassVar[frozenset[str]]

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[R_co | EngineError]:
        """One result per operation, in order.

        A returned EngineError rejects that one operation: it must have written no rows and emitted
        no event. A raised exception rolls the batch back, after which its operations run one by
        one, each in a transaction of its own; that is correct, but slow.
        """
