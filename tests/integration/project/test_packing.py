"""What becomes a release: the sdist, what an image is built from, and the pages on a machine without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.unit.project.checkout import ROOT

#: An sdist is read by people: sources, tests with their captures, pictures, built pages.
SDIST_OCTETS = 8_000_000
_NODE = {"node", "nodejs", "npm", "npx", "corepack"}


@pytest.fixture(scope="module")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which every program is found but Node's."""
    programs = tmp_path_factory.mktemp("programs")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for path in Path(folder).glob("*"):
            if path.name not in _NODE and not (programs / path.name).exists():
                (programs / path.name).unlink(missing_ok=True)
                (programs / path.name).symlink_to(path)
    assert shutil.which("node", path=str(programs)) is None
    return {**os.environ, "PATH": str(programs)}


def wheel_of(source: Path, built: Path, environment: dict[str, str]) -> set[str]:
    """The names in the wheel that is built from this folder, without those that describe it."""
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(source)]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *build]
    subprocess.run(command, env=environment, check=True)
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def pages(folder: Path) -> set[str]:
    """The built pages of a checkout, as a wheel names them."""
    assets = folder / "api" / "portal_assets"
    return {path.relative_to(folder).as_posix() for path in assets.rglob("*") if path.is_file()}


def test_from_the_sdist_alone_the_same_wheel_is_built_without_node(
    source: Path, without_node: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    assert sdist.stat().st_size < SDIST_OCTETS
    shutil.unpack_archive(sdist, tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert (unpacked / "tests" / "integration" / "project" / Path(__file__).name).is_file()
    names = wheel_of(unpacked, tmp_path / "wheel", without_node)
    assert pages(source) <= names
    assert {name for name in names if name.startswith("api/portal_assets/")} == pages(source)
    assert {"engine/app.py", "config/ringback.example.toml"} <= names


def test_what_the_image_is_built_from_gives_a_wheel_with_pages(
    source: Path, without_node: dict[str, str], tmp_path: Path
) -> None:
    """Its Dockerfile copies only some of the repository, and .dockerignore lets only some through."""
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    first_stage = (ROOT / "docker" / "Dockerfile").read_text().split("\nFROM ")[1]
    copied = tmp_path / "copied"
    copied.mkdir()
    for line in first_stage.splitlines():
        if not line.startswith("COPY "):
            continue
        *names, _to = line.split()[1:]
        for name in names:
            assert name in let_through
            if (source / name).is_dir():
                shutil.copytree(source / name, copied / name)
            else:
                (copied / name).parent.mkdir(exist_ok=True)
                shutil.copy(source / name, copied / name)
    assert pages(source) <= wheel_of(copied, tmp_path / "wheel", without_node)


def test_without_node_the_pages_are_built_with_the_one_of_a_wheel(
    source: Path, without_node: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(source / "portal", tmp_path / "portal")
    modules = ROOT / "portal" / "node_modules"
    if modules.is_dir():  # as a build leaves it; saves fetching them again
        (tmp_path / "portal" / "node_modules").symlink_to(modules)
    (tmp_path / "api").mkdir()
    build = subprocess.run(
        [sys.executable, str(tmp_path / "portal" / "build.py")],
        env=without_node,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    assert {"index.html", "sw.js", "build.json"} <= {path.name for path in map(Path, pages(tmp_path))}
