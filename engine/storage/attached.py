"""Files on messages: taken by a message in the transaction that stores it, read with it, gone with it.

Taking locks the files' rows, so that neither another message nor the sweep of what was never sent can have
them at the same time; whoever comes second finds what the first one did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from engine.attachments import errors
from engine.attachments.models import Appended, Attached, Attachment, AttachmentState, NewLink
from engine.errors import EngineError
from engine.storage.database import Database
from engine.storage.lists import one_of
from engine.storage.statements import HotStatement, Row, insert
from engine.storage.tables.attachments import attachment_links, attachment_usage, attachments
from engine.storage.tables.messaging import messages
from engine.storage.transaction import Transaction

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]

_file = attachments.c
_TAKE = HotStatement(
    sa.update(attachments)
    .where(_file.id == bindparam("key_file"))
    .values(message_id=bindparam("taken_by"), position=bindparam("at_position")),
    "taken_by",
    "at_position",
    "key_file",
)
_CARRIES = HotStatement(
    sa.update(messages).where(messages.c.id == bindparam("key_message")).values(attached=1), "key_message"
)
_INSERT_LINK = HotStatement(insert(attachment_links), *attachment_links.c.keys())
_FILES_OF = (
    sa.select(attachments).where(one_of(_file.message_id, "of")).order_by(_file.message_id, _file.position)
)
_APPENDED_TO = sa.select(
    attachment_links.c.message_id, attachment_links.c.appended, attachment_links.c.expires_ms
).where(one_of(attachment_links.c.message_id, "to"))


@dataclass(slots=True)
class Wanted:
    """Files that a message about to be stored is to carry, and by what link, if it is a text."""

    message_id: str
    domain_id: str
    sender_id: str
    conversation_id: str | None
    attachment_ids: Sequence[str]


@dataclass(slots=True)
class Taking:
    """The files that the messages of one batch want: found and locked by `find`, taken by `take`, written
    by `finish`."""

    tx: Transaction
    _found: dict[str, Attachment] = field(default_factory=dict)
    _taken: list[Row] = field(default_factory=list)
    _carrying: list[Row] = field(default_factory=list)
    _links: list[Row] = field(default_factory=list)

    def find(self, attachment_ids: Iterable[str]) -> None:
        """Lock the rows, in the order of their ids, so that two nodes never wait for each other."""
        wanted = sorted(set(attachment_ids) - self._found.keys())
        if wanted:
            query = sa.select(attachments).where(_file.id.in_(wanted)).order_by(_file.id).with_for_update()
            self._found.update((row.id, attachment(row)) for row in self.tx.connection.execute(query))

    def take(self, wanted: Wanted, link: NewLink | None = None) -> tuple[Attached, ...] | EngineError:
        """Give the message its files, or say why it cannot have one of them; then it has none."""
        files = _to_be_had(self._found, {row[-1] for row in self._taken}, wanted)
        if isinstance(files, EngineError):
            return files
        self._taken += [(wanted.message_id, place, one.id) for place, one in enumerate(files)]
        self._carrying.append((wanted.message_id,))
        if link is not None:
            appended = link.appended
            self._links.append(
                (
                    link.token_hash,
                    wanted.message_id,
                    wanted.domain_id,
                    appended.text,
                    appended.expires_ms,
                    0,
                    self.tx.now_ms,
                )
            )
        return tuple(attached(one) for one in files)

    def finish(self) -> None:
        """Write what was taken, once the messages are stored."""
        self.tx.execute_many(_TAKE, self._taken)
        self.tx.execute_many(_CARRIES, self._carrying)
        self.tx.execute_many(_INSERT_LINK, self._links)


def _to_be_had(
    found: Mapping[str, Attachment], taken: Collection[object], wanted: Wanted
) -> list[Attachment] | EngineError:
    files: list[Attachment] = []
    for place, one in enumerate(wanted.attachment_ids):
        where = f"/attachment_ids/{place}"
        file = found.get(one)
        if file is None or (file.domain_id, file.sender_id) != (wanted.domain_id, wanted.sender_id):
            return errors.no_such_attachment(where)
        if file.message_id is not None or one in taken:
            return errors.used(where)
        if file.state is not AttachmentState.READY:
            return errors.no_such_attachment(where)
        if file in files:
            return errors.twice(where)
        if file.conversation_id not in (None, wanted.conversation_id):
            return errors.other_conversation(where)
        files.append(file)
    return files


class FilesAtHand:
    """See `engine.messaging.ports.FilesAtHand`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refusal(
        self, domain_id: str, sender_id: str, attachment_ids: Sequence[str]
    ) -> EngineError | None:
        def read(connection: Connection) -> EngineError | None:
            query = sa.select(attachments).where(_file.id.in_(attachment_ids))
            found = {row.id: attachment(row) for row in connection.execute(query)}
            # Which thread the text will join is not known yet.
            wanted = Wanted("", domain_id, sender_id, None, attachment_ids)
            loose = {one.id: replace(one, conversation_id=None) for one in found.values()}
            files = _to_be_had(loose, (), wanted)
            return files if isinstance(files, EngineError) else None

        return await self._database.read(read)


