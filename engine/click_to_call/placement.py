"""What a click means: who calls, from which phone, whom; found on one look at the directory.

No I/O and nothing async: a `Lookup` answers at once, so all of it runs on one snapshot of the
database, in one trip to it. Whatever is refused here has rung no phone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from engine.accounts.models import Device, Domain, Principal, Scope, User
from engine.click_to_call import errors, policy
from engine.click_to_call.models import AcceptPrompt, Call, PlaceCall
from engine.click_to_call.policy import Destination
from engine.click_to_call.ports import DialRequest, Lookup
from engine.click_to_call.settings import CallSettings
from engine.phone_numbers import to_e164

_LEG_A_TIMEOUT_S = range(5, 121)
_LEG_B_TIMEOUT_S = range(5, 601)
_CLIENT_REF_CHARACTERS = 128
_METADATA_PAIRS = 20
_METADATA_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class Placement:
    """A click that is allowed. callee: the user of the domain whose extension is dialled.

    caller_id: E.164, a number of the domain; None leaves it to the user's extension.
    """

    domain: Domain
    user: User
    device: Device
    destination: Destination
    callee: User | None
    caller_id: str | None


def find_placement(
    look: Lookup, principal: Principal, command: PlaceCall, settings: CallSettings
) -> Placement:
    """Raises InvalidRequest, Forbidden, NotFound or Conflict."""
    domain, user, device = _caller(look, principal, command)
    destination, callee = _destination(look, domain, user, command, settings)
    return Placement(domain, user, device, destination, callee, _caller_id(look, domain, command))


def reaches(principal: Principal, domain: Domain) -> bool:
    """Whether the domain is one of the principal's."""
    if principal.scope is Scope.SUPER_USER:
        return True
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
    return principal.domain_id == domain.id


def check_command(command: PlaceCall) -> None:
    """Raises InvalidRequest for what no look-up is needed for."""
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


def dial_request(call: Call, found: Placement) -> DialRequest:
    """What is asked of the PBX for this call."""
    callee = found.callee
    return DialRequest(
        call_id=call.id,
        channel_id=call.channel_id,
        endpoint=found.device.endpoint,
        context=found.domain.dial_context,
        exten=found.destination.exten,
        ring_timeout_s=call.leg_a_timeout_s,
        caller_number=call.caller_id or found.user.extension,
        caller_name=policy.shown_name(found.user.display_name),
        destination_number=found.destination.exten,
        destination_name=policy.shown_name(callee.display_name) if callee else "",
        auto_answer=call.auto_answer,
        all_devices=call.all_devices,
        prompt=call.prompt is not AcceptPrompt.NONE,
        destination_is_device=call.destination_is_device,
    )


# Who calls


def _caller(look: Lookup, principal: Principal, command: PlaceCall) -> tuple[Domain, User, Device]:
    device = _device_named(look, principal, command)
    user_id = command.user_id or principal.user_id or (device.user_id if device else None)
    if device is not None and command.user_id is None and principal.scope is not Scope.BASIC_USER:
        user_id = device.user_id
    if user_id is None:
        raise errors.invalid("user_id", "Name the user whose phone is to ring.")
    if principal.scope is Scope.BASIC_USER and user_id != principal.user_id:
        raise errors.not_your_device()
    user = look.user(user_id)
    domain = look.domain(user.domain_id) if user else None
    if user is None or domain is None or not reaches(principal, domain):
        raise errors.not_found("user")
    if command.domain_id not in (None, domain.id):
        raise errors.not_found("domain")
    if device is not None and device.user_id != user.id:
        raise (
            errors.not_your_device() if principal.scope is Scope.BASIC_USER else errors.not_found("device")
        )
    if not user.enabled:
        raise errors.user_disabled()
    device = device or look.default_device(user)
    if device is None:
        raise errors.no_device()
    return domain, user, device


def _device_named(look: Lookup, principal: Principal, command: PlaceCall) -> Device | None:
    if command.device_id is None:
        return None
    device = look.device(command.device_id)
    domain = look.domain(device.domain_id) if device else None
    if device is None or domain is None or not reaches(principal, domain):
        raise errors.not_found("device")
    return device


def _caller_id(look: Lookup, domain: Domain, command: PlaceCall) -> str | None:
    if command.caller_id is None:
        return None
    e164 = to_e164(command.caller_id, domain.region, field="caller_id")
    number = look.number(e164)
    if number is None or number.domain_id != domain.id:
        raise errors.caller_id_not_allowed()
    return e164


# Whom


def _destination(
    look: Lookup, domain: Domain, user: User, command: PlaceCall, settings: CallSettings
) -> tuple[Destination, User | None]:
    """What is dialled, and the user of the domain whose extension it is."""
    destination = policy.read_destination(command.to, domain.region)
    callee, number = None, None
    if destination.e164 is None:
        callee = look.user_with_extension(domain.id, destination.exten)
    else:
        number = look.number(destination.e164)
    policy.check_not_self(destination, user, number)
    policy.check_destination(destination, settings.rules_for(domain.id), domain, callee)
    return destination, callee
