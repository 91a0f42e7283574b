"""How every change of contacts is made: claimed, done, announced and recorded in one transaction."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from engine.accounts.models import Page, PageRequest, Principal
from engine.contacts.errors import invalid, invalid_cursor
from engine.contacts.models import Contact
from engine.contacts.ports import ContactChanges, ContactStore
from engine.contacts.search_keys import sort_key
from engine.events import NewEvent, domain_stream, private_to
from engine.idempotency import Claim, Replayed
from engine.ids import is_id

R = TypeVar("R")

#: The answer to a request as the caller will send it: HTTP status and JSON body. It runs inside
#: the transaction, so it may neither wait nor have effects.
Render = Callable[[R], tuple[int, str]]

MAX_PAGE = 200


async def change_once(
    store: ContactStore, claim: Claim | None, render: Render[R] | None, work: Callable[[ContactChanges], R]
) -> R | Replayed:
    """Do the work once for a claim, and keep its answer; a repetition gets that answer."""
    if claim is None:
        return await store.change(work)
    if render is None:
        raise TypeError("a claim needs a render, or there is no answer to keep")

    def claimed_work(changes: ContactChanges) -> R | Replayed:
        earlier = changes.claim(claim)
        if earlier is not None:
            return earlier
        result = work(changes)
        changes.settle(claim, *render(result))
        return result

    return await store.change(claimed_work)


def announce(
    changes: ContactChanges, principal: Principal, what: str, contact: Contact, data: Mapping[str, object]
) -> None:
    """Put a change into the event log and the audit log: a personal contact's for its owner alone."""
    concerned = () if contact.owner_id is None else private_to((contact.owner_id,))
    changes.emit(NewEvent(domain_stream(contact.domain_id), what, contact.id, data, concerned))
    changes.record(principal, what, contact.id, contact.domain_id, data)


def position(page: PageRequest) -> tuple[str, str]:
    """The (sort key, id) after which the page begins. Raises InvalidRequest."""
    if not 1 <= page.limit <= MAX_PAGE:
        raise invalid("limit", f"Give a limit of 1 to {MAX_PAGE}.")
    if page.cursor is None:
        return "", ""
    try:
        text = base64.urlsafe_b64decode(page.cursor + "=" * (-len(page.cursor) % 4)).decode()
    except (ValueError, binascii.Error):
        raise invalid_cursor() from None
    contact_id, _, key = text.partition(" ")
    if not is_id(contact_id, "cont") or "\0" in key:
        raise invalid_cursor()
    return key, contact_id


def position_of(contact: Contact) -> tuple[str, str]:
    """Where it stands in a list: (sort key, id)."""
    return sort_key(contact.name), contact.id


def cut_page(found: Sequence[Contact], limit: int) -> Page[Contact]:
    """The page from one record more than it holds, which is how we know of a next one."""
    if len(found) <= limit:
        return Page(tuple(found), None)
    key, contact_id = position_of(found[limit - 1])
    text = f"{contact_id} {key}"
    return Page(tuple(found[:limit]), base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))
