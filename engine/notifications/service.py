"""Notifications as the API calls them."""

from __future__ import annotations

from engine.accounts.models import Principal
from engine.events import Event
from engine.notifications import errors
from engine.notifications.mailing import Mailing
from engine.notifications.models import Channel, Language
from engine.notifications.ports import PushService, Show
from engine.notifications.preferences import Preferences, user_of
from engine.notifications.subscriptions import Subscriptions
from engine.notifications.telling import Screen, Telling


class Notifications:
    """preferences: how users want to be told. subscriptions: their browsers. mailing: None without a mail
    server.
    """

    def __init__(
        self,
        preferences: Preferences,
        subscriptions: Subscriptions,
        telling: Telling,
        push_service: PushService,
        mailing: Mailing | None,
    ) -> None:
        self.preferences = preferences
        self.subscriptions = subscriptions
        self._telling = telling
        self._push_service = push_service
        self.mailing = mailing

    @property
    def mails(self) -> bool:
        """Whether a mail server is configured."""
        return self.mailing is not None

    def hear(self, event: Event) -> None:
        """An event was committed."""
        self._telling.hear(event)

    async def run(self) -> None:
        """Tell until cancelled; no failure of database, push service or mail server ends it."""
        await self._telling.run()

    def open(self, principal: Principal, show: Show) -> Screen:
        """A connection of a page was opened; close what it gets."""
        return self._telling.open(principal, show)

    async def push_key(self) -> str:
        """What a page subscribes with. Raises StorageUnavailable."""
        return await self._push_service.public_key()

    async def test(self, principal: Principal, channel: Channel | None) -> Channel:
        """Notify the user of nothing, by this channel or the one that would be taken; which it was.

        Raises Conflict `channel_unavailable`, or what a mail server made of it.
        """
        user_id = user_of(principal)
        if channel is not Channel.EMAIL:
            found = await self._telling.test(user_id, channel)
            if found is not None:
                return found
            if channel is not None:
                raise errors.channel_unavailable(
                    "No page of yours reports what it is used for."
                    if channel is Channel.SCREEN
                    else "No browser of yours takes pushes, or you have switched them off."
                )
        if self.mailing is None:
            raise errors.channel_unavailable("No mail server is configured.")
        if not await self.mailing.test(user_id):
            raise errors.channel_unavailable("You have no e-mail address, or want no mail.")
        return Channel.EMAIL

    async def language_of(self, token: str) -> Language:
        """What is spoken to whom a link that ends mails belongs to. Raises NotFound."""
        language = None if self.mailing is None else await self.mailing.language_of(token)
        if language is None:
            raise errors.unsubscribe_link_unknown()
        return language

    async def unsubscribe(self, token: str) -> None:
        """End mails by the link of one. Raises NotFound."""
        if self.mailing is None or not await self.mailing.unsubscribe(token):
            raise errors.unsubscribe_link_unknown()
