"""Building blocks of what goes in and out: strict input, exact output, times, texts, pages.

Input refuses what it does not know, so a caller who sends a read-only field (a status, an
owner) hears of it instead of believing it was taken. Output models are exact too: the tests
hold every answer against them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from engine.accounts.models import Page
from engine.clock import to_rfc3339

T = TypeVar("T")
R = TypeVar("R", bound="Resource")

#: One line for people. The services refuse more (see each feature); NUL and line breaks end here.
Line = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
#: A word of a protocol or of ours: an id, a name of a carrier, an endpoint.
Word = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
#: What a caller may hang on a resource for itself; handed back unchanged.
Metadata = Annotated[dict[Word, Line], Field(max_length=20)]


def _no_number(given: Any) -> Any:
    """pydantic would take a bare number for seconds since 1970, and the description says otherwise."""
    if isinstance(given, str) and given.strip().lstrip("+-").replace(".", "", 1).isdecimal():
        raise ValueError("Input should be a time as of RFC 3339")
    return given


#: A time in a query: RFC 3339 with its offset.
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]

#: A time as answers show it: RFC 3339, UTC, milliseconds.
At = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Input(BaseModel):
    """A body a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)

    def given(self) -> dict[str, Any]:
        """The fields the caller did send, by their Python names."""
        return {
            name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set
        }


class Query(BaseModel):
    """The query parameters of a route; their texts are read as what the field declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Resource(BaseModel):
    """What an answer shows."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=True)

    def json_text(self) -> str:
        return self.model_dump_json()


class PageQuery(Query):
    """Which part of a list."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(
        default=None, max_length=200, description="The next_cursor of the page before."
    )


class Listed(Resource, Generic[R]):
    """One part of a list."""

    items: list[R]
    next_cursor: str | None = Field(description="Ask with it for the next part; null on the last one.")


def _no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


#: Default of a PATCH field: absent means "leave it as it is", which is not the same as null.
LEFT_AS_IT_IS: Any = Field(default=None, json_schema_extra=_no_default)


@lru_cache(maxsize=4096)  # a busy millisecond makes many texts
def at(ms: int) -> str:
    """Milliseconds since the epoch as answers show them."""
    return to_rfc3339(ms)


def at_or_none(ms: int | None) -> str | None:
    return None if ms is None else to_rfc3339(ms)


def to_ms(moment: AwareDatetime | datetime | None) -> int | None:
    """A time a caller gave, in milliseconds since the epoch."""
    return None if moment is None else round(moment.timestamp() * 1000)


def listed(page: Page[T], show: Callable[[T], R]) -> Listed[R]:
    """A page of records as a page of resources."""
    return Listed(items=[show(item) for item in page.items], next_cursor=page.next_cursor)
