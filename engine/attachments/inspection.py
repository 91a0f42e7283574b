"""Whether a file is what its name and header say, and nothing besides. Pure: it reads a file, no more.

Runs in a process of its own (`engine.adapters.content_process`), since it looks at whatever strangers make.
It never trusts a length that the file states: what is counted is what is there.
Source: APPNOTE.TXT §4.3 (ZIP); ISO 32000-1 §7.5; RFC 9639, RFC 6716 and friends for the magic; WHATWG MIME
Sniffing §7.1 (what makes a browser see HTML).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import BinaryIO

from engine.attachments.kinds import Group, Kind
from engine.errors import InvalidRequest

#: What is read at once.
_CHUNK = 256 * 1024
#: Nothing but text is shorter.
_LEAST = 12
#: Where markup is looked for that is too short to be looked for everywhere.
_ENDS = 4 * 1024
#: A ZIP's last record and its comment (APPNOTE §4.3.16).
_ZIP_TAIL = 65_557
#: What an Office file may have: more are archives in disguise.
_MOST_MEMBERS = 10_000
_MOST_UNPACKED = 200 * 1024 * 1024
_MOST_RATIO = 200
_RATIO_MATTERS_FROM = 20 * 1024 * 1024
_MOST_MANIFEST = 1024 * 1024
_MOST_DIRECTORY = 8 * 1024 * 1024

#: Long enough not to occur by accident in what is compressed.
_MARKUP = re.compile(rb"<script[\s>/]|<!doctype\s+html|<iframe[\s>/]|<html[\s>]", re.IGNORECASE)
_SHORT_MARKUP = re.compile(rb"<svg[\s>]|<\?php|<\?xml|<body[\s>]|<head[\s>]", re.IGNORECASE)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BEGINS_AS_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:[a-z!?/])", re.IGNORECASE)

_OFFICE_PARTS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
_MACROS = re.compile(
    r"(?:^|/)(?:vbaproject\.bin|vbadata\.xml|.*\.(?:class|exe|dll|js|vbs|jar|bat|ps1|hta))$", re.I
)
_OPEN_DOCUMENT_MACROS = re.compile(r"^(?:basic|scripts)/", re.IGNORECASE)


def unreadable(detail: str) -> InvalidRequest:
    return InvalidRequest(detail, code="attachment_unreadable")


def unsafe(detail: str) -> InvalidRequest:
    return InvalidRequest(detail, code="attachment_unsafe")


def inspect(file: BinaryIO, octets: int, kind: Kind, extension: str) -> None:
    """Hold the content against the kind; images are decoded afterwards, elsewhere.

    Raises InvalidRequest `attachment_unreadable` for what is something else or broken, `attachment_unsafe`
    for what is two things at once, hides a program, or unpacks to much more than it is.
    """
    head = _at(file, 0, _ENDS)
    if kind.group is Group.TEXT:
        _inspect_text(file, head, kind)
        return
    if kind.group is Group.OFFICE:
        _inspect_office(file, octets, head, kind, extension)
        return
    if octets < _LEAST or not _begins_as(head, octets, kind):
        raise unreadable(f"The content is not {kind.content_type}.")
    if kind.group is Group.PDF and b"%%EOF" not in _at(file, max(octets - 1024, 0), 1024):
        raise unreadable("The PDF has no end.")
    _refuse_archive(file, octets)
    _refuse_markup(file, octets, head, kind)


def _at(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _begins_as(head: bytes, octets: int, kind: Kind) -> bool:
    """Whether the first octets are the kind's own."""
    name = kind.content_type
    match name:
        case "image/jpeg":
            return head.startswith(b"\xff\xd8\xff")
        case "image/png":
            return head.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
        case "image/gif":
            return head.startswith((b"GIF87a", b"GIF89a"))
        case "image/webp" | "audio/wav":
            wanted = b"WEBP" if name == "image/webp" else b"WAVE"
            return head[:4] == b"RIFF" and head[8:12] == wanted and _riff_fits(head, octets)
        case "audio/mpeg":
            return head.startswith(b"ID3") or (head[0] == 0xFF and head[1] & 0xE6 == 0xE2)
        case "audio/ogg":
            return head.startswith(b"OggS\x00")
        case "audio/flac":
            return head.startswith(b"fLaC")
        case "audio/amr":
            return head.startswith((b"#!AMR\n", b"#!AMR-WB\n"))
        case "video/webm" | "audio/webm":
            return head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head[:64]
        case "application/pdf":
            return re.match(rb"%PDF-[12]\.[0-9]", head) is not None
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if name == "video/quicktime":
        return brand == b"qt  "
    if name == "video/3gpp":
        return brand.startswith((b"3gp", b"3gr", b"3gs", b"3ge", b"mp4", b"isom"))
    return brand != b"" and not brand.startswith((b"heic", b"heix", b"mif1", b"avif", b"qt  "))


