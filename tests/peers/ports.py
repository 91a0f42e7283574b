"""Ports for who is given one as a number, and is not there yet, or goes away and comes back."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

#: Below Linux's ephemeral ports, which everybody else's port 0 takes.
_LOW = range(10_000, 32_000)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """One that nobody has, and that nobody is given while nobody listens on it."""
    for port in random.sample(_LOW, 50):
        with socket.socket(type=kind) as probe, suppress(OSError):
            probe.bind((host, port))
            return port
    raise RuntimeError("no port is free")
