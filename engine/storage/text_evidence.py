"""Receipts as evidence: what became of a segment whose response was lost.

The id in such a receipt is known to nobody here, so the receipt is matched by its numbers and by what
it quotes of the text. It settles a recipient's doubtful segments only where no other text could be meant
and there are so many unknown ids that each segment must own one; else the doubt stays. The submit date
is not looked at: its zone is the carrier's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
import structlog

from engine.messaging.models import SegmentStatus
from engine.storage.tables.messaging import messages, receipts, recipients, segments, uncertain
from engine.storage.text_rows import PAIR_RECEIPT, AnyRow, ReceiptApplier
from engine.storage.transaction import Transaction

log = structlog.get_logger(__name__)

#: Carriers report for three days at most.
_WITHIN_MS = 72 * 3_600_000

#: (message id, position)
_Place = tuple[str, int]


def settle_by_evidence(tx: Transaction, carrier: str, pairs: Collection[tuple[str, str]]) -> int:
    """Apply parked receipts to doubtful segments. Returns how many segments were settled.

    pairs: (our number, outside number) of the texts that may be meant, in any spelling with or without
    `+`. Doubtful is what is `uncertain`, and a second copy that waits for its turn.
    """
    doubtful = _segments(tx, carrier, pairs)
    if not any(_is_doubtful(row) for rows in doubtful.values() for row in rows):
        return 0
    parked = _parked(tx, carrier, {_bare(peer) for _, peer in pairs})
    applier = ReceiptApplier(tx)
    settled = 0
    for place, keys in _decided(doubtful, parked).items():
        settled += len(doubtful[place])
        for segment, key in _shared_out(doubtful[place], keys, parked):
            for receipt in parked[key]:
                _pair(tx, applier, segment, receipt)
    applier.finish()
    return settled


def settle_leftovers(tx: Transaction, limit: int) -> int:
    """`settle_by_evidence` for whatever is uncertain: receipts may have come before the doubt."""
    rows = tx.connection.execute(
        sa.select(segments.c.carrier, messages.c.number, recipients.c.number.label("peer"))
        .distinct()
        .join(messages, messages.c.id == segments.c.message_id)
        .join(
            recipients,
            sa.and_(
                recipients.c.message_id == segments.c.message_id,
                recipients.c.position == segments.c.position,
            ),
        )
        .where(uncertain, segments.c.updated_ms > tx.now_ms - _WITHIN_MS)
        .limit(limit)
    ).all()
    pairs: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        pairs.setdefault(row.carrier, set()).add((row.number, row.peer))
    return sum(settle_by_evidence(tx, carrier, found) for carrier, found in pairs.items())


def _segments(
    tx: Transaction, carrier: str, pairs: Collection[tuple[str, str]]
) -> Mapping[_Place, list[AnyRow]]:
    """What the carrier has or may have of texts between these numbers, as far as it is not settled."""
    spelled = {(_bare(number), _bare(peer)) for number, peer in pairs}
    found: dict[_Place, list[AnyRow]] = {}
    for row in tx.connection.execute(
        sa.select(
            segments.c.message_id,
            segments.c.position,
            segments.c.part_no,
            segments.c.part_count,
            segments.c.status,
            segments.c.attempt,
            recipients.c.number.label("destination"),
            messages.c.domain_id,
            messages.c.number,
            messages.c.text,
            messages.c.created_ms,
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
            recipients.c.number.in_(sorted({f"+{peer}" for _, peer in spelled})),
            segments.c.carrier == carrier,
            segments.c.status.in_(("queued", "sending", "uncertain")),
            segments.c.attempt > 0,
            messages.c.created_ms > tx.now_ms - _WITHIN_MS,
        )
        .order_by(segments.c.message_id, segments.c.position, segments.c.part_no)
    ):
        if (_bare(row.number), _bare(row.destination)) in spelled:
            found.setdefault((row.message_id, row.position), []).append(row)
    return found


def _is_doubtful(segment: AnyRow) -> bool:
    """One that is being sent is not: its response may still name the id."""
    return bool(segment.status != "sending")


def _parked(tx: Transaction, carrier: str, peers: Collection[str]) -> Mapping[str, list[AnyRow]]:
    """Final receipts from these numbers that no segment is known for, by id, oldest first."""
    found: dict[str, list[AnyRow]] = {}
    for row in tx.connection.execute(
        sa.select(receipts)
        .where(
            receipts.c.message_id.is_(None),
            receipts.c.carrier == carrier,
            receipts.c.source.in_(sorted({*peers, *(f"+{peer}" for peer in peers)})),
            receipts.c.status.is_not(None),
            receipts.c.received_ms > tx.now_ms - _WITHIN_MS,
        )
        .order_by(receipts.c.received_ms, receipts.c.id)
    ):
        found.setdefault(row.smsc_key, []).append(row)
    found.pop("", None)  # without an id nobody can tell one receipt from its repetition
    return found


def _decided(
    texts: Mapping[_Place, Sequence[AnyRow]], parked: Mapping[str, Sequence[AnyRow]]
) -> Mapping[_Place, Sequence[str]]:
    """The recipients of which everything is known, with the ids of their segments."""
    meant = {
        key: [place for place, rows in texts.items() if _may_mean(found[0], rows[0])]
        for key, found in parked.items()
    }
    decided: dict[_Place, Sequence[str]] = {}
    undecided = 0
    for place, rows in texts.items():
        keys = [key for key, places in meant.items() if place in places]
        alone = all(meant[key] == [place] for key in keys)
        copies = [row.attempt for row in rows]
        # Each segment owns an id even if the others own as many as they have copies.
        enough = sum(copies) - min(copies) < len(keys) <= sum(copies)
        # With more ids than parts, bad news may be of a part's second copy or of another part.
        alike = len(rows) in (1, len(keys)) or len({parked[key][0].status for key in keys}) == 1
        if alone and enough and alike and all(map(_is_doubtful, rows)):
            decided[place] = keys
        elif keys:
            undecided += 1
    if undecided:
        log.info("storage.evidence_not_unique", recipients=undecided)
    return decided


def _shared_out(
    rows: Sequence[AnyRow], keys: Sequence[str], parked: Mapping[str, Sequence[AnyRow]]
) -> list[tuple[AnyRow, str]]:
    """Which segment gets which id, delivered ones first. Parts look alike, so any order is as good."""
    best_first = sorted(keys, key=lambda key: parked[key][0].status != "delivered")
    owners = list(rows) + [row for row in rows for _ in range(row.attempt - 1)]
    return list(zip(owners, best_first, strict=False))


def _may_mean(receipt: AnyRow, segment: AnyRow) -> bool:
    """Whether a receipt may be about a text, going by numbers, time and what it quotes."""
    if (_bare(receipt.source), _bare(receipt.destination)) != (
        _bare(segment.destination),
        _bare(segment.number),
    ):
        return False
    if receipt.received_ms < segment.created_ms:
        return False
    quote, text = _telling(receipt.quote), _telling(segment.text)
    # A part begins anywhere in the text, a text in one part at its beginning.
    return quote in text if segment.part_count > 1 else text.startswith(quote)


def _telling(text: str) -> str:
    """What survives every carrier's way of quoting: ASCII letters and digits."""
    return "".join(filter(str.isalnum, text.encode("ascii", "ignore").decode()))


def _pair(tx: Transaction, applier: ReceiptApplier, segment: AnyRow, receipt: AnyRow) -> None:
    applied = applier.apply(segment, SegmentStatus(receipt.status), receipt.error_code)
    tx.connection.execute(
        sa.update(segments)
        .where(
            segments.c.message_id == segment.message_id,
            segments.c.position == segment.position,
            segments.c.part_no == segment.part_no,
        )
        .values(smsc_id=receipt.raw_id, smsc_key=receipt.smsc_key)
    )
    key = (segment.message_id, segment.position, segment.part_no)
    tx.execute_many(PAIR_RECEIPT, [(*key, int(applied), receipt.id)])


def _bare(number: str) -> str:
    return number.removeprefix("+")
