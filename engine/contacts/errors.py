"""What contacts refuse, each with the code the API and the portal know it by."""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound


def no_such_contact() -> NotFound:
    """The same for a missing contact, another tenant's and a colleague's."""
    return NotFound("There is no such contact.")


def no_such_domain() -> NotFound:
    return NotFound("There is no such domain.")


def invalid(field: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field=f"/{field}")


def no_such_extension(field: str) -> InvalidRequest:
    return InvalidRequest(
        "No user of the domain has this extension.", code="no_such_extension", field=f"/{field}"
    )


def invalid_cursor() -> InvalidRequest:
    return InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")


def shared_read_only() -> Forbidden:
    return Forbidden(
        "Shared contacts are kept by the office manager here. Save your own instead.",
        code="shared_contacts_read_only",
    )


def too_many_contacts(most: int) -> Conflict:
    return Conflict(
        f"This address book is full: it holds {most} contacts. Delete some first.", code="too_many_contacts"
    )


def unreadable(sentence: str) -> InvalidRequest:
    """The file as a whole; nothing of it was imported."""
    return InvalidRequest(f"{sentence} Nothing was imported.", code="import_unreadable")


def import_too_large(sentence: str) -> InvalidRequest:
    return InvalidRequest(f"{sentence} Nothing was imported.", code="body_too_large")
