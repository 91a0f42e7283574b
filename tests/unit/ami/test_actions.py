"""What we write to Asterisk: the exact bytes, and everything that must never get there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ami import actions
from engine.ami.actions import Action, Flow, OriginateRequest, Prompt, Variable
from engine.errors import InvalidRequest

REQUEST = OriginateRequest(
    channel_id="c2c-call_01",
    call_id="call_01",
    endpoint="1001",
    context="from-internal",
    exten="+4930123456",
    timeout_ms=30_000,
    caller_number="1001",
    caller_name='Doe, "JD" \\ <Zoë>',
    destination_number="+4930123456",
    destination_name="Müller; Söhne",
)


def lines(action: Action) -> list[str]:
    text = action.to_bytes("c2c-call_01").decode()
    assert text.endswith("\r\n\r\n")
    return text[:-4].split("\r\n")


def test_direct_originate_is_written_as_asterisk_reads_it() -> None:
    assert lines(actions.originate(REQUEST)) == [
        "Action: Originate",
        "ActionID: c2c-call_01",
        "Channel: PJSIP/1001",
        "ChannelId: c2c-call_01",
        "Context: from-internal",
        "Exten: +4930123456",
        "Priority: 1",
        "Timeout: 30000",
        "Async: true",
        'Variable: "__RINGBACK_CALL_ID=call_01"',
        'Variable: "CALLERID(num)=1001"',
        'Variable: "CALLERID(name)=Doe, \\"JD\\" \\\\ <Zoë>"',
        'Variable: "CONNECTEDLINE(num,i)=+4930123456"',
        'Variable: "CONNECTEDLINE(name,i)=Müller; Söhne"',
    ]


@pytest.mark.parametrize(
    ("flow", "channel"),
    [
        (Flow.DIRECT, "Channel: PJSIP/1001"),
        (Flow.ALL_DEVICES, "Channel: Local/1001@ringback-all-devices/n"),
        (Flow.ACCEPT_PROMPT, "Channel: Local/1001@ringback-accept/n"),
    ],
)
def test_each_flow_rings_its_own_way(flow: Flow, channel: str) -> None:
    assert channel in lines(actions.originate(replace(REQUEST, flow=flow)))


def test_prompt_is_sent_with_the_flow_that_reads_it_only() -> None:
    request = replace(REQUEST, prompt=Prompt.PRESS_ANY)
    assert not any("PROMPT" in line for line in lines(actions.originate(request)))
    asking = lines(actions.originate(replace(request, flow=Flow.ACCEPT_PROMPT)))
    assert 'Variable: "__RINGBACK_PROMPT=press_any"' in asking


def test_auto_answer_is_sent_to_a_directly_rung_phone_only() -> None:
    written = lines(actions.originate(replace(REQUEST, auto_answer=True)))
    assert 'Variable: "PJSIP_HEADER(add,Call-Info)=<sip:127.0.0.1>;answer-after=0"' in written
    with pytest.raises(InvalidRequest) as error:
        actions.originate(replace(REQUEST, auto_answer=True, flow=Flow.ALL_DEVICES))
    assert error.value.code == "auto_answer_not_possible"


def test_unknown_caller_and_destination_are_left_out() -> None:
    bare = replace(REQUEST, caller_number="", caller_name="", destination_number="", destination_name="")
    variables = [line for line in lines(actions.originate(bare)) if line.startswith("Variable")]
    assert variables == ['Variable: "__RINGBACK_CALL_ID=call_01"']


TEXT_FIELDS = [
    *("channel_id", "call_id", "endpoint", "context", "exten"),
    *("caller_number", "caller_name", "destination_number", "destination_name"),
]
CONTROL = ["\r", "\n", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\t"]


@pytest.mark.parametrize("field_name", TEXT_FIELDS)
@pytest.mark.parametrize("character", CONTROL)
def test_control_characters_are_refused_in_every_field(field_name: str, character: str) -> None:
    hostile: dict[str, Any] = {field_name: f"1001{character}Action: Command"}
    with pytest.raises(InvalidRequest) as error:
        actions.originate(replace(REQUEST, **hostile))
    assert error.value.code == "unsafe_characters"
    assert error.value.field


@pytest.mark.parametrize("character", CONTROL)
def test_control_characters_are_refused_at_the_last_door_too(character: str) -> None:
    hostile = f"x{character}y"
    for action in (Action("Ping", (("Key", hostile),)), Action(hostile), actions.login("u", hostile)):
        with pytest.raises(InvalidRequest) as error:
            action.to_bytes("id")
        assert error.value.code == "unsafe_characters"
    for name in (f"Key{character}", "Key: x", "", "Kéy"):
        with pytest.raises(InvalidRequest):
            Action("Ping", ((name, "x"),)).to_bytes("id")
    with pytest.raises(InvalidRequest):
        actions.ping().to_bytes(hostile)


@pytest.mark.parametrize(
    ("field_name", "value", "code"),
    [
        ("exten", "91&Local/900900902@expensive/n&PJSIP/1", "invalid_number"),
        ("exten", "${SHELL(id)}", "invalid_number"),
        ("exten", "", "invalid_number"),
        ("exten", "1" * 33, "invalid_number"),
        ("endpoint", "1001@expensive", "invalid_endpoint"),
        ("endpoint", "1001/sip:x@y", "invalid_endpoint"),
        ("endpoint", "1001&PJSIP/1002", "invalid_endpoint"),
        ("endpoint", "x" * 65, "invalid_endpoint"),
        ("endpoint", "", "invalid_endpoint"),
        ("context", "from internal", "invalid_context"),
        ("context", "a,b", "invalid_context"),
        ("channel_id", "c2c 1", "invalid_channel_id"),
        ("channel_id", "/regex/", "invalid_channel_id"),
        ("call_id", 'x"y', "invalid_channel_id"),
        ("caller_number", "1001,EVIL=yes", "invalid_number"),
        ("destination_number", "1001)", "invalid_number"),
        ("caller_name", "x" * 81, "too_long"),
        ("timeout_ms", 0, "invalid_timeout"),
        ("timeout_ms", 3_600_001, "invalid_timeout"),
    ],
)
def test_values_outside_their_alphabet_are_refused(field_name: str, value: Any, code: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        actions.originate(replace(REQUEST, **{field_name: value}))
    assert error.value.code == code


@given(st.text(max_size=80))
def test_any_name_is_refused_or_stays_one_variable(name: str) -> None:
    try:
        written = lines(actions.originate(replace(REQUEST, caller_name=name)))
    except InvalidRequest:
        return
    variables = [line for line in written if "CALLERID(name)" in line]
    assert len(written) == (14 if name else 13)
    if name:
        body = variables[0].removeprefix('Variable: "').removesuffix('"')
        assert _unquoted(body) == f"CALLERID(name)={name}"


def _unquoted(body: str) -> str:
    """As Asterisk reads a quoted string: a backslash takes the next character, a quote would end it."""
    read, characters = "", iter(body)
    for character in characters:
        assert character != '"'
        read += next(characters) if character == "\\" else character
    return read


def test_variable_names_come_from_the_list_only() -> None:
    hostile: Any = "FILE(/etc/asterisk/extensions.conf)"
    with pytest.raises(TypeError):
        actions.variable(hostile, "x")
    assert all(not name.startswith(("FILE", "GLOBAL", "SHELL", "DB")) for name in Variable)


def test_hangup_takes_a_uniqueid_and_nothing_that_matches_others() -> None:
    assert lines(actions.hangup("c2c-call_01", 17))[2:] == ["Channel: c2c-call_01", "Cause: 17"]
    assert lines(actions.hangup("c2c-call_01;2"))[2:] == ["Channel: c2c-call_01;2", "Cause: 16"]
    for hostile in ("/^PJSIP/1001-/", "PJSIP/1001-00000001", "", "a b", "x\ny"):
        with pytest.raises(InvalidRequest):
            actions.hangup(hostile)
    for cause in (0, 128):
        with pytest.raises(InvalidRequest):
            actions.hangup("c2c-1", cause)


def test_line_longer_than_asterisk_reads_is_refused() -> None:
    with pytest.raises(InvalidRequest) as error:
        Action("Ping", (("Key", "ü" * 500),)).to_bytes("id")
    assert error.value.code == "too_long"


def test_secret_is_in_the_bytes_and_in_no_representation() -> None:
    action = actions.login("ringback", "s3cr3t")
    assert b"Secret: s3cr3t\r\n" in action.to_bytes("1")
    assert "s3cr3t" not in repr(action) + str(action) + f"{action}"


def test_no_builder_can_run_an_application() -> None:
    written = "\n".join(lines(actions.originate(replace(REQUEST, auto_answer=True))))
    assert "Application" not in written
    assert "\nData" not in written
