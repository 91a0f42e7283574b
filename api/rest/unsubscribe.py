"""The link in mails that ends them: a page with a button, and what the button and mail programs send.

A GET changes nothing, since programs that look for viruses follow every link.
Source: RFC 8058.
"""

from __future__ import annotations

from html import escape

from aiohttp import web
from pydantic import Field

from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, Routes
from api.schema import Query
from engine.notifications.letter_words import WORDS
from engine.notifications.models import Language

routes = Routes("notifications")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}
_STYLE = "body{font-family:system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}"


class LinkQuery(Query):
    token: str = Field(min_length=1, max_length=200)


@routes.add(
    "GET",
    "/v1/unsubscribe",
    summary="The page a mail's link to end mails leads to.",
    permission=Permission.PUBLIC,
    query=LinkQuery,
    answers={200: "text/html"},
    problems=("not_found",),
)
async def show_unsubscribe(request: ApiRequest[NoBody, LinkQuery]) -> web.StreamResponse:
    language = await request.services.notifications.language_of(request.query.token)
    words = WORDS[language]
    return _page(
        language,
        f'<h1>{escape(words.ask)}</h1><form method="post"><p>{escape(words.ask_hint)}</p>'
        f"<p><button>{escape(words.button)}</button></p></form>",
    )


@routes.add(
    "POST",
    "/v1/unsubscribe",
    summary="End mails about what is unread, by the link of one.",
    permission=Permission.PUBLIC,
    query=LinkQuery,
    reads=("application/x-www-form-urlencoded", "multipart/form-data"),
    answers={200: "text/html"},
    problems=("not_found",),
)
async def unsubscribe(request: ApiRequest[NoBody, LinkQuery]) -> web.StreamResponse:
    # The body says nothing that the link does not.
    service, token = request.services.notifications, request.query.token
    await service.unsubscribe(token)
    language = await service.language_of(token)
    words = WORDS[language]
    return _page(language, f"<h1>{escape(words.done)}</h1><p>{escape(words.done_hint)}</p>")


def _page(language: Language, content: str) -> web.Response:
    html = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Ringback</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>{content}</html>'
    )
    return web.Response(text=html, content_type="text/html", headers=_HEADERS)
