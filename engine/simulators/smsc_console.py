"""Lines that control the simulated SMSC while it runs: send a text, change an option, cut the link.

    text +4915112345678 +4930123456 See you at eight
    set throttle_every 3
    set reply none
    cut            cut every connection without a word
    unbind         unbind every session
    counts         what has happened so far

A line that cannot be obeyed is answered and changes nothing.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec

from engine.errors import InvalidRequest
from engine.simulators.smsc_behaviour import SmscOptions
from engine.simulators.smsc_deliveries import Report

if TYPE_CHECKING:
    from engine.simulators.smsc import SmscSimulator

_FIXED = frozenset(
    {"host", "port", "tls_certificate_file", "tls_key_file", "seed", "first_id", "kept", "profile"}
)


async def obey(simulator: SmscSimulator, lines: asyncio.StreamReader, report: Report) -> None:
    """Obey each line until the input ends. report: gets an answer to every line."""
    while line := await lines.readline():
        words = line.decode(errors="replace").split(maxsplit=3)
        if not words:
            continue
        try:
            report("smsc.command_obeyed", command=words[0], **_obey(simulator, words))
        except (InvalidRequest, ValueError) as error:
            report("smsc.command_refused", command=words[0], reason=str(error))


async def standard_input() -> asyncio.StreamReader:
    """The process's standard input as lines. Raises OSError or ValueError if it cannot be waited for."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


def _obey(simulator: SmscSimulator, words: list[str]) -> dict[str, Any]:
    match words:
        case ["text", from_number, to_number, text]:
            return {"parts": simulator.deliver_text(from_number, to_number, text.rstrip("\n"))}
        case ["set", name, *rest] if rest:
            simulator.configure(**{name: _value(name, " ".join(rest).rstrip("\n"))})
            return {"option": name}
        case ["cut"]:
            simulator.disconnect()
            return {}
        case ["unbind"]:
            simulator.unbind()
            return {}
        case ["counts"]:
            return asdict(simulator.counts)
    raise ValueError("say `text FROM TO WORDS`, `set OPTION VALUE`, `cut`, `unbind` or `counts`")


def _value(name: str, text: str) -> object:
    hint = get_type_hints(SmscOptions).get(name)
    if hint is None or name in _FIXED:
        raise ValueError(f"{name} cannot be set while the simulator runs")
    if text == "none" and type(None) in get_args(hint):
        return None
    try:
        return msgspec.convert(text, hint, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
