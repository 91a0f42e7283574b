"""Which kinds of files are taken, by what names and headers each goes, and how a name is made harmless.

What is not in the table is refused: SVG, HTML and XML because browsers run them, archives because nobody can
say what is in them, the old Office formats because of their macros. Names decide the kind, the header has to
agree, and `inspection` holds the content against both.
Source: OWASP File Upload cheat sheet; WHATWG MIME Sniffing §7; RFC 6266 §4.3.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from engine.attachments.errors import invalid, type_not_allowed

#: A name longer than this is no name; every file system takes it.
MOST_NAME_OCTETS = 200

#: Headers that say nothing about the content.
_SAYS_NOTHING = ("", "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded")


class Group(StrEnum):
    """How a kind is checked. Images are shown, everything else is only ever handed out as a download."""

    IMAGE = "image"
    MEDIA = "media"
    PDF = "pdf"
    OFFICE = "office"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    extensions: of its names, in small letters. headers: other content types senders give it. magic: what
    puremagic calls such content, as extensions; empty where it knows nothing.
    """

    content_type: str
    group: Group
    extensions: tuple[str, ...]
    headers: tuple[str, ...] = ()
    magic: tuple[str, ...] = ()


_G = Group
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

KINDS: tuple[Kind, ...] = (
    Kind("image/jpeg", _G.IMAGE, ("jpg", "jpeg", "jpe", "jfif"), ("image/jpg", "image/pjpeg"), ("jpg",)),
    Kind("image/png", _G.IMAGE, ("png",), ("image/x-png",), ("png",)),
    Kind("image/gif", _G.IMAGE, ("gif",), (), ("gif",)),
    Kind("image/webp", _G.IMAGE, ("webp",), (), ("webp",)),
    Kind("audio/mpeg", _G.MEDIA, ("mp3",), ("audio/mp3", "audio/x-mp3", "audio/mpeg3"), ("mp3",)),
    Kind(
        "audio/ogg",
        _G.MEDIA,
        ("ogg", "oga", "opus"),
        ("application/ogg", "audio/opus"),
        ("ogg", "oga", "opus"),
    ),
    Kind("audio/wav", _G.MEDIA, ("wav",), ("audio/x-wav", "audio/wave", "audio/vnd.wave"), ("wav",)),
    Kind(
        "audio/mp4",
        _G.MEDIA,
        ("m4a", "mp4"),
        ("audio/x-m4a", "audio/m4a", "audio/aac"),
        ("mp4", "m4a", "mov"),
    ),
    Kind("audio/flac", _G.MEDIA, ("flac",), ("audio/x-flac",), ("flac",)),
    Kind("audio/amr", _G.MEDIA, ("amr",), ("audio/amr-wb", "audio/amr-nb"), ("amr",)),
    Kind("video/mp4", _G.MEDIA, ("mp4", "m4v"), ("video/x-m4v",), ("mp4", "m4v", "mov")),
    Kind("video/quicktime", _G.MEDIA, ("mov", "qt"), (), ("mov", "qt", "mp4")),
    Kind("video/3gpp", _G.MEDIA, ("3gp", "3gpp"), ("audio/3gpp", "video/3gp"), ("3gp", "3gg", "3g2", "mp4")),
    Kind("video/webm", _G.MEDIA, ("webm",), (), ("webm",)),
    Kind("audio/webm", _G.MEDIA, ("weba", "webm"), (), ("webm",)),
    Kind("application/pdf", _G.PDF, ("pdf",), ("application/x-pdf",), ("pdf",)),
    Kind(f"{_OOXML}wordprocessingml.document", _G.OFFICE, ("docx",), (), ("docx", "zip")),
    Kind(f"{_OOXML}spreadsheetml.sheet", _G.OFFICE, ("xlsx",), (), ("xlsx", "zip")),
    Kind(f"{_OOXML}presentationml.presentation", _G.OFFICE, ("pptx",), (), ("pptx", "zip")),
    Kind(f"{_ODF}text", _G.OFFICE, ("odt",), (), ("odt", "zip")),
    Kind(f"{_ODF}spreadsheet", _G.OFFICE, ("ods",), (), ("ods", "zip")),
    Kind(f"{_ODF}presentation", _G.OFFICE, ("odp",), (), ("odp", "zip")),
    Kind("text/plain", _G.TEXT, ("txt", "text", "log")),
    # Windows tells a browser that CSV is Excel's.
    Kind("text/csv", _G.TEXT, ("csv",), ("text/plain", "application/csv", "application/vnd.ms-excel")),
    Kind("text/vcard", _G.TEXT, ("vcf", "vcard"), ("text/x-vcard", "text/directory", "text/plain")),
    Kind("text/calendar", _G.TEXT, ("ics",), ("text/plain",)),
)
BY_CONTENT_TYPE = {kind.content_type: kind for kind in KINDS}


def kind_of(filename: str, declared_type: str | None, allowed: Collection[str] = ()) -> Kind:
    """The kind a file says it is, by its name and its header. allowed: content types; empty allows all.

    Raises InvalidRequest `attachment_type_not_allowed`.
    """
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    named = [kind for kind in KINDS if extension in kind.extensions]
    if not named:
        shown = f"Files called .{extension[:16]} are" if extension else "Files without an extension are"
        raise type_not_allowed(f"{shown} not taken.")
    said = (declared_type or "").partition(";")[0].strip().lower()
    if said not in _SAYS_NOTHING:
        named = [kind for kind in named if said in (kind.content_type, *kind.headers)]
    if not named:
        raise type_not_allowed(f"The name says .{extension}, the header says something else.")
    if allowed and named[0].content_type not in allowed:
        raise type_not_allowed(f"Files of the type {named[0].content_type} are not taken here.")
    return named[0]


def clean_name(given: str) -> str:
    """A file's name as it is kept and shown: without folders, control characters and tricks of direction.

    Raises InvalidRequest where nothing is left of it.
    """
    last = given.replace("\\", "/").rpartition("/")[2]
    kept = "".join(
        one for one in last if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    kept = unicodedata.normalize("NFC", kept).strip(" .")
    if not kept:
        raise invalid("filename", "Give the file a name.")
    stem, dot, extension = kept.rpartition(".")
    if len(kept.encode()) > MOST_NAME_OCTETS and dot and len(extension) <= 16:
        room = MOST_NAME_OCTETS - len(extension.encode()) - 1
        kept = stem.encode()[:room].decode(errors="ignore").rstrip() + dot + extension
    return kept.encode()[:MOST_NAME_OCTETS].decode(errors="ignore").rstrip(" .")
