"""The command as people run it: processes, ports, signals, a PBX and a carrier that are simulated."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.peers.ports import free_port

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "engine.cli")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def ringback(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


@dataclass
class Running:
    """A verb that runs until it is stopped. log: what it has written to standard error so far."""

    process: subprocess.Popen[str]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def wait_for(self, pattern: str, within_s: float = 60) -> re.Match[str]:
        until = monotonic() + within_s
        while True:
            if found := re.search(pattern, self.log):
                return found
            if self.process.poll() is not None or monotonic() > until:
                raise AssertionError(f"no {pattern!r} in:\n{self.log}")
            sleep(0.05)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    """Start a verb; it is ended with the test."""
    with ExitStack() as stack:

        def run(*words: str, **variables: str) -> Running:
            log_file = tmp_path / f"{'-'.join(words[:2])}.{len(list(tmp_path.iterdir()))}.log"
            stream = stack.enter_context(log_file.open("w"))
            process = subprocess.Popen(
                [*COMMAND, *words],
                cwd=tmp_path,
                env=environment(**variables),
                stdout=stream,
                stderr=stream,
                text=True,
            )
            stack.callback(_end, process)
            return Running(process, log_file)

        yield run


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


@dataclass
class Tenant:
    key: str
    user: str
    key_id: str


def tenant(folder: Path) -> Tenant:
    """Ann with a phone and a number, and a key of the domain, made on the command line."""

    def made(*words: str) -> dict[str, str]:
        result = ringback(folder, *words, "--json")
        assert result.returncode == 0, result.stderr
        record: dict[str, str] = json.loads(result.stdout)
        return record

    domain = made("domain", "add", "Acme", "--pbx", "main", "--context", "acme", "--region", "DE")["id"]
    user = made("user", "add", "101", "Ann", "--domain", domain)["id"]
    made("user", "add", "102", "Bob", "--domain", domain)
    made("device", "add", "acme-101", "--user", user)
    made("number", "add", "+4930123456", "--domain", domain, "--carrier", "one", "--user", user)
    key = made("key", "add", "test", "--scope", "office_manager", "--domain", domain)
    return Tenant(key["secret"], user, key["id"])


def write_configuration(folder: Path, port: int, ami_port: int, smpp_port: int) -> None:
    file = folder / "ringback.toml"
    file.write_text(
        f"""
