"""Files that mean harm, or are broken, and honest ones to compare them with; all made here, none fetched."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48), colour: str = "red") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, kind)
    return made.getvalue()


def photograph() -> bytes:
    """A JPEG lying on its side, that says where it was taken, by whom and with what."""
    made = io.BytesIO()
    image = Image.new("RGB", (80, 40), "blue")
    image.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    exif[0x010F] = "SecretCamera"
    exif[0x013B] = "SecretAuthor"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    image.save(made, "JPEG", exif=exif, comment=b"SecretComment", quality=95)
    return made.getvalue()


def animation(frames: int = 4) -> bytes:
    made = io.BytesIO()
    images = [Image.new("RGB", (32, 24), (60 * place, 0, 0)) for place in range(frames)]
    images[0].save(
        made, "GIF", save_all=True, append_images=images[1:], duration=80, comment=b"SecretComment"
    )
    return made.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_picture(width: int = 50_000, height: int = 50_000) -> bytes:
    """A small PNG of 2.5 thousand million pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(4_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return made.getvalue()


_MANIFEST = (
    b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
)


def letter(**more: bytes) -> bytes:
    """A Word file, with further parts."""
    parts = {
        "[Content_Types].xml": _MANIFEST,
        "_rels/.rels": b"<Relationships/>",
        "word/document.xml": b"<w/>",
    }
    return zipped({**parts, **more})


def bomb() -> bytes:
    """A Word file of half a megabyte that unpacks to 500."""
    return letter(**{"word/media/image1.bmp": bytes(500 * 1024 * 1024)})


def lying_bomb() -> bytes:
    """One that states a thousandth of what it unpacks to."""
    honest = letter(**{"word/media/image1.bmp": bytes(30 * 1024 * 1024)})
    large, small = struct.pack("<I", 30 * 1024 * 1024), struct.pack("<I", 30 * 1024)
    crc = struct.pack("<I", zlib.crc32(bytes(30 * 1024 * 1024)))
    return honest.replace(large, small).replace(crc, struct.pack("<I", zlib.crc32(bytes(30 * 1024))))


def pdf(extra: bytes = b"") -> bytes:
    return (
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog " + extra + b">>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    )


SCRIPTED_PDF = pdf(b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> ")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(document.domain)</script></html>"
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Example\r\nTEL:+12025550177\r\nEND:VCARD\r\n"
WAV = (
    b"RIFF"
    + struct.pack("<I", 36 + 800)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
)
WAV += b"data" + struct.pack("<I", 800) + bytes(800)
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + b"\x00\x00\x00\x08free" + bytes(64)

#: What is refused: name -> (file name, header, content, code).
REFUSED: Mapping[str, tuple[str, str, bytes, str]] = {
    "svg": ("logo.svg", "image/svg+xml", SVG, "attachment_type_not_allowed"),
    "svg as png": ("logo.png", "image/png", SVG, "attachment_unreadable"),
    "html": ("page.html", "text/html", HTML, "attachment_type_not_allowed"),
    "html as text": ("page.txt", "text/plain", HTML, "attachment_unreadable"),
    "html as jpeg": ("page.jpg", "image/jpeg", HTML, "attachment_unreadable"),
    "xml as text": ("data.txt", "text/plain", b"<?xml version='1.0'?><a/>", "attachment_unreadable"),
    "program": ("tool.exe", "application/octet-stream", b"MZ" + bytes(200), "attachment_type_not_allowed"),
    "program as text": ("tool.txt", "text/plain", b"MZ" + bytes(200), "attachment_unreadable"),
    "no extension": ("README", "text/plain", b"hello", "attachment_type_not_allowed"),
    "header disagrees": ("photo.png", "application/pdf", picture(), "attachment_type_not_allowed"),
    "content disagrees": ("photo.png", "image/png", picture("JPEG"), "attachment_unreadable"),
    "header and content against the name": ("photo.pdf", "", picture(), "attachment_unreadable"),
    "gif and archive": (
        "photo.gif",
        "image/gif",
        picture("GIF") + zipped({"Evil.class": b"\xca\xfe\xba\xbe"}),
        "attachment_unsafe",
    ),
    "jpeg and archive": (
        "photo.jpg",
        "image/jpeg",
        picture("JPEG") + zipped({"a": b"b"}),
        "attachment_unsafe",
    ),
    "gif and script": (
        "photo.gif",
        "image/gif",
        b"GIF89a/*" + bytes(40) + b"*/=1;alert(1);//",
        "attachment_unsafe",
    ),
    "jpeg and page": ("photo.jpg", "image/jpeg", picture("JPEG") + HTML, "attachment_unsafe"),
    "png with php": (
        "photo.png",
        "image/png",
        picture() + b"<?php system($_GET[0]); ?>",
        "attachment_unsafe",
    ),
    "pdf and archive": ("paper.pdf", "application/pdf", pdf() + zipped({"a": b"b"}), "attachment_unsafe"),
    "pdf behind a page": ("paper.pdf", "application/pdf", HTML + pdf(), "attachment_unreadable"),
    "truncated png": ("photo.png", "image/png", picture(size=(400, 400))[:-200], "attachment_unreadable"),
    "truncated jpeg": ("photo.jpg", "image/jpeg", picture("JPEG", (400, 400))[:700], "attachment_unreadable"),
    "huge png": ("photo.png", "image/png", huge_picture(), "attachment_unsafe"),
    "macro": ("letter.docx", "", letter(**{"word/vbaProject.bin": b"x"}), "attachment_unsafe"),
    "jar as letter": ("letter.docx", "", letter(**{"META-INF/MANIFEST.MF": b"x"}), "attachment_unsafe"),
    "zip as letter": ("letter.docx", "", zipped({"a.txt": b"x"}), "attachment_unreadable"),
    "letter as sheet": ("sheet.xlsx", "", letter(), "attachment_unreadable"),
    "letter that leaves its folder": ("letter.docx", "", letter(**{"../../evil": b"x"}), "attachment_unsafe"),
    "letter and page": ("letter.docx", "", letter() + HTML, "attachment_unsafe"),
    "lying bomb": ("letter.docx", "", lying_bomb(), "attachment_unsafe"),
    "empty": ("empty.txt", "text/plain", b"", "attachment_unreadable"),
    "one octet": ("a.mp3", "audio/mpeg", b"\xff", "attachment_unreadable"),
    "not a card": ("ada.vcf", "text/vcard", b"hello", "attachment_unreadable"),
}

#: What is taken: name -> (file name, header, content, content type it is handed out as).
TAKEN: Mapping[str, tuple[str, str, bytes, str]] = {
    "png": ("photo.png", "image/png", picture(), "image/png"),
    "jpeg": ("photo.JPG", "image/jpeg", picture("JPEG"), "image/jpeg"),
    "gif": ("photo.gif", "image/gif", animation(), "image/gif"),
    "webp": ("photo.webp", "image/webp", picture("WEBP"), "image/webp"),
    "pdf": ("paper.pdf", "application/pdf", pdf(), "application/pdf"),
    "scripted pdf": ("paper.pdf", "application/pdf", SCRIPTED_PDF, "application/pdf"),
    "text": ("notes.txt", "text/plain; charset=utf-8", "Grüße, 1 < 2".encode(), "text/plain"),
    "csv": ("list.csv", "application/vnd.ms-excel", b"a,b\r\n1,2\r\n", "text/csv"),
    "card": ("ada.vcf", "text/x-vcard", VCARD, "text/vcard"),
    "wav": ("voice.wav", "audio/x-wav", WAV, "audio/wav"),
    "mp4": ("film.mp4", "video/mp4", MP4, "video/mp4"),
    "letter": (
        "letter.docx",
        "application/octet-stream",
        letter(),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}
