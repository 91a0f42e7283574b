"""Presence: who is logged in and what their phones do, told live; and the call log that comes of it.

Everything shown is in memory, so one look at a whole domain costs no query. What users set and the calls
themselves are on disk. Listening never waits: what PBXs tell is noted at once, and tasks of `run` tell
it, store it and write do-not-disturb back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from engine.accounts.models import Principal, Scope
from engine.clock import Clock
from engine.errors import EngineError, PeerRejected, StorageUnavailable
from engine.events import MANAGERS_ONLY, domain_stream
from engine.ids import new_id
from engine.presence import errors
from engine.presence.board import Board, Told
from engine.presence.frames import calls_data, presence_data
from engine.presence.history import CallHistory
from engine.presence.live_roster import LiveRoster
from engine.presence.logins import Logins
from engine.presence.models import (
    CallLogEntry,
    DeviceState,
    Leg,
    LegRole,
    Other,
    OwnStatus,
    RosterUser,
    SetStatus,
    UserPresence,
)
from engine.presence.ports import CallLogStore, Frames, Phones, StatusStore
from engine.presence.settings import PresenceSettings

log = structlog.get_logger(__name__)

#: Users in one frame: 60 KB, which a socket takes whole.
_USERS_A_FRAME = 200
_TICK_S = 0.5
_RETRY_S = 1.0
_LONGEST_TEXT = 140
_LONGEST_EXPIRY_MS = 366 * 86_400_000


class Presence:
    """See the module. `start` it, then `run` it; before that it knows nobody."""

    def __init__(
        self,
        roster: LiveRoster,
        statuses: StatusStore,
        calls: CallLogStore,
        phones: Mapping[str, Phones],
        frames: Frames,
        settings: PresenceSettings,
        clock: Clock,
    ) -> None:
        """phones: by the name of the PBX, as devices name it."""
        self._roster = roster
        self.people = roster.people
        roster.on_change = self._people_changed
        self._statuses = statuses
        self._call_log = calls
        self._phones = phones
        self._frames = frames
        self._settings = settings
        self._clock = clock
        self._logins = Logins(settings.login_grace_s, settings.activity_s)
        self._board = Board(self.people, self._logins)
        self._history = CallHistory(clock.now_ms, partial(new_id, "clog"), self._resolve)
        self._marks: dict[str, dict[str, bool]] = {name: {} for name in phones}
        self._dark_at: dict[str, float] = {}
        self._to_mark: dict[str, None] = {}
        self._to_save: dict[str, CallLogEntry] = {}
        self._to_keep: dict[str, OwnStatus] = {}
        self._changed = asyncio.Event()
        self._keep_wanted = asyncio.Event()
        self._mark_wanted = asyncio.Event()
        self._save_wanted = asyncio.Event()
        for name, one in phones.items():
            self._board.darken(name)
            one.subscribe(self)

    # Life

    async def start(self) -> None:
        """Read who is who, what users have set, and which calls went on when the engine ended.

        Raises StorageUnavailable.
        """
        await self._roster.start()
        for own in await self._statuses.all():
            self._board.set_own(own)
            if own.to_be_told:
                self._to_mark[own.user_id] = None
        self._history.remember(await self._call_log.open_entries())
        self._save(self._history.give_up(self._phones))
        self._board.take_changes(self._clock.now_ms())

    async def run(self) -> None:
        """Tell, store and write back until cancelled; no failure of database or PBX ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_time(), name="presence.time")
            group.create_task(self._tell_changes(), name="presence.tell")
            group.create_task(self._roster.run(), name="presence.roster")
            group.create_task(self._write_marks(), name="presence.marks")
            group.create_task(self._save_entries(), name="presence.calls")
            group.create_task(self._keep_statuses(), name="presence.statuses")

    async def drain(self) -> None:
        """Store what waits, once; `run` has been cancelled."""
        try:
            await self._save_waiting()
        except StorageUnavailable:
            log.warning("presence.calls_not_saved", entries=len(self._to_save))

    # Who is logged in; called by the API

    def connected(self, principal: Principal) -> None:
        """An event socket of this principal was opened."""
        if _is_person(principal) and self._logins.connected(principal.user_id or ""):
            self._note([principal.user_id or ""])

    def disconnected(self, principal: Principal) -> None:
        if _is_person(principal):
            self._logins.disconnected(principal.user_id or "", self._clock.monotonic())

    def active(self, principal: Principal) -> None:
        """This principal made a request. Cheap enough for every one."""
        if _is_person(principal) and self._logins.active(principal.user_id or "", self._clock.monotonic()):
            self._note([principal.user_id or ""])

    # What the API asks

    async def list(
        self, principal: Principal, domain_id: str | None = None
    ) -> Sequence[tuple[UserPresence, bool]]:
        """Everybody in a domain, by extension, and whether the principal may see whom they talk to.

        Raises NotFound, or InvalidRequest when no domain is meant.
        """
        domain = await self._roster.domain_meant(principal, domain_id)
        manages = principal.scope > Scope.BASIC_USER
        return [
            (self._board.presence(user), manages or user.id == principal.user_id) for user in domain.users
        ]

    async def own(self, principal: Principal) -> UserPresence:
        """The principal's own. Raises Forbidden `no_user`, NotFound."""
        return self._board.presence(await self._roster.user_of(principal))

    def do_not_disturb(self, user_id: str) -> bool:
        """Whether the user wants quiet right now; from memory."""
        return self._board.do_not_disturb(user_id)

    async def set(self, principal: Principal, wish: SetStatus) -> UserPresence:
        """Set status, text and do-not-disturb; done when it is on disk, and told at once.

        The PBX learns of do-not-disturb right after, or when it can be reached again.
        Raises InvalidRequest, NotFound or StorageUnavailable.
        """
        user = await self._roster.user_of(principal)
        now_ms = self._clock.now_ms()
        text = wish.text.strip()
        if len(text) > _LONGEST_TEXT:
            raise errors.invalid("text", f"A status text has at most {_LONGEST_TEXT} characters.")
        if wish.expires_ms is not None and not now_ms < wish.expires_ms <= now_ms + _LONGEST_EXPIRY_MS:
            raise errors.invalid("expires_at", "Give a time within the next year.")
        before = self._board.own(user)
        own = OwnStatus(
            user_id=user.id,
            domain_id=user.domain_id,
            status=wish.status,
            text=text,
            expires_ms=wish.expires_ms,
            do_not_disturb=wish.do_not_disturb,
            to_be_told=before.to_be_told or before.do_not_disturb != wish.do_not_disturb,
            updated_ms=max(now_ms, before.updated_ms + 1),
        )
        await self._statuses.save(own)
        self._to_keep.pop(user.id, None)
        self._board.set_own(own)
        self._changed.set()
        if own.to_be_told:
            self._mark_soon([user.id])
        return self._board.presence(user)

    # What PBXs tell: see PhonesListener

    def devices(self, pbx: str, states: Mapping[str, tuple[DeviceState, int | None]]) -> None:
        for endpoint, (state, contacts) in states.items():
            self._board.device((pbx, endpoint), state, contacts)
        self._changed.set()

    def legs(self, pbx: str, legs: Sequence[Leg]) -> None:
        now_ms = self._clock.now_ms()
        for leg in legs:
            self._board.leg(pbx, leg, now_ms)
            self._save(self._history.apply(pbx, leg, self.people.at(pbx, leg.endpoint)))
        self._changed.set()

    def marks(self, pbx: str, marks: Mapping[str, bool]) -> None:
        self._marks[pbx].update(marks)
        for endpoint, on in marks.items():
            user = self.people.at(pbx, endpoint)
            own = None if user is None else self._board.own(user)
            if own is None or own.to_be_told or own.do_not_disturb == on:
                continue  # what was set here and is on its way counts more
            several = user is not None and len(user.devices) > 1
            now_ms = max(self._clock.now_ms(), own.updated_ms + 1)
            self._keep(replace(own, do_not_disturb=on, to_be_told=several, updated_ms=now_ms))
            if several:
                self._mark_soon([own.user_id])

    def resynced(self, pbx: str) -> None:
        self._dark_at.pop(pbx, None)
        self._board.lighten(pbx)
        self._save(self._history.resynced(pbx))
        if self._phones[pbx].keeps_marks:
            marked = self._marks[pbx]
            for own in self._board.owns():
                user = self.people.user(own.user_id)
                endpoints = [device[1] for device in user.devices if device[0] == pbx] if user else []
                if own.to_be_told or (own.do_not_disturb and not all(map(marked.get, endpoints))):
                    self._mark_soon([own.user_id])
        self._changed.set()

    def lost(self, pbx: str) -> None:
        self._marks[pbx].clear()
        self._dark_at[pbx] = self._clock.monotonic() + self._settings.pbx_grace_s

    # Time

    def tick(self) -> None:
        """What the time alone changes: who has left, what is over, which PBX stays away."""
        now = self._clock.monotonic()
        self._note(self._logins.tick(now))
        for own in self._board.expired(self._clock.now_ms()):
            self._keep(own)
        for pbx in [name for name, at in self._dark_at.items() if at <= now]:
            del self._dark_at[pbx]
            self._board.darken(pbx)
            self._changed.set()

    def tell(self) -> None:
        """Pass on what changed since the last time: a frame for many users, parties to those who may see."""
        changes = self._board.take_changes(self._clock.now_ms())
        by_domain: dict[str, list[Told]] = {}
        for change in changes:
            by_domain.setdefault(change.presence.domain_id, []).append(change)
        for domain_id, told in by_domain.items():
            stream = domain_stream(domain_id)
            shown = [presence_data(one.presence) for one in told if one.shown]
            for start in range(0, len(shown), _USERS_A_FRAME):
                users = shown[start : start + _USERS_A_FRAME]
                self._frames.publish_ephemeral(stream, "presence", {"users": users})
            for one in told:
                if one.calls:
                    user_id = one.presence.user_id
                    data = {"user_id": user_id, "calls": calls_data(one.presence.calls)}
                    self._frames.publish_ephemeral(stream, "calls", data, (*MANAGERS_ONLY, user_id))

    # Tasks

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.tick()

    async def _tell_changes(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(self._settings.tell_every_s)
            self._changed.clear()
            self.tell()

    async def _write_marks(self) -> None:
        while True:
            await self._mark_wanted.wait()
            self._mark_wanted.clear()
            waiting, self._to_mark = list(self._to_mark), {}
            for user_id in waiting:
                user = self.people.user(user_id)
                if user is not None:
                    await self._write_mark(user)

    async def _save_entries(self) -> None:
        while True:
            await self._save_wanted.wait()
            self._save_wanted.clear()
            try:
                await self._save_waiting()
            except StorageUnavailable as error:
                log.warning("presence.calls_wait", entries=len(self._to_save), code=error.code)
                await asyncio.sleep(_RETRY_S)
                self._save_wanted.set()

    async def _save_waiting(self) -> None:
        while self._to_save:
            waiting, self._to_save = self._to_save, {}
            try:
                await self._call_log.save(list(waiting.values()))
            except BaseException:
                self._to_save = {**waiting, **self._to_save}  # what is newer counts
                raise

    async def _keep_statuses(self) -> None:
        """Store what the PBX or the time has changed of what users set; it is shown already."""
        while True:
            await self._keep_wanted.wait()
            self._keep_wanted.clear()
            for user_id, own in list(self._to_keep.items()):
                try:
                    await self._statuses.save(own)
                except StorageUnavailable:
                    await asyncio.sleep(_RETRY_S)
                    self._keep_wanted.set()
                    break
                if self._to_keep.get(user_id) is own:
                    del self._to_keep[user_id]

    async def _write_mark(self, user: RosterUser) -> None:
        own = self._board.own(user)
        for pbx, endpoint in user.devices:
            phones = self._phones.get(pbx)
            if phones is None or not phones.keeps_marks:
                continue
            try:
                await phones.mark(endpoint, do_not_disturb=own.do_not_disturb)
            except PeerRejected as error:
                # Asking again cannot help: the PBX lacks the module, or the account the right.
                log.warning("presence.mark_refused", pbx=pbx, user_id=user.id, code=error.code)
            except EngineError:
                return  # it is written when the PBX is back
            else:
                self._marks[pbx][endpoint] = own.do_not_disturb
        if self._board.own(user) == own and own.to_be_told:
            self._board.set_own(replace(own, to_be_told=False))
            try:
                await self._statuses.told(user.id, own.updated_ms)
            except StorageUnavailable:
                return  # after a restart it is written once more, which is harmless

    # Inside

    def _people_changed(self, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            if self.people.user(user_id) is None:
                self._logins.gone(user_id)
            self._note([user_id])

    def _note(self, user_ids: Sequence[str]) -> None:
        if user_ids:
            self._board.note(user_ids)
            self._changed.set()

    def _save(self, entries: Iterable[CallLogEntry]) -> None:
        for entry in entries:
            self._to_save[entry.id] = entry
            self._save_wanted.set()

    def _keep(self, own: OwnStatus) -> None:
        self._board.set_own(own)
        self._to_keep[own.user_id] = own
        self._keep_wanted.set()
        self._changed.set()

    def _mark_soon(self, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            self._to_mark[user_id] = None
        self._mark_wanted.set()

    def _resolve(self, user: RosterUser, leg: Leg) -> Other:
        # The call log keeps with whom a call began.
        pbx = next((name for name, endpoint in user.devices if endpoint == leg.endpoint), "")
        return self.people.other(user, pbx, leg.peer, dialled=leg.role is not LegRole.DIALED)


def _is_person(principal: Principal) -> bool:
    """Whether a page or a device of a user is asking; a key is a server's."""
    return principal.user_id is not None and principal.kind in ("token", "session")
