"""The client: every operation of the API, lists as iterators, and the event stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from ringback_client.events import EventStream
from ringback_client.operations import Operations

T = TypeVar("T")


class _Listed(Protocol[T]):
    items: list[T]
    next_cursor: str | None


class Ringback(Operations):
    """See `Transport` for how to make one. Use it on one event loop."""

    def events(self, cursor: Mapping[str, int] | None = None, *, domains: str | None = None) -> EventStream:
        """What is committed after the cursor, or from now on; see `EventStream`.

        domains: ids joined by commas, for a credential that reaches several.
        """
        url = self._base + "/v1/events" + (f"?domains={self._in_path(domains)}" if domains else "")
        return EventStream(self._http, url, self._headers, cursor)

    async def every(self, listing: Callable[..., Awaitable[_Listed[T]]], **query: Any) -> AsyncIterator[T]:
        """All items of a list, page by page: `every(ringback.list_messages, peer=number)`."""
        cursor: str | None = None
        while True:
            page = await listing(**query, **({} if cursor is None else {"cursor": cursor}))
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
