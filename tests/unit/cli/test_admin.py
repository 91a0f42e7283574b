"""Administration on the command line: from an empty machine to a working tenant, and every refusal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli import app

CONFIGURATION = """
[storage]
data_dir = "data"
[[pbx]]
name = "main"
host = "127.0.0.1"
username = "u"
secret = "s"
[[carrier]]
name = "one"
hosts = ["127.0.0.1"]
system_id = "acme"
password = "p"
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and nothing else, where the command is run."""
    for name in ("RINGBACK_CONFIG", "RINGBACK_URL", "RINGBACK_KEY"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "ringback.toml"
    file.write_text(CONFIGURATION)
    file.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ringback(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def made(*words: str) -> dict[str, object]:
    """What a verb prints as JSON; it must have succeeded."""
    result = ringback(*words, "--json")
    assert result.exit_code == 0, result.stderr
    printed: dict[str, object] = json.loads(result.stdout)
    return printed


def refused(*words: str) -> tuple[int, str]:
    result = ringback(*words)
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.exit_code, result.stderr.strip()


def a_domain() -> str:
    return str(made("domain", "add", "Acme", "--pbx", "main", "--context", "acme", "--region", "DE")["id"])


def test_a_tenant_is_made_from_nothing() -> None:
    domain = a_domain()
    user = made("user", "add", "101", "Ann", "--domain", domain)
    device = made("device", "add", "acme-101", "--user", str(user["id"]), "--label", "Desk")
    number = made(
        "number", "add", "030 123456", "--domain", domain, "--carrier", "one", "--user", str(user["id"])
    )
    assert (device["pbx"], device["is_default"]) == ("main", True)
    assert (number["e164"], number["user_ids"]) == ("+4930123456", [user["id"]])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(user["created_at"]))

    listed = ringback("user", "list", "--domain", domain)
    assert listed.stdout.splitlines() == [
        "ID                                    EXTENSION  DISPLAY_NAME  ROLE        ENABLED  SMS_ENABLED",
        f"{user['id']}  101        Ann           basic_user  yes      yes",
    ]
    shown = ringback("device", "show", str(device["id"]))
    assert "label:      Desk" in shown.stdout.splitlines()


def test_every_kind_is_changed_and_removed() -> None:
    domain = a_domain()
    user = str(made("user", "add", "101", "Ann", "--domain", domain)["id"])
    device = str(made("device", "add", "acme-101", "--user", user)["id"])
    number = str(
        made("number", "add", "+4930123456", "--domain", domain, "--carrier", "one", "--user", user)["id"]
    )
    assert made("domain", "set", domain, "--name", "New", "--region", "")["region"] is None
    assert made("user", "set", user, "--name", "Anna", "--disable")["enabled"] is False
    assert made("device", "set", device, "--label", "Kitchen")["label"] == "Kitchen"
    changed = made("number", "set", number, "--nobody", "--no-sms")
    assert (changed["user_ids"], changed["sms_enabled"]) == ([], False)

    assert refused("domain", "remove", domain) == (
        1,
        "error[in_use]: The domain still has users or numbers. Delete those first.",
    )
    for words in (("number", number), ("device", device), ("user", user), ("domain", domain)):
        assert ringback(words[0], "remove", words[1]).exit_code == 0
        assert refused(words[0], "show", words[1]) == (1, f"error[not_found]: There is no such {words[0]}.")
    assert ringback("domain", "list").stdout == ""


def test_a_key_is_shown_once_and_can_be_revoked() -> None:
    result = ringback("key", "add", "server", "--scope", "super_user", "--days", "30")
    assert result.exit_code == 0
    secret = re.search(r"^secret: +(rbk_\S{43})$", result.stdout, re.MULTILINE)
    assert secret is not None
    assert "cannot be shown again" in result.stderr
    (key,) = json.loads(ringback("key", "list", "--json").stdout)
    assert secret[1] not in json.dumps(key)
    assert made("key", "revoke", key["id"])["revoked_at"] is not None
    assert made("key", "show", key["id"])["label"] == "server"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("domain", "add", "Acme", "--pbx", "mian", "--context", "acme"),
            "error[invalid_request]: There is no such pbx in the configuration. (pbx)",
        ),
        (
            ("domain", "add", "A\nB", "--pbx", "main", "--context", "acme"),
            "error[invalid_request]: Control characters and line breaks are not allowed here. (name)",
        ),
        (
            ("key", "add", "k", "--scope", "office_manager"),
            "error[invalid_request]: Name the domain; this credential reaches more than one. (domain_id)",
        ),
    ],
)
def test_what_has_to_change_is_said_and_ends_with_2(words: tuple[str, ...], line: str) -> None:
    assert refused(*words) == (2, line)


def test_a_wrong_command_line_ends_with_2() -> None:
    for words in (("domain", "add"), ("user", "list"), ("key", "add", "k", "--scope", "king"), ("nonsense",)):
        result = ringback(*words)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_a_configuration_problem_ends_with_2_and_names_every_place(machine: Path) -> None:
    (machine / "ringback.toml").write_text("[server]\nprot = 1\n[log]\nlevel = 'loud'\n")
    for words in (("check-config",), ("serve",), ("migrate",), ("domain", "list")):
        assert refused(*words) == (
            2,
            "error[invalid_configuration]: ringback.toml:2: server.prot: is not a setting;"
            " did you mean port?\n"
            "error[invalid_configuration]: ringback.toml:4: log.level:"
            " Input should be 'debug', 'info', 'warning' or 'error'.",
        )


def test_check_config_says_what_will_be_used_and_hides_passwords(machine: Path) -> None:
    text = CONFIGURATION.replace('data_dir = "data"', 'url = "postgresql://ringback:hunter2@db/ringback"')
    (machine / "ringback.toml").write_text(text)
    result = ringback("check-config")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "configuration: ringback.toml",
        "listens on:    127.0.0.1:8080",
        "database:      postgresql://ringback:***@db/ringback",
        "PBXs:          main",
        "carriers:      one",
        "The configuration can be used.",
    ]
    assert not (machine / "data").exists()


def test_secrets_that_everybody_can_read_are_warned_of(machine: Path) -> None:
    (machine / "ringback.toml").chmod(0o644)
    result = ringback("check-config")
    assert result.exit_code == 0
    assert (
        "warning: ringback.toml:8: pbx.main.secret: ringback.toml can be read by everybody" in result.stderr
    )


def test_a_data_folder_that_cannot_be_made_is_told_of(machine: Path) -> None:
    (machine / "data").write_text("a file is in the way")
    code, line = refused("domain", "list")
    assert code == 1
    assert line == (
        f"error[storage_not_writable]: The data folder {machine}/data cannot be made: File exists."
        " See [storage] data_dir."
    )


def test_the_data_folder_is_for_its_owner_alone(machine: Path) -> None:
    assert ringback("migrate").exit_code == 0
    assert (machine / "data").stat().st_mode & 0o077 == 0
    assert (machine / "data" / "ringback.db").stat().st_mode & 0o077 == 0


def test_migrating_twice_changes_nothing_the_second_time() -> None:
    first, second = ringback("migrate"), ringback("migrate")
    assert first.stdout == "The database was empty; its schema is at 0001 now.\n"
    assert second.stdout == "The schema is at 0001.\n"


def test_a_database_that_is_none_is_told_of(machine: Path) -> None:
    (machine / "data").mkdir()
    (machine / "data" / "ringback.db").write_text("not a database, but long enough to look like one" * 20)
    code, line = refused("domain", "list")
    assert code == 1
    assert line.startswith("error[storage_not_a_database]: ")


def test_a_person_is_given_a_password_and_the_means_to_use_it() -> None:
    domain = a_domain()
    user = str(made("user", "add", "101", "Ann", "--domain", domain, "--login", "ann")["id"])
    code, said = refused("user", "password", user, "--temporary")
    assert (code, said) == (
        1,
        "error[no_realm]: Give the domain a realm first; without one nobody can log in.",
    )
    assert made("domain", "set", domain, "--realm", "acme.example")["realm"] == "acme.example"
    temporary = made("user", "password", user, "--temporary")
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", str(temporary["password"]))

    typed = CliRunner().invoke(app, ("user", "password", user), input="correct horse battery\n")
    assert (typed.exit_code, typed.output) == (0, "")
    short = CliRunner().invoke(app, ("user", "password", user), input="short\n")
    assert (short.exit_code, short.stderr.strip()) == (
        2,
        "error[password_refused]: A password has 10 to 256 characters. (new_password)",
    )


def test_a_person_has_a_role_and_a_login_which_can_be_taken_away() -> None:
    domain = a_domain()
    user = made("user", "add", "101", "Ann", "--domain", domain, "--login", "Ann", "--role", "office_manager")
    assert (user["login"], user["role"]) == ("ann", "office_manager")
    changed = made("user", "set", str(user["id"]), "--login", "", "--role", "basic_user")
    assert (changed["login"], changed["role"]) == (None, "basic_user")


def test_an_office_is_taken_in_from_two_files(tmp_path: Path) -> None:
    domain = a_domain()
    people, lines = tmp_path / "people.csv", tmp_path / "numbers.csv"
    people.write_text("extension,display_name,devices\n101,Anna,anna\n102,Bob,\n")
    lines.write_text("e164,carrier,extensions\n030 123456,one,101 102\n")
    dry = made("user", "import", str(people), "--domain", domain, "--dry-run")
    assert (dry["created"], dry["dry_run"]) == (2, True)
    assert made("user", "import", str(people), "--domain", domain)["created"] == 2
    assert made("user", "import", str(people), "--domain", domain)["unchanged"] == 2
    assert made("number", "import", str(lines), "--domain", domain)["created"] == 1

    people.write_text("extension,display_name\n103,Carla\n1,Bad\n")
    code, said = refused("user", "import", str(people), "--domain", domain)
    assert code == 2
    assert said.splitlines() == [
        "line 3, extension: An extension has 2 to 10 digits. [invalid_request]",
        "error[import_refused]: 1 of the rows cannot be taken; nothing was changed.",
    ]
    skipped = ringback("user", "import", str(people), "--domain", domain, "--skip-bad", "--json")
    assert json.loads(skipped.stdout)["created"] == 1
    code, said = refused("user", "import", str(tmp_path), "--domain", domain)
    assert code == 2
