"""An SQLite file that cannot be used, and one that stops taking writes."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.errors import StorageUnavailable
from engine.storage import migrate, sqlite
from engine.storage.database import Database, Transaction
from tests.contract.storage.notes import Note, create_notes, notes, open_node

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


async def refusal(url: str) -> StorageUnavailable:
    with pytest.raises(StorageUnavailable) as refused:
        await Database.open(url, bus_publish=lambda _: None, clock=SystemClock())
    return refused.value


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite://host/file", "mysql://root:hush@db/x", "ringback.db"]
)
async def test_a_url_that_names_no_file_is_refused_without_being_repeated(url: str) -> None:
    error = await refusal(url)
    assert error.code == "storage_url_invalid"
    assert "hush" not in error.detail


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    error = await refusal(f"sqlite:///{tmp_path}/nowhere/ringback.db")
    assert error.code == "storage_path_missing"
    assert "nowhere" in error.detail


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ringback.db"
    path.write_text("minutes of the meeting\n" * 200)
    assert (await refusal(f"sqlite:///{path}")).code == "storage_not_a_database"
    assert path.read_text().startswith("minutes")


@pytest.mark.parametrize("read_only", ["folder", "file"])
def test_what_cannot_be_written_is_refused_at_once(
    read_only: str, sqlite_database: str, tmp_path: Path
) -> None:
    """In a process without root's powers, to which no mode means anything."""
    folder = Path("/tmp") / f"ringback-read-only-{os.getpid()}"  # pytest's own is closed to others
    folder.mkdir(mode=0o755)
    try:
        path = folder / "ringback.db"
        shutil.copy(tmp_path / "ringback.db", path)
        path.chmod(0o444 if read_only == "file" else 0o666)
        folder.chmod(0o555 if read_only == "folder" else 0o777)
        lines = (
            "import asyncio, os, sqlite3  # all of it before the interpreter's folder may be closed to us",
            "from engine.clock import SystemClock",
            "from engine.storage.database import Database",
            f"if os.geteuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})",
            f"url = 'sqlite:///{path}'",
            "try: asyncio.run(Database.open(url, bus_publish=print, clock=SystemClock()))",
            "except Exception as error: print(error.code)",
        )
        program = "\n".join(lines)
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert ended.stdout == "storage_not_writable\n", ended.stderr
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


async def test_a_new_file_is_closed_to_other_users(tmp_path: Path) -> None:
    path = tmp_path / "ringback.db"
    await asyncio.to_thread(migrate.upgrade, f"sqlite:///{path}")
    async with open_node(f"sqlite:///{path}"):
        for each in (path, Path(f"{path}-wal")):
            assert stat.S_IMODE(each.stat().st_mode) == 0o600


async def test_a_file_locked_by_another_process_fails_writes_and_serves_reads(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await create_notes(sqlite_database)
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA busy_timeout=50", *sqlite._PRAGMAS[1:]))
    async with open_node(sqlite_database) as node:
        await node.database.write(Note("before"))
        other = sqlite3.connect(tmp_path / "ringback.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable) as refused:
            await node.database.write(Note("during"))
        assert refused.value.retryable
        assert refused.value.native == {"sqlite": "SQLITE_BUSY"}
        assert await node.names() == ["before"]
        other.execute("ROLLBACK")
        other.close()
        await node.database.write(Note("after"))
        assert await node.names() == ["before", "after"]
        assert [event.seq for event in node.published] == [1, 2]


async def test_a_full_disk_fails_the_batch_and_the_next_one_starts_afresh(sqlite_database: str) -> None:
    """max_page_count is SQLite's own full disk; it belongs to the connection, which is thrown away."""
    await create_notes(sqlite_database)

    def fill(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("PRAGMA max_page_count=1")
        for number in range(1000):
            tx.connection.execute(notes.insert().values(name=f"{number}" + "x" * 1000))

    async with open_node(sqlite_database) as node:
        async with node.one_batch():
            filling = asyncio.create_task(node.database.transact(fill))
            beside = asyncio.create_task(node.database.write(Note("beside")))
            await asyncio.sleep(0)
        for task in (filling, beside):
            with pytest.raises(StorageUnavailable) as refused:
                await task
            assert refused.value.native == {"sqlite": "SQLITE_FULL"}
        assert node.published == []
        assert await node.database.write(Note("after")) == "after"
        assert await node.names() == ["after"]


async def test_the_promised_settings_are_in_force(sqlite_database: str) -> None:
    async with open_node(sqlite_database) as node:

        def settings(tx: Transaction) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

        full = 2
        assert await node.database.transact(settings) == ["wal", full, 1]
