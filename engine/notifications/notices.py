"""News as one user is shown them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.ids import new_id
from engine.notifications.models import News, Notice, NotificationSettings, Sound
from engine.notifications.words import said
from engine.office_hours import read_office_hours


def is_working(settings: NotificationSettings, now_ms: int) -> bool:
    """Whether the user wants to be told at this time."""
    hours = settings.working_hours
    if hours is None:
        return True
    return read_office_hours(hours.hours, hours.time_zone).closed_since_ms(now_ms) is None


def notice_of(
    news: News, settings: NotificationSettings, user_id: str, thread: str | None, name: str | None
) -> Notice:
    """What one user is shown. thread: the conversation it leads to; name: what they call a number."""
    title, preview = said(news, settings, name)
    side = news.sides.get(user_id)
    sound: Sound = settings.sound
    if side is not None and side.chosen.sound is not None:
        sound = side.chosen.sound
    return Notice(
        new_id("ntf"),
        user_id,
        news.domain_id,
        news.kind,
        tag_of(news),
        news.id,
        thread,
        news.at_ms,
        title,
        preview,
        sound,
        settings.desktop,
    )


def tag_of(news: News) -> str:
    """What a notification stands for: a conversation, else the one thing."""
    return news.conversation_id or news.id


def changed_in(data: Mapping[str, object]) -> set[object]:
    """What an event says has changed."""
    changed = data.get("changed")
    return set(changed) if isinstance(changed, list) else set()
