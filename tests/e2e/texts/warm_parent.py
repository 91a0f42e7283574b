"""A process that has imported the engine and forks one whenever asked, which saves 2 s a start.

Run as a module. Each line on stdin is a JSON object: {"config": PATH, "log": PATH} forks an engine,
which does what `ringback serve --config PATH` does. Answers on stdout: {"started": PID} and, when a
child has ended, {"ended": PID, "status": exit status or minus the signal}. It ends, and its children
with it, when stdin does.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path

import uvloop  # noqa: F401  # the imports are what this process is for

import config.load
import config.logging  # noqa: F401
import engine.app
import engine.storage.migrate  # noqa: F401
from engine.cli.serving import serve

_PR_SET_PDEATHSIG = 1


def main() -> None:
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    wake_up, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    rest = b""
    while True:
        readable, _, _ = select.select([0, wake_up], [], [])
        if wake_up in readable:
            os.read(wake_up, 4096)
            _report_ended(children)
        if 0 in readable:
            data = os.read(0, 65536)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                child = _start(json.loads(line))
                children.add(child)
                _say({"started": child})
    for child in children:
        os.kill(child, signal.SIGKILL)


def _start(order: dict[str, str]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 64)
        serve(Path(order["config"]))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _report_ended(children: set[int]) -> None:
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        children.discard(child)
        _say({"ended": child, "status": os.waitstatus_to_exitcode(status)})


def _say(line: dict[str, int]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main()
