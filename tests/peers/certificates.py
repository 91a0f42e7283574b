"""Certificates for the tests of TLS, made here, so that no command of the machine is needed.

`issue_certificate` is a factory: `issued = issue_certificate("smsc.test")` makes an authority nobody
else uses and a certificate of it for a host name or an address.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
import trustme


@dataclass(frozen=True, slots=True)
class Issued:
    """PEM files. authority: what a client has to trust; chain and key: what a server shows and holds."""

    authority: Path
    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """What a server in this process listens with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class IssueCertificate(Protocol):
    """ends: when the certificate expires; years from now if it is not said."""

    def __call__(self, identity: str, *, ends: datetime | None = None) -> Issued: ...


@pytest.fixture(scope="session")
def issue_certificate(tmp_path_factory: pytest.TempPathFactory) -> IssueCertificate:
    """A factory of certificates, each from an authority of its own; they end with the tests."""

    def issue(identity: str, *, ends: datetime | None = None) -> Issued:
        folder = tmp_path_factory.mktemp("certificate")
        issued = Issued(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
        authority = trustme.CA()
        certificate = authority.issue_cert(identity, not_after=ends)
        authority.cert_pem.write_to_path(str(issued.authority))
        certificate.private_key_pem.write_to_path(str(issued.key))
        for position, link in enumerate(certificate.cert_chain_pems):
            link.write_to_path(str(issued.chain), append=position > 0)
        return issued

    return issue
