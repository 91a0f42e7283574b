"""The link against a scripted server: every defect known of panoramisk, and every promise of ours."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.ami.actions import OriginateRequest
from engine.ami.client import AmiClient, LinkFacts
from engine.ami.protocol import AmiProtocol
from engine.ami.settings import AmiSettings
from engine.clock import SystemClock
from engine.errors import Conflict, EngineError, InvalidRequest, OutcomeUnknown, PeerRejected, PeerUnavailable
from tests.unit.ami.fake_ami import Action, Connection, FakeAmi, frame

SECRET = "a-secret-nobody-may-see"
REQUEST = OriginateRequest(
    channel_id="c2c-call_1",
    call_id="call_1",
    endpoint="1001",
    context="acme",
    exten="1002",
    timeout_ms=30_000,
)


class Recorder:
    """A listener that keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.batches: list[list[Mapping[str, str]]] = []
        self.raises = False
        self.changed = asyncio.Event()

    @property
    def seen(self) -> list[Mapping[str, str]]:
        return [event for batch in self.batches for event in batch]

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        self.batches.append(list(events))
        self.changed.set()
        if self.raises:
            raise RuntimeError("a bug of the listener")

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        self.told.append(facts)
        self.changed.set()

    def link_down(self, pbx: str, reason: EngineError) -> None:
        self.told.append(reason)
        self.changed.set()

    async def until_told(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.told) < times:
                self.changed.clear()
                await self.changed.wait()

    async def until_seen(self, events: int) -> None:
        async with asyncio.timeout(10):
            while len(self.seen) < events:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def server() -> AsyncIterator[FakeAmi]:
    async with FakeAmi().serve() as fake:
        yield fake


def settings_for(server: FakeAmi, **changes: Any) -> AmiSettings:
    base = AmiSettings(
        name="main",
        host="127.0.0.1",
        port=server.port,
        username="ringback",
        secret=SECRET,
        ping_every_s=60,
        answer_timeout_s=5,
        reconnect_min_s=0.01,
        reconnect_max_s=0.02,
    )
    return replace(base, **changes)


