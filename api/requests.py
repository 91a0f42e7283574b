"""One request as a handler sees it: who asks, what they sent, already read and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pydantic
from aiohttp import web
from pydantic import BaseModel

from api.problems import BodyTooLarge, Flaw, InvalidInput, MalformedRequest, UnsupportedMediaType
from api.routes import ID_PARAMETERS, Route
from api.schema import PageQuery, Query
from engine.accounts.models import PageRequest, Principal
from engine.errors import NotFound, Unauthenticated
from engine.idempotency import Claim
from engine.ids import is_id, new_id

if TYPE_CHECKING:
    from api.context import Context
    from engine.services import Services

B = TypeVar("B")
Q = TypeVar("Q")

#: No resource of ours nests deeper than 4; more is an attack or a mistake.
MAX_JSON_DEPTH = 16

_JSON_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}")


@dataclass(slots=True)  # not frozen: that would triple the price of making one
class ApiRequest(Generic[B, Q]):
    """What a handler is given. body and query are of the types its route declares.

    aiohttp: its request, which those of hot routes may have come without. path: what stands in the
    address for the route's parameters.
    """

    aiohttp: web.Request | None
    path: Mapping[str, str]
    context: Context
    caller: Principal | None
    request_id: str
    body: B
    query: Q
    claim: Claim | None

    @property
    def http(self) -> web.Request:
        """aiohttp's request. A hot route must not ask for it."""
        if self.aiohttp is None:
            raise RuntimeError("this request did not come through aiohttp")
        return self.aiohttp

    @property
    def principal(self) -> Principal:
        """Who is asking; a public route has nobody and must not ask."""
        if self.caller is None:
            raise Unauthenticated("Send a credential in the header Authorization: Bearer.")
        return self.caller

    @property
    def services(self) -> Services:
        return self.context.services

    def id(self, parameter: str) -> str:
        """An id from the path. One of the wrong shape is as missing as one that does not exist."""
        prefix, noun, code = ID_PARAMETERS[parameter]
        text = self.path[parameter]
        if not is_id(text, prefix):
            raise NotFound(f"There is no such {noun}.", code=code)
        return text


def page_request(query: PageQuery) -> PageRequest:
    return PageRequest(query.limit, query.cursor)


class RequestIds:
    """Names requests. Ours are a random beginning, made once a process, and a count."""

    def __init__(self) -> None:
        self._beginning = new_id("req")
        self._count = 0

    def of(self, given: str | None) -> str:
        """given: the caller's X-Request-Id, taken where it is sane; else one of ours."""
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        self._count += 1
        return f"{self._beginning}-{self._count:x}"


async def read_body(request: web.Request) -> bytes:
    """The body as sent. Raises UnsupportedMediaType before reading, BodyTooLarge while reading."""
    headers = request.headers
    media_type = headers.get("Content-Type", "")
    if (
        media_type != "application/json"
        and media_type.partition(";")[0].strip().lower() != "application/json"
    ):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
    if headers.get("Content-Encoding", "identity") != "identity":
        # A compressed body can be a thousand times its size; no body of ours is worth that.
        raise UnsupportedMediaType("Send the body uncompressed.")
    content = request.content
    if content.is_eof():  # it came in one piece with its headers: no need to wait, and half the price
        raw = content.read_nowait()
        if len(raw) <= request.client_max_size:
            return raw
        raise BodyTooLarge(f"A body may have {request.client_max_size} octets.")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        limit = request.client_max_size
        raise BodyTooLarge(f"A body may have {limit} octets.") from error


def decode_body(route: Route, raw: bytes) -> Any:
    """The body as the route's type. Raises MalformedRequest or InvalidInput."""
    if route.decode is not None:
        try:
            return route.decode(raw)
        except (ValueError, RecursionError):
            parse(route.body, raw)  # explains what is wrong in the words of the model
            raise MalformedRequest("The body cannot be read.") from None
    return parse(route.body, raw)


def parse(model: type[BaseModel], raw: bytes) -> BaseModel:
    """JSON text as a model. Raises MalformedRequest or InvalidInput."""
    if raw.count(b"{") + raw.count(b"[") > MAX_JSON_DEPTH and _depth(raw) > MAX_JSON_DEPTH:
        raise MalformedRequest(f"The body nests deeper than {MAX_JSON_DEPTH} levels.")
    try:
        return model.model_validate_json(raw)
    except pydantic.ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if problems[0]["type"] == "json_invalid":
            raise MalformedRequest("The body is not valid JSON.") from None
        raise InvalidInput([Flaw(field=_pointer(p["loc"]), detail=p["msg"]) for p in problems[:20]]) from None


def parse_query(route: Route, request: web.Request) -> Query:
    """The query parameters as the route's type. Raises InvalidInput."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise InvalidInput([Flaw(field=f"?{name[:64]}", detail="Give this parameter once.")])
        given[name] = value
    try:
        return route.query.model_validate(given)
    except pydantic.ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        flaws = [Flaw(field=f"?{str(p['loc'][0])[:64]}", detail=p["msg"]) for p in problems[:20]]
        raise InvalidInput(flaws) from None


def claim_of(key: str, method: str, path: str, principal: Principal, raw: bytes) -> Claim:
    """The claim the caller stakes with its Idempotency-Key.

    Its scope is the credential, method and path, so nobody meets another's keys.
    Raises MalformedRequest for a key that is not 1 to 255 printable ASCII characters.
    """
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise MalformedRequest(
            "An Idempotency-Key has 1 to 255 printable ASCII characters.", code="malformed_header"
        )
    scope = f"{principal.credential_id} {method} {path}"
    return Claim(scope, key, hashlib.sha256(raw).hexdigest())


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for token in _JSON_TOKENS.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def _pointer(location: tuple[int | str, ...]) -> str:
    """A JSON pointer (RFC 6901); names the caller made up are cut, since they are echoed."""
    return "".join("/" + str(part)[:64].replace("~", "~0").replace("/", "~1") for part in location)
