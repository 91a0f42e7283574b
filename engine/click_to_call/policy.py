"""Who may call where: what a destination is, and whether a domain's rules allow it.

Pure. What is refused here rings no phone and reaches no dialplan; toll fraud is the rule's
reason, so whatever cannot be told apart from an expensive destination is refused.
The only user of phonenumbers' tariff and emergency tables.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

import phonenumbers
from phonenumbers import PhoneNumberType

from engine.accounts.models import Domain, Number, User
from engine.click_to_call import errors
from engine.click_to_call.ports import OffHours, PlacementLimits
from engine.click_to_call.settings import CallSettings, DialRules
from engine.office_hours import read_office_hours
from engine.phone_numbers import to_dial_string, to_e164

# Longer digit strings without + are read as national numbers; no extension plan is that long.
_EXTENSION_DIGITS = 6
# Where a domain has no region: the emergency numbers of most of the world's population.
_EMERGENCY = frozenset({"000", "100", "110", "111", "112", "118", "119", "911", "995", "999"})
_NAME_CHARACTERS = 60
_NAME_MARKS = frozenset(" .,'&()-_")


@dataclass(frozen=True, slots=True)
class Destination:
    """What is dialled. e164: set for outside numbers; exten: what the dialplan gets."""

    exten: str
    e164: str | None = None


def read_destination(text: str, region: str | None) -> Destination:
    """An extension or service code as it is, anything longer as E.164.

    Raises InvalidRequest `invalid_number`.
    """
    dialed = to_dial_string(text)
    if re.search(r"[*#]", dialed) or (dialed.isdigit() and len(dialed) <= _EXTENSION_DIGITS):
        return Destination(dialed)
    number = to_e164(dialed, region)
    return Destination(number, number)


def check_destination(
    destination: Destination, rules: DialRules, domain: Domain, listed: User | None
) -> None:
    """Refuse what the rules do not allow. listed: the user whose extension it is.

    Raises Forbidden `destination_blocked` or `international_disabled`, InvalidRequest
    `no_such_extension`.
    """
    if listed is not None:
        return
    if destination.e164 is None:
        _check_short(destination.exten, rules, domain.region)
    else:
        _check_number(destination.e164, rules, domain.region)


def check_not_self(destination: Destination, user: User, number: Number | None) -> None:
    """Refuse a call of a user to their own extension or to a number that rings nobody else.

    number: the one of ours that is dialled, if it is ours. Raises InvalidRequest `self_call`.
    """
    own_number = number is not None and number.user_ids == (user.id,)
    if destination.exten == user.extension or own_number:
        raise errors.self_call()


def limits_on(
    destination: Destination, settings: CallSettings, rules: DialRules, now_ms: int
) -> PlacementLimits:
    """What the store has to count before it adds a call to that destination."""
    limits = PlacementLimits(
        open_per_user=settings.open_per_user,
        open_per_domain=settings.open_per_domain,
        per_minute_per_user=settings.per_minute_per_user,
        per_minute_per_domain=settings.per_minute_per_domain,
    )
    if destination.e164 is None:
        return limits
    closed_since_ms = None
    if rules.office_hours:
        closed_since_ms = read_office_hours(rules.office_hours, rules.time_zone).closed_since_ms(now_ms)
    return replace(
        limits,
        minutes_per_day_per_user=rules.minutes_per_day_per_user or None,
        minutes_per_day_per_domain=rules.minutes_per_day_per_domain or None,
        off_hours=None
        if closed_since_ms is None
        else OffHours(closed_since_ms, rules.off_hours_calls_per_hour),
    )


def shown_name(text: str) -> str:
    """A display name as the PBX may have it: letters, digits, spaces and a few marks.

    A dialplan may put a name into an expression, so `$`, braces, quotes and the like are dropped.
    """
    kept = (mark for mark in text if mark in _NAME_MARKS or unicodedata.category(mark)[0] in "LMN")
    return " ".join("".join(kept).split())[:_NAME_CHARACTERS].strip()


def _check_short(exten: str, rules: DialRules, region: str | None) -> None:
    if not rules.emergency and _is_emergency(exten, region):
        raise errors.destination_blocked()
    if not exten.isdigit():
        if not rules.service_codes:
            raise errors.destination_blocked()
    elif not rules.unlisted_extensions:
        raise errors.no_such_extension()


def _check_number(e164: str, rules: DialRules, region: str | None) -> None:
    denied, allowed = _match(e164, rules.denied_prefixes), _match(e164, rules.allowed_prefixes)
    if denied and denied >= allowed:
        raise errors.destination_blocked()
    number = phonenumbers.parse(e164)
    premium = phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE
    if premium and not rules.premium:
        raise errors.destination_blocked()
    # By country, not by calling code: +1 is also the Caribbean, where the fraud is.
    country = phonenumbers.region_code_for_number(number)
    abroad = region is not None and country != region
    if abroad and not rules.international and not allowed and country not in rules.allowed_countries:
        raise errors.international_disabled()


def _match(e164: str, prefixes: tuple[str, ...]) -> int:
    """The length of the longest prefix that matches; 0 for none."""
    return max((len(prefix) for prefix in prefixes if e164.startswith(prefix)), default=0)


def _is_emergency(exten: str, region: str | None) -> bool:
    if region is None:
        return exten in _EMERGENCY
    return bool(phonenumbers.connects_to_emergency_number(exten, region))
