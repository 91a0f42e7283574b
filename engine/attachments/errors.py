"""What attachments refuse, each with the code the API and the portal know it by."""

from __future__ import annotations

from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, NotFound, RateLimited


class FilesUnavailable(EngineError):
    """The place the files are kept in does not answer, or is full."""

    code = "files_unavailable"
    retryable = True


def no_such_attachment(field: str | None = None) -> NotFound:
    """The same for a missing one, another tenant's, somebody else's, and one that went with its message."""
    return NotFound("There is no such attachment.", field=field)


def no_such_domain() -> NotFound:
    return NotFound("There is no such domain.")


def no_such_user() -> NotFound:
    return NotFound("There is no such user.", field="/user_id")


def no_such_link() -> NotFound:
    return NotFound("This link leads nowhere any more.")


def invalid(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, field=f"/{field}")


def not_yourself() -> Forbidden:
    return Forbidden("Only a server uploads for somebody else.", field="/user_id")


def not_your_attachment() -> Forbidden:
    return Forbidden("Somebody else sent it.", code="not_your_attachment")


def too_large(most_octets: int) -> InvalidRequest:
    return InvalidRequest(f"A file may have {most_octets:,} octets.", code="attachment_too_large")


def empty() -> InvalidRequest:
    return InvalidRequest("The file is empty.", code="attachment_unreadable")


def incomplete() -> InvalidRequest:
    return InvalidRequest("The file did not come in whole.", code="upload_incomplete")


def too_slow() -> InvalidRequest:
    return InvalidRequest("The file came in too slowly.", code="upload_too_slow")


def type_not_allowed(detail: str) -> InvalidRequest:
    return InvalidRequest(detail, code="attachment_type_not_allowed")


def quota_exceeded(whose: str) -> Conflict:
    return Conflict(f"There is no room for it: what {whose} may keep is used up.", code="attachment_quota")


def too_many_uploads() -> RateLimited:
    return RateLimited("Too many files are being uploaded. Wait for one of them.", retry_after_s=2)


def gone() -> NotFound:
    return NotFound("The file is not there any more.", code="attachment_gone")


def used(field: str) -> Conflict:
    return Conflict(
        "The file was sent with another message. Upload it again.", code="attachment_used", field=field
    )


def other_conversation(field: str) -> InvalidRequest:
    return InvalidRequest("The file was uploaded for another conversation.", field=field)


def twice(field: str) -> InvalidRequest:
    return InvalidRequest("Name each file once.", field=field)
