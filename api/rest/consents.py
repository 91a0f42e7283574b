"""Consent: which outside numbers want no texts, the ledger that shows why, and answers to keywords."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, StringConstraints

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.rest.messages import PhoneText
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Line, Listed, PageQuery, Query, Resource, Word, at, at_or_none, listed
from engine.messaging.consent import MAX_ANSWER, SetConsent
from engine.messaging.models import (
    Consent,
    ConsentAction,
    ConsentEntry,
    ConsentFilter,
    ConsentState,
    KeywordAnswers,
)

routes = Routes("consents")

Answer = Annotated[str, StringConstraints(max_length=MAX_ANSWER, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]


class ConsentEntryResource(Resource):
    """One line of the ledger."""

    id: str
    domain_id: str
    number: str = Field(description="Ours.")
    peer: str = Field(description="The outside number, short code or name.")
    action: ConsentAction = Field(description="The keyword's meaning, or `set` by a person.")
    old_state: ConsentState
    new_state: ConsentState
    keyword: str | None
    message_id: str | None = Field(description="The text that said it.")
    answer_id: str | None = Field(description="The text it was answered with, if any.")
    user_id: str | None
    credential_id: str | None
    reason: str | None
    at: At


class ConsentLedger(Listed[ConsentEntryResource]):
    """The ledger, newest first."""


class LedgerQuery(PageQuery):
    domain_id: Word | None = None
    number: PhoneText | None = Field(default=None, description="One of ours, E.164.")
    peer: PhoneText | None = None
    action: ConsentAction | None = None


class ConsentResource(Resource):
    """Where a pair stands. `none`: it has never said, and may be texted."""

    number: str
    peer: str
    state: ConsentState
    changed_at: At | None
    entry_id: str | None


class PairQuery(Query):
    number: PhoneText
    peer: PhoneText


class ConsentChange(Input):
    """What a person of ours puts on record; the reason is kept for ever."""

    number: PhoneText
    peer: PhoneText
    state: Literal["stopped", "active"]
    reason: Annotated[Line, StringConstraints(min_length=1)]


class KeywordAnswersResource(Resource):
    """What keywords are answered with. null: the domain's text, or the built-in one; empty: nothing."""

    number: str | None = Field(description="null: every number of the domain without texts of its own.")
    stop: str | None
    start: str | None
    help: str | None


class KeywordAnswersList(Resource):
    items: list[KeywordAnswersResource]


class NewKeywordAnswers(Input):
    """The whole set for a number or the domain; what is left out becomes null."""

    domain_id: Word | None = None
    number: PhoneText | None = None
    stop: Answer | None = None
    start: Answer | None = None
    help: Answer | None = None


class AnswersQuery(Query):
    domain_id: Word | None = None


def _entry(entry: ConsentEntry) -> ConsentEntryResource:
    return ConsentEntryResource(
        id=entry.id,
        domain_id=entry.domain_id,
        number=entry.number,
        peer=entry.peer,
        action=entry.action,
        old_state=entry.old_state,
        new_state=entry.new_state,
        keyword=entry.keyword,
        message_id=entry.message_id,
        answer_id=entry.answer_id,
        user_id=entry.user_id,
        credential_id=entry.credential_id,
        reason=entry.reason,
        at=at(entry.at_ms),
    )


def _consent(consent: Consent) -> ConsentResource:
    return ConsentResource(
        number=consent.number,
        peer=consent.peer,
        state=consent.state,
        changed_at=at_or_none(consent.changed_ms),
        entry_id=consent.entry_id,
    )


def _answers(answers: KeywordAnswers) -> KeywordAnswersResource:
    return KeywordAnswersResource(
        number=answers.number, stop=answers.stop, start=answers.start, help=answers.help
    )


@routes.add(
    "GET",
    "/v1/consents",
    summary="The ledger: who opted out or in, when, why and by which text; newest first.",
    permission=Permission.READ_MESSAGES,
    query=LedgerQuery,
    answers={200: ConsentLedger},
    problems=("not_found", "invalid_cursor"),
)
async def list_consents(request: ApiRequest[NoBody, LedgerQuery]) -> web.StreamResponse:
    query = request.query
    chosen = ConsentFilter(query.number, query.peer, query.action)
    page = await request.services.consents.ledger(
        request.principal, query.domain_id, chosen, page_request(query)
    )
    return json_answer(200, listed(page, _entry))


@routes.add(
    "GET",
    "/v1/consents/pair",
    summary="Whether an outside number lets one of ours text it.",
    permission=Permission.READ_MESSAGES,
    query=PairQuery,
    answers={200: ConsentResource},
    problems=("not_found", "invalid_number"),
)
async def get_consent(request: ApiRequest[NoBody, PairQuery]) -> web.StreamResponse:
    query = request.query
    found = await request.services.consents.current(request.principal, query.number, query.peer)
    return json_answer(200, _consent(found))


@routes.add(
    "PUT",
    "/v1/consents/pair",
    summary="Put on record that an outside number opted out or in by other means than a text.",
    permission=Permission.CHANGE_CONSENTS,
    body=ConsentChange,
    answers={200: ConsentResource},
    problems=("not_found", "invalid_number"),
)
async def set_consent(request: ApiRequest[ConsentChange, NoQuery]) -> web.StreamResponse:
    body = request.body
    wanted = SetConsent(
        number=body.number, peer=body.peer, state=ConsentState(body.state), reason=body.reason
    )
    return json_answer(200, _consent(await request.services.consents.set(request.principal, wanted)))


@routes.add(
    "GET",
    "/v1/keyword-answers",
    summary="What STOP, START and HELP are answered with.",
    permission=Permission.READ_MESSAGES,
    query=AnswersQuery,
    answers={200: KeywordAnswersList},
    problems=("not_found",),
)
async def list_keyword_answers(request: ApiRequest[NoBody, AnswersQuery]) -> web.StreamResponse:
    found = await request.services.consents.answers(request.principal, request.query.domain_id)
    return json_answer(200, KeywordAnswersList(items=[_answers(one) for one in found]))


@routes.add(
    "PUT",
    "/v1/keyword-answers",
    summary="Set what keywords are answered with, for the domain or one of its numbers.",
    permission=Permission.CHANGE_CONSENTS,
    body=NewKeywordAnswers,
    answers={200: KeywordAnswersResource},
    problems=("not_found", "invalid_number"),
)
async def set_keyword_answers(request: ApiRequest[NewKeywordAnswers, NoQuery]) -> web.StreamResponse:
    body = request.body
    answers = KeywordAnswers(body.number, body.stop, body.start, body.help)
    saved = await request.services.consents.set_answers(request.principal, answers, body.domain_id)
    return json_answer(200, _answers(saved))
