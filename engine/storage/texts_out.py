"""Outbound texts as operations of the group commit: accept, intent, outcome.

The hot path. Each operation is one request's or one wake-up's worth of rows; a batch's rows go
to the driver in a handful of executemany calls. An intent and the outcome of the same segment
never meet in one batch, since the outcome is only known after the intent's commit; news about one
segment from different directions is guarded by its status. So all of them commute.

The first intent and the first outcome of a one-part text can only be what is expected, so they are
written and told without looking. Everything else is looked at first: what is told is what changed.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import sqlalchemy as sa
from sqlalchemy import bindparam

from engine.errors import EngineError
from engine.events import NewEvent, domain_stream
from engine.idempotency import Claim, Replayed
from engine.messaging.errors import client_id_reused
from engine.messaging.models import Message, SegmentStatus
from engine.messaging.ports import Accepted, Intent, NewText, NewTexts, Outcome, SegmentJob, SegmentKey
from engine.messaging.rollup import STATUS_OF_ONE
from engine.storage.attached import Taking, Wanted
from engine.storage.consents import consents_of, reject_waiting, stopped_among, without_stopped
from engine.storage.drafts import clear_drafts, with_drafts
from engine.storage.idempotency import answer_many, claim_many, settle_many
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.messaging import messages, recipients, segments
from engine.storage.text_evidence import settle_by_evidence
from engine.storage.text_receipts import pair_parked
from engine.storage.text_rows import (
    COMMUTING,
    INSERT_MESSAGE,
    TOUCH_THREAD,
    encode_error,
    message_event,
    messages_by_id,
    roll_up,
)
from engine.storage.transaction import Transaction

# Rows are in the order of the table's columns.
_INSERT_RECIPIENT = HotStatement(insert(recipients), *recipients.c.keys())
_INSERT_SEGMENT = HotStatement(insert(segments), *segments.c.keys())

_this_segment = sa.and_(
    segments.c.message_id == bindparam("key_message"),
    segments.c.position == bindparam("key_position"),
    segments.c.part_no == bindparam("key_part"),
)
_KEY = ("key_message", "key_position", "key_part")
_unanswered = sa.or_(*(segments.c.status == word for word in ("queued", "sending", "uncertain")))
_INTEND = HotStatement(
    sa.update(segments)
    .where(_this_segment, sa.or_(segments.c.status == "queued", segments.c.status == "sending"))
    .values(
        status="sending",
        attempt=bindparam("new_attempt"),
        bind=bindparam("new_bind"),
        session_id=bindparam("new_session"),
        updated_ms=bindparam("now"),
    ),
    "new_attempt",
    "new_bind",
    "new_session",
    "now",
    *_KEY,
)
_OUTCOME = HotStatement(
    sa.update(segments)
    .where(_this_segment, _unanswered)
    .values(
        status=bindparam("new_status"),
        attempt=bindparam("new_attempt"),
        smsc_id=bindparam("new_smsc_id"),
        smsc_key=bindparam("new_smsc_key"),
        command_status=bindparam("new_command_status"),
        not_before_ms=bindparam("new_not_before"),
        updated_ms=bindparam("now"),
    ),
    "new_status",
    "new_attempt",
    "new_smsc_id",
    "new_smsc_key",
    "new_command_status",
    "new_not_before",
    "now",
    *_KEY,
)
_this_recipient = sa.and_(
    recipients.c.message_id == bindparam("key_message"), recipients.c.position == bindparam("key_position")
)
_RECIPIENT_SENDING = HotStatement(
    sa.update(recipients)
    .where(_this_recipient, recipients.c.status == "queued")
    .values(status="sending", updated_ms=bindparam("now")),
    "now",
    "key_message",
    "key_position",
)
_open_recipient = sa.or_(*(recipients.c.status == word for word in ("queued", "sending", "uncertain")))
_RECIPIENT_OUTCOME = HotStatement(
    sa.update(recipients)
    .where(_this_recipient, _open_recipient)
    .values(status=bindparam("new_status"), error=bindparam("new_error"), updated_ms=bindparam("now")),
    "new_status",
    "new_error",
    "now",
    "key_message",
    "key_position",
)

# An enumeration's members and values are looked up in Python code, so once is enough.
_QUEUED, _UNCERTAIN = SegmentStatus.QUEUED, SegmentStatus.UNCERTAIN
#: A segment's status, and that of a recipient with no other segment, as they are stored.
_WORDS = {one: (one.value, STATUS_OF_ONE[one].value) for one in SegmentStatus}


@dataclass(frozen=True, slots=True)
class AcceptTexts:
    """Store the texts of one request, and the answer to its idempotency key."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING

    new: NewTexts

    def exclusive_key(self) -> Hashable | None:
        """Twins under one idempotency key: the later must see what the earlier wrote."""
        claim = self.new.claim
        return None if claim is None else (claim.scope, claim.key)

    @classmethod
    def apply_many(
        cls, tx: Transaction, operations: Sequence[Self]
    ) -> Sequence[Accepted | Replayed | EngineError]:
        results: list[Accepted | Replayed | EngineError] = [()] * len(operations)
        stopped = stopped_among(tx, [text for op in operations for text in op.new.texts])
        fresh: list[NewText] = []
        plain: list[tuple[Claim, int, str]] = []
        plain_places: list[int] = []
        careful: list[int] = []
        for place, operation in enumerate(operations):
            new = operation.new
            claim, render = new.claim, new.render
            if claim is None or render is None or stopped or _to_look_at(new.texts):
                careful.append(place)
                continue
            # Nothing can refuse these any more, so what they are answered is known.
            accepted = results[place] = [text.message for text in new.texts]
            plain.append((claim, *render(accepted)))
            plain_places.append(place)
        for place, found in zip(plain_places, answer_many(tx, plain), strict=True):
            if found is None:
                fresh += operations[place].new.texts
            else:
                results[place] = found
        taking = Taking(tx)
        settled = cls._look_first(tx, operations, careful, stopped, taking, results, fresh) if careful else ()
        insert_texts(tx, fresh)
        taking.finish()
        settle_many(tx, settled)
        return results

    @classmethod
    def _look_first(
        cls,
        tx: Transaction,
        operations: Sequence[Self],
        places: Sequence[int],
        stopped: Collection[str],
        taking: Taking,
        results: list[Accepted | Replayed | EngineError],
        fresh: list[NewText],
    ) -> Sequence[tuple[Claim, int, str]]:
        """Texts that may have been sent before, or must not be sent. Adds to results and fresh.

        Returns the answers to be kept for their claims.
        """
        claimed = [(place, claim) for place in places if (claim := operations[place].new.claim) is not None]
        answered = set()
        for (place, _), found in zip(claimed, claim_many(tx, [claim for _, claim in claimed]), strict=True):
            if found is not None:
                results[place] = found
                answered.add(place)
        left = [place for place in places if place not in answered]
        earlier = _sent_before(tx, [operations[place].new.texts for place in left])
        taking.find(
            one for place in left for text in operations[place].new.texts for one in text.attachment_ids
        )
        settled = []
        for place in left:
            new = operations[place].new
            outcome: list[Message | EngineError] = []
            for text in new.texts:
                key = (text.sender_id, text.message.client_id)
                before = earlier.get(key) if text.message.client_id is not None else None
                if before is None:
                    allowed = without_stopped(text, stopped) if stopped else text
                    if text.attachment_ids and not isinstance(allowed, EngineError):
                        allowed = _with_files(taking, allowed)
                    if isinstance(allowed, EngineError):
                        outcome.append(allowed)
                        continue
                    fresh.append(allowed)
                    outcome.append(allowed.message)
                    if text.message.client_id is not None:
                        earlier[key] = allowed.message
                else:
                    outcome.append(before if _same_text(before, text) else client_id_reused())
            results[place] = outcome
            if new.claim is not None and new.render is not None:
                try:
                    status, body = new.render(outcome)
                except EngineError as refusal:  # its only text was refused, so there is nothing to keep
                    results[place] = refusal
                    continue
                settled.append((new.claim, status, body))
        return settled


