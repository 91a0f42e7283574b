from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from engine.webhooks import signing

BODY = '{"type": "contact.created", "name": "Zoë"}'.encode()


def signed(*secrets: bytes, at_ms: int | None = None) -> dict[str, str]:
    now_ms = round(datetime.now(UTC).timestamp() * 1000) if at_ms is None else at_ms
    return signing.headers("dom_1:42", now_ms, BODY, secrets)


def test_the_specifications_own_example_comes_out() -> None:
    """Key, id, time and body as the reference libraries test them."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_999, b'{"test": 2432232314}', [key]
    )
    assert headers["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["Webhook-Timestamp"] == "1614265330"


def test_an_independent_verifier_takes_it() -> None:
    secret = signing.new_secret()
    assert Webhook(signing.shown(secret)).verify(BODY, signed(secret))["name"] == "Zoë"


def test_while_a_secret_is_replaced_each_of_the_two_verifies() -> None:
    old, new, other = (signing.new_secret() for _ in range(3))
    headers = signed(new, old)
    for secret in (old, new):
        Webhook(signing.shown(secret)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(other)).verify(BODY, headers)


@pytest.mark.parametrize("changed", ["Webhook-Id", "Webhook-Timestamp", "body"])
def test_id_time_and_body_are_all_signed(changed: str) -> None:
    secret = signing.new_secret()
    headers, body = signed(secret), BODY
    if changed == "body":
        body = BODY + b" "
    elif changed == "Webhook-Timestamp":
        headers[changed] = str(int(headers[changed]) + 1)
    else:
        headers[changed] += "0"
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(secret)).verify(body, headers)


def test_secrets_are_new_each_time_and_long_enough() -> None:
    secrets = {signing.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {32}
