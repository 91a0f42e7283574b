"""Failures as HTTP sees them: the only place where an error meets a status.

Every failure is one RFC 9457 document with `code` (stable, the engine's), `detail` (a
sentence for a person), `field` (pointer to the offending input), `request_id` and, where a
retry makes sense, `retry_after_s` with a Retry-After header. Nothing here shows a stack, a
statement, a path or a secret.
Source: RFC 9457 §3; RFC 9110 §10.2.3 (Retry-After), §11.6.1 (WWW-Authenticate), §15.5.6 (Allow).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from api.ranges import RangeNotSatisfiable
from engine.errors import (
    Conflict,
    EngineError,
    Forbidden,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PeerRejected,
    PeerUnavailable,
    RateLimited,
    StorageUnavailable,
    Unauthenticated,
)

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code share."""

    status: int
    title: str


#: The status of an error whose code has no row of its own below: codes meant for operators alone.
CLASSES: tuple[tuple[type[EngineError], Kind], ...] = (
    (InvalidRequest, Kind(422, "The request cannot be processed as it is")),
    (Unauthenticated, Kind(401, "The credential is missing or not accepted")),
    (Forbidden, Kind(403, "The credential does not allow this")),
    (NotFound, Kind(404, "There is no such resource")),
    (Conflict, Kind(409, "The request contradicts the present state")),
    (RateLimited, Kind(429, "Too many requests")),
    (PeerRejected, Kind(502, "The PBX or carrier refused")),
    (PeerUnavailable, Kind(503, "The PBX or carrier cannot be reached")),
    (OutcomeUnknown, Kind(504, "The PBX or carrier did not answer; the outcome is unknown")),
    (StorageUnavailable, Kind(503, "The database does not take writes")),
    (EngineError, Kind(500, "The engine failed")),
)

