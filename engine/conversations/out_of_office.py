"""Out of office: what is answered for a user who is away.

In a chat of two it answers the other, and on a number assigned to the user alone whoever texts it: once
a day in a thread, and never to an automatic answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.accounts.models import Principal
from engine.conversations import errors
from engine.conversations.ports import ThreadChanges, ThreadReads
from engine.conversations.saying import encodable
from engine.errors import InvalidRequest
from engine.events import NewEvent, domain_stream, private_to

R = TypeVar("R")

#: In characters; a text of that length is four or eight segments.
MOST_TEXT = 500


@dataclass(frozen=True, slots=True)
class OutOfOffice:
    """One user's answer. from_ms, until_ms: None is from the switching on, until the switching off."""

    enabled: bool = False
    text: str = ""
    from_ms: int | None = None
    until_ms: int | None = None


class AbsenceReads(ThreadReads, Protocol):
    def out_of_office(self, user_id: str) -> OutOfOffice: ...


class AbsenceChanges(AbsenceReads, ThreadChanges, Protocol):
    def save_out_of_office(self, user_id: str, wanted: OutOfOffice) -> None: ...


class AbsenceStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def read_absences(self, work: Callable[[AbsenceReads], R]) -> R: ...

    async def change_absences(self, work: Callable[[AbsenceChanges], R]) -> R: ...


class Absences:
    """Everybody's own. Every method raises Forbidden `no_user`."""

    def __init__(self, store: AbsenceStore) -> None:
        self._store = store

    async def get(self, principal: Principal) -> OutOfOffice:
        user_id, _ = _oneself(principal)
        return await self._store.read_absences(lambda reads: reads.out_of_office(user_id))

    async def put(self, principal: Principal, wanted: OutOfOffice) -> OutOfOffice:
        """Raises InvalidRequest, `text_empty` for an answer that is switched on and says nothing."""
        user_id, domain_id = _oneself(principal)
        _check(wanted)

        def work(changes: AbsenceChanges) -> OutOfOffice:
            if changes.out_of_office(user_id) != wanted:
                changes.save_out_of_office(user_id, wanted)
                told = {"enabled": wanted.enabled}
                whom = private_to((user_id,))
                changes.emit(NewEvent(domain_stream(domain_id), "out_of_office.updated", user_id, told, whom))
            return wanted

        return await self._store.change_absences(work)


def _oneself(principal: Principal) -> tuple[str, str]:
    if principal.user_id is None or principal.domain_id is None:
        raise errors.user_required()
    return principal.user_id, principal.domain_id


def _check(wanted: OutOfOffice) -> None:
    text = wanted.text
    if wanted.enabled and not text.strip():
        raise InvalidRequest("Say what is to be answered.", code="text_empty", field="/text")
    if len(text) > MOST_TEXT:
        raise InvalidRequest(
            f"The answer has at most {MOST_TEXT} characters.", code="text_too_long", field="/text"
        )
    if "\0" in text or not encodable(text):
        raise InvalidRequest(
            "The text has a character that cannot be kept.", code="text_invalid", field="/text"
        )
    if wanted.from_ms is not None and wanted.until_ms is not None and wanted.until_ms <= wanted.from_ms:
        raise errors.invalid("until", "It ends before it begins.")
