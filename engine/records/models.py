"""Words of erasure: whom, and what came of it.

Types only. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PersonKind(StrEnum):
    """Somebody of the domain, or an outside number."""

    USER = "user"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Person:
    """value: a user id, or E.164. words: what else names them (a name, a login, an address); of a user."""

    domain_id: str
    kind: PersonKind
    value: str
    words: tuple[str, ...] = ()

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts that name them where they stand: the digits of a number, the names of a user.

        None for a short code or a sender's name, which are found within other things as well.
        """
        if self.kind is PersonKind.USER:
            return tuple(word for word in self.words if len(word) >= 3)
        digits = self.value.removeprefix("+")
        return (digits,) if digits.isdigit() and len(digits) >= 7 else ()


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person was erased. subject_hash: keyed, so it tells whether it was this one, not which.

    removed: rows that went or were made anonymous, by table. left: rows that still name the person, by table
    and column; empty is the proof. rewritten: the database's file was written anew, so that nothing is left
    in its free pages; None where the database has no such file. report_hash: SHA-256 of the report as JSON.
    """

    id: str
    domain_id: str
    kind: PersonKind
    subject_hash: str
    requested_by: str
    created_ms: int
    finished_ms: int
    removed: Mapping[str, int]
    left: Mapping[str, int]
    rewritten: bool | None
    report_hash: str
