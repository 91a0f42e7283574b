"""Verbs for API keys: `key add`, `key list`, `key show`, `key revoke`."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from engine.accounts.models import SYSTEM, CreateKey, Scope
from engine.cli.options import AsJson, ConfigFile
from engine.cli.show import as_dict, print_record, print_table

_DAY_MS = 86_400_000


def add_key(
    label: Annotated[str, typer.Argument(help="What it is for, so that you know it later.")],
    scope: Annotated[
        Scope,
        typer.Option(
            help="super_user: everything. reseller, office_manager, basic_user: what is named below."
        ),
    ],
    domain: Annotated[
        str | None, typer.Option(help="Its domain (dom_…), for office_manager and basic_user.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Its user (usr_…), for basic_user.")] = None,
    reseller: Annotated[str | None, typer.Option(help="Its reseller, for reseller.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Ends after so many days.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key; its secret is shown this once."""
    from engine.cli.local_accounts import with_accounts

    command = CreateKey(
        label=label,
        scope=scope,
        domain_id=domain,
        user_id=user,
        reseller_id=reseller,
        expires_ms=None if days is None else time.time_ns() // 1_000_000 + days * _DAY_MS,
    )
    issued = with_accounts(config, lambda accounts: accounts.keys.create(SYSTEM, command))
    print_record(as_dict(issued.credential) | {"secret": issued.secret}, as_json=as_json)
    if not as_json:
        print("Keep the secret now: it is stored nowhere and cannot be shown again.", file=sys.stderr)


def list_keys(
    domain: Annotated[
        str | None, typer.Option(help="Those of this domain (dom_…); otherwise those of no domain.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List keys, oldest first, revoked ones included."""
    from engine.cli.local_accounts import every, with_accounts

    found = with_accounts(
        config, lambda accounts: every(lambda page: accounts.keys.list(SYSTEM, domain, page))
    )
    columns = ("id", "label", "scope", "created_at", "expires_at", "revoked_at")
    print_table([as_dict(key) for key in found], columns, as_json=as_json)


def show_key(key_id: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one key, without its secret."""
    from engine.cli.local_accounts import with_accounts

    key = with_accounts(config, lambda accounts: accounts.keys.get(SYSTEM, key_id))
    print_record(as_dict(key), as_json=as_json)


def revoke_key(key_id: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """End a key and the tokens it minted; a running server refuses them within 5 s."""
    from engine.cli.local_accounts import with_accounts

    key = with_accounts(config, lambda accounts: accounts.keys.revoke(SYSTEM, key_id))
    print_record(as_dict(key), as_json=as_json)
