"""Voicemail: of one's own mailbox, to list, hear, mark, move, forward and delete."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs, web
from pydantic import Field

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.ranges import headers_of, part_wanted
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Listed, PageQuery, Query, Resource, Word, at, at_or_none
from engine.accounts.models import Page
from engine.contacts.models import Named
from engine.errors import InvalidRequest
from engine.voicemail.models import Folder, Mailbox, MailboxState, Voicemail, VoicemailFilter
from engine.voicemail.ports import Audio

routes = Routes("voicemail")

_CHANGES = ("no_user", "voicemail_not_changeable", "voicemail_refused", "pbx_unavailable", "outcome_unknown")


class CallerResource(Resource):
    """Who left it, as the PBX was told and as the address book knows them."""

    number: str = Field(description="E.164, what the PBX called it, or empty (withheld).")
    name: str
    user_id: str | None = Field(description="Where a phone of one's own domain called.")
    contact_id: str | None
    contact_name: str | None


class VoicemailResource(Resource):
    id: str
    domain_id: str
    mailbox_id: str
    mailbox: str
    folder: Folder
    heard: bool = Field(description="Whether it is in another folder than inbox and urgent.")
    caller: CallerResource
    received_at: At
    duration_s: int
    audio_url: str = Field(description="Relative to the API; see there.")


class VoicemailList(Listed[VoicemailResource]):
    """Voicemails, newest first."""


class VoicemailQuery(PageQuery):
    mailbox_id: Word | None = None
    folder: Folder | None = None
    heard: bool | None = None
    conversation_id: Word | None = Field(
        default=None, description="Only those of the one other party of this thread."
    )


class VoicemailChanges(Input):
    """heard or folder: to mark as heard is to move out of inbox and urgent, as a phone does."""

    heard: bool = LEFT_AS_IT_IS
    folder: Folder = LEFT_AS_IT_IS


class ForwardInput(Input):
    user_id: Word = Field(description="Whose inbox gets a copy.")


class MailboxResource(Resource):
    id: str
    domain_id: str
    pbx: str
    mailbox: str = Field(description="mailbox@context, as in voicemail.conf.")
    user_ids: list[str]
    state: MailboxState
    new: int = Field(description="What the lamps of its phones show: inbox and urgent.")
    old: int
    folders: dict[str, int] = Field(description="Messages by folder; a folder without any is absent.")
    checked_at: At | None


class MailboxList(Resource):
    items: list[MailboxResource]


class MailboxQuery(Query):
    domain_id: Word | None = None


class MailboxChoice(Input):
    mailbox: Word = Field(description="mailbox@context, as in voicemail.conf.")
    pbx: Word | None = Field(default=None, description="The domain's when left out.")


def shown(one: Voicemail, names: Mapping[str, Named] | None = None) -> VoicemailResource:
    contact = None if names is None else names.get(one.number)
    return VoicemailResource(
        id=one.id,
        domain_id=one.domain_id,
        mailbox_id=one.mailbox_id,
        mailbox=str(one.box),
        folder=one.folder,
        heard=one.heard,
        caller=CallerResource(
            number=one.number,
            name=one.name,
            user_id=one.peer_user_id,
            contact_id=None if contact is None else contact.contact_id,
            contact_name=None if contact is None else contact.name,
        ),
        received_at=at(one.received_ms),
        duration_s=one.duration_s,
        audio_url=f"/v1/voicemails/{one.id}/audio",
    )


def mailbox_shown(one: Mailbox) -> MailboxResource:
    return MailboxResource(
        id=one.id,
        domain_id=one.domain_id,
        pbx=one.box.pbx,
        mailbox=str(one.box),
        user_ids=list(one.user_ids),
        state=one.state,
        new=one.new,
        old=one.old,
        folders={folder.value: count for folder, count in one.counts.items() if count},
        checked_at=at_or_none(one.checked_ms),
    )


def forwarded(one: Voicemail) -> tuple[int, str]:
    return 200, shown(one).json_text()


@routes.add(
    "GET",
    "/v1/voicemails",
    summary="List the voicemails of one's own mailbox, newest first.",
    permission=Permission.READ_VOICEMAIL,
    query=VoicemailQuery,
    answers={200: VoicemailList},
    problems=("no_user", "not_found", "invalid_cursor"),
)
async def list_voicemails(request: ApiRequest[NoBody, VoicemailQuery]) -> web.StreamResponse:
    query, voicemails = request.query, request.services.voicemails
    peer = None
    if query.conversation_id is not None:
        thread = await request.services.conversations.get(request.principal, query.conversation_id)
        peer = thread.conversation.other_party(request.principal.user_id)
        if peer is None:
            return json_answer(200, VoicemailList(items=[], next_cursor=None))
    chosen = VoicemailFilter(query.mailbox_id, query.folder, query.heard, peer)
    page = await voicemails.list(request.principal, chosen, page_request(query))
    return json_answer(200, await _named(request, page))


@routes.add(
    "GET",
    "/v1/voicemails/{voicemail_id}",
    summary="Read a voicemail.",
    permission=Permission.READ_VOICEMAIL,
    answers={200: VoicemailResource},
    problems=("no_user",),
)
async def get_voicemail(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.voicemails.get(request.principal, request.id("voicemail_id"))
    return json_answer(200, (await _named(request, Page((found,), None))).items[0])


@routes.add(
    "PATCH",
    "/v1/voicemails/{voicemail_id}",
    summary="Mark a voicemail as heard or not, or move it to a folder; its phones' lamps follow.",
    permission=Permission.CHANGE_VOICEMAIL,
    body=VoicemailChanges,
    answers={200: VoicemailResource},
    problems=_CHANGES,
)
async def change_voicemail(request: ApiRequest[VoicemailChanges, NoQuery]) -> web.StreamResponse:
    given = request.body.given()
    if len(given) != 1:
        raise InvalidRequest("Give heard or folder, one of the two.")
    voicemails, voicemail_id = request.services.voicemails, request.id("voicemail_id")
    if "folder" in given:
        changed = await voicemails.move(request.principal, voicemail_id, given["folder"])
    else:
        changed = await voicemails.mark(request.principal, voicemail_id, heard=given["heard"])
    return json_answer(200, (await _named(request, Page((changed,), None))).items[0])


@routes.add(
    "DELETE",
    "/v1/voicemails/{voicemail_id}",
    summary="Delete a voicemail, on the PBX too.",
    permission=Permission.CHANGE_VOICEMAIL,
    answers={204: None},
    problems=_CHANGES,
)
async def delete_voicemail(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.voicemails.delete(request.principal, request.id("voicemail_id"))
    return empty_answer()


@routes.add(
    "POST",
    "/v1/voicemails/{voicemail_id}:forward",
    summary="Copy a voicemail into the mailbox of another user of the domain.",
    permission=Permission.CHANGE_VOICEMAIL,
    body=ForwardInput,
    answers={200: VoicemailResource},
    problems=(*_CHANGES, "no_mailbox"),
    idempotent=True,
)
async def forward_voicemail(request: ApiRequest[ForwardInput, NoQuery]) -> web.StreamResponse:
    result = await request.services.voicemails.forward(
        request.principal,
        request.id("voicemail_id"),
        request.body.user_id,
        claim=request.claim,
        render=forwarded,
    )
    return done_once(result, forwarded)


@routes.add(
    "GET",
    "/v1/voicemails/{voicemail_id}/audio",
    summary="Hear a voicemail: wav with PCM, also in parts (Range, If-Range).",
    permission=Permission.READ_VOICEMAIL,
    answers={200: "audio/wav", 206: "audio/wav", 304: None},
    problems=("no_user", "voicemail_not_playable", "voicemail_unavailable", "range_not_satisfiable"),
)
async def hear_voicemail(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    audio = await request.services.voicemails.audio(request.principal, request.id("voicemail_id"))
    try:
        part = part_wanted(request.http.headers, audio.octets, audio.etag, audio.modified_ms)
    except BaseException:
        await audio.close()
        raise
    headers = headers_of(part, audio.octets, audio.etag, audio.modified_ms)
    if part.status == 304:
        await audio.close()
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_DISPOSITION] = 'inline; filename="voicemail.wav"'
    return SoundAnswer(audio, part.status, part.start, part.end, headers)


@routes.add(
    "GET",
    "/v1/mailboxes",
    summary="List mailboxes with their counts: one's own; for managers the domain's.",
    permission=Permission.READ_VOICEMAIL,
    query=MailboxQuery,
    answers={200: MailboxList},
    problems=("not_found",),
)
async def list_mailboxes(request: ApiRequest[NoBody, MailboxQuery]) -> web.StreamResponse:
    found = await request.services.voicemails.mailboxes.list(request.principal, request.query.domain_id)
    return json_answer(200, MailboxList(items=[mailbox_shown(one) for one in found]))


@routes.add(
    "GET",
    "/v1/users/{user_id}/mailbox",
    summary="Read which mailbox a user has.",
    permission=Permission.READ_USERS,
    answers={200: MailboxResource},
)
async def get_user_mailbox(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    mailboxes = request.services.voicemails.mailboxes
    return json_answer(200, mailbox_shown(await mailboxes.of_user(request.principal, request.id("user_id"))))


@routes.add(
    "PUT",
    "/v1/users/{user_id}/mailbox",
    summary="Give a user a mailbox, which others may share.",
    permission=Permission.CHANGE_USERS,
    body=MailboxChoice,
    answers={200: MailboxResource},
    problems=("mailbox_not_allowed", "mailbox_taken"),
)
async def set_user_mailbox(request: ApiRequest[MailboxChoice, NoQuery]) -> web.StreamResponse:
    body = request.body
    made = await request.services.voicemails.mailboxes.assign(
        request.principal, request.id("user_id"), body.mailbox, body.pbx
    )
    return json_answer(200, mailbox_shown(made))


@routes.add(
    "DELETE",
    "/v1/users/{user_id}/mailbox",
    summary="Take a user's mailbox away; its messages stay on the PBX.",
    permission=Permission.CHANGE_USERS,
    answers={204: None},
)
async def delete_user_mailbox(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.voicemails.mailboxes.take_away(request.principal, request.id("user_id"))
    return empty_answer()


class SoundAnswer(web.StreamResponse):
    """A part of a recording, sent as it is read, and closed whatever happens."""

    def __init__(self, audio: Audio, status: int, start: int, end: int, headers: Mapping[str, str]) -> None:
        super().__init__(status=status, headers=dict(headers))
        self.content_type = audio.media_type
        self.content_length = end - start
        self._audio = audio
        self._part = (start, end)

    async def write_eof(self, data: bytes = b"") -> None:
        try:
            async for piece in self._audio.pieces(*self._part):
                await self.write(piece)
            await super().write_eof(data)
        finally:
            await self._audio.close()


async def _named(
    request: ApiRequest[NoBody, VoicemailQuery]
    | ApiRequest[NoBody, NoQuery]
    | ApiRequest[VoicemailChanges, NoQuery],
    page: Page[Voicemail],
) -> VoicemailList:
    """The resources, with the contacts their callers are."""
    names = await request.services.voicemails.names_of(request.principal, page.items)
    return VoicemailList(items=[shown(one, names) for one in page.items], next_cursor=page.next_cursor)
