"""Who may text whom, decided before anything is stored.

Pure. Asked again for nothing: what passes here is committed in the same turn of the loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.accounts.models import Principal, Scope
from engine.attachments.models import MOST_FILES
from engine.messaging import errors
from engine.messaging.access import reaches
from engine.messaging.ports import FileLinks, SendingNumber
from engine.messaging.settings import MessagingSettings


def check_sender(principal: Principal, number: SendingNumber | None) -> SendingNumber:
    """The number, if this principal may send from it.

    Raises NotFound for a number out of reach, in the words used for a missing one; Forbidden
    `number_not_assigned`, `sms_disabled` or `sms_disabled_for_user`.
    """
    number = reachable(principal, number)
    if principal.scope is Scope.BASIC_USER:
        check_user(number, principal.user_id or "")
    if not (number.sms_enabled and number.domain_sms_enabled):
        raise errors.sms_disabled()
    return number


def reachable(principal: Principal, number: SendingNumber | None) -> SendingNumber:
    """The number, if the principal may know of it. Raises NotFound."""
    if number is None or not reaches(principal, number.domain_id, number.reseller_id):
        raise errors.no_such_number()
    return number


def check_user(number: SendingNumber, user_id: str) -> None:
    """Raises Forbidden `number_not_assigned`, or `sms_disabled_for_user` for a user who may not text."""
    if user_id in number.user_ids:
        return
    raise errors.sms_disabled_for_user() if user_id in number.muted_user_ids else errors.number_not_assigned()


def check_files(attachment_ids: Sequence[str], links: FileLinks | None) -> None:
    """Whether files may go along with a text; whose they are is decided in the commit.

    links: None where no link can be made. Raises InvalidRequest, or Conflict `no_public_url`.
    """
    if len(attachment_ids) > MOST_FILES:
        raise errors.invalid("/attachment_ids", f"A message carries at most {MOST_FILES} files.")
    if links is None:
        raise errors.no_public_url()


def check_destinations(settings: MessagingSettings, number: SendingNumber, to: Sequence[str]) -> None:
    """Raises InvalidRequest or Forbidden naming the first number that may not be texted."""
    for position, destination in enumerate(to):
        check_destination(settings, number, destination, position)


def check_destination(
    settings: MessagingSettings, number: SendingNumber, destination: str, position: int
) -> None:
    """Raises InvalidRequest or Forbidden `destination_blocked`."""
    if destination == number.e164:
        raise errors.invalid(f"/to/{position}", "A number cannot text itself.")
    if settings.denied_prefixes and destination.startswith(settings.denied_prefixes):
        raise errors.destination_blocked(position)
