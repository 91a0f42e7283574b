"""How every change of an account is made: claimed, done, announced and recorded in one transaction."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from engine.accounts.errors import invalid
from engine.accounts.models import Page, PageRequest, Principal, Unset
from engine.accounts.ports import AccountsChanges, AccountsStore
from engine.events import OPERATIONS_STREAM, NewEvent, domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import is_id

R = TypeVar("R")
T = TypeVar("T")

#: The answer to a request as the caller will send it: HTTP status and JSON body. It runs inside
#: the transaction, so it may neither wait nor have effects.
Render = Callable[[R], tuple[int, str]]

MAX_PAGE = 200


async def create_once(
    store: AccountsStore,
    claim: Claim | None,
    render: Render[R] | None,
    work: Callable[[AccountsChanges], R],
) -> R | Replayed:
    """Do the work once for a claim, and keep its answer; a repetition gets that answer."""
    if claim is None:
        return await store.change(work)
    if render is None:
        raise TypeError("a claim needs a render, or there is no answer to keep")

    def claimed_work(changes: AccountsChanges) -> R | Replayed:
        earlier = changes.claim(claim)
        if earlier is not None:
            return earlier
        result = work(changes)
        changes.settle(claim, *render(result))
        return result

    return await store.change(claimed_work)


def announce(
    changes: AccountsChanges,
    principal: Principal,
    what: str,
    subject: str,
    domain_id: str | None,
    data: Mapping[str, object],
    user_ids: tuple[str, ...] = (),
) -> None:
    """Put a change into the event log and the audit log. what: `<noun>.<verb>`, as in `user.created`."""
    stream = OPERATIONS_STREAM if domain_id is None else domain_stream(domain_id)
    changes.emit(NewEvent(stream, what, subject, data, user_ids))
    changes.record(principal, what, subject, domain_id, data)


def checked(value: T | Unset, check: Callable[[T], R]) -> R | Unset:
    """The value as the check returns it, where one was given."""
    return value if isinstance(value, Unset) else check(value)


def updated(record: T, command: object) -> T:
    """The record with what an update command gives; both name their fields alike."""
    values = ((f.name, getattr(command, f.name)) for f in dataclasses.fields(cast(Any, command)))
    given = {name: value for name, value in values if not isinstance(value, Unset)}
    return dataclasses.replace(cast(Any, record), **given)  # type: ignore[no-any-return]


def changed(before: object, after: object) -> dict[str, object]:
    """What an event and the audit log say of an update: the names of the fields, not their values."""
    names = (f.name for f in dataclasses.fields(cast(Any, before)))
    return {"changed": [name for name in names if getattr(before, name) != getattr(after, name)]}


def position(page: PageRequest) -> str:
    """The id after which the page begins. Raises InvalidRequest for a limit or cursor that is not ours."""
    if not 1 <= page.limit <= MAX_PAGE:
        raise invalid("limit", f"Give a limit of 1 to {MAX_PAGE}.")
    if page.cursor is None:
        return ""
    try:
        after = base64.urlsafe_b64decode(page.cursor + "=" * (-len(page.cursor) % 4)).decode("ascii")
    except ValueError:
        after = ""
    if not is_id(after, after.partition("_")[0]):
        raise invalid("cursor", "Give the next_cursor of the page before, unchanged.")
    return after


def cut_page(records: Sequence[T], page: PageRequest, id_of: Callable[[T], str]) -> Page[T]:
    """The page from one record more than it holds, which is how we know of a next one."""
    if len(records) <= page.limit:
        return Page(tuple(records), None)
    items = tuple(records[: page.limit])
    cursor = base64.urlsafe_b64encode(id_of(items[-1]).encode("ascii")).decode("ascii").rstrip("=")
    return Page(items, cursor)
