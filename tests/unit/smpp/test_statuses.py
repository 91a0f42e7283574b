"""The status table, line by line."""

from __future__ import annotations

import pytest
import smpp34
from smpplib import consts

from engine.smpp import statuses
from engine.smpp.statuses import StatusClass, StatusTable, status_name

LINES = """
00 ESME_ROK ok -
01 ESME_RINVMSGLEN final too_long
02 ESME_RINVCMDLEN final carrier_rejected_request
03 ESME_RINVCMDID final carrier_rejected_request
04 ESME_RINVBNDSTS carrier_fault carrier_session_lost
05 ESME_RALYBND carrier_fault carrier_already_bound
06 ESME_RINVPRTFLG final carrier_rejected_request
07 ESME_RINVREGDLVFLG final carrier_rejected_request
08 ESME_RSYSERR retry carrier_temporary_failure
0a ESME_RINVSRCADR final sender_not_allowed
0b ESME_RINVDSTADR final invalid_destination
0c ESME_RINVMSGID final carrier_rejected_request
0d ESME_RBINDFAIL carrier_fault carrier_bind_failed
0e ESME_RINVPASWD carrier_fault carrier_credentials_refused
0f ESME_RINVSYSID carrier_fault carrier_credentials_refused
11 ESME_RCANCELFAIL final carrier_rejected_request
13 ESME_RREPLACEFAIL final carrier_rejected_request
14 ESME_RMSGQFUL queue_full carrier_queue_full
15 ESME_RINVSERTYP final carrier_misconfigured
33 ESME_RINVNUMDESTS final carrier_rejected_request
34 ESME_RINVDLNAME final carrier_rejected_request
40 ESME_RINVDESTFLAG final carrier_rejected_request
42 ESME_RINVSUBREP final carrier_rejected_request
43 ESME_RINVESMCLASS final carrier_rejected_request
44 ESME_RCNTSUBDL final carrier_rejected_request
45 ESME_RSUBMITFAIL final carrier_refused_message
48 ESME_RINVSRCTON final sender_not_allowed
49 ESME_RINVSRCNPI final sender_not_allowed
50 ESME_RINVDSTTON final invalid_destination
51 ESME_RINVDSTNPI final invalid_destination
53 ESME_RINVSYSTYP carrier_fault carrier_misconfigured
54 ESME_RINVREPFLAG final carrier_rejected_request
55 ESME_RINVNUMMSGS final carrier_rejected_request
58 ESME_RTHROTTLED throttle carrier_throttled
61 ESME_RINVSCHED final carrier_rejected_request
62 ESME_RINVEXPIRY final carrier_rejected_request
63 ESME_RINVDFTMSGID final carrier_rejected_request
64 ESME_RX_T_APPN retry carrier_temporary_failure
65 ESME_RX_P_APPN final carrier_refused_message
66 ESME_RX_R_APPN final carrier_refused_message
67 ESME_RQUERYFAIL final carrier_rejected_request
c0 ESME_RINVOPTPARSTREAM final carrier_rejected_request
c1 ESME_ROPTPARNOTALLWD final carrier_rejected_request
c2 ESME_RINVPARLEN final carrier_rejected_request
c3 ESME_RMISSINGOPTPARAM final carrier_rejected_request
c4 ESME_RINVOPTPARAMVAL final carrier_rejected_request
fe ESME_RDELIVERYFAILURE final carrier_refused_message
ff ESME_RUNKNOWNERR final carrier_unknown
100 ESME_RSERTYPUNAUTH final carrier_misconfigured
101 ESME_RPROHIBITED final carrier_refused_message
102 ESME_RSERTYPUNAVAIL retry carrier_temporary_failure
103 ESME_RSERTYPDENIED final carrier_refused_message
104 ESME_RINVDCS final carrier_rejected_request
105 ESME_RINVSRCADDRSUBUNIT final sender_not_allowed
106 ESME_RINVDSTADDRSUBUNIT final invalid_destination
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_each_status_has_its_name_class_and_code(line: str) -> None:
    value, name, status_class, code = line.split()
    rule = StatusTable().rule(int(value, 16))
    assert (rule.name, rule.status_class, rule.code or "-") == (name, status_class, code)
    assert rule.retryable == (status_class in {"throttle", "queue_full", "retry", "carrier_fault"})


def test_the_table_holds_every_status_smpplib_names_and_smpp34_agrees() -> None:
    known = {int(line.split()[0], 16): line.split()[1] for line in LINES}
    for name, value in vars(consts).items():
        if name.startswith("SMPP_ESME_"):
            assert known[value] == name.removeprefix("SMPP_")
    for name in dir(smpp34):
        if name.startswith("ESME_"):
            assert known[getattr(smpp34, name)] == name


def test_the_constants_mean_what_their_names_say() -> None:
    for name, value in vars(statuses).items():
        if name.startswith("ESME_"):
            assert status_name(value) == name


@pytest.mark.parametrize("value", [0x09, 0x400, 0x4FF, 0xFFFFFFFF])
def test_a_status_nobody_knows_is_final_and_named_by_number(value: int) -> None:
    rule = StatusTable().rule(value)
    assert rule.status_class is StatusClass.FINAL
    assert rule.code == "carrier_unknown"
    assert rule.name == f"{value:#010x}"


def test_one_carrier_may_mean_something_else() -> None:
    table = StatusTable({0x45: StatusClass.RETRY, 0x400: StatusClass.THROTTLE})
    assert table.rule(0x45).status_class is StatusClass.RETRY
    assert table.rule(0x45).code == "carrier_temporary_failure"
    assert table.rule(0x400).code == "carrier_throttled"
    assert StatusTable().rule(0x45).status_class is StatusClass.FINAL


@pytest.mark.parametrize("overrides", [{0: StatusClass.FINAL}, {0x45: StatusClass.OK}])
def test_no_carrier_may_redefine_acceptance(overrides: dict[int, StatusClass]) -> None:
    with pytest.raises(ValueError, match="ESME_ROK"):
        StatusTable(overrides)
