"""Many users or numbers in one request, as JSON or CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field

from api.answers import json_answer
from api.permissions import Permission
from api.problems import Flaw, InvalidInput
from api.requests import ApiRequest, parse
from api.routes import NoBody, Routes
from api.schema import LEFT_AS_IT_IS, Input, Line, Query, Resource, Word
from api.uploads import read_upload
from engine.accounts.importing import (
    MAX_ROWS,
    ImportNumber,
    ImportRefused,
    ImportReport,
    ImportUser,
    RowFlaw,
    numbers_of_csv,
    users_of_csv,
)
from engine.accounts.models import Scope
from engine.errors import InvalidRequest

routes = Routes("imports")

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")

#: 5,000 rows of 800 octets.
MAX_OCTETS = 4 * 1024 * 1024
#: Of the flaws an answer names; the first ones tell what is wrong with a file.
MAX_FLAWS = 200

_JSON, _CSV = "application/json", "text/csv"


class ImportQuery(Query):
    dry_run: bool = Field(default=False, description="Say what would be done, and do nothing.")
    skip_bad: bool = Field(default=False, description="Take the good rows; otherwise one bad row stops all.")
    domain_id: Word | None = None


class UserRow(Input):
    """What is left out stays as it is; a new user needs a display_name."""

    extension: Word
    display_name: Line = LEFT_AS_IT_IS
    login: Word | None = LEFT_AS_IT_IS
    email: Line | None = LEFT_AS_IT_IS
    role: Scope = LEFT_AS_IT_IS
    sms_enabled: bool = LEFT_AS_IT_IS
    enabled: bool = LEFT_AS_IT_IS
    devices: Annotated[list[Word], Field(max_length=20)] = LEFT_AS_IT_IS


class UserRows(Input):
    users: Annotated[list[UserRow], Field(max_length=MAX_ROWS)]


class NumberRow(Input):
    """What is left out stays as it is; a new number needs a carrier."""

    e164: Line
    carrier: Word = LEFT_AS_IT_IS
    sms_enabled: bool = LEFT_AS_IT_IS
    extensions: Annotated[list[Word], Field(max_length=200, description="Who uses it from now on.")] = (
        LEFT_AS_IT_IS
    )


class NumberRows(Input):
    numbers: Annotated[list[NumberRow], Field(max_length=MAX_ROWS)]


class RowFlawResource(Resource):
    line: int = Field(description="Of the file, or the position in the list, from 1.")
    field: str
    code: str
    detail: str


class BulkImportResource(Resource):
    """What an import did, or with dry_run would do."""

    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    flaw_count: int = Field(description="Rows that were not, or with dry_run would not be, taken.")
    flaws: list[RowFlawResource] = Field(description=f"The first {MAX_FLAWS}.")


def shown(report: ImportReport) -> BulkImportResource:
    return BulkImportResource(
        dry_run=report.dry_run,
        rows=report.rows,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        flaw_count=len({flaw.line for flaw in report.flaws}),
        flaws=[
            RowFlawResource(line=flaw.line, field=flaw.field, code=flaw.code, detail=flaw.detail)
            for flaw in report.flaws[:MAX_FLAWS]
        ],
    )


@routes.add(
    "POST",
    "/v1/users:import",
    summary="Create or update up to 5,000 users by extension, with their devices.",
    permission=Permission.CHANGE_USERS,
    query=ImportQuery,
    reads=(_JSON, _CSV),
    json_read=UserRows,
    answers={200: BulkImportResource},
    problems=("import_refused", "import_unreadable", "not_found", "already_exists"),
)
async def import_users(request: ApiRequest[NoBody, ImportQuery]) -> web.StreamResponse:
    rows, flaws, is_json = await _rows(
        request.http, UserRows, lambda body: _numbered(body.users, ImportUser), users_of_csv
    )
    query = request.query
    try:
        report = await request.services.accounts.imports.users(
            request.principal,
            rows,
            flaws=flaws,
            domain_id=query.domain_id,
            dry_run=query.dry_run,
            skip_bad=query.skip_bad,
        )
    except ImportRefused as refused:
        raise _told(refused, "users" if is_json else None) from None
    return json_answer(200, shown(report))


@routes.add(
    "POST",
    "/v1/numbers:import",
    summary="Create or update up to 5,000 numbers, and say who uses them by extension.",
    permission=Permission.CHANGE_NUMBERS,
    query=ImportQuery,
    reads=(_JSON, _CSV),
    json_read=NumberRows,
    answers={200: BulkImportResource},
    problems=("import_refused", "import_unreadable", "not_found", "already_exists"),
)
async def import_numbers(request: ApiRequest[NoBody, ImportQuery]) -> web.StreamResponse:
    rows, flaws, is_json = await _rows(
        request.http, NumberRows, lambda body: _numbered(body.numbers, ImportNumber), numbers_of_csv
    )
    query = request.query
    try:
        report = await request.services.accounts.imports.numbers(
            request.principal,
            rows,
            flaws=flaws,
            domain_id=query.domain_id,
            dry_run=query.dry_run,
            skip_bad=query.skip_bad,
        )
    except ImportRefused as refused:
        raise _told(refused, "numbers" if is_json else None) from None
    return json_answer(200, shown(report))


async def _rows(
    http: web.Request,
    model: type[M],
    of_json: Callable[[M], list[R]],
    of_csv: Callable[[str], tuple[list[R], list[RowFlaw]]],
) -> tuple[list[R], list[RowFlaw], bool]:
    """The rows, those that cannot be read, and whether they came as JSON. Read beside the loop."""
    media_type, raw = await read_upload(http, (_JSON, _CSV), MAX_OCTETS)
    if media_type == _JSON:
        body = await asyncio.to_thread(parse, model, raw)
        assert isinstance(body, model)
        return of_json(body), [], True
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("The file is not in UTF-8.", code="import_unreadable") from None
    rows, flaws = await asyncio.to_thread(of_csv, text)
    return rows, flaws, False


def _numbered(rows: Sequence[Input], kind: Callable[..., R]) -> list[R]:
    found = []
    for line, row in enumerate(rows, 1):
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in row.given().items()
        }
        found.append(kind(line=line, **given))
    return found


def _told(refused: ImportRefused, list_name: str | None) -> InvalidInput:
    """The problem, each flaw with a pointer into the JSON or the place in the file."""
    told = InvalidInput(
        [
            Flaw(field=_place(flaw, list_name), detail=f"{flaw.code}: {flaw.detail}")
            for flaw in refused.flaws[:MAX_FLAWS]
        ]
    )
    told.code, told.detail = refused.code, refused.detail
    return told


def _place(flaw: RowFlaw, list_name: str | None) -> str:
    if list_name is None:
        return f"line {flaw.line}: {flaw.field}"
    return f"/{list_name}/{flaw.line - 1}/{flaw.field}"
