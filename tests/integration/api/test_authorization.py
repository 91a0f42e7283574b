"""Every route against every kind of caller, made from the route table: who may, and who learns nothing.

A route that has no row here fails the test, so that nobody adds one without saying who may use it and
what a stranger gets. "Other" is another tenant's id where the caller's own would stand, "missing" an id
that does not exist: the two answers must be the same octets, the request id aside.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields

import pytest

from api.app import FEATURES
from api.permissions import LEAST_SCOPE, Permission, scopes_with
from api.problems import CODES
from api.routes import Route, RouteTable
from engine.accounts.models import SYSTEM, CreateDevice, CreateNumber, CreateUser, Scope
from engine.contacts.models import CreateContact
from engine.conversations.quick_replies import CreateQuickReply
from engine.ids import new_id
from engine.webhooks.models import CreateWebhook
from tests import hostile_files
from tests.integration.api.client import Answer
from tests.integration.api.world import CARRIER, PASSWORD, Tenant, World, made

TABLE = {route.name: route for route in RouteTable(FEATURES)}


@dataclass(frozen=True)
class Ask:
    """One request. domain_in: where a caller of several domains must name one, `body` or `query`."""

    path: str
    body: object = ...
    domain_in: str | None = None
    media_type: str = "application/json"


@dataclass(frozen=True)
class Row:
    """own: a request about things of this tenant, which may make what it is about.

    strangers: the same with an id that is not the caller's, given that id by kind; compared for another
    tenant's ids and for missing ones. narrower: scopes that have the permission and are refused all
    the same, and the code that tells why.
    """

    own: Callable[[World, Tenant], Awaitable[Ask]]
    strangers: Callable[[Ids], list[Ask]] = lambda ids: []
    narrower: dict[Scope, str] | None = None


@dataclass(frozen=True)
class Ids:
    """Ids of one tenant's things, or ids of nothing."""

    domain: str
    user: str
    device: str
    number: str
    key: str
    call: str
    message: str
    conversation: str
    contact: str
    session: str
    call_log: str
    e164: str
    block: str
    quick_reply: str
    webhook: str
    delivery: str
    attachment: str
    voicemail: str


def ids_of(tenant: Tenant) -> Ids:
    return Ids(
        tenant.domain.id,
        tenant.users[0].id,
        tenant.devices[0].id,
        tenant.number.id,
        tenant.manager_key_id,
        tenant.call_id,
        tenant.message_id,
        tenant.conversation_id,
        tenant.contact_id,
        tenant.session_id,
        tenant.call_log_id,
        tenant.number.e164,
        tenant.block_id,
        tenant.quick_reply_id,
        tenant.webhook_id,
        tenant.delivery_id,
        tenant.attachment_id,
        tenant.voicemail_id,
    )


def ids_of_nothing() -> Ids:
    kinds = ("dom", "usr", "dev", "num", "key", "call", "msg", "conv", "cont", "ses", "clog")
    return Ids(
        *(new_id(kind) for kind in kinds),
        "+12025550199",
        new_id("blk"),
        new_id("qr"),
        new_id("wh"),
        new_id("whd"),
        new_id("att"),
        new_id("vm"),
    )


#: Keys of these act for nobody, who has nothing of their own.
NO_USER = dict.fromkeys((Scope.OFFICE_MANAGER, Scope.RESELLER, Scope.SUPER_USER), "no_user")

_extensions = iter(range(5_000, 99_999))


async def an_erasure(world: World, tenant: Tenant) -> Ask:
    done = await world.services.erasures.erase(SYSTEM, number="+12025550112", domain_id=tenant.domain.id)
    return Ask(f"/v1/erasures/{done.id}")


async def fresh_user(world: World, tenant: Tenant) -> str:
    extension = str(next(_extensions))
    command = CreateUser(extension=extension, display_name="New", domain_id=tenant.domain.id)
    return made(await world.accounts.users.create(SYSTEM, command)).id


def fixed(
    path: Callable[[Tenant], str],
    body: Callable[[Tenant], object] | None = None,
    domain_in: str | None = None,
) -> Callable[[World, Tenant], Awaitable[Ask]]:
    async def own(_: World, tenant: Tenant) -> Ask:
        return Ask(path(tenant), ... if body is None else body(tenant), domain_in)

    return own


def browser() -> dict[str, object]:
    """What a browser that takes pushes says of itself."""
    return {
        "endpoint": f"https://push.example.com/{next(_extensions)}",
        "keys": {
            "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW"
            "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
            "auth": "AAAAAAAAAAAAAAAAAAAAAA",
        },
    }


async def subscribed(world: World, tenant: Tenant) -> Ask:
    kept = await world.client.post("/v1/me/push-subscriptions", tenant.tokens[0], browser())
    return Ask(f"/v1/me/push-subscriptions/{kept.body['id']}")


async def link_of_a_mail(world: World, tenant: Tenant) -> Ask:
    mailing = world.services.notifications.mailing
    assert mailing is not None
    return Ask(f"/v1/unsubscribe?token={await mailing.token_of(tenant.users[0].id)}")


async def new_domain(_: World, __: Tenant) -> Ask:
    return Ask("/v1/domains", {"name": "New", "pbx": "main", "dial_context": "out"})


async def doomed_domain(world: World, _: Tenant) -> Ask:
    new = {"name": "Doomed", "pbx": "main", "dial_context": "out", "reseller_id": "acme-resale"}
    made_now = await world.client.post("/v1/domains", world.super_user, new)
    return Ask(f"/v1/domains/{made_now.body['id']}")


async def new_user(_: World, __: Tenant) -> Ask:
    return Ask("/v1/users", {"extension": str(next(_extensions)), "display_name": "New"}, "body")


async def doomed_user(world: World, tenant: Tenant) -> Ask:
    return Ask(f"/v1/users/{await fresh_user(world, tenant)}")


async def doomed_voicemail(world: World, tenant: Tenant) -> Ask:
    return Ask(f"/v1/voicemails/{await world.voicemail(tenant.users[0], tenant.domain.name)}")


async def new_device(_: World, tenant: Tenant) -> Ask:
    return Ask("/v1/devices", {"user_id": tenant.users[0].id, "endpoint": f"new-{next(_extensions)}"})


async def doomed_device(world: World, tenant: Tenant) -> Ask:
    command = CreateDevice(user_id=tenant.users[0].id, endpoint=f"doomed-{next(_extensions)}")
    return Ask(f"/v1/devices/{made(await world.accounts.devices.create(SYSTEM, command)).id}")