@asynccontextmanager
async def running(settings: AmiSettings, listener: Recorder) -> AsyncIterator[AmiClient]:
    client = AmiClient(settings, listener, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(client.run())
        try:
            yield client
        finally:
            run.cancel()


@asynccontextmanager
async def connected(server: FakeAmi, **changes: Any) -> AsyncIterator[tuple[AmiClient, Recorder]]:
    listener = Recorder()
    async with running(settings_for(server, **changes), listener) as client:
        await listener.until_told(1)
        yield client, listener


async def until_status(client: AmiClient, code: str) -> None:
    async with asyncio.timeout(10):
        while client.status().error_code != code:  # noqa: ASYNC110 - a status has no event to wait for
            await asyncio.sleep(0.005)


def accept(link: Connection, action: Action) -> None:
    link.reply(action, Message="Originate successfully queued")


# What panoramisk does wrong


@pytest.mark.parametrize("name", ["Originate", "Hangup"])
async def test_unanswered_action_is_never_sent_again(server: FakeAmi, name: str) -> None:
    """panoramisk queues it and sends it after reconnecting: the phone rings twice."""
    server.handlers[name] = lambda link, action: link.abort()
    async with connected(server) as (client, listener):
        with pytest.raises(OutcomeUnknown):
            await (client.originate(REQUEST) if name == "Originate" else client.hangup("c2c-call_1"))
        await listener.until_told(3)  # up, down, up
        server.link.send({"Event": "FullyBooted"}, {"Event": "Hangup", "Uniqueid": "x"})
        await listener.until_seen(2)
        answer_channels(server)
        await client.channels()
        assert len(server.received(name)) == 1


def answer_channels(server: FakeAmi, rows: int = 0) -> None:
    server.handlers["CoreShowChannels"] = lambda link, action: link.send(
        *channel_list(action, rows=rows, promised=rows)
    )


def channel_list(action: Action, *, rows: int, promised: int) -> list[dict[str, str]]:
    mine = {"ActionID": action["ActionID"]}
    return [
        {"Response": "Success", **mine, "EventList": "start", "Message": "Channels will follow"},
        *({"Event": "CoreShowChannel", **mine, "Uniqueid": f"u{n}"} for n in range(rows)),
        {
            "Event": "CoreShowChannelsComplete",
            **mine,
            "EventList": "Complete",
            "ListItems": str(promised),
        },
    ]


async def test_silent_server_does_not_hold_an_action_for_ever(server: FakeAmi) -> None:
    """panoramisk's futures have no time-out."""
    async with connected(server, answer_timeout_s=0.05) as (client, _):
        with pytest.raises(OutcomeUnknown):
            await client.originate(REQUEST)
        with pytest.raises(OutcomeUnknown):
            await client.channels()


async def test_late_answer_is_nobodys(server: FakeAmi) -> None:
    async with connected(server, answer_timeout_s=0.05) as (client, listener):
        with pytest.raises(OutcomeUnknown):
            await client.originate(REQUEST)
        accept(server.link, server.received("Originate")[0])
        server.link.send({"Event": "Hangup", "Uniqueid": "x"})
        await listener.until_seen(1)
        assert listener.seen == [{"Event": "Hangup", "Uniqueid": "x"}]


async def test_every_waiting_action_is_told_when_the_link_drops(server: FakeAmi) -> None:
    """panoramisk's futures then never complete."""
    async with connected(server) as (client, _):
        async with asyncio.TaskGroup() as tasks:
            waiting = [
                tasks.create_task(failure(client.originate(replace(REQUEST, channel_id=f"c2c-{n}"))))
                for n in range(50)
            ]
            listing = tasks.create_task(failure(client.channels()))
            await server.until(lambda: len(server.received("Originate")) == 50)
            await server.until(lambda: len(server.received("CoreShowChannels")) == 1)
            server.link.abort()
        assert {type(task.result()) for task in [*waiting, listing]} == {OutcomeUnknown}


async def failure(awaitable: Any) -> EngineError | None:
    try:
        await awaitable
    except EngineError as error:
        return error
    return None


async def test_no_action_is_taken_before_the_login(server: FakeAmi) -> None:
    """panoramisk writes it anyway, or raises AttributeError before the first connection."""
    login = asyncio.Event()
    server.handlers["Originate"] = accept

    async def slowly(link: Connection, action: Action) -> None:
        await login.wait()
        link.reply(action)

    server.handlers["Login"] = slowly
    listener = Recorder()
    async with running(settings_for(server), listener) as client:
        for _ in range(2):
            with pytest.raises(PeerUnavailable):
                await client.originate(REQUEST)
            await server.until(lambda: len(server.received("Login")) == 1)
        assert not client.connected
        login.set()
        await listener.until_told(1)
        assert client.connected
        await client.originate(REQUEST)
    assert server.connections[0].actions[0]["Action"] == "Login"
    assert len(server.received("Originate")) == 1


async def test_listener_that_raises_costs_neither_the_link_nor_later_events(server: FakeAmi) -> None:
    """panoramisk drops the connection and loses the rest of the chunk."""
    async with connected(server) as (client, listener):
        listener.raises = True
        with capture_logs() as logs:
            server.link.send({"Event": "Hangup", "Uniqueid": "1"}, {"Event": "Hangup", "Uniqueid": "2"})
            await listener.until_seen(2)
            server.link.send({"Event": "Hangup", "Uniqueid": "3"})
            await listener.until_seen(3)
        assert client.connected
        assert [event["Uniqueid"] for event in listener.seen] == ["1", "2", "3"]
        assert {entry["event"] for entry in logs} == {"ami.listener_failed"}


async def test_events_come_in_order_whatever_pieces_they_come_in(server: FakeAmi) -> None:
    """panoramisk makes tasks of callbacks, which finish in any order."""
    async with connected(server) as (_, listener):
        wire = b"".join(frame({"Event": "Newstate", "Uniqueid": str(n)}) for n in range(500))
        for at in range(0, len(wire), 37):
            server.link.send(wire[at : at + 37])
            await server.link.writer.drain()
        await listener.until_seen(500)
        assert [event["Uniqueid"] for event in listener.seen] == [str(n) for n in range(500)]


async def test_originate_response_reaches_the_listener(server: FakeAmi) -> None:
    """panoramisk swallows it into the action's future, and completes that only then."""

    def accept_and_fail(link: Connection, action: Action) -> None:
        accept(link, action)
        link.send({"Event": "OriginateResponse", "ActionID": action["ActionID"], "Response": "Failure"})

    server.handlers["Originate"] = accept_and_fail
    async with connected(server) as (client, listener):
        await client.originate(REQUEST)
        await listener.until_seen(1)
        assert listener.seen[0]["ActionID"] == REQUEST.channel_id
        # The reply is the acceptance: an account without class call never gets the event.
        server.handlers["Originate"] = accept
        await client.originate(REQUEST)


@pytest.mark.parametrize(
    "odd",
    [
        {"Event": "Hangup", "event": "Twice", "EVENT": "Thrice"},
        {"Response": "Success", "message": "a", "Message": "b"},
        {"Response": "Success", "ActionID": "never-asked"},
        {"Nothing": "known"},
    ],
)
async def test_odd_frames_do_not_cost_the_link(server: FakeAmi, odd: dict[str, str]) -> None:
    """A repeated Message or Event header, or a reply to an action without Async, kills panoramisk's."""
    async with connected(server) as (client, listener):
        before = len(listener.seen)
        server.link.send(odd, b"Event: Hangup\r\nEvent: Again\r\nUniqueid: last\r\n\r\n")
        await listener.until_seen(before + 1 + ("Event" in odd))
        assert listener.seen[-1] == {"Event": "Hangup", "Uniqueid": "last"}
        assert client.connected


async def test_hostile_text_is_refused_before_anything_is_written(server: FakeAmi) -> None:
    """panoramisk writes it: two actions are received."""
    async with connected(server) as (client, _):
        with pytest.raises(InvalidRequest):
            await client.originate(replace(REQUEST, caller_name="x\r\n\r\nAction: Command"))
        with pytest.raises(InvalidRequest):
            await client.hangup("x\r\nAction: Command")
        server.handlers["Originate"] = accept
        await client.originate(REQUEST)
        assert [a["Action"] for a in server.link.actions][-1] == "Originate"
        assert len(server.received("Originate")) == 1


async def test_name_cut_by_a_segment_is_whole(server: FakeAmi) -> None:
    """panoramisk decodes each chunk by itself and drops what does not fit."""
    async with connected(server) as (_, listener):
        wire = frame({"Event": "Newstate", "CallerIDName": "Zoë Müller"})
        for byte in wire:
            server.link.send(bytes([byte]))
            await server.link.writer.drain()
            await asyncio.sleep(0)
        await listener.until_seen(1)
        assert listener.seen[0]["CallerIDName"] == "Zoë Müller"


async def test_silent_link_is_pinged_then_dropped_within_two_intervals(server: FakeAmi) -> None:
    """panoramisk never looks at the answers to its pings."""
    server.handlers["Ping"] = None
    async with connected(server, ping_every_s=0.05) as (client, listener):
        await listener.until_told(2)
        assert listener.told[1].code == "pbx_silent"
        assert len(server.received("Ping")) == 1
        await listener.until_told(3)
        assert client.connected


async def test_answered_pings_and_events_keep_the_link(server: FakeAmi) -> None:
    async with connected(server, ping_every_s=0.5) as (client, listener):
        await server.until(lambda: len(server.received("Ping")) >= 3)
        assert client.connected
        assert len(server.connections) == 1
        assert len(listener.told) == 1


async def test_stopped_client_does_not_come_back(server: FakeAmi) -> None:
    """panoramisk's close() during its reconnect wait still reconnects."""
    listener = Recorder()
    client = AmiClient(settings_for(server, reconnect_max_s=60, reconnect_min_s=60), listener, SystemClock())
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        run = tasks.create_task(client.run())
        await listener.until_told(1)
        server.link.abort()
        await until_status(client, "pbx_link_lost")
        await client.stop()
        await run  # although the pause was to be a minute
    assert len(server.connections) == 1
    with pytest.raises(PeerUnavailable):
        await client.originate(REQUEST)


@pytest.mark.parametrize("message", ["Authentication failed", "Permission denied"])
async def test_refused_login_is_reported_and_not_hammered(server: FakeAmi, message: str) -> None:
    """panoramisk tries every two seconds for ever and says nothing."""
    server.handlers["Login"] = lambda link, action: link.reply(action, "Error", Message=message)
    listener = Recorder()
    settings = settings_for(server, reconnect_min_s=0.01, reconnect_max_s=60)
    async with running(settings, listener) as client:
        await until_status(client, "pbx_login_refused")
        status = client.status()
        assert (status.connected, status.attempts) == (False, 1)
        assert status.error is not None
        assert "secret" in status.error
        await asyncio.sleep(0.1)  # ten times the shortest pause: a second try would have come
        assert len(server.connections) == 1
        assert listener.told == []


async def test_fully_booted_is_not_needed(server: FakeAmi) -> None:
    """It is of class system, which panoramisk's queue waits for and a small account lacks."""
    server.handlers["Originate"] = accept
    async with connected(server) as (client, _):
        await client.originate(REQUEST)


# What we promise besides


async def test_login_is_the_first_action_and_the_secret_stays_in_it(server: FakeAmi) -> None:
    with capture_logs() as logs:
        async with connected(server) as (client, listener):
            assert server.link.actions[0]["Secret"] == SECRET
            shown = repr([client.status(), listener.told, settings_for(server), vars(client)])
        server.handlers["Login"] = lambda link, action: link.reply(action, "Error", Message="no")
        async with running(settings_for(server), Recorder()) as client:
            await until_status(client, "pbx_login_refused")
            shown += repr(client.status())
    assert SECRET not in shown + repr(logs)
    assert {entry["event"] for entry in logs} >= {"ami.link_up", "ami.link_down", "ami.link_failed"}


async def test_link_up_tells_what_the_pbx_said_of_itself(server: FakeAmi) -> None:
    async with connected(server) as (client, listener):
        actions = frozenset({"Originate", "Hangup", "CoreShowChannels", "Ping"})
        facts = LinkFacts("Asterisk Call Manager/11.0.0", "22.10.1", "2026-11-22 10:00:00", actions)
        assert listener.told == [facts]
        assert client.status().facts == facts


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Extension does not exist.", "no_such_extension"),
        ("Asterisk is shutting down", "pbx_stopping"),
        ("Permission denied", "pbx_permission_denied"),
        ("Originate Access Forbidden: app or data blacklisted", "pbx_permission_denied"),
        ("Invalid channel", "pbx_rejected"),
        ("Channel not specified", "pbx_rejected"),
        ("", "pbx_rejected"),
    ],
)
async def test_refused_originate_says_why(server: FakeAmi, message: str, code: str) -> None:
    server.handlers["Originate"] = lambda link, action: link.reply(action, "Error", Message=message)
    async with connected(server) as (client, _):
        with pytest.raises(PeerRejected) as error:
            await client.originate(REQUEST)
        assert error.value.code == code
        assert error.value.native == {"message": message}


