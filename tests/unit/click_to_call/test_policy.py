"""Who may call where."""

from __future__ import annotations

import pytest

from engine.accounts.models import Domain, Number, User
from engine.click_to_call.policy import (
    Destination,
    check_destination,
    check_not_self,
    read_destination,
    shown_name,
)
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


def test_every_problem_of_the_settings_is_named() -> None:
    settings = CallSettings(
        denied_prefixes=("49",),
        open_per_user=0,
        max_duration_s=5,
        domains=(DomainDialRules(domain_id="d"), DomainDialRules(domain_id="d")),
    )
    assert [line.partition(":")[0] for line in settings.problems()] == [
        "denied_prefixes",
        "open_per_user",
        "max_duration_s",
        "domains",
    ]
    assert CallSettings().problems() == []
