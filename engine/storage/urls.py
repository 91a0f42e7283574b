"""Which kind of database a URL means."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from engine.storage.errors import StorageUnusable


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL (`sqlite:///PATH`); None for a PostgreSQL one, which its driver reads.

    Raises StorageUnusable `storage_url_invalid` for anything else; never repeats the URL, which may
    hold a password.
    """
    scheme = url.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return None
    if scheme != "sqlite":
        raise _invalid("The database URL must start with sqlite:/// or postgresql://.")
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _invalid("The database URL cannot be read.") from error
    if not parsed.database or parsed.database == ":memory:" or parsed.host or parsed.query:
        raise _invalid("An SQLite URL is sqlite:///PATH, with the path of a file and nothing else.")
    return Path(parsed.database)


def _invalid(detail: str) -> StorageUnusable:
    return StorageUnusable(detail, code="storage_url_invalid")
