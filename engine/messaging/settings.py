"""Settings of the text life-cycle; `config/` fills them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messaging.models import DeliveryClass


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagingSettings:
    """How texts are treated where neither the request nor the carrier says otherwise."""

    default_class: DeliveryClass = DeliveryClass.CONVERSATION
    validity_s: int = 86_400  # a text older than a day surprises more than it informs
    max_validity_s: int = 7 * 86_400
    receipt_deadline_s: int = 72 * 3600  # then `sent` becomes `unconfirmed`
    max_recipients: int = 100
    max_batch: int = 1_000
    denied_prefixes: tuple[str, ...] = ()  # E.164 prefixes no text goes to, for example "+1900"
    # must_arrive only: how long after a lost answer late evidence may still spare the second copy.
    evidence_wait_s: float = 10.0
    queue_limit: int = 20_000  # segments a carrier's queue holds in memory; the rest waits on disk
