"""What has to be done to a mirror so that it is what a scan found. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.voicemail.models import Folder, Listing, Mailbox, MailboxState, Message, Voicemail


@dataclass(frozen=True, slots=True)
class Difference:
    """created: found and not known; moved: known, and where each is now; deleted: known and not found.

    silent: whether nobody is to be told of any of it, since the mailbox was never looked at before.
    """

    created: tuple[Message, ...]
    moved: tuple[tuple[Voicemail, Folder], ...]
    deleted: tuple[Voicemail, ...]
    silent: bool

    def __bool__(self) -> bool:
        return bool(self.created or self.moved or self.deleted)


def difference(mailbox: Mailbox, known: Sequence[Voicemail], listing: Listing) -> Difference:
    """Between what is known of a mailbox and what a scan found."""
    here = {(one.message_id, one.copy): one for one in known}
    found = {(one.message_id, one.copy): one for one in listing.messages}
    return Difference(
        created=tuple(one for key, one in found.items() if key not in here),
        moved=tuple(
            (here[key], one.folder)
            for key, one in found.items()
            if key in here and here[key].folder is not one.folder
        ),
        deleted=tuple(one for key, one in here.items() if key not in found),
        silent=mailbox.state is MailboxState.UNKNOWN,
    )


def counts_of(listing: Listing) -> Mapping[Folder, int]:
    """Messages by folder, as a phone would count them."""
    return Counter(one.folder for one in listing.messages)


def has_vanished(known: int, listing: Listing) -> bool:
    """Whether a whole mailbox is gone that had messages: then the spool is not what it was (an absent
    mount, most often), and not the messages were deleted."""
    return listing.absent and known > 0
