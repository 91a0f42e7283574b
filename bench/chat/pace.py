"""What both loads share: who writes to whom, when, and what was noted of it.

An open loop: messages go out on time whether or not the earlier ones have arrived, as people write.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

#: Behind the last message, how long it may take to arrive, in seconds.
LAST_S = 10.0


@dataclass
class Notes:
    """sent, seen, answered: monotonic seconds by message number. seen: by the one it was written to."""

    sent: dict[int, float] = field(default_factory=dict)
    seen: dict[int, float] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    doubled: int = 0
    refused: int = 0

    def saw(self, number: int) -> None:
        if number in self.seen:
            self.doubled += 1
        else:
            self.seen[number] = time.monotonic()

    def _confirmed(self) -> list[int]:
        """What the server said it has; an XMPP server says nothing, and has it all."""
        return list(self.answered or self.sent)

    def write(self, file: Path, warm_up: int) -> None:
        """Leave out the first warm_up messages."""
        counted = [number for number in self.sent if number >= warm_up]
        seen = [self.seen[number] - self.sent[number] for number in counted if number in self.seen]
        answered = [self.answered[one] - self.sent[one] for one in counted if one in self.answered]
        file.write_text(
            json.dumps(
                {
                    "sent": len(counted),
                    "seen_s": seen,
                    "answered_s": answered,
                    "doubled": self.doubled,
                    "refused": self.refused,
                    "lost": sum(number not in self.seen for number in self._confirmed()),
                    "unanswered": len(self.sent) - len(self._confirmed()) - self.refused,
                    "took_s": max(self.sent.values()) - min(self.sent[number] for number in counted),
                }
            )
        )


async def pace(rate: float, count: int, say: Callable[[int], None]) -> None:
    """Call say with 0, 1, 2 … at this many a second. Late ones are made up for at once."""
    began = time.monotonic()
    for number in range(count):
        ahead = began + number / rate - time.monotonic()
        if ahead > 0.001:
            await asyncio.sleep(ahead)
        say(number)


def pairs(people: int, seed: int = 1) -> list[tuple[int, int]]:
    """Everybody with one other, by chance; people is even."""
    order = list(range(people))
    random.Random(seed).shuffle(order)
    return list(zip(order[::2], order[1::2], strict=True))


def many_files(wanted: int) -> None:
    """Let this process have so many sockets. Raises ValueError where the system forbids it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted + 256, most), most))
