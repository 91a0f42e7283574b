"""What one emoji is. The sequences are from the Unicode emoji test file, version 15.1."""

from __future__ import annotations

import pytest

from engine.conversations.emoji import is_emoji


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f600",  # grinning face
        "\u2764\ufe0f",  # red heart, as keyboards send it
        "\u2764",  # and without its selector
        "\U0001f44d\U0001f3fd",  # thumbs up, medium skin tone
        "\u261d\ufe0f\U0001f3fd",  # index up with both
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # family
        "\U0001f3f3\ufe0f\u200d\U0001f308",  # rainbow flag
        "\U0001f1e9\U0001f1ea",  # flag of Germany
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # flag of Scotland
        "1\ufe0f\u20e3",  # keycap
    ],
)
def test_one_picture_is_one_emoji_however_many_characters_it_has(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1",
        "ok",
        ":-)",
        "<b>",
        "\U0001f600\U0001f600",
        "\U0001f600 ",
        "\U0001f1e9",  # half a flag
        "\u200d",
        "\ufe0f",
        "\U0001f600\u200d",
        "\U0001f600\n",
        "\ud83d",
        "\U0001f468" + "\u200d\U0001f468" * 16,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_emoji(text)
