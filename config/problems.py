"""What is wrong with a configuration, all of it at once and each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Problem:
    """place: `ringback.toml:12`, a variable's name, or a file. key: dotted; empty for the whole.

    sentence: never holds the value of a secret.
    """

    place: str
    key: str
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.sentence) if part)


class InvalidConfiguration(InvalidRequest):
    """The configuration cannot be used; `problems` holds every reason found."""

    code = "invalid_configuration"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
