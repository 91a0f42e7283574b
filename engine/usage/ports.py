"""What usage needs of the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.usage.models import Group, GroupBy, Kind, Sums, UsageDomain


@dataclass(frozen=True, slots=True)
class Counted:
    """counted_ms: what happened up to then is in the sums; None: all of it. stale: something was removed
    since, so they must not be shown before the days are counted again."""

    counted_ms: int | None
    stale: bool
    rows: Sequence[tuple[Group, Sums]]


class UsageStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def domain(self, domain_id: str) -> UsageDomain | None: ...

    async def catch_up(self, domain_id: str, *, now: bool = False) -> None:
        """Count what has changed since it was counted last.

        Where that takes long it is done now and then only, unless `now`.
        """

    async def sums(
        self,
        domain_id: str,
        kind: Kind,
        group_by: Sequence[GroupBy],
        from_day: str,
        until_day: str,
        limit: int,
    ) -> Counted:
        """The sums of these days, both included, at most limit groups, in the order of the groups."""
