"""A process that migrates a database and is killed while it does, over and over.

Run as a script with a database URL. It forks (warm, so that a kill costs no import time) a child that
migrates, and kills it, each later than the one before, until one gets through. Prints how many were killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from engine.storage import migrate

#: When the first is killed, in seconds, and how much longer each lives than the one before: a dozen and
#: more die on a fast machine as on a slow one.
_FIRST_S, _LONGER = 0.01, 1.3


def main() -> None:
    url = sys.argv[1]
    killed = 0
    while not _gets_through(url, _FIRST_S * _LONGER**killed):
        killed += 1
    print(killed)


def _gets_through(url: str, within_s: float) -> bool:
    child = os.fork()
    if child == 0:
        migrate.upgrade(url)
        os._exit(0)
    time.sleep(within_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
        sys.exit("a migration ended by itself")
    return os.waitstatus_to_exitcode(status) == 0


if __name__ == "__main__":
    main()
