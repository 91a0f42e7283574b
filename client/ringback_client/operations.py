"""Every operation of the API. Made by `generate.py` from the API's description; not edited by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Literal

from ringback_client import models
from ringback_client.transport import UNSET, Transport, Unset


class Operations(Transport):
    """One method an operation; arguments are the fields of its body and its query."""

    async def cancel_call(self, call_id: str) -> models.CallResource:
        """End a call in any state: 202 while it is being ended, 200 when it is over.

        Raises Problem, beyond the usual: call_not_found.
        """
        return await self._call(
            "POST",
            f"/v1/calls/{self._in_path(call_id)}:cancel",
            models.CallResource,
        )

    async def change_device(
        self,
        device_id: str,
        *,
        endpoint: str | Unset = UNSET,
        label: str | Unset = UNSET,
        is_default: bool | Unset = UNSET,
    ) -> models.DeviceResource:
        """Change a device; its own user may name it and make it the default.

        Raises Problem, beyond the usual: already_exists.
        """
        return await self._call(
            "PATCH",
            f"/v1/devices/{self._in_path(device_id)}",
            models.DeviceResource,
            body={"endpoint": endpoint, "label": label, "is_default": is_default},
        )

    async def change_domain(
        self,
        domain_id: str,
        *,
        name: str | Unset = UNSET,
        pbx: str | Unset = UNSET,
        dial_context: str | Unset = UNSET,
        region: str | Unset | None = UNSET,
        reseller_id: str | Unset | None = UNSET,
        sms_enabled: bool | Unset = UNSET,
        realm: str | Unset | None = UNSET,
    ) -> models.DomainResource:
        """Change a domain.

        Raises Problem, beyond the usual: already_exists.
        """
        return await self._call(
            "PATCH",
            f"/v1/domains/{self._in_path(domain_id)}",
            models.DomainResource,
            body={
                "name": name,
                "pbx": pbx,
                "dial_context": dial_context,
                "region": region,
                "reseller_id": reseller_id,
                "sms_enabled": sms_enabled,
                "realm": realm,
            },
        )

    async def change_number(
        self,
        number_id: str,
        *,
        carrier: str | Unset = UNSET,
        sms_enabled: bool | Unset = UNSET,
        user_ids: Sequence[str] | Unset = UNSET,
    ) -> models.NumberResource:
        """Say who uses a number, whether it texts, and (resellers) through which carrier."""
        return await self._call(
            "PATCH",
            f"/v1/numbers/{self._in_path(number_id)}",
            models.NumberResource,
            body={"carrier": carrier, "sms_enabled": sms_enabled, "user_ids": user_ids},
        )

    async def change_password(self, *, current_password: str, new_password: str) -> models.Ended:
        """Change one's own password; the other sessions end.

        Raises Problem, beyond the usual: login_failed, password_refused, rate_limited, session_required.
        """
        return await self._call(
            "POST",
            "/v1/me/password",
            models.Ended,
            body={"current_password": current_password, "new_password": new_password},
        )

    async def change_user(
        self,
        user_id: str,
        *,
        extension: str | Unset = UNSET,
        display_name: str | Unset = UNSET,
        sms_enabled: bool | Unset = UNSET,
        enabled: bool | Unset = UNSET,
        login: str | Unset | None = UNSET,
        role: Literal["basic_user", "office_manager", "reseller", "super_user"] | Unset = UNSET,
    ) -> models.UserResource:
        """Change a user; disabling one revokes its credentials.

        Raises Problem, beyond the usual: already_exists.
        """
        return await self._call(
            "PATCH",
            f"/v1/users/{self._in_path(user_id)}",
            models.UserResource,
            body={
                "extension": extension,
                "display_name": display_name,
                "sms_enabled": sms_enabled,
                "enabled": enabled,
                "login": login,
                "role": role,
            },
        )

    async def create_device(
        self,
        *,
        user_id: str,
        endpoint: str,
        label: str | Unset = UNSET,
        pbx: str | Unset | None = UNSET,
        is_default: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.DeviceResource:
        """Give a user a device.

        Raises Problem, beyond the usual: already_exists.
        """
        return await self._call(
            "POST",
            "/v1/devices",
            models.DeviceResource,
            body={
                "user_id": user_id,
                "endpoint": endpoint,
                "label": label,
                "pbx": pbx,
                "is_default": is_default,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def create_domain(
        self,
        *,
        name: str,
        pbx: str,
        dial_context: str,
        region: str | Unset | None = UNSET,
        reseller_id: str | Unset | None = UNSET,
        sms_enabled: bool | Unset = UNSET,
        realm: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.DomainResource:
        """Create a domain.

        Raises Problem, beyond the usual: already_exists.
        """
        return await self._call(
            "POST",
            "/v1/domains",
            models.DomainResource,
            body={
                "name": name,
                "pbx": pbx,
                "dial_context": dial_context,
                "region": region,
                "reseller_id": reseller_id,
                "sms_enabled": sms_enabled,
                "realm": realm,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def create_key(
        self,
        *,
        label: str,
        scope: Literal["basic_user", "office_manager", "reseller", "super_user"],
        domain_id: str | Unset | None = UNSET,
        reseller_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.IssuedKey:
        """Make a key.

        Raises Problem, beyond the usual: key_required.
        """
        return await self._call(
            "POST",
            "/v1/keys",
            models.IssuedKey,
            body={
                "label": label,
                "scope": scope,
                "domain_id": domain_id,
                "reseller_id": reseller_id,
                "user_id": user_id,
                "expires_at": expires_at,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def create_number(
        self,
        *,
        e164: str,
        carrier: str,
        domain_id: str | Unset | None = UNSET,
        sms_enabled: bool | Unset = UNSET,
        user_ids: Sequence[str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.NumberResource:
        """Bring a number into a domain.

        Raises Problem, beyond the usual: already_exists, invalid_number.
        """
        return await self._call(
            "POST",
            "/v1/numbers",
            models.NumberResource,
            body={
                "e164": e164,
                "carrier": carrier,
                "domain_id": domain_id,
                "sms_enabled": sms_enabled,
                "user_ids": user_ids,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def create_user(
        self,
        *,
        extension: str,
        display_name: str,
        domain_id: str | Unset | None = UNSET,
        sms_enabled: bool | Unset = UNSET,
        enabled: bool | Unset = UNSET,
        login: str | Unset | None = UNSET,
        role: Literal["basic_user", "office_manager", "reseller", "super_user"] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.UserResource:
        """Create a user.

        Raises Problem, beyond the usual: already_exists.
        """
        return await self._call(
            "POST",
            "/v1/users",
            models.UserResource,
            body={
                "extension": extension,
                "display_name": display_name,
                "domain_id": domain_id,
                "sms_enabled": sms_enabled,
                "enabled": enabled,
                "login": login,
                "role": role,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def delete_device(self, device_id: str) -> None:
        """Take a device away.

        Raises Problem, beyond the usual: in_use.
        """
        return await self._call(
            "DELETE",
            f"/v1/devices/{self._in_path(device_id)}",
            NoneType,
        )

    async def delete_domain(self, domain_id: str) -> None:
        """Delete a domain that has no users and no numbers.

        Raises Problem, beyond the usual: in_use.
        """
        return await self._call(
            "DELETE",
            f"/v1/domains/{self._in_path(domain_id)}",
            NoneType,
        )

    async def delete_number(self, number_id: str) -> None:
        """Take a number away; its conversations stay readable.

        Raises Problem, beyond the usual: in_use.
        """
        return await self._call(
            "DELETE",
            f"/v1/numbers/{self._in_path(number_id)}",
            NoneType,
        )

    async def delete_user(self, user_id: str) -> None:
        """Delete a user with its devices and credentials.

        Raises Problem, beyond the usual: in_use.
        """
        return await self._call(
            "DELETE",
            f"/v1/users/{self._in_path(user_id)}",
            NoneType,
        )

    async def end_other_sessions(self, *, user_id: str | Unset | None = UNSET) -> models.Ended:
        """End every session of a user but the one that asks."""
        return await self._call(
            "POST",
            "/v1/sessions:end-others",
            models.Ended,
            query={"user_id": user_id},
        )

    async def end_session(self, session_id: str) -> None:
        """End a session; its sockets are closed within 5 seconds."""
        return await self._call(
            "DELETE",
            f"/v1/sessions/{self._in_path(session_id)}",
            NoneType,
        )

    async def get_call(self, call_id: str) -> models.CallResource:
        """Read a call; an ended one stays readable.

        Raises Problem, beyond the usual: call_not_found.
        """
        return await self._call(
            "GET",
            f"/v1/calls/{self._in_path(call_id)}",
            models.CallResource,
        )

    async def get_call_log_entry(self, entry_id: str) -> models.CallLogResource:
        """Read an entry of the call log."""
        return await self._call(
            "GET",
            f"/v1/call-log/{self._in_path(entry_id)}",
            models.CallLogResource,
        )

    async def get_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Read a conversation."""
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}",
            models.ConversationResource,
        )

    async def get_device(self, device_id: str) -> models.DeviceResource:
        """Read a device."""
        return await self._call(
            "GET",
            f"/v1/devices/{self._in_path(device_id)}",
            models.DeviceResource,
        )

    async def get_domain(self, domain_id: str) -> models.DomainResource:
        """Read a domain."""
        return await self._call(
            "GET",
            f"/v1/domains/{self._in_path(domain_id)}",
            models.DomainResource,
        )

    async def get_key(self, key_id: str) -> models.KeyResource:
        """Read a key; never its secret."""
        return await self._call(
            "GET",
            f"/v1/keys/{self._in_path(key_id)}",
            models.KeyResource,
        )

    async def get_message(self, message_id: str) -> models.MessageResource:
        """Read a text and what became of it at each number."""
        return await self._call(
            "GET",
            f"/v1/messages/{self._in_path(message_id)}",
            models.MessageResource,
        )

    async def get_number(self, number_id: str) -> models.NumberResource:
        """Read a number."""
        return await self._call(
            "GET",
            f"/v1/numbers/{self._in_path(number_id)}",
            models.NumberResource,
        )

    async def get_user(self, user_id: str) -> models.UserResource:
        """Read a user."""
        return await self._call(
            "GET",
            f"/v1/users/{self._in_path(user_id)}",
            models.UserResource,
        )

    async def issue_ticket(self) -> models.Ticket:
        """Get a ticket that opens the event socket once, within seconds."""
        return await self._call(
            "POST",
            "/v1/events/tickets",
            models.Ticket,
        )

    async def list_audit(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.AuditList:
        """Read the audit log of a domain, or of what belongs to none.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/audit",
            models.AuditList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id},
        )

    async def list_call_log(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        direction: Literal["inbound", "outbound"] | Unset | None = UNSET,
        missed: bool | Unset | None = UNSET,
        seen: bool | Unset | None = UNSET,
        peer: str | Unset | None = UNSET,
    ) -> models.CallLogList:
        """List calls, newest first: one's own; for managers the domain's, or one user's.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/call-log",
            models.CallLogList,
            query={
                "limit": limit,
                "cursor": cursor,
                "domain_id": domain_id,
                "user_id": user_id,
                "direction": direction,
                "missed": missed,
                "seen": seen,
                "peer": peer,
            },
        )

    async def list_calls(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        status: Literal[
            "queued",
            "dialing_caller",
            "caller_ringing",
            "caller_answered",
            "prompting",
            "dialing_callee",
            "callee_ringing",
            "connected",
            "completed",
            "busy",
            "no_answer",
            "rejected",
            "canceled",
            "unreachable",
            "failed",
            "unknown",
        ]
        | Unset
        | None = UNSET,
        open: bool | Unset | None = UNSET,
        client_ref: str | Unset | None = UNSET,
        created_from: datetime | Unset | None = UNSET,
        created_before: datetime | Unset | None = UNSET,
    ) -> models.CallList:
        """List calls, newest first.

        Raises Problem, beyond the usual: domain_not_found, invalid_cursor, user_not_found.
        """
        return await self._call(
            "GET",
            "/v1/calls",
            models.CallList,
            query={
                "limit": limit,
                "cursor": cursor,
                "domain_id": domain_id,
                "user_id": user_id,
                "status": status,
                "open": open,
                "client_ref": client_ref,
                "created_from": created_from,
                "created_before": created_before,
            },
        )

    async def list_conversation_messages(
        self, conversation_id: str, *, limit: int | Unset = UNSET, cursor: str | Unset | None = UNSET
    ) -> models.MessageList:
        """What was said in a conversation, newest first.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}/messages",
            models.MessageList,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_conversations(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.ConversationList:
        """List conversations, latest activity first.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/conversations",
            models.ConversationList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id},
        )

    async def list_devices(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
    ) -> models.DeviceList:
        """List the devices of a domain or of one of its users."""
        return await self._call(
            "GET",
            "/v1/devices",
            models.DeviceList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id, "user_id": user_id},
        )

    async def list_domains(
        self, *, limit: int | Unset = UNSET, cursor: str | Unset | None = UNSET
    ) -> models.DomainList:
        """List the domains within reach."""
        return await self._call(
            "GET",
            "/v1/domains",
            models.DomainList,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_keys(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.KeyList:
        """List the keys of a domain, or those of no domain."""
        return await self._call(
            "GET",
            "/v1/keys",
            models.KeyList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id},
        )

    async def list_messages(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        conversation_id: str | Unset | None = UNSET,
        direction: Literal["outbound", "inbound", "internal"] | Unset | None = UNSET,
        peer: str | Unset | None = UNSET,
    ) -> models.MessageList:
        """List texts, newest first.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/messages",
            models.MessageList,
            query={
                "limit": limit,
                "cursor": cursor,
                "domain_id": domain_id,
                "conversation_id": conversation_id,
                "direction": direction,
                "peer": peer,
            },
        )

    async def list_numbers(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
    ) -> models.NumberList:
        """List the numbers of a domain or of one of its users."""
        return await self._call(
            "GET",
            "/v1/numbers",
            models.NumberList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id, "user_id": user_id},
        )

    async def list_presence(self, *, domain_id: str | Unset | None = UNSET) -> models.PresenceList:
        """Everybody in a domain: who is logged in, and what their phones do."""
        return await self._call(
            "GET",
            "/v1/presence",
            models.PresenceList,
            query={"domain_id": domain_id},
        )

    async def list_sessions(self, *, user_id: str | Unset | None = UNSET) -> models.SessionList:
        """List where one, or a user one manages, is logged in."""
        return await self._call(
            "GET",
            "/v1/sessions",
            models.SessionList,
            query={"user_id": user_id},
        )

    async def list_users(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.UserList:
        """List the users of a domain."""
        return await self._call(
            "GET",
            "/v1/users",
            models.UserList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id},
        )

    async def log_in(
        self,
        *,
        name: str,
        password: str,
        new_password: str | Unset | None = UNSET,
        give: Literal["secret", "cookie"] | Unset = UNSET,
    ) -> models.LoggedIn:
        """Log in.

        Raises Problem, beyond the usual: login_failed, password_change_required, password_refused,
        rate_limited.
        """
        return await self._call(
            "POST",
            "/v1/login",
            models.LoggedIn,
            body={"name": name, "password": password, "new_password": new_password, "give": give},
        )

    async def log_out(self) -> None:
        """End the session that asks.

        Raises Problem, beyond the usual: session_required.
        """
        return await self._call(
            "POST",
            "/v1/logout",
            NoneType,
        )

    async def mark_calls_seen(self, *, ids: Sequence[str] | Unset | None = UNSET) -> models.UnseenCalls:
        """Say that one knows of one's missed calls, of all or of these; how many are left.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "POST",
            "/v1/call-log:seen",
            models.UnseenCalls,
            body={"ids": ids},
        )

    async def mint_token(
        self,
        user_id: str,
        *,
        lifetime_s: int | Unset = UNSET,
        scope: Literal["basic_user", "office_manager", "reseller", "super_user"] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.IssuedToken:
        """Mint a short token for a user's page.

        Raises Problem, beyond the usual: key_required, user_disabled.
        """
        return await self._call(
            "POST",
            f"/v1/users/{self._in_path(user_id)}/tokens",
            models.IssuedToken,
            body={"lifetime_s": lifetime_s, "scope": scope},
            idempotency_key=self._key(idempotency_key),
        )

    async def own_presence(self) -> models.PresenceResource:
        """One's own presence.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me/presence",
            models.PresenceResource,
        )

    async def place_call(
        self,
        *,
        to: str,
        user_id: str | Unset | None = UNSET,
        device_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        caller_id: str | Unset | None = UNSET,
        prompt: Literal["none", "press_1"] | Unset = UNSET,
        auto_answer: bool | Unset = UNSET,
        all_devices: bool | Unset = UNSET,
        leg_a_timeout_s: int | Unset = UNSET,
        leg_b_timeout_s: int | Unset = UNSET,
        client_ref: str | Unset | None = UNSET,
        metadata: Mapping[str, object] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.CallResource:
        """Ring the user's phone, then the destination, and join them. Answers before any phone rings.

        Raises Problem, beyond the usual: auto_answer_not_possible, caller_id_not_allowed,
        destination_blocked, device_not_found, domain_not_found, international_disabled, invalid_number,
        no_device, no_such_extension, not_your_device, pbx_unavailable, rate_limited, self_call,
        shutting_down, user_disabled, user_not_found.
        """
        return await self._call(
            "POST",
            "/v1/calls",
            models.CallResource,
            body={
                "to": to,
                "user_id": user_id,
                "device_id": device_id,
                "domain_id": domain_id,
                "caller_id": caller_id,
                "prompt": prompt,
                "auto_answer": auto_answer,
                "all_devices": all_devices,
                "leg_a_timeout_s": leg_a_timeout_s,
                "leg_b_timeout_s": leg_b_timeout_s,
                "client_ref": client_ref,
                "metadata": metadata,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def read_description(self) -> models.Description:
        """This description."""
        return await self._call(
            "GET",
            "/openapi.json",
            models.Description,
        )

    async def read_events(
        self,
        *,
        cursor: str | Unset | None = UNSET,
        limit: int | Unset = UNSET,
        domains: str | Unset | None = UNSET,
    ) -> models.EventPage:
        """Read events, or upgrade to a WebSocket that pushes them.

        Raises Problem, beyond the usual: bad_handshake, invalid_cursor, rate_limited.
        """
        return await self._call(
            "GET",
            "/v1/events",
            models.EventPage,
            query={"cursor": cursor, "limit": limit, "domains": domains},
        )

    async def read_liveness(self) -> models.Alive:
        """Whether the process answers; says nothing of what it depends on."""
        return await self._call(
            "GET",
            "/health/live",
            models.Alive,
        )

    async def read_metrics(self) -> bytes:
        """Counters in Prometheus' text format."""
        return await self._call(
            "GET",
            "/metrics",
            bytes,
        )

    async def read_readiness(self) -> models.Readiness:
        """Whether to send work here, and what is down. 503 when something required is."""
        return await self._call(
            "GET",
            "/health/ready",
            models.Readiness,
        )

    async def reset_password(self, user_id: str) -> models.TemporaryPasswordResource:
        """Make a temporary password; the old one and the user's sessions end.

        Raises Problem, beyond the usual: key_required, no_realm, rate_limited.
        """
        return await self._call(
            "POST",
            f"/v1/users/{self._in_path(user_id)}:reset-password",
            models.TemporaryPasswordResource,
        )

    async def revoke_key(self, key_id: str) -> models.KeyResource:
        """Revoke a key and the tokens it minted; it stays listed."""
        return await self._call(
            "DELETE",
            f"/v1/keys/{self._in_path(key_id)}",
            models.KeyResource,
        )

    async def say(
        self,
        conversation_id: str,
        *,
        text: str,
        validity_s: int | Unset | None = UNSET,
        client_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.MessageResource:
        """Text every outside number of a conversation. 202 means it is on disk.

        Raises Problem, beyond the usual: client_id_reused, destination_blocked, invalid_number, no_route,
        not_an_sms_conversation, number_not_assigned, sms_disabled, text_empty, text_invalid, text_too_long.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}/messages",
            models.MessageResource,
            body={"text": text, "validity_s": validity_s, "client_id": client_id, "user_id": user_id},
            idempotency_key=self._key(idempotency_key),
        )

    async def send_message(
        self,
        *,
        from_: str,
        to: Sequence[str],
        text: str,
        class_: Literal["conversation", "bulk", "must_arrive"] | Unset = UNSET,
        validity_s: int | Unset | None = UNSET,
        client_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.MessageResource:
        """Send a text to each of the numbers. 202 means it is on disk.

        Raises Problem, beyond the usual: client_id_reused, destination_blocked, invalid_number, no_route,
        number_not_assigned, sms_disabled, text_empty, text_invalid, text_too_long.
        """
        return await self._call(
            "POST",
            "/v1/messages",
            models.MessageResource,
            body={
                "from": from_,
                "to": to,
                "text": text,
                "class": class_,
                "validity_s": validity_s,
                "client_id": client_id,
                "user_id": user_id,
                "domain_id": domain_id,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def send_messages(
        self, *, messages: Sequence[Mapping[str, object]], idempotency_key: str | None = None
    ) -> models.BatchResult:
        """Send up to 1,000 texts in one commit; each is answered by itself.

        Raises Problem, beyond the usual: client_id_reused, destination_blocked, invalid_number, no_route,
        number_not_assigned, sms_disabled, text_empty, text_invalid, text_too_long.
        """
        return await self._call(
            "POST",
            "/v1/messages:batch",
            models.BatchResult,
            body={"messages": messages},
            idempotency_key=self._key(idempotency_key),
        )

    async def set_presence(
        self,
        *,
        do_not_disturb: bool,
        status: Literal["available", "away", "busy", "in_a_meeting", "on_a_break"] | Unset = UNSET,
        text: str | Unset = UNSET,
        expires_at: datetime | Unset | None = UNSET,
    ) -> models.PresenceResource:
        """Set one's status, its text, and do-not-disturb.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "PUT",
            "/v1/me/presence",
            models.PresenceResource,
            body={"status": status, "text": text, "expires_at": expires_at, "do_not_disturb": do_not_disturb},
        )

    async def unseen_calls(self) -> models.UnseenCalls:
        """How many missed calls one does not know of yet.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/call-log:unseen",
            models.UnseenCalls,
        )
