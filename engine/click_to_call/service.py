"""Click-to-call: who may place, see and end a call, and the way from a click to its queued row.

The answer to a click waits for one commit and never for a phone; dialling and everything after
it belongs to the desk of the PBX.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.accounts.models import Device, Domain, Page, PageRequest, Principal, Scope, User
from engine.click_to_call import errors, policy
from engine.click_to_call.desk import CallDesk
from engine.click_to_call.live import CallTimings
from engine.click_to_call.models import AcceptPrompt, Call, CallFilter, PlaceCall
from engine.click_to_call.policy import Destination
from engine.click_to_call.ports import CallStore, DialRequest, Directory, Pbx, PlacementLimits
from engine.click_to_call.settings import CallSettings
from engine.clock import Clock
from engine.errors import StorageUnavailable
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.phone_numbers import to_e164

#: Makes the answer that is kept for a claim: an HTTP status and a JSON body.
Render = Callable[[Call], tuple[int, str]]

_LEG_A_TIMEOUT_S = range(5, 121)
_LEG_B_TIMEOUT_S = range(5, 601)
_CLIENT_REF_CHARACTERS = 128
_METADATA_PAIRS = 20
_METADATA_OCTETS = 4096
_FIRST_PAGE = PageRequest()
_EVERYTHING = CallFilter()


@dataclass(frozen=True, slots=True)
class _Caller:
    """Whose phone rings."""

    domain: Domain
    user: User
    device: Device


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
        Raises StorageUnavailable when the unfinished calls cannot be read.
        """
        for desk in self._desks.values():
            await desk.recover()
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
        if claim is not None and (replayed := await self._store.answered(claim)) is not None:
            return replayed
        _check_command(command)
        caller = await self._caller(principal, command)
        destination, callee = await self._destination(caller, command)
        caller_id = await self._caller_id(caller.domain, command)
        desk = self._desk_that_answers(caller.device)
        call = self._new_call(principal, command, caller, destination, caller_id, callee)
        answer = Replayed(*render(call)) if claim is not None and render is not None else None
        try:
            replayed = await self._store.create(call, self._limits, claim, answer)
        except (asyncio.CancelledError, StorageUnavailable):
            desk.doubt(call.id)
            raise
        if replayed is not None:
            return replayed
        desk.admit(call, _dial_request(call, caller, destination, callee))
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

    # Who calls

    async def _caller(self, principal: Principal, command: PlaceCall) -> _Caller:
        device = await self._device_named(principal, command)
        user_id = command.user_id or principal.user_id or (device.user_id if device else None)
        if device is not None and command.user_id is None and principal.scope is not Scope.BASIC_USER:
            user_id = device.user_id
        if user_id is None:
            raise errors.invalid("user_id", "Name the user whose phone is to ring.")
        if principal.scope is Scope.BASIC_USER and user_id != principal.user_id:
            raise errors.not_your_device()
        user = await self._directory.user(user_id)
        domain = await self._directory.domain(user.domain_id) if user else None
        if user is None or domain is None or not _reaches(principal, domain):
            raise errors.not_found("user")
        if command.domain_id not in (None, domain.id):
            raise errors.not_found("domain")
        if device is not None and device.user_id != user.id:
            raise (
                errors.not_your_device()
                if principal.scope is Scope.BASIC_USER
                else errors.not_found("device")
            )
        if not user.enabled:
            raise errors.user_disabled()
        return _Caller(domain, user, device or await self._default_device(user))

    async def _device_named(self, principal: Principal, command: PlaceCall) -> Device | None:
        if command.device_id is None:
            return None
        device = await self._directory.device(command.device_id)
        domain = await self._directory.domain(device.domain_id) if device else None
        if device is None or domain is None or not _reaches(principal, domain):
            raise errors.not_found("device")
        return device

    async def _default_device(self, user: User) -> Device:
        devices = await self._directory.devices_of(user)
        chosen = next((device for device in devices if device.is_default), None)
        if chosen is None:
            raise errors.no_device()
        return chosen

    async def _caller_id(self, domain: Domain, command: PlaceCall) -> str | None:
        if command.caller_id is None:
            return None
        e164 = to_e164(command.caller_id, domain.region, field="caller_id")
        number = await self._directory.number(e164)
        if number is None or number.domain_id != domain.id:
            raise errors.caller_id_not_allowed()
        return e164

    # Whom

    async def _destination(self, caller: _Caller, command: PlaceCall) -> tuple[Destination, User | None]:
        """What is dialled, and the user of the domain whose extension it is."""
        destination = policy.read_destination(command.to, caller.domain.region)
        callee, number = None, None
        if destination.e164 is None:
            callee = await self._directory.user_with_extension(caller.domain.id, destination.exten)
        else:
            number = await self._directory.number(destination.e164)
        policy.check_not_self(destination, caller.user, number)
        rules = self._settings.rules_for(caller.domain.id)
        policy.check_destination(destination, rules, caller.domain, callee)
        return destination, callee

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

    def _new_call(
        self,
        principal: Principal,
        command: PlaceCall,
        caller: _Caller,
        destination: Destination,
        caller_id: str | None,
        callee: User | None,
    ) -> Call:
        return Call(
            id=new_id("call"),
            domain_id=caller.domain.id,
            user_id=caller.user.id,
            device_id=caller.device.id,
            pbx=caller.device.pbx,
            to=destination.exten,
            caller_id=caller_id,
            prompt=command.prompt,
            auto_answer=command.auto_answer,
            all_devices=command.all_devices,
            leg_a_timeout_s=command.leg_a_timeout_s,
            leg_b_timeout_s=command.leg_b_timeout_s,
            client_ref=command.client_ref,
            metadata=dict(command.metadata),
            requested_by=principal.credential_id,
            destination_is_device=callee is not None,
            created_ms=self._clock.now_ms(),
        )

    @property
    def _limits(self) -> PlacementLimits:
        settings = self._settings
        return PlacementLimits(
            open_per_user=settings.open_per_user,
            open_per_domain=settings.open_per_domain,
            per_minute_per_user=settings.per_minute_per_user,
            per_minute_per_domain=settings.per_minute_per_domain,
        )

    # Who sees what

    async def _sees(self, principal: Principal, call: Call) -> bool:
        if principal.scope is Scope.BASIC_USER:
            return principal.user_id == call.user_id and principal.domain_id == call.domain_id
        domain = await self._directory.domain(call.domain_id)
        return domain is not None and _reaches(principal, domain)

    async def _domain_meant(self, principal: Principal, domain_id: str | None) -> Domain:
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise errors.invalid("domain_id", "Name the domain; this credential reaches more than one.")
        domain = await self._directory.domain(wanted)
        if domain is None or not _reaches(principal, domain):
            raise errors.not_found("domain")
        return domain


