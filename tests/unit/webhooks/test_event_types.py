"""What webhooks may ask for is what the sources put into the log; refusals say what there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
from engine.webhooks import event_types
from engine.webhooks.event_types import DOMAIN, NEVER_TOLD, OPERATIONS, names, objection
from engine.webhooks.models import RESYNC, TEST

SOURCES = Path(engine.__file__).parent
#: What puts an event into the log; the type is among the arguments.
EMITTERS = {"NewEvent", "announce", "_announce", "_tell", "_event"}
TYPE = re.compile(r"[a-z_]+\.[a-z_]+")
#: Types that are put together where they are used.
PUT_TOGETHER = {
    "call_log.{}": ("created", "updated"),
    "voicemail.{}": ("created", "updated", "deleted"),
}


def _words(node: ast.AST) -> Iterator[str]:
    """Every text in an expression; what is put into one shows as {}."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Call | ast.Dict):
        for child in ast.iter_child_nodes(node):
            yield from _words(child)


def put_into_the_log() -> set[str]:
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in EMITTERS:
                for word in (word for argument in node.args for word in _words(argument)):
                    if word in PUT_TOGETHER:
                        found |= {word.replace("{}", verb) for verb in PUT_TOGETHER[word]}
                    elif TYPE.fullmatch(word):
                        found.add(word)
    return found


def test_each_type_the_sources_put_into_the_log_is_told_or_said_to_be_never_told() -> None:
    told = {one for one in (*names(DOMAIN), *names(OPERATIONS)) if not one.endswith(".*")}
    assert told.isdisjoint(NEVER_TOLD)
    assert put_into_the_log() == told | set(NEVER_TOLD)


def test_everything_that_is_listed_may_be_asked_for_where_it_happens() -> None:
    assert [one for one in names(DOMAIN) if objection(one, operations=False)] == []
    assert [one for one in names(OPERATIONS) if objection(one, operations=True)] == []
    assert set(event_types.ALL) == {*names(DOMAIN), *names(OPERATIONS)}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("call.created", "Of this noun there are: call.updated, call.*."),
        ("mesage.created", "Do you mean message.created?"),
        ("voicemail.created", "no webhook gets it"),
        ("voicemail.*", "no webhook gets it"),
        ("member.joined", "no webhook gets it"),
        ("domain.deleted", "no webhook before it is made or after"),
        ("carrier.bind_changed", "happens in operations"),
        ("nonsense", "nouns are: blocked_sender, call, "),
        ("*", "There are no events"),
        ("call", "Of this noun there are: call.updated, call.*."),
        ("call.", "Of this noun there are: call.updated"),
        (".*", "There are no events"),
        (RESYNC, "There are no events"),
        (TEST, "Of this noun there are: webhook.created"),
    ],
)
def test_what_never_comes_is_refused_with_what_there_is(asked: str, said: str) -> None:
    reason = objection(asked, operations=False)
    assert reason is not None
    assert said in reason


def test_operations_have_types_of_their_own() -> None:
    assert "happens in a domain" in (objection("call.updated", operations=True) or "")
    assert "nouns are: carrier, inbound" in (objection("x.y", operations=True) or "")


def test_what_was_asked_is_quoted_short_however_long_it_is() -> None:
    assert len(objection("a" * 128, operations=False) or "") < 400
