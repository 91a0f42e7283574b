"""HTTP requests over keep-alive connections, each remembered; a process of its own.

    python -m bench.sms.load --port P --template FILE --out FILE --count N --first N
                             [--connections 32] [--batch 1] [--seconds 60]

FILE is one raw HTTP/1.1 request. Each `@@@@@@@@` in it becomes a text's number as 8 digits, so that
lengths stay fixed; with --batch B request i is given the numbers first + i*B and the B - 1 after it,
in order, as often as the template asks for them. A closed loop: a connection sends its next request
as soon as it has its answer. Writes a 24-byte record a request (`RECORD`) and prints how many were
answered with 2xx.

In Python on purpose: a machine that only runs the engine has no compiler, and with uvloop and a
hand-written protocol a request costs some 15 us, for every gateway the same.
"""

from __future__ import annotations

import argparse
import asyncio
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

#: number of the request's first text, HTTP status (0: no answer), texts in it, sent and answered in ns.
RECORD = struct.Struct("<IHHQQ")
MARK = b"@@@@@@@@"
#: After the last request was sent, how long its answer may take, in seconds.
_LAST_ANSWER_S = 10.0
_RECONNECT_S = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    number: int
    octets: bytes


def requests(template: bytes, first: int, count: int, batch: int) -> Iterator[Request]:
    """The requests for `count` texts."""
    pieces = template.split(MARK)
    uses_each = (len(pieces) - 1) // batch
    for number in range(first, first + count, batch):
        texts = [b"%08d" % (number + offset) for offset in range(batch)]
        marks = [text for text in texts for _ in range(uses_each)]
        # What does not come out even belongs to the request as a whole: its idempotency key.
        whole = [texts[0]] * (len(pieces) - 1 - len(marks))
        filled = [piece + mark for piece, mark in zip(pieces, whole + marks, strict=False)]
        yield Request(number, b"".join(filled) + pieces[-1])


class Load:
    """What all connections share."""

    def __init__(self, waiting: Iterator[Request], batch: int, stop_at: float) -> None:
        self._waiting = waiting
        self._batch = batch
        self._stop_at = stop_at
        self._open = 0
        self.records: list[bytes] = []
        self.accepted = 0
        self.over = asyncio.Event()

    def next(self) -> Request | None:
        """The next request; None when all are sent or the time is up."""
        request = next(self._waiting, None) if time.monotonic() < self._stop_at else None
        if request is not None:
            self._open += 1
        elif not self._open:
            self.over.set()
        return request

    def ended(self, request: Request, status: int, sent_ns: int) -> None:
        self._open -= 1
        self.accepted += self._batch if 200 <= status < 300 else 0
        self.records.append(RECORD.pack(request.number, status, self._batch, sent_ns, time.monotonic_ns()))


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._request: Request | None = None
        self._sent_ns = 0
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's are no asyncio.Transport

    def start(self) -> bool:
        """Send the next request; False if there is none."""
        self._request = self._load.next()
        if self._request is None or self._transport is None:
            return False
        self._sent_ns = time.monotonic_ns()
        self._transport.write(self._request.octets)
        return True

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        lowered = head.lower()
        _, named, length = lowered.partition(b"\r\ncontent-length:")
        if not named or len(body) < int(length.partition(b"\r\n")[0]):
            return
        self._received = b""
        self._end(int(head[9:12]))
        if b"\r\nconnection: close" in lowered or not self.start():
            assert self._transport is not None
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(0)
        self.lost.set_result(None)

    def _end(self, status: int) -> None:
        if self._request is not None:
            self._load.ended(self._request, status, self._sent_ns)
            self._request = None


async def drive(load: Load, port: int) -> None:
    """Keep one connection busy until there is nothing left to send."""
    loop = asyncio.get_running_loop()
    while not load.over.is_set():
        try:
            _, connection = await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
        except OSError:
            await asyncio.sleep(_RECONNECT_S)
            continue
        if not connection.start():
            return
        await connection.lost


async def run(options: argparse.Namespace) -> None:
    """Send everything, then write what happened."""
    template = options.template.read_bytes()
    made = list(requests(template, options.first, options.count, options.batch))
    load = Load(iter(made), options.batch, time.monotonic() + options.seconds)
    driving = [asyncio.create_task(drive(load, options.port)) for _ in range(options.connections)]
    ended, late = await asyncio.wait(driving, timeout=options.seconds + _LAST_ANSWER_S)
    for task in late:
        task.cancel()
    for task in ended:
        task.result()  # raises what was wrong here; a gateway's faults are in the records
    options.out.write_bytes(b"".join(load.records))
    print(load.accepted)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--template", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(run(parse()))
