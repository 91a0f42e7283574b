"""From what somebody typed to a contact's numbers: E.164 by the domain's region, or a user by extension."""

from __future__ import annotations

from collections.abc import Sequence

from engine.accounts.models import Domain
from engine.contacts import validation
from engine.contacts.errors import invalid, no_such_extension
from engine.contacts.models import ContactNumber, NumberDraft
from engine.contacts.ports import ContactReads
from engine.phone_numbers import to_e164


def resolved(reads: ContactReads, domain: Domain, drafts: Sequence[NumberDraft]) -> tuple[ContactNumber, ...]:
    """The numbers as they are stored, exactly one of them the default.

    Raises InvalidRequest with the field: `invalid_number`, `no_such_extension`.
    """
    by_extension = reads.users_by_extension(
        domain.id, {draft.extension for draft in drafts if draft.extension is not None}
    )
    by_id = reads.users(domain.id, {draft.user_id for draft in drafts if draft.user_id is not None})
    default = next((at for at, draft in enumerate(drafts) if draft.is_default), 0)
    found: list[ContactNumber] = []
    for at, draft in enumerate(drafts):
        label = validation.label(draft.label, f"numbers/{at}/label")
        if draft.number is not None:
            typed = validation.typed(draft.number, f"numbers/{at}/number")
            e164 = to_e164(typed, domain.region, field=f"numbers/{at}/number")
            number = ContactNumber(label, e164, typed, None, at == default)
        else:
            if draft.extension is not None:
                person = by_extension.get(draft.extension)
                if person is None:
                    raise no_such_extension(f"numbers/{at}/extension")
            else:
                person = by_id.get(draft.user_id or "")
                if person is None:
                    raise invalid(f"numbers/{at}/user_id", "There is no such user.")
            number = ContactNumber(label, None, person.extension, person.id, at == default, person.extension)
        if any((one.e164, one.user_id) == (number.e164, number.user_id) for one in found):
            raise invalid(f"numbers/{at}", "The contact has this number already.")
        found.append(number)
    return tuple(found)
