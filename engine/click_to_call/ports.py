"""What click-to-call needs from the world: a PBX, a store, and who is who.

Each has an honest in-memory twin in the tests that passes the same contract tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from engine.accounts.models import Device, Domain, Number, Page, PageRequest, User
from engine.click_to_call.models import Call, CallFilter, LegResult
from engine.idempotency import Claim, Replayed

R = TypeVar("R")


class FactKind(StrEnum):
    """What a PBX can tell about a call. LEG_* and HELD facts name a leg."""

    LEG_CREATED = "leg_created"
    LEG_DIALING = "leg_dialing"
    LEG_RINGING = "leg_ringing"
    LEG_EARLY_MEDIA = "leg_early_media"
    LEG_ANSWERED = "leg_answered"
    LEG_ENDED = "leg_ended"
    PROMPTING = "prompting"  # leg a was answered and is asked to accept
    CONNECTED = "connected"  # both legs hear each other
    HELD = "held"
    UNHELD = "unheld"
    CALL_ENDED = "call_ended"  # nothing of the call is left; the last fact about it
    ORIGINATE_REFUSED = "originate_refused"  # leg a never came to be
    LOST = "lost"  # looked for and not there, and its end was not seen


@dataclass(frozen=True, slots=True)
class PbxFact:
    """One thing now known about a call of ours. Facts may repeat and may come late.

    channel_id: which call, see `models.channel_id`. leg: "a", "b", or None for the whole call.
    leg_channel: the PBX's id of that leg's channel, "" where there is none. at_ms: wall time.
    result, hangup_cause, sip_code: with LEG_ENDED and ORIGINATE_REFUSED. ended_first: with
    CALL_ENDED, the leg that hung up or failed first, or `pbx` for neither, where that was seen.
    """

    channel_id: str
    kind: FactKind
    leg: str | None
    leg_channel: str
    at_ms: int
    result: LegResult | None = None
    hangup_cause: int | None = None
    sip_code: int | None = None
    ended_first: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """Ring the user's phone, then let the PBX's dial rules reach the destination.

    Names and numbers have been vetted: names hold letters, digits, spaces and a few marks.
    caller_*: the user as the destination sees it; destination_*: the destination as the user's
    phone shows it. prompt: the user must press 1 first.
    """

    call_id: str
    channel_id: str
    endpoint: str
    context: str
    exten: str
    ring_timeout_s: int
    caller_number: str
    caller_name: str
    destination_number: str
    destination_name: str
    auto_answer: bool
    all_devices: bool
    prompt: bool
    destination_is_device: bool


class PbxListener(Protocol):
    """Who hears of one PBX. Called on the event loop; must not block or raise."""

    def facts(self, facts: Sequence[PbxFact]) -> None:
        """In the order they happened, as far as the PBX kept it."""

    def link_up(self) -> None:
        """The PBX answers and every followed call is being looked up; `available` is True."""

    def link_down(self) -> None:
        """Nothing is known until `link_up`; every waiting request has failed."""


class Pbx(Protocol):
    """One phone system."""

    @property
    def name(self) -> str: ...

    @property
    def available(self) -> bool:
        """Whether a request made now would be sent."""

    def subscribe(self, listener: PbxListener) -> None:
        """Tell listener everything from now on; exactly one listener a PBX."""

    def follow(self, call: Call) -> None:
        """Report facts about this call from now on, until CALL_ENDED, ORIGINATE_REFUSED or LOST.

        A channel that comes into being after that is reported all the same, for some minutes.
        A call that is not `queued` was dialled before: look for it at the next chance; without
        trace of it after a grace period it is LOST.
        """

    async def originate(self, request: DialRequest) -> None:
        """Ring leg a of a followed call; returns once the PBX has accepted.

        Never repeated by the adapter. Raises PeerRejected (refused, nothing rang),
        PeerUnavailable (not sent) or OutcomeUnknown (sent, no answer). Cancelling it leaves the
        outcome unknown.
        """

    async def hangup(self, channel_id: str) -> bool:
        """Hang up one channel, by its id or the call's. False: there is no such channel (yet).

        Raises PeerUnavailable or OutcomeUnknown; asking again is harmless.
        """


@dataclass(frozen=True, slots=True)
class OffHours:
    """The office is closed since that time, and a domain's calls to outside numbers are counted."""

    since_ms: int
    calls_per_hour: int


@dataclass(frozen=True, slots=True)
class PlacementLimits:
    """How many calls may be there or be made; None does not limit. Minutes are the last 60 s.

    minutes_per_day_*: spoken with outside numbers, in calls placed in the last 24 hours. They and
    off_hours are set for calls to outside numbers only.
    """

    open_per_user: int | None
    open_per_domain: int | None
    per_minute_per_user: int | None
    per_minute_per_domain: int | None
    minutes_per_day_per_user: int | None = None
    minutes_per_day_per_domain: int | None = None
    off_hours: OffHours | None = None


class CallStore(Protocol):
    """Where calls live. Every change is one commit: the row and its `call.updated` event."""

    async def create(
        self, call: Call, limits: PlacementLimits, claim: Claim | None, answer: Replayed | None
    ) -> Replayed | None:
        """Commit a queued call, its event, and the answer to its claim.

        Returns the stored answer when the claim had been used: then nothing was written.
        Raises RateLimited with `retry_after_s`, Conflict as `Lookup.answered`, or StorageUnavailable.
        """

    async def save(self, calls: Sequence[Call]) -> None:
        """Commit these snapshots, oldest first, each with its event; all or none is certain.

        A snapshot that is not newer (by `sequence`) than the row changes nothing.
        Raises StorageUnavailable.
        """

    async def get(self, call_id: str) -> Call | None: ...

    async def list(
        self, domain_id: str, user_id: str | None, chosen: CallFilter, page: PageRequest
    ) -> Page[Call]:
        """Newest first. domain_id and user_id go before what the filter says of them.

        Raises InvalidRequest `invalid_cursor`.
        """

    async def unfinished(self) -> Sequence[Call]:
        """Calls that have not ended, on whatever PBX, oldest first."""


class Lookup(Protocol):
    """Who is who, and what was answered before; None where there is none. All of one moment."""

    def answered(self, claim: Claim) -> Replayed | None:
        """The answer kept for this key, if the request was made before.

        Raises Conflict `idempotency_mismatch` if it was another request.
        """

    def domain(self, domain_id: str) -> Domain | None: ...

    def user(self, user_id: str) -> User | None: ...

    def user_with_extension(self, domain_id: str, extension: str) -> User | None: ...

    def device(self, device_id: str) -> Device | None: ...

    def default_device(self, user: User) -> Device | None: ...

    def number(self, e164: str) -> Number | None: ...


class Directory(Protocol):
    """Where a click is looked up. Each trip to a database costs more than all that is asked there."""

    async def look(self, read: Callable[[Lookup], R]) -> R:
        """Run read on one snapshot; its value or exception is ours.

        read may run twice, in another thread, and keeps nothing of the Lookup.
        Raises StorageUnavailable.
        """
