"""PDFs of conversations, each made in a process of its own: fonts and other people's text are parsed there,
within limits of time and memory, and the event loop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from engine.errors import EngineError, InvalidRequest, RateLimited
from engine.records.exporting import Paper

log = structlog.get_logger()

#: What Debian, Fedora, Alpine and our image have; DejaVu covers Latin, Greek, Cyrillic, Arabic and Hebrew.
USUAL_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf"),
    Path("/usr/share/fonts/ttf-dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"),
    Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"),
)

_AT_ONCE = 1
_MOST_WAITING = 8
_WITHIN_S = 90.0


class PdfProcess:
    """font: a TrueType file; None takes the first of the usual ones, and without any Latin alone is shown.
    Raises EngineError `pdf_font_missing`.
    """

    def __init__(self, font: Path | None = None) -> None:
        if font is not None and not font.is_file():
            raise EngineError(f"[records] pdf_font_file: there is no file {font}.", code="pdf_font_missing")
        self._font = font or next((one for one in USUAL_FONTS if one.is_file()), None)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def write(self, paper: Paper) -> bytes:
        """See `engine.records.exporting.PdfWriter`. Cancelled, the process ends."""
        if self._waiting >= _MOST_WAITING:
            raise RateLimited("Other files are being made; try again in a moment.", retry_after_s=15)
        self._waiting += 1
        try:
            async with self._turns:
                return await self._in_process(paper)
        finally:
            self._waiting -= 1

    async def _in_process(self, paper: Paper) -> bytes:
        order = {"font": None if self._font is None else str(self._font), "paper": dataclasses.asdict(paper)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(Path(__file__).with_name("pdf_worker.py"))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(_WITHIN_S):
                octets, _ = await process.communicate(msgspec.json.encode(order))
        except TimeoutError:
            raise InvalidRequest(
                "That takes too long as a PDF; give from and until, or take CSV or JSON.",
                code="export_too_large",
                field="?from",
            ) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            log.error("records.pdf_failed", exit_code=process.returncode)
            raise EngineError("The PDF could not be made.")
        return octets
