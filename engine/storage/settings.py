"""Settings of domains and users, for every feature that reads one.

A row holds as JSON what was chosen; what it does not name has its default, and a name that no setting
has any more is passed over, so settings come and go without a migration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import Domain, DomainSettings, UserSettings
from engine.storage.tables.accounts import domain_settings, user_settings

#: Settings that are columns of the domain.
_OF_DOMAIN_ROW = frozenset({"sms_enabled", "region"})


def of_domains(connection: Connection, domains: Collection[Domain]) -> dict[str, DomainSettings]:
    """The settings of each of these domains, by id."""
    chosen = _chosen(connection, domain_settings, [domain.id for domain in domains])
    return {
        domain.id: msgspec.convert(
            chosen.get(domain.id, {}) | {name: getattr(domain, name) for name in _OF_DOMAIN_ROW},
            DomainSettings,
        )
        for domain in domains
    }


def of_users(connection: Connection, user_ids: Collection[str]) -> dict[str, UserSettings]:
    """The settings of each of these users, by id."""
    chosen = _chosen(connection, user_settings, user_ids)
    return {user_id: msgspec.convert(chosen.get(user_id, {}), UserSettings) for user_id in user_ids}


def edit_within_s(connection: Connection, domain_id: str) -> int:
    """See `DomainSettings.edit_within_s`."""
    chosen = _chosen(connection, domain_settings, [domain_id]).get(domain_id, {})
    return int(chosen.get("edit_within_s", DomainSettings().edit_within_s))


def time_zone_of(connection: Connection, domain_id: str) -> str:
    """See `DomainSettings.time_zone`."""
    chosen = _chosen(connection, domain_settings, [domain_id]).get(domain_id, {})
    return str(chosen.get("time_zone", DomainSettings().time_zone))


def webhook_content(connection: Connection, domain_id: str) -> bool:
    """See `DomainSettings.webhook_content`."""
    chosen = _chosen(connection, domain_settings, [domain_id]).get(domain_id, {})
    return bool(chosen.get("webhook_content", DomainSettings().webhook_content))


def save_of_domain(connection: Connection, domain_id: str, settings: DomainSettings) -> None:
    """Those that are no columns of the domain."""
    values = {k: v for k, v in dataclasses.asdict(settings).items() if k not in _OF_DOMAIN_ROW}
    _save(connection, domain_settings, domain_id, values)


def save_of_user(connection: Connection, user_id: str, settings: UserSettings) -> None:
    _save(connection, user_settings, user_id, dataclasses.asdict(settings))


def _chosen(connection: Connection, table: sa.Table, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    (key,) = table.primary_key.columns
    rows = connection.execute(sa.select(key, table.c.settings).where(key.in_(ids)))
    return {row[0]: msgspec.json.decode(row.settings) for row in rows}


def _save(connection: Connection, table: sa.Table, record_id: str, values: Mapping[str, object]) -> None:
    (key,) = table.primary_key.columns
    connection.execute(table.delete().where(key == record_id))
    text = msgspec.json.encode(values).decode()
    connection.execute(table.insert().values({key.name: record_id, "settings": text}))
