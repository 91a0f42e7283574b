"""How users want to be told: settings of their own and of single conversations."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Protocol

from engine.accounts.models import Principal, Unset
from engine.conversations.models import ConversationKind, ThreadView
from engine.notifications import errors
from engine.notifications.models import (
    Level,
    NotificationSettings,
    ThreadNotifications,
    UpdateSettings,
    WorkingHours,
)
from engine.notifications.ports import NotificationStore
from engine.office_hours import read_office_hours

#: A week; who waits longer does not want the mail.
LONGEST_WAIT_MINUTES = 7 * 24 * 60
_MOST_SPANS = 20


class Threads(Protocol):
    """The part of conversations that is needed."""

    def get(self, principal: Principal, conversation_id: str) -> Awaitable[ThreadView]:
        """Raises NotFound for a thread that is not there or not the principal's to see."""


class Preferences:
    """Every method may raise StorageUnavailable, and Forbidden `no_user`."""

    def __init__(self, store: NotificationStore, threads: Threads) -> None:
        self._store = store
        self._threads = threads

    async def get(self, principal: Principal) -> NotificationSettings:
        return await self._store.settings(user_of(principal))

    async def change(self, principal: Principal, command: UpdateSettings) -> NotificationSettings:
        """Raises InvalidRequest."""
        user_id, domain_id = user_of(principal), principal.domain_id or ""
        minutes, hours = command.email_after_minutes, command.working_hours
        if not isinstance(minutes, Unset) and not 1 <= minutes <= LONGEST_WAIT_MINUTES:
            raise errors.invalid("email_after_minutes", f"Give 1 to {LONGEST_WAIT_MINUTES:,} minutes.")
        if isinstance(hours, WorkingHours):
            _check_hours(hours)
        given = {f.name: getattr(command, f.name) for f in dataclasses.fields(command)}
        given = {name: value for name, value in given.items() if not isinstance(value, Unset)}

        def update(before: NotificationSettings) -> NotificationSettings:
            return dataclasses.replace(before, **given)

        change: Callable[[NotificationSettings], NotificationSettings] = update
        return await self._store.change_settings(domain_id, user_id, change)

    async def of_thread(self, principal: Principal, conversation_id: str) -> ThreadNotifications:
        """Raises NotFound for a conversation that is not theirs to see."""
        await self._threads.get(principal, conversation_id)
        return await self._store.thread(user_of(principal), conversation_id)

    async def set_thread(
        self, principal: Principal, conversation_id: str, wanted: ThreadNotifications
    ) -> ThreadNotifications:
        """Raises NotFound, or InvalidRequest for `mentions` where nobody can be named."""
        seen = await self._threads.get(principal, conversation_id)
        if wanted.level is Level.MENTIONS and seen.conversation.kind is not ConversationKind.CHAT:
            raise errors.invalid("level", "Nobody is named in texts; take all or none.")
        await self._store.save_thread(principal.domain_id or "", user_of(principal), conversation_id, wanted)
        return wanted


def user_of(principal: Principal) -> str:
    if principal.user_id is None:
        raise errors.no_user()
    return principal.user_id


def _check_hours(hours: WorkingHours) -> None:
    if not 1 <= len(hours.hours) <= _MOST_SPANS:
        raise errors.invalid("working_hours/hours", f"Give 1 to {_MOST_SPANS} spans.")
    try:
        read_office_hours(hours.hours, hours.time_zone)
    except ValueError as error:
        key, _, sentence = str(error).partition(": ")
        field = "time_zone" if key == "time_zone" else "hours"
        raise errors.invalid(f"working_hours/{field}", sentence) from None
