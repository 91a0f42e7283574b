"""Who left a message: a user of the domain where their own phone did, else a number. Pure.

A number that looks like an extension is not believed: anybody outside may call with any number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.errors import InvalidRequest
from engine.phone_numbers import to_e164
from engine.voicemail.models import Message

# PJSIP/<endpoint>-0000001a; and the half of our own Local channels that the dialplan sees.
_CHANNEL = re.compile(
    r"PJSIP/([A-Za-z0-9_.-]{1,64})-[0-9a-f]{8}"
    r"|Local/([A-Za-z0-9_.-]{1,64})@ringback-(?:all-devices|accept)-[0-9a-f]{8};[12]"
)
# Shorter ones are extensions and service numbers, which no region's rules make international.
_SHORTEST_OUTSIDE_DIGITS = 7


def endpoint_of(channel: str) -> str | None:
    """The endpoint whose phone called."""
    match = _CHANNEL.fullmatch(channel)
    return None if match is None else match[1] or match[2]


def canonical(number: str, region: str | None) -> str:
    """E.164 where the number is one, else as it came."""
    if sum(character.isdigit() for character in number) < _SHORTEST_OUTSIDE_DIGITS:
        return number
    try:
        return to_e164(number, region)
    except InvalidRequest:
        return number


def peer_of(message: Message, region: str | None, users: Mapping[str, str]) -> tuple[str, str, str | None]:
    """Number, peer and user id of a caller. users: the domain's, by endpoint."""
    number = canonical(message.number, region)
    user_id = users.get(endpoint_of(message.channel) or "")
    return number, user_id or number, user_id
