"""Who is in the demo's domain, and what they said and called in the weeks before it was started.

Names are made up, numbers are from the ranges that numbering plans keep for fiction. The past is the
same at every first run, but for the hour it is counted back from.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateNumber,
    CreateUser,
    Domain,
    Scope,
    User,
)
from engine.contacts.models import CreateContact, NumberDraft
from engine.idempotency import Replayed
from engine.messaging.models import DeliveryError
from engine.services import Services
from engine.storage.database import Database
from engine.storage.past import Called, SaidInChat, Texted, put_in

OUR_NUMBER, SUPPORT_NUMBER = "+12025550100", "+12025550101"
#: The simulated carrier answers for every one of these.
THEIR_NUMBER = "+12025550123"

_DAYS = 30
_DAY_MS, _MINUTE_MS = 86_400_000, 60_000


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the demo. endpoint: of the phone that rings, None for somebody who only chats."""

    extension: str
    name: str
    login: str
    endpoint: str | None = None
    role: Scope = Scope.BASIC_USER


PEOPLE = (
    Person("1001", "Anna Adler", "anna", "1001", Scope.OFFICE_MANAGER),
    Person("1002", "Bob Berger", "bob", "1002"),
    Person("1003", "Cem Demir", "cem"),
    Person("1004", "Dina Eriksen", "dina"),
    Person("1005", "Emeka Nwosu", "emeka"),
    Person("1006", "Farah Haddad", "farah"),
    Person("1007", "Giulia Rossi", "giulia"),
    Person("1008", "Hiro Tanaka", "hiro"),
)

#: Name, company, number.
_CONTACTS = (
    ("Carol Castillo", "Castillo Catering", THEIR_NUMBER),
    ("David Dunn", "Dunn & Daughters", "+12025550124"),
    ("Elif Erdem", "Harbour Clinic", "+12025550125"),
    ("Frank Fischer", "Fischer Logistics", "+12025550126"),
    ("Grace Green", "", "+12025550127"),
    ("Henri Hubert", "Atelier Hubert", "+33199000126"),
    ("Ines Ibarra", "Ibarra Architects", "+12025550129"),
    ("Jack Johnson", "", "+12025550130"),
    ("Kim Kovacs", "Kovacs Bikes", "+12025550131"),
    ("Lena Lindqvist", "Nordic Paper", "+12025550132"),
    ("Mo Mansour", "Mansour Dental", "+12025550133"),
    ("Nora Nilsen", "", "+12025550134"),
)

_CHATS = (
    ("Is the meeting room free at two?", "Yes, until three.", "Great, I take it."),
    ("Have you seen the new delivery dates?", "Just now. I call Frank about it.", "Thank you!"),
    ("Lunch?", "Ten minutes 🍜", "I wait downstairs."),
    ("The printer on the second floor is out of toner again.", "I bring one up.", "You are a hero."),
    ("Can you take my calls this afternoon?", "Sure. Anything special?", "Harbour Clinic may ring back."),
    ("Who looks after Castillo Catering now?", "Farah does, since Monday.", "Good to know."),
)
_TEXTS = (
    ("Your order is ready for collection.", "Wonderful, I come by at four."),
    ("We can move your appointment to Thursday, 10:30. Does that suit you?", "Thursday is fine, thanks!"),
    ("Our driver is about twenty minutes away.", "OK, somebody will open the gate."),
    ("Thank you for your call. The invoice is on its way.", "Got it, thank you."),
    ("We are closed on Friday. Is there anything you need before?", "No, all good. Have a nice weekend!"),
)
_NOT_THERE = DeliveryError(
    "carrier", "undeliverable", False, "The carrier says that it could not be delivered.", {"stat": "UNDELIV"}
)


async def move_in(services: Services, domain: Domain, pbx_has: frozenset[str], carrier: str) -> list[User]:
    """Make everybody, their phones and numbers, and the contacts they share.

    pbx_has: endpoints there are phones for.
    """
    accounts = services.accounts
    users = []
    for person in PEOPLE:
        wanted = CreateUser(
            domain_id=domain.id,
            extension=person.extension,
            display_name=person.name,
            login=person.login,
            role=person.role,
            email=f"{person.login}@demo.example",
        )
        user = await accounts.users.create(SYSTEM, wanted)
        assert not isinstance(user, Replayed)
        users.append(user)
        if person.endpoint in pbx_has and person.endpoint is not None:
            phone = CreateDevice(
                user_id=user.id, endpoint=person.endpoint, label="Soft phone", is_default=True
            )
            await accounts.devices.create(SYSTEM, phone)
    shared = tuple(user.id for user in users[:4])
    for e164, user_ids in ((OUR_NUMBER, shared[:1]), (SUPPORT_NUMBER, shared)):
        number = CreateNumber(domain_id=domain.id, e164=e164, carrier=carrier, user_ids=user_ids)
        await accounts.numbers.create(SYSTEM, number)
    for name, company, number_of in _CONTACTS:
        draft = NumberDraft(label="Mobile", number=number_of)
        await services.contacts.create(
            SYSTEM,
            CreateContact(name=name, company=company, numbers=(draft,), shared=True, domain_id=domain.id),
        )
    return users


