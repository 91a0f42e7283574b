"""Logging: one line an event, as JSON for machines or as words for a terminal.

What a line may not do: turn a terminal's colours or cursor, pretend to be two lines, read from right
to left, or show a secret. Other people's text ends up in log values, so characters are escaped here,
at the last step, whatever the caller did. The standard library's loggers go the same way.
"""

from __future__ import annotations

import json
import logging
import sys
import unicodedata
import warnings
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from config.settings import LogSettings

#: Keys whose values never reach a line, whoever logs them. Code does not log these; this is the net
#: beneath. `text` and its like are what people wrote to each other.
SECRET_KEYS = frozenset(
    {
        "authorization",
        "body",
        "cookie",
        "password",
        "secret",
        "short_message",
        "text",
        "ticket",
        "token",
    }
)

#: One value may not fill a disk.
MAX_VALUE_CHARACTERS = 4_096

EventDict = MutableMapping[str, Any]


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send the process's logs to stream, standard error unless told otherwise. Call it once, at start."""
    stream = stream or sys.stderr
    console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        _hide_secrets,
        _escape_values,
    ]
    render = _render_console if console else _render_json
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Forgiving(stream))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(cast(TextIO, _Forgiving(stream)))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Migrations and aiohttp tell at INFO what our own events tell better.
    for name in ("alembic", "aiohttp", "asyncio", "panoramisk"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # Headers of a form that it does not understand it quotes on standard error: names of files, for one.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"aiohttp\.multipart")


class _Forgiving:
    """A stream to which a line may be lost, and nothing else: a full disk or a closed pipe must not
    turn into an answer 500 or a call that is not followed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def printable(text: str) -> str:
    """The text with every character escaped that could act on a terminal or hide what it says."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if _acts(c) else c for c in text)


def _acts(character: str) -> bool:
    # Cc control, Cf format (bidi, zero width), Cs surrogate, Co private, Zl and Zp line ends.
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _escaped(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _hide_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    for key in event:
        if key.lower() in SECRET_KEYS:
            event[key] = "[hidden]"
    return event


def _escape_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {printable(str(key)): _safe(value) for key, value in event.items() if key[0] != "_"} | {
        key: value for key, value in event.items() if key[0] == "_"
    }


def _safe(value: object) -> object:
    """The value as JSON-ready data without acting characters."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {
            printable(str(key)): "[hidden]" if str(key).lower() in SECRET_KEYS else _safe(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_safe(item) for item in value]
    text = str(value)
    if len(text) > MAX_VALUE_CHARACTERS:
        text = text[:MAX_VALUE_CHARACTERS] + "…"
    return printable(text)


def _render_json(_logger: object, _method: str, event: EventDict) -> str:
    first = {key: event.pop(key) for key in ("at", "level", "event") if key in event}
    return json.dumps(first | dict(event), ensure_ascii=False, separators=(",", ":"))


def _render_console(_logger: object, _method: str, event: EventDict) -> str:
    at, level, name = event.pop("at", ""), event.pop("level", ""), event.pop("event", "")
    fields = " ".join(f"{key}={_console_value(value)}" for key, value in event.items())
    return f"{at} {level:<7} {name} {fields}".rstrip()


def _console_value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if " " in value or '"' in value or not value else value
    return json.dumps(value, ensure_ascii=False)
