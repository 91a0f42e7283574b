"""What can go wrong with voicemail, in words and codes the API shows."""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, PeerRejected, PeerUnavailable


def no_such_voicemail() -> NotFound:
    return NotFound("There is no such voicemail.")


def no_such(noun: str) -> NotFound:
    return NotFound(f"There is no such {noun}.")


def no_user() -> Forbidden:
    return Forbidden("A mailbox is its users'; this credential acts for no user.", code="no_user")


def invalid(field: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field=f"/{field}")


class MailboxNotAllowed(Forbidden):
    """Whose mailbox it is cannot be known from its name, so its context has to be the domain's own."""

    code = "mailbox_not_allowed"


class MailboxTaken(Conflict):
    code = "mailbox_taken"


class NoMailbox(Conflict):
    """The user to forward to has none, or one on another PBX."""

    code = "no_mailbox"


class NotPlayable(Conflict):
    """The PBX records in formats that browsers do not play."""

    code = "voicemail_not_playable"

    def __init__(self) -> None:
        super().__init__("The PBX did not record it as wav. Name wav in the format= line of voicemail.conf.")


class NotChangeable(Conflict):
    """The PBX is too old for it, or its account may not."""

    code = "voicemail_not_changeable"

    def __init__(self) -> None:
        super().__init__(
            "This PBX lets nobody change mailboxes: that takes Asterisk 18.20, 20.5 or newer, with"
            " app_voicemail, and `user` in the write= line of the AMI account."
        )


class Refused(PeerRejected):
    """The PBX said no and not why: the folder is full, most often."""

    code = "voicemail_refused"

    def __init__(self) -> None:
        super().__init__("The PBX did not do it; the folder it goes to may be full.")


class SpoolUnavailable(PeerUnavailable):
    """The recordings cannot be reached."""

    code = "voicemail_unavailable"
