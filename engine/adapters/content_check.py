"""Has files looked at in processes of their own; see `content_process`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import structlog

from engine.attachments.kinds import Kind
from engine.attachments.models import Checked
from engine.attachments.settings import AttachmentSettings
from engine.errors import EngineError, InvalidRequest

log = structlog.get_logger()

#: Where the engine's packages are found.
_ROOT = Path(__file__).resolve().parents[2]
#: The process limits its own computing to 30 s; a loaded machine needs longer for that.
_PATIENCE_S = 120.0


class ContentCheck:
    """`engine.attachments.ports.Inspector`: at most so many processes at once, the rest waits its turn."""

    def __init__(self, settings: AttachmentSettings) -> None:
        self._settings = settings
        self._room = asyncio.Semaphore(settings.checks_at_once)

    async def check(
        self, path: Path, kind: Kind, extension: str, rewritten: Path, thumbnail: Path
    ) -> Checked:
        """Cancelling ends the process."""
        settings = self._settings
        job = {
            "path": str(path),
            "content_type": kind.content_type,
            "extension": extension,
            "rewritten": str(rewritten),
            "thumbnail": str(thumbnail),
            "max_pixels": settings.max_pixels,
            "max_octets": settings.max_octets,
            "thumbnail_pixels": settings.thumbnail_pixels,
            "keep_metadata": settings.keep_image_metadata,
        }
        async with self._room:
            printed = await _run(json.dumps(job))
        try:
            found = json.loads(printed)
        except ValueError:
            # It was ended by its limits, or the decoder fell over; either way nobody should open this.
            log.warning("attachments.check_ended", kind=kind.content_type)
            raise InvalidRequest("The file takes too much to look at.", code="attachment_unsafe") from None
        if "code" in found:
            raise InvalidRequest(found["detail"], code=found["code"])
        anew = bool(found.get("rewritten"))
        return Checked(found["content_type"], found.get("width"), found.get("height"), anew, anew)


async def _run(job: str) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "engine.adapters.content_process",
            job,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT,
            env={"PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "1"},
        )
    except OSError as error:
        raise EngineError("Files cannot be looked at.", code="files_unavailable") from error
    try:
        async with asyncio.timeout(_PATIENCE_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return printed if process.returncode == 0 else b""