def _to_look_at(texts: Sequence[NewText]) -> bool:
    """Whether one of them has a client_id, and so may be a repeat, or files, which may be somebody else's."""
    return any(text.message.client_id is not None or text.attachment_ids for text in texts)


def _with_files(taking: Taking, text: NewText) -> NewText | EngineError:
    """The text with the files it takes along, or why it cannot have one of them."""
    message = text.message
    wanted = Wanted(
        message.id, message.domain_id, text.sender_id, message.conversation_id, text.attachment_ids
    )
    files = taking.take(wanted, text.link)
    if isinstance(files, EngineError):
        return files
    appended = None if text.link is None else text.link.appended
    return replace(text, message=replace(message, attachments=files, appended=appended))


def _sent_before(
    tx: Transaction, requests: Iterable[Sequence[NewText]]
) -> dict[tuple[str, str | None], Message]:
    wanted = [
        (text.sender_id, text.message.client_id)
        for texts in requests
        for text in texts
        if text.message.client_id is not None
    ]
    if not wanted:
        return {}
    # Compared pair by pair in Python: the index narrows by client_id, which is made to be unique.
    rows = tx.connection.execute(
        sa.select(messages.c.sender_id, messages.c.client_id, messages.c.id).where(
            messages.c.client_id.is_not(None),
            sa.tuple_(messages.c.sender_id, messages.c.client_id).in_(wanted),
        )
    ).all()
    if not rows:
        return {}
    found = messages_by_id(tx.connection, [row[2] for row in rows])
    return {(sender, client): found[message_id] for sender, client, message_id in rows}


