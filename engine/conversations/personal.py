"""One user's own side of a thread: muted, deleted, marked. Nobody else sees any of it."""

from __future__ import annotations

from dataclasses import replace

from engine.accounts.models import Principal
from engine.conversations.access import Standing, standing
from engine.conversations.models import Member
from engine.conversations.ports import ThreadChanges
from engine.events import NewEvent, domain_stream, private_to
from engine.ids import new_id


def mute(
    changes: ThreadChanges, principal: Principal, conversation_id: str, until_ms: int | None
) -> Standing:
    """until_ms: None unmutes, FOR_EVER. Raises NotFound or Forbidden `no_user`."""
    asked = standing(changes, principal, conversation_id)
    return _keep(changes, asked, replace(asked.require_side(), muted_until_ms=until_ms), "muted")


def delete(changes: ThreadChanges, principal: Principal, conversation_id: str) -> Standing:
    """Hide the thread and what was said in it until now; what comes next brings the rest back.

    Raises NotFound or Forbidden `no_user`.
    """
    asked = standing(changes, principal, conversation_id)
    through = asked.thread.last_item_id or new_id("msg")
    side = replace(asked.require_side(), deleted_through=through, marked_unread=False)
    return _keep(changes, asked, side, "deleted")


def restore(changes: ThreadChanges, principal: Principal, conversation_id: str) -> Standing:
    """Show again all that was deleted, and follow again a text thread that was left.

    Raises NotFound or Forbidden `no_user`.
    """
    asked = standing(changes, principal, conversation_id)
    side = replace(asked.require_side(), deleted_through="", left_ms=None)
    return _keep(changes, asked, side, "deleted")


def mark_unread(changes: ThreadChanges, principal: Principal, conversation_id: str) -> Standing:
    """Put a mark on the thread until it is read next. Raises NotFound or Forbidden `no_user`."""
    asked = standing(changes, principal, conversation_id)
    return _keep(changes, asked, replace(asked.require_side(), marked_unread=True), "marked_unread")


def _keep(changes: ThreadChanges, asked: Standing, side: Member, what: str) -> Standing:
    if side == asked.mine:
        return asked
    changes.save_member(side)
    thread = asked.thread
    changes.emit(
        NewEvent(
            domain_stream(thread.domain_id),
            "conversation.updated",
            thread.id,
            {"changed": [what]},
            private_to((side.user_id,)),
        )
    )
    return replace(asked, mine=side)
