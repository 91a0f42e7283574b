"""The audit trail: there exactly when the change is, newest first, one tenant at a time."""

from __future__ import annotations

import pytest

from engine.audit import AuditEntry
from engine.errors import Forbidden
from engine.ids import new_id
from engine.storage.audit import AuditReader, record
from engine.storage.database import Transaction
from tests.contract.storage.notes import open_node


def entry(action: str, domain_id: str | None = "dom_1") -> AuditEntry:
    return AuditEntry(new_id("aud"), domain_id, "key_1", action, "usr_1", {"changed": ["name"]}, 1, "req_1")


async def test_entries_come_back_newest_first_and_in_pages(database_url: str) -> None:
    entries = [entry(f"user.action_{number}") for number in range(5)]
    entries.sort(key=lambda each: each.id)
    foreign, nobodys = entry("user.created", "dom_2"), entry("carrier.reloaded", None)
    async with open_node(database_url) as node:
        for each in (*entries, foreign, nobodys):
            await node.database.transact(lambda tx, each=each: record(tx, each))
        reader = AuditReader(node.database)
        newest = await reader.page("dom_1", before=None, limit=3)
        assert newest == entries[:1:-1]
        assert await reader.page("dom_1", before=newest[-1].id, limit=3) == entries[1::-1]
        assert await reader.page("dom_2", before=None, limit=3) == [foreign]
        assert await reader.page(None, before=None, limit=3) == [nobodys]


async def test_an_entry_of_a_change_that_failed_is_not_there(database_url: str) -> None:
    def change(tx: Transaction) -> None:
        record(tx, entry("user.created"))
        raise Forbidden

    async with open_node(database_url) as node:
        with pytest.raises(Forbidden):
            await node.database.transact(change)
        assert await AuditReader(node.database).page("dom_1", before=None, limit=3) == []
