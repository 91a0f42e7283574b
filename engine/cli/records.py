"""Verbs of what is kept: `usage`, `erase`, `compact`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from engine.accounts.models import SYSTEM
from engine.cli.options import AsJson, ConfigFile, load_configuration
from engine.cli.show import as_dict, print_record, print_table
from engine.cli.trouble import FAILED, complain
from engine.usage.models import GroupBy, Kind

R = TypeVar("R")


def show_usage(
    domain: Annotated[str, typer.Option(help="The domain (dom_…).")],
    of: Annotated[Kind, typer.Option(help="What is counted.")] = Kind.TEXT,
    group_by: Annotated[
        list[GroupBy] | None, typer.Option(help="By what it is told apart; may be given several times.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="The first day, 2026-11-01.")] = None,
    until: Annotated[str | None, typer.Option(help="The last day.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Count texts, calls or chats of a domain, by day."""
    from engine.clock import SystemClock
    from engine.storage.database import Database
    from engine.storage.usage import SqlUsage
    from engine.usage.service import UsageReports

    groups = tuple(group_by or (GroupBy.DAY,))

    async def work(database: Database) -> list[dict[str, object]]:
        clock = SystemClock()
        reports = UsageReports(SqlUsage(database, clock), clock)
        usage = await reports.report(SYSTEM, of, groups, domain_id=domain, from_day=first, until_day=until)
        rows = []
        for group, sums in usage.rows:
            row: dict[str, object] = {
                one.value: getattr(group, "user_id" if one is GroupBy.USER else one.value) for one in groups
            }
            row[_NOUNS[of]] = sums.items
            if of is Kind.TEXT:
                row |= {"delivered": sums.delivered, "failed": sums.failed, "unknown": sums.unknown}
                row |= {"received": sums.received, "segments": sums.segments}
                row["charged_segments"] = sums.charged_segments
                row["cost"] = [
                    f"{micros / 1_000_000:.6f} {name}" for name, micros in sums.cost_micros.items()
                ]
            if of is Kind.CALL:
                row |= {"answered": sums.answered, "missed": sums.missed}
                row["talk_s"] = round(sums.talk_ms / 1000)
            rows.append(row)
        return rows

    rows = _with_database(config, work)
    print_table(rows, list(rows[0]) if rows else (), as_json=as_json)


_NOUNS = {Kind.TEXT: "texts", Kind.CHAT: "messages", Kind.CALL: "calls"}


def erase(
    domain: Annotated[str, typer.Option(help="The domain (dom_…).")],
    user: Annotated[str | None, typer.Option(help="A user (usr_…).")] = None,
    number: Annotated[str | None, typer.Option(help="Or an outside number, +4930123456.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person: everything that names them goes, and a report says so. There is no way back."""
    from engine.accounts.service import Accounts
    from engine.clock import SystemClock
    from engine.parts.records import make_records
    from engine.storage.accounts import SqlAccountsStore
    from engine.storage.database import Database

    if not yes:
        typer.confirm(f"Erase {user or number} for good?", abort=True, err=True)
    settings = load_configuration(config).settings

    async def work(database: Database) -> dict[str, object]:
        clock = SystemClock()
        accounts = Accounts(SqlAccountsStore(database), clock)
        try:
            part = await make_records(database, accounts, settings.storage.sealer(), clock)
            done = await part.erasures.erase(SYSTEM, user_id=user, number=number, domain_id=domain)
        finally:
            accounts.close()
        return as_dict(done)

    report = _with_database(config, work)
    print_record(report, as_json=as_json)
    if report["left"]:
        complain("erasure_incomplete", _what_to_do(report["left"], domain, user, number))
        raise typer.Exit(FAILED)
    if report["rewritten"] is False:
        print(
            "The database's file is large: stop the engine and run `ringback compact`, so that its free"
            " pages hold nothing either.",
            file=sys.stderr,
        )


def _what_to_do(left: object, domain: str, user: str | None, number: str | None) -> str:
    """For what is left of a person here. left: counts by table and column."""
    assert isinstance(left, dict)
    if all(name.startswith("voicemails.") for name in left):
        person = {"user_id": user} if user else {"number": number}
        again = json.dumps({**person, "domain_id": domain})
        return (
            "The person's messages in mailboxes are still there: only a running engine can ask the PBX to"
            f" remove them. All else is erased. Send it POST /v1/erasures with {again}."
        )
    return "Something still names the person, see left. Erase again; it does the rest."


def compact(config: ConfigFile = None) -> None:
    """Write an SQLite database's file anew, without what was deleted. The engine must not be running."""
    from engine.storage.ownership import sole_engine
    from engine.storage.sqlite import rewrite_file
    from engine.storage.urls import sqlite_path

    storage = load_configuration(config).settings.storage
    path = sqlite_path(storage.database_url)
    if path is None:
        print("PostgreSQL does that by itself; VACUUM FULL does it at once.", file=sys.stderr)
        return

    async def work() -> None:
        async with sole_engine(storage.database_url):
            await asyncio.to_thread(rewrite_file, path)

    before = path.stat().st_size if path.exists() else 0
    asyncio.run(work())
    print(f"{path}: {before:,} octets before, {path.stat().st_size:,} now.")


def _with_database(config: Path | None, work: Callable[..., Awaitable[R]]) -> R:
    """Run the work on the configured database, beside a server or without."""
    from engine.cli.database import prepare_database
    from engine.clock import SystemClock
    from engine.storage.database import Database

    storage = load_configuration(config).settings.storage
    prepare_database(storage)

    async def run() -> R:
        database = await Database.open(
            storage.database_url, bus_publish=lambda events: None, clock=SystemClock()
        )
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def add_verbs(app: typer.Typer) -> None:
    app.command("usage")(show_usage)
    app.command("erase")(erase)
    app.command("compact")(compact)
