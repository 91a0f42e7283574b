"""What an administrator decides about contacts; `config/` fills it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactSettings:
    """How much an address book holds."""

    personal_contacts: int = 10_000  # of one user
    shared_contacts: int = 100_000  # of one domain; a search takes as long in few as in many

    def problems(self) -> list[str]:
        return [
            f"{name}: must be from 1 to 1000000."
            for name in ("personal_contacts", "shared_contacts")
            if not 1 <= getattr(self, name) <= 1_000_000
        ]
