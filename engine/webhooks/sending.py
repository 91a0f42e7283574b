"""One attempt: sign a body and hand it to the receiver."""

from __future__ import annotations

from engine.clock import Clock
from engine.outbound import Outbound, OutboundFailed
from engine.sealing import Sealer
from engine.webhooks import signing
from engine.webhooks.models import Outcome, Webhook


def purpose(webhook_id: str) -> str:
    """What a webhook's secrets are sealed for."""
    return f"webhook:{webhook_id}"


class Sender:
    def __init__(self, outbound: Outbound, sealer: Sealer, clock: Clock) -> None:
        self._outbound = outbound
        self._sealer = sealer
        self._clock = clock

    async def send(self, webhook: Webhook, message_id: str, body: bytes) -> Outcome:
        """Raises SealingError; whatever the receiver does is an outcome, within the time limit."""
        now_ms = self._clock.now_ms()
        sealed = [webhook.secret]
        if webhook.old_secret is not None and now_ms < (webhook.old_secret_until_ms or 0):
            sealed.append(webhook.old_secret)
        keys = [self._sealer.open(one, purpose(webhook.id)) for one in sealed]
        headers = signing.headers(message_id, now_ms, body, keys)
        begun = self._clock.monotonic()
        try:
            answer = await self._outbound.post(webhook.url, body, headers)
        except OutboundFailed as error:
            return Outcome(None, error.code, elapsed_ms=self._since(begun))
        outcome = Outcome(answer.status, None, answer.retry_after_s, self._since(begun))
        if outcome.delivered:
            return outcome
        if 300 <= answer.status < 400:
            return Outcome(answer.status, "redirected", answer.retry_after_s, outcome.elapsed_ms)
        code = "gone" if outcome.gone else "refused"
        return Outcome(answer.status, code, answer.retry_after_s, outcome.elapsed_ms)

    def _since(self, begun: float) -> int:
        return round((self._clock.monotonic() - begun) * 1000)
