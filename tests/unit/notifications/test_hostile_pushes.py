"""Pushes with words made to hurt: JSON that says the same things, not more than was chosen, and short."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.adapters.web_push import WebPush
from engine.notifications.ledger import Shown
from engine.notifications.models import Kind, News, NotificationSettings, Preview
from engine.notifications.notices import notice_of
from engine.notifications.pushing import Pushes
from engine.notifications.words import PREVIEW_CHARACTERS
from tests.corpora.strings import STRINGS
from tests.peers.push_browser import Browser
from tests.unit.notifications.push_twins import PushServer, Still, one_browser

#: What a push service has to take at least, of the encrypted body. Source: RFC 8030 §7.2.
MOST_OCTETS = 4_096
AT_MS = 1_800_000_000_000

#: The most octets for a character in UTF-8 or in JSON's escapes, and words that are cut in bad places.
LONG = {
    "the most octets": "\U0010fffd" * 20_000,
    "the most escapes": '"\\' * 20_000,
    "controls": "\x01\x1f" * 20_000,
    "line ends": "\u2028" * 20_000,
    "half characters": "\ud83d" * 20_000,
    "a family at the cut": "x" * (PREVIEW_CHARACTERS - 2) + STRINGS["beyond the first plane"] * 50,
    "marks without end": "Z" + "\u0351" * 20_000,
    "only bidi": "\u202e" * 20_000 + "gnp.exe",
    "no blanks": "<script>" * 5_000,
}
WORDS: Mapping[str, str] = {**STRINGS, **LONG}
#: What is not shown, and turns what stands around it.
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Controls, half characters, and ends of lines.
CONTROL = {"Cc", "Cs", "Zl", "Zp"}


BROWSER = Browser("https://push.example/1")


def pushed(news: News, preview: Preview, name: str | None) -> tuple[dict[str, Any], int]:
    """What the browser reads when a user is told of it, and the octets it took."""
    server = PushServer()
    store = one_browser(BROWSER)
    service = WebPush(store, server, Still(AT_MS), None)
    notice = notice_of(news, NotificationSettings(preview=preview), "usr_1", news.conversation_id, name)
    asyncio.run(Pushes(store, service).do(Shown(replace(notice, id="ntf_1", count=1_000_000))))
    ((body, _),) = server.taken
    return BROWSER.read(body), len(body)


def told(word: str) -> dict[str, tuple[News, str | None]]:
    """Everything that can be told of, with that word wherever somebody else chose it."""
    thread = "conv_" + "0" * 26
    return {
        "chat": (
            News("msg_1", Kind.CHAT, "dom_1", ("usr_1",), AT_MS, thread, "usr_2", word, None, None, word),
            None,
        ),
        "group": (
            News("msg_1", Kind.CHAT, "dom_1", ("usr_1",), AT_MS, thread, "usr_2", word, None, word, word),
            None,
        ),
        "text of a contact": (
            News("msg_1", Kind.TEXT, "dom_1", ("usr_1",), AT_MS, thread, peer="+12025550177", text=word),
            word,
        ),
        "text": (
            News("msg_1", Kind.TEXT, "dom_1", ("usr_1",), AT_MS, thread, peer=word, text=word),
            None,
        ),
        "voicemail": (News("vml_1", Kind.VOICEMAIL, "dom_1", ("usr_1",), AT_MS, peer=word), None),
        "missed call": (News("clg_1", Kind.MISSED_CALL, "dom_1", ("usr_1",), AT_MS, peer=word), None),
    }


ORIGINS = list(told("Zoe"))
PLAIN = {
    (origin, preview): pushed(news, preview, name)[0]
    for origin, (news, name) in told("Zoe").items()
    for preview in Preview
}


@pytest.mark.parametrize("label", WORDS)
def test_a_push_says_the_same_things_whatever_was_written(label: str) -> None:
    for origin, (news, name) in told(WORDS[label]).items():
        said, octets = pushed(news, Preview.FULL, name)
        plain = PLAIN[origin, Preview.FULL]
        assert octets <= MOST_OCTETS, origin
        assert said.keys() == plain.keys()
        shown = {"title": said.pop("title"), "preview": said.pop("preview")}
        assert said == {one: value for one, value in plain.items() if one not in shown}
        for words in shown.values():
            assert not BIDI.intersection(words or ""), origin
            assert not CONTROL.intersection(unicodedata.category(mark) for mark in words or ""), origin


@pytest.mark.parametrize("label", WORDS)
def test_a_push_says_no_more_than_its_reader_chose(label: str) -> None:
    for origin, (news, name) in told(WORDS[label]).items():
        nothing, _ = pushed(news, Preview.NOTHING, name)
        assert nothing == PLAIN[origin, Preview.NOTHING]
        assert (nothing["title"], nothing["preview"]) == (None, None)
        sender, _ = pushed(news, Preview.SENDER, name)
        assert sender["preview"] is None
        unsaid, _ = pushed(replace(news, text="something else"), Preview.SENDER, name)
        assert sender == unsaid
