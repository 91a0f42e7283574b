"""What a link in a text leads to: a page of its own, without a script, and the files behind it.

Nobody has to log in, so the token is all there is to know. Whatever is wrong with it, the answer is the same.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import partial
from html import escape

from aiohttp import hdrs, web

from api.file_answers import CONTENT_TYPES, file_answer
from api.permissions import Permission
from api.ranges import part_wanted
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from engine.attachments.models import Attachment, AttachmentState, OpenedLink
from engine.errors import NotFound

routes = Routes("attachments")

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#222;"
    "background:#fff}ul{list-style:none;padding:0}li{border:1px solid #ccc;border-radius:8px;margin:0 0 1rem;"
    "padding:1rem;overflow-wrap:anywhere}img{display:block;max-width:100%;max-height:20rem;margin:0 0 .5rem}"
    "small{color:#555}@media(prefers-color-scheme:dark){body{background:#181818;color:#eee}small{color:#aaa}"
    "li{border-color:#444}a{color:#8cf}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_HEADERS = {
    hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HTML = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    "<title>{title}</title><style>{style}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
)


@routes.add(
    "GET",
    "/a/{link_token}",
    summary="The page behind a link in a text: which files there are. Looking costs no download.",
    permission=Permission.PUBLIC,
    answers={200: "text/html", 404: "text/html"},
)
async def link_page(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    token = request.http.match_info["link_token"]
    try:
        found = await request.services.attachments.links.open(token)
    except NotFound:
        body = "<p>This link has ended, or was mistyped. Ask whoever sent it to send the file again.</p>"
        return _page(404, "Nothing here any more", body)
    return _page(200, "Files for you", _listed(token, found))


@routes.add(
    "GET",
    "/a/{link_token}/{place}",
    summary="A file behind a link in a text, also in parts.",
    permission=Permission.PUBLIC,
    answers={200: CONTENT_TYPES, 206: CONTENT_TYPES, 304: None},
    problems=("attachment_gone", "files_unavailable", "range_not_satisfiable"),
)
async def link_file(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    attachments = request.services.attachments
    token, file = await _file(request)
    part = part_wanted(request.http.headers, file.octets, f'"{file.id}"', file.created_ms)
    if part.start == 0 and part.status != 304:  # the rest of a film in parts is no further download
        await attachments.links.count(token)
    return await file_answer(request.http, file, partial(attachments.read, file.key))


@routes.add(
    "GET",
    "/a/{link_token}/{place}/thumbnail",
    summary="An image behind a link in a text, small.",
    permission=Permission.PUBLIC,
    answers={200: "image/webp", 206: "image/webp", 304: None},
    problems=("attachment_gone", "files_unavailable", "range_not_satisfiable"),
)
async def link_thumbnail(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    attachments = request.services.attachments
    _, file = await _file(request)
    if not file.thumbnail_octets:
        raise NotFound("Only images have a thumbnail.")
    return await file_answer(
        request.http, file, partial(attachments.read, file.thumbnail_key), thumbnail=True
    )


async def _file(request: ApiRequest[NoBody, NoQuery]) -> tuple[str, Attachment]:
    token, place = request.http.match_info["link_token"], request.http.match_info["place"]
    number = int(place) if place.isascii() and place.isdigit() and len(place) <= 2 else 0
    return token, await request.services.attachments.links.file(token, number)


def _page(status: int, title: str, body: str) -> web.Response:
    html = _HTML.format(title=title, style=_STYLE, body=body)
    return web.Response(status=status, body=html.encode(), headers=_PAGE_HEADERS)


def _listed(token: str, found: OpenedLink) -> str:
    items = "".join(
        _item(f"/a/{escape(token)}/{place}", file)
        for place, file in enumerate(found.attachments, 1)
        if file.state is AttachmentState.READY
    )
    day = datetime.fromtimestamp(found.expires_ms / 1000, UTC).strftime("%d %B %Y")
    return f"<ul>{items}</ul><p><small>The link ends on {day}.</small></p>"


def _item(address: str, file: Attachment) -> str:
    name = escape(file.filename)
    picture = f'<img src="{address}/thumbnail" alt="">' if file.thumbnail_octets else ""
    return (
        f'<li>{picture}<a href="{address}" download="{name}" rel="noreferrer">{name}</a> '
        f"<small>{_size(file.octets)}</small></li>"
    )


def _size(octets: int) -> str:
    if octets < 1_000_000:
        return f"{max(octets / 1_000, 0.1):.1f} kB"
    return f"{octets / 1_000_000:.1f} MB"
