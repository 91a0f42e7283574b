"""The whole engine stopped as a service manager stops it: calls go on, what was asked for is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.settings import Settings, StorageSettings
from engine.accounts.models import Principal, Scope
from engine.app import Engine, running
from engine.click_to_call.models import Call, CallStatus, EndReason, PlaceCall
from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.office import ROOMY, ami_settings, new_office_file, people
from tests.e2e.calls.quick_phones import QuickPhones, answers, rings

pytestmark = pytest.mark.asterisk


@asynccontextmanager
async def an_engine(asterisk: PrivateAsterisk, file: Path) -> AsyncIterator[tuple[Engine, Principal]]:
    settings = Settings(
        storage=StorageSettings(data_dir=file.parent, url=f"sqlite:///{file}"),
        pbx=(ami_settings(asterisk),),
        calls=ROOMY,
    )
    domain_id, user_id = await people(file)
    async with running(settings) as engine:
        anna = Principal("token", "tok_test", domain_id, user_id, Scope.BASIC_USER)
        while not all(engine.calls.pbx_links().values()):  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.01)
        yield engine, anna


async def until(engine: Engine, anna: Principal, call: Call, status: CallStatus) -> Call:
    async with asyncio.timeout(10):
        while (found := await engine.calls.get(anna, call.id)).status is not status:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)
    return found


async def place(engine: Engine, anna: Principal) -> Call:
    call = await engine.calls.place(anna, PlaceCall(to="1002", leg_a_timeout_s=60, leg_b_timeout_s=60))
    assert isinstance(call, Call)
    return call


async def test_a_call_outlives_the_engine_and_is_taken_up_by_the_next(
    asterisk: PrivateAsterisk, quick: QuickPhones, empty_database: Path, tmp_path: Path
) -> None:
    anna_phone, bob = await quick.take("1001", answers()), await quick.take("1002", answers())
    file = tmp_path / "ringback.db"
    await new_office_file(asterisk, empty_database, file)
    async with an_engine(asterisk, file) as (engine, anna):
        call = await place(engine, anna)
        await until(engine, anna, call, CallStatus.CONNECTED)
    assert "ringback" not in asterisk.command("manager show connected")
    assert bob.lines[0].up
    async with an_engine(asterisk, file) as (engine, anna):
        assert (await engine.calls.get(anna, call.id)).status is CallStatus.CONNECTED
        bob.lines[0].hang_up()
        ended = await until(engine, anna, call, CallStatus.COMPLETED)
    assert ended.end_reason is EndReason.HUNG_UP
    assert len(anna_phone.lines) == len(bob.lines) == 1


async def test_a_cancel_right_before_the_end_is_carried_out(
    asterisk: PrivateAsterisk, quick: QuickPhones, empty_database: Path, tmp_path: Path
) -> None:
    anna_phone = await quick.take("1001", rings)
    file = tmp_path / "ringback.db"
    await new_office_file(asterisk, empty_database, file)
    async with an_engine(asterisk, file) as (engine, anna):
        call = await place(engine, anna)
        await until(engine, anna, call, CallStatus.CALLER_RINGING)
        await engine.calls.cancel(anna, call.id)
    await anna_phone.lines[0].until(lambda line: line.ended)
    assert anna_phone.lines[0].code == 487
