"""Words by which an outside number says what it wants: no more texts, texts again, help.

Pure. A keyword is the whole text, whatever its case and whatever stands around it; "please stop
by at six" is not one.
Source: CTIA Short Code Monitoring Handbook (stop words); 47 CFR 64.1200(a)(10) (the same, and "opt out").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from engine.messaging.models import ConsentAction

#: What each word asks for. Inner blanks and hyphens are one blank each.
KEYWORDS: Mapping[str, ConsentAction] = {
    **dict.fromkeys(
        (
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "revoke",
            "optout",
            "opt out",
        ),
        ConsentAction.STOP,
    ),
    **dict.fromkeys(("start", "unstop", "subscribe", "resume"), ConsentAction.START),
    **dict.fromkeys(("help", "info"), ConsentAction.HELP),
}

#: The longest keyword with a generous border around it, in characters; a longer text is a text.
_LONGEST = 40
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015]+")

DEFAULT_STOP = "You have opted out and will get no more texts from this number. Text START to opt in again."
DEFAULT_START = "You have opted in and will get texts from this number again. Text STOP to opt out."


def keyword_of(text: str) -> tuple[str, ConsentAction] | None:
    """The keyword a text consists of, as listed in KEYWORDS, and what it asks for; None for other texts."""
    if len(text) > _LONGEST:
        return None
    bare = _AROUND.sub("", unicodedata.normalize("NFKC", text)).casefold()
    word = _BETWEEN.sub(" ", bare)
    action = KEYWORDS.get(word)
    return None if action is None else (word, action)


def default_help(domain_name: str) -> str:
    """What HELP is answered with where nobody has set a text."""
    return f"{domain_name}: text STOP to get no more texts from this number, START to get them again."
