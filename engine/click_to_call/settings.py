"""Settings of click-to-call; `config/` fills them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from engine.office_hours import read_office_hours

_PREFIX = re.compile(r"\+[0-9]{0,15}")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DomainDialRules:
    """What one domain may dial where it differs; None takes the general setting."""

    domain_id: str
    allowed_prefixes: tuple[str, ...] | None = None
    denied_prefixes: tuple[str, ...] | None = None
    international: bool | None = None
    allowed_countries: tuple[str, ...] | None = None
    premium: bool | None = None
    emergency: bool | None = None
    service_codes: bool | None = None
    unlisted_extensions: bool | None = None
    minutes_per_day_per_user: int | None = None
    minutes_per_day_per_domain: int | None = None
    office_hours: tuple[str, ...] | None = None
    time_zone: str | None = None
    off_hours_calls_per_hour: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CallSettings:
    """Who may call where, how often, and how long.

    allowed_prefixes, denied_prefixes: E.164 prefixes; the longest that matches decides, a tie
    denies, "+" matches every number. international: numbers outside the domain's region; without
    it those of allowed_countries all the same. premium: numbers that bill the caller extra.
    emergency: by a click, which names no place an ambulance could go to. service_codes: dial strings
    with * or #, which can forward phones. unlisted_extensions: up to 6 digits that are no user's
    extension; the dialplan decides.
    minutes_per_day_*: spoken with outside numbers within 24 hours; 0 does not limit. office_hours:
    as `office_hours.read_office_hours` reads them; outside them a domain may call so many outside
    numbers an hour. Without any the office is never closed.
    """

    allowed_prefixes: tuple[str, ...] = ()
    denied_prefixes: tuple[str, ...] = ()
    international: bool = True
    allowed_countries: tuple[str, ...] = ()
    premium: bool = False
    emergency: bool = False
    service_codes: bool = False
    unlisted_extensions: bool = True
    minutes_per_day_per_user: int = 600  # ten hours: nobody speaks longer, a stolen password does
    minutes_per_day_per_domain: int = 0
    office_hours: tuple[str, ...] = ()
    time_zone: str = "UTC"
    off_hours_calls_per_hour: int = 5
    domains: tuple[DomainDialRules, ...] = ()
    open_per_user: int = 3
    open_per_domain: int = 200
    open_per_pbx: int = 2000  # Asterisk takes 0.37 MB and 10 descriptors a call
    per_minute_per_user: int = 20
    per_minute_per_domain: int = 600
    max_duration_s: int = 4 * 3600  # a phone left off the hook costs no more than this

    def rules_for(self, domain_id: str) -> DialRules:
        """The dial rules of a domain: its own where it has some, else the general ones."""
        own = next((rules for rules in self.domains if rules.domain_id == domain_id), None)
        values = {}
        for rule in fields(DialRules):
            particular = getattr(own, rule.name) if own else None
            values[rule.name] = getattr(self, rule.name) if particular is None else particular
        return DialRules(**values)

    def problems(self) -> list[str]:
        """Everything that makes these settings unusable, each a sentence naming its setting."""
        found = []
        for name in ("allowed_prefixes", "denied_prefixes"):
            lists = [getattr(self, name), *(getattr(rules, name) or () for rules in self.domains)]
            if not all(_PREFIX.fullmatch(prefix) for prefixes in lists for prefix in prefixes):
                found.append(f"{name}: each begins with + and holds digits only, for example +4990.")
        countries = [self.allowed_countries, *(rules.allowed_countries or () for rules in self.domains)]
        if not all(_COUNTRY.fullmatch(country) for listed in countries for country in listed):
            found.append("allowed_countries: each is two capital letters, for example DE.")
        for name in (
            "open_per_user",
            "open_per_domain",
            "open_per_pbx",
            "per_minute_per_user",
            "per_minute_per_domain",
        ):
            if not 1 <= getattr(self, name) <= 100_000:
                found.append(f"{name}: must be 1 to 100,000.")
        each_domain = [self.rules_for(""), *(self.rules_for(rules.domain_id) for rules in self.domains)]
        for name, least in (
            ("minutes_per_day_per_user", 0),
            ("minutes_per_day_per_domain", 0),
            ("off_hours_calls_per_hour", 1),
        ):
            if not all(least <= getattr(rules, name) <= 10_000_000 for rules in each_domain):
                found.append(f"{name}: must be {least} to 10,000,000.")
        for rules in each_domain:
            try:
                read_office_hours(rules.office_hours, rules.time_zone)
            except ValueError as error:
                if str(error) not in found:
                    found.append(str(error))
        if not 60 <= self.max_duration_s <= 24 * 3600:
            found.append("max_duration_s: must be 60 to 86,400.")
        named = [rules.domain_id for rules in self.domains]
        if len(set(named)) != len(named):
            found.append("domains: names a domain twice.")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class DialRules:
    """The dial rules of one domain; the fields mean what they mean in `CallSettings`."""

    allowed_prefixes: tuple[str, ...] = ()
    denied_prefixes: tuple[str, ...] = ()
    international: bool = True
    allowed_countries: tuple[str, ...] = ()
    premium: bool = False
    emergency: bool = False
    service_codes: bool = False
    unlisted_extensions: bool = True
    minutes_per_day_per_user: int = 600
    minutes_per_day_per_domain: int = 0
    office_hours: tuple[str, ...] = ()
    time_zone: str = "UTC"
    off_hours_calls_per_hour: int = 5
