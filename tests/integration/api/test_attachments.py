"""Files through the API: taken in, handed out, and gone when they should be."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
import pytest
from PIL import Image

from tests import hostile_files as files
from tests.integration.api.client import Answer
from tests.integration.api.test_event_socket import opened
from tests.integration.api.world import Tenant, World

Tenants = tuple[Tenant, Tenant]


@pytest.fixture
async def tenants(world: World) -> Tenants:
    return await world.tenant("acme", "+12025550101"), await world.tenant("globex", "+12025550102")


async def upload(
    world: World,
    secret: str,
    filename: str = "photo.png",
    header: str = "image/png",
    content: bytes | None = None,
    more: str = "",
    key: str | None = None,
) -> Answer:
    headers = {"Content-Type": header or "application/octet-stream"}
    if key is not None:
        headers["Idempotency-Key"] = key
    path = f"/v1/attachments?filename={quote(filename)}{more}"
    raw = files.picture() if content is None else content
    return await world.client.ask("POST", path, secret=secret, raw=raw, headers=headers)


async def uploaded(world: World, secret: str, *args: object, **kwargs: object) -> str:
    answer = await upload(world, secret, *args, **kwargs)  # type: ignore[arg-type]
    assert answer.status == 201, answer.body
    attachment_id: str = answer.body["id"]
    return attachment_id


async def chat_of(world: World, tenant: Tenant) -> str:
    made = await world.client.post("/v1/conversations", tenant.tokens[0], {"to": [{"extension": "102"}]})
    conversation_id: str = made.body["id"]
    return conversation_id


async def say(world: World, secret: str, conversation_id: str, **body: object) -> Answer:
    return await world.client.post(f"/v1/conversations/{conversation_id}/messages", secret, body)


@pytest.mark.parametrize("name", files.TAKEN)
async def test_what_it_says_it_is_is_taken_and_comes_back(world: World, tenants: Tenants, name: str) -> None:
    filename, header, content, content_type = files.TAKEN[name]
    anna = tenants[0].tokens[0]
    made = await upload(world, anna, filename, header, content)
    assert (made.status, made.body["content_type"]) == (201, content_type), made.body
    assert (made.body["filename"], made.body["state"], made.body["message_id"]) == (filename, "ready", None)
    got = await world.client.get(f"/v1/attachments/{made.body['id']}/content", anna)
    assert got.status == 200
    assert len(got.raw) == made.body["octets"] == int(got.headers["Content-Length"])
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Type"] == content_type
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    image = content_type.startswith("image/")
    assert got.headers["Content-Disposition"].startswith("inline;" if image else "attachment;")
    if not image:
        assert got.raw == content
    assert made.body["thumbnail"] is image
    small = await world.client.get(f"/v1/attachments/{made.body['id']}/thumbnail", anna)
    assert small.status == (200 if image else 404)


@pytest.mark.parametrize("name", files.REFUSED)
async def test_what_is_not_what_it_says_is_refused(world: World, tenants: Tenants, name: str) -> None:
    filename, header, content, code = files.REFUSED[name]
    refused = await upload(world, tenants[0].tokens[0], filename, header, content)
    assert refused.code == code, refused.body
    assert kept_files(world) == []


async def until(condition: Callable[[], bool]) -> None:
    """The test's own time-out is the limit."""
    while not condition():  # noqa: ASYNC110  # what is waited for is on disk
        await asyncio.sleep(0.01)


def kept_files(world: World) -> list[str]:
    """Names of all files there are, on disk."""
    folder = world.attachment_folder
    return [str(one.relative_to(folder)) for one in folder.rglob("att_*")]


