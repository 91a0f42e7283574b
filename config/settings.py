"""What an administrator decides, assembled: one frozen value for the whole process.

A package that needs settings owns their type (`AmiSettings`, `MessagingSettings`, ...); the types here
are for what no package owns. A type says what is wrong with its values in `problems()`, each
sentence beginning with the name of the key, and a field kept out of `repr` is a secret.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from api.settings import ApiSettings, Network
from config.carriers import CarrierSection
from engine.accounts.settings import LoginSettings
from engine.ami.settings import AmiSettings
from engine.attachments.settings import AttachmentSettings
from engine.click_to_call.settings import CallSettings
from engine.contacts.settings import ContactSettings
from engine.messaging.settings import MessagingSettings
from engine.notifications.settings import MailSettings, NotificationsSettings
from engine.outbound import OutboundSettings
from engine.presence.settings import PresenceSettings
from engine.records.settings import RecordsSettings
from engine.sealing import KEY_FILE, Sealer
from engine.voicemail.settings import VoicemailSettings
from engine.webhooks.settings import WebhookSettings

_API = ApiSettings()

_PREFIX = re.compile(r"\+[0-9]{0,15}")

DATABASE_FILE = "ringback.db"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """The HTTP listener."""

    host: str = _API.host
    port: int = _API.port
    public_url: str | None = None
    trusted_proxies: tuple[Network, ...] = _API.trusted_proxies
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    allowed_origins: tuple[str, ...] = _API.allowed_origins
    max_body_octets: int = _API.max_body_octets
    keepalive_s: float = _API.keepalive_s
    stop_within_s: float = _API.stop_within_s

    def problems(self) -> list[str]:
        found = _out_of_range("port", self.port, 0, 65_535)
        if not self.host:
            found.append("host: must not be empty; 0.0.0.0 or :: listens on every address.")
        if self.public_url is not None and not _is_url(self.public_url):
            found.append("public_url: give scheme and host, for example https://phone.example.com.")
        for origin in self.allowed_origins:
            if not _is_url(origin) or urlsplit(origin).path:
                found.append(
                    f"allowed_origins: {origin!r} is not exactly scheme://host or scheme://host:port."
                )
        found += self._tls_problems()
        found += _out_of_range("max_body_octets", self.max_body_octets, 4_096, 64 * 1024 * 1024)
        found += _out_of_range("keepalive_s", self.keepalive_s, 1, 3_600)
        found += _out_of_range("stop_within_s", self.stop_within_s, 0, 300)
        return found

    def _tls_problems(self) -> list[str]:
        certificate, key = self.tls_certificate_file, self.tls_key_file
        if certificate is None and key is None:
            return []
        if key is None:
            return ["tls_certificate_file: has no effect without tls_key_file; give both or none."]
        if certificate is None:
            return ["tls_key_file: has no effect without tls_certificate_file; give both or none."]
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            return [f"tls_certificate_file: is not usable with tls_key_file: {error.reason or error}."]
        except OSError as error:
            return [f"tls_certificate_file: it or tls_key_file cannot be read: {error.strerror}."]
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageSettings:
    """Where everything is kept.

    data_dir: folder of the database and whatever else is written. url: empty means SQLite in data_dir; may
    hold a password, so it counts as a secret. secret_key_file: None means one in data_dir, made at the
    first start; see `engine.sealing`.
    """

    data_dir: Path = Path("ringback-data")
    url: str = field(default="", repr=False)
    secret_key_file: Path | None = None

    @property
    def database_url(self) -> str:
        return self.url or f"sqlite:///{self.data_dir / DATABASE_FILE}"

    def sealer(self) -> Sealer:
        """What seals secrets in the database. A missing file that was named is not made.

        Raises SealingError.
        """
        named = self.secret_key_file
        return Sealer.from_file(named or self.data_dir / KEY_FILE, create=named is None)

    def problems(self) -> list[str]:
        if self.url and urlsplit(self.url).scheme not in ("sqlite", "postgresql"):
            return ["url: begins with sqlite:/// or postgresql://."]
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSettings:
    """format: auto is console on a terminal and json elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSettings:
    """The event socket, and how long events can be read again."""

    heartbeat_s: float = _API.heartbeat_s
    socket_buffer_octets: int = _API.socket_buffer_octets
    sockets_per_credential: int = _API.sockets_per_credential
    retention_hours: int = 7 * 24

    def problems(self) -> list[str]:
        return [
            *_out_of_range("heartbeat_s", self.heartbeat_s, 1, 300),
            *_out_of_range("socket_buffer_octets", self.socket_buffer_octets, 65_536, 64 * 1024 * 1024),
            *_out_of_range("sockets_per_credential", self.sockets_per_credential, 1, 100_000),
            *_out_of_range("retention_hours", self.retention_hours, 1, 24 * 366),
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything; read once at start, never changed afterwards."""

    server: ServerSettings = field(default_factory=ServerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    log: LogSettings = field(default_factory=LogSettings)
    events: EventSettings = field(default_factory=EventSettings)
    login: LoginSettings = field(default_factory=LoginSettings)
    messaging: MessagingSettings = field(default_factory=MessagingSettings)
    attachments: AttachmentSettings = field(default_factory=AttachmentSettings)
    contacts: ContactSettings = field(default_factory=ContactSettings)
    calls: CallSettings = field(default_factory=CallSettings)
    presence: PresenceSettings = field(default_factory=PresenceSettings)
    records: RecordsSettings = field(default_factory=RecordsSettings)
    voicemail: VoicemailSettings = field(default_factory=VoicemailSettings)
    outbound: OutboundSettings = field(default_factory=OutboundSettings)
    notifications: NotificationsSettings = field(default_factory=NotificationsSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    pbx: tuple[AmiSettings, ...] = ()
    carrier: tuple[CarrierSection, ...] = ()

    @property
    def api(self) -> ApiSettings:
        """The part the API package takes."""
        return ApiSettings(
            host=self.server.host,
            port=self.server.port,
            trusted_proxies=self.server.trusted_proxies,
            allowed_origins=self.server.allowed_origins,
            max_body_octets=self.server.max_body_octets,
            keepalive_s=self.server.keepalive_s,
            stop_within_s=self.server.stop_within_s,
            heartbeat_s=self.events.heartbeat_s,
            socket_buffer_octets=self.events.socket_buffer_octets,
            sockets_per_credential=self.events.sockets_per_credential,
        )


def show_url(url: str) -> str:
    """A database URL as it may be shown: without a password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{where}"))


def _messaging_problems(settings: MessagingSettings) -> list[str]:
    found = [
        *_out_of_range("validity_s", settings.validity_s, 60, settings.max_validity_s),
        *_out_of_range("max_validity_s", settings.max_validity_s, 60, 7 * 86_400),
        *_out_of_range("receipt_deadline_s", settings.receipt_deadline_s, 60, 30 * 86_400),
        *_out_of_range("max_recipients", settings.max_recipients, 1, 1_000),
        *_out_of_range("max_batch", settings.max_batch, 1, 1_000),
        *_out_of_range("evidence_wait_s", settings.evidence_wait_s, 0, 3_600),
        *_out_of_range("queue_limit", settings.queue_limit, 100, 1_000_000),
    ]
    if not all(_PREFIX.fullmatch(prefix) for prefix in settings.denied_prefixes):
        found.append("denied_prefixes: each begins with + and holds digits only, for example +4990.")
    return found


#: Checks of types whose packages leave them to us.
CHECKS: Mapping[type[Any], Callable[[Any], list[str]]] = {MessagingSettings: _messaging_problems}


def _out_of_range(key: str, value: float, least: float, most: float) -> list[str]:
    return [] if least <= value <= most else [f"{key}: must be {least:,} to {most:,}."]


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and parts.username is None
        and not parts.query
        and not parts.fragment
    )
