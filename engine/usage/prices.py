"""What a carrier charges: a price a segment, by the longest prefix of the number.

Pure. Amounts are integers, millionths of the currency's unit, so that sums are exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property

import phonenumbers

from engine.phone_numbers import facts_of

MICROS = 1_000_000

_CURRENCY = re.compile(r"[A-Z]{3}")
_PREFIX = re.compile(r"\+[0-9]{0,15}")
_REGION = re.compile(r"[A-Z]{2}")
#: A segment that costs more is a typing error.
_MOST_MICROS = 1_000 * MICROS
#: Longer than any number: groups of numbers are single ones then.
_WHOLE_NUMBER = 32


@dataclass(frozen=True)
class PriceList:
    """currency: ISO 4217. outbound: millionths a segment, by prefix (`+49`; `+` for the rest) or country.

    inbound: millionths a segment. A prefix goes before a country, a longer prefix before a shorter one;
    what nothing fits costs nothing.
    """

    currency: str
    outbound: Mapping[str, int] = field(default_factory=dict)
    inbound: int = 0

    @cached_property
    def telling_characters(self) -> int:
        """How many first characters of a number decide its price, the plus sign included."""
        prefixes = [key for key in self.outbound if key.startswith("+")]
        longest = max((len(key) for key in prefixes), default=1)
        for region in self.outbound.keys() - set(prefixes):
            code = phonenumbers.country_code_for_region(region)
            if len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())) > 1:
                return _WHOLE_NUMBER  # +1 is many countries, told apart by what follows
            longest = max(longest, len(str(code)) + 1)
        return longest

    def outbound_micros(self, number: str) -> int:
        """The price of a segment to an E.164 number, or to all that begin with these characters."""
        for length in range(len(number), 0, -1):
            price = self.outbound.get(number[:length]) if length > 1 else None
            if price is not None:
                return price
        region = self._region(number)
        if region in self.outbound:
            return self.outbound[region]
        return self.outbound.get("+", 0)

    def _region(self, number: str) -> str:
        if all(key.startswith("+") for key in self.outbound):
            return ""
        if self.telling_characters == _WHOLE_NUMBER:
            return facts_of(number).region or ""
        for length in range(2, 5):
            code = number[1:length]
            regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()) if code.isdigit() else ()
            if regions:
                return regions[0]
        return ""


def micros_of(text: str) -> int:
    """A price as written in the configuration, `0.0075`. Raises ValueError."""
    try:
        amount = Decimal(text) * MICROS
        whole = int(amount)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(f"{text!r} is not a price; write it as 0.0075") from None
    if whole != amount or not 0 <= whole <= _MOST_MICROS:
        raise ValueError(f"{text!r} is no price from 0 to 1000 with at most six decimals")
    return whole


def price_list_problems(currency: str | None, outbound: Mapping[str, str], inbound: str | None) -> list[str]:
    """What is wrong with a price list as configured: sentences that begin with the key."""
    found = []
    if currency is None:
        if outbound or inbound is not None:
            found.append("price_currency: is needed with prices, for example EUR.")
    elif not _CURRENCY.fullmatch(currency):
        found.append("price_currency: three capital letters, for example EUR.")
    for key in outbound:
        known = bool(_PREFIX.fullmatch(key)) or (
            bool(_REGION.fullmatch(key)) and key in phonenumbers.SUPPORTED_REGIONS
        )
        if not known:
            found.append(f"prices: {key!r} is neither a prefix like +49 nor a country like DE.")
    for name, texts in (("prices", [*outbound.values()]), ("price_inbound", [inbound or "0"])):
        for text in texts:
            try:
                micros_of(text)
            except ValueError as error:
                found.append(f"{name}: {error}.")
    return found


def price_list(currency: str | None, outbound: Mapping[str, str], inbound: str | None) -> PriceList | None:
    """A price list whose parts have no problems; None where the carrier has none."""
    if currency is None:
        return None
    return PriceList(
        currency, {key: micros_of(text) for key, text in outbound.items()}, micros_of(inbound or "0")
    )
