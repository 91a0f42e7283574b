"""What every request passes: its id, the credential, the permission, the body, the answer, CORS, the log.

No middleware: aiohttp's cost more than all of this together, and the hot path is as short as it
looks here. What matches no route arrives at `Unmatched`.
Source: Fetch §3.2 (CORS); RFC 6750 §2.1 (Bearer).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Mapping

import structlog
from aiohttp import hdrs, web

from api.answers import HotAnswer, whole
from api.context import Context
from api.cookies import SESSION_COOKIE, refuse_forged
from api.permissions import Permission, scopes_with
from api.problems import MalformedRequest, MethodNotAllowed, RouteNotFound, internal_error, problem_response
from api.proxies import client_address, own_origin
from api.requests import ApiRequest, RequestIds, claim_of, decode_body, parse_query, read_body
from api.routes import NoBody, NoQuery, Route
from engine.accounts.models import Principal
from engine.errors import EngineError, Forbidden, Unauthenticated

log = structlog.get_logger("api")

PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)

_NO_BODY = NoBody()
_NO_QUERY = NoQuery()
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Request-Id"
_EXPOSED_HEADERS = "X-Request-Id, Idempotency-Replayed, Retry-After"
_PREFLIGHT_KEPT_S = "600"


class FrontDoor:
    """What all endpoints of one server share."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ids = RequestIds()
        self.origins = frozenset(context.settings.allowed_origins)
        # Asked once: a filtered debug call would still cost the hot path its arguments.
        self.hot_is_logged: bool = log.bind().is_enabled_for(logging.DEBUG)
        always = {
            hdrs.SERVER: "ringback",
            hdrs.CACHE_CONTROL: "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if self.origins:
            always[hdrs.VARY] = hdrs.ORIGIN
        self._always = always
        self._always_lines = "".join([f"{name}: {value}\r\n" for name, value in always.items()])

    def failed(self, method: str, error: Exception, identity: str) -> web.Response:
        """The problem that answers a request which raised this."""
        if isinstance(error, EngineError):
            if method == hdrs.METH_GET and error.field is not None and error.field.startswith("/"):
                # Services point into a body; a GET has none, so they mean a query parameter.
                error.field = "?" + error.field[1:]
            return problem_response(error, identity)
        log.error("api.request_failed", request_id=identity, exc_info=error)
        return problem_response(internal_error(), identity)

    def finish(self, request: web.BaseRequest, response: web.StreamResponse, identity: str) -> None:
        """Add the headers every answer has; an upgraded connection has sent its own."""
        if response.prepared:
            return
        headers = response.headers
        headers["X-Request-Id"] = identity
        headers.update(self._always)
        if self.origins:
            origin = request.headers.get(hdrs.ORIGIN)
            if origin in self.origins:
                headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
                headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED_HEADERS

    def hot_octets(self, answer: HotAnswer, identity: str) -> bytes:
        """A hot route's answer with the headers every answer has, but those for other origins' pages."""
        return answer.octets(f"X-Request-Id: {identity}\r\n{self._always_lines}")

    def failed_octets(self, method: str, error: Exception, identity: str) -> tuple[int, bytes]:
        """`failed` for what did not come through aiohttp: status and octets."""
        response = self.failed(method, error, identity)
        response.headers["X-Request-Id"] = identity
        response.headers.update(self._always)
        return response.status, whole(response)

    def note(
        self, request: web.Request, route: Route | None, status: int, elapsed_s: float, identity: str
    ) -> None:
        """The one line a request leaves in the log."""
        principal = request.get(PRINCIPAL)
        write = log.debug if route is not None and route.hot else log.info
        write(
            "api.request_answered",
            method=request.method,
            route=None if route is None else route.path,
            status=status,
            ms=round(elapsed_s * 1000, 2),
            request_id=identity,
            credential=None if principal is None else principal.credential_id,
            remote=client_address(request, self.context.settings.trusted_proxies),
        )


class Endpoint:
    """A route as aiohttp calls it."""

    def __init__(self, route: Route, door: FrontDoor) -> None:
        assert route.permission is not None  # RouteTable has seen to it
        self.route = route
        self._door = door
        self._context = door.context
        self._metrics = door.context.metrics.of(route.path, route.method)
        self._public = route.permission is Permission.PUBLIC
        self._scopes = scopes_with(route.permission)
        self._reads_body = route.reads_body
        self._reads_query = route.query is not NoQuery
        self._logged = door.hot_is_logged or not route.hot

    async def serve(self, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        identity = self._door.ids.of(request.headers.get("X-Request-Id"))
        if self._logged:  # on the hot path even this counts; what it logs names the message
            structlog.contextvars.bind_contextvars(request_id=identity)
        response: web.StreamResponse
        try:
            response = await self._answer(request, identity)
        except Exception as error:
            response = self._door.failed(request.method, _blamed(request, error), identity)
        self._door.finish(request, response, identity)
        elapsed_s = time.perf_counter() - started
        self._metrics.answered(response.status, elapsed_s)
        if self._logged:
            self._door.note(request, self.route, response.status, elapsed_s, identity)
        return response

    @property
    def served_plainly(self) -> bool:
        """Whether `serve_plain` may be used: of a request it sees the body and a few headers, no more."""
        route = self.route
        plain = self._reads_body and not self._reads_query and not self._public
        return route.hot and plain and not self._logged

    async def serve_plain(
        self, headers: Mapping[str, str], raw: bytes, address: str, path: Mapping[str, str]
    ) -> bytes:
        """`serve` without aiohttp: the whole answer.

        headers: by lower-case name. raw: the body, as JSON. address: of the request, without a query.
        path: what it gives for the route's parameters.
        """
        started = time.perf_counter()
        route, door = self.route, self._door
        identity = door.ids.of(headers.get("x-request-id"))
        try:
            principal = self._permitted(await self._bearer(headers.get("authorization")))
            self._context.services.presence.active(principal)
            body = decode_body(route, raw)
            key, claim = headers.get("idempotency-key"), None
            if route.idempotent and key is not None:
                claim = claim_of(key, route.method, address, principal, raw)
            answer = await route.handler(
                ApiRequest(None, path, self._context, principal, identity, body, _NO_QUERY, claim)
            )
            assert isinstance(answer, HotAnswer)
            status, octets = answer.status, door.hot_octets(answer, identity)
        except Exception as error:
            status, octets = door.failed_octets(route.method, error, identity)
        self._metrics.answered(status, time.perf_counter() - started)
        return octets

    async def _answer(self, request: web.Request, identity: str) -> web.StreamResponse:
        route = self.route
        principal = None
        if not self._public:
            principal = self._permitted(await self._authenticated(request))
            request[PRINCIPAL] = principal
            self._context.services.presence.active(principal)
        if self._reads_body:
            raw = await read_body(request)
            body = decode_body(route, raw)
        else:
            raw, body = b"", _NO_BODY
        reads_query = self._reads_query or "?" in request.raw_path
        query = parse_query(route, request) if reads_query else _NO_QUERY
        claim = None
        key = request.headers.get("Idempotency-Key")
        if route.idempotent and principal is not None and key is not None:
            claim = claim_of(key, request.method, request.path, principal, raw)
        answer = await route.handler(
            ApiRequest(request, request.match_info, self._context, principal, identity, body, query, claim)
        )
        return answer.response() if isinstance(answer, HotAnswer) else answer

    async def _authenticated(self, request: web.Request) -> Principal:
        """Who is asking.

        Raises Unauthenticated, or Forbidden `origin_not_allowed` for a socket or a cookie, and
        `anti_forgery_missing` for a cookie.
        """
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        if self.route.socket and hdrs.UPGRADE in request.headers:
            self._check_origin(request)
            ticket = request.query.get("ticket")
            if ticket is not None and authorization is None:
                return await self._context.services.accounts.redeem_ticket(ticket)
        if authorization is None and hdrs.COOKIE in request.headers:
            session = request.cookies.get(SESSION_COOKIE)
            if session is not None:
                refuse_forged(request, self._context.settings.trusted_proxies, socket=self.route.socket)
                return await self._context.services.accounts.authenticate(session)
        return await self._bearer(authorization)

    async def _bearer(self, authorization: str | None) -> Principal:
        """Whose credential it is; waits for the database only if it was not seen a moment ago.

        Raises Unauthenticated.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthenticated("Send a credential in the header Authorization: Bearer.")
        return await self._context.services.accounts.authenticate(secret)

    def _permitted(self, principal: Principal) -> Principal:
        """Raises Forbidden `scope_too_low`."""
        if principal.scope not in self._scopes:
            raise Forbidden("The scope of this credential does not allow this.", code="scope_too_low")
        return principal

    def _check_origin(self, request: web.Request) -> None:
        """A browser always says which page opens a socket, and no CORS rule stops that page."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or origin in self._door.origins:
            return
        if origin != own_origin(request, self._context.settings.trusted_proxies):
            raise Forbidden("This web page may not open an event socket.", code="origin_not_allowed")


def _blamed(request: web.Request, error: Exception) -> Exception:
    """Why a handler failed; a body that did not come whole is its sender's doing, wherever it was read."""
    gone = isinstance(error, ConnectionError) and request.transport is None
    if gone or isinstance(error, web.RequestPayloadError):
        return MalformedRequest("The body did not come whole.", code="unreadable_request")
    return error


class Unmatched:
    """What no route takes: preflights, wrong methods, unknown addresses, targets that are none of ours."""

    def __init__(self, routes: Iterable[Route], door: FrontDoor) -> None:
        self._door = door
        self._methods: dict[re.Pattern[str], list[str]] = {}
        for route in routes:
            self._methods.setdefault(route.pattern, []).append(route.method)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        identity = self._door.ids.of(request.headers.get("X-Request-Id"))
        response: web.StreamResponse
        try:
            response = self._answer(request)
        except EngineError as error:
            response = self._door.failed(request.method, error, identity)
        if request.method == hdrs.METH_CONNECT:
            response.force_close()  # what follows may be meant for whoever was to be reached through us
        self._door.finish(request, response, identity)
        elapsed_s = time.perf_counter() - started
        self._door.context.metrics.unmatched(request.method).answered(response.status, elapsed_s)
        self._door.note(request, None, response.status, elapsed_s, identity)
        return response

    def _answer(self, request: web.Request) -> web.Response:
        """Raises RouteNotFound or MethodNotAllowed."""
        path = request.path
        if request.method == hdrs.METH_CONNECT:
            raise MethodNotAllowed(())
        methods = next((found for pattern, found in self._methods.items() if pattern.fullmatch(path)), None)
        if methods is None:
            raise RouteNotFound("There is nothing at this address.")
        asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
        if request.method != hdrs.METH_OPTIONS or asked not in methods:
            raise MethodNotAllowed(methods)
        response = web.Response(status=204)
        if request.headers.get(hdrs.ORIGIN) in self._door.origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ", ".join(sorted(methods))
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _ALLOWED_HEADERS
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _PREFLIGHT_KEPT_S
        return response
