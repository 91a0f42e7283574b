"""Two tenants that every store and directory of these tests begins with."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from engine.accounts.models import Device, Domain, Number, User
from engine.accounts.ports import AccountsChanges
from engine.click_to_call.models import Call
from engine.click_to_call.ports import CallStore, Directory
from engine.events import Event

T0_MS = 1_795_000_000_000

_serial = itertools.count(1)


@dataclass
class World:
    """A store and a directory. happened: call id and status of every committed event, in order.

    audited: action and subject of the domain's audit entries, oldest first.
    """

    calls: CallStore
    directory: Directory
    happened: Callable[[], list[tuple[str, str]]]
    audited: Callable[[], Awaitable[list[tuple[str, str]]]]
    published: Sequence[Event] = ()


@dataclass
class People:
    domains: list[Domain] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)

    def insert(self, changes: AccountsChanges) -> None:
        for domain in self.domains:
            changes.insert_domain(domain)
        for user in self.users:
            changes.insert_user(user)
        for device in self.devices:
            changes.insert_device(device)
        for number in self.numbers:
            changes.insert_number(number)


PEOPLE = People(
    domains=[
        Domain("dom_acme", "Acme", "res_1", "DE", "main", "internal", True, T0_MS),
        Domain("dom_other", "Other", None, "DE", "main", "other", True, T0_MS),
    ],
    users=[
        User("usr_alice", "dom_acme", "1001", "Alice A.", True, T0_MS),
        User("usr_bob", "dom_acme", "1002", "Bob $B", True, T0_MS),
        User("usr_carol", "dom_acme", "1003", "Carol", True, T0_MS, enabled=False),
        User("usr_dave", "dom_acme", "1004", "Dave", True, T0_MS),
        User("usr_mallory", "dom_other", "1001", "Mallory", True, T0_MS),
    ],
    devices=[
        Device("dev_alice", "dom_acme", "usr_alice", "main", "alice-desk", "Desk", True, T0_MS),
        Device("dev_alice2", "dom_acme", "usr_alice", "main", "alice-mobile", "Mobile", False, T0_MS),
        Device("dev_bob", "dom_acme", "usr_bob", "main", "bob-desk", "Desk", True, T0_MS),
        Device("dev_carol", "dom_acme", "usr_carol", "main", "carol-desk", "Desk", True, T0_MS),
        Device("dev_mallory", "dom_other", "usr_mallory", "main", "mallory", "Desk", True, T0_MS),
    ],
    numbers=[
        Number("num_acme", "dom_acme", "+4930111111", True, "one", ("usr_alice", "usr_bob"), T0_MS),
        Number("num_alice", "dom_acme", "+4930222222", True, "one", ("usr_alice",), T0_MS),
        Number("num_other", "dom_other", "+4930333333", True, "one", ("usr_mallory",), T0_MS),
    ],
)


def call(**values: object) -> Call:
    """A queued call of Alice to Bob; ids sort by creation time and, within it, by making."""
    given: dict[str, object] = {
        "id": f"call_{values.get('created_ms', T0_MS):012x}7{next(_serial):019x}",
        "domain_id": "dom_acme",
        "user_id": "usr_alice",
        "device_id": "dev_alice",
        "pbx": "main",
        "to": "1002",
        "created_ms": T0_MS,
    }
    return Call(**{**given, **values})  # type: ignore[arg-type]
