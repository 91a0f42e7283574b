"""Soft phones that register, ring, answer, speak tones and hear them, driven from asyncio.

Each phone lives in a worker process (see phone_worker.py); this side starts the workers, sends
commands and keeps what the phones saw. For trusted networks only: the library's TLS is old.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from engine.errors import EngineError
from engine.sip.tones import read_wav, tone_share

#: Equal to the call legs of one worker process; the library refuses a fifth.
PHONES_A_WORKER = 4
_WORKER = Path(__file__).with_name("phone_worker.py")
_READY_WITHIN_S = 20.0
_ANSWER_WITHIN_S = 10.0
_STOP_WITHIN_S = 6.0


class PhonesUnavailable(EngineError):
    """The library for soft phones is not installed, or does not run here."""

    code = "phones_unavailable"


class PhoneRefused(EngineError):
    """The phone cannot do that now, for example hang up without a call."""

    code = "phone_refused"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a phone does when it rings.

    kind: `answer`, `ring`, `reject` or `ignore` (not even 180 Ringing).
    after_s: delay of the answer or the rejection. code: SIP status of the rejection.
    auto_answer: obey `Call-Info: …;answer-after=0` whatever the kind.
    """

    kind: str
    after_s: float = 0.0
    code: int = 486
    auto_answer: bool = False

    @classmethod
    def answer(cls, after_s: float = 0.0) -> Policy:
        return cls("answer", after_s)

    @classmethod
    def ring(cls, *, auto_answer: bool = False) -> Policy:
        return cls("ring", auto_answer=auto_answer)

    @classmethod
    def reject(cls, code: int, after_s: float = 0.0) -> Policy:
        """code: 486 busy, 603 declined, 480 unavailable, or any other from 400 to 699."""
        return cls("reject", after_s, code)

    @classmethod
    def ignore(cls) -> Policy:
        return cls("ignore")


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """Something a phone saw.

    kind: registered, unregistered, incoming, calling, ringing (either direction), answered,
    sound (media flows), dtmf, ended; message (sender, text), message_answered; mwi (waiting, new, old).
    at: time.monotonic() of the moment. data: sip_code and reason, digit, …
    """

    kind: str
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """What a phone heard for a while, as 16-bit samples."""

    path: Path

    def share(self, tone_hz: float) -> float:
        """The share of the energy at that tone; 0 is silence or something else, 1 pure tone."""
        samples, rate_hz = read_wav(self.path)
        return tone_share(samples, rate_hz, tone_hz)

    def loudness(self) -> float:
        """Root mean square of the samples: below 10 is silence, some hundreds are speech."""
        samples, _ = read_wav(self.path)
        return math.sqrt(sum(sample * sample for sample in samples) / max(len(samples), 1))


