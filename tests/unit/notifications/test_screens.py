"""Whose turn it is to notify."""

from __future__ import annotations

from engine.notifications.models import ScreenState
from engine.notifications.screens import Screens

ACTIVE, IDLE, HIDDEN = ScreenState.ACTIVE, ScreenState.IDLE, ScreenState.HIDDEN


def test_the_page_in_use_is_asked_first_then_the_one_used_last() -> None:
    screens = Screens()
    screens.report("ann", "laptop", ACTIVE, None, now=10)
    screens.report("ann", "phone", HIDDEN, None, now=11)
    screens.report("ann", "desktop", ACTIVE, None, now=12)
    assert screens.best("ann") == "desktop"
    screens.report("ann", "desktop", IDLE, None, now=20)
    assert screens.best("ann") == "laptop"
    screens.report("ann", "laptop", HIDDEN, None, now=21)
    assert screens.best("ann") == "laptop"
    assert screens.best("ann", {"laptop"}) == "desktop"
    assert screens.best("ann", {"laptop", "desktop"}) == "phone"
    assert screens.best("ann", {"laptop", "desktop", "phone"}) is None
    assert screens.best("bob") is None


def test_of_pages_in_use_the_last_one_wins() -> None:
    screens = Screens()
    screens.report("ann", "one", ACTIVE, None, now=1)
    screens.report("ann", "two", ACTIVE, None, now=2)
    assert screens.best("ann") == "two"
    screens.report("ann", "one", ACTIVE, "conv_1", now=3)
    assert screens.best("ann") == "one"


def test_only_who_uses_the_page_that_shows_it_looks_at_a_conversation() -> None:
    screens = Screens()
    screens.report("ann", "one", ACTIVE, "conv_1", now=1)
    assert screens.looks_at("ann", "conv_1")
    assert not screens.looks_at("ann", "conv_2")
    assert not screens.looks_at("bob", "conv_1")
    screens.report("ann", "one", IDLE, "conv_1", now=2)
    assert not screens.looks_at("ann", "conv_1")


def test_a_page_that_closed_is_not_asked() -> None:
    screens = Screens()
    assert screens.report("ann", "one", ACTIVE, None, now=1)
    assert not screens.report("ann", "two", IDLE, None, now=2)
    assert not screens.closed("ann", "one")
    assert screens.best("ann") == "two"
    assert screens.closed("ann", "two")
    assert not screens.closed("ann", "two")
    assert not screens.has("ann")