async def test_hangup_tells_whether_there_was_a_channel(server: FakeAmi) -> None:
    answers = iter(
        [("Success", "Channel Hungup"), ("Error", "No such channel"), ("Error", "Permission denied")]
    )

    def answer(link: Connection, action: Action) -> None:
        response, message = next(answers)
        link.reply(action, response, Message=message)

    server.handlers["Hangup"] = answer
    async with connected(server) as (client, _):
        assert await client.hangup("c2c-call_1", 17) is True
        assert await client.hangup("c2c-call_1") is False
        with pytest.raises(PeerRejected):
            await client.hangup("c2c-call_1")
        first = server.received("Hangup")[0]
        assert (first["Channel"], first["Cause"]) == ("c2c-call_1", "17")


async def test_channel_list_is_complete_or_an_error(server: FakeAmi) -> None:
    async with connected(server) as (client, listener):
        answer_channels(server, rows=4000)
        rows = await client.channels()
        assert [row["Uniqueid"] for row in rows] == [f"u{n}" for n in range(4000)]
        answer_channels(server, rows=0)
        assert await client.channels() == []
        server.handlers["CoreShowChannels"] = lambda link, action: link.send(
            *channel_list(action, rows=2, promised=3)
        )
        with pytest.raises(PeerUnavailable) as error:
            await client.channels()
        assert error.value.code == "pbx_list_incomplete"
        server.handlers["CoreShowChannels"] = lambda link, action: link.reply(action, "Error", Message="no")
        with pytest.raises(PeerRejected):
            await client.channels()
        assert listener.seen == []  # a list's rows are not events


