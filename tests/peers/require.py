"""What happens when a real peer cannot be had: a loud skip, or a failure where it is required.

RINGBACK_REQUIRE is `all` or a comma list of peer names; CI sets `all`.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unavailable(peer: str, reason: str) -> NoReturn:
    """Skip the test for want of a peer; fail it if RINGBACK_REQUIRE names that peer."""
    required = {name.strip() for name in os.environ.get("RINGBACK_REQUIRE", "").split(",")}
    if required & {"all", peer}:
        pytest.fail(f"{peer} is required but cannot be had: {reason}", pytrace=False)
    pytest.skip(f"{peer} cannot be had: {reason}")