async def new_number(_: World, __: Tenant) -> Ask:
    return Ask("/v1/numbers", {"e164": f"+120255{next(_extensions):05}", "carrier": CARRIER}, "body")


async def doomed_number(world: World, tenant: Tenant) -> Ask:
    e164 = f"+120256{next(_extensions):05}"
    command = CreateNumber(e164=e164, carrier=CARRIER, domain_id=tenant.domain.id)
    return Ask(f"/v1/numbers/{made(await world.accounts.numbers.create(SYSTEM, command)).id}")


async def doomed_key(world: World, tenant: Tenant) -> Ask:
    secret = await world.key(Scope.OFFICE_MANAGER, domain_id=tenant.domain.id)
    return Ask(f"/v1/keys/{(await world.principal(secret)).credential_id}")


async def doomed_block(world: World, tenant: Tenant) -> Ask:
    made_now = await world.services.blocked_senders.block(SYSTEM, "+12025550191", tenant.number.e164)
    return Ask(f"/v1/blocked-senders/{made(made_now).id}")


def pair(e164: str) -> str:
    return f"/v1/consents/pair?number=%2B{e164[1:]}&peer=%2B12025550177"


def on_record(e164: str) -> dict[str, object]:
    return {"number": e164, "peer": "+12025550177", "state": "active", "reason": "Signed a form"}


NOBODY = f"usr_{0:032x}"


def shared_inbox(
    verb: str,
    body: Callable[[str], object] | None = None,
    narrower: dict[Scope, str] | None = None,
) -> Row:
    """Something done to a text thread; body: made from the id of a user."""
    return Row(
        fixed(
            lambda t: f"/v1/conversations/{t.conversation_id}:{verb}",
            None if body is None else lambda t: body(t.users[0].id),
        ),
        lambda ids: [
            Ask(f"/v1/conversations/{ids.conversation}:{verb}", ... if body is None else body(NOBODY))
        ],
        narrower=narrower,
    )


async def new_key(_: World, tenant: Tenant) -> Ask:
    return Ask("/v1/keys", {"label": "new", "scope": "office_manager", "domain_id": tenant.domain.id})


async def a_file(_: World, __: Tenant) -> Ask:
    return Ask("/v1/contacts:import", b"Name,Phone\r\nGrace,+12025550143\r\n", "query", "text/csv")


async def doomed_contact(world: World, tenant: Tenant) -> Ask:
    command = CreateContact(name="Doomed", domain_id=tenant.domain.id)
    return Ask(f"/v1/contacts/{made(await world.services.contacts.create(SYSTEM, command)).id}")


async def doomed_session(world: World, tenant: Tenant) -> Ask:
    name = f"101@{tenant.domain.name}"
    made_now = await world.client.post("/v1/login", None, {"name": name, "password": PASSWORD})
    return Ask(f"/v1/sessions/{made_now.body['session_id']}")


def text(tenant: Tenant) -> dict[str, object]:
    return {"from": tenant.number.e164, "to": ["+12025550177"], "text": "Hello"}


def from_stranger(ids: Ids) -> dict[str, object]:
    return {"from": ids.e164, "to": ["+12025550177"], "text": "Hello"}


def click(tenant: Tenant) -> dict[str, object]:
    return {"to": "102", "user_id": tenant.users[0].id}


async def group_of_texts(world: World, tenant: Tenant) -> str:
    body = {"to": [{"number": "+12025550177"}, {"number": "+12025550178"}], "from": tenant.number.e164}
    group = await world.client.post("/v1/conversations", tenant.manager, body)
    conversation_id: str = group.body["id"]
    return conversation_id


async def number_in_group(world: World, tenant: Tenant) -> Ask:
    group = await group_of_texts(world, tenant)
    return Ask(f"/v1/conversations/{group}/members?number=%2B12025550178")


async def doomed_webhook(world: World, tenant: Tenant) -> Ask:
    command = CreateWebhook(url="https://127.0.0.1:1/hook", domain_id=tenant.domain.id)
    return Ask(f"/v1/webhooks/{made(await world.services.webhooks.create(SYSTEM, command)).webhook.id}")


def webhook_row(body: object = ..., after: str = "") -> Row:
    """A request about one webhook. after: what stands behind its id."""
    return Row(
        fixed(lambda t: f"/v1/webhooks/{t.webhook_id}{after}", None if body is ... else lambda t: body),
        lambda ids: [Ask(f"/v1/webhooks/{ids.webhook}{after}", body)],
    )


def delivery_row(after: str = "") -> Row:
    return Row(
        fixed(lambda t: f"/v1/webhooks/{t.webhook_id}/deliveries/{t.delivery_id}{after}"),
        lambda ids: [Ask(f"/v1/webhooks/{ids.webhook}/deliveries/{ids.delivery}{after}")],
    )


async def doomed_reply(world: World, tenant: Tenant) -> Ask:
    command = CreateQuickReply(text="Doomed", domain_id=tenant.domain.id)
    return Ask(f"/v1/quick-replies/{made(await world.services.quick_replies.create(SYSTEM, command)).id}")


async def changing_reply(world: World, tenant: Tenant) -> Ask:
    return Ask((await doomed_reply(world, tenant)).path, {"text": "New"})


async def shared_thread(world: World, tenant: Tenant) -> Ask:
    everybody = {"user_ids": [user.id for user in tenant.users]}
    await world.client.ask("PATCH", f"/v1/numbers/{tenant.number.id}", secret=tenant.manager, json=everybody)
    return Ask(f"/v1/conversations/{tenant.conversation_id}:leave")


#: Keys of these are in no chat, and chats are for those in them.
NO_MEMBER = dict.fromkeys((Scope.OFFICE_MANAGER, Scope.RESELLER, Scope.SUPER_USER), "not_found")


def said_in_chat(ending: str = "", body: object = ...) -> Row:
    """Something done to a message of a chat, by the one who said it."""

    async def own(world: World, tenant: Tenant) -> Ask:
        new = {"to": [{"extension": "102"}]}
        chat = await world.client.post("/v1/conversations", tenant.tokens[0], new)
        address = f"/v1/conversations/{chat.body['id']}/messages"
        said = await world.client.post(address, tenant.tokens[0], {"text": "Hello"})
        return Ask(f"/v1/messages/{said.body['id']}{ending}", body)

    return Row(own, lambda ids: [Ask(f"/v1/messages/{ids.message}{ending}", body)], narrower=NO_MEMBER)


