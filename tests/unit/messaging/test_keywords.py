"""Which texts are keywords, and which only look like one."""

from __future__ import annotations

import pytest

from engine.messaging.keywords import keyword_of
from engine.messaging.models import ConsentAction


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "“Stop!”",
        "STOPALL",
        "Stop all",
        "unsubscribe",
        "CANCEL",
        "End",
        "quit",
        "Revoke",
        "OPTOUT",
        "opt out",
        "Opt-Out!!",
        "opt\u00a0out",
        "\uff33\uff34\uff2f\uff30",  # wide letters
        "stop 🙏",
        "*STOP*",
        "\u200eSTOP\n",
    ],
)
def test_a_stop_word_alone_stops(text: str) -> None:
    found = keyword_of(text)
    assert found is not None
    assert found[1] is ConsentAction.STOP


@pytest.mark.parametrize("text", ["START", "unstop", "Subscribe", "resume."])
def test_a_start_word_alone_restores(text: str) -> None:
    found = keyword_of(text)
    assert found == (text.lower().rstrip("."), ConsentAction.START)


@pytest.mark.parametrize("text", ["HELP", "help?", "Info"])
def test_a_help_word_alone_asks_for_help(text: str) -> None:
    found = keyword_of(text)
    assert found is not None
    assert found[1] is ConsentAction.HELP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Please stop by at six",
        "stop it",
        "Don't stop",
        "non-stop",
        "s t o p",
        "the end",
        "stop" * 20,
    ],
)
def test_a_text_that_only_holds_a_keyword_is_a_text(text: str) -> None:
    assert keyword_of(text) is None
