"""Devices: the PBX endpoints that ring for a user."""

from __future__ import annotations

from aiohttp import web

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Listed, PageQuery, Resource, Word, at, listed
from engine.accounts.models import CreateDevice, Device, UpdateDevice

routes = Routes("devices")


class NewDevice(Input):
    user_id: Word
    endpoint: Word
    label: Line = ""
    pbx: Word | None = None
    is_default: bool | None = None


class DeviceChanges(Input):
    endpoint: Word = LEFT_AS_IT_IS
    label: Line = LEFT_AS_IT_IS
    is_default: bool = LEFT_AS_IT_IS


class DeviceResource(Resource):
    id: str
    domain_id: str
    user_id: str
    pbx: str
    endpoint: str
    label: str
    is_default: bool
    created_at: At


class DeviceList(Listed[DeviceResource]):
    """Devices, oldest first."""


class DeviceQuery(PageQuery):
    domain_id: Word | None = None
    user_id: Word | None = None


def shown(device: Device) -> DeviceResource:
    return DeviceResource(
        id=device.id,
        domain_id=device.domain_id,
        user_id=device.user_id,
        pbx=device.pbx,
        endpoint=device.endpoint,
        label=device.label,
        is_default=device.is_default,
        created_at=at(device.created_ms),
    )


def rendered(device: Device) -> tuple[int, str]:
    return 201, shown(device).json_text()


@routes.add(
    "POST",
    "/v1/devices",
    summary="Give a user a device.",
    permission=Permission.CREATE_DEVICES,
    body=NewDevice,
    answers={201: DeviceResource},
    problems=("not_found", "already_exists"),
    idempotent=True,
)
async def create_device(request: ApiRequest[NewDevice, NoQuery]) -> web.StreamResponse:
    made = await request.services.accounts.devices.create(
        request.principal, CreateDevice(**request.body.given()), claim=request.claim, render=rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/devices",
    summary="List the devices of a domain or of one of its users.",
    permission=Permission.READ_DEVICES,
    query=DeviceQuery,
    answers={200: DeviceList},
    problems=("not_found",),
)
async def list_devices(request: ApiRequest[NoBody, DeviceQuery]) -> web.StreamResponse:
    query = request.query
    page = await request.services.accounts.devices.list(
        request.principal, query.domain_id, query.user_id, page_request(query)
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/devices/{device_id}",
    summary="Read a device.",
    permission=Permission.READ_DEVICES,
    answers={200: DeviceResource},
)
async def get_device(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    device = await request.services.accounts.devices.get(request.principal, request.id("device_id"))
    return json_answer(200, shown(device))


@routes.add(
    "PATCH",
    "/v1/devices/{device_id}",
    summary="Change a device; its own user may name it and make it the default.",
    permission=Permission.CHANGE_DEVICES,
    body=DeviceChanges,
    answers={200: DeviceResource},
    problems=("already_exists",),
)
async def change_device(request: ApiRequest[DeviceChanges, NoQuery]) -> web.StreamResponse:
    device = await request.services.accounts.devices.update(
        request.principal, request.id("device_id"), UpdateDevice(**request.body.given())
    )
    return json_answer(200, shown(device))


@routes.add(
    "DELETE",
    "/v1/devices/{device_id}",
    summary="Take a device away.",
    permission=Permission.DELETE_DEVICES,
    answers={204: None},
    problems=("in_use",),
)
async def delete_device(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.accounts.devices.delete(request.principal, request.id("device_id"))
    return empty_answer()
