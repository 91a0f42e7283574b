"""How segments roll up to a recipient, and recipients to a message: the published table.

Pure. A recipient's status is decided by its segments alone, whatever order news arrives
in; the table in docs/messaging.md is this file's `RULES`, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.messaging.models import RecipientStatus, SegmentStatus

S, R = SegmentStatus, RecipientStatus

#: How far a segment has come; news may raise it, never lower it.
_RANK = {
    S.QUEUED: 0,
    S.SENDING: 1,
    S.UNCERTAIN: 2,
    S.SENT: 3,
    S.UNCONFIRMED: 4,
    S.DELIVERED: 5,
    S.UNDELIVERED: 5,
    S.FAILED: 5,
    S.EXPIRED: 5,
    S.REJECTED: 5,
}


def _any(*states: SegmentStatus) -> Callable[[frozenset[SegmentStatus]], bool]:
    return lambda present: not present.isdisjoint(states)


def _all(state: SegmentStatus) -> Callable[[frozenset[SegmentStatus]], bool]:
    return lambda present: present == {state}


#: The first rule that holds decides: what holds of the segments, in words and in code, and the status.
RULES: tuple[tuple[str, Callable[[frozenset[SegmentStatus]], bool], RecipientStatus], ...] = (
    ("any uncertain", _any(S.UNCERTAIN), R.UNCERTAIN),
    ("all queued", _all(S.QUEUED), R.QUEUED),
    ("any queued or sending", _any(S.QUEUED, S.SENDING), R.SENDING),
    ("any sent", _any(S.SENT), R.SENT),
    ("all delivered", _all(S.DELIVERED), R.DELIVERED),
    ("some delivered", _any(S.DELIVERED), R.PARTIALLY_DELIVERED),
    ("any undelivered", _any(S.UNDELIVERED), R.UNDELIVERED),
    ("all expired", _all(S.EXPIRED), R.EXPIRED),
    ("all rejected", _all(S.REJECTED), R.REJECTED),
    ("any failed, expired or rejected", _any(S.FAILED, S.EXPIRED, S.REJECTED), R.FAILED),
    ("all unconfirmed", _all(S.UNCONFIRMED), R.UNCONFIRMED),
)


def advances(old: SegmentStatus, new: SegmentStatus) -> bool:
    """Whether news moves a segment on.

    Final stays final, but a late receipt settles `unconfirmed` and a late response or
    receipt settles `uncertain`. Going back from `sending` to `queued` is not news from the peer
    but our own knowledge that no byte left; the outbox does that by itself.
    """
    return _RANK[new] > _RANK[old]


def recipient_status(segments: Iterable[SegmentStatus]) -> RecipientStatus:
    """The status of a recipient whose segments stand like this; at least one segment."""
    present = frozenset(segments)
    return next(status for _, holds, status in RULES if holds(present))


#: `recipient_status` where there is one segment only, as for most texts.
STATUS_OF_ONE = {segment: recipient_status((segment,)) for segment in SegmentStatus}


#: A message with several recipients shows the least advanced of them, since that is what still needs eyes.
_MESSAGE_ORDER = (
    R.UNCERTAIN,
    R.ACCEPTED,
    R.SCHEDULED,
    R.HELD,
    R.QUEUED,
    R.SENDING,
    R.SENT,
    R.UNCONFIRMED,
)


def message_status(recipients: Iterable[RecipientStatus]) -> RecipientStatus:
    """One status for the whole message.

    The least advanced recipient while any is under way; then `delivered` if all are,
    `partially_delivered` if some are, else the status that all share, else `undelivered`.
    """
    present = set(recipients)
    for status in _MESSAGE_ORDER:
        if status in present:
            return status
    if len(present) == 1:
        return next(iter(present))
    if present & {R.DELIVERED, R.PARTIALLY_DELIVERED}:
        return R.PARTIALLY_DELIVERED
    return R.UNDELIVERED
