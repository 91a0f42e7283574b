"""Where settings come from: one TOML file and the environment, merged into values with places.

A variable is `RINGBACK_<SECTION>__<KEY>`, for one of several `RINGBACK_<SECTION>__<NAME>__<KEY>`, and
overrides the file. An empty one counts as not set. Types are not looked at here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.places import KeyPath, find_places
from config.problems import Problem

PREFIX = "RINGBACK_"


@dataclass(frozen=True, slots=True)
class Given:
    """A value and where it stands.

    from_environment: it is text, to be read as its type demands. tables: the same value with the places
    of its keys, when it is a table or an array of tables of the file.
    """

    value: object
    place: str
    from_environment: bool = False
    tables: Entry | list[Entry] | None = None


@dataclass(slots=True)
class Entry:
    """One table: the keys it gives, and where it begins."""

    place: str
    keys: dict[str, Given] = field(default_factory=dict)


@dataclass(slots=True)
class Sources:
    """tables: by section. lists: entries of sections that may occur several times, in order.

    folder: what relative paths of the file mean, None without a file.
    """

    tables: dict[str, Entry] = field(default_factory=dict)
    lists: dict[str, list[Entry]] = field(default_factory=dict)
    folder: Path | None = None
    problems: list[Problem] = field(default_factory=list)


def read_sources(file: Path | None, environment: Mapping[str, str], repeated: frozenset[str]) -> Sources:
    """repeated: names of the sections that may occur several times."""
    sources = Sources()
    if file is not None:
        sources.folder = file.resolve().parent
        _read_file(sources, file)
    for name in sorted(environment):
        if name.startswith(PREFIX) and "__" in name and environment[name]:
            _read_variable(sources, name, environment[name], repeated)
    return sources


def _read_file(sources: Sources, file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        sources.problems.append(Problem(str(file), "", f"cannot be read: {error.strerror}."))
        return
    except UnicodeDecodeError:
        sources.problems.append(Problem(str(file), "", "is not UTF-8 text."))
        return
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        place, sentence = str(file), str(error)
        if at:
            place, sentence = f"{file}:{at.group(1)}", sentence[: at.start()]
        sources.problems.append(Problem(place, "", f"is not TOML: {sentence}."))
        return
    reader = _TableReader(file, find_places(text))
    for section, value in content.items():
        tables = reader.tables((section,), value)
        if isinstance(tables, Entry):
            sources.tables[section] = tables
        elif tables is not None:
            sources.lists[section] = tables
        else:
            place = reader.place((section,), str(file))
            sources.problems.append(Problem(place, section, "stands outside of every [section]."))


@dataclass(frozen=True, slots=True)
class _TableReader:
    """Gives the tables of a file their places."""

    file: Path
    lines: Mapping[KeyPath, int]

    def place(self, path: KeyPath, otherwise: str) -> str:
        return f"{self.file}:{self.lines[path]}" if path in self.lines else otherwise

    def tables(self, path: KeyPath, value: object) -> Entry | list[Entry] | None:
        """The value as a table or an array of tables; None for anything else."""
        if isinstance(value, dict):
            return self._entry(path, value)
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return [self._entry((*path, at), item) for at, item in enumerate(value)]
        return None

    def _entry(self, path: KeyPath, values: Mapping[str, object]) -> Entry:
        begin = self.place(path, str(self.file))
        entry = Entry(begin)
        for key, value in values.items():
            inner = (*path, key)
            entry.keys[key] = Given(value, self.place(inner, begin), tables=self.tables(inner, value))
        return entry


def _read_variable(sources: Sources, variable: str, value: str, repeated: frozenset[str]) -> None:
    section, _, rest = variable.removeprefix(PREFIX).lower().partition("__")
    given = Given(value, variable, from_environment=True)
    if section not in repeated:
        _put(sources.tables.setdefault(section, Entry(variable)), rest, given)
        return
    name, separator, key = rest.rpartition("__")
    if not separator:
        sentence = f"name the {section}: {PREFIX}{section.upper()}__<NAME>__{rest.upper()}."
        sources.problems.append(Problem(variable, section, sentence))
        return
    entries = sources.lists.setdefault(section, [])
    for entry in entries:
        known = entry.keys.get("name")
        if known is not None and _as_in_variable(str(known.value)) == name:
            break
    else:
        entry = Entry(variable, {"name": Given(name, variable)})
        entries.append(entry)
    _put(entry, key, given)


def _put(entry: Entry, key: str, given: Given) -> None:
    """Override the key, also where the file gives it the other way: `secret` or `secret_file`."""
    other = key.removesuffix("_file") if key.endswith("_file") else f"{key}_file"
    rival = entry.keys.get(other)
    if rival is not None and not rival.from_environment:
        del entry.keys[other]
    entry.keys[key] = given


def _as_in_variable(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())
