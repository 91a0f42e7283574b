"""Verbs that talk to a running engine: `call` and `send`, followed until it is known what became of them.

They use the public API with a key, as any other program would.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigFile

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="RINGBACK_URL",
        help="Address of the engine; otherwise the one in the configuration.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="RINGBACK_KEY", help="API key. Better as a variable: others can see a command line."
    ),
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to follow it; 0 does not wait.")]


def add_verbs(app: typer.Typer) -> None:
    app.command("call")(call)
    app.command("send")(send)


def call(
    to: Annotated[str, typer.Argument(help="An extension or a phone number.")],
    user: Annotated[
        str | None, typer.Option(help="Whose phone rings (usr_…); a token rings its own user.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Which phone (dev_…); else the default.")] = None,
    domain: Annotated[str | None, typer.Option(help="Domain (dom_…), where the key reaches several.")] = None,
    wait: Wait = 3600,
    url: Url = None,
    key: Key = None,
    config: ConfigFile = None,
) -> None:
    """Ring a user's phone, then the destination, and follow the call. Ctrl-C hangs up."""
    import asyncio

    from engine.cli.following import follow_call

    body = {"to": to, "user_id": user, "device_id": device, "domain_id": domain}
    address = _address(url, config)
    succeeded = asyncio.run(follow_call(address, _key(key), _given(body), wait))
    raise typer.Exit(0 if succeeded else 1)


def send(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    from_number: Annotated[str, typer.Option("--from", help="One of the domain's numbers.")],
    to: Annotated[list[str], typer.Option(help="Where to; may be repeated.")],
    domain: Annotated[str | None, typer.Option(help="Domain (dom_…), where the key reaches several.")] = None,
    wait: Wait = 120,
    url: Url = None,
    key: Key = None,
    config: ConfigFile = None,
) -> None:
    """Send a text and follow it at each number."""
    import asyncio

    from engine.cli.following import follow_message

    words = sys.stdin.read() if text == "-" else text
    body = {"from": from_number, "to": to, "text": words, "domain_id": domain}
    address = _address(url, config)
    succeeded = asyncio.run(follow_message(address, _key(key), _given(body), wait))
    raise typer.Exit(0 if succeeded else 1)


def _given(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}


def _key(key: str | None) -> str:
    if not key:
        raise typer.BadParameter("Give an API key with --key or the variable RINGBACK_KEY.")
    return key


def _address(url: str | None, config: Path | None) -> str:
    """The API's base address: as given, else as the configuration says it is reached."""
    if url is None:
        from engine.cli.options import load_configuration

        server = load_configuration(config).settings.server
        url = server.public_url
        if url is None:
            scheme = "https" if server.tls_key_file else "http"
            host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104
            url = f"{scheme}://{host}:{server.port}"
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("The address begins with http:// or https://.")
    return url.rstrip("/")
