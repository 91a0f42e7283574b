"""Settings of logging in; `config/` fills them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginSettings:
    """How long people stay logged in, and what a password takes.

    session_idle_s: a session not seen for so long ends; a page with an open event socket is seen.
    session_lifetime_s: it ends after so long whatever happens. temporary_password_s: how long a
    password an administrator made waits for its log-in. hashes_at_once: each takes 19 MiB and a core.
    """

    session_idle_s: int = 12 * 3600
    session_lifetime_s: int = 30 * 86_400
    temporary_password_s: int = 72 * 3600
    password_min_characters: int = 10
    hashes_at_once: int = 2

    def problems(self) -> list[str]:
        """Everything that makes these settings unusable, each a sentence naming its setting."""
        bounds = {
            "session_idle_s": (300, 366 * 86_400),  # when a session was seen is noted twice a minute
            "session_lifetime_s": (300, 366 * 86_400),
            "temporary_password_s": (300, 366 * 86_400),
            "password_min_characters": (8, 64),  # NIST SP 800-63B-4 §3.1.1.2
            "hashes_at_once": (1, 64),
        }
        return [
            f"{name}: must be {least:,} to {most:,}."
            for name, (least, most) in bounds.items()
            if not least <= getattr(self, name) <= most
        ]
