"""What notifications need: a store, names of outside numbers, pushes, mail, and pages to show things."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from engine.contacts.models import Named
from engine.events import Event
from engine.notifications.models import (
    Digest,
    DueMail,
    Mail,
    News,
    NewSubscription,
    NotificationSettings,
    Push,
    PushOutcome,
    Reach,
    Subscription,
    ThreadNotifications,
)


class NotificationStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def settings(self, user_id: str) -> NotificationSettings: ...

    async def change_settings(
        self, domain_id: str, user_id: str, update: Callable[[NotificationSettings], NotificationSettings]
    ) -> NotificationSettings:
        """What they are afterwards. update may run more than once."""

    async def thread(self, user_id: str, conversation_id: str) -> ThreadNotifications: ...

    async def save_thread(
        self, domain_id: str, user_id: str, conversation_id: str, chosen: ThreadNotifications
    ) -> None: ...

    async def reach(self, user_ids: Collection[str] | None) -> Sequence[Reach]:
        """How these users can be told; None: all that can be without an open page."""

    async def news(
        self,
        messages: Mapping[str, tuple[str, ...]],
        calls: Collection[str],
        voicemails: Mapping[str, tuple[str, ...]],
        now_ms: int,
    ) -> Sequence[News]:
        """What these are about, in one snapshot; what is gone is left out. Values: whom each concerns."""

    async def subscriptions(self, user_id: str) -> Sequence[Subscription]:
        """Those of a user, the one used last first."""

    async def subscribe(
        self, subscription_id: str, domain_id: str, user_id: str, new: NewSubscription, most: int
    ) -> Subscription | None:
        """Keep one, or note that it was used again; None when the user has most already."""

    async def unsubscribe(self, user_id: str | None, subscription_id: str) -> bool:
        """Forget one, of this user if one is given; whether it was there."""

    async def key(self, name: str, make: Callable[[], bytes]) -> bytes:
        """A secret of ours, made once for all. make may run and its value be dropped."""


class MailQueue(Protocol):
    """Who is to be looked at for a mail, on disk. Every method may raise StorageUnavailable."""

    async def note(self, due: Mapping[str, tuple[int, str]], positions: Mapping[str, int]) -> None:
        """Have these users looked at by then, unless they are sooner; and keep how far events were heard.

        due: when, and the position after which there is something to tell, by user.
        """

    async def due(self, now_ms: int, limit: int) -> Sequence[DueMail]: ...

    async def waiting(self) -> Collection[str]:
        """Users that are to be looked at some time."""

    async def digest(self, user_id: str, after: str, through: str, most: int, now_ms: int) -> Digest | None:
        """What the user has not read of what came between the two; None for one who gets no mail."""

    async def begin(self, user_id: str, mail_id: str, through: str, now_ms: int) -> None:
        """A mail is about to go out."""

    async def finish(self, due: DueMail, told_through: str, again_ms: int | None, noted_ms: int) -> None:
        """What came up to there is told, read or given up; look again at again_ms, or at noted_ms if the
        user was noted since.
        """

    async def postpone(self, user_id: str, due_ms: int) -> None: ...

    async def missed_events(self, types: Collection[str]) -> Sequence[Event]:
        """Committed and never noted, oldest first, in parts: ask until there is none. `note` moves on."""

    async def high_water(self) -> Mapping[str, int]:
        """The number of the last event of each stream."""

    async def end_mails(self, user_id: str) -> bool:
        """The user wants no more mail; whether there is such a user."""


class Names(Protocol):
    """Who outside numbers belong to, as one viewer knows them."""

    async def names_of(
        self, domain_id: str, user_id: str | None, numbers: Collection[str]
    ) -> Mapping[str, Named]:
        """Unknown numbers (E.164) are absent."""


class PushService(Protocol):
    """Web Push."""

    async def public_key(self) -> str:
        """What a page subscribes with: an uncompressed P-256 point as base64url.

        Raises StorageUnavailable.
        """

    async def push(self, subscription: Subscription, push: Push) -> PushOutcome:
        """Encrypt and send. Raises StorageUnavailable, nothing else."""


class Mailer(Protocol):
    """SMTP."""

    async def send(self, mail: Mail) -> None:
        """Hand one mail to the server.

        Raises PeerRejected when it never will take it, PeerUnavailable when it may later, OutcomeUnknown
        when the connection was lost after the mail was written.
        """


#: Writes a frame (type, stream, data) to an open page at once; whether that could be done. Never waits.
Show = Callable[[str, str, Mapping[str, object]], bool]
