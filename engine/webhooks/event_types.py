"""Which types of events a webhook may ask for, and why not the others.

Every event that is put into the log has its type in one of three tables: told to webhooks of a domain, told
to those of operations, or never told to any. A test reads the sources and holds them to it, so a new type
cannot be forgotten here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

Verbs = Mapping[str, tuple[str, ...]]

#: What happens in a domain and its managers may see, as verbs by noun.
DOMAIN: Verbs = {
    "blocked_sender": ("created", "deleted"),
    "call": ("updated",),
    "call_log": ("created", "seen", "updated"),
    "consent": ("updated",),
    "contact": ("created", "deleted", "imported", "updated"),
    "conversation": ("created", "updated"),
    "device": ("created", "deleted", "updated"),
    "domain": ("settings_updated", "updated"),
    "key": ("created", "revoked"),
    "message": ("blocked", "created", "updated"),
    "number": ("created", "deleted", "updated"),
    "password": ("changed", "reset"),
    "presence": ("updated",),
    "quick_reply": ("created", "deleted", "updated"),
    "session": ("ended", "started"),
    "token": ("minted",),
    "user": ("created", "deleted", "mailbox_updated", "settings_updated", "updated"),
    "webhook": ("created", "deleted", "disabled", "secret_rotated", "updated"),
}

#: What no domain owns.
OPERATIONS: Verbs = {
    "carrier": ("bind_changed",),
    "inbound": ("unrouted",),
    "key": ("created", "revoked"),
    "webhook": ("created", "deleted", "disabled", "secret_rotated", "updated"),
}

_PERSONAL = "It is for the people it concerns alone; no webhook gets it."
_NO_WEBHOOK_THEN = "A domain has no webhook before it is made or after it is deleted."

#: What is in the log and never told to a webhook, and why.
NEVER_TOLD: Mapping[str, str] = {
    "conversation.draft": _PERSONAL,
    "conversation.read": _PERSONAL,
    "domain.created": _NO_WEBHOOK_THEN,
    "domain.deleted": _NO_WEBHOOK_THEN,
    "mailbox.updated": _PERSONAL,
    "member.added": _PERSONAL,
    "member.left": _PERSONAL,
    "member.removed": _PERSONAL,
    "notification.updated": _PERSONAL,
    "out_of_office.updated": _PERSONAL,
    "voicemail.created": _PERSONAL,
    "voicemail.deleted": _PERSONAL,
    "voicemail.updated": _PERSONAL,
}


def names(verbs: Verbs) -> tuple[str, ...]:
    """All that may be asked for: for each noun `<noun>.*`, then its types."""
    return tuple(f"{noun}.{verb}" for noun, of_noun in verbs.items() for verb in ("*", *of_noun))


#: What a webhook may ask for, whichever stream it is of.
ALL = tuple(sorted({*names(DOMAIN), *names(OPERATIONS)}))


def objection(asked: str, *, operations: bool) -> str | None:
    """Why a webhook of a domain, or of operations, cannot ask for this; None when it can."""
    there = OPERATIONS if operations else DOMAIN
    noun, dot, verb = asked.partition(".")
    if verb and verb in ("*", *there.get(noun, ())) and noun in there:
        return None
    if (reason := NEVER_TOLD.get(asked)) is not None:
        return f"{_quoted(asked)} cannot be asked for. {reason}"
    if asked in names(DOMAIN if operations else OPERATIONS):
        where = "in a domain; ask for it with a webhook of that domain" if operations else "in operations"
        return f"{_quoted(asked)} happens {where}, not here."
    if noun in there:
        what = ", ".join((*(f"{noun}.{one}" for one in there[noun]), f"{noun}.*"))
        return f"There are no events of the type {_quoted(asked)}. Of this noun there are: {what}."
    if dot and any(one.startswith(f"{noun}.") for one in NEVER_TOLD):
        return f"{_quoted(asked)} cannot be asked for. {_PERSONAL}"
    near = difflib.get_close_matches(asked, names(there), n=1)
    hint = f" Do you mean {near[0]}?" if near else ""
    return (
        f"There are no events of the type {_quoted(asked)}.{hint}"
        f" A type is <noun>.<verb>, or <noun>.* for all of a noun; nouns are: {', '.join(there)}."
    )


def _quoted(asked: str) -> str:
    """What was asked for, short and harmless to show."""
    return repr(asked if len(asked) <= 60 else f"{asked[:60]}…")
