"""Looks at one file, in a process of its own with little memory and time: `python -m` with a job as JSON.

Whatever a stranger's file does to a decoder happens here, where there is nothing but the file. Images are
decoded and written anew from their pixels, so that nothing else of them remains: no position, no comment, no
second file behind the first.
Prints one JSON object: what was found, or `code` and `detail` of a refusal.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

from engine.attachments.inspection import inspect, unreadable, unsafe
from engine.attachments.kinds import BY_CONTENT_TYPE, Group, Kind
from engine.errors import InvalidRequest

#: Octets of address space besides the pixels; the interpreter and its libraries map some 200 MiB.
_BASE_OCTETS = 512 * 1024 * 1024
#: A decoded image, a turned copy of it, and what the encoder needs.
_OCTETS_A_PIXEL = 16
_CPU_S = 30
#: Frames of an animation; all of them together may have the pixels of one image.
_MOST_FRAMES = 500
_JPEG_QUALITY = 88


def main() -> None:
    job = json.loads(sys.argv[1])
    _limit(job["max_pixels"], job["max_octets"])
    try:
        found = _look(job)
    except InvalidRequest as refusal:
        found = {"code": refusal.code, "detail": refusal.detail}
    except MemoryError:
        found = {"code": "attachment_unsafe", "detail": "It takes more memory than a file may."}
    sys.stdout.write(json.dumps(found))


def _limit(max_pixels: int, max_octets: int) -> None:
    octets = _BASE_OCTETS + max_pixels * _OCTETS_A_PIXEL
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    written = max_octets * 4 + 64 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))


def _look(job: dict[str, Any]) -> dict[str, Any]:
    kind = BY_CONTENT_TYPE[job["content_type"]]
    path = Path(job["path"])
    with path.open("rb") as file:
        _ask_puremagic(file, kind)
        inspect(file, path.stat().st_size, kind, job["extension"])
    if kind.group is not Group.IMAGE:
        return {"content_type": kind.content_type}
    return _write_anew(path, kind, job)


def _ask_puremagic(file: BinaryIO, kind: Kind) -> None:
    """A second opinion from somebody else's table. It does not know text."""
    if not kind.magic:
        return
    import puremagic  # tables of 100 kB that most refusals need not load

    head = file.read(8_192)
    try:
        found = {one.extension.lstrip(".").lower() for one in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        found = set()
    if not found & {*kind.magic, *kind.extensions}:
        raise unreadable(f"The content is not {kind.content_type}.")


def _write_anew(path: Path, kind: Kind, job: dict[str, Any]) -> dict[str, Any]:
    from PIL import Image, ImageOps, UnidentifiedImageError  # as above

    Image.MAX_IMAGE_PIXELS = None  # ours is stricter, and says so in our words
    name = kind.content_type.removeprefix("image/").upper()
    try:
        with Image.open(path, formats=[name]) as image:
            _check_size(image.size, 1, job["max_pixels"])
            # Cameras hide a preview or a second exposure in a JPEG; the first picture is the picture.
            frames = getattr(image, "n_frames", 1) if name in ("GIF", "WEBP") else 1
            _check_size(image.size, frames, job["max_pixels"])
            if frames > 1:
                first = _write_animation(image, frames, name, job)
            else:
                image.load()
                turned = ImageOps.exif_transpose(image)
                exif = turned.getexif().tobytes() if job["keep_metadata"] else None
                first = _colours(turned, name)
                first.info = {}
                _save(first, job["rewritten"], name, exif)
            width, height = first.size
            first.thumbnail((job["thumbnail_pixels"], job["thumbnail_pixels"]))
            mode = "RGBA" if "A" in first.getbands() or "transparency" in first.info else "RGB"
            first.convert(mode).save(job["thumbnail"], "WEBP", quality=75, method=2)
    except UnidentifiedImageError as error:
        raise unreadable(f"The content is not {kind.content_type}.") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError) as error:
        raise unreadable("The image is broken.") from error
    return {"content_type": kind.content_type, "width": width, "height": height, "rewritten": True}


def _check_size(size: tuple[int, int], frames: int, max_pixels: int) -> None:
    pixels = size[0] * size[1]
    if pixels > max_pixels:
        raise unsafe(f"An image may have {max_pixels:,} pixels; this one has {pixels:,}.")
    if frames > _MOST_FRAMES or pixels * frames > max_pixels:
        raise unsafe("The animation is too long for its size.")


def _colours(image: Any, name: str) -> Any:
    """The pixels in the colours that every browser assumes, in a mode that the format takes."""
    import io

    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        try:
            wanted = "RGBA" if image.mode == "RGBA" else "RGB"
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode=wanted
            )
            image = converted if converted is not None else image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that cannot be read is none
    if name == "JPEG":
        return image if image.mode in ("RGB", "L") else image.convert("RGB")
    transparent = "A" in image.getbands() or "transparency" in image.info
    if image.mode in ("RGB", "RGBA", "L", "LA", "1") and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if transparent else "RGB")


def _write_animation(image: Any, frames: int, name: str, job: dict[str, Any]) -> Any:
    shown, durations = [], []
    for place in range(frames):
        image.seek(place)
        _check_size(image.size, frames, job["max_pixels"])
        frame = image.convert("RGBA")
        frame.info = {}
        shown.append(frame)
        durations.append(max(int(image.info.get("duration", 100) or 100), 20))
    shown[0].save(
        job["rewritten"],
        name,
        save_all=True,
        append_images=shown[1:],
        duration=durations,
        loop=0,
        **({"disposal": 2} if name == "GIF" else {"quality": 80, "method": 2}),
    )
    return shown[0].copy()


def _save(image: Any, path: str, name: str, exif: bytes | None) -> None:
    options: dict[str, Any] = {
        "JPEG": {"quality": _JPEG_QUALITY, "progressive": True},
        "PNG": {"compress_level": 6},
        "WEBP": {"quality": _JPEG_QUALITY, "method": 3},
        "GIF": {},
    }[name]
    if exif:
        options["exif"] = exif
    image.save(path, name, **options)


if __name__ == "__main__":
    main()
