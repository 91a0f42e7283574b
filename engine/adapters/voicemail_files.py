"""The spool of app_voicemail, read: which messages are there, and their recordings. It is never written to.

Nothing leads out of it: names are checked, every folder and file is opened from the one above it, and a
symbolic link is never followed. Messages are renumbered while one looks, so a number is good for nothing
but to find a message's files; its id stands in its text file. A listing is taken again until the folders
were left alone meanwhile, and a recording is its message's if the text file beside it is still the same one.
Whoever renames holds the folder's `.lock`, which is waited for.

Blocks; call it in a thread. Source: Asterisk `apps/app_voicemail.c` (make_file, rename_file,
copy_message), `main/app.c` (ast_lock_path).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.voicemail_sound import PLAYABLE, RECORDED, OpenSound
from engine.errors import NotFound
from engine.voicemail.errors import NotPlayable, SpoolUnavailable, no_such_voicemail
from engine.voicemail.models import Folder, Listing, Message

#: Folders as app_voicemail names them.
FOLDER_NAMES: dict[Folder, str] = {
    Folder.INBOX: "INBOX",
    Folder.URGENT: "Urgent",
    Folder.OLD: "Old",
    Folder.WORK: "Work",
    Folder.FAMILY: "Family",
    Folder.FRIENDS: "Friends",
    **{Folder(f"cust{n}"): f"Cust{n}" for n in range(1, 6)},
}

# As long as app_voicemail itself waits.
_LOCK_WAIT_S = 5.0
# It is held for a moment; one that old is of an Asterisk that was killed, and must not hide a mailbox from
# those who only read.
_LOCK_DEAD_S = 60.0
_LOCK_POLL_S = 0.02
_TRIES = 10
_PAUSE_S = 0.005
# A folder changed so lately may be changed again with the same time stamp.
_SETTLED_NS = 2_000_000_000
# It holds some 20 lines; what is longer is none.
_TEXT_OCTETS = 16_384
_LONGEST_NUMBER = 64
_LONGEST_NAME = 80

_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,78}")
_TEXT_FILE = re.compile(r"(msg[0-9]{4,6})\.txt")
_CALLER = re.compile(r'\s*(?:"(.*)"|([^<]*?))\s*(?:<([^<>]*)>)?\s*')
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a named pipe would hold us for ever.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


#: What messages are called; app_voicemail makes `<seconds>-<eight hex digits>`.
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
#: The token of a mailbox without a folder.
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class _Found:
    """A message with where it was. message: None while it has no id."""

    base: str
    inode: int
    message: Message | None


class _Moved(Exception):
    """The folder changed while it was read."""


class SpoolFiles:
    """root: Asterisk's `voicemail` folder, in its spool."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def listing(self, context: str, mailbox: str, known: str | None = None) -> Listing | None:
        """See `engine.voicemail.ports.Spool.listing`."""
        with contextlib.ExitStack() as stack:
            box = self._box(stack, context, mailbox)
            if box is None:
                return None if known == ABSENT else Listing(ABSENT, (), absent=True)
            for attempt in range(_TRIES):
                time.sleep(attempt * _PAUSE_S)
                folders = _folders(stack, box)
                before = _token(folders)
                if before == known:
                    return None
                _wait_for_locks(folders)
                before, entries = _token(folders), _entries(folders)
                try:
                    found = [one for folder, there in folders.items() for one in _messages(there, folder)]
                except _Moved:
                    continue
                if _entries(_folders(stack, box)) != entries:
                    continue
                messages = _told_apart([one.message for one in found if one.message is not None])
                unnamed = sum(one.message is None for one in found)
                return Listing(before if _settled(folders) else _passing_token(), messages, unnamed=unnamed)
        raise _busy()

    def open(self, context: str, mailbox: str, message_id: str, copy: int = 0) -> OpenSound:
        """A recording, which the caller closes. Raises NotFound, NotPlayable or SpoolUnavailable."""
        for attempt in range(_TRIES):
            time.sleep(attempt * _PAUSE_S)
            with contextlib.ExitStack() as stack:
                box = self._box(stack, context, mailbox)
                if box is None:
                    raise no_such_voicemail()
                try:
                    return _open_sound(_folders(stack, box), message_id, copy)
                except _Moved:
                    continue
        raise _busy()

    def check(self) -> None:
        """Raises SpoolUnavailable when the root cannot be read."""
        with contextlib.ExitStack() as stack:
            self._open_root(stack)

    def _box(self, stack: contextlib.ExitStack, context: str, mailbox: str) -> int | None:
        """None when there is no such mailbox, or no message was ever left in it."""
        root = self._open_root(stack)
        if not names_mailbox(context, mailbox):
            return None
        above = _folder(stack, root, context)
        return None if above is None else _folder(stack, above, mailbox)

    def _open_root(self, stack: contextlib.ExitStack) -> int:
        try:
            root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise SpoolUnavailable(f"The voicemail spool cannot be read: {error.strerror}.") from error
        stack.callback(os.close, root)
        return root


