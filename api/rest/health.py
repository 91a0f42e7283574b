"""What watches over the process: health, metrics, and the API's own description."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import ConfigDict

from api.answers import json_answer, json_bytes
from api.metrics import CONTENT_TYPE as METRICS_CONTENT_TYPE
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import Resource

routes = Routes("operations")


class Alive(Resource):
    status: Literal["alive"]


class ComponentState(Resource):
    name: str
    up: bool
    required: bool


class Readiness(Resource):
    """status: `ready`; `degraded` when something is down that the engine works without; `down`."""

    status: Literal["ready", "degraded", "down"]
    components: list[ComponentState]


class Description(Resource):
    """The OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: str


@routes.add(
    "GET",
    "/health/live",
    summary="Whether the process answers; says nothing of what it depends on.",
    permission=Permission.PUBLIC,
    answers={200: Alive},
)
async def read_liveness(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(200, Alive(status="alive"))


@routes.add(
    "GET",
    "/health/ready",
    summary="Whether to send work here, and what is down. 503 when something required is.",
    permission=Permission.PUBLIC,
    answers={200: Readiness, 503: Readiness},
)
async def read_readiness(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    components = await request.services.health.check()
    down = any(one.required and not one.up for one in components)
    status: Literal["ready", "degraded", "down"] = (
        "down" if down else "ready" if all(one.up for one in components) else "degraded"
    )
    states = [ComponentState(name=one.name, up=one.up, required=one.required) for one in components]
    return json_answer(503 if down else 200, Readiness(status=status, components=states))


@routes.add(
    "GET",
    "/metrics",
    summary="Counters in Prometheus' text format.",
    permission=Permission.READ_METRICS,
    answers={200: "text/plain"},
)
async def read_metrics(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    body = request.context.metrics.exposition(request.services.metrics)
    return web.Response(body=body, headers={"Content-Type": METRICS_CONTENT_TYPE})


@routes.add(
    "GET",
    "/openapi.json",
    summary="This description.",
    permission=Permission.PUBLIC,
    answers={200: Description},
)
async def read_description(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_bytes(200, request.context.document)
