"""Verbs for many records at once: `user import`, `number import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.accounts.importing import ImportRefused, ImportReport, RowFlaw, numbers_of_csv, users_of_csv
from engine.accounts.models import SYSTEM
from engine.cli.options import AsJson, ConfigFile
from engine.cli.show import as_dict, print_record

File = Annotated[Path, typer.Argument(help="A CSV file; its first line names the columns.", exists=True)]
Domain = Annotated[str, typer.Option("--domain", help="Id of the domain (dom_…).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Take the good rows; otherwise one bad row stops all.")
]


def import_users(
    file: File,
    domain: Domain,
    dry_run: DryRun = False,
    skip_bad: SkipBad = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Create or change users: extension, display_name, login, role, sms_enabled, enabled, devices."""
    from engine.cli.local_accounts import with_accounts

    rows, flaws = users_of_csv(_text(file))
    try:
        report = with_accounts(
            config,
            lambda accounts: accounts.imports.users(
                SYSTEM, rows, flaws=flaws, domain_id=domain, dry_run=dry_run, skip_bad=skip_bad
            ),
        )
    except ImportRefused as refused:
        _print_flaws(refused.flaws)
        raise
    _print(report, as_json=as_json)


def import_numbers(
    file: File,
    domain: Domain,
    dry_run: DryRun = False,
    skip_bad: SkipBad = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Create or change numbers: e164, carrier, sms_enabled, extensions (of who uses it)."""
    from engine.cli.local_accounts import with_accounts

    rows, flaws = numbers_of_csv(_text(file))
    try:
        report = with_accounts(
            config,
            lambda accounts: accounts.imports.numbers(
                SYSTEM, rows, flaws=flaws, domain_id=domain, dry_run=dry_run, skip_bad=skip_bad
            ),
        )
    except ImportRefused as refused:
        _print_flaws(refused.flaws)
        raise
    _print(report, as_json=as_json)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read as UTF-8: {error}.") from None


def _print(report: ImportReport, *, as_json: bool) -> None:
    shown = as_dict(report)
    if as_json:
        shown["flaws"] = [as_dict(flaw) for flaw in report.flaws]
    else:
        shown["flaws"] = len(report.flaws)
        _print_flaws(report.flaws)
    print_record(shown, as_json=as_json)


def _print_flaws(flaws: tuple[RowFlaw, ...]) -> None:
    for flaw in flaws:
        print(f"line {flaw.line}, {flaw.field}: {flaw.detail} [{flaw.code}]", file=sys.stderr)