def names_mailbox(context: str, mailbox: str) -> bool:
    """Whether these can be the names of a context and a mailbox."""
    return bool(_NAME.fullmatch(context) and _NAME.fullmatch(mailbox))


def _folder(stack: contextlib.ExitStack, above: int, name: str) -> int | None:
    """A folder right below another one. Raises SpoolUnavailable where it may not be read."""
    try:
        descriptor = os.open(name, _FOLDER_FLAGS, dir_fd=above)
    except PermissionError as error:
        raise SpoolUnavailable("A folder of the voicemail spool may not be read.") from error
    except OSError:
        return None  # not there, no folder, or a link
    stack.callback(os.close, descriptor)
    return descriptor


def _folders(stack: contextlib.ExitStack, box: int) -> dict[Folder, int]:
    there = {folder: _folder(stack, box, name) for folder, name in FOLDER_NAMES.items()}
    return {folder: descriptor for folder, descriptor in there.items() if descriptor is not None}


def _token(folders: dict[Folder, int]) -> str:
    """Different whenever a file has come, gone or been renamed in one of them."""
    state = [(folder.value, _stamp(descriptor)) for folder, descriptor in folders.items()]
    return hashlib.sha256(repr(state).encode()).hexdigest()


def _entries(folders: dict[Folder, int]) -> set[tuple[str, str, int]]:
    """What is in the folders by name and inode: more than time stamps tell, which tick some 250 times a
    second, and locks are among it."""
    found = set()
    for folder, descriptor in folders.items():
        with os.scandir(descriptor) as there:
            found |= {(folder.value, entry.name, entry.inode()) for entry in there}
    return found


