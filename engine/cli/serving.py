"""Verbs that run the engine or look after it: serve, check-config, migrate, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigFile, load_configuration
from engine.cli.trouble import listening


def add_verbs(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("check-config")(check_config)
    app.command("migrate")(migrate_database)
    app.command("demo")(demo)


def serve(config: ConfigFile = None) -> None:
    """Run the engine until SIGTERM or Ctrl-C."""
    import uvloop

    from config.logging import configure
    from engine.app import serve as serve_until_stopped
    from engine.cli.database import prepare_database

    settings = load_configuration(config).settings
    configure(settings.log)
    prepare_database(settings.storage)
    where = f"{settings.server.host}:{settings.server.port}"
    with listening(where, host="[server] host", port="[server] port"):
        uvloop.run(serve_until_stopped(settings))


def check_config(config: ConfigFile = None) -> None:
    """Read the configuration, say everything that is wrong with it, and contact nobody."""
    from config.settings import show_url

    loaded = load_configuration(config)
    settings = loaded.settings
    lines = {
        "configuration": str(loaded.file or "defaults and environment only"),
        "listens on": f"{settings.server.host}:{settings.server.port}",
        "database": show_url(settings.storage.database_url),
        "PBXs": ", ".join(pbx.name for pbx in settings.pbx) or "none: calls will be refused",
        "carriers": ", ".join(carrier.name for carrier in settings.carrier) or "none: texts will be refused",
    }
    for name, value in lines.items():
        print(f"{name + ':':<15}{value}")
    print("The configuration can be used.")


def migrate_database(config: ConfigFile = None) -> None:
    """Bring the database to this release's schema; harmless when it is there."""
    from engine.cli.database import make_data_dir
    from engine.storage import migrate

    storage = load_configuration(config).settings.storage
    make_data_dir(storage)
    before = migrate.current(storage.database_url)
    migrate.upgrade(storage.database_url)
    after = migrate.current(storage.database_url)
    if before is None:
        print(f"The database was empty; its schema is at {after} now.")
    elif before == after:
        print(f"The schema is at {after}.")
    else:
        print(f"The schema went from {before} to {after}.")


def demo(
    data_dir: Annotated[Path, typer.Option(help="Where its database is kept between runs.")] = Path("data"),
    scratch: Annotated[bool, typer.Option("--scratch", help="Keep nothing.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Of the API; 0 takes a free one.")] = 8080,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Place one call, send one text, print figures, leave.")
    ] = False,
) -> None:
    """Show a click and a text on this machine alone: a PBX, phones and a carrier that need no set-up."""
    import asyncio

    from engine.demo import DemoOptions, run

    options = DemoOptions(data_dir=None if scratch else data_dir, port=port, smoke=smoke)
    with listening(f"127.0.0.1:{port}"):
        asyncio.run(run(options))
