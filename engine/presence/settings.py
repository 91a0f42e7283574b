"""How presence behaves; `config/` fills it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceSettings:
    """login_grace_s: how long somebody stays logged in after their last socket closed, so that a page
    that reloads does not flicker. activity_s: how long a request keeps somebody without a socket
    logged in. tell_every_s: changes are gathered this long and told together. pbx_grace_s: how long
    phones keep their last state when the link to their PBX is lost; then they are unknown.
    """

    # A page that reloads is back within 2 s, one behind a slow network within 10 s.
    login_grace_s: float = 15.0
    # A page without sockets polls every 30 to 60 s.
    activity_s: float = 90.0
    # A person sees no delay below this, and a burst of 2,000 changes becomes a handful of frames.
    tell_every_s: float = 0.1
    # A link that was cut is usually back within 1 to 3 s.
    pbx_grace_s: float = 10.0

    def problems(self) -> list[str]:
        found = []
        for name, seconds, most in (
            ("login_grace_s", self.login_grace_s, 600),
            ("activity_s", self.activity_s, 3_600),
            ("tell_every_s", self.tell_every_s, 10),
            ("pbx_grace_s", self.pbx_grace_s, 600),
        ):
            if not 0 < seconds <= most:
                found.append(f"{name}: must be above 0 and at most {most}.")
        return found
