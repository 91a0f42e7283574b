"""The wheel, in an environment that holds the runtime requirements and nothing else."""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.unit.project.checkout import ROOT, files


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what is in the repository, as a release would be."""
    built = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(source)]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *build], check=True)
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with the wheel.

    What requirements/runtime.txt pins is linked from the environment of the tests, which has the same
    versions; so this needs no registry.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    for name in _pinned_here():
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            if not str(file).startswith("..") and file.suffix != ".pyc":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).symlink_to(file.locate())
    install = [
        "--python",
        str(home / "bin/python"),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *install], check=True)
    return home / "bin"


def _pinned_here() -> Iterator[str]:
    """What the runtime requirements install on this machine."""
    there = {_normal(one.name) for one in importlib.metadata.distributions()}
    for line in (ROOT / "requirements/runtime.txt").read_text().splitlines():
        if (pin := re.match(r"([a-z0-9][a-z0-9-]*)==", line)) and (pin[1] in there or ";" not in line):
            yield pin[1]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def ringback(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(installed / "ringback"), *words]
    return subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=60)


def _environment() -> dict[str, str]:
    """Nothing that leads to the checkout or to a configuration of this machine."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RINGBACK_", "PYTHON", "VIRTUAL"))
    }


def test_the_wheel_holds_the_three_packages_and_all_their_files(wheel: Path) -> None:
    wanted = {str(path) for path in files() if path.parts[0] in ("engine", "api", "config")}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
    pages = {name for name in names if name.startswith("api/portal_assets/")}
    assert names - pages == wanted
    assert {"api/portal_assets/index.html", "api/portal_assets/sw.js"} <= pages
    assert licences
    assert {
        "config/ringback.example.toml",
        "config/asterisk/manager.conf",
        "engine/storage/migrations/versions/0001_everything_the_engine_keeps.py",
    } <= names


def test_the_installed_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    answer = ringback(installed, tmp_path, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "serve" in answer.stdout


def test_it_reads_a_configuration_and_the_shipped_example(installed: Path, tmp_path: Path) -> None:
    assert ringback(installed, tmp_path, "check-config").stdout.endswith("The configuration can be used.\n")
    (example,) = installed.parent.glob("lib/python*/site-packages/config/ringback.example.toml")
    answer = ringback(installed, tmp_path, "check-config", "--config", str(example))
    assert answer.returncode == 0, answer.stderr


def test_it_serves_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    variables = {"RINGBACK_SERVER__PORT": "0", "RINGBACK_STORAGE__DATA_DIR": str(tmp_path / "data")}
    with log.open("w") as stream:
        engine = subprocess.Popen(
            [str(installed / "ringback"), "serve"],
            cwd=tmp_path,
            env={**_environment(), **variables},
            stdout=stream,
            stderr=stream,
        )
    try:
        until = monotonic() + 60
        while not (told := re.search(r"127\.0\.0\.1:(\d+)", log.read_text())):
            assert engine.poll() is None, log.read_text()
            assert monotonic() < until, log.read_text()
            sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{told[1]}/health/live", timeout=10) as answer:
            assert answer.status == 200
        page = urllib.request.Request(f"http://127.0.0.1:{told[1]}/", headers={"Accept": "text/html"})
        with urllib.request.urlopen(page, timeout=10) as answer:
            shown = answer.read().decode()
            assert '<div id="portal">' in shown
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
        parts = set(re.findall(r'"(/assets/[^"]+)"', shown))
        assert parts
        for part in parts:
            with urllib.request.urlopen(f"http://127.0.0.1:{told[1]}{part}", timeout=10) as answer:
                assert answer.status == 200
                assert answer.read()
        engine.send_signal(signal.SIGTERM)
        assert engine.wait(20) == 0, log.read_text()
    finally:
        engine.kill()
        engine.wait()
    assert "Traceback" not in log.read_text()
    assert (tmp_path / "data/ringback.db").is_file()


def test_the_demo_says_what_is_missing_and_goes_on_without(installed: Path, tmp_path: Path) -> None:
    answer = ringback(installed, tmp_path, "demo", "--smoke", "--scratch", "--port", "0")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert re.search(r"No real phones here \(.*pjsua2", answer.stdout)
    assert "smoke: call connected in" in answer.stdout
