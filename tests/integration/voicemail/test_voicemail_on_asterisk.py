"""Messages left on a real Asterisk by a real phone, as users hear and move them over HTTP."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Phone
from tests.integration.voicemail.office import Office, an_office, share_of, until, until_lamp
from tests.peers.asterisk import Shelf, hears

pytestmark = pytest.mark.asterisk


async def test_a_message_is_listed_heard_and_marked_and_the_phone_agrees(
    office: Office, handsets: Shelf
) -> None:
    anna = office.anna
    desk = await handsets.take("1001")
    await until_lamp(desk, new=0, old=0)
    await office.leave_message(handsets, "1002", "1001", 440)

    (left,) = await anna.until_voicemails(1)
    assert (left["folder"], left["heard"], left["mailbox"]) == ("inbox", False, "1001@acme")
    assert left["caller"]["user_id"] == office.bob.user.id
    assert (left["caller"]["number"], left["caller"]["name"]) == ("1002", "Bob")
    assert left["duration_s"] >= 2
    assert [event.subject for event in office.told("voicemail.created")] == [left["id"]]
    assert await anna.counts() == (1, 0)
    await until_lamp(desk, new=1, old=0)

    sound = await anna.ask("GET", left["audio_url"])
    assert (sound.status, sound.headers["Content-Type"]) == (200, "audio/wav")
    assert share_of(sound.raw, 440) > 0.9
    assert share_of(sound.raw, 1_000) < 0.05

    half = len(sound.raw) // 2
    first = await anna.ask("GET", left["audio_url"], Range=f"bytes=0-{half - 1}")
    rest = await anna.ask("GET", left["audio_url"], Range=f"bytes={half}-", If_Range=sound.headers["ETag"])
    assert (first.status, rest.status) == (206, 206)
    assert rest.headers["Content-Range"] == f"bytes {half}-{len(sound.raw) - 1}/{len(sound.raw)}"
    assert first.raw + rest.raw == sound.raw
    other = await anna.ask("GET", left["audio_url"], Range=f"bytes={half}-", If_Range='"other"')
    assert (other.status, other.raw) == (200, sound.raw)
    beyond = await anna.ask("GET", left["audio_url"], Range=f"bytes={len(sound.raw)}-")
    assert (beyond.status, beyond.body["code"]) == (416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(sound.raw)}"

    marked = await anna.ask("PATCH", f"/v1/voicemails/{left['id']}", {"heard": True})
    assert marked.status == 200
    assert (marked.body["id"], marked.body["folder"], marked.body["heard"]) == (left["id"], "old", True)
    await until_lamp(desk, new=0, old=1)
    assert await anna.counts() == (0, 1)
    assert await anna.voicemails("?heard=false") == []
    again = await anna.ask("GET", left["audio_url"])
    assert (again.raw, again.headers["ETag"]) == (sound.raw, sound.headers["ETag"])

    unheard = await anna.ask("PATCH", f"/v1/voicemails/{left['id']}", {"heard": False})
    assert unheard.body["folder"] == "inbox"
    await until_lamp(desk, new=1, old=0)
    moved = await anna.ask("PATCH", f"/v1/voicemails/{left['id']}", {"folder": "family"})
    assert (moved.body["folder"], moved.body["heard"]) == ("family", True)
    assert await anna.counts() == (0, 0)


async def plays_message(desk: Phone, tone_hz: int) -> None:
    """Have the first message played on a phone that is in its mailbox.

    On a busy machine a key may come too early, or the message be over before enough of it was
    recorded; the key begins it again.
    """
    for _ in range(2):
        await desk.send_dtmf("1")
        with suppress(AssertionError):
            await hears(desk, tone_hz)
            return
    await desk.send_dtmf("1")
    await hears(desk, tone_hz)


async def test_what_is_heard_on_the_phone_is_heard_here(office: Office, handsets: Shelf) -> None:
    await office.leave_message(handsets, "1002", "1001", 440)
    (left,) = await office.anna.until_voicemails(1)
    desk = await handsets.take("1001")
    await desk.call("860")
    await desk.wait_for("sound")
    await plays_message(desk, 440)
    # Once it was played, leaving the mailbox moves it to the old ones.
    await desk.hang_up()

    async def folder() -> str:
        return str((await office.anna.ask("GET", f"/v1/voicemails/{left['id']}")).body["folder"])

    await until(folder, lambda found: found == "old")
    assert await office.anna.counts() == (0, 1)
    await until_lamp(desk, new=0, old=1)


async def test_a_message_is_forwarded_once_and_deleted(office: Office, handsets: Shelf) -> None:
    anna, carla = office.anna, office.carla
    await office.leave_message(handsets, "1002", "1001", 1_000)
    (left,) = await anna.until_voicemails(1)
    desk = await handsets.take("1003")
    forward = f"/v1/voicemails/{left['id']}:forward"
    to_carla = {"user_id": carla.user.id}
    for _ in range(2):
        answer = await anna.ask("POST", forward, to_carla, Idempotency_Key="once")
        assert (answer.status, answer.body["id"]) == (200, left["id"])
    (copied,) = await carla.until_voicemails(1)
    assert copied["id"] != left["id"]
    assert copied["caller"]["user_id"] == office.bob.user.id
    assert share_of((await carla.ask("GET", copied["audio_url"])).raw, 1_000) > 0.9
    await until_lamp(desk, new=1, old=0)
    assert len(await anna.voicemails()) == 1

    gone = await anna.ask("DELETE", f"/v1/voicemails/{left['id']}")
    assert gone.status == 204
    assert await anna.voicemails() == []
    assert (await anna.ask("GET", left["audio_url"])).status == 404
    assert (await anna.ask("DELETE", f"/v1/voicemails/{left['id']}")).status == 404
    assert [event.subject for event in office.told("voicemail.deleted")] == [left["id"]]
    assert (await carla.ask("GET", copied["audio_url"])).status == 200
    itself = await carla.ask("POST", f"/v1/voicemails/{copied['id']}:forward", to_carla)
    assert itself.status == 422


async def test_nobody_else_hears_of_it(office: Office, handsets: Shelf) -> None:
    await office.leave_message(handsets, "1002", "1001", 440)
    (left,) = await office.anna.until_voicemails(1)
    at = f"/v1/voicemails/{left['id']}"
    for stranger in (office.bob, office.dora):
        assert await stranger.voicemails() == []
        for method, path, body in (
            ("GET", at, None),
            ("GET", f"{at}/audio", None),
            ("PATCH", at, {"heard": True}),
            ("DELETE", at, None),
            ("POST", f"{at}:forward", {"user_id": stranger.user.id}),
        ):
            refused = await stranger.ask(method, path, body)
            assert (refused.status, refused.body["code"]) == (404, "not_found"), (method, path)
    refused = await office.manager.ask("GET", at)
    assert (refused.status, refused.body["code"]) == (403, "no_user")
    outside = await office.anna.ask("POST", f"{at}:forward", {"user_id": office.dora.user.id})
    assert outside.status == 404
    (told,) = office.told("voicemail.created")
    assert set(told.user_ids) == {"!", office.anna.user.id}
    assert await office.anna.counts() == (1, 0)


async def test_a_call_nobody_takes_ends_in_the_mailbox_and_on_the_timeline(
    office: Office, handsets: Shelf
) -> None:
    bob = await handsets.take("1002", tone_hz=440)
    await bob.call("1001")
    await office.until_recorded("1001")
    await bob.hang_up()
    (left,) = await office.anna.until_voicemails(1)
    started = await office.anna.ask("POST", "/v1/conversations", {"to": [{"extension": "1002"}]})
    thread = started.body["id"]
    timeline = (await office.anna.ask("GET", f"/v1/conversations/{thread}/timeline")).body["items"]
    (item,) = [one for one in timeline if one["type"] == "voicemail"]
    assert (item["id"], item["at"]) == (left["id"], left["received_at"])
    assert item["voicemail"]["audio_url"] == left["audio_url"]
    assert [one["id"] for one in await office.anna.voicemails(f"?conversation_id={thread}")] == [left["id"]]
    theirs = (await office.bob.ask("GET", f"/v1/conversations/{thread}/timeline")).body["items"]
    assert not [one for one in theirs if one["type"] == "voicemail"]


async def test_users_who_share_a_mailbox_see_the_same(office: Office, handsets: Shelf) -> None:
    share = await office.manager.ask(
        "PUT", f"/v1/users/{office.carla.user.id}/mailbox", {"mailbox": "1001@acme"}
    )
    assert sorted(share.body["user_ids"]) == sorted([office.anna.user.id, office.carla.user.id])
    await office.leave_message(handsets, "1002", "1001", 440)
    (left,) = await office.anna.until_voicemails(1)
    assert [one["id"] for one in await office.carla.voicemails()] == [left["id"]]
    await office.carla.ask("PATCH", f"/v1/voicemails/{left['id']}", {"heard": True})
    assert (await office.anna.voicemails())[0]["heard"]


async def test_managers_give_out_mailboxes_of_their_own_context_only(office: Office) -> None:
    of_bob = f"/v1/users/{office.bob.user.id}/mailbox"
    foreign = await office.manager.ask("PUT", of_bob, {"mailbox": "1001@default"})
    assert (foreign.status, foreign.body["code"]) == (403, "mailbox_not_allowed")
    taken = await office.manager.ask("PUT", of_bob, {"mailbox": "1004@acme"})
    assert (taken.status, taken.body["code"]) == (409, "mailbox_taken")
    for odd in ("../..@acme", "1001@..", "1001", ".@acme", "10/01@acme", "1001@acme/x"):
        assert (await office.manager.ask("PUT", of_bob, {"mailbox": odd})).status == 422
    assert (await office.anna.ask("PUT", of_bob, {"mailbox": "1002@acme"})).status == 403
    assert (await office.manager.ask("DELETE", of_bob)).status == 204
    assert (await office.manager.ask("GET", of_bob)).status == 404


async def test_recordings_come_from_beside_a_pbx_elsewhere(
    pbx: PrivateAsterisk, handsets: Shelf, tmp_path: Path
) -> None:
    async with an_office(pbx, tmp_path, remote=True) as office:
        await office.leave_message(handsets, "1002", "1001", 440)
        (left,) = await office.anna.until_voicemails(1)
        sound = await office.anna.ask("GET", left["audio_url"])
        assert share_of(sound.raw, 440) > 0.9
        part = await office.anna.ask(
            "GET", left["audio_url"], Range="bytes=44-1043", If_Range=sound.headers["ETag"]
        )
        assert (part.status, part.raw) == (206, sound.raw[44:1044])
        marked = await office.anna.ask("PATCH", f"/v1/voicemails/{left['id']}", {"heard": True})
        assert marked.body["folder"] == "old"


async def test_an_account_that_may_not_change_mailboxes_can_be_listened_with(
    pbx: PrivateAsterisk, handsets: Shelf, tmp_path: Path
) -> None:
    """Without `user` in its write= line, as it was before there was voicemail."""
    manager = pbx.voicemail_spool.parents[1] / "etc" / "manager.conf"
    manager.write_text(f"{manager.read_text()}write = originate,call,reporting,message\n")
    pbx.command("manager reload")
    async with an_office(pbx, tmp_path) as office:
        await office.leave_message(handsets, "1002", "1001", 440)
        (left,) = await office.anna.until_voicemails(1)
        assert (await office.anna.ask("GET", left["audio_url"])).status == 200
        for method, body in (("PATCH", {"heard": True}), ("DELETE", None)):
            refused = await office.anna.ask(method, f"/v1/voicemails/{left['id']}", body)
            assert (refused.status, refused.body["code"]) == (409, "voicemail_not_changeable")
        assert await office.anna.counts() == (1, 0)