def own_thread(verb: str, body: object = ...) -> Row:
    """Something a user does to their own side of a thread."""
    return Row(
        fixed(
            lambda t: f"/v1/conversations/{t.conversation_id}:{verb}",
            None if body is ... else lambda t: body,
        ),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}:{verb}", body)],
        narrower=NO_USER,
    )


async def unsent_file(world: World, tenant: Tenant) -> str:
    path, headers = "/v1/attachments?filename=a.png", {"Content-Type": "image/png"}
    made_now = await world.client.ask(
        "POST", path, secret=tenant.tokens[0], raw=hostile_files.picture(), headers=headers
    )
    attachment_id: str = made_now.body["id"]
    return attachment_id


def own_file(ending: str = "") -> Row:
    """Something asked of a file."""

    async def own(world: World, tenant: Tenant) -> Ask:
        return Ask(f"/v1/attachments/{await unsent_file(world, tenant)}{ending}")

    return Row(own, lambda ids: [Ask(f"/v1/attachments/{ids.attachment}{ending}")])


def linked_file(ending: str = "") -> Row:
    """Something asked by a link in a text, which is all one needs."""

    async def own(world: World, tenant: Tenant) -> Ask:
        body = {**text(tenant), "attachment_ids": [await unsent_file(world, tenant)]}
        said = await world.client.post("/v1/messages", tenant.tokens[0], body)
        return Ask(f"/a/{said.body['appended']['text'].rpartition('/')[2]}{ending}")

    return Row(own)


async def a_picture(_: World, __: Tenant) -> Ask:
    return Ask("/v1/attachments?filename=a.png", hostile_files.picture(), "query", "image/png")


def new_thread(tenant: Tenant) -> dict[str, object]:
    return {"to": [{"number": "+12025550177"}], "from": tenant.number.e164}


