"""Who is who in a call: from endpoints and numbers to the users of one domain, never of another.

Pure. A number that merely looks like an extension is believed only where the domain's own phone dialled it:
anybody outside may call with any number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from engine.accounts.models import Principal, Scope
from engine.errors import InvalidRequest
from engine.phone_numbers import to_e164
from engine.presence.models import Other, Party, RosterDomain, RosterUser

#: What a PBX calls the other side is text from outside.
_LONGEST_NUMBER = 64
_LONGEST_NAME = 80
# Shorter ones are extensions and service numbers, which no region's rules make international.
_SHORTEST_OUTSIDE_DIGITS = 7
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class People:
    """All users by what PBXs call them."""

    def __init__(self) -> None:
        self.domains: dict[str, RosterDomain] = {}
        self._users: dict[str, RosterUser] = {}
        self._by_endpoint: dict[tuple[str, str], RosterUser] = {}
        self._by_extension: dict[tuple[str, str], RosterUser] = {}

    def replace(self, domain_ids: Iterable[str] | None, found: Sequence[RosterDomain]) -> set[str]:
        """Take over what these domains (all without domain_ids) are now; a missing one is gone.

        Returns the ids of users that are new, changed or gone.
        """
        fresh = {domain.id: domain for domain in found}
        asked = set(self.domains) | fresh.keys() if domain_ids is None else set(domain_ids)
        touched: set[str] = set()
        for domain_id in asked:
            before = self.domains.pop(domain_id, None)
            after = fresh.get(domain_id)
            old = {user.id: user for user in before.users} if before else {}
            new = {user.id: user for user in after.users} if after else {}
            touched |= {one for one in old.keys() | new.keys() if old.get(one) != new.get(one)}
            for user in old.values():
                self._forget(user)
        for domain in fresh.values():
            self.domains[domain.id] = domain
            for user in domain.users:
                self._note(user)
        return touched

    def reaches(self, principal: Principal, domain_id: str) -> bool:
        """Whether a domain is there and within the principal's reach."""
        domain = self.domains.get(domain_id)
        if domain is None:
            return False
        if principal.domain_id is not None:
            return principal.domain_id == domain_id
        if principal.scope is Scope.RESELLER:
            return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
        return principal.scope is Scope.SUPER_USER

    def user(self, user_id: str) -> RosterUser | None:
        return self._users.get(user_id)

    def at(self, pbx: str, endpoint: str) -> RosterUser | None:
        """Whose phone it is."""
        return self._by_endpoint.get((pbx, endpoint))

    def other(self, user: RosterUser, pbx: str, party: Party, *, dialled: bool) -> Other:
        """The other side of a user's call. dialled: the number is what the user's phone dialled."""
        number, name = cleaned(party.number, _LONGEST_NUMBER), cleaned(party.name, _LONGEST_NAME)
        colleague = self.at(pbx, party.endpoint) if party.endpoint else None
        if dialled and (colleague is None or colleague.domain_id != user.domain_id):
            colleague = self._by_extension.get((user.domain_id, number))
        if colleague is not None and colleague.domain_id == user.domain_id:
            return Other(colleague.id, colleague.id, colleague.display_name)
        return Other(canonical(number, user.region), None, "" if name == number else name)

    def _note(self, user: RosterUser) -> None:
        self._users[user.id] = user
        self._by_extension[user.domain_id, user.extension] = user
        for device in user.devices:
            self._by_endpoint[device] = user

    def _forget(self, user: RosterUser) -> None:
        self._users.pop(user.id, None)
        self._by_extension.pop((user.domain_id, user.extension), None)
        for device in user.devices:
            if self._by_endpoint.get(device) is user:
                del self._by_endpoint[device]


def canonical(number: str, region: str | None) -> str:
    """E.164 where the number is one, else as it came."""
    if sum(character.isdigit() for character in number) < _SHORTEST_OUTSIDE_DIGITS:
        return number
    try:
        return to_e164(number, region)
    except InvalidRequest:
        return number


def cleaned(text: str, longest: int) -> str:
    """Text from outside, without control characters and not too long."""
    return _CONTROL.sub(" ", text).strip()[:longest]
