"""What can be wrong with a text before anything is stored."""

from __future__ import annotations

from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, NotFound


def no_such_number() -> NotFound:
    return NotFound("There is no such number to send from.", field="/from")


def no_such_message() -> NotFound:
    return NotFound("There is no such message.")


def not_yourself() -> Forbidden:
    return Forbidden("You cannot act for another user.", field="/user_id")


def number_not_assigned() -> Forbidden:
    return Forbidden("This number is not assigned to you.", code="number_not_assigned", field="/from")


def sms_disabled() -> Forbidden:
    return Forbidden(
        "Texting is switched off for this number or its domain.", code="sms_disabled", field="/from"
    )


def sms_disabled_for_user() -> Forbidden:
    return Forbidden("Texting is switched off for this user.", code="sms_disabled_for_user", field="/from")


def opted_out(position: int) -> Forbidden:
    return Forbidden(
        "This number has opted out of texts from yours. It opts in again by texting START to your number.",
        code="opted_out",
        field=f"/to/{position}",
    )


def no_such_blocked_sender() -> NotFound:
    return NotFound("There is no such blocked sender.")


def no_route() -> Conflict:
    return Conflict("The number has no carrier that is configured here.", code="no_route", field="/from")


def no_public_url() -> Conflict:
    return Conflict(
        "Files go to outside numbers as a link, and nobody has configured what it begins with"
        " ([server] public_url).",
        code="no_public_url",
        field="/attachment_ids",
    )


def destination_blocked(position: int) -> Forbidden:
    return Forbidden(
        "Texts to this destination are not allowed here.", code="destination_blocked", field=f"/to/{position}"
    )


def invalid(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, field=field)


def client_id_reused() -> EngineError:
    return Conflict(
        "This client_id was used before for another text. Make a new one for each text.",
        code="client_id_reused",
        field="/client_id",
    )


def no_such_domain() -> NotFound:
    return NotFound("There is no such domain.")