ROWS: dict[str, Row] = {
    "create_domain": Row(new_domain),
    "list_domains": Row(fixed(lambda t: "/v1/domains")),
    "get_domain": Row(
        fixed(lambda t: f"/v1/domains/{t.domain.id}"), lambda ids: [Ask(f"/v1/domains/{ids.domain}")]
    ),
    "change_domain": Row(
        fixed(lambda t: f"/v1/domains/{t.domain.id}", lambda t: {"name": "Other"}),
        lambda ids: [Ask(f"/v1/domains/{ids.domain}", {"name": "Mine"})],
    ),
    "delete_domain": Row(doomed_domain, lambda ids: [Ask(f"/v1/domains/{ids.domain}")]),
    "create_user": Row(
        new_user,
        lambda ids: [
            Ask("/v1/users", {"extension": "777", "display_name": "X", "domain_id": ids.domain}),
        ],
    ),
    "list_users": Row(
        fixed(lambda t: "/v1/users", domain_in="query"),
        lambda ids: [Ask(f"/v1/users?domain_id={ids.domain}")],
    ),
    "get_user": Row(
        fixed(lambda t: f"/v1/users/{t.users[0].id}"), lambda ids: [Ask(f"/v1/users/{ids.user}")]
    ),
    "change_user": Row(
        fixed(lambda t: f"/v1/users/{t.users[0].id}", lambda t: {"display_name": "Other"}),
        lambda ids: [Ask(f"/v1/users/{ids.user}", {"display_name": "Mine"})],
    ),
    "delete_user": Row(doomed_user, lambda ids: [Ask(f"/v1/users/{ids.user}")]),
    "create_device": Row(
        new_device, lambda ids: [Ask("/v1/devices", {"user_id": ids.user, "endpoint": "stolen"})]
    ),
    "list_devices": Row(
        fixed(lambda t: "/v1/devices", domain_in="query"),
        lambda ids: [Ask(f"/v1/devices?domain_id={ids.domain}"), Ask(f"/v1/devices?user_id={ids.user}")],
    ),
    "get_device": Row(
        fixed(lambda t: f"/v1/devices/{t.devices[0].id}"), lambda ids: [Ask(f"/v1/devices/{ids.device}")]
    ),
    "change_device": Row(
        fixed(lambda t: f"/v1/devices/{t.devices[0].id}", lambda t: {"label": "Desk"}),
        lambda ids: [Ask(f"/v1/devices/{ids.device}", {"label": "Mine"})],
    ),
    "delete_device": Row(doomed_device, lambda ids: [Ask(f"/v1/devices/{ids.device}")]),
    "create_number": Row(
        new_number,
        lambda ids: [
            Ask("/v1/numbers", {"e164": "+12025550123", "carrier": CARRIER, "domain_id": ids.domain})
        ],
    ),
    "list_numbers": Row(
        fixed(lambda t: "/v1/numbers", domain_in="query"),
        lambda ids: [Ask(f"/v1/numbers?domain_id={ids.domain}"), Ask(f"/v1/numbers?user_id={ids.user}")],
    ),
    "get_number": Row(
        fixed(lambda t: f"/v1/numbers/{t.number.id}"), lambda ids: [Ask(f"/v1/numbers/{ids.number}")]
    ),
    "change_number": Row(
        fixed(lambda t: f"/v1/numbers/{t.number.id}", lambda t: {"sms_enabled": True}),
        lambda ids: [Ask(f"/v1/numbers/{ids.number}", {"sms_enabled": False})],
    ),
    "delete_number": Row(doomed_number, lambda ids: [Ask(f"/v1/numbers/{ids.number}")]),
    "create_key": Row(
        new_key,
        lambda ids: [
            Ask("/v1/keys", {"label": "x", "scope": "office_manager", "domain_id": ids.domain}),
            Ask("/v1/keys", {"label": "x", "scope": "basic_user", "user_id": ids.user}),
        ],
    ),
    "list_keys": Row(
        fixed(lambda t: "/v1/keys", domain_in="query"),
        lambda ids: [Ask(f"/v1/keys?domain_id={ids.domain}")],
    ),
    "get_key": Row(fixed(lambda t: f"/v1/keys/{t.manager_key_id}"), lambda ids: [Ask(f"/v1/keys/{ids.key}")]),
    "revoke_key": Row(doomed_key, lambda ids: [Ask(f"/v1/keys/{ids.key}")]),
    "mint_token": Row(
        fixed(lambda t: f"/v1/users/{t.users[0].id}/tokens", lambda t: {}),
        lambda ids: [Ask(f"/v1/users/{ids.user}/tokens", {})],
        narrower={Scope.BASIC_USER: "key_required"},
    ),
    "log_in": Row(
        fixed(lambda t: "/v1/login", lambda t: {"name": f"101@{t.domain.name}", "password": PASSWORD})
    ),
    "log_out": Row(fixed(lambda t: "/v1/logout"), narrower=dict.fromkeys(Scope, "session_required")),
    "list_sessions": Row(
        fixed(lambda t: f"/v1/sessions?user_id={t.users[0].id}"),
        lambda ids: [Ask(f"/v1/sessions?user_id={ids.user}")],
    ),
    "end_session": Row(doomed_session, lambda ids: [Ask(f"/v1/sessions/{ids.session}")]),
    "end_other_sessions": Row(
        fixed(lambda t: f"/v1/sessions:end-others?user_id={t.users[0].id}"),
        lambda ids: [Ask(f"/v1/sessions:end-others?user_id={ids.user}")],
    ),
    "change_password": Row(
        fixed(lambda t: "/v1/me/password", lambda t: {"current_password": PASSWORD, "new_password": "x"}),
        narrower=dict.fromkeys(Scope, "session_required"),
    ),
    "reset_password": Row(
        fixed(lambda t: f"/v1/users/{t.users[1].id}:reset-password"),
        lambda ids: [Ask(f"/v1/users/{ids.user}:reset-password")],
    ),
    "import_users": Row(
        fixed(lambda t: "/v1/users:import", lambda t: {"users": []}, domain_in="query"),
        lambda ids: [Ask(f"/v1/users:import?domain_id={ids.domain}", {"users": []})],
    ),
    "import_numbers": Row(
        fixed(lambda t: "/v1/numbers:import", lambda t: {"numbers": []}, domain_in="query"),
        lambda ids: [
            Ask(f"/v1/numbers:import?domain_id={ids.domain}", {"numbers": []}),
            Ask("/v1/numbers:import?dry_run=true", {"numbers": [{"e164": ids.e164}]}),
        ],
    ),
    "read_me": Row(fixed(lambda t: "/v1/me")),
    "change_me": Row(fixed(lambda t: "/v1/me", lambda t: {"email": "one@example.com"}), narrower=NO_USER),
    "get_my_notifications": Row(fixed(lambda t: "/v1/me/notifications"), narrower=NO_USER),
    "change_my_notifications": Row(
        fixed(lambda t: "/v1/me/notifications", lambda t: {"sound": "bell"}), narrower=NO_USER
    ),
    "test_notification": Row(
        fixed(lambda t: "/v1/me/notifications:test", lambda t: {"channel": "screen"}),
        narrower=NO_USER | {Scope.BASIC_USER: "channel_unavailable"},
    ),
    "get_missed": Row(fixed(lambda t: "/v1/me/missed"), narrower=NO_USER),
    "get_push_key": Row(fixed(lambda t: "/v1/push-key")),
    "list_push_subscriptions": Row(fixed(lambda t: "/v1/me/push-subscriptions"), narrower=NO_USER),
    "add_push_subscription": Row(
        fixed(lambda t: "/v1/me/push-subscriptions", lambda t: browser()), narrower=NO_USER
    ),
    "remove_push_subscription": Row(
        subscribed,
        lambda ids: [Ask(f"/v1/me/push-subscriptions/{ids.call.replace('call', 'push')}")],
        narrower=dict.fromkeys(NO_USER, "not_found"),
    ),
    "get_thread_notifications": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/notifications"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/notifications")],
        narrower=NO_USER,
    ),
    "set_thread_notifications": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/notifications", lambda t: {"level": "none"}),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/notifications", {"level": "none"})],
        narrower=NO_USER,
    ),
    "show_unsubscribe": Row(link_of_a_mail),
    "unsubscribe": Row(link_of_a_mail),
    "get_my_settings": Row(fixed(lambda t: "/v1/me/settings"), narrower=NO_USER),
    "change_my_settings": Row(
        fixed(lambda t: "/v1/me/settings", lambda t: {"desk_phone_chat": True}), narrower=NO_USER
    ),
    "get_domain_settings": Row(
        fixed(lambda t: f"/v1/domains/{t.domain.id}/settings"),
        lambda ids: [Ask(f"/v1/domains/{ids.domain}/settings")],
    ),
    "change_domain_settings": Row(
        fixed(lambda t: f"/v1/domains/{t.domain.id}/settings", lambda t: {"desk_phone_chat": True}),
        lambda ids: [Ask(f"/v1/domains/{ids.domain}/settings", {"desk_phone_chat": True})],
    ),
    "place_call": Row(
        fixed(lambda t: "/v1/calls", click),
        lambda ids: [
            Ask("/v1/calls", {"to": "102", "user_id": ids.user}),
            Ask("/v1/calls", {"to": "102", "device_id": ids.device}),
            Ask("/v1/calls", {"to": "102", "domain_id": ids.domain}),
        ],
    ),
    "list_calls": Row(
        fixed(lambda t: "/v1/calls", domain_in="query"),
        lambda ids: [Ask(f"/v1/calls?domain_id={ids.domain}")],
    ),
    "get_call": Row(fixed(lambda t: f"/v1/calls/{t.call_id}"), lambda ids: [Ask(f"/v1/calls/{ids.call}")]),
    "cancel_call": Row(
        fixed(lambda t: f"/v1/calls/{t.call_id}:cancel"), lambda ids: [Ask(f"/v1/calls/{ids.call}:cancel")]
    ),
    "send_message": Row(
        fixed(lambda t: "/v1/messages", text),
        lambda ids: [Ask("/v1/messages", from_stranger(ids))],
    ),
    "send_messages": Row(
        fixed(lambda t: "/v1/messages:batch", lambda t: {"messages": [text(t)]}),
        lambda ids: [Ask("/v1/messages:batch", {"messages": [from_stranger(ids)]})],
    ),
    "list_messages": Row(
        fixed(lambda t: "/v1/messages", domain_in="query"),
        lambda ids: [
            Ask(f"/v1/messages?domain_id={ids.domain}"),
            Ask(f"/v1/messages?conversation_id={ids.conversation}"),
        ],
    ),
    "explain_message": Row(
        fixed(lambda t: "/v1/messages:explain", lambda t: {"from": t.number.e164, "to": ["+12025550177"]}),
        lambda ids: [Ask("/v1/messages:explain", from_stranger(ids))],
    ),
    "list_consents": Row(
        fixed(lambda t: "/v1/consents", domain_in="query"),
        lambda ids: [Ask(f"/v1/consents?domain_id={ids.domain}")],
    ),
    "get_consent": Row(fixed(lambda t: pair(t.number.e164)), lambda ids: [Ask(pair(ids.e164))]),
    "set_consent": Row(
        fixed(lambda t: "/v1/consents/pair", lambda t: on_record(t.number.e164)),
        lambda ids: [Ask("/v1/consents/pair", on_record(ids.e164))],
    ),
    "list_keyword_answers": Row(
        fixed(lambda t: "/v1/keyword-answers", domain_in="query"),
        lambda ids: [Ask(f"/v1/keyword-answers?domain_id={ids.domain}")],
    ),
    "set_keyword_answers": Row(
        fixed(lambda t: "/v1/keyword-answers", lambda t: {}, domain_in="body"),
        lambda ids: [
            Ask("/v1/keyword-answers", {"help": "Ask them.", "domain_id": ids.domain}),
            Ask("/v1/keyword-answers", {"help": "Ask them.", "number": ids.e164}),
        ],
    ),
    "block_sender": Row(
        fixed(lambda t: "/v1/blocked-senders", lambda t: {"peer": "+12025550177"}, domain_in="body"),
        lambda ids: [
            Ask("/v1/blocked-senders", {"peer": "+12025550177", "number": ids.e164}),
            Ask("/v1/blocked-senders", {"peer": "+12025550177", "domain_id": ids.domain}),
        ],
        narrower={Scope.BASIC_USER: "scope_too_low"},
    ),
    "list_blocked_senders": Row(
        fixed(lambda t: "/v1/blocked-senders", domain_in="query"),
        lambda ids: [Ask(f"/v1/blocked-senders?domain_id={ids.domain}")],
    ),
    "get_blocked_sender": Row(
        fixed(lambda t: f"/v1/blocked-senders/{t.block_id}"),
        lambda ids: [Ask(f"/v1/blocked-senders/{ids.block}")],
    ),
    "unblock_sender": Row(doomed_block, lambda ids: [Ask(f"/v1/blocked-senders/{ids.block}")]),
    "claim_conversation": shared_inbox("claim", narrower=NO_USER),
    "release_conversation": shared_inbox("release"),
    "assign_conversation": shared_inbox("assign", lambda user_id: {"user_id": user_id}),
    "finish_conversation": shared_inbox("done"),
    "reopen_conversation": shared_inbox("reopen"),
    "get_message": Row(
        fixed(lambda t: f"/v1/messages/{t.message_id}"), lambda ids: [Ask(f"/v1/messages/{ids.message}")]
    ),
    "upload_attachment": Row(
        a_picture,
        lambda ids: [
            Ask(f"/v1/attachments?filename=a.txt&{whose}", b"Hello", media_type="text/plain")
            for whose in (
                f"user_id={ids.user}",
                f"domain_id={ids.domain}",
                f"conversation_id={ids.conversation}",
            )
        ],
    ),
    "get_attachment": own_file(),
    "read_attachment": own_file("/content"),
    "read_thumbnail": own_file("/thumbnail"),
    "delete_attachment": own_file(),
    "link_page": linked_file(),
    "link_file": linked_file("/1"),
    "link_thumbnail": linked_file("/1/thumbnail"),
    "list_conversations": Row(
        fixed(lambda t: "/v1/conversations", domain_in="query"),
        lambda ids: [Ask(f"/v1/conversations?domain_id={ids.domain}")],
    ),
    "get_conversation": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}")],
    ),
    "list_conversation_messages": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/messages"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/messages")],
    ),
    "say": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/messages", lambda t: {"text": "Hello"}),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/messages", {"text": "Hello"})],
    ),
    "start_conversation": Row(
        fixed(lambda t: "/v1/conversations", new_thread, domain_in="body"),
        lambda ids: [
            Ask("/v1/conversations", {"to": [{"user_id": ids.user}]}),
            Ask("/v1/conversations", {"to": [{"contact_id": ids.contact}]}),
            Ask("/v1/conversations", {"to": [{"number": "+12025550177"}], "from": ids.e164}),
            Ask("/v1/conversations", {"to": [{"number": "+12025550177"}], "domain_id": ids.domain}),
        ],
    ),
    "explain_conversation": Row(
        fixed(lambda t: "/v1/conversations:explain", new_thread, domain_in="body"),
        lambda ids: [
            Ask("/v1/conversations:explain", {"to": [{"user_id": ids.user}]}),
            Ask("/v1/conversations:explain", {"to": [{"number": "+12025550177"}], "from": ids.e164}),
        ],
    ),
    "unread_conversations": Row(fixed(lambda t: "/v1/conversations:unread"), narrower=NO_USER),
    "rename_conversation": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}", lambda t: {"name": "Lunch"}),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}", {"name": "Mine"})],
    ),
    "conversation_timeline": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/timeline"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/timeline")],
    ),
    "add_members": Row(
        fixed(
            lambda t: f"/v1/conversations/{t.conversation_id}/members",
            lambda t: {"to": [{"number": "+12025550179"}]},
        ),
        lambda ids: [
            Ask(f"/v1/conversations/{ids.conversation}/members", {"to": [{"number": "+12025550179"}]})
        ],
    ),
    "remove_member": Row(
        number_in_group,
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/members?number=%2B12025550177")],
    ),
    "leave_conversation": Row(
        shared_thread, lambda ids: [Ask(f"/v1/conversations/{ids.conversation}:leave")], narrower=NO_USER
    ),
    "mute_conversation": own_thread("mute", {"muted": True}),
    "delete_conversation": own_thread("delete"),
    "restore_conversation": own_thread("restore"),
    "read_conversation": own_thread("read", {}),
    "mark_conversation_unread": own_thread("unread"),
    "typing": own_thread("typing"),
    "move_message": Row(
        fixed(lambda t: f"/v1/messages/{t.message_id}:move", lambda t: {"conversation_id": None}),
        lambda ids: [Ask(f"/v1/messages/{ids.message}:move", {"conversation_id": None})],
    ),
    "edit_message": said_in_chat("", {"text": "Good day"}),
    "take_back_message": said_in_chat(),
    "react": said_in_chat("/reactions", {"emoji": "\U0001f44d"}),
    "unreact": said_in_chat("/reactions?emoji=%F0%9F%91%8D"),
    "get_draft": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/draft"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/draft")],
        narrower=NO_USER,
    ),
    "put_draft": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/draft", lambda t: {"text": ""}),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/draft", {"text": "Dear"})],
        narrower=NO_USER,
    ),
    "create_webhook": Row(
        fixed(lambda t: "/v1/webhooks", lambda t: {"url": "https://127.0.0.1:1/hook"}, domain_in="body"),
        lambda ids: [Ask("/v1/webhooks", {"url": "https://127.0.0.1:1/hook", "domain_id": ids.domain})],
    ),
    "list_webhooks": Row(
        fixed(lambda t: "/v1/webhooks", domain_in="query"),
        lambda ids: [Ask(f"/v1/webhooks?domain_id={ids.domain}")],
    ),
    "get_webhook": webhook_row(),
    "update_webhook": webhook_row({"description": "CRM"}),
    "delete_webhook": Row(doomed_webhook, lambda ids: [Ask(f"/v1/webhooks/{ids.webhook}")]),
    "rotate_webhook_secret": webhook_row({}, ":rotate-secret"),
    "test_webhook": webhook_row(after=":test"),
    "replay_events": webhook_row({"from_seq": 1}, ":replay"),
    "list_deliveries": webhook_row(after="/deliveries"),
    "get_delivery": delivery_row(),
    "replay_delivery": delivery_row(":replay"),
    "create_quick_reply": Row(
        fixed(lambda t: "/v1/quick-replies", lambda t: {"text": "Thank you!"}, domain_in="body"),
        lambda ids: [Ask("/v1/quick-replies", {"text": "Mine", "domain_id": ids.domain})],
    ),
    "list_quick_replies": Row(
        fixed(lambda t: "/v1/quick-replies", domain_in="query"),
        lambda ids: [Ask(f"/v1/quick-replies?domain_id={ids.domain}")],
    ),
    "get_quick_reply": Row(doomed_reply, lambda ids: [Ask(f"/v1/quick-replies/{ids.quick_reply}")]),
    "change_quick_reply": Row(
        changing_reply,
        lambda ids: [Ask(f"/v1/quick-replies/{ids.quick_reply}", {"title": "Mine"})],
        narrower={Scope.BASIC_USER: "shared_quick_replies_read_only"},
    ),
    "delete_quick_reply": Row(
        doomed_reply,
        lambda ids: [Ask(f"/v1/quick-replies/{ids.quick_reply}")],
        narrower={Scope.BASIC_USER: "shared_quick_replies_read_only"},
    ),
    "get_out_of_office": Row(fixed(lambda t: "/v1/me/out-of-office"), narrower=NO_USER),
    "put_out_of_office": Row(
        fixed(lambda t: "/v1/me/out-of-office", lambda t: {"enabled": False}), narrower=NO_USER
    ),
    "create_contact": Row(
        fixed(lambda t: "/v1/contacts", lambda t: {"name": "New"}, domain_in="body"),
        lambda ids: [
            Ask("/v1/contacts", {"name": "New", "domain_id": ids.domain}),
            Ask("/v1/contacts", {"name": "New", "numbers": [{"user_id": ids.user}]}),
        ],
    ),
    "list_contacts": Row(
        fixed(lambda t: "/v1/contacts", domain_in="query"),
        lambda ids: [Ask(f"/v1/contacts?domain_id={ids.domain}")],
    ),
    "get_contact": Row(
        fixed(lambda t: f"/v1/contacts/{t.contact_id}"), lambda ids: [Ask(f"/v1/contacts/{ids.contact}")]
    ),
    "change_contact": Row(
        fixed(lambda t: f"/v1/contacts/{t.contact_id}", lambda t: {"name": "Supplier"}),
        lambda ids: [Ask(f"/v1/contacts/{ids.contact}", {"name": "Mine"})],
        narrower={Scope.BASIC_USER: "shared_contacts_read_only"},
    ),
    "delete_contact": Row(
        doomed_contact,
        lambda ids: [Ask(f"/v1/contacts/{ids.contact}")],
        narrower={Scope.BASIC_USER: "shared_contacts_read_only"},
    ),
    "search_directory": Row(
        fixed(lambda t: "/v1/directory?q=10", domain_in="query"),
        lambda ids: [Ask(f"/v1/directory?q=10&domain_id={ids.domain}")],
    ),
    "list_presence": Row(
        fixed(lambda t: "/v1/presence", domain_in="query"),
        lambda ids: [Ask(f"/v1/presence?domain_id={ids.domain}")],
    ),
    "own_presence": Row(fixed(lambda t: "/v1/me/presence"), narrower=NO_USER),
    "set_presence": Row(
        fixed(lambda t: "/v1/me/presence", lambda t: {"do_not_disturb": True}), narrower=NO_USER
    ),
    "list_call_log": Row(
        fixed(lambda t: "/v1/call-log", domain_in="query"),
        lambda ids: [
            Ask(f"/v1/call-log?domain_id={ids.domain}"),
            Ask(f"/v1/call-log?user_id={ids.user}"),
        ],
    ),
    "get_call_log_entry": Row(
        fixed(lambda t: f"/v1/call-log/{t.call_log_id}"), lambda ids: [Ask(f"/v1/call-log/{ids.call_log}")]
    ),
    "unseen_calls": Row(fixed(lambda t: "/v1/call-log:unseen"), narrower=NO_USER),
    "mark_calls_seen": Row(fixed(lambda t: "/v1/call-log:seen", lambda t: {}), narrower=NO_USER),
    "list_voicemails": Row(
        fixed(lambda t: "/v1/voicemails"),
        lambda ids: [Ask(f"/v1/voicemails?conversation_id={ids.conversation}")],
        narrower=NO_USER,
    ),
    "get_voicemail": Row(
        fixed(lambda t: f"/v1/voicemails/{t.voicemail_id}"),
        lambda ids: [Ask(f"/v1/voicemails/{ids.voicemail}")],
        narrower=NO_USER,
    ),
    "change_voicemail": Row(
        fixed(lambda t: f"/v1/voicemails/{t.voicemail_id}", lambda t: {"heard": True}),
        lambda ids: [Ask(f"/v1/voicemails/{ids.voicemail}", {"heard": True})],
        narrower=NO_USER,
    ),
    "delete_voicemail": Row(
        doomed_voicemail,
        lambda ids: [Ask(f"/v1/voicemails/{ids.voicemail}")],
        narrower=NO_USER,
    ),
    "forward_voicemail": Row(
        fixed(lambda t: f"/v1/voicemails/{t.voicemail_id}:forward", lambda t: {"user_id": t.users[1].id}),
        lambda ids: [Ask(f"/v1/voicemails/{ids.voicemail}:forward", {"user_id": "anybody"})],
        narrower=NO_USER,
    ),
    "hear_voicemail": Row(
        fixed(lambda t: f"/v1/voicemails/{t.voicemail_id}/audio"),
        lambda ids: [Ask(f"/v1/voicemails/{ids.voicemail}/audio")],
        narrower=NO_USER,
    ),
    "list_mailboxes": Row(
        fixed(lambda t: "/v1/mailboxes", domain_in="query"),
        lambda ids: [Ask(f"/v1/mailboxes?domain_id={ids.domain}")],
    ),
    "get_user_mailbox": Row(
        fixed(lambda t: f"/v1/users/{t.users[0].id}/mailbox"),
        lambda ids: [Ask(f"/v1/users/{ids.user}/mailbox")],
    ),
    "set_user_mailbox": Row(
        fixed(
            lambda t: f"/v1/users/{t.users[1].id}/mailbox",
            lambda t: {"mailbox": f"101@{t.domain.name}"},
        ),
        lambda ids: [Ask(f"/v1/users/{ids.user}/mailbox", {"mailbox": "9@fresh"})],
        narrower={Scope.OFFICE_MANAGER: "mailbox_not_allowed"},
    ),
    "delete_user_mailbox": Row(
        fixed(lambda t: f"/v1/users/{t.users[0].id}/mailbox"),
        lambda ids: [Ask(f"/v1/users/{ids.user}/mailbox")],
    ),
    "import_contacts": Row(
        a_file,
        lambda ids: [Ask(f"/v1/contacts:import?domain_id={ids.domain}", b"Name", None, "text/csv")],
    ),
    "export_contacts": Row(
        fixed(lambda t: "/v1/contacts:export", domain_in="query"),
        lambda ids: [Ask(f"/v1/contacts:export?domain_id={ids.domain}")],
    ),
    "search": Row(
        fixed(lambda t: "/v1/search?q=hello", domain_in="query"),
        lambda ids: [
            Ask(f"/v1/search?q=hello&domain_id={ids.domain}"),
            Ask(f"/v1/search?q=hello&conversation_id={ids.conversation}"),
        ],
    ),
    "read_events": Row(
        fixed(lambda t: f"/v1/events?domains={t.domain.id}"),
        lambda ids: [Ask(f"/v1/events?domains={ids.domain}"), Ask(f"/v1/events?cursor={ids.domain}:0")],
    ),
    "text_usage": Row(
        fixed(lambda t: "/v1/usage/messages", domain_in="query"),
        lambda ids: [Ask(f"/v1/usage/messages?domain_id={ids.domain}")],
    ),
    "call_usage": Row(
        fixed(lambda t: "/v1/usage/calls", domain_in="query"),
        lambda ids: [Ask(f"/v1/usage/calls?domain_id={ids.domain}")],
    ),
    "chat_usage": Row(
        fixed(lambda t: "/v1/usage/chats", domain_in="query"),
        lambda ids: [Ask(f"/v1/usage/chats?domain_id={ids.domain}")],
    ),
    "usage_summary": Row(
        fixed(lambda t: "/v1/usage/summary", domain_in="query"),
        lambda ids: [Ask(f"/v1/usage/summary?domain_id={ids.domain}")],
    ),
    "export_usage": Row(
        fixed(lambda t: "/v1/usage:export?of=text", domain_in="query"),
        lambda ids: [Ask(f"/v1/usage:export?of=text&domain_id={ids.domain}")],
    ),
    "conversation_history": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/history?type=message"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/history")],
    ),
    "timeline_at": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}/timeline:at?at=2027-01-15T00:00:00Z"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}/timeline:at?at=2027-01-15T00:00:00Z")],
    ),
    "export_conversation": Row(
        fixed(lambda t: f"/v1/conversations/{t.conversation_id}:export?format=csv"),
        lambda ids: [Ask(f"/v1/conversations/{ids.conversation}:export")],
    ),
    "export_me": Row(fixed(lambda t: "/v1/me:export"), narrower=NO_USER),
    "erase_person": Row(
        fixed(lambda t: "/v1/erasures", lambda t: {"number": "+12025550111"}, domain_in="body"),
        lambda ids: [
            Ask("/v1/erasures", {"number": "+12025550111", "domain_id": ids.domain}),
            Ask("/v1/erasures", {"user_id": ids.user}),
        ],
    ),
    "list_erasures": Row(
        fixed(lambda t: "/v1/erasures", domain_in="query"),
        lambda ids: [Ask(f"/v1/erasures?domain_id={ids.domain}")],
    ),
    "get_erasure": Row(an_erasure, lambda ids: [Ask(f"/v1/erasures/{new_id('era')}")]),
    "issue_ticket": Row(fixed(lambda t: "/v1/events/tickets")),
    "list_audit": Row(
        fixed(lambda t: "/v1/audit", domain_in="query"),
        lambda ids: [Ask(f"/v1/audit?domain_id={ids.domain}")],
    ),
    "read_liveness": Row(fixed(lambda t: "/health/live")),
    "read_readiness": Row(fixed(lambda t: "/health/ready")),
    "read_metrics": Row(fixed(lambda t: "/metrics")),
    "read_description": Row(fixed(lambda t: "/openapi.json")),
}


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert ROWS.keys() == TABLE.keys()


