"""Webhooks as their domain's office managers keep them.

A webhook belongs to its domain and reads as a manager of it would: no chats and nothing personal. Whoever
may see the operations stream may have webhooks of it. Secrets are shown once, when they are made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from engine.accounts.models import FIRST_PAGE, Domain, Page, PageRequest, Principal, Scope, Unset
from engine.clock import Clock, to_rfc3339
from engine.events import MANAGERS_ONLY, OPERATIONS_STREAM, Event, NewEvent, domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import is_id, new_id
from engine.outbound import checked_url
from engine.sealing import Sealer
from engine.webhooks import errors, event_types, signing
from engine.webhooks.models import (
    TEST,
    Backlog,
    CreateWebhook,
    Delivery,
    DeliveryState,
    IssuedWebhook,
    Outcome,
    Replay,
    Replaying,
    UpdateWebhook,
    Webhook,
)
from engine.webhooks.ports import WebhookChanges, WebhookReads, WebhookStore
from engine.webhooks.sending import Sender, purpose
from engine.webhooks.settings import WebhookSettings

R = TypeVar("R")
T = TypeVar("T")

Render = Callable[[R], tuple[int, str]]

#: How long the secret before goes on signing besides the new one, at most and if nobody says.
MOST_OVERLAP_S = 7 * 86_400
OVERLAP_S = 86_400
#: Events looked at in one request to send again.
REPLAY_AT_ONCE = 1_000

_MOST_TYPES = 50
_MOST_DESCRIPTION = 200


class Webhooks:
    """changed: told which webhook's worker has to look. sees_domain, sees_event: who may see what.

    Every method raises NotFound for what is not the principal's to see.
    """

    def __init__(
        self,
        store: WebhookStore,
        sender: Sender,
        sealer: Sealer,
        settings: WebhookSettings,
        clock: Clock,
        sees_domain: Callable[[Principal, Domain], bool],
        sees_event: Callable[[Principal, Event], bool],
        changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._sender = sender
        self._sealer = sealer
        self._settings = settings
        self._clock = clock
        self._sees_domain = sees_domain
        self._sees_event = sees_event
        self._changed = changed
        self._testing: set[str] = set()

    async def create(
        self,
        principal: Principal,
        command: CreateWebhook,
        claim: Claim | None = None,
        render: Render[IssuedWebhook] | None = None,
    ) -> IssuedWebhook | Replayed:
        """A webhook with its secret; it gets what happens from now on. render is given it without.

        A super user who names no domain gets the stream of operations.
        Raises InvalidRequest (`invalid_url`, `unknown_event_type`), Forbidden `key_required` or
        Conflict `too_many_webhooks`.
        """
        _require_no_token(principal)
        url = checked_url(command.url)
        description = _description(command.description)
        webhook_id, secret = new_id("wh"), signing.new_secret()
        sealed = self._sealer.seal(secret, purpose(webhook_id))

        def work(changes: WebhookChanges) -> IssuedWebhook:
            domain_id = self._domain_meant(changes, principal, command.domain_id)
            types = _event_types(command.event_types, domain_id)
            if len(changes.webhooks(domain_id)) >= self._settings.per_domain:
                raise errors.too_many(self._settings.per_domain)
            stream = OPERATIONS_STREAM if domain_id is None else domain_stream(domain_id)
            webhook = Webhook(
                id=webhook_id,
                domain_id=domain_id,
                url=url,
                description=description,
                event_types=types,
                enabled=True,
                disabled_because=None,
                secret=sealed,
                created_by=principal.credential_id,
                created_ms=changes.now_ms,
                updated_ms=changes.now_ms,
                seq=changes.high_water(stream),
            )
            changes.insert_webhook(webhook)
            _announce(changes, principal, "webhook.created", webhook, {"event_types": list(types)})
            return IssuedWebhook(webhook, None)

        made = await self._once(claim, render, work)
        if isinstance(made, Replayed):
            return made
        self._changed(webhook_id)
        return dataclasses.replace(made, secret=signing.shown(secret))

    async def list(
        self, principal: Principal, domain_id: str | None = None
    ) -> Sequence[tuple[Webhook, Backlog]]:
        """Those of a domain, oldest first; for a super user who names none, those of operations."""

        def work(reads: WebhookReads) -> Sequence[tuple[Webhook, Backlog]]:
            found = reads.webhooks(self._domain_meant(reads, principal, domain_id))
            backlogs = reads.backlogs(found)
            return [(webhook, backlogs[webhook.id]) for webhook in found]

        return await self._store.read(work)

    async def get(self, principal: Principal, webhook_id: str) -> tuple[Webhook, Backlog]:
        def work(reads: WebhookReads) -> tuple[Webhook, Backlog]:
            webhook = self._seen(reads, principal, webhook_id)
            return webhook, reads.backlogs([webhook])[webhook.id]

        return await self._store.read(work)

    async def update(self, principal: Principal, webhook_id: str, command: UpdateWebhook) -> Webhook:
        """Enabled again, it goes on behind the last event it was sent.

        Raises InvalidRequest (`invalid_url`, `unknown_event_type`) or Forbidden `key_required`.
        """
        _require_no_token(principal)
        given = {
            f.name: value
            for f in dataclasses.fields(command)
            if not isinstance(value := getattr(command, f.name), Unset)
        }
        checks: Mapping[str, Callable[[Any], object]] = {
            "url": checked_url,
            "description": _description,
        }
        values: dict[str, Any] = {
            name: checks[name](value) if name in checks else value for name, value in given.items()
        }

        def work(changes: WebhookChanges) -> Webhook:
            before = self._seen(changes, principal, webhook_id)
            after = dataclasses.replace(before, **values)
            if "event_types" in values:
                types = _event_types(after.event_types, before.domain_id)
                after = dataclasses.replace(after, event_types=types)
            if after == before:
                return before
            if after.enabled != before.enabled:
                reason = None if after.enabled else "asked"
                after = dataclasses.replace(after, disabled_because=cast(Any, reason), failing_since_ms=None)
            after = dataclasses.replace(after, updated_ms=changes.now_ms)
            changes.save_webhook(after)
            names = [name for name in values if getattr(before, name) != getattr(after, name)]
            _announce(changes, principal, "webhook.updated", after, {"changed": names})
            return after

        after = await self._store.change(work)
        self._changed(webhook_id)
        return after

    async def delete(self, principal: Principal, webhook_id: str) -> None:
        """Delete it with what is known of its deliveries; requests that are out are not called back."""

        def work(changes: WebhookChanges) -> None:
            webhook = self._seen(changes, principal, webhook_id)
            changes.delete_webhook(webhook.id)
            _announce(changes, principal, "webhook.deleted", webhook, {})

        await self._store.change(work)
        self._changed(webhook_id)

    async def rotate_secret(
        self,
        principal: Principal,
        webhook_id: str,
        overlap_s: int = OVERLAP_S,
        claim: Claim | None = None,
        render: Render[IssuedWebhook] | None = None,
    ) -> IssuedWebhook | Replayed:
        """A new secret; the one before signs besides it for overlap_s.

        Raises InvalidRequest or Forbidden `key_required`.
        """
        _require_no_token(principal)
        if not 0 <= overlap_s <= MOST_OVERLAP_S:
            raise errors.invalid("overlap_s", f"Give 0 to {MOST_OVERLAP_S:,} seconds.")
        secret = signing.new_secret()
        sealed = self._sealer.seal(secret, purpose(webhook_id))

        def work(changes: WebhookChanges) -> IssuedWebhook:
            before = self._seen(changes, principal, webhook_id)
            after = dataclasses.replace(
                before,
                secret=sealed,
                old_secret=before.secret if overlap_s else None,
                old_secret_until_ms=changes.now_ms + overlap_s * 1000 if overlap_s else None,
                updated_ms=changes.now_ms,
            )
            changes.save_webhook(after)
            _announce(changes, principal, "webhook.secret_rotated", after, {"overlap_s": overlap_s})
            return IssuedWebhook(after, None)

        made = await self._once(claim, render, work)
        if isinstance(made, Replayed):
            return made
        self._changed(webhook_id)
        return dataclasses.replace(made, secret=signing.shown(secret))

    async def test(self, principal: Principal, webhook_id: str) -> Outcome:
        """Send one event of the type TEST now, once, whether the webhook is enabled or not.

        Raises RateLimited while another test of it runs, SealingError when its secret does not open.
        """
        now_ms = self._clock.now_ms()
        message_id = new_id("whd")

        def work(changes: WebhookChanges) -> Webhook:
            webhook = self._seen(changes, principal, webhook_id)
            if webhook_id not in self._testing:
                changes.record(principal, "webhook.tested", webhook.id, webhook.domain_id, {})
            return webhook

        webhook = await self._store.change(work)
        if webhook_id in self._testing:
            raise errors.test_running()
        self._testing.add(webhook_id)
        try:
            document = {
                "stream": webhook.stream,
                "seq": webhook.seq,
                "type": TEST,
                "subject": webhook.id,
                "at": to_rfc3339(now_ms),
                "data": {},
            }
            return await self._sender.send(webhook, message_id, msgspec.json.encode(document))
        finally:
            self._testing.discard(webhook_id)

    async def deliveries(
        self,
        principal: Principal,
        webhook_id: str,
        state: DeliveryState | None = None,
        page: PageRequest = FIRST_PAGE,
    ) -> Page[Delivery]:
        """Newest first. Raises InvalidRequest for a cursor that is not ours."""
        if page.cursor is not None and not is_id(page.cursor, "whd"):
            raise errors.invalid("cursor", "Give the next_cursor of the page before, unchanged.")

        def work(reads: WebhookReads) -> Page[Delivery]:
            webhook = self._seen(reads, principal, webhook_id)
            found = tuple(reads.deliveries(webhook.id, state, page.cursor, page.limit + 1))
            more = len(found) > page.limit
            return Page(found[: page.limit], found[page.limit - 1].id if more else None)

        return await self._store.read(work)

    async def delivery(self, principal: Principal, webhook_id: str, delivery_id: str) -> Delivery:
        return await self._store.read(
            lambda reads: _delivery_of(reads, self._seen(reads, principal, webhook_id), delivery_id)
        )

    async def replay_delivery(
        self,
        principal: Principal,
        webhook_id: str,
        delivery_id: str,
        claim: Claim | None = None,
        render: Render[Delivery] | None = None,
    ) -> Delivery | Replayed:
        """Send it again, whatever became of it, under the same id. Raises Conflict `webhook_disabled`."""

        def work(changes: WebhookChanges) -> Delivery:
            webhook = self._seen(changes, principal, webhook_id)
            _require_enabled(webhook)
            delivery = _delivery_of(changes, webhook, delivery_id)
            changes.replay_delivery(delivery.id)
            data = {"delivery_id": delivery.id}
            changes.record(principal, "webhook.replayed", webhook.id, webhook.domain_id, data)
            return _delivery_of(changes, webhook, delivery_id)

        done = await self._once(claim, render, work)
        self._changed(webhook_id)
        return done

    async def replay(
        self,
        principal: Principal,
        webhook_id: str,
        wish: Replay,
        claim: Claim | None = None,
        render: Render[Replaying] | None = None,
    ) -> Replaying | Replayed:
        """Send a range again, under the same ids, in portions.

        Raises InvalidRequest or Conflict `webhook_disabled`.
        """
        if wish.from_seq is None and wish.since_ms is None:
            raise errors.invalid("from_seq", "Say where to begin: from_seq or since.")

        def work(changes: WebhookChanges) -> Replaying:
            webhook = self._seen(changes, principal, webhook_id)
            _require_enabled(webhook)

            def wanted(event: Event) -> bool:
                return webhook.wants(event.type) and self._sees_event(webhook.reader, event)

            if wish.dead_only:
                replaying = changes.replay_dead(webhook.id, wish, REPLAY_AT_ONCE)
            else:
                replaying = changes.replay_logged(webhook, wish, wanted, REPLAY_AT_ONCE)
            data = {"count": replaying.count, "dead_only": wish.dead_only}
            changes.record(principal, "webhook.replayed", webhook.id, webhook.domain_id, data)
            return replaying

        done = await self._once(claim, render, work)
        self._changed(webhook_id)
        return done

    async def _once(
        self, claim: Claim | None, render: Render[T] | None, work: Callable[[WebhookChanges], T]
    ) -> T | Replayed:
        """Do the work once for a claim; a repetition gets the answer kept."""

        def claimed(changes: WebhookChanges) -> T | Replayed:
            earlier = None if claim is None else changes.claim(claim)
            if earlier is not None:
                return earlier
            result = work(changes)
            if claim is not None and render is not None:
                changes.settle(claim, *render(result))
            return result

        return await self._store.change(claimed)

    def _domain_meant(self, reads: WebhookReads, principal: Principal, domain_id: str | None) -> str | None:
        wanted = domain_id or principal.domain_id
        if wanted is None:
            if principal.scope is Scope.SUPER_USER:
                return None
            raise errors.invalid("domain_id", "Name the domain; this credential reaches more than one.")
        domain = reads.domain(wanted)
        if domain is None or not self._sees_domain(principal, domain):
            raise errors.no_such_domain()
        return domain.id

    def _seen(self, reads: WebhookReads, principal: Principal, webhook_id: str) -> Webhook:
        webhook = reads.webhook(webhook_id)
        if webhook is None:
            raise errors.no_such_webhook()
        if webhook.domain_id is None:
            seen = principal.scope is Scope.SUPER_USER
        else:
            domain = reads.domain(webhook.domain_id)
            seen = domain is not None and self._sees_domain(principal, domain)
        if not seen:
            raise errors.no_such_webhook()
        return webhook


def _delivery_of(reads: WebhookReads, webhook: Webhook, delivery_id: str) -> Delivery:
    delivery = reads.delivery(delivery_id)
    if delivery is None or delivery.webhook_id != webhook.id:
        raise errors.no_such_delivery()
    return delivery


def _require_no_token(principal: Principal) -> None:
    """A stolen token soon ends; where events go must not be left behind by it."""
    if principal.kind == "token":
        raise errors.token_refused()


def _require_enabled(webhook: Webhook) -> None:
    if not webhook.enabled:
        raise errors.disabled()


def _description(text: str) -> str:
    text = text.strip()
    if len(text) > _MOST_DESCRIPTION or not text.isprintable():
        raise errors.invalid(
            "description", f"A description has at most {_MOST_DESCRIPTION} characters, in one line."
        )
    return text


def _event_types(types: Sequence[str], domain_id: str | None) -> tuple[str, ...]:
    """Each once, as asked for. domain_id: the webhook's; None gets what happens in operations."""
    if len(types) > _MOST_TYPES:
        raise errors.invalid("event_types", f"Name at most {_MOST_TYPES} types.")
    for at, one in enumerate(types):
        objection = event_types.objection(one, operations=domain_id is None)
        if objection is not None:
            raise errors.unknown_event_type(at, objection)
    return tuple(dict.fromkeys(types))


def _announce(
    changes: WebhookChanges, principal: Principal, what: str, webhook: Webhook, data: Mapping[str, object]
) -> None:
    changes.emit(NewEvent(webhook.stream, what, webhook.id, data, MANAGERS_ONLY))
    changes.record(principal, what, webhook.id, webhook.domain_id, data)
