"""Who sees which texts and threads: the border of a tenant, and within it of a number.

A basic user sees what goes over the numbers assigned to them; everybody else what their domains hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.errors import InvalidRequest
from engine.ids import is_id
from engine.messaging import errors
from engine.messaging.ports import NumberDirectory

T = TypeVar("T")

_MAX_PAGE = 200


class ThreadAccess:
    """Decides by the directory of numbers. Every method may raise StorageUnavailable."""

    def __init__(self, numbers: NumberDirectory) -> None:
        self._numbers = numbers

    async def domain_meant(self, principal: Principal, domain_id: str | None) -> str:
        """The domain a request is about: the one it names, else the principal's own.

        Raises NotFound for one out of reach or missing, InvalidRequest when none is meant.
        """
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise errors.invalid("/domain_id", "Name the domain; this credential reaches more than one.")
        domain = await self._numbers.domain(wanted)
        if domain is None or not reaches(principal, domain.id, domain.reseller_id):
            raise errors.no_such_domain()
        return wanted

    async def only_numbers(self, principal: Principal) -> Sequence[str] | None:
        """The numbers a list is confined to; None where the whole domain may be seen."""
        if principal.scope is not Scope.BASIC_USER:
            return None
        return await self._numbers.numbers_of(principal.user_id or "")

    async def reaches_domain(self, principal: Principal, domain_id: str) -> bool:
        """Whether the principal may see anything of this domain at all."""
        domain = await self._numbers.domain(domain_id)
        return domain is not None and reaches(principal, domain.id, domain.reseller_id)

    async def sees(self, principal: Principal, domain_id: str, number: str | None) -> bool:
        """Whether the principal may see something of this domain that goes over this number of ours."""
        domain = await self._numbers.domain(domain_id)
        if domain is None or not reaches(principal, domain.id, domain.reseller_id):
            return False
        mine = await self.only_numbers(principal)
        return mine is None or number in mine


def reaches(principal: Principal, domain_id: str, reseller_id: str | None) -> bool:
    """Whether a domain, with the reseller it belongs to, is within the principal's reach."""
    if principal.domain_id is not None:
        return principal.domain_id == domain_id
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == reseller_id
    return principal.scope is Scope.SUPER_USER


def page_position(page: PageRequest, prefix: str) -> str | None:
    """The id the page continues after; None for the first page. Raises InvalidRequest `invalid_cursor`."""
    if not 1 <= page.limit <= _MAX_PAGE:
        raise errors.invalid("/limit", f"Give a limit of 1 to {_MAX_PAGE}.")
    if page.cursor is None:
        return None
    if not is_id(page.cursor, prefix):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return page.cursor


def page_of(found: Sequence[T], limit: int, id_of: Callable[[T], str]) -> Page[T]:
    """A page of rows that were read one beyond the limit."""
    items = tuple(found[:limit])
    return Page(items, id_of(items[-1]) if len(found) > limit else None)
