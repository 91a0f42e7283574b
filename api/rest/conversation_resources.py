"""What conversations look like in requests and answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.rest.call_log import CallLogResource
from api.rest.call_log import shown as call_shown
from api.rest.messages import MessageResource, PhoneText, document
from api.rest.voicemails import VoicemailResource
from api.rest.voicemails import shown as voicemail_shown
from api.schema import At, Input, Line, Listed, Resource, Word, at, at_or_none
from engine.accounts.models import Page
from engine.conversations.models import (
    FOR_EVER,
    AddMembers,
    ConversationKind,
    Explanation,
    KnownNumber,
    Member,
    Notice,
    NoticeKind,
    OwnNumber,
    Person,
    StartConversation,
    Target,
    ThreadState,
    ThreadView,
    TimelineItem,
    UnreadTotals,
)
from engine.conversations.timeline import cursor_of
from engine.messaging.models import Direction, Message
from engine.voicemail.models import Voicemail

#: Characters of the last message that a list shows.
PREVIEW = 160


class TargetInput(Input):
    """Somebody to talk to: exactly one of user_id, extension, contact_id and number.

    A contact_id may come with one of the contact's numbers; without, its default one is meant.
    """

    user_id: Word | None = None
    extension: Word | None = None
    contact_id: Word | None = None
    number: PhoneText | None = None

    def target(self) -> Target:
        return Target(
            user_id=self.user_id,
            extension=self.extension,
            contact_id=self.contact_id,
            number=self.number,
        )


class NewConversation(Input):
    """Whom a conversation is to be with: users make a chat, outside numbers get texts; they never mix."""

    to: list[TargetInput] = Field(min_length=1, max_length=200)
    from_: PhoneText | None = Field(
        default=None,
        alias="from",
        description="Which of the user's numbers to text from; the one used last when left out.",
    )
    name: Line | None = None
    user_id: Word | None = Field(default=None, description="For whom a server starts it.")
    domain_id: Word | None = None

    def command(self) -> StartConversation:
        return StartConversation(
            to=tuple(one.target() for one in self.to),
            from_number=self.from_,
            name=self.name,
            user_id=self.user_id,
            domain_id=self.domain_id,
        )


class NewMembers(Input):
    """Who is to come in: users into a chat, outside numbers into a text thread."""

    to: list[TargetInput] = Field(min_length=1, max_length=200)
    share_history: bool = Field(
        default=False, description="Whether users see what was said before they came."
    )

    def command(self) -> AddMembers:
        return AddMembers(to=tuple(one.target() for one in self.to), share_history=self.share_history)


class PersonResource(Resource):
    """A user. name and extension are empty for one that was deleted."""

    user_id: str
    extension: str
    name: str


class MemberResource(PersonResource):
    """A user in a conversation: a member of a chat, or one the number of a text thread is assigned to."""

    joined_at: At
    read_through: str | None = Field(description="The last message they have read; null for texts.")


class PeerResource(Resource):
    """An outside number, by the name the viewer knows it under."""

    number: str
    name: str | None
    contact_id: str | None
    label: str | None


class LastItemResource(Resource):
    """What was said last, cut short."""

    id: str
    type: Literal["message"]
    direction: Direction
    user_id: str | None
    text: str
    deleted: bool
    attachments: int = Field(description="How many files it carries.")
    at: At


class DraftResource(Resource):
    """What the viewer has written and not sent."""

    text: str
    at: At | None = Field(description="When it was written, or sent or taken away where it is empty.")


class ConversationResource(Resource):
    """A conversation as the one who asks sees it."""

    id: str
    domain_id: str
    kind: ConversationKind
    name: str | None = Field(description="Null until somebody names it.")
    number_id: str | None
    number: str | None = Field(description="Our number the texts go over; it never changes by itself.")
    peers: list[str] = Field(description="The outside numbers.")
    contacts: list[PeerResource] = Field(description="The same with their names.")
    members: list[MemberResource]
    created_by: str | None
    created_at: At
    last_message_at: At
    last_item: LastItemResource | None
    unread: int = Field(description="Messages that wait for the viewer; 999 means at least as many.")
    marked_unread: bool
    read_through: str | None = Field(description="The last message the viewer has read.")
    muted: bool
    muted_until: At | None = Field(description="Null while muted for ever.")
    deleted: bool = Field(description="Deleted by the viewer; the next message brings it back.")
    left: bool = Field(description="A text thread the viewer has left.")
    draft: DraftResource | None
    stopped_peers: list[str] = Field(description="The outside numbers that want no texts from ours.")
    state: ThreadState
    claimed_by: str | None
    claimed_at: At | None


class ConversationList(Listed[ConversationResource]):
    """Conversations, latest activity first."""


class OwnNumberResource(Resource):
    id: str
    number: str


class ConsequenceResource(Resource):
    code: str
    text: str


class ExplanationResource(Resource):
    """What starting a conversation would do."""

    kind: ConversationKind
    conversation_id: str | None = Field(description="The conversation there is already.")
    number: OwnNumberResource | None = Field(description="What the texts would be sent from.")
    numbers: list[OwnNumberResource] = Field(description="What else they could be sent from.")
    members: list[PersonResource] = Field(description="Users of a chat besides the one who starts it.")
    contacts: list[PeerResource] = Field(description="The outside numbers.")
    consequences: list[ConsequenceResource]


class LeftResource(Resource):
    conversation_id: str
    remaining: int = Field(description="People who still get what is said.")
    meaning: str = Field(description="What leaving meant, for a person.")


class UnreadResource(Resource):
    """What a badge shows. 999 messages mean at least as many."""

    conversations: int
    chats: int
    sms: int
    messages: int


class NoticeResource(Resource):
    """Something that happened to the conversation, and who did it."""

    kind: NoticeKind
    user_id: str | None
    data: dict[str, Any]


class TimelineItemResource(Resource):
    """One thing on the timeline: the field named by its type is not null, the others are."""

    type: Literal["message", "notice", "call", "voicemail"]
    id: str
    at: At
    message: MessageResource | None
    notice: NoticeResource | None
    call: CallLogResource | None
    voicemail: VoicemailResource | None = Field(
        description="Without its contact, which the conversation itself names."
    )


class Timeline(Listed[TimelineItemResource]):
    """What happened in a conversation, newest first."""

    newer_cursor: str | None = Field(
        description="Ask with it as `after` for what came later; null where there is nothing to go on from."
    )


def shown(seen: ThreadView) -> ConversationResource:
    thread, mine = seen.conversation, seen.mine
    muted_until_ms = None if mine is None else mine.muted_until_ms
    chat = thread.kind is ConversationKind.CHAT
    return ConversationResource(
        id=thread.id,
        domain_id=thread.domain_id,
        kind=thread.kind,
        name=thread.name,
        number_id=thread.number_id,
        number=thread.number,
        peers=list(thread.peers),
        contacts=[_peer(one) for one in seen.peers],
        members=[_member(one, side, chat) for one, side in seen.people],
        created_by=thread.created_by,
        created_at=at(thread.created_ms),
        last_message_at=at(thread.last_message_ms),
        last_item=None if seen.last is None else _last(seen.last),
        unread=seen.unread,
        marked_unread=mine is not None and mine.marked_unread,
        read_through=None if mine is None else mine.read_through or None,
        muted=seen.muted,
        muted_until=None if muted_until_ms == FOR_EVER or not seen.muted else at_or_none(muted_until_ms),
        deleted=seen.deleted,
        left=mine is not None and not mine.present,
        draft=None if mine is None or mine.draft is None else draft_shown(mine),
        stopped_peers=list(seen.stopped),
        state=thread.state,
        claimed_by=thread.claimed_by,
        claimed_at=at_or_none(thread.claimed_ms),
    )


def draft_shown(mine: Member) -> DraftResource:
    return DraftResource(text=mine.draft or "", at=at_or_none(mine.draft_ms))


def explained(said: Explanation) -> ExplanationResource:
    return ExplanationResource(
        kind=said.kind,
        conversation_id=said.conversation_id,
        number=None if said.number is None else _own(said.number),
        numbers=[_own(one) for one in said.numbers],
        members=[_person(one) for one in said.people],
        contacts=[_peer(one) for one in said.peers],
        consequences=[ConsequenceResource(code=one.code, text=one.text) for one in said.consequences],
    )


def totals(found: UnreadTotals) -> UnreadResource:
    return UnreadResource(
        conversations=found.conversations, chats=found.chats, sms=found.sms, messages=found.messages
    )


def timeline_page(page: Page[TimelineItem]) -> dict[str, Any]:
    """A Timeline as plain values, which encode faster than the model."""
    return {
        "items": [timeline_item(one) for one in page.items],
        "next_cursor": page.next_cursor,
        "newer_cursor": cursor_of(page.items[0].position) if page.items else None,
    }


def timeline_item(one: TimelineItem) -> dict[str, Any]:
    item = one.item
    document_of = {"message": None, "notice": None, "call": None, "voicemail": None}
    if isinstance(item, Message):
        at_ms, what = item.created_ms, document(item)
    elif isinstance(item, Notice):
        at_ms, what = item.at_ms, {"kind": item.kind, "user_id": item.user_id, "data": item.data}
    elif isinstance(item, Voicemail):
        at_ms, what = item.received_ms, voicemail_shown(item).model_dump(mode="json")
    else:
        at_ms, what = item.started_ms, call_shown(item).model_dump(mode="json")
    return {"type": one.type, "id": item.id, "at": at(at_ms), **document_of, one.type: what}


def _last(message: Message) -> LastItemResource:
    return LastItemResource(
        id=message.id,
        type="message",
        direction=message.direction,
        user_id=message.user_id,
        text=message.text[:PREVIEW],
        deleted=message.deleted_ms is not None,
        attachments=len(message.attachments),
        at=at(message.created_ms),
    )


def _member(person: Person, side: Member, chat: bool) -> MemberResource:
    return MemberResource(
        user_id=person.user_id,
        extension=person.extension,
        name=person.name,
        joined_at=at(side.joined_ms),
        read_through=side.read_through or None if chat else None,
    )


def _person(one: Person) -> PersonResource:
    return PersonResource(user_id=one.user_id, extension=one.extension, name=one.name)


def _peer(one: KnownNumber) -> PeerResource:
    return PeerResource(number=one.number, name=one.name, contact_id=one.contact_id, label=one.label)


def _own(one: OwnNumber) -> OwnNumberResource:
    return OwnNumberResource(id=one.id, number=one.e164)