def _reaches(principal: Principal, domain: Domain) -> bool:
    if principal.scope is Scope.SUPER_USER:
        return True
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
    return principal.domain_id == domain.id


def _check_command(command: PlaceCall) -> None:
    for field, seconds, allowed in (
        ("leg_a_timeout_s", command.leg_a_timeout_s, _LEG_A_TIMEOUT_S),
        ("leg_b_timeout_s", command.leg_b_timeout_s, _LEG_B_TIMEOUT_S),
    ):
        if seconds not in allowed:
            raise errors.invalid(field, f"Give {allowed.start} to {allowed.stop - 1} seconds.")
    if command.client_ref is not None and not 1 <= len(command.client_ref) <= _CLIENT_REF_CHARACTERS:
        raise errors.invalid("client_ref", f"A client_ref has 1 to {_CLIENT_REF_CHARACTERS} characters.")
    octets = len(json.dumps(dict(command.metadata), ensure_ascii=False).encode(errors="surrogatepass"))
    if len(command.metadata) > _METADATA_PAIRS or octets > _METADATA_OCTETS:
        raise errors.invalid(
            "metadata", f"At most {_METADATA_PAIRS} pairs and {_METADATA_OCTETS} bytes of metadata are kept."
        )
    one_phone = not command.all_devices and command.prompt is AcceptPrompt.NONE
    if command.auto_answer and not one_phone:
        raise errors.invalid(
            "auto_answer",
            "Auto-answer works for one device without a prompt only.",
            "auto_answer_not_possible",
        )


def _dial_request(call: Call, caller: _Caller, destination: Destination, callee: User | None) -> DialRequest:
    return DialRequest(
        call_id=call.id,
        channel_id=call.channel_id,
        endpoint=caller.device.endpoint,
        context=caller.domain.dial_context,
        exten=destination.exten,
        ring_timeout_s=call.leg_a_timeout_s,
        caller_number=call.caller_id or caller.user.extension,
        caller_name=policy.shown_name(caller.user.display_name),
        destination_number=destination.exten,
        destination_name=policy.shown_name(callee.display_name) if callee else "",
        auto_answer=call.auto_answer,
        all_devices=call.all_devices,
        prompt=call.prompt is not AcceptPrompt.NONE,
        destination_is_device=call.destination_is_device,
    )
