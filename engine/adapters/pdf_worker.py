"""The process that makes one PDF: an order as JSON on standard input, the file on standard output.

The only importer of fpdf2, and of nothing of ours: it is run as a file, isolated. Text is shaped by HarfBuzz
and runs right to left where its script does.
"""

from __future__ import annotations

import logging
import resource
import sys
from typing import Any

import msgspec
from fpdf import FPDF
from fpdf.enums import XPos, YPos

_MEMORY_OCTETS = 768 * 1024 * 1024
_CPU_S = 80
_MARGIN_MM = 15


class _Sheet(FPDF):
    def __init__(self, title: str, font: str | None) -> None:
        super().__init__()
        self.set_title(title)
        self.set_creator("Ringback")
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(True, margin=_MARGIN_MM)
        self.whole = font is not None
        if font is not None:
            self.add_font("sans", fname=font)
            self.set_text_shaping(True)
        self.sans = "sans" if font is not None else "helvetica"

    def footer(self) -> None:
        self.set_y(-_MARGIN_MM + 4)
        self.set_font(self.sans, size=7)
        self.cell(0, 4, str(self.page_no()), align="C")

    def say(self, text: str, size: float, *, grey: int = 0) -> None:
        """A paragraph; characters a font without shaping does not have become question marks."""
        shown = "".join(c if c == "\n" or c.isprintable() else " " for c in text)
        if not self.whole:
            shown = shown.encode("latin-1", "replace").decode("latin-1")
        self.set_font(self.sans, size=size)
        self.set_text_color(grey)
        self.multi_cell(0, size * 0.5, shown, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def make_pdf(paper: dict[str, Any], font: str | None) -> bytes:
    sheet = _Sheet(paper["title"], font)
    sheet.add_page()
    sheet.say(paper["title"], 15)
    for name, value in paper["facts"]:
        sheet.say(f"{name}: {value}", 8, grey=90)
    if font is None:
        sheet.say("Made without a font for other scripts than Latin: question marks stand for them.", 8)
    for line in paper["lines"]:
        sheet.ln(2)
        to = f" \N{RIGHTWARDS ARROW} {line['to']}" if line["to"] else ""
        kind = "" if line["type"] == "message" else f"  {line['type']}"
        status = f"  [{line['status']}]" if line["status"] else ""
        sheet.say(f"{line['at']}  {line['sender']}{to}{kind}{status}", 7.5, grey=110)
        if line["text"]:
            sheet.say(line["text"], 10)
        if line["attachments"]:
            sheet.say(f"+ {line['attachments']}", 8, grey=90)
    return bytes(sheet.output())


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_OCTETS, _MEMORY_OCTETS))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    logging.disable(logging.CRITICAL)  # what a font lacks is named there, and it is somebody's text
    order = msgspec.json.decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(make_pdf(order["paper"], order["font"]))


if __name__ == "__main__":
    main()
