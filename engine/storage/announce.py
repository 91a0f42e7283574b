"""Events that no other row goes with: what happens to links rather than to things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from engine.events import NewEvent
from engine.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Announce:
    """Append one event to its stream."""

    commutes_with: ClassVar[frozenset[str]] = frozenset()

    event: NewEvent

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for operation in operations:
            tx.emit(operation.event)
        return [None] * len(operations)
