"""Receipts: matched to the segment they report on, or parked until its response is known.

A receipt and the response that names its id may arrive in either order and be committed by
different nodes. Each side looks for the other; `pair_leftovers` pairs what both missed. Carriers
recycle ids, so the newest segment between the same numbers is meant. A receipt whose response was
lost is left to `text_evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import sqlalchemy as sa

from engine.messaging.models import SegmentStatus
from engine.messaging.ports import ReceiptNews
from engine.storage.lists import one_of
from engine.storage.statements import HotQuery, HotStatement, insert
from engine.storage.tables.messaging import messages, receipts, recipients, segments
from engine.storage.text_evidence import settle_by_evidence
from engine.storage.text_rows import COMMUTING, PAIR_RECEIPT, AnyRow, ReceiptApplier
from engine.storage.transaction import Transaction

#: So many last digits must agree before two spellings of a number are taken for one.
_TELLING_DIGITS = 6

_INSERT_RECEIPT = HotStatement(insert(receipts), *receipts.c.keys())
_parked = receipts.c.message_id.is_(None)
_ANY_PARKED = HotQuery(sa.select(receipts.c.id).where(_parked).limit(sa.literal_column("1")))
# Made once: making it anew for each batch cost more than asking.
_CANDIDATES = (
    sa.select(
        segments.c.message_id,
        segments.c.position,
        segments.c.part_no,
        segments.c.part_count,
        segments.c.status,
        segments.c.carrier,
        segments.c.smsc_key,
        recipients.c.number.label("destination"),
        messages.c.domain_id,
        messages.c.number,
    )
    .join(
        recipients,
        sa.and_(
            recipients.c.message_id == segments.c.message_id,
            recipients.c.position == segments.c.position,
        ),
    )
    .join(messages, messages.c.id == segments.c.message_id)
    .where(
        segments.c.smsc_key.is_not(None),
        one_of(segments.c.carrier, "carriers"),
        one_of(segments.c.smsc_key, "smsc_keys"),
    )
    .order_by(segments.c.message_id.desc())
)


@dataclass(frozen=True, slots=True)
class ApplyReceipts:
    """Receipts that came in one wake-up; acknowledged after the commit."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING

    receipts: Sequence[ReceiptNews]

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        news = [one for operation in operations for one in operation.receipts]
        candidates = _candidates(tx, [(one.carrier, one.smsc_key) for one in news])
        applier = ReceiptApplier(tx)
        rows = []
        strangers: dict[str, set[tuple[str, str]]] = {}
        for one in news:
            segment = _meant(candidates.get((one.carrier, one.smsc_key), ()), one.source, one.destination)
            applied = segment is not None and applier.apply(segment, one.status, one.error_code)
            if segment is None and one.status is not None:
                strangers.setdefault(one.carrier, set()).add((one.destination, one.source))
            rows.append(
                (
                    one.id,
                    one.carrier,
                    one.smsc_key,
                    one.raw_id,
                    one.source,
                    one.destination,
                    one.state,
                    one.error_code,
                    one.status.value if one.status else None,
                    segment.message_id if segment else None,
                    segment.position if segment else None,
                    segment.part_no if segment else None,
                    int(applied),
                    one.received_ms,
                    one.quote,
                )
            )
        tx.execute_many(_INSERT_RECEIPT, rows)
        applier.finish()
        for carrier, pairs in strangers.items():
            settle_by_evidence(tx, carrier, pairs)
        return [None] * len(operations)


def pair_parked(tx: Transaction, keys: Sequence[tuple[str, str]]) -> int:
    """Apply receipts that came before the response with their id. keys: (carrier, smsc_key)."""
    if not keys or not _ANY_PARKED.all(tx.connection):
        return 0
    parked = tx.connection.execute(
        sa.select(receipts)
        .where(_parked, sa.tuple_(receipts.c.carrier, receipts.c.smsc_key).in_(list(set(keys))))
        .order_by(receipts.c.received_ms)
    ).all()
    return _pair(tx, parked)


def pair_leftovers(tx: Transaction, limit: int) -> int:
    """Pair parked receipts whose segment has come to be known since. Returns how many."""
    known = (
        sa.select(segments.c.message_id)
        .where(segments.c.carrier == receipts.c.carrier, segments.c.smsc_key == receipts.c.smsc_key)
        .exists()
    )
    parked = tx.connection.execute(
        sa.select(receipts).where(_parked, known).order_by(receipts.c.received_ms).limit(limit)
    ).all()
    return _pair(tx, parked)


def _pair(tx: Transaction, parked: Sequence[AnyRow]) -> int:
    candidates = _candidates(tx, [(one.carrier, one.smsc_key) for one in parked])
    applier = ReceiptApplier(tx)
    paired = []
    for one in parked:
        segment = _meant(candidates.get((one.carrier, one.smsc_key), ()), one.source, one.destination)
        if segment is None:
            continue
        applied = applier.apply(segment, SegmentStatus(one.status) if one.status else None, one.error_code)
        paired.append((segment.message_id, segment.position, segment.part_no, int(applied), one.id))
    applier.finish()
    tx.execute_many(PAIR_RECEIPT, paired)
    return len(paired)


def _candidates(tx: Transaction, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[AnyRow]]:
    if not keys:
        return {}
    found: dict[tuple[str, str], list[AnyRow]] = {}
    given = {"carriers": {carrier for carrier, _ in keys}, "smsc_keys": {key for _, key in keys}}
    for row in tx.connection.execute(_CANDIDATES, given):
        found.setdefault((row.carrier, row.smsc_key), []).append(row)
    return found


def _meant(candidates: Sequence[AnyRow], source: str, destination: str) -> AnyRow | None:
    """The newest candidate to the number the receipt speaks of, from the one it was sent to if any was.

    Carriers spell numbers in many ways, and ours not always as a number.
    """
    to_it = [row for row in candidates if _agree(row.destination, source)]
    from_us = (row for row in to_it if _agree(row.number, destination))
    return next(from_us, to_it[0] if to_it else None)


def _agree(e164: str, spelled: str) -> bool:
    digits = "".join(filter(str.isdigit, spelled))[-_TELLING_DIGITS:]
    return len(digits) < _TELLING_DIGITS or e164.endswith(digits)
