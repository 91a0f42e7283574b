"""command_status: its name, what the engine does about it, and our own stable error code.

One table, and per carrier a few exceptions to it. Values and names are smpplib's where it has them,
SMPP v5.0's for the handful it lacks.
Source: SMPP v3.4 §5.1.3, SMPP v5.0 §4.7.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smpplib import consts

ESME_ROK: Final[int] = consts.SMPP_ESME_ROK
ESME_RINVMSGLEN: Final[int] = consts.SMPP_ESME_RINVMSGLEN
ESME_RINVCMDLEN: Final[int] = consts.SMPP_ESME_RINVCMDLEN
ESME_RINVCMDID: Final[int] = consts.SMPP_ESME_RINVCMDID
ESME_RINVBNDSTS: Final[int] = consts.SMPP_ESME_RINVBNDSTS
ESME_RALYBND: Final[int] = consts.SMPP_ESME_RALYBND
ESME_RSYSERR: Final[int] = consts.SMPP_ESME_RSYSERR
ESME_RINVSRCADR: Final[int] = consts.SMPP_ESME_RINVSRCADR
ESME_RINVDSTADR: Final[int] = consts.SMPP_ESME_RINVDSTADR
ESME_RBINDFAIL: Final[int] = consts.SMPP_ESME_RBINDFAIL
ESME_RINVPASWD: Final[int] = consts.SMPP_ESME_RINVPASWD
ESME_RINVSYSID: Final[int] = consts.SMPP_ESME_RINVSYSID
ESME_RMSGQFUL: Final[int] = consts.SMPP_ESME_RMSGQFUL
ESME_RINVSERTYP: Final[int] = consts.SMPP_ESME_RINVSERTYP
ESME_RTHROTTLED: Final[int] = consts.SMPP_ESME_RTHROTTLED
ESME_RINVSCHED: Final[int] = consts.SMPP_ESME_RINVSCHED
ESME_RINVEXPIRY: Final[int] = consts.SMPP_ESME_RINVEXPIRY
ESME_RX_T_APPN: Final[int] = consts.SMPP_ESME_RX_T_APPN
ESME_RUNKNOWNERR: Final[int] = consts.SMPP_ESME_RUNKNOWNERR


class StatusClass(StrEnum):
    """What a status asks of us."""

    OK = "ok"
    THROTTLE = "throttle"  # too fast: pause the bind, then send again
    QUEUE_FULL = "queue_full"  # their queue is full: pause longer, then send again
    RETRY = "retry"  # this PDU failed for now: send it again later
    CARRIER_FAULT = "carrier_fault"  # the bind or the account is wrong: no PDU would pass, rebind
    FINAL = "final"  # this PDU will never pass


@dataclass(frozen=True, slots=True)
class StatusRule:
    """One line of the table.

    name: the standard's, `ESME_RTHROTTLED` and the like.
    code: stable, public, the same whatever the carrier; empty for ESME_ROK.
    """

    command_status: int
    name: str
    status_class: StatusClass
    code: str

    @property
    def retryable(self) -> bool:
        """Whether the same PDU may pass later, here or through another carrier."""
        return self.status_class not in (StatusClass.OK, StatusClass.FINAL)


_C = StatusClass
_TABLE: Final[tuple[tuple[int, StatusClass, str], ...]] = (
    (0x00000000, _C.OK, ""),
    (0x00000001, _C.FINAL, "too_long"),  # RINVMSGLEN
    (0x00000002, _C.FINAL, "carrier_rejected_request"),  # RINVCMDLEN
    (0x00000003, _C.FINAL, "carrier_rejected_request"),  # RINVCMDID
    (0x00000004, _C.CARRIER_FAULT, "carrier_session_lost"),  # RINVBNDSTS
    (0x00000005, _C.CARRIER_FAULT, "carrier_already_bound"),  # RALYBND
    (0x00000006, _C.FINAL, "carrier_rejected_request"),  # RINVPRTFLG
    (0x00000007, _C.FINAL, "carrier_rejected_request"),  # RINVREGDLVFLG
    (0x00000008, _C.RETRY, "carrier_temporary_failure"),  # RSYSERR
    (0x0000000A, _C.FINAL, "sender_not_allowed"),  # RINVSRCADR
    (0x0000000B, _C.FINAL, "invalid_destination"),  # RINVDSTADR
    (0x0000000C, _C.FINAL, "carrier_rejected_request"),  # RINVMSGID
    (0x0000000D, _C.CARRIER_FAULT, "carrier_bind_failed"),  # RBINDFAIL
    (0x0000000E, _C.CARRIER_FAULT, "carrier_credentials_refused"),  # RINVPASWD
    (0x0000000F, _C.CARRIER_FAULT, "carrier_credentials_refused"),  # RINVSYSID
    (0x00000011, _C.FINAL, "carrier_rejected_request"),  # RCANCELFAIL
    (0x00000013, _C.FINAL, "carrier_rejected_request"),  # RREPLACEFAIL
    (0x00000014, _C.QUEUE_FULL, "carrier_queue_full"),  # RMSGQFUL
    (0x00000015, _C.FINAL, "carrier_misconfigured"),  # RINVSERTYP
    (0x00000033, _C.FINAL, "carrier_rejected_request"),  # RINVNUMDESTS
    (0x00000034, _C.FINAL, "carrier_rejected_request"),  # RINVDLNAME
    (0x00000040, _C.FINAL, "carrier_rejected_request"),  # RINVDESTFLAG
    (0x00000042, _C.FINAL, "carrier_rejected_request"),  # RINVSUBREP
    (0x00000043, _C.FINAL, "carrier_rejected_request"),  # RINVESMCLASS
    (0x00000044, _C.FINAL, "carrier_rejected_request"),  # RCNTSUBDL
    (0x00000045, _C.FINAL, "carrier_refused_message"),  # RSUBMITFAIL
    (0x00000048, _C.FINAL, "sender_not_allowed"),  # RINVSRCTON
    (0x00000049, _C.FINAL, "sender_not_allowed"),  # RINVSRCNPI
    (0x00000050, _C.FINAL, "invalid_destination"),  # RINVDSTTON
    (0x00000051, _C.FINAL, "invalid_destination"),  # RINVDSTNPI
    (0x00000053, _C.CARRIER_FAULT, "carrier_misconfigured"),  # RINVSYSTYP
    (0x00000054, _C.FINAL, "carrier_rejected_request"),  # RINVREPFLAG
    (0x00000055, _C.FINAL, "carrier_rejected_request"),  # RINVNUMMSGS
    (0x00000058, _C.THROTTLE, "carrier_throttled"),  # RTHROTTLED
    (0x00000061, _C.FINAL, "carrier_rejected_request"),  # RINVSCHED
    (0x00000062, _C.FINAL, "carrier_rejected_request"),  # RINVEXPIRY
    (0x00000063, _C.FINAL, "carrier_rejected_request"),  # RINVDFTMSGID
    (0x00000064, _C.RETRY, "carrier_temporary_failure"),  # RX_T_APPN
    (0x00000065, _C.FINAL, "carrier_refused_message"),  # RX_P_APPN
    (0x00000066, _C.FINAL, "carrier_refused_message"),  # RX_R_APPN
    (0x00000067, _C.FINAL, "carrier_rejected_request"),  # RQUERYFAIL
    (0x000000C0, _C.FINAL, "carrier_rejected_request"),  # RINVOPTPARSTREAM
    (0x000000C1, _C.FINAL, "carrier_rejected_request"),  # ROPTPARNOTALLWD
    (0x000000C2, _C.FINAL, "carrier_rejected_request"),  # RINVPARLEN
    (0x000000C3, _C.FINAL, "carrier_rejected_request"),  # RMISSINGOPTPARAM
    (0x000000C4, _C.FINAL, "carrier_rejected_request"),  # RINVOPTPARAMVAL
    (0x000000FE, _C.FINAL, "carrier_refused_message"),  # RDELIVERYFAILURE
    (0x000000FF, _C.FINAL, "carrier_unknown"),  # RUNKNOWNERR
    (0x00000100, _C.FINAL, "carrier_misconfigured"),  # RSERTYPUNAUTH
    (0x00000101, _C.FINAL, "carrier_refused_message"),  # RPROHIBITED
    (0x00000102, _C.RETRY, "carrier_temporary_failure"),  # RSERTYPUNAVAIL
    (0x00000103, _C.FINAL, "carrier_refused_message"),  # RSERTYPDENIED
    (0x00000104, _C.FINAL, "carrier_rejected_request"),  # RINVDCS
    (0x00000105, _C.FINAL, "sender_not_allowed"),  # RINVSRCADDRSUBUNIT
    (0x00000106, _C.FINAL, "invalid_destination"),  # RINVDSTADDRSUBUNIT
)

_NAMES: Final[dict[int, str]] = {
    value: name.removeprefix("SMPP_")
    for name, value in vars(consts).items()
    if name.startswith("SMPP_ESME_") and isinstance(value, int)
} | {
    0x00000100: "ESME_RSERTYPUNAUTH",
    0x00000101: "ESME_RPROHIBITED",
    0x00000102: "ESME_RSERTYPUNAVAIL",
    0x00000103: "ESME_RSERTYPDENIED",
    0x00000104: "ESME_RINVDCS",
    0x00000105: "ESME_RINVSRCADDRSUBUNIT",
    0x00000106: "ESME_RINVDSTADDRSUBUNIT",
}

_RULES: Final[dict[int, StatusRule]] = {
    status: StatusRule(status, _NAMES[status], status_class, code) for status, status_class, code in _TABLE
}


def status_name(command_status: int) -> str:
    """`ESME_RTHROTTLED` and the like, or the number in hexadecimal."""
    return _NAMES.get(command_status) or f"{command_status:#010x}"


class StatusTable:
    """The table as one carrier means it.

    overrides: command_status -> class, for a carrier that uses a value in its own way, vendor
    values (0x400 to 0x4FF) included; the error code then follows the class.
    """

    def __init__(self, overrides: Mapping[int, StatusClass] | None = None) -> None:
        self._rules = dict(_RULES)
        for command_status, status_class in (overrides or {}).items():
            if (command_status == ESME_ROK) != (status_class is StatusClass.OK):
                raise ValueError("only ESME_ROK means that a message was accepted")
            self._rules[command_status] = StatusRule(
                command_status, status_name(command_status), status_class, _CODE_OF_CLASS[status_class]
            )

    def rule(self, command_status: int) -> StatusRule:
        """The rule for a status. A value nobody knows is final: retrying it could go on for ever."""
        known = self._rules.get(command_status)
        if known is not None:
            return known
        return StatusRule(command_status, status_name(command_status), StatusClass.FINAL, "carrier_unknown")


_CODE_OF_CLASS: Final = {
    StatusClass.OK: "",
    StatusClass.THROTTLE: "carrier_throttled",
    StatusClass.QUEUE_FULL: "carrier_queue_full",
    StatusClass.RETRY: "carrier_temporary_failure",
    StatusClass.CARRIER_FAULT: "carrier_session_lost",
    StatusClass.FINAL: "carrier_refused_message",
}
