"""Finding an Asterisk, with shell scripts in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.simulators import asterisk_tree
from engine.simulators.asterisk_apt import AptFailed
from engine.simulators.asterisk_tree import AsteriskUnavailable, find_asterisk, find_release, open_tree


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Asterisk named or installed, an empty cache, and no mirror."""
    monkeypatch.delenv("ASTERISK_ROOT", raising=False)
    monkeypatch.setenv("RINGBACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(asterisk_tree.shutil, "which", lambda name, path=None: None)

    def no_mirror(self: object, packages: object, suite: str) -> list[Path]:
        raise AptFailed("apt-get update: E: Temporary failure resolving 'mirror.example'")

    monkeypatch.setattr(asterisk_tree.PrivateApt, "download", no_mirror)


def make_tree(root: Path, version: str, says: str = "Asterisk {}+dfsg-1 built by x") -> Path:
    program = root / "usr/sbin/asterisk"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says.format(version)}'\n")
    program.chmod(0o755)
    (root / "usr/lib/asterisk/modules").mkdir(parents=True)
    (root / "usr/share/asterisk/sounds").mkdir(parents=True)
    return root


def test_a_named_tree_is_used_with_its_own_modules_and_sounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_tree(tmp_path / "named", "20.6.0")
    monkeypatch.setenv("ASTERISK_ROOT", str(root))
    found = find_asterisk()
    assert found.command == (str(root / "usr/sbin/asterisk"),)
    assert found.version == "20.6.0"
    assert found.modules == root / "usr/lib/asterisk/modules"
    assert found.data == root / "usr/share/asterisk"


def test_a_named_tree_without_asterisk_is_an_error_and_nothing_else_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path / "cache/asterisk/22.1.0", "22.1.0")
    monkeypatch.setenv("ASTERISK_ROOT", str(tmp_path / "nothing"))
    with pytest.raises(AsteriskUnavailable, match="asterisk_unavailable: no usr/sbin/asterisk"):
        find_asterisk()


def test_an_installed_one_keeps_its_own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = make_tree(tmp_path / "installed", "22.5.2") / "usr/sbin/asterisk"
    monkeypatch.setattr(asterisk_tree.shutil, "which", lambda name, path=None: str(program))
    found = find_asterisk()
    assert (found.command, found.version) == ((str(program),), "22.5.2")
    assert found.modules is None
    assert found.data is None


def test_the_newest_cached_one_that_runs_is_taken(tmp_path: Path) -> None:
    for version in ("22.9.0", "22.10.1"):
        make_tree(tmp_path / "cache/asterisk" / version, version)
    make_tree(tmp_path / "cache/asterisk/23.0.0", "23.0.0", says="cannot execute binary file {}")
    assert find_asterisk().version == "22.10.1"


def test_a_release_asked_for_is_neither_the_installed_one_nor_taken_for_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path / "cache/asterisk/bullseye/16.28.0", "16.28.0")
    make_tree(tmp_path / "cache/asterisk/22.10.1", "22.10.1")
    monkeypatch.setenv("ASTERISK_ROOT", str(make_tree(tmp_path / "named", "20.6.0")))
    assert find_release("bullseye").version == "16.28.0"
    monkeypatch.delenv("ASTERISK_ROOT")
    assert find_asterisk().version == "22.10.1"


def test_a_release_that_cannot_be_had_says_why() -> None:
    with pytest.raises(AsteriskUnavailable, match="Temporary failure resolving"):
        find_release("bullseye")


def test_no_mirror_is_one_clear_sentence_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    with pytest.raises(AsteriskUnavailable) as caught:
        find_asterisk()
    assert caught.value.code == "asterisk_unavailable"
    assert "Temporary failure resolving" in caught.value.detail
    assert [path.name for path in (tmp_path / "cache/asterisk").iterdir()] == ["lock"]


def test_without_permission_to_download_nothing_is_tried() -> None:
    with pytest.raises(AsteriskUnavailable, match="download not asked for"):
        find_asterisk(download=False)


def test_who_waits_for_anothers_download_too_long_says_so(tmp_path: Path) -> None:
    (tmp_path / "cache/asterisk").mkdir(parents=True)
    with (
        asterisk_tree._locked(tmp_path / "cache/asterisk/lock", deadline=0),
        pytest.raises(AsteriskUnavailable, match="another process is still downloading"),
    ):
        find_asterisk(within_s=0)


def test_a_programme_that_does_not_run_is_named_with_its_last_words(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "broken", "1")
    (root / "usr/sbin/asterisk").write_text("#!/bin/sh\necho 'libxml2.so.2: not found' >&2\nexit 127\n")
    with pytest.raises(AsteriskUnavailable, match=r"libxml2\.so\.2: not found"):
        open_tree(root)
