"""Mailboxes as AMI changes them and tells of them. Pure: builds actions, reads events.

VoicemailMove, VoicemailRemove and VoicemailForward name a message by its msg_id and take class user. They
answer Success whatever became of it; only the words of the Message tell.
Source: Asterisk `apps/app_voicemail.c` (manager_voicemail_move …), `main/manager_mwi.c`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.ami.actions import Action
from engine.errors import InvalidRequest

#: What an account must be able to do before mailboxes can be changed.
CHANGES = frozenset({"VoicemailMove", "VoicemailRemove", "VoicemailForward"})
MAILBOX_EVENTS = frozenset({"MessageWaiting"})
#: The rows of a box's summary, and their end.
SUMMARY_EVENTS = frozenset({"VoicemailBoxDetail", "VoicemailBoxDetailComplete"})
SUMMARY_ROW = "VoicemailBoxDetail"

#: What the folder of new messages is called everywhere.
INBOX = "INBOX"

_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,79}")
_FOLDERS = frozenset(
    {INBOX, "Old", "Urgent", "Work", "Family", "Friends", *(f"Cust{n}" for n in range(1, 6))}
)


def move(context: str, mailbox: str, folder: str, message_id: str, to_folder: str) -> Action:
    """Within a mailbox. Raises InvalidRequest `invalid_mailbox`, as all here do."""
    where = _message(context, mailbox, folder, message_id)
    return Action("VoicemailMove", (*where, ("ToFolder", _folder(to_folder))))


def remove(context: str, mailbox: str, folder: str, message_id: str) -> Action:
    return Action("VoicemailRemove", _message(context, mailbox, folder, message_id))


def forward(
    context: str, mailbox: str, folder: str, message_id: str, to_context: str, to_mailbox: str
) -> Action:
    """Copy into the inbox of another mailbox."""
    where = _message(context, mailbox, folder, message_id)
    to = (("ToContext", _name(to_context)), ("ToMailbox", _name(to_mailbox)), ("ToFolder", INBOX))
    return Action("VoicemailForward", (*where, *to))


def summary(context: str, mailbox: str) -> Action:
    """What is in a mailbox; makes Asterisk give an id to each message that has none. Class reporting."""
    return Action("VoicemailBoxSummary", (("Context", _name(context)), ("Mailbox", _name(mailbox))))


def was_done(reply: Mapping[str, str]) -> bool | None:
    """Whether a change was made; None where the reply is no such answer."""
    words = reply.get("Message", "").lower()
    if reply.get("Response") != "Success":
        return None
    return "successful" in words if "successful" in words or "failed" in words else None


def mailbox_of(event: Mapping[str, str]) -> tuple[str, str] | None:
    """Context and mailbox that a MessageWaiting is about."""
    if event.get("Event") != "MessageWaiting":
        return None
    mailbox, separator, context = event.get("Mailbox", "").partition("@")
    return (context, mailbox) if separator and mailbox and context else None


def _message(context: str, mailbox: str, folder: str, message_id: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Context", _name(context)),
        ("Mailbox", _name(mailbox)),
        ("Folder", _folder(folder)),
        ("ID", _name(message_id)),
    )


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise InvalidRequest("Not the name of a mailbox.", code="invalid_mailbox")
    return text


def _folder(text: str) -> str:
    if text not in _FOLDERS:
        raise InvalidRequest("Not a folder of a mailbox.", code="invalid_mailbox")
    return text
