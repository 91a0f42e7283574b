"""Who may see a thread and take part in it: the one place where that is decided.

A chat is for its members alone: a manager, a reseller and a key of the domain see it no more than a
stranger does. An sms thread is for the users its number is assigned to, and for office managers and up.
Whoever sees a thread takes part in it; what may be sent from its number is for messaging to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.accounts.models import Principal, Scope
from engine.conversations import errors
from engine.conversations.models import Conversation, ConversationKind, Member, Role
from engine.conversations.ports import DomainFacts, ThreadReads
from engine.events import MANAGERS_ONLY, private_to


@dataclass(frozen=True, slots=True)
class Standing:
    """A thread and what the one who asks is to it.

    mine: their side, also when nothing is stored of it; None for a server. assigned: its number is
    assigned to them, or it is a chat of theirs: what comes in concerns them.
    """

    thread: Conversation
    mine: Member | None
    assigned: bool

    @property
    def sees_after(self) -> str:
        """The message after which the thread is theirs to see."""
        return "" if self.mine is None else self.mine.sees_after

    def require_side(self) -> Member:
        """Raises Forbidden `no_user` for a server."""
        if self.mine is None:
            raise errors.user_required()
        return self.mine


def standing(reads: ThreadReads, principal: Principal, conversation_id: str) -> Standing:
    """Raises NotFound, for a thread that is not theirs to see as for a missing one."""
    thread = reads.thread(conversation_id)
    if thread is None:
        raise errors.no_such_conversation()
    found = _in_chat(reads, principal, thread) if is_chat(thread) else _on_number(reads, principal, thread)
    if found is None:
        raise errors.no_such_conversation()
    return found


def domain_meant(reads: ThreadReads, principal: Principal, domain_id: str | None) -> DomainFacts:
    """The domain a request is about: the one it names, else the principal's own.

    Raises NotFound for one out of reach or missing, InvalidRequest when none is meant.
    """
    wanted = domain_id or principal.domain_id
    if wanted is None:
        raise errors.invalid("domain_id", "Name the domain; this credential reaches more than one.")
    domain = reads.domain(wanted)
    if domain is None or not reaches(principal, domain):
        raise errors.no_such_domain()
    return domain


def reaches(principal: Principal, domain: DomainFacts) -> bool:
    """Whether a domain is within the principal's reach."""
    if principal.domain_id is not None:
        return principal.domain_id == domain.id
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
    return principal.scope is Scope.SUPER_USER


def acting_user(principal: Principal, user_id: str | None) -> str | None:
    """The user who acts: the principal's own, else the one a server names. Raises Forbidden."""
    if principal.user_id is None:
        return user_id
    if user_id not in (None, principal.user_id):
        raise errors.not_yourself()
    return principal.user_id


def is_chat(thread: Conversation) -> bool:
    return thread.kind is ConversationKind.CHAT


def viewer(thread: Conversation, user_id: str, since: str | None) -> Member:
    """The side of somebody of whom nothing is stored yet.

    since: what came before the number was assigned to them, which counts as read; so does everything
    for a manager to whom it is not.
    """
    read = thread.last_item_id if since is None else since
    return Member(thread.id, user_id, thread.domain_id, Role.VIEWER, thread.created_ms, read_through=read)


def audience(
    thread: Conversation, members: Sequence[Member], assigned: Iterable[str], also: Iterable[str] = ()
) -> tuple[str, ...]:
    """`user_ids` of events about a thread. assigned: users of its number; also: who was in it till now."""
    if is_chat(thread):
        return private_to(sorted({*(one.user_id for one in members if one.present), *also}))
    return tuple(sorted({*assigned, *also})) or MANAGERS_ONLY


def concerned(reads: ThreadReads, thread: Conversation, also: Iterable[str] = ()) -> tuple[str, ...]:
    """`user_ids` of events about a thread as it stands now; see `audience`."""
    if is_chat(thread):
        return audience(thread, reads.members([thread.id]).get(thread.id, ()), (), also)
    return audience(thread, (), assigned_users(reads, thread), also)


def assigned_users(reads: ThreadReads, thread: Conversation) -> Sequence[str]:
    """The users an sms thread's number is assigned to."""
    if thread.number is None:
        return ()
    users: Mapping[str, Sequence[str]] = reads.users_of(thread.domain_id, [thread.number])
    return users.get(thread.number, ())


def _in_chat(reads: ThreadReads, principal: Principal, thread: Conversation) -> Standing | None:
    if principal.user_id is None or principal.domain_id != thread.domain_id:
        return None
    mine = reads.member(thread.id, principal.user_id)
    return Standing(thread, mine, True) if mine is not None and mine.present else None


def _on_number(reads: ThreadReads, principal: Principal, thread: Conversation) -> Standing | None:
    domain = reads.domain(thread.domain_id)
    if domain is None or not reaches(principal, domain):
        return None
    user_id = principal.user_id
    if user_id is None:
        return Standing(thread, None, False) if principal.scope >= Scope.OFFICE_MANAGER else None
    number = next((one for one in reads.numbers_of(user_id) if one.e164 == thread.number), None)
    if number is None and principal.scope < Scope.OFFICE_MANAGER:
        return None
    since = None if number is None else number.since
    mine = reads.member(thread.id, user_id) or viewer(thread, user_id, since)
    return Standing(thread, mine, number is not None)
