"""Texts to and from desk phones: SIP MESSAGE as AMI carries it.

To a phone by MessageSend; from a phone by a UserEvent of our dialplan snippet. Every AMI account that may
send UserEvents, and every dialplan, can make one that looks alike. So ours is sealed: a proof over its
content with a secret that only Ringback and the snippet's global variable know, and that the event does not
hold. A sealed event that is sent again has the same proof, by which its reader knows it.
Pure: no sockets. Source: config/asterisk/ringback.conf, [ringback-messages]; RFC 3428 §8, §11.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.ami.actions import Action, check_endpoint
from engine.errors import InvalidRequest

USER_EVENT = "RingbackMessage"
TEXT_EVENTS = frozenset({"UserEvent"})

#: What becomes one line of an action, of which Asterisk reads 1,024 octets: base64 makes 3 octets to 4.
MAX_OCTETS = 700
#: Asterisk itself takes no more than 1,024 octets from a phone.
_MAX_HEARD_OCTETS = 2_048
#: How far the clocks of the PBX and of this machine may be apart.
MAX_AGE_S = 600
_CUT = "…"

_CHANNEL = "Message/ast_msg_queue"
_CONTEXT = "ringback-messages"
_ADDRESS = r"sips?:([A-Za-z0-9_.-]{1,64})@[^<>\s]{1,255}"
# A name in quotes can hold what looks like an address; one without cannot (RFC 3261 §25.1).
_NAMED = re.compile(rf'(?:"(?:[^"\\]|\\.)*"|[^"<>:;@]*)\s*<{_ADDRESS}>(?:;[^<>]*)?')
_BARE = re.compile(_ADDRESS)
_STAMP = re.compile(r"([0-9]{1,12})-[0-9]{1,20}")
_USER_PART = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# The snippet's stand-in for a closing bracket, which would end a function's argument too early.
_BRACKET = "\x02"


@dataclass(frozen=True, slots=True)
class DeskText:
    """A text from a phone. endpoint: whose password the phone knows; proof: its own, for ever."""

    endpoint: str
    text: str = field(repr=False)
    proof: str


def message_send(endpoint: str, sender: str, text: str) -> Action:
    """A text for every contact of an endpoint; needs class message.

    sender: the user part of the address a reply goes to. A longer text is cut, between characters.
    Raises InvalidRequest for an endpoint or sender that is none.
    """
    check_endpoint(endpoint)
    if not _USER_PART.fullmatch(sender):
        raise InvalidRequest("Not a user part.", code="invalid_sender", field="/sender")
    body = base64.b64encode(cut(text).encode("utf-8", "replace")).decode("ascii")
    return Action("MessageSend", (("To", f"pjsip:{endpoint}"), ("From", sender), ("Base64Body", body)))


def cut(text: str, octets: int = MAX_OCTETS) -> str:
    """The text, or as much of it as fits with a sign that there is more."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= octets:
        return text
    return whole[: octets - len(_CUT.encode())].decode("utf-8", "ignore") + _CUT


def desk_text(event: Mapping[str, str], secret: str, now_s: float) -> DeskText | None:
    """The text a UserEvent brings, if it is one of ours, sealed, and fresh; else None.

    now_s: wall time, in seconds.
    """
    if event.get("UserEvent") != USER_EVENT or not secret:
        return None
    stamp = event.get("At", "")
    sent = [event.get(name, "") for name in ("To", "From", "Text")]
    proof = event.get("Proof", "").lower()
    if not hmac.compare_digest(proof.encode("utf-8", "replace"), seal(secret, stamp, *sent).encode()):
        return None
    made = _STAMP.fullmatch(stamp)
    if made is None or abs(now_s - int(made[1])) > MAX_AGE_S:
        return None
    if (event.get("Channel"), event.get("Context")) != (_CHANNEL, _CONTEXT):
        return None
    sender, text = _decoded(sent[1]), _decoded(sent[2])
    endpoint = None if sender is None else _endpoint(sender)
    if endpoint is None or text is None or not text.strip():
        return None
    return DeskText(endpoint, text.strip(), proof)


def seal(secret: str, stamp: str, to: str, sender: str, text: str) -> str:
    """The proof, as the snippet makes it: twice over, so that nothing can be appended."""
    inner = _sha1(f"{secret}:{stamp}:{to}:{sender}:{text}")
    return _sha1(f"{secret}:{inner}")


def _sha1(text: str) -> str:
    # All that a dialplan has; what is asked of it here, SHA-1 still gives (RFC 6194 §3.3).
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _endpoint(sender: str) -> str | None:
    """The user of a From header."""
    found = _NAMED.fullmatch(sender) or _BARE.fullmatch(sender)
    return None if found is None else found[1]


def _decoded(encoded: str) -> str | None:
    if len(encoded) > _MAX_HEARD_OCTETS * 4 // 3 + 4:
        return None
    try:
        octets = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets.decode("utf-8", "replace").replace(_BRACKET, ")")