async def test_a_photograph_says_nothing_of_where_it_was_taken_and_stands_upright(
    world: World, tenants: Tenants
) -> None:
    anna = tenants[0].tokens[0]
    made = await upload(world, anna, "me.jpg", "image/jpeg", files.photograph())
    assert (made.body["width"], made.body["height"]) == (40, 80)
    for part in ("content", "thumbnail"):
        got = await world.client.get(f"/v1/attachments/{made.body['id']}/{part}", anna)
        assert b"Secret" not in got.raw
        image = Image.open(io.BytesIO(got.raw))
        assert not image.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()
        # Turned clockwise, what was left is on top.
        assert image.convert("RGB").getpixel((image.width // 2, 2))[0] > 200


async def test_an_animation_still_moves(world: World, tenants: Tenants) -> None:
    anna = tenants[0].tokens[0]
    attachment_id = await uploaded(world, anna, "a.gif", "image/gif", files.animation(4))
    got = await world.client.get(f"/v1/attachments/{attachment_id}/content", anna)
    assert Image.open(io.BytesIO(got.raw)).n_frames == 4
    assert b"Secret" not in got.raw


async def test_a_part_of_a_file_is_handed_out_by_range(world: World, tenants: Tenants) -> None:
    anna = tenants[0].tokens[0]
    content = bytes(range(33, 127)) * 40
    attachment_id = await uploaded(world, anna, "notes.txt", "text/plain", content)
    path = f"/v1/attachments/{attachment_id}/content"

    async def ask(**headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await world.client.ask("GET", path, secret=anna, headers=named)

    whole = await ask()
    part = await ask(Range="bytes=10-19")
    assert (part.status, part.raw) == (206, content[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert (await ask(Range="bytes=-5")).raw == content[-5:]
    assert (await ask(Range="bytes=3000-")).raw == content[3000:]
    beyond = await ask(Range="bytes=99999-")
    assert (beyond.status, beyond.code) == (416, "range_not_satisfiable")
    assert (await ask(Range="bytes=1-2,5-6")).status == 200
    same = await ask(If_None_Match=whole.headers["ETag"])
    assert (same.status, same.raw) == (304, b"")


async def test_a_form_with_one_file_is_taken_too(world: World, tenants: Tenants) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", files.picture(), filename="pictures/résumé.png", content_type="image/png")
    headers = {"Authorization": f"Bearer {tenants[0].tokens[0]}"}
    url = f"{world.client.base}/v1/attachments"
    async with world.client.session.post(url, data=form, headers=headers) as answer:
        body = await answer.json()
    assert (answer.status, body["filename"], body["width"]) == (201, "résumé.png", 64)
    got = await world.client.get(f"/v1/attachments/{body['id']}/content", tenants[0].tokens[0])
    assert "filename*=UTF-8''r%C3%A9sum%C3%A9.png" in got.headers["Content-Disposition"]


async def test_a_file_is_counted_while_it_comes(world: World, tenants: Tenants) -> None:
    """Neither a length that is not stated nor one that lies lets more in."""
    anna = tenants[0].tokens[0]
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    headers = {"Authorization": f"Bearer {anna}", "Content-Type": "text/plain"}
    url = f"{world.client.base}/v1/attachments?filename=endless.txt"
    async with world.client.session.post(url, data=endless(), headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, "attachment_too_large")
    assert sent < 40_000_000
    stated = {**headers, "Content-Length": "9000000000"}
    reader, writer = await asyncio.open_connection("127.0.0.1", int(world.client.base.rpartition(":")[2]))
    lines = "".join(f"{name}: {value}\r\n" for name, value in stated.items())
    writer.write(f"POST /v1/attachments?filename=a.txt HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
    assert b" 413 " in await reader.readline()
    writer.close()
    assert kept_files(world) == []


async def test_an_upload_that_ends_early_leaves_nothing(world: World, tenants: Tenants) -> None:
    anna = tenants[0].tokens[0]
    port = int(world.client.base.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /v1/attachments?filename=a.txt HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {anna}\r\n"
        "Content-Type: text/plain\r\nContent-Length: 100000\r\n\r\n"
    )
    writer.write(head.encode() + b"x" * 5_000)
    await writer.drain()
    await until(lambda: kept_files(world) != [])
    writer.close()
    await until(lambda: kept_files(world) == [])


async def test_a_user_has_no_more_room_than_their_quota(world: World, tenants: Tenants) -> None:
    first, second = tenants[0].tokens
    text = b"x" * 1_400_000
    one = await uploaded(world, first, "a.txt", "text/plain", text)
    await uploaded(world, first, "b.txt", "text/plain", text)
    full = await upload(world, first, "c.txt", "text/plain", text)
    assert (full.status, full.code) == (409, "attachment_quota")
    await uploaded(world, second, "c.txt", "text/plain", text)
    assert (await world.client.ask("DELETE", f"/v1/attachments/{one}", secret=first)).status == 204
    await uploaded(world, first, "c.txt", "text/plain", text)


async def test_an_upload_is_done_once(world: World, tenants: Tenants) -> None:
    anna = tenants[0].tokens[0]
    first = await upload(world, anna, key="once")
    again = await upload(world, anna, key="once")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert len([name for name in kept_files(world) if "thumbnail" not in name]) == 1
    other = await upload(world, anna, content=files.picture(colour="green"), key="once")
    assert (other.status, other.code) == (422, "idempotency_mismatch")


@dataclass
class Sent:
    chat: str
    attachment: str
    message: str


@pytest.fixture
async def sent(world: World, tenants: Tenants) -> Sent:
    """A picture that the first user has sent to the second."""
    tenant = tenants[0]
    chat, attachment = await chat_of(world, tenant), await uploaded(world, tenant.tokens[0])
    said = await say(world, tenant.tokens[0], chat, attachment_ids=[attachment])
    assert said.status == 202, said.body
    return Sent(chat, attachment, said.body["id"])


async def test_a_message_carries_its_files_everywhere(world: World, tenants: Tenants, sent: Sent) -> None:
    bela = tenants[0].tokens[1]
    said = await world.client.get(f"/v1/messages/{sent.message}", bela)
    (shown,) = said.body["attachments"]
    meta = await world.client.get(f"/v1/attachments/{sent.attachment}", bela)
    assert shown == {name: meta.body[name] for name in shown}
    assert (shown["filename"], shown["width"], shown["thumbnail"], shown["state"]) == (
        "photo.png", 64, True, "ready",
    )  # fmt: skip
    timeline = await world.client.get(f"/v1/conversations/{sent.chat}/timeline", bela)
    carrying = [one["message"] for one in timeline.body["items"] if one["message"] is not None]
    assert carrying[0]["attachments"] == [shown]
    thread = await world.client.get(f"/v1/conversations/{sent.chat}", bela)
    assert (thread.body["last_item"]["attachments"], thread.body["last_item"]["text"]) == (1, "")


async def test_frames_of_events_bring_the_files_along(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    chat, attachment = await chat_of(world, tenant), await uploaded(world, tenant.tokens[0])
    async with opened(world, tenant.tokens[1]) as bela, opened(world, tenant.manager) as manager:
        await bela.frame()
        await manager.frame()
        said = await say(world, tenant.tokens[0], chat, attachment_ids=[attachment])
        frame = next(one for one in await bela.events(1) if one["type"] == "message.created")
        assert frame["message"]["attachments"] == said.body["attachments"] != []
        texted = await text_with_file(world, tenant, text="Look:")
        frames = [one for one in await manager.events(1) if one["type"] == "message.created"]
        assert frames[0]["message"]["attachments"] == texted.body["attachments"] != []
        assert frames[0]["message"]["appended"] == texted.body["appended"]


async def test_a_file_is_for_those_who_see_its_message(world: World, tenants: Tenants, sent: Sent) -> None:
    ours, theirs = tenants
    path = f"/v1/attachments/{sent.attachment}"
    for secret in (ours.tokens[0], ours.tokens[1]):
        assert (await world.client.get(f"{path}/content", secret)).status == 200
    # A manager is in no chat, and another tenant is nobody.
    for secret in (ours.manager, theirs.tokens[0], theirs.manager):
        for part in ("", "/content", "/thumbnail"):
            assert (await world.client.get(path + part, secret)).code == "not_found"
        assert (await world.client.ask("DELETE", path, secret=secret)).code == "not_found"
    assert (await world.client.ask("DELETE", path, secret=ours.tokens[1])).code == "not_your_attachment"


async def test_an_unsent_file_is_its_senders_alone(world: World, tenants: Tenants) -> None:
    ours, theirs = tenants
    attachment = await uploaded(world, ours.tokens[0])
    for secret in (ours.tokens[1], theirs.tokens[0], theirs.manager):
        assert (await world.client.get(f"/v1/attachments/{attachment}/content", secret)).code == "not_found"
    chat = await chat_of(world, ours)
    stolen = await say(world, ours.tokens[1], chat, text="Mine!", attachment_ids=[attachment])
    assert (stolen.status, stolen.code, stolen.body["field"]) == (404, "not_found", "/attachment_ids/0")


async def test_a_file_goes_with_one_message_only(world: World, tenants: Tenants, sent: Sent) -> None:
    anna = tenants[0].tokens[0]
    again = await say(world, anna, sent.chat, text="Again", attachment_ids=[sent.attachment])
    assert (again.status, again.code) == (409, "attachment_used")
    fresh = await uploaded(world, anna)
    twice = await say(world, anna, sent.chat, attachment_ids=[fresh, fresh])
    assert twice.status == 422
    assert (await say(world, anna, sent.chat)).code == "text_empty"


async def test_the_same_client_id_sends_the_files_once(world: World, tenants: Tenants) -> None:
    anna = tenants[0].tokens[0]
    chat, attachment = await chat_of(world, tenants[0]), await uploaded(world, anna)
    first = await say(world, anna, chat, attachment_ids=[attachment], client_id="c1")
    again = await say(world, anna, chat, attachment_ids=[attachment], client_id="c1")
    assert (again.status, again.body) == (202, first.body)
    other = await say(world, anna, chat, attachment_ids=[await uploaded(world, anna)], client_id="c1")
    assert other.code == "client_id_reused"


async def test_a_file_for_one_conversation_is_not_sent_in_another(
    world: World, tenants: Tenants, sent: Sent
) -> None:
    tenant = tenants[0]
    anna = tenant.tokens[0]
    bound = await uploaded(world, anna, more=f"&conversation_id={sent.chat}")
    elsewhere = await say(world, anna, tenant.conversation_id, text="Hi", attachment_ids=[bound])
    assert (elsewhere.status, elsewhere.body["field"]) == (422, "/attachment_ids/0")
    assert (await say(world, anna, sent.chat, attachment_ids=[bound])).status == 202


async def test_files_of_a_message_taken_back_are_dead(world: World, tenants: Tenants, sent: Sent) -> None:
    anna, bela = tenants[0].tokens
    back = await world.client.ask("DELETE", f"/v1/messages/{sent.message}", secret=anna)
    assert back.body["attachments"] == []
    for secret in (anna, bela):
        gone = await world.client.get(f"/v1/attachments/{sent.attachment}/content", secret)
        assert (gone.status, gone.code) == (410, "attachment_gone")
    await world.attachments.sweep.purge()
    assert kept_files(world) == []


async def test_a_file_can_be_withdrawn_from_its_message(world: World, tenants: Tenants, sent: Sent) -> None:
    anna, bela = tenants[0].tokens
    assert (await world.client.ask("DELETE", f"/v1/attachments/{sent.attachment}", secret=anna)).status == 204
    said = await world.client.get(f"/v1/messages/{sent.message}", bela)
    (shown,) = said.body["attachments"]
    assert (shown["state"], shown["thumbnail"], shown["filename"]) == ("deleted", False, "photo.png")
    assert (await world.client.get(f"/v1/attachments/{sent.attachment}/content", bela)).status == 410
    events = await world.client.get(f"/v1/events?cursor={tenants[0].domain.id}:0", bela)
    changed = [one["data"].get("changed") for one in events.body["items"] if one["subject"] == sent.message]
    assert changed[-1] == ["attachments"]


async def text_with_file(world: World, tenant: Tenant, **more: object) -> Answer:
    attachment = await uploaded(world, tenant.tokens[0], "Ad <b>.png")
    body = {"from": tenant.number.e164, "to": ["+12025550177"], "attachment_ids": [attachment], **more}
    return await world.client.post("/v1/messages", tenant.tokens[0], body)


async def test_a_text_takes_its_files_along_as_a_link(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    said = await text_with_file(world, tenant, text="Look:")
    assert said.status == 202, said.body
    appended = said.body["appended"]
    assert (said.body["text"], appended["code"]) == ("Look:", "attachments_as_link")
    assert "SMPP" in appended["detail"]
    assert appended["text"].startswith("\nhttps://phone.example.com/a/")
    read = await world.client.get(f"/v1/messages/{said.body['id']}", tenant.tokens[0])
    assert (read.body["appended"], read.body["attachments"]) == (appended, said.body["attachments"])
    # What goes out is what was said and the link, and so are the segments counted.
    on_wire = await world.on_wire(said.body["id"])
    assert on_wire == "Look:" + appended["text"]
    long = await text_with_file(world, tenant, text="x" * 150)
    assert long.body["to"][0]["segments"] == 2


async def test_explaining_counts_the_link_too(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    attachment = await uploaded(world, tenant.tokens[0])
    body = {"from": tenant.number.e164, "to": ["+12025550177"], "text": "x" * 150}
    plain = await world.client.post("/v1/messages:explain", tenant.tokens[0], body)
    with_file = await world.client.post(
        "/v1/messages:explain", tenant.tokens[0], {**body, "attachment_ids": [attachment]}
    )
    assert (plain.body["text"]["segments"], plain.body["appended"]) == (1, None)
    assert with_file.body["text"]["segments"] == 2
    assert "SMPP" in with_file.body["appended"]["detail"]
    length = len(with_file.body["appended"]["text"])
    sent = await text_with_file(world, tenant, text="x" * 150)
    assert len(sent.body["appended"]["text"]) == length


async def test_explaining_says_what_is_wrong_with_the_files_as_sending_would(
    world: World, tenants: Tenants
) -> None:
    tenant, other = tenants[0], tenants[1]
    body = {"from": tenant.number.e164, "to": ["+12025550177"], "text": "Hello"}
    good = await uploaded(world, tenant.tokens[0])
    used = (await text_with_file(world, tenant)).body["attachments"][0]["id"]
    theirs = await uploaded(world, other.tokens[0])
    for carried in ([good], [good, good], [used], [theirs], ["att_" + "0" * 32]):
        wanted = {**body, "attachment_ids": carried}
        said = await world.client.post("/v1/messages:explain", tenant.tokens[0], wanted)
        sent = await world.client.post("/v1/messages", tenant.tokens[0], wanted)
        assert said.status == 200
        assert said.body["accepted"] == (carried == [good])
        if carried == [good]:
            assert sent.status == 202
            good = await uploaded(world, tenant.tokens[0])
        else:
            assert [one["code"] for one in said.body["problems"]] == [sent.code]


async def test_the_page_behind_a_link_runs_nothing(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    said = await text_with_file(world, tenant)
    path = "/a/" + said.body["appended"]["text"].rpartition("/")[2]
    page = await world.client.get(path)
    html = page.raw.decode()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Ad &lt;b&gt;.png" in html
    assert "<script" not in html
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    got = await world.client.get(f"{path}/1")
    assert (got.status, Image.open(io.BytesIO(got.raw)).size) == (200, (64, 48))
    assert (await world.client.get(f"{path}/1/thumbnail")).status == 200
    for nothing in (f"{path}/2", f"{path}/0", f"{path}/x", "/a/" + "A" * 16, f"{path}x/1"):
        assert (await world.client.get(nothing)).status == 404


async def test_a_link_ends_with_its_time_and_its_downloads(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    path = "/a/" + (await text_with_file(world, tenant)).body["appended"]["text"].rpartition("/")[2]
    for _ in range(10):
        assert (await world.client.get(f"{path}/1")).status == 200
    assert (await world.client.get(f"{path}/1")).status == 404
    assert (await world.client.get(path)).status == 404
    other = "/a/" + (await text_with_file(world, tenant)).body["appended"]["text"].rpartition("/")[2]
    assert (await world.client.get(other)).status == 200
    world.clock.ms += 31 * 86_400_000
    assert (await world.client.get(other)).status == 404


async def test_a_link_dies_with_its_files(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    said = await text_with_file(world, tenant)
    path = "/a/" + said.body["appended"]["text"].rpartition("/")[2]
    (shown,) = said.body["attachments"]
    assert (
        await world.client.ask("DELETE", f"/v1/attachments/{shown['id']}", secret=tenant.manager)
    ).status == 204
    assert (await world.client.get(path)).status == 404
    assert (await world.client.get(f"{path}/1")).status == 404


async def test_the_same_client_id_texts_the_files_once(world: World, tenants: Tenants) -> None:
    tenant = tenants[0]
    first = await text_with_file(world, tenant, client_id="t1")
    ids = [one["id"] for one in first.body["attachments"]]
    body = {"from": tenant.number.e164, "to": ["+12025550177"], "attachment_ids": ids, "client_id": "t1"}
    again = await world.client.post("/v1/messages", tenant.tokens[0], body)
    assert (again.status, again.body["id"]) == (202, first.body["id"])
    assert again.body["appended"] == first.body["appended"]
    used = await world.client.post("/v1/messages", tenant.tokens[0], {**body, "client_id": "t2"})
    assert (used.status, used.code) == (409, "attachment_used")


async def test_a_server_uploads_for_its_users(world: World, tenants: Tenants) -> None:
    ours, theirs = tenants
    user = ours.users[0].id
    attachment = await uploaded(world, ours.manager, more=f"&user_id={user}")
    chat = await chat_of(world, ours)
    assert (await say(world, ours.tokens[0], chat, attachment_ids=[attachment])).status == 202
    stranger = await upload(world, ours.manager, more=f"&user_id={theirs.users[0].id}")
    assert (stranger.status, stranger.code) == (404, "not_found")
    for wrong in (f"&user_id={ours.users[1].id}", f"&conversation_id={theirs.conversation_id}"):
        assert (await upload(world, ours.tokens[0], more=wrong)).status in (403, 404)
