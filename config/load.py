"""Reading the configuration: once, at start, all of it or a list of everything that is wrong.

Nobody reads the environment or these files again.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.fill import Filler, did_you_mean
from config.problems import InvalidConfiguration, Problem
from config.settings import Settings
from config.sources import Entry, Sources, read_sources

#: Where the file is looked for when nobody names one; the first that exists is read.
USUAL_FILES = (Path("ringback.toml"), Path("/etc/ringback/ringback.toml"))

#: Names the file; for containers, where the command line is hard to change.
FILE_VARIABLE = "RINGBACK_CONFIG"


@dataclass(frozen=True, slots=True)
class Loaded:
    """warnings: what works but is unwise, to be shown. file: what was read, None without a file."""

    settings: Settings
    warnings: tuple[Problem, ...]
    file: Path | None


def load(file: Path | None, environment: Mapping[str, str]) -> Loaded:
    """Read the file, or without one RINGBACK_CONFIG or a usual place, and the environment.

    Raises InvalidConfiguration with every problem, in the order of places.
    """
    file = file or _usual_file(environment)
    tables, lists = _sections()
    sources = read_sources(file, environment, frozenset(lists))
    filler = Filler(sources.folder)
    filler.problems += sources.problems
    _refuse_unknown_sections(filler, sources, tables, lists)
    values: dict[str, Any] = {}
    for section, kind in tables.items():
        values[section] = filler.fill(kind, sources.tables.get(section, Entry("")), section)
    for section, kind in lists.items():
        entries = sources.lists.get(section, [])
        _refuse_same_names(filler, section, entries)
        values[section] = tuple(filler.fill(kind, entry, _called(section, entry)) for entry in entries)
    _refuse_unknown_pbxs(filler, values)
    if filler.problems:
        raise InvalidConfiguration(sorted(filler.problems, key=_by_place))
    return Loaded(Settings(**values), tuple(filler.warnings), file)


def _usual_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(FILE_VARIABLE)
    if named:
        return Path(named)
    return next((file for file in USUAL_FILES if file.is_file()), None)


def _sections() -> tuple[dict[str, type[Any]], dict[str, type[Any]]]:
    """The sections that occur once, and those that may occur several times, by name."""
    tables: dict[str, type[Any]] = {}
    lists: dict[str, type[Any]] = {}
    for name, hint in typing.get_type_hints(Settings).items():
        if typing.get_origin(hint) is tuple:
            lists[name] = typing.get_args(hint)[0]
        else:
            tables[name] = hint
    return tables, lists


def _refuse_unknown_sections(
    filler: Filler, sources: Sources, tables: Mapping[str, object], lists: Mapping[str, object]
) -> None:
    for section, entry in sources.tables.items():
        if section in lists:
            filler.problems.append(
                Problem(entry.place, section, f"may occur several times; write [[{section}]].")
            )
        elif section not in tables:
            sentence = "is not a section" + did_you_mean(section, {*tables, *lists})
            filler.problems.append(Problem(entry.place, section, sentence))
    for section, entries in sources.lists.items():
        place = entries[0].place if entries else ""
        if section in tables:
            filler.problems.append(Problem(place, section, f"occurs once; write [{section}]."))
        elif section not in lists:
            sentence = "is not a section" + did_you_mean(section, {*tables, *lists})
            filler.problems.append(Problem(place, section, sentence))


def _refuse_same_names(filler: Filler, section: str, entries: Sequence[Entry]) -> None:
    first: dict[str, str] = {}
    for entry in entries:
        name = entry.keys.get("name")
        if name is None:
            continue
        # Variables tell entries apart by their names in capitals, so those must differ.
        known = first.setdefault(str(name.value).lower(), name.place)
        if known is not name.place:
            sentence = f"another {section} has this name, at {known}."
            filler.problems.append(Problem(name.place, f"{section}.name", sentence))


def _refuse_unknown_pbxs(filler: Filler, values: Mapping[str, Any]) -> None:
    """Spools name the PBXs they belong to."""
    voicemail, pbxs = values["voicemail"], values["pbx"]
    known = {one.name for one in pbxs if one is not None}
    for spool in () if voicemail is None or None in pbxs else voicemail.spool:
        if spool.name not in known:
            sentence = f"there is no [[pbx]] named {spool.name}" + did_you_mean(spool.name, known)
            filler.problems.append(Problem("", "voicemail.spool.name", sentence))


def _called(section: str, entry: Entry) -> str:
    name = entry.keys.get("name")
    return section if name is None else f"{section}.{name.value}"


def _by_place(problem: Problem) -> tuple[str, int, str]:
    file, _, line = problem.place.rpartition(":")
    return (file, int(line), problem.key) if line.isdigit() else (problem.place, 0, problem.key)
