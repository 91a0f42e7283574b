"""Expected trouble on the command line: one line each, and an exit code a script can use."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from engine.errors import EngineError, InvalidRequest

FAILED = 1
MUST_CHANGE = 2
INTERRUPTED = 130

#: What the operating system says of an address to listen on, in words that name the setting.
_LISTENING = {
    errno.EADDRINUSE: ("port_in_use", "another program listens on this port; choose another with {port}"),
    errno.EACCES: ("port_not_allowed", "this port needs more rights; choose one above 1023"),
    errno.EADDRNOTAVAIL: ("address_not_available", "this machine has no such address; see {host}"),
}


class Commands(TyperGroup):
    """The group of all verbs; what they raise becomes a line and an exit code here."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BaseExceptionGroup as group:
            refuse(_only_trouble(group))
        except EngineError as error:
            refuse(error)


def refuse(error: BaseException) -> NoReturn:
    """Say what is wrong and leave; an exception that is no trouble of ours is raised."""
    if not isinstance(error, EngineError):
        raise error
    if error.code == "invalid_configuration":
        for line in error.detail.splitlines():
            complain("invalid_configuration", line)
    else:
        where = f" ({error.field.lstrip('/')})" if error.field else ""
        complain(error.code, f"{error.detail or 'failed'}{where}")
    raise typer.Exit(MUST_CHANGE if isinstance(error, InvalidRequest) else FAILED)


def complain(code: str, sentence: str) -> None:
    """One line on standard error."""
    from config.logging import printable

    print(f"error[{code}]: {printable(sentence)}", file=sys.stderr)


@contextmanager
def listening(address: str, *, host: str = "--host", port: str = "--port") -> Iterator[None]:
    """Put the operating system's refusal to listen on the address into our words.

    host, port: what the person sets these with.
    """
    try:
        yield
    except (OSError, BaseExceptionGroup) as error:
        cause = _only_trouble(error) if isinstance(error, BaseExceptionGroup) else error
        # A file that cannot be opened has a name; an address that cannot be had has none.
        known = None
        if isinstance(cause, OSError) and cause.filename is None:
            known = _LISTENING.get(cause.errno or 0)
        if known is None:
            raise cause from None
        code, sentence = known
        raise EngineError(f"{address}: {sentence.format(host=host, port=port)}.", code=code) from cause


def _only_trouble(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one exception a task group passed on; the group itself when there are several."""
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return inner
