"""Who sends a text, as people write it and as carriers do; and what a number tells of itself."""

from __future__ import annotations

import pytest

from engine.errors import InvalidRequest
from engine.phone_numbers import facts_of, to_sender


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("+12025550177", "+12025550177"),
        ("(202) 555-0177", "+12025550177"),
        ("12345", "12345"),
        (" 12345 ", "12345"),
        ("ACME-ADS", "ACME-ADS"),
        ("Acme", "Acme"),
    ],
)
def test_a_sender_is_a_number_a_short_code_or_a_name(text: str, kept: str) -> None:
    assert to_sender(text, "US") == kept


@pytest.mark.parametrize("text", ["", "12", "a name too long", "<b>", "+1", "\u0661\u0662\u0663"])
def test_anything_else_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        to_sender(text, "US", field="peer")
    assert (refused.value.code, refused.value.field) == ("invalid_number", "/peer")


@pytest.mark.parametrize(
    ("number", "region", "known", "kind"),
    [
        ("+12025550177", "US", True, "ordinary"),
        ("+14165550123", "CA", True, "ordinary"),
        ("+4930123456", "DE", True, "ordinary"),
        ("+18005551234", "US", True, "toll_free"),
        ("+19005551234", "US", True, "premium"),
        ("+499991", "DE", False, "ordinary"),
        ("+99912345678", None, False, "ordinary"),
    ],
)
def test_the_numbering_plan_tells_country_and_kind(
    number: str, region: str | None, known: bool, kind: str
) -> None:
    facts = facts_of(number)
    assert (facts.region, facts.known, facts.kind) == (region, known, kind)
