"""TLS to the PBX: verified, or no login."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.ami.settings import AmiSettings
from tests.peers.certificates import IssueCertificate, Issued
from tests.unit.ami.fake_ami import FakeAmi
from tests.unit.ami.test_client import Recorder, running, settings_for, until_status


@pytest.fixture(scope="module")
def here(issue_certificate: IssueCertificate) -> Issued:
    """What the PBX of these tests shows when all is well."""
    return issue_certificate("127.0.0.1")


@pytest.fixture(scope="module")
def elsewhere(issue_certificate: IssueCertificate) -> Issued:
    """Good for another PBX."""
    return issue_certificate("pbx.example")


def tls_settings(server: FakeAmi, ca_file: Path | None) -> AmiSettings:
    return settings_for(server, tls=True, ca_file=str(ca_file) if ca_file else None)


async def test_certificate_of_the_named_authority_is_accepted(here: Issued) -> None:
    listener = Recorder()
    async with (
        FakeAmi().serve(here.server_context()) as server,
        running(tls_settings(server, here.authority), listener) as client,
    ):
        await listener.until_told(1)
        assert client.connected


@pytest.mark.parametrize("trouble", ["another authority", "another host", "unknown to the system", "no file"])
async def test_any_other_certificate_is_refused_before_the_login(
    here: Issued, elsewhere: Issued, trouble: str
) -> None:
    shown, trusted = {
        "another authority": (here, elsewhere.authority),
        "another host": (elsewhere, elsewhere.authority),
        "unknown to the system": (here, None),
        "no file": (here, here.authority.with_name("missing.pem")),
    }[trouble]
    async with (
        FakeAmi().serve(shown.server_context()) as server,
        running(tls_settings(server, trusted), Recorder()) as client,
    ):
        await until_status(client, "pbx_tls_failed")
        assert server.received("Login") == []


async def test_plaintext_pbx_is_not_talked_to_when_tls_is_asked_for() -> None:
    async with FakeAmi().serve() as server, running(tls_settings(server, None), Recorder()) as client:
        await until_status(client, "pbx_tls_failed")
        assert server.received("Login") == []