async def live_the_past(
    database: Database, domain: Domain, users: list[User], carrier: str, now_ms: int
) -> None:
    """Weeks of chats, texts and calls; the last of them Anna has not read."""
    chance = random.Random(1876)
    anna, colleagues = users[0], users[1:]
    said: list[SaidInChat | Texted] = []
    calls: list[Called] = []
    for day in range(_DAYS, 0, -1):
        at_ms = now_ms - day * _DAY_MS
        busy = 2 if day % 7 in (1, 2) else 7
        for _ in range(busy):
            one, other = (
                (anna, chance.choice(colleagues)) if chance.random() < 0.5 else chance.sample(users, 2)
            )
            said += _chat(at_ms + chance.randrange(8 * 60) * _MINUTE_MS, one, other, chance.choice(_CHATS))
        for _ in range(busy + chance.randrange(6)):
            said += _text(at_ms + chance.randrange(8 * 60) * _MINUTE_MS, chance, users[:4])
        for _ in range(busy):
            calls += _call(at_ms + chance.randrange(8 * 60) * _MINUTE_MS, chance, users)
    news_ms = now_ms - 50 * _MINUTE_MS
    bob, carol = users[1], _CONTACTS[0]
    said += [
        SaidInChat(news_ms + 2 * _MINUTE_MS, bob.id, anna.id, "Carol rang while you were away."),
        SaidInChat(news_ms + 3 * _MINUTE_MS, bob.id, anna.id, "Can you text her about tomorrow? 🙏"),
        Texted(
            news_ms + 8 * _MINUTE_MS, OUR_NUMBER, carol[2], "Hello Anna, is tomorrow at nine all right?", None
        ),
    ]
    missed = Called(
        at_ms=news_ms + _MINUTE_MS,
        user_id=anna.id,
        peer=carol[2],
        peer_user_id=None,
        peer_name=carol[0],
        inbound=True,
        result="missed",
        talk_ms=0,
        seen=False,
    )
    await put_in(database, domain.id, carrier, said, [*calls, missed], _unread(users, now_ms, news_ms))


def _unread(users: list[User], now_ms: int, news_ms: int) -> dict[str, int]:
    return {user.id: news_ms if place == 0 else now_ms for place, user in enumerate(users[:4])}


def _chat(at_ms: int, one: User, other: User, lines: tuple[str, ...]) -> list[SaidInChat]:
    pairs = ((one, other), (other, one))
    return [
        SaidInChat(at_ms + turn * _MINUTE_MS, pairs[turn % 2][0].id, pairs[turn % 2][1].id, line)
        for turn, line in enumerate(lines)
    ]


def _text(at_ms: int, chance: random.Random, senders: list[User]) -> list[Texted]:
    ours, answer = chance.choice(_TEXTS)
    number = OUR_NUMBER if chance.random() < 0.4 else SUPPORT_NUMBER
    sender = senders[0] if number == OUR_NUMBER else chance.choice(senders)
    peer = chance.choice(_CONTACTS)[2]
    if chance.random() < 0.06:
        return [Texted(at_ms, number, peer, ours, sender.id, _NOT_THERE)]
    sent = [Texted(at_ms, number, peer, ours, sender.id)]
    if chance.random() < 0.7:
        sent.append(Texted(at_ms + chance.randrange(1, 40) * _MINUTE_MS, number, peer, answer, None))
    return sent


def _call(at_ms: int, chance: random.Random, users: list[User]) -> list[Called]:
    user = users[0] if chance.random() < 0.4 else chance.choice(users)
    name, _, number = chance.choice(_CONTACTS)
    inbound = chance.random() < 0.5
    result = chance.choices(("answered", "missed" if inbound else "no_answer", "busy"), (8, 2, 1))[0]
    return [
        Called(
            at_ms=at_ms,
            user_id=user.id,
            peer=number,
            peer_user_id=None,
            peer_name=name,
            inbound=inbound,
            result=result,
            talk_ms=chance.randrange(20, 900) * 1000 if result == "answered" else 0,
        )
    ]
