"""Every class of configuration problem, each with the place an administrator has to go to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.load import Loaded, load
from config.problems import InvalidConfiguration
from engine.messaging.models import DeliveryClass

PBX = """
[[pbx]]
name = "main"
host = "127.0.0.1"
username = "ringback"
secret = "s3cret"
"""

CARRIER = """
[[carrier]]
name = "one"
hosts = ["smsc.example.com"]
system_id = "acme"
password = "secret"
"""


def read(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> Loaded:
    file = tmp_path / "ringback.toml"
    file.write_text(text)
    file.chmod(0o600)
    return load(file, environment or {})


def problems(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """Every complaint, with the test's folder taken out of its place."""
    with pytest.raises(InvalidConfiguration) as refused:
        read(tmp_path, text, environment)
    assert refused.value.detail.splitlines() == [str(problem) for problem in refused.value.problems]
    return [str(problem).replace(f"{tmp_path}/", "") for problem in refused.value.problems]


def test_nothing_at_all_is_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load(None, {})
    assert loaded.file is None
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("127.0.0.1", 8080)
    assert loaded.settings.storage.database_url == "sqlite:///ringback-data/ringback.db"


def test_the_usual_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringback.toml").write_text("[server]\nport = 9000\n")
    assert load(None, {}).settings.server.port == 9000
    (tmp_path / "other.toml").write_text("[server]\nport = 9001\n")
    assert load(None, {"RINGBACK_CONFIG": "other.toml"}).settings.server.port == 9001


