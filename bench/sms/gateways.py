"""The gateways: how each is set up, started and asked for a text."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.sms.load import MARK
from bench.sms.processes import ROOT, Processes, Trouble, free_port, listens

#: 71 characters of GSM 7-bit, one segment; the number first, so that the sink can tell texts apart.
TEXT = f"{MARK.decode()} Your verification code is 123456. Do not share it with anyone."
#: A German mobile number of its own for each text.
RECIPIENT = f"+49151{MARK.decode()}"
SENDER = "+12025550100"
_APT_S = 300


@dataclass(frozen=True)
class Ready:
    """A gateway that takes texts. template: a raw request; batch: how many texts it carries."""

    port: int
    template: bytes
    batch: int = 1


class Gateway(Protocol):
    name: str

    def start(self, processes: Processes, smsc_port: int) -> Ready:
        """Start it with an empty store. Raises Trouble."""


class Ringback:
    """`ringback serve` as installed: SQLite with synchronous=FULL, a key, an Idempotency-Key a request."""

    def __init__(self, window: int, batch: int = 1) -> None:
        self.name = "ringback" if batch == 1 else f"ringback, {batch} a POST"
        self._window = window
        self._batch = batch

    def start(self, processes: Processes, smsc_port: int) -> Ready:
        folder, port = processes.folder, free_port()
        config = folder / "ringback.toml"
        config.touch(mode=0o600)
        config.write_text(f"""
[server]
port = {port}
[storage]
data_dir = "{folder}/data"
[log]
level = "warning"
[[pbx]]
name = "none"
host = "127.0.0.1"
port = {free_port()}
username = "bench"
secret = "secret"
[[carrier]]
name = "sink"
hosts = ["127.0.0.1"]
port = {smsc_port}
system_id = "bench"
password = "secret"
window_pdus = {self._window}
""")
        domain = _ringback(config, "domain", "add", "Bench", "--pbx", "none", "--context", "none")["id"]
        _ringback(config, "number", "add", SENDER, "--domain", domain, "--carrier", "sink")
        scope = ("--scope", "office_manager")
        key = _ringback(config, "key", "add", "bench", "--domain", domain, *scope)["secret"]
        processes.start("ringback", [sys.executable, "-m", "engine.cli", "serve", "-c", str(config)])
        processes.until(lambda: listens(port), "ringback serve")
        one = json.dumps({"from": SENDER, "to": [RECIPIENT], "text": TEXT})
        path, body = "/v1/messages", one
        if self._batch > 1:
            path, body = "/v1/messages:batch", f'{{"messages": [{", ".join([one] * self._batch)}]}}'
        head = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": f"bench-{MARK.decode()}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        return Ready(port, _request("POST", path, head, body), self._batch)


class Kannel:
    """bearerbox and smsbox. store: how bearerbox keeps what it has accepted: none, `file` or `spool`.

    `-v 4`: at their own verbosity both write some 50 debug lines a text to standard output, which
    costs a third of their speed.
    """

    def __init__(self, window: int, store: str = "") -> None:
        self.name = f"kannel, {store or 'no'} store"
        self._window = window
        self._store = store

    def start(self, processes: Processes, smsc_port: int) -> Ready:
        folder, port, box_port = processes.folder, free_port(), free_port()
        config = folder / "kannel.conf"
        config.write_text(_KANNEL.format(
            folder=folder, port=port, box_port=box_port, admin_port=free_port(), smsc_port=smsc_port,
            window=self._window, store=self._store_lines(folder),
        ))  # fmt: skip
        processes.start("bearerbox", [_program("bearerbox"), "-v", "4", str(config)])
        processes.until(lambda: listens(box_port), "bearerbox")
        processes.start("smsbox", [_program("smsbox"), "-v", "4", str(config)])
        processes.until(lambda: listens(port), "smsbox")
        time.sleep(1)  # nothing tells that its bind is up
        to, text = RECIPIENT.replace("+", "%2B"), TEXT.replace(" ", "%20")
        path = f"/cgi-bin/sendsms?username=u&password=p&from=TEST&to={to}&text={text}"
        return Ready(port, _request("GET", path, {"Host": "127.0.0.1", "Connection": "keep-alive"}))

    def _store_lines(self, folder: Path) -> str:
        if not self._store:
            return ""
        where = folder / "store"
        if self._store == "spool":
            where.mkdir()
        return f'store-type = {self._store}\nstore-location = "{where}"\nstore-dump-freq = 10'


def kannel_missing() -> str:
    """Why Kannel cannot be run here; empty if it can. Installs the distribution's where root may."""
    if not all(map(_program, ("bearerbox", "smsbox"))):
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            return "Kannel is not installed and only root could (apt-get install kannel)"
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for verb in (["update"], ["install", "-y", "--no-install-recommends", "kannel"]):
            subprocess.run(
                ["apt-get", "-qq", *verb], env=quiet, stdout=subprocess.DEVNULL, timeout=_APT_S, check=False
            )
    if not all(map(_program, ("bearerbox", "smsbox"))):
        return "Kannel could not be installed (apt-get install kannel)"
    return ""


def _program(name: str) -> str:
    """Empty if it is not there; Debian puts it where only root looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _ringback(config: Path, *words: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", *words, "-c", str(config), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Trouble(f"ringback {' '.join(words)}: {done.stderr}")
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _request(method: str, path: str, head: dict[str, str], body: str = "") -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n{body}".encode()


_KANNEL = """\
group = core
admin-port = {admin_port}
admin-interface = 127.0.0.1
admin-password = bench
smsbox-port = {box_port}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
log-level = 2
log-file = {folder}/bearerbox.log
dlr-storage = internal
{store}

group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
port = {smsc_port}
transceiver-mode = true
smsc-username = bench
smsc-password = secret
system-type = ""
interface-version = 34
max-pending-submits = {window}
enquire-link-interval = 30

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {port}
sendsms-interface = 127.0.0.1
log-level = 2
log-file = {folder}/smsbox.log

group = sendsms-user
username = u
password = p
max-messages = 5
concatenation = true
"""
