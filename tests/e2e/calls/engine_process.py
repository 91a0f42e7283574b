"""A nursery of engines that are killed: `python -m tests.e2e.calls.engine_process`.

Each line on stdin is one life as JSON (`Life`), lived by a forked process that has everything
imported already; what a life has to say goes to stdout, a JSON line each. Lives end with the nursery.
A life may be told the point at which it kills itself, as exactly as between two system calls.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from config.settings import Settings, StorageSettings
from engine.accounts.models import Principal, Scope
from engine.adapters.ami_pbx import AmiPbx
from engine.ami.protocol import AmiProtocol
from engine.ami.settings import AmiSettings
from engine.app import Engine, running
from engine.click_to_call.models import Call, CallStatus, PlaceCall
from engine.idempotency import Claim, Replayed
from engine.simulators.run_with_parent import die_with_parent
from engine.storage.calls import SqlCalls
from tests.e2e.calls.office import ROOMY


@dataclass(frozen=True, kw_only=True)
class Life:
    """One engine process. anna: domain and user of who clicks. pbx: fields of its AmiSettings.

    to: what is clicked once the PBX is there; the same key each life, as a client that had no answer
    would. cancel_at: the status in which the call is canceled. die_at: one of POINTS, or nothing.
    """

    name: str
    database: str
    anna: tuple[str, str]
    pbx: dict[str, Any]
    to: str
    cancel_at: str | None = None
    die_at: str | None = None


#: Steps of a call, in order; a life can die before or behind each.
_STATUSES = tuple(status for status in CallStatus if status is not CallStatus.PROMPTING)


def live(life: Life) -> None:
    """Until killed."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if life.die_at is not None:
        _set_trap(life.die_at)
    asyncio.run(_live(life))


async def _live(life: Life) -> None:
    file = Path(life.database)
    settings = Settings(
        storage=StorageSettings(data_dir=file.parent, url=f"sqlite:///{file}"),
        pbx=(AmiSettings(**life.pbx),),
        calls=ROOMY,
    )
    async with running(settings) as engine:
        while not all(engine.calls.pbx_links().values()):  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.005)
        _say(life, up=True)
        domain_id, user_id = life.anna
        anna = Principal("token", "tok_test", domain_id, user_id, Scope.BASIC_USER)
        watching = asyncio.create_task(_watch(life, engine, anna))
        placed = await engine.calls.place(
            anna,
            PlaceCall(to=life.to, leg_a_timeout_s=60, leg_b_timeout_s=60),
            Claim("tok_test POST /v1/calls", "one click", "f" * 64),
            lambda call: (202, json.dumps({"id": call.id})),
        )
        if isinstance(placed, Replayed):
            _say(life, replayed=json.loads(placed.body)["id"])
        else:
            _say(life, placed=placed.id)
            if life.die_at == "answered":
                _die()
        await watching


async def _watch(life: Life, engine: Engine, anna: Principal) -> None:
    subscription = engine.bus.subscribe([life.anna[0]])
    while True:
        event = await subscription.get()
        if event.type == "call.updated":
            _say(life, call=event.subject, status=event.data["status"])
            if event.data["status"] == life.cancel_at:
                await engine.calls.cancel(anna, event.subject)


def _say(life: Life, **said: object) -> None:
    os.write(1, json.dumps({"life": life.name, "pid": os.getpid(), **said}).encode() + b"\n")


# Dying


def _set_trap(point: str) -> None:
    """point: `answered`, or `before` or `behind` one of: row, originate, hangup, answer, cancel, a status.

    Of row, cancel and statuses `before` is heard and not on disk, `behind` is on disk. `answer` is
    the PBX's to the Originate.
    """
    when, _, what = point.partition(" ")
    if what in ("originate", "hangup"):
        _around_send(when, f"Action: {what.capitalize()}".encode())
    elif what == "answer":
        AmiPbx.originate = _around(AmiPbx.originate, when, lambda *_: True)  # type: ignore[method-assign]
    elif what == "row":
        SqlCalls.create = _around(SqlCalls.create, when, lambda *_: True)  # type: ignore[method-assign]
    elif what == "cancel":
        SqlCalls.save = _around(SqlCalls.save, when, _wants_an_end)  # type: ignore[method-assign]
    elif what:
        status = CallStatus(what)

        def reaches(_store: SqlCalls, calls: Sequence[Call]) -> bool:
            return any(call.status is status for call in calls)

        SqlCalls.save = _around(SqlCalls.save, when, reaches)  # type: ignore[method-assign]


def _wants_an_end(_store: SqlCalls, calls: Sequence[Call]) -> bool:
    return any(call.cancel_requested_ms is not None for call in calls)


def _around(
    method: Callable[..., Awaitable[Any]], when: str, applies: Callable[..., bool]
) -> Callable[..., Awaitable[Any]]:
    async def trapped(*arguments: Any) -> Any:
        if when == "before" and applies(*arguments):
            _die()
        result = await method(*arguments)
        if when == "behind" and applies(*arguments):
            _die()
        return result

    return trapped


def _around_send(when: str, action: bytes) -> None:
    send = AmiProtocol.send

    def trapped(self: AmiProtocol, data: bytes, as_list: bool | None = None) -> None:
        if when == "before" and action in data:
            _die()
        send(self, data, as_list)
        if when == "behind" and action in data:
            time.sleep(0.1)  # Asterisk has read it: a death with events unread resets the link
            _die()

    AmiProtocol.send = trapped  # type: ignore[method-assign]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    nursery = os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(nursery)
            live(Life(**json.loads(line)))
            os._exit(0)


if __name__ == "__main__":
    main()