def _riff_fits(head: bytes, octets: int) -> bool:
    """Recorders that were cut off state too much; anything behind the stated end is something else."""
    stated = int.from_bytes(head[4:8], "little") + 8
    return stated + 1 >= octets


def _refuse_archive(file: BinaryIO, octets: int) -> None:
    """An archive is read from its end, so that an image can be one as well (GIFAR)."""
    start = max(octets - _ZIP_TAIL, 0)
    tail = _at(file, start, _ZIP_TAIL)
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        record = tail[place : place + 22]
        size = int.from_bytes(record[12:16], "little")
        directory = start + place - size
        if len(record) == 22 and directory >= 0 and _at(file, directory, 4) in (b"PK\x01\x02", b"PK\x05\x06"):
            raise unsafe("It is an archive as well.")
        place = tail.rfind(b"PK\x05\x06", 0, place)


def _refuse_markup(file: BinaryIO, octets: int, head: bytes, kind: Kind) -> None:
    """What a browser that guesses would run."""
    tail = _at(file, max(octets - _ENDS, 0), _ENDS)
    # Cameras and PDF writers describe their files in XML; a page it is only with the rest.
    described = kind.group in (Group.IMAGE, Group.PDF)
    for end in (head, tail):
        for found in _SHORT_MARKUP.finditer(end):
            if not (described and found.group().lower() == b"<?xml"):
                raise unsafe("It has markup or a script in it.")
    if kind.content_type == "image/gif" and head[6:8] == b"/*":
        raise unsafe("It is a script as well.")
    file.seek(0)
    before = b""
    while chunk := file.read(_CHUNK):
        if _MARKUP.search(before + chunk):
            raise unsafe("It has markup or a script in it.")
        before = chunk[-32:]


def _inspect_text(file: BinaryIO, head: bytes, kind: Kind) -> None:
    if _BEGINS_AS_MARKUP.match(head):
        raise unreadable("The content is markup, not text.")
    if head.startswith((b"%PDF-", b"PK\x03\x04", b"MZ", b"\x7fELF", b"#!", b"{\\rtf")):
        raise unreadable("The content is not text.")
    file.seek(0)
    while chunk := file.read(_CHUNK):
        if _CONTROLS.search(chunk):
            raise unreadable("The content is not text.")
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip().upper()
    wanted = {"text/vcard": b"BEGIN:VCARD", "text/calendar": b"BEGIN:VCALENDAR"}.get(kind.content_type, b"")
    if not begin.startswith(wanted):
        raise unreadable(f"The content is not {kind.content_type}.")


def _inspect_office(file: BinaryIO, octets: int, head: bytes, kind: Kind, extension: str) -> None:
    if not head.startswith(b"PK\x03\x04"):
        raise unreadable(f"The content is not {kind.content_type}.")
    _check_directory(file, octets)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(members, octets)
            names = {one.filename for one in members}
            if extension in _OFFICE_PARTS:
                _check_ooxml(archive, names, extension)
            else:
                _check_open_document(archive, names, kind)
            for one in members:
                _unpack(file, one)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise unreadable("The document is broken or locked.") from error


