"""What every handler may reach: the services, the settings, and what the API keeps for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from api.metrics import ApiMetrics
from api.settings import ApiSettings

if TYPE_CHECKING:
    from api.websocket import EventSockets
    from engine.services import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """One a server. document: the OpenAPI description, made when the application is built."""

    services: Services
    settings: ApiSettings
    metrics: ApiMetrics
    sockets: EventSockets
    document: bytes


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)
