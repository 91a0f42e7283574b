"""How one is told: settings, single conversations, browsers that take pushes, a test."""

from __future__ import annotations

from typing import Annotated

from aiohttp import hdrs, web
from pydantic import Field

from api.answers import empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Resource, Word, at
from engine.notifications.models import (
    Channel,
    Language,
    Level,
    NewSubscription,
    NotificationSettings,
    Preview,
    Sound,
    Subscription,
    ThreadNotifications,
    UpdateSettings,
    WorkingHours,
)
from engine.notifications.preferences import LONGEST_WAIT_MINUTES

routes = Routes("notifications")

_Url = Annotated[str, Field(min_length=1, max_length=2_048, pattern=r"^[!-~]+$")]
_Key = Annotated[str, Field(min_length=1, max_length=200)]


class WorkingHoursInput(Input):
    time_zone: Word = Field(description="Like Europe/Berlin.")
    hours: list[Line] = Field(min_length=1, max_length=20, description="Like Mon-Fri 08:00-18:00.")


class NotificationChanges(Input):
    sound: Sound = LEFT_AS_IT_IS
    desktop: bool = LEFT_AS_IT_IS
    push: bool = LEFT_AS_IT_IS
    email: bool = LEFT_AS_IT_IS
    email_after_minutes: Annotated[int, Field(ge=1, le=LONGEST_WAIT_MINUTES)] = LEFT_AS_IT_IS
    email_language: Language = LEFT_AS_IT_IS
    preview: Preview = LEFT_AS_IT_IS
    working_hours: WorkingHoursInput | None = LEFT_AS_IT_IS
    chats: bool = LEFT_AS_IT_IS
    texts: bool = LEFT_AS_IT_IS
    voicemails: bool = LEFT_AS_IT_IS
    missed_calls: bool = LEFT_AS_IT_IS


class WorkingHoursResource(Resource):
    time_zone: str
    hours: list[str]


class NotificationSettingsResource(Resource):
    sound: Sound = Field(description="What a page plays.")
    desktop: bool = Field(description="Whether the browser shows it where no page is looked at.")
    push: bool = Field(description="Whether browsers without an open page are told.")
    email: bool = Field(description="Whether what stays unread is told by mail.")
    email_after_minutes: int
    email_language: Language = Field(description="What mails are written in.")
    preview: Preview = Field(description="Who and what, only who, or only that there is something.")
    working_hours: WorkingHoursResource | None = Field(description="Null is always.")
    chats: bool
    texts: bool
    voicemails: bool
    missed_calls: bool
    email_available: bool = Field(description="Whether a mail server is configured.")


class ThreadNotificationsInput(Input):
    level: Level = Field(description="`mentions` in chats only: an @ and one's name or extension, or @all.")
    sound: Sound | None = Field(default=None, description="Null is the one of the settings.")


class ThreadNotificationsResource(Resource):
    level: Level
    sound: Sound | None


class TestInput(Input):
    channel: Channel | None = Field(default=None, description="Null takes the one that would be taken.")


class TestResource(Resource):
    channel: Channel = Field(description="Which way it went.")


class PushKeys(Input):
    p256dh: _Key
    auth: _Key


class NewPushSubscription(Input):
    """What a browser's `PushSubscription.toJSON()` gives."""

    endpoint: _Url
    keys: PushKeys
    expiration_time: float | None = Field(default=None, alias="expirationTime", description="Not used.")


class PushSubscriptionResource(Resource):
    id: str
    host: str = Field(description="Of the push service.")
    user_agent: str
    created_at: At
    used_at: At = Field(description="When its page said last that it is there.")


class PushSubscriptionList(Resource):
    items: list[PushSubscriptionResource]


class PushKey(Resource):
    public_key: str = Field(description="The applicationServerKey a page subscribes with, as base64url.")


def _shown(settings: NotificationSettings, *, mails: bool) -> NotificationSettingsResource:
    hours = settings.working_hours
    return NotificationSettingsResource(
        sound=settings.sound,
        desktop=settings.desktop,
        push=settings.push,
        email=settings.email,
        email_after_minutes=settings.email_after_minutes,
        email_language=settings.email_language,
        preview=settings.preview,
        working_hours=(
            None
            if hours is None
            else WorkingHoursResource(time_zone=hours.time_zone, hours=list(hours.hours))
        ),
        chats=settings.chats,
        texts=settings.texts,
        voicemails=settings.voicemails,
        missed_calls=settings.missed_calls,
        email_available=mails,
    )


def _thread_shown(chosen: ThreadNotifications) -> ThreadNotificationsResource:
    return ThreadNotificationsResource(level=chosen.level, sound=chosen.sound)


