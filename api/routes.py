"""What a route is: everything it declares, in one value; the document and the server are made from it.

A route that does not say who may use it cannot be served: `RouteTable` refuses it, so the
application does not start.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel

from api.permissions import Permission
from api.problems import CODES
from api.schema import Query

if TYPE_CHECKING:
    from api.answers import HotAnswer
    from api.requests import ApiRequest

B = TypeVar("B")
Q = TypeVar("Q")
A = TypeVar("A", bound="web.StreamResponse | HotAnswer")

Handler = Callable[["ApiRequest[Any, Any]"], Awaitable["web.StreamResponse | HotAnswer"]]
Answers = Mapping[int, "type[BaseModel] | str | None"]

_PATH_PARAMETER = re.compile(r"{([a-z_]+)}")

#: Kinds of ids in paths: parameter -> (prefix of the id, noun and code of the "there is no such" answer).
ID_PARAMETERS: Mapping[str, tuple[str, str, str]] = {
    "domain_id": ("dom", "domain", "not_found"),
    "user_id": ("usr", "user", "not_found"),
    "device_id": ("dev", "device", "not_found"),
    "number_id": ("num", "number", "not_found"),
    "key_id": ("key", "key", "not_found"),
    "webhook_id": ("wh", "webhook", "not_found"),
    "delivery_id": ("whd", "delivery", "not_found"),
    "session_id": ("ses", "session", "not_found"),
    "call_id": ("call", "call", "not_found"),
    "message_id": ("msg", "message", "not_found"),
    "entry_id": ("clog", "call log entry", "not_found"),
    "conversation_id": ("conv", "conversation", "not_found"),
    "blocked_sender_id": ("blk", "blocked sender", "not_found"),
    "quick_reply_id": ("qr", "quick reply", "not_found"),
    "push_subscription_id": ("push", "push subscription", "not_found"),
    "contact_id": ("cont", "contact", "not_found"),
    "erasure_id": ("era", "erasure", "not_found"),
    "attachment_id": ("att", "attachment", "not_found"),
    "voicemail_id": ("vm", "voicemail", "not_found"),
}

#: Path parameters that are no ids, by what they look like; their handlers read them.
OTHER_PARAMETERS: Mapping[str, str] = {"link_token": "^[0-9A-Za-z]{16}$", "place": "^[1-9][0-9]?$"}


class RouteError(Exception):
    """A route is declared wrongly; found at start-up, never while serving."""


class NoBody(BaseModel):
    """A route that reads no body."""


class NoQuery(Query):
    """A route that takes no query parameters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One method on one path.

    permission: who may use it; None is refused at start-up.
    answers: what success looks like, by status: a model, media types (parted by ", ") for what is not
    JSON, or None for an empty body. reads: media types of a body the handler reads by itself; json_read:
    what it reads where that is JSON.
    problems: the codes it may fail with beyond those that every route of its kind shares.
    idempotent: it honours an Idempotency-Key. decode: a faster reader of the body that accepts exactly
    what the model accepts; raises ValueError. hot: called thousands of times a second; logged at debug
    level only, and its handler may return a HotAnswer, to be served without aiohttp where the request
    allows it (see `hot_lane`). socket: may be upgraded to a WebSocket, which checks the Origin and admits a
    ticket in the address.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    permission: Permission | None
    body: type[BaseModel]
    query: type[Query]
    answers: Answers
    problems: frozenset[str]
    idempotent: bool
    decode: Callable[[bytes], Any] | None
    hot: bool
    socket: bool
    reads: tuple[str, ...]
    json_read: type[BaseModel] | None

    @property
    def name(self) -> str:
        """Unique: the handler's name."""
        return self.handler.__name__

    @property
    def reads_body(self) -> bool:
        return self.body is not NoBody

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the route's addresses look like."""
        return re.compile(_PATH_PARAMETER.sub("[^/:]+", self.path.replace(".", r"\.")))

    @property
    def aiohttp_path(self) -> str:
        """The path as aiohttp matches it; a parameter ends at a colon, since `:cancel` may follow."""
        return _PATH_PARAMETER.sub(r"{\1:[^/:]+}", self.path)

    @property
    def path_parameters(self) -> list[str]:
        return _PATH_PARAMETER.findall(self.path)


class Routes:
    """The routes of one feature, in the order its module declares them."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def add(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        permission: Permission | None = None,
        body: type[B] = NoBody,  # type: ignore[assignment]
        query: type[Q] = NoQuery,  # type: ignore[assignment]
        answers: Answers,
        problems: Sequence[str] = (),
        idempotent: bool = False,
        decode: Callable[[bytes], Any] | None = None,
        hot: bool = False,
        socket: bool = False,
        reads: Sequence[str] = (),
        json_read: type[BaseModel] | None = None,
    ) -> Callable[
        [Callable[[ApiRequest[B, Q]], Awaitable[A]]],
        Callable[[ApiRequest[B, Q]], Awaitable[A]],
    ]:
        """Declare the decorated function as the handler of a route; see Route for the arguments."""

        def declare(
            handler: Callable[[ApiRequest[B, Q]], Awaitable[A]],
        ) -> Callable[[ApiRequest[B, Q]], Awaitable[A]]:
            self._routes.append(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    summary=summary,
                    permission=permission,
                    body=body,  # type: ignore[arg-type]
                    query=query,  # type: ignore[arg-type]
                    answers=answers,
                    problems=frozenset(problems),
                    idempotent=idempotent,
                    decode=decode,
                    hot=hot,
                    socket=socket,
                    reads=tuple(reads),
                    json_read=json_read,
                )
            )
            return handler

        return declare


class RouteTable:
    """All routes of the API, checked. Raises RouteError for the first that is declared wrongly."""

    def __init__(self, features: Sequence[Routes]) -> None:
        self.by_tag: dict[str, list[Route]] = {}
        for routes in features:
            self.by_tag.setdefault(routes.tag, []).extend(routes)
        seen: dict[tuple[str, str], Route] = {}
        names: set[str] = set()
        for route in self:
            _check(route)
            if (route.method, route.path) in seen or route.name in names:
                raise RouteError(f"{_label(route)}: declared twice, or its handler's name is taken")
            seen[route.method, route.path] = route
            names.add(route.name)

    def __iter__(self) -> Iterator[Route]:
        for routes in self.by_tag.values():
            yield from routes


def _check(route: Route) -> None:
    if not isinstance(route.permission, Permission):
        raise RouteError(f"{_label(route)}: no permission is declared; say who may use it")
    if not route.answers:
        raise RouteError(f"{_label(route)}: no answer is declared")
    unknown = route.problems - CODES.keys()
    if unknown:
        raise RouteError(f"{_label(route)}: problem codes without a status: {sorted(unknown)}")
    if route.idempotent and route.method != "POST":
        raise RouteError(f"{_label(route)}: only a POST takes an Idempotency-Key")
    for parameter in route.path_parameters:
        if parameter not in ID_PARAMETERS and parameter not in OTHER_PARAMETERS:
            raise RouteError(f"{_label(route)}: unknown path parameter {parameter}")


def _label(route: Route) -> str:
    return f"{route.method} {route.path}"
