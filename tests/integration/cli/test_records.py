"""`ringback usage`, `erase` and `compact`, as an administrator runs them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.cli.test_commands import ringback

CONFIGURATION = '[[pbx]]\nname = "main"\nhost = "127.0.0.1"\nusername = "u"\nsecret = "s"\n'


@pytest.fixture
def domain_id(tmp_path: Path) -> str:
    file = tmp_path / "ringback.toml"
    file.write_text(CONFIGURATION)
    file.chmod(0o600)
    made = ringback(tmp_path, "domain", "add", "Acme", "--pbx", "main", "--context", "acme", "--json")
    found: str = json.loads(made.stdout)["id"]
    return found


def test_an_administrator_counts_erases_and_compacts(tmp_path: Path, domain_id: str) -> None:
    assert ringback(tmp_path, "usage", "--domain", domain_id, "--json").stdout == "[]\n"
    erased = ringback(tmp_path, "erase", "--domain", domain_id, "--number", "+4930123456", "--yes", "--json")
    report = json.loads(erased.stdout)
    assert (report["left"], report["rewritten"], report["domain_id"]) == ({}, True, domain_id)
    assert "123456" not in erased.stdout
    assert ringback(tmp_path, "compact").returncode == 0


def test_who_names_nobody_or_does_not_say_yes_erases_nobody(tmp_path: Path, domain_id: str) -> None:
    nobody = ringback(tmp_path, "erase", "--domain", domain_id, "--yes")
    assert (nobody.returncode, nobody.stderr.startswith("error[invalid_request]")) == (2, True)
    unsure = ringback(tmp_path, "erase", "--domain", domain_id, "--number", "+4930123456")
    assert unsure.returncode == 1


def test_what_only_a_running_engine_can_remove_is_named_with_the_request(
    tmp_path: Path, domain_id: str
) -> None:
    number = "+4930123456"
    (database,) = tmp_path.rglob("*.db")
    with closing(sqlite3.connect(database)) as rows, rows:
        rows.execute(
            "INSERT INTO mailboxes (id, domain_id, pbx, context, mailbox, state, counts)"
            " VALUES ('mbx_1', ?, 'main', 'c', '101', 'ready', '{}')",
            (domain_id,),
        )
        rows.execute(
            "INSERT INTO voicemails (id, domain_id, mailbox_id, message_id, copy, folder, number, name, peer,"
            " received_ms, duration_s) VALUES ('vm_1', ?, 'mbx_1', 'm', 0, 'inbox', ?, '', ?, 1, 1)",
            (domain_id, number, number),
        )
    erased = ringback(tmp_path, "erase", "--domain", domain_id, "--number", number, "--yes", "--json")
    assert erased.returncode == 1
    assert json.loads(erased.stdout)["left"] == {"voicemails.number": 1, "voicemails.peer": 1}
    assert erased.stderr.startswith("error[erasure_incomplete]: The person's messages in mailboxes are still")
    said = json.dumps({"number": number, "domain_id": domain_id})
    assert f"POST /v1/erasures with {said}." in " ".join(erased.stderr.split())
