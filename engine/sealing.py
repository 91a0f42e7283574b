"""Secrets of others, kept so that the database alone does not give them away.

AES-256-GCM (NIST SP 800-38D) under a master key that stands in a file, never in the database. What is
sealed is bound to its purpose, so that a value copied into another row does not open there.

The file holds one key a line, 32 octets as base64. The first seals; the others only open what was sealed
before, so a key is replaced by putting a new one above it, and the old one stays.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import EngineError

#: The master key's file within the data folder, when the settings name none.
KEY_FILE = "secret.key"

_KEY_OCTETS = 32
_NONCE_OCTETS = 12  # what SP 800-38D §8.2 wants; random ones are safe for 2**32 secrets under one key
_MAX_FILE_OCTETS = 8_192


class SealingError(EngineError):
    """A master key that cannot be used, or a sealed secret that does not open. The code says which."""

    code = "secret_key_unusable"


class Sealer:
    """Seals and opens short secrets. keys: 32 octets each, the first one seals."""

    def __init__(self, *keys: bytes) -> None:
        if not keys or any(len(key) != _KEY_OCTETS for key in keys):
            raise ValueError(f"a master key has {_KEY_OCTETS} octets")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])

    @classmethod
    def from_file(cls, path: Path, *, create: bool) -> Sealer:
        """With the keys of a file.

        create: make a file with a fresh key, readable by its owner alone, when there is none.
        Raises SealingError `secret_key_missing`, `secret_key_exposed` when others may change it or anybody
        may read it, or `secret_key_unusable`.
        """
        if create and not path.exists():
            _make(path)
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                octets = file.read(_MAX_FILE_OCTETS + 1)
        except FileNotFoundError as error:
            raise SealingError(
                f"The key file {path} is not there. Put the one back that was used before, or make one:"
                f" (umask 077; openssl rand -base64 {_KEY_OCTETS} > {path}).",
                code="secret_key_missing",
            ) from error
        except OSError as error:
            raise SealingError(f"The key file {path} cannot be read: {error.strerror}.") from error
        if mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH):
            raise SealingError(
                f"The key file {path} is open to others: chmod 600 it.", code="secret_key_exposed"
            )
        return cls(*_keys_of(octets, path))

    def seal(self, secret: bytes, purpose: str) -> str:
        """The secret as text that only `open` with the same purpose reads; different at each call.

        purpose: what the secret is and whose, for example `webhook:wh_0190…`; not secret itself.
        """
        nonce = secrets.token_bytes(_NONCE_OCTETS)
        sealed = self._ciphers[self._first].encrypt(nonce, secret, purpose.encode())
        return f"s1.{self._first}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, purpose: str) -> bytes:
        """What `seal` was given.

        Raises SealingError `secret_key_changed` when the master key it was sealed with is not in the file,
        `secret_damaged` when the text or the purpose is not the one that was sealed.
        """
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        cipher = self._ciphers.get(key_id)
        if version == "s1" and cipher is None:
            raise SealingError(
                "A stored secret was sealed with another master key: put that key back into the key file.",
                code="secret_key_changed",
            )
        try:
            octets = base64.b64decode(text, altchars=b"-_", validate=True)
            if version != "s1" or cipher is None:
                raise ValueError
            return cipher.decrypt(octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise SealingError("A stored secret is damaged.", code="secret_damaged") from error


def _key_id(key: bytes) -> str:
    """Names a key without telling anything of it."""
    return hashlib.sha256(b"ringback sealing key\0" + key).hexdigest()[:8]


def _keys_of(octets: bytes, path: Path) -> list[bytes]:
    keys: list[bytes] = []
    if len(octets) <= _MAX_FILE_OCTETS:
        for line in octets.split():
            with suppress(binascii.Error, ValueError):
                keys.append(base64.b64decode(line, validate=True))
                continue
            keys.append(b"")
    if not keys or any(len(key) != _KEY_OCTETS for key in keys):
        raise SealingError(f"The key file {path} must hold one key a line, {_KEY_OCTETS} octets as base64.")
    return keys


def _make(path: Path) -> None:
    """Write a fresh key. Of two processes that try, one wins and both use its key; a crash leaves none."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, base64.b64encode(secrets.token_bytes(_KEY_OCTETS)) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            with suppress(FileExistsError):
                os.link(new, path)
        finally:
            new.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # a secret sealed after this must open after a power loss
        finally:
            os.close(folder)
    except OSError as error:
        raise SealingError(f"The key file {path} cannot be written: {error.strerror}.") from error