class Phone:
    """One soft phone. Methods return when the phone has acted, not when the network answered.

    All raise PhoneRefused when it makes no sense now, PhonesUnavailable when its process is gone.
    """

    def __init__(self, worker: _Worker, key: str, user: str, folder: Path) -> None:
        self.user = user
        self.events: list[PhoneEvent] = []
        self._worker = worker
        self._key = key
        self._folder = folder
        self._recordings = itertools.count(1)
        self._news = asyncio.Condition()

    @property
    def state(self) -> str:
        """idle, calling, incoming, ringing or answered: of the latest call."""
        for event in reversed(self.events):
            if event.kind in {"incoming", "calling", "ringing", "answered"}:
                return event.kind
            if event.kind == "ended":
                break
        return "idle"

    @property
    def invite(self) -> Mapping[str, str]:
        """Headers of the latest INVITE by lower-case name, first one of each; empty before one."""
        for event in reversed(self.events):
            if event.kind == "incoming":
                return parse_headers(str(event.data["invite"]))
        return {}

    def count(self, kind: str) -> int:
        """How many events of that kind there have been."""
        return sum(event.kind == kind for event in self.events)

    async def wait_for(self, kind: str, *, nth: int = 1, within_s: float = 10.0) -> PhoneEvent:
        """The nth event of that kind, from the past too. Raises TimeoutError, naming what was seen."""

        def found() -> PhoneEvent | None:
            matching = [event for event in self.events if event.kind == kind]
            return matching[nth - 1] if len(matching) >= nth else None

        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: found() is not None)
        except TimeoutError:
            seen = " ".join(event.kind for event in self.events) or "nothing"
            raise TimeoutError(f"phone {self.user} saw no {kind} within {within_s} s, but {seen}") from None
        event = found()
        assert event is not None  # just seen, and events are never removed
        return event

    async def register(self, *, within_s: float = 10.0) -> None:
        """Register and wait for the registrar's yes. Raises PhoneRefused when it says no."""
        await self._change_registration("register", "registered", within_s)

    async def unregister(self, *, within_s: float = 10.0) -> None:
        await self._change_registration("unregister", "unregistered", within_s)

    async def on_incoming(self, policy: Policy) -> None:
        """What to do from the next call on."""
        await self._ask("policy", policy=asdict(policy))

    async def call(self, number: str) -> None:
        await self._ask("call", number=number)

    async def text(self, number: str, text: str) -> None:
        """Send a text, as a desk phone does."""
        await self._ask("text", number=number, text=text)

    async def answer(self, code: int = 200) -> None:
        await self._ask("answer", code=code)

    async def hang_up(self, code: int = 603) -> None:
        """End the current call; code is the SIP status of one that still rings."""
        await self._ask("hangup", code=code)

    async def hold(self) -> None:
        """Put the current call on hold."""
        await self._ask("hold", on=True)

    async def resume(self) -> None:
        """Take the current call back from hold."""
        await self._ask("hold", on=False)

    async def send_dtmf(self, digits: str) -> None:
        """As RFC 4733 events, in the sound."""
        await self._ask("dtmf", digits=digits)

    async def play(self, tone_hz: int) -> None:
        """A steady tone towards the other side of every call; 0 is silence."""
        await self._ask("play", hz=tone_hz)

    async def listen(self, for_s: float = 0.5) -> Recording:
        """Record the current call for a while, or until it ends."""
        path = self._folder / f"{self._key}-{next(self._recordings)}.wav"
        await self._ask("listen", path=str(path), for_s=for_s)
        return Recording(path)

    async def saw(self, event: PhoneEvent) -> None:
        """For the worker's reader: keep the event and wake who waits."""
        async with self._news:
            self.events.append(event)
            self._news.notify_all()

    async def _change_registration(self, do: str, wanted: str, within_s: float) -> None:
        before = len(self.events)
        await self._ask(do)

        def answer() -> PhoneEvent | None:
            kinds = {"registered", "unregistered"}
            return next((event for event in self.events[before:] if event.kind in kinds), None)

        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: answer() is not None)
        event = answer()
        if event is None or event.kind != wanted:
            raise PhoneRefused(f"{do} of {self.user}: {dict(event.data) if event else 'no answer'}")

    async def _ask(self, do: str, **fields: object) -> None:
        await self._worker.ask({"do": do, "phone": self._key, **fields})


def check_available() -> None:
    """Raises PhonesUnavailable when the library is not installed."""
    if importlib.util.find_spec("pjsua2") is None:
        raise PhonesUnavailable(
            "phones_unavailable: pjsua2 is not installed; on Python 3.11 or 3.12 install ringback[phones]"
        )