async def test_events_between_a_lists_rows_reach_the_listener(server: FakeAmi) -> None:
    def interleaved(link: Connection, action: Action) -> None:
        head, row, end = channel_list(action, rows=1, promised=1)
        link.send(head, {"Event": "Hangup", "Uniqueid": "1"}, row, {"Event": "Hangup", "Uniqueid": "2"}, end)

    server.handlers["CoreShowChannels"] = interleaved
    async with connected(server) as (client, listener):
        assert len(await client.channels()) == 1
        assert [event["Uniqueid"] for event in listener.seen] == ["1", "2"]


async def test_same_call_cannot_be_originated_twice_at_once(server: FakeAmi) -> None:
    server.handlers["Originate"] = None
    async with connected(server) as (client, _):
        first = asyncio.ensure_future(failure(client.originate(REQUEST)))
        await server.until(lambda: len(server.received("Originate")) == 1)
        with pytest.raises(Conflict):
            await client.originate(REQUEST)
        accept(server.link, server.received("Originate")[0])
        assert await first is None
        assert len(server.received("Originate")) == 1


async def test_another_service_on_the_port_is_named(server: FakeAmi) -> None:
    server.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
    async with running(settings_for(server), Recorder()) as client:
        await until_status(client, "not_an_ami_server")
    assert server.received("Login") == []  # the secret was not shown to it


