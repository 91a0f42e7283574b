"""Files made to hurt are seen through with a second of computing and 100 MiB, and tell nothing.

Each is looked at in a process of its own, which the kernel ends when it takes more.
Source: AT-01, AT-02, AT-03, AT-06.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.attachments.kinds import kind_of
from engine.attachments.settings import AttachmentSettings
from engine.errors import InvalidRequest
from tests.corpora.files import FILES, SECRET, HostileFile, Verdict

_CPU_S = 1
_OCTETS = 100 * 1024 * 1024


def serve() -> None:
    """In the child: for each job on a line of standard input, what the check finds in it, on a line.

    A process is forked for each, with so much and no more than what it has already.
    """
    from engine.adapters import content_process

    _warm_up(content_process)
    for line in sys.stdin:
        reader, writer = os.pipe()
        forked = os.fork()
        if not forked:
            mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
            resource.setrlimit(resource.RLIMIT_AS, (mapped + _OCTETS, mapped + _OCTETS))
            resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            try:
                found = content_process._look(json.loads(line))  # its main would set wider limits
            except InvalidRequest as refusal:
                found = {"code": refusal.code}
            except MemoryError:
                found = {"code": "attachment_unsafe"}  # as its main has it
            os.write(writer, json.dumps(found).encode())
            os._exit(0)
        os.close(writer)
        with open(reader, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(forked, 0)
        print(told.decode() or json.dumps({"ended_by": status}), flush=True)


@pytest.fixture(scope="module")
def child() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _warm_up(content_process: Any) -> None:
    """What any file would load, a good one for instance."""
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, kind)
        Image.open(io.BytesIO(file.getvalue())).load()


def check(child: subprocess.Popen[str], hostile: HostileFile, folder: Path) -> dict[str, Any]:
    """As an upload is checked: by its name and header, then by what is in it."""
    try:
        kind = kind_of(hostile.filename, hostile.content_type)
    except InvalidRequest as refusal:
        return {"code": refusal.code}
    content = hostile.make()
    if not content:
        return {"code": "attachment_unreadable"}  # the upload refuses it before
    (folder / "file").write_bytes(content)
    settings = AttachmentSettings()
    job = {
        "path": str(folder / "file"),
        "content_type": kind.content_type,
        "extension": hostile.filename.rpartition(".")[2],
        "rewritten": str(folder / "rewritten"),
        "thumbnail": str(folder / "thumbnail"),
        "max_pixels": settings.max_pixels,
        "max_octets": settings.max_octets,
        "thumbnail_pixels": settings.thumbnail_pixels,
        "keep_metadata": settings.keep_image_metadata,
    }
    assert child.stdin is not None
    assert child.stdout is not None
    print(json.dumps(job), file=child.stdin, flush=True)
    found: dict[str, Any] = json.loads(child.stdout.readline())
    assert "ended_by" not in found, found
    return found


@pytest.mark.parametrize("hostile", FILES, ids=str)
def test_a_file_made_to_hurt_is_refused_or_made_harmless(
    child: subprocess.Popen[str], hostile: HostileFile, tmp_path: Path
) -> None:
    found = check(child, hostile, tmp_path)
    if hostile.verdict is Verdict.REFUSED:
        assert found.get("code", "").startswith("attachment_"), found
    elif hostile.verdict is Verdict.CLEANED:
        assert "code" not in found, found
    for name in ("rewritten", "thumbnail"):
        kept = tmp_path / name
        if "code" not in found and kept.exists():
            assert SECRET not in kept.read_bytes()
            with Image.open(kept) as image:
                assert not image.getexif()
                assert not {"exif", "xmp", "XML:com.adobe.xmp", "comment", "Comment"} & image.info.keys()


if __name__ == "__main__":
    serve()
