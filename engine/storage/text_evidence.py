"""Receipts as evidence: what became of a segment whose response was lost, or named no id.

The id in such a receipt is known to nobody here, so the receipt is matched by its numbers and by what
it quotes of the text. It settles a doubtful segment only where no other text could be meant and there
are more unknown ids than all other copies together can own; else the doubt stays. A settled segment
counts there as well, as far as the carrier may have copies of it that nobody could name. The submit
date is not looked at: its zone is the carrier's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

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
_OPEN = ("queued", "sending", "uncertain")
_ACCEPTED = ("sent", "unconfirmed")


@dataclass(slots=True)
class _Text:
    """What the carrier has, or may have, of one recipient's text under ids that nobody knows.

    doubtful: segments to settle. strays: copies of settled ones. being_sent: a response may still name
    an id.
    """

    some: AnyRow
    doubtful: list[AnyRow] = field(default_factory=list)
    strays: int = 0
    being_sent: bool = False

    @property
    def copies(self) -> int:
        return self.strays + sum(int(row.attempt) for row in self.doubtful)


def settle_by_evidence(tx: Transaction, carrier: str, pairs: Collection[tuple[str, str]]) -> int:
    """Apply parked receipts to doubtful segments. Returns how many segments were settled.

    pairs: (our number, outside number) of the texts that may be meant, in any spelling with or without
    `+`. Doubtful is what is `uncertain`, a second copy that waits for its turn, and what was accepted
    without an id.
    """
    texts = _texts(tx, carrier, pairs)
    if not any(text.doubtful for text in texts.values()):
        return 0
    parked = _parked(tx, carrier, {_bare(peer) for _, peer in pairs})
    applier = ReceiptApplier(tx)
    settled = 0
    for text, owners, keys in _decided(texts, parked):
        settled += len(owners)
        for segment, key in _shared_out(text, owners, keys, parked):
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


def _texts(tx: Transaction, carrier: str, pairs: Collection[tuple[str, str]]) -> Mapping[_Place, _Text]:
    """The texts between these numbers that an unknown id may belong to."""
    rows = _segments(tx, carrier, pairs)
    named = _named(tx, [row for row in rows if row.status not in _OPEN and row.attempt > 1])
    found: dict[_Place, _Text] = {}
    for row in rows:
        text = found.setdefault((row.message_id, row.position), _Text(row))
        if row.status == "sending":
            text.being_sent = True
        elif row.status in _OPEN or (row.status in _ACCEPTED and row.smsc_key is None):
            text.doubtful.append(row)
        else:
            refused = row.status == "failed"
            ids = named.get((row.message_id, row.position, row.part_no), set()) | {row.smsc_key} - {None}
            text.strays += max(0, row.attempt - refused - len(ids))
    return {place: text for place, text in found.items() if text.being_sent or text.copies}


def _segments(tx: Transaction, carrier: str, pairs: Collection[tuple[str, str]]) -> Sequence[AnyRow]:
    """Those of which the carrier may have a copy that nobody can name."""
    spelled = {(_bare(number), _bare(peer)) for number, peer in pairs}
    rows = tx.connection.execute(
        sa.select(
            segments.c.message_id,
            segments.c.position,
            segments.c.part_no,
            segments.c.part_count,
            segments.c.status,
            segments.c.attempt,
            segments.c.smsc_key,
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
            segments.c.attempt > 0,
            sa.or_(segments.c.status.in_(_OPEN), segments.c.attempt > 1, segments.c.smsc_key.is_(None)),
            messages.c.created_ms > tx.now_ms - _WITHIN_MS,
        )
        .order_by(segments.c.message_id, segments.c.position, segments.c.part_no)
    )
    return [row for row in rows if (_bare(row.number), _bare(row.destination)) in spelled]


def _named(tx: Transaction, rows: Sequence[AnyRow]) -> Mapping[tuple[str, int, int], set[str]]:
    """The ids under which these segments were reported on."""
    if not rows:
        return {}
    keys = [(row.message_id, row.position, row.part_no) for row in rows]
    found: dict[tuple[str, int, int], set[str]] = {}
    for row in tx.connection.execute(
        sa.select(receipts.c.message_id, receipts.c.position, receipts.c.part_no, receipts.c.smsc_key).where(
            receipts.c.message_id.in_(sorted({row.message_id for row in rows})),
            sa.tuple_(receipts.c.message_id, receipts.c.position, receipts.c.part_no).in_(keys),
        )
    ):
        found.setdefault((row.message_id, row.position, row.part_no), set()).add(row.smsc_key)
    return found


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
    texts: Mapping[_Place, _Text], parked: Mapping[str, Sequence[AnyRow]]
) -> Sequence[tuple[_Text, Sequence[AnyRow], Sequence[str]]]:
    """The texts of which enough is known: with the segments that are settled, and the ids there are."""
    meant = {
        key: [place for place, text in texts.items() if _may_mean(found[0], text.some)]
        for key, found in parked.items()
    }
    decided = []
    undecided = 0
    for place, text in texts.items():
        keys = [key for key, places in meant.items() if place in places]
        if not keys or not text.doubtful:
            continue
        alone = all(meant[key] == [place] for key in keys)
        owners = _owners(text, keys, parked) if alone and not text.being_sent else []
        if owners:
            decided.append((text, owners, keys))
        undecided += len(owners) < len(text.doubtful)
    if undecided:
        log.info("storage.evidence_not_unique", recipients=undecided)
    return decided


def _owners(text: _Text, keys: Sequence[str], parked: Mapping[str, Sequence[AnyRow]]) -> Sequence[AnyRow]:
    """The doubtful segments that must own one of these ids, and of which it is known what it says."""
    if len(keys) > text.copies:
        return []  # some are not ours, and nobody knows which
    owners = [row for row in text.doubtful if len(keys) > text.copies - row.attempt]
    if len({parked[key][0].status for key in keys}) == 1:
        return owners
    # Good and bad news: one segment has both, or each segment one, and parts look alike.
    all_told = not text.strays and len(owners) == len(text.doubtful)
    return owners if all_told and len(owners) in (1, len(keys)) else []


def _shared_out(
    text: _Text, owners: Sequence[AnyRow], keys: Sequence[str], parked: Mapping[str, Sequence[AnyRow]]
) -> list[tuple[AnyRow, str]]:
    """Which segment gets which id, delivered ones first. Parts look alike, so any order is as good."""
    best_first = sorted(keys, key=lambda key: parked[key][0].status != "delivered")
    if len(text.doubtful) == 1 and not text.strays:
        return [(owners[0], key) for key in best_first]
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