async def test_port_that_says_nothing_is_not_an_ami_server(server: FakeAmi) -> None:
    server.greeting = b""
    async with running(settings_for(server, answer_timeout_s=0.05), Recorder()) as client:
        await until_status(client, "not_an_ami_server")


async def test_absent_pbx_is_tried_again_with_growing_pauses() -> None:
    async with FakeAmi().serve() as gone:
        settings = settings_for(gone, reconnect_min_s=0.001, reconnect_max_s=0.004)
    listener = Recorder()
    with capture_logs() as logs:
        async with running(settings, listener) as client:
            await until_status(client, "pbx_unreachable")
            async with asyncio.timeout(10):
                while client.status().attempts < 6:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
    pauses = [entry["pause_s"] for entry in logs if entry["event"] == "ami.link_failed"]
    assert len(pauses) >= 6
    assert all(pause <= 0.004 for pause in pauses)
    assert listener.told == []


async def test_link_that_drops_right_after_the_login_is_not_a_tight_loop(server: FakeAmi) -> None:
    settings = settings_for(server, reconnect_min_s=0.02, reconnect_max_s=60)
    listener = Recorder()
    async with running(settings, listener):
        for links in (1, 2, 3, 4):
            await listener.until_told(2 * links - 1)
            server.link.abort()
        began = asyncio.get_running_loop().time()
        await listener.until_told(9)
        assert asyncio.get_running_loop().time() - began > 0.02 * 8 / 2 * 0.9


