"""The SMSC hears ROK after the commit and never before, and a temporary error when there was none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.errors import StorageUnavailable
from engine.messaging.inbox import Inbox

Done = Callable[[BaseException | None], None]


@dataclass
class Store:
    """Commits when the test says so. full: takes nothing more."""

    full: bool = False
    pending: list[Done] = field(default_factory=list)

    def apply_receipts(self, receipts: Sequence[Any], done: Done) -> None:
        self._keep(done)

    def store_inbound(self, texts: Sequence[Any], done: Done) -> None:
        self._keep(done)

    def _keep(self, done: Done) -> None:
        if self.full:
            raise StorageUnavailable("full", code="storage_busy")
        self.pending.append(done)


@pytest.fixture(params=["receipts", "texts"])
def deliver(request: pytest.FixtureRequest) -> Callable[[Store, list[bool]], None]:
    """Delivers two of a kind; what the SMSC hears is appended."""

    def deliver(store: Store, heard: list[bool]) -> None:
        take = getattr(Inbox(store), request.param)
        take("carrier", [(object(), heard.append), (object(), heard.append)])

    return deliver


def test_rok_is_said_after_the_commit(deliver: Callable[[Store, list[bool]], None]) -> None:
    store, heard = Store(), list[bool]()
    deliver(store, heard)
    assert heard == []
    store.pending[0](None)
    assert heard == [True, True]


def test_a_commit_that_failed_makes_the_smsc_come_again(
    deliver: Callable[[Store, list[bool]], None],
) -> None:
    store, heard = Store(), list[bool]()
    deliver(store, heard)
    store.pending[0](StorageUnavailable("gone"))
    assert heard == [False, False]


def test_a_store_that_takes_nothing_makes_the_smsc_come_again(
    deliver: Callable[[Store, list[bool]], None],
) -> None:
    heard = list[bool]()
    deliver(Store(full=True), heard)
    assert heard == [False, False]
