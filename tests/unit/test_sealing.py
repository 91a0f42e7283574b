from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.sealing import Sealer, SealingError

OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def code_of(attempt: pytest.ExceptionInfo[SealingError]) -> str:
    return attempt.value.code


def test_what_was_sealed_opens_and_does_not_show() -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal(b"whsec_a-secret", "webhook:wh_1")
    assert sealer.open(sealed, "webhook:wh_1") == b"whsec_a-secret"
    assert "a-secret" not in sealed
    assert base64.b64encode(b"a-secret").decode()[:8] not in sealed


def test_the_same_secret_looks_different_each_time() -> None:
    sealer = Sealer(NEW)
    assert sealer.seal(b"same", "p") != sealer.seal(b"same", "p")


def test_a_secret_copied_to_another_owner_does_not_open() -> None:
    sealer = Sealer(NEW)
    with pytest.raises(SealingError) as refused:
        sealer.open(sealer.seal(b"secret", "webhook:wh_1"), "webhook:wh_2")
    assert code_of(refused) == "secret_damaged"


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-6] + "AAAAA=", lambda s: s[:20], lambda s: "", lambda s: "s2" + s[2:]]
)
def test_a_damaged_secret_is_refused(damage: object) -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal(b"a secret of some length", "p")
    with pytest.raises(SealingError) as refused:
        sealer.open(damage(sealed), "p")  # type: ignore[operator]
    assert code_of(refused) == "secret_damaged"


def test_a_replaced_key_still_opens_and_only_the_new_one_seals() -> None:
    before = Sealer(OLD).seal(b"secret", "p")
    both = Sealer(NEW, OLD)
    assert both.open(before, "p") == b"secret"
    after = both.seal(b"secret", "p")
    assert Sealer(NEW).open(after, "p") == b"secret"
    with pytest.raises(SealingError) as refused:
        Sealer(NEW).open(before, "p")
    assert code_of(refused) == "secret_key_changed"


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    sealed = Sealer.from_file(path, create=True).seal(b"secret", "p")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Sealer.from_file(path, create=True).open(sealed, "p") == b"secret"
    assert [one.name for one in path.parent.iterdir()] == ["secret.key"]


def test_of_many_first_starts_one_makes_the_key(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with ThreadPoolExecutor(8) as pool:
        sealers = list(pool.map(lambda _: Sealer.from_file(path, create=True), range(8)))
    sealed = sealers[0].seal(b"secret", "p")
    assert [sealer.open(sealed, "p") for sealer in sealers] == [b"secret"] * 8


def test_a_key_file_that_was_named_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SealingError) as refused:
        Sealer.from_file(tmp_path / "secret.key", create=False)
    assert code_of(refused) == "secret_key_missing"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret.key"
    Sealer.from_file(path, create=True)
    path.chmod(mode)
    with pytest.raises(SealingError) as refused:
        Sealer.from_file(path, create=True)
    assert code_of(refused) == "secret_key_exposed"


@pytest.mark.parametrize(
    "content", ["", "hello", "AAAA", base64.b64encode(OLD).decode() + "\nrubbish!", "A" * 20_000]
)
def test_a_key_file_with_anything_else_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SealingError) as refused:
        Sealer.from_file(path, create=True)
    assert code_of(refused) == "secret_key_unusable"
    assert not content or content not in str(refused.value)
