"""A spool read while others write to it, and while others try to lead us out of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.adapters import voicemail_files
from engine.adapters.voicemail_files import SpoolFiles, caller_of
from engine.errors import NotFound
from engine.voicemail.errors import NotPlayable, SpoolUnavailable
from engine.voicemail.models import Folder, Message
from tests.unit.voicemail.spools import Spool, wav


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    (tmp_path / "voicemail").mkdir()
    return Spool(tmp_path / "voicemail")


@pytest.fixture
def files(spool: Spool) -> SpoolFiles:
    return SpoolFiles(spool.root)


def listed(files: SpoolFiles, mailbox: str = "1001") -> tuple[Message, ...]:
    found = files.listing("acme", mailbox)
    assert found is not None
    return found.messages


def heard(files: SpoolFiles, message_id: str, copy: int = 0) -> bytes:
    sound = files.open("acme", "1001", message_id, copy)
    try:
        return sound.read(0, sound.octets)
    finally:
        sound.close()


def test_a_message_says_who_when_and_how_long(spool: Spool, files: SpoolFiles) -> None:
    message_id = spool.leave(caller='"Bob B." <+12025550123>', channel="PJSIP/carrier-0000000a")
    assert listed(files) == (
        Message(
            message_id=message_id,
            copy=0,
            folder=Folder.INBOX,
            number="+12025550123",
            name="Bob B.",
            channel="PJSIP/carrier-0000000a",
            received_ms=1_795_387_174_000,
            duration_s=3,
        ),
    )
    assert heard(files, message_id) == wav()


def test_every_folder_but_the_deleted_one_is_looked_into(spool: Spool, files: SpoolFiles) -> None:
    for folder in Folder:
        spool.leave(folder=folder)
    deleted = spool.root / "acme" / "1001" / "Deleted"
    deleted.mkdir()
    for file in spool.folder().iterdir():
        (deleted / file.name).write_bytes(file.read_bytes())
    assert {one.folder for one in listed(files)} == set(Folder)
    assert len(listed(files)) == len(Folder)


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ('"Bob" <1002>', "Bob", "1002"),
        ('"Bob \\"B\\" <x>" <1002>', 'Bob \\"B\\" <x>', "1002"),
        ("Bob <1002>", "Bob", "1002"),
        ("<1002>", "", "1002"),
        ("+12025550123", "", "+12025550123"),
        ("Unknown", "", ""),
        ("", "", ""),
        ('"\x1b[31mred\r\n" <10\x0002>', "[31mred", "10 02"),
        ("<<<>>>", "", ""),
        ('"' + "x" * 500 + '" <' + "1" * 500 + ">", "x" * 80, "1" * 64),
    ],
)
def test_callers(text: str, name: str, number: str) -> None:
    assert caller_of(text) == (name, number)


def test_what_is_being_written_is_not_shown(spool: Spool, files: SpoolFiles) -> None:
    spool.leave()
    box = spool.folder().parent
    (box / "tmp").mkdir()
    (box / "tmp" / "aB3xYz.wav").write_bytes(wav())  # being recorded
    (box / "tmp" / "aB3xYz.txt").write_text("msg_id=1-1\norigtime=1\nduration=1\n")
    (spool.folder() / "msg0001.txt").write_text("msg_id=1-2\norigtime=1\nduration=1\n")  # no sound yet
    (spool.folder() / "msg0002.wav").write_bytes(wav())  # no text yet
    (spool.folder() / "msg0003.wav").write_bytes(wav())
    (spool.folder() / "msg0003.txt").write_text("[message]\nmsg_id=1-3\norigtime=17")  # half of it
    (spool.folder() / "msg0004.wav").write_bytes(wav())
    (spool.folder() / "msg0004.txt").write_text("")
    assert len(listed(files)) == 1
    for hidden in ("1-1", "1-3"):
        with pytest.raises(NotFound):
            files.open("acme", "1001", hidden)


def test_a_message_without_an_id_is_counted_and_not_shown(spool: Spool, files: SpoolFiles) -> None:
    spool.leave(message_id="")
    found = files.listing("acme", "1001")
    assert found is not None
    assert (found.messages, found.unnamed) == ((), 1)


def test_messages_with_one_id_are_told_apart(spool: Spool, files: SpoolFiles) -> None:
    spool.leave(message_id="1-1", sound=wav(b"\x01\x00" * 9))
    spool.leave(message_id="1-1", folder=Folder.OLD, sound=wav(b"\x02\x00" * 9))
    assert [(one.message_id, one.copy, one.folder) for one in listed(files)] == [
        ("1-1", 0, Folder.INBOX),
        ("1-1", 1, Folder.OLD),
    ]
    assert heard(files, "1-1", 0) == wav(b"\x01\x00" * 9)
    assert heard(files, "1-1", 1) == wav(b"\x02\x00" * 9)
    with pytest.raises(NotFound):
        files.open("acme", "1001", "1-1", 2)


def test_the_same_state_is_not_read_again(spool: Spool, files: SpoolFiles) -> None:
    spool.leave()
    _age(spool)
    first = files.listing("acme", "1001")
    assert first is not None
    assert files.listing("acme", "1001", first.token) is None
    spool.leave()
    second = files.listing("acme", "1001", first.token)
    assert second is not None
    assert len(second.messages) == 2


def test_a_folder_changed_a_moment_ago_is_read_again(spool: Spool, files: SpoolFiles) -> None:
    """The next change may fall into the same tick of its clock."""
    spool.leave()
    os.utime(spool.folder(), (time.time() + 60,) * 2)  # however long ago that was
    first = files.listing("acme", "1001")
    assert first is not None
    assert files.listing("acme", "1001", first.token) is not None


def test_a_mailbox_nobody_ever_called_is_absent(files: SpoolFiles) -> None:
    found = files.listing("acme", "1001")
    assert found is not None
    assert (found.absent, found.messages) == (True, ())
    assert files.listing("acme", "1001", found.token) is None


def test_a_spool_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    files = SpoolFiles(tmp_path / "nothing")
    for ask in (files.check, lambda: files.listing("acme", "1001"), lambda: files.open("acme", "1001", "1")):
        with pytest.raises(SpoolUnavailable):
            ask()


# No way out.


@pytest.mark.parametrize(
    ("context", "mailbox"),
    [
        ("..", "1001"),
        ("acme", ".."),
        ("acme", "."),
        ("acme/1001", "INBOX"),
        ("acme", "1001/../1002"),
        ("", "1001"),
        ("acme", ""),
        ("acme\x00", "1001"),
        ("acme", "1001\n"),
        ("acme", "~"),
        ("/etc", "1001"),
        ("acme", "x" * 80),
        ("acmé", "1001"),
    ],
)
def test_odd_names_are_no_mailboxes(spool: Spool, files: SpoolFiles, context: str, mailbox: str) -> None:
    spool.leave()
    found = files.listing(context, mailbox)
    assert found is not None
    assert found.absent
    with pytest.raises(NotFound):
        files.open(context, mailbox, "1-1")


@pytest.mark.parametrize("odd", ["../../x", "", "*", "msg0000", "1795387174-00000001\n", "\x00"])
def test_odd_message_ids_are_no_messages(spool: Spool, files: SpoolFiles, odd: str) -> None:
    spool.leave()
    with pytest.raises(NotFound):
        files.open("acme", "1001", odd)


def _link_context(spool: Spool, outside: Path) -> None:
    (spool.root / "acme").symlink_to(outside / "acme", target_is_directory=True)


def _link_mailbox(spool: Spool, outside: Path) -> None:
    (spool.root / "acme").mkdir()
    (spool.root / "acme" / "1001").symlink_to(outside / "acme" / "1001", target_is_directory=True)


def _link_folder(spool: Spool, outside: Path) -> None:
    (spool.root / "acme" / "1001").mkdir(parents=True)
    (spool.root / "acme" / "1001" / "INBOX").symlink_to(outside / "acme" / "1001" / "INBOX")


def _link_text(spool: Spool, outside: Path) -> None:
    spool.folder().mkdir(parents=True)
    (spool.folder() / "msg0000.txt").symlink_to(outside / "acme" / "1001" / "INBOX" / "msg0000.txt")
    (spool.folder() / "msg0000.wav").write_bytes(wav())


@pytest.mark.parametrize("link", [_link_context, _link_mailbox, _link_folder, _link_text])
def test_links_are_not_followed(
    tmp_path: Path, spool: Spool, files: SpoolFiles, link: Callable[[Spool, Path], None]
) -> None:
    secret = Spool(tmp_path / "elsewhere").leave()
    link(spool, tmp_path / "elsewhere")
    assert listed(files) == ()
    with pytest.raises(NotFound):
        files.open("acme", "1001", secret)


def test_a_recording_that_is_a_link_is_not_played(tmp_path: Path, spool: Spool, files: SpoolFiles) -> None:
    message_id = spool.leave()
    (tmp_path / "secret.wav").write_bytes(wav(b"secret"))
    sound = spool.folder() / "msg0000.wav"
    sound.unlink()
    sound.symlink_to(tmp_path / "secret.wav")
    with pytest.raises(NotPlayable):
        files.open("acme", "1001", message_id)


@pytest.mark.parametrize("kind", ["txt", "wav"])
def test_a_named_pipe_holds_nobody_up(spool: Spool, files: SpoolFiles, kind: str) -> None:
    message_id = spool.leave()
    file = spool.folder() / f"msg0000.{kind}"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises((NotFound, NotPlayable)):
        files.open("acme", "1001", message_id)


def test_a_text_file_that_never_ends_is_none(spool: Spool, files: SpoolFiles) -> None:
    spool.leave()
    text = spool.folder() / "msg0000.txt"
    with text.open("r+b") as file:
        file.truncate(10 * 1024 * 1024 * 1024)
    assert listed(files) == ()


@pytest.mark.parametrize(
    "sound", [b"", b"GSM", b"RIFF\x00\x00\x00\x00WAVEfmt " + b"\x14\0\0\0\x31\0" + b"\0" * 40]
)
def test_a_wav_that_is_none_is_not_played(spool: Spool, files: SpoolFiles, sound: bytes) -> None:
    message_id = spool.leave(sound=sound)
    with pytest.raises(NotPlayable):
        files.open("acme", "1001", message_id)


@pytest.mark.parametrize("ending", ["gsm", "WAV", "g722"])
def test_formats_no_browser_plays_are_listed_and_refused(
    spool: Spool, files: SpoolFiles, ending: str
) -> None:
    message_id = spool.leave(ending=ending)
    assert len(listed(files)) == 1
    with pytest.raises(NotPlayable):
        files.open("acme", "1001", message_id)


# Others at work.


def test_it_waits_for_a_lock(spool: Spool, files: SpoolFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.leave()
    lock = spool.folder() / ".lock"
    lock.touch()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            spool.leave()
            lock.unlink()

    monkeypatch.setattr(voicemail_files.time, "sleep", wait)
    assert len(listed(files)) == 2
    assert len(waits) >= 3


def test_a_lock_that_is_held_makes_the_mailbox_busy(
    spool: Spool, files: SpoolFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = spool.leave()
    (spool.folder() / ".lock").touch()
    now = iter(range(1_000))
    monkeypatch.setattr(voicemail_files.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(voicemail_files.time, "sleep", lambda seconds: None)
    for ask in (lambda: files.listing("acme", "1001"), lambda: files.open("acme", "1001", message_id)):
        with pytest.raises(SpoolUnavailable) as refused:
            ask()
        assert refused.value.code == "voicemail_busy"


def test_a_lock_whose_owner_is_gone_hides_nothing(spool: Spool, files: SpoolFiles) -> None:
    message_id = spool.leave()
    lock = spool.folder() / ".lock"
    lock.touch()
    os.utime(lock, (1_700_000_000, 1_700_000_000))
    assert [one.message_id for one in listed(files)] == [message_id]
    assert heard(files, message_id) == wav()


@pytest.mark.parametrize("pause", [0, 3, 20, 60])
def test_messages_renumbered_while_they_are_read_are_never_mixed_up(
    spool: Spool, files: SpoolFiles, monkeypatch: pytest.MonkeyPatch, pause: int
) -> None:
    """Whenever a file is opened here, app_voicemail takes one more step. Each sound says whose it is."""
    ids = [spool.leave(message_id=f"1-{n}", sound=wav(bytes([n, 0]) * 500)) for n in range(1, 6)]
    steps = _rotating(spool.folder(), pause)
    really_open, stepping = os.open, [False]

    def step(*_: object) -> None:
        if not stepping[0]:
            stepping[0] = True
            next(steps)
            stepping[0] = False

    def open_after_a_step(*arguments: Any, **named: Any) -> int:
        step()
        return really_open(*arguments, **named)

    monkeypatch.setattr(voicemail_files.os, "open", open_after_a_step)
    monkeypatch.setattr(voicemail_files.time, "sleep", step)
    answers = []
    for turn in range(60):
        try:
            answers.append((ids[turn % 5], heard(files, ids[turn % 5])))
            assert {one.message_id for one in listed(files)} == set(ids)
        except SpoolUnavailable as busy:
            # That it is being changed may be said of it, but never that it is not there.
            answers.append((busy.code, b""))
    for message_id, sound in answers:
        assert message_id == "voicemail_busy" or sound == wav(bytes([int(message_id[2:]), 0]) * 500)
    if pause >= 20:
        assert sum(bool(sound) for _, sound in answers) > 10


def _rotating(folder: Path, pause: int) -> Iterator[None]:
    """As app_voicemail renames: under its lock, the sound first, then the text, one after the other."""
    count = len(list(folder.glob("*.txt")))
    while True:
        (folder / ".lock").touch()
        yield
        for old, new in ((0, count), *((number, number - 1) for number in range(1, count + 1))):
            for ending in ("wav", "txt"):
                (folder / f"msg{old:04d}.{ending}").rename(folder / f"msg{new:04d}.{ending}")
                yield
        (folder / ".lock").unlink()
        for _ in range(pause + 1):
            yield


def _age(spool: Spool) -> None:
    """Let the last change be a while ago."""
    for folder in (spool.root / "acme" / "1001").iterdir():
        os.utime(folder, (1_700_000_000, 1_700_000_000))
