"""The verb that lets somebody log in: `user password`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from engine.accounts.models import SYSTEM
from engine.cli.options import AsJson, ConfigFile
from engine.cli.show import as_dict, print_record


def password_user(
    user_id: str,
    temporary: Annotated[
        bool,
        typer.Option("--temporary", help="Make one for a single log-in, which has to name another; show it."),
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Give a person a password, typed twice or read from standard input; ends their sessions."""
    from engine.cli.local_accounts import with_accounts

    if temporary:
        made = with_accounts(config, lambda accounts: accounts.passwords.reset(SYSTEM, user_id))
        print_record(as_dict(made), as_json=as_json)
        return
    password = _typed()
    with_accounts(config, lambda accounts: accounts.passwords.set(SYSTEM, user_id, password))


def _typed() -> str:
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\n")
