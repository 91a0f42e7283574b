"""Threads as one viewer sees them: whose they are, what was said last, what is unread.

What is read of many threads is read once for all of them. The names of outside numbers are the
viewer's own and come from elsewhere, so they are put in last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.contacts.models import Named
from engine.conversations.access import Standing, is_chat, viewer
from engine.conversations.models import FOR_EVER, Conversation, KnownNumber, Member, Person, Role, ThreadView
from engine.conversations.ports import ThreadReads
from engine.messaging.models import Message

#: Unread messages are counted up to here; a page shows "999+" then.
MOST_UNREAD = 999


def views(
    reads: ThreadReads,
    standings: Sequence[Standing],
    now_ms: int,
    members: Mapping[str, Sequence[Member]] | None = None,
) -> list[ThreadView]:
    """The threads, without the names of outside numbers; see `named`. members: if they are read already."""
    if not standings:
        return []
    threads = [one.thread for one in standings]
    if members is None:
        members = reads.members([one.id for one in threads if is_chat(one)])
    assigned = reads.users_of(threads[0].domain_id, {one.number for one in threads if one.number is not None})
    in_each = {one.id: _present(one, members, assigned) for one in threads}
    people = reads.people({side.user_id for sides in in_each.values() for side in sides})
    last = reads.last_messages([one.last_item_id for one in threads if one.last_item_id])
    sides = [(one.thread, one.mine) for one in standings if one.mine is not None and one.assigned]
    unread = reads.unread(sides, MOST_UNREAD)
    pairs = [(one.number, peer) for one in threads if one.number is not None for peer in one.peers]
    stopped = reads.stopped(pairs) if pairs else ()
    return [
        ThreadView(
            one.thread,
            one.mine,
            tuple((people.get(side.user_id) or _gone(side), side) for side in in_each[one.thread.id]),
            tuple(KnownNumber(peer) for peer in one.thread.peers),
            _seen(last.get(one.thread.last_item_id), one.mine),
            unread.get(one.thread.id, 0),
            _is_muted(one.mine, now_ms),
            tuple(peer for peer in one.thread.peers if (one.thread.number, peer) in stopped),
        )
        for one in standings
    ]


def view(reads: ThreadReads, standing: Standing, now_ms: int) -> ThreadView:
    return views(reads, [standing], now_ms)[0]


def named(seen: ThreadView, names: Mapping[str, Named]) -> ThreadView:
    """The view with the names its viewer knows outside numbers by."""
    if not seen.peers or not names:
        return seen
    return replace(seen, peers=tuple(known(one.number, names) for one in seen.peers))


def known(number: str, names: Mapping[str, Named]) -> KnownNumber:
    name = names.get(number)
    return (
        KnownNumber(number) if name is None else KnownNumber(number, name.name, name.contact_id, name.label)
    )


def side_of(thread: Conversation, user_id: str, rows: Sequence[Member], since: Mapping[str, str]) -> Member:
    """The viewer's side of a thread of a list. since: positions by number of theirs."""
    row = next((one for one in rows if one.user_id == user_id), None)
    if row is not None:
        return row
    return viewer(thread, user_id, since.get(thread.number or ""))


def _present(
    thread: Conversation, members: Mapping[str, Sequence[Member]], assigned: Mapping[str, Sequence[str]]
) -> Sequence[Member]:
    if is_chat(thread):
        return [one for one in members.get(thread.id, ()) if one.present]
    return [
        Member(thread.id, user_id, thread.domain_id, Role.VIEWER, thread.created_ms)
        for user_id in assigned.get(thread.number or "", ())
    ]


def _gone(side: Member) -> Person:
    """A user that was deleted: what they said stays."""
    return Person(side.user_id, side.domain_id, "", "", False, False)


def _is_muted(mine: Member | None, now_ms: int) -> bool:
    until_ms = None if mine is None else mine.muted_until_ms
    return until_ms is not None and (until_ms == FOR_EVER or now_ms < until_ms)


def _seen(last: Message | None, mine: Member | None) -> Message | None:
    if last is None or mine is None or last.id > mine.sees_after:
        return last
    return None
