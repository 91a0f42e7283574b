"""The verifier that docs/webhooks.md shows, as a reader would copy it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.webhooks import signing
from engine.webhooks.lane import RETRY_AFTER_S

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
BODY = b'{"type": "call.updated"}'


def documented() -> Callable[[str, dict[str, str], bytes], None]:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    verify: Callable[[str, dict[str, str], bytes], None] = names["verify"]
    return verify


def sent(*secrets: bytes, at_s: float) -> dict[str, str]:
    headers = signing.headers("dom_1:42", round(at_s * 1000), BODY, secrets)
    return {name.lower(): value for name, value in headers.items()}


def test_it_takes_ours_by_either_secret() -> None:
    old, new = signing.new_secret(), signing.new_secret()
    for secret in (old, new):
        documented()(signing.shown(secret), sent(new, old, at_s=time.time()), BODY)


def test_it_refuses_others_and_old_ones() -> None:
    secret = signing.new_secret()
    verify, text = documented(), signing.shown(secret)
    with pytest.raises(ValueError, match="signature"):
        verify(text, sent(signing.new_secret(), at_s=time.time()), BODY)
    with pytest.raises(ValueError, match="signature"):
        verify(text, sent(secret, at_s=time.time()), BODY + b" ")
    with pytest.raises(ValueError, match="too old"):
        verify(text, sent(secret, at_s=time.time() - 600), BODY)


def test_the_page_says_how_often_it_is_tried() -> None:
    assert f"{len(RETRY_AFTER_S) + 1} attempts over more than {sum(RETRY_AFTER_S) // 3600} hours" in PAGE
