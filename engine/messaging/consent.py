"""Consent as people see it: where a pair stands, the ledger behind that, and changing it by hand.

What an outside number says by keyword is obeyed where it is stored; nothing here is on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.errors import NotFound
from engine.events import MANAGERS_ONLY
from engine.ids import new_id
from engine.messaging import errors
from engine.messaging.access import ThreadAccess, page_of, page_position, reaches
from engine.messaging.consent_ports import Actor, ConsentSet, ConsentStore
from engine.messaging.models import (
    Consent,
    ConsentEntry,
    ConsentFilter,
    ConsentState,
    KeywordAnswers,
)
from engine.messaging.ports import NumberDirectory, SendingNumber
from engine.phone_numbers import to_e164, to_sender

_ALL = ConsentFilter()
_FIRST_PAGE = PageRequest()
_MAX_REASON = 500
#: Three texts in the GSM alphabet, seven in UCS-2: more than anybody wants to get for one word.
MAX_ANSWER = 459


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsent:
    """A person of ours puts on record what an outside number wants, and why they know."""

    number: str
    peer: str
    state: ConsentState
    reason: str


class Consents:
    """The ledger and the answers to keywords, as far as a principal may see them."""

    def __init__(self, store: ConsentStore, numbers: NumberDirectory) -> None:
        self._store = store
        self._numbers = numbers
        self._access = ThreadAccess(numbers)

    async def ledger(
        self,
        principal: Principal,
        domain_id: str | None = None,
        chosen: ConsentFilter = _ALL,
        page: PageRequest = _FIRST_PAGE,
    ) -> Page[ConsentEntry]:
        """Entries of one domain, newest first; a basic user's are those of its numbers.

        Raises NotFound or InvalidRequest as `Messaging.list`.
        """
        reached = await self._access.domain_meant(principal, domain_id)
        numbers = await self._access.only_numbers(principal)
        before = page_position(page, "cns")
        found = await self._store.ledger(reached, chosen, numbers, before, page.limit + 1)
        return page_of(found, page.limit, lambda entry: entry.id)

    async def current(self, principal: Principal, number: str, peer: str) -> Consent:
        """Where a pair stands. Raises NotFound for a number that is not the principal's to see."""
        ours = await find_ours(self._numbers, principal, number)
        return await self._store.current(ours.e164, to_sender(peer, ours.region, field="?peer"))

    async def set(self, principal: Principal, wanted: SetConsent) -> Consent:
        """Put a pair where a manager says it stands; a stop reaches what is queued.

        Raises NotFound, or InvalidRequest for a state nobody can set or a missing reason.
        """
        ours = await find_ours(self._numbers, principal, wanted.number)
        if wanted.state is ConsentState.NONE:
            raise errors.invalid("/state", "Set `stopped` or `active`; what was said stays said.")
        reason = wanted.reason.strip()
        if not 1 <= len(reason) <= _MAX_REASON:
            raise errors.invalid("/reason", f"Say why, in 1 to {_MAX_REASON} characters.")
        return await self._store.set(
            ConsentSet(
                new_id("cns"),
                ours.domain_id,
                ours.e164,
                to_sender(wanted.peer, ours.region, field="peer"),
                wanted.state,
                reason,
                actor_of(principal),
                concerned(ours),
            )
        )

    async def answers(self, principal: Principal, domain_id: str | None = None) -> Sequence[KeywordAnswers]:
        """What was set for the domain and its numbers; the domain's own comes first, always."""
        reached = await self._access.domain_meant(principal, domain_id)
        numbers = await self._access.only_numbers(principal)
        found = [
            one
            for one in await self._store.answers(reached)
            if numbers is None or one.number is None or one.number in numbers
        ]
        if not any(one.number is None for one in found):
            found.append(KeywordAnswers(None))
        return sorted(found, key=lambda one: one.number or "")

    async def set_answers(
        self, principal: Principal, answers: KeywordAnswers, domain_id: str | None = None
    ) -> KeywordAnswers:
        """Set the answers of the domain or of one of its numbers. Raises NotFound or InvalidRequest."""
        number = None
        if answers.number is None:
            reached = await self._access.domain_meant(principal, domain_id)
        else:
            ours = await find_ours(self._numbers, principal, answers.number)
            if domain_id not in (None, ours.domain_id):
                raise _no_such_number()
            reached, number = ours.domain_id, ours.e164
        saved = KeywordAnswers(
            number,
            _answer(answers.stop, "stop"),
            _answer(answers.start, "start"),
            _answer(answers.help, "help"),
        )
        await self._store.save_answers(reached, saved, actor_of(principal))
        return saved


async def find_ours(numbers: NumberDirectory, principal: Principal, text: str) -> SendingNumber:
    """A number of ours that the principal may see.

    Raises NotFound for one out of reach, in the words used for a missing one, InvalidRequest
    `invalid_number`.
    """
    domain = await numbers.domain(principal.domain_id) if principal.domain_id else None
    e164 = to_e164(text, domain.region if domain else None, field="number")
    found = await numbers.find(e164)
    if found is None or not reaches(principal, found.domain_id, found.reseller_id):
        raise _no_such_number()
    if principal.scope is Scope.BASIC_USER and principal.user_id not in found.user_ids:
        raise _no_such_number()
    return found


def concerned(number: SendingNumber) -> tuple[str, ...]:
    """Whom events about a number concern."""
    return tuple(number.user_ids) or MANAGERS_ONLY


def actor_of(principal: Principal) -> Actor:
    return Actor(principal.credential_id, principal.user_id)


def _no_such_number() -> NotFound:
    return NotFound("There is no such number.", field="/number")


def _answer(text: str | None, name: str) -> str | None:
    if text is None:
        return None
    text = text.strip()
    if len(text) > MAX_ANSWER or not text.replace("\n", "").isprintable():
        raise errors.invalid(f"/{name}", f"An answer has at most {MAX_ANSWER} printable characters.")
    return text
