"""Whose a file is, and who may see it: the one place where that is decided.

Before it is sent a file is its sender's alone. Afterwards it is for whoever may see its message at the moment
they ask.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.accounts.models import Principal, Scope
from engine.attachments import errors
from engine.attachments.models import Attachment, AttachmentState, Upload
from engine.attachments.ports import AttachmentStore, Conversations, DomainReach
from engine.errors import NotFound


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an uploaded file will be; see `Attachment`."""

    domain_id: str
    sender_id: str
    user_id: str | None


def reaches(principal: Principal, domain: DomainReach) -> bool:
    """Whether a domain is within the principal's reach."""
    if principal.domain_id is not None:
        return principal.domain_id == domain.id
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
    return principal.scope is Scope.SUPER_USER


async def owner_of(
    store: AttachmentStore, conversations: Conversations, principal: Principal, upload: Upload
) -> Owner:
    """Raises NotFound, Forbidden, or InvalidRequest where no domain is meant."""
    user_id = principal.user_id
    if user_id is not None and upload.user_id not in (None, user_id):
        raise errors.not_yourself()
    wanted = upload.domain_id or principal.domain_id
    if upload.conversation_id is not None:
        there = await conversations.domain_of(principal, upload.conversation_id)
        if upload.domain_id not in (None, there):
            raise errors.no_such_domain()
        wanted = there
    if wanted is None and upload.user_id is not None:
        wanted = await store.domain_of_user(upload.user_id)
        if wanted is None:
            raise errors.no_such_user()
    if wanted is None:
        raise errors.invalid("domain_id", "Name the domain; this credential reaches more than one.")
    domain = await store.domain(wanted)
    if domain is None or not reaches(principal, domain):
        raise errors.no_such_domain() if upload.user_id is None else errors.no_such_user()
    if user_id is None and upload.user_id is not None:
        if await store.domain_of_user(upload.user_id) != wanted:
            raise errors.no_such_user()
        user_id = upload.user_id
    return Owner(wanted, user_id or principal.credential_id, user_id)


async def seen(
    store: AttachmentStore, conversations: Conversations, principal: Principal, attachment_id: str
) -> tuple[Attachment, bool]:
    """The file, if the principal may see it now, and whether the principal may withdraw it.

    Raises NotFound, `attachment_gone` for one that was withdrawn.
    """
    file = await store.get(attachment_id)
    if file is None:
        raise errors.no_such_attachment()
    mine = await _sent_by(store, principal, file)
    if file.message_id is None:
        if not mine or file.state is AttachmentState.DELETED:
            raise errors.no_such_attachment()
        return file, True
    try:
        text = await conversations.require_seen(principal, file.message_id)
    except NotFound:
        raise errors.no_such_attachment() from None
    if file.state is AttachmentState.DELETED:
        raise errors.gone()
    return file, mine or (text and principal.scope >= Scope.OFFICE_MANAGER)


async def _sent_by(store: AttachmentStore, principal: Principal, file: Attachment) -> bool:
    """Whether the principal uploaded it; a server counts as all the users of its domain, for whom it may."""
    if principal.user_id is not None:
        return principal.user_id == file.sender_id
    if principal.credential_id == file.sender_id:
        return True
    domain = await store.domain(file.domain_id)
    return principal.scope >= Scope.OFFICE_MANAGER and domain is not None and reaches(principal, domain)
