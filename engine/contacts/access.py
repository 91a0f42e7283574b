"""Who sees and changes which contacts.

A personal contact is its owner's alone: a manager sees it no more than a colleague does, and it is
answered for like one that is not there. Shared ones are seen by the whole domain; office managers
change them, and users where the settings of the domain let them.
"""

from __future__ import annotations

from engine.accounts.models import Domain, Principal, Scope
from engine.contacts.errors import invalid, no_such_contact, no_such_domain, shared_read_only
from engine.contacts.models import Contact
from engine.contacts.ports import ContactReads, SeesDomain


def domain_meant(
    reads: ContactReads, sees_domain: SeesDomain, principal: Principal, domain_id: str | None
) -> Domain:
    """The domain a request is about: the one it names, else the principal's own.

    Raises NotFound for one out of reach, InvalidRequest when a principal of several names none.
    """
    wanted = domain_id or principal.domain_id
    if wanted is None:
        raise invalid("domain_id", "Name the domain; this credential reaches more than one.")
    domain = reads.domain(wanted)
    if domain is None or not sees_domain(principal, domain):
        raise no_such_domain()
    return domain


def viewer_of(principal: Principal) -> str:
    """The user whose own contacts and favourites count; "" for a server."""
    return principal.user_id or ""


def books_of(principal: Principal, domain_id: str, shared: bool | None = None) -> list[str]:
    """The books the principal reads, its own first. shared: only the shared one, or only its own."""
    own = [principal.user_id] if principal.user_id is not None and shared is not True else []
    return own if shared is False else [*own, domain_id]


def contact_seen(
    reads: ContactReads, sees_domain: SeesDomain, principal: Principal, contact_id: str
) -> Contact:
    """Raises NotFound, for another's contact as for a missing one."""
    contact = reads.contact(contact_id, viewer_of(principal))
    if contact is None or contact.owner_id not in (None, principal.user_id):
        raise no_such_contact()
    domain = reads.domain(contact.domain_id)
    if domain is None or not sees_domain(principal, domain):
        raise no_such_contact()
    return contact


def require_may_share(reads: ContactReads, principal: Principal, domain: Domain) -> None:
    """Raises Forbidden `shared_contacts_read_only` for one who may not change shared contacts."""
    if principal.scope < Scope.OFFICE_MANAGER and not reads.users_edit_shared(domain):
        raise shared_read_only()
