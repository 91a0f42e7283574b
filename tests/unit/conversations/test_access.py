"""Who may see a thread, for every scope, kind and side of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from engine.accounts.models import SYSTEM, Principal, Scope
from engine.conversations.access import acting_user, audience, domain_meant, standing
from engine.conversations.models import Conversation, ConversationKind, Member, OwnNumber, Role
from engine.conversations.ports import DomainFacts
from engine.errors import Forbidden, InvalidRequest, NotFound
from engine.events import MANAGERS_ONLY

ANN, BOB, EVE = "usr_ann", "usr_bob", "usr_eve"
OURS = "+4930100001"
CHAT = Conversation("conv_chat", "dom_a", ConversationKind.CHAT, None, None, (), 0, 0, last_item_id="msg_5")
TEXTS = Conversation(
    "conv_sms", "dom_a", ConversationKind.SMS, "num_1", OURS, ("+49170",), 0, 0, last_item_id="msg_7"
)


@dataclass
class Rows:
    """The reads that access is decided by, from memory."""

    sides: dict[tuple[str, str], Member] = field(default_factory=dict)
    numbers: dict[str, tuple[OwnNumber, ...]] = field(default_factory=dict)

    def domain(self, domain_id: str) -> DomainFacts | None:
        resellers = {"dom_a": "res_1", "dom_b": None}
        return DomainFacts(domain_id, "DE", resellers[domain_id], True) if domain_id in resellers else None

    def thread(self, conversation_id: str) -> Conversation | None:
        return {one.id: one for one in (CHAT, TEXTS)}.get(conversation_id)

    def member(self, conversation_id: str, user_id: str) -> Member | None:
        return self.sides.get((conversation_id, user_id))

    def numbers_of(self, user_id: str) -> tuple[OwnNumber, ...]:
        return self.numbers.get(user_id, ())


def person(user_id: str, scope: Scope = Scope.BASIC_USER, domain_id: str = "dom_a") -> Principal:
    return Principal("token", "tok_" + user_id, domain_id, user_id, scope)


def server(scope: Scope, domain_id: str | None = None, reseller_id: str | None = None) -> Principal:
    return Principal("key", "key_1", domain_id, None, scope, reseller_id)


def rows() -> Rows:
    """Ann is in the chat and has the number, Bob has left the chat."""
    side = Member(CHAT.id, ANN, "dom_a", Role.MEMBER, 0, seen_from="msg_2")
    return Rows(
        {(CHAT.id, ANN): side, (CHAT.id, BOB): replace(side, user_id=BOB, left_ms=1)},
        {ANN: (OwnNumber("num_1", OURS, True, "msg_3"),)},
    )


STRANGERS = [
    person(EVE),
    person(EVE, domain_id="dom_b"),
    server(Scope.OFFICE_MANAGER, "dom_b"),
    server(Scope.RESELLER, None, "res_2"),
    server(Scope.RESELLER, None, None),
]
MANAGERS = [
    person(EVE, Scope.OFFICE_MANAGER),
    server(Scope.OFFICE_MANAGER, "dom_a"),
    server(Scope.RESELLER, None, "res_1"),
    server(Scope.SUPER_USER),
    SYSTEM,
]


@pytest.mark.parametrize("who", [*STRANGERS, *MANAGERS, person(BOB), person(ANN, domain_id="dom_b")])
def test_a_chat_is_for_its_members_alone(who: Principal) -> None:
    with pytest.raises(NotFound):
        standing(rows(), who, CHAT.id)  # type: ignore[arg-type]


def test_a_member_sees_a_chat_from_where_they_came_in() -> None:
    for scope in (Scope.BASIC_USER, Scope.OFFICE_MANAGER):
        found = standing(rows(), person(ANN, scope), CHAT.id)  # type: ignore[arg-type]
        assert (found.thread, found.sees_after, found.assigned) == (CHAT, "msg_2", True)


@pytest.mark.parametrize("who", [*STRANGERS, person(BOB)])
def test_texts_are_not_for_strangers(who: Principal) -> None:
    with pytest.raises(NotFound):
        standing(rows(), who, TEXTS.id)  # type: ignore[arg-type]


@pytest.mark.parametrize("who", MANAGERS)
def test_managers_see_texts_and_nothing_waits_for_them(who: Principal) -> None:
    found = standing(rows(), who, TEXTS.id)  # type: ignore[arg-type]
    assert (found.thread, found.assigned) == (TEXTS, False)
    if who.user_id is None:
        with pytest.raises(Forbidden) as refused:
            found.require_side()
        assert refused.value.code == "no_user"
    else:
        assert found.require_side().has_read == TEXTS.last_item_id


def test_texts_are_news_from_when_the_number_was_assigned() -> None:
    found = standing(rows(), person(ANN), TEXTS.id)  # type: ignore[arg-type]
    assert found.assigned
    assert found.require_side().has_read == "msg_3"
    assert found.sees_after == ""


def test_what_is_missing_is_refused_like_what_is_not_theirs() -> None:
    told = []
    for conversation_id in (CHAT.id, TEXTS.id, "conv_none"):
        with pytest.raises(NotFound) as refused:
            standing(rows(), person(EVE), conversation_id)  # type: ignore[arg-type]
        told.append((refused.value.code, refused.value.detail, refused.value.field))
    assert len(set(told)) == 1


def test_a_key_of_one_user_whose_number_went_is_a_stranger() -> None:
    with pytest.raises(NotFound):
        standing(Rows(), person(ANN), TEXTS.id)  # type: ignore[arg-type]


def test_who_acts_is_oneself_or_the_one_a_server_names() -> None:
    assert acting_user(person(ANN), None) == ANN
    assert acting_user(person(ANN), ANN) == ANN
    assert acting_user(server(Scope.OFFICE_MANAGER, "dom_a"), ANN) == ANN
    assert acting_user(server(Scope.OFFICE_MANAGER, "dom_a"), None) is None
    with pytest.raises(Forbidden):
        acting_user(person(ANN, Scope.OFFICE_MANAGER), BOB)


def test_a_domain_out_of_reach_is_as_missing_as_one_of_nothing() -> None:
    for wanted in ("dom_b", "dom_none"):
        with pytest.raises(NotFound):
            domain_meant(rows(), person(ANN), wanted)  # type: ignore[arg-type]
    assert domain_meant(rows(), person(ANN), None).id == "dom_a"  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        domain_meant(rows(), SYSTEM, None)  # type: ignore[arg-type]


def test_events_of_a_chat_are_private_and_those_of_texts_are_not() -> None:
    sides = [one for (thread, _), one in rows().sides.items() if thread == CHAT.id]
    assert audience(CHAT, sides, ()) == ("!", ANN)
    assert audience(CHAT, sides, (), [BOB]) == ("!", ANN, BOB)
    assert audience(TEXTS, (), [BOB, ANN]) == (ANN, BOB)
    assert audience(TEXTS, (), []) == MANAGERS_ONLY
