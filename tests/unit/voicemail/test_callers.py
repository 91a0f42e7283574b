"""Who left a message."""

from __future__ import annotations

import pytest

from engine.voicemail.callers import endpoint_of, peer_of
from engine.voicemail.models import Folder, Message


def message(number: str, channel: str) -> Message:
    return Message("1-1", 0, Folder.INBOX, number, "", channel, 0, 3)


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/1002-0000001a", "1002"),
        ("PJSIP/anna.desk-2-0000001a", "anna.desk-2"),
        ("Local/1002@ringback-all-devices-0000001a;2", "1002"),
        ("Local/1002@ringback-accept-0000001a;1", "1002"),
        ("Local/1002@other-0000001a;2", None),
        ("PJSIP/1002", None),
        ("SIP/1002-0000001a", None),
        ("", None),
    ],
)
def test_whose_phone_it_was(channel: str, endpoint: str | None) -> None:
    assert endpoint_of(channel) == endpoint


def test_a_colleague_is_known_by_their_phone() -> None:
    found = peer_of(message("1002", "PJSIP/1002-0000001a"), "US", {"1002": "usr_bob"})
    assert found == ("1002", "usr_bob", "usr_bob")


def test_a_number_that_looks_like_an_extension_is_not_believed_from_outside() -> None:
    found = peer_of(message("1002", "PJSIP/carrier-0000001a"), "US", {"1002": "usr_bob"})
    assert found == ("1002", "1002", None)


@pytest.mark.parametrize("number", ["2025550123", "+12025550123", "(202) 555-0123"])
def test_an_outside_number_is_international(number: str) -> None:
    found = peer_of(message(number, "PJSIP/carrier-0000001a"), "US", {})
    assert found == ("+12025550123", "+12025550123", None)


def test_a_withheld_number_is_nobodys() -> None:
    assert peer_of(message("", "PJSIP/carrier-0000001a"), "US", {}) == ("", "", None)
