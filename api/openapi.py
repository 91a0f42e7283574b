"""The API's description, made from its routes: OpenAPI 3.1 with JSON Schema from pydantic.

One registry and no second truth: what a route declares is what the server does and what this
document says. The tests hold every answer of the suite against it.
Source: OpenAPI 3.1.1; the reasons are in docs/decisions/0004-own-openapi-registry.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.cookies import ANTI_FORGERY, SESSION_COOKIE
from api.permissions import LEAST_SCOPE, Permission
from api.problems import CODES, CONTENT_TYPE, Problem
from api.routes import ID_PARAMETERS, OTHER_PARAMETERS, NoQuery, Route, RouteTable

_REF = "#/components/schemas/{model}"
#: How pydantic tells types of the same name apart.
_SAME_NAME = re.compile(r"engine__(\w+?)__models__(\w+)")

_EVERY_ROUTE = frozenset(
    {
        "invalid_input",
        "internal",
        "storage_unavailable",
        "storage_busy",
        "storage_closing",
        "storage_outcome_unknown",
        "unreadable_request",
    }
)
_WITH_CREDENTIAL = frozenset(
    {
        "unauthenticated",
        "credential_unknown",
        "credential_expired",
        "credential_revoked",
        "forbidden",
        "scope_too_low",
        "origin_not_allowed",
        "anti_forgery_missing",
    }
)
_WITH_BODY = frozenset(
    {"malformed_json", "invalid_input", "invalid_request", "body_too_large", "unsupported_media_type"}
)
_WITH_QUERY = frozenset({"invalid_input", "invalid_request"})
_WITH_CLAIM = frozenset({"idempotency_mismatch", "malformed_header"})


def problem_codes(route: Route) -> frozenset[str]:
    """Every code the route may fail with: its own and those of all routes of its kind."""
    codes = route.problems | _EVERY_ROUTE
    if route.permission is not Permission.PUBLIC:
        codes |= _WITH_CREDENTIAL
    if route.reads_body:
        codes |= _WITH_BODY
    if route.reads:
        codes |= {"body_too_large", "unsupported_media_type"}
    if route.json_read is not None:
        codes |= _WITH_BODY
    if route.query is not NoQuery:
        codes |= _WITH_QUERY
    if route.idempotent:
        codes |= _WITH_CLAIM
    if route.path_parameters:
        codes |= {"not_found"}
    return codes


def describe(table: RouteTable, version: str) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    schemas, references = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for tag, routes in table.by_tag.items():
        for route in routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(
                route, tag, schemas, references
            )
    for model in {route.query for route in table}:
        schemas.pop(references[model, "validation"].rpartition("/")[2], None)  # shown as parameters instead
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Ringback",
            "version": version,
            "description": "Calls, texts and conversations of a phone portal.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "tags": [{"name": tag} for tag in table.by_tag],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key (rbk_), a token (rbt_) or a session (rbs_).",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": f"A session of our own pages; changes also need {ANTI_FORGERY}.",
                },
            },
            "headers": {
                "RequestId": {"schema": {"type": "string"}, "description": "Names this request in the logs."},
                "IdempotencyReplayed": {
                    "schema": {"const": "true"},
                    "description": "The answer to an earlier request with this key; nothing was done now.",
                },
                "RetryAfter": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds."},
            },
        },
    }


#: What a file holds that is not shown by a model: JSON of any shape, or octets.
_TEXT: Mapping[str, Any] = {"type": "string"}
_FILES: Mapping[str, Mapping[str, Any]] = {"application/json": {"type": "object"}}

References = Mapping[tuple[type[BaseModel], JsonSchemaMode], str]


def _schemas(table: RouteTable) -> tuple[dict[str, Any], References]:
    inputs = {route.body for route in table if route.reads_body} | {route.query for route in table}
    inputs |= {route.json_read for route in table if route.json_read is not None}
    outputs = {model for route in table for model in route.answers.values() if isinstance(model, type)} | {
        Problem
    }
    by_name = (
        sorted(inputs, key=lambda model: model.__name__),
        sorted(outputs, key=lambda model: model.__name__),
    )
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in by_name[0]]
    wanted += [(model, "serialization") for model in by_name[1]]
    found, definitions = models_json_schema(wanted, ref_template=_REF)
    named = json.loads(_SAME_NAME.sub(_with_feature, json.dumps(definitions["$defs"])))
    return named, {(model, mode): found[model, mode]["$ref"] for model, mode in wanted}


def _with_feature(found: re.Match[str]) -> str:
    """Two features use one word: the Direction of messaging is MessagingDirection then."""
    feature, name = found.groups()
    return "".join(word.title() for word in feature.split("_")) + str(name)


def _operation(route: Route, tag: str, schemas: Mapping[str, Any], references: References) -> dict[str, Any]:
    assert route.permission is not None  # RouteTable has seen to it
    least = LEAST_SCOPE[route.permission]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [tag],
        "summary": route.summary,
        "x-permission": route.permission.value,
        "responses": _responses(route, references),
    }
    if least is None:
        operation["security"] = []
    else:
        operation["x-least-scope"] = least.value
    parameters = _parameters(route, schemas, references)
    if parameters:
        operation["parameters"] = parameters
    if route.reads_body:
        schema = {"$ref": references[route.body, "validation"]}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.reads:
        content: dict[str, Any] = {name: {"schema": {"type": "string"}} for name in route.reads}
        if route.json_read is not None:
            content["application/json"] = {"schema": {"$ref": references[route.json_read, "validation"]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route, schemas: Mapping[str, Any], references: References) -> list[dict[str, Any]]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": _pattern(name)},
        }
        for name in route.path_parameters
    ]
    query = schemas[references[route.query, "validation"].rpartition("/")[2]]
    for name, schema in query.get("properties", {}).items():
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": name in query.get("required", ()),
                "schema": schema,
            }
        )
    if route.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                "description": "Makes repeating the request harmless for 72 h.",
            }
        )
    return parameters


def _pattern(parameter: str) -> str:
    """What a path parameter looks like."""
    other = OTHER_PARAMETERS.get(parameter)
    return other or f"^{ID_PARAMETERS[parameter][0]}_[0-9a-f]{{32}}$"


def _responses(route: Route, references: References) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    responses: dict[str, Any] = {}
    for status, model in route.answers.items():
        response: dict[str, Any] = {"description": route.summary, "headers": dict(headers)}
        if isinstance(model, str):
            response["content"] = {kind: {"schema": _FILES.get(kind, _TEXT)} for kind in model.split(", ")}
        elif model is not None:
            schema = {"$ref": references[model, "serialization"]}
            response["content"] = {"application/json": {"schema": schema}}
        if route.idempotent:
            response["headers"]["Idempotency-Replayed"] = {"$ref": "#/components/headers/IdempotencyReplayed"}
        responses[str(status)] = response
    failures: dict[int, list[str]] = {}
    for code in sorted(problem_codes(route)):
        failures.setdefault(CODES[code].status, []).append(code)
    problem = {"schema": {"$ref": references[Problem, "serialization"]}}
    for status, codes in sorted(failures.items()):
        described = {
            "description": "Problem: " + ", ".join(codes),
            "headers": {**headers, "Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
            "content": {CONTENT_TYPE: problem},
        }
        if str(status) in responses:  # health answers 503 with a document of its own
            responses[str(status)]["content"][CONTENT_TYPE] = problem
        else:
            responses[str(status)] = described
    return dict(sorted(responses.items()))
