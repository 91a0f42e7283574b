# ruff: noqa: E501 - one receipt a line reads better than five lines a receipt
"""Receipt texts as carriers write them, and what each says.

Each line: the text, then what must be read: id, state, err, submit date, done date, text.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.smpp.receipts import MessageState

S = MessageState
SUBMIT, DONE = "2611221011", "2611221012"


class Case(NamedTuple):
    text: bytes
    raw_id: str
    state: MessageState
    err: str = ""
    submit: str = ""
    done: str = ""
    text20: str = ""


def _usual(stat: str, state: MessageState, err: str = "000") -> Case:
    text = f"id:7 sub:001 dlvrd:000 submit date:{SUBMIT} done date:{DONE} stat:{stat} err:{err} text:x"
    return Case(text.encode(), "7", state, err, SUBMIT, DONE, "x")


_HEAD = b"id:0123456789 sub:001 dlvrd:001 submit date:2611221011 done date:2611221012 stat:DELIVRD"

CASES = [
    # The standard's own form, and its small liberties.
    Case(_HEAD + b" err:000 text:Hello", "0123456789", S.DELIVERED, "000", SUBMIT, DONE, "Hello"),
    Case(_HEAD + b" err:000 Text:Hello", "0123456789", S.DELIVERED, "000", SUBMIT, DONE, "Hello"),
    Case(_HEAD + b" err:000 TEXT:Hello", "0123456789", S.DELIVERED, "000", SUBMIT, DONE, "Hello"),
    Case(_HEAD + b" err:000 text:", "0123456789", S.DELIVERED, "000", SUBMIT, DONE),
    Case(_HEAD + b" err:000", "0123456789", S.DELIVERED, "000", SUBMIT, DONE),
    Case(_HEAD + b" err:000 ", "0123456789", S.DELIVERED, "000", SUBMIT, DONE),
    Case(_HEAD + b" err:000\0", "0123456789", S.DELIVERED, "000", SUBMIT, DONE),
    Case(_HEAD, "0123456789", S.DELIVERED, "", SUBMIT, DONE),
    Case(
        _HEAD + b" err:000 text:exactly twenty chars and more",
        "0123456789",
        S.DELIVERED,
        "000",
        SUBMIT,
        DONE,
        "exactly twenty chars",
    ),
    # The text is the sender's: what it says about states is not the carrier's word.
    Case(
        _HEAD + b" err:000 text:id:9 stat:FAILED",
        "0123456789",
        S.DELIVERED,
        "000",
        SUBMIT,
        DONE,
        "id:9 stat:FAILED",
    ),
    Case(b"id:7 stat:UNDELIV text:stat:DELIVRD err:001", "7", S.UNDELIVERABLE, text20="stat:DELIVRD err:001"),
    # States, spelled by the standard and by others.
    _usual("DELIVRD", S.DELIVERED),
    _usual("DELIVERED", S.DELIVERED),
    _usual("Delivered", S.DELIVERED),
    _usual("delivrd", S.DELIVERED),
    _usual("UNDELIV", S.UNDELIVERABLE, "069"),
    _usual("UNDELIVERED", S.UNDELIVERABLE, "001"),
    _usual("UNDELIVERABLE", S.UNDELIVERABLE, "001"),
    _usual("FAILED", S.UNDELIVERABLE, "500"),
    _usual("DELIVERY FAILED", S.UNDELIVERABLE, "500"),
    _usual("DELIVERY_FAILED", S.UNDELIVERABLE, "500"),
    _usual("NOT DELIVERED", S.UNDELIVERABLE, "500"),
    _usual("EXPIRED", S.EXPIRED, "003"),
    _usual("expired", S.EXPIRED, "003"),
    _usual("DELETED", S.DELETED),
    _usual("REJECTD", S.REJECTED, "011"),
    _usual("REJECTED", S.REJECTED, "011"),
    _usual("ACCEPTD", S.ACCEPTED),
    _usual("ACCEPTED", S.ACCEPTED),
    _usual("ENROUTE", S.ENROUTE),
    _usual("EN_ROUTE", S.ENROUTE),
    _usual("BUFFERED", S.ENROUTE),
    _usual("SUBMITD", S.ENROUTE),
    _usual("UNKNOWN", S.UNKNOWN),
    _usual("SKIPPED", S.SKIPPED),
    _usual("SCHEDULED", S.SCHEDULED),
    _usual("DELIVRD (handset)", S.DELIVERED),
    _usual("GIBBERISH", S.UNKNOWN),
    _usual("2", S.DELIVERED),
    _usual("005", S.UNDELIVERABLE),
    # Error codes.
    _usual("UNDELIV", S.UNDELIVERABLE, "0"),
    _usual("UNDELIV", S.UNDELIVERABLE, "1234"),
    _usual("UNDELIV", S.UNDELIVERABLE, "0x0B"),
    _usual("UNDELIV", S.UNDELIVERABLE, "E12"),
    _usual("UNDELIV", S.UNDELIVERABLE, "-1"),
    Case(_HEAD + b" err: 0 text:", "0123456789", S.DELIVERED, "0", SUBMIT, DONE),
    Case(_HEAD + b" error:012", "0123456789", S.DELIVERED, "012", SUBMIT, DONE),
    Case(_HEAD + b" errorcode:012", "0123456789", S.DELIVERED, "012", SUBMIT, DONE),
    Case(_HEAD + b" error code:012", "0123456789", S.DELIVERED, "012", SUBMIT, DONE),
    Case(_HEAD + b" err:", "0123456789", S.DELIVERED, "", SUBMIT, DONE),
    # Fields missing, in other order, in other case.
    Case(b"id:7 submit date:2611221011 done date:2611221012 stat:DELIVRD err:000", "7", S.DELIVERED, "000", SUBMIT, DONE),
    Case(b"id:7 stat:DELIVRD", "7", S.DELIVERED),
    Case(b"id:7 stat:DELIVRD err:000", "7", S.DELIVERED, "000"),
    Case(b"id:7 done date:2611221012 stat:EXPIRED", "7", S.EXPIRED, "", "", DONE),
    Case(b"stat:DELIVRD err:000 id:7", "7", S.DELIVERED, "000"),
    Case(b"err:000 stat:DELIVRD done date:2611221012 id:7", "7", S.DELIVERED, "000", "", DONE),
    Case(b"ID:7 SUB:001 DLVRD:001 SUBMIT DATE:2611221011 DONE DATE:2611221012 STAT:DELIVRD ERR:000 TEXT:X", "7", S.DELIVERED, "000", SUBMIT, DONE, "X"),
    Case(b"Id:7 Sub:001 Dlvrd:001 Submit Date:2611221011 Done Date:2611221012 Stat:Delivrd Err:000", "7", S.DELIVERED, "000", SUBMIT, DONE),
    # Names of fields.
    Case(b"id:7 submit_date:2611221011 done_date:2611221012 stat:DELIVRD", "7", S.DELIVERED, "", SUBMIT, DONE),
    Case(b"id:7 submit\x11date:2611221011 done\x11date:2611221012 stat:DELIVRD", "7", S.DELIVERED, "", SUBMIT, DONE),
    Case(b"id:7 submitdate:2611221011 donedate:2611221012 stat:DELIVRD", "7", S.DELIVERED, "", SUBMIT, DONE),
    Case(b"id:7 submit-date:2611221011 done-date:2611221012 stat:DELIVRD", "7", S.DELIVERED, "", SUBMIT, DONE),
    Case(b"id:7 submit:2611221011 done:2611221012 status:DELIVRD", "7", S.DELIVERED, "", SUBMIT, DONE),
    Case(b"message_id:7 state:DELIVRD", "7", S.DELIVERED),
    Case(b"message id:7 stat:DELIVRD", "7", S.DELIVERED),
    Case(b"msgid:7 stat:DELIVRD", "7", S.DELIVERED),
    Case(b"receipted_message_id:7 message_state:2", "7", S.DELIVERED),
    # Separators.
    Case(b"id: 7 sub: 001 dlvrd: 001 submit date: 2611221011 done date: 2611221012 stat: DELIVRD err: 000 text: x", "7", S.DELIVERED, "000", SUBMIT, DONE, " x"),
    Case(b"id:7  sub:001  stat:DELIVRD  err:000", "7", S.DELIVERED, "000"),
    Case(b"id:7,sub:001,dlvrd:001,submit date:2611221011,done date:2611221012,stat:DELIVRD,err:000,text:x", "7", S.DELIVERED, "000", SUBMIT, DONE, "x"),
    Case(b"id:7;sub:001;stat:DELIVRD;err:000", "7", S.DELIVERED, "000"),
    Case(b"id:7\r\nsub:001\r\nstat:DELIVRD\r\nerr:000\r\n", "7", S.DELIVERED, "000"),
    Case(b"id:7\tstat:DELIVRD\terr:000", "7", S.DELIVERED, "000"),
    Case(b"id=7 stat=DELIVRD err=000", "7", S.DELIVERED, "000"),
    Case(b"id:7|stat:DELIVRD|err:000", "7", S.DELIVERED, "000"),
    Case(b'{"id":"7","stat":"DELIVRD","err":"000"}', "7", S.DELIVERED, "000"),
    Case(b'id:"7" stat:"DELIVRD"', "7", S.DELIVERED),
    # Dates.
    Case(b"id:7 submit date:261122101103 done date:261122101204 stat:DELIVRD", "7", S.DELIVERED, "", "261122101103", "261122101204"),
    Case(b"id:7 submit date:20261122101103 done date:20261122101204 stat:DELIVRD", "7", S.DELIVERED, "", "20261122101103", "20261122101204"),
    Case(b"id:7 submit date:2026-11-22 10:11:03 done date:2026-11-22 10:12:04 stat:DELIVRD err:000", "7", S.DELIVERED, "000", "2026-11-22 10:11:03", "2026-11-22 10:12:04"),
    Case(b"id:7 submit date:0 done date:0 stat:REJECTD", "7", S.REJECTED, "", "0", "0"),
    # Ids.
    Case(b"id:3f2504e0-4f89-11d3-9a0c-0305e82c3301 stat:DELIVRD", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", S.DELIVERED),
    Case(b"id:00AB12cd stat:DELIVRD", "00AB12cd", S.DELIVERED),
    Case(b"id:smsc-1.paid_7:9 stat:DELIVRD", "smsc-1.paid_7:9", S.DELIVERED),
    Case(b"id: stat:DELIVRD", "", S.DELIVERED),
    # Values by their place alone.
    Case(b"7,001,001,2611221011,2611221012,DELIVRD,000,Hello, you", "7", S.DELIVERED, "000", SUBMIT, DONE, "Hello, you"),
    Case(b"7,DELIVRD,000", "7", S.DELIVERED, "000"),
    Case(b"7,2611221011,2611221012,UNDELIV", "7", S.UNDELIVERABLE, "", SUBMIT, DONE),
    Case(b"7;001;001;2611221011;2611221012;EXPIRED;3;", "7", S.EXPIRED, "3", SUBMIT, DONE),
    Case(b"7|001|001|2611221011|2611221012|REJECTD|11|", "7", S.REJECTED, "11", SUBMIT, DONE),
]  # fmt: skip
