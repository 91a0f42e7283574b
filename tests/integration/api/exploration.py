"""Schemathesis at work on one server, in a process of its own, since it is as busy as the server.

Reads a job from standard input (see `Job`) and writes what it found to standard output, both as JSON.
`explored` runs it and waits.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

#: A request that takes longer hangs, however loaded the machine is.
_PATIENCE_S = 60
#: The same requests each time, so that a failure can be looked into.
_SEED = 20_310

#: What a request that is right by its description may still be told: the description knows no business rules.
_RIGHT = ["2xx", "401", "403", "404", "409", "410", "413", "415", "422", "429", "503"]
#: What a request that is wrong by its description must be told.
_WRONG = ["400", "401", "403", "404", "405", "409", "413", "414", "415", "422", "429"]


@dataclass(frozen=True)
class Job:
    """What to ask, whom and as whom.

    phases: of schemathesis. mode: `positive` asks only what the description allows. examples: how many
    requests an operation gets in the phases without an end. methods: tried where they are not described.
    """

    document: Mapping[str, Any]
    base: str
    secret: str | None
    phases: Sequence[str]
    mode: str = "all"
    examples: int = 5
    methods: Sequence[str] = ()


@dataclass
class Found:
    """failures: a sentence and how to repeat it. answers: how often each status, by operation."""

    failures: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)


async def explored(*jobs: Job) -> Found:
    """What these find, all at work at the same time."""
    found = Found()
    for one in await asyncio.gather(*[_process(job) for job in jobs]):
        found.failures += one.failures
        for operation, statuses in one.answers.items():
            found.answers[operation] = dict(Counter(found.answers.get(operation, {})) + Counter(statuses))
    return found


async def _process(job: Job) -> Found:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        written, told = await process.communicate(json.dumps(asdict(job)).encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, told.decode()
    return Found(**json.loads(written))


def _configuration(job: Job) -> Any:
    from schemathesis.config import SchemathesisConfig

    wanted = {
        name: {"enabled": name in job.phases} for name in ("examples", "coverage", "fuzzing", "stateful")
    }
    wanted["coverage"]["unexpected-methods"] = list(job.methods)
    return SchemathesisConfig.from_dict(
        {
            "base-url": job.base,
            "seed": _SEED,
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": _PATIENCE_S,
            "headers": {} if job.secret is None else {"Authorization": f"Bearer {job.secret}"},
            "generation": {
                "mode": job.mode,
                "max-examples": job.examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
            },
            "phases": wanted,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": _RIGHT},
                "negative_data_rejection": {"expected-statuses": _WRONG},
            },
            "output": {"sanitization": {"enabled": False}},
            "warnings": False,
        }
    )


def explore(job: Job) -> Found:
    from schemathesis import engine, openapi
    from schemathesis.engine import events

    schema = openapi.from_dict(dict(job.document), config=_configuration(job))
    found = Found()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event.recorder, found)
        elif isinstance(event, events.NonFatalError):
            found.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _note(recorder: Any, found: Found) -> None:
    for case_id, node in recorder.cases.items():
        asked = recorder.interactions.get(case_id)
        status = "none" if asked is None or asked.response is None else str(asked.response.status_code)
        counted = found.answers.setdefault(node.value.operation.label, {})
        counted[status] = counted.get(status, 0) + 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure, repeat = check.failure_info.failure, check.failure_info.code_sample
                label = f"{failure.operation}: {failure.title}"
                if not any(told.startswith(label) for told in found.failures):  # the others say the same
                    found.failures.append(
                        f"{label}\n{failure.message[:600]}\n{_answered(recorder, case_id)}\n{repeat[:1_200]}"
                    )


def _answered(recorder: Any, case_id: str) -> str:
    asked = recorder.interactions.get(case_id)
    if asked is None or asked.response is None:
        return "no answer"
    return f"{asked.response.status_code} {asked.response.content[:300]!r}"


if __name__ == "__main__":
    logging.disable()
    output, sys.stdout = sys.stdout, sys.stderr  # whoever prints does not mix with the result
    json.dump(asdict(explore(Job(**json.load(sys.stdin)))), output)
