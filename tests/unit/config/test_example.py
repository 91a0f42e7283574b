"""The example file: complete, true to the defaults, and usable as it is."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.carriers import CarrierSection
from config.load import load
from config.settings import Settings
from engine.ami.settings import AmiSettings
from engine.click_to_call.settings import DomainDialRules

EXAMPLE = Path(__file__).parents[3] / "config" / "ringback.example.toml"


def uncommented() -> str:
    """The example with every setting switched on; prose stands behind "# ", settings behind "#"."""
    return re.sub(r"^#(?=[a-z\[])", "", EXAMPLE.read_text(), flags=re.MULTILINE)


def test_the_example_changes_nothing_as_it_is(tmp_path: Path) -> None:
    assert load(EXAMPLE, {}).settings == load(_empty(tmp_path), {}).settings


def test_the_example_with_everything_switched_on_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "ringback.toml"
    # These certificates would be opened at once, and there are none here.
    text = re.sub(
        r'^(tls_certificate|tls_key|ca)_file = "(certificate|key|own-ca).pem"$',
        "",
        uncommented(),
        flags=re.MULTILINE,
    )
    file.write_text(text.replace("tls = false", "tls = true"))
    file.chmod(0o600)
    settings = load(file, {}).settings
    assert [carrier.name for carrier in settings.carrier] == ["one"]


_SECTIONS = [f.name for f in dataclasses.fields(Settings)]
_ENTRIES = {"pbx": AmiSettings, "carrier": CarrierSection}


@pytest.mark.parametrize("section", _SECTIONS)
def test_the_example_names_every_key_with_its_default(section: str) -> None:
    given = tomllib.loads(uncommented())[section]
    if section in _ENTRIES:
        _compare(_ENTRIES[section], given[0])
    else:
        _compare(type(getattr(Settings(), section)), given)


def test_the_example_names_every_rule_of_a_domain() -> None:
    (rules,) = tomllib.loads(uncommented())["calls"]["domains"]
    assert rules.keys() == {f.name for f in dataclasses.fields(DomainDialRules)}


def _compare(kind: type[Any], given: dict[str, Any]) -> None:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    assert given.keys() == fields.keys()
    for name, f in fields.items():
        default = f.default if f.default is not dataclasses.MISSING else None
        if default in (None, "", ()):
            continue  # a sample stands there, or it has no default
        shown = str(default) if isinstance(default, Path) else default
        assert given[name] == shown, name


def _empty(tmp_path: Path) -> Path:
    file = tmp_path / "empty.toml"
    file.write_text("")
    return file
