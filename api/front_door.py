"""What every request passes: its id, CORS, the credential, the permission, the body, the answer, the log.

One middleware does all of it in order, so that the hot path is as short as it looks here.
Source: Fetch §3.2 (CORS); RFC 6750 §2.1 (Bearer).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web

from api.context import Context
from api.permissions import Permission, scopes_with
from api.problems import (
    MethodNotAllowed,
    RouteNotFound,
    internal_error,
    problem_response,
)
from api.proxies import client_address, client_scheme
from api.requests import ApiRequest, claim_of, decode_body, parse_query, read_body, request_id
from api.routes import NoBody, NoQuery, Route
from engine.accounts.models import Principal
from engine.errors import EngineError, Forbidden, Unauthenticated

log = structlog.get_logger("api")

Answer = Awaitable[web.StreamResponse]

_NO_BODY = NoBody()
_NO_QUERY = NoQuery()
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Request-Id"
_EXPOSED_HEADERS = "X-Request-Id, Idempotency-Replayed, Retry-After"
_PREFLIGHT_KEPT_S = "600"


class Endpoint:
    """A route as aiohttp calls it: authenticates, authorises, reads, and hands over."""

    def __init__(self, route: Route, context: Context) -> None:
        assert route.permission is not None  # RouteTable has seen to it
        self.route = route
        self.metrics = context.metrics.of(route.path, route.method)
        self._context = context
        self._public = route.permission is Permission.PUBLIC
        self._scopes = scopes_with(route.permission)
        self._reads_body = route.reads_body
        self._reads_query = route.query is not NoQuery

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        principal = None if self._public else await self._authorised(request)
        route = self.route
        raw = await read_body(request) if self._reads_body else b""
        body = decode_body(route, raw) if self._reads_body else _NO_BODY
        reads_query = self._reads_query or request.query_string
        query = parse_query(route, request) if reads_query else _NO_QUERY
        claim = claim_of(request, principal, raw) if route.idempotent and principal is not None else None
        return await route.handler(
            ApiRequest(request, self._context, principal, request["request_id"], body, query, claim)
        )

    async def _authorised(self, request: web.Request) -> Principal:
        """Raises Unauthenticated or Forbidden."""
        if self.route.socket and hdrs.UPGRADE in request.headers:
            principal = await self._admitted(request)
        else:
            principal = await authenticated(self._context, request)
        if principal.scope not in self._scopes:
            raise Forbidden("The scope of this credential does not allow this.", code="scope_too_low")
        request["principal"] = principal
        return principal

    async def _admitted(self, request: web.Request) -> Principal:
        """Who opens a socket, by header or ticket; its web page, where there is one, must be allowed.

        Raises Forbidden `origin_not_allowed` or Unauthenticated.
        """
        settings = self._context.settings
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin not in settings.allowed_origins:
            own = f"{client_scheme(request, settings.trusted_proxies)}://{request.host}"
            if origin != own:
                raise Forbidden("This web page may not open an event socket.", code="origin_not_allowed")
        ticket = request.query.get("ticket")
        if ticket is not None and hdrs.AUTHORIZATION not in request.headers:
            return await self._context.services.accounts.redeem_ticket(ticket)
        return await authenticated(self._context, request)


async def authenticated(context: Context, request: web.Request) -> Principal:
    """The principal of the request's Bearer credential; waits only if it was not seen a moment ago.

    Raises Unauthenticated.
    """
    scheme, _, secret = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated("Send a credential in the header Authorization: Bearer.")
    return await context.services.accounts.authenticate(secret)


class FrontDoor:
    """The one middleware."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._origins = frozenset(context.settings.allowed_origins)
        # Decided once: a filtered debug call would still cost the hot path its arguments.
        self._log_hot = log.bind().is_enabled_for(10)

    async def __call__(
        self, request: web.Request, handler: Callable[[web.Request], Answer]
    ) -> web.StreamResponse:
        started = time.perf_counter()
        identity = request["request_id"] = request_id(request)
        structlog.contextvars.bind_contextvars(request_id=identity)
        endpoint = request.match_info.handler
        try:
            if isinstance(endpoint, Endpoint):
                response = await endpoint(request)
            else:
                response = self._without_endpoint(request)
        except EngineError as error:
            response = problem_response(_said_of_query(request, error), identity)
        except web.HTTPException as error:  # aiohttp's own, from below a handler
            log.warning("api.http_exception", status=error.status, error=type(error).__name__)
            response = problem_response(internal_error(), identity)
        except Exception:
            log.exception("api.request_failed")
            response = problem_response(internal_error(), identity)
        if not response.prepared:
            self._add_headers(request, response, identity)
        self._note(request, endpoint, response.status, time.perf_counter() - started)
        return response

    def _without_endpoint(self, request: web.Request) -> web.Response:
        """A preflight, or a path or method that does not exist."""
        failure = getattr(request.match_info, "http_exception", None)
        if isinstance(failure, web.HTTPMethodNotAllowed):
            asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
            if request.method == hdrs.METH_OPTIONS and asked in failure.allowed_methods:
                return self._preflight(request, failure.allowed_methods)
            raise MethodNotAllowed(failure.allowed_methods)
        raise RouteNotFound("There is nothing at this address.")

    def _preflight(self, request: web.Request, methods: set[str]) -> web.Response:
        response = web.Response(status=204)
        if request.headers.get(hdrs.ORIGIN) in self._origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ", ".join(sorted(methods))
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _ALLOWED_HEADERS
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _PREFLIGHT_KEPT_S
        return response

    def _add_headers(self, request: web.Request, response: web.StreamResponse, identity: str) -> None:
        headers = response.headers
        headers["X-Request-Id"] = identity
        headers[hdrs.CACHE_CONTROL] = "no-store"
        headers["X-Content-Type-Options"] = "nosniff"
        if self._origins:
            headers[hdrs.VARY] = "Origin"
            origin = request.headers.get(hdrs.ORIGIN)
            if origin in self._origins:
                headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
                headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED_HEADERS

    def _note(self, request: web.Request, endpoint: object, status: int, elapsed_s: float) -> None:
        if not isinstance(endpoint, Endpoint):
            self._context.metrics.unmatched(request.method).answered(status, elapsed_s)
            path, write = None, log.info
        else:
            endpoint.metrics.answered(status, elapsed_s)
            path = endpoint.route.path
            if endpoint.route.hot:
                if not self._log_hot:
                    return
                write = log.debug
            else:
                write = log.info
        principal = request.get("principal")
        write(
            "api.request_answered",
            method=request.method,
            route=path,
            status=status,
            ms=round(elapsed_s * 1000, 2),
            credential=principal.credential_id if principal is not None else None,
            remote=client_address(request, self._context.settings.trusted_proxies),
        )


def _said_of_query(request: web.Request, error: EngineError) -> EngineError:
    """Services point into a body; a GET has none, so what they name is a query parameter."""
    if request.method == hdrs.METH_GET and error.field is not None and error.field.startswith("/"):
        error.field = "?" + error.field[1:]
    return error