def test_values_become_their_types(tmp_path: Path) -> None:
    text = """
[server]
trusted_proxies = ["10.0.0.0/8", "::1/128"]
[messaging]
default_class = "bulk"
[storage]
data_dir = "data"
"""
    settings = read(tmp_path, text).settings
    assert [str(network) for network in settings.server.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.messaging.default_class is DeliveryClass.BULK
    assert settings.storage.data_dir == tmp_path / "data"  # relative to the file
    assert settings.api.trusted_proxies == settings.server.trusted_proxies


def test_a_variable_overrides_the_file(tmp_path: Path) -> None:
    environment = {
        "RINGBACK_SERVER__PORT": "9100",
        "RINGBACK_SERVER__ALLOWED_ORIGINS": "https://a.example, https://b.example",
        "RINGBACK_PBX__MAIN__SECRET": "other",
        "RINGBACK_LOG__LEVEL": "",  # empty counts as not set
        "RINGBACK_KEY": "not ours to read",
    }
    settings = read(tmp_path, "[server]\nport = 9000\n" + PBX, environment).settings
    assert settings.server.port == 9100
    assert settings.server.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.pbx[0].secret == "other"
    assert settings.log.level == "info"


def test_a_pbx_may_come_from_variables_alone(tmp_path: Path) -> None:
    environment = {
        "RINGBACK_PBX__SOUTH__HOST": "127.0.0.1",
        "RINGBACK_PBX__SOUTH__USERNAME": "u",
        "RINGBACK_PBX__SOUTH__SECRET": "s",
    }
    settings = read(tmp_path, PBX, environment).settings
    assert [pbx.name for pbx in settings.pbx] == ["main", "south"]


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from file\n")
    (tmp_path / "secret").chmod(0o600)
    text = PBX.replace('secret = "s3cret"', 'secret_file = "secret"')
    loaded = read(tmp_path, text)
    assert loaded.settings.pbx[0].secret == "from file"
    assert loaded.warnings == ()
    overridden = read(tmp_path, text, {"RINGBACK_PBX__MAIN__SECRET": "variable"})
    assert overridden.settings.pbx[0].secret == "variable"


def test_a_secret_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    loaded = read(tmp_path, PBX.replace('secret = "s3cret"', 'secret_file = "secret"'))
    assert len(loaded.warnings) == 1
    assert "chmod 600" in str(loaded.warnings[0])
    file = tmp_path / "ringback.toml"
    file.write_text(PBX)
    file.chmod(0o644)
    assert [warning.key for warning in load(file, {}).warnings] == ["pbx.main.secret"]


def test_tables_within_a_section_are_read(tmp_path: Path) -> None:
    text = '[[calls.domains]]\ndomain_id = "dom_1"\npremium = true\n'
    (rules,) = read(tmp_path, text).settings.calls.domains
    assert (rules.domain_id, rules.premium, rules.international) == ("dom_1", True, None)
    assert problems(tmp_path, '[[calls.domains]]\ndomain_id = "dom_1"\npremum = true\n') == [
        "ringback.toml:3: calls.domains.premum: is not a setting; did you mean premium?"
    ]


def test_a_carrier_becomes_binds_and_a_way_to_write(tmp_path: Path) -> None:
    text = (
        CARRIER
        + """
hosts = ["a.example:3600", "[2001:db8::1]", "b.example"]
bind_type = "separate"
binds = 2
tls = true
rate_pdus_per_s = 50
concatenation = "payload"
status_classes = { "0x400" = "throttle" }
""".replace('hosts = ["smsc.example.com"]\n', "")
    ).replace('hosts = ["smsc.example.com"]\n', "")
    (carrier,) = read(tmp_path, text).settings.carrier
    smpp = carrier.smpp
    assert [bind.name for bind in smpp.binds] == ["1-tx", "1-rx", "2-tx", "2-rx"]
    assert [(a.host, a.port) for a in smpp.binds[0].hosts] == [
        ("a.example", 3600),
        ("2001:db8::1", 2775),
        ("b.example", 2775),
    ]
    assert smpp.binds[0].tls is not None
    assert smpp.rate_per_s == 50
    assert smpp.status_classes == {0x400: "throttle"}
    assert carrier.words.profile.concatenation == "payload"


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("[server\n", ["ringback.toml:1: is not TOML: Expected ']' at the end of a table declaration."]),
        ("port = 1\n", ["ringback.toml:1: port: stands outside of every [section]."]),
        ("[servr]\nport = 1\n", ["ringback.toml:1: servr: is not a section; did you mean server?"]),
        ("[zzz]\n", ["ringback.toml:1: zzz: is not a section."]),
        ("[[server]]\n", ["ringback.toml:1: server: occurs once; write [server]."]),
        ("[pbx]\n", ["ringback.toml:1: pbx: may occur several times; write [[pbx]]."]),
        ("\n[server]\nprot = 1\n", ["ringback.toml:3: server.prot: is not a setting; did you mean port?"]),
        (
            '[server]\nport = "8080"\n',
            ["ringback.toml:2: server.port: Input should be a valid integer."],
        ),
        ("[server]\nport = true\n", ["ringback.toml:2: server.port: Input should be a valid integer."]),
        ("[server]\nport = 70000\n", ["ringback.toml:2: server.port: must be 0 to 65,535."]),
        (
            '[log]\nlevel = "loud"\n',
            ["ringback.toml:2: log.level: Input should be 'debug', 'info', 'warning' or 'error'."],
        ),
        (
            '[server]\nallowed_origins = ["https://a.example/"]\n',
            [
                "ringback.toml:2: server.allowed_origins: 'https://a.example/' is not exactly scheme://host"
                " or scheme://host:port."
            ],
        ),
        (
            '[storage]\nurl = "mysql://x:hunter2@h/d"\n',
            ["ringback.toml:2: storage.url: begins with sqlite:/// or postgresql://."],
        ),
        (
            '[messaging]\ndenied_prefixes = ["0900"]\n',
            [
                "ringback.toml:2: messaging.denied_prefixes: each begins with + and holds digits only,"
                " for example +4990."
            ],
        ),
        (
            "[calls]\nallowed_prefixes = ['49']\n",
            [
                "ringback.toml:2: calls.allowed_prefixes: each begins with + and holds digits only,"
                " for example +4990."
            ],
        ),
        (
            '[[pbx]]\nname = "main"\nhost = "127.0.0.1"\nusername = "u"\n',
            ["ringback.toml:1: pbx.main.secret: is missing; give secret or secret_file."],
        ),
        (
            PBX.replace("127.0.0.1", "pbx.example.com"),
            [
                "ringback.toml:2: pbx.main.tls: required for a host that is not this machine,"
                " unless allow_plaintext is set."
            ],
        ),
        (PBX + PBX, ["ringback.toml:9: pbx.name: another pbx has this name, at ringback.toml:3."]),
        (
            CARRIER + CARRIER,
            ["ringback.toml:9: carrier.name: another carrier has this name, at ringback.toml:3."],
        ),
        (
            PBX + 'secret_file = "x"\n',
            [
                "ringback.toml:7: pbx.main.secret_file: secret is given as well, at ringback.toml:6;"
                " give one of them."
            ],
        ),
        (
            PBX.replace('secret = "s3cret"', 'secret_file = "absent"'),
            ["ringback.toml:6: pbx.main.secret_file: absent cannot be read: No such file or directory."],
        ),
        (
            CARRIER + 'tls_ca_file = "ca.pem"\n',
            [
                "ringback.toml:7: carrier.one.tls_ca_file: has no effect without tls;"
                " remove it or set tls = true."
            ],
        ),
        (
            CARRIER + "window_pdus = 0\n",
            ["ringback.toml:2: carrier.one: bind 1: window_pdus must be at least 1."],
        ),
        (
            CARRIER + 'status_classes = { "many" = "throttle" }\n',
            [
                "ringback.toml:7: carrier.one.status_classes: each key is a command_status,"
                ' for example "0x400".'
            ],
        ),
    ],
)
def test_one_problem_names_its_place(tmp_path: Path, text: str, complaints: list[str]) -> None:
    assert problems(tmp_path, text) == complaints


