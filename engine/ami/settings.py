"""What one AMI link needs to know; `config/` fills it, the client reads it.

No sockets and no panoramisk here, so that configuration can be checked without either.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from engine.ami.actions import has_unsafe_characters
from engine.ami.presence import MarkTemplate

# A login line is one AMI header; 200 characters is far more than any account needs.
_CREDENTIAL_CHARACTERS = 200
_SECRET_WORD = re.compile(r"[A-Za-z0-9]{16,128}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AmiSettings:
    """One Asterisk Manager account on one PBX.

    name: how configuration, logs and domains refer to this PBX.
    tls: verified against ca_file, or the system's authorities without one.
    allow_plaintext: permits a host that is not this machine without TLS; the secret then
    crosses the network in clear.
    allow_extra_privileges: use the account even if it may do more than Ringback needs
    (run commands, change configuration, read or write files).
    ping_every_s: a link that was silent this long is probed; answer_timeout_s: how long any
    action, the probe included, may wait for its answer.
    do_not_disturb_state: where this PBX keeps do-not-disturb of an endpoint: `CustomPresence:{endpoint}`,
    a presence state, or `Custom:DND{endpoint}`, a device state; empty keeps it out of the PBX.
    message_secret: RINGBACK_MESSAGE_SECRET of this PBX's dialplan, which seals texts from desk phones;
    empty takes none.
    reconnect_min_s: the pause after the first failure; it doubles with each up to reconnect_max_s,
    and is shortened at random by up to half, so that nodes do not knock together.
    """

    name: str
    host: str
    port: int = 5038  # manager.conf default; 5039 is usual with TLS
    username: str
    secret: str = field(repr=False)
    tls: bool = False
    ca_file: str | None = None
    allow_plaintext: bool = False
    allow_extra_privileges: bool = False
    do_not_disturb_state: str = ""
    message_secret: str = field(default="", repr=False)
    # Asterisk keeps idle sessions for ever, but firewalls forget them after minutes.
    ping_every_s: float = 10.0
    # A wrong password is answered after 1.0 s, a list of 4,000 channels within 0.15 s.
    answer_timeout_s: float = 5.0
    reconnect_min_s: float = 0.5
    reconnect_max_s: float = 30.0

    def problems(self) -> list[str]:
        """Everything that makes these settings unusable, each a sentence naming its setting."""
        found = []
        if not self.host:
            found.append("host: must not be empty.")
        if not 1 <= self.port <= 65535:
            found.append("port: must be between 1 and 65535.")
        for name, value in (("username", self.username), ("secret", self.secret)):
            if not 1 <= len(value) <= _CREDENTIAL_CHARACTERS or has_unsafe_characters(value):
                found.append(f"{name}: 1 to {_CREDENTIAL_CHARACTERS} characters, no control characters.")
        if self.message_secret and not _SECRET_WORD.fullmatch(self.message_secret):
            found.append("message_secret: 16 to 128 letters and digits, as a dialplan can hold them.")
        if self.ca_file is not None and not self.tls:
            found.append("ca_file: has no effect without tls; remove it or set tls = true.")
        if not self.tls and not self.allow_plaintext and not is_loopback(self.host):
            found.append("tls: required for a host that is not this machine, unless allow_plaintext is set.")
        if self.do_not_disturb_state and not MarkTemplate.valid(self.do_not_disturb_state):
            found.append(
                "do_not_disturb_state: CustomPresence: or Custom: and a name that holds {endpoint} once, "
                "for example CustomPresence:{endpoint}."
            )
        for name, seconds in (
            ("ping_every_s", self.ping_every_s),
            ("answer_timeout_s", self.answer_timeout_s),
        ):
            if not 0 < seconds <= 300:
                found.append(f"{name}: must be above 0 and at most 300.")
        if not 0 < self.reconnect_min_s <= self.reconnect_max_s:
            found.append("reconnect_min_s: must be above 0 and not above reconnect_max_s.")
        return found


def is_loopback(host: str) -> bool:
    """Whether packets to host stay on this machine, as far as its spelling says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
