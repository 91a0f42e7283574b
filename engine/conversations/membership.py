"""Who is in a thread, and what it is called: changed by whoever takes part in it.

Users come into and out of a chat, outside numbers into and out of a text thread. Outside numbers are
told nothing: they see texts from one number, before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.accounts.models import Principal
from engine.conversations import errors
from engine.conversations.access import (
    Standing,
    assigned_users,
    concerned,
    is_chat,
    standing,
)
from engine.conversations.models import AddMembers, Conversation, Left, Member, Notice, NoticeKind
from engine.conversations.ports import ThreadChanges
from engine.conversations.starting import (
    MOST_PEERS,
    MOST_PEOPLE,
    Contacts,
    clean_name,
    new_member,
    resolve,
)
from engine.events import NewEvent, domain_stream, private_to
from engine.ids import new_id


def add(
    changes: ThreadChanges, principal: Principal, conversation_id: str, wanted: AddMembers, contacts: Contacts
) -> Standing:
    """Let users into a chat, or outside numbers into a text thread; those who are in it stay as they are.

    A chat of two becomes a group, a pair's own text thread one of several numbers. Raises NotFound,
    InvalidRequest (`mixed_conversation` and as `decide`) or Conflict.
    """
    asked = standing(changes, principal, conversation_id)
    thread = asked.thread
    domain = changes.domain(thread.domain_id)
    assert domain is not None
    who = resolve(changes, domain, wanted.to, contacts)
    if who.kind is not thread.kind:
        raise errors.mixed()
    if not is_chat(thread):
        return replace(asked, thread=_add_numbers(changes, principal, thread, who.numbers))
    rows = {one.user_id: one for one in changes.members([thread.id]).get(thread.id, ())}
    joining = [one.user_id for one in who.people if one.user_id not in rows or not rows[one.user_id].present]
    if not joining:
        return asked
    if sum(one.present for one in rows.values()) + len(joining) > MOST_PEOPLE:
        raise errors.invalid("to", f"A chat holds {MOST_PEOPLE} people.")
    if thread.direct_key is not None:
        thread = replace(thread, direct_key=None)
        changes.save_thread(thread)
    for user_id in joining:
        side = new_member(thread, user_id, changes.now_ms, sees_all=wanted.share_history)
        old = rows.get(user_id)
        if old is not None:  # muted stays muted, and what was said while they were out is not theirs
            side = replace(side, muted_until_ms=old.muted_until_ms, deleted_through=old.deleted_through)
        changes.save_member(side)
        data = {"user_id": user_id, "share_history": wanted.share_history}
        _note(changes, principal, thread, NoticeKind.MEMBER_ADDED, data)
    for user_id in joining:
        _tell(changes, thread, "member.added", {"user_id": user_id}, ())
    return replace(asked, thread=thread)


def remove_user(changes: ThreadChanges, principal: Principal, conversation_id: str, user_id: str) -> Standing:
    """Put a user out of a group chat. Raises NotFound, or Conflict `direct_chat`."""
    asked = standing(changes, principal, conversation_id)
    thread = asked.thread
    side = changes.member(thread.id, user_id) if is_chat(thread) else None
    if side is None or not side.present:
        raise errors.no_such_member()
    if thread.direct_key is not None:
        raise errors.direct_chat()
    changes.save_member(replace(side, left_ms=changes.now_ms))
    left = user_id == principal.user_id
    kind = NoticeKind.MEMBER_LEFT if left else NoticeKind.MEMBER_REMOVED
    _note(changes, principal, thread, kind, {"user_id": user_id})
    _tell(changes, thread, "member.left" if left else "member.removed", {"user_id": user_id}, (user_id,))
    return asked


def remove_number(
    changes: ThreadChanges, principal: Principal, conversation_id: str, number: str
) -> Standing:
    """Take an outside number out of a text thread; what it answers next goes to its own thread.

    Raises NotFound, or Conflict `last_member`.
    """
    asked = standing(changes, principal, conversation_id)
    thread = asked.thread
    if number not in thread.peers:
        raise errors.no_such_member()
    if len(thread.peers) == 1:
        raise errors.last_peer()
    rest = tuple(one for one in thread.peers if one != number)
    thread = _put_numbers(changes, thread, rest)
    _note(changes, principal, thread, NoticeKind.MEMBER_REMOVED, {"number": number})
    _tell(changes, thread, "conversation.updated", {"changed": ["peers"]}, ())
    return replace(asked, thread=thread)


def leave(changes: ThreadChanges, principal: Principal, conversation_id: str) -> Left:
    """Raises NotFound, Forbidden `no_user`, or Conflict (`direct_chat`, `last_member`)."""
    asked = standing(changes, principal, conversation_id)
    side = asked.require_side()
    if not is_chat(asked.thread):
        return _leave_texts(changes, asked, side)
    remove_user(changes, principal, conversation_id, side.user_id)
    rows = changes.members([conversation_id]).get(conversation_id, ())
    remaining = sum(one.present for one in rows)
    if remaining:
        meaning = (
            "You see this chat no more, what was said before included. Somebody in it can add you again."
        )
    else:
        meaning = (
            "You were the last one. Nobody sees this chat any more and nobody can come back into it;"
            " what was said is kept as long as the domain keeps messages."
        )
    return Left(conversation_id, remaining, meaning)


def rename(changes: ThreadChanges, principal: Principal, conversation_id: str, name: str | None) -> Standing:
    """The name everybody in the thread sees; None takes it away. Raises NotFound or InvalidRequest."""
    name = clean_name(name)
    asked = standing(changes, principal, conversation_id)
    if asked.thread.name == name:
        return asked
    thread = replace(asked.thread, name=name)
    changes.save_thread(thread)
    _note(changes, principal, thread, NoticeKind.RENAMED, {"name": name})
    _tell(changes, thread, "conversation.updated", {"changed": ["name"]}, ())
    return replace(asked, thread=thread)


def _leave_texts(changes: ThreadChanges, asked: Standing, side: Member) -> Left:
    """Somebody has to get what comes in, so the last one stays."""
    thread = asked.thread
    gone = {one.user_id for one in changes.members([thread.id]).get(thread.id, ()) if not one.present}
    others = [one for one in assigned_users(changes, thread) if one != side.user_id and one not in gone]
    if not others:
        raise errors.last_member()
    changes.save_member(replace(side, left_ms=changes.now_ms, marked_unread=False))
    data = {"changed": ["left"]}
    told = private_to((side.user_id,))
    changes.emit(NewEvent(domain_stream(thread.domain_id), "conversation.updated", thread.id, data, told))
    meaning = (
        "You no longer get what comes in here; those you share the number with still do."
        " Restore the conversation, or start it again, to come back."
    )
    return Left(thread.id, len(others), meaning)


def _add_numbers(
    changes: ThreadChanges, principal: Principal, thread: Conversation, numbers: Sequence[str]
) -> Conversation:
    new = [one for one in numbers if one not in thread.peers]
    if thread.number in new:
        raise errors.invalid("to", "A number cannot text itself.")
    if not new:
        return thread
    if len(thread.peers) + len(new) > MOST_PEERS:
        raise errors.invalid("to", f"A conversation holds {MOST_PEERS} outside numbers.")
    thread = _put_numbers(changes, thread, tuple(sorted((*thread.peers, *new))))
    for number in new:
        _note(changes, principal, thread, NoticeKind.MEMBER_ADDED, {"number": number})
    _tell(changes, thread, "conversation.updated", {"changed": ["peers"]}, ())
    return thread


def _put_numbers(changes: ThreadChanges, thread: Conversation, numbers: tuple[str, ...]) -> Conversation:
    thread = replace(thread, peers=numbers)
    changes.save_thread(thread)
    changes.put_peers(thread, solo=False)
    return thread


def _note(
    changes: ThreadChanges,
    principal: Principal,
    thread: Conversation,
    kind: NoticeKind,
    data: dict[str, object],
) -> None:
    changes.add_notice(Notice(new_id("tle"), thread.id, kind, principal.user_id, data, changes.now_ms))


def _tell(
    changes: ThreadChanges, thread: Conversation, what: str, data: dict[str, object], also: Sequence[str]
) -> None:
    told = concerned(changes, thread, also)
    changes.emit(NewEvent(domain_stream(thread.domain_id), what, thread.id, data, told))
