"""Debian's packages, installed where the tests run as root and nothing else brings them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess

from engine.simulators.cache import cache_dir


class CannotInstall(Exception):
    """There is no apt, or it may not, or it failed."""


def install(package: str) -> None:
    """Take some minutes at most; waits for somebody else's apt. Raises CannotInstall."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotInstall(f"not there; on Debian, as root: apt-get install {package}")
    # Two processes of one run may want something at the same time; apt's lists know no waiting.
    with (cache_dir() / "apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
            done = subprocess.run(
                ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *words],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            if done.returncode:
                raise CannotInstall(f"apt-get {words[0]}: {done.stderr.strip()[-200:]}")
