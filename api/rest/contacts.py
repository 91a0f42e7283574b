"""Contacts: a user's own and the domain's shared ones."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, StringConstraints

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Listed, PageQuery, Resource, Word, at, listed
from engine.contacts.models import (
    Contact,
    ContactFilter,
    ContactNumber,
    CreateContact,
    LeadsTo,
    NumberDraft,
    UpdateContact,
    leads_to,
)
from engine.contacts.validation import (
    EMAIL_CHARACTERS,
    LABEL_CHARACTERS,
    MAX_NUMBERS,
    NAME_CHARACTERS,
    NOTES_CHARACTERS,
    TYPED_CHARACTERS,
)

routes = Routes("contacts")

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARACTERS, pattern=_ONE_LINE)]
Company = Annotated[str, StringConstraints(max_length=NAME_CHARACTERS, pattern=_ONE_LINE)]
Email = Annotated[str, StringConstraints(max_length=EMAIL_CHARACTERS, pattern=_ONE_LINE)]
Notes = Annotated[str, StringConstraints(max_length=NOTES_CHARACTERS, pattern=r"^[^\x00]*$")]
Label = Annotated[str, StringConstraints(max_length=LABEL_CHARACTERS, pattern=_ONE_LINE)]
Typed = Annotated[str, StringConstraints(min_length=1, max_length=TYPED_CHARACTERS, pattern=_ONE_LINE)]


class ContactNumberInput(Input):
    """One of number, extension and user_id."""

    label: Label = Field(default="", description="For example mobile, work, home.")
    number: Typed | None = Field(
        default=None, description="International, or national in the region of the domain."
    )
    extension: Word | None = Field(default=None, description="Of a user of the domain.")
    user_id: Word | None = Field(default=None, description="A user of the domain.")
    default: bool = Field(default=False, description="The one a click uses; the first where none says so.")

    def draft(self) -> NumberDraft:
        return NumberDraft(
            label=self.label,
            number=self.number,
            extension=self.extension,
            user_id=self.user_id,
            is_default=self.default,
        )


Numbers = Annotated[list[ContactNumberInput], Field(max_length=MAX_NUMBERS)]


class NewContact(Input):
    name: Name
    numbers: Numbers = Field(default_factory=list)
    company: Company = ""
    email: Email = ""
    notes: Notes = ""
    favourite: bool = False
    shared: bool | None = Field(
        default=None,
        description="Whether the whole domain sees it. Left out: no where a user asks, else yes.",
    )
    domain_id: Word | None = None


class ContactChanges(Input):
    """numbers replaces all of them."""

    name: Name = LEFT_AS_IT_IS
    numbers: Numbers = LEFT_AS_IT_IS
    company: Company = LEFT_AS_IT_IS
    email: Email = LEFT_AS_IT_IS
    notes: Notes = LEFT_AS_IT_IS
    favourite: bool = LEFT_AS_IT_IS


class ContactNumberResource(Resource):
    label: str
    number: str | None = Field(description="E.164; null for a user of the domain.")
    typed: str = Field(description="As somebody wrote it.")
    extension: str | None
    user_id: str | None
    default: bool
    leads_to: LeadsTo = Field(description="What a conversation with it is.")


class ContactResource(Resource):
    id: str
    domain_id: str
    shared: bool
    name: str
    company: str
    email: str
    notes: str
    favourite: bool
    numbers: list[ContactNumberResource]
    created_at: At
    updated_at: At


class ContactList(Listed[ContactResource]):
    """Contacts, by name."""


class ContactQuery(PageQuery):
    domain_id: Word | None = None
    shared: bool | None = None
    favourite: bool | None = None


def shown_number(number: ContactNumber) -> ContactNumberResource:
    return ContactNumberResource(
        label=number.label,
        number=number.e164,
        typed=number.typed,
        extension=number.extension,
        user_id=number.user_id,
        default=number.is_default,
        leads_to=leads_to(number),
    )


def shown(contact: Contact) -> ContactResource:
    return ContactResource(
        id=contact.id,
        domain_id=contact.domain_id,
        shared=contact.shared,
        name=contact.name,
        company=contact.company,
        email=contact.email,
        notes=contact.notes,
        favourite=contact.favourite,
        numbers=[shown_number(number) for number in contact.numbers],
        created_at=at(contact.created_ms),
        updated_at=at(contact.updated_ms),
    )


def rendered(contact: Contact) -> tuple[int, str]:
    return 201, shown(contact).json_text()


def _fields(body: NewContact | ContactChanges) -> dict[str, Any]:
    given = body.given()
    if "numbers" in given:
        given["numbers"] = tuple(number.draft() for number in body.numbers)
    return given


@routes.add(
    "POST",
    "/v1/contacts",
    summary="Save a contact.",
    permission=Permission.CHANGE_CONTACTS,
    body=NewContact,
    answers={201: ContactResource},
    problems=(
        "not_found",
        "invalid_number",
        "no_such_extension",
        "shared_contacts_read_only",
        "too_many_contacts",
    ),
    idempotent=True,
)
async def create_contact(request: ApiRequest[NewContact, NoQuery]) -> web.StreamResponse:
    made = await request.services.contacts.create(
        request.principal, CreateContact(**_fields(request.body)), request.claim, rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/contacts",
    summary="List the contacts you see, by name.",
    permission=Permission.READ_CONTACTS,
    query=ContactQuery,
    answers={200: ContactList},
    problems=("not_found", "invalid_cursor"),
)
async def list_contacts(request: ApiRequest[NoBody, ContactQuery]) -> web.StreamResponse:
    query = request.query
    page = await request.services.contacts.list(
        request.principal,
        query.domain_id,
        ContactFilter(shared=query.shared, favourite=query.favourite),
        page_request(query),
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/contacts/{contact_id}",
    summary="Read a contact.",
    permission=Permission.READ_CONTACTS,
    answers={200: ContactResource},
)
async def get_contact(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    contact = await request.services.contacts.get(request.principal, request.id("contact_id"))
    return json_answer(200, shown(contact))


@routes.add(
    "PATCH",
    "/v1/contacts/{contact_id}",
    summary="Change a contact, or make it a favourite of yours.",
    permission=Permission.CHANGE_CONTACTS,
    body=ContactChanges,
    answers={200: ContactResource},
    problems=("invalid_number", "no_such_extension", "shared_contacts_read_only"),
)
async def change_contact(request: ApiRequest[ContactChanges, NoQuery]) -> web.StreamResponse:
    contact = await request.services.contacts.update(
        request.principal, request.id("contact_id"), UpdateContact(**_fields(request.body))
    )
    return json_answer(200, shown(contact))


@routes.add(
    "DELETE",
    "/v1/contacts/{contact_id}",
    summary="Delete a contact; conversations and calls with its numbers stay.",
    permission=Permission.CHANGE_CONTACTS,
    answers={204: None},
    problems=("shared_contacts_read_only",),
)
async def delete_contact(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.contacts.delete(request.principal, request.id("contact_id"))
    return empty_answer()