def _subscription_shown(one: Subscription) -> PushSubscriptionResource:
    return PushSubscriptionResource(
        id=one.id,
        host=one.host,
        user_agent=one.user_agent,
        created_at=at(one.created_ms),
        used_at=at(one.used_ms),
    )


@routes.add(
    "GET",
    "/v1/me/notifications",
    summary="Read how one is told of what happens.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: NotificationSettingsResource},
    problems=("no_user",),
)
async def get_my_notifications(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    service = request.services.notifications
    return json_answer(200, _shown(await service.preferences.get(request.principal), mails=service.mails))


@routes.add(
    "PATCH",
    "/v1/me/notifications",
    summary="Change how one is told of what happens.",
    permission=Permission.OWN_ACCOUNT,
    body=NotificationChanges,
    answers={200: NotificationSettingsResource},
    problems=("no_user",),
)
async def change_my_notifications(request: ApiRequest[NotificationChanges, NoQuery]) -> web.StreamResponse:
    given = request.body.given()
    hours = given.get("working_hours")
    if hours is not None:
        given["working_hours"] = WorkingHours(hours.time_zone, tuple(hours.hours))
    service = request.services.notifications
    changed = await service.preferences.change(request.principal, UpdateSettings(**given))
    return json_answer(200, _shown(changed, mails=service.mails))


@routes.add(
    "POST",
    "/v1/me/notifications:test",
    summary="Notify oneself of nothing, to see whether and where it shows.",
    permission=Permission.OWN_ACCOUNT,
    body=TestInput,
    answers={200: TestResource},
    problems=(
        "no_user",
        "channel_unavailable",
        "mail_refused",
        "mail_later",
        "mail_server_unavailable",
        "mail_login_refused",
        "mail_outcome_unknown",
    ),
)
async def test_notification(request: ApiRequest[TestInput, NoQuery]) -> web.StreamResponse:
    taken = await request.services.notifications.test(request.principal, request.body.channel)
    return json_answer(200, TestResource(channel=taken))


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}/notifications",
    summary="Read how one is told of one conversation.",
    permission=Permission.READ_CONVERSATIONS,
    answers={200: ThreadNotificationsResource},
    problems=("no_user",),
)
async def get_thread_notifications(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    chosen = await request.services.notifications.preferences.of_thread(
        request.principal, request.id("conversation_id")
    )
    return json_answer(200, _thread_shown(chosen))


@routes.add(
    "PUT",
    "/v1/conversations/{conversation_id}/notifications",
    summary="Say how one is told of one conversation.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=ThreadNotificationsInput,
    answers={200: ThreadNotificationsResource},
    problems=("no_user",),
)
async def set_thread_notifications(
    request: ApiRequest[ThreadNotificationsInput, NoQuery],
) -> web.StreamResponse:
    wanted = ThreadNotifications(request.body.level, request.body.sound)
    chosen = await request.services.notifications.preferences.set_thread(
        request.principal, request.id("conversation_id"), wanted
    )
    return json_answer(200, _thread_shown(chosen))


@routes.add(
    "GET",
    "/v1/push-key",
    summary="Read the key a page subscribes to pushes with.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: PushKey},
)
async def get_push_key(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(200, PushKey(public_key=await request.services.notifications.push_key()))


@routes.add(
    "GET",
    "/v1/me/push-subscriptions",
    summary="List the browsers one is told on by push, the one used last first.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: PushSubscriptionList},
    problems=("no_user",),
)
async def list_push_subscriptions(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.notifications.subscriptions.list(request.principal)
    return json_answer(200, PushSubscriptionList(items=[_subscription_shown(one) for one in found]))


@routes.add(
    "POST",
    "/v1/me/push-subscriptions",
    summary="Be told on this browser; the same one again says that its page is there.",
    permission=Permission.OWN_ACCOUNT,
    body=NewPushSubscription,
    answers={200: PushSubscriptionResource},
    problems=("no_user", "invalid_url", "too_many_subscriptions"),
)
async def add_push_subscription(request: ApiRequest[NewPushSubscription, NoQuery]) -> web.StreamResponse:
    body = request.body
    agent = request.http.headers.get(hdrs.USER_AGENT, "")
    new = NewSubscription(body.endpoint, body.keys.p256dh, body.keys.auth, agent)
    kept = await request.services.notifications.subscriptions.add(request.principal, new)
    return json_answer(200, _subscription_shown(kept))


@routes.add(
    "DELETE",
    "/v1/me/push-subscriptions/{push_subscription_id}",
    summary="Be told on this browser no more.",
    permission=Permission.OWN_ACCOUNT,
    answers={204: None},
    problems=("no_user",),
)
async def remove_push_subscription(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.notifications.subscriptions.remove(
        request.principal, request.id("push_subscription_id")
    )
    return empty_answer()
