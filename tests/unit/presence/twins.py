"""Honest twins of what presence needs: they keep and tell what the real ones do, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.errors import PeerUnavailable, StorageUnavailable
from engine.presence.models import (
    CallLogEntry,
    CallLogFilter,
    Leg,
    LegResult,
    LegRole,
    LegState,
    OwnStatus,
    Party,
    RosterDomain,
    RosterUser,
)
from engine.presence.ports import PhonesListener

PBX = "main"
BOBS = Party("102", "102", "User 102")


@dataclass
class Clock:
    """Stands still; wall and monotonic time move together."""

    ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    def pass_s(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@dataclass
class MemoryRoster:
    known: dict[str, RosterDomain] = field(default_factory=dict)

    async def domains(self, domain_ids: Iterable[str] | None) -> Sequence[RosterDomain]:
        wanted = self.known if domain_ids is None else domain_ids
        return [self.known[one] for one in wanted if one in self.known]


@dataclass
class MemoryStatuses:
    rows: dict[str, OwnStatus] = field(default_factory=dict)
    broken: bool = False

    async def all(self) -> Sequence[OwnStatus]:
        return list(self.rows.values())

    async def save(self, own: OwnStatus) -> None:
        if self.broken:
            raise StorageUnavailable("the disk is full")
        self.rows[own.user_id] = own

    async def told(self, user_id: str, updated_ms: int) -> None:
        row = self.rows.get(user_id)
        if row is not None and row.updated_ms == updated_ms:
            self.rows[user_id] = OwnStatus(
                user_id=row.user_id,
                domain_id=row.domain_id,
                status=row.status,
                text=row.text,
                expires_ms=row.expires_ms,
                do_not_disturb=row.do_not_disturb,
                updated_ms=row.updated_ms,
            )


@dataclass
class MemoryCallLog:
    rows: dict[tuple[str, str, str], CallLogEntry] = field(default_factory=dict)
    broken: bool = False

    async def save(self, entries: Sequence[CallLogEntry]) -> None:
        if self.broken:
            raise StorageUnavailable("the disk is full")
        for entry in entries:
            self.rows[entry.linkedid, entry.user_id, entry.pbx] = entry

    async def open_entries(self) -> Sequence[CallLogEntry]:
        return [row for row in self.rows.values() if row.open]

    async def get(self, entry_id: str) -> CallLogEntry | None:
        return next((row for row in self.rows.values() if row.id == entry_id and not row.open), None)

    async def list(
        self,
        domain_id: str,
        user_id: str | None,
        chosen: CallLogFilter,
        before: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[CallLogEntry]:
        found = [row for row in self.rows.values() if not row.open and row.domain_id == domain_id]
        return [row for row in found if user_id in (None, row.user_id)][:limit]

    async def calls_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[CallLogEntry]:
        return [row for row in self.rows.values() if (row.user_id, row.peer) == (user_id, peer)][:limit]

    async def unseen_missed(self, user_id: str) -> int:
        return sum(row.user_id == user_id and row.missed and not row.seen for row in self.rows.values())

    async def mark_seen(self, user_id: str, through_ms: int, ids: Sequence[str] | None) -> int:
        for row in list(self.rows.values()):
            told = ids is None or row.id in ids
            if row.user_id == user_id and row.missed and told and row.started_ms <= through_ms:
                self.rows[row.id] = replace(row, seen=True)
        return await self.unseen_missed(user_id)


class ScriptedPhones:
    """A PBX whose phones do what a test says; marks: what was written to it."""

    def __init__(self, name: str = PBX, *, keeps_marks: bool = False) -> None:
        self.name = name
        self.keeps_marks = keeps_marks
        self.reachable = True
        self.marks: list[tuple[str, bool]] = []
        self.listener: PhonesListener | None = None

    def subscribe(self, listener: PhonesListener) -> None:
        self.listener = listener

    def told(self) -> PhonesListener:
        """Who is to be told what the phones do."""
        assert self.listener is not None
        return self.listener

    async def mark(self, endpoint: str, *, do_not_disturb: bool) -> None:
        if not self.reachable:
            raise PeerUnavailable("The link to the PBX is down.")
        self.marks.append((endpoint, do_not_disturb))


@dataclass
class Frames:
    """What was passed on: type, data, and for whom."""

    sent: list[tuple[str, str, Mapping[str, object], tuple[str, ...] | None]] = field(default_factory=list)

    def publish_ephemeral(
        self,
        stream: str,
        type: str,
        data: Mapping[str, object],
        user_ids: Iterable[str] | None = None,
    ) -> None:
        self.sent.append((stream, type, data, None if user_ids is None else tuple(user_ids)))

    def take(self, type: str) -> list[Mapping[str, object]]:
        """The data of the frames of a type since the last time, whoever may see them."""
        found = [data for _, kind, data, _ in self.sent if kind == type]
        self.sent = [frame for frame in self.sent if frame[1] != type]
        return found


def user(
    number: int, *, domain: str = "dom_a", devices: tuple[str, ...] = (), region: str = "DE", pbx: str = PBX
) -> RosterUser:
    """User 1 has extension 101 and phone 101, unless told otherwise."""
    endpoints = devices or (f"{100 + number}",)
    return RosterUser(
        f"usr_{domain[-1]}{number}",
        domain,
        f"{100 + number}",
        f"User {100 + number}",
        region,
        tuple((pbx, endpoint) for endpoint in endpoints),
    )


def domain(*users: RosterUser, id: str = "dom_a", reseller: str | None = None) -> RosterDomain:
    return RosterDomain(id, reseller, "DE", users)


def leg(
    endpoint: str,
    state: LegState,
    *,
    role: LegRole = LegRole.DIALED,
    peer: Party = BOBS,
    linkedid: str = "L1",
    result: LegResult | None = None,
    answered: bool | None = None,
    started_ms: int = 1_000,
    at_ms: int = 2_000,
    inferred: bool = False,
    channel: str = "",
) -> Leg:
    """A leg as a PBX tells it; talking and held ones are answered, at 2 s if nothing else is said."""
    was_answered = state in (LegState.TALKING, LegState.HELD) if answered is None else answered
    over = state is LegState.OVER
    if over and result is None:
        result = LegResult.ANSWERED if was_answered else LegResult.CANCELED
    return Leg(
        uniqueid=channel or f"{endpoint}-{linkedid}",
        linkedid=linkedid,
        endpoint=endpoint,
        role=role,
        state=state,
        peer=peer,
        party=peer,
        started_ms=started_ms,
        answered=was_answered,
        answered_ms=at_ms if was_answered else None,
        ended_ms=9_000 if over and not inferred else None,
        result=result,
        inferred=inferred,
    )
