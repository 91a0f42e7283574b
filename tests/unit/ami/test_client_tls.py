"""TLS to the PBX: verified, or no login."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from engine.ami.settings import AmiSettings
from tests.peers.require import unavailable
from tests.unit.ami.fake_ami import FakeAmi
from tests.unit.ami.test_client import Recorder, running, settings_for, until_status


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates: for 127.0.0.1, for another host, and one nobody used."""
    openssl = shutil.which("openssl")
    if openssl is None:
        unavailable("openssl", "the openssl command makes the certificates of this test")
    folder = tmp_path_factory.mktemp("certificates")
    for name, subject in (("here", "IP:127.0.0.1"), ("elsewhere", "DNS:pbx.example"), ("unused", "DNS:x")):
        command = (
            f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name}"
        )
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        names = ["-addext", f"subjectAltName={subject}"]
        subprocess.run([openssl, *command.split(), *names, *files], check=True, capture_output=True)
    return folder


def context(folder: Path, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return made


def tls_settings(server: FakeAmi, ca_file: Path | None) -> AmiSettings:
    return settings_for(server, tls=True, ca_file=str(ca_file) if ca_file else None)


async def test_certificate_of_the_named_authority_is_accepted(folder: Path) -> None:
    listener = Recorder()
    async with (
        FakeAmi().serve(context(folder, "here")) as server,
        running(tls_settings(server, folder / "here.pem"), listener) as client,
    ):
        await listener.until_told(1)
        assert client.connected


@pytest.mark.parametrize(
    ("shown", "trusted"),
    [("here", "unused.pem"), ("elsewhere", "elsewhere.pem"), ("here", None), ("here", "missing.pem")],
    ids=["another authority", "another host's", "unknown to the system", "no such file"],
)
async def test_any_other_certificate_is_refused_before_the_login(
    folder: Path, shown: str, trusted: str | None
) -> None:
    async with FakeAmi().serve(context(folder, shown)) as server:
        settings = tls_settings(server, folder / trusted if trusted else None)
        async with running(settings, Recorder()) as client:
            await until_status(client, "pbx_tls_failed")
            assert server.received("Login") == []


async def test_plaintext_pbx_is_not_talked_to_when_tls_is_asked_for() -> None:
    async with FakeAmi().serve() as server, running(tls_settings(server, None), Recorder()) as client:
        await until_status(client, "pbx_tls_failed")
        assert server.received("Login") == []
