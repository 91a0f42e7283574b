from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.simulators.asterisk_apt import (
    AptFailed,
    AptSource,
    PrivateApt,
    choose_source,
    parse_deb822,
    parse_one_line,
    read_os_release,
    render_deb822,
)

DEBIAN = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
UBUNTU = {"ID": "ubuntu", "VERSION_CODENAME": "noble"}

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://src.example/debian
Suites: bookworm
Components: main
"""


def test_the_machines_mirror_and_keyring_are_used_for_the_suite_with_asterisk() -> None:
    chosen = choose_source(parse_deb822(DEB822), DEBIAN)
    assert render_deb822(chosen) == (
        "Types: deb\n"
        "Uris: http://mirror.example/debian\n"
        "Suites: sid\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def test_disabled_and_source_only_stanzas_do_not_count() -> None:
    assert [source.uris for source in parse_deb822(DEB822)] == [
        ("http://mirror.example/debian",),
        ("http://mirror.example/debian-security",),
    ]


def test_one_line_sources_keep_their_keyring_and_lose_their_architecture() -> None:
    text = (
        "deb-src http://mirror.example/debian bookworm main\n"
        "# deb http://off.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main non-free # mine\n"
    )
    assert parse_one_line(text) == [
        AptSource(
            ("http://mirror.example/debian",), ("bookworm",), ("main", "non-free"), {"signed-by": "/k.gpg"}
        )
    ]


def test_other_peoples_repositories_are_never_taken_for_the_distribution() -> None:
    sources = parse_one_line(
        "deb https://vendor.example/node nodistro main\n"
        "deb https://vendor.example/security bookworm-security main\n"
        "deb http://mirror.example/debian stable main\n"
    )
    assert choose_source(sources, DEBIAN).uris == ("http://mirror.example/debian",)
    with pytest.raises(AptFailed, match="no source for debian bookworm"):
        choose_source(sources[:2], DEBIAN)


def test_ubuntu_has_asterisk_in_its_own_universe() -> None:
    sources = parse_one_line("deb http://archive.example/ubuntu noble main restricted\n")
    chosen = choose_source(sources, UBUNTU)
    assert chosen.suites == ("noble", "noble-updates")
    assert chosen.components == ("main", "universe")


def test_another_release_comes_from_the_same_mirror() -> None:
    sources = parse_one_line("deb http://mirror.example/debian bookworm main\n")
    chosen = choose_source(sources, DEBIAN, "bullseye")
    assert (chosen.uris, chosen.suites) == (("http://mirror.example/debian",), ("bullseye",))
    with pytest.raises(AptFailed, match=r"ubuntu.*bullseye"):
        choose_source(sources, UBUNTU, "bullseye")


def test_other_systems_are_told_so() -> None:
    with pytest.raises(AptFailed, match=r"Debian and Ubuntu only.*alpine"):
        choose_source([], {"ID": "alpine"})


def test_an_inline_key_survives() -> None:
    key = " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n"
    text = (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n"
        f"Signed-By:\n{key}"
    )
    rendered = render_deb822(choose_source(parse_deb822(text), DEBIAN))
    assert rendered.endswith(f"Signed-By: \n{key}")
    assert parse_deb822(rendered)[0].options == parse_deb822(text)[0].options


def test_os_release_is_read_with_its_quotes(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text('# x\nID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    assert read_os_release(file) == {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)"}
    assert read_os_release(tmp_path / "missing") == {}


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AptFailed, match="apt-get is not installed"):
        PrivateApt(tmp_path, deadline=time.monotonic() + 5).download(["asterisk"])


def test_a_tool_that_hangs_is_ended_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("apt-get", "apt-config", "dpkg-deb"):
        (tmp_path / tool).write_text("#!/bin/sh\nexec /bin/sleep 30\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AptFailed, match="did not finish in time"):
        PrivateApt(tmp_path, deadline=time.monotonic()).download(["asterisk"])
