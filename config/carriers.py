"""One [[carrier]] of the configuration, flat, and the settings types it becomes.

An administrator thinks of one account; the engine of binds, of a text profile and of a way to write
addresses and ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.adapters.smpp_texts import CarrierWords
from engine.smpp.codec import BindKind
from engine.smpp.connection import TlsSettings
from engine.smpp.receipts import IdBase
from engine.smpp.settings import BindSettings, CarrierSettings, SmscAddress
from engine.smpp.statuses import StatusClass
from engine.smpp.text import Concatenating, TextProfile
from engine.usage.prices import PriceList, price_list, price_list_problems

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_VERSIONS: Mapping[str, int] = {"3.3": 0x33, "3.4": 0x34, "5.0": 0x50}

#: More binds than any carrier grants; beyond it a typing error is likelier.
_MAX_BINDS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierSection:
    """One SMPP account.

    hosts: tried in turn, each `host` or `host:port`. bind_type: `separate` binds a transmitter and a
    receiver. binds: how many of them. rate_pdus_per_s: over all binds; None is as fast as the windows
    allow. status_classes: command_status (`"0x400"`) to what it means to this carrier. prices: of a
    segment, by prefix or country; price_inbound: of one that comes in.
    """

    name: str
    hosts: tuple[str, ...]
    port: int = 2775
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    bind_type: Literal["transceiver", "separate"] = "transceiver"
    binds: int = 1
    interface_version: Literal["3.3", "3.4", "5.0"] = "3.4"
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""
    local_host: str | None = None
    tls: bool = False
    tls_ca_file: str | None = None
    tls_server_name: str | None = None
    tls_certificate_file: str | None = None
    tls_key_file: str | None = None
    window_pdus: int = 10
    rate_pdus_per_s: float | None = None
    connect_timeout_s: float = 10.0
    bind_timeout_s: float = 10.0
    response_timeout_s: float = 30.0
    enquire_link_every_s: float = 30.0
    unbind_timeout_s: float = 5.0
    throttle_pause_s: float = 1.0
    longest_throttle_pause_s: float = 60.0
    queue_full_pause_s: float = 5.0
    longest_queue_full_pause_s: float = 300.0
    status_classes: dict[str, StatusClass] = field(default_factory=dict)
    default_alphabet: Literal["gsm", "latin1"] = "gsm"
    gsm_packing: Literal["unpacked", "packed"] = "unpacked"
    gsm_data_coding: int = 0
    latin1_allowed: bool = False
    concatenation: Concatenating = "udh8"
    max_segments: int = 10
    source_addr_ton: int = 1
    source_addr_npi: int = 1
    dest_addr_ton: int = 1
    dest_addr_npi: int = 1
    plus_sign: bool = False
    service_type: str = ""
    receipt_id_base: IdBase = "folded"
    unflagged_receipts: bool = False
    price_currency: str | None = None
    prices: dict[str, str] = field(default_factory=dict)
    price_inbound: str | None = None

    def problems(self) -> list[str]:
        found = []
        if not _NAME.fullmatch(self.name):
            found.append("name: 1 to 64 letters, digits, dots, dashes or underscores.")
        if not self.hosts or not all(_address(host, self.port) for host in self.hosts):
            found.append("hosts: give at least one, each a host name or host:port.")
        if not 1 <= self.binds <= _MAX_BINDS:
            found.append(f"binds: must be 1 to {_MAX_BINDS}.")
        for key in ("ca_file", "server_name", "certificate_file", "key_file"):
            if getattr(self, f"tls_{key}") is not None and not self.tls:
                found.append(f"tls_{key}: has no effect without tls; remove it or set tls = true.")
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            found.append(
                "tls_key_file: tls_certificate_file and tls_key_file go together; give both or none."
            )
        for key in ("addr", "source_addr", "dest_addr"):
            for part in ("ton", "npi"):
                if not 0 <= getattr(self, f"{key}_{part}") <= 255:
                    found.append(f"{key}_{part}: must be 0 to 255.")
        if not 0 <= self.gsm_data_coding <= 255:
            found.append("gsm_data_coding: must be 0 to 255.")
        if not 1 <= self.max_segments <= 255:
            found.append("max_segments: must be 1 to 255.")
        if not all(_status(key) is not None for key in self.status_classes):
            found.append('status_classes: each key is a command_status, for example "0x400".')
        found += price_list_problems(self.price_currency, self.prices, self.price_inbound)
        # What these types say is said of values that the checks above have let through.
        return found or self.smpp.problems()

    @property
    def smpp(self) -> CarrierSettings:
        """What the SMPP package takes."""
        return CarrierSettings(
            name=self.name,
            binds=tuple(
                self._bind(kind, f"{number}{suffix}")
                for number in range(1, self.binds + 1)
                for kind, suffix in self._kinds()
            ),
            rate_per_s=self.rate_pdus_per_s,
            status_classes={_status(key) or 0: meaning for key, meaning in self.status_classes.items()},
            throttle_pause_s=self.throttle_pause_s,
            longest_throttle_pause_s=self.longest_throttle_pause_s,
            queue_full_pause_s=self.queue_full_pause_s,
            longest_queue_full_pause_s=self.longest_queue_full_pause_s,
        )

    @property
    def price_list(self) -> PriceList | None:
        """What it charges, as far as that is known."""
        return price_list(self.price_currency, self.prices, self.price_inbound)

    @property
    def words(self) -> CarrierWords:
        """How texts, ids and addresses are written to this carrier."""
        return CarrierWords(
            carrier=self.name,
            profile=TextProfile(
                default_alphabet=self.default_alphabet,
                gsm_packing=self.gsm_packing,
                gsm_data_coding=self.gsm_data_coding,
                latin1_allowed=self.latin1_allowed,
                concatenation=self.concatenation,
                max_segments=self.max_segments,
            ),
            id_base=self.receipt_id_base,
            source_addr_ton=self.source_addr_ton,
            source_addr_npi=self.source_addr_npi,
            dest_addr_ton=self.dest_addr_ton,
            dest_addr_npi=self.dest_addr_npi,
            plus_sign=self.plus_sign,
            service_type=self.service_type,
            unflagged_receipts=self.unflagged_receipts,
        )

    def _kinds(self) -> tuple[tuple[BindKind, str], ...]:
        if self.bind_type == "transceiver":
            return ((BindKind.TRANSCEIVER, ""),)
        return ((BindKind.TRANSMITTER, "-tx"), (BindKind.RECEIVER, "-rx"))

    def _bind(self, kind: BindKind, name: str) -> BindSettings:
        addresses = (_address(host, self.port) for host in self.hosts)
        return BindSettings(
            name=name,
            hosts=tuple(address for address in addresses if address is not None),
            system_id=self.system_id,
            password=self.password,
            kind=kind,
            system_type=self.system_type,
            interface_version=_VERSIONS[self.interface_version],
            addr_ton=self.addr_ton,
            addr_npi=self.addr_npi,
            address_range=self.address_range,
            tls=self._tls(),
            local_host=self.local_host,
            window_pdus=self.window_pdus,
            connect_timeout_s=self.connect_timeout_s,
            bind_timeout_s=self.bind_timeout_s,
            response_timeout_s=self.response_timeout_s,
            enquire_link_every_s=self.enquire_link_every_s,
            unbind_timeout_s=self.unbind_timeout_s,
        )

    def _tls(self) -> TlsSettings | None:
        if not self.tls:
            return None
        return TlsSettings(
            ca_file=self.tls_ca_file,
            server_name=self.tls_server_name,
            certificate_file=self.tls_certificate_file,
            key_file=self.tls_key_file,
        )


def _address(text: str, default_port: int) -> SmscAddress | None:
    """`host`, `host:port` or `[v6]:port`; None if it is none of these."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+))(?::([0-9]{1,5}))?", text)
    if found is None:
        return None
    return SmscAddress(found[1] or found[2], int(found[3] or default_port))


def _status(text: str) -> int | None:
    try:
        status = int(text, 0)
    except ValueError:
        return None
    return status if 0 <= status <= 0xFFFF_FFFF else None
