"""Starting a conversation: whom it is with decides whether it is a chat or texts; both never mix.

Decided once, by `decide`, for doing it and for saying before what it would do. A chat of two and a
pair's own text thread are found again; a group is made anew each time, since a thread is its id and
not its set of people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.accounts.models import Principal
from engine.contacts.models import Contact
from engine.conversations import errors
from engine.conversations.access import acting_user, domain_meant
from engine.conversations.models import (
    Consequence,
    Conversation,
    ConversationKind,
    Member,
    Notice,
    NoticeKind,
    OwnNumber,
    Person,
    Role,
    StartConversation,
    Target,
)
from engine.conversations.ports import DomainFacts, ThreadChanges, ThreadReads
from engine.events import MANAGERS_ONLY, NewEvent, domain_stream, private_to
from engine.ids import is_id, new_id
from engine.phone_numbers import to_e164

#: People in one chat; each message is told to all of them.
MOST_PEOPLE = 200
#: Outside numbers of one thread; each message is a text to each of them.
MOST_PEERS = 100
MOST_NAME = 120


@dataclass(frozen=True, slots=True)
class Who:
    """Targets as what they are: users, or outside numbers in E.164."""

    people: tuple[Person, ...]
    numbers: tuple[str, ...]

    @property
    def kind(self) -> ConversationKind:
        return ConversationKind.SMS if self.numbers else ConversationKind.CHAT


@dataclass(frozen=True, slots=True)
class Plan:
    """A conversation that may be started. existing: the one it is. actor: the user who starts it."""

    domain: DomainFacts
    actor: Person | None
    who: Who
    existing: Conversation | None
    number: OwnNumber | None = None
    numbers: tuple[OwnNumber, ...] = ()

    @property
    def direct_key(self) -> str | None:
        """Names a chat of two; None for everything else."""
        if self.actor is None or self.number is not None or len(self.who.people) != 1:
            return None
        return ":".join(sorted((self.actor.user_id, self.who.people[0].user_id)))


Contacts = Mapping[str, Contact]


def decide(reads: ThreadReads, principal: Principal, wanted: StartConversation, contacts: Contacts) -> Plan:
    """What the conversation would be. contacts: those its targets name, already found.

    Raises InvalidRequest (`mixed_conversation`, `no_such_extension`, `invalid_number`), NotFound, Conflict
    `user_disabled` or Forbidden (`number_not_assigned`, `sms_disabled`).
    """
    user_id = acting_user(principal, wanted.user_id)
    domain = domain_meant(reads, principal, wanted.domain_id)
    actor = None
    if user_id is not None:
        actor = reads.people([user_id]).get(user_id)
        if actor is None or actor.domain_id != domain.id:
            raise errors.no_such_user("user_id")
    clean_name(wanted.name)
    who = resolve(reads, domain, wanted.to, contacts)
    if who.kind is ConversationKind.SMS:
        return _decide_texts(reads, domain, actor, who, wanted)
    if wanted.from_number is not None:
        raise errors.invalid("from", "A chat goes over no number.")
    if actor is None:
        raise errors.invalid("user_id", "Name the user who starts the chat.")
    others = tuple(one for one in who.people if one.user_id != actor.user_id)
    if not others:
        raise errors.invalid("to", "Name somebody besides yourself.")
    if len(others) >= MOST_PEOPLE:
        raise errors.invalid("to", f"A chat holds {MOST_PEOPLE} people.")
    plan = Plan(domain, actor, Who(others, ()), None)
    return plan if plan.direct_key is None else replace(plan, existing=reads.direct(plan.direct_key))


def resolve(reads: ThreadReads, domain: DomainFacts, targets: Sequence[Target], contacts: Contacts) -> Who:
    """The targets as users or numbers, each once. Raises as `decide`."""
    people: dict[str, Person] = {}
    numbers: dict[str, None] = {}
    for place, target in enumerate(targets):
        found = _one(reads, domain, target, contacts, f"to/{place}")
        if isinstance(found, Person):
            people[found.user_id] = found
        else:
            numbers[found] = None
    if people and numbers:
        raise errors.mixed()
    if not people and not numbers:
        raise errors.invalid("to", "Name somebody.")
    if len(numbers) > MOST_PEERS:
        raise errors.invalid("to", f"A conversation holds {MOST_PEERS} outside numbers.")
    return Who(tuple(people.values()), tuple(sorted(numbers)))


def start(
    changes: ThreadChanges, plan: Plan, conversation_id: str, name: str | None
) -> tuple[Conversation, bool]:
    """Make the planned conversation, or find it. Returns it, and whether it is new."""
    chat = plan.who.kind is ConversationKind.CHAT
    if plan.existing is not None:
        if plan.actor is not None and plan.number is not None:
            _remember_number(changes, plan, plan.existing)
        return plan.existing, False
    thread = Conversation(
        conversation_id,
        plan.domain.id,
        plan.who.kind,
        None if plan.number is None else plan.number.id,
        None if plan.number is None else plan.number.e164,
        plan.who.numbers,
        changes.now_ms,
        changes.now_ms,
        clean_name(name),
        None if plan.actor is None else plan.actor.user_id,
        plan.direct_key,
    )
    if not changes.insert_thread(thread):
        found = changes.direct(plan.direct_key or "")  # another node was first
        assert found is not None
        return found, False
    if chat:
        told = _let_people_in(changes, plan, thread)
    else:
        changes.put_peers(thread, solo=len(thread.peers) == 1)
        if plan.actor is not None:
            _remember_number(changes, plan, thread)
        assert plan.number is not None
        told = tuple(changes.users_of(thread.domain_id, [plan.number.e164]).get(plan.number.e164, ()))
    data = {"people": [one.user_id for one in plan.who.people]} if chat else {"numbers": list(thread.peers)}
    changes.add_notice(
        Notice(new_id("tle"), thread.id, NoticeKind.CREATED, thread.created_by, data, changes.now_ms)
    )
    event = {"kind": thread.kind.value}
    changes.emit(
        NewEvent(
            domain_stream(thread.domain_id),
            "conversation.created",
            thread.id,
            event,
            told or MANAGERS_ONLY,
        )
    )
    return thread, True


def consequences(plan: Plan, colleagues: int, stopped: int) -> tuple[Consequence, ...]:
    """What will happen, in words. colleagues: other users of the number. stopped: outside numbers that have
    opted out of its texts.
    """
    said: list[Consequence] = []
    if plan.existing is not None:
        said.append(Consequence("existing_conversation", "You have this conversation already; it goes on."))
    if plan.who.kind is ConversationKind.CHAT:
        if plan.direct_key is not None:
            said.append(Consequence("private_chat", "A chat: only the two of you see it."))
        else:
            people = len(plan.who.people) + 1
            said.append(
                Consequence(
                    "group_chat", f"A group chat: all {people} people see everything said from now on."
                )
            )
        return tuple(said)
    assert plan.number is not None
    peers = len(plan.who.numbers)
    if peers == 1:
        said.append(Consequence("texts", f"Texts, sent from {plan.number.e164}."))
    else:
        said += [
            Consequence(
                "each_gets_own_text",
                f"Each number gets its own text from {plan.number.e164}: {peers} texts a message.",
            ),
            Consequence(
                "recipients_do_not_see_each_other",
                "The numbers never see each other, nor each other's answers.",
            ),
            Consequence(
                "answers_join_this_conversation",
                "An answer joins the conversation that texted its sender last, if that was within 30 days.",
            ),
        ]
    if stopped:
        ours = plan.number.e164
        said.append(
            Consequence(
                "opted_out",
                f"{peers - stopped or 'None'} of the {peers} numbers will get texts from {ours};"
                " who gets none has opted out."
                if peers > 1
                else f"The number has opted out of texts from {ours}: none will be sent.",
            )
        )
    if colleagues:
        said.append(
            Consequence(
                "shared_number",
                f"{colleagues} of your colleagues share the number: they see this and may answer.",
            )
        )
    return tuple(said)


def clean_name(name: str | None) -> str | None:
    """A name for a thread as it is stored; None takes the name away. Raises InvalidRequest."""
    if name is None:
        return None
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise errors.invalid("name", f"A name has 1 to {MOST_NAME} characters, on one line.")
    return name


def new_member(thread: Conversation, user_id: str, now_ms: int, *, sees_all: bool) -> Member:
    """Somebody coming into a chat; what was said before counts as read, and is theirs to see or not."""
    seen_from = "" if sees_all else thread.last_item_id
    return Member(
        thread.id,
        user_id,
        thread.domain_id,
        Role.MEMBER,
        now_ms,
        seen_from=seen_from,
        read_through=thread.last_item_id,
    )


def _decide_texts(
    reads: ThreadReads, domain: DomainFacts, actor: Person | None, who: Who, wanted: StartConversation
) -> Plan:
    if not domain.sms_enabled:
        raise errors.sms_disabled()
    if actor is not None and not actor.sms_enabled:
        raise errors.sms_disabled_for_user()
    own = () if actor is None else reads.numbers_of(actor.user_id)
    usable = tuple(one for one in own if one.sms_enabled)
    number = _sending_number(reads, domain, actor, usable, wanted.from_number)
    if not number.sms_enabled:
        raise errors.sms_disabled()
    if number.e164 in who.numbers:
        raise errors.invalid("to", "A number cannot text itself.")
    existing = reads.solo(domain.id, number.e164, who.numbers[0]) if len(who.numbers) == 1 else None
    return Plan(domain, actor, who, existing, number, usable or (number,))


def _sending_number(
    reads: ThreadReads,
    domain: DomainFacts,
    actor: Person | None,
    usable: Sequence[OwnNumber],
    asked: str | None,
) -> OwnNumber:
    if asked is not None:
        e164 = to_e164(asked, domain.region, field="from")
        if actor is None:
            found = reads.number(domain.id, e164)
        else:
            found = next((one for one in reads.numbers_of(actor.user_id) if one.e164 == e164), None)
        if found is None:
            raise errors.number_not_assigned()
        return found
    if actor is None:
        raise errors.invalid("from", "Name the number to send from, or the user who starts it.")
    if not usable:
        raise errors.no_number()
    last = reads.number_used_last(actor.user_id)
    return next((one for one in usable if one.id == last), usable[0])


def _one(
    reads: ThreadReads, domain: DomainFacts, target: Target, contacts: Contacts, field: str
) -> Person | str:
    if target.contact_id is not None:
        return _of_contact(reads, domain, target, contacts, field)
    if target.number is not None and target.user_id is None and target.extension is None:
        return to_e164(target.number, domain.region, field=f"{field}/number")
    if target.number is None and target.extension is None and target.user_id is not None:
        return _user(reads, domain, target.user_id, f"{field}/user_id")
    if target.number is None and target.user_id is None and target.extension is not None:
        person = reads.person_with_extension(domain.id, target.extension)
        if person is None:
            raise errors.no_such_extension(f"{field}/extension")
        return _enabled(person, field)
    raise errors.invalid(field, "Give one of user_id, extension, contact_id and number.")


def _of_contact(
    reads: ThreadReads, domain: DomainFacts, target: Target, contacts: Contacts, field: str
) -> Person | str:
    if target.user_id is not None or target.extension is not None:
        raise errors.invalid(field, "Give one of user_id, extension, contact_id and number.")
    contact = contacts.get(target.contact_id or "")
    if contact is None or contact.domain_id != domain.id:
        raise errors.no_such_contact(f"{field}/contact_id")
    if target.number is None:
        way = next((one for one in contact.numbers if one.is_default), None)
    else:
        e164 = to_e164(target.number, domain.region, field=f"{field}/number")
        way = next((one for one in contact.numbers if one.e164 == e164), None)
    if way is None:
        raise errors.invalid(f"{field}/number", "The contact has no such number.")
    if way.e164 is not None:
        return way.e164
    return _user(reads, domain, way.user_id or "", f"{field}/contact_id")


def _user(reads: ThreadReads, domain: DomainFacts, user_id: str, field: str) -> Person:
    person = reads.people([user_id]).get(user_id) if is_id(user_id, "usr") else None
    if person is None or person.domain_id != domain.id:
        raise errors.no_such_user(field)
    return _enabled(person, field)


def _enabled(person: Person, field: str) -> Person:
    if not person.enabled:
        raise errors.user_disabled(field)
    return person


def _let_people_in(changes: ThreadChanges, plan: Plan, thread: Conversation) -> tuple[str, ...]:
    assert plan.actor is not None
    people = sorted({plan.actor.user_id, *(one.user_id for one in plan.who.people)})
    for user_id in people:
        changes.save_member(new_member(thread, user_id, changes.now_ms, sees_all=True))
    return private_to(people)


def _remember_number(changes: ThreadChanges, plan: Plan, thread: Conversation) -> None:
    """What is sent from next, unless the user says otherwise."""
    assert plan.actor is not None
    assert plan.number is not None
    user_id = plan.actor.user_id
    side = changes.member(thread.id, user_id) or Member(
        thread.id,
        user_id,
        thread.domain_id,
        Role.VIEWER,
        changes.now_ms,
        read_through=plan.number.since,
    )
    changes.save_member(replace(side, left_ms=None, number_id=plan.number.id, number_used_ms=changes.now_ms))