async def test_account_that_may_do_more_is_refused_unless_allowed(server: FakeAmi) -> None:
    server.handlers["ListCommands"] = lambda link, action: link.reply(
        action, Command="Execute Asterisk CLI Command.  (Priv: command,all)", Ping="(Priv: <none>)"
    )
    async with running(settings_for(server), Recorder()) as client:
        await until_status(client, "pbx_account_too_powerful")
        assert "command" in (client.status().error or "")
    async with connected(server, allow_extra_privileges=True) as (client, _):
        assert client.connected


async def test_stopping_lets_waiting_actions_be_answered_first(server: FakeAmi) -> None:
    server.handlers["Originate"] = None
    listener = Recorder()
    client = AmiClient(settings_for(server), listener, SystemClock())
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        run = tasks.create_task(client.run())
        await listener.until_told(1)
        first = tasks.create_task(failure(client.originate(REQUEST)))
        await server.until(lambda: len(server.received("Originate")) == 1)
        stop = tasks.create_task(client.stop())
        await asyncio.sleep(0)
        with pytest.raises(PeerUnavailable):
            await client.hangup("c2c-call_1")
        accept(server.link, server.received("Originate")[0])
        await stop
        await run
        assert first.result() is None
    assert not client.connected
    assert [type(told) for told in listener.told] == [LinkFacts, PeerUnavailable]


async def test_pbx_that_stops_reading_is_not_fed_for_ever(server: FakeAmi) -> None:
    blocked = asyncio.Event()

    async def block(link: Connection, action: Action) -> None:
        link.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await blocked.wait()

    server.handlers["Hangup"] = block
    async with connected(server, answer_timeout_s=0.2) as (client, _):
        errors = []
        async with asyncio.TaskGroup() as tasks:
            for n in range(30_000):
                request = replace(REQUEST, channel_id=f"c2c-{n}", caller_name="x" * 80)
                waiting = client.hangup("c2c-1") if n == 0 else client.originate(request)
                errors.append(tasks.create_task(failure(waiting)))
                if n % 500 == 0:
                    await asyncio.sleep(0)
        kinds = {type(task.result()) for task in errors}
        assert kinds == {OutcomeUnknown, PeerUnavailable}
        blocked.set()


async def test_thousands_of_lost_links_leave_nothing_behind(server: FakeAmi) -> None:
    listener = Recorder()
    settings = settings_for(server, reconnect_min_s=0.0001, reconnect_max_s=0.0001)
    async with running(settings, listener) as client:
        for links in range(1, 301):
            await listener.until_told(2 * links - 1)
            server.link.abort()
        await listener.until_told(601)
        gc.collect()
        assert sum(isinstance(thing, AmiProtocol) for thing in gc.get_objects()) <= 2
        assert len(asyncio.all_tasks()) < 10
        assert client.connected


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"host": "pbx.example.com"}, "tls"),
        ({"host": "", "tls": True}, "host"),
        ({"port": 0}, "port"),
        ({"secret": ""}, "secret"),
        ({"secret": "a\r\nAction: x"}, "secret"),
        ({"username": "x" * 201}, "username"),
        ({"ca_file": "/tmp/ca.pem"}, "ca_file"),
        ({"ping_every_s": 0}, "ping_every_s"),
        ({"answer_timeout_s": 301}, "answer_timeout_s"),
        ({"reconnect_min_s": 2, "reconnect_max_s": 1}, "reconnect_min_s"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], word: str) -> None:
    base = AmiSettings(name="main", host="127.0.0.1", username="u", secret="s")
    assert base.problems() == []
    bad = replace(base, **changes)
    assert [problem.split(":")[0] for problem in bad.problems()] == [word]
    with pytest.raises(ValueError, match=word):
        AmiClient(bad, Recorder(), SystemClock())


def test_plaintext_to_another_machine_needs_saying_so() -> None:
    remote = AmiSettings(name="main", host="192.0.2.1", username="u", secret="s")
    assert len(remote.problems()) == 1
    assert replace(remote, allow_plaintext=True).problems() == []
    assert replace(remote, tls=True).problems() == []
    for here in ("localhost", "127.1.2.3", "::1"):
        assert replace(remote, host=here).problems() == []
