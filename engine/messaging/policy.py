"""Who may text whom, decided before anything is stored.

Pure. Asked again for nothing: what passes here is committed in the same turn of the loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.accounts.models import Principal, Scope
from engine.messaging import errors
from engine.messaging.access import reaches
from engine.messaging.ports import SendingNumber
from engine.messaging.settings import MessagingSettings


def check_sender(principal: Principal, number: SendingNumber | None) -> SendingNumber:
    """The number, if this principal may send from it.

    Raises NotFound for a number out of reach, in the words used for a missing one; Forbidden
    `number_not_assigned` or `sms_disabled`.
    """
    if number is None or not reaches(principal, number.domain_id, number.reseller_id):
        raise errors.no_such_number()
    if principal.scope is Scope.BASIC_USER and principal.user_id not in number.user_ids:
        raise errors.number_not_assigned()
    if not number.sms_enabled:
        raise errors.sms_disabled()
    return number


def check_destinations(settings: MessagingSettings, number: SendingNumber, to: Sequence[str]) -> None:
    """Raises InvalidRequest or Forbidden naming the first number that may not be texted."""
    for position, destination in enumerate(to):
        if destination == number.e164:
            raise errors.invalid(f"/to/{position}", "A number cannot text itself.")
        if settings.denied_prefixes and destination.startswith(settings.denied_prefixes):
            raise errors.destination_blocked(position)