def test_every_permission_is_used_and_has_a_scope() -> None:
    assert set(LEAST_SCOPE) == set(Permission) == {route.permission for route in TABLE.values()}


def test_every_route_about_one_thing_is_asked_about_a_strangers() -> None:
    for name, route in TABLE.items():
        # A link in a text is for whoever has it.
        if route.path_parameters and route.permission is not Permission.PUBLIC:
            assert ROWS[name].strangers(ids_of_nothing()), name


async def ask(world: World, route: Route, one: Ask, secret: str | None) -> Answer:
    if one.media_type == "application/json":
        return await world.client.ask(route.method, one.path, secret=secret, json=one.body)
    assert isinstance(one.body, bytes)
    headers = {"Content-Type": one.media_type}
    return await world.client.ask(route.method, one.path, secret=secret, raw=one.body, headers=headers)


def named(one: Ask, tenant: Tenant, scope: Scope) -> Ask:
    """The request with the domain named, where a caller of several domains must."""
    if not scope.system_wide or one.domain_in is None:
        return one
    if one.domain_in == "query":
        joined_by = "&" if "?" in one.path else "?"
        return dataclasses.replace(one, path=f"{one.path}{joined_by}domain_id={tenant.domain.id}")
    assert isinstance(one.body, dict)
    return Ask(one.path, {**one.body, "domain_id": tenant.domain.id})


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_a_route_opens_to_those_who_may_and_to_nobody_else(world: World, name: str) -> None:
    route, row = TABLE[name], ROWS[name]
    assert route.permission is not None
    acme = await world.tenant("acme", "+12025550101")
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    secrets = {
        Scope.BASIC_USER: acme.tokens[0],
        Scope.OFFICE_MANAGER: acme.manager,
        Scope.RESELLER: world.reseller,
        Scope.SUPER_USER: world.super_user,
    }
    allowed = scopes_with(route.permission)
    public = route.permission is Permission.PUBLIC

    for scope, secret in secrets.items():
        one = named(await row.own(world, acme), acme, scope)
        answer = await ask(world, route, one, secret)
        if scope not in allowed:
            assert (answer.status, answer.code) == (403, "scope_too_low"), (scope, one)
        elif row.narrower and scope in row.narrower:
            code = row.narrower[scope]
            assert (answer.status, answer.code) == (CODES[code].status, code), (scope, one)
        else:
            assert answer.status in route.answers, (scope, one, answer.raw)

    one = await row.own(world, acme)
    expired = await world.key(
        Scope.OFFICE_MANAGER, domain_id=acme.domain.id, expires_ms=world.clock.ms + 1_000
    )
    await world.client.get("/v1/users", expired)  # remembered as good
    world.clock.ms += 1_000
    revoked = await world.key(Scope.OFFICE_MANAGER, domain_id=acme.domain.id)
    principal = await world.principal(revoked)
    await world.accounts.keys.revoke(SYSTEM, principal.credential_id)
    for secret, code in (
        (None, "unauthenticated"),
        ("rbk_" + "A" * 43, "credential_unknown"),
        ("A" * 8_000, "credential_unknown"),
        (expired, "credential_expired"),
        (revoked, "credential_revoked"),
    ):
        answer = await ask(world, route, one, secret)
        if public:
            assert answer.status in route.answers
        else:
            assert (answer.status, answer.code) == (401, code)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ringback"'

    theirs, nothing = row.strangers(ids_of(zenith)), row.strangers(ids_of_nothing())
    for scope in (Scope.BASIC_USER, Scope.OFFICE_MANAGER, Scope.RESELLER):
        for other, missing in zip(theirs, nothing, strict=True):
            of_other = await ask(world, route, other, secrets[scope])
            of_missing = await ask(world, route, missing, secrets[scope])
            assert told(of_other) == told(of_missing), (scope, other)
            if scope in allowed and of_other.status not in (202, 200):
                # 403: the scope may do this to its own things only, or a field is beyond it.
                assert of_other.status in (404, 403, 422), (scope, other, of_other.raw)


