"""What a log line may not do, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import aiohttp
import pytest
import structlog
from aiohttp.multipart import parse_content_disposition

from config.logging import configure, printable
from config.settings import LogSettings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def logged(form: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure(LogSettings(format=form, level=level), stream)  # type: ignore[arg-type]
    return stream


def test_a_json_line_holds_time_level_event_and_fields() -> None:
    stream = logged("json")
    structlog.get_logger().info("smpp.submit_answered", bind="a/1", elapsed_ms=118, ids=("x", "y"))
    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "event": "smpp.submit_answered",
        "bind": "a/1",
        "elapsed_ms": 118,
        "ids": ["x", "y"],
    }


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "nasty",
    ["a\nb", "a\r\nb", "\x1b[31mred", "\x9b31m", "gnp\u202eexe", "a\u2028b", "\x00", "\ud800", "\x7f"],
)
def test_an_event_is_one_line_of_harmless_characters(form: str, nasty: str) -> None:
    stream = logged(form)
    structlog.get_logger().info("call.placed", to=nasty, nested={nasty: [nasty]}, **{nasty: 1})
    logging.getLogger("library").warning("it said %s", nasty)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all(printable(line) == line for line in lines)


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_is_one_line_too(form: str) -> None:
    stream = logged(form)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        structlog.get_logger().exception("call.failed")
        logging.getLogger("library").exception("oh")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all("ValueError: two\\nlines" in line.replace("\\\\", "\\") for line in lines)


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_and_peoples_words_are_hidden_by_key(form: str) -> None:
    stream = logged(form)
    structlog.get_logger().info(
        "x.y", password="hunter2", Authorization="hunter2", text="hunter2", deep={"secret": "hunter2"}
    )
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("[hidden]") == 4


def test_bound_context_is_on_every_line_and_lower_levels_are_not() -> None:
    stream = logged("json", "warning")
    with structlog.contextvars.bound_contextvars(call_id="call_1"):
        structlog.get_logger().info("a.b")
        structlog.get_logger().warning("a.c")
        logging.getLogger("library").info("quiet")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["call_id"]) for line in lines] == [("a.c", "call_1")]


def test_a_value_cannot_fill_the_disk() -> None:
    stream = logged("json")
    structlog.get_logger().info("a.b", value="x" * 1_000_000)
    assert len(stream.getvalue()) < 5_000


def test_ordinary_names_stay_readable() -> None:
    assert printable("Zoë Müller 東京 العربية") == "Zoë Müller 東京 العربية"
    assert printable("a\tb\x1b") == "a\\tb\\x1b"


def test_a_log_that_cannot_be_written_costs_its_lines_only() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    configure(LogSettings(format="json"), Full())
    structlog.get_logger().info("disk.filled")
    logging.getLogger("library").warning("and this one")


def test_what_a_form_says_of_its_file_is_not_quoted_on_standard_error() -> None:
    odd = 'form-data; nam@="file"; filename="salaries.txt"'
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)  # of what is collected meanwhile
        parse_content_disposition(odd)
        assert [one.category for one in told] == [aiohttp.BadContentDispositionParam]
        configure(LogSettings(), io.StringIO())
        parse_content_disposition(odd)
        assert len(told) == 1
