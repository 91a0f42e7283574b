"""What click-to-call adds to the call log: the caller's entry of every click, in the commit that ends it.

So a click is logged once, with what click-to-call knows of it, and also when no phone ever rang. The
other side's entry comes from what its phone did.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from engine.click_to_call.models import Call, CallStatus
from engine.ids import new_id
from engine.presence.models import CallLogEntry, CallResult, Direction
from engine.storage.call_log import save_entries
from engine.storage.tables.accounts import users
from engine.storage.transaction import Transaction

_RESULTS = {
    CallStatus.COMPLETED: CallResult.ANSWERED,
    CallStatus.BUSY: CallResult.BUSY,
    CallStatus.NO_ANSWER: CallResult.NO_ANSWER,
    CallStatus.REJECTED: CallResult.REJECTED,
    CallStatus.CANCELED: CallResult.CANCELED,
    CallStatus.UNREACHABLE: CallResult.UNREACHABLE,
    CallStatus.FAILED: CallResult.FAILED,
    CallStatus.UNKNOWN: CallResult.UNKNOWN,
}
_CALLED = sa.select(users.c.id, users.c.display_name).where(
    users.c.domain_id == sa.bindparam("within"), users.c.extension == sa.bindparam("dialled")
)


def log_clicks(tx: Transaction, calls: Sequence[Call]) -> None:
    """Log those of these calls that are over; logging one again changes nothing but what is new."""
    ended = [call for call in calls if call.status.final]
    if ended:
        save_entries(tx, [_entry(tx.connection, call) for call in ended])


def _entry(connection: sa.Connection, call: Call) -> CallLogEntry:
    called = None
    if call.destination_is_device:
        called = connection.execute(_CALLED, {"within": call.domain_id, "dialled": call.to}).first()
    talked = call.connected_ms is not None
    return CallLogEntry(
        id=new_id("clog"),
        domain_id=call.domain_id,
        user_id=call.user_id,
        pbx=call.pbx,
        linkedid=call.channel_id,
        peer=call.to if called is None else called.id,
        peer_user_id=None if called is None else called.id,
        peer_name="" if called is None else called.display_name,
        direction=Direction.OUTBOUND,
        result=CallResult.ANSWERED if talked else _RESULTS[call.status],
        call_id=call.id,
        answered=talked,
        started_ms=call.created_ms,
        answered_ms=call.connected_ms,
        ended_ms=call.ended_ms,
    )
