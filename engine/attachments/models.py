"""Words of attachments: a file somebody uploaded, on its own and on the message that carries it.

An attachment is *unsent* until a message takes it, and belongs to at most one message for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

#: Files that one message carries.
MOST_FILES = 10


class AttachmentState(StrEnum):
    """ready: it can be read. lost: its file is not in the store, and comes back when the file does. deleted:
    it was withdrawn, or its time is over; only its name stays."""

    READY = "ready"
    LOST = "lost"
    DELETED = "deleted"


@dataclass(slots=True)  # not frozen, as nothing that is made for each message is
class Attached:
    """A file as its message shows it. octets: as it is kept; width, height: pixels of an image."""

    id: str
    filename: str
    content_type: str
    octets: int
    width: int | None
    height: int | None
    thumbnail: bool
    state: AttachmentState


@dataclass(slots=True)
class Appended:
    """What was added to a text for its outside numbers, since SMPP carries no files: a line with a link."""

    text: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to the files of one text, about to be stored. token_hash: SHA-256 of its secret part."""

    token_hash: str
    appended: Appended


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of one domain.

    sender_id: who may send it: the user it was uploaded for, else the credential. conversation_id: the only
    one it may be sent in, if it was uploaded for one. thumbnail_octets: 0 where there is none.
    """

    id: str
    domain_id: str
    sender_id: str
    user_id: str | None
    conversation_id: str | None
    message_id: str | None
    filename: str
    content_type: str
    octets: int
    width: int | None
    height: int | None
    thumbnail_octets: int
    state: AttachmentState
    created_ms: int

    @property
    def key(self) -> str:
        """The name of its file in the store."""
        return self.id

    @property
    def thumbnail_key(self) -> str:
        return thumbnail_key(self.id)


def thumbnail_key(attachment_id: str) -> str:
    """The name of a thumbnail's file in the store."""
    return f"{attachment_id}.thumbnail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a caller sends along with a file's octets.

    filename: as it is called at home, with its path perhaps. declared_type: what the caller says it is,
    None if nothing. declared_octets: how long the caller says it is; not believed. user_id, domain_id: for
    whom and where, where a server uploads it.
    """

    filename: str
    declared_type: str | None = None
    declared_octets: int | None = None
    conversation_id: str | None = None
    user_id: str | None = None
    domain_id: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was found to be what it says. Images have been written anew, with a thumbnail."""

    content_type: str
    width: int | None = None
    height: int | None = None
    rewritten: bool = False
    thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Octets kept, by owner: a domain's id, or the sender's."""

    octets: Mapping[str, int]

    def of(self, owner_id: str) -> int:
        return self.octets.get(owner_id, 0)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a link of a text leads to. downloads: how often something was fetched by it."""

    token_hash: str
    message_id: str
    domain_id: str
    expires_ms: int
    downloads: int
    attachments: tuple[Attachment, ...]
