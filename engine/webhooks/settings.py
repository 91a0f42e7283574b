"""Settings of webhooks; `config/` fills them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSettings:
    """per_domain: how many one domain has. in_flight: requests to one receiver at a time.

    disable_after_hours: a receiver that took nothing for so long gets nothing more.
    keep_delivered_hours, keep_dead_days: how long what became of an event can be read.
    """

    per_domain: int = 20
    in_flight: int = 8
    disable_after_hours: int = 120
    keep_delivered_hours: int = 24
    keep_dead_days: int = 30

    def problems(self) -> list[str]:
        """Everything that makes these settings unusable, each a sentence naming its setting."""
        bounds = {
            "per_domain": (0, 1_000),
            "in_flight": (1, 64),
            "disable_after_hours": (24, 24 * 366),  # an event is tried for a day
            "keep_delivered_hours": (1, 24 * 366),
            "keep_dead_days": (1, 366),
        }
        return [
            f"{name}: must be {least:,} to {most:,}."
            for name, (least, most) in bounds.items()
            if not least <= getattr(self, name) <= most
        ]
