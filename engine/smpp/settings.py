"""What a carrier is, as data: where its SMSC is, who we are there, how much it takes.

Frozen, filled by `config/`; read once. Problems are reported together, not one at a time.
Source: SMPP v3.4 §5.2.1 to §5.2.7 (the sizes of what a bind says).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.smpp.codec import INTERFACE_VERSION_34, BindKind, BindRequest
from engine.smpp.connection import TlsSettings
from engine.smpp.messages import UnencodablePdu
from engine.smpp.session_state import SessionLimits
from engine.smpp.statuses import ESME_ROK, StatusClass


@dataclass(frozen=True, slots=True)
class SmscAddress:
    """Where one SMSC listens."""

    host: str
    port: int = 2775  # registered for SMPP


@dataclass(frozen=True, kw_only=True, slots=True)
class BindSettings:
    """One bind to one carrier.

    name: unique within the carrier. hosts: tried in turn, the next one after each failure.
    tls: None sends the password in clear. local_host: source address, where the carrier's
    firewall wants one.
    """

    hosts: tuple[SmscAddress, ...]
    system_id: str
    password: str = field(repr=False)  # at most 8 characters
    name: str = "1"
    kind: BindKind = BindKind.TRANSCEIVER
    system_type: str = ""
    interface_version: int = INTERFACE_VERSION_34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""
    tls: TlsSettings | None = None
    local_host: str | None = None
    window_pdus: int = 10  # unanswered submit_sm; what most carriers grant without being asked
    connect_timeout_s: float = 10.0
    bind_timeout_s: float = 10.0
    response_timeout_s: float = 30.0
    enquire_link_every_s: float = 30.0
    unbind_timeout_s: float = 5.0

    def limits(self) -> SessionLimits:
        """The session's share of these settings."""
        return SessionLimits(
            window_pdus=self.window_pdus,
            response_timeout_s=self.response_timeout_s,
            enquire_link_every_s=self.enquire_link_every_s,
            bind_timeout_s=self.bind_timeout_s,
            unbind_timeout_s=self.unbind_timeout_s,
        )

    def bind_request(self) -> BindRequest:
        """What the bind says."""
        return BindRequest(
            kind=self.kind,
            system_id=self.system_id,
            password=self.password,
            system_type=self.system_type,
            interface_version=self.interface_version,
            addr_ton=self.addr_ton,
            addr_npi=self.addr_npi,
            address_range=self.address_range,
        )

    def problems(self) -> list[str]:
        """Everything wrong with these settings, a sentence each; never shows the password."""
        found = []
        if not self.hosts:
            found.append("hosts must name at least one SMSC")
        found += [f"port {a.port} is not a port" for a in self.hosts if not 0 < a.port < 65536]
        if self.window_pdus < 1:
            found.append("window_pdus must be at least 1")
        for name in ("connect", "bind", "response", "unbind"):
            if not getattr(self, f"{name}_timeout_s") > 0:
                found.append(f"{name}_timeout_s must be more than 0")
        if not self.enquire_link_every_s > 0:
            found.append("enquire_link_every_s must be more than 0")
        try:
            self.bind_request().encode(1)
        except (UnencodablePdu, OverflowError, ValueError) as error:
            found.append(str(error))
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierSettings:
    """One SMPP account.

    rate_per_s: parts a second over all binds; None: as fast as the windows allow.
    status_classes: command_status -> class, where this carrier means something of its own.
    """

    name: str
    binds: tuple[BindSettings, ...]
    rate_per_s: float | None = None
    status_classes: Mapping[int, StatusClass] = field(default_factory=dict)
    throttle_pause_s: float = 1.0
    longest_throttle_pause_s: float = 60.0
    queue_full_pause_s: float = 5.0
    longest_queue_full_pause_s: float = 300.0

    def problems(self) -> list[str]:
        """Everything wrong with these settings and those of the binds, a sentence each."""
        found = []
        if not self.binds:
            found.append("a carrier needs at least one bind")
        names = [bind.name for bind in self.binds]
        found += [f"bind {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
        if self.rate_per_s is not None and not self.rate_per_s > 0:
            found.append("rate_per_s must be more than 0, or left out")
        if not 0 < self.throttle_pause_s <= self.longest_throttle_pause_s:
            found.append("throttle_pause_s must be more than 0 and at most longest_throttle_pause_s")
        if not 0 < self.queue_full_pause_s <= self.longest_queue_full_pause_s:
            found.append("queue_full_pause_s must be more than 0 and at most longest_queue_full_pause_s")
        for status, status_class in self.status_classes.items():
            if (status == ESME_ROK) != (status_class is StatusClass.OK):
                found.append(f"status {status:#x} cannot be {status_class}: only ESME_ROK accepts")
        for bind in self.binds:
            found += [f"bind {bind.name}: {problem}" for problem in bind.problems()]
        return found
