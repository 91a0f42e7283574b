"""What a newcomer finds in the demo before doing anything."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from config.settings import ServerSettings, Settings, StorageSettings
from engine.accounts.models import SYSTEM, CreateDomain, MintToken, Scope
from engine.app import listening, running
from engine.clock import SystemClock
from engine.demo_people import OUR_NUMBER, PEOPLE, SUPPORT_NUMBER, live_the_past, move_in
from engine.idempotency import Replayed


@pytest.fixture
async def ask(sqlite_database: str, tmp_path: Path) -> Any:
    settings = replace(
        Settings(),
        server=ServerSettings(port=0),
        storage=StorageSettings(data_dir=tmp_path, url=sqlite_database),
    )
    async with running(settings) as engine, listening(engine, settings) as url:
        wanted = CreateDomain(name="Demo", realm="demo", pbx="main", dial_context="out", region="US")
        domain = await engine.services.accounts.domains.create(SYSTEM, wanted)
        assert not isinstance(domain, Replayed)
        users = await move_in(engine.services, domain, frozenset({"1001"}), "demo")
        await live_the_past(engine.database, domain, users, "demo", SystemClock().now_ms())
        token = await engine.services.accounts.tokens.mint(
            SYSTEM, MintToken(user_id=users[0].id, scope=Scope.OFFICE_MANAGER)
        )
        assert not isinstance(token, Replayed)
        headers = {"Authorization": f"Bearer {token.secret}"}
        async with aiohttp.ClientSession(url, headers=headers) as browser:

            async def ask(path: str) -> Any:
                async with browser.get(path) as answer:
                    assert answer.status == 200, await answer.text()
                    return await answer.json()

            yield ask


async def test_anna_finds_what_she_missed(ask: Any) -> None:
    missed = await ask("/v1/me/missed")
    (chat,), (text,), (call,) = (missed[kind]["items"] for kind in ("chats", "texts", "missed_calls"))
    assert [one["name"] for one in chat["members"] if one["name"] != "Anna Adler"] == ["Bob Berger"]
    assert text["number"] == OUR_NUMBER
    assert call["result"] == "missed"


async def test_threads_can_be_read_and_searched(ask: Any) -> None:
    threads = (await ask("/v1/conversations?limit=200"))["items"]
    assert {thread["number"] for thread in threads} == {None, OUR_NUMBER, SUPPORT_NUMBER}
    for thread in threads:
        items = (await ask(f"/v1/conversations/{thread['id']}/timeline"))["items"]
        times = [item["at"] if "at" in item else item["message"]["created_at"] for item in items]
        assert len(items) > 1
        assert times == sorted(times, reverse=True)
    async with asyncio.timeout(30):
        while not (await ask("/v1/search?q=toner"))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_month_of_usage_is_there(ask: Any) -> None:
    summary = await ask("/v1/usage/summary")
    assert summary["shown"]
    busy = [day for day in summary["days"] if day["texts"]["sent"]]
    assert len(busy) >= 28
    directory = await ask("/v1/directory?q=carol")
    assert directory["items"][0]["name"] == "Carol Castillo"
    assert len((await ask("/v1/users"))["items"]) == len(PEOPLE)
