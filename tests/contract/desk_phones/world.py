"""An office of three on one PBX, where Anna and Bob want chats on their phones and Carla does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateUser,
    Device,
    Domain,
    Principal,
    Scope,
    UpdateDomainSettings,
    UpdateUserSettings,
    User,
)
from engine.accounts.service import Accounts
from engine.conversations.models import Say, StartConversation, Target
from engine.conversations.service import Conversations
from engine.idempotency import Replayed
from engine.messaging.models import Message
from engine.storage.desk_phones import SqlDeskPhones


@dataclass
class World:
    accounts: Accounts
    conversations: Conversations
    store: SqlDeskPhones
    domain: Domain = field(init=False)
    people: list[User] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)

    async def settle(self) -> None:
        command = CreateDomain(name="Acme", pbx="main", dial_context="acme")
        domain = await self.accounts.domains.create(SYSTEM, command)
        assert isinstance(domain, Domain)
        self.domain = domain
        for extension, name in (("101", "Anna"), ("102", "Bob"), ("103", "Carla")):
            new = CreateUser(extension=extension, display_name=name, domain_id=domain.id)
            user = await self.accounts.users.create(SYSTEM, new)
            assert isinstance(user, User)
            self.people.append(user)
            endpoint = CreateDevice(user_id=user.id, endpoint=f"{name.lower()}-desk")
            device = await self.accounts.devices.create(SYSTEM, endpoint)
            assert isinstance(device, Device)
            self.devices.append(device)
        await self.allow(True)
        for user in self.people[:2]:
            await self.want(user, True)

    async def allow(self, on: bool) -> None:
        command = UpdateDomainSettings(desk_phone_chat=on)
        await self.accounts.preferences.change_domain(SYSTEM, self.domain.id, command)

    async def want(self, user: User, on: bool) -> None:
        await self.accounts.preferences.change_user(page(user), UpdateUserSettings(desk_phone_chat=on))

    async def chat(self, author: User, *others: User, name: str | None = None) -> str:
        to = tuple(Target(user_id=one.id) for one in others)
        started = await self.conversations.start(page(author), StartConversation(to=to, name=name))
        assert not isinstance(started, Replayed)
        return started[0].conversation.id

    async def say(self, author: User, conversation_id: str, text: str) -> Message:
        said = await self.conversations.say(page(author), conversation_id, Say(text=text))
        assert not isinstance(said, Replayed)
        return said


def page(user: User) -> Principal:
    return Principal("token", "tok", user.domain_id, user.id, Scope.BASIC_USER)
