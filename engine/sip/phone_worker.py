"""Up to four SIP phones in one process; JSON lines in on stdin, JSON lines out on stdout.

A programme of its own, the only place that knows pjsua2: the library allows 8 accounts and 4
call legs a process, aborts the process beyond that, and wants every call of it from one thread.
So one thread does everything: it reads commands, polls the library, runs what is due.

in   {"id": n, "do": name, "phone": key, …}
out  {"id": n, "error": text or null, …}                       the answer to a command
     {"phone": key, "event": kind, "at": monotonic seconds, …}  something happened
The process ends when stdin does, so it never outlives its owner.
"""

from __future__ import annotations

import heapq
import json
import os
import re
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pjsua2 as pj

PHONES_A_WORKER = 4  # as many as there are call legs
_POLL_MS = 10
_REGISTER_FOR_S = 300
_GOODBYE_WITHIN_S = 4.0

_STATES = {
    pj.PJSIP_INV_STATE_CALLING: "calling",
    pj.PJSIP_INV_STATE_EARLY: "ringing",
    pj.PJSIP_INV_STATE_CONFIRMED: "answered",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}


class _Refused(Exception):
    """The command makes no sense now; the text says why."""


class _Call(pj.Call):  # type: ignore[misc]
    def __init__(self, phone: _Phone, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, call_id)
        self.phone = phone
        self.audio: Any = None
        self.over = False
        self.last_state = ""

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        info = self.getInfo()
        state = _STATES.get(info.state)
        if state is None or state == self.last_state:
            return
        self.last_state = state
        if state == "ended":
            # Kept any longer, its destructor would hang up the next call that gets its id; freed
            # inside its own callback, it would crash.
            self.over = True
            self.phone.stop_listening()
        self.phone.tell(state, sip_code=info.lastStatusCode, reason=info.lastReason)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()  # a name keeps it alive: what it holds is freed with it
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.audio = self.getAudioMedia(media.index)
                self.phone.tone.startTransmit(self.audio)
                self.phone.tell("sound")

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self.phone.tell("dtmf", digit=prm.digit)


class _Account(pj.Account):  # type: ignore[misc]
    phone: _Phone

    def onRegState(self, prm: Any) -> None:  # noqa: N802
        self.phone.registered = prm.code // 100 == 2 and self.getInfo().regIsActive
        kind = "registered" if self.phone.registered else "unregistered"
        self.phone.tell(kind, sip_code=prm.code, reason=prm.reason)

    def onInstantMessage(self, prm: Any) -> None:  # noqa: N802
        self.phone.tell("message", sender=prm.fromUri, text=prm.msgBody)

    def onInstantMessageStatus(self, prm: Any) -> None:  # noqa: N802
        self.phone.tell("message_answered", sip_code=prm.code, reason=prm.reason)

    def onMwiInfo(self, prm: Any) -> None:  # noqa: N802
        self.phone.tell("mwi", **_message_summary(prm.rdata.wholeMsg))

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        self.phone.ring(prm.callId, prm.rdata.wholeMsg)


