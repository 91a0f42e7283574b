"""What voicemail needs: spools to listen to, PBXs to change mailboxes by, a place for the mirror."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.accounts.models import Domain, Principal, User
from engine.contacts.models import Named
from engine.idempotency import Claim, Replayed
from engine.voicemail.models import Box, Folder, Listing, Mailbox, Voicemail, VoicemailFilter

SeesDomain = Callable[[Principal, Domain], bool]

#: (received_ms, id) of the last voicemail seen.
Position = tuple[int, str]


class Audio(Protocol):
    """One recording, open: what it holds stays the same whatever is done to the message."""

    media_type: str
    octets: int
    etag: str  # strong, quoted
    modified_ms: int

    def pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Octets from start up to and without end. Raises PeerUnavailable."""

    async def close(self) -> None: ...


class Spool(Protocol):
    """The recordings of one PBX, which nobody writes to through here."""

    async def listing(self, box: Box, known: str | None = None) -> Listing | None:
        """All complete messages; None when the mailbox is as it was when its listing had this token.

        Raises PeerUnavailable when it cannot be read, or is not left alone long enough.
        """

    async def audio(self, box: Box, message_id: str, copy: int) -> Audio:
        """Raises NotFound, Conflict `voicemail_not_playable` or PeerUnavailable."""

    async def close(self) -> None: ...


class VoicemailPbx(Protocol):
    """The mailboxes of one PBX. What is done here moves the lamps of its phones too.

    Changes are False when the PBX did not do it; they raise Conflict `voicemail_not_changeable`,
    PeerUnavailable (not done) or OutcomeUnknown.
    """

    def on_news(self, listener: Callable[[str, str], None], /) -> None:
        """listener: called with (context, mailbox) when one may have changed, with ("", "") for all."""

    async def move(self, box: Box, message_id: str, folder: Folder, to: Folder) -> bool: ...

    async def remove(self, box: Box, message_id: str, folder: Folder) -> bool: ...

    async def forward(self, box: Box, message_id: str, folder: Folder, to: Box) -> bool:
        """Copy into the other mailbox's inbox."""

    async def name_messages(self, box: Box) -> None:
        """Have messages without an id be given one."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A user who has or may have a mailbox. context: the voicemail context that is the domain's own."""

    user: User
    domain: Domain
    context: str
    mailbox_id: str | None


class VoicemailStore(Protocol):
    """The mirror. Every method may raise StorageUnavailable."""

    async def holder(self, user_id: str) -> Holder | None: ...

    async def domain(self, domain_id: str) -> Domain | None: ...

    async def assign(self, user_id: str, box: Box | None, mailbox_id: str, actor: str) -> Mailbox | None:
        """Give a user this mailbox (made with the id if it is new), or none. A mailbox that nobody has
        any more is forgotten. actor: whose doing it is.

        Raises NotFound (user) or MailboxTaken when another domain has it.
        """

    async def mailbox(self, mailbox_id: str) -> Mailbox | None: ...

    async def mailboxes(self, domain_id: str | None = None) -> Sequence[Mailbox]:
        """Those somebody has, of one domain or of all."""

    async def take(self, mailbox: Mailbox, listing: Listing) -> None:
        """Make the mirror what was found, with an event for each difference. The first scan of a mailbox
        tells of none, since nothing in it is news."""

    async def unavailable(self, mailbox: Mailbox) -> None:
        """Note that it could not be looked at."""

    async def get(self, voicemail_id: str) -> Voicemail | None: ...

    async def list(
        self, user_id: str, chosen: VoicemailFilter, before: Position | None, limit: int
    ) -> Sequence[Voicemail]:
        """Of the user's mailbox, newest first."""

    async def voicemails_between(
        self, user_id: str, peer: str, before: Position | None, limit: int
    ) -> Sequence[Voicemail]:
        """Those a caller (user id, or E.164) left for a user, newest first."""

    async def answered(self, claim: Claim) -> Replayed | None:
        """The answer kept under this claim. Raises InvalidRequest `idempotency_mismatch`."""

    async def keep_answer(self, claim: Claim, status: int, body: str) -> None: ...


class Names(Protocol):
    """Who outside numbers belong to, as one viewer knows them; see `engine.contacts`."""

    async def names_of(
        self, domain_id: str, user_id: str | None, numbers: Collection[str]
    ) -> Mapping[str, Named]: ...
