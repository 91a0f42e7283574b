"""The servers: how each is set up and started, and who is there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from bench.chat.pace import pairs
from bench.sms.processes import ROOT, Processes, Trouble, free_port, listens

_APT_S = 300
_AT_ONCE = 16


@dataclass(frozen=True)
class Ready:
    """A server with people. load: the module that plays them; people: the file it reads."""

    port: int
    load: str
    people: Path


class Server(Protocol):
    name: str

    def start(self, processes: Processes, people: int) -> Ready:
        """Start it with empty stores and make so many people. Raises Trouble."""


class Ringback:
    """`ringback serve` as installed, on SQLite with synchronous=FULL; a token each."""

    name = "ringback"

    def start(self, processes: Processes, people: int) -> Ready:
        folder, port = processes.folder, free_port()
        config = folder / "ringback.toml"
        config.touch(mode=0o600)
        config.write_text(f"""
[server]
port = {port}
[storage]
data_dir = "{folder}/data"
[log]
level = "error"
[[pbx]]
name = "none"
host = "127.0.0.1"
port = {free_port()}
username = "bench"
secret = "secret"
""")
        domain = _ringback(config, "domain", "add", "Bench", "--pbx", "none", "--context", "none")["id"]
        scope = ("--scope", "office_manager")
        key = _ringback(config, "key", "add", "bench", "--domain", domain, *scope)["secret"]
        processes.start("ringback", [sys.executable, "-m", "engine.cli", "serve", "-c", str(config)])
        processes.until(lambda: listens(port), "ringback serve")
        made = asyncio.run(_people(f"http://127.0.0.1:{port}", domain, key, people))
        file = folder / "people.json"
        file.write_text(json.dumps(made))
        return Ready(port, "bench.chat.over_http", file)


class Prosody:
    """Debian's. archive: whether it keeps messages (mod_mam, files, no fsync), as chat servers do."""

    def __init__(self, *, archive: bool) -> None:
        self.name = "prosody, archive" if archive else "prosody"
        self._archive = archive

    def start(self, processes: Processes, people: int) -> Ready:
        folder, port = processes.folder, free_port()
        data = folder / "data"
        accounts = data / "localhost" / "accounts"
        accounts.mkdir(parents=True)
        everybody = []
        for one, other in pairs(people):
            for who, to in ((one, other), (other, one)):
                (accounts / f"user{who}.dat").write_text('return { ["password"] = "secret" };\n')
                jid, to_jid = f"user{who}@localhost/bench", f"user{to}@localhost"
                everybody.append({"jid": jid, "password": "secret", "to": to_jid})
        config = folder / "prosody.cfg.lua"
        archive = '"mam";' if self._archive else ""
        config.write_text(_PROSODY.format(folder=folder, data=data, port=port, archive=archive))
        program = shutil.which("prosody")
        assert program is not None
        if os.geteuid() == 0:  # it refuses to be root, and its own account has to write here
            shutil.chown(folder, "prosody")
            for path in folder.rglob("*"):
                shutil.chown(path, "prosody")
            for parent in folder.parents:
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o001)
            command = ["setpriv", "--reuid=prosody", "--regid=prosody", "--init-groups", program]
        else:
            command = [program]
        processes.start("prosody", [*command, "--config", str(config), "-F"])
        processes.until(lambda: listens(port), "prosody")
        file = folder / "people.json"
        file.write_text(json.dumps(everybody))
        return Ready(port, "bench.chat.over_xmpp", file)


def prosody_missing() -> str:
    """Why Prosody cannot be run here; empty if it can. Installs the distribution's where root may."""
    if shutil.which("prosody") is None:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            return "Prosody is not installed and only root could (apt-get install prosody)"
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for verb in (["update"], ["install", "-y", "--no-install-recommends", "prosody"]):
            subprocess.run(
                ["apt-get", "-qq", *verb], env=quiet, stdout=subprocess.DEVNULL, timeout=_APT_S, check=False
            )
    return "" if shutil.which("prosody") else "Prosody could not be installed (apt-get install prosody)"


async def _people(url: str, domain: str, key: str, count: int) -> list[dict[str, str]]:
    """Users with a token each, and a chat for every two of them."""
    few = asyncio.Semaphore(_AT_ONCE)

    async def post(http: aiohttp.ClientSession, path: str, body: object, token: str) -> dict[str, str]:
        async with few, http.post(path, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
            made: dict[str, str] = await answer.json()
            if answer.status not in (200, 201):
                raise Trouble(f"{path}: {made}")
            return made

    async with aiohttp.ClientSession(url) as http:

        async def user(number: int) -> dict[str, str]:
            body = {"domain_id": domain, "extension": str(100_000 + number), "display_name": f"User {number}"}
            made = await post(http, "/v1/users", body, key)
            token = await post(http, f"/v1/users/{made['id']}/tokens", {"lifetime_s": 86_400}, key)
            return {"user_id": made["id"], "token": token["secret"]}

        async def chat(one: dict[str, str], other: dict[str, str]) -> list[dict[str, str]]:
            body = {"to": [{"user_id": other["user_id"]}]}
            made = await post(http, "/v1/conversations", body, one["token"])
            return [{**who, "conversation_id": made["id"]} for who in (one, other)]

        users = await asyncio.gather(*map(user, range(count)))
        chats = await asyncio.gather(*(chat(users[one], users[other]) for one, other in pairs(count)))
        return [who for two in chats for who in two]


def _ringback(config: Path, *words: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", *words, "-c", str(config), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Trouble(f"ringback {' '.join(words)}: {done.stderr}")
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


_PROSODY = """\
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{data}"
log = {{ warn = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{}}
modules_enabled = {{ "roster"; "saslauth"; "disco"; {archive} }}
modules_disabled = {{ "s2s"; "offline" }}
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
archive_expires_after = "never"
limits = {{}}
network_settings = {{ read_timeout = 3600 }}
VirtualHost "localhost"
"""
