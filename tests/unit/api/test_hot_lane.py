"""Which requests leave no doubt; all others are aiohttp's."""

from __future__ import annotations

import pytest

from api.hot_lane import plain_headers

PLAIN = (
    "Host: x",
    "Authorization: Bearer rbk_x",
    "Content-Type: application/json",
    "Content-Length: 2",
)


def read(*lines: str) -> object:
    return plain_headers("\r\n".join(lines).encode("latin-1"))


def test_what_is_read_is_found_by_lower_case_name_without_the_blanks_around_it() -> None:
    assert read(*PLAIN, "idempotency-KEY:  k 1 ", "User-Agent: curl", "X-Forwarded-For: 192.0.2.1") == {
        "host": "x",
        "authorization": "Bearer rbk_x",
        "content-type": "application/json",
        "content-length": "2",
        "idempotency-key": "k 1",
    }
    assert read(*PLAIN, "Connection: Keep-Alive") is not None


@pytest.mark.parametrize(
    "odd",
    [
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Content-Encoding: gzip",
        "Upgrade: websocket",
        "Origin: https://page.example",
        "X-Unheard-Of: 1",
        "Connection: close",
        "Connection: keep-alive, upgrade",
        "Content-Length: 2",  # a second one
        "Host: y",
        "Authorization: Bearer rbk_y",
        "Accept : */*",
        " folded",
        "",
        "no colon",
        "Accept: \t",
        "Accept: a\rb",
        "Accept: a\nHost: b",
        "Accept: \0",
        "Accept: caf\xe9",
    ],
)
def test_anything_out_of_the_ordinary_is_left_to_aiohttp(odd: str) -> None:
    assert read(*PLAIN, odd) is None


@pytest.mark.parametrize("missing", range(4))
def test_only_the_credential_may_be_missing(missing: int) -> None:
    found = read(*(line for place, line in enumerate(PLAIN) if place != missing))
    assert (found is not None) == (missing == 1)


@pytest.mark.parametrize("length", ["", "-1", "+2", "2 2", "0x2", "2,2", "9999999999", "\u00b2"])
def test_a_length_that_is_not_plain_digits_is_left_to_aiohttp(length: str) -> None:
    assert read(*PLAIN[:-1], f"Content-Length: {length}") is None


def test_a_body_of_another_kind_is_left_to_aiohttp() -> None:
    assert read(PLAIN[0], PLAIN[1], "Content-Type: text/plain", PLAIN[3]) is None
