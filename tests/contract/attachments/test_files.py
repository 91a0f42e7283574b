"""Where files are kept: in memory, in a folder, and in a bucket of an S3 server that is not ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from engine.adapters.attachment_bucket import BucketFiles
from engine.adapters.attachment_folder import FolderFiles
from engine.attachments.errors import FilesUnavailable
from engine.attachments.ports import Files
from engine.attachments.settings import AttachmentSettings
from engine.errors import NotFound
from engine.ids import new_id
from tests.contract.attachments.twins import MemoryFiles

CONTENT = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys).create_bucket(Bucket="files")
    yield url
    running.stop()


def bucket(url: str, name: str = "files") -> BucketFiles:
    return BucketFiles(
        AttachmentSettings(
            storage="s3",
            s3_bucket=name,
            s3_endpoint=url,
            s3_prefix=new_id("run"),
            s3_access_key_id="key",
            s3_secret_access_key="secret",
        )
    )


@pytest.fixture(params=["memory", "folder", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "memory":
        return MemoryFiles(lambda: 0)
    if request.param == "s3":
        return bucket(request.getfixturevalue("s3_server"))
    made = FolderFiles(tmp_path / "files")
    made.prepare()
    return made


async def keep(files: Files, folder: Path, key: str, content: bytes = CONTENT) -> None:
    path = folder / "upload"
    path.write_bytes(content)
    await files.put(key, path)


async def read(files: Files, key: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in files.read(key, start, end)])


async def test_what_was_put_is_read_in_whole_and_in_parts(files: Files, tmp_path: Path) -> None:
    key = new_id("att")
    await keep(files, tmp_path, key)
    assert await read(files, key, 0, len(CONTENT)) == CONTENT
    assert await read(files, key, 1_000_001, 2_500_000) == CONTENT[1_000_001:2_500_000]
    assert await read(files, key, len(CONTENT) - 1, len(CONTENT)) == CONTENT[-1:]
    assert await files.has(key)


async def test_what_is_not_there_is_gone_and_removing_it_is_no_fault(files: Files, tmp_path: Path) -> None:
    key, other = new_id("att"), new_id("att")
    await keep(files, tmp_path, key)
    await files.remove([key, other, f"{key}.thumbnail"])
    assert not await files.has(key)
    with pytest.raises(NotFound) as refused:
        await read(files, key, 0, 10)
    assert refused.value.code == "attachment_gone"


async def test_everything_there_is_is_listed(files: Files, tmp_path: Path) -> None:
    keys = [new_id("att") for _ in range(5)] + [f"{new_id('att')}.thumbnail"]
    for key in keys:
        await keep(files, tmp_path, key, b"Hello")
    listed = [one async for some in files.all() for one in some]
    assert {(one.key, one.octets) for one in listed} == {(key, 5) for key in keys}


async def test_a_folder_that_is_not_mounted_is_not_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    files = FolderFiles(folder)
    files.prepare()
    key = new_id("att")
    await keep(files, tmp_path, key)
    folder.rename(tmp_path / "elsewhere")
    folder.mkdir()  # what is left of a mount
    with pytest.raises(FilesUnavailable):
        await files.has(key)
    with pytest.raises(FilesUnavailable):
        [some async for some in files.all()]
    with pytest.raises(FilesUnavailable):
        await keep(files, tmp_path, key)


async def test_files_are_for_the_engine_alone(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "files")
    files.prepare()
    key = new_id("att")
    await keep(files, tmp_path, key)
    (kept,) = (tmp_path / "files").glob(f"*/{key}")
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_a_bucket_that_is_not_there_is_no_missing_file(s3_server: str, tmp_path: Path) -> None:
    files = bucket(s3_server, "nobodys")
    with pytest.raises(FilesUnavailable) as refused:
        await keep(files, tmp_path, new_id("att"))
    assert s3_server not in refused.value.detail
