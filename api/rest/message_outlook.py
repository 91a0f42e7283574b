"""`POST /v1/messages:explain`: what sending would do, without doing it."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, StringConstraints

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest.messages import APPENDED, MAX_TEXT, MAX_TO, AttachmentIds, PhoneText
from api.routes import NoQuery, Routes
from api.schema import At, Input, Resource, Word, at_or_none
from engine.errors import EngineError
from engine.messaging.models import ConsentState, SendText
from engine.messaging.outlook import Alphabet, CostClass, Outlook, RecipientOutlook, TextShape

routes = Routes("messages")

AnyText = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]


class TextToExplain(Input):
    """A text as one would send it. It may still be empty."""

    from_: PhoneText = Field(alias="from")
    to: list[PhoneText] = Field(default_factory=list, max_length=MAX_TO)
    text: AnyText = ""
    user_id: Word | None = None
    domain_id: Word | None = None
    attachment_ids: AttachmentIds = Field(default_factory=list)


class Reason(Resource):
    """What sending would be refused with: the same code, sentence and field."""

    code: str
    detail: str
    field: str | None


class ForcingCharacterResource(Resource):
    """A character the shorter alphabet lacks, where it first occurs."""

    character: str
    index: int = Field(description="In code points.")
    utf16_index: int = Field(description="As JavaScript counts.")
    name: str = Field(description="By Unicode.")
    suggestion: str | None = Field(description="What reads the same and is short; may be empty.")


class TextShapeResource(Resource):
    """How the carrier's rules write the text."""

    alphabet: Alphabet
    data_coding: int
    units: int = Field(description="Septets, octets or UTF-16 units, by alphabet.")
    limit_per_segment: int
    segments: int
    units_left: int = Field(description="Free in the last segment.")
    forcing: list[ForcingCharacterResource] = Field(description="What made the alphabet the larger one.")
    short_text: str | None = Field(description="The text with look-alikes, if that takes fewer segments.")
    short_segments: int | None


class SmsEnabled(Resource):
    domain: bool
    number: bool
    user: bool | None = Field(description="null where no user would send.")


class BlockResource(Resource):
    """We block what it sends; that does not keep us from texting it."""

    id: str
    number: str | None
    lift: str


class AppendedOutlook(Resource):
    """What would go out behind the text; its link is a sample of the same length."""

    code: Literal["attachments_as_link"]
    detail: str
    text: str


class RecipientOutlookResource(Resource):
    given: str
    number: str | None = Field(description="E.164; null if it is not a number.")
    known: bool = Field(description="Whether such a number can be assigned. Sent to all the same if not.")
    country: str | None
    cost_class: CostClass | None
    consent: ConsentState
    consent_changed_at: At | None
    lift: str | None = Field(description="How the opt-out ends.")
    blocked: BlockResource | None
    problem: Reason | None = Field(description="Why nothing would be sent to it.")


class OutlookResource(Resource):
    """What sending would come to. It may be out of date when it is read."""

    accepted: bool = Field(description="Whether sending would be answered with 202.")
    problems: list[Reason] = Field(description="What it would be refused with, the first one first.")
    number: str = Field(description="Ours.")
    number_id: str
    carrier: str
    carrier_configured: bool
    sms_enabled: SmsEnabled
    text: TextShapeResource | None = Field(description="null where it cannot be written at all.")
    appended: AppendedOutlook | None = Field(description="Where there are attachments.")
    recipients: list[RecipientOutlookResource]


_LIFT_OPT_OUT = (
    "The number texts START to yours, or an office manager puts its consent on record"
    " (PUT /v1/consents/pair)."
)


def _reason(error: EngineError) -> Reason:
    return Reason(code=error.code, detail=error.detail, field=error.field)


def _shape(shape: TextShape) -> TextShapeResource:
    return TextShapeResource(
        alphabet=shape.alphabet,
        data_coding=shape.data_coding,
        units=shape.units,
        limit_per_segment=shape.limit_per_segment,
        segments=shape.segments,
        units_left=shape.units_left,
        forcing=[
            ForcingCharacterResource(
                character=one.character,
                index=one.index,
                utf16_index=one.utf16_index,
                name=one.name,
                suggestion=one.suggestion,
            )
            for one in shape.forcing
        ],
        short_text=shape.short_text,
        short_segments=shape.short_segments,
    )


def _recipient(one: RecipientOutlook) -> RecipientOutlookResource:
    consent = one.standing.consent if one.standing else None
    block = one.standing.block if one.standing else None
    state = consent.state if consent else ConsentState.NONE
    return RecipientOutlookResource(
        given=one.given,
        number=one.number,
        known=one.known,
        country=one.country,
        cost_class=one.cost_class,
        consent=state,
        consent_changed_at=at_or_none(consent.changed_ms) if consent else None,
        lift=_LIFT_OPT_OUT if state is ConsentState.STOPPED else None,
        blocked=None
        if block is None
        else BlockResource(id=block.id, number=block.number, lift=f"DELETE /v1/blocked-senders/{block.id}"),
        problem=None if one.problem is None else _reason(one.problem),
    )


def shown(outlook: Outlook) -> OutlookResource:
    number = outlook.number
    return OutlookResource(
        accepted=not outlook.problems,
        problems=[_reason(error) for error in outlook.problems],
        number=number.e164,
        number_id=number.id,
        carrier=number.carrier,
        carrier_configured=outlook.carrier_configured,
        sms_enabled=SmsEnabled(
            domain=number.domain_sms_enabled, number=number.sms_enabled, user=outlook.user_sms_enabled
        ),
        text=None if outlook.shape is None else _shape(outlook.shape),
        appended=None
        if outlook.appended is None
        else AppendedOutlook(code="attachments_as_link", detail=APPENDED, text=outlook.appended),
        recipients=[_recipient(one) for one in outlook.recipients],
    )


@routes.add(
    "POST",
    "/v1/messages:explain",
    summary="What sending would do: coding, segments, carrier, consent; nothing is sent or stored.",
    permission=Permission.SEND_MESSAGES,
    body=TextToExplain,
    answers={200: OutlookResource},
    problems=("not_found", "invalid_number", "number_not_assigned"),
)
async def explain_message(request: ApiRequest[TextToExplain, NoQuery]) -> web.StreamResponse:
    body = request.body
    wanted = SendText(
        from_number=body.from_,
        to=tuple(body.to),
        text=body.text,
        user_id=body.user_id,
        domain_id=body.domain_id,
        attachment_ids=tuple(body.attachment_ids),
    )
    return json_answer(200, shown(await request.services.explainer.explain(request.principal, wanted)))