@pytest.mark.parametrize(("one", "other"), [("certificate", "key"), ("key", "certificate")])
def test_a_certificate_and_its_key_go_together(tmp_path: Path, one: str, other: str) -> None:
    assert problems(tmp_path, f'[server]\ntls_{one}_file = "x.pem"\n') == [
        f"ringback.toml:2: server.tls_{one}_file: has no effect without tls_{other}_file; give both or none."
    ]


def test_a_certificate_that_cannot_be_used_is_told_of_before_serving(tmp_path: Path) -> None:
    text = '[server]\ntls_certificate_file = "cert.pem"\ntls_key_file = "key.pem"\n'
    assert problems(tmp_path, text) == [
        "ringback.toml:2: server.tls_certificate_file: it or tls_key_file cannot be read:"
        " No such file or directory."
    ]
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not PEM")
    (complaint,) = problems(tmp_path, text)
    assert complaint.startswith(
        "ringback.toml:2: server.tls_certificate_file: is not usable with tls_key_file"
    )


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        (
            {"RINGBACK_SERVER__PROT": "1"},
            "RINGBACK_SERVER__PROT: server.prot: is not a setting; did you mean port?",
        ),
        (
            {"RINGBACK_SERVER__PORT": "many"},
            "RINGBACK_SERVER__PORT: server.port: Input should be a valid integer,"
            " unable to parse string as an integer.",
        ),
        (
            {"RINGBACK_SERVR__PORT": "1"},
            "RINGBACK_SERVR__PORT: servr: is not a section; did you mean server?",
        ),
        ({"RINGBACK_PBX__HOST": "h"}, "RINGBACK_PBX__HOST: pbx: name the pbx: RINGBACK_PBX__<NAME>__HOST."),
        (
            {"RINGBACK_CALLS__DOMAINS": "dom_1"},
            "RINGBACK_CALLS__DOMAINS: calls.domains: write it as [[calls.domains]] in the file.",
        ),
    ],
)
def test_a_variable_with_a_problem_is_named(
    tmp_path: Path, environment: dict[str, str], complaint: str
) -> None:
    assert problems(tmp_path, "", environment) == [complaint]


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    text = """
[server]
port = 70000
prot = 1

[sever]

[[pbx]]
name = "main"
host = "pbx.example.com"
username = ""
secret_file = "absent"

[[carrier]]
name = "one"
hosts = []
password = "secret"
"""
    found = problems(tmp_path, text, {"RINGBACK_LOG__LEVEL": "loud"})
    assert sorted(line.split(": ")[:2] for line in found) == [
        ["RINGBACK_LOG__LEVEL", "log.level"],
        ["ringback.toml:11", "pbx.main.username"],
        ["ringback.toml:12", "pbx.main.secret_file"],
        ["ringback.toml:14", "carrier.one.system_id"],
        ["ringback.toml:16", "carrier.one.hosts"],
        ["ringback.toml:3", "server.port"],
        ["ringback.toml:4", "server.prot"],
        ["ringback.toml:6", "sever"],
        ["ringback.toml:8", "pbx.main.tls"],
    ]


def test_problems_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(tmp_path, "[log]\nx = 1\n" + "\n" * 8 + "[server]\ny = 1\n")
    assert [line.split(": ")[0] for line in found] == ["ringback.toml:2", "ringback.toml:12"]


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    text = """
[storage]
url = ["hunter2"]
[[pbx]]
name = "main"
host = "127.0.0.1"
username = "u"
secret = { a = "hunter2" }
[[carrier]]
name = "one"
hosts = ["h"]
system_id = "acme"
password = "hunter2-is-too-long"
"""
    found = problems(tmp_path, text)
    assert len(found) == 3
    assert "hunter2" not in "\n".join(found)
    assert "hunter2" not in repr(read(tmp_path, PBX.replace("s3cret", "hunter2")).settings)


def test_a_missing_file_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        load(tmp_path / "absent.toml", {})
    assert refused.value.detail == f"{tmp_path}/absent.toml: cannot be read: No such file or directory."
