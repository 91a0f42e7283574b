"""Whatever a user is called, Asterisk reads one Originate with one quoted name in it, or there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.ami import actions
from engine.errors import InvalidRequest
from tests.corpora.strings import CONTROL, LONE_SURROGATES, STRINGS
from tests.unit.ami.test_actions import REQUEST, lines

PLAIN = lines(actions.originate(replace(REQUEST, caller_name="Zoe", destination_name="Max")))


def read_by_asterisk(variable: str) -> str:
    """The one variable in a Variable header: quoted as a whole, with a backslash before what would end it.

    Source: Asterisk main/app.c (ast_app_separate_args), main/manager.c (astman_get_variables).
    """
    assert variable[0] == '"'
    read, position = "", 1
    while variable[position] != '"':
        position += variable[position] == "\\"
        read += variable[position]
        position += 1
    assert position == len(variable) - 1
    return read


#: They could end a line, or cannot be written.
REFUSED = {**CONTROL, **LONE_SURROGATES, **{label: STRINGS[label] for label in ("line ends of Unicode",)}}


@pytest.mark.parametrize("label", [label for label in STRINGS if label not in REFUSED])
def test_a_name_stays_a_name(label: str) -> None:
    name = STRINGS[label][:80]
    written = lines(actions.originate(replace(REQUEST, caller_name=name, destination_name=name)))
    assert len(written) == len(PLAIN)
    changed = [line for line, plain in zip(written, PLAIN, strict=True) if line != plain]
    assert [read_by_asterisk(line.removeprefix("Variable: ")) for line in changed] == [
        f"CALLERID(name)={name}",
        f"CONNECTEDLINE(name,i)={name}",
    ]


@pytest.mark.parametrize("label", REFUSED)
def test_what_could_end_a_line_is_refused(label: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        actions.originate(replace(REQUEST, caller_name=REFUSED[label]))
    assert refused.value.code == "unsafe_characters"


@pytest.mark.parametrize("label", [label for label in STRINGS if not STRINGS[label].isalnum()])
@pytest.mark.parametrize("field", ["endpoint", "context", "exten", "channel_id", "caller_number"])
def test_what_is_a_word_of_the_protocol_takes_no_text(field: str, label: str) -> None:
    with pytest.raises(InvalidRequest):
        actions.originate(replace(REQUEST, **{field: STRINGS[label]}))