#: Every code the API answers with; docs/api.md shows this table, and a test holds the two together.
CODES: Mapping[str, Kind] = {
    # Decided before any feature is asked.
    "unreadable_request": Kind(400, "The request is not readable"),
    "malformed_json": Kind(400, "The body is not JSON"),
    "malformed_header": Kind(400, "A header is malformed"),
    "bad_handshake": Kind(400, "The WebSocket handshake is malformed"),
    "unauthenticated": Kind(401, "A credential is missing"),
    "credential_unknown": Kind(401, "The credential is not accepted"),
    "credential_expired": Kind(401, "The credential is not accepted"),
    "credential_revoked": Kind(401, "The credential is not accepted"),
    "login_failed": Kind(401, "The name or the password is wrong"),
    "forbidden": Kind(403, "The credential does not allow this"),
    "scope_too_low": Kind(403, "The scope of the credential is too low"),
    "origin_not_allowed": Kind(403, "This web page may not use the API"),
    "anti_forgery_missing": Kind(403, "A change made with a cookie needs the anti-forgery header"),
    "route_not_found": Kind(404, "There is nothing at this address"),
    "method_not_allowed": Kind(405, "This address does not take this method"),
    "body_too_large": Kind(413, "The body is too large"),
    "unsupported_media_type": Kind(415, "The body is of a type this address does not read"),
    "invalid_input": Kind(422, "The input does not fit the description"),
    "idempotency_mismatch": Kind(422, "The Idempotency-Key was used for another request"),
    # Decided by the features.
    "invalid_request": Kind(422, "The request cannot be processed as it is"),
    "invalid_cursor": Kind(422, "The cursor is not one of ours"),
    "invalid_url": Kind(422, "Nothing can be sent to this address"),
    "unknown_event_type": Kind(422, "There are no events of this type"),
    "mixed_conversation": Kind(422, "Users and outside numbers do not mix"),
    "invalid_number": Kind(422, "The phone number is not valid"),
    "import_refused": Kind(422, "Some rows cannot be taken, so none was"),
    "import_unreadable": Kind(422, "The file cannot be read"),
    "no_such_extension": Kind(422, "There is no such extension"),
    "auto_answer_not_possible": Kind(422, "Auto-answer does not fit the other wishes"),
    "self_call": Kind(422, "The destination is the caller's own phone"),
    "text_empty": Kind(422, "The text is empty"),
    "text_too_long": Kind(422, "The text is too long"),
    "not_an_emoji": Kind(422, "A reaction is one emoji"),
    "text_invalid": Kind(422, "The text cannot be sent"),
    "value_not_storable": Kind(422, "A value cannot be stored"),
    "password_refused": Kind(422, "The password would soon be guessed"),
    "key_required": Kind(403, "This kind of credential cannot do this"),
    "session_required": Kind(403, "Only somebody who logged in can do this"),
    "password_change_required": Kind(403, "The temporary password has to be replaced"),
    "no_user": Kind(403, "The credential acts for no user"),
    "not_your_message": Kind(403, "Somebody else said it"),
    "number_not_assigned": Kind(403, "The number is assigned to others"),
    "shared_contacts_read_only": Kind(403, "Shared contacts are not yours to change"),
    "shared_quick_replies_read_only": Kind(403, "Shared quick replies are not yours to change"),
    "sms_disabled": Kind(403, "Texting is switched off"),
    "sms_disabled_for_user": Kind(403, "Texting is switched off for the user"),
    "opted_out": Kind(403, "The number wants no texts"),
    "not_your_device": Kind(403, "The device is somebody else's"),
    "caller_id_not_allowed": Kind(403, "The caller id is not a number of the domain"),
    "destination_blocked": Kind(403, "The destination is not allowed"),
    "international_disabled": Kind(403, "International calls are not allowed"),
    "not_found": Kind(404, "There is no such resource"),
    "conflict": Kind(409, "The request contradicts the present state"),
    "already_exists": Kind(409, "This exists already"),
    "duplicate": Kind(409, "This exists already"),
    "constraint_violated": Kind(409, "The change contradicts what is stored"),
    "in_use": Kind(409, "Something else still needs it"),
    "too_many_contacts": Kind(409, "The address book is full"),
    "too_many_subscriptions": Kind(409, "There is no room for another browser"),
    "channel_unavailable": Kind(409, "Nothing can be shown this way"),
    "too_many_quick_replies": Kind(409, "There is no room for another quick reply"),
    "too_many_webhooks": Kind(409, "There is no room for another webhook"),
    "webhook_disabled": Kind(409, "The webhook is disabled"),
    "user_disabled": Kind(409, "The user is disabled"),
    "no_realm": Kind(409, "The domain has no realm to log in at"),
    "no_device": Kind(409, "The user has no device that could ring"),
    "no_route": Kind(409, "The number has no carrier"),
    "client_id_reused": Kind(409, "The client_id was used for another message"),
    "direct_chat": Kind(409, "A chat of two stays one"),
    "last_member": Kind(409, "Somebody has to be left"),
    "not_a_chat_message": Kind(409, "A text stays as it left"),
    "message_deleted": Kind(409, "The message was taken back"),
    "too_late_to_edit": Kind(409, "It is too late to change the message"),
    "too_many_reactions": Kind(409, "There is no room for another reaction"),
    "attachment_used": Kind(409, "The file was sent already"),
    "attachment_quota": Kind(409, "There is no room for another file"),
    "attachment_gone": Kind(410, "The file is not there any more"),
    "attachment_too_large": Kind(413, "The file is too large"),
    "attachment_type_not_allowed": Kind(422, "Files of this type are not taken"),
    "attachment_unreadable": Kind(422, "The file is not what it says"),
    "attachment_unsafe": Kind(422, "The file could do harm"),
    "not_your_attachment": Kind(403, "Somebody else sent it"),
    "upload_incomplete": Kind(400, "The file did not come in whole"),
    "upload_too_slow": Kind(408, "The file came in too slowly"),
    "range_not_satisfiable": Kind(416, "The file has no such part"),
    "no_public_url": Kind(409, "A link to files would lead nowhere"),
    "files_unavailable": Kind(503, "Files cannot be kept or read"),
    "mailbox_not_allowed": Kind(403, "The mailbox is not the domain's to give"),
    "mailbox_taken": Kind(409, "The mailbox belongs to somebody else"),
    "no_mailbox": Kind(409, "The user has no mailbox it could go to"),
    "voicemail_not_playable": Kind(409, "The recording is in no format that can be played"),
    "voicemail_not_changeable": Kind(409, "The PBX lets nobody change mailboxes"),
    "voicemail_refused": Kind(502, "The PBX did not change the mailbox"),
    "voicemail_unavailable": Kind(503, "The recordings cannot be reached"),
    "voicemail_busy": Kind(503, "The mailbox is being changed"),
    "not_movable": Kind(409, "The message cannot be moved there"),
    "already_claimed": Kind(409, "Somebody else has it"),
    "not_on_number": Kind(422, "The number is not assigned to that user"),
    "not_an_sms_conversation": Kind(409, "The conversation is not a text thread"),
    "export_too_large": Kind(422, "That is too much for one file"),
    "rate_limited": Kind(429, "Too many requests"),
    "minutes_used_up": Kind(429, "The day's minutes are used up"),
    "off_hours_burst": Kind(429, "Too many outside calls for a closed office"),
    # Decided by what the engine depends on, or by a fault of ours.
    "internal": Kind(500, "The engine failed"),
    "secret_key_unusable": Kind(500, "The master key cannot be used"),
    "secret_key_missing": Kind(500, "The master key is not there"),
    "secret_key_exposed": Kind(500, "The master key is open to others"),
    "secret_key_changed": Kind(500, "A secret was sealed with another master key"),
    "secret_damaged": Kind(500, "A stored secret is damaged"),
    "peer_rejected": Kind(502, "The PBX or carrier refused"),
    "peer_unavailable": Kind(503, "The PBX or carrier cannot be reached"),
    "mail_refused": Kind(502, "The mail server refused the mail"),
    "mail_later": Kind(503, "The mail server cannot take it now"),
    "mail_server_unavailable": Kind(503, "The mail server cannot be used"),
    "mail_login_refused": Kind(503, "The mail server refused the log-in"),
    "mail_outcome_unknown": Kind(504, "The mail server was lost; the outcome is unknown"),
    "pbx_unavailable": Kind(503, "The PBX cannot be reached"),
    "shutting_down": Kind(503, "The engine is stopping"),
    "storage_unavailable": Kind(503, "The database does not take writes"),
    "storage_busy": Kind(503, "The database is behind"),
    "storage_closing": Kind(503, "The engine is stopping"),
    "outcome_unknown": Kind(504, "No answer came; the outcome is unknown"),
    "storage_outcome_unknown": Kind(504, "The database was lost while committing; the outcome is unknown"),
}


