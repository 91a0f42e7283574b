"""A real Asterisk of our own on loopback ports: for the demo and the tests.

Started from a private configuration, it touches nothing outside its work folder and ends with
us. Everything here blocks; call it from the main thread, whose end is what ends Asterisk when
we are killed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from engine.simulators.asterisk_config import AMI_USERNAME, DIAL_CONTEXT, AsteriskPlan, SipUser, render
from engine.simulators.asterisk_tree import (
    AsteriskTree,
    AsteriskUnavailable,
    find_asterisk,
    find_release,
)

__all__ = [
    "AsteriskTree",
    "AsteriskUnavailable",
    "PrivateAsterisk",
    "SipUser",
    "find_asterisk",
    "find_release",
]

SHIPPED_CONFIG = Path(__file__).resolve().parents[2] / "config" / "asterisk"
# 0.3 to 1.3 s were seen; two busy cores deserve patience.
READY_WITHIN_S = 30.0
STOP_WITHIN_S = 5.0
_SOCKET_PATH_OCTETS = 107  # unix(7)
_RTP_PORTS = 400  # two a leg
_TRAMPOLINE = Path(__file__).with_name("run_with_parent.py")


class PrivateAsterisk:
    """One Asterisk with the given SIP users, an AMI account and the shipped example dialplan.

    host, sip_port (UDP), ami_port (TCP), ami_username, ami_secret: how to reach it.
    message_secret: seals texts from its phones.
    dial_context: the domain's context; 10XX rings users, 600 echoes, +… goes to the carrier, 8610XX is a
    user's mailbox and 860 one's own.
    """

    host = "127.0.0.1"
    ami_username = AMI_USERNAME
    dial_context = DIAL_CONTEXT

    def __init__(
        self,
        work_dir: Path,
        users: Sequence[SipUser],
        *,
        tree: AsteriskTree | None = None,
        carrier: SipUser | None = None,
        sip_port: int | None = None,
        ami_port: int | None = None,
        ring_s: int = 30,
        extra_dialplan: str = "",
        voicemail: bool = False,
        spool_dir: Path | None = None,
    ) -> None:
        """work_dir: made if missing, for configuration and logs; ports not named are picked free.

        tree: from find_asterisk(), which is called without one.
        ring_s: how long the dialplan lets a destination ring.
        extra_dialplan: `exten => …` lines added to dial_context.
        voicemail: whether calls that nobody takes end in the mailbox of the user, which is there anyway.
        spool_dir: where recordings stay when it stops; without one they go with it.
        """
        self.users = {user.name: user for user in users}
        self.carrier = carrier or SipUser("carrier", secrets.token_hex(12))
        self.ami_secret = secrets.token_hex(24)
        self.message_secret = secrets.token_hex(24)
        self.sip_port = sip_port or 0
        self.ami_port = ami_port or 0
        self._pick_ports = sip_port is None and ami_port is None
        self._tree = tree
        self._work_dir = work_dir
        self._ring_s = ring_s
        self._extra_dialplan = extra_dialplan
        self._voicemail = voicemail
        self._spool_dir = None if spool_dir is None else spool_dir.resolve()
        self._run_dir: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PrivateAsterisk:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def tree(self) -> AsteriskTree | None:
        """The Asterisk in use; None before the first start if none was given."""
        return self._tree

    @property
    def voicemail_spool(self) -> Path:
        """Where its recordings are. Raises AsteriskUnavailable while it does not run."""
        if self._run_dir is None:
            raise AsteriskUnavailable("asterisk_unavailable: not started")
        return (self._spool_dir or self._run_dir / "spool") / "voicemail"

    @property
    def log_file(self) -> Path:
        return self._work_dir / "messages.log"

    def start(self) -> None:
        """Start it and wait until it is fully booted; afterwards calls can be placed.

        Raises AsteriskUnavailable; then nothing is left running. Ports picked by us are
        picked again if somebody else takes one in between.
        """
        if self._tree is None:
            self._tree = find_asterisk()
        tries = 3 if self._pick_ports else 1
        for attempt in range(1, tries + 1):
            try:
                self._spawn(self._tree)
                self._wait_ready()
                return
            except BaseException as error:
                self.stop()
                if not isinstance(error, AsteriskUnavailable) or attempt == tries:
                    raise

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for one that does not listen; harmless when not running."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)
                try:
                    self._process.wait(STOP_WITHIN_S)
                except subprocess.TimeoutExpired:
                    self._process.kill()
            self._process.wait()
            self._process = None
        if self._run_dir is not None:
            log = self._run_dir / "log" / "messages.log"
            if log.exists():
                shutil.copyfile(log, self.log_file)
            shutil.rmtree(self._run_dir, ignore_errors=True)
            self._run_dir = None

    def kill(self) -> None:
        """SIGKILL, as a power cut would: no Shutdown event, no hang-ups, phones in dead calls."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def command(self, text: str) -> str:
        """What the console answers, for example to `core show channels`; for tests."""
        if self._tree is None or self._run_dir is None:
            raise AsteriskUnavailable("asterisk_unavailable: not started")
        done = subprocess.run(  # noqa: S603
            [*self._tree.command, "-C", str(self._run_dir / "etc" / "asterisk.conf"), "-rx", text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
        return done.stdout

    def _spawn(self, tree: AsteriskTree) -> None:
        if self._pick_ports:
            self.sip_port = _free_port(socket.SOCK_DGRAM)
            self.ami_port = _free_port(socket.SOCK_STREAM)
        for kind, port in ((socket.SOCK_DGRAM, self.sip_port), (socket.SOCK_STREAM, self.ami_port)):
            if not _is_free(kind, port):
                raise AsteriskUnavailable(f"asterisk_unavailable: port {port} on 127.0.0.1 is in use")
        self._work_dir.mkdir(parents=True, exist_ok=True)
        self._run_dir = run = _run_dir(self._work_dir)
        for part in ("etc", "lib", "spool", "cache", "log"):
            (run / part).mkdir()
        if self._spool_dir is not None:
            self._spool_dir.mkdir(parents=True, exist_ok=True)
        plan = AsteriskPlan(
            etc=run / "etc",
            run=run,
            users=list(self.users.values()),
            carrier=self.carrier,
            sip_port=self.sip_port,
            ami_port=self.ami_port,
            rtp_ports=_free_rtp_range(),
            ami_secret=self.ami_secret,
            message_secret=self.message_secret,
            ring_s=self._ring_s,
            extra_dialplan=self._extra_dialplan,
            voicemail=self._voicemail,
            spool=self._spool_dir,
        )
        for name, text in render(tree, plan, SHIPPED_CONFIG).items():
            (run / "etc" / name).write_text(text, encoding="utf-8")
        with (self._work_dir / "console.log").open("wb") as console:
            self._process = subprocess.Popen(  # noqa: S603
                [
                    *(sys.executable, "-I", "-S", str(_TRAMPOLINE), str(os.getpid())),
                    *tree.command,
                    *("-C", str(run / "etc" / "asterisk.conf"), "-f"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=run,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(run), "LANG": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C in the terminal is ours to pass on
            )

    def _wait_ready(self) -> None:
        """AMI takes logins before the dialplan is there; FullyBooted says that everything is."""
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AsteriskUnavailable(
                    f"asterisk_unavailable: it ended with {self._process.returncode}: {self._last_words()}"
                )
            if self._is_booted(deadline):
                return
            time.sleep(0.02)
        raise AsteriskUnavailable(
            f"asterisk_unavailable: not ready after {READY_WITHIN_S:.0f} s: {self._last_words()}"
        )

    def _is_booted(self, deadline: float) -> bool:
        who = f"Username: {self.ami_username}\r\nSecret: {self.ami_secret}"
        login = f"Action: Login\r\n{who}\r\nEvents: system\r\n\r\n"
        try:
            with socket.create_connection((self.host, self.ami_port), timeout=1.0) as link:
                link.sendall(login.encode())
                link.settimeout(max(deadline - time.monotonic(), 0.1))
                heard = b""
                while b"Event: FullyBooted" not in heard:
                    data = link.recv(65536)
                    heard += data
                    if not data or b"Response: Error" in heard:
                        return False
                return True
        except OSError:
            return False

    def _last_words(self) -> str:
        for log in (self._work_dir / "console.log", self._run_dir and self._run_dir / "log" / "messages.log"):
            if log and log.exists():
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                if lines:
                    return " | ".join(lines[-3:])
        return "it said nothing"


def _run_dir(work_dir: Path) -> Path:
    """A new folder in work_dir, or in /tmp where the control socket's path would be too long."""
    within = work_dir.resolve()
    too_long = len(str(within / "run-abcdefgh" / "asterisk.ctl")) > _SOCKET_PATH_OCTETS
    return Path(tempfile.mkdtemp(prefix="run-", dir=None if too_long else within))


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:  # a port in TIME_WAIT is free: Asterisk sets this too
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_rtp_range() -> tuple[int, int]:
    """Below the kernel's ephemeral ports, so that nobody's client socket sits in it.

    Two instances may draw overlapping ranges: Asterisk skips ports in use.
    """
    first = 10_000 + 2 * secrets.randbelow((32_000 - _RTP_PORTS - 10_000) // 2)
    return first, first + _RTP_PORTS
