"""Users: the people of a domain.

Office managers manage the users of their domain; a basic user sees only itself.
"""

from __future__ import annotations

import dataclasses

from engine.accounts import validation
from engine.accounts.access import domain_meant, only_user, require_scope, user_seen
from engine.accounts.changes import (
    Render,
    announce,
    changed,
    checked,
    create_once,
    cut_page,
    position,
    updated,
)
from engine.accounts.errors import taken
from engine.accounts.models import (
    FIRST_PAGE,
    CreateUser,
    Page,
    PageRequest,
    Principal,
    Scope,
    UpdateUser,
    User,
)
from engine.accounts.ports import AccountsChanges, AccountsReads, AccountsStore
from engine.accounts.recent import RecentPrincipals
from engine.idempotency import Claim, Replayed
from engine.ids import new_id


class Users:
    def __init__(self, store: AccountsStore, recent: RecentPrincipals) -> None:
        self._store = store
        self._recent = recent

    async def create(
        self,
        principal: Principal,
        command: CreateUser,
        *,
        claim: Claim | None = None,
        render: Render[User] | None = None,
    ) -> User | Replayed:
        """Raises InvalidRequest, Forbidden, NotFound (domain) or Conflict `already_exists` (extension,
        login).
        """
        require_scope(principal, Scope.OFFICE_MANAGER)
        draft = User(
            id=new_id("usr"),
            domain_id="",
            extension=validation.extension(command.extension),
            display_name=validation.name(command.display_name, "display_name"),
            sms_enabled=command.sms_enabled,
            created_ms=0,
            enabled=command.enabled,
            login=validation.login(command.login),
            role=validation.role(command.role),
            email=validation.email(command.email),
        )

        def work(changes: AccountsChanges) -> User:
            domain = domain_meant(changes, principal, command.domain_id)
            user = dataclasses.replace(draft, domain_id=domain.id, created_ms=changes.now_ms)
            _refuse_taken_extension(changes, user)
            _refuse_taken_login(changes, user)
            changes.insert_user(user)
            announce(changes, principal, "user.created", user.id, user.domain_id, {}, (user.id,))
            return user

        return await create_once(self._store, claim, render, work)

    async def get(self, principal: Principal, user_id: str) -> User:
        """Raises NotFound."""
        return await self._store.read(lambda reads: user_seen(reads, principal, user_id))

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> Page[User]:
        """The users of one domain within reach. Raises NotFound or InvalidRequest."""
        after = position(page)

        def work(reads: AccountsReads) -> Page[User]:
            domain = domain_meant(reads, principal, domain_id)
            found = reads.list_users(
                domain_id=domain.id, user_id=only_user(principal), after=after, limit=page.limit + 1
            )
            return cut_page(found, page, lambda user: user.id)

        return await self._store.read(work)

    async def update(self, principal: Principal, user_id: str, command: UpdateUser) -> User:
        """Disabling a user revokes its credentials; enabling it again brings none back. A changed role
        holds for the user's sessions within 5 s.

        Raises InvalidRequest, Forbidden, NotFound or Conflict `already_exists` (extension, login).
        """
        require_scope(principal, Scope.OFFICE_MANAGER)
        command = dataclasses.replace(
            command,
            extension=checked(command.extension, validation.extension),
            display_name=checked(command.display_name, lambda text: validation.name(text, "display_name")),
            login=checked(command.login, validation.login),
            role=checked(command.role, validation.role),
            email=checked(command.email, validation.email),
        )

        def work(changes: AccountsChanges) -> User:
            before = user_seen(changes, principal, user_id)
            after = updated(before, command)
            if after == before:
                return before
            if after.extension != before.extension:
                _refuse_taken_extension(changes, after)
            if after.login != before.login:
                _refuse_taken_login(changes, after)
            changes.save_user(after)
            if not after.enabled:
                changes.revoke_credentials_of_user(after.id)
            announce(
                changes,
                principal,
                "user.updated",
                after.id,
                after.domain_id,
                changed(before, after),
                (after.id,),
            )
            return after

        try:
            return await self._store.change(work)
        finally:
            self._recent.forget()

    async def delete(self, principal: Principal, user_id: str) -> None:
        """Delete it with its devices, credentials and share in numbers. What it wrote and its calls stay.

        Raises Forbidden or NotFound.
        """
        require_scope(principal, Scope.OFFICE_MANAGER)

        def work(changes: AccountsChanges) -> None:
            user = user_seen(changes, principal, user_id)
            changes.delete_user(user.id)
            announce(changes, principal, "user.deleted", user.id, user.domain_id, {}, (user.id,))

        try:
            await self._store.change(work)
        finally:
            self._recent.forget()


def _refuse_taken_extension(reads: AccountsReads, user: User) -> None:
    if reads.user_with_extension(user.domain_id, user.extension) is not None:
        raise taken("extension", "Another user of the domain has this extension.")


def _refuse_taken_login(reads: AccountsReads, user: User) -> None:
    if user.login is not None and reads.user_with_login(user.domain_id, user.login) is not None:
        raise taken("login", "Another user of the domain has this login.")
