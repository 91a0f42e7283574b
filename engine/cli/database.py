"""The database as the command line meets it: made when it is new, refused when it is old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.storage.errors import StorageUnusable

if TYPE_CHECKING:
    from config.settings import StorageSettings


def prepare_database(storage: StorageSettings) -> None:
    """Make the data folder and, in an empty database, the tables. Not for a running event loop.

    A database that has tables is left as it is: `ringback migrate` changes those, when an operator says so.
    Raises StorageUnusable or StorageUnavailable.
    """
    from engine.storage import migrate

    make_data_dir(storage)
    if migrate.current(storage.database_url) is None:
        migrate.upgrade(storage.database_url)


def make_data_dir(storage: StorageSettings) -> None:
    """Make the data folder, for its owner alone. Raises StorageUnusable `storage_not_writable`."""
    try:
        storage.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnusable(
            f"The data folder {storage.data_dir} cannot be made: {error.strerror}. See [storage] data_dir.",
            code="storage_not_writable",
        ) from error
