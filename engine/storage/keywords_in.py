"""Keywords that came in: obeyed in the transaction that stores them, and answered at most once.

The answer is an outbound text like any other, stored with the keyword, so that neither is ever
there without the other. Two machines that answer each other end after a few texts: what changes
nothing is not answered, help is given once in a while, and a pair gets few answers a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog

from engine.errors import InvalidRequest
from engine.ids import new_id
from engine.messaging.keywords import DEFAULT_START, DEFAULT_STOP, default_help, keyword_of
from engine.messaging.models import (
    ConsentAction,
    ConsentEntry,
    ConsentState,
    DeliveryClass,
    Direction,
    Message,
    Recipient,
    RecipientStatus,
)
from engine.messaging.ports import NewRecipient, NewText, SegmentJob, TextCoder
from engine.storage.absences import AWAY_FLAGS, not_told_lately
from engine.storage.consents import EXEMPT, change, state_of
from engine.storage.tables.accounts import domains, numbers
from engine.storage.tables.consent import consent_entries, keyword_answers
from engine.storage.texts_out import insert_texts
from engine.storage.transaction import Transaction

log = structlog.get_logger(__name__)

#: A pair gets no more answers than this within a day, whatever it asks.
_ANSWERS_A_DAY = 5
_DAY_MS = 86_400_000
#: Whoever asks for help again sooner has the answer already.
_HELP_EVERY_MS = 600_000
#: An answer that has not left by then would only puzzle.
_ANSWER_VALID_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Keyword:
    """A text to one of our numbers that may be a keyword. user_ids: whom texts of that number concern."""

    domain_id: str
    number: str
    user_ids: tuple[str, ...]
    peer: str
    text: str
    message_id: str
    conversation_id: str | None
    blocked: bool


@dataclass(slots=True)
class Answers:
    """Segments of answers that are queued on disk, by carrier, for the outboxes to take up."""

    jobs: dict[str, list[SegmentJob]] = field(default_factory=dict)


def obey(tx: Transaction, said: Keyword, coder: TextCoder, answers: Answers) -> bool:
    """Do what the text asks for if it is a keyword, else nothing; whether it is one."""
    found = keyword_of(said.text)
    if found is None:
        return False
    word, action = found
    old = state_of(tx.connection, said.number, said.peer)
    new = {
        ConsentAction.STOP: ConsentState.STOPPED,
        ConsentAction.START: ConsentState.ACTIVE,
    }.get(action, old)
    entry_id = new_id("cns")
    news = new is not old and (action is ConsentAction.STOP or old is ConsentState.STOPPED)
    answer_id = _answer(tx, said, action, coder, answers) if _to_answer(tx, said, action, news) else None
    entry = ConsentEntry(
        entry_id,
        said.domain_id,
        said.number,
        said.peer,
        action,
        old,
        new,
        tx.now_ms,
        keyword=word,
        message_id=said.message_id,
        answer_id=answer_id,
    )
    change(tx, entry, said.user_ids)
    return True


def answer_for_absent(
    tx: Transaction, said: Keyword, user_id: str, text: str, coder: TextCoder, answers: Answers
) -> None:
    """Answer a text for its only reader, who is away, unless the thread has been told lately."""
    if said.blocked or said.conversation_id is None or not said.peer.startswith("+"):
        return
    if state_of(tx.connection, said.number, said.peer) is ConsentState.STOPPED:
        return
    if not_told_lately(tx, [(user_id, said.conversation_id)]):
        _queue(tx, said, text, AWAY_FLAGS, user_id, coder, answers)


def _to_answer(tx: Transaction, said: Keyword, action: ConsentAction, news: bool) -> bool:
    if not said.peer.startswith("+"):
        return False  # a short code or a name: a machine, and nothing one can send to
    if action is ConsentAction.HELP:
        if said.blocked:
            return False
    elif not news:
        return False
    ledger = consent_entries.c
    given = tx.connection.execute(
        sa.select(ledger.action, ledger.at_ms).where(
            ledger.number == said.number,
            ledger.peer == said.peer,
            ledger.at_ms > tx.now_ms - _DAY_MS,
            ledger.answer_id.is_not(None),
        )
    ).all()
    if len(given) >= _ANSWERS_A_DAY:
        return False
    helped = [at_ms for gave, at_ms in given if gave == "help"]
    return action is not ConsentAction.HELP or not helped or max(helped) <= tx.now_ms - _HELP_EVERY_MS


def _answer(
    tx: Transaction, said: Keyword, action: ConsentAction, coder: TextCoder, answers: Answers
) -> str | None:
    """Queue the answer; its message id, or None where none is to be sent or none can be."""
    name = tx.connection.execute(sa.select(domains.c.name).where(domains.c.id == said.domain_id)).scalar_one()
    text = _words(tx, said, action, name)
    flags = ("auto_answer", EXEMPT) if action is ConsentAction.STOP else ("auto_answer",)
    return _queue(tx, said, text, flags, None, coder, answers) if text else None


def _queue(
    tx: Transaction,
    said: Keyword,
    text: str,
    flags: tuple[str, ...],
    user_id: str | None,
    coder: TextCoder,
    answers: Answers,
) -> str | None:
    """Queue a text to whom one came from; its message id, or None where it cannot be sent."""
    number = tx.connection.execute(
        sa.select(
            numbers.c.carrier,
            numbers.c.sms_enabled,
            domains.c.sms_enabled.label("domain_too"),
        )
        .join(domains, domains.c.id == numbers.c.domain_id)
        .where(numbers.c.e164 == said.number)
    ).one()
    if not number.sms_enabled or not number.domain_too:
        return None
    message_id = new_id("msg")
    try:
        segments = coder.segments(number.carrier, text, int(message_id[-4:], 16))
    except (InvalidRequest, KeyError) as error:
        log.warning("messaging.answer_not_sendable", number_domain=said.domain_id, error=type(error).__name__)
        return None
    now_ms = tx.now_ms
    recipient = Recipient(said.peer, RecipientStatus.QUEUED, len(segments), now_ms, number.carrier)
    message = Message(
        message_id,
        said.domain_id,
        said.conversation_id,
        Direction.OUTBOUND,
        said.number,
        "",
        text,
        DeliveryClass.CONVERSATION,
        user_id,
        None,
        now_ms,
        (recipient,),
        flags,
    )
    expires_ms = now_ms + _ANSWER_VALID_MS
    kept = NewRecipient(said.peer, number.carrier, expires_ms, segments)
    insert_texts(tx, [NewText(message, "system", said.user_ids, [kept])])
    answers.jobs.setdefault(number.carrier, []).extend(
        SegmentJob(
            message_id,
            0,
            said.domain_id,
            said.number,
            said.peer,
            DeliveryClass.CONVERSATION,
            expires_ms,
            segment,
            said.user_ids,
        )
        for segment in segments
    )
    return message_id


def _words(tx: Transaction, said: Keyword, action: ConsentAction, domain_name: str) -> str:
    """The number's own text, else the domain's, else the built-in one; empty says nothing."""
    column = keyword_answers.c[action.value]
    rows = tx.connection.execute(
        sa.select(keyword_answers.c.number, column).where(
            keyword_answers.c.domain_id == said.domain_id,
            keyword_answers.c.number.in_((said.number, "")),
            column.is_not(None),
        )
    )
    found = {row.number: row[1] for row in rows}
    if said.number in found:
        return str(found[said.number])
    if "" in found:
        return str(found[""])
    if action is ConsentAction.HELP:
        return default_help(domain_name)
    return DEFAULT_STOP if action is ConsentAction.STOP else DEFAULT_START
