"""Erasing a person: everything that names them goes or is made anonymous, and a report proves it.

What stays: counts of usage (which name nobody), the ledger of consent with a keyed hash in the number's
place, and an opt-out, which goes on holding by the same hash. What other people wrote is searched for the
number, not for a name.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.clock import Clock
from engine.errors import InvalidRequest, NotFound
from engine.ids import is_id, new_id
from engine.phone_numbers import to_sender
from engine.records.models import Erasure, Person, PersonKind
from engine.records.ports import ErasingDomain, ErasureStore

_FIRST_PAGE = PageRequest()
_MOST = 200

#: Deletes a user with devices, credentials and what else is theirs.
DeleteUser = Callable[[Principal, str], Awaitable[None]]
#: Removes what is kept elsewhere than in the database; how many of what.
ForgetElsewhere = Callable[[Person], Awaitable[Mapping[str, int]]]


class Erasures:
    def __init__(
        self, store: ErasureStore, delete_user: DeleteUser, forget_elsewhere: ForgetElsewhere, clock: Clock
    ) -> None:
        self._store = store
        self._delete_user = delete_user
        self._forget_elsewhere = forget_elsewhere
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def erase(
        self,
        principal: Principal,
        *,
        user_id: str | None = None,
        number: str | None = None,
        domain_id: str | None = None,
    ) -> Erasure:
        """Erase a user or an outside number of one domain; the report.

        Doing it again is harmless and finds what was left, if anything was.
        Raises NotFound, InvalidRequest, StorageUnavailable.
        """
        if (user_id is None) == (number is None):
            raise InvalidRequest("Give either user_id or number.", field="/user_id")
        domain = await self._meant(principal, domain_id)
        person = await self._person(domain, user_id, number)
        async with self._one_at_a_time:
            return await self._erase(principal, person)

    async def get(self, principal: Principal, erasure_id: str) -> Erasure:
        """Raises NotFound."""
        found = await self._store.get(erasure_id)
        domain = None if found is None else await self._store.domain(found.domain_id)
        if found is None or domain is None or not _reaches(principal, domain):
            raise NotFound("There is no such erasure.")
        return found

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = _FIRST_PAGE
    ) -> Page[Erasure]:
        """Newest first. Raises NotFound or InvalidRequest."""
        if not 1 <= page.limit <= _MOST:
            raise InvalidRequest(f"Give a limit of 1 to {_MOST}.", field="/limit")
        if page.cursor is not None and not is_id(page.cursor, "era"):
            raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
        domain = await self._meant(principal, domain_id)
        found = await self._store.list(domain.id, page.cursor, page.limit + 1)
        items = tuple(found[: page.limit])
        return Page(items, items[-1].id if len(found) > page.limit else None)

    async def _erase(self, principal: Principal, person: Person) -> Erasure:
        began_ms = self._clock.now_ms()
        removed = dict(await self._forget_elsewhere(person))
        removed |= await self._store.erase(person)
        if person.kind is PersonKind.USER:
            try:
                await self._delete_user(principal, person.value)
                removed["users"] = removed.get("users", 0) + 1
            except NotFound:
                pass  # somebody else deleted it meanwhile
            for table, count in (await self._store.erase(person)).items():  # what deleting it told of
                removed[table] = removed.get(table, 0) + count
        left = await self._store.left(person)
        rewritten = await self._store.rewrite()
        finished_ms = self._clock.now_ms()
        report = {
            "domain_id": person.domain_id,
            "kind": person.kind.value,
            "subject_hash": self._store.subject_hash(person),
            "created_ms": began_ms,
            "finished_ms": finished_ms,
            "removed": dict(sorted(removed.items())),
            "left": dict(sorted(left.items())),
            "rewritten": rewritten,
        }
        erasure = Erasure(
            new_id("era"),
            person.domain_id,
            person.kind,
            str(report["subject_hash"]),
            principal.credential_id,
            began_ms,
            finished_ms,
            removed,
            left,
            rewritten,
            report_hash(report),
        )
        await self._store.save(erasure)
        return erasure

    async def _person(self, domain: ErasingDomain, user_id: str | None, number: str | None) -> Person:
        if number is not None:
            return Person(domain.id, PersonKind.NUMBER, to_sender(number, domain.region, field="number"))
        found = await self._store.person_of_user(domain.id, user_id or "")
        if found is None:
            raise NotFound("There is no such user.")
        return found

    async def _meant(self, principal: Principal, domain_id: str | None) -> ErasingDomain:
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise InvalidRequest(
                "Name the domain; this credential reaches more than one.", field="/domain_id"
            )
        found = await self._store.domain(wanted)
        if found is None or not _reaches(principal, found):
            raise NotFound("There is no such domain.")
        return found


def report_hash(report: Mapping[str, object]) -> str:
    """SHA-256 of the report: JSON with sorted keys, without blanks, UTF-8."""
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _reaches(principal: Principal, domain: ErasingDomain) -> bool:
    if principal.domain_id is not None:
        return principal.domain_id == domain.id
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
    return principal.scope is Scope.SUPER_USER
