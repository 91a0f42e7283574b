"""PDFs of conversations: every script readable, other people's text harmless, limits kept."""

from __future__ import annotations

import asyncio
import re
import zlib
from pathlib import Path

import pytest

from engine.adapters.pdf import USUAL_FONTS, PdfProcess
from engine.errors import RateLimited
from engine.records.exporting import Paper
from engine.records.lines import Line
from tests.peers.apt import CannotInstall, install
from tests.peers.require import unavailable


def line(text: str) -> Line:
    return Line("2026-11-22 12:00:00+01:00", "message", "inbound", "Ann", "", text, "", "", "msg_1")


def paper(*texts: str) -> Paper:
    return Paper("Talk", [("With", "Ann")], [line(text) for text in texts])


def dejavu() -> Path | None:
    return next((one for one in USUAL_FONTS if one.is_file() and "DejaVu" in one.name), None)


@pytest.fixture(scope="module")
def font() -> Path:
    found = dejavu()
    if found is None:
        try:
            install("fonts-dejavu-core")
        except CannotInstall as error:
            unavailable("dejavu", str(error))
        found = dejavu()
    assert found is not None
    return found


def unicode_of(pdf: bytes) -> set[str]:
    """The characters the file says its glyphs stand for (its ToUnicode tables)."""
    found = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            text = stream
        if b"beginbfchar" in text or b"beginbfrange" in text:
            for code in re.findall(rb"<([0-9A-Fa-f]{4,})>", text):
                found |= set(bytes.fromhex(code.decode()).decode("utf-16-be", "replace"))
    return found


async def test_every_script_has_its_letters(font: Path) -> None:
    pdf = await PdfProcess(font).write(paper("Grüße", "Привет", "Γειά σου", "שלום עולם", "مرحبا بالعالم"))
    assert pdf.startswith(b"%PDF-")
    assert {"ü", "П", "Γ", "ש"} <= unicode_of(pdf)


async def test_without_a_font_there_is_a_pdf_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.adapters.pdf.USUAL_FONTS", ())
    pdf = await PdfProcess().write(paper("Привет", "plain"))
    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize(
    "text",
    ["\x00\x1b[31m", "\u202egnp.exe", "%PDF-1.4 endstream endobj", "a" * 5_000, "😀" * 50],
)
async def test_other_peoples_text_does_no_harm(text: str, font: Path) -> None:
    assert (await PdfProcess(font).write(paper(text))).endswith(b"%%EOF\n")


async def test_who_asks_while_many_wait_is_told_to_come_back(font: Path) -> None:
    writer = PdfProcess(font)
    asked = [asyncio.create_task(writer.write(paper("x"))) for _ in range(12)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert any(isinstance(one, RateLimited) for one in done)
    assert any(isinstance(one, bytes) for one in done)
