"""What a notification says, as far as its reader's privacy allows. Pure; texts are people's words.

Nothing here is formatted for a page, a mail or a log: whoever shows it escapes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from engine.notifications.models import Kind, Level, News, NotificationSettings, Preview, Side

#: Of what was said; a push has room for 4 kilobytes, a notification shows less than this.
PREVIEW_CHARACTERS = 140
#: Everybody in a chat is meant.
_EVERYBODY = ("all", "everybody", "everyone", "here")

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REMOVED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(text: str, most: int = PREVIEW_CHARACTERS) -> str:
    """The beginning of a text on one line, without characters that control how it shows."""
    kept = "".join(
        " " if unicodedata.category(c) in _REMOVED else c for c in text[: most * 4] if c not in _BIDI_CONTROLS
    )
    line = " ".join(kept.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def said(news: News, settings: NotificationSettings, name: str | None) -> tuple[str | None, str | None]:
    """Title and preview. name: what the reader knows an outside number by."""
    if settings.preview is Preview.NOTHING:
        return None, None
    who = news.author or name or news.peer
    title = None if who is None else one_line(who)
    if title is not None and news.group:
        title = f"{title} ({one_line(news.group)})"
    if settings.preview is Preview.SENDER or not news.text:
        return title, None
    return title, one_line(news.text) or None


def concerns(news: News, side: Side) -> bool:
    """Whether somebody who stands so in a conversation is to be told of what was said."""
    if side.quiet or side.read_through >= news.id or side.chosen.level is Level.NONE:
        return False
    if side.chosen.level is Level.MENTIONS and news.kind is Kind.CHAT:
        return is_named(news.text, side.called)
    return True


def is_named(text: str, called: Sequence[str]) -> bool:
    """Whether a text names somebody: an @ and one of these, or an @all."""
    folded = text.casefold()
    if "@" not in folded:
        return False
    return any(_stands_alone(folded, f"@{name.casefold()}") for name in (*called, *_EVERYBODY) if name)


def _stands_alone(text: str, wanted: str) -> bool:
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        before = at == 0 or not text[at - 1].isalnum()
        if before and (end == len(text) or not text[end].isalnum()):
            return True
        at = text.find(wanted, at + 1)
    return False
