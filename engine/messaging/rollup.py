"""How segments roll up to a recipient, and recipients to a message: the published table.

Pure. A recipient's status is decided by its segments alone, whatever order news arrives
in; the table in docs/messaging.md is this file's `RULES`, in words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.messaging.models import RecipientStatus, SegmentStatus

S, R = SegmentStatus, RecipientStatus

#: How far a segment has come. News may raise it, never lower it; two exceptions are spelled out in `advances`.
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
}

#: First rule whose condition holds decides. Each is (name of the condition, status).
RULES: tuple[tuple[str, RecipientStatus], ...] = (
    ("any uncertain", R.UNCERTAIN),
    ("any queued, others sent or beyond", R.SENDING),
    ("any queued", R.QUEUED),
    ("any sending", R.SENDING),
    ("any sent", R.SENT),
    ("all delivered", R.DELIVERED),
    ("some delivered", R.PARTIALLY_DELIVERED),
    ("all expired", R.EXPIRED),
    ("any undelivered", R.UNDELIVERED),
    ("any failed", R.FAILED),
    ("any expired", R.FAILED),
    ("any unconfirmed", R.UNCONFIRMED),
)


def advances(old: SegmentStatus, new: SegmentStatus) -> bool:
    """Whether news moves a segment on.

    Final stays final, but a late receipt settles `unconfirmed` and a late response or
    receipt settles `uncertain`. Going back from `sending` to `queued` is not news from the peer
    but our own knowledge that no byte left; the outbox does that by itself.
    """
    return _RANK[new] > _RANK[old]


def recipient_status(segments: Collection[SegmentStatus]) -> RecipientStatus:
    """The status of a recipient whose segments stand like this; at least one segment."""
    present = set(segments)
    if S.UNCERTAIN in present:
        return R.UNCERTAIN
    if S.QUEUED in present:
        return R.QUEUED if present == {S.QUEUED} else R.SENDING
    for state, status in ((S.SENDING, R.SENDING), (S.SENT, R.SENT)):
        if state in present:
            return status
    if S.DELIVERED in present:
        return R.DELIVERED if present == {S.DELIVERED} else R.PARTIALLY_DELIVERED
    if present == {S.EXPIRED}:
        return R.EXPIRED
    for state, status in ((S.UNDELIVERED, R.UNDELIVERED), (S.FAILED, R.FAILED), (S.EXPIRED, R.FAILED)):
        if state in present:
            return status
    return R.UNCONFIRMED


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
