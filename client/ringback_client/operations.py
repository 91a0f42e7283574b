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

    async def add_members(
        self, conversation_id: str, *, to: Sequence[Mapping[str, object]], share_history: bool | Unset = UNSET
    ) -> models.ConversationResource:
        """Let users into a chat, or outside numbers into a text thread.

        Raises Problem, beyond the usual: invalid_number, mixed_conversation, no_such_extension,
        number_not_assigned, sms_disabled, sms_disabled_for_user, user_disabled.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}/members",
            models.ConversationResource,
            body={"to": to, "share_history": share_history},
        )

    async def add_push_subscription(
        self, *, endpoint: str, keys: Mapping[str, object], expirationTime: float | Unset | None = UNSET
    ) -> models.PushSubscriptionResource:
        """Be told on this browser; the same one again says that its page is there.

        Raises Problem, beyond the usual: invalid_url, no_user, too_many_subscriptions.
        """
        return await self._call(
            "POST",
            "/v1/me/push-subscriptions",
            models.PushSubscriptionResource,
            body={"endpoint": endpoint, "keys": keys, "expirationTime": expirationTime},
        )

    async def assign_conversation(self, conversation_id: str, *, user_id: str) -> models.ConversationResource:
        """Give a text thread to another user of its number.

        Raises Problem, beyond the usual: already_claimed, not_an_sms_conversation, not_on_number.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:assign",
            models.ConversationResource,
            body={"user_id": user_id},
        )

    async def block_sender(
        self,
        *,
        peer: str,
        number: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.BlockedSenderResource:
        """Block a sender: what it texts from now on is kept and not shown.

        Raises Problem, beyond the usual: invalid_number.
        """
        return await self._call(
            "POST",
            "/v1/blocked-senders",
            models.BlockedSenderResource,
            body={"peer": peer, "number": number, "domain_id": domain_id},
            idempotency_key=self._key(idempotency_key),
        )

    async def call_usage(
        self,
        *,
        domain_id: str | Unset | None = UNSET,
        from_: str | Unset | None = UNSET,
        until: str | Unset | None = UNSET,
        group_by: str | Unset = UNSET,
    ) -> models.CallUsage:
        """Calls of a domain as its users had them, by day or whatever else."""
        return await self._call(
            "GET",
            "/v1/usage/calls",
            models.CallUsage,
            query={"domain_id": domain_id, "from": from_, "until": until, "group_by": group_by},
        )

    async def cancel_call(self, call_id: str) -> models.CallResource:
        """End a call in any state: 202 while it is being ended, 200 when it is over."""
        return await self._call(
            "POST",
            f"/v1/calls/{self._in_path(call_id)}:cancel",
            models.CallResource,
        )

    async def change_contact(
        self,
        contact_id: str,
        *,
        name: str | Unset = UNSET,
        numbers: Sequence[Mapping[str, object]] | Unset = UNSET,
        company: str | Unset = UNSET,
        email: str | Unset = UNSET,
        notes: str | Unset = UNSET,
        favourite: bool | Unset = UNSET,
    ) -> models.ContactResource:
        """Change a contact, or make it a favourite of yours.

        Raises Problem, beyond the usual: invalid_number, no_such_extension, shared_contacts_read_only.
        """
        return await self._call(
            "PATCH",
            f"/v1/contacts/{self._in_path(contact_id)}",
            models.ContactResource,
            body={
                "name": name,
                "numbers": numbers,
                "company": company,
                "email": email,
                "notes": notes,
                "favourite": favourite,
            },
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

    async def change_domain_settings(
        self,
        domain_id: str,
        *,
        sms_enabled: bool | Unset = UNSET,
        region: str | Unset | None = UNSET,
        desk_phone_chat: bool | Unset = UNSET,
        users_edit_shared_contacts: bool | Unset = UNSET,
        edit_within_s: int | Unset = UNSET,
        webhook_content: bool | Unset = UNSET,
        time_zone: str | Unset = UNSET,
        keep_messages_days: int | Unset | None = UNSET,
        keep_calls_days: int | Unset | None = UNSET,
        keep_voicemails_days: int | Unset | None = UNSET,
        keep_attachments_days: int | Unset | None = UNSET,
        voicemail_context: str | Unset = UNSET,
    ) -> models.DomainSettingsResource:
        """Change settings of a domain."""
        return await self._call(
            "PATCH",
            f"/v1/domains/{self._in_path(domain_id)}/settings",
            models.DomainSettingsResource,
            body={
                "sms_enabled": sms_enabled,
                "region": region,
                "desk_phone_chat": desk_phone_chat,
                "users_edit_shared_contacts": users_edit_shared_contacts,
                "edit_within_s": edit_within_s,
                "webhook_content": webhook_content,
                "time_zone": time_zone,
                "keep_messages_days": keep_messages_days,
                "keep_calls_days": keep_calls_days,
                "keep_voicemails_days": keep_voicemails_days,
                "keep_attachments_days": keep_attachments_days,
                "voicemail_context": voicemail_context,
            },
        )

    async def change_me(self, *, email: str | Unset | None = UNSET) -> models.MeResource:
        """Change what one may change of one's own user: where one gets mail.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "PATCH",
            "/v1/me",
            models.MeResource,
            body={"email": email},
        )

    async def change_my_notifications(
        self,
        *,
        sound: Literal["chime", "bell", "drop", "knock", "none"] | Unset = UNSET,
        desktop: bool | Unset = UNSET,
        push: bool | Unset = UNSET,
        email: bool | Unset = UNSET,
        email_after_minutes: int | Unset = UNSET,
        email_language: Literal["en", "de"] | Unset = UNSET,
        preview: Literal["full", "sender", "nothing"] | Unset = UNSET,
        working_hours: Mapping[str, object] | Unset | None = UNSET,
        chats: bool | Unset = UNSET,
        texts: bool | Unset = UNSET,
        voicemails: bool | Unset = UNSET,
        missed_calls: bool | Unset = UNSET,
    ) -> models.NotificationSettingsResource:
        """Change how one is told of what happens.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "PATCH",
            "/v1/me/notifications",
            models.NotificationSettingsResource,
            body={
                "sound": sound,
                "desktop": desktop,
                "push": push,
                "email": email,
                "email_after_minutes": email_after_minutes,
                "email_language": email_language,
                "preview": preview,
                "working_hours": working_hours,
                "chats": chats,
                "texts": texts,
                "voicemails": voicemails,
                "missed_calls": missed_calls,
            },
        )

    async def change_my_settings(self, *, desk_phone_chat: bool | Unset = UNSET) -> models.MySettings:
        """Change one's own settings.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "PATCH",
            "/v1/me/settings",
            models.MySettings,
            body={"desk_phone_chat": desk_phone_chat},
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

    async def change_quick_reply(
        self, quick_reply_id: str, *, text: str | Unset = UNSET, title: str | Unset = UNSET
    ) -> models.QuickReplyResource:
        """Change a text kept ready.

        Raises Problem, beyond the usual: shared_quick_replies_read_only, text_empty, text_invalid,
        text_too_long.
        """
        return await self._call(
            "PATCH",
            f"/v1/quick-replies/{self._in_path(quick_reply_id)}",
            models.QuickReplyResource,
            body={"text": text, "title": title},
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
        email: str | Unset | None = UNSET,
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
                "email": email,
            },
        )

    async def change_voicemail(
        self,
        voicemail_id: str,
        *,
        heard: bool | Unset = UNSET,
        folder: Literal[
            "inbox", "urgent", "old", "work", "family", "friends", "cust1", "cust2", "cust3", "cust4", "cust5"
        ]
        | Unset = UNSET,
    ) -> models.VoicemailResource:
        """Mark a voicemail as heard or not, or move it to a folder; its phones' lamps follow.

        Raises Problem, beyond the usual: no_user, outcome_unknown, pbx_unavailable, voicemail_not_changeable,
        voicemail_refused.
        """
        return await self._call(
            "PATCH",
            f"/v1/voicemails/{self._in_path(voicemail_id)}",
            models.VoicemailResource,
            body={"heard": heard, "folder": folder},
        )

    async def chat_usage(
        self,
        *,
        domain_id: str | Unset | None = UNSET,
        from_: str | Unset | None = UNSET,
        until: str | Unset | None = UNSET,
        group_by: str | Unset = UNSET,
    ) -> models.ChatUsage:
        """What was said in chats of a domain, by day or user."""
        return await self._call(
            "GET",
            "/v1/usage/chats",
            models.ChatUsage,
            query={"domain_id": domain_id, "from": from_, "until": until, "group_by": group_by},
        )

    async def claim_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Take a text thread that nobody has. Of two who ask at once, one gets it.

        Raises Problem, beyond the usual: already_claimed, no_user, not_an_sms_conversation,
        number_not_assigned.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:claim",
            models.ConversationResource,
        )

    async def conversation_history(
        self,
        conversation_id: str,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        type: Literal["message", "notice", "call", "voicemail"] | Unset | None = UNSET,
        direction: Literal["outbound", "inbound", "internal"] | Unset | None = UNSET,
        author: str | Unset | None = UNSET,
        from_: datetime | Unset | None = UNSET,
        until: datetime | Unset | None = UNSET,
        has_attachment: bool | Unset | None = UNSET,
        q: str | Unset | None = UNSET,
    ) -> models.Timeline:
        """Items of a conversation that fit, newest first; a page may be short and still have a next one.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}/history",
            models.Timeline,
            query={
                "limit": limit,
                "cursor": cursor,
                "type": type,
                "direction": direction,
                "author": author,
                "from": from_,
                "until": until,
                "has_attachment": has_attachment,
                "q": q,
            },
        )

    async def conversation_timeline(
        self,
        conversation_id: str,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        around: str | Unset | None = UNSET,
        after: str | Unset | None = UNSET,
    ) -> models.Timeline:
        """Messages, notices and calls of a conversation, newest first.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}/timeline",
            models.Timeline,
            query={"limit": limit, "cursor": cursor, "around": around, "after": after},
        )

    async def create_contact(
        self,
        *,
        name: str,
        numbers: Sequence[Mapping[str, object]] | Unset = UNSET,
        company: str | Unset = UNSET,
        email: str | Unset = UNSET,
        notes: str | Unset = UNSET,
        favourite: bool | Unset = UNSET,
        shared: bool | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.ContactResource:
        """Save a contact.

        Raises Problem, beyond the usual: invalid_number, no_such_extension, shared_contacts_read_only,
        too_many_contacts.
        """
        return await self._call(
            "POST",
            "/v1/contacts",
            models.ContactResource,
            body={
                "name": name,
                "numbers": numbers,
                "company": company,
                "email": email,
                "notes": notes,
                "favourite": favourite,
                "shared": shared,
                "domain_id": domain_id,
            },
            idempotency_key=self._key(idempotency_key),
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

    async def create_quick_reply(
        self,
        *,
        text: str,
        title: str | Unset = UNSET,
        shared: bool | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.QuickReplyResource:
        """Keep a text ready. Shared ones take an office manager.

        Raises Problem, beyond the usual: no_user, shared_quick_replies_read_only, text_empty, text_invalid,
        text_too_long, too_many_quick_replies.
        """
        return await self._call(
            "POST",
            "/v1/quick-replies",
            models.QuickReplyResource,
            body={"text": text, "title": title, "shared": shared, "domain_id": domain_id},
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
        email: str | Unset | None = UNSET,
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
                "email": email,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def create_webhook(
        self,
        *,
        url: str,
        description: str | Unset = UNSET,
        event_types: Sequence[
            Literal[
                "blocked_sender.*",
                "blocked_sender.created",
                "blocked_sender.deleted",
                "call.*",
                "call.updated",
                "call_log.*",
                "call_log.created",
                "call_log.seen",
                "call_log.updated",
                "carrier.*",
                "carrier.bind_changed",
                "consent.*",
                "consent.updated",
                "contact.*",
                "contact.created",
                "contact.deleted",
                "contact.imported",
                "contact.updated",
                "conversation.*",
                "conversation.created",
                "conversation.updated",
                "device.*",
                "device.created",
                "device.deleted",
                "device.updated",
                "domain.*",
                "domain.settings_updated",
                "domain.updated",
                "inbound.*",
                "inbound.unrouted",
                "key.*",
                "key.created",
                "key.revoked",
                "message.*",
                "message.blocked",
                "message.created",
                "message.updated",
                "number.*",
                "number.created",
                "number.deleted",
                "number.updated",
                "password.*",
                "password.changed",
                "password.reset",
                "presence.*",
                "presence.updated",
                "quick_reply.*",
                "quick_reply.created",
                "quick_reply.deleted",
                "quick_reply.updated",
                "session.*",
                "session.ended",
                "session.started",
                "token.*",
                "token.minted",
                "user.*",
                "user.created",
                "user.deleted",
                "user.mailbox_updated",
                "user.settings_updated",
                "user.updated",
                "webhook.*",
                "webhook.created",
                "webhook.deleted",
                "webhook.disabled",
                "webhook.secret_rotated",
                "webhook.updated",
            ]
        ]
        | Unset = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.IssuedWebhookResource:
        """Have events sent to an address from now on. A super user who names no domain gets operations.

        Raises Problem, beyond the usual: invalid_url, key_required, too_many_webhooks, unknown_event_type.
        """
        return await self._call(
            "POST",
            "/v1/webhooks",
            models.IssuedWebhookResource,
            body={"url": url, "description": description, "event_types": event_types, "domain_id": domain_id},
            idempotency_key=self._key(idempotency_key),
        )

    async def delete_attachment(self, attachment_id: str) -> None:
        """Withdraw a file, sent or not: nobody can read it from now on, and links to it are dead.

        Raises Problem, beyond the usual: attachment_gone, not_your_attachment.
        """
        return await self._call(
            "DELETE",
            f"/v1/attachments/{self._in_path(attachment_id)}",
            NoneType,
        )

    async def delete_contact(self, contact_id: str) -> None:
        """Delete a contact; conversations and calls with its numbers stay.

        Raises Problem, beyond the usual: shared_contacts_read_only.
        """
        return await self._call(
            "DELETE",
            f"/v1/contacts/{self._in_path(contact_id)}",
            NoneType,
        )

    async def delete_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Delete a conversation for oneself, until something new is said in it.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:delete",
            models.ConversationResource,
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

    async def delete_quick_reply(self, quick_reply_id: str) -> None:
        """Delete a text kept ready.

        Raises Problem, beyond the usual: shared_quick_replies_read_only.
        """
        return await self._call(
            "DELETE",
            f"/v1/quick-replies/{self._in_path(quick_reply_id)}",
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

    async def delete_user_mailbox(self, user_id: str) -> None:
        """Take a user's mailbox away; its messages stay on the PBX."""
        return await self._call(
            "DELETE",
            f"/v1/users/{self._in_path(user_id)}/mailbox",
            NoneType,
        )

    async def delete_voicemail(self, voicemail_id: str) -> None:
        """Delete a voicemail, on the PBX too.

        Raises Problem, beyond the usual: no_user, outcome_unknown, pbx_unavailable, voicemail_not_changeable,
        voicemail_refused.
        """
        return await self._call(
            "DELETE",
            f"/v1/voicemails/{self._in_path(voicemail_id)}",
            NoneType,
        )

    async def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook with what is known of its deliveries."""
        return await self._call(
            "DELETE",
            f"/v1/webhooks/{self._in_path(webhook_id)}",
            NoneType,
        )

    async def edit_message(self, message_id: str, *, text: str) -> models.MessageResource:
        """Edit what one said in a chat, as long as the domain allows it.

        Raises Problem, beyond the usual: message_deleted, not_a_chat_message, not_your_message, text_empty,
        text_invalid, text_too_long, too_late_to_edit.
        """
        return await self._call(
            "PATCH",
            f"/v1/messages/{self._in_path(message_id)}",
            models.MessageResource,
            body={"text": text},
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

    async def erase_person(
        self,
        *,
        user_id: str | Unset | None = UNSET,
        number: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.ErasureResource:
        """Erase a user or an outside number: everything that names them goes. There is no way back.

        Raises Problem, beyond the usual: invalid_number.
        """
        return await self._call(
            "POST",
            "/v1/erasures",
            models.ErasureResource,
            body={"user_id": user_id, "number": number, "domain_id": domain_id},
        )

    async def explain_conversation(
        self,
        *,
        to: Sequence[Mapping[str, object]],
        from_: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.ExplanationResource:
        """What starting a conversation would do, without doing it.

        Raises Problem, beyond the usual: invalid_number, mixed_conversation, no_such_extension,
        number_not_assigned, sms_disabled, sms_disabled_for_user, user_disabled.
        """
        return await self._call(
            "POST",
            "/v1/conversations:explain",
            models.ExplanationResource,
            body={"to": to, "from": from_, "name": name, "user_id": user_id, "domain_id": domain_id},
        )

    async def explain_message(
        self,
        *,
        from_: str,
        to: Sequence[str] | Unset = UNSET,
        text: str | Unset = UNSET,
        user_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        attachment_ids: Sequence[str] | Unset = UNSET,
    ) -> models.OutlookResource:
        """What sending would do: coding, segments, carrier, consent; nothing is sent or stored.

        Raises Problem, beyond the usual: invalid_number, number_not_assigned.
        """
        return await self._call(
            "POST",
            "/v1/messages:explain",
            models.OutlookResource,
            body={
                "from": from_,
                "to": to,
                "text": text,
                "user_id": user_id,
                "domain_id": domain_id,
                "attachment_ids": attachment_ids,
            },
        )

    async def export_contacts(
        self,
        *,
        format: Literal["csv", "vcard"] | Unset = UNSET,
        vcard_version: Literal["3.0", "4.0"] | Unset = UNSET,
        shared: bool | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> bytes:
        """The contacts you see, by name, as a CSV or vCard file."""
        return await self._call(
            "GET",
            "/v1/contacts:export",
            bytes,
            query={
                "format": format,
                "vcard_version": vcard_version,
                "shared": shared,
                "domain_id": domain_id,
            },
        )

    async def export_conversation(
        self,
        conversation_id: str,
        *,
        format: Literal["json", "csv", "pdf"] | Unset = UNSET,
        from_: datetime | Unset | None = UNSET,
        until: datetime | Unset | None = UNSET,
    ) -> bytes:
        """All one may see of a conversation as a file, oldest first.

        Raises Problem, beyond the usual: export_too_large, rate_limited.
        """
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}:export",
            bytes,
            query={"format": format, "from": from_, "until": until},
        )

    async def export_me(self) -> bytes:
        """Everything of one's own as one JSON file: account, contacts, calls, threads.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me:export",
            bytes,
        )

    async def export_usage(
        self,
        *,
        of: Literal["text", "chat", "call"],
        domain_id: str | Unset | None = UNSET,
        from_: str | Unset | None = UNSET,
        until: str | Unset | None = UNSET,
        group_by: str | Unset = UNSET,
    ) -> bytes:
        """The same sums as a CSV file."""
        return await self._call(
            "GET",
            "/v1/usage:export",
            bytes,
            query={"domain_id": domain_id, "from": from_, "until": until, "group_by": group_by, "of": of},
        )

    async def finish_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Say that a text thread needs nobody until the next text comes in.

        Raises Problem, beyond the usual: not_an_sms_conversation.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:done",
            models.ConversationResource,
        )

    async def forward_voicemail(
        self, voicemail_id: str, *, user_id: str, idempotency_key: str | None = None
    ) -> models.VoicemailResource:
        """Copy a voicemail into the mailbox of another user of the domain.

        Raises Problem, beyond the usual: no_mailbox, no_user, outcome_unknown, pbx_unavailable,
        voicemail_not_changeable, voicemail_refused.
        """
        return await self._call(
            "POST",
            f"/v1/voicemails/{self._in_path(voicemail_id)}:forward",
            models.VoicemailResource,
            body={"user_id": user_id},
            idempotency_key=self._key(idempotency_key),
        )

    async def get_attachment(self, attachment_id: str) -> models.AttachmentResource:
        """What a file is: its name, type, size, and the message it was sent with.

        Raises Problem, beyond the usual: attachment_gone.
        """
        return await self._call(
            "GET",
            f"/v1/attachments/{self._in_path(attachment_id)}",
            models.AttachmentResource,
        )

    async def get_blocked_sender(self, blocked_sender_id: str) -> models.BlockedSenderResource:
        """Read a block."""
        return await self._call(
            "GET",
            f"/v1/blocked-senders/{self._in_path(blocked_sender_id)}",
            models.BlockedSenderResource,
        )

    async def get_call(self, call_id: str) -> models.CallResource:
        """Read a call; an ended one stays readable."""
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

    async def get_consent(self, *, number: str, peer: str) -> models.ConsentResource:
        """Whether an outside number lets one of ours text it.

        Raises Problem, beyond the usual: invalid_number.
        """
        return await self._call(
            "GET",
            "/v1/consents/pair",
            models.ConsentResource,
            query={"number": number, "peer": peer},
        )

    async def get_contact(self, contact_id: str) -> models.ContactResource:
        """Read a contact."""
        return await self._call(
            "GET",
            f"/v1/contacts/{self._in_path(contact_id)}",
            models.ContactResource,
        )

    async def get_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Read a conversation."""
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}",
            models.ConversationResource,
        )

    async def get_delivery(self, webhook_id: str, delivery_id: str) -> models.DeliveryResource:
        """Read what became of one event."""
        return await self._call(
            "GET",
            f"/v1/webhooks/{self._in_path(webhook_id)}/deliveries/{self._in_path(delivery_id)}",
            models.DeliveryResource,
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

    async def get_domain_settings(self, domain_id: str) -> models.DomainSettingsResource:
        """Read the settings of a domain."""
        return await self._call(
            "GET",
            f"/v1/domains/{self._in_path(domain_id)}/settings",
            models.DomainSettingsResource,
        )

    async def get_draft(self, conversation_id: str) -> models.DraftResource:
        """Read what one has written in a conversation and not sent.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}/draft",
            models.DraftResource,
        )

    async def get_erasure(self, erasure_id: str) -> models.ErasureResource:
        """Read the report of an erasure."""
        return await self._call(
            "GET",
            f"/v1/erasures/{self._in_path(erasure_id)}",
            models.ErasureResource,
        )

    async def get_key(self, key_id: str) -> models.KeyResource:
        """Read a key; never its secret."""
        return await self._call(
            "GET",
            f"/v1/keys/{self._in_path(key_id)}",
            models.KeyResource,
        )

    async def get_message(self, message_id: str) -> models.MessageResource:
        """Read a message: a text with what became of it at each number, or what was said in a chat."""
        return await self._call(
            "GET",
            f"/v1/messages/{self._in_path(message_id)}",
            models.MessageResource,
        )

    async def get_missed(self, *, limit: int | Unset = UNSET) -> models.MissedResource:
        """Sum up what one has missed, with the first items of each kind.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me/missed",
            models.MissedResource,
            query={"limit": limit},
        )

    async def get_my_notifications(self) -> models.NotificationSettingsResource:
        """Read how one is told of what happens.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me/notifications",
            models.NotificationSettingsResource,
        )

    async def get_my_settings(self) -> models.MySettings:
        """Read one's own settings.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me/settings",
            models.MySettings,
        )

    async def get_number(self, number_id: str) -> models.NumberResource:
        """Read a number."""
        return await self._call(
            "GET",
            f"/v1/numbers/{self._in_path(number_id)}",
            models.NumberResource,
        )

    async def get_out_of_office(self) -> models.AbsenceResource:
        """Read what is answered while one is away.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me/out-of-office",
            models.AbsenceResource,
        )

    async def get_push_key(self) -> models.PushKey:
        """Read the key a page subscribes to pushes with."""
        return await self._call(
            "GET",
            "/v1/push-key",
            models.PushKey,
        )

    async def get_quick_reply(self, quick_reply_id: str) -> models.QuickReplyResource:
        """Read a text kept ready."""
        return await self._call(
            "GET",
            f"/v1/quick-replies/{self._in_path(quick_reply_id)}",
            models.QuickReplyResource,
        )

    async def get_thread_notifications(self, conversation_id: str) -> models.ThreadNotificationsResource:
        """Read how one is told of one conversation.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}/notifications",
            models.ThreadNotificationsResource,
        )

    async def get_user(self, user_id: str) -> models.UserResource:
        """Read a user."""
        return await self._call(
            "GET",
            f"/v1/users/{self._in_path(user_id)}",
            models.UserResource,
        )

    async def get_user_mailbox(self, user_id: str) -> models.MailboxResource:
        """Read which mailbox a user has."""
        return await self._call(
            "GET",
            f"/v1/users/{self._in_path(user_id)}/mailbox",
            models.MailboxResource,
        )

    async def get_voicemail(self, voicemail_id: str) -> models.VoicemailResource:
        """Read a voicemail.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            f"/v1/voicemails/{self._in_path(voicemail_id)}",
            models.VoicemailResource,
        )

    async def get_webhook(self, webhook_id: str) -> models.WebhookResource:
        """Read a webhook; never its secret."""
        return await self._call(
            "GET",
            f"/v1/webhooks/{self._in_path(webhook_id)}",
            models.WebhookResource,
        )

    async def hear_voicemail(self, voicemail_id: str) -> bytes:
        """Hear a voicemail: wav with PCM, also in parts (Range, If-Range).

        Raises Problem, beyond the usual: If-Range)., also in parts (Range, no_user, range_not_satisfiable,
        voicemail_not_playable, voicemail_unavailable, wav with PCM.
        """
        return await self._call(
            "GET",
            f"/v1/voicemails/{self._in_path(voicemail_id)}/audio",
            bytes,
        )

    async def import_contacts(
        self,
        body: bytes,
        *,
        shared: bool | Unset | None = UNSET,
        dry_run: bool | Unset = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.ImportResource:
        """Take in the contacts of a CSV or vCard file of at most 5 MiB.

        Raises Problem, beyond the usual: import_unreadable, shared_contacts_read_only, too_many_contacts.
        """
        return await self._call(
            "POST",
            "/v1/contacts:import",
            models.ImportResource,
            query={"shared": shared, "dry_run": dry_run, "domain_id": domain_id},
            raw=(body, "text/csv"),
        )

    async def import_numbers(
        self,
        *,
        numbers: Sequence[Mapping[str, object]],
        dry_run: bool | Unset = UNSET,
        skip_bad: bool | Unset = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.BulkImportResource:
        """Create or update up to 5,000 numbers, and say who uses them by extension.

        Raises Problem, beyond the usual: already_exists, import_refused, import_unreadable.
        """
        return await self._call(
            "POST",
            "/v1/numbers:import",
            models.BulkImportResource,
            query={"dry_run": dry_run, "skip_bad": skip_bad, "domain_id": domain_id},
            body={"numbers": numbers},
        )

    async def import_users(
        self,
        *,
        users: Sequence[Mapping[str, object]],
        dry_run: bool | Unset = UNSET,
        skip_bad: bool | Unset = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.BulkImportResource:
        """Create or update up to 5,000 users by extension, with their devices.

        Raises Problem, beyond the usual: already_exists, import_refused, import_unreadable.
        """
        return await self._call(
            "POST",
            "/v1/users:import",
            models.BulkImportResource,
            query={"dry_run": dry_run, "skip_bad": skip_bad, "domain_id": domain_id},
            body={"users": users},
        )

    async def issue_ticket(self) -> models.Ticket:
        """Get a ticket that opens the event socket once, within seconds."""
        return await self._call(
            "POST",
            "/v1/events/tickets",
            models.Ticket,
        )

    async def leave_conversation(self, conversation_id: str) -> models.LeftResource:
        """Leave a group chat, or a text thread that others get as well; the answer says what that meant.

        Raises Problem, beyond the usual: direct_chat, last_member, no_user.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:leave",
            models.LeftResource,
        )

    async def link_file(self, link_token: str, place: str) -> bytes:
        """A file behind a link in a text, also in parts.

        Raises Problem, beyond the usual: attachment_gone, files_unavailable, range_not_satisfiable.
        """
        return await self._call(
            "GET",
            f"/a/{self._in_path(link_token)}/{self._in_path(place)}",
            bytes,
        )

    async def link_page(self, link_token: str) -> bytes:
        """The page behind a link in a text: which files there are. Looking costs no download.

        Raises Problem, beyond the usual: which files there are. Looking costs no download..
        """
        return await self._call(
            "GET",
            f"/a/{self._in_path(link_token)}",
            bytes,
        )

    async def link_thumbnail(self, link_token: str, place: str) -> bytes:
        """An image behind a link in a text, small.

        Raises Problem, beyond the usual: attachment_gone, files_unavailable, range_not_satisfiable.
        """
        return await self._call(
            "GET",
            f"/a/{self._in_path(link_token)}/{self._in_path(place)}/thumbnail",
            bytes,
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

    async def list_blocked_senders(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.BlockedSenderList:
        """List blocked senders; their texts are at /v1/messages?blocked=true.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/blocked-senders",
            models.BlockedSenderList,
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

        Raises Problem, beyond the usual: invalid_cursor.
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

    async def list_consents(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        number: str | Unset | None = UNSET,
        peer: str | Unset | None = UNSET,
        action: Literal["stop", "start", "help", "set"] | Unset | None = UNSET,
    ) -> models.ConsentLedger:
        """The ledger: who opted out or in, when, why and by which text; newest first.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/consents",
            models.ConsentLedger,
            query={
                "limit": limit,
                "cursor": cursor,
                "domain_id": domain_id,
                "number": number,
                "peer": peer,
                "action": action,
            },
        )

    async def list_contacts(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        shared: bool | Unset | None = UNSET,
        favourite: bool | Unset | None = UNSET,
    ) -> models.ContactList:
        """List the contacts you see, by name.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/contacts",
            models.ContactList,
            query={
                "limit": limit,
                "cursor": cursor,
                "domain_id": domain_id,
                "shared": shared,
                "favourite": favourite,
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
        kind: Literal["chat", "sms"] | Unset | None = UNSET,
        state: Literal["open", "done"] | Unset | None = UNSET,
        unread: bool | Unset | None = UNSET,
        mine: bool | Unset = UNSET,
        deleted: bool | Unset = UNSET,
        claimed_by: str | Unset | None = UNSET,
    ) -> models.ConversationList:
        """List conversations, latest activity first, with what is unread and what was said last.

        Raises Problem, beyond the usual: invalid_cursor, no_user.
        """
        return await self._call(
            "GET",
            "/v1/conversations",
            models.ConversationList,
            query={
                "limit": limit,
                "cursor": cursor,
                "domain_id": domain_id,
                "kind": kind,
                "state": state,
                "unread": unread,
                "mine": mine,
                "deleted": deleted,
                "claimed_by": claimed_by,
            },
        )

    async def list_deliveries(
        self,
        webhook_id: str,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        state: Literal["waiting", "delivered", "dead"] | Unset | None = UNSET,
    ) -> models.DeliveryList:
        """List deliveries: those that wait for another attempt, were given up, or arrived lately."""
        return await self._call(
            "GET",
            f"/v1/webhooks/{self._in_path(webhook_id)}/deliveries",
            models.DeliveryList,
            query={"limit": limit, "cursor": cursor, "state": state},
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

    async def list_erasures(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
    ) -> models.ErasureList:
        """List erasures, newest first.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/erasures",
            models.ErasureList,
            query={"limit": limit, "cursor": cursor, "domain_id": domain_id},
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

    async def list_keyword_answers(
        self, *, domain_id: str | Unset | None = UNSET
    ) -> models.KeywordAnswersList:
        """What STOP, START and HELP are answered with."""
        return await self._call(
            "GET",
            "/v1/keyword-answers",
            models.KeywordAnswersList,
            query={"domain_id": domain_id},
        )

    async def list_mailboxes(self, *, domain_id: str | Unset | None = UNSET) -> models.MailboxList:
        """List mailboxes with their counts: one's own; for managers the domain's."""
        return await self._call(
            "GET",
            "/v1/mailboxes",
            models.MailboxList,
            query={"domain_id": domain_id},
        )

    async def list_messages(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        conversation_id: str | Unset | None = UNSET,
        direction: Literal["outbound", "inbound"] | Unset | None = UNSET,
        peer: str | Unset | None = UNSET,
        blocked: bool | Unset = UNSET,
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
                "blocked": blocked,
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

    async def list_push_subscriptions(self) -> models.PushSubscriptionList:
        """List the browsers one is told on by push, the one used last first.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/me/push-subscriptions",
            models.PushSubscriptionList,
        )

    async def list_quick_replies(self, *, domain_id: str | Unset | None = UNSET) -> models.QuickReplyList:
        """List the texts one has ready: one's own and the shared ones, by title."""
        return await self._call(
            "GET",
            "/v1/quick-replies",
            models.QuickReplyList,
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

    async def list_voicemails(
        self,
        *,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        mailbox_id: str | Unset | None = UNSET,
        folder: Literal[
            "inbox", "urgent", "old", "work", "family", "friends", "cust1", "cust2", "cust3", "cust4", "cust5"
        ]
        | Unset
        | None = UNSET,
        heard: bool | Unset | None = UNSET,
        conversation_id: str | Unset | None = UNSET,
    ) -> models.VoicemailList:
        """List the voicemails of one's own mailbox, newest first.

        Raises Problem, beyond the usual: invalid_cursor, no_user.
        """
        return await self._call(
            "GET",
            "/v1/voicemails",
            models.VoicemailList,
            query={
                "limit": limit,
                "cursor": cursor,
                "mailbox_id": mailbox_id,
                "folder": folder,
                "heard": heard,
                "conversation_id": conversation_id,
            },
        )

    async def list_webhooks(self, *, domain_id: str | Unset | None = UNSET) -> models.WebhookList:
        """List the webhooks of a domain; for a super user who names none, those of operations."""
        return await self._call(
            "GET",
            "/v1/webhooks",
            models.WebhookList,
            query={"domain_id": domain_id},
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

    async def mark_conversation_unread(self, conversation_id: str) -> models.ConversationResource:
        """Mark a conversation as unread, until it is read next.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:unread",
            models.ConversationResource,
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

    async def move_message(self, message_id: str, *, conversation_id: str | None) -> models.MessageResource:
        """Put a text that came in into another conversation over the same number.

        Raises Problem, beyond the usual: not_movable.
        """
        return await self._call(
            "POST",
            f"/v1/messages/{self._in_path(message_id)}:move",
            models.MessageResource,
            body={"conversation_id": conversation_id},
        )

    async def mute_conversation(
        self, conversation_id: str, *, muted: bool, until: datetime | Unset | None = UNSET
    ) -> models.ConversationResource:
        """Turn notifications of a conversation off or on, for oneself.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:mute",
            models.ConversationResource,
            body={"muted": muted, "until": until},
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
        destination_blocked, international_disabled, invalid_number, minutes_used_up, no_device,
        no_such_extension, not_your_device, off_hours_burst, pbx_unavailable, rate_limited, self_call,
        shutting_down, user_disabled.
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

    async def put_draft(
        self, conversation_id: str, *, text: str, at: datetime | Unset | None = UNSET
    ) -> models.DraftResource:
        """Keep what one is writing; the answer is the draft there is then. Sending takes it away.

        Raises Problem, beyond the usual: no_user, text_invalid, text_too_long.
        """
        return await self._call(
            "PUT",
            f"/v1/conversations/{self._in_path(conversation_id)}/draft",
            models.DraftResource,
            body={"text": text, "at": at},
        )

    async def put_out_of_office(
        self,
        *,
        enabled: bool,
        text: str | Unset = UNSET,
        from_: datetime | Unset | None = UNSET,
        until: datetime | Unset | None = UNSET,
    ) -> models.AbsenceResource:
        """Say what is answered while one is away, and when; or that nothing is.

        Raises Problem, beyond the usual: no_user, text_empty, text_invalid, text_too_long.
        """
        return await self._call(
            "PUT",
            "/v1/me/out-of-office",
            models.AbsenceResource,
            body={"enabled": enabled, "text": text, "from": from_, "until": until},
        )

    async def react(self, message_id: str, *, emoji: str) -> models.MessageResource:
        """Put an emoji on a message of a chat, once.

        Raises Problem, beyond the usual: message_deleted, not_a_chat_message, not_an_emoji,
        too_many_reactions.
        """
        return await self._call(
            "POST",
            f"/v1/messages/{self._in_path(message_id)}/reactions",
            models.MessageResource,
            body={"emoji": emoji},
        )

    async def read_attachment(self, attachment_id: str) -> bytes:
        """The file itself, also in parts (Range, If-Range, If-None-Match).

        Raises Problem, beyond the usual: attachment_gone, files_unavailable, range_not_satisfiable.
        """
        return await self._call(
            "GET",
            f"/v1/attachments/{self._in_path(attachment_id)}/content",
            bytes,
        )

    async def read_conversation(
        self, conversation_id: str, *, through: str | Unset | None = UNSET
    ) -> models.ConversationResource:
        """Say how far one has read.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:read",
            models.ConversationResource,
            body={"through": through},
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

    async def read_me(self) -> models.MeResource:
        """Read who one is: user, domain, devices, numbers, settings."""
        return await self._call(
            "GET",
            "/v1/me",
            models.MeResource,
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

    async def read_thumbnail(self, attachment_id: str) -> bytes:
        """An image, small.

        Raises Problem, beyond the usual: attachment_gone, files_unavailable, range_not_satisfiable.
        """
        return await self._call(
            "GET",
            f"/v1/attachments/{self._in_path(attachment_id)}/thumbnail",
            bytes,
        )

    async def release_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Let go of a text thread; a manager lets go for anybody.

        Raises Problem, beyond the usual: already_claimed, not_an_sms_conversation.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:release",
            models.ConversationResource,
        )

    async def remove_member(
        self, conversation_id: str, *, user_id: str | Unset | None = UNSET, number: str | Unset | None = UNSET
    ) -> None:
        """Put a user out of a group chat, or take an outside number out of a text thread.

        Raises Problem, beyond the usual: direct_chat, last_member.
        """
        return await self._call(
            "DELETE",
            f"/v1/conversations/{self._in_path(conversation_id)}/members",
            NoneType,
            query={"user_id": user_id, "number": number},
        )

    async def remove_push_subscription(self, push_subscription_id: str) -> None:
        """Be told on this browser no more.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "DELETE",
            f"/v1/me/push-subscriptions/{self._in_path(push_subscription_id)}",
            NoneType,
        )

    async def rename_conversation(
        self, conversation_id: str, *, name: str | None
    ) -> models.ConversationResource:
        """Name a conversation, for everybody in it."""
        return await self._call(
            "PATCH",
            f"/v1/conversations/{self._in_path(conversation_id)}",
            models.ConversationResource,
            body={"name": name},
        )

    async def reopen_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Say that a text thread needs somebody again.

        Raises Problem, beyond the usual: not_an_sms_conversation.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:reopen",
            models.ConversationResource,
        )

    async def replay_delivery(
        self, webhook_id: str, delivery_id: str, *, idempotency_key: str | None = None
    ) -> models.DeliveryResource:
        """Send one event again, under the same id.

        Raises Problem, beyond the usual: webhook_disabled.
        """
        return await self._call(
            "POST",
            f"/v1/webhooks/{self._in_path(webhook_id)}/deliveries/{self._in_path(delivery_id)}:replay",
            models.DeliveryResource,
            idempotency_key=self._key(idempotency_key),
        )

    async def replay_events(
        self,
        webhook_id: str,
        *,
        only: Literal["dead", "all"] | Unset = UNSET,
        from_seq: int | Unset | None = UNSET,
        to_seq: int | Unset | None = UNSET,
        since: datetime | Unset | None = UNSET,
        until: datetime | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.ReplayResult:
        """Send a range of events again, under the same ids.

        Raises Problem, beyond the usual: webhook_disabled.
        """
        return await self._call(
            "POST",
            f"/v1/webhooks/{self._in_path(webhook_id)}:replay",
            models.ReplayResult,
            body={"only": only, "from_seq": from_seq, "to_seq": to_seq, "since": since, "until": until},
            idempotency_key=self._key(idempotency_key),
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

    async def restore_conversation(self, conversation_id: str) -> models.ConversationResource:
        """Bring back all that one has deleted of a conversation, or a text thread one has left.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:restore",
            models.ConversationResource,
        )

    async def revoke_key(self, key_id: str) -> models.KeyResource:
        """Revoke a key and the tokens it minted; it stays listed."""
        return await self._call(
            "DELETE",
            f"/v1/keys/{self._in_path(key_id)}",
            models.KeyResource,
        )

    async def rotate_webhook_secret(
        self, webhook_id: str, *, overlap_s: int | Unset = UNSET, idempotency_key: str | None = None
    ) -> models.IssuedWebhookResource:
        """Get a new secret; the one before signs besides it for a while.

        Raises Problem, beyond the usual: key_required.
        """
        return await self._call(
            "POST",
            f"/v1/webhooks/{self._in_path(webhook_id)}:rotate-secret",
            models.IssuedWebhookResource,
            body={"overlap_s": overlap_s},
            idempotency_key=self._key(idempotency_key),
        )

    async def say(
        self,
        conversation_id: str,
        *,
        text: str | Unset = UNSET,
        validity_s: int | Unset | None = UNSET,
        client_id: str | Unset | None = UNSET,
        reply_to: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        attachment_ids: Sequence[str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.MessageResource:
        """Say something in a chat, or text every outside number of a thread. 202 means it is on disk.

        Raises Problem, beyond the usual: attachment_used, client_id_reused, destination_blocked,
        invalid_number, no_public_url, no_route, number_not_assigned, opted_out, sms_disabled,
        sms_disabled_for_user, text_empty, text_invalid, text_too_long.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}/messages",
            models.MessageResource,
            body={
                "text": text,
                "validity_s": validity_s,
                "client_id": client_id,
                "reply_to": reply_to,
                "user_id": user_id,
                "attachment_ids": attachment_ids,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def search(
        self,
        *,
        q: str,
        limit: int | Unset = UNSET,
        cursor: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        conversation_id: str | Unset | None = UNSET,
        kind: Literal["chat", "sms"] | Unset | None = UNSET,
    ) -> models.SearchResult:
        """Find what was said, and conversations by name.

        Raises Problem, beyond the usual: invalid_cursor.
        """
        return await self._call(
            "GET",
            "/v1/search",
            models.SearchResult,
            query={
                "limit": limit,
                "cursor": cursor,
                "q": q,
                "domain_id": domain_id,
                "conversation_id": conversation_id,
                "kind": kind,
            },
        )

    async def search_directory(
        self, *, q: str, limit: int | Unset = UNSET, domain_id: str | Unset | None = UNSET
    ) -> models.Hits:
        """Find users, contacts and numbers while somebody types, best first."""
        return await self._call(
            "GET",
            "/v1/directory",
            models.Hits,
            query={"q": q, "limit": limit, "domain_id": domain_id},
        )

    async def send_message(
        self,
        *,
        from_: str,
        to: Sequence[str],
        text: str | Unset = UNSET,
        class_: Literal["conversation", "bulk", "must_arrive"] | Unset | None = UNSET,
        validity_s: int | Unset | None = UNSET,
        client_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        attachment_ids: Sequence[str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.MessageResource:
        """Send a text to each of the numbers. 202 means it is on disk.

        Raises Problem, beyond the usual: attachment_used, client_id_reused, destination_blocked,
        invalid_number, no_public_url, no_route, number_not_assigned, opted_out, sms_disabled,
        sms_disabled_for_user, text_empty, text_invalid, text_too_long.
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
                "attachment_ids": attachment_ids,
            },
            idempotency_key=self._key(idempotency_key),
        )

    async def send_messages(
        self, *, messages: Sequence[Mapping[str, object]], idempotency_key: str | None = None
    ) -> models.BatchResult:
        """Send up to 1,000 texts in one commit; each is answered by itself.

        Raises Problem, beyond the usual: attachment_used, client_id_reused, destination_blocked,
        invalid_number, no_public_url, no_route, number_not_assigned, opted_out, sms_disabled,
        sms_disabled_for_user, text_empty, text_invalid, text_too_long.
        """
        return await self._call(
            "POST",
            "/v1/messages:batch",
            models.BatchResult,
            body={"messages": messages},
            idempotency_key=self._key(idempotency_key),
        )

    async def set_consent(
        self, *, number: str, peer: str, state: Literal["stopped", "active"], reason: str
    ) -> models.ConsentResource:
        """Put on record that an outside number opted out or in by other means than a text.

        Raises Problem, beyond the usual: invalid_number.
        """
        return await self._call(
            "PUT",
            "/v1/consents/pair",
            models.ConsentResource,
            body={"number": number, "peer": peer, "state": state, "reason": reason},
        )

    async def set_keyword_answers(
        self,
        *,
        domain_id: str | Unset | None = UNSET,
        number: str | Unset | None = UNSET,
        stop: str | Unset | None = UNSET,
        start: str | Unset | None = UNSET,
        help: str | Unset | None = UNSET,
    ) -> models.KeywordAnswersResource:
        """Set what keywords are answered with, for the domain or one of its numbers.

        Raises Problem, beyond the usual: invalid_number.
        """
        return await self._call(
            "PUT",
            "/v1/keyword-answers",
            models.KeywordAnswersResource,
            body={"domain_id": domain_id, "number": number, "stop": stop, "start": start, "help": help},
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

    async def set_thread_notifications(
        self,
        conversation_id: str,
        *,
        level: Literal["all", "mentions", "none"],
        sound: Literal["chime", "bell", "drop", "knock", "none"] | Unset | None = UNSET,
    ) -> models.ThreadNotificationsResource:
        """Say how one is told of one conversation.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "PUT",
            f"/v1/conversations/{self._in_path(conversation_id)}/notifications",
            models.ThreadNotificationsResource,
            body={"level": level, "sound": sound},
        )

    async def set_user_mailbox(
        self, user_id: str, *, mailbox: str, pbx: str | Unset | None = UNSET
    ) -> models.MailboxResource:
        """Give a user a mailbox, which others may share.

        Raises Problem, beyond the usual: mailbox_not_allowed, mailbox_taken.
        """
        return await self._call(
            "PUT",
            f"/v1/users/{self._in_path(user_id)}/mailbox",
            models.MailboxResource,
            body={"mailbox": mailbox, "pbx": pbx},
        )

    async def show_unsubscribe(self, *, token: str) -> bytes:
        """The page a mail's link to end mails leads to."""
        return await self._call(
            "GET",
            "/v1/unsubscribe",
            bytes,
            query={"token": token},
        )

    async def start_conversation(
        self,
        *,
        to: Sequence[Mapping[str, object]],
        from_: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.ConversationResource:
        """Start a conversation: 201, or 200 with the one there is already. Who is in it decides its kind.

        Raises Problem, beyond the usual: invalid_number, mixed_conversation, no_such_extension,
        number_not_assigned, sms_disabled, sms_disabled_for_user, user_disabled.
        """
        return await self._call(
            "POST",
            "/v1/conversations",
            models.ConversationResource,
            body={"to": to, "from": from_, "name": name, "user_id": user_id, "domain_id": domain_id},
            idempotency_key=self._key(idempotency_key),
        )

    async def take_back_message(self, message_id: str) -> models.MessageResource:
        """Take back what one said in a chat: its text goes, that something was said stays.

        Raises Problem, beyond the usual: not_a_chat_message, not_your_message.
        """
        return await self._call(
            "DELETE",
            f"/v1/messages/{self._in_path(message_id)}",
            models.MessageResource,
        )

    async def test_notification(
        self, *, channel: Literal["screen", "push", "email"] | Unset | None = UNSET
    ) -> models.TestResource:
        """Notify oneself of nothing, to see whether and where it shows.

        Raises Problem, beyond the usual: channel_unavailable, mail_later, mail_login_refused,
        mail_outcome_unknown, mail_refused, mail_server_unavailable, no_user.
        """
        return await self._call(
            "POST",
            "/v1/me/notifications:test",
            models.TestResource,
            body={"channel": channel},
        )

    async def test_webhook(self, webhook_id: str) -> models.TestResult:
        """Send one event of the type webhook.test now, and say what came back.

        Raises Problem, beyond the usual: rate_limited.
        """
        return await self._call(
            "POST",
            f"/v1/webhooks/{self._in_path(webhook_id)}:test",
            models.TestResult,
        )

    async def text_usage(
        self,
        *,
        domain_id: str | Unset | None = UNSET,
        from_: str | Unset | None = UNSET,
        until: str | Unset | None = UNSET,
        group_by: str | Unset = UNSET,
    ) -> models.TextUsage:
        """Texts of a domain with segments and costs, by day or whatever else."""
        return await self._call(
            "GET",
            "/v1/usage/messages",
            models.TextUsage,
            query={"domain_id": domain_id, "from": from_, "until": until, "group_by": group_by},
        )

    async def timeline_at(
        self, conversation_id: str, *, at: datetime, limit: int | Unset = UNSET
    ) -> models.Timeline:
        """The part of a timeline around a time, newest first."""
        return await self._call(
            "GET",
            f"/v1/conversations/{self._in_path(conversation_id)}/timeline:at",
            models.Timeline,
            query={"at": at, "limit": limit},
        )

    async def typing(self, conversation_id: str) -> None:
        """Tell the others that one is writing; only those who listen now hear of it.

        Raises Problem, beyond the usual: no_user, rate_limited.
        """
        return await self._call(
            "POST",
            f"/v1/conversations/{self._in_path(conversation_id)}:typing",
            NoneType,
        )

    async def unblock_sender(self, blocked_sender_id: str) -> None:
        """Unblock; what was kept meanwhile stays where it is."""
        return await self._call(
            "DELETE",
            f"/v1/blocked-senders/{self._in_path(blocked_sender_id)}",
            NoneType,
        )

    async def unreact(self, message_id: str, *, emoji: str) -> models.MessageResource:
        """Take one's emoji away again.

        Raises Problem, beyond the usual: message_deleted, not_a_chat_message.
        """
        return await self._call(
            "DELETE",
            f"/v1/messages/{self._in_path(message_id)}/reactions",
            models.MessageResource,
            query={"emoji": emoji},
        )

    async def unread_conversations(self) -> models.UnreadResource:
        """How much waits for the user: what a badge shows.

        Raises Problem, beyond the usual: no_user.
        """
        return await self._call(
            "GET",
            "/v1/conversations:unread",
            models.UnreadResource,
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

    async def unsubscribe(self, body: bytes, *, token: str) -> bytes:
        """End mails about what is unread, by the link of one."""
        return await self._call(
            "POST",
            "/v1/unsubscribe",
            bytes,
            query={"token": token},
            raw=(body, "application/x-www-form-urlencoded"),
        )

    async def update_webhook(
        self,
        webhook_id: str,
        *,
        url: str | Unset = UNSET,
        description: str | Unset = UNSET,
        event_types: Sequence[
            Literal[
                "blocked_sender.*",
                "blocked_sender.created",
                "blocked_sender.deleted",
                "call.*",
                "call.updated",
                "call_log.*",
                "call_log.created",
                "call_log.seen",
                "call_log.updated",
                "carrier.*",
                "carrier.bind_changed",
                "consent.*",
                "consent.updated",
                "contact.*",
                "contact.created",
                "contact.deleted",
                "contact.imported",
                "contact.updated",
                "conversation.*",
                "conversation.created",
                "conversation.updated",
                "device.*",
                "device.created",
                "device.deleted",
                "device.updated",
                "domain.*",
                "domain.settings_updated",
                "domain.updated",
                "inbound.*",
                "inbound.unrouted",
                "key.*",
                "key.created",
                "key.revoked",
                "message.*",
                "message.blocked",
                "message.created",
                "message.updated",
                "number.*",
                "number.created",
                "number.deleted",
                "number.updated",
                "password.*",
                "password.changed",
                "password.reset",
                "presence.*",
                "presence.updated",
                "quick_reply.*",
                "quick_reply.created",
                "quick_reply.deleted",
                "quick_reply.updated",
                "session.*",
                "session.ended",
                "session.started",
                "token.*",
                "token.minted",
                "user.*",
                "user.created",
                "user.deleted",
                "user.mailbox_updated",
                "user.settings_updated",
                "user.updated",
                "webhook.*",
                "webhook.created",
                "webhook.deleted",
                "webhook.disabled",
                "webhook.secret_rotated",
                "webhook.updated",
            ]
        ]
        | Unset = UNSET,
        enabled: bool | Unset = UNSET,
    ) -> models.WebhookResource:
        """Change a webhook; enabled again, it goes on behind the last event it was sent.

        Raises Problem, beyond the usual: invalid_url, key_required, unknown_event_type.
        """
        return await self._call(
            "PATCH",
            f"/v1/webhooks/{self._in_path(webhook_id)}",
            models.WebhookResource,
            body={"url": url, "description": description, "event_types": event_types, "enabled": enabled},
        )

    async def upload_attachment(
        self,
        body: bytes,
        *,
        filename: str | Unset | None = UNSET,
        conversation_id: str | Unset | None = UNSET,
        user_id: str | Unset | None = UNSET,
        domain_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> models.AttachmentResource:
        """Upload a file to send with a message: as the body, or as the one file of a form.

        Raises Problem, beyond the usual: attachment_quota, attachment_too_large, attachment_type_not_allowed,
        attachment_unreadable, attachment_unsafe, files_unavailable, rate_limited, upload_incomplete,
        upload_too_slow.
        """
        return await self._call(
            "POST",
            "/v1/attachments",
            models.AttachmentResource,
            query={
                "filename": filename,
                "conversation_id": conversation_id,
                "user_id": user_id,
                "domain_id": domain_id,
            },
            raw=(body, "application/octet-stream"),
            idempotency_key=self._key(idempotency_key),
        )

    async def usage_summary(self, *, domain_id: str | Unset | None = UNSET) -> models.UsageSummary:
        """Usage of the last thirty days, for a manager's home page."""
        return await self._call(
            "GET",
            "/v1/usage/summary",
            models.UsageSummary,
            query={"domain_id": domain_id},
        )
