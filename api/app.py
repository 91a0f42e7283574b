"""The aiohttp application: every feature's routes behind the front door, and how it is served."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import msgspec
from aiohttp import web

from api.context import CONTEXT, Context
from api.event_feed import Completion
from api.front_door import Endpoint, FrontDoor, Unmatched
from api.hot_lane import HotLanes
from api.metrics import ApiMetrics
from api.openapi import describe
from api.portal import Handler, Portal
from api.rest import (
    attachment_page,
    attachments,
    audit,
    blocked_senders,
    call_log,
    calls,
    claims,
    consents,
    contact_files,
    contacts,
    conversation_messages,
    conversation_side,
    conversations,
    devices,
    directory,
    domain_settings,
    domains,
    drafts,
    erasures,
    events,
    exports,
    health,
    imports,
    keys,
    login,
    me,
    message_outlook,
    messages,
    missed,
    notifications,
    numbers,
    out_of_office,
    passwords,
    presence,
    quick_replies,
    rewriting,
    search,
    sessions,
    tokens,
    unsubscribe,
    usage,
    users,
    voicemails,
    webhooks,
)
from api.routes import Routes, RouteTable
from api.settings import ApiSettings
from api.unreadable import Connection, go_on
from api.websocket import EventSockets, watching
from engine.clock import Clock, SystemClock
from engine.services import Services

VERSION = "1"

FRONT_DOOR: web.AppKey[FrontDoor] = web.AppKey("front_door", FrontDoor)
HOT_LANES: web.AppKey[HotLanes] = web.AppKey("hot_lanes", HotLanes)
OTHERWISE: web.AppKey[Handler] = web.AppKey("otherwise")

FEATURES: tuple[Routes, ...] = (
    domains.routes,
    users.routes,
    devices.routes,
    numbers.routes,
    imports.routes,
    keys.routes,
    tokens.routes,
    login.routes,
    sessions.routes,
    passwords.routes,
    me.routes,
    domain_settings.routes,
    calls.routes,
    messages.routes,
    message_outlook.routes,
    rewriting.routes,
    attachments.routes,
    attachment_page.routes,
    consents.routes,
    blocked_senders.routes,
    conversations.routes,
    conversation_messages.routes,
    conversation_side.routes,
    drafts.routes,
    quick_replies.routes,
    out_of_office.routes,
    claims.routes,
    contact_files.routes,
    contacts.routes,
    directory.routes,
    presence.routes,
    search.routes,
    call_log.routes,
    voicemails.routes,
    usage.routes,
    erasures.routes,
    exports.routes,
    missed.routes,
    notifications.routes,
    unsubscribe.routes,
    events.routes,
    webhooks.routes,
    audit.routes,
    health.routes,
)

AnyHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

#: What an event's frame brings along, by its noun, so that a page need not ask for it.
COMPLETIONS: Mapping[str, Completion] = {"message": Completion(messages.of_events, messages.document)}


def build_app(
    services: Services,
    settings: ApiSettings,
    *,
    clock: Clock | None = None,
    features: Sequence[Routes] = FEATURES,
) -> web.Application:
    """The application, ready to be served. Raises RouteError when a route is declared wrongly."""
    table = RouteTable(features)
    metrics = ApiMetrics()
    sockets = EventSockets(services, settings, metrics, clock or SystemClock(), COMPLETIONS)
    context = Context(
        services=services,
        settings=settings,
        metrics=metrics,
        sockets=sockets,
        document=msgspec.json.encode(describe(table, VERSION)),
    )
    app = web.Application(client_max_size=settings.max_body_octets)
    app[CONTEXT] = context
    door = app[FRONT_DOOR] = FrontDoor(context)
    endpoints = [Endpoint(route, door) for route in table]
    for endpoint in endpoints:
        app.router.add_route(
            endpoint.route.method,
            endpoint.route.aiohttp_path,
            endpoint.serve,
            expect_handler=go_on,
        )
    app[HOT_LANES] = HotLanes(endpoints, settings.max_body_octets, settings.keepalive_s)
    otherwise = app[OTHERWISE] = Portal(Unmatched(table, door).serve).serve
    app.router.add_route("*", "/{anything:.*}", otherwise)

    async def keep_sockets(_: web.Application) -> AsyncIterator[None]:
        async with watching(sockets):
            yield

    async def close_sockets(_: web.Application) -> None:
        sockets.close_all()

    app.cleanup_ctx.append(keep_sockets)
    app.on_shutdown.append(close_sockets)
    return app


@contextlib.asynccontextmanager
async def serving(
    app: web.Application, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Listen while the block runs; yields the address and port bound (port 0 takes a free one).

    tls: what HTTPS is spoken with; None speaks plain HTTP.

    At the end it stops accepting, lets running requests finish within `stop_within_s`, and closes
    the event sockets. Raises OSError when the address cannot be bound.
    """
    settings = app[CONTEXT].settings
    runner = web.AppRunner(app, shutdown_timeout=settings.stop_within_s)
    await runner.setup()
    server = runner.server
    assert server is not None
    server.request_handler = _with_or_without_path(server.request_handler, app[OTHERWISE])
    lanes = app[HOT_LANES]
    limits = {
        "auto_decompress": False,  # compressed bodies are refused unread
        "lingering_time": 2.0,  # so long a refused body is read, so that its sender sees why
        "max_line_size": 8_190,
        "max_field_size": 8_190,
        "max_headers": 64,
    }
    lanes.to_aiohttp = lambda: Connection(server, app[FRONT_DOOR], settings.keepalive_s, **limits)
    try:
        listening = await asyncio.get_running_loop().create_server(
            lanes, settings.host, settings.port, backlog=1_024, ssl=tls
        )
        host, port = listening.sockets[0].getsockname()[:2]
        try:
            yield host, port
        finally:
            listening.close()
            await lanes.close(settings.stop_within_s)
    finally:
        await runner.cleanup()


def _with_or_without_path(routed: AnyHandler, otherwise: Handler) -> AnyHandler:
    """aiohttp routes paths alone, and refuses every other target in its own words: `*`, what CONNECT names,
    an address without a path.

    Source: RFC 9112 §3.2 (request target).
    """

    def handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        if request.path.startswith("/"):
            return routed(request)
        assert isinstance(request, web.Request)
        return otherwise(request)

    return handle
