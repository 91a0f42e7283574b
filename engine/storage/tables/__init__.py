"""Every table there is: importing this package fills `base.metadata`."""

from __future__ import annotations

from engine.storage.tables import (
    accounts,
    attachments,
    calls,
    consent,
    contacts,
    conversations,
    desk_phones,
    log,
    messaging,
    notifications,
    presence,
    records,
    search,
    usage,
    voicemail,
    webhooks,
)
from engine.storage.tables.base import metadata

__all__ = [
    "accounts",
    "attachments",
    "calls",
    "consent",
    "contacts",
    "conversations",
    "desk_phones",
    "log",
    "messaging",
    "metadata",
    "notifications",
    "presence",
    "records",
    "search",
    "usage",
    "voicemail",
    "webhooks",
]
