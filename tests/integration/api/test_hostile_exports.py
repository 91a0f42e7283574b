"""What hurts a spreadsheet, a card reader or a page: said in threads, put into contacts, and taken home."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata

import pytest

from tests.corpora.strings import STRINGS
from tests.integration.api.world import Tenant, World

#: What a spreadsheet takes for the begin of a formula, whatever blanks stand before it (CWE-1236).
FORMULA = re.compile(r"[\s\u00a0\u3000\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def said(world: World, acme: Tenant) -> tuple[str, list[str]]:
    """A chat in which everything was said that is taken; its address, and what was."""
    new = {"to": [{"extension": "102"}]}
    chat = (await world.client.post("/v1/conversations", acme.tokens[0], new)).body["id"]
    kept = []
    for text in STRINGS.values():
        answer = await world.client.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": text})
        if answer.status == 202:
            kept.append(answer.body["text"])
        else:
            assert answer.status in (400, 422), answer.raw
    assert len(kept) > len(STRINGS) / 2
    return f"/v1/conversations/{chat}:export", kept


def rows(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))


def check_cells(table: list[list[str]]) -> None:
    assert len({len(row) for row in table}) == 1  # no text made a row or a column of its own
    for row in table:
        for cell in row:
            assert not FORMULA.match(cell), cell


async def test_a_table_of_a_thread_has_a_row_for_each_and_no_formula(world: World, acme: Tenant) -> None:
    address, kept = await said(world, acme)
    answer = await world.client.get(f"{address}?format=csv", acme.tokens[0])
    table = rows(answer.raw)
    check_cells(table)
    texts = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    came = [row["text"] for row in texts if row["type"] == "message"]
    assert len(came) == len(kept)
    for cell, text in zip(came, kept, strict=True):
        assert cell in (text, "'" + text)


async def test_json_of_a_thread_holds_what_was_said_to_the_letter(world: World, acme: Tenant) -> None:
    address, kept = await said(world, acme)
    answer = await world.client.get(f"{address}?format=json", acme.tokens[0])
    texts = [item["message"]["text"] for item in answer.body["items"] if item["type"] == "message"]
    assert texts == kept
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    home = await world.client.get("/v1/me:export", acme.tokens[0])
    assert all(text in json.dumps(home.body) for text in ("alert(1)", "DROP TABLE"))


async def test_a_pdf_of_a_thread_does_nothing_by_itself(world: World, acme: Tenant) -> None:
    address, _ = await said(world, acme)
    answer = await world.client.get(f"{address}?format=pdf", acme.tokens[0])
    assert answer.raw.startswith(b"%PDF-")
    for action in (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/AA", b"/EmbeddedFile", b"/SubmitForm"):
        assert action not in answer.raw
    assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_contacts_come_home_as_they_were(world: World, acme: Tenant) -> None:
    names = []
    for text in STRINGS.values():
        body = {"name": text, "notes": text, "company": text, "numbers": [{"number": "+12025550143"}]}
        answer = await world.client.post("/v1/contacts", acme.tokens[0], body)
        if answer.status == 201:
            names.append(answer.body["name"])
        else:
            assert answer.status in (400, 422), answer.raw
    assert len(names) > len(STRINGS) / 2
    table = (await world.client.get("/v1/contacts:export?format=csv&shared=false", acme.tokens[0])).raw
    check_cells(rows(table))
    assert len(rows(table)) == len(names) + 1
    for version in ("3.0", "4.0"):
        query = f"format=vcard&vcard_version={version}&shared=false"
        cards = (await world.client.get(f"/v1/contacts:export?{query}", acme.tokens[0])).raw.decode()
        lines = cards.split("\r\n")
        assert lines.count("BEGIN:VCARD") == lines.count("END:VCARD") == len(names)
        assert not [line for line in lines if any(unicodedata.category(one) == "Cc" for one in line)]
    await world.client.ask("DELETE", f"/v1/contacts/{acme.contact_id}", secret=acme.manager)
    taken = await world.client.ask(
        "POST",
        "/v1/contacts:import?dry_run=true",
        secret=acme.tokens[1],
        raw=table,
        headers={"Content-Type": "text/csv"},
    )
    assert taken.status == 200, taken.raw
