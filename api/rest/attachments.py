"""Files for messages: taken in while they come, shown to whoever may see their message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
from aiohttp import BodyPartReader, ClientPayloadError, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import Field

from api.answers import done_once, empty_answer, json_bytes
from api.file_answers import CONTENT_TYPES, file_answer
from api.permissions import Permission
from api.problems import Flaw, InvalidInput, UnsupportedMediaType
from api.requests import ApiRequest
from api.rest.messages import AttachedResource
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Query, Word, at
from engine.attachments import errors
from engine.attachments.models import Attachment, AttachmentState, Upload
from engine.errors import NotFound

routes = Routes("attachments")

_encode = msgspec.json.Encoder().encode
_CHUNK = 64 * 1024
_MULTIPART = "multipart/form-data"
#: Headers and boundaries of a form around its one file.
_FORM_OCTETS = 16 * 1024
_GONE = ("attachment_gone", "files_unavailable", "range_not_satisfiable")


class UploadQuery(Query):
    filename: str | None = Field(
        default=None, max_length=1_024, description="Decides the type; a form may name the file instead."
    )
    conversation_id: Word | None = Field(
        default=None, description="Where it is to be sent, and nowhere else then."
    )
    user_id: Word | None = Field(default=None, description="For whom a server uploads it.")
    domain_id: Word | None = None


class AttachmentResource(AttachedResource):
    """A file. message_id is null until it is sent."""

    domain_id: str
    user_id: str | None
    conversation_id: str | None = Field(description="The only one it may be sent in, if it was named.")
    message_id: str | None
    created_at: At


def document(file: Attachment) -> dict[str, Any]:
    """An AttachmentResource as plain values."""
    return {
        "id": file.id,
        "filename": file.filename,
        "content_type": file.content_type,
        "octets": file.octets,
        "width": file.width,
        "height": file.height,
        "thumbnail": file.state is AttachmentState.READY and file.thumbnail_octets > 0,
        "state": file.state,
        "domain_id": file.domain_id,
        "user_id": file.user_id,
        "conversation_id": file.conversation_id,
        "message_id": file.message_id,
        "created_at": at(file.created_ms),
    }


def _rendered(file: Attachment) -> tuple[int, str]:
    return 201, _encode(document(file)).decode()


@routes.add(
    "POST",
    "/v1/attachments",
    summary="Upload a file to send with a message: as the body, or as the one file of a form.",
    permission=Permission.SEND_MESSAGES,
    query=UploadQuery,
    reads=("application/octet-stream", _MULTIPART),
    answers={201: AttachmentResource},
    problems=(
        "not_found",
        "forbidden",
        "invalid_request",
        "attachment_type_not_allowed",
        "attachment_unreadable",
        "attachment_unsafe",
        "attachment_too_large",
        "attachment_quota",
        "upload_incomplete",
        "upload_too_slow",
        "files_unavailable",
        "rate_limited",
    ),
    idempotent=True,
)
async def upload_attachment(request: ApiRequest[NoBody, UploadQuery]) -> web.StreamResponse:
    http, query = request.http, request.query
    if http.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise UnsupportedMediaType("Send the file as it is, not compressed.")
    declared_octets = http.content_length
    if http.content_type == _MULTIPART:
        part = await _file_of_form(http)
        filename = query.filename or part.filename
        declared = part.headers.get(hdrs.CONTENT_TYPE)
        pieces = _pieces_of_form(http, part)
        declared_octets = None if declared_octets is None else max(declared_octets - _FORM_OCTETS, 0)
    else:
        filename = query.filename
        declared = http.headers.get(hdrs.CONTENT_TYPE)
        pieces = _pieces(http)
    if not filename:
        raise InvalidInput([Flaw(field="?filename", detail="Name the file; its extension says what it is.")])
    upload = Upload(
        filename=filename,
        declared_type=declared,
        declared_octets=declared_octets,
        conversation_id=query.conversation_id,
        user_id=query.user_id,
        domain_id=query.domain_id,
    )
    uploads = request.services.attachments.uploads
    file = await uploads.receive(request.principal, upload, pieces, request.claim, _rendered)
    return done_once(file, _rendered)


@routes.add(
    "GET",
    "/v1/attachments/{attachment_id}",
    summary="What a file is: its name, type, size, and the message it was sent with.",
    permission=Permission.READ_MESSAGES,
    answers={200: AttachmentResource},
    problems=("attachment_gone",),
)
async def get_attachment(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    file = await request.services.attachments.get(request.principal, request.id("attachment_id"))
    return json_bytes(200, _encode(document(file)))


@routes.add(
    "GET",
    "/v1/attachments/{attachment_id}/content",
    summary="The file itself, also in parts (Range, If-Range, If-None-Match).",
    permission=Permission.READ_MESSAGES,
    answers={200: CONTENT_TYPES, 206: CONTENT_TYPES, 304: None},
    problems=_GONE,
)
async def read_attachment(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    attachments = request.services.attachments
    file = await attachments.get(request.principal, request.id("attachment_id"))
    return await file_answer(request.http, file, partial(attachments.read, file.key))


@routes.add(
    "GET",
    "/v1/attachments/{attachment_id}/thumbnail",
    summary="An image, small.",
    permission=Permission.READ_MESSAGES,
    answers={200: "image/webp", 206: "image/webp", 304: None},
    problems=_GONE,
)
async def read_thumbnail(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    attachments = request.services.attachments
    file = await attachments.get(request.principal, request.id("attachment_id"))
    if not file.thumbnail_octets:
        raise NotFound("Only images have a thumbnail.")
    return await file_answer(
        request.http, file, partial(attachments.read, file.thumbnail_key), thumbnail=True
    )


@routes.add(
    "DELETE",
    "/v1/attachments/{attachment_id}",
    summary="Withdraw a file, sent or not: nobody can read it from now on, and links to it are dead.",
    permission=Permission.SEND_MESSAGES,
    answers={204: None},
    problems=("attachment_gone", "not_your_attachment"),
)
async def delete_attachment(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.attachments.delete(request.principal, request.id("attachment_id"))
    return empty_answer()


async def _file_of_form(http: web.Request) -> BodyPartReader:
    """The first part of a form, which is the file. Raises InvalidRequest."""
    try:
        part = await (await http.multipart()).next()
    except (ValueError, AssertionError, ClientPayloadError, HttpProcessingError, ConnectionError) as error:
        raise errors.incomplete() from error
    if not isinstance(part, BodyPartReader):
        raise UnsupportedMediaType("Send the file as the form's first field.")
    encoding = part.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "binary").lower()
    if encoding not in ("binary", "8bit", "7bit") or hdrs.CONTENT_ENCODING in part.headers:
        raise UnsupportedMediaType("Send the file as it is, not encoded.")
    return part


async def _pieces_of_form(http: web.Request, part: BodyPartReader) -> AsyncIterator[bytes]:
    try:
        while piece := await part.read_chunk(_CHUNK):
            yield piece
        if not part.at_eof():
            raise errors.incomplete()
        # Whatever follows the file is not wanted; a little of it is read, so that the sender hears that.
        left = 0
        async for more in http.content.iter_any():
            left += len(more)
            if left > _FORM_OCTETS:
                raise UnsupportedMediaType("Send one file in a form, and nothing behind it.")
    except (ValueError, AssertionError, ClientPayloadError, HttpProcessingError, ConnectionError) as error:
        raise errors.incomplete() from error


async def _pieces(http: web.Request) -> AsyncIterator[bytes]:
    try:
        async for piece in http.content.iter_any():
            yield piece
    except (ClientPayloadError, HttpProcessingError, ConnectionError) as error:
        raise errors.incomplete() from error
