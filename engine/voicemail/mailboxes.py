"""Who has which mailbox.

A PBX is often shared by several domains, and nothing in a mailbox's name says whose it is. So office
managers give out mailboxes of the one context that their reseller has made theirs, and a mailbox belongs
to one domain only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from engine.accounts.models import Principal, Scope
from engine.ids import new_id
from engine.voicemail.errors import MailboxNotAllowed, invalid, no_such
from engine.voicemail.models import Box, Mailbox
from engine.voicemail.ports import Holder, SeesDomain, VoicemailStore

# As the spool's folders may be called; see `engine.adapters.voicemail_files`.
_ADDRESS = re.compile(r"([A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,78})@([A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,78})")


class Mailboxes:
    """pbxs: names of those whose spool is known. changed: called when a mailbox was given to somebody.

    Every method may raise StorageUnavailable.
    """

    def __init__(
        self,
        store: VoicemailStore,
        sees_domain: SeesDomain,
        pbxs: Collection[str],
        changed: Callable[[Mailbox], None] = lambda mailbox: None,
    ) -> None:
        self._store = store
        self._sees_domain = sees_domain
        self._pbxs = pbxs
        self._changed = changed

    async def of_user(self, principal: Principal, user_id: str) -> Mailbox:
        """Raises NotFound where there is no such user, or the user has no mailbox."""
        holder = await self._holder(principal, user_id)
        found = None if holder.mailbox_id is None else await self._store.mailbox(holder.mailbox_id)
        if found is None:
            raise no_such("mailbox")
        return found

    async def sees(self, principal: Principal, domain_id: str) -> bool:
        """Whether a domain is within the principal's reach."""
        domain = await self._store.domain(domain_id)
        return domain is not None and self._sees_domain(principal, domain)

    async def list(self, principal: Principal, domain_id: str | None = None) -> Sequence[Mailbox]:
        """A user's own; for managers all that somebody of the domain has. Raises NotFound, InvalidRequest."""
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise invalid("domain_id", "Name the domain; this credential reaches more than one.")
        domain = await self._store.domain(wanted)
        if domain is None or not self._sees_domain(principal, domain):
            raise no_such("domain")
        found = await self._store.mailboxes(domain.id)
        if principal.scope is Scope.BASIC_USER:
            return [one for one in found if principal.user_id in one.user_ids]
        return found

    async def assign(self, principal: Principal, user_id: str, address: str, pbx: str | None) -> Mailbox:
        """Make this the user's mailbox, which others may have too. address: `mailbox@context`.

        pbx: the domain's when None. Raises NotFound, InvalidRequest, MailboxNotAllowed or MailboxTaken.
        """
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise invalid("mailbox", "Give mailbox and context as in voicemail.conf: 1001@default.")
        holder = await self._holder(principal, user_id)
        box = Box(pbx or holder.domain.pbx, match[2], match[1])
        if box.pbx not in self._pbxs:
            raise invalid("pbx", "The voicemail of this PBX is not configured.")
        _require_may_give(principal, holder, box)
        made = await self._store.assign(user_id, box, new_id("vmb"), principal.credential_id)
        assert made is not None
        self._changed(made)
        return made

    async def take_away(self, principal: Principal, user_id: str) -> None:
        """The messages stay on the PBX. Raises NotFound."""
        await self._holder(principal, user_id)
        await self._store.assign(user_id, None, "", principal.credential_id)

    async def _holder(self, principal: Principal, user_id: str) -> Holder:
        holder = await self._store.holder(user_id)
        if holder is None or not self._sees_domain(principal, holder.domain):
            raise no_such("user")
        if principal.scope is Scope.BASIC_USER and principal.user_id != user_id:
            raise no_such("user")
        return holder


def _require_may_give(principal: Principal, holder: Holder, box: Box) -> None:
    if principal.scope.system_wide:
        return
    if box.pbx != holder.domain.pbx or not holder.context or box.context != holder.context:
        raise MailboxNotAllowed(
            "Only mailboxes of the domain's own voicemail context; a reseller names it in the settings.",
            field="/mailbox",
        )