def _check_directory(file: BinaryIO, octets: int) -> None:
    """The archive's end, before anybody builds a list of what it names; and that it is the file's end."""
    tail = _at(file, max(octets - _ZIP_TAIL, 0), _ZIP_TAIL)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < 22:
        raise unreadable("The document is broken.")
    entries = int.from_bytes(tail[place + 10 : place + 12], "little")
    directory_octets = int.from_bytes(tail[place + 12 : place + 16], "little")
    if entries > _MOST_MEMBERS or directory_octets > _MOST_DIRECTORY:
        raise unsafe("It unpacks to more than a document has.")
    if place + 22 + int.from_bytes(tail[place + 20 : place + 22], "little") != len(tail):
        raise unsafe("Something follows the document.")


def _check_members(members: list[zipfile.ZipInfo], octets: int) -> None:
    """Before anything is unpacked: how many, how large, where, and by what names."""
    total = sum(one.file_size for one in members)
    if not members or len(members) > _MOST_MEMBERS or total > _MOST_UNPACKED:
        raise unsafe("It unpacks to more than a document has.")
    if total > _RATIO_MATTERS_FROM and total > octets * _MOST_RATIO:
        raise unsafe("It unpacks to much more than it is.")
    end = 0
    for one in sorted(members, key=lambda member: member.header_offset):
        # Members that share octets are how a small file unpacks to petabytes.
        if one.header_offset < end or (end == 0 and one.header_offset != 0):
            raise unsafe("Its parts overlap.")
        end = one.header_offset + 30 + len(one.filename) + one.compress_size
        parts = one.filename.replace("\\", "/").split("/")
        if ".." in parts or one.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise unsafe("One of its parts would be written elsewhere.")
        if _MACROS.search(one.filename) or one.filename.upper() == "META-INF/MANIFEST.MF":
            raise unsafe("It has programs or macros in it.")


def _check_ooxml(archive: zipfile.ZipFile, names: set[str], extension: str) -> None:
    if "[Content_Types].xml" not in names or not any(n.startswith(_OFFICE_PARTS[extension]) for n in names):
        raise unreadable(f"The content is not .{extension}.")
    with archive.open("[Content_Types].xml") as part:
        manifest = part.read(_MOST_MANIFEST)
    if b"macroEnabled" in manifest or b"vbaProject" in manifest:
        raise unsafe("It has macros in it.")


def _check_open_document(archive: zipfile.ZipFile, names: set[str], kind: Kind) -> None:
    if "mimetype" not in names or "content.xml" not in names:
        raise unreadable(f"The content is not {kind.content_type}.")
    with archive.open("mimetype") as part:
        if part.read(200).strip() != kind.content_type.encode():
            raise unreadable(f"The content is not {kind.content_type}.")
    if any(_OPEN_DOCUMENT_MACROS.match(name) for name in names):
        raise unsafe("It has macros in it.")


def _unpack(file: BinaryIO, member: zipfile.ZipInfo) -> None:
    """Whether the part is as long as it states: whoever opens the document may not ask (APPNOTE §4.3.7)."""
    if member.flag_bits & 0x1:
        raise unreadable("The document is locked.")
    local = _at(file, member.header_offset, 30)
    name_octets, extra_octets = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:30], "little")
    if local[:4] != b"PK\x03\x04" or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise unreadable("The document is packed in an unusual way.")
    file.seek(member.header_offset + 30 + name_octets + extra_octets)
    left = member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        if left != member.file_size:
            raise unsafe("It unpacks to more than it states.")
        return
    inflate = zlib.decompressobj(-15)
    unpacked = 0
    while not inflate.eof:
        packed = inflate.unconsumed_tail or file.read(min(left, _CHUNK))
        if not inflate.unconsumed_tail:
            left -= len(packed)
        if not packed:
            raise unreadable("The document is broken.")
        unpacked += len(inflate.decompress(packed, _CHUNK))
        if unpacked > member.file_size:
            raise unsafe("It unpacks to more than it states.")
    if unpacked != member.file_size:
        raise unreadable("The document is broken.")
