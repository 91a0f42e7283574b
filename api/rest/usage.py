"""Usage of a domain: texts with their costs, calls and chats, by day, and the home page's summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from aiohttp import hdrs, web
from pydantic import AfterValidator, Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, Routes
from api.schema import At, Query, Resource, Word, at
from engine.errors import InvalidRequest
from engine.spreadsheets import csv_lines
from engine.usage.models import Group, GroupBy, Kind, Sums, Usage, UsageDomain
from engine.usage.service import summed

routes = Routes("usage")


def _is_a_day(text: str) -> str:
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError("give a day as 2026-11-22")
    return text


Day = Annotated[str, AfterValidator(_is_a_day), Field(json_schema_extra={"format": "date"})]


class UsageQuery(Query):
    domain_id: Word | None = None
    from_: Day | None = Field(
        default=None, alias="from", description="The first day; thirty days up to the last when left out."
    )
    until: Day | None = Field(default=None, description="The last day; today when left out.")
    group_by: str = Field(
        default="day",
        max_length=100,
        pattern=r"^[a-z_]+(,[a-z_]+)*$",
        description="By what sums are told apart: day, user, number, direction, carrier, status,"
        " failure_class; several with commas between. Calls: day, user, direction, status. Chats: day, user.",
    )


class UsageFileQuery(UsageQuery):
    of: Kind = Field(description="What to count.")


class Cost(Resource):
    currency: str = Field(description="ISO 4217.")
    micros: int = Field(description="Millionths of the currency's unit.")


class GroupResource(Resource):
    """What a sum is of. Null: not told apart by it, or there is none (nobody, no failure)."""

    day: str | None
    user_id: str | None
    number: str | None
    direction: str | None
    carrier: str | None
    status: str | None
    failure_class: str | None


class TextSums(Resource):
    texts: int = Field(description="One a recipient, or one that came in.")
    sent: int = Field(
        description="Of those that went out; delivered, failed, unknown and under_way are parts."
    )
    received: int
    delivered: int
    failed: int = Field(description="Known not to have arrived, or not whole.")
    unknown: int = Field(description="Nobody will tell any more, unless a late receipt does.")
    under_way: int
    segments: int
    charged_segments: int = Field(description="What the carrier took, or may have, second copies included.")
    cost: list[Cost] = Field(description="By currency; empty where no carrier has prices.")


class CallSums(Resource):
    calls: int
    answered: int
    missed: int = Field(description="Inbound ones that nobody answered.")
    talk_s: int


class ChatSums(Resource):
    messages: int


class TextUsageRow(GroupResource, TextSums):
    pass


class CallUsageRow(GroupResource, CallSums):
    pass


class ChatUsageRow(GroupResource, ChatSums):
    pass


class UsageReport(Resource):
    domain_id: str
    time_zone: str = Field(description="Of the days.")
    from_: str = Field(alias="from")
    until: str
    group_by: list[GroupBy]
    counted_at: At = Field(description="What happened up to then is in the sums.")


class TextUsage(UsageReport):
    items: list[TextUsageRow]


class CallUsage(UsageReport):
    items: list[CallUsageRow]


class ChatUsage(UsageReport):
    items: list[ChatUsageRow]


class UsageDay(Resource):
    day: str
    texts: TextSums
    calls: CallSums
    chats: ChatSums


class UsagePeriod(Resource):
    texts: TextSums
    calls: CallSums
    chats: ChatSums


class UsageSummary(Resource):
    """What the home page of an office manager shows."""

    domain_id: str
    shown: bool = Field(
        description="Texting is switched on for the domain and for at least one of its users."
    )
    texting_users: int
    time_zone: str
    counted_at: At
    today: UsagePeriod
    last_7_days: UsagePeriod = Field(description="Today included.")
    last_30_days: UsagePeriod
    days: list[UsageDay] = Field(description="The last thirty, oldest first.")


class SummaryQuery(Query):
    domain_id: Word | None = None


def text_sums(sums: Sums) -> dict[str, object]:
    return {
        "texts": sums.items,
        "sent": sums.items - sums.received,
        "received": sums.received,
        "delivered": sums.delivered,
        "failed": sums.failed,
        "unknown": sums.unknown,
        "under_way": sums.under_way,
        "segments": sums.segments,
        "charged_segments": sums.charged_segments,
        "cost": [Cost(currency=name, micros=micros) for name, micros in sorted(sums.cost_micros.items())],
    }


def call_sums(sums: Sums) -> dict[str, object]:
    return {
        "calls": sums.items,
        "answered": sums.answered,
        "missed": sums.missed,
        "talk_s": round(sums.talk_ms / 1000),
    }


def chat_sums(sums: Sums) -> dict[str, object]:
    return {"messages": sums.items}


def _group(group: Group) -> dict[str, object]:
    return {name: getattr(group, name) for name in GroupResource.model_fields}


def _head(usage: Usage) -> dict[str, object]:
    return {
        "domain_id": usage.domain.id,
        "time_zone": usage.domain.time_zone,
        "from_": usage.from_day,
        "until": usage.until_day,
        "group_by": list(usage.group_by),
        "counted_at": at(usage.counted_ms),
    }


async def _report(request: ApiRequest[Any, Any], query: UsageQuery, kind: Kind) -> Usage:
    try:
        groups = [GroupBy(word) for word in query.group_by.split(",")]
    except ValueError:
        raise InvalidRequest("There is no such thing to group by.", field="?group_by") from None
    return await request.services.usage.report(
        request.principal,
        kind,
        groups,
        domain_id=query.domain_id,
        from_day=query.from_,
        until_day=query.until,
    )


@routes.add(
    "GET",
    "/v1/usage/messages",
    summary="Texts of a domain with segments and costs, by day or whatever else.",
    permission=Permission.READ_USAGE,
    query=UsageQuery,
    answers={200: TextUsage},
    problems=("not_found",),
)
async def text_usage(request: ApiRequest[NoBody, UsageQuery]) -> web.StreamResponse:
    usage = await _report(request, request.query, Kind.TEXT)
    items = [TextUsageRow.model_validate(_group(one) | text_sums(sums)) for one, sums in usage.rows]
    return json_answer(200, TextUsage.model_validate(_head(usage) | {"items": items}))


@routes.add(
    "GET",
    "/v1/usage/calls",
    summary="Calls of a domain as its users had them, by day or whatever else.",
    permission=Permission.READ_USAGE,
    query=UsageQuery,
    answers={200: CallUsage},
    problems=("not_found",),
)
async def call_usage(request: ApiRequest[NoBody, UsageQuery]) -> web.StreamResponse:
    usage = await _report(request, request.query, Kind.CALL)
    items = [CallUsageRow.model_validate(_group(one) | call_sums(sums)) for one, sums in usage.rows]
    return json_answer(200, CallUsage.model_validate(_head(usage) | {"items": items}))


@routes.add(
    "GET",
    "/v1/usage/chats",
    summary="What was said in chats of a domain, by day or user.",
    permission=Permission.READ_USAGE,
    query=UsageQuery,
    answers={200: ChatUsage},
    problems=("not_found",),
)
async def chat_usage(request: ApiRequest[NoBody, UsageQuery]) -> web.StreamResponse:
    usage = await _report(request, request.query, Kind.CHAT)
    items = [ChatUsageRow.model_validate(_group(one) | chat_sums(sums)) for one, sums in usage.rows]
    return json_answer(200, ChatUsage.model_validate(_head(usage) | {"items": items}))


@routes.add(
    "GET",
    "/v1/usage/summary",
    summary="Usage of the last thirty days, for a manager's home page.",
    permission=Permission.READ_USAGE,
    query=SummaryQuery,
    answers={200: UsageSummary},
    problems=("not_found",),
)
async def usage_summary(request: ApiRequest[NoBody, SummaryQuery]) -> web.StreamResponse:
    found = await request.services.usage.summary(request.principal, request.query.domain_id)

    def period(days: int) -> UsagePeriod:
        return UsagePeriod(
            texts=TextSums.model_validate(text_sums(_last(found.texts, days))),
            calls=CallSums.model_validate(call_sums(_last(found.calls, days))),
            chats=ChatSums.model_validate(chat_sums(_last(found.chats, days))),
        )

    days = [
        UsageDay(
            day=day,
            texts=TextSums.model_validate(text_sums(found.texts[day])),
            calls=CallSums.model_validate(call_sums(found.calls[day])),
            chats=ChatSums.model_validate(chat_sums(found.chats[day])),
        )
        for day in found.texts
    ]
    domain: UsageDomain = found.domain
    return json_answer(
        200,
        UsageSummary(
            domain_id=domain.id,
            shown=found.shown,
            texting_users=domain.texting_users,
            time_zone=domain.time_zone,
            counted_at=at(found.counted_ms),
            today=period(1),
            last_7_days=period(7),
            last_30_days=period(30),
            days=days,
        ),
    )


_SUMS: Mapping[Kind, Callable[[Sums], dict[str, object]]] = {
    Kind.TEXT: text_sums,
    Kind.CALL: call_sums,
    Kind.CHAT: chat_sums,
}


@routes.add(
    "GET",
    "/v1/usage:export",
    summary="The same sums as a CSV file.",
    permission=Permission.READ_USAGE,
    query=UsageFileQuery,
    answers={200: "text/csv"},
    problems=("not_found",),
)
async def export_usage(request: ApiRequest[NoBody, UsageFileQuery]) -> web.StreamResponse:
    kind = request.query.of
    usage = await _report(request, request.query, kind)
    text = usage_csv(usage, _SUMS[kind])
    name = f"usage-{kind.value}-{usage.from_day}-{usage.until_day}.csv"
    return web.Response(
        body=text.encode(),
        headers={
            hdrs.CONTENT_TYPE: "text/csv; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
        },
    )


def usage_csv(usage: Usage, shown: Callable[[Sums], dict[str, object]]) -> str:
    """A line a group and currency: what was counted stands in the first of them."""
    fields = ["user_id" if one is GroupBy.USER else one.value for one in usage.group_by]
    measures = [name for name in shown(Sums()) if name != "cost"]
    costs = any(sums.cost_micros for _, sums in usage.rows)
    lines: list[list[object]] = [[*fields, *measures, *(["currency", "cost"] if costs else [])]]
    for group, sums in usage.rows:
        values = shown(sums)
        cells: list[object] = [getattr(group, name) for name in fields]
        counted: list[object] = [values[name] for name in measures]
        if not costs:
            lines.append([*cells, *counted])
            continue
        for place, (currency, micros) in enumerate(sorted(sums.cost_micros.items()) or [("", 0)]):
            amount = f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
            lines.append([*cells, *(counted if place == 0 else [0] * len(counted)), currency, amount])
    return csv_lines(lines)


def _last(days: Mapping[str, Sums], count: int) -> Sums:
    return summed(list(days.values())[-count:])