def _stamp(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_ino, found.st_mtime_ns


def _settled(folders: dict[Folder, int]) -> bool:
    latest = max((_stamp(descriptor)[1] for descriptor in folders.values()), default=0)
    return time.time_ns() - latest > _SETTLED_NS


def _passing_token() -> str:
    """One that no later state has, so that the mailbox is read again."""
    return f"passing-{secrets.token_hex(8)}"


def _wait_for_locks(folders: dict[Folder, int]) -> None:
    """Let whoever moves messages finish. Raises SpoolUnavailable `voicemail_busy`."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while any(_is_locked(descriptor) for descriptor in folders.values()):
        if time.monotonic() > deadline:
            raise _busy()
        time.sleep(_LOCK_POLL_S)


def _is_locked(folder: int) -> bool:
    """By somebody who still lives, as far as that can be told."""
    try:
        locked_at = os.stat(".lock", dir_fd=folder, follow_symlinks=False).st_mtime
    except OSError:
        return False
    return time.time() - locked_at < _LOCK_DEAD_S


def _busy() -> SpoolUnavailable:
    return SpoolUnavailable("The mailbox is being changed.", code="voicemail_busy", retry_after_s=1)


def _messages(folder_fd: int, folder: Folder) -> Iterator[_Found]:
    """The complete messages of a folder, in the order of their numbers. Raises _Moved."""
    try:
        names = set(os.listdir(folder_fd))
    except OSError as error:
        raise SpoolUnavailable("A folder of the voicemail spool may not be read.") from error
    endings: dict[str, set[str]] = {}
    for name in names:
        base, _, ending = name.partition(".")
        endings.setdefault(base, set()).add(ending)
    for name in sorted(names):
        match = _TEXT_FILE.fullmatch(name)
        if match is None or not endings[match[1]] & RECORDED:
            continue
        read = _text(folder_fd, name)
        if read is None:
            continue
        text, inode = read
        message = _message(text, folder)
        if message is not None:
            yield _Found(match[1], inode, message if message.message_id else None)


def _text(folder_fd: int, name: str) -> tuple[str, int] | None:
    """What a text file says, and its inode; None for what is no file of ours. Raises _Moved."""
    try:
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=folder_fd)
    except FileNotFoundError:
        raise _Moved from None
    except PermissionError as error:
        raise SpoolUnavailable("A message of the voicemail spool may not be read.") from error
    except OSError:
        return None  # a link, or nothing that can be read
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _TEXT_OCTETS:
            return None
        text = os.read(descriptor, _TEXT_OCTETS).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    return text, found.st_ino


def _message(text: str, folder: Folder) -> Message | None:
    """What a text file says of its message; None while it is being written. The id may be empty."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.startswith(";"):
            fields.setdefault(key.strip().lower(), value.strip())
    message_id, received, duration = (fields.get(name, "") for name in ("msg_id", "origtime", "duration"))
    if not (_is_count(received) and _is_count(duration)):
        return None
    if message_id and not MESSAGE_ID.fullmatch(message_id):
        return None
    name, number = caller_of(fields.get("callerid", ""))
    return Message(
        message_id=message_id,
        copy=0,
        folder=folder,
        number=number,
        name=name,
        channel=_cleaned(fields.get("callerchan", ""), 80),
        received_ms=int(received) * 1000,
        duration_s=int(duration),
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 11


def caller_of(text: str) -> tuple[str, str]:
    """Name and number of `"name" <number>`; each is empty where there is none."""
    match = _CALLER.fullmatch(_CONTROL.sub(" ", text))
    if match is None:
        return "", ""
    name, number = match[1] or match[2] or "", match[3] or ""
    if not number and name.lstrip("+").isdigit():
        name, number = "", name
    if not number and name.lower() == "unknown":
        name = ""
    return _cleaned(name, _LONGEST_NAME), _cleaned(number, _LONGEST_NUMBER)


def _cleaned(text: str, longest: int) -> str:
    return _CONTROL.sub(" ", text).strip()[:longest]


def _told_apart(messages: list[Message]) -> tuple[Message, ...]:
    """Messages that share an id get numbers."""
    seen: dict[str, int] = {}
    apart = []
    for one in messages:
        copy = seen.get(one.message_id, 0)
        seen[one.message_id] = copy + 1
        apart.append(one if copy == 0 else _with_copy(one, copy))
    return tuple(apart)


def _with_copy(one: Message, copy: int) -> Message:
    return Message(
        one.message_id, copy, one.folder, one.number, one.name, one.channel, one.received_ms, one.duration_s
    )


def _open_sound(folders: dict[Folder, int], message_id: str, copy: int) -> OpenSound:
    """Raises NotFound, NotPlayable or _Moved."""
    _wait_for_locks(folders)
    entries, left = _entries(folders), copy
    try:
        for folder, there in folders.items():
            for found in _messages(there, folder):
                if found.message is None or found.message.message_id != message_id:
                    continue
                if left == 0:
                    return _sound_of(there, found)
                left -= 1
        raise no_such_voicemail()
    except (NotFound, NotPlayable):
        # What is being renamed is at two places or at none for a moment.
        if _entries(folders) != entries:
            raise _Moved from None
        raise


def _sound_of(folder_fd: int, found: _Found) -> OpenSound:
    for ending in PLAYABLE:
        try:
            descriptor = os.open(f"{found.base}.{ending}", _FILE_FLAGS, dir_fd=folder_fd)
        except OSError:
            continue
        try:
            if _inode(folder_fd, f"{found.base}.txt") != found.inode:
                raise _Moved
            return OpenSound(descriptor, ending)
        except ValueError:
            os.close(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    if _inode(folder_fd, f"{found.base}.txt") != found.inode:
        raise _Moved
    raise NotPlayable


def _inode(folder_fd: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder_fd, follow_symlinks=False).st_ino
    except OSError:
        return None