def attachment(row: AnyRow) -> Attachment:
    return Attachment(
        row.id,
        row.domain_id,
        row.sender_id,
        row.user_id,
        row.conversation_id,
        row.message_id,
        row.filename,
        row.content_type,
        row.octets,
        row.width,
        row.height,
        row.thumbnail_octets,
        AttachmentState(row.state),
        row.created_ms,
    )


def attached(file: Attachment) -> Attached:
    ready = file.state is AttachmentState.READY
    return Attached(
        file.id,
        file.filename,
        file.content_type,
        file.octets,
        file.width,
        file.height,
        ready and file.thumbnail_octets > 0,
        file.state,
    )


def attached_to(connection: Connection, message_ids: Sequence[str]) -> Mapping[str, tuple[Attached, ...]]:
    """The files of messages, in the order they were given."""
    if not message_ids:
        return {}
    found: dict[str, list[Attached]] = {}
    for row in connection.execute(_FILES_OF, {"of": message_ids}):
        found.setdefault(row.message_id, []).append(attached(attachment(row)))
    return {message_id: tuple(files) for message_id, files in found.items()}


def appended_to(connection: Connection, message_ids: Sequence[str]) -> Mapping[str, Appended]:
    """What was added to texts because of their files."""
    rows = connection.execute(_APPENDED_TO, {"to": message_ids})
    return {row.message_id: Appended(row.appended, row.expires_ms) for row in rows}


def delete_attached(tx: Transaction, message_ids: Sequence[str]) -> int:
    """The files of these messages go, and the links to them; how many there were.

    For whoever deletes messages or erases what was said, in the same transaction: from its commit on nobody
    can read the files, and the sweep removes them. What was appended to a text goes too.
    """
    files = tx.connection.execute(
        sa.select(attachments).where(
            _file.message_id.in_(message_ids), _file.state != AttachmentState.DELETED.value
        )
    ).all()
    tx.connection.execute(sa.delete(attachment_links).where(attachment_links.c.message_id.in_(message_ids)))
    for row in files:
        delete_file(tx, attachment(row))
    tx.connection.execute(sa.update(messages).where(messages.c.id.in_(message_ids)).values(attached=0))
    return len(files)


def delete_file(tx: Transaction, file: Attachment) -> None:
    """Nobody can read it any more; its file goes with the next sweep, and its owners have their room back."""
    tx.connection.execute(
        sa.update(attachments).where(_file.id == file.id).values(state=AttachmentState.DELETED.value)
    )
    account(tx, file, -1)


def account(tx: Transaction, file: Attachment, sign: int) -> None:
    """Count a file that came (1) or went (-1)."""
    octets = sign * (file.octets + file.thumbnail_octets)
    for owner_id in sorted({file.domain_id, file.sender_id}):
        new = insert(attachment_usage).values(owner_id=owner_id, octets=octets)
        more = attachment_usage.c.octets + new.excluded.octets
        tx.connection.execute(new.on_conflict_do_update(index_elements=["owner_id"], set_={"octets": more}))
