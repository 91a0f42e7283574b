"""One warm parent for all tests of a session: its imports take longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.texts.engine_process import WarmParent


@pytest.fixture(scope="session")
def parent() -> Iterator[WarmParent]:
    warm = WarmParent()
    yield warm
    warm.close()
