"""Mailboxes over AMI: what is asked, and what the answers mean.

Replies and events are those of Asterisk 22.10.1, as it wrote them.
"""

from __future__ import annotations

import pytest

from engine.ami import voicemail
from engine.ami.messages import FrameParser
from engine.errors import InvalidRequest

MOVED = (
    b"Asterisk Call Manager/11.0.0\r\n"
    b"Response: Success\r\nActionID: 1\r\nMessage: Message move successful\n\r\n\r\n"
    b"Event: MessageWaiting\r\nPrivilege: call,all\r\nMailbox: 1001@acme\r\n"
    b"Waiting: 1\r\nNew: 2\r\nOld: 1\r\n\r\n"
    b"Response: Success\r\nActionID: 2\r\nMessage: Message move failed\n\r\n\r\n"
)


def test_replies_are_told_apart_by_their_words() -> None:
    done, waiting, failed = FrameParser().feed(MOVED)
    assert voicemail.was_done(done) is True
    assert voicemail.was_done(failed) is False
    assert voicemail.was_done({"Response": "Error", "Message": "Permission denied"}) is None
    assert voicemail.was_done({"Response": "Success", "Message": "Something else"}) is None
    assert voicemail.mailbox_of(waiting) == ("acme", "1001")


@pytest.mark.parametrize("mailbox", ["", "1001", "@acme", "1001@"])
def test_a_mailbox_without_a_context_is_none_of_ours(mailbox: str) -> None:
    assert voicemail.mailbox_of({"Event": "MessageWaiting", "Mailbox": mailbox}) is None


def test_actions_name_the_message_by_its_id() -> None:
    assert voicemail.forward("acme", "1001", "Old", "1795387174-00000002", "acme", "1002").to_bytes("7") == (
        b"Action: VoicemailForward\r\nActionID: 7\r\nContext: acme\r\nMailbox: 1001\r\nFolder: Old\r\n"
        b"ID: 1795387174-00000002\r\nToContext: acme\r\nToMailbox: 1002\r\nToFolder: INBOX\r\n\r\n"
    )
    assert b"ToFolder: Family\r\n" in voicemail.move("acme", "1001", "INBOX", "1-1", "Family").to_bytes("7")
    assert b"Action: VoicemailRemove\r\n" in voicemail.remove("acme", "1001", "INBOX", "1-1").to_bytes("7")


@pytest.mark.parametrize("odd", ["", "a b", "../x", "1001\r\nAction: Command", "x" * 80, "é", "a@b"])
def test_odd_names_are_refused(odd: str) -> None:
    for build in (
        lambda: voicemail.move(odd, "1001", "INBOX", "1-1", "Old"),
        lambda: voicemail.remove("acme", odd, "INBOX", "1-1"),
        lambda: voicemail.remove("acme", "1001", odd, "1-1"),
        lambda: voicemail.remove("acme", "1001", "INBOX", odd),
        lambda: voicemail.move("acme", "1001", "INBOX", "1-1", odd),
        lambda: voicemail.forward("acme", "1001", "INBOX", "1-1", odd, "1002"),
        lambda: voicemail.summary("acme", odd),
    ):
        with pytest.raises(InvalidRequest):
            build()