class MalformedRequest(InvalidRequest):
    """Not even readable: bad JSON, a bad header."""

    code = "malformed_json"


class BodyTooLarge(InvalidRequest):
    code = "body_too_large"


class UnsupportedMediaType(InvalidRequest):
    code = "unsupported_media_type"


class Flaw(BaseModel):
    """One thing wrong with the input."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="JSON pointer into the body, or `?name` for a query parameter.")
    detail: str


class InvalidInput(InvalidRequest):
    """The input was read and does not fit the schema; `flaws` holds every reason found."""

    code = "invalid_input"

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        first = flaws[0]
        super().__init__(f"{first.field or 'The body'}: {first.detail}", field=first.field)
        self.flaws = tuple(flaws)


class RouteNotFound(NotFound):
    code = "route_not_found"


class MethodNotAllowed(InvalidRequest):
    """allowed: the methods the resource does take."""

    code = "method_not_allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        named = ", ".join(self.allowed)
        super().__init__(f"Use one of: {named}." if named else "Nothing here takes this method.")


class Problem(BaseModel):
    """The document every failed request is answered with (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="`urn:ringback:problem:` and the code.")
    title: str
    status: int
    code: str = Field(description="Stable; decide by this one.")
    detail: str = Field(description="What is wrong and what to do, for a person.")
    request_id: str = Field(description="Also in the header X-Request-Id; quote it to support.")
    retryable: bool = Field(description="Whether the same request may succeed later, unchanged.")
    field: str | None = None
    retry_after_s: int | None = None
    native: dict[str, int | str] | None = Field(default=None, description="The peer's own codes.")
    errors: list[Flaw] | None = None


def kind_of(error: EngineError) -> Kind:
    """Status and title: by the code where it has a row, else by the class."""
    kind = CODES.get(error.code)
    if kind is not None:
        return kind
    return next(kind for cls, kind in CLASSES if isinstance(error, cls))


def problem_document(error: EngineError, request_id: str) -> dict[str, Any]:
    """A failure as a Problem in plain values; absent members are those that say nothing."""
    kind = kind_of(error)
    document: dict[str, Any] = {
        "type": f"urn:ringback:problem:{error.code}",
        "title": kind.title,
        "status": kind.status,
        "code": error.code,
        "detail": error.detail or kind.title + ".",
        "request_id": request_id,
        "retryable": error.retryable,
    }
    if error.field is not None:
        document["field"] = error.field
    if error.retry_after_s is not None:
        document["retry_after_s"] = math.ceil(error.retry_after_s)
    if error.native:
        document["native"] = error.native
    if isinstance(error, InvalidInput):
        document["errors"] = [flaw.model_dump() for flaw in error.flaws]
    return document


def problem_response(error: EngineError, request_id: str) -> web.Response:
    """The answer to a request that failed this way."""
    document = problem_document(error, request_id)
    headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE}
    if "retry_after_s" in document:
        headers[hdrs.RETRY_AFTER] = str(document["retry_after_s"])
    if isinstance(error, Unauthenticated):
        headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="ringback"'
    if isinstance(error, RangeNotSatisfiable):
        headers[hdrs.CONTENT_RANGE] = f"bytes */{error.octets}"
    if isinstance(error, MethodNotAllowed):
        headers[hdrs.ALLOW] = ", ".join(error.allowed)
    return web.Response(status=document["status"], body=msgspec.json.encode(document), headers=headers)


def internal_error() -> EngineError:
    """What a caller may know of a fault of ours; the log knows the rest by the request id."""
    return EngineError("The engine failed. Quote the request id to support.")
