"""What presence needs from the world: PBXs that tell of phones, stores, and somebody who passes frames on.

Each has an honest in-memory twin in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from engine.presence.models import (
    CallLogEntry,
    CallLogFilter,
    DeviceState,
    Leg,
    OwnStatus,
    RosterDomain,
)


class PhonesListener(Protocol):
    """Who hears of one PBX. Called on the event loop; must not block or raise."""

    def devices(self, pbx: str, states: Mapping[str, tuple[DeviceState, int | None]]) -> None:
        """Endpoints that changed: state, and registered contacts where those are known."""

    def legs(self, pbx: str, legs: Sequence[Leg]) -> None:
        """Legs that changed, in the order things happened; one that is OVER is told of once."""

    def marks(self, pbx: str, marks: Mapping[str, bool]) -> None:
        """Endpoints whose do-not-disturb somebody has set at the PBX, or that a list shows."""

    def resynced(self, pbx: str) -> None:
        """Everything is known now: what was told since the link came up is complete."""

    def lost(self, pbx: str) -> None:
        """Nothing is known until `resynced`."""


class Phones(Protocol):
    """All phones of one PBX."""

    @property
    def name(self) -> str: ...

    @property
    def keeps_marks(self) -> bool:
        """Whether do-not-disturb is written to this PBX."""

    def subscribe(self, listener: PhonesListener) -> None:
        """Tell listener everything from now on; exactly one listener a PBX."""

    async def mark(self, endpoint: str, *, do_not_disturb: bool) -> None:
        """Write do-not-disturb of one endpoint to the PBX; repeating it is harmless.

        Raises PeerUnavailable, PeerRejected or OutcomeUnknown.
        """


class Roster(Protocol):
    """Who is who."""

    async def domains(self, domain_ids: Iterable[str] | None) -> Sequence[RosterDomain]:
        """These domains with their enabled users, all without domain_ids; a missing one is absent.

        Raises StorageUnavailable.
        """


class StatusStore(Protocol):
    """What users set."""

    async def all(self) -> Sequence[OwnStatus]: ...

    async def save(self, own: OwnStatus) -> None:
        """Commit it with its event `presence.updated`. A user that is gone is passed over.

        Raises StorageUnavailable.
        """

    async def told(self, user_id: str, updated_ms: int) -> None:
        """The PBX knows what was set at this time; a later setting is left as it is."""


class CallLogStore(Protocol):
    """Calls as users see them."""

    async def save(self, entries: Sequence[CallLogEntry]) -> None:
        """Commit snapshots, one an entry; a row that is newer by its end is overwritten all the same.

        One that ends emits `call_log.created`, a change after that `call_log.updated`.
        Raises StorageUnavailable when nothing was written.
        """

    async def open_entries(self) -> Sequence[CallLogEntry]:
        """Those that had not ended when the engine did."""

    async def get(self, entry_id: str) -> CallLogEntry | None: ...

    async def list(
        self,
        domain_id: str,
        user_id: str | None,
        chosen: CallLogFilter,
        before: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[CallLogEntry]:
        """Ended ones, newest first. before: (started_ms, id) of the last one seen."""

    async def calls_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[CallLogEntry]:
        """Ended calls of a user with one peer, a user id or an E.164, newest first."""

    async def unseen_missed(self, user_id: str) -> int: ...

    async def mark_seen(self, user_id: str, through_ms: int, ids: Sequence[str] | None) -> int:
        """Mark the user's entries that began by this time as seen, all of them or these; with an event
        `call_log.seen` if any was not. How many missed ones stay unseen."""


class Frames(Protocol):
    """Passes on frames nobody keeps; see `engine.bus`."""

    def publish_ephemeral(
        self,
        stream: str,
        type: str,
        data: Mapping[str, object],
        user_ids: Iterable[str] | None = None,
    ) -> None: ...
