"""How notifications behave; `config/` fills it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}")


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationsSettings:
    """portal_url: where links lead; None leaves them out. push_contact: who a push service may write to
    about our pushes (RFC 8292 §2.1), a mailto: or https: address; None takes the sender of mails, else
    portal_url or the server's public_url where they are https, else names nobody.
    acknowledge_s: how long a page may take to say that it shows something, before another is asked.
    """

    portal_url: str | None = None
    push_contact: str | None = None
    # A page in the background may be slowed down to one wake-up a second; twice that and the way there.
    acknowledge_s: float = 4.0

    def problems(self) -> list[str]:
        found = []
        if self.portal_url is not None and not _is_url(self.portal_url, ("http", "https")):
            found.append("portal_url: give scheme and host, for example https://phone.example.com.")
        if self.push_contact is not None and not (
            _is_url(self.push_contact, ("https",))
            or (
                self.push_contact.startswith("mailto:")
                and _ADDRESS.fullmatch(self.push_contact.removeprefix("mailto:"))
            )
        ):
            found.append("push_contact: give mailto:somebody@example.com or an https address.")
        if not 0 < self.acknowledge_s <= 60:
            found.append("acknowledge_s: must be above 0 and at most 60.")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """The SMTP server mails go through; without a host there are none.

    security: `starttls` (usually port 587), `tls` (465), or `none` for a server on this machine or in a
    network of yours. sender: From, as an address. ca_file: trusted besides the system's certificates.
    timeout_s: for connecting and for each answer.
    """

    host: str = ""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    sender_name: str = "Ringback"
    ca_file: Path | None = None
    timeout_s: float = 20.0

    @property
    def configured(self) -> bool:
        return bool(self.host)

    def problems(self) -> list[str]:
        found = []
        if self.host and not _ADDRESS.fullmatch(self.sender):
            found.append("sender: give the address mails come from, for example ringback@example.com.")
        if not 1 <= self.port <= 65_535:
            found.append("port: must be 1 to 65,535.")
        if any(not character.isprintable() for character in self.sender_name):
            found.append("sender_name: holds a character that cannot be shown.")
        if bool(self.username) != bool(self.password):
            found.append("username: give it together with password, or none of them.")
        if self.username and self.security == "none":
            found.append("security: a password does not cross the network in clear; take starttls or tls.")
        if self.ca_file is not None and not self.ca_file.is_file():
            found.append(f"ca_file: {self.ca_file} is not a file.")
        if not 0 < self.timeout_s <= 300:
            found.append("timeout_s: must be above 0 and at most 300.")
        return found


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    parts = urlsplit(text)
    return parts.scheme in schemes and bool(parts.hostname) and not parts.query and not parts.fragment
