"""Contacts in and out as CSV and vCard."""

from __future__ import annotations

from typing import Literal

from aiohttp import hdrs, web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.problems import BodyTooLarge, UnsupportedMediaType
from api.requests import ApiRequest
from api.routes import NoBody, Routes
from api.schema import Query, Resource, Word
from engine.contacts.errors import unreadable
from engine.contacts.models import Fate, FileFormat, ImportReport

routes = Routes("contacts")

#: As much as some 50,000 contacts fill, of which a file may hold 20,000.
MAX_FILE_OCTETS = 5 * 1024 * 1024

_FORMATS = {"text/csv": FileFormat.CSV, "text/vcard": FileFormat.VCARD}
_MEDIA_TYPE = {FileFormat.CSV: "text/csv", FileFormat.VCARD: "text/vcard"}
#: What spreadsheets still write beside UTF-8.
_CHARSETS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "us-ascii": "utf-8",
    "utf-16": "utf-16",
    "windows-1252": "cp1252",
    "iso-8859-1": "latin-1",
}


class ImportQuery(Query):
    shared: bool | None = Field(
        default=None, description="Into the contacts the domain shares. Left out: as for one new contact."
    )
    dry_run: bool = Field(default=False, description="Say what would be done, and do nothing.")
    domain_id: Word | None = None


class ExportQuery(Query):
    format: FileFormat = FileFormat.CSV
    vcard_version: Literal["3.0", "4.0"] = "3.0"
    shared: bool | None = Field(default=None, description="Only the shared ones, or only your own.")
    domain_id: Word | None = None


class FlawResource(Resource):
    line: int = Field(description="Of the file, from 1.")
    code: str
    detail: str
    skipped: bool = Field(description="Whether the whole contact was left out, and not just this of it.")


class StoppedResource(Resource):
    """Where an import ended before its end."""

    code: str
    line: int = Field(description="Nothing from this line on was taken.")


class ImportResource(Resource):
    """What an import did, or with dry_run would do."""

    dry_run: bool
    complete: bool
    stopped: StoppedResource | None
    entries: int = Field(description="Contacts in the file.")
    created: int
    updated: int = Field(description="Known by a number, an e-mail address or a name; something was added.")
    unchanged: int
    skipped: int
    flaw_count: int
    flaws: list[FlawResource] = Field(description="The first 200.")


def shown(report: ImportReport) -> ImportResource:
    stopped = report.stopped
    return ImportResource(
        dry_run=report.dry_run,
        complete=stopped is None,
        stopped=None if stopped is None else StoppedResource(code=stopped[0], line=stopped[1]),
        entries=report.entries,
        created=report.fates.get(Fate.CREATED, 0),
        updated=report.fates.get(Fate.UPDATED, 0),
        unchanged=report.fates.get(Fate.UNCHANGED, 0),
        skipped=report.skipped,
        flaw_count=report.flaw_count,
        flaws=[
            FlawResource(line=flaw.place, code=flaw.code, detail=flaw.detail, skipped=flaw.whole)
            for flaw in report.flaws
        ],
    )


@routes.add(
    "POST",
    "/v1/contacts:import",
    summary="Take in the contacts of a CSV or vCard file of at most 5 MiB.",
    permission=Permission.CHANGE_CONTACTS,
    query=ImportQuery,
    reads=tuple(_FORMATS),
    answers={200: ImportResource},
    problems=("not_found", "import_unreadable", "shared_contacts_read_only", "too_many_contacts"),
)
async def import_contacts(request: ApiRequest[NoBody, ImportQuery]) -> web.StreamResponse:
    file_format, text = await _file(request.http)
    query = request.query
    report = await request.services.contact_files.import_(
        request.principal,
        text,
        file_format,
        shared=query.shared,
        dry_run=query.dry_run,
        domain_id=query.domain_id,
    )
    return json_answer(200, shown(report))


@routes.add(
    "GET",
    "/v1/contacts:export",
    summary="The contacts you see, by name, as a CSV or vCard file.",
    permission=Permission.READ_CONTACTS,
    query=ExportQuery,
    answers={200: "text/csv, text/vcard"},
    problems=("not_found",),
)
async def export_contacts(request: ApiRequest[NoBody, ExportQuery]) -> web.StreamResponse:
    query = request.query
    pieces = await request.services.contact_files.export(
        request.principal,
        query.format,
        version=query.vcard_version,
        shared=query.shared,
        domain_id=query.domain_id,
    )
    ending = "csv" if query.format is FileFormat.CSV else "vcf"
    return web.Response(
        body=pieces,
        headers={
            hdrs.CONTENT_TYPE: f"{_MEDIA_TYPE[query.format]}; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="contacts.{ending}"',
        },
    )


async def _file(http: web.Request) -> tuple[FileFormat, str]:
    """The body as text. Raises UnsupportedMediaType, BodyTooLarge or InvalidRequest `import_unreadable`."""
    file_format = _FORMATS.get(http.content_type)
    charset = _CHARSETS.get((http.charset or "").lower())
    if file_format is None or charset is None or hdrs.CONTENT_TYPE not in http.headers:
        raise UnsupportedMediaType("Send the file as text/csv or text/vcard, in UTF-8.")
    if http.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise UnsupportedMediaType("Send the file uncompressed.")
    octets = bytearray()
    async for piece in http.content.iter_any():
        octets += piece
        if len(octets) > MAX_FILE_OCTETS:
            raise BodyTooLarge(f"A file may have {MAX_FILE_OCTETS} octets.")
    try:
        return file_format, octets.decode(charset)
    except UnicodeDecodeError:
        raise unreadable("The file is not in UTF-8; name its charset in the Content-Type.") from None
