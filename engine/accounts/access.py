"""Who may see what: the one place where a tenant's border is drawn.

Every function here answers NotFound for another tenant's thing exactly as for a missing one, in
the same words. Scope is checked before anything is looked up, so Forbidden tells nothing about
what exists.
"""

from __future__ import annotations

from engine.accounts.errors import invalid, not_found, scope_too_low
from engine.accounts.models import Device, Domain, Number, Principal, Scope, User
from engine.accounts.ports import AccountsReads


def require_scope(principal: Principal, needed: Scope) -> None:
    """Raises Forbidden `scope_too_low`."""
    if principal.scope < needed:
        raise scope_too_low(needed.value)


def sees_domain(principal: Principal, domain: Domain) -> bool:
    """Whether the domain is within the principal's reach."""
    if principal.scope is Scope.SUPER_USER:
        return True
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and domain.reseller_id == principal.reseller_id
    return domain.id == principal.domain_id


def domain_seen(reads: AccountsReads, principal: Principal, domain_id: str) -> Domain:
    domain = reads.domain(domain_id)
    if domain is None or not sees_domain(principal, domain):
        raise not_found("domain")
    return domain


def domain_meant(reads: AccountsReads, principal: Principal, domain_id: str | None) -> Domain:
    """The domain a request is about: the one it names, else the principal's own.

    Raises NotFound for one out of reach, InvalidRequest when a principal of several domains names
    none.
    """
    wanted = domain_id or principal.domain_id
    if wanted is None:
        raise invalid("domain_id", "Name the domain; this credential reaches more than one.")
    return domain_seen(reads, principal, wanted)


def user_seen(reads: AccountsReads, principal: Principal, user_id: str) -> User:
    user = reads.user(user_id)
    if user is None or not _reaches(reads, principal, user.domain_id, (user.id,)):
        raise not_found("user")
    return user


def device_seen(reads: AccountsReads, principal: Principal, device_id: str) -> Device:
    device = reads.device(device_id)
    if device is None or not _reaches(reads, principal, device.domain_id, (device.user_id,)):
        raise not_found("device")
    return device


def number_seen(reads: AccountsReads, principal: Principal, number_id: str) -> Number:
    number = reads.number(number_id)
    if number is None or not _reaches(reads, principal, number.domain_id, number.user_ids):
        raise not_found("number")
    return number


def only_user(principal: Principal) -> str | None:
    """The user whose things alone a list may hold; None for scopes that see the whole domain."""
    return (principal.user_id or "") if principal.scope is Scope.BASIC_USER else None


def _reaches(reads: AccountsReads, principal: Principal, domain_id: str, owner_ids: tuple[str, ...]) -> bool:
    domain = reads.domain(domain_id)
    if domain is None or not sees_domain(principal, domain):
        return False
    return principal.scope is not Scope.BASIC_USER or principal.user_id in owner_ids