def told(answer: Answer) -> tuple[int, bytes]:
    """What a caller learns from an answer."""
    identity = answer.headers["X-Request-Id"].encode()
    return answer.status, answer.raw.replace(identity, b"")


@pytest.mark.parametrize("name", sorted(name for name, route in TABLE.items() if route.path_parameters))
async def test_an_id_of_the_wrong_shape_is_as_missing_as_one_of_nothing(world: World, name: str) -> None:
    route = TABLE[name]
    missing = ROWS[name].strangers(ids_of_nothing())
    wrong = ROWS[name].strangers(Ids(*["' OR 1=1 --%00" for _ in fields(Ids)]))
    for one, other in zip(missing, wrong, strict=True):
        assert told(await ask(world, route, one, world.super_user)) == told(
            await ask(world, route, other, world.super_user)
        )


async def test_a_basic_user_does_not_meet_the_things_of_a_colleague(world: World) -> None:
    acme = await world.tenant("acme", "+12025550101")
    api, colleague = world.client, acme.tokens[1]
    for path in (
        f"/v1/users/{acme.users[0].id}",
        f"/v1/devices/{acme.devices[0].id}",
        f"/v1/numbers/{acme.number.id}",
        f"/v1/calls/{acme.call_id}",
        f"/v1/messages/{acme.message_id}",
        f"/v1/conversations/{acme.conversation_id}",
    ):
        assert (await api.get(path, colleague)).status == 404, path
    for path in ("/v1/calls", "/v1/messages", "/v1/conversations", "/v1/numbers"):
        assert (await api.get(path, colleague)).body["items"] == [], path


async def test_what_is_revoked_elsewhere_stops_within_five_seconds(world: World) -> None:
    acme = await world.tenant("acme", "+12025550101")
    assert (await world.client.get("/v1/users", acme.manager)).status == 200
    # Another process on the same database: ours is told nothing.
    from engine.accounts.service import Accounts
    from engine.storage.accounts import SqlAccountsStore

    elsewhere = Accounts(SqlAccountsStore(world.database), world.clock)
    await elsewhere.keys.revoke(SYSTEM, acme.manager_key_id)
    world.clock.ms += 5_000
    assert (await world.client.get("/v1/users", acme.manager)).code == "credential_revoked"


async def test_a_text_cannot_be_put_into_a_strangers_conversation(world: World) -> None:
    acme = await world.tenant("acme", "+12025550101")
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    told_of = []
    for conversation_id in (zenith.conversation_id, new_id("conv")):
        body = {**text(acme), "conversation_id": conversation_id}
        told_of.append(told(await world.client.post("/v1/messages", acme.manager, body)))
    assert told_of[0] == told_of[1]
    assert told_of[0][0] in (404, 409, 422)
    said = await world.client.get(f"/v1/conversations/{zenith.conversation_id}/messages", zenith.manager)
    assert len(said.body["items"]) == 1
