"""Delivery receipts: TLVs first, then every spelling of the text that carriers have come up with.

Decides what a receipt says and under which key it meets its submit_sm_resp; matching and rolling up are
others' work. No backtracking: the text is cut at known words, once, and only its first 2 KiB are read.
Source: SMPP v3.4 §5.2.12 (esm_class), §5.2.28 (message_state), §5.3.2.12, §5.3.2.31, §5.3.2.35 (TLVs),
Appendix B (the text, which the standard only offers as an example).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, Protocol

from msgspec import Struct

from engine.smpp.tlv import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID, Tlv

_MESSAGE_TYPE = 0x3C  # bits 5 to 2 of esm_class
_RECEIPT = 0x04
_INTERMEDIATE = 0x20

# A receipt takes some 150 octets; nothing behind the first 2,048 has ever belonged to one.
_READ_OCTETS = 2048


class MessageState(StrEnum):
    """Where the SMSC says the message stands."""

    SCHEDULED = "scheduled"
    ENROUTE = "enroute"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    DELETED = "deleted"
    UNDELIVERABLE = "undeliverable"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        """Whether no further receipt can follow. `accepted` and `unknown` may still be settled."""
        return self in _FINAL


_FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.EXPIRED,
        MessageState.DELETED,
        MessageState.UNDELIVERABLE,
        MessageState.REJECTED,
        MessageState.SKIPPED,
    }
)

# message_state by value; 0 and 9 are SMPP v5.0's.
_STATES = (
    MessageState.SCHEDULED,
    MessageState.ENROUTE,
    MessageState.DELIVERED,
    MessageState.EXPIRED,
    MessageState.DELETED,
    MessageState.UNDELIVERABLE,
    MessageState.ACCEPTED,
    MessageState.UNKNOWN,
    MessageState.REJECTED,
    MessageState.SKIPPED,
)

# stat by its letters alone, upper case. Whole words only: a prefix rule would take DELIVERY FAILED
# for a delivery.
_STATS = {
    word: state
    for state, words in {
        MessageState.SCHEDULED: "SCHEDULED SCHEDLD",
        MessageState.ENROUTE: "ENROUTE BUFFERED BUFFRED BUFFERD PENDING QUEUED SENT SUBMITTED SUBMITD RETRY",
        MessageState.DELIVERED: "DELIVRD DELIVERED DELIVERD DELIVRED DLVRD DELIV READ",
        MessageState.EXPIRED: "EXPIRED EXPIRD",
        MessageState.DELETED: "DELETED DELETD CANCELED CANCELLED",
        MessageState.UNDELIVERABLE: (
            "UNDELIV UNDELIVERABLE UNDELIVERED UNDELIVRD UNDELVRD UNDLVRD NOTDELIVERED FAILED FAIL FAILURE"
            " DELIVERYFAILED DELIVERYFAILURE ERROR ABSENT"
        ),
        MessageState.ACCEPTED: "ACCEPTD ACCEPTED ACKED ACK",
        MessageState.UNKNOWN: "UNKNOWN UNKNOWNSTATE UNKWN",
        MessageState.REJECTED: "REJECTD REJECTED REJECT BLOCKED BLACKLISTED BLCKLST SPAM",
        MessageState.SKIPPED: "SKIPPED",
    }.items()
    for word in words.split()
}

# Every spelling of a field's name; longest first, since the first that fits is taken.
_FIELDS = {
    "id": ("receiptedmessageid", "messageid", "msgid", "smsid", "id"),
    "sub": ("sub",),
    "dlvrd": ("dlvrd",),
    "submit": ("submitdate", "submittime", "submitted", "subdate", "submit"),
    "done": ("donedate", "donetime", "finaldate", "done"),
    "stat": ("messagestate", "status", "state", "stat"),
    "err": ("errorcode", "error", "err"),
    "text": ("text", "txt", "msg"),
}
_FIELD_OF = {name: field for field, names in _FIELDS.items() for name in names}

# A field name, its words joined by nothing, one blank, `_` or `-`, then `:` or `=`, with quotes as JSON
# has them. Repetitions are bounded, so the work is linear.
_NAME = re.compile(
    r"(?<![A-Za-z0-9])"
    r"(receipted[ _-]?message[ _-]?id|message[ _-]?id|msg[ _-]?id|sms[ _-]?id|id"
    r"|submit(?:ted|[ _-]?(?:date|time))?|sub(?:[ _-]?date)?"
    r"|dlvrd"
    r"|done(?:[ _-]?(?:date|time))?|final[ _-]?date"
    r"|message[ _-]?state|status|state|stat"
    r"|error[ _-]?code|error|err"
    r"|text|txt|msg)"
    r"[\"']?[ \t]{0,4}[:=]",
    re.IGNORECASE,
)
# Appendix B to the letter, as most carriers write it: a tenth of the time of the search above.
_USUAL = re.compile(
    r"id:([^ ,;\0]{1,64}) sub:[0-9]{1,4} dlvrd:[0-9]{1,4} submit date:([0-9]{10,14}) done date:([0-9]{10,14})"
    r" stat:([A-Z]{4,12}) err:([0-9A-Za-z]{1,8}) [Tt]ext:",
)
_NOT_LETTERS = re.compile(r"[^A-Za-z]+")
_TRIM = " \t\r\n\0,;|/\"'{}[]<>"
_SEPARATOR = re.compile("[,;|]")
_DATE = re.compile(r"[0-9]{10,14}")


class ReceiptPdu(Protocol):
    """What a deliver_sm and a data_sm have in common, as far as receipts go."""

    @property
    def esm_class(self) -> int: ...
    @property
    def data_coding(self) -> int: ...
    @property
    def tlvs(self) -> tuple[Tlv, ...]: ...
    @property
    def user_data(self) -> bytes: ...


class Receipt(Struct, frozen=True, gc=False):
    """What one receipt says.

    raw_id: as the carrier wrote it, empty if it names none. final: nothing further will follow.
    stat: the carrier's word for the state, empty if only TLVs tell. err: its error code as text, from
    the text, else from network_error_code, else empty. dates: as written, in the carrier's zone.
    text20: the first characters of the message, where the carrier repeats them.
    via: where id and state came from; `unreadable` means flagged as a receipt, but nothing usable.
    """

    raw_id: str
    state: MessageState
    final: bool
    err: str = ""
    submit_date_raw: str = ""
    done_date_raw: str = ""
    text20: str = ""
    via: Literal["tlv", "text", "both", "unreadable"] = "text"
    stat: str = ""
    network_type: int | None = None
    network_error_code: int | None = None


def parse_receipt(pdu: ReceiptPdu, *, unflagged_too: bool = False) -> Receipt | None:
    """What the PDU reports, or None if it is not a receipt.

    It is one if esm_class says so or TLVs name both a message and its state. unflagged_too: also if
    nothing but the text says so, with an id and a state; only for carriers known to forget the flag, as
    any handset can write such a text. Never raises.
    """
    message_type = pdu.esm_class & _MESSAGE_TYPE
    flagged = bool(message_type & (_RECEIPT | _INTERMEDIATE))
    tlvs = {tag: value for tag, value in pdu.tlvs}  # noqa: C416 - a Tlv is a pair
    tlv_id = tlvs.get(RECEIPTED_MESSAGE_ID, b"").partition(b"\0")[0].decode("latin-1").strip()
    tlv_state = _state_of_tlv(tlvs.get(MESSAGE_STATE))
    if not flagged and not unflagged_too and not (tlv_id and tlv_state):
        return None

    text = _readable(pdu)
    fields = _named_fields(text)
    if flagged and "id" not in fields and "stat" not in fields:
        fields = _positional_fields(text) or fields
    if not flagged and not (tlv_id and tlv_state) and not ("id" in fields and "stat" in fields):
        return None

    if "\0" in text:
        # Octet 0 is `@` in the GSM alphabet, and no store takes a NUL: the receipt would come for ever.
        fields = {field: value.replace("\0", "@") for field, value in fields.items()}

    text_id = _first_word(fields.get("id", ""))
    stat = fields.get("stat", "")
    text_state = _state_of_stat(stat)
    state = tlv_state or text_state or MessageState.UNKNOWN
    network_type, network_error = _network_error(tlvs.get(NETWORK_ERROR_CODE))
    err = _first_word(fields.get("err", ""))
    if not err and network_error is not None:
        err = str(network_error)
    return Receipt(
        raw_id=tlv_id or text_id,
        state=state,
        final=state.is_final and message_type != _INTERMEDIATE,
        err=err,
        submit_date_raw=fields.get("submit", ""),
        done_date_raw=fields.get("done", ""),
        text20=fields.get("text", "")[:20],
        via=_via(tlv=bool(tlv_id or tlv_state), text=bool(text_id or stat)),
        stat=stat,
        network_type=network_type,
        network_error_code=network_error,
    )


#: How a carrier writes one message id in its two places.
#: as_is: the same, character for character. folded: the same but for letter case and leading zeros.
IdBase = Literal["as_is", "folded", "hex_submit_dec_receipt", "dec_submit_hex_receipt"]

# Ids are at most 64 characters (SMPP v3.4 §5.2.23); a number of more than 32 is none.
_LONGEST_NUMBER = 32


def normal_id(raw_id: str, base: IdBase, *, source: Literal["response", "receipt"]) -> str:
    """The one key under which submit_sm_resp and receipt of a carrier meet.

    source: where raw_id was read. An id that is no number in the base it should have is folded.
    """
    if base == "as_is":
        return raw_id
    folded = _folded(raw_id)
    if base == "folded":
        return folded
    if (base == "hex_submit_dec_receipt") == (source == "response"):
        return _hex_to_dec(folded) or folded
    return folded


def _folded(raw_id: str) -> str:
    lower = raw_id.lower()
    return lower.lstrip("0") or lower[-1:]


def _hex_to_dec(folded: str) -> str:
    if len(folded) > _LONGEST_NUMBER or not re.fullmatch("[0-9a-f]+", folded):
        return ""
    return str(int(folded, 16))


def _readable(pdu: ReceiptPdu) -> str:
    octets = pdu.user_data[:_READ_OCTETS]
    if pdu.data_coding == 8 or octets[:4:2] == b"\0\0":  # UCS-2, said or not
        text = octets.decode("utf-16-be", "replace")
    else:
        # A few write the underscore of submit_date in the GSM alphabet.
        text = octets.decode("latin-1").replace("\x11", "_")
    return text


def _named_fields(text: str) -> dict[str, str]:
    """Values by our name of the field; the first of a name counts, and the text ends the search."""
    usual = _USUAL.match(text)
    if usual is not None:
        raw_id, submitted, done, stat, err = usual.groups()
        return {
            "id": raw_id,
            "submit": submitted,
            "done": done,
            "stat": stat,
            "err": err,
            "text": text[usual.end() :].strip("\0"),
        }
    fields: dict[str, str] = {}
    field, start = "", 0
    for match in _NAME.finditer(text):
        name = _FIELD_OF[_NOT_LETTERS.sub("", match[1]).lower()]
        if name in fields or name == field:
            continue  # a word of the value before: "err:000 error:none"
        if field:
            fields[field] = text[start : match.start()].strip(_TRIM)
        field, start = name, match.end()
        if field == "text" and ("id" in fields or "stat" in fields):
            break
    if field:
        value = text[start:]
        fields[field] = value.strip("\0") if field == "text" else value.strip(_TRIM)
    return fields


def _positional_fields(text: str) -> dict[str, str]:
    """`id,sub,dlvrd,submit,done,stat,err,text`, with any of the middle ones left out; `;` and `|` too."""
    values = [value.strip(_TRIM) for value in _SEPARATOR.split(text, maxsplit=12)]
    at = next((at for at, value in enumerate(values[:12]) if at and _is_stat_word(value)), None)
    if at is None:
        return {}
    fields = {"id": values[0], "stat": values[at]}
    dates = [value for value in values[1:at] if _DATE.fullmatch(value)]
    for name, date in zip(("submit", "done"), dates, strict=False):
        fields[name] = date
    if len(values) > at + 1:
        fields["err"] = values[at + 1]
    if len(values) > at + 2:
        fields["text"] = _SEPARATOR.split(text, maxsplit=at + 2)[-1]
    return fields


def _is_stat_word(value: str) -> bool:
    return not value.isdigit() and _state_of_stat(value) is not None


def _first_word(value: str) -> str:
    if value.isalnum():
        return value
    words = value.replace(",", " ").replace(";", " ").split(maxsplit=1)
    return words[0].strip(_TRIM) if words else ""


def _state_of_stat(stat: str) -> MessageState | None:
    """None for a word nobody knows."""
    usual = _STATS.get(stat)
    if usual is not None:
        return usual
    letters = _NOT_LETTERS.sub("", stat).upper()
    if letters:
        return _STATS.get(letters) or _STATS.get(_NOT_LETTERS.sub("", _first_word(stat)).upper())
    digits = _first_word(stat)
    if digits.isascii() and digits.isdigit() and len(digits) <= 3 and int(digits) < len(_STATES):
        return _STATES[int(digits)]
    return None


def _state_of_tlv(value: bytes | None) -> MessageState | None:
    number = int.from_bytes(value, "big") if value else len(_STATES)
    return _STATES[number] if number < len(_STATES) else None


def _network_error(value: bytes | None) -> tuple[int | None, int | None]:
    if value is None or len(value) != 3:
        return None, None
    return value[0], value[1] << 8 | value[2]


def _via(*, tlv: bool, text: bool) -> Literal["tlv", "text", "both", "unreadable"]:
    if tlv:
        return "both" if text else "tlv"
    return "text" if text else "unreadable"