[server]
port = {port}
[storage]
data_dir = "data"
[[pbx]]
name = "main"
host = "127.0.0.1"
port = {ami_port}
username = "ringback"
secret = "ringback"
[[carrier]]
name = "one"
hosts = ["127.0.0.1:{smpp_port}"]
system_id = "acme"
password = "secret"
"""
    )
    file.chmod(0o600)


def test_a_call_and_a_text_from_the_command_line(tmp_path: Path, start) -> None:  # type: ignore[no-untyped-def]
    port, ami_port, smpp_port = free_port(), free_port(), free_port()
    write_configuration(tmp_path, port, ami_port, smpp_port)
    ann = tenant(tmp_path)
    pbx = start("simulate", "pbx", "--port", str(ami_port), "--ring-s", "0.2", "--talk-s", "0.5")
    smsc = start("simulate", "smsc", "--port", str(smpp_port), "--receipt-delay-s", "0.1")
    pbx.wait_for("pbx_listening")
    smsc.wait_for("smsc")
    engine = start("serve")
    engine.wait_for("engine.started")
    _wait_until_ready(port)

    called = ringback(tmp_path, "call", "102", "--user", ann.user, RINGBACK_KEY=ann.key)
    assert called.returncode == 0, called.stdout + called.stderr
    lines = called.stdout.splitlines()
    assert re.fullmatch(r"call_[0-9a-f]{32}", lines[0])
    assert lines[-1].startswith("completed")

    sent = ringback(
        tmp_path, "send", "Hello", "--from", "+4930123456", "--to", "+4915112345678", RINGBACK_KEY=ann.key
    )
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert sent.stdout.splitlines()[-1] == "+4915112345678 delivered"

    # What an administrator revokes beside the running engine stops working there within 5 s.
    assert ringback(tmp_path, "key", "revoke", ann.key_id).returncode == 0
    until = monotonic() + 5
    again = ("call", "102", "--user", ann.user, "--wait", "0")
    began = monotonic()
    while (refused := ringback(tmp_path, *again, RINGBACK_KEY=ann.key)).returncode == 0:
        assert began < until, "the key still works"
        began = monotonic()
    assert refused.returncode == 1
    assert "error[credential_revoked]: " in refused.stderr
    assert "Traceback" not in refused.stderr

    engine.process.send_signal(signal.SIGTERM)
    assert engine.process.wait(60) == 0
    assert "Traceback" not in engine.log
    assert ann.key not in engine.log
    assert "Hello" not in engine.log


def test_interrupting_a_call_hangs_up(tmp_path: Path, start) -> None:  # type: ignore[no-untyped-def]
    port, ami_port, smpp_port = free_port(), free_port(), free_port()
    write_configuration(tmp_path, port, ami_port, smpp_port)
    ann = tenant(tmp_path)
    start("simulate", "pbx", "--port", str(ami_port), "--ring-s", "0.2").wait_for("pbx_listening")
    start("serve").wait_for("engine.started")
    _wait_until_ready(port)
    call = start("call", "102", "--user", ann.user, RINGBACK_KEY=ann.key)
    call.wait_for(r"\nconnected")
    call.process.send_signal(signal.SIGINT)
    assert call.process.wait(60) == 130
    assert "Traceback" not in call.log
    identity = call.log.splitlines()[0]
    until = monotonic() + 10
    while (status := _get(port, f"/v1/calls/{identity}", ann.key)["status"]) == "connected":
        assert monotonic() < until
        sleep(0.05)
    assert status in ("canceled", "completed")


def test_a_wrong_key_is_told_of_in_one_line(tmp_path: Path, start) -> None:  # type: ignore[no-untyped-def]
    port = free_port()
    (tmp_path / "ringback.toml").write_text(f"[server]\nport = {port}\n")
    start("serve").wait_for("engine.started")
    result = ringback(tmp_path, "call", "102", "--key", "rbk_" + "a" * 43)
    assert result.returncode == 1
    assert result.stderr == (
        "error[credential_unknown]: The credential is not accepted. Ask your administrator for a new one.\n"
    )
    none = ringback(tmp_path, "call", "102")
    assert none.returncode == 2
    assert "RINGBACK_KEY" in none.stderr


def test_a_port_in_use_is_told_of_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        (tmp_path / "ringback.toml").write_text(f'[server]\nport = {port}\n[log]\nlevel = "warning"\n')
        served = ringback(tmp_path, "serve")
        simulated = ringback(tmp_path, "simulate", "smsc", "--port", str(port))
    for result, option in ((served, "[server] port"), (simulated, "--port")):
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1] == (
            f"error[port_in_use]: 127.0.0.1:{port}: another program listens on this port;"
            f" choose another with {option}."
        )
        assert "Traceback" not in result.stderr


def test_an_engine_that_does_not_run_is_told_of_in_one_line(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = ringback(tmp_path, "call", "102", "--url", url, "--key", "rbk_" + "a" * 43)
    assert result.returncode == 1
    assert (
        result.stderr == f"error[server_unreachable]: No engine answers at {url}. Is it running? See --url.\n"
    )


def test_bad_simulator_options_are_told_of_in_one_line(tmp_path: Path) -> None:
    result = ringback(tmp_path, "simulate", "smsc", "--drop-response-probability", "2")
    assert result.returncode == 2
    assert result.stderr == "error[invalid_options]: drop_response_probability must be 0 to 1\n"
    profile = ringback(tmp_path, "simulate", "smsc", "--profile-max-segments", "0")
    assert profile.returncode == 2
    assert profile.stderr == "error[invalid_options]: max_segments must be 1 to 255, not 0\n"


@pytest.mark.parametrize(
    "verb",
    [
        "",
        "serve",
        "check-config",
        "migrate",
        "demo",
        "call",
        "send",
        "simulate",
        "simulate pbx",
        "simulate smsc",
    ]
    + [f"{noun} {verb}" for noun in ("domain", "user", "device", "number") for verb in ("", "add", "remove")]
    + ["key add", "key revoke"],
)
def test_every_verb_has_help(verb: str) -> None:
    from typer.testing import CliRunner

    from engine.cli import app

    result = CliRunner().invoke(app, [*verb.split(), "--help"])
    assert result.exit_code == 0
    usage, _, rest = result.stdout.partition("\n")
    assert " ".join(["ringback", *verb.split()]) in usage or verb == ""
    assert len(rest.strip()) > 40


def test_help_loads_neither_database_nor_web_framework() -> None:
    script = (
        "import sys; from engine.cli import app; from typer.testing import CliRunner;"
        "CliRunner().invoke(app, ['--help']);"
        "heavy = ('sqlalchemy', 'aiohttp', 'pydantic', 'phonenumbers');"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.stdout == "[]\n"


def _wait_until_ready(port: int) -> None:
    until = monotonic() + 15
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except urllib.error.HTTPError:
            assert monotonic() < until, "never became ready"
            sleep(0.05)


def _get(port: int, path: str, key: str) -> dict[str, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        document: dict[str, str] = json.load(response)
        return document