def _same_text(before: Message, text: NewText) -> bool:
    now = text.message
    return (
        before.text == now.text
        and tuple(one.id for one in before.attachments) == text.attachment_ids
        and before.number == now.number
        and [one.number for one in before.recipients] == [one.number for one in now.recipients]
    )


def insert_texts(tx: Transaction, texts: Sequence[NewText]) -> None:
    """Store texts, with the intents of those that have slots, and tell about them."""
    message_rows, recipient_rows, segment_rows = [], [], []
    said: dict[tuple[str, str], tuple[str, int]] = {}
    for text in texts:
        message = text.message
        now_ms = message.created_ms
        message_rows.append(
            (
                message.id,
                message.domain_id,
                message.conversation_id,
                "outbound",
                message.number,
                "",
                message.text,
                message.delivery_class.value,
                text.sender_id,
                message.user_id,
                message.client_id,
                None,
                ",".join(message.flags),
                now_ms,
            )
        )
        status = "queued"
        for position, one in enumerate(text.recipients):
            slots = one.slots
            if one.error is None:
                status = becomes = "sending" if slots else "queued"
            else:
                becomes = "rejected"
            recipient_rows.append(
                (
                    message.id,
                    position,
                    one.number,
                    one.carrier,
                    becomes,
                    len(one.segments),
                    None if one.error is None else encode_error(one.error),
                    one.expires_ms,
                    now_ms,
                )
            )
            for place, segment in enumerate(one.segments):
                slot = slots[place] if slots else None
                segment_rows.append(
                    (
                        message.id,
                        position,
                        segment.part_no,
                        segment.part_count,
                        one.carrier,
                        becomes,
                        segment.esm_class,
                        segment.data_coding,
                        segment.short_message,
                        segment.tlvs,
                        1 if slot else 0,
                        slot.bind if slot else None,
                        slot.session_id if slot else None,
                        0,
                        None,
                        None,
                        None,
                        now_ms,
                    )
                )
        if message.conversation_id is not None and message.user_id is not None and not message.flags:
            said[message.conversation_id, message.user_id] = (message.domain_id, now_ms)
        data = {"direction": "outbound", "status": status, "conversation_id": message.conversation_id}
        tx.emit(
            NewEvent(domain_stream(message.domain_id), "message.created", message.id, data, text.user_ids)
        )
    tx.execute_many(INSERT_MESSAGE, message_rows)
    tx.execute_many(_INSERT_RECIPIENT, recipient_rows)
    tx.execute_many(_INSERT_SEGMENT, segment_rows)
    tx.execute_many(
        TOUCH_THREAD,
        [
            (t.message.created_ms, t.message.id, t.message.conversation_id)
            for t in texts
            if t.message.conversation_id
        ],
    )
    drafts = with_drafts(tx, said) if said else ()
    clear_drafts(tx, {side: said[side] for side in drafts})


