"""Users: the people of a domain."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Listed, PageQuery, Resource, Word, at, listed
from engine.accounts.models import CreateUser, Scope, UpdateUser, User

routes = Routes("users")


class NewUser(Input):
    extension: Word
    display_name: Line
    domain_id: Word | None = None
    sms_enabled: bool = True
    enabled: bool = True
    login: Word | None = Field(default=None, description="A name to log in with beside the extension.")
    role: Scope = Field(
        default=Scope.BASIC_USER,
        description="basic_user or office_manager: the scope of the sessions.",
    )
    email: Line | None = Field(default=None, description="Where the user gets mail.")


class UserChanges(Input):
    extension: Word = LEFT_AS_IT_IS
    display_name: Line = LEFT_AS_IT_IS
    sms_enabled: bool = LEFT_AS_IT_IS
    enabled: bool = LEFT_AS_IT_IS
    login: Word | None = LEFT_AS_IT_IS
    role: Scope = LEFT_AS_IT_IS
    email: Line | None = LEFT_AS_IT_IS


class UserResource(Resource):
    id: str
    domain_id: str
    extension: str
    display_name: str
    sms_enabled: bool
    enabled: bool
    login: str | None
    role: Scope
    email: str | None
    created_at: At


class UserList(Listed[UserResource]):
    """Users, oldest first."""


class UserQuery(PageQuery):
    domain_id: Word | None = None


def shown(user: User) -> UserResource:
    return UserResource(
        id=user.id,
        domain_id=user.domain_id,
        extension=user.extension,
        display_name=user.display_name,
        sms_enabled=user.sms_enabled,
        enabled=user.enabled,
        login=user.login,
        role=user.role,
        email=user.email,
        created_at=at(user.created_ms),
    )


def rendered(user: User) -> tuple[int, str]:
    return 201, shown(user).json_text()


@routes.add(
    "POST",
    "/v1/users",
    summary="Create a user.",
    permission=Permission.CHANGE_USERS,
    body=NewUser,
    answers={201: UserResource},
    problems=("not_found", "already_exists"),
    idempotent=True,
)
async def create_user(request: ApiRequest[NewUser, NoQuery]) -> web.StreamResponse:
    made = await request.services.accounts.users.create(
        request.principal, CreateUser(**request.body.given()), claim=request.claim, render=rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/users",
    summary="List the users of a domain.",
    permission=Permission.READ_USERS,
    query=UserQuery,
    answers={200: UserList},
    problems=("not_found",),
)
async def list_users(request: ApiRequest[NoBody, UserQuery]) -> web.StreamResponse:
    page = await request.services.accounts.users.list(
        request.principal, request.query.domain_id, page_request(request.query)
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/users/{user_id}",
    summary="Read a user.",
    permission=Permission.READ_USERS,
    answers={200: UserResource},
)
async def get_user(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    user = await request.services.accounts.users.get(request.principal, request.id("user_id"))
    return json_answer(200, shown(user))


@routes.add(
    "PATCH",
    "/v1/users/{user_id}",
    summary="Change a user; disabling one revokes its credentials.",
    permission=Permission.CHANGE_USERS,
    body=UserChanges,
    answers={200: UserResource},
    problems=("already_exists",),
)
async def change_user(request: ApiRequest[UserChanges, NoQuery]) -> web.StreamResponse:
    user = await request.services.accounts.users.update(
        request.principal, request.id("user_id"), UpdateUser(**request.body.given())
    )
    return json_answer(200, shown(user))


@routes.add(
    "DELETE",
    "/v1/users/{user_id}",
    summary="Delete a user with its devices and credentials.",
    permission=Permission.CHANGE_USERS,
    answers={204: None},
    problems=("in_use",),
)
async def delete_user(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.accounts.users.delete(request.principal, request.id("user_id"))
    return empty_answer()
