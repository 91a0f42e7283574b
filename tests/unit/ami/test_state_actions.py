"""Writing do-not-disturb to a PBX: only names of the two kinds, and nothing a name could smuggle in."""

from __future__ import annotations

import pytest

from engine.ami import actions
from engine.ami.settings import AmiSettings
from engine.errors import InvalidRequest


def test_do_not_disturb_as_a_presence_state() -> None:
    on = actions.set_presence_state("CustomPresence:1001", do_not_disturb=True)
    assert on.to_bytes("a1") == (
        b"Action: Setvar\r\nActionID: a1\r\n"
        b"Variable: PRESENCE_STATE(CustomPresence:1001)\r\nValue: dnd,,\r\n\r\n"
    )
    off = actions.set_presence_state("CustomPresence:1001", do_not_disturb=False)
    assert b"Value: available,,\r\n" in off.to_bytes("a1")


def test_do_not_disturb_as_a_device_state() -> None:
    on = actions.set_device_state("Custom:DND1001", in_use=True)
    assert b"Variable: DEVICE_STATE(Custom:DND1001)\r\nValue: INUSE\r\n" in on.to_bytes("a1")
    assert b"Value: NOT_INUSE\r\n" in actions.set_device_state("Custom:DND1001", in_use=False).to_bytes("a1")


@pytest.mark.parametrize(
    "name", ["", "1001", "PJSIP/1001", "CustomPresence:a)=b", "CustomPresence:a\r\nAction: x", "Custom:a,b"]
)
def test_names_of_other_things_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        actions.set_presence_state(name, do_not_disturb=True)
    with pytest.raises(InvalidRequest):
        actions.set_device_state(name, in_use=True)


@pytest.mark.parametrize(
    ("text", "good"), [("", True), ("Custom:DND{endpoint}", True), ("Custom:DND", False)]
)
def test_setting_names_one_phone(text: str, good: bool) -> None:
    settings = AmiSettings(name="main", host="127.0.0.1", username="u", secret="s", do_not_disturb_state=text)
    assert (settings.problems() == []) is good
