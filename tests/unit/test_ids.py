"""Identifiers sort in the order they were made in."""

from __future__ import annotations

import threading
import uuid

import pytest

from engine import ids
from engine.ids import id_after, is_id, new_id


def test_ids_made_in_a_hurry_sort_in_their_order() -> None:
    made = [new_id("msg") for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_go_on_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id("msg")
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000_000)
    assert new_id("msg") > before


def test_ids_are_uuids_of_version_7() -> None:
    for _ in range(1_000):
        made = uuid.UUID(new_id("msg").removeprefix("msg_"))
        assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_ids_of_several_threads_are_different() -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend([new_id("msg") for _ in range(5_000)])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 20_000


def test_an_id_behind_another_is_of_its_kind() -> None:
    first = new_id("conv")
    assert id_after(first) > first
    assert is_id(id_after(first), "conv")
