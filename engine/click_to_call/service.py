"""Click-to-call: who may place, see and end a call, and the way from a click to its queued row.

The answer to a click waits for one commit and never for a phone; dialling and everything after
it belongs to the desk of the PBX.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from engine.accounts.models import Device, Domain, Page, PageRequest, Principal, Scope
from engine.click_to_call import errors, policy
from engine.click_to_call.desk import CallDesk
from engine.click_to_call.live import CallTimings
from engine.click_to_call.models import Call, CallFilter, PlaceCall
from engine.click_to_call.outcome import abandon
from engine.click_to_call.placement import (
    Placement,
    check_command,
    dial_request,
    find_placement,
    reaches,
)
from engine.click_to_call.ports import CallStore, Directory, Lookup, Pbx, PlacementLimits
from engine.click_to_call.settings import CallSettings
from engine.clock import Clock
from engine.errors import StorageUnavailable
from engine.idempotency import Claim, Replayed
from engine.ids import new_id

log = structlog.get_logger(__name__)

#: Makes the answer that is kept for a claim: an HTTP status and a JSON body.
Render = Callable[[Call], tuple[int, str]]

_FIRST_PAGE = PageRequest()
_EVERYTHING = CallFilter()


class ClickToCall:
    """Places, shows and ends calls. Takes them only inside `running`."""

    def __init__(
        self,
        store: CallStore,
        pbxs: Mapping[str, Pbx],
        directory: Directory,
        settings: CallSettings,
        clock: Clock,
        timings: CallTimings | None = None,
    ) -> None:
        """pbxs: by the name that domains and devices use. timings: max_duration_s is taken from
        the settings when they are left out."""
        self._store = store
        self._directory = directory
        self._settings = settings
        self._clock = clock
        timings = timings or CallTimings(max_duration_s=settings.max_duration_s)
        self._desks = {name: CallDesk(pbx, store, clock, timings) for name, pbx in pbxs.items()}
        self._open = False

    @asynccontextmanager
    async def running(self, *, stop_within_s: float = 5.0) -> AsyncIterator[None]:
        """Take over unfinished calls, then work until the block ends.

        At the end new calls are refused, what is known is committed within stop_within_s, and calls
        in progress go on at the PBX: the next start finds them there.
        Raises StorageUnavailable when the unfinished calls cannot be read, or closed.
        """
        unfinished = await self._store.unfinished()
        await self._abandon([call for call in unfinished if call.pbx not in self._desks])
        for name, desk in self._desks.items():
            desk.recover([call for call in unfinished if call.pbx == name])
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(desk.run()) for desk in self._desks.values()]
            self._open = True
            try:
                yield
            except BaseException as error:  # raised again below, as it was and in no group
                failure = error
            self._open = False
            for desk in self._desks.values():
                await desk.drain(stop_within_s)
            for task in tasks:
                task.cancel()
        if failure is not None:
            raise failure

    def pbx_links(self) -> Mapping[str, bool]:
        """Each PBX and whether it answers now."""
        return {name: desk.available for name, desk in self._desks.items()}

    def open_calls(self) -> Mapping[str, int]:
        """Each PBX and how many calls go on there."""
        return {name: desk.open_calls for name, desk in self._desks.items()}

    async def place(
        self,
        principal: Principal,
        command: PlaceCall,
        claim: Claim | None = None,
        render: Render | None = None,
    ) -> Call | Replayed:
        """Commit a call and have it dialled; returns once it is on disk, before any phone rings.

        A claim that was used before returns the answer render made then, whatever else holds now.
        Raises InvalidRequest, Forbidden, NotFound, Conflict, RateLimited, PeerUnavailable or
        StorageUnavailable: no phone rings then. Cancelling the caller before the commit is known
        means that the call is not dialled.
        """

        def read(look: Lookup) -> Placement | Replayed:
            if claim is not None and (replayed := look.answered(claim)) is not None:
                return replayed
            check_command(command)
            return find_placement(look, principal, command, self._settings)

        found = await self._directory.look(read)
        if isinstance(found, Replayed):
            return found
        desk = self._desk_that_answers(found.device)
        call = self._new_call(principal, command, found)
        answer = Replayed(*render(call)) if claim is not None and render is not None else None
        try:
            replayed = await self._store.create(call, self._limits(call, found), claim, answer)
        except (asyncio.CancelledError, StorageUnavailable):
            desk.doubt(call.id)
            raise
        if replayed is not None:
            return replayed
        desk.admit(call, dial_request(call, found))
        return call

    async def get(self, principal: Principal, call_id: str) -> Call:
        """Raises NotFound for a call that is not there or not the principal's to see."""
        call = await self._store.get(call_id)
        if call is None or not await self._sees(principal, call):
            raise errors.not_found("call")
        return call

    async def list(
        self,
        principal: Principal,
        chosen: CallFilter = _EVERYTHING,
        page: PageRequest = _FIRST_PAGE,
    ) -> Page[Call]:
        """Calls the principal may see, newest first.

        Raises InvalidRequest (`domain_id` missing, `invalid_cursor`) or NotFound.
        """
        domain = await self._domain_meant(principal, chosen.domain_id)
        user_id = chosen.user_id
        if principal.scope is Scope.BASIC_USER:
            if user_id not in (None, principal.user_id):
                raise errors.not_found("user")
            user_id = principal.user_id or ""
        return await self._store.list(domain.id, user_id, chosen, page)

    async def cancel(self, principal: Principal, call_id: str) -> Call:
        """End a call in any state; repeating it, and ending an ended one, changes nothing.

        Returns once the wish is on disk: a final call is over, another one is being hung up.
        Raises NotFound, StorageUnavailable, or PeerUnavailable when its PBX is not configured here.
        """
        call = await self.get(principal, call_id)
        if call.status.final:
            return call
        desk = self._desks.get(call.pbx)
        if desk is None:
            raise errors.pbx_unavailable()
        return await desk.cancel(call_id) or await self.get(principal, call_id)

    async def _abandon(self, calls: Sequence[Call]) -> None:
        """Close calls whose PBX is no longer configured: nobody will ever tell how they went."""
        if calls:
            pbxs = sorted({call.pbx for call in calls})
            log.warning("calls.pbx_not_configured", pbxs=pbxs, calls=len(calls))
            await self._store.save([abandon(call, self._clock.now_ms()) for call in calls])

    # The call

    def _desk_that_answers(self, device: Device) -> CallDesk:
        if not self._open:
            raise errors.shutting_down()
        desk = self._desks.get(device.pbx)
        if desk is None or not desk.available:
            raise errors.pbx_unavailable()
        if desk.open_calls >= self._settings.open_per_pbx:
            raise errors.too_many_calls("The phone system is at its limit of calls. Try again shortly.", 5)
        return desk

    def _new_call(self, principal: Principal, command: PlaceCall, found: Placement) -> Call:
        return Call(
            id=new_id("call"),
            domain_id=found.domain.id,
            user_id=found.user.id,
            device_id=found.device.id,
            pbx=found.device.pbx,
            to=found.destination.exten,
            caller_id=found.caller_id,
            prompt=command.prompt,
            auto_answer=command.auto_answer,
            all_devices=command.all_devices,
            leg_a_timeout_s=command.leg_a_timeout_s,
            leg_b_timeout_s=command.leg_b_timeout_s,
            client_ref=command.client_ref,
            metadata=dict(command.metadata),
            requested_by=principal.credential_id,
            destination_is_device=found.callee is not None,
            created_ms=self._clock.now_ms(),
        )

    def _limits(self, call: Call, found: Placement) -> PlacementLimits:
        rules = self._settings.rules_for(found.domain.id)
        return policy.limits_on(found.destination, self._settings, rules, call.created_ms)

    # Who sees what

    async def _sees(self, principal: Principal, call: Call) -> bool:
        if principal.scope is Scope.BASIC_USER:
            return principal.user_id == call.user_id and principal.domain_id == call.domain_id
        domain = await self._directory.look(lambda look: look.domain(call.domain_id))
        return domain is not None and reaches(principal, domain)

    async def _domain_meant(self, principal: Principal, domain_id: str | None) -> Domain:
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise errors.invalid("domain_id", "Name the domain; this credential reaches more than one.")
        domain = await self._directory.look(lambda look: look.domain(wanted))
        if domain is None or not reaches(principal, domain):
            raise errors.not_found("domain")
        return domain
