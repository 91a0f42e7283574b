"""How given values become a settings type: key by key, so that every problem is found.

Works for any frozen dataclass. A field kept out of `repr` is a secret: its value may stand in a file
that `<field>_file` names, and never appears in a complaint. A type's own `problems()`, or a check in
`config.settings` for a type without, is asked when all its values could be read.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import stat
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from config.problems import Problem
from config.settings import CHECKS
from config.sources import Entry, Given

#: More than any password or URL; a wrong path often names something large.
MAX_SECRET_OCTETS = 8_192


class Filler:
    """Collects what is wrong and what is unwise while it fills settings types.

    folder: what relative paths in the file mean.
    """

    def __init__(self, folder: Path | None) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._folder = folder

    def fill(self, kind: type[Any], entry: Entry, section: str) -> Any:
        """An instance of the type, or None when a problem was noted. section: dotted, for complaints."""
        before = len(self.problems)
        hints = typing.get_type_hints(kind)
        fields = {f.name: f for f in dataclasses.fields(kind)}
        secrets = {name for name, f in fields.items() if not f.repr}
        entry = Entry(entry.place, dict(entry.keys))
        for name in sorted(secrets):
            self._resolve_secret(entry, name, section)
        self._refuse_unknown(entry, fields, section, {*fields, *(f"{name}_file" for name in secrets)})
        values: dict[str, Any] = {}
        for name, given in entry.keys.items():
            if name in fields:
                self._read(values, f"{section}.{name}", name, hints[name], given, secret=name in secrets)
        for name, f in fields.items():
            required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
            if required and name not in entry.keys:
                way = f" or {name}_file" if name in secrets else ""
                self._note(entry.place, f"{section}.{name}", f"is missing; give {name}{way}.")
                # Something empty in its place, so that the rest is checked as well.
                values[name] = () if _is_tuple(hints[name]) else ""
        filled = None
        if values.keys() >= entry.keys.keys() & fields.keys():
            filled = kind(**values)
            self._ask(filled, entry, section, {problem.key for problem in self.problems[before:]})
        return filled if len(self.problems) == before else None

    def _ask(self, filled: Any, entry: Entry, section: str, noted: set[str]) -> None:
        """Note what the type says of its values, but of each key only what is not noted already."""
        check = CHECKS.get(type(filled)) or getattr(type(filled), "problems", None)
        for line in check(filled) if check is not None else ():
            key, separator, sentence = line.partition(": ")
            if not separator or not hasattr(filled, key):
                self._note(entry.place, section, line if line.endswith(".") else f"{line}.")
            elif not noted & {f"{section}.{key}", f"{section}.{key}_file"}:
                given = entry.keys.get(key)
                self._note(given.place if given else entry.place, f"{section}.{key}", sentence)

    def _read(
        self, values: dict[str, Any], key: str, name: str, hint: Any, given: Given, *, secret: bool
    ) -> None:
        nested = _nested(hint)
        if nested is not None:
            self._read_nested(values, key, name, nested, given)
            return
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        try:
            if not given.from_environment:
                # JSON in strict mode takes a list for a tuple, but never "8080" or true for a number.
                value = adapter.validate_json(json.dumps(given.value, default=str), strict=True)
            elif _is_tuple(hint):
                parts = [part.strip() for part in str(given.value).split(",")]
                value = adapter.validate_python([part for part in parts if part])
            else:
                value = adapter.validate_python(given.value)
        except ValidationError as error:
            said = dict.fromkeys(str(e["msg"]).removeprefix("Value error, ") for e in error.errors())
            sentence = "is not of the right type" if secret else "; ".join(said)
            self._note(given.place, key, f"{sentence}.")
            return
        values[name] = self._resolve(name, value, given)

    def _read_nested(
        self, values: dict[str, Any], key: str, name: str, nested: tuple[type[Any], bool], given: Given
    ) -> None:
        """A table or an array of tables within a section. A variable cannot give one."""
        kind, several = nested
        if several and isinstance(given.tables, list):
            filled = tuple(self.fill(kind, entry, key) for entry in given.tables)
            if None not in filled:
                values[name] = filled
        elif not several and isinstance(given.tables, Entry):
            if (one := self.fill(kind, given.tables, key)) is not None:
                values[name] = one
        elif given.value != []:
            self._note(
                given.place, key, f"write it as {f'[[{key}]]' if several else f'[{key}]'} in the file."
            )

    def _resolve(self, name: str, value: Any, given: Given) -> Any:
        """A relative path in the file means the file's folder, wherever the process was started."""
        if self._folder is None or given.from_environment:
            return value
        if isinstance(value, Path):
            return self._folder / value
        if name.endswith("_file") and isinstance(value, str):
            return str(self._folder / value)
        return value

    def _resolve_secret(self, entry: Entry, name: str, section: str) -> None:
        """Put the content of `<name>_file` in place of the secret."""
        named = entry.keys.pop(f"{name}_file", None)
        inline = entry.keys.get(name)
        if named is None:
            if inline is not None and not inline.from_environment:
                self._warn_if_readable(
                    Path(inline.place.rpartition(":")[0]), inline.place, f"{section}.{name}"
                )
            return
        key = f"{section}.{name}_file"
        if inline is not None:
            self._note(named.place, key, f"{name} is given as well, at {inline.place}; give one of them.")
            return
        path = Path(str(named.value))
        if self._folder is not None and not named.from_environment:
            path = self._folder / path
        # The key counts as given, so that it is not reported as missing too.
        entry.keys[name] = Given("", str(path), from_environment=True)
        try:
            with path.open("rb") as file:
                octets = file.read(MAX_SECRET_OCTETS + 1)
            text = octets.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            self._note(named.place, key, f"{path} cannot be read: {error.strerror}.")
            return
        except UnicodeDecodeError:
            self._note(named.place, key, f"{path} is not UTF-8 text.")
            return
        if not text or len(octets) > MAX_SECRET_OCTETS:
            self._note(named.place, key, f"{path} must hold 1 to {MAX_SECRET_OCTETS} octets.")
            return
        self._warn_if_readable(path, named.place, key)
        entry.keys[name] = Given(text, str(path), from_environment=True)

    def _warn_if_readable(self, file: Path, place: str, key: str) -> None:
        try:
            mode = file.stat().st_mode
        except OSError:
            return
        if mode & stat.S_IROTH:
            self.warnings.append(Problem(place, key, f"{file} can be read by everybody; chmod 600 it."))

    def _refuse_unknown(self, entry: Entry, fields: Iterable[str], section: str, allowed: set[str]) -> None:
        for name, given in entry.keys.items():
            if name not in fields:
                self._note(given.place, f"{section}.{name}", "is not a setting" + did_you_mean(name, allowed))

    def _note(self, place: str, key: str, sentence: str) -> None:
        self.problems.append(Problem(place, key, sentence))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that refuses a name."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else "."


def _nested(hint: Any) -> tuple[type[Any], bool] | None:
    """The settings type a field holds, and whether it holds several; None for plain values."""
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for part in parts:
        inner = typing.get_args(part)[0] if typing.get_origin(part) is tuple else part
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            return inner, inner is not part
    return None


def _is_tuple(hint: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_is_tuple(part) for part in typing.get_args(hint))
    return typing.get_origin(hint) is tuple
