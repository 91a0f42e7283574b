"""Who may call where."""

from __future__ import annotations

import pytest

from engine.accounts.models import Domain, Number, User
from engine.click_to_call.policy import (
    Destination,
    check_destination,
    check_not_self,
    limits_on,
    read_destination,
    shown_name,
)
from engine.click_to_call.ports import OffHours
from engine.click_to_call.settings import CallSettings, DialRules, DomainDialRules
from engine.errors import EngineError, InvalidRequest

GERMANY = Domain("dom_1", "Acme", None, "DE", "main", "internal", True, 0)
NOWHERE = Domain("dom_2", "Nomad", None, None, "main", "internal", True, 0)
ALICE = User("usr_1", "dom_1", "1001", "Alice", True, 0)
BOB = User("usr_2", "dom_1", "1002", "Bob", True, 0)


def verdict(text: str, rules: DialRules, domain: Domain = GERMANY, listed: User | None = None) -> str:
    """`ok`, or the code of the refusal."""
    try:
        check_destination(read_destination(text, domain.region), rules, domain, listed)
    except EngineError as error:
        return error.code
    return "ok"


@pytest.mark.parametrize(
    ("text", "exten", "e164"),
    [
        ("1002", "1002", None),
        ("*97", "*97", None),
        ("030 123456", "+4930123456", "+4930123456"),
        ("+49 (30) 123-456", "+4930123456", "+4930123456"),
        ("+12025550123", "+12025550123", "+12025550123"),
    ],
)
def test_what_a_person_types_becomes_what_is_dialled(text: str, exten: str, e164: str | None) -> None:
    assert read_destination(text, "DE") == Destination(exten, e164)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "1002&PJSIP/9",
        "1002@expensive",
        "${EXTEN}",
        "1002\r\nAction: Command",
        "0301234567x",
        "1002,1",
        "9" * 40,
    ],
)
def test_what_is_not_a_number_reaches_no_dialplan(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_destination(text, "DE")
    assert refused.value.code == "invalid_number"


def test_a_national_number_needs_a_region() -> None:
    with pytest.raises(InvalidRequest):
        read_destination("030123456", None)


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        ("+4930123456", DialRules(), "ok"),
        ("+12025550123", DialRules(), "ok"),
        ("+12025550123", DialRules(international=False), "international_disabled"),
        ("+4930123456", DialRules(international=False), "ok"),
        ("+12025550123", DialRules(international=False, allowed_prefixes=("+1202",)), "ok"),
        (
            "+18765551234",
            DialRules(international=False, allowed_prefixes=("+1202",)),
            "international_disabled",
        ),
        ("+12025550123", DialRules(international=False, allowed_countries=("US", "FR")), "ok"),
        (
            "+18765551234",
            DialRules(international=False, allowed_countries=("US",)),
            "international_disabled",
        ),
        (
            "+12025550123",
            DialRules(allowed_countries=("US",), denied_prefixes=("+1",)),
            "destination_blocked",
        ),
        ("+4930123456", DialRules(denied_prefixes=("+4930",)), "destination_blocked"),
        ("+4930123456", DialRules(denied_prefixes=("+",), allowed_prefixes=("+49",)), "ok"),
        ("+12025550123", DialRules(denied_prefixes=("+",), allowed_prefixes=("+49",)), "destination_blocked"),
        (
            "+4930123456",
            DialRules(denied_prefixes=("+49",), allowed_prefixes=("+49",)),
            "destination_blocked",
        ),
        ("+499001234567", DialRules(), "destination_blocked"),
        ("+499001234567", DialRules(allowed_prefixes=("+49",)), "destination_blocked"),
        ("+499001234567", DialRules(premium=True), "ok"),
        ("112", DialRules(), "destination_blocked"),
        ("110", DialRules(emergency=True), "ok"),
        ("*21", DialRules(), "destination_blocked"),
        ("*97", DialRules(service_codes=True), "ok"),
        ("600", DialRules(), "ok"),
        ("600", DialRules(unlisted_extensions=False), "no_such_extension"),
    ],
)
def test_the_rules_decide(text: str, rules: DialRules, expected: str) -> None:
    assert verdict(text, rules) == expected


def test_a_colleague_can_always_be_called() -> None:
    rules = DialRules(denied_prefixes=("+",), unlisted_extensions=False, international=False)
    assert verdict("1002", rules, listed=BOB) == "ok"


def test_a_region_of_the_same_calling_code_is_abroad() -> None:
    america = Domain("dom_3", "US", None, "US", "main", "internal", True, 0)
    rules = DialRules(international=False)
    assert verdict("+18765551234", rules, america) == "international_disabled"
    assert verdict("+12025550123", rules, america) == "ok"


def test_without_a_region_emergency_numbers_are_known_all_the_same() -> None:
    assert verdict("911", DialRules(), NOWHERE) == "destination_blocked"
    assert verdict("999", DialRules(), NOWHERE) == "destination_blocked"


