"""A private Asterisk starts, says so, and never outlives whoever started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, SipUser

pytestmark = pytest.mark.asterisk
ROOT = Path(__file__).resolve().parents[3]
USER = SipUser("1001", "secret", "Anna")


def ended(pid: int, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)


def test_it_starts_takes_commands_and_leaves_nothing(asterisk: PrivateAsterisk, tmp_path: Path) -> None:
    private = PrivateAsterisk(tmp_path, [USER], tree=asterisk.tree)
    with private:
        assert private.pid is not None
        assert "1001" in private.command("pjsip show endpoints")
        pid = private.pid
    assert ended(pid, within_s=0.1)
    log = private.log_file.read_text()
    assert "Asterisk" in log
    assert "ERROR" not in log, "the shipped configuration must load without complaint"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", private.ami_port))


def test_the_shipped_account_has_the_least_privileges(asterisk: PrivateAsterisk) -> None:
    shown = asterisk.command("manager show user ringback")
    rights = {
        line.partition(":")[0].strip(): set(line.partition(":")[2].strip().split(","))
        for line in shown.splitlines()
    }
    assert rights["read perm"] == {"system", "call", "user", "cdr"}
    assert rights["write perm"] == {"originate", "call", "reporting", "message", "user"}


def test_a_port_in_use_is_named(asterisk: PrivateAsterisk, tmp_path: Path) -> None:
    private = PrivateAsterisk(tmp_path, [USER], tree=asterisk.tree, ami_port=asterisk.ami_port, sip_port=5999)
    with pytest.raises(AsteriskUnavailable, match=f"port {asterisk.ami_port} .* in use"):
        private.start()
    assert private.pid is None


def test_a_kill_is_sudden(asterisk: PrivateAsterisk, tmp_path: Path) -> None:
    private = PrivateAsterisk(tmp_path, [USER], tree=asterisk.tree)
    private.start()
    pid = private.pid
    assert pid is not None
    private.kill()
    assert ended(pid, within_s=0.1)


def test_it_ends_with_a_starter_that_is_killed(asterisk: PrivateAsterisk, tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from engine.simulators.asterisk import PrivateAsterisk, SipUser
        private = PrivateAsterisk(Path(sys.argv[1]), [SipUser("1001", "secret")])
        private.start()
        print(private.pid, flush=True)
        time.sleep(60)
        """
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    assert ended(pid, within_s=3.0)
