"""Calls and the presence of phones, put together: what is known and done over the links to PBXs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.adapters.ami_pbx import AmiPbx
from engine.adapters.ami_presence import AmiPresence
from engine.adapters.ami_texts import AmiTexts
from engine.ami.settings import AmiSettings
from engine.bus.in_process import Bus
from engine.click_to_call.service import ClickToCall
from engine.click_to_call.settings import CallSettings
from engine.clock import Clock
from engine.presence.call_log import CallLog
from engine.presence.live_roster import LiveRoster
from engine.presence.service import Presence
from engine.presence.settings import PresenceSettings
from engine.storage.call_log import SqlCallLog
from engine.storage.calls import SqlCalls, SqlDirectory
from engine.storage.database import Database
from engine.storage.presence import SqlRoster, SqlStatuses
from engine.upkeep import Work


@dataclass(frozen=True, slots=True)
class PhonesPart:
    """pbxs, texts: by PBX; texts go to phones by SIP MESSAGE. logged: what the call log is kept in."""

    calls: ClickToCall
    presence: Presence
    call_log: CallLog
    logged: SqlCallLog
    roster: LiveRoster
    pbxs: Mapping[str, AmiPbx]
    texts: Mapping[str, AmiTexts]
    _watched: Mapping[str, AmiPresence]

    def work(self) -> list[Work]:
        """Each runs until cancelled. The links come last: who listens to them is there by then."""
        return [
            self.presence.run,
            *(one.run for one in self._watched.values()),
            *(one.run for one in self.pbxs.values()),
        ]

    async def stop(self) -> None:
        """Log off from the PBXs."""
        async with asyncio.TaskGroup() as stopping:
            for pbx in self.pbxs.values():
                stopping.create_task(pbx.stop())


def make_phones(
    database: Database,
    bus: Bus,
    links: Sequence[AmiSettings],
    calls: CallSettings,
    presence: PresenceSettings,
    clock: Clock,
) -> PhonesPart:
    """links: how each PBX is reached."""
    pbxs = {one.name: AmiPbx(one, clock) for one in links}
    watched = {one.name: AmiPresence(one, pbxs[one.name], clock) for one in links}
    logged, roster = SqlCallLog(database), LiveRoster(SqlRoster(database))
    return PhonesPart(
        calls=ClickToCall(SqlCalls(database), pbxs, SqlDirectory(database), calls, clock),
        presence=Presence(roster, SqlStatuses(database), logged, watched, bus, presence, clock),
        call_log=CallLog(logged, roster, clock),
        logged=logged,
        roster=roster,
        pbxs=pbxs,
        texts={one.name: AmiTexts(one, pbxs[one.name], clock) for one in links},
        _watched=watched,
    )
