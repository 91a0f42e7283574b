"""The verb that runs beside a PBX on another machine: voicemail-fetcher."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.trouble import listening
from engine.errors import InvalidRequest

_MIN_TOKEN = 24


def add_verbs(app: typer.Typer) -> None:
    app.command("voicemail-fetcher")(voicemail_fetcher)


def voicemail_fetcher(
    token_file: Annotated[Path, typer.Option(help="Holds what Ringback has to show: 24 characters or more.")],
    spool: Annotated[Path, typer.Option(help="Asterisk's folder of mailboxes.")] = Path(
        "/var/spool/asterisk/voicemail"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8091,
    tls_certificate_file: Annotated[Path | None, typer.Option(help="PEM, with its chain.")] = None,
    tls_key_file: Annotated[Path | None, typer.Option(help="PEM.")] = None,
    plaintext: Annotated[
        bool, typer.Option("--plaintext", help="Listen on another machine's side without TLS.")
    ] = False,
) -> None:
    """Give the recordings of this machine's Asterisk to a Ringback elsewhere, and nothing besides."""
    import asyncio

    from config.logging import configure
    from config.settings import LogSettings

    token = _token(token_file)
    tls = _tls(tls_certificate_file, tls_key_file)
    if tls is None and host not in ("127.0.0.1", "::1", "localhost") and not plaintext:
        raise InvalidRequest(
            "Token and recordings would cross the network in clear: give --tls-certificate-file and"
            " --tls-key-file, or --plaintext.",
            code="invalid_options",
        )
    configure(LogSettings())
    with listening(f"{host}:{port}"):
        asyncio.run(_serve(spool, token, host, port, tls))


async def _serve(spool: Path, token: str, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    import asyncio
    import signal

    from engine.adapters.voicemail_fetcher import serving_fetcher

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving_fetcher(spool, token, host, port, tls) as (bound_host, bound_port):
        scheme = "http" if tls is None else "https"
        print(f"Mailboxes of {spool} are at {scheme}://{bound_host}:{bound_port}", flush=True)
        await stop.wait()


def _token(file: Path) -> str:
    """Raises InvalidRequest."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{file} cannot be read.", code="invalid_options") from error
    if len(token) < _MIN_TOKEN or not all("!" <= character <= "~" for character in token):
        raise InvalidRequest(
            f"{file} must hold {_MIN_TOKEN} characters or more, without spaces.", code="invalid_options"
        )
    return token


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InvalidRequest("Give certificate and key, or none of them.", code="invalid_options")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest("Certificate and key cannot be used.", code="invalid_options") from error
    return context
