"""Settings of a domain and of a user, and what a page asks first: who am I.

Everybody of a domain reads its settings, since pages behave by them; office managers change them. A
change holds from its commit on: whoever acts by a setting reads it in its own transaction.
"""

from __future__ import annotations

import dataclasses

from engine.accounts import validation
from engine.accounts.access import domain_seen, require_scope
from engine.accounts.changes import announce, changed, checked, updated
from engine.accounts.errors import no_user, not_found
from engine.accounts.models import (
    Domain,
    DomainSettings,
    Me,
    Principal,
    Scope,
    Unset,
    UpdateDomainSettings,
    UpdateOneself,
    UpdateUserSettings,
    User,
    UserSettings,
)
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore

#: Of one user, as `Me` shows them; nobody has more.
_MOST = 200


class Preferences:
    def __init__(self, store: AccountsStore) -> None:
        self._store = store

    async def me(self, principal: Principal) -> Me:
        """Who this is, and what they have."""

        def work(reads: AccountsReads) -> Me:
            domain = reads.domain(principal.domain_id) if principal.domain_id else None
            user = reads.user(principal.user_id) if principal.user_id else None
            owned = {} if user is None else {"domain_id": user.domain_id, "user_id": user.id, "after": ""}
            return Me(
                principal,
                domain,
                None if domain is None else reads.domain_settings(domain),
                user,
                None if user is None else reads.user_settings(user.id),
                tuple(reads.list_devices(**owned, limit=_MOST)) if owned else (),
                tuple(reads.list_numbers(**owned, limit=_MOST)) if owned else (),
            )

        return await self._store.read(work)

    async def change_oneself(self, principal: Principal, command: UpdateOneself) -> Me:
        """Raises InvalidRequest, or Forbidden `no_user` for a credential that stands for nobody."""
        command = dataclasses.replace(command, email=checked(command.email, validation.email))

        def work(changes: AccountsChanges) -> None:
            before = _oneself(changes, principal)
            after = updated(before, command)
            if after != before:
                changes.save_user(after)
                data = changed(before, after)
                announce(changes, principal, "user.updated", after.id, after.domain_id, data, (after.id,))

        await self._store.change(work)
        return await self.me(principal)

    async def of_domain(self, principal: Principal, domain_id: str) -> DomainSettings:
        """Raises NotFound."""
        return await self._store.read(
            lambda reads: reads.domain_settings(domain_seen(reads, principal, domain_id))
        )

    async def change_domain(
        self, principal: Principal, domain_id: str, command: UpdateDomainSettings
    ) -> DomainSettings:
        """Whether a domain may text at all is its reseller's to say, since texts cost; and which mailboxes of
        a PBX are its own, since it shares the PBX with others.

        Raises NotFound, InvalidRequest or Forbidden.
        """
        resellers = (command.sms_enabled, command.voicemail_context)
        managers = all(isinstance(one, Unset) for one in resellers)
        require_scope(principal, Scope.OFFICE_MANAGER if managers else Scope.RESELLER)
        command = dataclasses.replace(
            command,
            region=checked(command.region, validation.region),
            edit_within_s=checked(command.edit_within_s, validation.edit_within_s),
            voicemail_context=checked(command.voicemail_context, validation.voicemail_context),
            time_zone=checked(command.time_zone, validation.time_zone),
            keep_messages_days=checked(
                command.keep_messages_days, validation.kept_days("keep_messages_days")
            ),
            keep_calls_days=checked(command.keep_calls_days, validation.kept_days("keep_calls_days")),
            keep_voicemails_days=checked(
                command.keep_voicemails_days, validation.kept_days("keep_voicemails_days")
            ),
            keep_attachments_days=checked(
                command.keep_attachments_days, validation.kept_days("keep_attachments_days")
            ),
        )

        def work(changes: AccountsChanges) -> DomainSettings:
            domain = domain_seen(changes, principal, domain_id)
            before = changes.domain_settings(domain)
            after = updated(before, command)
            if after == before:
                return before
            _save(changes, domain, after)
            announce(
                changes, principal, "domain.settings_updated", domain.id, domain.id, changed(before, after)
            )
            return after

        return await self._store.change(work)

    async def of_user(self, principal: Principal) -> UserSettings:
        """One's own. Raises InvalidRequest `no_user` for a credential that stands for nobody."""
        return await self._store.read(lambda reads: reads.user_settings(_oneself(reads, principal).id))

    async def change_user(self, principal: Principal, command: UpdateUserSettings) -> UserSettings:
        """One's own. Raises InvalidRequest `no_user` for a credential that stands for nobody."""

        def work(changes: AccountsChanges) -> UserSettings:
            user = _oneself(changes, principal)
            before = changes.user_settings(user.id)
            after = updated(before, command)
            if after != before:
                changes.save_user_settings(user.id, after)
                data = changed(before, after)
                announce(
                    changes, principal, "user.settings_updated", user.id, user.domain_id, data, (user.id,)
                )
            return after

        return await self._store.change(work)


def _save(changes: AccountsChanges, domain: Domain, settings: DomainSettings) -> None:
    changes.save_domain_settings(domain.id, settings)
    row = dataclasses.replace(domain, sms_enabled=settings.sms_enabled, region=settings.region)
    if row != domain:
        changes.save_domain(row)


def _oneself(reads: AccountsReads, principal: Principal) -> User:
    if principal.user_id is None:
        raise no_user()
    user = reads.user(principal.user_id)
    if user is None:
        raise not_found("user")
    return user
