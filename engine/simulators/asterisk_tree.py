"""Where a real Asterisk is to be had on this machine: named, installed, cached or downloaded.

A downloaded one is Debian's package unpacked into the cache and started through its own
loader and libraries, so it needs no root, no container and no install.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError
from engine.simulators.asterisk_apt import DEBIAN_SUITE, AptFailed, PrivateApt
from engine.simulators.cache import cache_dir

PACKAGES = ("asterisk", "asterisk-core-sounds-en-gsm")
#: 15 s on a good line; a slow mirror gets this much before we give up.
FETCH_WITHIN_S = 300.0


class AsteriskUnavailable(EngineError):
    """No Asterisk here, and none to be had; detail says why."""

    code = "asterisk_unavailable"


@dataclass(frozen=True, slots=True)
class AsteriskTree:
    """An Asterisk that answered `-V`.

    command: what to run, loader included. modules, data: folders for asterisk.conf; None where
    the installed programme's own defaults are right.
    """

    command: tuple[str, ...]
    version: str
    modules: Path | None
    data: Path | None


def find_asterisk(*, download: bool = True, within_s: float = FETCH_WITHIN_S) -> AsteriskTree:
    """An Asterisk: ASTERISK_ROOT, else `asterisk` on PATH, else the cache, else a download.

    ASTERISK_ROOT is an unpacked tree or an install prefix; when set, nothing else is tried.
    Safe to call from several processes at once: one downloads, the others wait for it.
    Blocks for up to within_s seconds.
    Raises AsteriskUnavailable.
    """
    named = os.environ.get("ASTERISK_ROOT")
    if named:
        return open_tree(Path(named))
    installed = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if installed:
        return AsteriskTree((installed,), _version((installed,)), None, None)
    return _cached_or_downloaded(cache_dir("asterisk"), DEBIAN_SUITE, within_s, download=download)


def find_release(debian_suite: str, *, within_s: float = FETCH_WITHIN_S) -> AsteriskTree:
    """The Asterisk of one Debian release, whatever else is here: from the cache, else a download.

    Blocks for up to within_s seconds. Raises AsteriskUnavailable.
    """
    return _cached_or_downloaded(cache_dir("asterisk", debian_suite), debian_suite, within_s)


def open_tree(root: Path) -> AsteriskTree:
    """The Asterisk below root. Raises AsteriskUnavailable if there is none or it does not run."""
    program = next((p for p in (root / "usr/sbin/asterisk", root / "sbin/asterisk") if p.is_file()), None)
    if program is None:
        raise AsteriskUnavailable(f"asterisk_unavailable: no usr/sbin/asterisk or sbin/asterisk in {root}")
    command: tuple[str, ...] = (str(program),)
    loader = _first(root, "usr/lib/*/ld-linux*.so.*", "lib/*/ld-linux*.so.*", "lib64/ld-linux*.so.*")
    if loader is not None:
        libraries = [
            *root.glob("usr/lib/*-linux-*"),
            *root.glob("lib/*-linux-*"),
            root / "usr/lib",
            root / "lib",
        ]
        path = ":".join(str(folder) for folder in libraries if folder.is_dir())
        command = (str(loader), "--library-path", path, str(program))
    return AsteriskTree(
        command,
        _version(command),
        _first(root, "usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "lib/asterisk/modules"),
        _parent(
            _first(root, "usr/share/asterisk/sounds", "var/lib/asterisk/sounds", "share/asterisk/sounds")
        ),
    )


def _cached_or_downloaded(
    cache: Path, debian_suite: str, within_s: float, *, download: bool = True
) -> AsteriskTree:
    deadline = time.monotonic() + within_s
    cached = _newest_in(cache)
    if cached is not None:
        return cached
    if not download:
        raise AsteriskUnavailable(
            "asterisk_unavailable: not installed, not in the cache, download not asked for"
        )
    with _locked(cache / "lock", deadline):
        return _newest_in(cache) or _download(cache, debian_suite, deadline)


def _download(cache: Path, debian_suite: str, deadline: float) -> AsteriskTree:
    """Into a folder of its own first, renamed when it runs: a half-made tree is never seen."""
    for leftover in cache.glob(".making-*"):  # whoever made it is dead: we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
    try:
        apt = PrivateApt(making / "apt", deadline=deadline)
        (making / "apt").mkdir()
        tree = making / "tree"
        tree.mkdir()
        for package in apt.download(PACKAGES, debian_suite):
            apt.unpack(package, tree)
        sounds = tree / "usr/share/asterisk/sounds"
        voice = _first(sounds, "en_US_*")
        if voice is not None and not (sounds / "en").exists():
            (sounds / "en").symlink_to(voice.name)  # what the package's install script would do
        final = cache / open_tree(tree).version
        if final.exists():
            shutil.rmtree(final)
        tree.rename(final)
        return open_tree(final)
    except AptFailed as error:
        raise AsteriskUnavailable(f"asterisk_unavailable: {error}") from error
    except OSError as error:
        raise AsteriskUnavailable(f"asterisk_unavailable: cannot unpack into {cache}: {error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _newest_in(cache: Path) -> AsteriskTree | None:
    folders = [folder for folder in cache.iterdir() if re.match(r"\d", folder.name)]
    for folder in sorted(folders, key=lambda f: [int(n) for n in re.findall(r"\d+", f.name)], reverse=True):
        try:
            return open_tree(folder)
        except AsteriskUnavailable:
            continue  # made for another kind of machine, or damaged
    return None


def _version(command: tuple[str, ...]) -> str:
    """What `asterisk -V` says, safe as a folder name: `22.10.1`."""
    try:
        done = subprocess.run(  # noqa: S603
            [*command, "-V"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AsteriskUnavailable(f"asterisk_unavailable: {command[-1]} does not run: {error}") from error
    match = re.search(r"Asterisk (?:certified/)?(\d[\w.-]*)", done.stdout)
    if done.returncode != 0 or match is None:
        why = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        raise AsteriskUnavailable(f"asterisk_unavailable: {command[-1]} does not run: {why[0]}")
    return match[1]


@contextmanager
def _locked(path: Path, deadline: float) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel frees it if we die."""
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AsteriskUnavailable(
                        "asterisk_unavailable: another process is still downloading it"
                    ) from None
                time.sleep(0.2)
        yield


def _first(root: Path, *patterns: str) -> Path | None:
    return next((match for pattern in patterns for match in sorted(root.glob(pattern))), None)


def _parent(path: Path | None) -> Path | None:
    return path.parent if path is not None else None
