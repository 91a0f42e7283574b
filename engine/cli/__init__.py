"""The command `ringback`: every verb, and what each kind of trouble looks like.

Exit codes: 0 done, 1 it failed, 2 the command line or the configuration has to change, 130 interrupted.
Expected trouble is one line, `error[code]: sentence`, on standard error; a traceback is a bug.
Verbs import what they need when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import typer

from engine.cli import accounts, client, records, serving, simulate, voicemail
from engine.cli.trouble import Commands

app = typer.Typer(
    name="ringback",
    cls=Commands,
    help="Click-to-call over Asterisk and texts over SMPP, behind one API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
serving.add_verbs(app)
accounts.add_verbs(app)
client.add_verbs(app)
simulate.add_verbs(app)
voicemail.add_verbs(app)
records.add_verbs(app)


def main() -> None:
    """The entry point of the distribution."""
    app(prog_name="ringback")