@dataclass(frozen=True, slots=True)
class RecordIntents:
    """Segments are about to be written to a bind. Returns the keys of those that must not be."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING

    intents: Sequence[Intent]

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[Collection[SegmentKey]]:
        settled = _settled(tx, [i.job for operation in operations for i in operation.intents])
        intents = [i for operation in operations for i in operation.intents if i.job.key not in settled]
        now_ms = tx.now_ms
        tx.execute_many(
            _INTEND,
            [(i.job.attempt + 1, i.bind, i.session_id, now_ms, *i.job.key) for i in intents],
        )
        jobs = {(i.job.message_id, i.job.position): i.job for i in intents}
        started = _starting(tx, jobs)
        tx.execute_many(_RECIPIENT_SENDING, [(now_ms, *place) for place in started])
        for place in started:
            job = jobs[place]
            tx.emit(message_event(job.domain_id, job.message_id, job.position, "sending", job.user_ids))
        return [settled] * len(operations)


def _settled(tx: Transaction, jobs: Sequence[SegmentJob]) -> Collection[SegmentKey]:
    """Those that are not to be sent any more: the first copy turned out to have arrived while the second
    waited for its turn, or the number has opted out since."""
    said = consents_of(tx.connection, {job.source + job.destination for job in jobs})
    if said:
        for number, peer in dict.fromkeys((job.source, job.destination) for job in jobs):
            if said.get(number + peer) == "stopped":
                reject_waiting(tx, number, peer)
    doubtful = {job.key for job in jobs if job.attempt or job.source + job.destination in said}
    if not doubtful:
        return ()
    rows = tx.connection.execute(
        sa.select(segments.c.message_id, segments.c.position, segments.c.part_no).where(
            sa.tuple_(segments.c.message_id, segments.c.position, segments.c.part_no).in_(list(doubtful)),
            segments.c.status.in_(("queued", "sending")),
        )
    )
    return doubtful - {(row.message_id, row.position, row.part_no) for row in rows}


def _starting(tx: Transaction, jobs: Mapping[tuple[str, int], SegmentJob]) -> Sequence[tuple[str, int]]:
    """The recipients among these whose status an intent changes."""
    unclear = {place for place, job in jobs.items() if job.attempt or job.segment.part_count > 1}
    if not unclear:
        return list(jobs)
    rows = tx.connection.execute(
        sa.select(recipients.c.message_id, recipients.c.position).where(
            sa.tuple_(recipients.c.message_id, recipients.c.position).in_(list(unclear)),
            recipients.c.status == "queued",
        )
    )
    queued = {(row.message_id, row.position) for row in rows}
    return [place for place in jobs if place in queued or place not in unclear]


@dataclass(frozen=True, slots=True)
class RecordOutcomes:
    """What became of segments that were handed to a carrier."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING

    outcomes: Sequence[Outcome]

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        outcomes = [outcome for operation in operations for outcome in operation.outcomes]
        now_ms = tx.now_ms
        segment_rows, recipient_rows = [], []
        several: list[Outcome] = []
        doubts: list[Outcome] = []
        for o in outcomes:
            job, segment = o.job, o.job.segment
            message_id, position = job.message_id, job.position
            segment_status, status = _WORDS[o.status]
            segment_rows.append(
                (
                    segment_status,
                    job.attempt,
                    o.smsc_id or None,
                    o.smsc_key or None,
                    o.command_status,
                    o.not_before_ms,
                    now_ms,
                    message_id,
                    position,
                    segment.part_no,
                )
            )
            if o.fresh and segment.part_count == 1:
                recipient_rows.append((status, encode_error(o.error), now_ms, message_id, position))
                tx.emit(message_event(job.domain_id, message_id, position, status, job.user_ids))
            else:
                several.append(o)
            # Receipts may have come before the doubt, or while a sister segment was being sent.
            if segment.part_count > 1 or _is_nameless(o):
                doubts.append(o)
        tx.execute_many(_OUTCOME, segment_rows)
        tx.execute_many(_RECIPIENT_OUTCOME, recipient_rows)
        _roll_up_jobs(tx, several)
        pair_parked(tx, [(o.carrier, o.smsc_key) for o in outcomes if o.smsc_key])
        for carrier in {o.carrier for o in doubts}:
            pairs = {(o.job.source, o.job.destination) for o in doubts if o.carrier == carrier}
            settle_by_evidence(tx, carrier, pairs)
        return [None] * len(operations)


def _is_nameless(outcome: Outcome) -> bool:
    """Whether the carrier has, or may have, a copy it has not named."""
    status = outcome.status
    if status is SegmentStatus.SENT:
        return not outcome.smsc_key
    return status is _UNCERTAIN or (status is _QUEUED and outcome.job.attempt > 0)


def _roll_up_jobs(tx: Transaction, outcomes: Sequence[Outcome]) -> None:
    """Recompute recipients from their segments and tell about those that changed."""
    touched = {(one.job.message_id, one.job.position): one for one in outcomes}
    for (message_id, position), one in touched.items():
        status = roll_up(tx, message_id, position, one.error)
        if status is not None:
            tx.emit(message_event(one.job.domain_id, message_id, position, status, one.job.user_ids))
