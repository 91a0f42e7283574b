"""Where each PBX keeps its voicemail, and how often it is looked at; `config/` fills it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
MIN_TOKEN_CHARACTERS = 24
_TOKEN = re.compile(r"[!-~]{24,200}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolSettings:
    """The spool of one PBX: a path on this machine, or a `ringback voicemail-fetcher` beside it.

    name: the PBX. token: what the fetcher was given. ca_file: who signed its certificate, where that is
    none of the system's authorities. allow_plaintext: lets token and recordings cross the network in clear.
    """

    name: str
    path: Path | None = None
    fetcher_url: str = ""
    token: str = field(default="", repr=False)
    ca_file: str | None = None
    allow_plaintext: bool = False

    def problems(self) -> list[str]:
        if (self.path is None) == (not self.fetcher_url):
            return ["path: give either path or fetcher_url."]
        if not self.fetcher_url:
            return []
        found = []
        parts = urlsplit(self.fetcher_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            found.append("fetcher_url: give scheme, host and port, for example https://pbx.example.com:8091.")
        elif parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allow_plaintext:
            found.append("fetcher_url: https for a host that is not this machine, or set allow_plaintext.")
        if not _TOKEN.fullmatch(self.token):
            found.append(f"token: {MIN_TOKEN_CHARACTERS} to 200 characters without spaces.")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class VoicemailSettings:
    """scan_every_s: how often each mailbox is looked at besides the moments the PBX tells of."""

    # The PBX tells of what it does itself within a second; this is for what others do to the spool.
    scan_every_s: float = 15.0
    spool: tuple[SpoolSettings, ...] = ()

    def problems(self) -> list[str]:
        found = []
        if not 0.05 <= self.scan_every_s <= 3_600:
            found.append("scan_every_s: must be 0.05 to 3,600.")
        names = [one.name for one in self.spool]
        if len(set(names)) != len(names):
            found.append("spool: name each PBX once.")
        return found
