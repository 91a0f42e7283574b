"""Words of usage: what is counted, by what it may be told apart, and the sums.

Types only. A day is a name, `2026-11-22`, of the domain's time zone. Costs are millionths of a currency's
unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What is counted."""

    TEXT = "text"
    CHAT = "chat"
    CALL = "call"


class GroupBy(StrEnum):
    """What sums may be told apart by."""

    DAY = "day"
    USER = "user"
    NUMBER = "number"
    DIRECTION = "direction"
    CARRIER = "carrier"
    STATUS = "status"
    FAILURE_CLASS = "failure_class"


#: By which of them each kind can be told apart.
GROUPS: Mapping[Kind, frozenset[GroupBy]] = {
    Kind.TEXT: frozenset(GroupBy),
    Kind.CHAT: frozenset({GroupBy.DAY, GroupBy.USER}),
    Kind.CALL: frozenset({GroupBy.DAY, GroupBy.USER, GroupBy.DIRECTION, GroupBy.STATUS}),
}


class FailureClass(StrEnum):
    """Why a text did not arrive, or is not known to have."""

    OPTED_OUT = "opted_out"  # the number does not want to hear from ours
    REFUSED = "refused"  # by us or the carrier: this text would never have passed
    INVALID_NUMBER = "invalid_number"
    CARRIER_TROUBLE = "carrier_trouble"  # the carrier, its link or our account with it
    EXPIRED = "expired"  # its validity ended before it could be sent
    UNDELIVERED = "undelivered"  # the carrier took it and could not deliver all of it
    NO_ANSWER = "no_answer"  # the carrier did not answer, and may have it
    NO_RECEIPT = "no_receipt"  # the carrier took it and never told what became of it


_BY_STATUS: Mapping[str, FailureClass] = {
    "uncertain": FailureClass.NO_ANSWER,
    "unconfirmed": FailureClass.NO_RECEIPT,
    "expired": FailureClass.EXPIRED,
    "undelivered": FailureClass.UNDELIVERED,
    "partially_delivered": FailureClass.UNDELIVERED,
}
_BY_CODE: Mapping[str, FailureClass] = {
    "opted_out": FailureClass.OPTED_OUT,
    "invalid_destination": FailureClass.INVALID_NUMBER,
    "expired_in_queue": FailureClass.EXPIRED,
    "undelivered": FailureClass.UNDELIVERED,
    "carrier_no_ack": FailureClass.NO_ANSWER,
    "carrier_throttled": FailureClass.CARRIER_TROUBLE,
    "carrier_queue_full": FailureClass.CARRIER_TROUBLE,
    "carrier_temporary_failure": FailureClass.CARRIER_TROUBLE,
    "carrier_session_lost": FailureClass.CARRIER_TROUBLE,
    "carrier_already_bound": FailureClass.CARRIER_TROUBLE,
    "carrier_bind_failed": FailureClass.CARRIER_TROUBLE,
    "carrier_credentials_refused": FailureClass.CARRIER_TROUBLE,
}
_FAILED = frozenset({"rejected", "failed", "canceled"})


def failure_class(status: str, code: str) -> str:
    """The class of a recipient's status and error code; empty while nothing is wrong."""
    known = _BY_STATUS.get(status)
    if known is None and status in _FAILED:
        known = _BY_CODE.get(code, FailureClass.REFUSED)
    return "" if known is None else known.value


@dataclass(frozen=True, slots=True)
class Group:
    """What a sum is of; None: not told apart by that, or (user, number, class) there is none."""

    day: str | None = None
    user_id: str | None = None
    number: str | None = None
    direction: str | None = None
    carrier: str | None = None
    status: str | None = None
    failure_class: str | None = None


@dataclass(slots=True)
class Sums:
    """What was counted of one group.

    items: texts (one a recipient, or one that came in), messages of chats, or calls. charged_segments: what
    the carrier took, or may have, second copies included. cost_micros: by currency. by_status: items.
    """

    items: int = 0
    segments: int = 0
    charged_segments: int = 0
    answered: int = 0
    missed: int = 0
    talk_ms: int = 0
    cost_micros: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)

    @property
    def delivered(self) -> int:
        return self._of("delivered")

    @property
    def failed(self) -> int:
        """Known not to have arrived, or not whole."""
        return self._of("undelivered", "partially_delivered", "rejected", "expired", "canceled", "failed")

    @property
    def unknown(self) -> int:
        """Nobody will tell any more what became of them, unless a late receipt does."""
        return self._of("uncertain", "unconfirmed")

    @property
    def under_way(self) -> int:
        return self._of("accepted", "scheduled", "held", "queued", "sending", "sent")

    @property
    def received(self) -> int:
        return self._of("received", "blocked")

    def add(self, other: Sums) -> None:
        for name in ("items", "segments", "charged_segments", "answered", "missed", "talk_ms"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.cost_micros, other.cost_micros), (self.by_status, other.by_status)):
            for key, value in theirs.items():
                mine[key] = mine.get(key, 0) + value

    def _of(self, *statuses: str) -> int:
        return sum(self.by_status.get(status, 0) for status in statuses)


@dataclass(frozen=True, slots=True)
class UsageDomain:
    """A domain as usage knows it. texting_users: how many of its users may text."""

    id: str
    reseller_id: str | None
    time_zone: str
    sms_enabled: bool
    texting_users: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums by group, in the order of the groups. from_day, until_day: the first and the last one.

    counted_ms: what happened up to then is in them.
    """

    domain: UsageDomain
    from_day: str
    until_day: str
    group_by: tuple[GroupBy, ...]
    counted_ms: int
    rows: tuple[tuple[Group, Sums], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a manager's home page shows. days: thirty of them, oldest first, today last.

    shown: texting is switched on for the domain and at least one of its users.
    """

    domain: UsageDomain
    shown: bool
    counted_ms: int
    texts: Mapping[str, Sums]
    calls: Mapping[str, Sums]
    chats: Mapping[str, Sums]