def ours(*user_ids: str) -> Number:
    return Number("num_1", "dom_1", "+4930111", True, "c", user_ids, 0)


OUR_NUMBER = Destination("+4930111", "+4930111")


@pytest.mark.parametrize(
    ("destination", "number"), [(Destination("1001"), None), (OUR_NUMBER, ours("usr_1"))]
)
def test_nobody_calls_their_own_phone(destination: Destination, number: Number | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_not_self(destination, ALICE, number)
    assert refused.value.code == "self_call"


@pytest.mark.parametrize(
    ("destination", "number"),
    [
        (Destination("1002"), None),
        (OUR_NUMBER, ours("usr_1", "usr_2")),
        (OUR_NUMBER, ours()),
        (OUR_NUMBER, None),
    ],
)
def test_a_call_that_somebody_else_can_answer_is_none_to_oneself(
    destination: Destination, number: Number | None
) -> None:
    check_not_self(destination, ALICE, number)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë Müller", "Zoë Müller"),
        ("O'Brien, Pat (2nd)", "O'Brien, Pat (2nd)"),
        ('"$<{SHELL(id)}>"; Bob', "SHELL(id) Bob"),
        ("a\r\nAction: Command", "aAction Command"),
        ("अनीता", "अनीता"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_name_is_shown_without_what_a_dialplan_could_run(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_domain_may_differ_in_single_rules() -> None:
    own = DomainDialRules(domain_id="dom_1", international=True, denied_prefixes=("+7",))
    settings = CallSettings(international=False, premium=True, domains=(own,))
    assert settings.rules_for("dom_1") == DialRules(international=True, premium=True, denied_prefixes=("+7",))
    assert settings.rules_for("dom_2") == DialRules(international=False, premium=True)


OUTSIDE, COLLEAGUE = Destination("+4930123456", "+4930123456"), Destination("1002")
SATURDAY_NIGHT_MS = 1_795_903_200_000  # 2026-11-28 23:00 in Berlin
MONDAY_NOON_MS = 1_795_431_600_000  # 2026-11-23 12:00 in Berlin


def test_minutes_and_closed_offices_limit_calls_to_outside_numbers_alone() -> None:
    settings = CallSettings(
        minutes_per_day_per_user=30, office_hours=("Mon-Sat 08:00-18:00",), time_zone="Europe/Berlin"
    )
    rules = settings.rules_for("dom_1")
    limits = limits_on(OUTSIDE, settings, rules, SATURDAY_NIGHT_MS)
    assert (limits.minutes_per_day_per_user, limits.minutes_per_day_per_domain) == (30, None)
    assert limits.off_hours == OffHours(SATURDAY_NIGHT_MS - 5 * 3_600_000, 5)
    assert limits_on(OUTSIDE, settings, rules, MONDAY_NOON_MS).off_hours is None
    inside = limits_on(COLLEAGUE, settings, rules, SATURDAY_NIGHT_MS)
    assert (inside.minutes_per_day_per_user, inside.off_hours) == (None, None)
    assert inside.open_per_user == settings.open_per_user


def test_an_office_without_hours_is_never_closed() -> None:
    settings = CallSettings()
    assert limits_on(OUTSIDE, settings, settings.rules_for("dom_1"), SATURDAY_NIGHT_MS).off_hours is None


def test_a_domain_has_its_own_hours_and_minutes() -> None:
    own = DomainDialRules(
        domain_id="dom_1",
        office_hours=("Mon-Sun 00:00-24:00",),
        minutes_per_day_per_user=0,
        minutes_per_day_per_domain=9,
    )
    settings = CallSettings(office_hours=("Mon 08:00-09:00",), domains=(own,))
    limits = limits_on(OUTSIDE, settings, settings.rules_for("dom_1"), SATURDAY_NIGHT_MS)
    assert (limits.minutes_per_day_per_user, limits.minutes_per_day_per_domain) == (None, 9)
    assert limits.off_hours is None
    assert limits_on(OUTSIDE, settings, settings.rules_for("dom_2"), SATURDAY_NIGHT_MS).off_hours is not None


def test_every_problem_of_the_settings_is_named() -> None:
    settings = CallSettings(
        denied_prefixes=("49",),
        allowed_countries=("de",),
        minutes_per_day_per_user=-1,
        off_hours_calls_per_hour=0,
        office_hours=("always",),
        open_per_user=0,
        max_duration_s=5,
        domains=(
            DomainDialRules(domain_id="d", office_hours=(), time_zone="Mars"),
            DomainDialRules(domain_id="d"),
        ),
    )
    assert [line.partition(":")[0] for line in settings.problems()] == [
        "denied_prefixes",
        "allowed_countries",
        "open_per_user",
        "minutes_per_day_per_user",
        "off_hours_calls_per_hour",
        "office_hours",
        "time_zone",
        "max_duration_s",
        "domains",
    ]
    assert CallSettings().problems() == []