class SoftPhones:
    """Phones and their processes; leaving the block hangs up, unregisters and ends them all."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._folder: Path | None = None
        self._keys = itertools.count(1)

    async def __aenter__(self) -> SoftPhones:
        """Raises PhonesUnavailable when the library is not installed."""
        check_available()
        self._folder = Path(tempfile.mkdtemp(prefix="rb-phones-"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self._workers.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def add(
        self,
        user: str,
        password: str,
        registrar_port: int,
        *,
        register: bool = True,
        tone_hz: int = 0,
        policy: Policy | None = None,
        any_number: bool = False,
        contact: str = "",
    ) -> Phone:
        """A phone for one SIP account on 127.0.0.1; two of one user are two devices.

        tone_hz: what it says into its calls. any_number: takes calls to any number, as a
        carrier does. contact: the address to register instead of its own.
        Raises PhonesUnavailable, or PhoneRefused when it cannot register.
        """
        if self._folder is None:
            raise PhonesUnavailable("phones_unavailable: not started")
        worker = await self._worker_for(user, any_number)
        key = f"phone{next(self._keys)}"
        phone = Phone(worker, key, user, self._folder)
        worker.phones[key] = phone
        worker.takes_any_number |= any_number
        await worker.ask(
            {
                "do": "add",
                "phone": key,
                "user": user,
                "password": password,
                "registrar": f"127.0.0.1:{registrar_port}",
                "any_number": any_number,
                "contact": contact,
            }
        )
        if tone_hz:
            await phone.play(tone_hz)
        await phone.on_incoming(policy or Policy.ring())
        if register:
            await phone.register()
        return phone

    async def _worker_for(self, user: str, any_number: bool) -> _Worker:
        """A worker with room. Phones of one process share an address: two devices of one user
        would be one to the PBX, and a call to an unknown number could ring any of them."""
        for worker in self._workers:
            users = {phone.user for phone in worker.phones.values()}
            alone = any_number or worker.takes_any_number
            if len(worker.phones) < PHONES_A_WORKER and user not in users and not alone:
                return worker
        worker = await _Worker.start()
        self._workers.append(worker)
        return worker


def parse_headers(message: str) -> dict[str, str]:
    """Headers of a SIP message by lower-case name, the first of each name; RFC 3261 §7.3."""
    head = message.replace("\r\n", "\n").partition("\n\n")[0]
    unfolded = head.replace("\n ", " ").replace("\n\t", " ")
    headers: dict[str, str] = {}
    for line in unfolded.split("\n")[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


class _Worker:
    """One worker process: commands out, answers and events in."""

    def __init__(self, process: asyncio.subprocess.Process, console: IO[bytes]) -> None:
        self.phones: dict[str, Phone] = {}
        self.takes_any_number = False
        self._process = process
        self._console = console
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._ready = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls) -> _Worker:
        """Raises PhonesUnavailable when the process does not come up."""
        # PJSIP talks to the console before anybody can tell it not to; what it says last is kept.
        console = tempfile.TemporaryFile()  # noqa: SIM115 - `stop` closes it
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_WORKER)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=console,
            limit=1 << 20,  # one line holds a whole INVITE
            start_new_session=True,  # Ctrl-C in the terminal is ours to pass on
        )
        worker = cls(process, console)
        try:
            await asyncio.wait_for(worker._ready, _READY_WITHIN_S)
        except BaseException as error:
            await worker.stop()
            if isinstance(error, TimeoutError):
                raise PhonesUnavailable("phones_unavailable: the phone process does not start") from None
            raise
        return worker

    async def ask(self, command: Mapping[str, object]) -> Mapping[str, Any]:
        """Send a command and wait for its answer. Raises PhoneRefused or PhonesUnavailable."""
        command_id = next(self._ids)
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[command_id] = answer
        for_s = command.get("for_s", 0.0)
        patience_s = _ANSWER_WITHIN_S + (for_s if isinstance(for_s, float | int) else 0.0)
        try:
            if self._process.stdin is None or self._reader.done():
                raise PhonesUnavailable("phones_unavailable: the phone process has ended")
            self._process.stdin.write(json.dumps({"id": command_id, **command}).encode() + b"\n")
            line = await asyncio.wait_for(answer, patience_s)
        except TimeoutError:
            raise PhonesUnavailable("phones_unavailable: the phone process does not answer") from None
        finally:
            del self._waiting[command_id]
        if line["error"]:
            raise PhoneRefused(f"{command['do']}: {line['error']}")
        return line

    async def stop(self) -> None:
        """Let it hang up and unregister, then end it for sure."""
        if self._process.stdin is not None:
            self._process.stdin.close()  # its sign to say goodbye
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_WITHIN_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader
        self._console.close()

    def _last_words(self) -> str:
        self._console.seek(0)
        lines = self._console.read().decode(errors="replace").splitlines()
        return lines[-1].strip() if lines else "without a word"

    async def _read(self) -> None:
        """Until the process ends; then everybody who waits is told."""
        assert self._process.stdout is not None  # asked for when it was started
        async for text in self._process.stdout:
            line = json.loads(text)
            if "id" in line:
                future = self._waiting.get(line["id"])
                if future is not None and not future.done():
                    future.set_result(line)
            elif line["event"] == "ready":
                self._ready.set_result(None)
            else:
                data = {k: v for k, v in line.items() if k not in {"phone", "event", "at"}}
                await self.phones[line["phone"]].saw(PhoneEvent(line["event"], line["at"], data))
        gone = PhonesUnavailable(f"phones_unavailable: the phone process has ended ({self._last_words()})")
        for future in [*self._waiting.values(), self._ready]:
            if not future.done():
                future.set_exception(gone)