class _Phone:
    """One account, its calls, and what it does when it rings."""

    def __init__(self, worker: _Worker, key: str, command: dict[str, Any]) -> None:
        self.worker = worker
        self.key = key
        self.user = command["user"]
        self.registrar = command["registrar"]
        self.policy: dict[str, Any] = {"kind": "ring", "auto_answer": False}
        self.registered = False  # by the registrar's answers; the library's flag runs ahead of them
        self.calls: list[_Call] = []
        self.listening: tuple[Any, int, str] | None = None
        self.buddy: Any = None
        self.tone = pj.ToneGenerator()
        self.tone.createToneGenerator(16000, 1)
        self.account = _Account()
        self.account.phone = self
        self.account.create(self._account_config(command), command["any_number"])

    def tell(self, event: str, **data: object) -> None:
        self.worker.write({"phone": self.key, "event": event, "at": time.monotonic(), **data})

    def ring(self, call_id: int, invite: str) -> None:
        call = _Call(self, call_id)
        self.calls.append(call)
        self.tell("incoming", invite=invite)
        policy = self.policy
        kind = policy["kind"]
        if policy["auto_answer"] and "answer-after=0" in invite:
            kind, policy = "answer", {"after_s": 0.0}
        if kind == "ignore":
            return
        if kind != "reject" or policy["after_s"] > 0:
            self._answer(call, 180)
        if kind == "answer":
            self.worker.later(policy["after_s"], lambda: self._answer(call, 200))
        elif kind == "reject":
            self.worker.later(policy["after_s"], lambda: self._answer(call, policy["code"]))

    def current_call(self) -> _Call:
        live = [call for call in self.calls if not call.over]
        if not live:
            raise _Refused("no call")
        return live[-1]

    def place(self, number: str) -> None:
        call = _Call(self)
        self.calls.append(call)
        call.makeCall(f"sip:{number}@{self.registrar}", pj.CallOpParam(True))

    def text(self, number: str, text: str) -> None:
        """Send a MESSAGE (RFC 3428)."""
        config = pj.BuddyConfig()
        config.uri = f"sip:{number}@{self.registrar}"
        self.buddy = pj.Buddy()  # kept, since the answer goes to it
        self.buddy.create(self.account, config)
        parameter = pj.SendInstantMessageParam()
        parameter.content = text
        self.buddy.sendInstantMessage(parameter)

    def hang_up(self, code: int) -> None:
        parameter = pj.CallOpParam()
        parameter.statusCode = code
        self.current_call().hangup(parameter)

    def hold(self, *, on: bool) -> None:
        """Put the current call on hold, or take it back."""
        parameter = pj.CallOpParam(True)
        if on:
            self.current_call().setHold(parameter)
        else:
            parameter.opt.flag = pj.PJSUA_CALL_UNHOLD
            self.current_call().reinvite(parameter)

    def play(self, hz: int) -> None:
        """A steady tone to whoever listens; 0 is silence."""
        self.tone.stop()
        if hz:
            tone = pj.ToneDesc()
            tone.freq1, tone.on_msec, tone.off_msec = hz, 1000, 0
            tones = pj.ToneDescVector()
            tones.append(tone)
            self.tone.play(tones, True)

    def listen(self, command_id: int, path: str, for_s: float) -> None:
        audio = self.current_call().audio
        if audio is None:
            raise _Refused("the call has no sound yet")
        if self.listening is not None:
            raise _Refused("already listening")
        recorder = pj.AudioMediaRecorder()
        recorder.createRecorder(path)
        audio.startTransmit(recorder)
        self.listening = (recorder, command_id, path)
        self.worker.later(for_s, lambda: self.stop_listening(command_id))

    def stop_listening(self, command_id: int | None = None) -> None:
        """Close the file and answer the command that opened it."""
        if self.listening is None or command_id not in (None, self.listening[1]):
            return
        _recorder, answered_id, path = self.listening
        self.listening = _recorder = None
        self._answer_with_file(answered_id, path, tries=100)

    def _answer_with_file(self, command_id: int, path: str, tries: int) -> None:
        """The mixer's own thread completes the file, some ticks after the recorder is freed."""
        if _is_complete_wav(path) or tries == 0:
            error = None if tries else "the recording was not completed"
            self.worker.write({"id": command_id, "error": error})
        else:
            self.worker.later(0.01, lambda: self._answer_with_file(command_id, path, tries - 1))

    def forget_ended_calls(self) -> None:
        if any(call.over for call in self.calls):
            self.calls = [call for call in self.calls if not call.over]

    def _answer(self, call: _Call, code: int) -> None:
        if call.over:
            return
        parameter = pj.CallOpParam()
        parameter.statusCode = code
        call.answer(parameter)

    def answer(self, code: int) -> None:
        self._answer(self.current_call(), code)

    def _account_config(self, command: dict[str, Any]) -> Any:
        config = pj.AccountConfig()
        config.idUri = f"sip:{self.user}@{self.registrar}"
        config.regConfig.registrarUri = f"sip:{self.registrar}"
        config.regConfig.registerOnAdd = False
        config.regConfig.timeoutSec = _REGISTER_FOR_S
        config.regConfig.retryIntervalSec = 0
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", self.user, 0, command["password"]))
        if command["contact"]:
            config.sipConfig.contactForced = command["contact"]
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        config.natConfig.sipOutboundUse = 0
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
        config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        # Workers start apart from each other; a port in use is skipped.
        config.mediaConfig.transportConfig.port = 33_000 + os.getpid() % 1500 * 20
        return config


