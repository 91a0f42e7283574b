"""The session cookie of our own pages, and what keeps other pages from using it.

A browser sends a cookie along whoever made the page. So the cookie is for pages of this very origin:
SameSite=Strict keeps it from requests of other sites, the Origin is checked where the browser tells
it, and a change needs a header that a page of another origin cannot send, since no answer to a
preflight allows it. Nobody who sends an Authorization header is concerned.
Source: RFC 6265bis §4.1.3.2 (__Host-), §5.6.7 (SameSite); Fetch §4.1 (Origin), §4.8 (preflight).
"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import hdrs, web

from api.proxies import own_origin
from api.settings import Network
from engine.errors import Forbidden

#: The prefix makes browsers refuse it without Secure, with a Domain, or from a neighbour's sub-domain.
SESSION_COOKIE = "__Host-ringback"
#: Any value will do: that it is there is what counts.
ANTI_FORGERY = "X-Ringback-Page"

_SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


def refuse_forged(request: web.Request, trusted: Sequence[Network], *, socket: bool) -> None:
    """Refuse a request with our cookie that a page of ours did not make.

    socket: the route may be upgraded to a WebSocket; an upgrade must name its Origin.
    Raises Forbidden `origin_not_allowed` or `anti_forgery_missing`.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    upgrade = socket and hdrs.UPGRADE in request.headers
    if (origin is not None or upgrade) and origin != own_origin(request, trusted):
        raise Forbidden("Another page may not use this session.", code="origin_not_allowed")
    if request.method not in _SAFE_METHODS and ANTI_FORGERY not in request.headers:
        raise Forbidden(f"Send the header {ANTI_FORGERY}.", code="anti_forgery_missing")


def give_cookie(response: web.Response, secret: str, lifetime_s: int) -> None:
    """Have the browser keep the session. secret is one of ours, so it needs no quoting."""
    _set(response, secret, lifetime_s)


def take_cookie(response: web.Response) -> None:
    """Have the browser forget the session."""
    _set(response, "", 0)


def _set(response: web.Response, value: str, lifetime_s: int) -> None:
    response.set_cookie(
        SESSION_COOKIE, value, max_age=lifetime_s, path="/", secure=True, httponly=True, samesite="Strict"
    )
