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

from config.places import find_places
from config.problems import Problem

PREFIX = "RINGBACK_"


@dataclass(frozen=True, slots=True)
class Given:
    """A value and where it stands. from_environment: it is text, to be read as its type demands."""

    value: object
    place: str
    from_environment: bool = False


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
    lines = find_places(text)

    def entry(path: tuple[str | int, ...], values: Mapping[str, object]) -> Entry:
        begin = f"{file}:{lines[path]}" if path in lines else str(file)
        places = {key: lines.get((*path, key)) for key in values}
        return Entry(
            begin,
            {
                key: Given(value, f"{file}:{places[key]}" if places[key] else begin)
                for key, value in values.items()
            },
        )

    for section, value in content.items():
        if isinstance(value, dict):
            sources.tables[section] = entry((section,), value)
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            sources.lists[section] = [entry((section, at), item) for at, item in enumerate(value)]
        else:
            place = f"{file}:{lines.get((section,), 1)}"
            sources.problems.append(Problem(place, section, "stands outside of every [section]."))


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
