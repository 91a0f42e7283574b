"""An engine that knows nobody and has seen no calls: what threads go by where nothing is joined to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from engine.accounts.models import Principal
from engine.contacts.models import Contact, Named
from engine.conversations.errors import no_such_contact
from engine.presence.models import CallLogEntry
from engine.voicemail.models import Voicemail


class Strangers:
    """Address book, names, call log and mailboxes, all empty."""

    async def get(self, principal: Principal, contact_id: str) -> Contact:
        raise no_such_contact("contact_id")

    async def names_of(
        self, domain_id: str, user_id: str | None, numbers: Collection[str]
    ) -> Mapping[str, Named]:
        return {}

    async def voicemails_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[Voicemail]:
        return ()

    async def calls_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[CallLogEntry]:
        return ()
