"""What a text is found by: its words, folded so that case, accents and width do not matter.

Both databases are given the same words and asked for the same words, so both find the same messages.
"""

from __future__ import annotations

import re
import unicodedata

#: Of one word, in characters; the rest of a longer one is not looked at.
LONGEST_WORD = 64
#: Of one message or question. A text of 40,000 characters has hardly more.
MOST_WORDS = 8_000
MOST_ASKED = 12
#: A shorter beginning of a word is taken for the whole of it: too much begins with "a".
SHORTEST_BEGINNING = 2

_WORD = re.compile(r"[^\W_]+")
#: Scripts written without spaces (CJK, kana, Thai, Lao, Khmer, Myanmar): each character is a word.
_ALONE = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f])"
)


def words_of(text: str) -> list[str]:
    """The words of a text, in order, repeated ones too, at most MOST_WORDS."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(_ALONE.sub(r" \1 ", _folded(text)))][:MOST_WORDS]


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if not unicodedata.combining(one))
