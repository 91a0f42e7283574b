"""Texts from desk phones: which UserEvents are believed, and what becomes of texts to a phone."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ami.desk_texts import MAX_AGE_S, MAX_OCTETS, DeskText, cut, desk_text, message_send
from engine.errors import InvalidRequest

SECRET = "0123456789abcdef"
NOW = 1_795_378_661.0


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def event(text: str = "hello", *, sender: str = "<sip:1001@192.0.2.1>", **changed: str) -> dict[str, str]:
    """A UserEvent as Asterisk 22 sent it, sealed as the snippet does."""
    fields = {"At": "1795378661-46714913862179472", "To": b64("102"), "From": b64(sender), "Text": b64(text)}
    sealed = sha1(f"{SECRET}:{fields['At']}:{fields['To']}:{fields['From']}:{fields['Text']}")
    return {
        "Event": "UserEvent",
        "Privilege": "user,all",
        "Channel": "Message/ast_msg_queue",
        "Context": "ringback-messages",
        "Exten": "102",
        "UserEvent": "RingbackMessage",
        **fields,
        "Proof": sha1(f"{SECRET}:{sealed}"),
        **changed,
    }


def told(found: dict[str, str], now: float = NOW, secret: str = SECRET) -> tuple[str, str] | None:
    text = desk_text(found, secret, now)
    return None if text is None else (text.endpoint, text.text)


def test_a_sealed_event_is_believed() -> None:
    assert told(event()) == ("1001", "hello")


def test_brackets_come_back() -> None:
    assert told(event("smile :\x02 at 10:30, (really\x02")) == ("1001", "smile :) at 10:30, (really)")


@pytest.mark.parametrize(
    ("sender", "endpoint"),
    [
        ("<sip:1001@192.0.2.1>", "1001"),
        ('"Anna" <sip:1001@192.0.2.1:5060;transport=udp>', "1001"),
        ('"<sip:1002@192.0.2.1>" <sip:1001@192.0.2.1>;tag=x', "1001"),
        ("sip:1001@192.0.2.1;tag=<sip:1002@x>", None),
        ("sips:anna-desk@pbx.example", "anna-desk"),
        ("sip:1001@192.0.2.1;tag=x", "1001"),
        ("<sip:10/01@192.0.2.1>", None),
        ("<tel:1001>", None),
        ("<sip:192.0.2.1>", None),
        ("", None),
    ],
)
def test_the_endpoint_is_the_user_asterisk_asked_the_password_of(sender: str, endpoint: str | None) -> None:
    found = told(event(sender=sender))
    assert found == (None if endpoint is None else (endpoint, "hello"))


@pytest.mark.parametrize(
    "changed",
    [
        {"Text": b64("pay 1,000")},
        {"From": b64("<sip:1002@192.0.2.1>")},
        {"To": b64("103")},
        {"At": "1795378662-46714913862179472"},
        {"Proof": ""},
        {"Proof": "0" * 40},
        {"Proof": "\u00e9" * 40},
        {"UserEvent": "Other"},
        {"Channel": "PJSIP/1001-00000001"},
        {"Context": "acme"},
    ],
    ids=str,
)
def test_an_event_somebody_else_made_is_not_believed(changed: dict[str, str]) -> None:
    assert told(event(**changed)) is None


def test_a_secret_that_is_not_ours_or_none_believes_nothing() -> None:
    assert told(event(), secret="fedcba9876543210") is None
    assert told(event(), secret="") is None


def test_the_seal_cannot_be_moved_between_fields() -> None:
    # "a:b" and "c" seal like "a" and "b:c" would, if a field could hold a colon; base64 has none.
    found = event()
    found["To"], found["From"] = f"{found['To']}:{found['From']}", ""
    assert told(found) is None


@pytest.mark.parametrize(("late_s", "taken"), [(0, True), (MAX_AGE_S, True), (MAX_AGE_S + 1, False)])
def test_an_old_event_is_not_believed(late_s: int, taken: bool) -> None:
    assert (told(event(), NOW + late_s) is not None) is taken
    assert (told(event(), NOW - late_s) is not None) is taken


@pytest.mark.parametrize("text", ["", " \r\n ", "x" * 3_000])
def test_an_empty_or_endless_text_is_none(text: str) -> None:
    assert told(event(text)) is None


@given(st.dictionaries(st.sampled_from(sorted(event())), st.text(max_size=60)))
def test_whatever_an_event_holds_it_is_read_or_refused(changed: dict[str, str]) -> None:
    found = desk_text({**event(), **changed}, SECRET, NOW)
    assert found is None or isinstance(found, DeskText)


def test_a_text_for_a_phone_is_one_line_of_base64() -> None:
    action = message_send("anna-desk", "102", "Gr\u00fc\u00dfe\r\nAction: Command")
    wire = action.to_bytes("id-1").decode()
    assert wire.count("\r\n") == 6
    assert "To: pjsip:anna-desk\r\nFrom: 102\r\n" in wire
    body = wire.partition("Base64Body: ")[2].partition("\r\n")[0]
    assert base64.b64decode(body).decode() == "Gr\u00fc\u00dfe\r\nAction: Command"


@pytest.mark.parametrize(
    ("endpoint", "sender"), [("a b", "102"), ("x\r\nA: b", "102"), ("anna", "1@2"), ("anna", "")]
)
def test_what_is_no_name_reaches_no_pbx(endpoint: str, sender: str) -> None:
    with pytest.raises(InvalidRequest):
        message_send(endpoint, sender, "hello")


@given(st.text())
def test_a_long_text_is_cut_between_characters(text: str) -> None:
    short = cut(text * 20)
    assert len(short.encode("utf-8", "replace")) <= MAX_OCTETS
    assert short == text * 20 or (short.endswith("\u2026") and (text * 20).startswith(short[:-1]))
    assert len(message_send("anna", "102", text * 20).to_bytes("id-1")) < 1_100
