"""What was promised against what happened: the client's log, the SMSC's log and the database at rest.

L, D1, D2, D3, I, X, T and O have to be empty, and so has U, which holds doubts nobody had reason for;
`uncertain` counts the justified ones. Pure: facts in, verdict out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

from engine.messaging.models import SegmentStatus
from engine.messaging.rollup import recipient_status
from tests.e2e.texts.client import Request
from tests.e2e.texts.facts import Facts, SegmentRow
from tests.e2e.texts.wire import Part, Submit, WireLog

#: What the SMSC said may be on its way into the database for so long, in seconds.
_COMMIT_WITHIN_S = 3.0
#: The SMSC has it: the engine may say so only of what the SMSC saw.
_THE_SMSC_HAS_IT = {"sent", "delivered", "undelivered", "unconfirmed"}
_FINAL = {"delivered", "undelivered", "partially_delivered", "failed", "expired"}
_RANK = {"queued": 0, "sending": 1, "uncertain": 2, "sent": 3, "unconfirmed": 4} | dict.fromkeys(_FINAL, 5)
#: Not backwards: the engine learned that the SMSC has it not.
_KNOWN_NOT_TO_HAVE = {("sending", "queued"), ("uncertain", "queued"), ("uncertain", "sending")}
#: What a receipt's state makes of a segment, and the engine's word for the state.
_BY_RECEIPT = {
    "DELIVRD": ("delivered", "delivered"),
    "UNDELIV": ("undelivered", "undeliverable"),
    "EXPIRED": ("undelivered", "expired"),
    "REJECTD": ("undelivered", "rejected"),
    "DELETED": ("undelivered", "deleted"),
    "ENROUTE": (None, "enroute"),
    "ACCEPTD": (None, "accepted"),
    "UNKNOWN": (None, "unknown"),
}


@dataclass(frozen=True, slots=True)
class Kill:
    """An end without a word. moment: what set it off. statuses: of all segments, read right after."""

    at: float
    moment: str
    statuses: Mapping[Part, str]

    @property
    def in_flight(self) -> set[Part]:
        """Segments with an intent and without an outcome."""
        return {part for part, status in self.statuses.items() if status == "sending"}


@dataclass(frozen=True, slots=True)
class Story:
    """window: places in the windows of all sessions together. texts_in: whole text by the number it came
    from. names: the part behind each id of the SMSC's, by (destination, id). waiting: whether segments may
    still be queued, since the SMSC takes none."""

    requests: Sequence[Request]
    log: WireLog
    facts: Facts
    window: int
    kills: Sequence[Kill] = ()
    texts_in: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[tuple[str, str], Part] = field(default_factory=dict)
    waiting: bool = False


@dataclass(slots=True)
class Verdict:
    """Everything that should not have been, a sentence each, by the letters of the delivery contract.

    L: acknowledged and lost. D1: submitted again although settled. D2: twice in a class that allows one.
    D3: a second copy without a doubt, or a third. U: doubt without reason, or more of it than was in
    flight. I: acknowledged to the SMSC and not kept. X: receipts not applied. T: a state that is not what
    the SMSC reported. O: a state that went back.
    """

    L: list[str] = field(default_factory=list)
    D1: list[str] = field(default_factory=list)
    D2: list[str] = field(default_factory=list)
    D3: list[str] = field(default_factory=list)
    U: list[str] = field(default_factory=list)
    I: list[str] = field(default_factory=list)  # noqa: E741
    X: list[str] = field(default_factory=list)
    T: list[str] = field(default_factory=list)
    O: list[str] = field(default_factory=list)  # noqa: E741
    uncertain: int = 0  # segments, at rest
    doubted: int = 0  # recipients that were uncertain at any time
    second_copies: int = 0

    def broken(self) -> dict[str, list[str]]:
        """The promises that were broken, with at most five examples each."""
        lists = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: found[:5] for name, found in lists.items() if isinstance(found, list) and found}


def judge(story: Story) -> Verdict:
    """Compare the three accounts."""
    verdict = Verdict()
    copies = _copies(story.log)
    rows = {row.part: row for row in story.facts.segments}
    _check_lost(story, copies, verdict)
    for part, submits in copies.items():
        if part not in rows:
            verdict.L.append(f"{part} was submitted and is nowhere in the database")
        else:
            _check_copies(story, rows[part], submits, verdict)
    _check_doubts(story, copies, verdict)
    _check_texts_in(story, verdict)
    _check_receipts(story, rows, verdict)
    _check_truth(story, rows, verdict)
    _check_order(story, verdict)
    return verdict


def _copies(log: WireLog) -> dict[Part, list[Submit]]:
    found: dict[Part, list[Submit]] = {}
    for submit in log.submits:
        found.setdefault(submit.part, []).append(submit)
    return found


def _check_lost(story: Story, copies: Mapping[Part, list[Submit]], verdict: Verdict) -> None:
    by_message: dict[str, list[SegmentRow]] = {}
    for row in story.facts.segments:
        by_message.setdefault(row.message_id, []).append(row)
    for request in story.requests:
        for promise in request.promises if request.accepted else ():
            numbers = {row.part[0] for row in by_message.get(promise.message_id, ())}
            if numbers != {number.removeprefix("+") for number in promise.to}:
                verdict.L.append(f"{request.key}: {promise.message_id} is not all there")
    for row in story.facts.segments:
        if row.status == "sending" or (row.status == "queued" and not story.waiting):
            verdict.L.append(f"{row.part} of {row.message_id} was left {row.status}")
        elif row.status in _THE_SMSC_HAS_IT and row.part not in copies:
            verdict.L.append(f"{row.part} is {row.status}, and the SMSC never saw it")


def _check_copies(story: Story, row: SegmentRow, submits: Sequence[Submit], verdict: Verdict) -> None:
    part, known = row.part, [submit for submit in submits if not submit.refused]
    delivery_class = story.facts.classes[row.message_id]
    if len({(submit.octets, submit.reference, submit.parts) for submit in submits}) > 1:
        verdict.D3.append(f"{part} was not the same each time")
    for kill in story.kills:
        settled = kill.statuses.get(part, "queued") not in ("queued", "sending")
        if settled and any(submit.at > kill.at for submit in submits):
            verdict.D1.append(f"{part} was {kill.statuses[part]} at a kill and was submitted again")
    if len(known) > 1:
        verdict.second_copies += len(known) - 1
        if delivery_class != "must_arrive":
            verdict.D2.append(f"{part} ({delivery_class}) was submitted {len(known)} times")
        elif len(known) > 2:
            verdict.D3.append(f"{part} was submitted {len(known)} times")
    for first, second in pairwise(known):
        if not (_unheard(story.log, first) or _in_doubt(story.kills, first, second)):
            verdict.D1.append(f"{part} was answered and submitted again")


def _in_doubt(kills: Sequence[Kill], first: Submit, second: Submit) -> bool:
    """Whether the engine could not know the answer to the first copy when it wrote the second.

    It could if it had the time to store the answer before the second copy left or a kill forgot it.
    A segment a kill found `sending` had no outcome yet, whatever had been answered by then.
    """
    answered_at = None if first.answer is None else first.answer.passed_at
    if answered_at is None:
        return True
    between = [kill for kill in kills if first.at <= kill.at <= second.at]
    if any(kill.statuses.get(first.part) == "sending" for kill in between):
        return True
    return answered_at + _COMMIT_WITHIN_S > min([kill.at for kill in between], default=second.at)


def _check_doubts(story: Story, copies: Mapping[Part, list[Submit]], verdict: Verdict) -> None:
    doubtful = set().union(*(kill.in_flight for kill in story.kills))
    for kill in story.kills:
        if len(kill.in_flight) > story.window:
            verdict.U.append(f"{len(kill.in_flight)} segments in flight at {kill.moment}")
    verdict.doubted = sum("uncertain" in statuses for statuses in story.facts.history.values())
    # Octets in flight when a link is cut are seen by nobody, but there are no more than fit the window.
    unseen = story.window * len(story.log.ended)
    for row in story.facts.segments:
        if row.status != "uncertain":
            continue
        verdict.uncertain += 1
        submits = copies.get(row.part, ())
        unanswered = any(_unheard(story.log, one) for one in submits)
        swallowed = story.log.left[row.part] > len(submits)
        if row.part in doubtful or unanswered or swallowed:
            continue
        if not story.log.left[row.part] and unseen:
            unseen -= 1
        else:
            verdict.U.append(f"{row.part} is uncertain for no reason")


def _unheard(log: WireLog, submit: Submit) -> bool:
    """Whether the engine may not have read the answer: there was none, or the session was ending."""
    if submit.answer is None or submit.answer.passed_at is None:
        return True
    ended_at = log.ended.get(submit.session)
    return ended_at is not None and ended_at < submit.answer.passed_at + _COMMIT_WITHIN_S


def _check_texts_in(story: Story, verdict: Verdict) -> None:
    kept = {(row.raw_id, row.state) for row in story.facts.receipts}
    texts: dict[str, list[str]] = {}
    for row in story.facts.inbound:
        texts.setdefault(row.source, []).append(row.text)
        whole = story.texts_in.get(row.source)
        if whole is not None and row.text != whole:
            verdict.I.append(f"the text of {row.source} is torn: {row.text[:40]!r}")
    for source in {source for source, _ in story.facts.waiting_parts} & set(texts):
        verdict.I.append(f"a part of {source} waits for a text that is there, and will be shown as torn")
    for source, found in texts.items():
        flagged = [row for row in story.facts.inbound if row.source == source and row.flags]
        if len(found) - 1 > sum("possible_duplicate" in row.flags for row in flagged):
            verdict.I.append(f"the text of {source} is there {len(found)} times without a flag")
    for delivery in story.log.deliveries:
        if not delivery.acknowledged:
            continue
        if delivery.receipt_id:
            if (delivery.receipt_id, _BY_RECEIPT[delivery.state][1]) not in kept:
                verdict.I.append(f"the receipt of {delivery.receipt_id} was acknowledged and not kept")
            continue
        octets = delivery.octets
        header = octets[0] + 1 if octets[:1] == b"\x05" else 0
        part = octets[header:].decode("latin-1")
        waiting = (delivery.source, octets[header:]) in story.facts.waiting_parts
        if not waiting and not any(part in text for text in texts.get(delivery.source, ())):
            verdict.I.append(f"a text of {delivery.source} was acknowledged and not kept")


def _check_receipts(story: Story, rows: Mapping[Part, SegmentRow], verdict: Verdict) -> None:
    reported: dict[Part, list[tuple[str, str]]] = {}
    for delivery in story.log.deliveries:
        if not delivery.receipt_id or not delivery.acknowledged:
            continue
        becomes = _BY_RECEIPT[delivery.state][0]
        part = story.names.get((delivery.source, delivery.receipt_id))
        if part is not None and becomes is not None:
            reported.setdefault(part, []).append((becomes, delivery.receipt_id))
    for part, news in reported.items():
        if part not in rows or rows[part].status in {becomes for becomes, _ in news}:
            continue
        if not _is_nameless(rows[part]) or _has_to_settle(story.facts, rows[part]):
            verdict.X.append(f"{part} is {rows[part].status} in spite of {news}")


def _check_truth(story: Story, rows: Mapping[Part, SegmentRow], verdict: Verdict) -> None:
    """Whether each report the engine shows was made, about the very part."""
    made = {
        (story.names.get((one.source, one.receipt_id)), _BY_RECEIPT[one.state][0])
        for one in story.log.deliveries
        if one.receipt_id
    }
    for part, row in rows.items():
        if row.status in ("delivered", "undelivered") and (part, row.status) not in made:
            verdict.T.append(f"{part} is {row.status}, and the SMSC never said so")


def _has_to_settle(facts: Facts, row: SegmentRow) -> bool:
    """Parts of one text look alike: receipts tell which only if there are too many for all the others."""
    number = row.part[0]
    unmatched = {one.raw_id for one in facts.receipts if one.source == number and one.message_id is None}
    others = 0
    for other in facts.segments:
        if other.part[0] != number or other.part == row.part:
            continue
        if _is_nameless(other):
            others += other.attempt
        elif other.status != "failed":
            known = {other.smsc_id, *_ids_matched(facts, other)} - {None}
            others += max(0, other.attempt - len(known))
    return max(1, len(unmatched)) > others


def _is_nameless(row: SegmentRow) -> bool:
    """In doubt, or accepted without an id."""
    return row.status == "uncertain" or (row.status == "sent" and row.smsc_id is None)


def _ids_matched(facts: Facts, row: SegmentRow) -> Iterator[str]:
    for one in facts.receipts:
        if one.source == row.part[0] and (one.message_id, one.part_no) == (row.message_id, row.part[1]):
            yield one.raw_id


def _check_order(story: Story, verdict: Verdict) -> None:
    for place, statuses in story.facts.history.items():
        for old, new in pairwise(statuses):
            if _went_back(old, new):
                verdict.O.append(f"{place} went from {old} to {new}: {statuses}")
        if statuses[-1] != story.facts.recipients[place]:
            verdict.O.append(
                f"{place} was last said to be {statuses[-1]}, not {story.facts.recipients[place]}"
            )
    for row_place, of_segments in _by_recipient(story.facts).items():
        if recipient_status(of_segments).value != story.facts.recipients[row_place]:
            verdict.O.append(
                f"{row_place} is {story.facts.recipients[row_place]}, its segments {of_segments}"
            )
    at_rest = {row.part: row.status for row in story.facts.segments}
    for before, after in pairwise([*(kill.statuses for kill in story.kills), at_rest]):
        for part, old in before.items():
            if _went_back(old, after.get(part, "queued")):
                verdict.O.append(f"{part} went from {old} to {after.get(part)} between kills")


def _went_back(old: str, new: str) -> bool:
    if old in _FINAL:
        return new != old
    return _RANK[new] < _RANK[old] and (old, new) not in _KNOWN_NOT_TO_HAVE


def _by_recipient(facts: Facts) -> Mapping[tuple[str, int], list[SegmentStatus]]:
    found: dict[tuple[str, int], list[SegmentStatus]] = {}
    for row in facts.segments:
        found.setdefault((row.message_id, row.position), []).append(SegmentStatus(row.status))
    return found


def unsettled_receipts(log: WireLog) -> Iterator[Submit]:
    """Accepted submits whose receipt has not been acknowledged yet."""
    done = {one.receipt_id for one in log.deliveries if one.acknowledged and one.receipt_id}
    for submit in log.submits:
        message_id = "" if submit.answer is None else submit.answer.message_id
        if message_id and message_id not in done:
            yield submit