class _Worker:
    def __init__(self) -> None:
        self.phones: dict[str, _Phone] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        # The library may print: our lines go to a copy of stdout, its own to stderr.
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        os.dup2(2, 1)
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        config = pj.EpConfig()
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = PHONES_A_WORKER
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self._endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = "127.0.0.1"
        self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()

    def write(self, line: dict[str, object]) -> None:
        self._out.write(json.dumps(line) + "\n")

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._order), action))

    def run(self) -> None:
        self.write({"event": "ready"})
        os.set_blocking(0, False)
        heard = b""
        while True:
            try:
                data = os.read(0, 65536)
                if not data:
                    break
                *lines, heard = (heard + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            except BlockingIOError:
                pass
            self._turn()
        self._say_goodbye()

    def _turn(self) -> None:
        self._endpoint.libHandleEvents(_POLL_MS)
        while self._due and self._due[0][0] <= time.monotonic():
            action = heapq.heappop(self._due)[2]
            try:
                action()
            except pj.Error:
                pass  # the call it was meant for has just ended
        for phone in self.phones.values():
            phone.forget_ended_calls()

    def _obey(self, command: dict[str, Any]) -> None:
        error: str | None = None
        try:
            if self._do(command["do"], command):
                return  # answered later
        except pj.Error as problem:
            error = problem.info()
        except _Refused as problem:
            error = str(problem)
        self.write({"id": command["id"], "error": error})

    def _do(self, name: str, command: dict[str, Any]) -> bool:
        """Whether the answer comes later."""
        if name == "add":
            if len(self.phones) >= PHONES_A_WORKER:
                raise _Refused("this process is full")  # the library would abort it
            self.phones[command["phone"]] = _Phone(self, command["phone"], command)
            return False
        phone = self.phones[command["phone"]]
        match name:
            case "register" | "unregister":
                phone.account.setRegistration(name == "register")
            case "policy":
                phone.policy = command["policy"]
            case "call":
                phone.place(command["number"])
            case "text":
                phone.text(command["number"], command["text"])
            case "answer":
                phone.answer(command["code"])
            case "hangup":
                phone.hang_up(command["code"])
            case "hold":
                phone.hold(on=command["on"])
            case "dtmf":
                phone.current_call().dialDtmf(command["digits"])
            case "play":
                phone.play(command["hz"])
            case "listen":
                phone.listen(command["id"], command["path"], command["for_s"])
                return True
            case _:
                raise _Refused(f"unknown command {name}")
        return False

    def _say_goodbye(self) -> None:
        """Hang up and unregister, so that the PBX does not ring phones that are gone."""
        self._endpoint.hangupAllCalls()
        for phone in self.phones.values():
            try:
                if phone.registered:
                    phone.account.setRegistration(False)
            except pj.Error:
                phone.registered = False  # nothing was sent, so nothing will be answered
        deadline = time.monotonic() + _GOODBYE_WITHIN_S
        while time.monotonic() < deadline and any(
            phone.calls or phone.registered for phone in self.phones.values()
        ):
            self._turn()
        self._out.flush()
        os._exit(0)  # libDestroy waits for the network again, and destructors are not for order


def _message_summary(notify: str) -> dict[str, object]:
    """What a NOTIFY says of a mailbox (RFC 3842 §3.5)."""
    found = re.search(r"^Voice-Message:[ \t]*([0-9]+)/([0-9]+)", notify, re.MULTILINE | re.IGNORECASE)
    waiting = re.search(r"^Messages-Waiting:[ \t]*yes", notify, re.MULTILINE | re.IGNORECASE) is not None
    return {"waiting": waiting, "new": int(found[1]) if found else 0, "old": int(found[2]) if found else 0}


def _is_complete_wav(path: str) -> bool:
    """Whether the length in the header is the length of the file."""
    with open(path, "rb") as file:
        head = file.read(8)
    length = int.from_bytes(head[4:8], "little") + 8
    return head[:4] == b"RIFF" and length > 44 and os.stat(path).st_size == length


if __name__ == "__main__":
    try:
        _Worker().run()
    except pj.Error as problem:
        sys.stderr.write(problem.info() + "\n")
        sys.exit(1)
    except BrokenPipeError:
        os._exit(1)
